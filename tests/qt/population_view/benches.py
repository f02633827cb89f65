"""A population view with what it needs around it."""

from typing import Any

from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.population.brushing import Brush, Range
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.desk import PopulationDesk
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.session import Session
from onepixel_gui.study.store import Study
from tests.qt.campaign_doubles import StandInStudies

TILES = 60
NEAR = Brush("distance", (Range("distance", 0, 12),))


class Bench:
    """A desk over a study, with what it needs around it."""

    def __init__(self, make_lanes: Any, memory: Memory, study: Study | None) -> None:
        self.window = QWidget()
        lanes = make_lanes(1)
        self.session = Session(lanes, make_lanes(1), lanes, self.window)
        self.shelf = Shelf(make_lanes(1), self.window)
        self.commands = Commands(self.session, self.shelf, lanes, lanes, lanes, memory, self.window)
        self.studies = StandInStudies(study)
        self.desk = PopulationDesk(self.commands, self.session, self.studies, make_lanes(1))
        self.page = self.desk.page
        self.page.resize(1000, 600)
        self.failed: list[Any] = []
        self.desk.failed.connect(self.failed.append)

    def look(self, qtbot: Any) -> "Bench":
        self.page.show()
        self.desk.show(True)
        qtbot.waitUntil(lambda: self.page.columns is not None, timeout=30_000)
        assert self.failed == []
        return self

    def pane(self, key: str) -> Any:
        return self.page.pane(key)

    @property
    def columns(self) -> Columns:
        assert self.page.columns is not None
        return self.page.columns

    @property
    def selected(self) -> int:
        assert self.page.which is not None
        return int(self.page.which.sum())

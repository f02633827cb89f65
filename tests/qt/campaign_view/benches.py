"""A campaign view with what it needs around it."""

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.campaign.desk import CampaignDesk
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.session import Session
from onepixel_gui.tiles.datasets import Dataset
from tests.qt.campaign_doubles import StandInEngine, StandInStudies
from tests.qt.doubles import painted

NET = Path("net.safetensors")


class Bench:
    """A desk with what it needs around it."""

    def __init__(self, make_lanes: Any, memory: Memory, engine: StandInEngine, study: Any) -> None:
        self.window = QWidget()
        lanes = make_lanes(1)
        self.session = Session(lanes, make_lanes(1), lanes, self.window)
        self.shelf = Shelf(make_lanes(1), self.window)
        self.gallery = GalleryPane(self.window)
        self.commands = Commands(self.session, self.shelf, lanes, lanes, lanes, memory, self.window)
        self.studies, self.study, self.engine = StandInStudies(study), study, engine
        self.lanes = make_lanes(1)
        self.desk = CampaignDesk(
            self.commands,
            self.session,
            self.shelf,
            self.gallery,
            self.studies,
            self.lanes,
            make=lambda: engine.engine,
        )
        self.page = self.desk.page
        self.failed: list[Any] = []
        self.desk.failed.connect(self.failed.append)

    def list(self, count: int, dataset: Dataset | None = None) -> None:
        tiles = ((f"tile_{n}.png", "mitosis" if n % 2 else "normal", "p") for n in range(count))
        listing = dataset.entries if dataset is not None else painted(*tiles)
        self.gallery.set_listing(listing)
        self.shelf.show(listing, dataset=dataset)

    def ready(self, qtbot: Any, tiles: int = 12) -> None:
        self.list(tiles)
        self.page.builder.models.add_all([NET])
        qtbot.waitUntil(self.page.builder.run.isEnabled)


def over(qtbot: Any, bench: Bench) -> None:
    qtbot.waitUntil(lambda: not bench.desk.busy and bench.lanes.busy == 0)


def results(bench: Bench) -> list[str]:
    rows = bench.page.runs.rows
    return [rows.ledger.result(int(row)) for row in rows.order]

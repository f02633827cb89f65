"""Where a population is read and looked at: between the study and the panes of the view."""

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from onepixel_gui.problems import Problem
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.population.exporting import Exporter
from onepixel_gui.qt.population.page import PopulationPage
from onepixel_gui.qt.population.reading import (
    Grouped,
    Key,
    Known,
    Named,
    Tabled,
    key_of,
    reading,
)
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.theme import THEMES
from onepixel_gui.study.store import Study

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Directed, Examined

NO_STUDY = "No study is open yet."
NO_RUNS = (
    "No finished runs yet. Run attacks on the bench, or a campaign over many tiles; "
    "what they find is shown here together."
)
_EVERY = 2000  # ms at least between two looks at a study that grows
_REST = 4  # times as long as a look took: a campaign needs the processor more


class Studies(Protocol):
    """What the view needs of the study's desk: the open study, and word of another one."""

    changed: SignalInstance

    @property
    def study(self) -> Study | None: ...


class PopulationDesk(QObject):
    """Passes what is known down to the panes of the view, and their wishes up.

    page: the view, to stand in the middle of the window.
    """

    shown = Signal(bool)  # the view takes the place of the other panes, or gives it back
    brushed = Signal(object)  # tuple of tile numbers of the study that are selected, () for none
    run_wished = Signal(object)  # number of a run of the study: its tile belongs on the bench
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(
        self, commands: Commands, session: Session, studies: Studies, lanes: Lanes
    ) -> None:
        """lanes: of its own, one wide: a large study takes seconds to read."""
        super().__init__(commands)
        self._commands, self._session = commands, session
        self._studies, self._lanes = studies, lanes
        self.page = PopulationPage()
        self.exporter = Exporter(session, self.page)
        self.page.head.export.setMenu(self.exporter.menu)
        self.visible = False
        self._group: Key | None = None
        self._direction = 0
        self._tabled: Tabled | None = None
        self._examined: Examined | None = None
        self._outdated = True  # the study has more than what is shown
        self._began = 0.0
        self._agenda = Agenda(self._fail)
        self._pause = QTimer(self, singleShot=True, interval=_EVERY)
        self._pause.timeout.connect(self._look_again)
        self._wire()
        self._dress(commands.preferences)
        self._change_study()

    def _wire(self) -> None:
        page = self.page
        self._studies.changed.connect(lambda *_: self._change_study())
        self._commands.preferences_changed.connect(self._dress)
        self.exporter.noted.connect(self.noted)
        page.selected.connect(self.brushed)
        page.run_wished.connect(lambda run: self.run_wished.emit(run))
        page.head.group_wished.connect(self._choose_group)
        page.head.direction_wished.connect(self._choose_direction)

    @property
    def busy(self) -> bool:
        """Something is being read."""
        return self._agenda.holds("reading")

    @property
    def examined(self) -> "Examined | None":
        """What is tested of the group that is looked at; None until it is known."""
        return self._examined

    # -------------------------------------------------------------- in sight
    def toggle(self) -> None:
        """To the view, and back."""
        self.show(not self.visible)

    def show(self, visible: bool) -> None:
        if visible != self.visible:
            self.visible = visible
            self.shown.emit(visible)
            if visible:
                self.page.tabs.setFocus()
            if visible and self._outdated:
                self._read()

    def refresh(self, *_: object) -> None:
        """The study has more runs than before: look again soon, at most every 2 s."""
        self._outdated = True
        if not self._pause.isActive() and not self._agenda.holds("reading"):
            self._look_again()

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self._pause.stop()
        self._agenda.end_all()

    def _look_again(self) -> None:
        if self._outdated and self.visible:
            self._read()

    # -------------------------------------------------------------- reading
    def _change_study(self) -> None:
        self._agenda.end_all()
        self._group, self._direction, self._outdated = None, 0, True
        self.page.selection.clear()
        self._show_nothing(NO_STUDY if self._studies.study is None else NO_RUNS)
        if self.visible:
            self._read()

    def _read(self) -> None:
        study = self._studies.study
        if study is None:
            self._show_nothing(NO_STUDY)
            return
        self._outdated = False
        self.page.head.show_doing("Reading the runs")
        work = partial(reading, study, self._group)
        self._began = time.monotonic()
        self._agenda.begin("reading", work, self._hear, self._lanes, done=self._rest)

    def _rest(self) -> None:
        took = 1000 * (time.monotonic() - self._began)
        self._pause.start(max(_EVERY, round(_REST * took)))

    def _hear(self, event: Any) -> None:
        match event:
            case Grouped():
                self._show_groups(event)
            case Tabled():
                self._show_tabled(event)
            case Known():
                self._show_known(event.examined)
            case Named():
                self.page.show_names(event)
            case _:  # how far it is
                so_far = f" · {event.done:,} of {event.total:,}" if event.total else ""
                self.page.head.show_doing(f"{event.doing}{so_far}")

    def _show_groups(self, grouped: Grouped) -> None:
        if grouped.group is None:
            self._show_nothing(NO_RUNS)
            return
        self.page.head.show_groups(grouped)
        key = key_of(grouped.group)
        if key != self._group:
            self._group, self._direction = key, 0
            self._tabled = self._examined = None

    def _show_nothing(self, why: str) -> None:
        self._tabled = self._examined = None
        self.page.head.show_groups(Grouped((), None))
        self.page.head.show_tabled(None, 0)
        self.page.head.show_doing("")
        self.page.show_columns(None)
        self.page.show_empty(why)

    def _show_tabled(self, tabled: Tabled) -> None:
        before = self._title
        self._tabled = tabled  # what was tested before stays until that is known anew
        titles = [each.title for each in tabled.directions]
        self._direction = titles.index(before) if before in titles else 0
        self.page.show_empty("")
        self._show_direction()

    @property
    def _title(self) -> str:
        """Of the direction that is looked at."""
        if self._tabled is None or self._direction >= len(self._tabled.directions):
            return ""
        return self._tabled.directions[self._direction].title

    def _show_direction(self) -> None:
        tabled = self._tabled
        if tabled is not None:
            self.page.head.show_tabled(tabled, self._direction)
            self.page.show_columns(tabled.directions[self._direction])
            self._show_examined()

    @property
    def _directed(self) -> "Directed | None":
        found = () if self._examined is None else self._examined.directed
        return next((each for each in found if each.title == self._title), None)

    def _show_known(self, examined: "Examined") -> None:
        self._examined = examined
        self.page.head.show_doing("")
        self._show_examined()

    def _show_examined(self) -> None:
        self.page.show_examined(self._examined, self._directed)
        self.exporter.offer(self._examined)

    def _fail(self, problem: Problem) -> None:
        self.page.head.show_doing("")
        self.failed.emit(problem)

    # -------------------------------------------------------------- wishes
    def _choose_group(self, key: Key) -> None:
        if key != self._group:
            self._group, self._direction = key, 0
            self._tabled = self._examined = None
            self._read()

    def _choose_direction(self, direction: int) -> None:
        self._direction = direction
        self._show_direction()

    def _dress(self, preferences: Preferences) -> None:
        self.page.set_theme(THEMES[preferences.theme])

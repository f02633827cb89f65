"""The window: it arranges panes and passes values down and wishes up; it decides nothing."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.problems import Problem
from onepixel_gui.qt import theme as look
from onepixel_gui.qt.actions import TOOLTIPS
from onepixel_gui.qt.admission import Admission
from onepixel_gui.qt.arrangement import Middle
from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.bench import Bench
from onepixel_gui.qt.cards.desk import CardDesk
from onepixel_gui.qt.classifier_button import ClassifierButton
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.desk import DatasetDesk
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.dialogs import CommandPalette
from onepixel_gui.qt.dropping import DropCard
from onepixel_gui.qt.gallery.desk import GalleryDesk
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.heading import Heading
from onepixel_gui.qt.jobs import Lanes, Sweeper
from onepixel_gui.qt.messages import MessageStrip
from onepixel_gui.qt.open_button import OpenButton
from onepixel_gui.qt.panes.candidates import CandidatesPane
from onepixel_gui.qt.panes.compare import ComparePane
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.preferences import Memory, Preferences
from onepixel_gui.qt.recent import RecentlyOpened
from onepixel_gui.qt.reception import Reception
from onepixel_gui.qt.second import Second
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.slides.desk import SlideDesk
from onepixel_gui.qt.slides.reader import SlideReader
from onepixel_gui.qt.slides.scan_desk import ScanDesk
from onepixel_gui.qt.slides.scanner import Scanner
from onepixel_gui.qt.study.room import StudyRoom
from onepixel_gui.qt.telling import hint, why_not_guided
from onepixel_gui.qt.toolbar import button_of, make_actions
from onepixel_gui.qt.views import Views
from onepixel_gui.tiles.tile import Tile

_PATIENCE = 60_000  # ms that closing waits for a figure being written
_OPENING = (
    *("open_tiles", "open_folder", "open_slide"),
    *("open_demonstration", "open_painted_slide"),
)
_CLASSIFIER = ("open_checkpoint", "edit_card", "compare")  # in the menu of its button
_TOOLBAR = ("show_slide", "settings", "sweep", "stop", "run", "guide", "export")


class Window(QMainWindow):
    """The main window. `memory` says where preferences live; tests hand in a temporary file."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self.setWindowTitle("onepixel_gui")
        self.setAcceptDrops(True)
        self._memory = memory
        _install(memory.preferences())  # before the panes: a text keeps the letters it began with
        self._lanes = tuple(Lanes(1) for _ in range(10))
        runs, glances, fetches, errands, *more = self._lanes
        previews, preparations, contests, checks, scans, pictures = more
        self._sweeper = Sweeper(self, busy=lambda: self.jobs > 0)
        self._hangers_on = Detached()  # threads that a stalled drive may hold for ever
        self.session = Session(runs, glances, errands, self, readings=self._hangers_on)
        self.shelf = Shelf(fetches, self)
        lanes = previews, errands, preparations
        self.commands = Commands(self.session, self.shelf, *lanes, memory, self)
        self.arrivals = self.commands.arrivals
        self.gallery, self.compare, self.messages = GalleryPane(), ComparePane(self), MessageStrip()
        self.slide, self.candidates = SlidePane(), CandidatesPane()
        self._bench = Bench(self.session, self.commands, self.compare, self._hint)
        self.tile, self.map, self.shift, self.search, self.periods = self._bench.panes
        self.classes, self.verdict = self._bench.classes, self._bench.verdict
        self.second = Second(self.commands, self.session, self.compare, contests)
        self.cards = CardDesk(self.commands, self.session, self.shelf, checks, self)
        self.tiles = GalleryDesk(self.session, self.shelf, self.gallery)
        self.slides = SlideDesk(self.session, self.slide, SlideReader(self))
        parts = Scanner(scans, self), Shelf(pictures, self)
        panes = self.slide, self.candidates
        self.scans = ScanDesk(self.commands, self.session, self.slides, *parts, panes)
        gallery = self.gallery, self.tiles
        known = self.commands, self.session, self.shelf, gallery, self._bench
        self.room = StudyRoom(self, *known, memory, self._hangers_on)
        self.study = self.room.desk
        self.campaign = self.room.campaign
        self._drop = DropCard(self)
        self.actions_by_name = self._make_actions()
        self._lay_out()
        self._wire_values()
        self._wire_wishes()
        self._dress(self.commands.preferences)
        self._bench.refresh()
        self._restore()

    # -------------------------------------------------------------- arrangement
    def _lay_out(self) -> None:
        self._heading = Heading()
        self._classifier = ClassifierButton([self.actions_by_name[name] for name in _CLASSIFIER])
        self._opening = OpenButton([self.actions_by_name[name] for name in _OPENING])
        top = QHBoxLayout()
        top.addWidget(self._heading, 1)
        top.addWidget(self.room.button(self.actions_by_name, self._heading))
        top.addWidget(self._opening)
        top.addWidget(self._classifier)
        for name in _TOOLBAR:
            top.addWidget(button_of(self.actions_by_name[name], primary=name == "run"))
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addWidget(self.messages)
        layout.addWidget(self.room.strip)
        beside = self.classes, self.compare, self.slide, self.candidates, self.room.page_widgets
        middle = Middle(self.gallery, self._bench.panes, *beside)
        self.views = Views(middle, self.second, self.slides, self.room.pages)
        self.room.registry.lead(self.views)
        layout.addLayout(middle, 1)
        layout.addWidget(self.verdict)
        self.setCentralWidget(body)
        self._arrival = ArrivalCard(self)  # lies over the body
        opened = RecentlyOpened(self._memory, self._hangers_on, self)
        self._dataset = DatasetCard(self)
        self.datasets = DatasetDesk(self._dataset, self._hangers_on, opened=opened)
        desks = self.slides, self.datasets, opened
        self.admission = Admission(self.commands, self.session, self.shelf, *desks, self._opening)
        self.resize(1440, 900)
        self.gallery.list.setFocus()

    def _make_actions(self) -> dict[str, QAction]:
        own = {
            "toggle_after": self.tile.toggle_after,
            "next_tile": lambda: self.gallery.step(1),
            "previous_tile": lambda: self.gallery.step(-1),
            "show_lowest": lambda: self._bench.show_quantity("lowest"),
            "show_highest": lambda: self._bench.show_quantity("highest"),
            "show_change": lambda: self._bench.show_quantity("change"),
            "score_tiles": self.gallery.score_shown,
            "list_tiles": self.gallery.toggle_listed,
            "filter_tiles": self.gallery.filter.setFocus,
            "palette": self._open_palette,
            "quit": self.close,
        }
        return make_actions(self, own, self.commands, self.room.wishes)

    @property
    def facts(self) -> str:
        """The line below the tile's name."""
        return self._heading.facts

    @property
    def jobs(self) -> int:
        """Pieces of work queued or running."""
        lanes = *self._lanes, *self.room.lanes
        return sum(each.busy for each in lanes) + self._hangers_on.busy

    # -------------------------------------------------------------- values go down
    def _wire_values(self) -> None:
        session = self.session
        session.tile_changed.connect(self._show_tile)
        session.classifier_changed.connect(lambda _classifier: self.views.arrange())
        session.classifier_changed.connect(lambda _classifier: self._sweeper.renew())
        session.failed.connect(self.show_problem)
        self._bench.changed.connect(self._enable)
        self.arrivals.prepared.connect(self._renew)
        self.views.changed.connect(self._show_view)
        self.room.changed.connect(self._enable)
        for news in (self.second.comparison.compared, self.second.comparison.tile_changed):
            news.connect(lambda _: self._enable())
        self.room.marks.placed.connect(self.slides.show_known)
        self.room.marks.cleared.connect(self.slides.forget_outcomes)
        self.cards.noted.connect(self._note)
        reception = Reception(self.commands, session, self._arrival, self._classifier)
        reception.told.connect(self.show_problem)
        reception.noted.connect(self._note)
        for desk in (self.scans, self.admission, self.room):
            desk.noted.connect(self._note)
        for part in (self.tiles, self.slides, self.scans, self.second, self.room):
            part.failed.connect(self.show_problem)
        self.admission.told.connect(self.show_problem)
        scanner = self.scans.scanner
        begun = self.arrivals.changed, self.datasets.changed, self.slides.opening_changed
        listed = self.shelf.scoring_changed, self.shelf.opened
        for news in (scanner.busy_changed, scanner.listed, *begun, *listed):
            news.connect(self._tell_next)
        self.scans.listed.connect(self.shelf.show)
        self.commands.failed.connect(self.show_problem)
        self.commands.noted.connect(self._note)
        self.commands.preferences_changed.connect(self._dress)

    def _show_tile(self, tile: Tile | None) -> None:
        self._heading.show_tile(tile)
        self.setWindowTitle("onepixel_gui" if tile is None else f"{tile.name} · onepixel_gui")

    def _show_view(self, view: str) -> None:
        self.verdict.setVisible(view in ("bench", "slide"))
        self._tell_next()

    def _renew(self, classifier: object) -> None:
        self.session.renew(classifier)
        self._enable()

    def _tell_next(self) -> None:
        """What can be done next: it depends on what is in sight and on its way."""
        self._enable()
        if self.session.question is None:
            self._bench.tell()

    def _hint(self) -> str:
        loading = self.arrivals.arrival is not None
        return hint(self.session, loading=loading, slide=self.slides.in_sight)

    def _note(self, words: str) -> None:
        self._heading.note(words)

    def show_problem(self, problem: Problem) -> None:
        """Tell it in the strip; nothing else on the bench changes."""
        self.messages.take(problem)
        self._enable()

    def _enable(self) -> None:
        """Actions that can do nothing now are grey."""
        session, classifier = self.session, self.session.classifier
        ready, busy = session.question is not None, session.activity is not None
        reason = ""
        if classifier is not None:
            reason = why_not_guided(classifier.card, prepared=classifier.prepared)
        states = {
            "run": ready and session.activity != "search",
            "guide": ready and session.activity != "guided" and not reason,
            "sweep": ready and session.activity != "sweep",
            "stop": busy or self.arrivals.arrival is not None or self._stirs or self._paged,
            "scan": self.scans.ready,
            "list_candidates": bool(self.candidates.rows.count),
            "score_tiles": classifier is not None and bool(len(self.shelf.listing)),
            "list_tiles": bool(len(self.shelf.listing)),
            "export": bool(self.commands.templates()),
            "save_attacked": session.findings.ended is not None,
            "copy_command": ready,
            "edit_card": classifier is not None,
            "compare": classifier is not None,
            **self.room.possible,
        }
        for name, enabled in states.items():
            self.actions_by_name[name].setEnabled(enabled)
        self.actions_by_name["guide"].setToolTip(reason or TOOLTIPS["guide"])

    @property
    def _stirs(self) -> bool:
        """Something goes on that Stop ends, besides runs and arrivals."""
        looking = self.datasets.look is not None or self.slides.opening
        replaying = self.study.replay.playing
        return self.scans.scanner.busy or self.shelf.scoring or looking or replaying

    @property
    def _paged(self) -> bool:
        return self.views.page is not None

    def _dress(self, preferences: Preferences) -> None:
        _install(preferences)
        self.slides.reader.set_limit(preferences.slide_memory * 2**20)
        alone = self.gallery, self.verdict, self._arrival, self.classes, self.compare
        others = self.slide, self.candidates, self._dataset, self.room
        for pane in (*self._bench.panes, *alone, *others):
            pane.set_theme(look.THEMES[preferences.theme])

    # -------------------------------------------------------------- wishes go up
    def _wire_wishes(self) -> None:
        self.slide.run_wished.connect(self.commands.run)
        self.commands.slide_wished.connect(self.views.toggle_slide)
        self.commands.compare_wished.connect(self.views.leave)
        self.commands.stop_wished.connect(self._stop_rest)
        self.commands.study_brought.connect(self.study.open)
        self._drop.dropped.connect(self.commands.open_cargo)

    def _stop_rest(self) -> None:
        """What goes on besides runs; where nothing does, leave the page that is in view."""
        stirs = self._stirs
        stops = self.tiles.stop, self.datasets.cancel, self.slides.cancel, self.study.replay.stop
        for stop in stops:
            stop()
        if not stirs:
            self.views.leave()

    def _open_palette(self) -> None:
        palette = CommandPalette(list(self.actions_by_name.values()), self)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.chosen.connect(lambda action: QTimer.singleShot(0, action.trigger))
        palette.move(self.mapToGlobal(self.rect().center()) - palette.rect().center())
        palette.show()

    # -------------------------------------------------------------- events of the window itself
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._drop.enter(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.leave(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.drop(event)

    def _restore(self) -> None:
        geometry = self._memory.geometry()
        if geometry is not None:
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop everything, wait for the workers, remember the window's place."""
        if not self.study.may_close():
            event.ignore()
            return
        self._memory.keep_geometry(self.saveGeometry())
        for part in (self.session, self.shelf, self.arrivals, self.commands.recents, self.second):
            part.close()
        for desk in (self.datasets, self.scans, self.slides, self._hangers_on):
            desk.close()
        self.room.close()
        for lanes in self._lanes:
            lanes.close(_PATIENCE)
        self._sweeper.close()
        event.accept()


def _install(preferences: Preferences) -> None:
    application = QApplication.instance()
    if isinstance(application, QApplication):
        look.install(application, look.THEMES[preferences.theme])

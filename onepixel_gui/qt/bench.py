"""The bench: the panes that look at one tile, what they are handed, and what they wish for."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from onepixel_gui.attack.probe import Event
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.panes.classes import ClassesPane
from onepixel_gui.qt.panes.compare import ComparePane
from onepixel_gui.qt.panes.confidence_map import MapPane
from onepixel_gui.qt.panes.periods import PeriodsPane
from onepixel_gui.qt.panes.search import SearchPane
from onepixel_gui.qt.panes.shift import ShiftPane
from onepixel_gui.qt.panes.tile import TilePane
from onepixel_gui.qt.panes.verdict import VerdictBar
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.telling import DOING, told
from onepixel_gui.qt.view import Activity, Cursor, Progress, Quantity
from onepixel_gui.tiles.tile import Tile


class Bench(QObject):
    """Passes values of the session down to its panes, and their wishes up."""

    changed = Signal()  # what can be done now may be something else

    def __init__(
        self,
        session: Session,
        commands: Commands,
        compare: ComparePane,
        hint: Callable[[], str],
    ) -> None:
        """compare: the pane of the comparison, which shows the same quantity.

        hint: says what to do next while there is nothing to tell.
        """
        super().__init__(session)
        self._session, self._commands = session, commands
        self._untouched: Tile | None = None  # all panes show this tile, and nothing but it
        self._compare, self._hint = compare, hint
        self.tile, self.map, self.shift = TilePane(), MapPane(), ShiftPane()
        self.search, self.periods = SearchPane(), PeriodsPane()
        self.classes, self.verdict = ClassesPane(), VerdictBar()
        self.panes = self.tile, self.map, self.shift, self.search, self.periods
        self._wire_values()
        self._wire_wishes()

    # -------------------------------------------------------------- values go down
    def _wire_values(self) -> None:
        session = self._session
        session.tile_changed.connect(lambda _tile: self._show_tile())
        session.classifier_changed.connect(lambda _classifier: self._show_classifier())
        session.question_changed.connect(lambda _question: self._show_question())
        session.findings_changed.connect(lambda _: self.refresh())
        session.busy_changed.connect(self._show_activity)
        session.progressed.connect(self._show_progress)
        session.happened.connect(self.take)
        for pane in (self.tile, self.map, self.shift):
            session.cursor_changed.connect(pane.set_cursor)
        session.examined.connect(self.map.examine)
        session.examined.connect(self.periods.examine)

    def take(self, event: Event) -> None:
        """Show what happens, or happened once and is told again."""
        self._untouched = None
        for pane in self.panes:
            pane.take(event)

    def _show_tile(self) -> None:
        self._untouched = tile = self._session.tile
        for pane in self.panes:
            pane.show_tile(tile, None)

    def _show_classifier(self) -> None:
        classifier = self._session.classifier
        classes = () if classifier is None else classifier.card.classes
        self.classes.show_classes(classes, self._session.subject)

    def _show_question(self) -> None:
        question = self._session.question
        window, tile = None if question is None else question.window, self._session.tile
        if tile is None or question is not None or self._untouched is not tile:
            self._untouched = tile if question is None else None
            for pane in self.panes:
                pane.show_tile(tile, window)
        self.classes.show_question(question)
        if question is not None:
            self.shift.show_question(question)
            self.map.show_question(question)
            self.map.set_quantity("lowest" if question.downward else "highest")
            self._commands.quantity = None
        self.refresh()

    def _show_activity(self, activity: Activity | None) -> None:
        self.changed.emit()
        if activity is None:
            self.tile.run_over()
        else:
            self.verdict.show_progress(0, 0, None, DOING[activity])

    def _show_progress(self, progress: Progress) -> None:
        doing = DOING[progress.activity]
        if progress.previewing:
            self.verdict.show_previewing(doing)
            return
        self.verdict.show_progress(progress.done, progress.total, progress.seconds_left, doing)

    def refresh(self) -> None:
        self.changed.emit()
        self.tell()

    def tell(self) -> None:
        """The latest word on the tile, or what to do next."""
        said = told(self._session)
        if said is None:
            self.verdict.clear(self._hint())
        else:
            self.verdict.show_verdict(
                said.sentence, flipped=said.flipped, doubts=said.doubts, fine_print=said.fine_print
            )

    # -------------------------------------------------------------- wishes go up
    def _wire_wishes(self) -> None:
        for pane in (self.tile, self.map):
            pane.cursor_moved.connect(self._move_cursor)
        self.map.quantity_wished.connect(self.show_quantity)
        self.shift.pixel_wished.connect(self._session.glance)
        self.classes.subject_wished.connect(self._session.set_subject)

    def _move_cursor(self, cursor: Cursor) -> None:
        if cursor.pinned:
            self._session.pin(cursor)
        else:
            self._session.set_cursor(cursor)

    def show_quantity(self, quantity: Quantity) -> None:
        for pane in (self.map, self._compare):
            pane.set_quantity(quantity)
        self._commands.quantity = quantity

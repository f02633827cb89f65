"""Where a second classifier is received: beside the one in use, on the same tile."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from onepixel_gui.attack.sweep import PALETTES
from onepixel_gui.classifier.card import Inspection
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.comparison import Comparison
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.panes.compare import ComparePane
from onepixel_gui.qt.session import Session

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.report.exhibit import ComparisonExhibit


class Second(QObject):
    """Passes values down to the comparison's pane and its wishes up."""

    shown = Signal(bool)  # the comparison takes the place of the other panes, or gives it back
    failed = Signal(object)  # Problem

    def __init__(
        self, commands: Commands, session: Session, pane: ComparePane, lanes: Lanes
    ) -> None:
        super().__init__(commands)
        self.comparison = Comparison(lanes, self)
        self.visible = False
        self._commands, self._session, self._pane = commands, session, pane
        self._inspection: Inspection | None = None  # of B
        self._wire_values()
        self._wire_wishes()

    def _wire_values(self) -> None:
        comparison, pane, session = self.comparison, self._pane, self._session
        comparison.pair_changed.connect(self._show_pair)
        comparison.pair_changed.connect(self._commands.arrivals.keep)
        comparison.tile_changed.connect(pane.show_tile)
        comparison.questioned.connect(pane.show_question)
        comparison.happened.connect(pane.take)
        comparison.examined.connect(pane.examine)
        comparison.compared.connect(pane.show_compared)
        comparison.progressed.connect(pane.show_progress)
        comparison.busy_changed.connect(pane.show_busy)
        comparison.failed.connect(self.failed)
        session.tile_changed.connect(comparison.set_tile)
        session.cursor_changed.connect(pane.set_cursor)
        session.classifier_changed.connect(lambda a: comparison.set_pair(a, comparison.b))
        session.question_changed.connect(lambda _: comparison.set_subject(session.subject))
        self._commands.arrivals.second_ready.connect(self._receive)
        self._commands.compare_wished.connect(self._toggle)
        self._commands.compared = lambda: self.exhibit

    def _wire_wishes(self) -> None:
        comparison, pane = self.comparison, self._pane
        pane.cursor_moved.connect(
            lambda cursor: (self._session.pin if cursor.pinned else self._session.set_cursor)(
                cursor
            )
        )
        pane.quantity_wished.connect(pane.set_quantity)
        pane.run_wished.connect(lambda: comparison.run(self._commands.preferences))
        pane.stop_wished.connect(comparison.stop)
        pane.swap_wished.connect(self._swap)
        pane.close_wished.connect(self._leave)

    @property
    def exhibit(self) -> "ComparisonExhibit | None":
        """What a figure of the comparison shows; None before both were swept, and when not seen."""
        comparison, found = self.comparison, self.comparison.compared_last
        a, b, tile, inspection = comparison.a, comparison.b, comparison.tile, self._inspection
        if not self.visible or found is None or a is None or b is None or tile is None:
            return None
        from onepixel_gui.report.exhibit import ComparisonExhibit

        commands = ("", "")
        palette = PALETTES[self._commands.preferences.palette]
        if inspection is not None and np.array_equal(palette, found.a.swept.palette):
            of = self._commands.command_line
            commands = of(sweep=True), of(sweep=True, checkpoint=inspection.path)
        cards, servings = (a.card, b.card), (a.serving, b.serving)
        return ComparisonExhibit(tile, cards, servings, found, self._pane.quantity, commands)

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self.comparison.close()

    def _receive(self, classifier: "Classifier", inspection: Inspection) -> None:
        if self.comparison.set_pair(self._session.classifier, classifier):
            self._inspection = inspection
            self.show(True)

    def _show_pair(self, a: "Classifier | None", b: "Classifier | None") -> None:
        self._pane.show_pair(*(None if one is None else one.card for one in (a, b)))

    def _toggle(self) -> None:
        """To the comparison and back; without a B to the choice of its checkpoint."""
        if self.visible:
            self.show(False)
        elif self.comparison.b is not None:
            self.show(True)
        else:
            self._commands.bring_second()

    def _swap(self) -> None:
        comparison, arrivals = self.comparison, self._commands.arrivals
        if comparison.a is None or comparison.b is None or self._inspection is None:
            return
        self._inspection, arrivals.used = arrivals.used, self._inspection
        comparison.swap()
        assert arrivals.used is not None
        self._session.set_classifier(comparison.a, arrivals.used.path)

    def _leave(self) -> None:
        self.comparison.set_pair(self.comparison.a, None)
        self._inspection = None
        self.show(False)

    def show(self, visible: bool) -> None:
        """Put the comparison in place of the other panes, or give their place back."""
        if visible != self.visible:
            self.visible = visible
            self.shown.emit(visible)

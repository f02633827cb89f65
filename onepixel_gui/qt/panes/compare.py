"""Two classifiers side by side: the tile, the map of A, the map of B, and B less A."""

from itertools import pairwise
from typing import Literal, assert_never, get_args

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from onepixel_gui.analysis.comparison import Compared, Layer, Quantity, Unit
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Question,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.classifier.card import Card as Facts
from onepixel_gui.qt.panes.compare_halves import (
    Half,
    Halves,
    Side,
    difference_words,
    legend,
    readout,
    side_words,
    tile_words,
)
from onepixel_gui.qt.panes.compare_picture import Drawn, Head, Picture
from onepixel_gui.qt.panes.controls import Readout, Segments
from onepixel_gui.qt.panes.placement import Zoom
from onepixel_gui.qt.panes.verdict import VerdictBar
from onepixel_gui.qt.theme import Card, Theme
from onepixel_gui.qt.view import Cursor, Progress
from onepixel_gui.report import comparing
from onepixel_gui.tiles.tile import Tile

Column = Literal["tile", "A", "B", "difference"]

NO_TILE = "Drop a tile or a folder here"
NO_A = "No classifier yet: drop a checkpoint"
NO_B = "Drop a second checkpoint and choose Use as B"
NO_ANSWER = "Not asked about this tile yet"
NO_SWEEP = "Sweep both to fill this map"
RUNNING = "The sweep has begun"
WAITING = "Waits for its turn"
WITHOUT_B = "Swept together with B, once there is one"
NO_DIFFERENCE = "B − A needs both maps"
APART = "No position is seen by both"
_APART = 12  # px between two pictures
_KEYS: dict[int, Quantity] = {
    Qt.Key.Key_1: "lowest",
    Qt.Key.Key_2: "highest",
    Qt.Key.Key_3: "change",
}
_NAMES: dict[Column, str] = {
    "tile": "Tile",
    "A": "Map of A",
    "B": "Map of B",
    "difference": "Difference B less A",
}


_WIDE = QSizePolicy.Policy.Preferred
_BAR = 56  # pixels of height for a colour bar with its numbers and its name


class ComparePane(Card):
    """Tile, map of A, map of B and their difference, of equal size, with one cursor.

    `cursor_moved` wishes for a Cursor, `quantity_wished` for a Quantity; the others for what their
    buttons say.
    """

    cursor_moved = Signal(object)
    quantity_wished = Signal(str)
    run_wished = Signal()
    stop_wished = Signal()
    swap_wished = Signal()
    close_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Two classifiers", parent)
        self._tile: Tile | None = None
        self._halves = Halves()
        self._compared: Compared | None = None
        self._cursor: Cursor | None = None
        self._quantity: Quantity = "lowest"
        self._unit: Unit = "confidence"
        self._busy = self._stopped = False
        self._sweeping: Side | None = None
        self.pictures: dict[Column, Picture] = {c: Picture(n) for c, n in _NAMES.items()}
        self.heads: dict[Column, Head] = {c: Head(f"{n}: facts") for c, n in _NAMES.items()}
        self.verdict = VerdictBar()
        self.verdict.setObjectName("verdict")  # no card within a card
        self._make_controls()
        self._lay_out()
        self._wire()
        self.show_tile(None)

    # ------------------------------------------------------------ arrangement
    def _make_controls(self) -> None:
        self._choice = Segments(
            "Quantity of the maps",
            {
                "lowest": ("Lowest", "Lowest confidence over the colours of the palette (1)"),
                "highest": ("Highest", "Highest confidence over the colours of the palette (2)"),
                "change": ("Change", "Largest change of the logit, with its sign (3)"),
            },
        )
        self._units = Segments(
            "Unit of the difference",
            {
                "confidence": ("Δ confidence", "B − A in confidence, −1 to 1"),
                "logit": ("Δ logit", "B − A in log-odds, which tell values near 0 and 1 apart"),
            },
        )
        self._readout = Readout("Both values at the cursor")
        self._legend = Readout("Legend of the outlines")
        self._legend.align_left()
        self._run = _button("Sweep both", "Map every position with A, then with B, same palette")
        self._run.setObjectName("primary")
        self._swap = _button("Swap A ↔ B", "A becomes B and B becomes A")
        self._close = _button("Close", "Look at A alone again")

    def _lay_out(self) -> None:
        for button in (self._run, self._swap, self._close):
            self.header.addWidget(button)
        line = QHBoxLayout()
        line.addWidget(self._choice)
        line.addWidget(self._units)
        line.addStretch(1)
        self.body.addLayout(line)
        grid = self._grid = QGridLayout()
        grid.setHorizontalSpacing(_APART)
        grid.setVerticalSpacing(4)
        for place, column in enumerate(get_args(Column)):
            self.heads[column].setSizePolicy(_WIDE, QSizePolicy.Policy.Fixed)
            grid.addWidget(self.heads[column], 0, place)
            grid.addWidget(self.pictures[column], 1, place)
            grid.setColumnStretch(place, 1)
            grid.setColumnMinimumWidth(place, 120)
        grid.setRowStretch(1, 1)
        self.body.addLayout(grid, 1000)
        below = QHBoxLayout()
        below.addWidget(self._legend, 2)
        below.addWidget(self._readout, 3)
        self.body.addLayout(below)
        self.body.addWidget(self.verdict)
        self.body.addStretch(1)  # what is left below pictures that are as wide as they can be

    def _wire(self) -> None:
        for shown in self.pictures.values():
            shown.pointed.connect(self.cursor_moved)
            shown.viewed.connect(self._set_view)
        self._choice.chosen.connect(self.quantity_wished)
        self._units.chosen.connect(self._choose_unit)
        self._run.clicked.connect(self._run_or_stop)
        self._swap.clicked.connect(self.swap_wished)
        self._close.clicked.connect(self.close_wished)
        order = (self._choice, self._units, *self.pictures.values())
        buttons = (self._run, self._swap, self._close)
        for first, second in pairwise((*order, *buttons)):
            QWidget.setTabOrder(first, second)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The pictures share the width in whole pixels: one more would show them larger."""
        margins, count = self.body.contentsMargins(), len(self.pictures)
        room = self.contentsRect().width() - margins.left() - margins.right() - (count - 1) * _APART
        self._grid.setContentsMargins(0, 0, room % count, 0)
        for picture in self.pictures.values():
            picture.setMaximumHeight(room // count + _BAR)
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        quantity = _KEYS.get(event.key())
        if quantity is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
            return
        self.quantity_wished.emit(quantity)

    def _run_or_stop(self) -> None:
        (self.stop_wished if self._busy else self.run_wished).emit()

    def _set_view(self, view: Zoom) -> None:
        for shown in self.pictures.values():
            shown.set_view(view)

    # ------------------------------------------------------------ values come down
    def set_theme(self, theme: Theme) -> None:
        for column in get_args(Column):
            self.pictures[column].set_theme(theme)
            self.heads[column].set_theme(theme)
        for part in (self._choice, self._units, self._readout, self._legend):
            part.set_theme(theme)
        self.verdict.set_theme(theme)

    def show_pair(self, a: Facts | None, b: Facts | None) -> None:
        """The cards of both; what was known of others goes."""
        self._halves = Halves(a, b)
        self._forget()

    def show_tile(self, tile: Tile | None) -> None:
        """A new tile clears everything that is known of the last one."""
        if tile is not self._tile:
            self._tile = tile
            self.set_cursor(None)
        self._halves.forget_tile()
        self._forget()

    def show_question(self, side: Side, question: Question) -> None:
        """What a side says of the untouched tile. With A's, a flip decides what is shown first."""
        self._halves[side].question = question
        if side == "A":
            self.set_quantity("lowest" if question.downward else "highest")
        self._refresh()

    def take(self, side: Side, event: Event) -> None:
        half = self._halves[side]
        match event:
            case SweepBegan(question=question):
                half.forget_map()
                half.question, self._compared, self._stopped = question, None, False
                self._sweeping = side
            case Painted():
                if half.question is not None:
                    half.painted, half.layer = event, Layer.painted(half.question, event)
                self._refresh_maps(side)
                return
            case Swept(question=question):
                half.question, half.layer = question, Layer.swept(event)
            case Began() | Advanced() | Ended() | Responded():
                return
            case _:
                assert_never(event)
        self._refresh()

    def examine(self, side: Side, sensitivity: Sensitivity) -> None:
        """The finished sweep of one side."""
        half = self._halves[side]
        half.question = sensitivity.swept.question
        half.layer, half.examined = Layer.swept(sensitivity.swept), sensitivity
        self._refresh()

    def show_compared(self, compared: Compared) -> None:
        self._compared = compared
        self._refresh()

    def show_busy(self, busy: bool) -> None:
        self._stopped = self._busy and not busy and self._compared is None
        self._busy, self._sweeping = busy, None
        self._refresh()

    def show_progress(self, side: Side, progress: Progress) -> None:
        doing = f"Sweeping {side}"
        if progress.previewing:
            self.verdict.show_previewing(doing)
            return
        self.verdict.show_progress(progress.done, progress.total, progress.seconds_left, doing)

    def set_quantity(self, quantity: Quantity) -> None:
        self._quantity = quantity
        self._choice.choose(quantity)
        self._refresh()

    def set_cursor(self, cursor: Cursor | None) -> None:
        self._cursor = cursor
        for shown in self.pictures.values():
            shown.set_cursor(cursor)
        self._read_out()

    @property
    def quantity(self) -> Quantity:
        return self._quantity

    @property
    def unit(self) -> Unit:
        """Of the difference."""
        return self._unit

    def _choose_unit(self, unit: Unit) -> None:
        self._unit = unit
        self._refresh()

    def _forget(self) -> None:
        self._compared, self._stopped = None, False
        self._refresh()

    # ------------------------------------------------------------ showing
    def _refresh(self) -> None:
        frame = self._halves.frame(self._tile)
        for shown in self.pictures.values():
            shown.show_frame(frame)
        self.heads["tile"].say(*tile_words(self._tile, frame))
        drawn = None if self._tile is None else self._halves.picture_of_tile(self._tile)
        self._show("tile", drawn, NO_TILE)
        self._refresh_maps()
        self._tell()

    def _refresh_maps(self, swept: Side | None = None) -> None:
        """All that moves while a side is swept. swept: the only map that is new."""
        halves, quantity = self._halves, self._quantity
        for side, half in halves.both:
            if swept not in (side, None) and quantity != "change":  # whose scale both maps share
                continue
            other = halves["B" if side == "A" else "A"].question
            self.heads[side].say(*side_words(side, half, other))
            self._show(side, halves.picture_of_map(side, quantity), self._missing(side))
        self.heads["difference"].say(*difference_words(self._compared, quantity))
        drawn = halves.picture_of_difference(quantity, self._unit)
        apart = halves.a.layer is not None and halves.b.layer is not None
        self._show("difference", drawn, APART if apart else NO_DIFFERENCE)
        self._legend.say(*legend(self._halves, self._compared))
        self._read_out()

    def _show(self, column: Column, drawn: Drawn | None, hint: str) -> None:
        if drawn is None:
            self.pictures[column].show_hint(hint)
        else:
            self.pictures[column].show_drawn(drawn)

    def _missing(self, side: Side) -> str:
        half = self._halves[side]
        if half.card is None:
            return NO_A if side == "A" else NO_B
        if self._tile is None:
            return NO_TILE
        if half.question is None:
            return NO_ANSWER
        if self._halves.b.card is None:
            return WITHOUT_B
        if self._busy:
            return RUNNING if self._sweeping == side else WAITING
        return NO_SWEEP

    def _tell(self) -> None:
        """The verdict, what speaks against it, what may be done now, and the legend."""
        a, b = self._halves.a, self._halves.b
        self._swap.setEnabled(a.card is not None and b.card is not None)
        ready = a.question is not None and b.question is not None
        self._run.setEnabled(self._busy or ready)
        self._run.setText("Stop" if self._busy else "Sweep both")
        if self._busy:
            return
        if a.card is None or b.card is None:
            self.verdict.clear(NO_B + "." if a.card else NO_A + ".")
        elif self._tile is None or a.question is None or b.question is None:
            self.verdict.clear("A and B have not both answered about a tile.")
        else:
            doubts = comparing.doubts(
                self._tile, (a.card, b.card), a.question, b.question, self._compared
            )
            self.verdict.show_verdict(
                self._sentence(a, b), flipped=None, doubts=doubts, fine_print=self._fine_print()
            )

    def _sentence(self, a: Half, b: Half) -> str:
        if self._compared is not None:
            return comparing.verdict(self._compared)
        if self._stopped:
            return comparing.stopped(a.examined, b.examined)
        assert a.question is not None
        assert b.question is not None
        return comparing.answers(a.question, b.question)

    def _fine_print(self) -> str:
        return "" if self._compared is None else "flips confirmed by a full pass of each classifier"

    def _read_out(self) -> None:
        cursor, halves = self._cursor, self._halves
        known = any(half.layer is not None for _, half in halves.both)
        self._readout.say(*(readout(cursor, halves, self._quantity) if cursor and known else ()))


def _button(text: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(hint)
    button.setAccessibleName(text)
    button.setAccessibleDescription(hint)
    return button

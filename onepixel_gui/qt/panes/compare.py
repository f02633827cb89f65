"""Two classifiers side by side: the tile, the map of A, the map of B, and B less A."""

from dataclasses import replace
from typing import Literal, assert_never, get_args

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QWidget

from onepixel_gui.analysis.comparison import Compared, Layer, Quantity, Unit, difference
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Bools,
    Ended,
    Event,
    Floats,
    Painted,
    Question,
    Responded,
    SweepBegan,
    Swept,
    confidence,
)
from onepixel_gui.classifier.card import Card as Facts
from onepixel_gui.qt.panes.compare_picture import (
    DASHED_ORANGE,
    SOLID_BLUE,
    Drawn,
    Outlined,
    Picture,
    ScaleBar,
)
from onepixel_gui.qt.panes.compare_words import (
    Half,
    Head,
    difference_words,
    readout,
    side_words,
    tile_words,
)
from onepixel_gui.qt.panes.controls import Part, Readout, Segments, Swatch
from onepixel_gui.qt.panes.map_legend import ColourScale, change_scale, confidence_scale
from onepixel_gui.qt.panes.marks import picture
from onepixel_gui.qt.panes.placement import Zoom
from onepixel_gui.qt.panes.verdict import VerdictBar
from onepixel_gui.qt.theme import Card, Theme
from onepixel_gui.qt.view import Cursor, Progress
from onepixel_gui.report import comparing
from onepixel_gui.tiles.tile import Tile, Window

Side = Literal["A", "B"]
Column = Literal["tile", "A", "B", "difference"]

NO_TILE = "Drop a tile or a folder here"
NO_A = "No classifier yet: drop a checkpoint"
NO_B = "Drop a second checkpoint and choose Use as B"
NO_ANSWER = "Not asked about this tile yet"
NO_SWEEP = "Sweep both to fill this map"
RUNNING = "The sweep has begun"
NO_DIFFERENCE = "B − A needs both maps"
APART = "No position is seen by both"
_KEYS: dict[int, Quantity] = {
    Qt.Key.Key_1: "lowest",
    Qt.Key.Key_2: "highest",
    Qt.Key.Key_3: "change",
}
_LIMITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # of a difference of confidences
_NAMES: dict[Column, str] = {
    "tile": "Tile",
    "A": "Map of A",
    "B": "Map of B",
    "difference": "Difference B less A",
}


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
        self._halves: dict[Side, Half] = {"A": Half(), "B": Half()}
        self._compared: Compared | None = None
        self._cursor: Cursor | None = None
        self._quantity: Quantity = "lowest"
        self._unit: Unit = "confidence"
        self._busy = self._stopped = False
        self.pictures: dict[Column, Picture] = {c: Picture(n) for c, n in _NAMES.items()}
        self.heads: dict[Column, Head] = {c: Head(f"{n}: facts") for c, n in _NAMES.items()}
        self.scales: dict[Column, ScaleBar] = {
            c: ScaleBar(f"{n}: colours") for c, n in _NAMES.items() if c != "tile"
        }
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
        line.addWidget(self._readout, 1)
        self.body.addLayout(line)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        for place, column in enumerate(get_args(Column)):
            grid.addWidget(self.heads[column], 0, place)
            grid.addWidget(self.pictures[column], 1, place)
            if column != "tile":
                grid.addWidget(self.scales[column], 2, place)
            grid.setColumnStretch(place, 1)
            grid.setColumnMinimumWidth(place, 120)
        grid.addWidget(self._legend, 2, 0, Qt.AlignmentFlag.AlignTop)
        grid.setRowStretch(1, 1)
        self.body.addLayout(grid, 1)
        self.body.addWidget(self.verdict)

    def _wire(self) -> None:
        for shown in self.pictures.values():
            shown.pointed.connect(self.cursor_moved)
            shown.viewed.connect(self._set_view)
        self._choice.chosen.connect(self.quantity_wished)
        self._units.chosen.connect(self._choose_unit)
        self._run.clicked.connect(self._run_or_stop)
        self._swap.clicked.connect(self.swap_wished)
        self._close.clicked.connect(self.close_wished)

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
        for bar in self.scales.values():
            bar.set_theme(theme)
        for part in (self._choice, self._units, self._readout, self._legend):
            part.set_theme(theme)
        self.verdict.set_theme(theme)

    def show_pair(self, a: Facts | None, b: Facts | None) -> None:
        """The cards of both; what was known of others goes."""
        self._halves = {"A": Half(a), "B": Half(b)}
        self._forget()

    def show_tile(self, tile: Tile | None) -> None:
        """A new tile clears everything that is known of the last one."""
        self._tile, self._cursor = tile, None
        self._halves = {side: Half(half.card) for side, half in self._halves.items()}
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
                self.pictures[side].show_hint(RUNNING)
            case Painted():
                if half.question is not None:
                    half.painted, half.layer = event, Layer.painted(half.question, event)
            case Swept(question=question):
                half.question, half.layer = question, Layer.swept(event)
            case Began() | Advanced() | Ended() | Responded():
                return
            case _:
                assert_never(event)
        self._refresh(side)

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
        self._busy = busy
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
        self.set_cursor(None)
        self._refresh()

    # ------------------------------------------------------------ showing
    @property
    def _frame(self) -> Window:
        """The part of the tile that A or B looks at; all of it until one has said."""
        seen = [half.question.window for half in self._halves.values() if half.question]
        if not seen or self._tile is None:
            return Window(0, 0, *(self._tile.shape if self._tile else (64, 64)))
        row, column = min(w.row for w in seen), min(w.column for w in seen)
        below = max(w.row + w.height for w in seen)
        return Window(row, column, below - row, max(w.column + w.width for w in seen) - column)

    def _refresh(self, painted: Side | None = None) -> None:
        """painted: the only side whose map is new, while it is swept."""
        if painted is None:
            for shown in self.pictures.values():
                shown.show_frame(self._frame)
            self._show_tile()
            self._tell()
        scale = self._map_scale()
        for side in get_args(Side):
            self._say_side(side)
            self._show_map(side, scale)
        self._show_difference()
        self._read_out()

    def _say_side(self, side: Side) -> None:
        other = self._halves["B" if side == "A" else "A"]
        self.heads[side].say(*side_words(side, self._halves[side], other.question))

    def _show_tile(self) -> None:
        tile, frame = self._tile, self._frame
        self.heads["tile"].say(*tile_words(tile, frame))
        if tile is None:
            self.pictures["tile"].show_hint(NO_TILE)
            return
        rows = slice(frame.row, frame.row + frame.height)
        cut = tile.rgb[rows, frame.column : frame.column + frame.width]
        seen = [(s, h.question.window) for s, h in self._halves.items() if h.question]
        framed = tuple((f"seen by {side}", window) for side, window in seen if window != frame)
        drawn = Drawn(picture(cut), frame, None, self._outlines("AB"), framed, tile.mpp)
        self.pictures["tile"].show_drawn(drawn)

    def _outlines(self, sides: str) -> tuple[Outlined, ...]:
        found = [(s, h.examined.map) for s, h in self._halves.items() if h.examined and s in sides]
        return tuple(Outlined(m.window, m.flips, s == "B") for s, m in found)

    def _map_scale(self) -> ColourScale:
        """One for both maps: 0-1, or symmetric about 0 to hold the larger change."""
        halves = self._halves.values()
        if self._quantity == "change":
            layers = [half.layer for half in halves if half.layer is not None]
            return change_scale(max((float(np.abs(n.change).max()) for n in layers), default=1.0))
        asked = next((half.question for half in halves if half.question), None)
        return confidence_scale(asked.subject) if asked else confidence_scale()

    def _show_map(self, side: Side, scale: ColourScale) -> None:
        half, shown, bar = self._halves[side], self.pictures[side], self.scales[side]
        bar.show_scale(None)
        if half.layer is None or half.question is None:
            shown.show_hint(self._missing(side))
            return
        unit: Unit = "logit" if self._quantity == "change" else "confidence"
        values = half.layer.values(self._quantity, unit)
        mark = None if self._quantity == "change" else half.question.threshold
        bar.show_scale(replace(scale, mark=mark))
        image = picture(scale.paint(values, half.layer.exact))
        beyond = _beyond(half.layer, half.question, self._quantity)
        drawn = Drawn(image, half.layer.window, beyond, self._outlines(side))
        shown.show_drawn(drawn)

    def _missing(self, side: Side) -> str:
        half = self._halves[side]
        if half.card is None:
            return NO_A if side == "A" else NO_B
        if self._tile is None:
            return NO_TILE
        if half.question is None:
            return NO_ANSWER
        return RUNNING if self.pictures[side].hint == RUNNING and self._busy else NO_SWEEP

    def _show_difference(self) -> None:
        self.heads["difference"].say(*difference_words(self._compared))
        shown, bar = self.pictures["difference"], self.scales["difference"]
        bar.show_scale(None)
        a, b = self._halves["A"].layer, self._halves["B"].layer
        if a is None or b is None:
            shown.show_hint(NO_DIFFERENCE if self._halves["B"].card else NO_B)
            return
        found = difference(a, b, self._quantity, self._unit)
        if found is None:
            shown.show_hint(APART)
            return
        scale = _difference_scale(self._unit, float(np.abs(found.values).max()))
        bar.show_scale(scale)
        image = picture(scale.paint(found.values, found.exact))
        shown.show_drawn(Drawn(image, found.window, None, self._outlines("AB")))

    def _tell(self) -> None:
        """The verdict, what speaks against it, what may be done now, and the legend."""
        a, b = self._halves["A"], self._halves["B"]
        self._swap.setEnabled(a.card is not None and b.card is not None)
        ready = a.question is not None and b.question is not None
        self._run.setEnabled(self._busy or (ready and self._compared is None))
        self._run.setText("Stop" if self._busy else "Sweep both")
        self._say_legend()
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

    def _say_legend(self) -> None:
        solid: list[Part] = [Swatch(SOLID_BLUE, "hollow"), "A flips"]
        dashed: list[Part] = [Swatch(DASHED_ORANGE, "dashed"), "B flips"]
        if not any(half.examined for half in self._halves.values()):
            self._legend.say()
            return
        self._legend.say((*solid, *dashed, "· thin: threshold"), (*solid, *dashed))

    def _read_out(self) -> None:
        cursor, halves = self._cursor, (self._halves["A"], self._halves["B"])
        if cursor is None or all(half.layer is None for half in halves):
            self._readout.say()
            return
        self._readout.say(*readout(cursor, halves, self._quantity, self._logits_at(cursor)))

    def _logits_at(self, cursor: Cursor) -> float | None:
        a, b = self._halves["A"].layer, self._halves["B"].layer
        found = a and b and difference(a, b, self._quantity, "logit")
        if not found or not found.window.holds(cursor.row, cursor.column):
            return None
        window = found.window
        return float(found.values[cursor.row - window.row, cursor.column - window.column])


def _button(text: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(hint)
    button.setAccessibleName(text)
    button.setAccessibleDescription(hint)
    return button


def _beyond(layer: Layer, question: Question, quantity: Quantity) -> Bools:
    """Where a confidence reaches the threshold; an estimate crosses nothing."""
    logits: Floats = layer.values(quantity, "logit")
    if quantity == "change":
        logits = logits + np.float32(layer.clean)
    reached = np.where(layer.exact, confidence(logits), question.clean)
    return np.asarray(reached >= question.threshold)


def _difference_scale(unit: Unit, largest: float) -> ColourScale:
    """Symmetric about 0, to a round limit that holds the largest difference."""
    if unit == "logit":
        return replace(change_scale(largest), label="B − A, logit")
    limit = next(limit for limit in _LIMITS if limit >= min(largest, 1.0))
    return replace(change_scale(1.0), label="B − A, confidence", low=-limit, high=limit)

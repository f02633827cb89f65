"""The confidence map: what one pixel can do at each position."""

from typing import assert_never, get_args

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.analysis.spatial import profiles
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
from onepixel_gui.qt.panes.controls import Part, Readout, Segments, Swatch
from onepixel_gui.qt.panes.map_legend import ColourScale, change_scale, confidence_scale
from onepixel_gui.qt.panes.map_view import MapView
from onepixel_gui.qt.theme import Card, Theme
from onepixel_gui.qt.view import Cursor, Quantity, legible
from onepixel_gui.tiles.tile import Tile, Window

NO_TILE = "No tile yet"
NO_CLASSIFIER = "No answer of a classifier yet"
NO_SWEEP = "Sweep the tile to fill this map"
RUNNING = "The sweep has begun"
PREVIEW = "Grey: estimated from gradients of the network, not yet asked. Never a result."
SKETCH = "Grey: repeats a neighbour, not yet asked. Never a result."
UNASKED = "Hatched: not asked before the sweep was stopped."
ESTIMATE, NOT_ASKED = "estimate", "not asked"


class MapPane(Card):
    """Lowest or highest confidence, or the largest logit change, at every position.

    `cursor_moved` wishes for a Cursor, `quantity_wished` for a Quantity.
    """

    cursor_moved = Signal(object)
    quantity_wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Confidence map", parent)
        self.view = MapView()
        self._window: Window | None = None
        self._question: Question | None = None
        self._maps: dict[Quantity, Floats] = {}
        self._exact: Bools = np.empty((0, 0), np.bool_)
        self._examined: Sensitivity | None = None
        self._cursor: Cursor | None = None
        self._quantity: Quantity = "lowest"
        self._choice = Segments(
            "Quantity of the map",
            {
                "lowest": ("Lowest", "Lowest confidence over the colours of the palette"),
                "highest": ("Highest", "Highest confidence over the colours of the palette"),
                "change": ("Change", "Largest change of the logit, with its sign"),
            },
        )
        self._readout = Readout("Map at the cursor")
        line = QHBoxLayout()
        line.addWidget(self._choice)
        line.addWidget(self._readout, 1)
        self.body.addLayout(line)
        self.body.addWidget(self.view, 1)
        self._choice.chosen.connect(self.quantity_wished)
        self.view.pointed.connect(self.cursor_moved)
        self.show_tile(None, None)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.view, self._choice, self._readout):
            part.set_theme(theme)

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:
        self._window, self._question, self._cursor = window, None, None
        waiting = NO_SWEEP if window else NO_CLASSIFIER
        self._clear(waiting if tile is not None else NO_TILE)

    def take(self, event: Event) -> None:
        match event:
            case SweepBegan(question=question, total=total):
                self._question, self._window = question, question.window
                cursor = self._cursor
                self._clear(RUNNING)
                self.set_cursor(cursor)
                self.set_state(f"0 of {total:,}")
            case Painted():
                self._paint(event.lowest, event.highest, event.change, event.exact)
                self._tell_state(event)
            case Swept():
                self._freeze(event)
            case Began() | Advanced() | Ended() | Responded():
                pass
            case _:
                assert_never(event)

    def show_question(self, question: Question) -> None:
        """What the confidences are of, when no sweep has said so yet."""
        self._question, self._window = question, question.window

    def examine(self, sensitivity: Sensitivity) -> None:
        """The finished result: colours at each position, flipping positions, exact profiles."""
        swept, condensed = sensitivity.swept, sensitivity.map
        self._question, self._window = swept.question, condensed.window
        self._examined = sensitivity
        self._maps = {
            "lowest": condensed.lowest,
            "highest": condensed.highest,
            "change": condensed.change,
        }
        self._exact = np.ones(condensed.window.shape, np.bool_)
        self._show_map()
        self.view.show_profiles(sensitivity.profiles, self._exact, final=True)
        self._finish(swept, condensed.flipping_positions)
        self.view.show_flips(condensed.flips)

    def set_quantity(self, quantity: Quantity) -> None:
        self._quantity = quantity
        self._choice.choose(quantity)
        self.view.show_scale(self._scale(1.0))
        self._show_map()

    def set_cursor(self, cursor: Cursor | None) -> None:
        self._cursor = cursor
        self.view.set_cursor(cursor)
        self._read_out()

    @property
    def quantity(self) -> Quantity:
        return self._quantity

    @property
    def shown(self) -> Floats | None:
        """(H, W) what the map shows now, in confidence or logits; None while it is empty."""
        return self._maps.get(self._quantity)

    def _clear(self, hint: str) -> None:
        self._maps, self._examined = {}, None
        self.view.show_window(self._window, hint, self._scale(1.0))
        self.set_state("")
        self._readout.say()

    def _paint(self, lowest: Floats, highest: Floats, change: Floats, exact: Bools) -> None:
        self._exact = exact
        self._maps = {
            "lowest": confidence(lowest),
            "highest": confidence(highest),
            "change": change,
        }
        self._show_map()
        self.view.show_profiles(profiles(change), exact)

    def _tell_state(self, painted: Painted) -> None:
        asked = f"{painted.done:,} of {painted.total:,}"
        if painted.exact.all():
            self.set_state(f"exact · {asked}")
        elif np.isnan(painted.lowest).any():
            self.set_state(f"stopped · {asked}", UNASKED)
        elif painted.done and painted.stride > 1:
            self.set_state(f"coarse {painted.stride} px · {asked}", SKETCH)
        else:
            share = int(100 * painted.exact.mean())
            self.set_state(f"preview · {share} % exact", PREVIEW)

    def _freeze(self, swept: Swept) -> None:
        self._question = swept.question
        lowest, highest = swept.logits.min(axis=2), swept.logits.max(axis=2)
        down, up = lowest - swept.question.clean_logit, highest - swept.question.clean_logit
        exact = np.ones(lowest.shape, np.bool_)
        self._paint(lowest, highest, np.where(-down >= up, down, up), exact)
        self._finish(swept, int(swept.flipped.any(axis=2).sum()))

    def _finish(self, swept: Swept, flipping: int) -> None:
        total = swept.queries
        flips = f"{flipping:,} position{'s flip' if flipping != 1 else ' flips'}"
        self.set_state(f"exact · {total:,} of {total:,} · {flips if flipping else 'none flips'}")

    def _show_map(self) -> None:
        shown, question = self.shown, self._question
        if shown is None or question is None:
            return
        reached = shown
        if self._quantity == "change":
            reached = confidence(np.asarray(shown + question.clean_logit, np.float32))
        scale = self._scale(float(np.fmax.reduce(np.abs(shown), axis=None, initial=0.0)))
        reached = np.where(self._exact, reached, question.clean)  # an estimate crosses nothing
        self.view.show_map(shown, scale, self._exact, np.asarray(reached >= question.threshold))
        self._read_out()

    def _scale(self, largest: float) -> ColourScale:
        """largest: the largest size of a change that the map holds."""
        if self._quantity == "change":
            return change_scale(largest)
        asked = self._question
        return confidence_scale(asked.subject, asked.threshold) if asked else confidence_scale()

    def _read_out(self) -> None:
        cursor, window = self._cursor, self._window
        if cursor is None or window is None or not window.holds(cursor.row, cursor.column):
            self._readout.say()
            return
        row, column = cursor.row - window.row, cursor.column - window.column
        where = f"row {cursor.row}, column {cursor.column}"
        brief = f"{cursor.row}, {cursor.column}"
        guess: list[Part] = []
        if self._maps and not self._exact[row, column]:
            guess = [NOT_ASKED if np.isnan(self._maps["lowest"][row, column]) else ESTIMATE]
        full = [part for q in get_args(Quantity) for part in self._value(q, row, column)]
        one = self._value(self._quantity, row, column)
        pair = [*self._value("lowest", row, column), *self._value("highest", row, column)]
        full, one, pair = guess + full, guess + one, guess + pair
        self._readout.say((where, *full), (where, *pair), (where, *one), (brief, *one), (brief,))

    def _value(self, quantity: Quantity, row: int, column: int) -> list[Part]:
        values = self._maps.get(quantity)
        if values is None:
            return []
        value = float(values[row, column])
        if np.isnan(value):
            return []
        if quantity == "change":
            return [f"Δ logit {value:+.2f}".replace("-", "−")]
        parts: list[Part] = [f"{quantity} {legible(value)}"]
        if self._examined is not None:
            condensed = self._examined.map
            low = quantity == "lowest"
            index = (condensed.lowest_colour if low else condensed.highest_colour)[row, column]
            red, green, blue = (int(v) for v in self._examined.swept.palette[index])
            parts.append(Swatch(hexadecimal((red, green, blue))))
        return parts

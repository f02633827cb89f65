"""What is known of A and of B, and how it is drawn and said beside the other."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.comparison import Compared, Difference, Layer, Quantity, Unit, difference
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Bools, Painted, Question, confidence
from onepixel_gui.classifier.card import Card
from onepixel_gui.qt.panes.compare_picture import DASHED_ORANGE, SOLID_BLUE, Drawn, Outlined
from onepixel_gui.qt.panes.controls import Part, Swatch
from onepixel_gui.qt.panes.map_legend import ColourScale, change_scale, confidence_scale
from onepixel_gui.qt.panes.marks import picture, size_text
from onepixel_gui.qt.view import Cursor, legible
from onepixel_gui.report.wording import percent
from onepixel_gui.tiles.tile import Tile, Window

Side = Literal["A", "B"]

_HASH = 8  # digits of a checkpoint's sha256 that are shown
_LIMITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # of a difference of confidences


@dataclass(slots=True)
class Half:
    """What the pane knows of one side."""

    card: Card | None = None
    question: Question | None = None
    painted: Painted | None = None
    layer: Layer | None = None
    examined: Sensitivity | None = None

    def forget_map(self) -> None:
        self.painted, self.layer, self.examined = None, None, None


class Halves:
    """Both sides, and the pictures that follow from what is known of them."""

    def __init__(self, a: Card | None = None, b: Card | None = None) -> None:
        self.a, self.b = Half(a), Half(b)

    def __getitem__(self, side: Side) -> Half:
        return self.a if side == "A" else self.b

    @property
    def both(self) -> tuple[tuple[Side, Half], tuple[Side, Half]]:
        return ("A", self.a), ("B", self.b)

    def forget_tile(self) -> None:
        self.a, self.b = Half(self.a.card), Half(self.b.card)

    def frame(self, tile: Tile | None) -> Window:
        """The part of the tile that A or B looks at; all of it until one has said."""
        seen = [half.question.window for _, half in self.both if half.question]
        if tile is None or not seen:
            return Window(0, 0, *(tile.shape if tile else (64, 64)))
        row, column = min(w.row for w in seen), min(w.column for w in seen)
        below, right = max(w.row + w.height for w in seen), max(w.column + w.width for w in seen)
        return Window(row, column, below - row, right - column)

    def picture_of_tile(self, tile: Tile) -> Drawn:
        """The tile, with all outlines, and frames where A and B see different parts of it."""
        frame = self.frame(tile)
        rows = slice(frame.row, frame.row + frame.height)
        cut = tile.rgb[rows, frame.column : frame.column + frame.width]
        seen = [(side, half.question.window) for side, half in self.both if half.question]
        framed = tuple((f"seen by {side}", window) for side, window in seen if window != frame)
        return Drawn(picture(cut), frame, outlines=self._outlines("AB"), seen=framed, mpp=tile.mpp)

    def picture_of_map(self, side: Side, quantity: Quantity) -> Drawn | None:
        """The map of one side, on the scale of both; None while there is none."""
        half = self[side]
        if half.layer is None or half.question is None:
            return None
        scale, unit = self._scale(quantity), _unit(quantity)
        if quantity != "change":
            scale = replace(scale, mark=half.question.threshold)
        return Drawn(
            picture(scale.paint(half.layer.values(quantity, unit), half.layer.exact)),
            half.layer.window,
            scale,
            _beyond(half.layer, half.question, quantity),
            self._outlines(side),
        )

    def picture_of_difference(self, quantity: Quantity, unit: Unit) -> Drawn | None:
        """B less A where both look; None while one is missing, or where nothing is shared."""
        found = self.difference(quantity, unit)
        if found is None:
            return None
        scale = _difference_scale(unit, float(np.abs(found.values).max()))
        image = picture(scale.paint(found.values, found.exact))
        return Drawn(image, found.window, scale, outlines=self._outlines("AB"))

    def difference(self, quantity: Quantity, unit: Unit) -> Difference | None:
        if self.a.layer is None or self.b.layer is None:
            return None
        return difference(self.a.layer, self.b.layer, quantity, unit)

    def _outlines(self, sides: str) -> tuple[Outlined, ...]:
        found = [(s, half.examined.map) for s, half in self.both if half.examined and s in sides]
        return tuple(Outlined(m.window, m.flips, side == "B") for side, m in found)

    def _scale(self, quantity: Quantity) -> ColourScale:
        """One for both maps: 0-1, or symmetric about 0 to hold the larger change."""
        if quantity == "change":
            layers = [half.layer for _, half in self.both if half.layer is not None]
            return change_scale(max((float(np.abs(n.change).max()) for n in layers), default=1.0))
        asked = self.a.question or self.b.question
        return confidence_scale(asked.subject) if asked else confidence_scale()


def _unit(quantity: Quantity) -> Unit:
    """What a map is in: a change of the confidence would say nothing near 0 and 1."""
    return "logit" if quantity == "change" else "confidence"


def _beyond(layer: Layer, question: Question, quantity: Quantity) -> Bools:
    """Where a confidence reaches the threshold; an estimate crosses nothing."""
    logits = layer.values(quantity, "logit")
    if quantity == "change":
        logits = logits + np.float32(layer.clean)
    reached = np.where(layer.exact, confidence(logits), question.clean)
    return np.asarray(reached >= question.threshold)


def _difference_scale(unit: Unit, largest: float) -> ColourScale:
    """Symmetric about 0, to a round limit that holds the largest difference."""
    if unit == "logit":
        return replace(change_scale(largest), label="B − A, logit")
    limit = next((limit for limit in _LIMITS if limit >= largest), _LIMITS[-1])
    return replace(change_scale(1.0), label="B − A, confidence", low=-limit, high=limit)


# ------------------------------------------------------------------ words
def side_words(side: str, half: Half, other: Question | None) -> tuple[str, ...]:
    """Name; architecture and checkpoint; the untouched answer; flips and what they cost."""
    if half.card is None:
        return (f"{side} · no classifier yet",)
    card = half.card
    told = [f"{side} · {card.name}", f"{card.architecture} · {card.sha256[:_HASH]}"]
    if half.question is not None:
        told.append(_untouched(half.question, other))
        told.append(_cost(half))
    return tuple(told)


def _untouched(question: Question, other: Question | None) -> str:
    beside = (question.threshold, *(() if other is None else (other.clean,)))
    clean = percent(question.clean, beside=beside)
    return f"clean P({question.subject}) {clean} · answers {question.answer}"


def _cost(half: Half) -> str:
    if half.examined is not None:
        flips, swept = half.examined.map.flipping_positions, half.examined.swept
        verb = "flips" if flips == 1 else "flip"
        return f"{flips:,} {verb} · {swept.queries:,} queries · {swept.seconds:.1f} s"
    if half.painted is not None:
        return f"{half.painted.done:,} of {half.painted.total:,} queries"
    return "not swept yet"


def tile_words(tile: Tile | None, frame: Window) -> tuple[str, ...]:
    """Size and scale, label, and which part of it is shown."""
    if tile is None:
        return ("Tile",)
    scale = "µm/px unknown" if tile.mpp is None else f"{tile.mpp:.3g} µm/px"
    label = "no label" if tile.label is None else f"labelled {tile.label}"
    last_row, last_column = frame.row + frame.height - 1, frame.column + frame.width - 1
    shown = f"rows {frame.row}–{last_row}, columns {frame.column}–{last_column}"
    return tile.name, f"{size_text(*tile.shape)} · {scale}", label, shown


def difference_words(found: Compared | None, quantity: Quantity) -> tuple[str, ...]:
    """How alike both maps are, and how the flipping positions are shared."""
    title, sign = f"B − A · {quantity}", "above 0: B is higher than A"
    if found is None:
        return title, sign
    r = "–" if found.correlation is None else f"{found.correlation:.2f}".replace("-", "−")
    iou = "–" if found.overlap is None else f"{found.overlap:.2f}"
    shared = f"flip: only A {found.only_a:,} · both {found.both:,} · only B {found.only_b:,}"
    return title, sign, f"r {r} of |Δ logit| · IoU of flips {iou}", shared


def legend(halves: Halves, found: Compared | None) -> tuple[tuple[Part, ...], ...]:
    """What lines, grey and hatching are, and how many flips are shared; longest wording first."""
    layers = [half.layer for _, half in halves.both if half.layer is not None]
    if not layers:
        return ()
    lines: list[Part] = []
    if any(half.examined for _, half in halves.both):
        lines += [Swatch(SOLID_BLUE, "hollow"), "A flips"]
        lines += [Swatch(DASHED_ORANGE, "dashed"), "B flips"]
    more: list[str] = []
    if found is not None and found.overlap is not None:
        more.append(f"IoU {found.overlap:.2f}")
    if not all(layer.exact.all() for layer in layers):
        more.append("grey: estimate")
    if len({layer.window for layer in layers}) > 1:
        more.append("hatched: not seen")
    whole, brief = " · ".join([*more, "thin line: threshold"]), " · ".join(more)
    return (*lines, whole), (*lines, brief), tuple(lines)


def readout(cursor: Cursor, halves: Halves, quantity: Quantity) -> tuple[tuple[Part, ...], ...]:
    """Both values at the cursor and B less A, longest wording first."""
    full: list[Part] = [f"row {cursor.row}, column {cursor.column}"]
    brief: list[Part] = [f"{cursor.row}, {cursor.column}"]
    spots = [_spot(half, cursor) for _, half in halves.both]
    for (side, half), spot in zip(halves.both, spots, strict=True):
        words = _value_words(half, spot, quantity)
        full += [f"· {side} {quantity} {words}", *_colour(half, spot, quantity)]
        brief.append(f"· {side} {words}")
    least = brief[:1]
    a, b = spots
    if a is not None and b is not None:
        delta = f"· B − A {signed(_value(b, quantity) - _value(a, quantity))}"
        logits = float((b.values(quantity, "logit") - a.values(quantity, "logit"))[0, 0])
        full.append(delta if quantity == "change" else f"{delta} (Δ logit {signed(logits)})")
        brief.append(delta)
        least = [*least, delta]
    return tuple(full), tuple(brief), tuple(least)


def _spot(half: Half, cursor: Cursor) -> Layer | None:
    """The one position of a map under the cursor; None where it has none."""
    if half.layer is None or not half.layer.window.holds(cursor.row, cursor.column):
        return None
    return half.layer.within(Window(cursor.row, cursor.column, 1, 1))


def _value(spot: Layer, quantity: Quantity) -> float:
    return float(spot.values(quantity, _unit(quantity))[0, 0])


def _value_words(half: Half, spot: Layer | None, quantity: Quantity) -> str:
    if spot is None:
        return "not seen" if half.layer is not None else "not swept"
    value = _value(spot, quantity)
    words = f"Δ logit {signed(value)}" if quantity == "change" else legible(value)
    return words if spot.exact.all() else f"{words} (estimate)"


def _colour(half: Half, spot: Layer | None, quantity: Quantity) -> list[Part]:
    """The colour that does it, where it is known."""
    if spot is None or half.examined is None or quantity == "change":
        return []
    condensed = half.examined.map
    place = spot.window.row - condensed.window.row, spot.window.column - condensed.window.column
    index = condensed.lowest_colour if quantity == "lowest" else condensed.highest_colour
    red, green, blue = (int(v) for v in half.examined.swept.palette[index[place]])
    return [Swatch(hexadecimal((red, green, blue)))]


def signed(value: float) -> str:
    """Two or three digits with a typeset sign."""
    text = f"{value:+.3f}" if abs(value) < 1 else f"{value:+.2f}"
    return text.replace("-", "−")

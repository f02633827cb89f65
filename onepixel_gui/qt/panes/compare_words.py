"""What stands above and beside the pictures that are compared: short lines of numbers."""

from dataclasses import dataclass

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.comparison import Compared, Layer, Quantity, Unit
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Painted, Question
from onepixel_gui.classifier.card import Card
from onepixel_gui.qt.panes.controls import Part, Swatch
from onepixel_gui.qt.panes.marks import size_text
from onepixel_gui.qt.theme import Line, Theme
from onepixel_gui.qt.view import Cursor, legible
from onepixel_gui.report.wording import percent
from onepixel_gui.tiles.tile import Tile, Window

_LINES = 3
_HASH = 8  # digits of a checkpoint's sha256 that are shown


class Head(QWidget):
    """A bold line and three faint ones; what has no room is cut and whole in the hint."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._title = Line()
        self._lines = [Line() for _ in range(_LINES)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for line in (self._title, *self._lines):
            column.addWidget(line)
        for line in self._lines:
            line.setObjectName("faint")

    def set_theme(self, theme: Theme) -> None:
        self._title.setStyleSheet(f"color: {theme.text}; font-size: 14px; font-weight: 600;")

    def say(self, title: str, *lines: str) -> None:
        self._title.setText(title)
        for label, text in zip(self._lines, (*lines, *[""] * _LINES), strict=False):
            label.setText(text)
        self.setAccessibleDescription(", ".join(part for part in (title, *lines) if part))

    @property
    def text(self) -> str:
        """All of it, line by line."""
        labels: list[QLabel] = [self._title, *self._lines]
        return "\n".join(label.text() for label in labels if label.text())


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
    confidence = percent(question.clean, beside=beside)
    return f"clean P({question.subject}) {confidence} · answers {question.answer}"


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


def difference_words(found: Compared | None) -> tuple[str, ...]:
    """How alike both maps are, and how the flipping positions are shared."""
    if found is None:
        return "B − A", "positive: B is higher"
    r = "–" if found.correlation is None else f"{found.correlation:.2f}".replace("-", "−")
    iou = "–" if found.overlap is None else f"{found.overlap:.2f}"
    shared = f"flip: only A {found.only_a:,} · both {found.both:,} · only B {found.only_b:,}"
    return "B − A", "positive: B is higher", f"r {r} of |Δ logit| · IoU of flips {iou}", shared


def readout(
    cursor: Cursor, halves: tuple[Half, Half], quantity: Quantity, logits: float | None
) -> tuple[tuple[Part, ...], ...]:
    """Both values at the cursor and B less A, longest wording first.

    logits: the difference in logits, None where not both look.
    """
    where = f"row {cursor.row}, column {cursor.column}"
    values = [_value(half, cursor, quantity) for half in halves]
    full: list[Part] = [where]
    brief: list[Part] = [f"{cursor.row}, {cursor.column}"]
    for side, half, value in zip("AB", halves, values, strict=True):
        words = "not seen" if value is None else _written(value, quantity)
        words += _guess(half, cursor)
        full += [f"· {side} {quantity} {words}", *_colour(half, cursor, quantity)]
        brief.append(f"· {side} {words}")
    a, b = values
    if a is not None and b is not None and logits is not None:
        delta = f"B − A {signed(b - a)}"
        if quantity != "change":
            full.append(f"· {delta} (logit {signed(logits)})")
        else:
            full.append(f"· {delta} logit")
        brief.append(f"· {delta}")
    return tuple(full), tuple(brief), tuple(brief[:1] + brief[-1:])


def signed(value: float) -> str:
    """Two or three digits with a typeset sign."""
    text = f"{value:+.3f}" if abs(value) < 1 else f"{value:+.2f}"
    return text.replace("-", "−")


def _written(value: float, quantity: Quantity) -> str:
    return f"Δ logit {signed(value)}" if quantity == "change" else legible(value)


def _value(half: Half, cursor: Cursor, quantity: Quantity) -> float | None:
    place = _place(half, cursor)
    if place is None or half.layer is None:
        return None
    unit: Unit = "logit" if quantity == "change" else "confidence"
    return float(half.layer.values(quantity, unit)[place])


def _guess(half: Half, cursor: Cursor) -> str:
    """A note where nobody was asked yet."""
    place = _place(half, cursor)
    asked = place is None or half.layer is None or bool(half.layer.exact[place])
    return "" if asked else " (estimate)"


def _place(half: Half, cursor: Cursor) -> tuple[int, int] | None:
    if half.layer is None or not half.layer.window.holds(cursor.row, cursor.column):
        return None
    return cursor.row - half.layer.window.row, cursor.column - half.layer.window.column


def _colour(half: Half, cursor: Cursor, quantity: Quantity) -> list[Part]:
    """The colour that does it, where it is known."""
    place = _place(half, cursor)
    if place is None or half.examined is None or quantity == "change":
        return []
    condensed = half.examined.map
    index = condensed.lowest_colour if quantity == "lowest" else condensed.highest_colour
    red, green, blue = (int(v) for v in half.examined.swept.palette[index[place]])
    return [Swatch(hexadecimal((red, green, blue)))]

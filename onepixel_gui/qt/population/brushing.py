"""What is selected: ranges that were brushed in plots, and all that hold together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.qt.population.columns import Columns

HINT = "Drag over any plot to select, Shift to combine; click a place to see its run"
_WORDS = {
    "distance": ("distance from the centre", " px"),
    "euclidean": ("RGB change", ""),
    "ciede2000": ("CIEDE2000", ""),
    "clean": ("confidence before", ""),
    "confidence": ("confidence after", ""),
    "first flip": ("queries to the first flip", ""),
}


@dataclass(frozen=True, slots=True)
class Range:
    """low <= value < high of one quantity; high itself counts where `closed`.

    name: what the one whole value is called, "flipped".
    """

    quantity: str
    low: float
    high: float
    closed: bool = False
    whole: bool = False
    name: str = ""

    def holds(self, columns: Columns) -> Bools:
        """(N,) which tiles lie within; those without a value do not."""
        values = columns.values(self.quantity)
        with np.errstate(invalid="ignore"):
            below = values <= self.high if self.closed else values < self.high
            return np.asarray((values >= self.low) & below, np.bool_)

    @property
    def words(self) -> str:
        """ "distance from the centre 4 to 10 px"."""
        if self.name:
            return self.name
        words, unit = _WORDS.get(self.quantity, (self.quantity, ""))
        if self.whole:
            first, last = round(self.low), round(self.high) - (0 if self.closed else 1)
            return f"{words} {first}" if first >= last else f"{words} {first} to {last}"
        if self.low <= 0:
            return f"{words} < {_number(self.high)}{unit}"
        return f"{words} {_number(self.low)} to {_number(self.high)}{unit}"


FLIPPED = Range("flipped", 1, 1, closed=True, name="flipped")
HELD = Range("flipped", 0, 0, closed=True, name="held")


@dataclass(frozen=True, slots=True)
class Brush:
    """What was brushed in one plot. case: only tiles of it, "" for any."""

    pane: str
    ranges: tuple[Range, ...] = ()
    case: str = ""

    def holds(self, columns: Columns) -> Bools:
        """(N,) which tiles it selects."""
        which = np.ones(len(columns), np.bool_)
        for each in self.ranges:
            which &= each.holds(columns)
        return which & columns.of_case(self.case) if self.case else which

    @property
    def words(self) -> str:
        told = [each.words for each in self.ranges]
        return ", ".join([*told, f"case {self.case}"] if self.case else told)


class Selection(QObject):
    """All brushes that hold now: at most one of each plot. They are kept when runs are added."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._brushes: dict[str, Brush] = {}

    @property
    def brushes(self) -> Sequence[Brush]:
        return tuple(self._brushes.values())

    def of(self, pane: str) -> Brush | None:
        """The brush in that plot."""
        return self._brushes.get(pane)

    def brush(self, brush: Brush, *, adding: bool) -> None:
        """adding: beside what was brushed in other plots. No ranges and no case: nothing there."""
        before = dict(self._brushes)
        if not adding:
            self._brushes.clear()
        self._brushes.pop(brush.pane, None)
        if brush.ranges or brush.case:
            self._brushes[brush.pane] = brush
        if self._brushes != before:
            self.changed.emit()

    def clear(self) -> None:
        """Everything counts again."""
        if self._brushes:
            self._brushes.clear()
            self.changed.emit()

    def holds(self, columns: Columns) -> Bools | None:
        """(N,) which tiles are selected; None where nothing is brushed."""
        if not self._brushes:
            return None
        which = np.ones(len(columns), np.bool_)
        for each in self._brushes.values():
            which &= each.holds(columns)
        return which

    def words(self, columns: Columns, which: Bools | None) -> str:
        """ "87 of 412 tiles: distance from the centre < 10 px and flipped"."""
        total = f"{len(columns):,} {'tile' if len(columns) == 1 else 'tiles'}"
        if which is None:
            return f"{total}. {HINT}"
        told = " and ".join(each.words for each in self._brushes.values())
        flips = int((which & columns.flipped).sum())
        found = int(which.sum())
        rate = f"; {flips:,} of them flipped ({100 * flips / found:.1f} %)" if found else ""
        return f"{found:,} of {total}: {told}{rate}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

"""Two classifiers on one tile: how their maps differ, and which positions flip which of them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.analysis.spatial import largest_change
from onepixel_gui.attack.probe import Bools, Floats, Painted, Question, Swept, confidence
from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Window

Quantity = Literal["lowest", "highest", "change"]
Unit = Literal["confidence", "logit"]


def check_pair(first: Card, second: Card) -> None:
    """Raises Problem where the confidences of two classifiers are not of the same thing."""
    if set(first.classes) != set(second.classes):
        raise Problem(
            f"{second.name} tells apart {_listed(second)}, but {first.name} {_listed(first)}: "
            "their confidences do not compare.",
            "Give both the same class names on their cards, or choose another second classifier.",
        )
    if len(first.classes) == 2 and first.subject != second.subject:
        raise Problem(
            f"{second.name} follows the confidence in {second.subject}, but {first.name} that in "
            f"{first.subject}: they do not compare.",
            "Choose the same class in question on both cards, then use it as B again.",
        )


def _listed(card: Card, most: int = 3) -> str:
    more = len(card.classes) - most
    names = card.classes if more <= 0 else (*card.classes[:most], f"{more} more")
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def both_look(first: Window, second: Window) -> Window | None:
    """What two windows of one tile have in common."""
    row, column = max(first.row, second.row), max(first.column, second.column)
    below = min(first.row + first.height, second.row + second.height)
    right = min(first.column + first.width, second.column + second.width)
    shared = below > row and right > column
    return Window(row, column, below - row, right - column) if shared else None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The map of one classifier as far as it is known.

    window:  where it lies on the tile.  clean: logit of the untouched tile.
    lowest, highest, change:  (H, W) float32 logits over the palette, `change` from `clean`.
    exact:   (H, W) bool, False where nobody was asked yet: an estimate, never a result.
    """

    window: Window
    clean: float
    lowest: Floats
    highest: Floats
    change: Floats
    exact: Bools

    @classmethod
    def painted(cls, question: Question, so_far: Painted) -> "Layer":
        return cls(
            question.window,
            question.clean_logit,
            so_far.lowest,
            so_far.highest,
            so_far.change,
            so_far.exact,
        )

    @classmethod
    def swept(cls, swept: Swept) -> "Layer":
        question, logits = swept.question, swept.logits
        change = largest_change(logits, question.clean_logit)
        exact = np.ones(change.shape, np.bool_)
        lowest, highest = logits.min(axis=2), logits.max(axis=2)
        return cls(question.window, question.clean_logit, lowest, highest, change, exact)

    def within(self, part: Window) -> "Layer":
        """The same of a part of its window."""
        at = _cut(self.window, part)
        lowest, highest, change = self.lowest[at], self.highest[at], self.change[at]
        return Layer(part, self.clean, lowest, highest, change, self.exact[at])

    def values(self, quantity: Quantity, unit: Unit) -> Floats:
        """(H, W) of one quantity; of "change" in confidence, what that logit change makes of it."""
        logits = {"lowest": self.lowest, "highest": self.highest, "change": self.change}[quantity]
        if unit == "logit":
            return logits
        if quantity != "change":
            return confidence(logits)
        clean = np.float32(self.clean)
        moved: Floats = confidence(logits + clean) - confidence(np.asarray(clean))
        return moved


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """B less A where both look.

    values:  (H, W) float32 in confidence or logits.  exact: (H, W), both were asked there.
    """

    window: Window
    values: Floats
    exact: Bools


def difference(first: Layer, second: Layer, quantity: Quantity, unit: Unit) -> Difference | None:
    """The second less the first; None where their windows have nothing in common."""
    window = both_look(first.window, second.window)
    if window is None:
        return None
    a, b = first.within(window), second.within(window)
    values = b.values(quantity, unit) - a.values(quantity, unit)
    return Difference(window, values, a.exact & b.exact)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two finished sweeps of one tile with one palette.

    window:      where both look; everything below is of its positions.
    flips_a, flips_b:  (H, W) bool, some colour flips the answer there, confirmed.
    correlation: Pearson's, of the sizes of the largest logit changes; None where one is constant.
    """

    a: Sensitivity
    b: Sensitivity
    window: Window
    flips_a: Bools
    flips_b: Bools
    correlation: float | None

    @property
    def both(self) -> int:
        """Positions that flip A and B."""
        return int((self.flips_a & self.flips_b).sum())

    @property
    def only_a(self) -> int:
        return int((self.flips_a & ~self.flips_b).sum())

    @property
    def only_b(self) -> int:
        return int((self.flips_b & ~self.flips_a).sum())

    @property
    def overlap(self) -> float | None:
        """Intersection over union of the flipping positions, 0-1; None where there are none."""
        union = self.both + self.only_a + self.only_b
        return self.both / union if union else None


def compare(a: Sensitivity, b: Sensitivity) -> Compared:
    """Raises ValueError when palette or subject differ, or the windows have nothing in common."""
    if not np.array_equal(a.swept.palette, b.swept.palette):
        raise ValueError("two sweeps compare only with the same palette")
    if a.swept.question.subject != b.swept.question.subject:
        raise ValueError("two sweeps compare only with the same subject")
    window = both_look(a.map.window, b.map.window)
    if window is None:
        raise ValueError("the windows have nothing in common")
    here, there = _cut(a.map.window, window), _cut(b.map.window, window)
    return Compared(
        a,
        b,
        window,
        a.map.flips[here],
        b.map.flips[there],
        _correlation(np.abs(a.map.change[here]), np.abs(b.map.change[there])),
    )


def _cut(whole: Window, part: Window) -> tuple[slice, slice]:
    """Where a part of a tile lies in an array over a larger window of it."""
    row, column = part.row - whole.row, part.column - whole.column
    return slice(row, row + part.height), slice(column, column + part.width)


def _correlation(first: Floats, second: Floats) -> float | None:
    x, y = (part.astype(np.float64).ravel() for part in (first, second))
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    # Of a constant map rounding alone is left: no more than that is taken for one.
    flat = any(_constant(part) for part in (first, second))
    return None if flat or spread == 0 else float(np.clip(x @ y / spread, -1, 1))


def _constant(values: NDArray[np.float32]) -> bool:
    return bool(np.ptp(values) <= 1e-6 * max(1.0, float(np.abs(values).max())))

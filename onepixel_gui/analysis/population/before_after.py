"""The confidence before and after, in five numbers and as values for histograms and boxes."""

from dataclasses import dataclass

import numpy as np

from onepixel_gui.analysis.population.outcomes import Direction, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.units import PARTS, Part, one_per_tile, part_of


@dataclass(frozen=True, slots=True)
class Spread:
    """Of n values. deviation: standard deviation with n - 1, None for n < 2.

    whiskers:  lowest and highest value within 1.5 interquartile ranges of the quartiles (Tukey).
    beyond:    how many lie outside the whiskers.
    """

    n: int
    maximum: float
    mean: float
    median: float
    deviation: float | None
    minimum: float
    quartiles: tuple[float, float]
    whiskers: tuple[float, float]
    beyond: int


@dataclass(frozen=True, slots=True, eq=False)
class BeforeAfter:
    """Of one direction and part: one run per tile.

    subject:        class whose confidence is told.
    runs:           (n,) their numbers.  clean, confidence: (n,) 0-1, before and after.
    before, after, change:  None for n = 0.  change: after minus before.
    """

    title: str
    part: Part
    subject: str
    runs: Integers
    clean: Floats
    confidence: Floats
    before: Spread | None
    after: Spread | None
    change: Spread | None

    @property
    def n(self) -> int:
        return len(self.runs)


def before_after(outcomes: Outcomes) -> tuple[BeforeAfter, ...]:
    """Each direction, commonest first, in its three parts: all, flipped, held."""
    tiles = one_per_tile(outcomes)
    return tuple(_part(tiles, each, part) for each in tiles.directions for part in PARTS)


def _part(tiles: Outcomes, direction: Direction, part: Part) -> BeforeAfter:
    these = tiles.some(direction.which & part_of(tiles, part))
    subject = tiles.classes[tiles.subject[direction.which][0]]
    return BeforeAfter(
        direction.title,
        part,
        subject,
        these.run,
        these.clean,
        these.confidence,
        spread(these.clean),
        spread(these.confidence),
        spread(these.confidence - these.clean),
    )


def spread(values: Floats) -> Spread | None:
    """(n,) finite values; None for no values. Quartiles are interpolated linearly."""
    n = len(values)
    if not n:
        return None
    ordered = np.sort(values)
    low, median, high = np.percentile(ordered, [25, 50, 75])
    room = 1.5 * (high - low)
    # The first and last within reach; a quartile between two values lies itself within.
    first = int(np.searchsorted(ordered, low - room))
    last = int(np.searchsorted(ordered, high + room, "right"))
    return Spread(
        n,
        float(ordered[-1]),
        float(ordered.mean()),
        float(median),
        float(ordered.std(ddof=1)) if n > 1 else None,
        float(ordered[0]),
        (float(low), float(high)),
        (float(ordered[first]), float(ordered[last - 1])),
        first + n - last,
    )

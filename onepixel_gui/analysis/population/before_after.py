"""The confidence before and after, in five numbers and as values for histograms and boxes."""

from dataclasses import dataclass

from onepixel_gui.analysis.population.outcomes import Floats, Integers, Outcomes
from onepixel_gui.analysis.population.units import Part


@dataclass(frozen=True, slots=True)
class Spread:
    """Of n values. deviation: n - 1 under the root, None for n < 2.

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
    raise NotImplementedError


def spread(values: Floats) -> Spread | None:
    """None for no values. Quartiles are interpolated linearly."""
    raise NotImplementedError

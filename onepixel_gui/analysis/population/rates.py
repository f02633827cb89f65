"""How many tiles flip: rates with intervals, over all, by direction, label and case."""

from dataclasses import dataclass

from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.analysis.population.units import Interval


@dataclass(frozen=True, slots=True)
class Rate:
    """flipped of n tiles; a tile counts once, as flipped if any of its seeds flipped it.

    wilson:     95 % score interval, tiles taken as independent; None for n = 0.
    clustered:  95 % percentile interval over cases drawn with replacement (our choice); None
                where `why_not` says why.
    cases:      how many known cases these tiles come from.
    """

    title: str
    flipped: int
    n: int
    wilson: Interval | None
    clustered: Interval | None = None
    cases: int = 0
    why_not: str = ""

    @property
    def share(self) -> float | None:
        """0-1; None for n = 0."""
        return self.flipped / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """The one to be told first: that over cases where there is one."""
        return self.clustered or self.wilson


@dataclass(frozen=True, slots=True)
class Rates:
    """directions, labels: commonest first.  cases: in the order of their names, without clusters.

    runs:    that were counted.   most_seeds: of one tile.
    by_run:  share of all runs that flipped, for information; None without runs.
    resamples, seed:  of the intervals over cases.
    """

    overall: Rate
    directions: tuple[Rate, ...]
    labels: tuple[Rate, ...]
    cases: tuple[Rate, ...]
    runs: int
    most_seeds: int
    by_run: float | None
    resamples: int
    seed: int


def rates(outcomes: Outcomes, *, resamples: int = 2_000, seed: int = 0) -> Rates:
    """All of them. Titles: "all", "mitosis to normal", a class, a case."""
    raise NotImplementedError


def wilson(flipped: int, n: int) -> Interval | None:
    """Wilson's 95 % score interval (JASA 22:209, 1927); None for n = 0."""
    raise NotImplementedError

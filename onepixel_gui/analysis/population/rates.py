"""How many tiles flip: rates with intervals, over all, by direction, label and case."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from onepixel_gui.analysis.population.outcomes import Bools, Integers, Outcomes
from onepixel_gui.analysis.population.units import Interval, clusters, one_per_tile

_Z: Final = 1.959963984540054  # 97.5 % of the standard normal distribution


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

    runs:    that were counted.   most_seeds: most runs of one tile.
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
    tiles = one_per_tile(outcomes)

    def counted(title: str, which: Bools) -> Rate:
        return rate(title, tiles.flipped[which], tiles.case[which], resamples, seed)

    _, repeats = np.unique(outcomes.tile, return_counts=True)
    labels, count = np.unique(tiles.label[tiles.label >= 0], return_counts=True)
    commonest = labels[np.argsort(-count, kind="stable")]
    return Rates(
        counted("all", np.ones(len(tiles), bool)),
        tuple(counted(each.title, each.which) for each in tiles.directions),
        tuple(counted(tiles.classes[label], tiles.label == label) for label in commonest),
        _by_case(tiles),
        len(outcomes),
        int(repeats.max(initial=0)),
        float(outcomes.flipped.mean()) if len(outcomes) else None,
        resamples,
        seed,
    )


def rate(
    title: str, flipped: Bools, cases: Integers, resamples: int = 2_000, seed: int = 0
) -> Rate:
    """flipped, cases: (N,) of tiles; a case of -1 is not known."""
    known = len(np.unique(cases[cases >= 0]))
    n, flips = len(flipped), int(flipped.sum())
    groups, why_not = clusters(cases)
    over_cases = None if groups is None else _over_cases(flipped, groups, resamples, seed)
    return Rate(title, flips, n, wilson(flips, n), over_cases, known, why_not)


def _by_case(tiles: Outcomes) -> tuple[Rate, ...]:
    known = tiles.case >= 0
    cases, index = np.unique(tiles.case[known], return_inverse=True)
    totals = np.bincount(index, minlength=len(cases))
    flips = np.bincount(index, tiles.flipped[known], minlength=len(cases)).astype(int)
    counted = [
        Rate(tiles.cases[case], int(flip), int(n), wilson(int(flip), int(n)), None, 1, "One case.")
        for case, flip, n in zip(cases, flips, totals, strict=True)
    ]
    return tuple(sorted(counted, key=lambda each: each.title))


def wilson(flipped: int, n: int) -> Interval | None:
    """Wilson's 95 % score interval (JASA 22:209, 1927); None for n = 0."""
    if not n:
        return None
    share, square = flipped / n, _Z**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    reach = _Z / (1 + square / n) * (share * (1 - share) / n + square / (4 * n**2)) ** 0.5
    # At the ends the sum is exact but for rounding.
    low = max(middle - reach, 0.0) if flipped else 0.0
    high = min(middle + reach, 1.0) if flipped < n else 1.0
    return Interval(low, high, "Wilson 95 %, tiles taken as independent")


def _over_cases(flipped: Bools, groups: Integers, resamples: int, seed: int) -> Interval:
    """Percentiles of the share over cases drawn with replacement.

    Cases that are alike in tiles and flips are drawn as one kind, which changes no probability
    and keeps 100,000 cases as quick as ten.
    """
    sizes = np.bincount(groups)
    flips = np.bincount(groups, flipped).astype(np.int64)
    kinds, count = np.unique(np.stack([flips, sizes], 1), axis=0, return_counts=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(sizes), count / count.sum(), size=resamples)
    totals = drawn @ kinds
    low, high = np.percentile(totals[:, 0] / totals[:, 1], [2.5, 97.5])
    return Interval(float(low), float(high), f"95 % over {len(sizes)} cases, {resamples:,} drawn")

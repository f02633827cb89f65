"""How many tiles flip: rates with intervals, over all, by direction, label and case."""

from dataclasses import dataclass

import numpy as np

from onepixel_gui.analysis.population.outcomes import Bools, Integers, Outcomes
from onepixel_gui.analysis.population.shares import clustered, wilson
from onepixel_gui.analysis.population.units import Interval, clusters, one_per_tile


@dataclass(frozen=True, slots=True)
class Rate:
    """flipped of n tiles; a tile counts once, as flipped if any of its seeds flipped it.

    wilson:     95 % score interval, tiles taken as independent; None for n = 0.
    clustered:  95 %, tiles of one case taken together (`shares.clustered`; our choice, and never
                narrower than Wilson's); None where `why_not` says why.
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
    """

    overall: Rate
    directions: tuple[Rate, ...]
    labels: tuple[Rate, ...]
    cases: tuple[Rate, ...]
    runs: int
    most_seeds: int
    by_run: float | None


def rates(outcomes: Outcomes) -> Rates:
    """All of them. Titles: "all", "mitosis to normal", a class, a case."""
    tiles = one_per_tile(outcomes)

    def counted(title: str, which: Bools) -> Rate:
        return rate(title, tiles.flipped[which], tiles.case[which])

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
    )


def rate(title: str, flipped: Bools, cases: Integers) -> Rate:
    """flipped, cases: (N,) of tiles; a case of -1 is not known."""
    known = len(np.unique(cases[cases >= 0]))
    n, flips = len(flipped), int(flipped.sum())
    groups, why_not = clusters(cases)
    alone, together = wilson(flips, n), None
    if alone and groups is not None:
        together = _together(flipped, groups, alone)
    return Rate(title, flips, n, alone, together, known, why_not)


def _together(flipped: Bools, groups: Integers, alone: Interval) -> Interval | None:
    """Cases that happen to be alike are no reason to know more than of independent tiles."""
    sizes = np.bincount(groups).astype(np.float64)
    flips = np.bincount(groups[flipped], minlength=len(sizes)).astype(np.float64)
    wide = clustered(flips, sizes, f"Wilson, clustered by {len(sizes)} cases")
    return wide and Interval(min(wide.low, alone.low), max(wide.high, alone.high), wide.kind)


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

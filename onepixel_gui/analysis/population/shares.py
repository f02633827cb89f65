"""A share of tiles or flips with its interval, also where they come in groups."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.units import Interval

Doubles = NDArray[np.float64]

NORMAL = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Share:
    """hits of n.

    value:     hits / n, or the mean over units where that is said; None of none.
    interval:  95 %; None where it cannot be told.
    """

    hits: int
    n: int
    value: float | None
    interval: Interval | None


def wilson(hits: int, n: int) -> Interval | None:
    """The 95 % score interval of Wilson (JASA 22:209, 1927), all n independent; None for n = 0."""
    return _score(hits / n, n, "Wilson") if n else None


def share(hits: int, n: int) -> Share:
    """With Wilson's interval."""
    return Share(hits, n, hits / n if n else None, wilson(hits, n))


def clustered(hits: Doubles, counts: Doubles, kind: str) -> Interval | None:
    """Of sum(hits) / sum(counts), over (G,) independent groups; None of one group or none.

    Wilson's interval at the number of independent units that would spread as much as the groups
    do, with Student's quantile (Korn and Graubard, Survey Methodology 24:193, 1998). Groups that
    do not differ at all are taken for one unit each.
    """
    from scipy.special import stdtrit  # scipy.stats would take 1 s to import

    groups, total = len(hits), counts.sum()
    if groups < 2 or total == 0:
        return None
    value = float(hits.sum() / total)
    spread = hits - value * counts
    variance = float(spread @ spread) * groups / (groups - 1) / total**2
    units = value * (1 - value) / variance if variance > 1e-12 else float(groups)
    student = float(stdtrit(groups - 1, 0.975))
    return _score(value, float(units * (NORMAL / student) ** 2), kind)


def summed(values: Doubles, groups: NDArray[np.int64]) -> Doubles:
    """(N,) values added up within each of the (N,) groups, in order of their numbers."""
    _, of = np.unique(groups, return_inverse=True)
    sums = np.zeros(int(of.max(initial=-1)) + 1)
    np.add.at(sums, of, values)
    return sums


def _score(value: float, n: float, kind: str) -> Interval:
    """Wilson's interval; n need not be whole."""
    squared = NORMAL**2 / n
    centre = value + squared / 2
    reach = sqrt(squared * (value * (1 - value) + squared / 4))
    low, high = (centre - reach) / (1 + squared), (centre + reach) / (1 + squared)
    # At 0 and 1 rounding alone parts the bound from the share.
    return Interval(min(max(low, 0.0), value), max(min(high, 1.0), value), kind)

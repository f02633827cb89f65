"""A share of tiles or flips with its interval, also where they come in groups."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.units import Interval

Doubles = NDArray[np.float64]

NORMAL = NormalDist().inv_cdf(0.975)
_LEAST = 0.1  # degrees of freedom: of less nothing is known, and the interval is all from 0 to 1


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


@dataclass(frozen=True, slots=True)
class Sums:
    """What an interval over groups needs of them; to be kept up to date one by one.

    Of h hits among c in each group: sums of h, c, h * h, h * c and c * c.
    """

    groups: int = 0
    hits: float = 0
    counts: float = 0
    hits_squared: float = 0
    products: float = 0
    counts_squared: float = 0

    def instead(self, before: tuple[int, int], now: tuple[int, int]) -> "Sums":
        """One group has `now` (hits, count) where it had `before`; (0, 0) for a new one."""
        (had, of), (has, among) = before, now
        return Sums(
            self.groups + (of == 0) - (among == 0),
            self.hits + has - had,
            self.counts + among - of,
            self.hits_squared + has**2 - had**2,
            self.products + has * among - had * of,
            self.counts_squared + among**2 - of**2,
        )


def clustered(hits: Doubles, counts: Doubles, kind: str) -> Interval | None:
    """Of sum(hits) / sum(counts), over (G,) independent groups; None of one group or none."""
    sums = map(float, (hits.sum(), counts.sum(), hits @ hits, hits @ counts, counts @ counts))
    return over_groups(Sums(len(hits), *sums), kind)


def over_groups(sums: Sums, kind: str) -> Interval | None:
    """Of hits / counts; None of one group or none.

    Wilson's interval at the number of independent units that would spread as much as the groups
    do, with Student's quantile (Korn and Graubard, Survey Methodology 24:193, 1998). Groups of
    unequal size tell as much as fewer equal ones: Kish's effective number of them counts. Groups
    that do not differ at all are taken for one unit each.
    """
    from scipy.special import stdtrit  # scipy.stats would take 1 s to import

    groups, total = sums.groups, sums.counts
    if groups < 2 or total == 0:
        return None
    value = sums.hits / total
    spread = sums.hits_squared - 2 * value * sums.products + value**2 * sums.counts_squared
    equal = total**2 / sums.counts_squared
    variance = spread * equal / (equal - 1) / total**2
    units = value * (1 - value) / variance if variance > 1e-12 else equal
    student = float(stdtrit(max(equal - 1, _LEAST), 0.975))
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

"""Two samples compared and two columns correlated, with what tiles of one case share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers
from onepixel_gui.analysis.population.units import ALIKE, FEWEST, Doubt, Interval, Tested, doubt

_FEW = 10  # below this on one side p comes from permutations
_LARGE = 1_000  # with more tiles in all the normal approximation holds for _FEW as well
_SHORT = 20  # below this a correlation's p comes from permutations, and it has no interval
_TURN = 1_000  # permutations at a time
_EQUAL = "All values are equal."


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of flipped tiles against held ones.

    median_flipped, median_held:  None where there are none of them.
    delta:      Cliff's: share of pairs in which the flipped one is larger, less the share in which
                it is smaller, -1..1 (equal to the rank-biserial correlation); None for few tiles.
    interval:   of delta, 95 %, by placements of the values (DeLong 1988; added up by case where
                cases are known, Obuchowski 1997).
    test:       Mann-Whitney U, or permutations of the same where tiles are few.
    by_case:    the same hypothesis with tiles of one case taken together; None without cases.
    """

    quantity: str
    unit: str
    flipped: int
    held: int
    median_flipped: float | None
    median_held: float | None
    delta: float | None
    interval: Interval | None
    test: Tested
    by_case: Tested | None


@dataclass(frozen=True, slots=True)
class Correlated:
    """Spearman's rho of two columns; None where one does not vary or tiles are few.

    interval:  of rho, 95 %, on Fisher's scale; by case where cases are known; None of few tiles.
    test:      Student's t of rho, or permutations where tiles are few.
    by_case:   the same with tiles of one case taken together; None without cases.
    """

    quantity: str
    against: str
    rho: float | None
    interval: Interval | None
    test: Tested
    by_case: Tested | None


def midranks(values: NDArray[np.generic]) -> Floats:
    """(N,) 1 to N; equal values share the mean of their ranks."""
    _, index, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Floats = (last - (count - 1) / 2)[index]
    return ranks


# ------------------------------------------------------------------ flipped against held
def compare(
    quantity: str,
    unit: str,
    values: Floats,
    flipped: Bools,
    cases: Integers | None = None,
    *,
    draws: int = 9_999,
    seed: int = 0,
) -> Compared:
    """values, flipped: (N,) one per tile.  cases: (N,) as `clusters` tells them."""
    one, other = values[flipped], values[~flipped]
    n = len(one), len(other)
    medians = (_median(one), _median(other))
    if min(n) < FEWEST:
        why = f"Fewer than {FEWEST} tiles on one side."
        untold = Tested("Mann-Whitney U", n, None, note=why)
        return Compared(quantity, unit, *n, *medians, None, None, untold, None)
    ranks = midranks(values)
    delta, doubted = _cliff(values, ranks, flipped, cases)
    return Compared(
        quantity,
        unit,
        *n,
        *medians,
        delta,
        _fisher(delta, doubted),
        _mann_whitney(ranks, flipped, draws, seed),
        _by_case("Student's t of Cliff's delta", n, delta, cases, doubted),
    )


def _median(values: Floats) -> float | None:
    return float(np.median(values)) if len(values) else None


def _cliff(
    values: Floats, ranks: Floats, flipped: Bools, cases: Integers | None
) -> tuple[float, Doubt | None]:
    """Cliff's delta, and the doubt from placements.

    A value's placement is the share of the other side below it, equal ones half.  Each tile's is
    weighed by N / n of its side, so that the mean over all tiles moves as delta does.
    """
    n, below = len(values), np.empty(len(values))
    sides = int(flipped.sum()), int((~flipped).sum())
    for side, rivals in ((flipped, sides[1]), (~flipped, sides[0])):
        below[side] = (ranks[side] - midranks(values[side])) / rivals
    middle = float(below[flipped].mean())
    lifted = np.where(flipped, below - middle, (1 - middle) - below)
    weights = n / np.where(flipped, sides[0], sides[1])
    return 2 * middle - 1, doubt(2 * weights * lifted, cases, flipped)


def _mann_whitney(ranks: Floats, flipped: Bools, draws: int, seed: int) -> Tested:
    """Two-sided; corrected for ties and continuity where it is asymptotic."""
    n, one = len(ranks), int(flipped.sum())
    sides = one, n - one
    few = min(sides) < _FEW and n <= _LARGE
    name = f"Mann-Whitney U, {draws:,} permutations" if few else "Mann-Whitney U"
    variance = float(ranks.var()) * one * (n - one) / (n - 1)
    if variance == 0:
        return Tested(name, sides, None, note=_EQUAL)
    off = abs(float(ranks[flipped].sum()) - one * (n + 1) / 2)
    if few:
        beyond = _beyond(ranks, one, off, draws, np.random.default_rng(seed))
        return Tested(name, sides, (1 + beyond) / (1 + draws), draws=draws, seed=seed)
    from scipy.special import ndtr

    p = 2 * float(ndtr(-max(off - 0.5, 0.0) / variance**0.5))
    return Tested(name, sides, min(p, 1.0))


def _beyond(ranks: Floats, one: int, off: float, draws: int, rng: np.random.Generator) -> int:
    """How many random choices of `one` tiles have a sum of ranks as far off as theirs."""
    count, middle = 0, one * (len(ranks) + 1) / 2
    for start in range(0, draws, _TURN):
        keys = rng.random((min(_TURN, draws - start), len(ranks)))
        chosen = np.argpartition(keys, one - 1, axis=1)[:, :one]
        count += int((np.abs(ranks[chosen].sum(1) - middle) >= off - 1e-9).sum())
    return count


# ------------------------------------------------------------------ correlation
def correlate(
    quantity: str,
    against: str,
    first: Floats,
    second: Floats,
    cases: Integers | None = None,
    *,
    draws: int = 9_999,
    seed: int = 0,
) -> Correlated:
    """Two columns (N,) of tiles; rows in which one is NaN do not count.  cases: as of `compare`."""
    known = ~(np.isnan(first) | np.isnan(second))
    if not known.all():
        cases = None if cases is None else np.unique(cases[known], return_inverse=True)[1]
        first, second = first[known], second[known]
    n = len(first)
    name = f"Spearman, {draws:,} permutations" if n < _SHORT else "Spearman"
    if n < FEWEST or _constant(first) or _constant(second):
        why = f"Fewer than {FEWEST} tiles." if n < FEWEST else _EQUAL
        return Correlated(
            quantity, against, None, None, Tested("Spearman", (n,), None, note=why), None
        )
    one, other = _standard(midranks(first)), _standard(midranks(second))
    rho = float(np.clip((one * other).mean(), -1, 1))
    student = "Student's t of Spearman's rho"
    if n < _SHORT:
        p = _shuffled(one, other, rho, draws, np.random.default_rng(seed))
        test = Tested(name, (n,), p, draws=draws, seed=seed)
        return Correlated(quantity, against, rho, None, test, _too_few(student, n, cases))
    # What each tile adds to rho (its influence function), the means and spreads being estimates.
    doubted = doubt(one * other - rho * (one**2 + other**2) / 2, cases)
    test = Tested(name, (n,), _student(rho, n))
    by_case = _by_case(student, (n,), rho, cases, doubted)
    return Correlated(quantity, against, rho, _fisher(rho, doubted), test, by_case)


def _too_few(name: str, n: int, cases: Integers | None) -> Tested | None:
    """Influences are no guide to so few tiles: intervals and tests by case would be too sure."""
    if cases is None:
        return None
    note = f"Fewer than {_SHORT} tiles."
    return Tested(f"{name}, clustered by case", (n,), None, int(cases.max()) + 1, note=note)


def _constant(values: Floats) -> bool:
    return bool((values == values[0]).all())


def _standard(ranks: Floats) -> Floats:
    standard: Floats = (ranks - ranks.mean()) / ranks.std()
    return standard


def _student(rho: float, n: int) -> float:
    from scipy.special import stdtr

    if abs(rho) >= 1:
        return 0.0
    return float(2 * stdtr(n - 2, -abs(rho) * ((n - 2) / (1 - rho**2)) ** 0.5))


def _shuffled(
    one: Floats, other: Floats, rho: float, draws: int, rng: np.random.Generator
) -> float:
    orders = rng.random((draws, len(one))).argsort(axis=1)
    drawn = (one * other[orders]).mean(axis=1)
    return (1 + int((np.abs(drawn) >= abs(rho) - 1e-9).sum())) / (1 + draws)


# ------------------------------------------------------------------ both
def _fisher(value: float, doubted: Doubt | None) -> Interval | None:
    """An interval that stays within -1..1: symmetric on Fisher's scale."""
    if doubted is None or abs(value) >= 1:
        return None
    middle, reach = np.arctanh(value), doubted.reach / (1 - value**2)
    low, high = np.tanh([middle - reach, middle + reach])
    return Interval(float(low), float(high), f"{doubted.kind}, on Fisher's scale")


def _by_case(
    name: str,
    n: tuple[int, ...],
    estimate: float,
    cases: Integers | None,
    doubted: Doubt | None,
) -> Tested | None:
    if cases is None:
        return None
    clustered = int(cases.max()) + 1
    title = f"{name}, clustered by case"
    if doubted is None:
        return Tested(title, n, None, clustered, note=ALIKE)
    return Tested(title, n, doubted.p(estimate), clustered)

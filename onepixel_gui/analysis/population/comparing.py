"""Two samples compared and two columns correlated, with what tiles of one case share."""

from dataclasses import dataclass

from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers
from onepixel_gui.analysis.population.units import Interval, Tested


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of flipped tiles against held ones.

    median_flipped, median_held:  None where there are none of them.
    delta:      Cliff's: share of pairs in which the flipped one is larger, less the share in which
                it is smaller, -1..1 (equal to the rank-biserial correlation); None if n too small.
    interval:   of delta, 95 %, by placements of the values (DeLong 1988; summed by case where
                cases are known, Obuchowski 1997).
    test:       Mann-Whitney U, or permutations of the same where few or tied.
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
    """Spearman's rho of two columns; None where one does not vary or n is too small."""

    quantity: str
    against: str
    rho: float | None
    test: Tested


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
    raise NotImplementedError


def correlate(
    quantity: str,
    against: str,
    first: Floats,
    second: Floats,
    *,
    draws: int = 9_999,
    seed: int = 0,
) -> Correlated:
    """Two columns (N,) of tiles."""
    raise NotImplementedError

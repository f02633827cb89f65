"""Where the pixels sit: counts over positions, and their distance from the centre."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.comparing import Compared
from onepixel_gui.analysis.population.outcomes import Floats, Integers, Outcomes
from onepixel_gui.analysis.population.units import Interval, Part, Tested


@dataclass(frozen=True, slots=True, eq=False)
class Centred:
    """Distances from the window's centre against a position drawn uniformly from the window.

    mean, expected:  px.   ratio: mean / expected, the effect size: below 1 nearer the centre.
    interval:        of the ratio, 95 %, by case where cases are known.
    test:            of the mean against its exact null.
    by_case:         the same with tiles of one case taken together; None without cases.
    kolmogorov:      largest difference of the two distribution functions, with its own test.
    edges:           (B + 1,) px, of rings of equal width.  counts, expected_counts: (B,).
    Numbers are None for n = 0, p for n < 5.
    """

    part: Part
    n: int
    mean: float | None
    expected: float
    ratio: float | None
    interval: Interval | None
    test: Tested
    by_case: Tested | None
    distance: float | None
    kolmogorov: Tested
    edges: Floats
    counts: Integers
    expected_counts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """One run per tile.

    runs:       (N,) numbers of the runs.   distances: (N,) px from the centre.
    all, flipped, held:  (H, W) counts.   centred: in the same three parts.
    compared:   distance of flipped against held.
    outside:    how many positions lie in no window of this size and were left out.
    """

    runs: Integers
    distances: Floats
    all: NDArray[np.int64]
    flipped: NDArray[np.int64]
    held: NDArray[np.int64]
    centred: tuple[Centred, ...]
    compared: Compared
    outside: int


def places(outcomes: Outcomes, *, draws: int = 9_999, seed: int = 0) -> Places:
    """Of all tiles; for one direction hand in `outcomes.some(direction.which)`."""
    raise NotImplementedError


def centre_distances(window: tuple[int, int]) -> Floats:
    """(H, W) px from each pixel's middle to the middle of the window."""
    raise NotImplementedError

"""The four metrics of Su et al. (arXiv 1710.08864, section 4), their costs, and ANVP."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread
from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.analysis.population.rates import Rate


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """From-to counts of tiles, over the classes that occur.

    counts:  (C, C) tiles answered `classes[row]` that reached `classes[column]` with any seed.
    tried:   (C,) tiles answered so.  as_origin: (C,) of these that flipped.
    as_target:  (C,) tiles that reached this class.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    tried: NDArray[np.int64]
    as_origin: NDArray[np.int64]
    as_target: NDArray[np.int64]

    def rate(self, origin: int, target: int) -> Rate:
        """With its Wilson interval; n = 0 where no tile was answered so."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The unit is the tile: over its seeds, costs are averaged and successes joined.

    success:          derived from ours: untargeted, any seed.
    confidence:       in the class reached, of tiles that flipped (mean over their flips); None
                      where nothing flipped or `confidence_note` says why it is not known.
    reached:          (K,) tiles by the number of different classes reached, 0 to K - 1.
    queries, first_flip:  of all tiles; of those that flipped, until first seen.
    distortion, channels:  mean |change| per channel over flipped tiles, 0-255: averaged over
                      the three channels as Su et al. do, and each; None where nothing flipped.
    vulnerable:       flipping positions per tile (ANVP is its mean); None of searches.
    vulnerable_share: ANVP / positions of the window, 0-1.
    """

    success: Rate
    confidence: Spread | None
    confidence_note: str
    reached: NDArray[np.int64]
    matrix: Matrix
    queries: Spread | None
    first_flip: Spread | None
    distortion: Spread | None
    channels: tuple[float, float, float] | None
    vulnerable: Spread | None
    vulnerable_share: float | None


def metrics(outcomes: Outcomes, *, resamples: int = 2_000, seed: int = 0) -> Metrics:
    """Of one classifier and attack."""
    raise NotImplementedError

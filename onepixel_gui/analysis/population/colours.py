"""How much colour changes: per channel, as a length in RGB and as seen by eye."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread
from onepixel_gui.analysis.population.comparing import Compared, Correlated
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """change: (N, 3) after minus before, -255..255.  euclidean: (N,) 0..441.67.

    ciede2000:  (N,) CIE 142-2001, sRGB under D65.
    """

    change: NDArray[np.int16]
    euclidean: Floats
    ciede2000: Floats


def differences(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Differences:
    """before, after: (N, 3) sRGB."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class Chromatic:
    """One run per tile; arrays have a row for each, in the same order.

    runs:        (N,) numbers of the runs.  flipped: (N,).
    before, after:  (N, 3) colours, for a scatter.
    channels:    of `change` per channel: (all, flipped, held) spreads; None for n = 0.
    compared:    flipped against held: Euclidean, CIEDE2000, then each channel (signed).
    correlated:  Euclidean and CIEDE2000 with the size of the change of confidence, and of logit.
    """

    runs: Integers
    flipped: Bools
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    differences: Differences
    channels: tuple[tuple[Spread | None, Spread | None, Spread | None], ...]
    compared: tuple[Compared, ...]
    correlated: tuple[Correlated, ...]


def chromatic(outcomes: Outcomes, *, draws: int = 9_999, seed: int = 0) -> Chromatic:
    """Of all tiles; for one direction hand in `outcomes.some(direction.which)`."""
    raise NotImplementedError

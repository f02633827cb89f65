"""Periods of the sensitivity over many tiles, against nulls, and the classifier's strides."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.periodicity import Axis
from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.attack.probe import Swept

Doubles = NDArray[np.float64]
MODULI = (2, 4, 8)


@dataclass(frozen=True, slots=True, eq=False)
class ClassMeans:
    """Sensitivity of the positions with equal remainder, over tiles.

    relative:   (m,) mean over tiles of |logit change| there by that of the whole tile: 1 is usual.
    low, high:  (m,) 95 % t interval over tiles, or over cases where they are known; nan below 2.
    mean:       (m,) the same in logits, not divided.
    """

    modulus: int
    relative: Doubles
    low: Doubles
    high: Doubles
    mean: Doubles


@dataclass(frozen=True, slots=True)
class Explained:
    """How much of a profile the phase modulo one stride explains.

    share:     of the variance of the linearly detrended mean profile, 0-1.
    expected:  mean, and null: 95th percentile of that share when positions are shuffled.
    short:     share of the power at periods up to 8 px that lies at the stride and its
               harmonics; None where the window is no multiple of the stride.
    p:         share of shuffles with at least so much, never 0.
    """

    stride: int
    share: float
    expected: float
    null: float
    short: float | None
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class PopulationSpectrum:
    """One axis of the mean sensitivity of N tiles.

    profile:    (H,) or (W,) mean of |logit change|.
    period:     (F,) pixels, from longest to shortest (2 px).
    power:      (F,) of the linearly detrended mean profile, in logit squared.
    null:       (F,) 95th percentile of it when the positions of each tile are shuffled.
    locked:     (F,) power by what it would be if each tile had the period with a phase of its own;
                1 is chance.   locked_null: (F,) the 95th percentile of that.
    strongest:  of periods up to 8 px the one most locked, px; None if the window has none.
    p:          two-sided over all these periods: share of random shifts of every tile whose most
                locked period is at least so much locked; None below 5 tiles.
    classes:    of each of MODULI that fits the window.
    explained:  of each stride of the classifier from 2 px up that fits the window.
    """

    axis: Axis
    profile: Doubles
    period: Doubles
    power: Doubles
    null: Doubles
    locked: Doubles
    locked_null: Doubles
    strongest: float | None
    p: float | None
    classes: tuple[ClassMeans, ...]
    explained: tuple[Explained, ...]

    @property
    def beyond_null(self) -> bool:
        return self.p is not None and self.p <= 0.05


@dataclass(frozen=True, slots=True, eq=False)
class PopulationPeriods:
    """tiles, cases (0: nobody said), shifts and shuffles drawn from seed; other: not counted."""

    row: PopulationSpectrum
    column: PopulationSpectrum
    tiles: int
    cases: int
    shuffles: int
    shifts: int
    seed: int
    other: int


class Periodicities:
    """Takes one sweep at a time and keeps its two profiles alone."""

    def __init__(self, strides: tuple[int, ...] = (), seed: int = 0) -> None:
        """strides: of the classifier, in px; () unknown."""
        raise NotImplementedError

    def add(self, swept: Swept, case: int = -1) -> None:
        raise NotImplementedError

    def result(self) -> PopulationPeriods | None:
        """None of no tiles."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """Where found pixels lie modulo m, one of each tile.

    counts:    (m,) of N pixels by remainder.  expected: (m,) of positions drawn evenly.
    statistic: chi-square.  p: None of no pixels.
    test:      "chi-square", or "chi-square, Monte Carlo" where fewer than 5 are expected.
    """

    axis: Axis
    modulus: int
    counts: NDArray[np.int64]
    expected: Doubles
    n: int
    statistic: float
    p: float | None
    test: Literal["chi-square", "chi-square, Monte Carlo"]


def phases(outcomes: Outcomes, *, seed: int = 0) -> tuple[Phases, ...]:
    """Rows and columns modulo each of MODULI that fits the window.

    Of several runs of a tile the first counts: seeds are not independent tiles.
    """
    raise NotImplementedError

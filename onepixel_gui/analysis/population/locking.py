"""Do many tiles agree on a period? Against each of them shifted around the window at random.

Shuffled positions make a null that ordinary pictures beat: whatever is as wide as a few pixels has
more power at long periods than single pixels have. A shift leaves each tile as it is, and takes
away only what the tiles have in common: the grid of the window, on which a classifier's strides
stand. Our choice; no paper states one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

SHIFTS = 999
FEWEST = 5  # tiles that a test over tiles needs
MANY = 300  # tiles from which the sum of shifted periods is normal
_HELD = 200_000  # numbers of a draw at once


@dataclass(frozen=True, slots=True, eq=False)
class Locking:
    """Of the periods H, H/2, ... px.

    locked:  (F,) power that the tiles have together, by what it would be if each had the period
             with a phase of its own: 1 is chance, their number is complete agreement.
    null:    (SHIFTS, F) the same of shifted tiles; None below FEWEST.
    """

    locked: Doubles
    null: Doubles | None

    @property
    def usual(self) -> Doubles:
        """(F,) 95th percentile of the null; nan where there is none."""
        if self.null is None:
            return np.full(len(self.locked), np.nan)
        percentile: Doubles = np.percentile(self.null, 95, axis=0)
        return percentile

    def strongest(self, which: NDArray[np.bool_]) -> int | None:
        """Index of the most locked of these (F,) periods; None of none."""
        return int(np.flatnonzero(which)[self.locked[which].argmax()]) if which.any() else None

    def p_of_strongest(self, which: NDArray[np.bool_]) -> float | None:
        """Share of shifts whose most locked of these periods is at least so much locked."""
        if self.null is None or not which.any():
            return None
        return _p(self.null[:, which].max(axis=1), float(self.locked[which].max()))

    def p_of_all(self, which: NDArray[np.bool_]) -> float | None:
        """Share of shifts in which these periods are on average at least so much locked."""
        if self.null is None or not which.any():
            return None
        return _p(self.null[:, which].mean(axis=1), float(self.locked[which].mean()))


def _p(null: Doubles, seen: float) -> float:
    """Never 0 (Davison and Hinkley, Bootstrap Methods, 1997, equation 4.11)."""
    return float(((null >= seen * (1 - 1e-9)).sum() + 1) / (len(null) + 1))


def locking(profiles: Doubles, rng: np.random.Generator) -> Locking:
    """profiles: (N, H) of the tiles. Made level and tapered (Hann): borders have no say."""
    from scipy.signal import detrend
    from scipy.signal.windows import hann

    length = profiles.shape[1]
    tapered = detrend(profiles, axis=1) * hann(length + 2)[1:-1]
    waves = np.fft.rfft(tapered, axis=1)[:, 1:]
    alone = (np.abs(waves) ** 2).sum(axis=0)
    locked = _by(np.abs(waves.sum(axis=0)) ** 2, alone)
    if len(profiles) < FEWEST:
        return Locking(locked, None)
    power = _normal(alone, length, rng) if len(waves) > MANY else _drawn(waves, length, rng)
    return Locking(locked, _by(power, alone))


def _by(power: Doubles, alone: Doubles) -> Doubles:
    """Of a period that no tile has: 0."""
    return np.divide(power, alone, out=np.zeros_like(power), where=alone > 1e-20)


def _drawn(waves: NDArray[np.complex128], length: int, rng: np.random.Generator) -> Doubles:
    """(SHIFTS, F) power of the sum over tiles, each shifted by a whole number of pixels."""
    tiles, lines = waves.shape
    turns = np.exp(-2j * np.pi * np.arange(length) / length)
    order = np.arange(1, lines + 1)
    power, at_once = np.empty((SHIFTS, lines)), max(1, _HELD // waves.size)
    for start in range(0, SHIFTS, at_once):
        part = power[start : start + at_once]
        shift = rng.integers(0, length, (len(part), tiles, 1))
        part[:] = np.abs((waves * turns[shift * order % length]).sum(axis=1)) ** 2
    return power


def _normal(alone: Doubles, length: int, rng: np.random.Generator) -> Doubles:
    """The same in the limit of many tiles, where periods are independent of each other."""
    real, imaginary = rng.standard_normal((2, SHIFTS, len(alone)))
    power: Doubles = (real**2 + imaginary**2) / 2 * alone
    if length % 2 == 0:  # the period of 2 px has a sign and no phase
        power[:, -1] = real[:, -1] ** 2 * alone[-1]
    return power

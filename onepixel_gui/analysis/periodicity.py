"""Periods of row and column sensitivity, against maps whose positions were shuffled."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Floats

Doubles = NDArray[np.float64]
Axis = Literal["row", "column"]

SHORT = 8.0  # px: longer periods are the object's own shape (METHODS 1.5)


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Power of one profile by period.

    period:     (F,) pixels, from longest to shortest (2 px).
    power:      (F,) of the linearly detrended profile, in logit squared.
    null:       (F,) the 95th percentile of the same power over position-shuffled maps.
    strongest:  among periods up to 8 px, the one of largest power, in px; None if none is so short.
    share:      of the shuffled maps, those whose strongest short period has less power, 0-1.
    """

    axis: Axis
    period: Doubles
    power: Doubles
    null: Doubles
    strongest: float | None
    share: float

    @property
    def beyond_null(self) -> bool:
        """The strongest short period has more power than that of 95 % of shuffled maps."""
        return self.strongest is not None and self.share >= 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """shuffles, seed: how the null was drawn (our choice; no paper states one)."""

    row: Spectrum
    column: Spectrum
    shuffles: int
    seed: int


def periods(change: Floats, *, shuffles: int = 400, seed: int = 0) -> Periods:
    """Spectra of both profiles of |logit change|, each against its shuffled null.

    change: (H, W) signed logit change of largest size.  All positions are shuffled together, so
    the null keeps every value and loses every place.
    """
    size = np.abs(change.astype(np.float64))
    rng = np.random.default_rng(seed)
    flat, (height, width) = size.ravel(), size.shape
    rows, columns = np.empty((shuffles, height)), np.empty((shuffles, width))
    for turn in range(shuffles):
        shuffled = flat[rng.permutation(flat.size)].reshape(height, width)
        rows[turn], columns[turn] = shuffled.mean(axis=1), shuffled.mean(axis=0)
    return Periods(
        _spectrum("row", size.mean(axis=1), rows),
        _spectrum("column", size.mean(axis=0), columns),
        shuffles,
        seed,
    )


def _spectrum(axis: Axis, profile: Doubles, null: Doubles) -> Spectrum:
    frequency, power = power_spectrum(profile)
    _, shuffled = power_spectrum(null)
    period = 1.0 / frequency
    short = period <= SHORT + 1e-9
    if not short.any():
        return Spectrum(axis, period, power, np.percentile(shuffled, 95, axis=0), None, 0.0)
    strongest = float(period[short][power[short].argmax()])
    rivals = shuffled[:, short].max(axis=1)
    share = float((rivals < power[short].max()).mean())
    return Spectrum(axis, period, power, np.percentile(shuffled, 95, axis=0), strongest, share)


def power_spectrum(profile: Doubles) -> tuple[Doubles, Doubles]:
    """One-sided spectrum without its zero frequency; works along the last axis.

    Each line is the mean square of that period alone, so all lines add up to the variance.
    """
    from scipy.signal import periodogram  # 0.9 s to import: the window is on the screen before

    frequency, power = periodogram(profile, detrend="linear", scaling="spectrum")
    return frequency[1:], power[..., 1:]

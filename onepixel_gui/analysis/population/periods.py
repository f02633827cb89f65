"""Periods of the sensitivity over many tiles, against nulls, and the classifier's strides."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.periodicity import SHORT, Axis, power_spectrum
from onepixel_gui.analysis.population import locking
from onepixel_gui.analysis.population.maps import largest_size
from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.analysis.population.units import CASES, doubt, one_per_tile
from onepixel_gui.attack.probe import Swept

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

MODULI = (2, 4, 8)
SHUFFLES = 1_999
DRAWS = 9_999


@dataclass(frozen=True, slots=True, eq=False)
class ClassMeans:
    """Sensitivity of the positions with equal remainder, over tiles.

    relative:   (m,) mean over tiles of |logit change| there by that of the whole tile: 1 is usual.
    low, high:  (m,) its 95 % interval (Student's t) over tiles, or over cases where they are known
                and there are `CASES`; nan below 2, and where one case has nearly all tiles.
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
    p:         share of shuffles with at least so much, never 0.  Whatever is a few pixels wide
               beats these as well: that tiles agree on the stride is told by `locked_p`.
    short:     share of the power at periods up to 8 px that lies at the stride and its parts;
               None where the window is no multiple of the stride.
    locked_p:  share of random shifts of every tile that lock these periods at least so much on
               average, never 0; None also below `locking.FEWEST` tiles.
    """

    stride: int
    share: float
    expected: float
    null: float
    p: float
    short: float | None
    locked_p: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PopulationSpectrum:
    """One axis of the mean sensitivity of N tiles.

    profile:    (H,) or (W,) mean of |logit change|.
    period:     (F,) pixels, from longest to shortest (2 px).
    power:      (F,) of the linearly detrended mean profile, in logit squared.
    null:       (F,) 95th percentile of it when the positions of each tile are shuffled.
    locked:     (F,) the power that the tiles have together, by what it would be if each had the
                period with a phase of its own: 1 is chance, N complete agreement.  Of profiles
                relative to the tile's mean, tapered (Hann) against edges.
    locked_null:  (F,) the 95th percentile of that when each tile is shifted at random; nan below
                `locking.FEWEST` tiles.
    strongest:  of periods up to 8 px the one most locked, px; None if the window has none.
    p:          share of such shifts whose most locked period up to 8 px is at least so much locked,
                never 0; None below `locking.FEWEST` tiles.
    classes:    of each of MODULI that fits the window twice.
    explained:  of each stride of the classifier from 2 px up that fits the window twice.
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
        """The tiles agree on a short period, at an error rate of 5 %."""
        return self.p is not None and self.p <= 0.05


@dataclass(frozen=True, slots=True, eq=False)
class PopulationPeriods:
    """cases: how many, where every one is known; else 0.   other: sweeps of another window.

    shuffles, shifts:  how often the two nulls were drawn, from seed (our choices).
    """

    row: PopulationSpectrum
    column: PopulationSpectrum
    tiles: int
    cases: int
    shuffles: int
    shifts: int
    seed: int
    other: int


class Periodicities:
    """Takes one sweep at a time and keeps its two profiles. The first says which window counts."""

    def __init__(self, strides: tuple[int, ...] = (), seed: int = 0) -> None:
        """strides: of the classifier, in px; () unknown."""
        self._strides, self._seed = strides, seed
        self._shape: tuple[int, ...] = ()
        self._rows: list[Doubles] = []
        self._columns: list[Doubles] = []
        self._variances: list[float] = []
        self._cases: list[int] = []
        self._other = 0

    def add(self, swept: Swept, case: int = -1) -> None:
        """case: of its tile, -1 where nobody said."""
        size = largest_size(swept)
        self._shape = self._shape or size.shape
        if size.shape != self._shape:
            self._other += 1
            return
        self._rows.append(size.mean(axis=1))
        self._columns.append(size.mean(axis=0))
        self._variances.append(float(size.var()))
        self._cases.append(case)

    def result(self) -> PopulationPeriods | None:
        """None of no tiles."""
        if not self._rows:
            return None
        cases = np.array(self._cases)
        known = 0 if (cases < 0).any() else len(np.unique(cases))
        tiles = _Tiles(
            cases if known >= CASES else None,
            float(np.sum(self._variances)) / len(cases) ** 2,
            int(np.prod(self._shape)),
            tuple(stride for stride in self._strides if stride >= 2),
            self._seed,
        )
        return PopulationPeriods(
            _spectrum("row", np.array(self._rows), tiles),
            _spectrum("column", np.array(self._columns), tiles),
            len(cases),
            known,
            SHUFFLES,
            locking.SHIFTS,
            self._seed,
            self._other,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Tiles:
    """What both axes need.

    variance: of one position of the mean map, if the positions of the tiles did not matter.
    """

    groups: Integers | None
    variance: float
    positions: int
    strides: tuple[int, ...]
    seed: int


def _spectrum(axis: Axis, profiles: Doubles, tiles: _Tiles) -> PopulationSpectrum:
    """profiles: (N, H) of the tiles."""
    mean, length = profiles.mean(axis=0), profiles.shape[1]
    rng = np.random.default_rng((tiles.seed, axis == "column"))
    shuffled = _shuffled(length, tiles, rng)
    frequency, power = power_spectrum(mean)
    null = np.percentile(power_spectrum(shuffled)[1], 95, axis=0)
    whole = profiles.mean(axis=1, keepdims=True)
    relative = np.divide(profiles, whole, out=np.ones_like(profiles), where=whole > 0)
    agreed, short = locking.locking(relative, rng), 1 / frequency <= SHORT + 1e-9
    strongest = agreed.strongest(short)
    return PopulationSpectrum(
        axis,
        mean,
        1 / frequency,
        power,
        null,
        agreed.locked,
        agreed.usual,
        None if strongest is None else float(1 / frequency[strongest]),
        agreed.p_of_strongest(short),
        tuple(
            _classes(modulus, profiles, relative, tiles.groups)
            for modulus in MODULI
            if 2 * modulus <= length
        ),
        _explanations(mean, shuffled, agreed, tiles.strides),
    )


def _shuffled(length: int, tiles: _Tiles, rng: np.random.Generator) -> Doubles:
    """(SHUFFLES, H) mean profiles as they are when the positions of every tile are shuffled.

    A mean over so many values is normal, and its moments follow from drawing without replacement
    (Cochran, Sampling Techniques, 1977, theorem 2.2): nothing needs to be shuffled.
    But for their own mean, which is not looked at: they should all have that of the tiles.
    """
    scale = np.sqrt(tiles.variance * length / max(tiles.positions - 1, 1))
    return rng.normal(0.0, scale, (SHUFFLES, length))


# ------------------------------------------------------------------ remainders
def _classes(
    modulus: int, profiles: Doubles, relative: Doubles, groups: Integers | None
) -> ClassMeans:
    parts = [relative[:, phase::modulus].mean(axis=1) for phase in range(modulus)]
    mean = profiles.mean(axis=0)
    values, reach = _student(np.stack(parts, axis=1), groups)
    absolute = np.array([mean[phase::modulus].mean() for phase in range(modulus)])
    return ClassMeans(modulus, values, values - reach, values + reach, absolute)


def _student(values: Doubles, groups: Integers | None) -> tuple[Doubles, Doubles]:
    """(mean, half of its 95 % interval) of (N, m) values, over groups where there are any.

    nan where that cannot be told.
    """
    mean, reach = values.mean(axis=0), np.full(values.shape[1], np.nan)
    own = None if groups is None else np.unique(groups, return_inverse=True)[1]
    if len(values) > 1:
        for column, off in enumerate((values - mean).T):
            doubted = doubt(off, own)
            if doubted is not None:
                reach[column] = doubted.reach
            elif np.ptp(off) <= 1e-12:
                reach[column] = 0.0
    return mean, reach


def _explanations(
    mean: Doubles, shuffled: Doubles, agreed: locking.Locking, strides: tuple[int, ...]
) -> tuple[Explained, ...]:
    from scipy.signal import detrend

    level, null = detrend(mean[None], axis=1), detrend(shuffled, axis=1)
    fitting = [stride for stride in strides if 2 * stride <= len(mean)]
    return tuple(_explained(stride, mean, level, null, agreed) for stride in fitting)


def _explained(
    stride: int, mean: Doubles, level: Doubles, shuffled: Doubles, agreed: locking.Locking
) -> Explained:
    """level, shuffled: (1, H) and (SHUFFLES, H) profiles without their linear trend."""
    share = float(_phase_share(level, stride)[0])
    null = _phase_share(shuffled, stride)
    # A profile without any variance has none to explain; its shuffles neither.
    p = float(((null >= share).sum() + 1) / (len(null) + 1))
    return Explained(
        stride,
        share,
        float(null.mean()),
        float(np.percentile(null, 95)),
        p,
        *_short(mean, stride, agreed),
    )


def _phase_share(profiles: Doubles, stride: int) -> Doubles:
    """(N,) share of the variance of (N, H) level profiles between phases modulo the stride."""
    between = np.zeros(len(profiles))
    for phase in range(stride):
        part = profiles[:, phase::stride]
        between += part.shape[1] * part.mean(axis=1) ** 2
    total = (profiles**2).sum(axis=1)
    shares: Doubles = np.divide(between, total, out=np.zeros_like(total), where=total > 1e-20)
    return shares


def _short(
    mean: Doubles, stride: int, agreed: locking.Locking
) -> tuple[float | None, float | None]:
    """The share of the short periods that lies at the stride and its parts, and its p."""
    frequency, power = power_spectrum(mean)
    short = 1 / frequency <= SHORT + 1e-9
    total = float(power[short].sum())
    if len(mean) % stride or total <= 1e-20:
        return None, None
    of_it = short & (np.arange(1, len(power) + 1) % (len(mean) // stride) == 0)
    return float(power[of_it].sum() / total), agreed.p_of_all(of_it)


# ------------------------------------------------------------------ where searches found pixels
@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """Where found pixels lie modulo m, one of each tile.

    counts:    (m,) of N pixels by remainder.  expected: (m,) of positions drawn evenly.
    statistic: chi-square.  p: None of no pixels.
    test:      "chi-square", or "chi-square, Monte Carlo" where fewer than 5 are expected.
    """

    axis: Axis
    modulus: int
    counts: Integers
    expected: Doubles
    n: int
    statistic: float
    p: float | None
    test: Literal["chi-square", "chi-square, Monte Carlo"]


def phases(outcomes: Outcomes) -> tuple[Phases, ...]:
    """Rows and columns modulo each of MODULI that fits the window twice.

    One run of each tile counts: seeds are not independent tiles.
    """
    positions = one_per_tile(outcomes).position
    axes: tuple[tuple[Axis, int], ...] = (("row", 0), ("column", 1))
    return tuple(
        _phases(axis, modulus, positions[:, index], outcomes.window[index])
        for axis, index in axes
        for modulus in MODULI
        if 2 * modulus <= outcomes.window[index]
    )


def _phases(axis: Axis, modulus: int, places: Integers, length: int) -> Phases:
    from scipy.special import chdtrc  # scipy.stats would take 1 s to import

    n = len(places)
    counts = np.bincount(places % modulus, minlength=modulus)
    even = np.bincount(np.arange(length) % modulus) / length
    expected = n * even
    if n == 0:
        return Phases(axis, modulus, counts, expected, 0, 0.0, None, "chi-square")
    statistic = float(((counts - expected) ** 2 / expected).sum())
    if expected.min() >= 5:
        p = float(chdtrc(modulus - 1, statistic))
        return Phases(axis, modulus, counts, expected, n, statistic, p, "chi-square")
    drawn = np.random.default_rng(0).multinomial(n, even, DRAWS)
    rivals = ((drawn - expected) ** 2 / expected).sum(axis=1)
    p = float(((rivals >= statistic * (1 - 1e-9)).sum() + 1) / (DRAWS + 1))
    return Phases(axis, modulus, counts, expected, n, statistic, p, "chi-square, Monte Carlo")

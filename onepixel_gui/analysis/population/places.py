"""Where the pixels sit: counts over positions, and their distance from the centre."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.comparing import Compared, compare
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.units import (
    FEWEST,
    PARTS,
    Doubt,
    Interval,
    Part,
    Tested,
    clusters,
    doubt,
    one_per_tile,
    part_of,
    tested_by_case,
)

RINGS = 16
_OF_MEAN = "mean distance against uniform positions"
_APART = "Kolmogorov-Smirnov"
_DRAWS, _SEED = 9_999, 0
_NORMAL = 50  # from this many tiles on the mean is as good as normally distributed


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


def places(outcomes: Outcomes) -> Places:
    """Of all tiles; for one direction hand in `outcomes.some(direction.which)`."""
    tiles = one_per_tile(outcomes)
    height, width = tiles.window
    row, column = tiles.position.T
    within = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    outside = int((~within).sum())
    if outside:
        tiles = tiles.some(within)
        row, column = tiles.position.T
    null = centre_distances(tiles.window)
    distances = null[row, column]
    cases, _ = clusters(tiles.case)
    flat = np.sort(null, axis=None)
    return Places(
        tiles.run,
        distances,
        _counts(tiles, "all"),
        _counts(tiles, "flipped"),
        _counts(tiles, "held"),
        tuple(
            _centred(part, distances, part_of(tiles, part), tiles.case, flat)
            for part in PARTS
        ),
        compare("distance from the centre", "px", distances, tiles.flipped, cases),
        outside,
    )  # fmt: skip


def centre_distances(window: tuple[int, ...]) -> Floats:
    """(H, W) px from each pixel's middle to the middle of the window."""
    rows, columns = (np.arange(size) + 0.5 - size / 2 for size in window)
    distances: Floats = np.hypot(rows[:, None], columns)
    return distances


def _counts(tiles: Outcomes, part: Part) -> NDArray[np.int64]:
    height, width = tiles.window
    row, column = tiles.position[part_of(tiles, part)].T
    flat = np.bincount(row * width + column, minlength=height * width)
    return flat.reshape(height, width)


def _centred(
    part: Part,
    distances: Floats,
    which: Bools,
    cases: Integers,
    null: Floats,
) -> Centred:
    """null: sorted distances of all positions."""
    found, expected = distances[which], float(null.mean())
    n, mean = len(found), float(found.mean()) if len(found) else None
    edges = np.linspace(0, float(null[-1]) or 1.0, RINGS + 1)
    ratio = mean / expected if mean is not None and expected else None
    interval = by_case = largest = None
    if mean is None or ratio is None or n < FEWEST or null[0] == null[-1]:
        why = f"Fewer than {FEWEST} tiles." if n < FEWEST else "All positions are as far."
        test, kolmogorov = (Tested(name, (n,), None, note=why) for name in (_OF_MEAN, _APART))
    else:
        groups, _ = clusters(cases[which])
        doubted = doubt(found - mean, groups)
        interval = _ratio(ratio, expected, doubted)
        test = _of_mean(found, null)
        by_case = tested_by_case("mean distance", mean - expected, n, doubted, groups)
        largest, kolmogorov = _kolmogorov(found, null)
    rings = np.histogram(found, edges)[0]
    expected_rings = np.histogram(null, edges)[0] * (n / len(null))
    return Centred(
        part, n, mean, expected, ratio, interval, test, by_case, largest, kolmogorov,
        edges, rings, expected_rings,
    )  # fmt: skip


def _ratio(ratio: float, expected: float, doubted: Doubt | None) -> Interval | None:
    if doubted is None:
        return None
    reach = doubted.reach / expected
    return Interval(max(ratio - reach, 0.0), ratio + reach, doubted.kind)


def _of_mean(found: Floats, null: Floats) -> Tested:
    """Of the mean distance, against means of as many positions drawn uniformly."""
    n, name = len(found), _OF_MEAN
    off = abs(float(found.mean() - null.mean()))
    if n < _NORMAL:
        rng = np.random.default_rng(_SEED)
        means = null[rng.integers(len(null), size=(_DRAWS, n))].mean(axis=1)
        beyond = int((np.abs(means - null.mean()) >= off - 1e-9).sum())
        p = (1 + beyond) / (1 + _DRAWS)
        return Tested(f"{name}, {_DRAWS:,} draws", (n,), p, draws=_DRAWS, seed=_SEED)
    from scipy.special import ndtr

    p = 2 * float(ndtr(-off * n**0.5 / float(null.std())))
    return Tested(f"{name}, normal approximation", (n,), p)


def _kolmogorov(found: Floats, null: Floats) -> tuple[float, Tested]:
    """Largest difference of the distribution functions; its p with Stephens' correction (1970).

    Both are steps at the same distances, which makes p too large rather than too small.
    """
    from scipy.special import kolmogorov

    at, n = np.unique(null), len(found)
    ours = np.searchsorted(np.sort(found), at, "right") / n
    largest = float(np.abs(ours - np.searchsorted(null, at, "right") / len(null)).max())
    p = float(kolmogorov((n**0.5 + 0.12 + 0.11 / n**0.5) * largest))
    note = "Distances repeat, so p is rather too large than too small."
    return largest, Tested(_APART, (n,), p, note=note)

"""Whether the pixels sit on dark areas (nuclei), against other pixels of the same tile."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.comparing import Compared, compare, midranks
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.places import centre_distances
from onepixel_gui.analysis.population.rates import rate
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

Picture = Callable[[int], NDArray[np.uint8]]
MOST = 1_000  # tiles that are looked at unless told otherwise
SEED = 0  # of the sample of these
RING = 2.0  # px: so much nearer to or farther from the centre is as far


@dataclass(frozen=True, slots=True)
class DarkTile:
    """One tile's dark areas and its pixel.

    run:          number of the run that was chosen for this tile.
    distance:     px to the nearest dark pixel; negative inside: to the nearest other one.
    percentile:   mid-rank of it among all pixels of this tile, 0-1; low: dark.
    variance:     of that percentile for a random pixel of this tile (1/12 less ties).
    ring, ring_variance:  the same among pixels as far from the centre, to within 2 px.
    dark, edge, inside:  shares of the tile's pixels, 0-1: dark ones; those beside the border, dark
                  or not; dark ones that are not.
    why_not:      "" or why this tile does not count; the other numbers are then 0.
    """

    run: int
    distance: float = 0.0
    percentile: float = 0.0
    variance: float = 0.0
    ring: float = 0.0
    ring_variance: float = 0.0
    dark: float = 0.0
    edge: float = 0.0
    inside: float = 0.0
    why_not: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DarkMap:
    """The dark areas of one picture.

    distance:  (H, W) px to the nearest dark pixel, negative inside: to the nearest other one.
    percentile:  (H, W) mid-rank of it, 0-1.
    variance, dark, edge, inside:  as of `DarkTile`.
    """

    distance: Floats
    percentile: Floats
    variance: float
    dark: float
    edge: float
    inside: float

    def at(self, run: int, row: int, column: int) -> DarkTile:
        """What a run's pixel there amounts to."""
        return DarkTile(
            run,
            float(self.distance[row, column]),
            float(self.percentile[row, column]),
            self.variance,
            *self._on_ring(row, column),
            self.dark,
            self.edge,
            self.inside,
        )

    def _on_ring(self, row: int, column: int) -> tuple[float, float]:
        """Mid-rank and its variance among pixels about as far from the centre."""
        away = centre_distances(self.distance.shape)
        ring = np.abs(away - away[row, column]) <= RING
        percentiles = (midranks(self.distance[ring]) - 0.5) / ring.sum()
        at = np.count_nonzero(ring.ravel()[: row * ring.shape[1] + column])
        return float(percentiles[at]), float(np.square(percentiles - 0.5).mean())


def dark_map(rgb: NDArray[np.uint8]) -> DarkMap | None:
    """rgb: (H, W, 3).  None where all pixels hold as much haematoxylin.

    Dark: haematoxylin by colour deconvolution (Ruifrok & Johnston 2001, as scikit-image does it)
    above Otsu's threshold (1979) of this very picture.  So there are always some, be it noise.
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.color import rgb2hed
    from skimage.filters import threshold_otsu

    otsu: Any = threshold_otsu
    stain = rgb2hed(rgb)[..., 0]
    if stain.min() == stain.max():
        return None
    dark = stain > otsu(stain)
    if not dark.any():
        return None
    distance = distance_transform_edt(~dark) - distance_transform_edt(dark)
    percentile = (midranks(distance.ravel()) - 0.5) / distance.size
    return DarkMap(
        distance,
        percentile.reshape(distance.shape),
        float(np.square(percentile - 0.5).mean()),
        float(dark.mean()),
        float((np.abs(distance) <= 1).mean()),
        float((distance < -1).mean()),
    )


def looked_at(outcomes: Outcomes, picture: Picture, *, most: int = MOST) -> Iterator[DarkTile]:
    """One per tile, a few milliseconds each; of more than `most` tiles a random sample.

    picture:  tile number -> (H, W, 3) sRGB; of larger ones the centred window is cut.
    """
    tiles = one_per_tile(outcomes)
    if len(tiles) > most:
        chosen = np.random.default_rng(SEED).choice(len(tiles), most, replace=False)
        tiles = tiles.some(np.sort(chosen))
    for index in range(len(tiles)):
        yield _looked_at(tiles, index, picture)


def _looked_at(tiles: Outcomes, index: int, picture: Picture) -> DarkTile:
    run, (height, width) = int(tiles.run[index]), tiles.window
    row, column = (int(each) for each in tiles.position[index])
    rgb = picture(int(tiles.tile[index]))
    above, left = (rgb.shape[0] - height) // 2, (rgb.shape[1] - width) // 2
    if above < 0 or left < 0:
        return DarkTile(run, why_not="the picture is smaller than the window")
    seen = rgb[above : above + height, left : left + width]
    if not (0 <= row < height and 0 <= column < width):
        return DarkTile(run, why_not="the pixel lies outside the window")
    if (seen[row, column] != tiles.colour_before[index]).any():
        return DarkTile(run, why_not="the picture is another one than was attacked")
    found = dark_map(seen)
    if found is None:
        return DarkTile(run, why_not="nothing is darker than the rest")
    return found.at(run, row, column)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One place relative to the dark areas.

    found:     of n tiles.  share, expected: 0-1, of the pixels found and of all pixels of the same
               tiles; None for n = 0.
    interval:  of the share, by case where cases are known, else Wilson's.
    """

    title: str
    found: int
    share: float | None
    expected: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Darkened:
    """One part of the tiles.

    median:      px to dark areas, negative inside.  expected_percentile is 0.5.
    percentile:  mean of the mid-ranks: the effect size, below 0.5 nearer to or deeper in the dark.
    test:        of that mean against random pixels of the same tiles.
    by_case:     the same with tiles of one case taken together; None without cases.
    ring, ring_test:  mean and test among pixels as far from the centre: whether the dark attracts
                 beyond its lying in the centre, where tiles are cut around a nucleus (our choice).
    where:       dark; and in three parts: inside, at the edge, outside.
    """

    part: Part
    n: int
    median: float | None
    percentile: float | None
    interval: Interval | None
    test: Tested
    by_case: Tested | None
    ring: float | None
    ring_test: Tested
    where: tuple[Whereabouts, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Darkness:
    """runs, distances, percentiles, flipped: (n,) of the tiles that count.

    parts:     all, flipped, held.   compared: percentile of flipped against held.
    tiles:     that could have been looked at.  sampled: that were.
    left_out:  (why, how many) of those that do not count.
    """

    runs: Integers
    flipped: Bools
    distances: Floats
    percentiles: Floats
    parts: tuple[Darkened, ...]
    compared: Compared
    tiles: int
    sampled: int
    left_out: tuple[tuple[str, int], ...]
    seed: int


def darkness(outcomes: Outcomes, found: Sequence[DarkTile]) -> Darkness:
    """found: all that `looked_at` told of the same outcomes."""
    tiles = one_per_tile(outcomes)
    good = [each for each in found if not each.why_not]
    row_of = {int(run): row for row, run in enumerate(tiles.run)}
    these = tiles.some(np.array([row_of[each.run] for each in good], np.int64))
    percentiles = np.array([each.percentile for each in good], np.float64)
    cases, _ = clusters(these.case)
    reasons = Counter(each.why_not for each in found if each.why_not)
    return Darkness(
        these.run,
        these.flipped,
        np.array([each.distance for each in good], np.float64),
        percentiles,
        tuple(_part(part, good, these) for part in PARTS),
        compare(
            "percentile of the distance to dark areas", "", percentiles, these.flipped, cases
        ),
        len(tiles),
        len(found),
        tuple(sorted(reasons.items())),
        SEED,
    )  # fmt: skip


def _part(part: Part, good: Sequence[DarkTile], tiles: Outcomes) -> Darkened:
    which = part_of(tiles, part)
    mine = [each for each, counts in zip(good, which, strict=True) if counts]
    cases, n = tiles.case[which], len(mine)
    percentiles = np.array([each.percentile for each in mine], np.float64)
    rings = np.array([each.ring for each in mine], np.float64)
    mean = float(percentiles.mean()) if n else None
    groups, _ = clusters(cases)
    doubted = doubt(percentiles - mean, groups) if mean is not None and n >= FEWEST else None
    return Darkened(
        part,
        n,
        float(np.median([each.distance for each in mine])) if n else None,
        mean,
        None if mean is None or doubted is None else _within(mean, doubted),
        _against_null(
            "mean percentile against random pixels of the same tiles",
            percentiles,
            sum(each.variance for each in mine),
        ),
        None
        if mean is None or n < FEWEST
        else tested_by_case("mean percentile", mean - 0.5, n, doubted, groups),
        float(rings.mean()) if n else None,
        _against_null(
            "mean percentile against pixels of the same tiles as far from the centre",
            rings,
            sum(each.ring_variance for each in mine),
        ),
        _where(mine, cases),
    )


def _within(mean: float, doubted: Doubt) -> Interval:
    low, high = mean - doubted.reach, mean + doubted.reach
    return Interval(max(low, 0.0), min(high, 1.0), doubted.kind)


def _against_null(name: str, percentiles: Floats, variance: float) -> Tested:
    """Of the sum of mid-ranks, whose mean and variance for random pixels are known exactly.

    A sum of five uniform numbers is all but normally distributed already.
    """
    from scipy.special import ndtr

    n = (len(percentiles),)
    if len(percentiles) < FEWEST:
        return Tested(name, n, None, note=f"Fewer than {FEWEST} tiles.")
    if variance == 0:
        return Tested(name, n, None, note="All pixels are alike.")
    off = abs(float((percentiles - 0.5).sum()))
    return Tested(name, n, 2 * float(ndtr(-off / variance**0.5)))


def _where(mine: Sequence[DarkTile], cases: Integers) -> tuple[Whereabouts, ...]:
    at = np.array([each.distance for each in mine], np.float64)
    shares = np.array([(each.dark, each.edge, each.inside) for each in mine]).reshape(-1, 3)
    outside = 1 - shares[:, 1] - shares[:, 2]
    places = (
        ("dark", at < 0, shares[:, 0]),
        ("inside", at < -1, shares[:, 2]),
        ("at the edge", np.abs(at) <= 1, shares[:, 1]),
        ("outside", at > 1, outside),
    )
    return tuple(_whereabouts(title, hits, null, cases) for title, hits, null in places)


def _whereabouts(title: str, hits: Bools, null: Floats, cases: Integers) -> Whereabouts:
    counted = rate(title, hits, cases)
    expected = float(null.mean()) if len(null) else None
    return Whereabouts(title, counted.flipped, counted.share, expected, counted.interval)

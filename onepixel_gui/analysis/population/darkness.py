"""Whether the pixels sit on dark areas (nuclei), against other pixels of the same tile."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.comparing import Compared
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.units import Interval, Part, Tested

Picture = Callable[[int], NDArray[np.uint8]]
MOST = 1_000  # tiles that are looked at unless told otherwise


@dataclass(frozen=True, slots=True)
class DarkTile:
    """One tile's dark areas and its pixel.

    row:          of the run in the outcomes that were handed in.
    distance:     px to the nearest dark pixel; negative inside: to the nearest other one.
    percentile:   mid-rank of it among all pixels of this tile, 0-1; low: dark.
    variance:     of that percentile for a random pixel of this tile (1/12 less ties).
    inside, edge: shares of the tile's pixels, 0-1; edge: within 1 px of the border, either side.
    why_not:      "" or why this tile does not count; the other numbers are then 0.
    """

    row: int
    distance: float = 0.0
    percentile: float = 0.0
    variance: float = 0.0
    inside: float = 0.0
    edge: float = 0.0
    why_not: str = ""


def looked_at(
    outcomes: Outcomes, picture: Picture, *, most: int = MOST, seed: int = 0
) -> Iterator[DarkTile]:
    """One per tile, a few milliseconds each; of more than `most` tiles a random sample.

    picture:  tile number -> (H, W, 3) sRGB; of larger ones the centred window is cut.
    Dark: haematoxylin by colour deconvolution (Ruifrok & Johnston 2001, scikit-image) above Otsu's
    threshold of this tile.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One place relative to the dark areas: found and expected share of tiles, 0-1."""

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
    where:       inside, at the edge, outside.
    """

    part: Part
    n: int
    median: float | None
    percentile: float | None
    interval: Interval | None
    test: Tested
    by_case: Tested | None
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


def darkness(
    outcomes: Outcomes, found: Sequence[DarkTile], *, draws: int = 9_999, seed: int = 0
) -> Darkness:
    """found: all that `looked_at` told of the same outcomes."""
    raise NotImplementedError

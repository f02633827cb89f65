"""Tiles and thumbnails cut from a slide, at the resolution that a classifier expects."""

import math
from pathlib import PurePath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.decoding import MOST_PIXELS
from onepixel_gui.tiles.levels import Level
from onepixel_gui.tiles.tile import Tile

SAME = 0.02  # resolutions that differ by less are one: scanners of one model differ by as much
_SUPPORT = 3  # pixels around an edge that the bicubic filter sees, per level pixel per tile pixel


class Source(Protocol):
    """What a tile is cut from: a slide, without what only its viewer asks for."""

    @property
    def name(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def mpp(self) -> float | None: ...
    @property
    def lossy(self) -> bool: ...
    @property
    def levels(self) -> tuple[Level, ...]: ...

    def region(
        self, level: int, row: int, column: int, height: int, width: int
    ) -> NDArray[np.uint8]: ...


def cut(
    slide: Source,
    row: int,
    column: int,
    shape: tuple[int, int],
    *,
    mpp: float | None = None,
    label: str | None = None,
    case: str = "",
) -> Tile:
    """The tile at level-0 (row, column), as `Slide.tile` says. Raises UnreadableSlide."""
    if min(shape) < 1 or not (mpp is None or 0 < mpp < math.inf):
        raise ValueError(f"no tile is {shape} pixels at {mpp} um per pixel")
    ratio, notes = _ratio(slide, mpp)
    if ratio == 1:
        rgb, mirrored = _mirrored(slide, 0, (row, column, *shape))
    else:
        rgb, mirrored = _resampled(slide, row, column, shape, ratio)
    if mirrored:
        notes.append("It reaches over the slide's border; what lies beyond was mirrored.")
    return Tile(
        name=f"{PurePath(slide.name).stem} r{row} c{column}",
        rgb=rgb,
        label=label,
        mpp=slide.mpp if ratio == 1 else mpp,
        origin=(row, column),
        downsample=ratio,
        slide=slide.name,
        slide_hash=slide.hash,
        case=case,
        lossy=slide.lossy,
        notes=tuple(notes),
    )


def overview(slide: Source, edge: int) -> NDArray[np.uint8]:
    """(h, w, 3) of all of it, at most `edge` on its long side; small slides are not enlarged.

    Each pixel is the mean of those it stands for. Raises UnreadableSlide.
    """
    ready = [index for index, level in enumerate(slide.levels) if level.ready]
    enough = [index for index in ready if max(slide.levels[index].shape) >= edge]
    index = enough[-1] if enough else ready[0]
    height, width = slide.levels[index].shape
    picture = Image.fromarray(slide.region(index, 0, 0, height, width))
    picture.thumbnail((edge, edge), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(picture)


def pixels_per_pixel(mine: float | None, wanted: float | None) -> float:
    """Level-0 pixels of a slide per pixel of a tile; 1 where resolutions agree or are unknown.

    mine, wanted: micrometres per pixel of level 0 and of the tile.
    """
    if mine is None or wanted is None or abs(wanted / mine - 1) <= SAME:
        return 1.0
    return wanted / mine


def half(edge: int, ratio: float) -> int:
    """Level-0 pixels from the first row of a tile to that of its centre.

    edge: of the tile, in its own pixels.  ratio: as `pixels_per_pixel` gives it.
    """
    return edge // 2 if ratio == 1 else round(edge * ratio / 2)


def _ratio(slide: Source, wanted: float | None) -> tuple[float, list[str]]:
    """Level-0 pixels per tile pixel, and what to say about it."""
    ratio = pixels_per_pixel(slide.mpp, wanted)
    if wanted is not None and slide.mpp is None:
        words = f"not resampled to {wanted:.3g} µm per pixel"
        return 1.0, [f"The slide does not say its resolution, so the tile was {words}."]
    if ratio == 1:
        return 1.0, []
    way = "averaged down" if ratio > 1 else "enlarged"
    sizes = f"from {slide.mpp:.3g} to {wanted:.3g} µm per pixel"
    return ratio, [f"The slide was {way} {sizes}, so these are not the scanner's own pixels."]


def _resampled(
    slide: Source, row: int, column: int, shape: tuple[int, int], ratio: float
) -> tuple[NDArray[np.uint8], bool]:
    """A tile of the same physical extent, whatever pixels it is read from."""
    index = _level_for(slide.levels, ratio)
    downsample = slide.levels[index].downsample
    top, left = row / downsample, column / downsample
    down, across = (edge * ratio / downsample for edge in shape)
    # Pillow's filter looks beyond the box it is given, so that neighbouring tiles fit together.
    margin = math.ceil(_SUPPORT * max(1.0, ratio / downsample))
    first_row, first_column = math.floor(top) - margin, math.floor(left) - margin
    height = math.ceil(top + down) + margin - first_row
    width = math.ceil(left + across) + margin - first_column
    rgb, _ = _mirrored(slide, index, (first_row, first_column, height, width))
    box = (left - first_column, top - first_row)
    picture = Image.fromarray(rgb).resize(
        (shape[1], shape[0]),
        Image.Resampling.BICUBIC,
        box=(*box, box[0] + across, box[1] + down),
    )
    edges = slide.levels[0].shape
    over = row < 0 or column < 0
    over = over or row + shape[0] * ratio > edges[0] or column + shape[1] * ratio > edges[1]
    return np.asarray(picture), over


def _level_for(levels: tuple[Level, ...], ratio: float) -> int:
    """The coarsest stored level that is as fine as the tile; stored, so that a tile is the same

    before and after coarse levels were made."""
    fits = [
        index
        for index, level in enumerate(levels)
        if level.stored and level.downsample <= ratio * 1.001
    ]
    return fits[-1] if fits else 0


def _mirrored(
    slide: Source, level: int, box: tuple[int, int, int, int]
) -> tuple[NDArray[np.uint8], bool]:
    """(row, column, height, width) of a level, mirrored beyond the borders; whether that was so.

    Mirrored about the outermost pixel, which is not repeated: NumPy's mode "reflect".
    """
    row, column, height, width = box
    edges = slide.levels[level].shape
    rows, columns = _reflected(row, height, edges[0]), _reflected(column, width, edges[1])
    top, left = int(rows.min()), int(columns.min())
    down, across = int(rows.max()) + 1 - top, int(columns.max()) + 1 - left
    if height * width > MOST_PIXELS:
        raise UnreadableSlide(
            f"A tile there would take {height:,} x {width:,} pixels of {slide.name}.",
            "Choose smaller tiles, or a resolution nearer to the slide's.",
        )
    rgb = slide.region(level, top, left, down, across)
    if 0 <= row <= edges[0] - height and 0 <= column <= edges[1] - width:
        return rgb, False
    return rgb[np.ix_(rows - top, columns - left)], True


def _reflected(start: int, count: int, edge: int) -> NDArray[np.int64]:
    """For each of `count` pixels from `start`, the one of `edge` that is shown in its place."""
    if edge == 1:
        return np.zeros(count, np.int64)
    period = 2 * (edge - 1)
    places = np.arange(start, start + count, dtype=np.int64) % period
    return np.minimum(places, period - places)

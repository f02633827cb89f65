"""Where the tiles of a scan lie, which of them are asked, and in which order."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.scan import Grid, Places, ScanSettings
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.cutting import SAME
from onepixel_gui.tiles.foreground import Foreground
from onepixel_gui.tiles.slides import Slide
from onepixel_gui.tiles.tile import Window

BLOCK = 1024  # tile pixels: the edge of what is read at once
_MOST = 50_000_000  # cells; a slide of 100,000 x 100,000 pixels at a stride of 16 has 39 million
_BAND = 200_000  # cells whose tissue is looked up at once


class NothingToScan(Problem):
    """A region that holds no tile, or more tiles than can be asked."""


def grid_of(card: Card, slide: Slide, settings: ScanSettings) -> Grid:
    """The cells that cover what is scanned. Raises NothingToScan."""
    stride = settings.stride or max(1, min(card.input_size) // 2)
    if stride < 1:
        raise ValueError(f"a stride of {stride} pixels leads nowhere")
    ratio = downsample(card, slide)
    region = _clipped(settings.region, slide)
    step = stride * ratio
    rows, columns = (max(1, math.ceil(edge / step)) for edge in region.shape)
    if rows * columns > _MOST:
        raise NothingToScan(
            f"A scan of every {stride} pixels would ask {rows * columns:,} tiles of {slide.name}.",
            "Choose a larger stride, or draw a smaller region.",
        )
    height, width = (round(edge * ratio) for edge in card.input_size)
    return Grid(
        row=region.row - (rows * step - region.height) / 2,
        column=region.column - (columns * step - region.width) / 2,
        step=step,
        rows=rows,
        columns=columns,
        height=height,
        width=width,
        shape=card.input_size,
        mpp=card.mpp,
        downsample=ratio,
    )


def downsample(card: Card, slide: Slide) -> float:
    """Level-0 pixels per tile pixel, by the rule of `Slide.tile`."""
    if card.mpp is None or slide.mpp is None or abs(card.mpp / slide.mpp - 1) <= SAME:
        return 1.0
    return card.mpp / slide.mpp


def notes_on(card: Card, slide: Slide, settings: ScanSettings) -> tuple[str, ...]:
    """What the reader should know of how the slide is read."""
    notes = []
    if card.mpp is None:
        notes.append("Nobody said which resolution the classifier expects: level 0 is used as is.")
    elif slide.mpp is None:
        notes.append(
            f"The slide does not say its resolution; the classifier expects {card.mpp:.3g} µm per "
            "pixel, and level 0 is used as it is."
        )
    elif downsample(card, slide) != 1:
        notes.append(
            f"The slide is resampled from {slide.mpp:.3g} to {card.mpp:.3g} µm per pixel, which "
            "the classifier expects."
        )
    if settings.stride > min(card.input_size):
        notes.append("The stride is wider than a tile, so parts of the slide are never looked at.")
    return tuple(notes)


def wanted(grid: Grid, foreground: Foreground, least: float) -> NDArray[np.bool_]:
    """(rows, columns): the cells whose tiles hold that share of tissue."""
    mask = np.empty((grid.rows, grid.columns), np.bool_)
    every = np.arange(grid.columns)
    band = max(1, _BAND // grid.columns)
    for start in range(0, grid.rows, band):
        rows = np.arange(start, min(start + band, grid.rows))
        tops, _ = grid.corners(rows, rows)
        _, lefts = grid.corners(every, every)
        share = foreground.share(tops[:, None], lefts[None], grid.height, grid.width)
        mask[start : start + band] = share >= least
    return mask


def blocks(grid: Grid, mask: NDArray[np.bool_]) -> Iterator[tuple[Places, Places]]:
    """(rows, columns) of the asked cells, block by block, so that neighbours are read at once."""
    edge = max(1, int(BLOCK * grid.downsample / grid.step))
    for top in range(0, grid.rows, edge):
        for left in range(0, grid.columns, edge):
            rows, columns = np.nonzero(mask[top : top + edge, left : left + edge])
            if len(rows):
                yield rows + top, columns + left


def gathered(tops: Places, lefts: Places, extent: float) -> Iterator[NDArray[np.intp]]:
    """Indices of places, those in one square of `extent` level-0 pixels together."""
    squares = np.stack([tops // max(1, int(extent)), lefts // max(1, int(extent))])
    order = np.lexsort((lefts, tops, squares[1], squares[0]))
    ends = np.flatnonzero(np.any(np.diff(squares[:, order]) != 0, axis=0)) + 1
    yield from np.split(order, ends) if len(order) else ()


def _clipped(region: Window | None, slide: Slide) -> Window:
    """What of a region lies on the slide."""
    height, width = slide.shape
    if region is None:
        return Window(0, 0, height, width)
    top, left = max(0, region.row), max(0, region.column)
    bottom = min(height, region.row + region.height)
    right = min(width, region.column + region.width)
    if bottom <= top or right <= left:
        raise NothingToScan(
            f"The region holds nothing of {slide.name}, which is {height:,} × {width:,} pixels.",
            "Choose a region that lies on the slide.",
        )
    return Window(top, left, bottom - top, right - left)

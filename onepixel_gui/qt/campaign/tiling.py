"""How many cells a campaign's tiles need, and how they look as pixels: 30 tiles or 100,000."""

from dataclasses import dataclass
from math import ceil, isqrt

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.qt.campaign.ledger import FLIPPED, HELD, REFUSED, RUNNING, STATES, WAITING

Colours = NDArray[np.uint32]  # 0xAARRGGBB
LARGEST, SMALLEST, BLOCK = 28, 5, 9  # points of a cell's edge: alone, alone, of several tiles
_STACK = (FLIPPED, REFUSED, HELD, RUNNING, WAITING)  # of a block from the bottom up


@dataclass(frozen=True, slots=True)
class Tiling:
    """`each` tiles to a cell of `edge` points; `columns` cells side by side, `cells` in all."""

    tiles: int
    each: int
    edge: int
    columns: int
    cells: int

    @property
    def rows(self) -> int:
        return ceil(self.cells / self.columns) if self.cells else 0

    def tiles_at(self, x: float, y: float) -> range:
        """The tiles of the cell at that point; none beside the cells."""
        if x < 0 or y < 0 or x >= self.columns * self.edge:
            return range(0)
        cell = int(y // self.edge) * self.columns + int(x // self.edge)
        return self.tiles_of(cell)

    def tiles_of(self, cell: int) -> range:
        if not 0 <= cell < self.cells:
            return range(0)
        return range(cell * self.each, min((cell + 1) * self.each, self.tiles))

    def corner(self, cell: int) -> tuple[int, int]:
        """(x, y) in points of its upper left."""
        return (cell % self.columns) * self.edge, (cell // self.columns) * self.edge


def tiled(tiles: int, width: int, height: int) -> Tiling:
    """The largest cells that fit. Below SMALLEST several tiles share one."""
    if tiles <= 0 or width < BLOCK or height < BLOCK:
        return Tiling(0, 1, LARGEST, 1, 0)
    edge = min(LARGEST, isqrt(width * height // tiles))
    while edge >= SMALLEST and (width // edge) * (height // edge) < tiles:
        edge -= 1
    if edge >= SMALLEST:
        return Tiling(tiles, 1, edge, width // edge, tiles)
    columns = width // BLOCK
    each = ceil(tiles / (columns * (height // BLOCK)))
    return Tiling(tiles, each, BLOCK, columns, ceil(tiles / each))


def pixels(tiling: Tiling, states: NDArray[np.uint8], glyphs: Colours, fills: Colours) -> Colours:
    """(H, W) of all cells. glyphs: (STATES, E, E) of one cell; fills: (STATES,) plain colours.

    Where tiles share a cell it is filled from below by their states, in whole rows of pixels.
    """
    edge = glyphs.shape[1]
    if tiling.each == 1:
        cells = np.zeros((tiling.cells, edge, edge), np.uint32)
        cells[:] = glyphs[states]
    else:
        cells = _blocks(tiling, states, fills, edge)
    whole = np.zeros((tiling.rows * tiling.columns, edge, edge), np.uint32)
    whole[: tiling.cells] = cells
    grid = whole.reshape(tiling.rows, tiling.columns, edge, edge).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(tiling.rows * edge, tiling.columns * edge))


def counts(tiling: Tiling, states: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(cells, STATES) tiles of each cell in each state."""
    cell = np.arange(tiling.tiles) // tiling.each
    flat = np.bincount(cell * len(STATES) + states, minlength=tiling.cells * len(STATES))
    return flat.reshape(tiling.cells, len(STATES))


def _blocks(tiling: Tiling, states: NDArray[np.uint8], fills: Colours, edge: int) -> Colours:
    inner = edge - max(1, edge // tiling.edge)
    stacked = counts(tiling, states)[:, _STACK]
    share = np.cumsum(stacked, 1) / np.maximum(stacked.sum(1, keepdims=True), 1)
    ends = np.ceil(share * inner - 1e-9)  # a single flip is a row of its own
    rows = np.arange(inner)[None, :, None]  # from the bottom
    level = (rows >= ends[:, None, :]).sum(2).clip(0, len(_STACK) - 1)
    made = np.zeros((tiling.cells, edge, edge), np.uint32)
    made[:, :inner, :inner] = fills[list(_STACK)][level][:, ::-1, None]
    return made

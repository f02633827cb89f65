"""A tile as a study keeps it, wherever its file may be now."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.tile import Tile


@dataclass(frozen=True, slots=True, eq=False)
class StoredTile:
    """An Entry (tiles.entries) that lies in memory."""

    tile: Tile

    @property
    def name(self) -> str:
        return self.tile.name

    @property
    def label(self) -> str | None:
        return self.tile.label

    @property
    def case(self) -> str:
        return self.tile.case

    def read(self) -> Tile:
        return self.tile

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """By leaving out rows and columns."""
        step = -(-max(self.tile.shape) // edge)
        return self.tile.rgb[::step, ::step]

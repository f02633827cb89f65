"""Whole slides: levels, regions, thumbnails, and tiles cut from them at any resolution.

What OpenSlide opens is read by OpenSlide; what it refuses (flat and OME TIFFs, PNG and JPEG fields)
is read by tifffile and Pillow, never as a whole where it is large.
"""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.tile import Tile


@dataclass(frozen=True, slots=True)
class Level:
    """shape: (H, W) in its own pixels.  downsample: level-0 pixels per pixel of it, 1 or more.

    ready: it can be read at once; of a flat picture coarse levels are made by `building`.
    """

    shape: tuple[int, int]
    downsample: float
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Built:
    """done of total strips of a flat picture were read to make its coarse levels."""

    droppable: ClassVar[bool] = True
    done: int
    total: int


class Slide(Protocol):
    """An open slide. All methods may be called from several threads at once.

    name:    the file's, never its path.   format: what a reader calls it, "Aperio SVS".
    hash:    tells this slide from others without reading all of it: "quickhash-1:..." of OpenSlide,
             or ours of size, dimensions and first and last bytes.
    mpp:     micrometres per pixel of level 0, None when the file does not say.
    levels:  finest first; level 0 is the picture itself.
    lossy:   the file is compressed with loss.
    notes:   what the reader should know, one plain sentence each (odd resolution, levels that
             disagree, missing parts).
    """

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def mpp(self) -> float | None: ...
    @property
    def levels(self) -> tuple[Level, ...]: ...
    @property
    def lossy(self) -> bool: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of level 0."""

    def region(
        self, level: int, row: int, column: int, height: int, width: int
    ) -> NDArray[np.uint8]:
        """(height, width, 3) of a level; row, column, height, width in pixels of that level.

        All of it lies inside the level. Byte for byte what the library under it reads.
        Raises UnreadableSlide where that part is damaged; other parts go on to be readable.
        """

    def tile(
        self,
        row: int,
        column: int,
        shape: tuple[int, int],
        *,
        mpp: float | None = None,
        label: str | None = None,
        case: str = "",
    ) -> Tile:
        """The tile whose top-left pixel lies at level-0 (row, column).

        shape:  (H, W) of the tile in its own pixels.
        mpp:    resolution wanted; where the slide's differs by more than 2 % it is resampled, and
                the tile's notes say so.  None, or a slide without one: level-0 pixels as they are.
        Beyond the borders it is padded by reflection, as CODAIT does (METHODS 1.4).
        Raises UnreadableSlide.
        """

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3) of the whole slide, at most `edge` on its long side. Raises UnreadableSlide."""

    def building(self) -> Generator[Built]:
        """Make the coarse levels of a flat picture, in steps; nothing to do for a pyramid."""

    def close(self) -> None: ...

"""A tile around a centre, whatever the resolution wanted."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.outbox import printable
from onepixel_gui.tiles.cutting import half, pixels_per_pixel
from onepixel_gui.tiles.datasets.dataset import Sampling
from onepixel_gui.tiles.entries import Entry
from onepixel_gui.tiles.slides import Slide, SlideTile, borrowed
from onepixel_gui.tiles.tile import Tile


def marked_tile(
    path: Path, centre: tuple[int, int], sampling: Sampling, label: str | None, case: str
) -> Entry:
    """The tile around (row, column) in level-0 pixels, as an Entry.

    As CODAIT cuts it: of 64 rows, 32 lie above the centre's row and 31 below.
    """
    if sampling.mpp is not None:
        return CentredTile(path, centre, sampling.shape, sampling.mpp, label, case)
    row, column = (at - edge // 2 for at, edge in zip(centre, sampling.shape, strict=True))
    return SlideTile(path, row, column, sampling.shape, None, label, case)


@dataclass(frozen=True, slots=True)
class CentredTile:
    """A tile at another resolution than its slide's: where it begins follows from the slide.

    centre:  (row, column) in level-0 pixels.  shape: (H, W) in its own pixels, of `mpp` each.
    """

    path: Path
    centre: tuple[int, int]
    shape: tuple[int, int]
    mpp: float
    label: str | None = None
    case: str = ""

    @property
    def name(self) -> str:
        """What the reader calls it; never a full path."""
        return f"{printable(self.path.stem)} around r{self.centre[0]} c{self.centre[1]}"

    def read(self) -> Tile:
        """Raises UnreadableSlide; may wait for a disk."""
        with borrowed(self.path) as slide:
            return self._cut(slide).read()

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3), at most `edge` on its long side. Raises UnreadableSlide."""
        with borrowed(self.path) as slide:
            return self._cut(slide).thumbnail(edge)

    def _cut(self, slide: Slide) -> SlideTile:
        ratio = pixels_per_pixel(slide.mpp, self.mpp)
        row, column = (
            at - half(edge, ratio) for at, edge in zip(self.centre, self.shape, strict=True)
        )
        return SlideTile(self.path, row, column, self.shape, self.mpp, self.label, self.case)

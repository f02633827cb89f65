"""Which parts of a slide are tissue, so that a scan passes over empty glass."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from onepixel_gui.tiles.slides import Built, Slide

# Saturations, 0-1.  Glass lies below 0.05 whatever the lamp; the palest eosin lies above 0.1.
# Otsu's threshold is only believed between: on a field without glass it would cut the tissue
# itself in two, and on an empty slide the noise.
_SURELY_GLASS, _SURELY_TISSUE = 0.05, 0.11
_HOLE = 0.001  # of the picture: smaller gaps in tissue are vessels and cracks, and count as tissue
_SPECK = 4  # mask pixels: smaller islands are dust


@dataclass(frozen=True, eq=False)
class Foreground:
    """mask: (h, w) bool over all of the slide, True where there is tissue.

    shape:       (H, W) of the slide in level-0 pixels.
    downsample:  level-0 pixels per mask pixel.
    """

    mask: NDArray[np.bool_]
    shape: tuple[int, int]
    downsample: float

    def share(
        self, row: ArrayLike, column: ArrayLike, height: ArrayLike, width: ArrayLike
    ) -> NDArray[np.float64]:
        """How much of level-0 rectangles is tissue, 0-1, of what of them lies on the slide.

        Arguments are numbers or arrays, and broadcast.  0 for a rectangle beside the slide.
        """
        top, bottom = self._edges(row, height, axis=0)
        left, right = self._edges(column, width, axis=1)
        area = (bottom - top) * (right - left)
        tissue = self._upto(bottom, right) - self._upto(top, right)
        tissue -= self._upto(bottom, left) - self._upto(top, left)
        return np.divide(tissue, area, out=np.zeros_like(tissue), where=area > 0).clip(0.0, 1.0)

    def _edges(
        self, start: ArrayLike, length: ArrayLike, axis: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both edges in mask pixels, cut at the borders."""
        first = np.asarray(start, np.float64)
        scale = self.mask.shape[axis] / self.shape[axis]
        last = first + np.asarray(length, np.float64)
        edge = self.mask.shape[axis]
        return (first * scale).clip(0, edge), (last * scale).clip(0, edge)

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """(h + 1, w + 1): tissue pixels above and left of each corner."""
        sums = np.zeros((self.mask.shape[0] + 1, self.mask.shape[1] + 1))
        sums[1:, 1:] = self.mask.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
        return sums

    def _upto(self, row: NDArray[np.float64], column: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tissue above and left of places within pixels: between corners the sums are bilinear."""
        row, column = np.broadcast_arrays(row, column)
        top = np.minimum(row.astype(np.int64), self.mask.shape[0] - 1)
        left = np.minimum(column.astype(np.int64), self.mask.shape[1] - 1)
        down, across = row - top, column - left
        above = self._sums[top, left] * (1 - across) + self._sums[top, left + 1] * across
        below = self._sums[top + 1, left] * (1 - across) + self._sums[top + 1, left + 1] * across
        blended: NDArray[np.float64] = above * (1 - down) + below * down
        return blended


def tissue(slide: Slide, edge: int = 1024) -> Foreground:
    """The tissue of a slide, from a picture of it with at most `edge` pixels on its long side.

    Tissue is what is coloured: saturation above Otsu's threshold, kept between what is surely
    glass and what is surely tissue; small holes are closed and specks removed.  This rule is ours.
    Pen marks are coloured too and count as tissue.  Raises UnreadableSlide.
    """
    rgb = slide.thumbnail(edge)
    scale = max(slide.shape[0] / rgb.shape[0], slide.shape[1] / rgb.shape[1])
    return Foreground(_cleaned(coloured(rgb)), slide.shape, scale)


def seeking(slide: Slide, edge: int = 1024) -> Generator[Built, None, Foreground]:
    """The same in steps, where the coarse levels of a flat picture have to be made for it.

    To stop asking is to cancel. Raises UnreadableSlide.
    """
    yield from slide.building()
    return tissue(slide, edge)


def coloured(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(h, w): where a picture (h, w, 3) has the saturation of stained tissue."""
    from skimage import filters  # not at the top: it costs the window's start a tenth of a second

    otsu: Any = filters.threshold_otsu  # untyped in scikit-image
    high = rgb.max(axis=2).astype(np.float32)
    low = rgb.min(axis=2).astype(np.float32)
    saturation = np.divide(high - low, high, out=np.zeros_like(high), where=high > 0)
    split = float(otsu(saturation)) if np.ptp(saturation) > 0 else 0.0
    mask: NDArray[np.bool_] = saturation > min(max(split, _SURELY_GLASS), _SURELY_TISSUE)
    return mask


def _cleaned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    # Padded, so that closing does not eat into tissue that touches the border.
    closed = ndimage.binary_closing(np.pad(mask, 2, "edge"), np.ones((3, 3)))[2:-2, 2:-2]
    closed |= mask
    closed |= _small(~closed, int(_HOLE * mask.size))
    closed &= ~_small(closed, _SPECK)
    closed.setflags(write=False)
    return np.asarray(closed)


def _small(mask: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Those connected parts of a mask that hold at most that many pixels."""
    parts, _ = ndimage.label(mask)
    small = np.bincount(parts.ravel()) <= most
    small[0] = False
    return np.asarray(small[parts])

"""The Tile: one RGB picture exactly as a classifier may see it, and where it came from."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a tile, in tile pixels from the top left."""

    row: int
    column: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.height, self.width

    def holds(self, row: int, column: int) -> bool:
        return (
            self.row <= row < self.row + self.height
            and self.column <= column < self.column + self.width
        )


@dataclass(frozen=True, eq=False)
class Tile:
    """One RGB field of view, exactly as the file stores it.

    name:           what the reader calls it, usually the file's name; never a full path.
    rgb:            (H, W, 3) uint8, sRGB; made read-only here.
    label:          ground truth ("mitosis", "normal"), None when nobody said.
    mpp:            micrometres per pixel, None when the file does not say.
    origin:         (row, column) of the top-left pixel, in level-0 slide pixels; may be negative
                    where the tile reaches over the border.
    downsample:     level-0 slide pixels per tile pixel; 1 for a tile that is no part of a slide.
    slide:          name of the slide or field it was cut from, "" for a picture of its own.
    slide_hash:     tells that slide from others, "" where there is none.
    case:           patient, case or slide that it shares with other tiles, "" when unknown.
    source_sha256:  hex digest of the file's bytes, "" for a tile that never was a file.
    lossy:          the source was compressed with loss (JPEG), so single pixels are not original.
    notes:          what was converted on the way in, one plain sentence each.
    """

    name: str
    rgb: NDArray[np.uint8]
    label: str | None = None
    mpp: float | None = None
    origin: tuple[int, int] = (0, 0)
    downsample: float = 1.0
    slide: str = ""
    slide_hash: str = ""
    case: str = ""
    source_sha256: str = ""
    lossy: bool = False
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3:
            raise ValueError(f"expected (H, W, 3) uint8, got {self.rgb.shape} {self.rgb.dtype}")
        rgb = np.array(self.rgb, order="C")
        rgb.setflags(write=False)
        object.__setattr__(self, "rgb", rgb)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def footprint(self) -> Window:
        """What it covers of its slide, in level-0 pixels; may begin above or left of 0."""
        height, width = (round(edge * self.downsample) for edge in self.shape)
        return Window(*self.origin, height, width)

    @cached_property
    def sha256(self) -> str:
        """Hex digest of shape and pixels: equal for equal pictures, whatever file held them."""
        height, width = self.shape
        return hashlib.sha256(f"{height}x{width}:".encode() + self.rgb.tobytes()).hexdigest()

    def centre(self, height: int, width: int) -> Window:
        """The centred window of that size; odd margins leave the smaller part above and left.

        Raises ValueError when the tile is smaller than the window.
        """
        if height > self.shape[0] or width > self.shape[1]:
            raise ValueError(f"a {self.shape} tile holds no {(height, width)} window")
        return Window((self.shape[0] - height) // 2, (self.shape[1] - width) // 2, height, width)

"""Where tissue is painted: two stain densities on a fine grid, random fields, and outlines."""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Field: TypeAlias = NDArray[np.floating]  # float32 wherever a whole grid is meant

FINER = 2  # painted samples per pixel and axis
GRAINS = (0.8, 2.0, 6.0)  # pixels; what is fine, medium and coarse


def noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    grain: float,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> Field:
    """A random field of mean 0 and deviation 1 that goes on at the opposite edge.

    shape: in samples, FINER to a pixel.  grain and grain * stretch are its lengths in pixels.
    """
    damp = _damping(shape, grain) if stretch == 1 else _damp(shape, grain, stretch, angle)
    parts = rng.standard_normal((2, *damp.shape), dtype=np.float32)
    field = fft.irfft2((parts[0] + 1j * parts[1]) * damp, s=shape)
    return np.asarray(field / (np.sqrt(np.vdot(field, field) / field.size) + 1e-9), np.float32)


def _damp(shape: tuple[int, int], grain: float, stretch: float, angle: float) -> Field:
    """How much of each frequency of a real transform stays: a Gaussian, and none of the mean."""
    rows = fft.fftfreq(shape[0], 1 / FINER).astype(np.float32)[:, None]
    columns = fft.rfftfreq(shape[1], 1 / FINER).astype(np.float32)[None, :]
    along = np.float32(stretch) * (
        columns * np.float32(np.cos(angle)) + rows * np.float32(np.sin(angle))
    )
    across = rows * np.float32(np.cos(angle)) - columns * np.float32(np.sin(angle))
    damping: Field = np.exp(np.float32(-0.5 * (2 * np.pi * grain) ** 2) * (across**2 + along**2))
    damping[0, 0] = 0
    return damping


@lru_cache(maxsize=8)
def _kept(shape: tuple[int, int], grain: float) -> Field:
    return _damp(shape, grain, 1.0, 0.0)


def _damping(shape: tuple[int, int], grain: float) -> Field:
    """As `_damp`, remembered for tiles, which are many; a slide's would fill the memory."""
    return _kept(shape, grain) if max(shape) <= 1024 else _damp(shape, grain, 1.0, 0.0)


class Canvas:
    """Two stain densities on the fine grid, painted in place, and where on it the brush stands."""

    along: Field  # pixels from the brush along its first axis, and across it
    across: Field

    def __init__(
        self,
        rng: np.random.Generator,
        haematoxylin: Field,
        eosin: Field,
        grains: tuple[Field, Field, Field],
    ) -> None:
        """haematoxylin, eosin: optical densities of one shape; they may be views.

        grains: noise of the three GRAINS, the canvas's shape or a larger square.
        """
        self.rng = rng
        self.haematoxylin, self.eosin = haematoxylin, eosin
        self._grains = grains
        height, width = haematoxylin.shape
        self.fine, self.medium, self.coarse = (grain[:height, :width] for grain in grains)
        self.grit, self.clumps, self.clouds = self.fine, self.medium, self.coarse
        self._rows, self._columns = _places(height)[:, None], _places(width)[None, :]

    @classmethod
    def blank(cls, rng: np.random.Generator, size: int) -> "Canvas":
        """A square one of `size` pixels without stain, its brush in the centre."""
        shape = (size * FINER, size * FINER)
        fine, medium, coarse = (noise(rng, shape, grain) for grain in GRAINS)
        canvas = cls(
            rng, np.zeros(shape, np.float32), np.zeros(shape, np.float32), (fine, medium, coarse)
        )
        canvas.move(0.0, 0.0, 0.0)
        return canvas

    def noise(self, grain: float, stretch: float = 1.0, angle: float = 0.0) -> Field:
        height, width = self.haematoxylin.shape
        return noise(self.rng, (height, width), grain, stretch, angle)

    def move(self, row: float, column: float, angle: float) -> None:
        """Put the brush there (pixels from the centre), its first axis at that angle."""
        y, x = self._rows - np.float32(row), self._columns - np.float32(column)
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        self.along, self.across = x * cosine + y * sine, y * cosine - x * sine
        shift = tuple(int(n) for n in self.rng.integers(0, len(self._grains[0]), 2))
        height, width = self.haematoxylin.shape
        self.grit, self.clumps, self.clouds = (
            np.roll(grain, shift, (0, 1))[:height, :width] for grain in self._grains
        )

    def lay(self, cover: Field, haematoxylin: Field | float, eosin: Field | float) -> None:
        """Replace what is there by these densities, as far as cover (0-1) reaches."""
        self.haematoxylin += cover * (haematoxylin - self.haematoxylin)
        self.eosin += cover * (eosin - self.eosin)


def _places(samples: int) -> Field:
    """Each sample's place in pixels from the middle."""
    return (np.arange(samples, dtype=np.float32) + 0.5) / FINER - samples / FINER / 2


# Shapes: signed distance from an outline in tile pixels, negative inside.


def blob(canvas: Canvas, radius: float, aspect: float, wobble: float) -> Field:
    """A rounded outline; aspect is length over width, wobble 0 (smooth) to about 0.3 (angular)."""
    long, wide = radius * np.sqrt(aspect), radius / np.sqrt(aspect)
    x, y = canvas.along / np.float32(long), canvas.across / np.float32(wide)
    reach, angle = np.hypot(x, y), np.arctan2(y, x)
    outline = np.ones_like(reach)
    for lobes in (2, 3, 4, 5):
        size = canvas.rng.normal(0, wobble / lobes)
        outline += np.float32(size) * np.cos(lobes * angle + np.float32(canvas.rng.uniform(0, 6.3)))
    distance: Field = (reach - outline) * np.float32(wide)
    return distance


def rod(canvas: Canvas, half: float, thick: float, bend: float, at: float = 0.0) -> Field:
    """A plate seen from its side, `at` pixels across the axis, its ends bent by that many."""
    y = canvas.across - np.float32(at) - np.float32(bend) * (canvas.along / np.float32(half)) ** 2
    straight = max(half - thick, 0.1)
    return np.hypot(np.maximum(np.abs(canvas.along) - straight, 0), y) - np.float32(thick)


def inside(distance: Field, soft: float = 0.6) -> Field:
    """Cover 0-1 of an outline whose edge is about `soft` pixels wide."""
    cover: Field = np.clip(np.float32(0.5) - distance / np.float32(2 * soft), 0, 1)
    return cover


def rim(distance: Field, at: float, width: float) -> Field:
    """1 on the line `at` pixels from the outline, falling off over `width`."""
    line: Field = np.exp(-(((distance - np.float32(at)) / np.float32(width)) ** 2))
    return line

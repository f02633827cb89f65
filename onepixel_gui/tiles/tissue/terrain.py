"""The lie of the land on a painted slide: nests and stroma, which way fibres run, where it ends.

Everything here changes over tens of micrometres, so that it is kept on a grid of STEP pixels.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from onepixel_gui.tiles.tissue.canvas import FINER, Field, noise

STEP = 8  # pixels from one place on the map to the next


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Maps of one shape, one value for every STEP pixels; random ones have deviation 1.

    nests:    above 0 among tumour cells, below in the stroma; about 1 deep inside either.
    depth:    pixels from the edge of the tissue, negative on glass.
    angle:    which way fibres run, radians.
    crowd, thick, loose, inflamed:  how dense the nuclei, how deep the stain, how torn the
              ground, and how many small round cells.
    """

    nests: Field
    depth: Field
    angle: Field
    crowd: Field
    thick: Field
    loose: Field
    inflamed: Field

    @classmethod
    def drawn(cls, rng: np.random.Generator, height: int, width: int) -> "Terrain":
        """For a canvas of so many pixels; glass lies on the right and in the lower left corner."""
        shape = (-(-height // STEP) + 1, -(-width // STEP) + 1)

        def rolling(grain: float) -> Field:
            return noise(rng, shape, grain / (STEP * FINER))

        lobes = rolling(95.0) + 0.45 * rolling(38.0) + 0.16 * rolling(16.0)
        nests = np.clip(1.3 * (lobes + 0.25), -1.6, 1.6)
        rows = STEP * np.arange(shape[0], dtype=np.float32)[:, None] / height
        columns = STEP * np.arange(shape[1], dtype=np.float32)[None, :] / width
        right = (0.68 - columns + 0.12 * rows) * np.float32(width)
        corner = (0.74 + 0.45 * columns - rows) * np.float32(0.9 * height)
        edge = 75 * rolling(130.0) + 18 * rolling(45.0) + 8 * rolling(18.0)
        return cls(
            nests=nests,
            depth=np.minimum(right, corner) + edge,
            angle=_along(0.8 * nests + 2.2 * rolling(190.0)),
            crowd=rolling(70.0),
            thick=rolling(150.0),
            loose=rolling(60.0),
            inflamed=rolling(75.0),
        )

    def ways(self, count: int) -> list[tuple[float, Field]]:
        """So many directions and how much of each goes into a place; squares add up to 1."""
        angles = [np.pi * n / count for n in range(count)]
        parts = [np.maximum(np.cos(2 * (self.angle - a)), 0) ** 4 for a in angles]
        whole = np.sqrt(sum(part**2 for part in parts))
        return [
            (a, (part / whole).astype(np.float32)) for a, part in zip(angles, parts, strict=True)
        ]


def at(chart: Field, row: float, column: float) -> float:
    """The value nearest to a place given in pixels."""
    return float(chart[round(row / STEP), round(column / STEP)])


def enlarged(chart: Field, rows: slice, width: int) -> Field:
    """Those rows of the fine grid, `width` samples wide, drawn straight between values."""
    down, across = (
        np.arange(start, stop, dtype=np.float32) / np.float32(STEP * FINER)
        for start, stop in ((rows.start, rows.stop), (0, width))
    )
    above, left = down.astype(np.intp), across.astype(np.intp)
    part = (down - above)[:, None]
    lines = chart[above] * (1 - part) + chart[above + 1] * part
    rest = (across - left)[None, :]
    return np.asarray(lines[:, left] * (1 - rest) + lines[:, left + 1] * rest, np.float32)


def _along(height: Field) -> Field:
    """The direction of level lines, radians; steady where the ground is flat."""
    down, right = np.gradient(height)
    steep = np.hypot(down, right) + 1e-6
    double = 2 * np.arctan2(right, -down)  # the way across the slope, either sense
    cosine, sine = (ndimage.gaussian_filter(steep * part(double), 3.0) for part in (np.cos, np.sin))
    return np.asarray(0.5 * np.arctan2(sine, cosine), np.float32)

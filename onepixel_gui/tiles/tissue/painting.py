"""One tile around one nucleus, with what lies around it."""

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.tissue.canvas import Canvas
from onepixel_gui.tiles.tissue.cells import KINDS, PAINTERS, Kind, dark_nucleus, nucleus
from onepixel_gui.tiles.tissue.ground import tissue
from onepixel_gui.tiles.tissue.scanner import Scanner, stored

UM_PER_PIXEL = 0.25


def paint(kind: Kind, seed: int, size: int = 64) -> NDArray[np.uint8]:
    """One tile with that object near its centre: (size, size, 3) RGB, 0.25 um per pixel.

    The same kind, seed (zero or more) and size give the same bytes.
    """
    if size < 8:
        raise ValueError(f"a tile is at least 8 pixels wide, not {size}")
    rng = np.random.default_rng([KINDS.index(kind), seed])
    canvas = Canvas.blank(rng, size)
    tissue(canvas, fibrous=kind == "stroma")
    _neighbours(canvas, size, 24.0 if kind in ("stroma", "pyknotic", "lymphocyte") else 30.0)
    row, column = rng.normal(0, 1.6, 2)
    canvas.move(row, column, rng.uniform(0, np.pi))
    PAINTERS[kind](canvas)
    seen = Scanner.drawn(rng).seen(rng, canvas.haematoxylin, canvas.eosin)
    return stored(seen, rng.uniform(0.15, 0.8))


def _neighbours(canvas: Canvas, size: int, keep: float) -> None:
    """Nuclei of other cells, at least `keep` pixels from the centre, some cut by the edge."""
    rng = canvas.rng
    reach = size / 2 + 9
    placed: list[tuple[float, float]] = []
    for _ in range(int(rng.integers(3, 11) * (size / 64) ** 2) + 1):
        row, column = rng.uniform(-reach, reach, 2)
        apart = min((np.hypot(row - r, column - c) for r, c in placed), default=99.0)
        if np.hypot(row, column) < keep or apart < 25:
            continue
        placed.append((row, column))
        canvas.move(row, column, rng.uniform(0, np.pi))
        neighbour(canvas)


def neighbour(canvas: Canvas) -> None:
    """An ordinary nucleus where the brush is; one in four is dark."""
    rng = canvas.rng
    if rng.random() < 0.75:
        nucleus(canvas, rng.uniform(9, 14.5), rng.uniform(1, 1.7), rng.uniform(0.65, 1.3))
    else:
        dark_nucleus(canvas, rng.uniform(6, 10), rng.uniform(1, 3), rng.uniform(1.1, 1.8))

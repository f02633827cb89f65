"""A painted slide: nests of cells in fibrous tissue beside bare glass, and where mitoses are.

The brushes and the scanner are those of the tiles, on one canvas, so that a classifier trained on
painted tiles finds its way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from onepixel_gui.tiles.tissue.canvas import FINER, GRAINS, Canvas, Field, inside, noise
from onepixel_gui.tiles.tissue.cells import MITOSES, Kind
from onepixel_gui.tiles.tissue.ground import Weave, bare, warped
from onepixel_gui.tiles.tissue.population import REACH, Population, Stroke
from onepixel_gui.tiles.tissue.scanner import Scanner, stored
from onepixel_gui.tiles.tissue.terrain import Terrain, enlarged

LOOKALIKES: tuple[Kind, ...] = ("hyperchromatic", "pyknotic", "lymphocyte")

_MARGIN = REACH + 16  # pixels painted beyond each edge of the slide, so that it cuts nuclei
_CLEAR = 36  # pixels between a marked place and the edge of the slide: room for its tile
_STRIP = 256  # rows of pixels worked on at a time, a multiple of 8
_SEAM = 16  # pixels of overlap, further than lens and sharpening reach
_WAYS = 8  # directions of fibres; places between them blend two
_POOL = 256  # pixels of noise that brushes draw from
# Scanned as most tiles are: the middle of what their scanners are drawn from.
_SCANNER = Scanner(
    stains=np.array([[0.60, 0.70, 0.41], [0.28, 0.81, 0.52]], np.float32),
    lamp=np.array([247, 243, 246], np.float32),
    bent=2,
    focus=0.9,
    sharpening=0.5,
    grain=0.8,
)
_COARSENESS = 0.8


@dataclass(frozen=True, slots=True)
class Mark:
    """What was painted, and the pixel of the slide that is its centre."""

    row: int
    column: int
    kind: Kind


@dataclass(frozen=True, slots=True, eq=False)
class PaintedSlide:
    """rgb: (H, W, 3), 0.25 um per pixel.  marks: each mitosis, then each look-alike."""

    rgb: NDArray[np.uint8]
    marks: tuple[Mark, ...]


def paint_slide(
    seed: int, height: int, width: int, *, mitoses: int = 14, lookalikes: int = 40
) -> PaintedSlide:
    """The same arguments give the same bytes; about 250 bytes of memory a pixel.

    The five kinds of mitosis take turns, and so do three kinds of nucleus that pass for one.
    Raises ValueError when the slide is narrower than 256 pixels or has no room for them.
    """
    if min(height, width) < 256:
        raise ValueError(f"a slide is at least 256 pixels wide, not {height} x {width}")
    rng = np.random.default_rng([seed, height, width])
    terrain = Terrain.drawn(rng, *(_painted(side) // FINER for side in (height, width)))
    canvas, frayed = _ground(rng, terrain, (_painted(height), _painted(width)))
    size = height + 2 * _MARGIN, width + 2 * _MARGIN
    population = Population(rng, terrain, size, _MARGIN + _CLEAR)
    lumens = list(population.lumens(max(1, height * width // 500_000)))
    kinds: list[Kind] = [MITOSES[n % len(MITOSES)] for n in range(mitoses)]
    kinds += [LOOKALIKES[n % len(LOOKALIKES)] for n in range(lookalikes)]
    marked = [population.marked(kind) for kind in kinds]
    _strokes(canvas, [*lumens, *population.ordinary(), *marked])
    marks = tuple(
        Mark(stroke.row - _MARGIN, stroke.column - _MARGIN, kind)
        for stroke, kind in zip(marked, kinds, strict=True)
    )
    _shore(canvas, terrain, frayed)
    return PaintedSlide(_scanned(canvas, height, width), marks)


def _painted(side: int) -> int:
    """Samples for a side of that many pixels: at least with its margins, quick to transform."""
    samples = FINER * (side + 2 * _MARGIN)
    while fft.next_fast_len(samples, real=True) != samples:
        samples += FINER
    return samples


def _strips(samples: int) -> Iterator[slice]:
    for start in range(0, samples, FINER * _STRIP):
        yield slice(start, min(start + FINER * _STRIP, samples))


def _ground(
    rng: np.random.Generator, terrain: Terrain, shape: tuple[int, int]
) -> tuple[Canvas, Field]:
    """The tissue without its nuclei, and how far fibres stick out of its edge."""
    width = shape[1]
    strung = np.zeros(shape, np.float32)
    for angle, share in terrain.ways(_WAYS):
        threads = 0.22 * noise(rng, shape, 0.8, 11.0, angle)
        threads += 0.26 * noise(rng, shape, 2.7, 4.5, angle)
        for rows in _strips(shape[0]):
            strung[rows] += enlarged(share, rows, width) * threads[rows]
    where = noise(rng, shape, 10.0)
    strung = warped(strung, 3.5 * where)
    cells = noise(rng, shape, 7.0)
    fine, medium, coarse = (noise(rng, shape, grain) for grain in GRAINS)
    haematoxylin, eosin = (np.zeros(shape, np.float32) for _ in range(2))
    for rows in _strips(shape[0]):
        nests, thick, loose, crowd = (
            enlarged(chart, rows, width)
            for chart in (terrain.nests, terrain.thick, terrain.loose, terrain.crowd)
        )
        margin = np.exp(-((nests / 0.22) ** 2))  # nests come off the stroma around them
        weave = Weave(
            strung=strung[rows],
            where=where[rows],
            cells=cells[rows],
            fibres=inside(4 * nests + 0.6 * where[rows], 0.6),
            specks=np.clip(0.3 + 0.25 * crowd, 0, 0.9),
            pink=0.82 + 0.1 * thick + 0.05 * loose,
            blue=0.34 + 0.05 * thick - 0.03 * loose,
            level=np.maximum(2.5 + 0.35 * np.sign(nests) - 0.45 * loose - 0.5 * margin, 1.3),
        )
        grains = fine[rows], medium[rows], coarse[rows]
        weave.lay(Canvas(rng, haematoxylin[rows], eosin[rows], grains))
    frayed = 5 * where + 5 * strung
    return Canvas(rng, haematoxylin, eosin, (fine, medium, coarse)), frayed


def _strokes(canvas: Canvas, strokes: list[Stroke]) -> None:
    rng = canvas.rng
    fine, medium, coarse = (noise(rng, (FINER * _POOL, FINER * _POOL), grain) for grain in GRAINS)
    for stroke in strokes:
        down, across = (
            slice(FINER * (place - REACH), FINER * (place + REACH))
            for place in (stroke.row, stroke.column)
        )
        part = Canvas(
            rng,
            canvas.haematoxylin[down, across],
            canvas.eosin[down, across],
            (fine, medium, coarse),
        )
        part.move(0.0, 0.0, stroke.angle)
        stroke.paint(part)


def _shore(canvas: Canvas, terrain: Terrain, frayed: Field) -> None:
    """Take away what lies beyond the edge of the tissue."""
    height, width = frayed.shape
    for rows in _strips(height):
        depth = enlarged(terrain.depth, rows, width)
        grains = canvas.fine[rows], canvas.medium[rows], canvas.coarse[rows]
        part = Canvas(canvas.rng, canvas.haematoxylin[rows], canvas.eosin[rows], grains)
        bare(part, depth + frayed[rows])
        part.lay(inside(depth + frayed[rows] + 8, 4), 0.02, 0.015)  # free of the tissue's grain


def _scanned(canvas: Canvas, height: int, width: int) -> NDArray[np.uint8]:
    rgb = np.empty((height, width, 3), np.uint8)
    columns = slice(FINER * (_MARGIN - _SEAM), FINER * (_MARGIN + width + _SEAM))
    for top in range(0, height, _STRIP):
        many = min(_STRIP, height - top)
        rows = slice(FINER * (_MARGIN + top - _SEAM), FINER * (_MARGIN + top + many + _SEAM))
        seen = _SCANNER.seen(
            canvas.rng, canvas.haematoxylin[rows, columns], canvas.eosin[rows, columns]
        )
        rgb[top : top + many] = stored(seen[_SEAM:-_SEAM, _SEAM:-_SEAM], _COARSENESS)
    return rgb

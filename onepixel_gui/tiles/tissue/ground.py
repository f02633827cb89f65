"""What lies between nuclei: cytoplasm and collagen, cell borders, and gaps of bare glass."""

from dataclasses import dataclass

import numpy as np

from onepixel_gui.tiles.tissue.canvas import FINER, Canvas, Field, inside, rim


@dataclass(frozen=True, slots=True, eq=False)
class Weave:
    """What ground is woven of; fields of the canvas's shape, or one number for all of it.

    strung:  strands and bands of fibres.        where:   what gaps and fibres follow.
    cells:   0 on cell borders.                  fibres:  cover of collagen, 0-1.
    specks:  how many bright holes, 0-0.9.       pink:    strength of eosin, about 0.9.
    blue:    haematoxylin outside nuclei, about 0.4.
    level:   gaps are where |where + strung / 2| exceeds it.
    """

    strung: Field
    where: Field
    cells: Field
    fibres: Field
    specks: Field | float
    pink: Field | float
    blue: Field | float
    level: Field | float

    def lay(self, canvas: Canvas) -> None:
        """Add it to the canvas, which is bare."""
        net = 1 - np.minimum(np.abs(canvas.medium) / 0.5, 1)  # thin lines between vacuoles
        seams = 1 - np.minimum(np.abs(self.cells) / 0.12, 1)
        holes = np.minimum(0, 1.1 - canvas.clumps)  # small, bright once the scanner sharpens
        granular = 0.16 * canvas.fine + 0.18 * canvas.clumps + 0.16 * canvas.clouds + 0.18 * net
        granular += 0.3 * seams + self.specks * holes
        texture = granular + self.fibres * (self.strung - granular)
        canvas.eosin += self.pink * np.maximum(0.62 + 0.1 * self.fibres + 0.9 * texture, 0.04)
        basophilic = self.blue * (1 - 0.45 * self.fibres)
        canvas.haematoxylin += np.maximum(basophilic + 0.32 * texture + 0.08 * canvas.clouds, 0.02)
        bare(canvas, (self.level - np.abs(self.where + 0.5 * self.strung)) * 9)


def tissue(canvas: Canvas, fibrous: bool) -> None:
    """Ground for one tile, its mixture drawn at random."""
    rng = canvas.rng
    angle = rng.uniform(0, np.pi)
    strands = canvas.noise(0.8, rng.uniform(6, 16), angle)
    bands = canvas.noise(rng.uniform(2, 3.5), rng.uniform(3, 6), angle)
    where, cells = canvas.noise(10.0), canvas.noise(7.0)
    fibres = inside(-where + (-1.2 if fibrous else rng.normal(1.0, 0.7)), 0.5)
    weave = Weave(
        strung=warped(0.22 * strands + 0.26 * bands, 3.5 * where),
        where=where,
        cells=cells,
        fibres=fibres,
        specks=rng.uniform(0, 0.9),
        pink=rng.uniform(0.7, 1.1),
        blue=rng.uniform(0.24, 0.5),
        level=float(max(rng.normal(1.7, 0.5), 0.9)),
    )
    weave.lay(canvas)


def warped(field: Field, bend: Field) -> Field:
    """The field with its samples fetched from `bend` pixels further down and right."""
    height, width = field.shape
    step = np.rint(FINER * bend).astype(np.intp)
    rows = (np.arange(height)[:, None] + step) % height
    return np.asarray(field[rows, (np.arange(width)[None, :] - step) % width])


def bare(canvas: Canvas, shore: Field) -> None:
    """Glass where the distance from the shore is negative; the shore slightly darker."""
    canvas.eosin += 0.3 * rim(shore, 1.2, 1.2)
    canvas.haematoxylin += 0.12 * rim(shore, 1.2, 1.2)
    canvas.lay(0.97 * inside(shore, 1.2), 0.03 + 0.02 * canvas.fine, 0.02 + 0.02 * canvas.fine)

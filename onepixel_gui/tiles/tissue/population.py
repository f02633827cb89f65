"""Which nuclei lie where on a painted slide: tumour cells in nests, thin ones along the fibres."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from onepixel_gui.tiles.tissue.canvas import Canvas, blob
from onepixel_gui.tiles.tissue.cells import MITOSES, PAINTERS, Kind, dark_nucleus, nucleus
from onepixel_gui.tiles.tissue.ground import bare
from onepixel_gui.tiles.tissue.terrain import Terrain, at

REACH = 60  # pixels from its place that a stroke may paint
_SHORE = 14.0  # pixels between a nucleus and bare glass
_TRIES = 260  # pixels of canvas for each place that is tried for an ordinary nucleus


@dataclass(frozen=True, slots=True)
class Stroke:
    """One thing to paint: its place on the canvas in pixels, its direction, and how."""

    row: int
    column: int
    angle: float
    paint: Callable[[Canvas], None]


class Population:
    """Places taken so far; each has a radius that no other may enter."""

    def __init__(
        self, rng: np.random.Generator, terrain: Terrain, shape: tuple[int, int], margin: int
    ) -> None:
        """shape: of the canvas in pixels; within `margin` of its edge lies nothing marked."""
        self.rng, self.terrain = rng, terrain
        self._shape, self._margin = shape, margin
        self._places = np.empty((4096, 3))
        self._count = 0

    def lumens(self, count: int) -> Iterator[Stroke]:
        """Hollows inside nests, longer than wide."""
        for row, column in self._tried(400):
            if not count:
                break
            radius = float(self.rng.uniform(9, 24))
            deep = at(self.terrain.nests, row, column) > 0.7
            if deep and self._take(row, column, 60, radius + 2):
                count -= 1
                angle, aspect = self.rng.uniform(0, np.pi), self.rng.uniform(1.2, 2.6)
                yield Stroke(row, column, angle, partial(_lumen, radius, aspect))

    def marked(self, kind: Kind) -> Stroke:
        """A mitosis or a look-alike where such lie, with room around it.

        Raises ValueError where the slide has no such place left.
        """
        keep = 17.5 if kind in MITOSES else 13.0
        for row, column in self._tried(20_000):
            nest = at(self.terrain.nests, row, column)
            home = nest < -0.1 if kind == "lymphocyte" else nest > (0.35 if kind in MITOSES else -9)
            if home and self._inner(row, column) and self._take(row, column, 46, 46):
                self._places[self._count - 1, 2] = keep
                angle = at(self.terrain.angle, row, column) + self.rng.normal(0, 0.5)
                return Stroke(row, column, angle, PAINTERS[kind])
        raise ValueError(f"no room for another {kind}")

    def ordinary(self) -> Iterator[Stroke]:
        """All others, as dense as the place asks for."""
        height, width = self._shape
        for row, column in self._tried(height * width // _TRIES):
            nest = at(self.terrain.nests, row, column)
            if nest > self.rng.normal(0, 0.08):
                stroke = self._in_nest(row, column)
            elif at(self.terrain.inflamed, row, column) > self.rng.normal(1.25, 0.25):
                stroke = self._small(row, column)
            else:
                stroke = self._in_stroma(row, column)
            if stroke is not None:
                yield stroke

    def _in_nest(self, row: int, column: int) -> Stroke | None:
        rng = self.rng
        crowd = 0.4 + 0.24 * at(self.terrain.crowd, row, column)
        large = rng.random() < 0.12
        if rng.random() > crowd or not self._take(row, column, 16 if large else 12.5, _SHORE):
            return None
        if large:
            return Stroke(row, column, rng.uniform(0, np.pi), PAINTERS["interphase"])
        if rng.random() < 0.05:
            return self._dark(row, column, 3.0)
        looks = rng.uniform(9, 14.5), rng.uniform(1, 1.7), rng.uniform(0.65, 1.3)
        return Stroke(row, column, rng.uniform(0, np.pi), lambda canvas: nucleus(canvas, *looks))

    def _in_stroma(self, row: int, column: int) -> Stroke | None:
        rng = self.rng
        if rng.random() > 0.16 or not self._take(row, column, 11.0, _SHORE):
            return None
        if rng.random() < 0.6:
            return self._dark(row, column, 5.0)
        looks = rng.uniform(8, 11), rng.uniform(1.5, 2.6), rng.uniform(0.7, 1.3)
        angle = at(self.terrain.angle, row, column) + rng.normal(0, 0.25)
        return Stroke(row, column, angle, lambda canvas: nucleus(canvas, *looks))

    def _dark(self, row: int, column: int, longest: float) -> Stroke:
        rng = self.rng
        looks = rng.uniform(5, 8.5), rng.uniform(min(2.5, longest / 2), longest)
        depth = rng.uniform(0.9, 1.7)
        angle = at(self.terrain.angle, row, column) + rng.normal(0, 0.2)
        return Stroke(row, column, angle, lambda canvas: dark_nucleus(canvas, *looks, depth))

    def _small(self, row: int, column: int) -> Stroke | None:
        """A round cell of an inflammation; paler than a lymphocyte that is marked."""
        rng = self.rng
        crowd = 0.4 + 0.25 * at(self.terrain.loose, row, column)
        if rng.random() > crowd or not self._take(row, column, rng.uniform(7, 10), 9):
            return None
        looks = rng.uniform(6.5, 8.5), rng.uniform(1, 1.4), rng.uniform(0.9, 1.35)
        return Stroke(row, column, rng.uniform(0, np.pi), lambda canvas: nucleus(canvas, *looks))

    def _tried(self, count: int) -> Iterator[tuple[int, int]]:
        """Random places whose strokes stay on the canvas."""
        height, width = self._shape
        for _ in range(count):
            yield (
                int(self.rng.integers(REACH, height - REACH)),
                int(self.rng.integers(REACH, width - REACH)),
            )

    def _inner(self, row: int, column: int) -> bool:
        height, width = self._shape
        edge = self._margin
        return edge <= row < height - edge and edge <= column < width - edge

    def _take(self, row: int, column: int, room: float, shore: float) -> bool:
        """Whether nothing is in the way; the place is then taken."""
        if at(self.terrain.depth, row, column) < shore:
            return False
        others = self._places[: self._count]
        apart = np.hypot(others[:, 0] - row, others[:, 1] - column)
        if (apart < others[:, 2] + room).any():
            return False
        if self._count == len(self._places):
            self._places = np.concatenate([self._places, np.empty_like(self._places)])
        self._places[self._count] = row, column, room
        self._count += 1
        return True


def _lumen(radius: float, aspect: float, canvas: Canvas) -> None:
    bare(canvas, blob(canvas, radius, aspect, 0.3) + 1.3 * canvas.clouds + 0.5 * canvas.clumps)

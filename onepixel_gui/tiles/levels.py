"""The levels of a slide: those that its file stores, and coarser ones made from them by averaging.

A pixel of a level made here is the mean of the box of stored pixels that it stands for, rounded
half up; boxes at the right and bottom edge may be smaller, and those means are within 1 of exact.
The coarsest levels are such means of the finest level that is held, instead of the stored pixels.
"""

import math
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onepixel_gui.problems import UnreadableSlide

HELD_BYTES = 64 * 2**20  # all made levels of one slide that are held together
ENOUGH = 2048**2  # a stored level of so few pixels needs no coarser ones beside it
SMALLEST = 512  # the long side at which to stop
STEP_PIXELS = 2**21  # read between two events: some 50 to 150 ms of decoding
_DAMAGED = 255  # what coarse levels show where nothing can be read, as an empty slide does


@dataclass(frozen=True, slots=True)
class Level:
    """shape: (H, W) in its own pixels.  downsample: level-0 pixels per pixel of it, 1 or more.

    ready:   it can be read at once; of a flat picture coarse levels are made by `building`.
    stored:  it lies in the file; the others are averages of those that do.
    """

    shape: tuple[int, int]
    downsample: float
    ready: bool = True
    stored: bool = True


@dataclass(frozen=True, slots=True)
class Built:
    """done of total steps of making coarse levels; damaged: pieces that could not be read."""

    droppable: ClassVar[bool] = True
    done: int
    total: int
    damaged: int = 0


class Plane(Protocol):
    """One stored picture. May be read from several threads at once.

    shape:  (H, W).
    grain:  (h, w) of the pieces it is stored in, which are cheapest to read as a whole.
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def grain(self) -> tuple[int, int]: ...

    def read(self, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        """(height, width, 3), all of it inside. Raises UnreadableSlide."""


@dataclass(frozen=True)
class HeldPlane:
    """A stored picture that is held whole: (H, W, 3) uint8."""

    rgb: NDArray[np.uint8]

    @property
    def shape(self) -> tuple[int, int]:
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def grain(self) -> tuple[int, int]:
        return 256, self.rgb.shape[1]

    def read(self, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        return self.rgb[row : row + height, column : column + width].copy()


class MadeLevels:
    """Levels of a half, a quarter, ... of a stored plane, for planes that are large.

    The finest ones, which together with the coarser would not fit into HELD_BYTES, are averaged
    whenever they are asked for; the others are made by one pass of `building` and then held.
    """

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._factors = tuple(_factors(plane.shape))
        self.shapes = tuple(_reduced(plane.shape, factor) for factor in self._factors)
        self._first = _first_held(self.shapes)
        self._held: tuple[NDArray[np.uint8], ...] = ()
        self._lock = threading.Lock()

    @property
    def factors(self) -> tuple[int, ...]:
        """Pixels of the plane per pixel of each level: 2, 4, 8, ..."""
        return self._factors

    def ready(self, index: int) -> bool:
        return index < self._first or bool(self._held)

    def read(self, index: int, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        """(height, width, 3) of that level, held or not. Raises UnreadableSlide."""
        if index >= self._first and self._held:
            held = self._held[index - self._first]
            return held[row : row + height, column : column + width].copy()
        factor = self._factors[index]
        top, left = row * factor, column * factor
        bottom = min((row + height) * factor, self._plane.shape[0])
        right = min((column + width) * factor, self._plane.shape[1])
        rgb = self._plane.read(top, left, bottom - top, right - left)
        # In the same two steps as what is held, so that nothing changes once it is.
        finer = min(factor, self._factors[self._first])
        return shrunk(shrunk(rgb, finer), factor // finer)

    def building(self) -> Generator[Built]:
        """Makes what is held. Once it is there, or where nothing is to be made, yields nothing."""
        if self._held or not self._factors:
            return
        factor = self._factors[self._first]
        finest = np.empty((*self.shapes[self._first], 3), np.uint8)
        step = _step(self._plane, factor)
        grid = [math.ceil(edge / each) for edge, each in zip(self._plane.shape, step, strict=True)]
        damaged = 0
        for done, (top, left, bottom, right) in enumerate(_boxes(self._plane.shape, step), 1):
            rgb, missing = _surviving(self._plane, (top, left, bottom, right))
            part = shrunk(rgb, factor)
            row, column = top // factor, left // factor
            finest[row : row + part.shape[0], column : column + part.shape[1]] = part
            damaged += missing
            yield Built(done, math.prod(grid), damaged)
        held = [shrunk(finest, each // factor) for each in self._factors[self._first :]]
        with self._lock:  # whoever finishes first wins; both made the same
            self._held = self._held or tuple(held)

    def close(self) -> None:
        """Lets go of what is held."""
        self._held = ()


def shrunk(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means of factor x factor boxes, factor a power of 2: (ceil(H / f), ceil(W / f), 3)."""
    return rgb if factor == 1 else np.asarray(Image.fromarray(rgb).reduce(factor))


def _reduced(shape: tuple[int, int], factor: int) -> tuple[int, int]:
    return math.ceil(shape[0] / factor), math.ceil(shape[1] / factor)


def _factors(shape: tuple[int, int]) -> Iterator[int]:
    factor = 1
    while shape[0] * shape[1] > ENOUGH and max(_reduced(shape, factor)) > SMALLEST:
        factor *= 2
        yield factor


def _first_held(shapes: Sequence[tuple[int, int]]) -> int:
    room, first = HELD_BYTES, len(shapes)
    for height, width in reversed(shapes):
        room -= 3 * height * width
        if room < 0:
            break
        first -= 1
    return first


def _step(plane: Plane, factor: int) -> tuple[int, int]:
    """(rows, columns) to read at once: whole boxes always, whole pieces where both fit."""
    height, width = plane.shape
    down, across = (min(each, edge) for each, edge in zip(plane.grain, plane.shape, strict=True))
    rows = _multiple(down, factor)
    columns = width if across == width else _multiple(across, factor)
    while rows * columns * 2 <= STEP_PIXELS and (rows < height or columns < width):
        if columns < width:
            columns *= 2
        else:
            rows *= 2
    return rows, columns


def _boxes(shape: tuple[int, int], step: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """(top, left, bottom, right) of each step."""
    for top in range(0, shape[0], step[0]):
        for left in range(0, shape[1], step[1]):
            yield top, left, min(top + step[0], shape[0]), min(left + step[1], shape[1])


def _multiple(edge: int, factor: int) -> int:
    return math.ceil(edge / factor) * factor


def _surviving(plane: Plane, box: tuple[int, int, int, int]) -> tuple[NDArray[np.uint8], int]:
    """(top, left, bottom, right) of a plane, white where a piece is damaged; how many are."""
    top, left, bottom, right = box
    try:
        return plane.read(top, left, bottom - top, right - left), 0
    except UnreadableSlide:
        missing = 0
    with_damage = np.full((bottom - top, right - left, 3), _DAMAGED, np.uint8)
    for row in steps(top, bottom, plane.grain[0]):
        for column in steps(left, right, plane.grain[1]):
            try:
                piece = plane.read(row[0], column[0], row[1] - row[0], column[1] - column[0])
            except UnreadableSlide:
                missing += 1
            else:
                into = slice(row[0] - top, row[1] - top), slice(column[0] - left, column[1] - left)
                with_damage[into] = piece
    return with_damage, missing


def steps(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    """start to stop, cut where a multiple of `step` lies."""
    while start < stop:
        end = min((start // step + 1) * step, stop)
        yield start, end
        start = end

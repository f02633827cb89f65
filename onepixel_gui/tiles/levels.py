"""The levels of a slide: those that its file stores, and coarser ones made from them by averaging.

A level made here is the exact mean of the boxes of stored pixels that each of its pixels stands
for, rounded half up; boxes at the right and bottom edge may be smaller.
"""

import math
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

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
        return shrunk(self._plane.read(top, left, bottom - top, right - left), factor)

    def building(self) -> Generator[Built]:
        """Makes what is held. Once it is there, or where nothing is to be made, yields nothing."""
        if self._held or self._first == len(self._factors):
            return
        levels = _Averages(self._plane.shape, self._factors[self._first :])
        bands = list(_bands(self._plane, self._factors[self._first]))
        total, done, damaged = sum(len(columns) for _, columns in bands), 0, 0
        for (top, bottom), columns in bands:
            sums = []
            for left, right in columns:
                rgb, missing = _surviving(self._plane, (top, left, bottom, right))
                sums.append(_sums(rgb, levels.factors[0]))
                done, damaged = done + 1, damaged + missing
                yield Built(done, total, damaged)
            levels.take(np.concatenate(sums, axis=1))
        with self._lock:  # whoever finishes first wins; both made the same
            self._held = self._held or levels.finished()

    def close(self) -> None:
        """Lets go of what is held."""
        self._held = ()


def shrunk(rgb: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means of factor x factor boxes, factor a power of 2: (ceil(H / f), ceil(W / f), 3)."""
    areas = np.multiply.outer(_lengths(rgb.shape[0], factor), _lengths(rgb.shape[1], factor))[
        ..., np.newaxis
    ]
    return _rounded(_sums(rgb, factor), areas)


class _Averages:
    """Coarse levels filled from top to bottom, each from the sums of the one before it."""

    def __init__(self, shape: tuple[int, int], factors: Sequence[int]) -> None:
        self.factors = tuple(factors)
        self._shape = shape
        self._levels = [
            np.zeros((*_reduced(shape, factor), 3), np.uint8) for factor in self.factors
        ]
        self._rows = [0] * len(self.factors)
        self._waiting: list[NDArray[np.uint64] | None] = [None] * len(self.factors)

    def take(self, sums: NDArray[np.uint64], index: int = 0) -> None:
        """The next rows of a level, as sums over its boxes: (n, w, 3)."""
        level, row, factor = self._levels[index], self._rows[index], self.factors[index]
        count = len(sums)
        down = _lengths(self._shape[0], factor)[row : row + count]
        areas = np.multiply.outer(down, _lengths(self._shape[1], factor))[..., np.newaxis]
        level[row : row + count] = _rounded(sums, areas)
        self._rows[index] = row + count
        if index + 1 == len(self.factors):
            return
        waiting = self._waiting[index]
        if waiting is not None:
            sums = np.concatenate([waiting, sums])
        whole = len(sums) if row + count == len(level) else len(sums) // 2 * 2
        self._waiting[index] = sums[whole:] if whole < len(sums) else None
        if whole:
            self.take(_sums(sums[:whole], 2), index + 1)

    def finished(self) -> tuple[NDArray[np.uint8], ...]:
        for level in self._levels:
            level.setflags(write=False)
        return tuple(self._levels)


def _sums(values: NDArray[np.uint8] | NDArray[np.uint64], factor: int) -> NDArray[np.uint64]:
    """Sums over factor x factor boxes of (H, W, 3), by halving; what is missing counts nothing."""
    total: NDArray[np.unsignedinteger] = values
    terms = 1
    for axis in (0, 1):  # rows first: those halve without breaking up memory
        for _ in range(factor.bit_length() - 1):
            if total.shape[axis] % 2:
                gap = [(0, 0)] * 3
                gap[axis] = (0, 1)
                total = np.pad(total, gap)
            terms *= 2
            kind = np.uint16 if values.dtype == np.uint8 and terms <= 256 else np.uint64
            even = total[::2] if axis == 0 else total[:, ::2]
            odd = total[1::2] if axis == 0 else total[:, 1::2]
            total = np.add(even, odd, dtype=kind)
    return total.astype(np.uint64)


def _rounded(sums: NDArray[np.uint64], areas: NDArray[np.int64]) -> NDArray[np.uint8]:
    whole = areas.astype(np.uint64)
    return ((sums + whole // 2) // whole).astype(np.uint8)


def _lengths(edge: int, factor: int) -> NDArray[np.int64]:
    """How many of `edge` pixels each box along it holds."""
    lengths = np.full(math.ceil(edge / factor), factor, np.int64)
    lengths[-1] = edge - factor * (len(lengths) - 1)
    return lengths


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


def _bands(plane: Plane, factor: int) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
    """((top, bottom), its [(left, right), ...]): steps of whole pieces and of whole boxes."""
    height, width = plane.shape
    down, across = (min(each, edge) for each, edge in zip(plane.grain, plane.shape, strict=True))
    rows = _multiple(down, factor)
    columns = width if across == width else _multiple(across, factor)
    while rows * columns * 2 <= STEP_PIXELS and (rows < height or columns < width):
        if columns < width:
            columns *= 2
        else:
            rows *= 2
    columns = min(columns, width)
    edges = [(left, min(left + columns, width)) for left in range(0, width, columns)]
    for top in range(0, height, rows):
        yield (top, min(top + rows, height)), edges


def _multiple(edge: int, factor: int) -> int:
    return math.ceil(edge / factor) * factor


def _surviving(plane: Plane, box: tuple[int, int, int, int]) -> tuple[NDArray[np.uint8], int]:
    """(top, left, bottom, right) of a plane, white where a piece is damaged; how many are."""
    top, left, bottom, right = box
    with_damage = np.full((bottom - top, right - left, 3), _DAMAGED, np.uint8)
    try:
        return plane.read(top, left, bottom - top, right - left), 0
    except UnreadableSlide:
        missing = 0
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

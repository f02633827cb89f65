"""One class for every open slide: stored planes from any reader, made levels, tiles."""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles import cutting
from onepixel_gui.tiles.levels import Built, Level, MadeLevels, Plane
from onepixel_gui.tiles.tile import Tile


@dataclass(frozen=True)
class Found:
    """What a reader found in a file.

    format:  what a reader calls it.  hash: tells this slide from others.
    mpp:     micrometres per pixel of level 0, None when the file does not say.
    planes:  the stored pictures, finest first.
    close:   lets go of the file; reading goes on where it had begun.
    """

    format: str
    hash: str
    mpp: float | None
    lossy: bool
    notes: tuple[str, ...]
    planes: tuple[Plane, ...]
    close: Callable[[], None]


class Pyramid:
    """The Slide behind every format. See `slides.Slide` for what its members promise."""

    def __init__(self, path: Path, name: str, found: Found) -> None:
        self.path, self.name = path, name
        self.format, self.hash, self.mpp = found.format, found.hash, found.mpp
        self.lossy = found.lossy
        planes, self.notes = _agreeing(found.planes, found.notes)
        self._planes, self._close = planes, found.close
        self._made = MadeLevels(planes[-1][0])
        self._closed = threading.Event()

    @property
    def shape(self) -> tuple[int, int]:
        return self._planes[0][0].shape

    @property
    def levels(self) -> tuple[Level, ...]:
        stored = tuple(Level(plane.shape, downsample) for plane, downsample in self._planes)
        coarsest = self._planes[-1][1]
        made = zip(self._made.shapes, self._made.factors, strict=True)
        return stored + tuple(
            Level(shape, coarsest * factor, self._made.ready(index), stored=False)
            for index, (shape, factor) in enumerate(made)
        )

    def region(
        self, level: int, row: int, column: int, height: int, width: int
    ) -> NDArray[np.uint8]:
        shapes = [plane.shape for plane, _ in self._planes] + list(self._made.shapes)
        made = level - len(self._planes)
        edges = shapes[level] if 0 <= level < len(shapes) else (0, 0)
        inside = 0 <= row < row + height <= edges[0] and 0 <= column < column + width <= edges[1]
        if not inside:
            box = f"{height} x {width} at {row}, {column}"
            raise ValueError(f"level {level} of {self.name} is {edges}, so it holds no {box}")
        if self._closed.is_set():
            raise UnreadableSlide(f"{self.name} was closed.", "Open it again.")
        if made >= 0:
            return self._made.read(made, row, column, height, width)
        return self._planes[level][0].read(row, column, height, width)

    def tile(
        self,
        row: int,
        column: int,
        shape: tuple[int, int],
        *,
        mpp: float | None = None,
        label: str | None = None,
        case: str = "",
    ) -> Tile:
        return cutting.cut(self, row, column, shape, mpp=mpp, label=label, case=case)

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        for _ in self.building():
            pass
        return cutting.overview(self, edge)

    def building(self) -> Generator[Built]:
        yield from self._made.building()

    def close(self) -> None:
        self._closed.set()
        self._made.close()
        self._close()


def _agreeing(
    planes: Sequence[Plane], notes: Sequence[str]
) -> tuple[list[tuple[Plane, float]], tuple[str, ...]]:
    """Planes with their downsamples, without those that are no smaller picture of the first."""
    height, width = planes[0].shape
    kept: list[tuple[Plane, float]] = [(planes[0], 1.0)]
    odd = []
    for plane in planes[1:]:
        down, across = height / max(1, plane.shape[0]), width / max(1, plane.shape[1])
        downsample = (down + across) / 2
        alike = all(
            abs(edge / downsample - own) <= max(1.0, 0.01 * own)
            for edge, own in zip((height, width), plane.shape, strict=True)
        )
        if alike and downsample > 1.001 * kept[-1][1]:
            kept.append((plane, downsample))
        else:
            odd.append(f"{plane.shape[1]:,} x {plane.shape[0]:,}")
    if odd:
        size = f"{width:,} x {height:,}"
        said = f"Levels of {', '.join(odd)} pixels do not agree with its size of {size}"
        notes = (*notes, f"{said}; they were left out.")
    return kept, tuple(notes)

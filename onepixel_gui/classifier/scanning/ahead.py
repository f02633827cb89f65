"""Tiles of a slide, read by a thread of their own a little before they are asked for."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier.scan import Grid, Places
from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.cutting import cut
from onepixel_gui.tiles.slides import Level, Slide
from onepixel_gui.tiles.tile import Window

Made = TypeVar("Made")

_AHEAD = 4  # chunks that lie ready
_MARGIN = 64  # level pixels around a block: more than any filter looks beyond a tile
_PATIENCE = 0.1  # seconds that a chunk is waited for at once
_GOODBYE = 2.0  # seconds that a read is waited for at the end; a stalled drive is left behind


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """index: (N,) which places were read.  tiles: (N, H, W, 3) uint8.

    damaged: (M,) which places could not be read.
    """

    index: NDArray[np.intp]
    tiles: NDArray[np.uint8]
    damaged: NDArray[np.intp]


class Ahead:
    """Chunks of tiles in the order of the blocks; iterating waits for the disk, but not for long.

    A context: at its end the thread stops at the next tile, and no chunk is held any more.
    """

    def __init__(
        self,
        slide: Slide,
        grid: Grid,
        corners: tuple[Places, Places],
        blocks: Iterable[NDArray[np.intp]],
        size: int,
    ) -> None:
        """corners: level-0 (rows, columns) of places.  blocks: indices of them that lie together.

        size: tiles in a chunk, at most.
        """
        self._slide, self._grid, self._corners = slide, grid, corners
        self._blocks, self._size = blocks, size
        self._ready: Queue[Chunk | Exception | None] = Queue(_AHEAD)
        self._enough = Event()
        self._thread = Thread(target=self._run, name="scan", daemon=True)

    def __enter__(self) -> "Ahead":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._enough.set()
        self._thread.join(_GOODBYE)

    def __iter__(self) -> Iterator[Chunk | None]:
        """None each time that the disk was waited for a tenth of a second.

        Raises whatever reading raised, but for damaged parts.
        """
        while True:
            try:
                ready = self._ready.get(timeout=_PATIENCE)
            except Empty:
                yield None
                continue
            if ready is None:
                return
            if isinstance(ready, Exception):
                raise ready
            yield ready

    def _run(self) -> None:
        try:
            for block in self._blocks:
                for chunk in self._read(block):
                    if not self._put(chunk):
                        return
            self._put(None)
        except Exception as failure:  # noqa: BLE001 - it is raised again in the thread that asks
            self._put(failure)

    def _put(self, ready: Chunk | Exception | None) -> bool:
        """False when nobody wants it any more."""
        while not self._enough.is_set():
            try:
                self._ready.put(ready, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False

    def _read(self, block: NDArray[np.intp]) -> Iterator[Chunk]:
        tops, lefts = (each[block] for each in self._corners)
        part = _Part(self._slide, self._grid, tops, lefts)
        for start in range(0, len(block), self._size):
            index = block[start : start + self._size]
            tiles = np.empty((len(index), *self._grid.shape, 3), np.uint8)
            good = np.ones(len(index), np.bool_)
            for place in range(len(index)):
                if self._enough.is_set():
                    return
                try:
                    tiles[place] = part.tile(int(tops[start + place]), int(lefts[start + place]))
                except UnreadableSlide:
                    good[place] = False
            yield Chunk(index[good], tiles if good.all() else tiles[good], index[~good])


def awaiting(work: Callable[[], Generator[object, None, Made]]) -> Generator[None, None, Made]:
    """What `work` returns in the end, on a thread of its own; a pause each tenth of a second.

    Where nobody asks on, the thread stops at the next step.
    """
    made: Queue[tuple[Made | None, Exception | None]] = Queue(1)
    enough = Event()

    def run() -> None:
        steps = work()
        try:
            while not enough.is_set():
                next(steps)
        except StopIteration as end:
            made.put((end.value, None))
        except Exception as failure:  # noqa: BLE001 - it is raised again in the thread that asks
            made.put((None, failure))

    Thread(target=run, name="scan", daemon=True).start()
    try:
        while True:
            try:
                result, failure = made.get(timeout=_PATIENCE)
            except Empty:
                yield
                continue
            if failure is not None:
                raise failure
            return cast(Made, result)
    finally:
        enough.set()


class _Part:
    """A block of a slide, read at once; a `cutting.Source`, so that tiles are cut as always."""

    def __init__(self, slide: Slide, grid: Grid, tops: Places, lefts: Places) -> None:
        self._slide, self._grid = slide, grid
        top, left = int(tops.min()), int(lefts.min())
        down, across = int(tops.max()) - top + grid.height, int(lefts.max()) - left + grid.width
        self._box = Window(top, left, down, across)
        # Few tiles far apart cost less one by one.
        self._worth = len(tops) * grid.height * grid.width >= down * across and len(tops) > 1
        self._held: tuple[int, Window, NDArray[np.uint8]] | None = None
        self.name, self.hash = slide.name, slide.hash
        self.mpp, self.lossy = slide.mpp, slide.lossy
        self.levels: tuple[Level, ...] = slide.levels

    def tile(self, row: int, column: int) -> NDArray[np.uint8]:
        """(H, W, 3), the pixels of `Slide.tile`. Raises UnreadableSlide."""
        (height, width), (down, across) = self._grid.shape, self._slide.shape
        inside = 0 <= row <= down - height and 0 <= column <= across - width
        if self._grid.downsample == 1 and inside:
            return self.region(0, row, column, height, width)
        return cut(self, row, column, self._grid.shape, mpp=self._grid.mpp).rgb

    def region(
        self, level: int, row: int, column: int, height: int, width: int
    ) -> NDArray[np.uint8]:
        """As the slide's, out of what was read before where it lies in there."""
        if self._worth and self._held is None:
            self._hold(level)
        if self._held is not None:
            held, box, rgb = self._held
            top, left = row - box.row, column - box.column
            above = top >= 0 and top + height <= box.height
            if held == level and above and left >= 0 and left + width <= box.width:
                return rgb[top : top + height, left : left + width]
        return self._slide.region(level, row, column, height, width)

    def _hold(self, level: int) -> None:
        """Read the whole block, at the level that its tiles are cut from."""
        down, across = self.levels[level].shape
        scale, box = self.levels[level].downsample, self._box
        self._worth = False  # once is enough, whatever comes of it
        if not scale.is_integer():
            return  # OpenSlide blends pixels by where a region begins: tiles would not be the same
        margin = _MARGIN if self._grid.downsample != 1 else 0
        top = max(0, int(box.row / scale) - margin)
        left = max(0, int(box.column / scale) - margin)
        bottom = min(down, int((box.row + box.height) / scale) + 1 + margin)
        right = min(across, int((box.column + box.width) / scale) + 1 + margin)
        try:
            rgb = self._slide.region(level, top, left, bottom - top, right - left)
        except UnreadableSlide:
            return  # somewhere in it: tile by tile the rest can be read
        self._held = level, Window(top, left, *rgb.shape[:2]), rgb

"""The exhaustive sweep: every position times a palette of colours, painted as it becomes known."""

import time
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import (
    Candidates,
    Event,
    Floats,
    Painted,
    Pixel,
    Probe,
    Question,
    Readings,
    SweepBegan,
    Swept,
)
from onepixel_gui.tiles.tile import Window

Palette = NDArray[np.uint8]

_COARSEST = 8  # pixels


def cube(steps: int) -> Palette:
    """(steps cubed, 3) evenly spaced colours of the RGB cube, red slowest; 2 gives the corners."""
    levels = np.rint(np.linspace(0, 255, steps)).astype(np.uint8)
    grid = np.meshgrid(levels, levels, levels, indexing="ij")
    palette = np.stack([axis.ravel() for axis in grid], axis=1)
    palette.setflags(write=False)
    return palette


CORNERS = cube(2)
PALETTES: dict[str, Palette] = {"corners": CORNERS, "27": cube(3)}


def sweep(probe: Probe, palette: Palette = CORNERS) -> Generator[Event]:
    """Ask for every position of the window with every colour of the palette.

    palette: (K, 3) uint8, K at least 1.  Where the probe has a preview, that is painted first and
    the most promising positions are asked first; otherwise a coarse grid comes first and each
    later level halves it.  The order of asking has no influence on the result.
    """
    started = time.perf_counter()
    question, glimpses = probe.question, probe.preview_chunk
    painting = _Painting(question, palette)
    yield SweepBegan(question, palette, painting.logits.size)
    yield from _sketched(probe, painting, glimpses) if glimpses else _refined(probe, painting)
    confirmations = 0
    for asked in painting.confirm(probe):
        confirmations += asked
        yield painting.snapshot(1)
    yield painting.swept(probe, confirmations, time.perf_counter() - started)


def _refined(probe: Probe, painting: "_Painting") -> Iterator[Painted]:
    """Ask coarse to fine."""
    at_once = max(1, probe.chunk // len(painting.palette))
    for positions, block, standing in _coarse_to_fine(painting.question.window.shape, at_once):
        painting.put(positions, probe(painting.everything_at(positions)), block)
        yield painting.snapshot(standing)


def _sketched(probe: Probe, painting: "_Painting", glimpses: int) -> Iterator[Painted]:
    """Preview coarse to fine, `glimpses` candidates at once; then ask, most promising first."""
    at_once = max(1, glimpses // len(painting.palette))
    for positions, block, standing in _coarse_to_fine(painting.question.window.shape, at_once):
        painting.sketch(positions, previewed(probe, painting.everything_at(positions)), block)
        yield painting.snapshot(standing)
    at_once = max(1, probe.chunk // len(painting.palette))
    order = painting.most_promising_first()
    for start in range(0, len(order), at_once):
        positions = order[start : start + at_once]
        painting.put(positions, probe(painting.everything_at(positions)), block=1)
        yield painting.snapshot(1)


def previewed(probe: Probe, candidates: Candidates) -> Floats:
    """(N,) previewed logits; where the preview is not a number, that of the untouched tile."""
    logits = probe.preview(candidates)
    return np.where(np.isfinite(logits), logits, np.float32(probe.question.clean_logit))


class _Painting:
    """The unfinished map."""

    def __init__(self, question: Question, palette: Palette) -> None:
        self.question, self.palette = question, palette
        self._clean = np.float32(question.clean_logit)
        self._done = 0
        shape = question.window.shape
        self.logits = np.full((*shape, len(palette)), self._clean, np.float32)
        self._flipped = np.zeros(self.logits.shape, np.bool_)
        self._lowest = np.full(shape, self._clean, np.float32)
        self._highest = self._lowest.copy()
        self._exact = np.zeros(shape, np.bool_)

    def everything_at(self, positions: NDArray[np.intp]) -> Candidates:
        """Every colour at each of (P, 2) positions of the map: (P * K, 1, 5)."""
        return every_colour(positions, self.palette, self.question.window)

    def put(self, positions: NDArray[np.intp], readings: Readings, block: int) -> None:
        """Enter (P, 2) positions; each stands for its block of pixels until it is refined."""
        logits = readings.logits.reshape(len(positions), -1)
        rows, columns = positions.T
        self.logits[rows, columns] = logits
        self._flipped[rows, columns] = readings.flipped.reshape(logits.shape)
        self._exact[rows, columns] = True
        self._done += logits.size
        self.sketch(positions, logits, block)

    def sketch(self, positions: NDArray[np.intp], logits: Floats, block: int) -> None:
        """Paint the logits of every colour at (P, 2) positions without entering them."""
        logits = logits.reshape(len(positions), -1)
        lowest, highest = logits.min(axis=1), logits.max(axis=1)
        rows, columns = positions.T
        height, width = self._exact.shape
        for down in range(block):
            for right in range(block):
                inside = (rows + down < height) & (columns + right < width)
                place = rows[inside] + down, columns[inside] + right
                self._lowest[place] = lowest[inside]
                self._highest[place] = highest[inside]

    def most_promising_first(self) -> NDArray[np.intp]:
        """(P, 2): all positions, by what is painted, ranked towards the flip."""
        towards = self._lowest if self.question.downward else -self._highest
        order = np.argsort(towards, axis=None, kind="stable")
        return np.stack(np.unravel_index(order, towards.shape), axis=1)

    def snapshot(self, stride: int) -> Painted:
        lowest, highest = self._lowest.copy(), self._highest.copy()
        change, exact = largest_of(lowest, highest, self._clean), self._exact.copy()
        for array in (lowest, highest, change, exact):
            array.setflags(write=False)
        return Painted(self._done, self.logits.size, stride, lowest, highest, change, exact)

    def confirm(self, probe: Probe) -> Iterator[int]:
        """Ask an ordinary forward pass about every flip; what it denies is none."""
        suspects = np.argwhere(self._flipped)
        for start in range(0, len(suspects), probe.chunk):
            part = suspects[start : start + probe.chunk]
            readings = probe.confirm(self._chosen(part))
            rows, columns, colours = part.T
            self._flipped[rows, columns, colours] = readings.flipped
            yield len(part)

    def swept(self, probe: Probe, confirmations: int, seconds: float) -> Swept:
        order = self.logits.ravel()
        extremes = np.array(np.unravel_index([order.argmin(), order.argmax()], self.logits.shape)).T
        candidates = self._chosen(extremes)
        readings = probe.confirm(candidates)
        lowest, highest = (
            Pixel(row, column, (red, green, blue))
            for ((row, column, red, green, blue),) in candidates.tolist()
        )
        for array in (self.logits, self._flipped):
            array.setflags(write=False)
        return Swept(
            question=self.question,
            palette=self.palette,
            logits=self.logits,
            flipped=self._flipped,
            lowest=lowest,
            lowest_confidence=float(readings.confidences[0]),
            highest=highest,
            highest_confidence=float(readings.confidences[1]),
            queries=self.logits.size,
            confirmations=confirmations + 2,
            seconds=seconds,
        )

    def _chosen(self, indices: NDArray[np.intp]) -> Candidates:
        """(N, 3) indices of (row, column, colour) in the map -> candidates."""
        window = self.question.window
        positions = indices[:, :2] + np.array([window.row, window.column])
        chosen = np.concatenate([positions, self.palette[indices[:, 2]]], axis=1)
        return chosen.astype(np.int16)[:, None]


def largest_of(lowest: Floats, highest: Floats, clean: np.float32) -> Floats:
    """The logit change of largest size, with its sign. clean: logit of the untouched tile."""
    up, down = highest - clean, lowest - clean
    change: Floats = np.where(np.abs(down) > np.abs(up), down, up)
    return change


def every_colour(positions: NDArray[np.intp], palette: Palette, window: Window) -> Candidates:
    """Every colour at each of (P, 2) positions of the window, colours fastest: (P * K, 1, 5)."""
    candidates = np.empty((len(positions), len(palette), 5), np.int16)
    candidates[..., :2] = (positions + np.array([window.row, window.column]))[:, None]
    candidates[..., 2:] = palette
    return candidates.reshape(-1, 1, 5)


def _coarse_to_fine(
    shape: tuple[int, int], at_once: int
) -> Iterator[tuple[NDArray[np.intp], int, int]]:
    """All positions once, in chunks: ((P, 2) positions, the block each stands for, then standing).

    The last is the edge of the coarsest block that stands unrefined after that chunk.
    """
    coarser = 0
    for stride, level in _levels(shape):
        for start in range(0, len(level), at_once):
            through = start + at_once >= len(level)
            standing = stride if through else coarser or stride
            yield level[start : start + at_once], stride, standing
        coarser = stride


def _levels(shape: tuple[int, int]) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """(stride, (P, 2) positions that no coarser level had), from coarse to fine."""
    stride = _COARSEST
    while stride > min(shape):
        stride //= 2
    coarsest = stride
    rows, columns = np.indices(shape)
    while stride >= 1:
        here = (rows % stride == 0) & (columns % stride == 0)
        if stride < coarsest:
            here &= (rows % (2 * stride) != 0) | (columns % (2 * stride) != 0)
        yield stride, np.argwhere(here)
        stride //= 2

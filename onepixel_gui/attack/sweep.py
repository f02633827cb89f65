"""The exhaustive sweep: every position times a palette of colours, painted coarse to fine."""

import time
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import (
    Bools,
    Candidates,
    Event,
    Floats,
    Painted,
    Pixel,
    Probe,
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

    palette: (K, 3) uint8, K at least 1.  A coarse grid comes first and each later level halves it;
    the order of asking has no influence on the result.
    """
    started = time.perf_counter()
    question = probe.question
    painting = _Painting(question.window, palette, question.clean_logit)
    total = painting.logits.size
    yield SweepBegan(question, palette, total)
    at_once = max(1, probe.chunk // len(palette))
    coarser = 0  # stride of the level before; its blocks stand until this level is through
    for stride, level in _levels(question.window.shape):
        for start in range(0, len(level), at_once):
            positions = level[start : start + at_once]
            readings = probe(_candidates(positions, palette, question.window))
            painting.put(positions, readings.logits, readings.flipped, stride)
            through = start + at_once >= len(level)
            yield painting.snapshot(stride if through else coarser or stride)
        coarser = stride
    confirmations = 0
    for asked in painting.confirm(probe):
        confirmations += asked
        yield painting.snapshot(1)
    yield painting.swept(probe, confirmations, time.perf_counter() - started)


class _Painting:
    """The unfinished map."""

    def __init__(self, window: Window, palette: Palette, clean_logit: float) -> None:
        self._window, self._palette = window, palette
        self._clean = np.float32(clean_logit)
        self._done = 0
        self.logits = np.full((*window.shape, len(palette)), self._clean, np.float32)
        self._flipped = np.zeros(self.logits.shape, np.bool_)
        self._lowest = np.full(window.shape, self._clean, np.float32)
        self._highest = self._lowest.copy()
        self._exact = np.zeros(window.shape, np.bool_)

    def put(self, positions: NDArray[np.intp], logits: Floats, flipped: Bools, stride: int) -> None:
        """Enter (P, 2) positions; each stands for its block of `stride` until it is refined."""
        logits = logits.reshape(len(positions), -1)
        rows, columns = positions.T
        self.logits[rows, columns] = logits
        self._flipped[rows, columns] = flipped.reshape(logits.shape)
        lowest, highest = logits.min(axis=1), logits.max(axis=1)
        height, width = self._window.shape
        for down in range(stride):
            for right in range(stride):
                inside = (rows + down < height) & (columns + right < width)
                block = rows[inside] + down, columns[inside] + right
                self._lowest[block] = lowest[inside]
                self._highest[block] = highest[inside]
        self._exact[rows, columns] = True
        self._done += logits.size

    def snapshot(self, stride: int) -> Painted:
        lowest, highest = self._lowest.copy(), self._highest.copy()
        up, down = highest - self._clean, lowest - self._clean
        change = np.where(np.abs(down) > np.abs(up), down, up)
        exact = self._exact.copy()
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
            question=probe.question,
            palette=self._palette,
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
        origin = np.array([self._window.row, self._window.column])
        chosen = np.concatenate([indices[:, :2] + origin, self._palette[indices[:, 2]]], axis=1)
        return chosen.astype(np.int16)[:, None]


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


def _candidates(positions: NDArray[np.intp], palette: Palette, window: Window) -> Candidates:
    """Every colour at each position, colours fastest: (P * K, 1, 5)."""
    count = len(palette)
    candidates = np.empty((len(positions), count, 5), np.int16)
    candidates[..., :2] = (positions + np.array([window.row, window.column]))[:, None]
    candidates[..., 2:] = palette
    return candidates.reshape(-1, 1, 5)

"""A slide that is an array in memory, and that may be damaged, slow, or watched while read."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.cutting import cut, overview
from onepixel_gui.tiles.slides import Built, Level
from onepixel_gui.tiles.tile import Window


@dataclass(eq=False)
class PlaneSlide:
    """rgb: (H, W, 3) uint8 of level 0, the only one.

    damaged: rectangles that cannot be read.  read: what was read, in order, and by which thread.
    gate:    reading waits until it is set; None for no gate.
    """

    rgb: NDArray[np.uint8]
    mpp: float | None = None
    damaged: tuple[Window, ...] = ()
    gate: threading.Event | None = None
    blind: bool = False  # it has no overview
    read: list[Window] = field(default_factory=list)
    readers: set[threading.Thread] = field(default_factory=set)
    path = Path("plane.png")
    name = "plane.png"
    format = "plane"
    hash = "plane:1"
    lossy = False
    notes = ()

    @property
    def shape(self) -> tuple[int, int]:
        return self.rgb.shape[:2]

    @property
    def levels(self) -> tuple[Level, ...]:
        return (Level(self.shape, 1.0),)

    def region(self, level, row, column, height, width):
        assert level == 0
        assert 0 <= row <= row + height <= self.shape[0]
        assert 0 <= column <= column + width <= self.shape[1]
        self.readers.add(threading.current_thread())
        if self.gate is not None:
            assert self.gate.wait(20), "the gate was never opened"
        self.read.append(Window(row, column, height, width))
        for bad in self.damaged:
            above = row < bad.row + bad.height and bad.row < row + height
            if above and column < bad.column + bad.width and bad.column < column + width:
                raise UnreadableSlide("A part of plane.png is damaged.", "Copy it again.")
        return self.rgb[row : row + height, column : column + width].copy()

    def tile(self, row, column, shape, *, mpp=None, label=None, case=""):
        return cut(self, row, column, shape, mpp=mpp, label=label, case=case)

    def thumbnail(self, edge):
        if self.blind:
            raise UnreadableSlide("plane.png has no overview.", "Copy it again.")
        return overview(PlaneSlide(self.rgb), edge)

    def building(self):
        yield Built(1, 1)

    def close(self):
        pass

"""What stands in for slides in the tests of the viewer."""

from collections.abc import Callable, Generator
from pathlib import Path
from threading import Event as Gate
from threading import Lock
from typing import Any

import numpy as np
from PySide6.QtGui import QImage

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.qt.slides.parts import Broken, Part, Wish, covered
from onepixel_gui.qt.slides.reader import screen_image
from onepixel_gui.tiles.slides import Built, Level

_LONGEST = 20  # seconds that a closed gate holds a reader


def pixels(height: int = 1500, width: int = 2300) -> np.ndarray:
    """(height, width, 3) uint8; every pixel tells where it lies."""
    rows, columns = np.indices((height, width))
    return np.stack((rows % 251, columns % 241, (rows + columns) % 239), axis=2).astype(np.uint8)


class StandInSlide:
    """A slide over an array. Its coarser levels are every n-th pixel.

    gate: holds whoever reads a part.  asked: (level, row, column) in order of reading.
    broken: those that cannot be read.  flat: coarse levels are there after `building` only.
    """

    def __init__(
        self,
        name: str = "stand-in.svs",
        rgb: np.ndarray | None = None,
        downsamples: tuple[int, ...] = (1, 4),
        *,
        flat: bool = False,
        open_: bool = True,
    ) -> None:
        self.path, self.name, self.format = Path("/somewhere") / name, name, "stand-in"
        self.hash, self.mpp, self.lossy, self.notes = f"test:{name}", 0.25, False, ()
        self.rgb = pixels() if rgb is None else rgb
        self._arrays = [np.ascontiguousarray(self.rgb[::step, ::step]) for step in downsamples]
        self._downsamples, self.flat = downsamples, flat
        self.gate, self.closed = Gate(), Gate()
        self.asked: list[tuple[int, int, int]] = []
        self.broken: set[tuple[int, int, int]] = set()
        self._turn = Lock()
        if open_:
            self.gate.set()

    @property
    def shape(self) -> tuple[int, int]:
        return self.rgb.shape[0], self.rgb.shape[1]

    @property
    def levels(self) -> tuple[Level, ...]:
        return tuple(
            Level(array.shape[:2], float(step), ready=step == 1 or not self.flat)
            for array, step in zip(self._arrays, self._downsamples, strict=True)
        )

    def region(self, level: int, row: int, column: int, height: int, width: int) -> np.ndarray:
        with self._turn:
            self.asked.append((level, row, column))
        assert self.gate.wait(_LONGEST), "the gate was never opened"
        assert not self.closed.is_set(), "a closed slide was read"
        if (level, row, column) in self.broken:
            raise UnreadableSlide("This part of the slide is damaged.", "Copy the file again.")
        array = self._arrays[level][row : row + height, column : column + width]
        assert array.shape[:2] == (height, width), "a region reaches beyond its level"
        return np.ascontiguousarray(array)

    def thumbnail(self, edge: int) -> np.ndarray:
        step = -(-max(self.shape) // edge)
        return np.ascontiguousarray(self.rgb[::step, ::step])

    def building(self) -> Generator[Built]:
        if self.flat:
            yield Built(1, 2)
            self.flat = False
            yield Built(2, 2)

    def tile(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        self.closed.set()


def image_of(slide: StandInSlide, part: Part) -> QImage:
    """What a reader makes of a part."""
    box = covered(part, slide.levels[part.level].shape)
    rgb = slide.region(part.level, box.row, box.column, box.height, box.width)
    return screen_image(np.ascontiguousarray(rgb[:: part.factor, :: part.factor]))


def answering(
    pane: Any, slide: StandInSlide, *, broken: Callable[[Part], bool] = lambda _: False
) -> list[Wish]:
    """Give the pane all it wishes for, at once; returns its wishes as they come."""
    wishes: list[Wish] = []

    def answer(wish: Wish) -> None:
        wishes.append(wish)
        for part in wish.missing:
            problem = UnreadableSlide("This part of the slide is damaged.", "Copy it again.")
            pane.take_part(part, Broken(problem) if broken(part) else image_of(slide, part))

    pane.parts_wished.connect(answer)
    return wishes


def rgb_of(image: QImage) -> np.ndarray:
    """(H, W, 3) uint8."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), -1)
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()

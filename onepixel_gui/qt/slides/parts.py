"""What a slide is drawn from: squares of its levels, and of steps between its levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

from onepixel_gui.problems import Problem
from onepixel_gui.tiles.slides import Level, Slide
from onepixel_gui.tiles.tile import Window

PART = 512  # px along the edge of a part; of 256 and 512 the one that costs fewer calls
_WIDEST = 8  # px of a level that are averaged into one, along each edge, at most
_SMALL = 700  # px along the longer edge: no smaller picture of a slide is needed
_ENLARGED = 1.2  # screen px per px of a rung, along each edge, before the next finer is needed
_SHRUNK = 6.0  # px of a rung per screen px: beyond, so many parts were needed that none is read


class Part(NamedTuple):
    """A square of a slide. One of its pixels is `factor` x `factor` pixels of `level`, averaged.

    row, column: counted in parts, from the top left of the level.
    """

    level: int
    factor: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for a part that could not be read."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Wish:
    """What a view of a slide needs; each one replaces the one before.

    missing: parts that would make it sharper, most wanted first.
    shown:   parts that it draws from now.
    """

    missing: tuple[Part, ...] = ()
    shown: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class SlideFacts:
    """What is shown of a slide beside its pixels.

    shape: (H, W) of level 0.  mpp: micrometres per pixel of level 0, None when unknown.
    """

    name: str
    shape: tuple[int, int]
    levels: tuple[Level, ...]
    mpp: float | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, slide: Slide) -> "SlideFacts":
        return cls(slide.name, slide.shape, slide.levels, slide.mpp, slide.notes)


@dataclass(frozen=True, slots=True)
class Rung:
    """A resolution at which a slide can be drawn: a level, or a step between two levels.

    downsample: level-0 px per px of it.  shape: (H, W) in its own px.
    """

    level: int
    factor: int
    downsample: float
    shape: tuple[int, int]
    ready: bool

    def box(self, part: Part) -> Window:
        """What a part covers, in px of the rung."""
        row, column = part.row * PART, part.column * PART
        height, width = min(PART, self.shape[0] - row), min(PART, self.shape[1] - column)
        return Window(row, column, height, width)

    def parts(
        self, rows: tuple[float, float], columns: tuple[float, float], margin: int = 0
    ) -> list[Part]:
        """Those that meet a rectangle in level-0 px, row by row.

        margin: parts beyond it to each side, where the slide goes on.
        """
        down, across = (
            range(
                max(0, floor(low / self.downsample / PART) - margin),
                min(ceil(edge / PART), ceil(high / self.downsample / PART) + margin),
            )
            for (low, high), edge in ((rows, self.shape[0]), (columns, self.shape[1]))
        )
        return [Part(self.level, self.factor, row, column) for row in down for column in across]


def rungs(levels: tuple[Level, ...]) -> tuple[Rung, ...]:
    """All resolutions, finest first, none more than about twice as coarse as the one before.

    Between levels that lie farther apart, and below the coarsest, each pixel is the mean of a few;
    that is cheaper to draw than to shrink the finer level on each paint, and better to look at.
    """
    return tuple(rung for index in range(len(levels)) for rung in _of_level(levels, index))


def _of_level(levels: tuple[Level, ...], index: int) -> Iterator[Rung]:
    level, factor = levels[index], 1
    after = levels[index + 1].downsample if index + 1 < len(levels) else float("inf")
    while factor == 1 or (
        factor <= _WIDEST
        and level.downsample * factor * 1.5 < after
        and max(level.shape) * 2 > _SMALL * factor
    ):
        height, width = (ceil(edge / factor) for edge in level.shape)
        yield Rung(index, factor, level.downsample * factor, (height, width), level.ready)
        factor *= 2


def covered(part: Part, shape: tuple[int, int]) -> Window:
    """What has to be read for a part, in px of its level. shape: (H, W) of the level."""
    edge = PART * part.factor
    row, column = part.row * edge, part.column * edge
    return Window(row, column, min(edge, shape[0] - row), min(edge, shape[1] - column))


def aim(ladder: tuple[Rung, ...], scale: float) -> int | None:
    """The rung to draw from: the coarsest that need not be enlarged by much.

    scale: screen px per level-0 px.  None where so much of what is ready would have to be read for
    one view that it is better to wait.
    """
    ready = [n for n, rung in enumerate(ladder) if rung.ready]
    fine = [n for n in ready if scale * ladder[n].downsample <= _ENLARGED]
    best = max(fine, default=min(ready, default=None))
    if best is None or 1 / (scale * ladder[best].downsample) <= _SHRUNK:
        return best
    return min((n for n in ready if n > best), default=None)

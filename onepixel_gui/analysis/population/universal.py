"""Universal pixels: which one (row, column, colour) flips the most tiles."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.shares import Share
from onepixel_gui.attack.probe import Pixel, Swept

MOST = 10  # pixels told; and parts that tiles are split into


@dataclass(frozen=True, slots=True)
class Universality:
    """pixel: in positions of the classifier's window.  share: of the swept tiles that it flips."""

    pixel: Pixel
    share: Share


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What choosing the best pixel promises for tiles that had no say in the choice.

    share:     pooled over all parts: on each the pixel that is best on all others.
    parts:     into how many the tiles were split; by: all tiles of a case in one part, or each tile
               for itself where no case is known.
    agreeing:  parts whose pixel is the best of all tiles.
    seed:      of the split.
    """

    share: Share
    parts: int
    by: Literal["case", "tile"]
    agreeing: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Universal:
    """One direction: N tiles answered `from_`.

    counts:    (H, W, K) tiles that each position with each colour flips; palette: (K, 3) uint8.
    flippable: tiles that any of them flips.
    best:      the MOST that flip the most tiles, best first; at equal numbers the one with the
               larger mean logit change.  Their shares are of the tiles they were chosen from, and
               so too high; () when nothing flips.
    colours:   the best one of each colour, in order of the palette.
    anywhere:  share of tiles flipped, averaged over all positions and colours.
    left_out:  None below 2 parts with tiles, and when nothing flips.
    other:     sweeps of another window or palette, not counted.
    """

    from_: str
    to: str
    tiles: int
    counts: NDArray[np.int64]
    palette: NDArray[np.uint8]
    flippable: int
    best: tuple[Universality, ...]
    colours: tuple[Universality, ...]
    anywhere: float
    left_out: LeftOut | None
    other: int

    @property
    def title(self) -> str:
        return f"{self.from_} to {self.to}"


class Universals:
    """Takes one sweep at a time and keeps counts alone: MOST maps a direction at most."""

    def __init__(self, cases: int = 0, seed: int = 0) -> None:
        """cases: how many there are; up to MOST of them each is a part of its own."""
        raise NotImplementedError

    def add(self, swept: Swept, tile: int, case: int = -1) -> None:
        """tile: its number in the study.  case: index, -1 where nobody said."""
        raise NotImplementedError

    def result(self) -> tuple[Universal, ...]:
        """Each direction, the one with most tiles first."""
        raise NotImplementedError

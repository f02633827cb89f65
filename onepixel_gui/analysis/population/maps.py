"""The mean confidence map over tiles: where a classifier is sensitive whatever the tile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Swept

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeanMap:
    """One direction: N tiles answered `from_`.  All arrays in positions of the window.

    lowest, highest:  (H, W) mean over tiles of the lowest and highest confidence, 0-1.
    change:  (H, W) mean over tiles of the largest |logit change|.
    flips:   (H, W) tiles that some colour flips there.
    clean:   mean confidence before, 0-1.
    row, column:  (H,), (W,) means of `change`.
    other:   sweeps of another window, not counted.
    """

    from_: str
    to: str
    tiles: int
    lowest: Doubles
    highest: Doubles
    change: Doubles
    flips: NDArray[np.int64]
    clean: float
    row: Doubles
    column: Doubles
    other: int

    @property
    def title(self) -> str:
        return f"{self.from_} to {self.to}"


class MeanMaps:
    """Takes one sweep at a time and keeps sums alone."""

    def __init__(self) -> None:
        raise NotImplementedError

    def add(self, swept: Swept) -> None:
        raise NotImplementedError

    def result(self) -> tuple[MeanMap, ...]:
        """Each direction, the one with most tiles first."""
        raise NotImplementedError

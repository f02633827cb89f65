"""The mean confidence map over tiles: where a classifier is sensitive whatever the tile."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Swept, confidence

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
    """Takes one sweep at a time and keeps sums alone. The first sweep says which window counts."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], _Sums] = {}
        self._shape: tuple[int, ...] = ()
        self._other = 0

    def add(self, swept: Swept) -> None:
        self._shape = self._shape or swept.logits.shape[:2]
        if swept.logits.shape[:2] != self._shape:
            self._other += 1
            return
        direction = (swept.question.answer, swept.question.goal)
        self._sums.setdefault(direction, _Sums(self._shape)).add(swept)

    def result(self) -> tuple[MeanMap, ...]:
        """Each direction, the one with most tiles first."""
        found = [sums.mean(*direction, self._other) for direction, sums in self._sums.items()]
        return tuple(sorted(found, key=lambda mean: (-mean.tiles, mean.title)))


class _Sums:
    """Of one direction."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._tiles, self._clean = 0, 0.0
        self._lowest, self._highest, self._change = np.zeros((3, *shape))
        self._flips = np.zeros(shape, np.int64)

    def add(self, swept: Swept) -> None:
        lowest, highest = swept.logits.min(axis=2), swept.logits.max(axis=2)
        self._tiles += 1
        self._clean += swept.question.clean
        self._lowest += confidence(lowest)
        self._highest += confidence(highest)
        self._change += largest_size(swept)
        self._flips += swept.flipped.any(axis=2)

    def mean(self, from_: str, to: str, other: int) -> MeanMap:
        change = self._change / self._tiles
        return MeanMap(
            from_,
            to,
            self._tiles,
            self._lowest / self._tiles,
            self._highest / self._tiles,
            change,
            self._flips.copy(),
            self._clean / self._tiles,
            change.mean(axis=1),
            change.mean(axis=0),
            other,
        )


def largest_size(swept: Swept) -> Doubles:
    """(H, W) the largest |logit change| over the palette."""
    clean = np.float32(swept.question.clean_logit)
    down, up = clean - swept.logits.min(axis=2), swept.logits.max(axis=2) - clean
    size: Doubles = np.maximum(np.abs(down), np.abs(up)).astype(np.float64)
    return size

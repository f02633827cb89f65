"""The average propagation map: how far flips reach into a classifier, layer by layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier.propagation import Propagation

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MeanPropagation:
    """N flips in one direction, L layers from input to output.

    layers, strides, shapes:  as in `Propagation`.
    maps:    per layer (h, w), mean over flips.
    peak, extent:  (L,) means over flips, and their (L,) standard deviations; nan below 2 flips.
    other:   propagations through other layers or shapes, not counted.
    """

    from_: str
    to: str
    flips: int
    layers: tuple[str, ...]
    strides: NDArray[np.float32]
    shapes: NDArray[np.int32]
    maps: tuple[Doubles, ...]
    peak: Doubles
    peak_deviation: Doubles
    extent: Doubles
    extent_deviation: Doubles
    other: int

    @property
    def title(self) -> str:
        return f"{self.from_} to {self.to}"


class Propagations:
    """Takes one propagation at a time and keeps sums alone. The first says which layers count."""

    def __init__(self) -> None:
        self._first: Propagation | None = None
        self._other = 0
        self._sums: dict[tuple[str, str], _Sums] = {}

    def add(self, propagation: Propagation, from_: str, to: str) -> None:
        """from_, to: the answers before and after."""
        if self._first is None:
            self._first = propagation
        if not _alike(self._first, propagation):
            self._other += 1
            return
        self._sums.setdefault((from_, to), _Sums(propagation)).add(propagation)

    def result(self) -> tuple[MeanPropagation, ...]:
        """Each direction, the one with most flips first."""
        if self._first is None:
            return ()
        first = self._first
        found = [sums.mean(key, first, self._other) for key, sums in self._sums.items()]
        return tuple(sorted(found, key=lambda mean: (-mean.flips, mean.title)))


def _alike(one: Propagation, other: Propagation) -> bool:
    return one.layers == other.layers and np.array_equal(one.shapes, other.shapes)


class _Sums:
    """Of one direction."""

    def __init__(self, like: Propagation) -> None:
        self._maps = [np.zeros(each.shape) for each in like.maps]
        self._values: list[Doubles] = []  # of each flip (2, L): peak, extent

    def add(self, propagation: Propagation) -> None:
        for sum_, each in zip(self._maps, propagation.maps, strict=True):
            sum_ += each
        self._values.append(np.stack([propagation.peak, propagation.extent]).astype(np.float64))

    def mean(self, key: tuple[str, str], like: Propagation, other: int) -> MeanPropagation:
        values = np.array(self._values)
        flips = len(values)
        deviation = np.full(values.shape[1:], np.nan)
        if flips > 1:
            deviation = values.std(axis=0, ddof=1)
        peak, extent = values.mean(axis=0)
        return MeanPropagation(
            *key,
            flips,
            like.layers,
            like.strides,
            like.shapes,
            tuple(sum_ / flips for sum_ in self._maps),
            peak,
            deviation[0],
            extent,
            deviation[1],
            other,
        )

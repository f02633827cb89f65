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
    """Takes one propagation at a time and keeps sums alone."""

    def __init__(self) -> None:
        raise NotImplementedError

    def add(self, propagation: Propagation, from_: str, to: str) -> None:
        """from_, to: the answers before and after."""
        raise NotImplementedError

    def result(self) -> tuple[MeanPropagation, ...]:
        """Each direction, the one with most flips first."""
        raise NotImplementedError

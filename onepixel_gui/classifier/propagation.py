"""How far a change of one pixel reaches, layer by layer (Vargas & Su: propagation maps)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Perturbation
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

EDGE = 32  # positions: larger maps are kept as the maxima of blocks


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """L layers from input to output.

    layers:  their names as the network has them.   strides: (L,) tile pixels per position.
    shapes:  (L, 2) of the whole maps; (1, 1) behind a pooling over all places.
    maps:    per layer (h, w) float16, at most EDGE on a side: over the channels the largest
             |difference|, by the largest |clean value| of the layer.
    peak:    (L,) largest of each map.   extent: (L,) share of positions that change at all.
    """

    layers: tuple[str, ...]
    strides: NDArray[np.float32]
    shapes: NDArray[np.int32]
    maps: tuple[NDArray[np.float16], ...]
    peak: NDArray[np.float32]
    extent: NDArray[np.float32]


def propagation(classifier: "Classifier", tile: Tile, best: Perturbation) -> Propagation | None:
    """None for a network that does not show its layers."""
    raise NotImplementedError


def strides(classifier: "Classifier") -> tuple[int, ...]:
    """Every spacing in tile pixels at which its layers read, ascending: (2, 4, 8); () unknown."""
    raise NotImplementedError

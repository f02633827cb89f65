"""How far a change of one pixel reaches, layer by layer (Vargas & Su: propagation maps)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Perturbation
from onepixel_gui.classifier import fitting
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:  # torch takes seconds to import, and whoever opens a study has no need of it
    from torch import Tensor

    from onepixel_gui.classifier.classifier import Classifier

EDGE = 32  # positions: larger maps are kept as the maxima of blocks
LAYERS = 24  # at most so many are kept, spread evenly from input to output
_ROUNDING = 1e-6  # of the largest clean value: less is no change, but the order of a sum


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """L layers from input to output: convolutions and poolings, and last what is answered.

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
    """None for a network that does not show its layers.

    By one ordinary pass of two tiles, clean and changed; which layers are kept is our choice.
    Raises TileTooSmall, WrongSize.
    """
    import torch

    from onepixel_gui.classifier.colours import resized
    from onepixel_gui.classifier.layering import layered, spacings

    network = layered(classifier)
    if network is None:
        return None
    window = fitting.window(classifier.card, tile)
    pair = np.stack([fitting.cut(tile, window)] * 2)
    for pixel in best:
        pair[1, pixel.row - window.row, pixel.column - window.column] = pixel.rgb
    told = network(resized(classifier.card, classifier.colours.scaled(torch.from_numpy(pair))))
    told = [told[index] for index in _spread(len(told))]
    changes = [_change(values) for _, values in told]
    known, size = spacings(classifier), np.array(pair.shape[1:3])
    scale = float((size / classifier.card.input_size).max())
    strides = [
        max(known[name]) * scale if name in known and change.numel() > 1 else _ratio(size, change)
        for (name, _), change in zip(told, changes, strict=True)
    ]
    return Propagation(
        tuple(name for name, _ in told),
        np.array(strides, np.float32),
        np.array([change.shape for change in changes], np.int32),
        tuple(_kept(change) for change in changes),
        np.array([float(change.max()) for change in changes], np.float32),
        np.array([float((change > _ROUNDING).float().mean()) for change in changes], np.float32),
    )


def strides(classifier: "Classifier") -> tuple[int, ...]:
    """Every spacing in tile pixels at which its layers read, ascending: (2, 4, 8); () unknown.

    Only spacings that fit into a tile twice are told: what reads it all at once has no period.
    """
    from onepixel_gui.classifier.layering import spacings

    height, width = classifier.card.input_size
    found = {one for pair in spacings(classifier).values() for one in pair}
    return tuple(sorted(one for one in found if 1 < one <= min(height, width) // 2))


def _spread(count: int) -> list[int]:
    return sorted(set(np.linspace(0, count - 1, min(count, LAYERS)).round().astype(int).tolist()))


def _change(values: "Tensor") -> "Tensor":
    """(2, C, H, W) clean and changed -> (H, W), 0 where the layer is silent."""
    clean, changed = values
    largest = float(clean.abs().max())
    change: Tensor = (changed - clean).abs().amax(dim=0)
    return change / largest if largest else change * 0


def _ratio(size: NDArray[np.int_], change: "Tensor") -> float:
    return max(1.0, float((size / np.array(change.shape)).max()))  # a padded map may be larger


def _kept(change: "Tensor") -> NDArray[np.float16]:
    from torch.nn import functional

    block = [-(-edge // EDGE) for edge in change.shape]
    maxima = functional.max_pool2d(change[None, None], block, ceil_mode=True)[0, 0]
    most = float(np.finfo(np.float16).max)
    kept: NDArray[np.float16] = maxima.clamp(max=most).cpu().numpy().astype(np.float16)
    kept.setflags(write=False)
    return kept

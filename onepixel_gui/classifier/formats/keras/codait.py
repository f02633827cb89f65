"""The mitosis network of IBM's MAX service inside its Keras file, weight by weight. No torch here.

Keras numbers convolutions and norms in the order they were made, block by block.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING

from onepixel_gui.classifier.formats.keras.store import Datasets, Legacy, linked

if TYPE_CHECKING:
    from torch import Tensor

Shape = tuple[int, ...]
# (narrow, outer) width of each block; the first of a stage is as narrow as the stage before.
_BLOCKS = ((4, 32), (8, 32), (8, 32), (8, 64), (16, 64), (16, 64), (16, 128), (32, 128), (32, 128))
_NORM = ("weight", "bias", "running_mean", "running_var")


def shapes(store: Datasets) -> dict[str, Shape]:
    """Weights of `architectures.CodaitMitosis` -> their shapes; {} where it is another network.

    Raises UnusableCheckpoint, and what a damaged file leads to.
    """
    if not isinstance(store, Legacy):
        return {}
    group = store.at("model_weights")
    if not linked(group, "conv2d_38") or linked(group, "conv2d_39"):
        return {}
    found: dict[str, Shape] = {}
    for target, layer, wanted in _layers():
        if not linked(group, layer):
            return {}
        listed = store.listed(layer)
        held = tuple(store.found(f"model_weights/{layer}/{one}").shape for one in listed)
        if held != wanted:
            return {}
        if len(wanted) == len(_NORM):
            found |= {f"{target}.{part}": wanted[0] for part in _NORM}
        else:
            rows, columns, inner, outer = wanted[0]
            found[f"{target}.weight"] = (outer, inner, rows, columns)
            found[f"{target}.bias"] = (outer,)
    return found


def weights(store: Datasets, wanted: Mapping[str, Shape]) -> "dict[str, Tensor]":
    """The weights themselves, as PyTorch lays them out."""
    import torch

    assert isinstance(store, Legacy)
    found = {}
    for target, layer, _ in _layers():
        listed = store.listed(layer)
        parts = _NORM if len(listed) == 4 else _NORM[:2]
        for part, path in zip(parts, listed, strict=True):
            array = store.read(store.found(f"model_weights/{layer}/{path}"))
            if array.ndim == 4:
                array = array.transpose(3, 2, 0, 1).copy()
            key = f"{target}.{part}"
            found[key] = torch.from_numpy(array).reshape(wanted[key])
    return found


def _layers() -> Iterator[tuple[str, str, tuple[Shape, ...]]]:
    """(our layer, Keras' layer, the shapes of its weights in Keras)."""
    yield "stem", "conv2d_1", _conv(3, 3, 16)
    norms = count(1)
    width = 16
    for block, (narrow, outer) in enumerate(_BLOCKS):
        ours, first = f"blocks.{block}", 4 * block + 2
        sizes = ((1, width, narrow), (3, narrow, narrow), (1, narrow, outer))
        for inner, size in enumerate(sizes):
            yield f"{ours}.conv{inner + 1}", f"conv2d_{first + inner}", _conv(*size)
            normed = ((size[1],),) * 4
            yield f"{ours}.norm{inner + 1}", f"batch_normalization_{next(norms)}", normed
        yield f"{ours}.shortcut", f"conv2d_{first + 3}", _conv(1, width, outer)
        width = outer
    yield "norm", "batch_normalization_28", ((width,),) * 4
    yield "head", "conv2d_38", _conv(1, width, 1)


def _conv(edge: int, inner: int, outer: int) -> tuple[Shape, ...]:
    return (edge, edge, inner, outer), (outer,)

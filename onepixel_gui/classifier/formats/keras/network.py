"""A Keras graph with its weights as one PyTorch network."""

import re
from collections.abc import Mapping, Sequence
from math import prod

from torch import Tensor, nn

from onepixel_gui.classifier.formats.keras.graph import Graph, Layer
from onepixel_gui.classifier.formats.keras.layers import made
from onepixel_gui.classifier.formats.keras.maps import Shape, Task
from onepixel_gui.classifier.formats.keras.store import Datasets
from onepixel_gui.problems import UnusableCheckpoint

Read = tuple[int, ...]
_LARGEST = 1 << 26  # numbers of one map of one tile
_ALL = 1 << 31  # of all its maps together
_RESERVED = frozenset(dir(nn.ModuleDict()))


class KerasNetwork(nn.Module):
    """(N, 3, H, W) -> (N, C). Walks a fixed plan, so that it can be traced.

    plan: per step its module and the earlier values it reads; value 0 is the input.
    """

    def __init__(self, modules: Mapping[str, nn.Module], plan: Sequence[tuple[str, Read]]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(modules)
        self.plan = tuple(plan)
        last = {one: step for step, (_, read) in enumerate(self.plan) for one in read}
        self.done = tuple(
            tuple(one for one in set(read) if last[one] == step)
            for step, (_, read) in enumerate(self.plan)
        )

    def forward(self, x: Tensor) -> Tensor:
        values: dict[int, Tensor] = {0: x}
        for step, ((module, read), done) in enumerate(zip(self.plan, self.done, strict=True)):
            values[step + 1] = self.layers[module](*(values[one] for one in read))
            for one in done:
                del values[one]
        return values[len(self.plan)]


def assembled(graph: Graph, store: Datasets, size: tuple[int, int], name: str) -> nn.Module:
    """The network for tiles of a size (H, W), in evaluation mode; `name` is the file's.

    Raises UnusableCheckpoint, and ValueError or LookupError for settings that make no sense.
    """
    shapes: list[Shape] = [(*size, 3)]
    modules: dict[str, nn.Module] = {}
    plan: list[tuple[str, Read]] = []
    known: dict[tuple[object, ...], tuple[str, Shape]] = {}
    total = 0
    for step in graph.steps[1:]:
        read = tuple(shapes[one] for one in step.inputs)
        key = (step.layer, read, step.operands if len(read) < len(step.operands) else ())
        if key not in known:  # a layer used again is the same module, and read but once
            operands, arrays = step.operands, store.arrays(step.layer)
            module, shape = made(Task(step.layer, read, arrays, operands, graph.version))
            del arrays  # before the next layer's are read
            known[key] = _title(step.layer, modules), shape
            modules[known[key][0]] = module
        at, shape = known[key]
        plan.append((at, step.inputs))
        shapes.append(shape)
        total += prod(shape)
        if prod(shape) > _LARGEST or total > _ALL:
            raise _too_much(name, step.layer)
    if len(shapes[-1]) != 1:
        raise UnusableCheckpoint(
            f"{name} does not return one row of numbers per tile.",
            "Choose a classifier: a network that ends in one number for each class.",
            detail=f"its last shape is {shapes[-1]}",
        )
    return KerasNetwork(modules, plan).eval()


def _title(layer: Layer, taken: Mapping[str, nn.Module]) -> str:
    """A name that says which layer it is, and that a module may have."""
    title = re.sub(r"[^0-9A-Za-z_]", "_", layer.name[:60]) or "layer"
    while title in taken or title in _RESERVED:
        title = f"{title}_{len(taken)}"
    return title


def _too_much(name: str, layer: Layer) -> UnusableCheckpoint:
    return UnusableCheckpoint(
        f"{name} makes more of a tile in its layer {layer.name[:60]} than memory holds.",
        "Choose the checkpoint of a tile classifier.",
    )

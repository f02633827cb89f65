"""The graph of an exported program as a network for any number of tiles."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from onepixel_gui.classifier.formats.programs.archive import unneeded
from onepixel_gui.classifier.formats.programs.layering import layered

LARGEST = 1 << 28  # numbers in a tensor, for one tile: VGG19 makes 2 ** 26 of a tile of 1024
_FEW = 8  # tiles of a batch that may be compared with other batches before it is used
_ANY = 64  # pixels: an edge that the graph leaves open is tried with so many


def served(unlifted: fx.GraphModule, shape: Sequence[int | None], name: str) -> nn.Module:
    """(N, 3, H, W) -> what the graph gives, for any N; in evaluation mode.

    unlifted:  as torch makes it of an exported program.
    shape:     (N, 3, H, W) as exported, None where any number will do.
    Raises UnusableCheckpoint if a tensor on the way has more than LARGEST numbers per tile, and
    RuntimeError, ValueError or TypeError if the graph does not fit its weights.
    """
    graph = fx.Graph()
    (answer,) = cast(Iterable[fx.Node], graph.graph_copy(unlifted.graph, {}))
    graph.output(answer)
    network = fx.GraphModule(unlifted, graph).eval()
    count, *tile = (_ANY if edge is None else edge for edge in shape)
    count = 1 if shape[0] is None else count
    measuring = _Measuring(network, LARGEST * count, name)
    with FakeTensorMode(allow_non_fake_inputs=True), torch.inference_mode():
        measuring.run(torch.empty(count, *tile))
    network = layered(network, measuring.ranks).eval()
    return network if shape[0] is None else _freed(network, count, tile)


class _Measuring(fx.Interpreter):
    """Runs a graph on tensors without numbers, and refuses those that would have too many."""

    def __init__(self, network: fx.GraphModule, most: int, name: str) -> None:
        super().__init__(network)
        self._most, self._name = most, name
        self.ranks: dict[str, int] = {}

    def run_node(self, node: fx.Node) -> Any:
        result = super().run_node(node)
        for each in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(each, Tensor) and each.numel() > self._most:
                raise unneeded(self._name, f"{node.name} would have {each.numel():,} numbers")
        if isinstance(result, Tensor):
            self.ranks[node.name] = result.ndim
        return result


class Batches(nn.Module):
    """(N, 3, H, W) -> (N, C) by a network that takes batches of one size only."""

    def __init__(self, network: nn.Module, size: int) -> None:
        super().__init__()
        self.network, self.size = network, size

    def forward(self, tiles: Tensor) -> Tensor:
        missing = -len(tiles) % self.size
        filled = torch.cat([tiles, tiles[:1].expand(missing, *tiles.shape[1:])])
        answers = [self.network(part) for part in filled.view(-1, self.size, *tiles.shape[1:])]
        return torch.cat(answers)[: len(tiles)]


def _freed(network: nn.Module, size: int, tile: Sequence[int]) -> nn.Module:
    """The network for any number of tiles, though it was exported for `size`.

    Most graphs do not depend on that; where a few tiles show that one does, or the batch is too
    large to try, it is asked in batches of that size.
    """
    batches = Batches(network, size)
    if size > _FEW:
        return batches
    tiles = torch.rand(size + 1, *tile, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = batches(tiles)
        try:
            answers = network(tiles)
        except (RuntimeError, ValueError, TypeError, LookupError):
            return batches
    alike = answers.shape == expected.shape and torch.allclose(
        answers, expected, rtol=1e-4, atol=1e-5, equal_nan=True
    )
    return network if alike else batches

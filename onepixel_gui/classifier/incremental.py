"""The same answers, recomputing only what a changed pixel touches (METHODS, section 13).

The clean activations of a tile are kept.  For a batch of perturbations at different places only
the window that can change is recomputed, layer by layer; where windows no longer pay, they are
pasted into the clean maps and an ordinary dense network, the tail, does the rest.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn

from onepixel_gui.classifier.layers import Spread
from onepixel_gui.classifier.windows import Batch, Cut, Memory, Step, Trace, Windowed


@dataclass(frozen=True)
class Arithmetic:
    """Multiply-adds per candidate, of convolutions and linear layers.

    dense:     a whole forward pass.  windowed: with windows up to where they are given up.
    least:     with windows up to the best node by arithmetic alone.
    """

    dense: int
    windowed: int
    least: int

    @property
    def saved(self) -> float:
        """Share of the arithmetic that is not done, 0-1."""
        return 1 - self.windowed / self.dense if self.dense else 0.0

    @property
    def bound(self) -> float:
        """How many times quicker arithmetic alone allows."""
        return self.dense / self.least if self.least else 1.0


class Prefix:
    """The first `count` steps on windows, and what is needed to go on from there."""

    def __init__(self, windowed: Windowed, count: int) -> None:
        self.windowed, self.trace = windowed, windowed.trace
        self.steps = windowed.steps[:count]
        self.live = live(windowed, count)
        self.wholes = {node: windowed.whole(node) for node in self.live}
        self._done = _last_uses(self.steps, self.live)

    @cached_property
    def tables(self) -> set[tuple[fx.Node, float]]:
        cuts = [cut for step in self.steps for cut in step.cuts]
        return {(cut.node, cut.fill) for cut in (*cuts, *self.wholes.values())}

    def remember(self, tiles: Tensor) -> Memory:
        """tiles: (T, 3, H, W) scaled -> the clean activations that windows are cut from."""
        wanted = self.tables
        nodes = {node for node, _ in wanted}
        tables = {}
        for node, value in self.trace.values(tiles, nodes):
            for fill in (fill for one, fill in wanted if one is node):
                axes = self.windowed.spread(node).axes
                tables[node, fill] = _tabulated(value, axes, fill)
        return Memory(len(tiles), tables)

    def __call__(self, batch: Batch, windows: Tensor) -> dict[fx.Node, Tensor]:
        """windows: (N, 3, span, span) of the input -> the windows of the live nodes."""
        values = batch.values
        values[self.trace.input] = windows
        for step, done in zip(self.steps, self._done, strict=True):
            values[step.node] = step.run(batch)
            for node in done:
                del values[node]
        return {node: values[node] for node in self.live}

    def timed(self, batch: Batch, windows: Tensor, now: Callable[[], float]) -> Iterator[float]:
        """Seconds of each step."""
        batch.values[self.trace.input] = windows
        for step, done in zip(self.steps, self._done, strict=True):
            start = now()
            batch.values[step.node] = step.run(batch)
            yield now() - start
            for node in done:
                del batch.values[node]


def live(windowed: Windowed, count: int) -> tuple[fx.Node, ...]:
    """Nodes of the first `count` steps, or the input, that later nodes read."""
    first = [windowed.trace.input, *(step.node for step in windowed.steps[:count])]
    inside = set(first)
    return tuple(
        node
        for node in first
        if node.op != "get_attr" and any(user not in inside for user in node.users)
    )


def _last_uses(steps: Sequence[Step], live: Sequence[fx.Node]) -> list[tuple[fx.Node, ...]]:
    kept, seen = set(live), set[fx.Node]()
    uses: list[tuple[fx.Node, ...]] = []
    for step in reversed(steps):
        last = {step.node, *step.node.all_input_nodes} - seen - kept
        uses.append(tuple(last))
        seen |= last
    return uses[::-1]


def _tabulated(value: Tensor, axes: tuple[int, int], fill: float) -> Tensor:
    """(T, C, H, W) -> (T * (H * W + 1), C), each tile followed by a row of the filling."""
    flat = (value if axes == (1, 2) else value.permute(0, 2, 3, 1)).flatten(1, 2)
    tiles, positions, channels = flat.shape
    table = flat.new_full((tiles, positions + 1, channels), fill)
    table[:, :positions] = flat
    return table.view(-1, channels)


# ------------------------------------------------------------------ the tail
def tail_of(trace: Trace, live: Sequence[fx.Node], done: set[fx.Node]) -> fx.GraphModule:
    """The rest of a network as one of its own, from the whole maps of the live nodes."""
    graph, copied = fx.Graph(), dict[fx.Node, fx.Node]()
    for node in live:
        copied[node] = graph.placeholder(node.name)
    for node in trace.nodes:
        if node not in copied and (node not in done or node.op == "get_attr"):
            copied[node] = graph.node_copy(node, lambda one: copied[one])
    tail = fx.GraphModule(trace.network, graph)
    tail.graph.eliminate_dead_code()
    tail.recompile()
    return tail


def splits(windowed: Windowed) -> list[int]:
    """Step counts at which every live node is a map: 0 is the dense network."""
    found = []
    for count in range(len(windowed.steps) + 1):
        nodes = live(windowed, count)
        maps = all(
            isinstance(windowed.known[node], Spread)
            and len(windowed.trace.shapes.get(node, ())) == 4
            for node in nodes
        )
        if maps:
            found.append(count)
    return found


# ------------------------------------------------------------------ multiply-adds
def multiply_adds(node: fx.Node, trace: Trace, window: Spread | None = None) -> int:
    """Of a convolution or linear layer, for one tile; of its window if one is given."""
    if node.op != "call_module":
        return 0
    module = trace.modules[str(node.target)]
    shape = trace.shapes[node]
    if isinstance(module, nn.Conv2d):
        each = module.in_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
        places = shape[2] * shape[3] if window is None else window.rows.size * window.columns.size
        return each * module.out_channels * places
    if isinstance(module, nn.Linear):
        places = 1
        for size in shape[1:-1]:
            places *= size
        if window is not None:
            places = window.rows.size * window.columns.size
        return module.in_features * module.out_features * places
    return 0


def arithmetic(windowed: Windowed, count: int) -> Arithmetic:
    trace = windowed.trace
    dense = {node: multiply_adds(node, trace) for node in trace.nodes if node in trace.shapes}
    total = sum(dense.values())
    partial, costs = total, Counter({0: total})
    for index, step in enumerate(windowed.steps, 1):
        spread = windowed.known[step.node]
        if isinstance(spread, Spread):
            partial += multiply_adds(step.node, trace, spread) - dense[step.node]
        costs[index] = partial
    least = min(costs[at] for at in splits(windowed))
    return Arithmetic(total, costs[count], least)

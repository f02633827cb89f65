"""The same answers, recomputing only what a changed pixel touches (METHODS, section 13).

The clean activations of a tile are kept.  For a batch of perturbations at different places only
the window that can change is recomputed, layer by layer; where windows no longer pay, they are
pasted into the clean maps and an ordinary dense network, the tail, does the rest.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx, nn

from onepixel_gui.classifier.kernels import Convolution, learnt
from onepixel_gui.classifier.layers import Spread
from onepixel_gui.classifier.pace import (
    BATCHES,
    Clock,
    Pace,
    Trial,
    Work,
    best_pace,
    in_lanes,
    laps,
    quickest,
    timed,
)
from onepixel_gui.classifier.prefix import Prefix, live, splits, tail_of
from onepixel_gui.classifier.windows import Batch, Memory, Trace, Windowed, node_by_node


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


# ------------------------------------------------------------------ multiply-adds
def multiply_adds(node: fx.Node, trace: Trace, window: Spread | None = None) -> int:
    """Of a convolution or linear layer, for one tile; of its window if one is given."""
    if node.op != "call_module" or node not in trace.shapes:  # attention returns several tensors
        return 0
    module = trace.modules[str(node.target)]
    shape = trace.shapes[node]
    if isinstance(module, Convolution):
        module = module.conv
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


# ------------------------------------------------------------------ where windows end
_ROUNDS = 3  # the quickest counts, because other programs can only slow one down
_MANY = 1024  # candidates of a scene
_GAIN = 1.03  # below this windows are not worth their memory


class Scene:
    """One tile and candidates all over it, always the same: for measuring, and for preflight.

    clean: (1, 3, H, W) scaled.
    """

    def __init__(self, clean: Tensor) -> None:
        self.clean = clean
        chance, (height, width) = np.random.default_rng(0), clean.shape[2:]
        rows, columns = chance.integers(0, height, _MANY), chance.integers(0, width, _MANY)
        rows[:4], columns[:4] = (0, 0, height - 1, height - 1), (0, width - 1, 0, width - 1)
        corners = torch.from_numpy(chance.integers(0, 2, (_MANY, 3)).astype(np.float32))
        self._rows, self._columns = (
            torch.from_numpy(one).to(clean.device) for one in (rows, columns)
        )
        low, high = clean.amin(), clean.amax()
        self._colours = low + (high - low) * corners.to(clean.device)

    def batch(self, memory: Memory, part: slice) -> tuple[Batch, Tensor]:
        """N of them on windows: (batch, (N, 3, 1, 1) colours)."""
        batch = Batch(self._rows[part], self._columns[part], None, memory)
        return batch, self._colours[part, :, None, None]

    def painted(self, part: slice) -> Tensor:
        """The same as whole tiles: (N, 3, H, W)."""
        rows, columns = self._rows[part], self._columns[part]
        tiles = self.clean.repeat(len(rows), 1, 1, 1)
        order = torch.arange(len(rows), device=tiles.device)
        tiles[order, :, rows, columns] = self._colours[part]
        return tiles


@dataclass(frozen=True)
class Costs:
    """Seconds per candidate of each step on windows, of each node dense, and per number pasted."""

    windowed: Windowed
    on_windows: Sequence[float]
    whole: Mapping[fx.Node, float]
    per_number: float

    @classmethod
    @torch.inference_mode()
    def measuring(
        cls, windowed: Windowed, scene: Scene, batch: int, clock: Clock
    ) -> "Trial[Costs]":
        """batch: candidates at once, as many as the dense network likes best."""
        on_windows = yield from _on_windows(windowed, scene, batch, clock)
        whole = yield from _whole(windowed.trace, scene.clean, batch, clock)
        block = scene.clean.new_zeros(1 << 20)
        per_number = yield from quickest(block.device, block.clone)
        return cls(windowed, on_windows, whole, per_number / len(block))

    def prefix(self, count: int) -> float:
        """Seconds per candidate of the first `count` steps."""
        return sum(self.on_windows[:count])

    def of(self, count: int, times: Sequence[float] | None = None) -> float:
        """Seconds per candidate with `count` steps on windows.

        times: how often as long each step takes, where windows are wider or several.
        """
        done = {self.windowed.trace.input, *(step.node for step in self.windowed.steps[:count])}
        tail = sum(seconds for node, seconds in self.whole.items() if node not in done)
        shapes = self.windowed.trace.shapes
        pasted = sum(math.prod(shapes[node][1:]) for node in live(self.windowed, count))
        each = self.on_windows[:count]
        if times is not None:
            each = [seconds * more for seconds, more in zip(each, times, strict=False)]
        return sum(each) + pasted * self.per_number + tail

    def best(self) -> int:
        """The number of steps on windows that costs least; 0 where windows do not pay."""
        return min(splits(self.windowed), key=self.of)


def _on_windows(windowed: Windowed, scene: Scene, count: int, clock: Clock) -> Trial[list[float]]:
    prefix = Prefix(windowed, splits(windowed)[-1])
    batch, windows = scene.batch(prefix.remember(scene.clean), slice(count))
    for _ in learnt(prefix.stepwise(batch.again(), windows)):
        yield
    best = [math.inf] * len(prefix.steps)
    for _ in range(_ROUNDS):
        for index, seconds in enumerate(laps(prefix.stepwise(batch.again(), windows), clock)):
            best[index] = min(best[index], seconds / count)
            yield
    return best


def _whole(trace: Trace, clean: Tensor, count: int, clock: Clock) -> Trial[dict[fx.Node, float]]:
    nodes = [node for node in trace.nodes if node.op != "output"]
    tiles = clean.repeat(count, 1, 1, 1).contiguous(memory_format=torch.channels_last)
    best = dict.fromkeys(nodes, math.inf)
    for _ in range(_ROUNDS):
        passing = laps(node_by_node(trace.network, tiles), clock)
        for node, seconds in zip(nodes, passing, strict=True):
            best[node] = min(best[node], seconds / count)
            yield
    return best


class Unpaid(Exception):
    """Windows are of no use for this network; the words say why."""


class Incremental:
    """A network on windows up to its best node and dense from there."""

    def __init__(self, windowed: Windowed, count: int) -> None:
        """count: steps on windows."""
        self.windowed, self.count = windowed, count
        self.prefix = Prefix(windowed, count)
        done = {windowed.trace.input, *(step.node for step in self.prefix.steps)}
        self.tail = tail_of(windowed.trace, self.prefix.live, done)
        self.arithmetic = arithmetic(windowed, count)

    def remember(self, tiles: Tensor) -> Memory:
        """tiles: (T, 3, H, W) scaled."""
        return self.prefix.remember(tiles)

    def __call__(self, batch: Batch, windows: Tensor) -> Tensor:
        """windows: (N, 3, span, span) of the input -> (N / per, C) raw outputs."""
        narrow = self.prefix(batch, windows)
        outputs: Tensor = self.tail(*self._pasted(batch, narrow))
        return outputs

    def _pasted(self, batch: Batch, narrow: dict[fx.Node, Tensor]) -> Iterator[Tensor]:
        """The whole maps that the tail goes on from."""
        for node in self.prefix.live:
            yield self.prefix.wholes[node].together(batch, narrow.pop(node))

    def _stepwise(self, batch: Batch, windows: Tensor) -> Iterator[object]:
        """What a call does, a piece at a time."""
        yield from self.prefix.stepwise(batch, windows)
        yield from node_by_node(self.tail, *self._pasted(batch, batch.values))

    @torch.inference_mode()
    def settling(self, scene: Scene, dense: Pace, again: Work) -> Trial[None]:
        """Find the batch, and learn the quickest ways at it. Raises Unpaid, DeviceFull.

        dense, again: the pace of the dense network, and one pass of it, to compare with.
        """
        memory, device = self.remember(scene.clean), scene.clean.device

        def prepared(size: int) -> Work:
            batch, windows = scene.batch(memory, slice(size))
            return lambda: self(batch.again(), windows)

        sizes = [size for size in BATCHES[device.type] if size >= dense.batch] or [dense.batch]
        self.pace = yield from best_pace(device, prepared, sizes)
        for _ in learnt(self._stepwise(*scene.batch(memory, slice(self.pace.batch)))):
            yield
        mine, theirs = math.inf, dense.seconds
        for _ in range(_ROUNDS):  # by turns, because a machine is not always as quick
            mine = min(mine, timed(device, prepared(self.pace.batch)))
            yield
            theirs = min(theirs, timed(device, again))
            yield
        self.pace.seconds, dense.seconds = mine, theirs
        work = torch.inference_mode()(prepared(self.pace.batch))
        yield from in_lanes(device, work, self.pace)
        if dense.each < _GAIN * self.pace.each:
            raise Unpaid("a changed pixel soon reaches the whole picture")

    @property
    def told(self) -> str:
        """One sentence on what is saved, for a reader."""
        saved = f"{100 * self.arithmetic.saved:.0f} %"
        return (
            f"Recomputes only what a pixel touches, up to {self.ends}: saves {saved} of the work."
        )

    @property
    def ends(self) -> str:
        """Where windows end, in words of the network's own parts."""
        node = self.prefix.steps[-1].node
        return str(node.target) if node.op == "call_module" else node.name


def shortened(costs: Costs, scene: Scene, dense: Pace, again: Work) -> Trial[Incremental]:
    """The network with windows as far as they pay on this device. Raises Unpaid, DeviceFull.

    dense, again: the pace of the dense network, and one pass of it.
    """
    windowed = costs.windowed
    if splits(windowed)[-1] == 0:
        raise Unpaid(windowed.ended)
    count = costs.best()
    if count == 0:
        raise Unpaid("a changed pixel soon reaches the whole picture")
    incremental = Incremental(windowed, count)
    yield from incremental.settling(scene, dense, again)
    return incremental

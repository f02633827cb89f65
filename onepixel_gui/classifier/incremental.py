"""The same answers, recomputing only what a changed pixel touches (METHODS, section 13).

The clean activations of a tile are kept.  For a batch of perturbations at different places only
the window that can change is recomputed, layer by layer; where windows no longer pay, they are
pasted into the clean maps and an ordinary dense network, the tail, does the rest.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, fx, nn

from onepixel_gui.classifier.kernels import Convolution, learning
from onepixel_gui.classifier.layers import Meaning, Spread
from onepixel_gui.classifier.pace import BATCHES, Clock, Pace, Work, best_pace, in_lanes, timed
from onepixel_gui.classifier.windows import NCHW, NHWC, Batch, Memory, Step, Trace, Windowed


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
            _pasteable(windowed.known[node]) and len(windowed.trace.shapes.get(node, ())) == 4
            for node in nodes
        )
        if maps:
            found.append(count)
    return found


def _pasteable(meaning: Meaning) -> bool:
    return isinstance(meaning, Spread) and meaning.axes in (NCHW, NHWC)


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

    def batch(self, memory: Memory, count: int) -> tuple[Batch, Tensor]:
        """The first so many on windows: (batch, (count, 3, 1, 1) colours)."""
        batch = Batch(self._rows[:count], self._columns[:count], None, memory)
        return batch, self._colours[:count, :, None, None]

    def painted(self, count: int) -> Tensor:
        """The same as whole tiles: (count, 3, H, W)."""
        tiles = self.clean.repeat(count, 1, 1, 1)
        order = torch.arange(count, device=tiles.device)
        tiles[order, :, self._rows[:count], self._columns[:count]] = self._colours[:count]
        return tiles


class Costs:
    """Seconds per candidate of each node, on windows and dense, measured on one tile."""

    def __init__(self, windowed: Windowed, scene: Scene, batch: int, now: Clock) -> None:
        """batch: candidates at once, as many as the dense network likes best."""
        self.windowed, self.now, self._batch = windowed, now, batch
        self.on_windows = self._measure_windows(scene, now)
        self.whole = self._measure_whole(scene.clean, now)
        block = scene.clean.new_zeros(1 << 20)
        self._per_number = _quickest(block.clone, now) / (1 << 20)

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
        return sum(each) + pasted * self._per_number + tail

    def best(self) -> int:
        """The number of steps on windows that costs least; 0 where windows do not pay."""
        return min(splits(self.windowed), key=self.of)

    def _measure_windows(self, scene: Scene, now: Clock) -> list[float]:
        last = splits(self.windowed)[-1]
        prefix = Prefix(self.windowed, last)
        count = self._batch
        batch, windows = scene.batch(prefix.remember(scene.clean), count)
        with learning():
            prefix(batch.again(), windows)
        rounds = [list(prefix.timed(batch.again(), windows, now)) for _ in range(_ROUNDS)]
        return [min(times) / count for times in zip(*rounds, strict=True)]

    def _measure_whole(self, clean: Tensor, now: Clock) -> dict[fx.Node, float]:
        trace = self.windowed.trace
        count = self._batch
        tiles = clean.repeat(count, 1, 1, 1).contiguous(memory_format=torch.channels_last)
        found: dict[fx.Node, float] = {}
        for _ in range(_ROUNDS):
            start = now()
            for node, _value in trace.values(tiles, trace.nodes):
                found[node] = min(found.get(node, math.inf), (now() - start) / count)
                start = now()
        return found


def _quickest(work: Callable[[], object], now: Clock) -> float:
    times = []
    for _ in range(_ROUNDS + 1):
        start = now()
        work()
        times.append(now() - start)
    return min(times)


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
        live, wholes = self.prefix.live, self.prefix.wholes
        wide = (wholes[node].together(batch, narrow.pop(node)) for node in live)
        outputs: Tensor = self.tail(*wide)
        return outputs

    def settle(self, scene: Scene, dense: Pace, again: Work) -> None:
        """Find the batch, and learn the quickest ways at it. Raises Unpaid.

        dense, again: the pace of the dense network, and one pass of it, to compare with.
        """
        memory, device = self.remember(scene.clean), scene.clean.device

        def prepared(size: int) -> Work:
            batch, windows = scene.batch(memory, size)
            return lambda: self(batch.again(), windows)

        sizes = [size for size in BATCHES[device.type] if size >= dense.batch] or [dense.batch]
        self.pace = best_pace(device, prepared, sizes)
        with learning():
            prepared(self.pace.batch)()
        mine, theirs = math.inf, dense.seconds
        for _ in range(_ROUNDS):  # by turns, because a machine is not always as quick
            mine = min(mine, timed(device, prepared(self.pace.batch)))
            theirs = min(theirs, timed(device, again))
        self.pace.seconds, dense.seconds = mine, theirs
        in_lanes(device, torch.inference_mode()(prepared(self.pace.batch)), self.pace)
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


def shortened(costs: Costs, scene: Scene, dense: Pace, again: Work) -> Incremental:
    """The network with windows as far as they pay on this device. Raises Unpaid.

    dense, again: the pace of the dense network, and one pass of it.
    """
    windowed = costs.windowed
    if splits(windowed)[-1] == 0:
        raise Unpaid(windowed.ended)
    count = costs.best()
    if count == 0:
        raise Unpaid("a changed pixel soon reaches the whole picture")
    incremental = Incremental(windowed, count)
    incremental.settle(scene, dense, again)
    return incremental

"""A traced network as steps that recompute only what a changed pixel touches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn

from onepixel_gui.classifier.layers import (
    Meaning,
    Pair,
    Spread,
    Unknown,
    meaning_of,
    padding_of,
    slide_of,
)
from onepixel_gui.classifier.reach import Reach, Take

NHWC, NCHW = (1, 2), (2, 3)  # the axes of rows and columns
_FAR = 1 << 40  # no position of any map


class Trace:
    """A network as a graph of layers, run once: `shapes` of its tensors, for one tile.

    Raises whatever the network itself raises.
    """

    def __init__(self, network: fx.GraphModule, sample: Tensor) -> None:
        self.network = network
        self.modules: Mapping[str, nn.Module] = dict(network.named_modules())
        self.nodes: Sequence[fx.Node] = tuple(network.graph.nodes)
        self.input = next(node for node in self.nodes if node.op == "placeholder")
        self.device = sample.device
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}
        for node, value in self.values(sample[:1], self.nodes):
            if isinstance(value, Tensor):
                self.shapes[node] = tuple(value.shape)

    def values(self, tiles: Tensor, until: Iterable[fx.Node]) -> Iterator[tuple[fx.Node, Any]]:
        """Every node up to the last of `until`, with its value; a value lives as long as needed."""
        left = set(until)
        if not left:
            return
        for node, value in node_by_node(self.network, tiles):
            left.discard(node)
            yield node, value
            if not left:
                return


def node_by_node(network: fx.GraphModule, *inputs: Tensor) -> Iterator[tuple[fx.Node, Any]]:
    """Every node but the output, with its value; a value lives as long as needed."""
    runner = _Runner(network, inputs)
    for node in network.graph.nodes:
        if node.op != "output":
            yield node, runner.step(node)


class _Runner(fx.Interpreter):
    def __init__(self, network: fx.GraphModule, inputs: Sequence[Tensor]) -> None:
        super().__init__(network)
        self.args_iter = iter(inputs)

    def step(self, node: fx.Node) -> Any:
        self.env[node] = self.run_node(node)
        for used in self.user_to_last_uses.get(node, []):
            self.env.pop(used, None)
        return self.env.get(node)


# ------------------------------------------------------------------ a batch under way
@dataclass
class Batch:
    """N windows at different places of T remembered tiles.

    rows, columns: (N,) input places.  tiles: (N,) which of T, None for the only one.
    per:           windows of one candidate, following each other, when they are put together.
    """

    rows: Tensor
    columns: Tensor
    tiles: Tensor | None
    memory: "Memory"
    per: int = 1
    values: dict[fx.Node, Any] = field(default_factory=dict)
    indices: dict[object, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def again(self) -> "Batch":
        """The same candidates, before anything was done."""
        return Batch(self.rows, self.columns, self.tiles, self.memory, self.per)


@dataclass
class Memory:
    """The clean activations of T tiles, one table for each map that windows are cut from.

    tables:  (T * (H * W + 1), C) per node and filling; the last row of each tile is the filling.
    """

    tiles: int
    tables: dict[tuple[fx.Node, float], Tensor]


def together(memories: Sequence[Memory]) -> Memory:
    """The tiles of all, one behind the other: each as it is remembered alone, to the bit."""
    if len(memories) == 1:
        return memories[0]
    tables = {
        key: torch.cat([memory.tables[key] for memory in memories]) for key in memories[0].tables
    }
    return Memory(sum(memory.tiles for memory in memories), tables)


class Cut:
    """Reading a patch of a map: the clean values around a window, with the window pasted in."""

    def __init__(
        self, node: fx.Node, takes: tuple[Take, Take], axes: Pair, fill: float, device: torch.device
    ) -> None:
        rows, columns = takes
        self.node, self.fill, self.axes = node, fill, axes
        self.shape = rows.places.shape[1], columns.places.shape[1]
        self.positions = rows.length * columns.length
        self.padded = any(bool(((t.places < 0) | (t.places >= t.length)).any()) for t in takes)
        self.cropped = any(bool((t.pasted < 0).any()) for t in takes)

        def placed(take: Take, step: int) -> Tensor:
            inside = (take.places >= 0) & (take.places < take.length)
            return _table(take.places * step, inside, device)

        self._read = placed(rows, columns.length), placed(columns, 1)
        self._paste = (
            _table(rows.pasted * self.shape[1], rows.pasted >= 0, device),
            _table(columns.pasted, columns.pasted >= 0, device),
        )
        self._key = (
            *((t.places.tobytes(), t.places.shape, t.length) for t in takes),
            *(t.pasted.tobytes() for t in takes),
        )

    @cached_property
    def key(self) -> int:
        return hash(self._key)

    def __call__(self, batch: Batch, window: Tensor) -> Tensor:
        """window: the map's own, in the layout of the map -> the patch, in the same layout."""
        return self._filled(batch, window, self.sources(batch), 1)

    def together(self, batch: Batch, window: Tensor) -> Tensor:
        """The same, with all windows of a candidate in one patch: (N / per, ...)."""
        sources = self.sources(batch)
        if batch.per > 1:
            sources = sources.view(len(batch), -1)[:: batch.per].reshape(-1)
        return self._filled(batch, window, sources, batch.per)

    def _filled(self, batch: Batch, window: Tensor, sources: Tensor, per: int) -> Tensor:
        table = batch.memory.tables[self.node, self.fill]
        count, channels = len(batch) // per, table.shape[1]
        area = self.shape[0] * self.shape[1]
        patch = table.new_empty(count * area + 1, channels)  # the last row is for what is cropped
        torch.index_select(table, 0, sources, out=patch[:-1])
        flat = window if self.axes == NHWC else window.permute(0, 2, 3, 1)
        patch.index_copy_(0, self._targets(batch, per), flat.reshape(-1, channels))
        whole = patch[:-1].view(count, *self.shape, channels)
        return whole if self.axes == NHWC else whole.permute(0, 3, 1, 2)

    def sources(self, batch: Batch) -> Tensor:
        """(N * P * Q,) rows of the node's table."""
        key = (self.key, "read")
        if key not in batch.indices:
            index = self._summed(self._read, batch)
            if self.padded:
                index.clamp_(max=self.positions)
            if batch.tiles is not None:
                index += (batch.tiles * (self.positions + 1))[:, None, None]
            batch.indices[key] = index.view(-1)
        return batch.indices[key]

    def _targets(self, batch: Batch, per: int) -> Tensor:
        key = (self.key, per)
        if key not in batch.indices:
            count, area = len(batch), self.shape[0] * self.shape[1]
            index = self._summed(self._paste, batch)
            patches = torch.arange(count, device=index.device) // per
            index += area * patches[:, None, None]
            if self.cropped:
                index.clamp_(max=count // per * area)
            batch.indices[key] = index.view(-1)
        return batch.indices[key]

    def _summed(self, tables: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
        rows, columns = tables
        down, right = rows.index_select(0, batch.rows), columns.index_select(0, batch.columns)
        return down[:, :, None] + right[:, None, :]


def _table(values: Any, known: Any, device: torch.device) -> Tensor:
    places = torch.from_numpy(values).masked_fill(~torch.from_numpy(known), _FAR)
    return places.to(device)


# ------------------------------------------------------------------ steps
@dataclass(frozen=True)
class Step:
    """One node on windows.

    needs:  nodes read from, as windows of theirs.  cuts: reads of clean maps that it makes.
    done:   nodes whose windows nobody needs after it.
    """

    node: fx.Node
    run: Callable[[Batch], Any]
    cuts: tuple[Cut, ...]
    done: tuple[fx.Node, ...] = ()


class Windowed:
    """The steps of a trace up to the first node that mixes positions, or is not known.

    span:   pixels along each edge of the square that changes in the input.
    ended:  why there is no further step.
    """

    def __init__(self, trace: Trace, span: int = 1) -> None:
        self.trace, self.span = trace, span
        self.known: dict[fx.Node, Meaning] = {}
        self.steps: list[Step] = []
        self.ended = "nothing mixes positions"
        height, width = trace.shapes[trace.input][2:]
        self.known[trace.input] = Spread(Reach.of_input(height, span), Reach.of_input(width, span))
        for node in trace.nodes:
            if node is trace.input:
                continue
            try:
                self.steps.append(self._step(node))
            except Unknown as why:
                self.ended = str(why)
                break

    def area(self, node: fx.Node) -> int:
        """Positions of a node's window; 1 for what is no map."""
        spread = self.known[node]
        return spread.rows.size * spread.columns.size if isinstance(spread, Spread) else 1

    def spread(self, node: fx.Node) -> Spread:
        spread = self.known[node]
        assert isinstance(spread, Spread)
        return spread

    def _step(self, node: fx.Node) -> Step:
        if node.op == "output":
            raise Unknown("the network ends")
        if node.op == "get_attr":
            return self._constant(node, _attribute(self.trace.network, str(node.target)))
        slide = slide_of(node, self.trace.modules)
        if slide is not None:
            return self._sliding(node, slide)
        padding = padding_of(node, self.trace.modules)
        if padding is not None:
            return self._padding(node, padding)
        return self._keeping(node)

    def _constant(self, node: fx.Node, value: Any) -> Step:
        """The same for every tile; a picture of the input's size, as a mean image, by windows."""
        shape = self.trace.shapes[self.trace.input]
        if not isinstance(value, Tensor) or value.shape[-2:] != shape[2:] or value.ndim < 3:
            self.known[node] = None
            return Step(node, lambda _batch: value, ())
        self.known[node] = self.known[self.trace.input]
        picture = value.reshape(-1, *shape[2:])
        inside = torch.arange(self.span, device=value.device)

        def run(batch: Batch) -> Tensor:
            rows = batch.rows.clamp(max=shape[2] - self.span)[:, None, None] + inside[:, None]
            columns = batch.columns.clamp(max=shape[3] - self.span)[:, None, None] + inside
            return picture[:, rows, columns].transpose(0, 1)

        return Step(node, run, ())

    def _sliding(self, node: fx.Node, slide: Any) -> Step:
        (source,) = node.all_input_nodes
        before = self.known[source]
        if not isinstance(before, Spread) or before.axes != NCHW:
            raise Unknown("a layer slides over an unusual map")
        reaches, takes = [], []
        for axis, reach in enumerate((before.rows, before.columns)):
            how = slide.kernel[axis], slide.stride[axis], slide.before[axis], slide.dilation[axis]
            after = reach.through(*how, self.trace.shapes[node][2 + axis])
            reaches.append(after)
            takes.append(Take.between(reach, after, *how))
        self.known[node] = Spread(reaches[0], reaches[1])
        if all(take.trivial for take in takes):
            return Step(node, lambda batch: slide.run(batch.values[source]), ())
        cut = Cut(source, (takes[0], takes[1]), NCHW, slide.fill, self.trace.device)
        return Step(node, lambda batch: slide.run(cut(batch, batch.values[source])), (cut,))

    def _padding(self, node: fx.Node, amounts: tuple[int, int, int, int]) -> Step:
        (source,) = node.all_input_nodes
        before = self.known[source]
        if not isinstance(before, Spread) or before.axes != NCHW:
            raise Unknown("an unusual map is padded")
        left, right, top, bottom = amounts
        rows, columns = before.rows.padded(top, bottom), before.columns.padded(left, right)
        self.known[node] = Spread(rows, columns)
        # The same windows in a larger map; only where the frame shifts do their starts differ.
        takes = (
            Take.between(_shifted(before.rows, top, rows), rows),
            Take.between(_shifted(before.columns, left, columns), columns),
        )
        if all(take.trivial for take in takes):
            return Step(node, lambda batch: batch.values[source], ())
        cut = Cut(node, takes, NCHW, 0.0, self.trace.device)
        return Step(node, lambda batch: cut(batch, batch.values[source]), (cut,))

    def _keeping(self, node: fx.Node) -> Step:
        meaning = meaning_of(node, self.trace.modules, self.known, self.trace.shapes)
        cuts: dict[fx.Node, Cut] = {}
        if isinstance(meaning, Spread):
            for one in node.all_input_nodes:
                spread = self.known[one]
                if isinstance(spread, Spread) and spread.key != _joined(meaning, spread).key:
                    cuts[one] = self._widened(one, spread, meaning)
        self.known[node] = meaning
        call = _call(node, self.trace.modules)

        def run(batch: Batch) -> Any:
            def value(one: fx.Node) -> Any:
                window = batch.values[one]
                return cuts[one](batch, window) if one in cuts else window

            return call(fx.map_arg(node.args, value), fx.map_arg(node.kwargs, value))

        return Step(node, run, tuple(cuts.values()))

    def _widened(self, node: fx.Node, source: Spread, target: Spread) -> Cut:
        if source.axes not in (NCHW, NHWC) or len(self.trace.shapes[node]) != 4:
            raise Unknown("maps of unusual shape are joined")
        takes = (
            Take.between(source.rows, target.rows),
            Take.between(source.columns, target.columns),
        )
        return Cut(node, takes, source.axes, 0.0, self.trace.device)

    def own(self, node: fx.Node) -> Cut:
        """The clean map of a node where its window is."""
        spread = self.spread(node)
        return self._widened(node, spread, spread)

    def whole(self, node: fx.Node) -> Cut:
        """The window of a node pasted into the whole clean map."""
        spread = self.spread(node)
        everywhere = [_whole(reach) for reach in (spread.rows, spread.columns)]
        target = Spread(everywhere[0], everywhere[1], spread.axes)
        return self._widened(node, spread, target)


def _joined(meaning: Spread, spread: Spread) -> Spread:
    """Axes move within a node; windows are compared without them."""
    return Spread(meaning.rows, meaning.columns, spread.axes)


def _whole(reach: Reach) -> Reach:
    nothing = reach.first * 0
    return Reach(nothing, nothing + reach.length - 1, reach.length)


def _shifted(reach: Reach, before: int, padded: Reach) -> Reach:
    """A window of the unpadded map, in positions of the padded one, as it was cut."""
    first = reach.start + before
    return Reach(first, first + reach.size - 1, padded.length)


def _attribute(network: nn.Module, target: str) -> Any:
    found: Any = network
    for name in target.split("."):
        found = getattr(found, name)
    return found


def _call(node: fx.Node, modules: Mapping[str, nn.Module]) -> Callable[[Any, Any], Any]:
    target: Any = node.target
    if node.op == "call_module":
        module = modules[str(target)]
        return lambda args, kwargs: module(*args, **kwargs)
    if node.op == "call_method":
        return lambda args, kwargs: getattr(args[0], str(target))(*args[1:], **kwargs)
    return lambda args, kwargs: target(*args, **kwargs)

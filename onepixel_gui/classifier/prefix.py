"""The first steps of a network on windows, and the rest of it as a network of its own."""

from collections.abc import Iterator, Sequence
from functools import cached_property

from torch import Tensor, fx

from onepixel_gui.classifier.layers import Meaning, Spread
from onepixel_gui.classifier.windows import NCHW, NHWC, Batch, Memory, Step, Trace, Windowed


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
        for _ in self.stepwise(batch, windows):
            pass
        return {node: batch.values[node] for node in self.live}

    def stepwise(self, batch: Batch, windows: Tensor) -> Iterator[Step]:
        """The same, a step at a time; the windows are left in `batch.values`."""
        values = batch.values
        values[self.trace.input] = windows
        for step, done in zip(self.steps, self._done, strict=True):
            values[step.node] = step.run(batch)
            yield step
            for node in done:
                del values[node]


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

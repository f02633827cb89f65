"""A linear preview of what a pixel does: it puts candidates in order and is never a result.

A candidate's window is computed up to a node early in the network; there the change is multiplied
with the gradient of the logit at the untouched tile (METHODS, section 13).  Ours, of no paper.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from onepixel_gui.classifier.incremental import Costs, Scene, multiply_adds
from onepixel_gui.classifier.kernels import Convolution
from onepixel_gui.classifier.layers import Spread
from onepixel_gui.classifier.pace import Pace, Trial, in_lanes, quickest
from onepixel_gui.classifier.prefix import Prefix, live, splits, tail_of
from onepixel_gui.classifier.windows import Batch, Memory, Windowed

_SHARE = 1 / 70  # of the work of a dense evaluation that a preview may take
_FREE = 1 / 400  # of it that costs a preview nothing in the choice
_NUMBER = 40.0  # multiply-adds that writing one number is worth
_BATCH = 512
_LIVE = 2  # maps at which a network may be cut
_DOUBLING = 0.05  # of rank agreement that twice the time has to bring
_NODES = 12  # at most so many are tried
_PASS = 0.03  # seconds that a pass may take
_USEFUL = 0.1  # below this rank agreement there is no preview

_KEPT: dict[Any, Any] = {operator.iadd: operator.add, torch.relu_: torch.relu}

Logit = Callable[[Tensor], Tensor]  # (N, C) raw outputs -> (N,)


class Screening:
    """A network's preview at one node, for any tile."""

    def __init__(self, windowed: Windowed, count: int) -> None:
        """count: steps on windows."""
        self.prefix = Prefix(windowed, count)
        done = {windowed.trace.input, *(step.node for step in self.prefix.steps)}
        self._tail = _differentiable(tail_of(windowed.trace, self.prefix.live, done))
        self.reads = {node: windowed.own(node) for node in self.prefix.live}
        self.pace = Pace(_BATCH, 1.0)

    def of(self, tile: Tensor, logit: Logit) -> "Preview":
        """tile: (1, 3, H, W) scaled."""
        maps = {node: value for node, value in self._clean(tile) if node in self.reads}
        with torch.enable_grad():
            leaves = [maps[node].detach().requires_grad_() for node in self.prefix.live]
            outputs = self._tail(*(leaf.clone() for leaf in leaves))
            gradients = _gradients(logit(outputs).sum(), leaves)
        with torch.inference_mode():
            memory = self.prefix.remember(tile)
            slopes = dict(zip(self.prefix.live, gradients, strict=True))
            return Preview(self, memory, slopes, maps)

    @torch.no_grad()
    def _clean(self, tile: Tensor) -> list[tuple[fx.Node, Tensor]]:
        values = self.prefix.trace.values(tile.clone(), self.prefix.live)
        return [(node, value.clone()) for node, value in values if node in self.reads]


def _differentiable(tail: fx.GraphModule) -> fx.GraphModule:
    """The same without writing over what a gradient may still need."""
    for node in tail.graph.nodes:
        node.target = _KEPT.get(node.target, node.target)
    tail.recompile()
    return tail


class Preview:
    """What a changed pixel of one tile would about do to the logit."""

    def __init__(
        self,
        screening: Screening,
        memory: Memory,
        slopes: dict[fx.Node, Tensor],
        clean: dict[fx.Node, Tensor],
    ) -> None:
        self._reads, self.prefix = screening.reads, screening.prefix
        self.memory, self.pace = memory, screening.pace
        self._slopes, self._rest = {}, {}
        for node, slope in slopes.items():
            nhwc = screening.prefix.windowed.spread(node).axes == (1, 2)
            flat, value = (
                (one if nhwc else one.permute(0, 2, 3, 1)).flatten(0, 2)
                for one in (slope, clean[node])
            )
            self._slopes[node] = flat.contiguous()  # (H * W, C)
            self._rest[node] = (flat * value).sum(dim=1)  # (H * W,) what the clean window gives

    @torch.inference_mode()
    def __call__(self, batch: Batch, windows: Tensor) -> Tensor:
        """windows: (N, 3, 1, 1) scaled colours -> (N,) change of the logit, about."""
        live = self.prefix(batch, windows)
        change = windows.new_zeros(len(windows))
        for node, window in live.items():
            read = self._reads[node]
            places = read.sources(batch)
            slope = self._slopes[node].index_select(0, places).view(len(windows), 1, -1)
            flat = window if read.axes == (1, 2) else window.permute(0, 2, 3, 1)
            there = torch.bmm(slope, flat.reshape(len(windows), -1, 1)).view(-1)
            rest = self._rest[node].index_select(0, places).view(len(windows), -1).sum(dim=1)
            change += there - rest
        return change


def _gradients(sum_: Tensor, leaves: list[Tensor]) -> tuple[Tensor, ...]:
    """Zeros where the rest of the network is cut off, or reads no more than a size."""
    if not sum_.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(sum_, leaves, allow_unused=True, materialize_grads=True)


def screened(costs: Costs, scene: Scene, truth: Tensor, logit: Logit) -> Trial[Screening | None]:
    """The preview that ranks best for its work; None where none is of use.

    Work is counted, not timed, so that a guided search takes the same way on every machine.
    truth: (N,) exact logits of the first candidates of the scene.
    """
    best: tuple[float, Screening] | None = None
    for count, share in _telling(costs.windowed):
        screening = Screening(costs.windowed, count)
        preview = screening.of(scene.clean, logit)
        yield
        told = preview(*scene.batch(preview.memory, slice(len(truth))))
        yield
        agreement = _spearman(told, truth)
        price = _DOUBLING * math.log2(max(1.0, share / _FREE))
        if agreement >= _USEFUL and (best is None or agreement - price > best[0]):
            best = agreement - price, screening
    if best is None:
        return None
    yield from _settling(best[1].of(scene.clean, logit), scene, costs)
    return best[1]


def _telling(windowed: Windowed) -> list[tuple[int, float]]:
    """(step counts to try, share of the dense work): where the network bends, since linear layers
    tell nothing new.
    """
    trace = windowed.trace
    dense = sum(_work(windowed, node, window=False) for node in trace.nodes)
    shares = [_work(windowed, step.node, window=True) / dense for step in windowed.steps]
    found = []
    for count in splits(windowed):
        bends = count == 0 or _bends(windowed.steps[count - 1].node, trace.modules)
        if bends and sum(shares[:count]) <= _SHARE and len(live(windowed, count)) <= _LIVE:
            found.append((count, sum(shares[:count])))
    return found[:: max(1, len(found) // _NODES)]


def _work(windowed: Windowed, node: fx.Node, *, window: bool) -> float:
    """Of a node, in multiply-adds, to which each number that it writes adds some."""
    trace, spread = windowed.trace, windowed.known.get(node)
    if node not in trace.shapes:
        return 0.0
    numbers = float(math.prod(trace.shapes[node][1:]))
    if not window:
        return multiply_adds(node, trace) + _NUMBER * numbers
    if not isinstance(spread, Spread):
        return 0.0
    narrow = numbers * windowed.area(node) / (spread.rows.length * spread.columns.length)
    return multiply_adds(node, trace, spread) + _NUMBER * narrow


def _bends(node: fx.Node, modules: Mapping[str, nn.Module]) -> bool:
    if node.op == "call_module":
        module = modules[str(node.target)]
        if isinstance(module, Convolution):
            return module.relu
        return not isinstance(module, (nn.BatchNorm2d, nn.AvgPool2d))
    return node.target not in (operator.add, operator.iadd, torch.add, torch.cat)


def _settling(preview: Preview, scene: Scene, costs: Costs) -> Trial[None]:
    """Set the pace of a preview."""
    pace, device = preview.pace, scene.clean.device
    each = max(1e-9, costs.prefix(len(preview.prefix.steps)))
    pace.batch = min(_BATCH, max(8, int(_PASS / each)))
    batch, windows = scene.batch(preview.memory, slice(pace.batch))

    def work() -> Tensor:
        return preview(batch.again(), windows)

    pace.seconds = yield from quickest(device, work)
    yield from in_lanes(device, work, pace)


def _spearman(one: Tensor, other: Tensor) -> float:
    """Rank correlation, -1 to 1; 0 where one of them is constant."""
    ranks = torch.stack([one.argsort().argsort(), other.argsort().argsort()]).double()
    if float(one.max() - one.min()) == 0.0 or float(other.max() - other.min()) == 0.0:
        return 0.0
    return float(torch.corrcoef(ranks)[0, 1])

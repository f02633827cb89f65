"""What each layer of a network tells on its way, and at which spacing it reads the tile."""

import copy
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx, nn

from onepixel_gui.classifier.layers import Unknown, slide_of
from onepixel_gui.classifier.windows import Trace

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_POOLS = (
    *(nn.MaxPool2d, nn.AvgPool2d, nn.LPPool2d, nn.FractionalMaxPool2d),
    *(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d),
)
_MAPS = (nn.Conv2d, *_POOLS)
_LAST = "output"

Told = TypeVar("Told")
Spacings = Mapping[str, tuple[int, int]]  # tile pixels per position, down and right, by layer


class Layered:
    """A network of which every convolution and pooling can be heard; it shares the weights.

    It is a copy, because whoever asks the network itself in another thread is not to be heard.
    """

    def __init__(self, network: nn.Module) -> None:
        weights = (*network.parameters(), *network.buffers())
        self._network = copy.deepcopy(network, {id(one): one for one in weights}).eval()
        self._lock = threading.Lock()
        self._heard: list[tuple[str, Tensor]] = []
        self._flat = ""
        for name, module in self._network.named_modules():
            if isinstance(module, (*_MAPS, nn.Linear)):
                module.register_forward_hook(self._listener(name))

    def __call__(self, inputs: Tensor) -> list[tuple[str, Tensor]]:
        """(N, 3, h, w) scaled -> (name, (N, C, H, W)) of each, from input to output.

        The last is what the network answers, as a map of one position.
        """
        with self._lock, torch.inference_mode():
            self._heard, self._flat = [], ""
            answers = self._network(inputs.clone()).float()
            heard, self._heard = self._heard, []
        named = list(_numbered(heard))
        if named and named[-1][1].shape[2:] == (1, 1) and named[-1][1].shape[1] == answers.shape[1]:
            self._flat = self._flat or named.pop()[0]
        return [*named, (self._flat or _LAST, answers.flatten(1)[:, :, None, None])]

    def _listener(self, name: str) -> Any:
        def hear(_module: nn.Module, _inputs: object, told: object) -> None:
            if not isinstance(told, Tensor):
                return
            if isinstance(_module, nn.Linear):
                self._flat = name if told.ndim == 2 else ""
            elif told.ndim == 4:
                self._heard.append((name, told.float().clone()))  # others may write over it
                self._flat = ""

        return hear


def _numbered(heard: Sequence[tuple[str, Told]]) -> Iterator[tuple[str, Told]]:
    """A layer that is passed more than once is told apart by its turn."""
    turns: Counter[str] = Counter()
    for name, value in heard:
        turns[name] += 1
        yield name if turns[name] == 1 else f"{name} ({turns[name]})", value


_LAYERED: WeakKeyDictionary[nn.Module, Layered] = WeakKeyDictionary()
_MAKING = threading.Lock()


def layered(classifier: "Classifier") -> Layered | None:
    """The ordinary network of a classifier, heard; None where it does not show its layers."""
    network = classifier.ordinary
    if not classifier.card.white_box or isinstance(network, torch.jit.ScriptModule):
        return None
    with _MAKING:
        if network not in _LAYERED:
            _LAYERED[network] = Layered(network)
        return _LAYERED[network]


# ------------------------------------------------------------------ spacings
_SPACINGS: WeakKeyDictionary[nn.Module, Spacings] = WeakKeyDictionary()


def spacings(classifier: "Classifier") -> Spacings:
    """Of each layer in the graph that reads a map; {} where the layers cannot be listed."""
    graph = classifier.searching
    if not isinstance(graph, fx.GraphModule):
        return {}
    if graph not in _SPACINGS:
        with torch.inference_mode():
            _SPACINGS[graph] = _traced(Trace(graph, classifier.scenery()))
    return _SPACINGS[graph]


def _traced(trace: Trace) -> Spacings:
    known: dict[fx.Node, tuple[int, int]] = {trace.input: (1, 1)}
    layers: list[tuple[str, tuple[int, int]]] = []
    for node in trace.nodes:
        given = [one for one in node.all_input_nodes if one in known]
        most = max((_places(trace, one) for one in given), default=0)
        sources = [known[one] for one in given if _places(trace, one) == most]  # not a gate's
        if not sources or len(trace.shapes.get(node, ())) != 4:
            continue
        wide = max(down for down, _ in sources), max(right for _, right in sources)
        stride = _stride(node, trace)
        known[node] = wide[0] * stride[0], wide[1] * stride[1]
        module = node.op == "call_module"
        if module or stride != (1, 1):
            layers.append((str(node.target) if module else node.name, known[node]))
    return dict(_numbered(layers))


def _places(trace: Trace, node: fx.Node) -> int:
    height, width = trace.shapes[node][2:]
    return height * width


def _stride(node: fx.Node, trace: Trace) -> tuple[int, int]:
    try:
        slide = slide_of(node, trace.modules)
    except Unknown:
        slide = None
    if slide is not None:
        return slide.stride
    before, after = (trace.shapes.get(one, ()) for one in (node.all_input_nodes[0], node))
    if len(before) != 4 or len(after) != 4:
        return 1, 1
    return max(1, before[2] // after[2]), max(1, before[3] // after[3])  # adaptive poolings

"""The same network, quicker: what a search asks, and never what is reported."""

import copy
import operator
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from onepixel_gui.classifier.kernels import Convolution
from onepixel_gui.classifier.windows import Trace

_IDLE = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_OUT_OF_PLACE: dict[Any, Any] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    torch.relu_: torch.relu,
}
_ONE_AT_A_TIME = threading.Lock()
_UNTRACEABLE = (fx.proxy.TraceError, TypeError, AttributeError, RuntimeError)


def fast_form(network: nn.Module, sample: Tensor) -> fx.GraphModule | None:
    """A function that agrees with the network to float rounding, as a graph of layers.

    Batch norms and ReLUs become part of convolutions.  None for a network that cannot be traced,
    because it decides by the data or is compiled already.

    sample: (N, 3, H, W) scaled, on the network's device.
    """
    if isinstance(network, torch.jit.ScriptModule):
        return None
    try:
        traced = _traced(copy.deepcopy(network).eval())
        _fold(traced)
        _settle(traced)
        _join(traced)
        traced.delete_all_unused_submodules()
        traced.recompile()
        traced.requires_grad_(requires_grad=False)
        _reuse_places(traced, sample)
    except _UNTRACEABLE:
        return None
    return traced


class _OneThread(fx.Tracer):
    """Writes down what its own thread calls, and lets other threads' networks work meanwhile.

    To trace, torch replaces the call of every module in the process for a while.
    """

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        if threading.get_ident() != self._thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def _traced(network: nn.Module) -> fx.GraphModule:
    with _ONE_AT_A_TIME:  # two at once would leave a replaced call behind
        tracer = _OneThread()
        graph = tracer.trace(network)
        return fx.GraphModule(tracer.root, graph, type(network).__name__)


def _fold(traced: fx.GraphModule) -> None:
    modules = dict(traced.named_modules())
    calls = [node for node in traced.graph.nodes if node.op == "call_module"]
    uses = Counter(str(node.target) for node in calls)
    for norm in calls:
        conv = norm.args[0]
        if not isinstance(conv, fx.Node) or conv.op != "call_module" or len(conv.users) > 1:
            continue
        inner, outer = str(conv.target), str(norm.target)
        pair = modules[inner], modules[outer]
        if uses[inner] > 1 or not isinstance(pair[0], nn.Conv2d):
            continue
        if isinstance(pair[1], nn.BatchNorm2d) and pair[1].running_mean is not None:
            traced.set_submodule(inner, fuse_conv_bn_eval(*pair))
            norm.replace_all_uses_with(conv)
            traced.graph.erase_node(norm)


def _settle(traced: fx.GraphModule) -> None:
    """Nothing works in place, and nothing is left that does nothing in use."""
    modules = dict(traced.named_modules())
    for node in list(traced.graph.nodes):
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, _IDLE):
            node.replace_all_uses_with(node.args[0])
            traced.graph.erase_node(node)
        elif module is not None and getattr(module, "inplace", False):
            module.inplace = False
        elif node.op == "call_function":
            node.target = _OUT_OF_PLACE.get(node.target, node.target)
            if node.kwargs.get("inplace"):
                node.kwargs = {**node.kwargs, "inplace": False}
        elif node.op == "call_method" and hasattr(Tensor, node.target.removesuffix("_")):
            node.target = node.target.removesuffix("_")


def _join(traced: fx.GraphModule) -> None:
    """A convolution takes in the ReLU behind it."""
    modules = dict(traced.named_modules())
    convolutions = [
        node
        for node in traced.graph.nodes
        if node.op == "call_module" and type(modules[str(node.target)]) is nn.Conv2d
    ]
    uses = Counter(str(node.target) for node in convolutions)
    for node in convolutions:
        alone = uses[str(node.target)] == 1
        after = next(iter(node.users)) if len(node.users) == 1 and alone else None
        relu = after is not None and _is_relu(after, modules)
        conv = modules[str(node.target)]
        traced.set_submodule(str(node.target), Convolution(conv, relu))
        if relu and after is not None:
            after.replace_all_uses_with(node)
            traced.graph.erase_node(after)


def _reuse_places(traced: fx.GraphModule, sample: Tensor) -> None:
    """Sums and ReLUs write over what they alone read, where it has the shape of their result."""
    modules = dict(traced.named_modules())
    shapes = Trace(traced, sample).shapes
    for node in traced.graph.nodes:
        if node.target in (operator.add, torch.add):
            _reuse(node, modules, shapes, operator.iadd)
        elif _is_relu(node, modules):
            _reuse(node, modules, shapes, torch.relu_)
    traced.recompile()


def _reuse(
    node: fx.Node,
    modules: dict[str, nn.Module],
    shapes: Mapping[fx.Node, tuple[int, ...]],
    in_place: Any,
) -> None:
    given = node.args if node.op == "call_function" else node.args[:1]
    operands = [one for one in given if isinstance(one, fx.Node)]
    if node.kwargs or len(operands) < len(given):
        return
    for first in operands:
        alone = len(first.users) == 1 and operands.count(first) == 1
        if alone and shapes.get(first) == shapes[node] and _is_fresh(first, modules):
            node.op, node.target = "call_function", in_place
            node.args = (first, *(one for one in operands if one is not first))
            return


def _is_fresh(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], (Convolution, nn.BatchNorm2d))
    return node.target in (operator.add, operator.iadd, torch.add, torch.relu_)


def _is_relu(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        return type(modules[str(node.target)]) is nn.ReLU
    return node.target in (functional.relu, torch.relu, "relu")

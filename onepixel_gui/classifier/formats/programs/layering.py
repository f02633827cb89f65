"""A graph of bare operators as a graph of layers again: what the classifier's quick forms know.

torch.export takes layers apart into operators and weights.  Nothing here changes what a network
answers; an operator that is not known, or is used in another way, stays as it is.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

_aten: Any = torch.ops.aten

# The same arguments in the same places, under the name by which a traced network calls them.
_FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    _aten.relu.default: torch.relu,
    _aten.relu_.default: torch.relu_,
    _aten.sigmoid.default: torch.sigmoid,
    _aten.tanh.default: torch.tanh,
    _aten.silu.default: functional.silu,
    _aten.gelu.default: functional.gelu,
    _aten.hardswish.default: functional.hardswish,
    _aten.hardsigmoid.default: functional.hardsigmoid,
    _aten.hardtanh.default: functional.hardtanh,
    _aten.relu6.default: functional.relu6,
    _aten.softmax.int: torch.softmax,
    _aten.cat.default: torch.cat,
    _aten.chunk.default: torch.chunk,
    _aten.flatten.using_ints: torch.flatten,
    _aten.permute.default: torch.permute,
    _aten.transpose.int: torch.transpose,
    _aten.mean.dim: torch.mean,
    _aten.pad.default: functional.pad,
    _aten.max_pool2d.default: torch.max_pool2d,
    _aten.avg_pool2d.default: functional.avg_pool2d,
    _aten.adaptive_avg_pool2d.default: functional.adaptive_avg_pool2d,
    _aten.add.Tensor: operator.add,
    _aten.add_.Tensor: operator.iadd,
    _aten.sub.Tensor: operator.sub,
    _aten.mul.Tensor: operator.mul,
    _aten.mul_.Tensor: operator.imul,
    _aten.div.Tensor: operator.truediv,
}
_IN_PLACE: Mapping[Any, Callable[..., Any]] = {
    _aten.silu_.default: functional.silu,
    _aten.hardswish_.default: functional.hardswish,
    _aten.hardsigmoid_.default: functional.hardsigmoid,
    _aten.hardtanh_.default: functional.hardtanh,
    _aten.leaky_relu_.default: functional.leaky_relu,
    _aten.elu_.default: functional.elu,
}
_OPERATORS = {operator.add, operator.iadd, operator.sub}  # which know no `alpha`


def layered(network: fx.GraphModule, ranks: Mapping[str, int]) -> fx.GraphModule:
    """The same network, in place. ranks: of each node's tensor, by the node's name."""
    for node in list(network.graph.nodes):
        if node.op != "call_function":
            continue
        function = _FUNCTIONS.get(node.target)
        if function is not None and not (function in _OPERATORS and node.kwargs):
            node.target = function
        elif node.target in _IN_PLACE and len(node.args) < 4:
            node.target, node.kwargs = _IN_PLACE[node.target], {**node.kwargs, "inplace": True}
        elif node.target in _LAYERS and not node.kwargs:
            layer = _LAYERS[node.target](network, node, ranks.get(node.name, 0))
            if layer is not None:
                _put(network, node, layer)
        elif node.target is _aten.dropout.default and node.args[2] is False:
            node.replace_all_uses_with(node.args[0])
            network.graph.erase_node(node)
    network.graph.eliminate_dead_code()
    network.delete_all_unused_submodules()
    network.recompile()
    return network


def _put(network: fx.GraphModule, node: fx.Node, layer: nn.Module) -> None:
    name = f"layer_{node.name}"
    network.add_submodule(name, layer.eval())
    with network.graph.inserting_before(node):
        node.replace_all_uses_with(network.graph.call_module(name, (node.args[0],)))
    network.graph.erase_node(node)


def _tensor(network: fx.GraphModule, node: Any) -> Tensor | None:
    if node is None:
        return None
    value = operator.attrgetter(str(node.target))(network) if node.op == "get_attr" else None
    if not isinstance(value, Tensor):
        raise LookupError("a weight that is computed")
    return value


def _weights(network: fx.GraphModule, node: fx.Node, places: slice) -> list[Any] | None:
    """The tensors at these places of a node's arguments, None if one of them is computed."""
    try:
        return [_tensor(network, each) for each in node.args[places]]
    except LookupError:
        return None


def _trained(layer: nn.Module, weight: Tensor | None, bias: Tensor | None) -> nn.Module:
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and not isinstance(value, nn.Parameter):
            value = nn.Parameter(value, requires_grad=False)
        setattr(layer, name, value)
    return layer


def _convolution(network: fx.GraphModule, node: fx.Node, rank: int) -> nn.Module | None:
    found = _weights(network, node, slice(1, 3))
    if found is None or rank != 4:
        return None
    weight, bias = (*found, None)[:2]
    defaults: list[Any] = [1, 0, 1, 1]
    given = [*node.args[3:7], *defaults[max(len(node.args) - 3, 0) :]]
    stride, padding, dilation = (
        tuple(each) if isinstance(each, (list, tuple)) else each for each in given[:3]
    )
    groups = int(given[3])
    channels, kernel = weight.shape[1] * groups, tuple(weight.shape[2:])
    layer = nn.Conv2d(
        channels, len(weight), kernel, stride, padding, dilation, groups, device="meta"
    )
    return _trained(layer, weight, bias)


def _norm(network: fx.GraphModule, node: fx.Node, rank: int) -> nn.Module | None:
    found = _weights(network, node, slice(1, 5))
    if found is None or rank != 4 or found[2] is None or node.args[5] is not False:
        return None
    weight, bias, mean, variance = found
    momentum, epsilon = node.args[6:8]
    layer = nn.BatchNorm2d(len(mean), eps=epsilon, momentum=momentum)  # type: ignore[arg-type]
    layer.running_mean, layer.running_var = mean, variance
    return _trained(layer, weight, bias)


def _linear(network: fx.GraphModule, node: fx.Node, _: int) -> nn.Module | None:
    found = _weights(network, node, slice(1, 3))
    if found is None:
        return None
    weight, bias = (*found, None)[:2]
    return _trained(nn.Linear(weight.shape[1], len(weight), device="meta"), weight, bias)


_LAYERS: Mapping[Any, Callable[[fx.GraphModule, fx.Node, int], nn.Module | None]] = {
    _aten.conv2d.default: _convolution,
    _aten.batch_norm.default: _norm,
    _aten.linear.default: _linear,
}

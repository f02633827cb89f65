"""What each layer of a traced network does to a map: slide over it, keep its places, or mix them.

A node that is none of the first two, or that is not known here, ends the windowed part of a
network.  Nothing here runs anything.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, fx, nn
from torch.nn import functional

from onepixel_gui.classifier.kernels import Convolution
from onepixel_gui.classifier.reach import Reach

Pair = tuple[int, int]

_EACH_MODULES = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.PReLU),
    *(nn.Softsign, nn.LogSigmoid, nn.Tanhshrink, nn.Threshold),
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.Identity),
)
_EACH_NAMES = frozenset(
    (
        *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish"),
        *("hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh", "softplus", "prelu"),
        *("softsign", "logsigmoid", "threshold", "dropout", "dropout2d", "stochastic_depth"),
        *("abs", "neg", "square", "sqrt", "rsqrt", "exp", "log", "pow", "maximum", "minimum"),
        *("clamp", "clamp_min", "clamp_max", "contiguous", "clone", "detach"),
        *("add", "sub", "mul", "div", "truediv"),
    )
)
_SIZES = frozenset({"size", "dim", "getitem", "getattr", "floordiv", "mul", "add", "sub", "int"})


@dataclass(frozen=True)
class Spread:
    """Where a map changes: along rows and columns, and which of its axes these are."""

    rows: Reach
    columns: Reach
    axes: Pair = (2, 3)

    @property
    def key(self) -> tuple[object, object]:
        return self.rows.key, self.columns.key


@dataclass(frozen=True)
class Slide:
    """A layer that reads a neighbourhood: `run` is given it without any padding left to do."""

    kernel: Pair
    stride: Pair
    before: Pair
    dilation: Pair
    fill: float
    run: Callable[[Tensor], Tensor]


Meaning = Spread | tuple[Spread, ...] | None  # None: no map, but a size or a constant


class Unknown(Exception):
    """The windowed part ends here; the words say why."""


def slide_of(node: fx.Node, modules: Mapping[str, nn.Module]) -> Slide | None:
    """How a node slides over its map, None where it does not. Raises Unknown."""
    module = modules[str(node.target)] if node.op == "call_module" else None
    if isinstance(module, Convolution):
        return _convolution(module)
    if isinstance(module, nn.MaxPool2d):
        return _max_pool(
            module.kernel_size, module.stride, module.padding, module.dilation,
            module.return_indices,
        )  # fmt: skip
    if isinstance(module, nn.AvgPool2d):
        return _average_pool(
            module.kernel_size, module.stride, module.padding, module.ceil_mode,
            module.count_include_pad, module.divisor_override,
        )  # fmt: skip
    name = _name(node)
    if node.op == "call_function" and name in ("max_pool2d", "boolean_dispatch"):
        given = _given(node, "kernel_size stride padding dilation ceil_mode return_indices")
        return _max_pool(
            given["kernel_size"], given.get("stride"), given.get("padding", 0),
            given.get("dilation", 1), given.get("return_indices", False),
        )  # fmt: skip
    if node.op == "call_function" and name == "avg_pool2d":
        given = _given(
            node, "kernel_size stride padding ceil_mode count_include_pad divisor_override"
        )
        return _average_pool(
            given["kernel_size"], given.get("stride"), given.get("padding", 0),
            given.get("ceil_mode", False), given.get("count_include_pad", True),
            given.get("divisor_override"),
        )  # fmt: skip
    return None


def _convolution(layer: Convolution) -> Slide:
    conv = layer.conv
    if conv.padding_mode != "zeros":
        raise Unknown(f"a convolution pads by {conv.padding_mode}")
    kernel, stride, dilation = _pair(conv.kernel_size), _pair(conv.stride), _pair(conv.dilation)
    if conv.padding == "same":
        before = _pair([d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)])
    else:
        before = (0, 0) if conv.padding == "valid" else _pair(conv.padding)
    return Slide(kernel, stride, before, dilation, 0.0, layer.on_patch)


def _max_pool(
    kernel_size: Any, stride: Any, padding: Any, dilation: Any, return_indices: bool
) -> Slide:
    if return_indices:
        raise Unknown("a pooling returns its indices")
    kernel, apart, gaps = _pair(kernel_size), _pair(stride or kernel_size), _pair(dilation)
    inner = tuple(1 if k == 1 else s for k, s in zip(kernel, apart, strict=True))

    def run(patch: Tensor) -> Tensor:
        return functional.max_pool2d(patch, kernel, inner, 0, gaps)

    return Slide(kernel, apart, _pair(padding), gaps, float("-inf"), run)


def _average_pool(
    kernel_size: Any, stride: Any, padding: Any, ceil: bool, with_padding: bool, divisor: int | None
) -> Slide:
    kernel, apart, before = _pair(kernel_size), _pair(stride or kernel_size), _pair(padding)
    if ceil or (before != (0, 0) and not with_padding):
        raise Unknown("an average pooling divides by less at the edge")
    inner = tuple(1 if k == 1 else s for k, s in zip(kernel, apart, strict=True))

    def run(patch: Tensor) -> Tensor:
        return functional.avg_pool2d(patch, kernel, inner, 0, divisor_override=divisor)

    return Slide(kernel, apart, before, (1, 1), 0.0, run)


def padding_of(node: fx.Node, modules: Mapping[str, nn.Module]) -> tuple[int, int, int, int] | None:
    """(left, right, top, bottom) zeros that a node adds, None if it adds none. Raises Unknown."""
    if node.op == "call_module":
        module = modules[str(node.target)]
        if isinstance(module, nn.ZeroPad2d):
            amounts: Any = module.padding
            return _amounts(amounts)
        return None
    if node.op != "call_function" or _name(node) not in ("pad", "_pad"):
        return None
    given = _given(node, "pad mode value")
    if given.get("mode", "constant") != "constant" or given.get("value") not in (None, 0, 0.0):
        raise Unknown("a padding that is not of zeros")
    return _amounts(given["pad"])


def _amounts(amounts: Any) -> tuple[int, int, int, int]:
    if len(amounts) not in (2, 4) or min(amounts) < 0:
        raise Unknown("a padding that crops, or pads channels")
    left, right, top, bottom = (*amounts, 0, 0)[:4]
    return int(left), int(right), int(top), int(bottom)


def meaning_of(
    node: fx.Node,
    modules: Mapping[str, nn.Module],
    known: Mapping[fx.Node, Meaning],
    shapes: Mapping[fx.Node, tuple[int, ...]],
) -> Meaning:
    """What becomes of the maps by a node that neither slides nor pads. Raises Unknown.

    known:   the meaning of every earlier node.  shapes: of every node that is a tensor.
    """
    name = _name(node)
    maps = [known[one] for one in node.all_input_nodes if known[one] is not None]
    if not maps:
        return None
    first = maps[0]
    if isinstance(first, tuple):
        if name == "getitem" and isinstance(node.args[1], int):
            return first[node.args[1]]
        raise Unknown(f"{name} of several maps")
    if node not in shapes and name in _SIZES | {"shape"}:
        return None
    joined = _beside([one for one in maps if isinstance(one, Spread)])
    if len(maps) != sum(isinstance(one, Spread) for one in maps):
        raise Unknown(f"{name} of several maps")
    rule = _RULES.get(name)
    if rule is not None:
        return rule(node, joined, shapes)
    if _keeps_places(node, modules, joined) and _evenly(node, known, shapes, joined):
        return joined
    raise Unknown(f"{name} mixes positions, or is not known")


def _keeps_places(node: fx.Node, modules: Mapping[str, nn.Module], spread: Spread) -> bool:
    if node.op != "call_module":
        return _name(node) in _EACH_NAMES
    module = modules[str(node.target)]
    if isinstance(module, nn.BatchNorm2d):
        return module.track_running_stats and not module.training and spread.axes == (2, 3)
    if isinstance(module, nn.LayerNorm):
        return len(module.normalized_shape) == 1 and spread.axes == (1, 2)
    if isinstance(module, nn.Linear):
        return spread.axes == (1, 2)
    if isinstance(module, nn.PReLU) and module.num_parameters > 1:
        return spread.axes == (2, 3)
    return isinstance(module, _EACH_MODULES)


def _evenly(
    node: fx.Node,
    known: Mapping[fx.Node, Meaning],
    shapes: Mapping[fx.Node, tuple[int, ...]],
    spread: Spread,
) -> bool:
    """No constant that joins the maps differs from place to place."""
    rank = len(shapes[node])
    for one in node.all_input_nodes:
        if known[one] is None and one in shapes:
            shape = (1,) * (rank - len(shapes[one])) + shapes[one]
            if any(shape[axis] != 1 for axis in (0, *spread.axes)):
                return False
    return True


# ------------------------------------------------------------------ nodes that move axes
Rule = Callable[[fx.Node, Spread, Mapping[fx.Node, tuple[int, ...]]], Meaning]


def _concatenated(node: fx.Node, joined: Spread, shapes: Mapping[fx.Node, Any]) -> Spread:
    axis = int(_given(node, "dim", 1).get("dim", 0)) % len(shapes[node])
    if axis in (0, *joined.axes):
        raise Unknown("maps are put beside each other in space")
    return joined


def _in_parts(node: fx.Node, joined: Spread, shapes: Mapping[fx.Node, Any]) -> tuple[Spread, ...]:
    (source,) = node.all_input_nodes
    axis = int(_given(node, "amount dim", 1).get("dim", 0)) % len(shapes[source])
    if axis in (0, *joined.axes):
        raise Unknown("a map is parted in space")
    taken = [int(str(user.args[1])) for user in node.users]
    return (joined,) * (1 + max(taken))


def _permuted(node: fx.Node, joined: Spread, _shapes: Mapping[fx.Node, Any]) -> Spread:
    order: Any = node.args[1] if isinstance(node.args[1], (tuple, list)) else node.args[1:]
    order = [axis % len(order) for axis in order]
    return _moved(order, joined)


def _transposed(node: fx.Node, joined: Spread, shapes: Mapping[fx.Node, Any]) -> Spread:
    order = list(range(len(shapes[node])))
    one, other = (int(str(axis)) % len(order) for axis in node.args[1:3])
    order[one], order[other] = order[other], order[one]
    return _moved(order, joined)


def _moved(order: list[int], joined: Spread) -> Spread:
    if order[0] != 0:
        raise Unknown("tiles change places with another axis")
    rows, columns = (order.index(axis) for axis in joined.axes)
    return replace(joined, axes=(rows, columns))


def _viewed(node: fx.Node, joined: Spread, shapes: Mapping[fx.Node, Any]) -> Spread:
    """Channels may be split and merged, as a channel shuffle does; places may not."""
    (source, *sizes) = node.args
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = list(sizes[0])
    before, after = shapes[source], shapes[node]  # type: ignore[index]
    whole = joined.axes == (len(before) - 2, len(before) - 1) and before[-2:] == after[-2:]
    follows = all(isinstance(size, fx.Node) for size in (sizes[0], *sizes[-2:]))
    if not whole or not follows or before[0] != after[0]:
        raise Unknown("a map is given another shape")
    return replace(joined, axes=(len(after) - 2, len(after) - 1))


def _normed(node: fx.Node, joined: Spread, _shapes: Mapping[fx.Node, Any]) -> Spread:
    given = _given(node, "normalized_shape")
    if len(given["normalized_shape"]) != 1 or joined.axes != (1, 2):
        raise Unknown("a normalisation over places")
    return joined


_RULES: dict[str, Rule] = {
    "cat": _concatenated, "concat": _concatenated,
    "chunk": _in_parts, "split": _in_parts,
    "permute": _permuted, "transpose": _transposed,
    "view": _viewed, "reshape": _viewed,
    "layer_norm": _normed,
}  # fmt: skip


def _beside(spreads: list[Spread]) -> Spread:
    first, *others = spreads
    if any(one.axes != first.axes for one in others):
        raise Unknown("maps of differently ordered axes are joined")
    if not others:
        return first
    lengths = {(one.rows.length, one.columns.length) for one in spreads}
    if len(lengths) > 1:
        raise Unknown("maps of different size are joined")
    rows = first.rows.beside(*(one.rows for one in others))
    columns = first.columns.beside(*(one.columns for one in others))
    return replace(first, rows=rows, columns=columns)


def _name(node: fx.Node) -> str:
    if node.op in ("call_method", "call_module"):
        return str(node.target)
    if node.target is getattr:
        return "getattr"
    if node.target in (operator.iadd, operator.imul):
        return {operator.iadd: "add", operator.imul: "mul"}[node.target]
    return str(getattr(node.target, "__name__", node.target)).strip("_")


def _given(node: fx.Node, names: str, skip: int = 1) -> dict[str, Any]:
    """The arguments after the map, by name."""
    return dict(zip(names.split(), node.args[skip:], strict=False)) | dict(node.kwargs)


def _pair(size: Any) -> Pair:
    one, other = (size, size) if isinstance(size, int) else size
    return int(one), int(other)

"""A chain of Caffe's layers, as torch's: arguments, weights and the shapes between them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier.formats.wire import Message, shown
from onepixel_gui.problems import UnusableCheckpoint

SOURCES = frozenset(
    ("Data", "HDF5Data", "ImageData", "WindowData", "MemoryData", "DummyData", "Input")
)
WIDEST = 1024  # pixels of kernels, paddings and pictures

_ASIDE = ("Accuracy", "Silence", "SoftmaxWithLoss")  # they change nothing in use
_HEAVIEST = 200_000_000_000  # multiply-adds for one tile; VGG-19 at 224 px needs a tenth
_FULLEST = 50_000_000  # numbers in one map
_ELSEWISE = "Export the network whole, as TorchScript, .pt2 or ONNX."

Shape = tuple[int, ...]  # channels, and rows and columns where it is a map
Blob = NDArray[np.float32]


class Misfit(ValueError):
    """Maps of such a shape cannot pass the chain."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One layer as torch has it. kind: of torch.nn; weights: its state by name."""

    name: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Blob] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer as the file has it. bottom, top: what it reads and makes, by name."""

    file: str
    name: str
    kind: str
    bottom: tuple[str, ...]
    top: tuple[str, ...]
    options: Message
    transform: Message
    blobs: tuple[Blob, ...]

    def problem(self, words: str) -> UnusableCheckpoint:
        return UnusableCheckpoint(
            f"{self.file} has a layer {self.name[:60]!r} ({shown(self.kind, 40)}) {words}.",
            _ELSEWISE,
        )


def steps_of(layers: Sequence[Layer], inputs: Iterable[str], file: str) -> tuple[Step, ...]:
    """inputs: what the net calls its picture, where no layer makes it.

    Raises UnusableCheckpoint for what is not a chain of known layers.
    """
    ends = {"data", *inputs} | {top for one in layers if one.kind in SOURCES for top in one.top[:1]}
    steps: list[Step] = []
    for layer in layers:
        if layer.kind in SOURCES or layer.kind in _ASIDE:
            continue
        if not ends & set(layer.bottom[:1]):
            raise layer.problem("beside the chain, and only a chain can be rebuilt")
        if layer.kind == "Split":
            ends |= set(layer.top)
            continue
        if layer.kind not in _MAKERS:
            raise layer.problem("that is not known here")
        steps = _MAKERS[layer.kind](layer, steps)
        ends = set(layer.top[:1])
    if not any(step.weights for step in steps):
        raise UnusableCheckpoint(
            f"{file} describes a network, but holds no weights.",
            "Choose the .caffemodel that the training wrote.",
        )
    return tuple(steps if _flat(steps) else [*steps, Step("rows", "Flatten")])


def after(steps: Iterable[Step], shape: Shape) -> Shape:
    """What a picture of `shape` becomes. Raises Misfit, also for more than can be computed."""
    work = 0
    for step in steps:
        before, shape = shape, _through(step, shape)
        work += math.prod(shape) * _reads(step)
        if min(shape) < 1 or math.prod(shape) > _FULLEST or work > _HEAVIEST:
            raise Misfit(f"{step.name} makes {shape} of {before}")
    return shape


def _reads(step: Step) -> int:
    """Multiply-adds per number made."""
    if step.kind == "Linear":
        return int(step.arguments["in_features"])
    if step.kind == "Conv2d":
        inside = step.arguments["in_channels"] // step.arguments["groups"]
        return int(inside * math.prod(step.arguments["kernel_size"]))
    return math.prod(step.arguments.get("kernel_size", (1,)))


def _through(step: Step, shape: Shape) -> Shape:
    told = step.arguments
    if step.kind == "Flatten":
        return (math.prod(shape),)
    wanted = told.get("in_channels", told.get("in_features", told.get("num_features", shape[0])))
    if wanted != shape[0]:
        raise Misfit(f"{step.name} takes {wanted} channels, not {shape[0]}")
    if step.kind == "Linear":
        return (told["out_features"],)
    if "output_size" not in told and "kernel_size" not in told:
        return shape
    if len(shape) != 3:
        raise Misfit(f"{step.name} takes a map, not a row")
    if "output_size" in told:
        return (shape[0], 1, 1)
    return (
        told.get("out_channels", shape[0]),
        _along(told, 0, shape[1]),
        _along(told, 1, shape[2]),
    )


def _along(told: Mapping[str, Any], axis: int, size: int) -> int:
    kernel, stride, pad = (told[key][axis] for key in ("kernel_size", "stride", "padding"))
    gap = told["dilation"][axis] if "dilation" in told else 1
    room = size + 2 * pad - gap * (kernel - 1) - 1
    if room < 0:
        return 0
    if not told.get("ceil_mode"):
        return int(room // stride + 1)
    count = -(-room // stride) + 1
    return int(count - 1 if (count - 1) * stride >= size + pad else count)


def _flat(steps: Iterable[Step]) -> bool:
    return any(step.kind in ("Linear", "Flatten") for step in steps)


# ------------------------------------------------------------------ layer by layer
def _pair(options: Message, both: int, rows: int, columns: int, default: int) -> tuple[int, int]:
    values = options.integers(both) or [default]
    pair = (values[0], values[-1])
    if rows in options or columns in options:
        pair = (options.integer(rows, default), options.integer(columns, default))
    return pair


def _sane(layer: Layer, lowest: int, *sizes: int) -> None:
    if any(not lowest <= size <= WIDEST for size in sizes):
        raise layer.problem("with sizes that make no sense")


def _convolution(layer: Layer, steps: list[Step]) -> list[Step]:
    options = layer.options
    kernel = _pair(options, 4, 11, 12, 0)
    stride, pad = _pair(options, 6, 13, 14, 1), _pair(options, 3, 9, 10, 0)
    gaps = options.integers(18) or [1]
    dilation, group, count = (gaps[0], gaps[-1]), options.integer(5, 1), options.integer(1)
    _sane(
        layer,
        1,
        *kernel,
        *stride,
        *dilation,
        *(k * d for k, d in zip(kernel, dilation, strict=True)),
    )
    _sane(layer, 0, *pad)
    weight, bias = _weights(layer, count, options.integer(2, 1) != 0)
    inside, rest = divmod(weight.size, count * math.prod(kernel))
    if group < 1 or count % group or rest or not inside:
        raise layer.problem("whose weights do not fit it")
    weights = {"weight": weight.reshape(count, inside, *kernel)} | bias
    arguments = {
        "in_channels": inside * group, "out_channels": count, "kernel_size": kernel,
        "stride": stride, "padding": pad, "dilation": dilation, "groups": group,
        "bias": bool(bias),
    }  # fmt: skip
    return [*steps, Step(layer.name, "Conv2d", arguments, weights)]


def _weights(layer: Layer, count: int, biased: bool) -> tuple[Blob, dict[str, Blob]]:
    wanted = 2 if biased else 1
    if len(layer.blobs) != wanted or count < 1 or layer.blobs[0].size % count:
        raise layer.problem("whose weights do not fit it")
    if biased and layer.blobs[1].size != count:
        raise layer.problem("whose weights do not fit it")
    return layer.blobs[0], {"bias": layer.blobs[1].reshape(count)} if biased else {}


def _inner(layer: Layer, steps: list[Step]) -> list[Step]:
    options = layer.options
    count, turned = options.integer(1), options.integer(6) != 0
    weight, bias = _weights(layer, count, options.integer(2, 1) != 0)
    if options.integer(5, 1) != 1:
        raise layer.problem("along an unusual axis")
    table = weight.reshape(-1, count).T if turned else weight.reshape(count, -1)
    if not _flat(steps):
        steps = [*steps, Step("rows", "Flatten")]
    arguments = {"in_features": table.shape[1], "out_features": count, "bias": bool(bias)}
    return [*steps, Step(layer.name, "Linear", arguments, {"weight": table} | bias)]


def _pooling(layer: Layer, steps: list[Step]) -> list[Step]:
    options = layer.options
    kind = {0: "Max", 1: "Avg"}.get(options.integer(1))
    if kind is None:
        raise layer.problem("that pools at random")
    if options.integer(12):
        return [*steps, Step(layer.name, f"Adaptive{kind}Pool2d", {"output_size": 1})]
    kernel = _pair(options, 2, 5, 6, 0)
    stride, pad = _pair(options, 3, 7, 8, 1), _pair(options, 4, 9, 10, 0)
    _sane(layer, 1, *kernel, *stride)
    _sane(layer, 0, *pad)
    if any(2 * p > k for p, k in zip(pad, kernel, strict=True)):
        raise layer.problem("that pads more than half its size")
    # Both count the padding in averages, but not what hangs over beyond it.
    arguments = {
        "kernel_size": kernel, "stride": stride, "padding": pad,
        "ceil_mode": options.integer(13) == 0,
    }  # fmt: skip
    return [*steps, Step(layer.name, f"{kind}Pool2d", arguments)]


def _relu(layer: Layer, steps: list[Step]) -> list[Step]:
    slope = layer.options.real(1)
    if slope:
        return [*steps, Step(layer.name, "LeakyReLU", {"negative_slope": slope})]
    return [*steps, Step(layer.name, "ReLU")]


def _normalising(layer: Layer, steps: list[Step]) -> list[Step]:
    options = layer.options
    size = options.integer(1, 5)
    if options.integer(4) or size % 2 == 0:
        raise layer.problem("that normalises in a way not known here")
    _sane(layer, 1, size)
    arguments = {
        "size": size, "alpha": options.real(2, 1.0), "beta": options.real(3, 0.75),
        "k": options.real(5, 1.0),
    }  # fmt: skip
    return [*steps, Step(layer.name, "LocalResponseNorm", arguments)]


def _batch_norm(layer: Layer, steps: list[Step]) -> list[Step]:
    if len(layer.blobs) != 3 or layer.blobs[0].size != layer.blobs[1].size:
        raise layer.problem("whose weights do not fit it")
    mean, variance, times = (blob.reshape(-1) for blob in layer.blobs)
    share = np.float32(1 / times[0] if times[0] else 0)  # both are stored as sums
    weights = {"running_mean": mean * share, "running_var": variance * share}
    arguments = {"num_features": mean.size, "eps": layer.options.real(3, 1e-5)}
    return [*steps, Step(layer.name, _norm_kind(steps), arguments, weights)]


def _scale(layer: Layer, steps: list[Step]) -> list[Step]:
    """A batch norm's second half, or on its own a batch norm that shifts nothing."""
    biased = layer.options.integer(4) != 0
    if len(layer.blobs) != 1 + biased or layer.options.integer(1, 1) != 1:
        raise layer.problem("whose weights do not fit it")
    weights = dict(zip(("weight", "bias"), (blob.reshape(-1) for blob in layer.blobs), strict=True))
    count = weights["weight"].size
    if any(part.size != count for part in weights.values()):
        raise layer.problem("whose weights do not fit it")
    last = steps[-1] if steps else None
    if last is not None and "running_mean" in last.weights and "weight" not in last.weights:
        if last.arguments["num_features"] != count:
            raise layer.problem("whose weights do not fit it")
        return [*steps[:-1], replace(last, weights={**last.weights, **weights})]
    arguments = {"num_features": count, "eps": 0.0}
    return [*steps, Step(layer.name, _norm_kind(steps), arguments, weights)]


def _norm_kind(steps: Sequence[Step]) -> str:
    return "BatchNorm1d" if _flat(steps) else "BatchNorm2d"


def _plain(kind: str, **arguments: Any) -> "Maker":
    return lambda layer, steps: [*steps, Step(layer.name, kind, arguments)]


def _idle(_layer: Layer, steps: list[Step]) -> list[Step]:
    return steps


Maker = Callable[[Layer, list[Step]], list[Step]]
_MAKERS: Mapping[str, Maker] = {
    "Convolution": _convolution, "InnerProduct": _inner, "Pooling": _pooling, "ReLU": _relu,
    "LRN": _normalising, "BatchNorm": _batch_norm, "Scale": _scale, "Flatten": _plain("Flatten"),
    "Sigmoid": _plain("Sigmoid"), "SigmoidCrossEntropyLoss": _plain("Sigmoid"),
    "TanH": _plain("Tanh"), "Softmax": _plain("Softmax", dim=1),
    "Dropout": _idle,
}  # fmt: skip

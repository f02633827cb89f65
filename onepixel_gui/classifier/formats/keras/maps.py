"""Keras' layers that slide over a map, pool it or frame it, as PyTorch's.

Shapes here are Keras' own without the tiles' axis, (H, W, C) or (C,); the modules themselves take
(N, C, H, W) or (N, C).  TensorFlow's "same" padding follows from the input's size, so that a
module is made for one size.  Numbers that make no sense raise ValueError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onepixel_gui.classifier.formats.keras.activations import Scaled, activation
from onepixel_gui.classifier.formats.keras.graph import Layer

Shape = tuple[int, ...]
Arrays = Mapping[str, NDArray[np.float32]]
Made = tuple[nn.Module, Shape]


@dataclass(frozen=True, slots=True)
class Task:
    """A layer to be made. shapes: of what it reads; operands: as in `keras_graph.Step`."""

    layer: Layer
    shapes: tuple[Shape, ...]
    arrays: Arrays
    operands: tuple[int | float, ...]
    version: int

    @property
    def shape(self) -> Shape:
        (one,) = self.shapes
        return one

    @property
    def places(self) -> Shape:
        """(H, W, C) of what it reads; raises ValueError where that is no map."""
        if len(self.shape) != 3:
            raise ValueError(f"{self.layer.name} reads {self.shape}, which is no map")
        return self.shape

    def squashed(self, module: nn.Module) -> nn.Module:
        """The module, followed by the layer's own activation."""
        after = activation(self.layer, self.version)
        return module if after is None else nn.Sequential(module, after)

    def tensor(self, part: str, shape: Shape) -> Tensor:
        """A weight that must have this shape in Keras."""
        array = self.arrays[part]
        if array.shape != shape:
            raise ValueError(f"{self.layer.name} has a {part} of {array.shape}, not {shape}")
        return torch.from_numpy(array)


# ------------------------------------------------------------------ convolutions
def conv(task: Task) -> Made:
    layer, groups = task.layer, task.layer.whole("groups", 1)
    kernel, out = layer.pair("kernel_size"), layer.whole("filters")
    inner = task.places[2]
    if inner % groups or out % groups:
        raise ValueError(f"{layer.name} parts {inner} channels into {groups} groups")
    weight = task.tensor("kernel", (*kernel, inner // groups, out)).permute(3, 2, 0, 1)
    module, shape = _slid(task, weight, groups)
    return task.squashed(module), shape


def depthwise(task: Task) -> Made:
    module, shape = _slid(task, *_by_channel(task))
    return task.squashed(module), shape


def separable(task: Task) -> Made:
    layer, out = task.layer, task.layer.whole("filters")
    weight, groups = _by_channel(task)
    first, (*places, middle) = _slid(task, weight, groups, bias=False)
    point = task.tensor("pointwise_kernel", (1, 1, middle, out)).permute(3, 2, 0, 1)
    bias = task.tensor("bias", (out,)) if "bias" in layer.parts else None
    return task.squashed(nn.Sequential(first, conv2d(point, bias))), (*places, out)


def _by_channel(task: Task) -> tuple[Tensor, int]:
    inner, many = task.places[2], task.layer.whole("depth_multiplier", 1)
    kernel = task.layer.pair("kernel_size")
    weight = task.tensor("depthwise_kernel", (*kernel, inner, many))
    return weight.permute(2, 3, 0, 1).reshape(inner * many, 1, *kernel), inner


def _slid(task: Task, weight: Tensor, groups: int, *, bias: bool = True) -> Made:
    layer = task.layer
    stride, dilation = layer.pair("strides", 1), layer.pair("dilation_rate", 1)
    window = _window(task, layer.pair("kernel_size"), stride, dilation)
    values = task.tensor("bias", (len(weight),)) if bias and "bias" in layer.parts else None
    conv = conv2d(weight, values, stride, dilation, window.around or (0, 0), groups)
    module = conv if window.around is not None else nn.Sequential(window.frame(), conv)
    return module, (*window.size, len(weight))


def conv2d(
    weight: Tensor,
    bias: Tensor | None,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    groups: int = 1,
) -> nn.Conv2d:
    out, inner, *kernel = weight.shape
    with torch.device("meta"):  # nothing is drawn for weights that are there
        conv = nn.Conv2d(
            inner * groups, out, (kernel[0], kernel[1]), stride, padding, dilation, groups,
            bias=bias is not None,
        )  # fmt: skip
    conv.weight = nn.Parameter(weight.contiguous())
    if bias is not None:
        conv.bias = nn.Parameter(bias)
    return conv


# ------------------------------------------------------------------ windows and what pads them
@dataclass(frozen=True, slots=True)
class _Window:
    """size: of the result. pads: ((above, below), (left, right)) cells around the map."""

    size: tuple[int, int]
    pads: tuple[tuple[int, int], tuple[int, int]]

    @property
    def around(self) -> tuple[int, int] | None:
        """Rows above and below, columns left and right; None where the sides differ."""
        (above, below), (left, right) = self.pads
        return (above, left) if above == below and left == right else None

    def frame(self, value: float = 0.0) -> nn.Module:
        (above, below), (left, right) = self.pads
        sides = left, right, above, below
        return nn.ZeroPad2d(sides) if value == 0 else nn.ConstantPad2d(sides, value)


def _window(
    task: Task, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> _Window:
    padding = task.layer.word("padding", "valid").lower()
    if padding not in ("valid", "same"):
        raise ValueError(f"{task.layer.name} is padded by {padding[:40]}")
    sizes, pads = [], []
    for length, edge, step, gap in zip(task.places[:2], kernel, stride, dilation, strict=True):
        reach = (edge - 1) * gap + 1
        if padding == "same":
            size = ceil(length / step)
            more = max((size - 1) * step + reach - length, 0)
        else:
            size, more = (length - reach) // step + 1, 0
        sizes.append(size)
        pads.append((more // 2, more - more // 2))
    if min(sizes) < 1:
        raise ValueError(f"{task.layer.name} reaches further than its map of {task.shape}")
    return _Window((sizes[0], sizes[1]), (pads[0], pads[1]))


def _pooled(task: Task) -> tuple[tuple[int, int], tuple[int, int], _Window]:
    kernel = task.layer.pair("pool_size", 2)
    stride = task.layer.pair("strides", kernel)
    return kernel, stride, _window(task, kernel, stride, (1, 1))


def max_pool(task: Task) -> Made:
    kernel, stride, window = _pooled(task)
    shape = (*window.size, task.places[2])
    around = window.around
    if around is not None and all(2 * p <= k for p, k in zip(around, kernel, strict=True)):
        return nn.MaxPool2d(kernel, stride, around), shape
    pool = nn.MaxPool2d(kernel, stride)
    return nn.Sequential(window.frame(float("-inf")), pool), shape


def average_pool(task: Task) -> Made:
    kernel, stride, window = _pooled(task)
    shape = (*window.size, task.places[2])
    around = window.around
    if around is not None and all(2 * p <= k for p, k in zip(around, kernel, strict=True)):
        return nn.AvgPool2d(kernel, stride, around, count_include_pad=False), shape
    frame, pool = window.frame(), nn.AvgPool2d(kernel, stride)
    inside = pool(frame(torch.ones(1, 1, *task.places[:2])))
    return nn.Sequential(frame, pool, Scaled(1 / inside)), shape


def global_pool(task: Task) -> Made:
    average = task.layer.kind == "GlobalAveragePooling2D"
    pool = nn.AdaptiveAvgPool2d(1) if average else nn.AdaptiveMaxPool2d(1)
    width = task.places[2]
    if task.layer.flag("keepdims", False):
        return pool, (1, 1, width)
    return nn.Sequential(pool, nn.Flatten()), (width,)


def zero_padding(task: Task) -> Made:
    return _framed(task, *_sides(task.layer.config.get("padding", 1)), sign=1)


def cropping(task: Task) -> Made:
    return _framed(task, *_sides(task.layer.config.get("cropping", 0)), sign=-1)


def _sides(told: Any) -> tuple[Any, Any]:
    """((above, below), (left, right)) from a number, a pair, or pairs."""
    rows, columns = (told, told) if isinstance(told, int) else told
    return tuple((side, side) if isinstance(side, int) else side for side in (rows, columns))  # type: ignore[return-value]


def _framed(task: Task, rows: Any, columns: Any, *, sign: int) -> Made:
    height, width, channels = task.places
    sides = [int(one) for one in (*columns, *rows)]
    if len(sides) != 4 or min(sides) < 0:
        raise ValueError(f"{task.layer.name} has a frame of {str(sides)[:80]}")
    height, width = height + sign * sum(sides[2:]), width + sign * sum(sides[:2])
    if min(height, width) < 1:
        raise ValueError(f"{task.layer.name} leaves nothing of its map")
    left, right, above, below = (sign * one for one in sides)
    return nn.ZeroPad2d((left, right, above, below)), (height, width, channels)


def upsampling(task: Task) -> Made:
    (height, width, channels), (down, across) = task.places, task.layer.pair("size", 2)
    how = task.layer.word("interpolation", "nearest")
    if how not in ("nearest", "bilinear"):
        raise ValueError(f"{task.layer.name} interpolates by {how[:40]}")
    module = nn.Upsample(scale_factor=(down, across), mode=how)
    return module, (height * down, width * across, channels)

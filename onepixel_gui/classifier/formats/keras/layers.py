"""Every kind of Keras layer as a PyTorch module; for shapes and sizes see `keras_maps`."""

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from onepixel_gui.classifier.formats.keras import maps
from onepixel_gui.classifier.formats.keras.activations import (
    PerPlace,
    Scaled,
    activation,
    rectifier,
)
from onepixel_gui.classifier.formats.keras.maps import Made, Shape, Task
from onepixel_gui.classifier.formats.keras.words import ARITHMETIC, IDLE


def made(task: Task) -> Made:
    """The module of a layer, and the shape of what it gives. Raises ValueError, KeyError."""
    return _MAKERS[task.layer.kind](task)


# ------------------------------------------------------------------ dense layers and norms
def _dense(task: Task) -> Made:
    units, (*places, inner) = task.layer.whole("units"), task.shape
    weight = task.tensor("kernel", (inner, units)).t()  # a view: of VGG it is most of the file
    bias = task.tensor("bias", (units,)) if "bias" in task.layer.parts else None
    if len(places) == 2:
        module: nn.Module = maps.conv2d(weight[:, :, None, None], bias)
    elif not places:
        with torch.device("meta"):
            linear = nn.Linear(inner, units, bias=bias is not None)
        linear.weight = nn.Parameter(weight)
        if bias is not None:
            linear.bias = nn.Parameter(bias)
        module = linear
    else:
        raise ValueError(f"{task.layer.name} reads {task.shape}")
    return task.squashed(module), (*places, units)


def _norm(task: Task) -> Made:
    layer, (*places, width) = task.layer, task.shape
    told = layer.config.get("axis", -1)
    axis = told[0] if isinstance(told, list) and len(told) == 1 else told
    if axis not in (-1, len(task.shape)):
        raise ValueError(f"{layer.name} normalises along axis {str(axis)[:40]}")
    kind = nn.BatchNorm2d if places else nn.BatchNorm1d
    module = kind(width, eps=layer.number("epsilon", 1e-3))
    with torch.no_grad():
        names = {
            "gamma": module.weight,
            "beta": module.bias,
            "moving_mean": module.running_mean,
            "moving_variance": module.running_var,
        }
        for part in layer.parts:
            target = names[part]
            assert target is not None
            target.copy_(task.tensor(part, (width,)))
    return module, task.shape


# ------------------------------------------------------------------ layers that move axes
class Rows(nn.Module):
    """(N, C, H, W) -> (N, H * W * C), in the order in which Keras keeps a map."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(x.permute(0, 2, 3, 1), 1)


class Reshape(nn.Module):
    """What Keras' Reshape does, between maps with channels first and rows of numbers."""

    def __init__(self, before: Shape, after: Shape) -> None:
        super().__init__()
        self.from_map, self.after = len(before) == 3, after

    def forward(self, x: Tensor) -> Tensor:
        y = x.permute(0, 2, 3, 1) if self.from_map else x
        y = y.reshape(-1, *self.after)
        return y.permute(0, 3, 1, 2) if len(self.after) == 3 else y


def _flatten(task: Task) -> Made:
    *places, width = task.shape
    total = prod(task.shape)
    if not places:
        return nn.Identity(), task.shape
    return (nn.Flatten() if prod(places) == 1 or width == 1 else Rows()), (total,)


def _reshape(task: Task) -> Made:
    told = [int(one) for one in task.layer.config["target_shape"]]
    total, known = prod(task.shape), prod(one for one in told if one != -1)
    if told.count(-1) == 1 and known > 0:
        told[told.index(-1)] = total // known
    if len(told) not in (1, 3) or min(told) < 1 or prod(told) != total:
        raise ValueError(f"{task.layer.name} makes {str(told)[:80]} of {task.shape}")
    if tuple(told) == task.shape:
        return nn.Identity(), task.shape
    return Reshape(task.shape, tuple(told)), tuple(told)


# ------------------------------------------------------------------ layers of several inputs
class Merge(nn.Module):
    """Joins maps, or a map and a constant, two by two from the left."""

    def __init__(
        self, join: Callable[[Any, Any], Tensor], operands: Sequence[int | float], share: int = 1
    ) -> None:
        super().__init__()
        self.join, self.share = join, share
        self.constants = [None if isinstance(one, int) else one for one in operands]

    def forward(self, *maps: Tensor) -> Tensor:
        given = iter(maps)
        values: list[Any] = [next(given) if one is None else one for one in self.constants]
        joined: Tensor = values[0]
        for value in values[1:]:
            joined = self.join(joined, value)
        return joined if self.share == 1 else joined / self.share


class Concatenation(nn.Module):
    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *maps: Tensor) -> Tensor:
        return torch.cat(maps, self.axis)


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Average": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "op add": operator.add,
    "op subtract": operator.sub,
    "op multiply": operator.mul,
    "op divide": operator.truediv,
    "Maximum": torch.maximum,
    "Minimum": torch.minimum,
}


def _merge(task: Task) -> Made:
    kind, ranks = task.layer.kind, {len(shape) for shape in task.shapes}
    if len(ranks) != 1 or len(task.operands) < (2 if kind in ARITHMETIC else 1):
        raise ValueError(f"{task.layer.name} joins {str(task.shapes)[:80]}")
    shape = tuple(int(one) for one in np.broadcast_shapes(*task.shapes))
    share = len(task.shapes) if kind == "Average" else 1
    return Merge(_JOINS[kind], task.operands, share), shape


def _concatenate(task: Task) -> Made:
    first, *others = task.shapes
    told = task.layer.config.get("axis", -1)
    axis = int(told) - 1 if int(told) > 0 else int(told) + len(first)
    for shape in others:
        if len(shape) != len(first) or first[:axis] + first[axis + 1 :] != (
            shape[:axis] + shape[axis + 1 :]
        ):
            raise ValueError(f"{task.layer.name} joins {str(task.shapes)[:80]}")
    if not 0 <= axis < len(first):
        raise ValueError(f"{task.layer.name} joins along axis {told}")
    total = sum(shape[axis] for shape in task.shapes)
    channels_last = axis == len(first) - 1
    return Concatenation(1 if channels_last else axis + 2), (
        *first[:axis],
        total,
        *first[axis + 1 :],
    )


# ------------------------------------------------------------------ layers of single numbers
def _idle(task: Task) -> Made:
    return nn.Identity(), task.shape


def _activated(task: Task) -> Made:
    return activation(task.layer, task.version) or nn.Identity(), task.shape


def _rectified(task: Task) -> Made:
    return rectifier(task.layer), task.shape


def _softmax(task: Task) -> Made:
    told = task.layer.config.get("axis", -1)
    if told not in (-1, len(task.shape)):
        raise ValueError(f"{task.layer.name} runs along axis {str(told)[:40]}")
    return nn.Softmax(1), task.shape


def _prelu(task: Task) -> Made:
    shared = task.layer.config.get("shared_axes") or []
    shape = tuple(1 if axis + 1 in shared else size for axis, size in enumerate(task.shape))
    slopes = task.tensor("alpha", shape)
    if prod(shape) == shape[-1]:
        module = nn.PReLU(shape[-1])
        module.weight = nn.Parameter(slopes.reshape(-1))
        return module, task.shape
    return PerPlace(slopes.permute(2, 0, 1)[None]), task.shape


def _rescaling(task: Task) -> Made:
    scale, offset = (_along(task, task.layer.config.get(key, 0.0)) for key in ("scale", "offset"))
    return Scaled(scale, offset), task.shape


def _normalization(task: Task) -> Made:
    layer, width = task.layer, task.shape[-1]
    told = layer.config.get("axis", -1)
    axes = told if isinstance(told, list) else [told]
    if axes not in ([-1], [len(task.shape)]):
        raise ValueError(f"{layer.name} normalises along axes {str(axes)[:40]}")
    if layer.parts:
        mean, variance = (task.tensor(part, (width,)) for part in ("mean", "variance"))
    else:
        mean, variance = (
            torch.as_tensor(layer.config[key], dtype=torch.float32).reshape(-1)
            for key in ("mean", "variance")
        )
    deviation = variance.sqrt().clamp_min(_EPSILON)
    if layer.flag("invert", False):
        return Scaled(_spread(task, deviation), _spread(task, mean)), task.shape
    return Scaled(_spread(task, 1 / deviation), _spread(task, -mean / deviation)), task.shape


_EPSILON = 1e-7  # below which Keras takes no deviation to be


def _along(task: Task, told: Any) -> Tensor | float:
    """A number, or one for each channel."""
    if isinstance(told, (int, float)):
        return float(told)
    return _spread(task, torch.as_tensor(told, dtype=torch.float32).reshape(-1))


def _spread(task: Task, values: Tensor) -> Tensor:
    if len(values) not in (1, task.shape[-1]):
        raise ValueError(f"{task.layer.name} has {len(values)} numbers for {task.shape}")
    return values.reshape(1, -1, *(1 for _ in task.shape[:-1]))


_MAKERS: dict[str, Callable[[Task], Made]] = {
    "Conv2D": maps.conv,
    "DepthwiseConv2D": maps.depthwise,
    "SeparableConv2D": maps.separable,
    "MaxPooling2D": maps.max_pool,
    "AveragePooling2D": maps.average_pool,
    "GlobalAveragePooling2D": maps.global_pool,
    "GlobalMaxPooling2D": maps.global_pool,
    "ZeroPadding2D": maps.zero_padding,
    "Cropping2D": maps.cropping,
    "UpSampling2D": maps.upsampling,
    "Dense": _dense,
    "BatchNormalization": _norm,
    "Activation": _activated,
    "ReLU": _rectified,
    "LeakyReLU": _rectified,
    "ELU": _rectified,
    "Softmax": _softmax,
    "PReLU": _prelu,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Concatenate": _concatenate,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    **dict.fromkeys(_JOINS, _merge),
    **dict.fromkeys(IDLE, _idle),
    "InputLayer": _idle,
}
KINDS = frozenset(_MAKERS)

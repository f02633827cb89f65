"""Keras' activations and other functions of single numbers, as PyTorch modules."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from onepixel_gui.classifier.formats.keras.graph import Layer
from onepixel_gui.classifier.formats.keras.words import is_custom

# Channels, and the classes of a row, are axis 1 of both maps and rows.
_FUNCTIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "softmax": lambda: nn.Softmax(1),
    "log_softmax": lambda: nn.LogSoftmax(1),
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "swish": nn.SiLU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "hard_swish": nn.Hardswish,
    "hard_silu": nn.Hardswish,
}


def activation(layer: Layer, version: int) -> nn.Module | None:
    """What a layer's `activation` setting does; None where it does nothing. Raises ValueError.

    version: Keras' major version, which decides what "hard_sigmoid" is.
    """
    told = layer.config.get("activation")
    if isinstance(told, Mapping):
        if is_custom(told):
            raise ValueError(f"{layer.name} has an activation of its own: {str(told)[:80]}")
        if told["class_name"] in ("ReLU", "LeakyReLU", "ELU"):
            return rectifier(layer.like(told["class_name"], told["config"]))
        told = told["config"]
    if told in (None, "linear"):
        return None
    if told == "hard_sigmoid":
        return nn.Hardsigmoid() if version >= 3 else HardSigmoid()
    if not isinstance(told, str) or told not in _FUNCTIONS:
        raise ValueError(f"{layer.name} has the unknown activation {str(told)[:80]}")
    return _FUNCTIONS[told]()


def rectifier(layer: Layer) -> nn.Module:
    """The layers ReLU, LeakyReLU and ELU with their settings."""
    if layer.kind == "ELU":
        return nn.ELU(layer.number("alpha", 1.0))
    if layer.kind == "LeakyReLU":
        return nn.LeakyReLU(layer.number("negative_slope", layer.number("alpha", 0.3)))
    highest = layer.number("max_value", float("inf"))
    slope, threshold = layer.number("negative_slope", 0.0), layer.number("threshold", 0.0)
    if (slope, threshold) != (0, 0):
        return Rectifier(highest, slope, threshold)
    if highest == float("inf"):
        return nn.ReLU()
    return nn.ReLU6() if highest == 6 else nn.Hardtanh(0.0, highest)


class HardSigmoid(nn.Module):
    """As Keras had it before its third version."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(0.2 * x + 0.5, 0.0, 1.0)


class Rectifier(nn.Module):
    """x above a threshold, slope * (x - threshold) below it, and never over the highest value."""

    def __init__(self, highest: float, slope: float, threshold: float) -> None:
        super().__init__()
        self.highest, self.slope, self.threshold = highest, slope, threshold

    def forward(self, x: Tensor) -> Tensor:
        above = F.threshold(x, self.threshold, 0.0)
        y = above - self.slope * F.relu(self.threshold - x)
        return y if self.highest == float("inf") else torch.clamp(y, max=self.highest)


class PerPlace(nn.Module):
    """A leaky ReLU with a slope for each place of the map. slopes: (1, C, H, W)."""

    slopes: Tensor

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.register_buffer("slopes", slopes.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) - self.slopes * F.relu(-x)


class Scaled(nn.Module):
    """x * scale + offset, each a number or a tensor that broadcasts."""

    scale: Tensor | float
    offset: Tensor | float

    def __init__(self, scale: Tensor | float, offset: Tensor | float = 0.0) -> None:
        super().__init__()
        for name, value in (("scale", scale), ("offset", offset)):
            if isinstance(value, Tensor):
                self.register_buffer(name, value.contiguous())
            else:
                setattr(self, name, value)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset

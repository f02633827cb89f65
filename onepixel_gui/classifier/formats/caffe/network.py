"""The network of a Caffe file, made of torch's own layers."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

if TYPE_CHECKING:
    from onepixel_gui.classifier.formats.caffe.chain import Step


class LessMean(nn.Module):
    """What Caffe's data layer does to a picture: (x - mean) * scale.

    mean: (3, H, W) or (3, 1, 1), blue first, 0-255.
    """

    mean: Tensor

    def __init__(self, mean: Tensor, scale: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean[None])
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        centred = x - self.mean
        return centred if self.scale == 1 else centred * self.scale


def built(steps: Sequence["Step"], mean: NDArray[Any] | None, scale: float) -> nn.Sequential:
    """(N, 3, H, W) blue first, 0-255 -> (N, C); in evaluation mode, with weights of its own."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if mean is not None or scale != 1:
        centre = torch.zeros(3, 1, 1) if mean is None else torch.tensor(mean)
        layers["mean"] = LessMean(centre.float(), scale)
    for number, step in enumerate(steps):
        layer: nn.Module = getattr(nn, step.kind)(**step.arguments)
        weights = {key: torch.tensor(value) for key, value in step.weights.items()}
        layer.load_state_dict(weights, strict=False)
        layers[f"{number}_{step.name}".replace(".", "_")] = layer
    return nn.Sequential(layers).eval()

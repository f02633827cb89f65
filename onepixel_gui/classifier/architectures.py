"""Networks that can be rebuilt from weights alone."""

import logging
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from onepixel_gui.classifier import cifar, recognition, timm_networks

# The convention of the original training code: moving averages keep 0.9 and variances get 1e-4.
_EPSILON, _MOMENTUM = 1e-4, 0.1

_log = logging.getLogger(__name__)
_declared: list[Any] = []  # declarations last as long as their library object


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


class Bottleneck(nn.Module):
    """Pre-activation bottleneck with a convolution on every shortcut, also where widths agree."""

    def __init__(self, width_in: int, narrow: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = _norm(width_in), nn.Conv2d(width_in, narrow, 1, stride)
        self.norm2, self.conv2 = _norm(narrow), nn.Conv2d(narrow, narrow, 3, padding=1)
        self.norm3, self.conv3 = _norm(narrow), nn.Conv2d(narrow, width_out, 1)
        self.shortcut = nn.Conv2d(width_in, width_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        y = self.conv3(F.relu(self.norm3(y)))
        return cast(Tensor, y + self.shortcut(x))


class CodaitMitosis(nn.Module):
    """The small mitosis network of CODAIT's deep-histopath, as IBM's MAX service deploys it.

    (N, 3, 64, 64) scaled to -1..1, RGB -> (N, 1) logit of "mitosis". 112,585 stored values.
    The stem pads below and right only, as TensorFlow's "same" does at stride 2 (METHODS 1.2).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2)
        blocks: list[Bottleneck] = []
        width, before = 16, 4
        for narrow, out, stride in ((8, 32, 1), (16, 64, 2), (32, 128, 2)):
            blocks += [
                Bottleneck(width, before, out, stride),
                Bottleneck(out, narrow, out, 1),
                Bottleneck(out, narrow, out, 1),
            ]
            width, before = out, narrow
        self.blocks = nn.Sequential(*blocks)
        self.norm = _norm(width)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.blocks(self.stem(F.pad(x, (0, 1, 0, 1))))
        y = F.avg_pool2d(F.relu(self.norm(y)), 8)
        return torch.flatten(self.head(y), 1)


class IdcAlexNet32(nn.Module):
    """A published network for invasive ductal carcinoma, trained with Caffe.

    (N, 3, 32, 32) BGR in 0-255 -> (N, classes) logits; takes its own mean picture off.
    """

    mean_bgr: Tensor

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 5, padding=2)
        self.conv2 = nn.Conv2d(32, 32, 5, padding=2)
        self.conv3 = nn.Conv2d(32, 64, 5, padding=2)
        self.ip1, self.ip2 = nn.Linear(1024, 64), nn.Linear(64, classes)
        # Caffe rounds sizes up, and its windows may hang over the edge.
        self.highest = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.average = nn.AvgPool2d(3, 2, ceil_mode=True)
        self.register_buffer("mean_bgr", torch.zeros(3, 32, 32))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.highest(self.conv1(x - self.mean_bgr)))
        x = self.average(F.relu(self.conv2(x)))
        x = self.average(F.relu(self.conv3(x)))
        return cast(Tensor, self.ip2(self.ip1(torch.flatten(x, 1))))


BUILDERS: dict[str, type[nn.Module]] = {"codait_mitosis": CodaitMitosis}

# Ours, by the keys of `recognition`; each takes the sizes that are free in it by name.
OWN: Mapping[str, Callable[..., nn.Module]] = {
    "codait_mitosis": CodaitMitosis,
    "idc_alexnet32": IdcAlexNet32,
    **cifar.BUILDERS,
}


class _Unfilled(TorchFunctionMode):
    """What would be drawn at random takes no memory and no time; what is computed stays real."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        told = dict(kwargs or {})
        if func is torch.empty:
            told["device"] = "meta"
        return func(*args, **told)


def build(architecture: str, shapes: Mapping[str, tuple[int, ...]]) -> nn.Module:
    """The network of that name, as large as the weights say, in evaluation mode.

    architecture: a key of `recognition` whose fit these shapes are.  Its weights are on the meta
    device and are to be assigned, `load_state_dict(..., assign=True)`; what follows from the
    architecture alone, such as tables of relative places, is real.  Raises ValueError where the
    shapes do not fit, LookupError where there is no such network.
    """
    return made(architecture, recognition.sizes(architecture, shapes))


def made(architecture: str, sizes: Mapping[str, int]) -> nn.Module:
    """As `build`, from what `recognition.sizes` gives."""
    if architecture.startswith(timm_networks.PREFIX):
        return timm_networks.build(architecture, sizes)
    with _Unfilled():
        if architecture in OWN:
            return OWN[architecture](**sizes).eval()
        return _torchvision(architecture, sizes).eval()


def _torchvision(architecture: str, sizes: Mapping[str, int]) -> nn.Module:
    models = torchvision_models()
    if architecture not in models.list_models(module=models):
        raise LookupError(architecture)
    facts: dict[str, Any] = {"num_classes": sizes["classes"]}
    if "places" in sizes:  # a ViT learns one vector for each patch, and one for the class
        patch = int(architecture.rpartition("_")[2])
        facts["image_size"] = patch * recognition.side(sizes["places"])
    if "auxiliary" in sizes:
        facts |= {"aux_logits": bool(sizes["auxiliary"]), "init_weights": False}
    return cast(nn.Module, models.get_model(architecture, **facts))


@cache
def torchvision_models() -> ModuleType:
    """torchvision.models, also where torchvision's C library does not fit a CPU-only torch.

    Its Python half then fails to import because two detection operators are missing; declaring
    them is enough for every classification network.
    """
    try:
        return import_module("torchvision.models")
    except RuntimeError as missing:
        _log.info("torchvision without its C library: %s", missing)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    library: Any = torch.library.Library  # untyped in torch
    _declared.append(library("torchvision", "FRAGMENT"))
    for operator in ("nms", "qnms"):
        _declared[-1].define(
            f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        )
    return import_module("torchvision.models")

"""Networks that can be rebuilt from weights alone."""

import logging
import sys
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

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


BUILDERS: dict[str, type[nn.Module]] = {"codait_mitosis": CodaitMitosis}


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

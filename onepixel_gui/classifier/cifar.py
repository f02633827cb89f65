"""Networks for 32 x 32 pictures, laid out and named as the common repositories do.

All take (N, 3, 32, 32) and return (N, classes) logits.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

# Widths of the convolutions of VGG; "M" halves the picture.
_VGG = {
    11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
    13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
# Width, kernel and stride of each convolution of AllConv but the last (Su et al., table 2).
_ALL_CONV = (
    *((96, 3, 1), (96, 3, 1), (96, 3, 2)),
    *((192, 3, 1), (192, 3, 1), (192, 3, 2)),
    *((192, 3, 1), (192, 1, 1)),
)


class PaddedShortcut(nn.Module):
    """Option A of He et al.: every second place, and zeros in the new channels."""

    def __init__(self, added: int) -> None:
        super().__init__()
        self.added = added

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added, self.added))


def _conv(before: int, width: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, width, kernel, stride, kernel // 2, bias=False)


def _projection(before: int, width: int, stride: int) -> nn.Module:
    return nn.Sequential(_conv(before, width, 1, stride), nn.BatchNorm2d(width))


class Residual(nn.Module):
    """Two 3 x 3 convolutions, or a bottleneck of three; `bridge` names the shortcut's weights."""

    def __init__(self, before: int, width: int, stride: int, bridge: str, widening: int) -> None:
        super().__init__()
        out = width * widening
        plan = [(before, width, 3, stride), (width, out, 3, 1)]
        if widening > 1:
            plan = [(before, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)]
        self.depth = len(plan)
        for number, (left, right, kernel, step) in enumerate(plan, 1):
            self.add_module(f"conv{number}", _conv(left, right, kernel, step))
            self.add_module(f"bn{number}", nn.BatchNorm2d(right))
        self.bridge = bridge or "shortcut"
        shortcut: nn.Module = nn.Identity()
        if (stride, before) != (1, out):
            padded = PaddedShortcut((out - before) // 2)
            shortcut = _projection(before, out, stride) if bridge else padded
        self.add_module(self.bridge, shortcut)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for number in range(1, self.depth + 1):
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
            y = F.relu(y) if number < self.depth else y
        y = y + self.get_submodule(self.bridge)(x)
        return F.relu(y)


class CifarResNet(nn.Module):
    """A stem of 3 x 3 at full size and stages that halve the picture.

    blocks: residuals of each stage; width: channels of the first, doubled by each stage.
    bridge: what the shortcut's projection is called, "" for option A, which has no weights.
    head: what the last layer is called.
    """

    def __init__(
        self,
        classes: int,
        blocks: Iterable[int],
        width: int = 16,
        bridge: str = "",
        head: str = "linear",
        widening: int = 1,
    ) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(3, width, 3), nn.BatchNorm2d(width)
        before, self.stages = width, 0
        for stage, count in enumerate(blocks):
            chain = []
            for block in range(count):
                stride = 2 if stage and not block else 1
                chain.append(Residual(before, width << stage, stride, bridge, widening))
                before = (width << stage) * widening
            self.add_module(f"layer{stage + 1}", nn.Sequential(*chain))
            self.stages += 1
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.head = head
        self.add_module(head, nn.Linear(before, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        logits: Tensor = self.get_submodule(self.head)(torch.flatten(self.avgpool(x), 1))
        return logits


class Stack(nn.Module):
    """Convolutions one after the other, then a classifier of linear layers, or none."""

    def __init__(self, features: Iterable[nn.Module], classifier: nn.Module | None = None) -> None:
        super().__init__()
        self.features = nn.Sequential(*features)
        self.classifier = classifier or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(torch.flatten(self.features(x), 1))
        return logits


def _step(before: int, width: int, kernel: int, stride: int, norm: bool) -> list[nn.Module]:
    conv = nn.Conv2d(before, width, kernel, stride, kernel // 2)
    return [conv, *([nn.BatchNorm2d(width)] if norm else []), nn.ReLU()]


def vgg(classes: int, depth: int, norm: bool, hidden: int = 0) -> nn.Module:
    """VGG with its picture at 1 x 1 before the classifier: one linear layer, or three with hidden.

    hidden: width of the two layers between; 0 for none.
    """
    layers: list[nn.Module] = []
    before = 3
    for word in _VGG[depth].split():
        if word == "M":
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += _step(before, int(word), 3, 1, norm)
            before = int(word)
    if not hidden:
        return Stack(layers, nn.Linear(before, classes))
    inner = [nn.Dropout(), nn.Linear(before, hidden), nn.ReLU()]
    inner += [nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, classes)]
    return Stack(layers, nn.Sequential(*inner))


def all_conv(classes: int, norm: bool) -> nn.Module:
    """AllConv of Su et al.: nine convolutions, a ReLU after each, and the mean over all places."""
    layers: list[nn.Module] = []
    before = 3
    for width, kernel, stride in _ALL_CONV:
        layers += _step(before, width, kernel, stride, norm)
        before = width
    return Stack([*layers, nn.Conv2d(before, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)])


def network_in_network(classes: int, norm: bool) -> nn.Module:
    """NiN of Su et al.: three 5 x 5 or 3 x 3 convolutions, each with two of 1 x 1 behind it."""
    layers: list[nn.Module] = []
    before = 3
    for widths, kernel, pool in (
        ((192, 160, 96), 5, nn.MaxPool2d),
        ((192, 192, 192), 5, nn.AvgPool2d),
        ((192, 192), 3, None),
    ):
        for place, width in enumerate(widths):
            layers += _step(before, width, 1 if place else kernel, 1, norm)
            before = width
        if pool is not None:
            layers += [pool(3, 2, padding=1), nn.Dropout()]
    return Stack([*layers, nn.Conv2d(before, classes, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)])


def _resnets() -> Iterable[tuple[str, Callable[..., nn.Module]]]:
    for depth in (20, 32, 44, 56, 110):
        blocks = [(depth - 2) // 6] * 3
        yield f"cifar_resnet{depth}", partial(CifarResNet, blocks=blocks)
        named = partial(CifarResNet, blocks=blocks, bridge="downsample", head="fc")
        yield f"cifar_resnet{depth}_b", named
    wide = partial(CifarResNet, width=64, bridge="shortcut")
    yield "cifar_resnet18", partial(wide, blocks=(2, 2, 2, 2))
    yield "cifar_resnet34", partial(wide, blocks=(3, 4, 6, 3))
    yield "cifar_resnet50", partial(wide, blocks=(3, 4, 6, 3), widening=4)


def _stacks() -> Iterable[tuple[str, Callable[..., nn.Module]]]:
    for suffix, norm in (("", False), ("_bn", True)):
        for depth in _VGG:
            yield f"cifar_vgg{depth}{suffix}", partial(vgg, depth=depth, norm=norm)
            deep = partial(vgg, depth=depth, norm=norm, hidden=512)
            yield f"cifar_vgg{depth}{suffix}_fc", deep
        yield f"allconv{suffix}", partial(all_conv, norm=norm)
        yield f"nin{suffix}", partial(network_in_network, norm=norm)


# Each takes classes=; the VGG with "_fc" also hidden=.
BUILDERS: Mapping[str, Callable[..., nn.Module]] = {**dict(_resnets()), **dict(_stacks())}

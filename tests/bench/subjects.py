"""The networks that the benches measure, each with its tile, as they come out of a checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from onepixel_gui.classifier.architectures import CodaitMitosis, torchvision_models
from onepixel_gui.classifier.card import Card, Scaling
from onepixel_gui.classifier.checkpoint import load
from onepixel_gui.tiles.files import read
from onepixel_gui.tiles.tile import Tile

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SEED = 0


@dataclass(frozen=True)
class Subject:
    """A network to measure. `title` is what a table calls it, `weights` where they come from."""

    name: str
    title: str
    card: Card
    network: nn.Module
    tile: Tile
    weights: str

    @property
    def edge(self) -> int:
        return self.card.input_size[0]


class _Residual(nn.Module):
    """Two 3 x 3 convolutions; a shortcut that grows is strided and padded with zeros (option A)."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.more = stride, (width - width_in) // 2

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more, self.more))
        return F.relu(y + x)


class CifarResNet20(nn.Module):
    """He et al. (arXiv 1512.03385), section 4.2, n = 3: (N, 3, 32, 32) -> (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._stage(16, 16, 1)
        self.layer2 = self._stage(16, 32, 2)
        self.layer3 = self._stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    @staticmethod
    def _stage(width_in: int, width: int, stride: int) -> nn.Sequential:
        first = _Residual(width_in, width, stride)
        return nn.Sequential(first, _Residual(width, width, 1), _Residual(width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(torch.flatten(F.adaptive_avg_pool2d(y, 1), 1))


class SmallCNN(nn.Sequential):
    """What tutorials attack: two pairs of convolutions with pooling. (N, 3, 32, 32) -> (N, 10)."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for width_in, width in ((3, 32), (32, 64)):
            for before in (width_in, width):
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
        super().__init__(*layers, nn.Flatten(), nn.Linear(64 * 8 * 8, 10))


def noise(edge: int) -> Tile:
    """A tile of seeded noise: time does not depend on what a tile shows."""
    rgb = np.random.default_rng(SEED).integers(0, 256, (edge, edge, 3), np.uint8)
    return Tile("noise", rgb)


def calibrated(network: nn.Module, edge: int) -> nn.Module:
    """Give batch norms the statistics of a few noise tiles: random weights alone would explode."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        network(torch.randn(8, 3, edge, edge))
    for norm in norms:
        norm.momentum = 0.1
    return network.eval()


def _card(name: str, classes: int, edge: int, scaling: Scaling) -> Card:
    names = ("normal", "mitosis") if classes == 2 else tuple(f"class {i}" for i in range(classes))
    return Card(name, "", "", name, 0, names, names[-1], (edge, edge), scaling)


def _random(
    name: str, title: str, network: nn.Module, edge: int, classes: int = 2, tile: Tile | None = None
) -> Subject:
    card = _card(name, classes, edge, "imagenet")
    return Subject(name, title, card, calibrated(network, edge), tile or noise(edge), "random")


def ibm() -> Subject:
    """With its published weights and its mitosis sample where they are at hand."""
    file, picture = DATA / "ibm_max" / "deep_histopath_model.hdf5", DATA / "ibm_max" / "true.png"
    title = "IBM MAX, 64 x 64"
    if file.is_file() and picture.is_file():
        return Subject("ibm", title, *load(file), read(picture), "published")
    card = _card("ibm", 2, 64, "minus-one-to-one")
    return Subject("ibm", title, card, calibrated(CodaitMitosis(), 64), noise(64), "random")


def resnet20() -> Subject:
    """With published CIFAR-10 weights and one of its pictures where they are at hand."""
    network, title = CifarResNet20(), "CIFAR ResNet-20, 32 x 32"
    file, picture = DATA / "checkpoints" / "resnet20-12fca82f.th", _cifar_picture()
    if not file.is_file() or picture is None:
        return _random("resnet20", title, network, 32, 10)
    stored: Any = torch.load(file, map_location="cpu", weights_only=True)["state_dict"]
    network.load_state_dict({name.removeprefix("module."): part for name, part in stored.items()})
    card = _card("resnet20", 10, 32, "imagenet")
    return Subject("resnet20", title, card, network.eval(), picture, "published")


def _cifar_picture() -> Tile | None:
    """An aeroplane that 27 of 8,192 one-pixel changes make something else for the ResNet-20."""
    picture = DATA / "cifar10_png" / "cifar10_03_0.png"
    return read(picture) if picture.is_file() else None


def resnet50(edge: int) -> Subject:
    network = torchvision_models().resnet50(weights=None, num_classes=2)
    return _random(f"resnet50-{edge}", f"ResNet-50, {edge} x {edge}", network, edge)


def vgg16() -> Subject:
    network = torchvision_models().vgg16_bn(weights=None, num_classes=2)
    return _random("vgg16-224", "VGG16-BN, 224 x 224", network, 224)


def small() -> Subject:
    return _random("small", "small CNN, 32 x 32", SmallCNN(), 32, 10, _cifar_picture())


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "ibm": ibm,
    "resnet50-64": lambda: resnet50(64),
    "resnet50-224": lambda: resnet50(224),
    "vgg16-224": vgg16,
    "resnet20": resnet20,
    "small": small,
}


def subject(name: str) -> Subject:
    """The same network each time, whatever was built before it."""
    torch.manual_seed(SEED)
    return SUBJECTS[name]()

"""Each layer by itself on windows, and which of them windows go through."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from onepixel_gui.tiles.tile import Tile
from tests.core.networks import noise
from tests.core.random_networks import (
    Forced,
    Last,
    Padded,
    Shuffled,
    Squeeze,
    amplify,
    everywhere,
    settled,
)

EDGE = 15, 12
TILE = Tile("t.png", noise(1, EDGE, seed=12)[0])


class Does(nn.Module):
    """A function of a map, between two convolutions."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Between(nn.Module):
    """A layer between two convolutions, and a head that sees each place."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        tiles = torch.rand(4, 3, *EDGE)
        self.first, self.layer = nn.Conv2d(3, 6, 3, padding=1), layer
        maps = torch.relu(settled(self.first, tiles))
        maps = settled(self.layer, maps)
        self.then = nn.Conv2d(maps.shape[1], 4, 2)
        maps = torch.relu(settled(self.then, maps)).flatten(1)
        self.last = nn.Linear(maps.shape[1], 1)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        y = self.then(self.layer(torch.relu(self.first(x))))
        return self.last(torch.relu(y).flatten(1))


def pool(x, **how):
    return functional.avg_pool2d(x, 3, 2, **how)


def halves(x):
    one, two = x.split(3, dim=1)
    return torch.maximum(one, two) - 0.5 * two.abs()


def regrouped(x):
    return x.view((x.size(0), 3, 2, x.size(2), x.size(3))).sigmoid().reshape(x.shape)


def normed(x):
    y = functional.layer_norm(x.permute(0, 2, 3, 1), (6,))
    return y.transpose(1, 3).transpose(2, 3)


THROUGH = {
    "conv 1x1, stride 3": nn.Conv2d(6, 4, 1, 3),
    "conv 1x3, stride 2x1": nn.Conv2d(6, 4, (1, 3), (2, 1), (0, 1)),
    "conv 5x2, unevenly padded": nn.Conv2d(6, 4, (5, 2), (3, 2), (4, 1)),
    "conv wider apart than wide": nn.Conv2d(6, 4, 2, 3, 1),
    "conv dilated": nn.Conv2d(6, 4, 3, 2, 2, dilation=2),
    "conv depthwise": nn.Conv2d(6, 12, 3, padding=1, groups=6),
    "conv same": nn.Conv2d(6, 4, (3, 5), padding="same", dilation=(2, 1)),
    "conv same, even": nn.Conv2d(6, 4, (2, 4), padding="same"),
    "conv valid": nn.Conv2d(6, 4, 4, padding="valid"),
    "max pool": nn.MaxPool2d(3, 2, 1),
    "max pool of what is below zero": nn.Sequential(Does(torch.neg), nn.MaxPool2d(3, 2, 1)),
    "max pool, rounded up": nn.MaxPool2d(3, 2, 1, ceil_mode=True),
    "max pool, dilated": nn.MaxPool2d(2, 3, 1, dilation=2),
    "max pool, as a function": Does(lambda x: functional.max_pool2d(x, 2, ceil_mode=True)),
    "average pool": nn.AvgPool2d(3, 2),
    "average pool with its padding": nn.AvgPool2d((3, 2), (2, 1), (1, 1)),
    "average pool, by a divisor": nn.AvgPool2d(2, 1, divisor_override=3),
    "average pool, as a function": Does(lambda x: pool(x, padding=1)),
    "padding above and left": Padded((2, 0, 1, 0)),
    "padding below and right": nn.ZeroPad2d((0, 3, 0, 2)),
    "padding of columns alone": Padded((1, 2)),
    "batch norm": nn.BatchNorm2d(6),
    "PReLU of each channel": nn.PReLU(6),
    "channels last": Last(6),
    "channels last by functions": Does(normed),
    "channel shuffle": Shuffled(nn.Conv2d(3, 3, 3, padding=1)),
    "channels regrouped": Does(regrouped),
    "split": Does(halves),
    "sum of what reaches differently far": Does(lambda x: x + functional.max_pool2d(x, 5, 1, 2)),
    "product": Does(lambda x: x * torch.sigmoid(functional.avg_pool2d(x, 3, 1, 1))),
    "constants": Does(lambda x: 2.0 - x.clamp(0.1, 0.9) ** 2 / 3),
}  # fmt: skip

NOT_THROUGH = {
    "conv in circles": nn.Conv2d(6, 4, 3, padding=1, padding_mode="circular"),
    "conv that mirrors": nn.Conv2d(6, 4, 3, padding=1, padding_mode="reflect"),
    "average pool without its padding": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "average pool, rounded up": nn.AvgPool2d(3, 2, ceil_mode=True),
    "the same, as functions": Does(lambda x: pool(x, padding=1, count_include_pad=False)),
    "padding of ones": Does(lambda x: functional.pad(x, (1, 1, 1, 1), value=1.0)),
    "padding that crops": Padded((-1, 0, 0, -2)),
    "padding that mirrors": Does(lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect")),
    "padding of channels": Padded((0, 0, 0, 0, 1, 0)),
    "transposed conv": nn.ConvTranspose2d(6, 4, 2, 2),
    "upsampling": nn.Upsample(scale_factor=2, mode="bilinear"),
    "pixel shuffle": nn.Sequential(nn.Conv2d(6, 8, 1), nn.PixelShuffle(2)),
    "instance norm": nn.InstanceNorm2d(6),
    "norm over places": nn.LayerNorm([6, *EDGE]),
    "squeeze and excitation": Squeeze(6),
    "joined in space": Does(lambda x: torch.cat([x, x], dim=2)),
    "parted in space": Does(lambda x: x.chunk(3, dim=2)[0]),
    "rows and columns swapped": Does(lambda x: x + x.permute(0, 1, 3, 2)[:, :, :1, :1]),
    "another shape": Does(lambda x: x.reshape(x.size(0), 6, EDGE[1], EDGE[0])),
    "softmax over places": Does(lambda x: 12 * x.softmax(dim=3)),
    "a table of places": Does(lambda x: x * torch.linspace(0, 1, EDGE[1])),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(
    ("layer", "through"),
    [
        *(pytest.param(layer, True, id=name) for name, layer in THROUGH.items()),
        *(pytest.param(layer, False, id=name) for name, layer in NOT_THROUGH.items()),
    ],
)
def test_a_layer_on_windows_answers_as_the_dense_network(layer, through):
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(6)
        network = Between(layer)
        visible = amplify(network, network, torch.rand(1, 3, *EDGE))
    assert visible
    classifier = Forced(network, EDGE)
    asked = everywhere(EDGE)
    true = classifier.probe(TILE).confirm(asked).logits
    assert np.ptp(true) > 0.02
    for count in classifier.splits():
        classifier.use(count)
        np.testing.assert_allclose(classifier.probe(TILE)(asked).logits, true, atol=1e-4)
    passed = {node.name for node in classifier.windowed.known}
    assert ("then" in passed) == through
    assert "first" in passed


class Less(nn.Module):
    """A mean image is taken away first, as networks of Caffe have it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.rand(shape))
        self.rest = Between(nn.Conv2d(6, 6, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.rest(x - self.mean)


@pytest.mark.parametrize("pixels", [1, 3])
@pytest.mark.parametrize("shape", [(3, *EDGE), (1, 3, *EDGE), (1, *EDGE)])
def test_a_mean_image_is_cut_as_the_windows_are(shape, pixels):
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        network = Less(shape).eval()
    classifier = Forced(network, EDGE)
    passed = {node.name for node in classifier.windowed.known}
    assert "rest_then" in passed
    rng = np.random.default_rng(pixels)
    places = rng.integers(0, (*EDGE, 256, 256, 256), (200, pixels, 5)).astype(np.int16)
    for count in classifier.splits():
        classifier.use(count)
        probe = classifier.probe(TILE)
        np.testing.assert_allclose(
            probe(places).logits, probe.confirm(places).logits, atol=1e-4, rtol=1e-4
        )

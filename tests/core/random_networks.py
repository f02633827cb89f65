"""Small random networks for hypothesis, and a classifier that serves them by windows at will."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from hypothesis import assume
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.incremental import Incremental
from onepixel_gui.classifier.pace import Pace
from onepixel_gui.classifier.prefix import splits
from onepixel_gui.classifier.screening import Screening
from onepixel_gui.classifier.several import Several
from onepixel_gui.classifier.ways import Ways
from onepixel_gui.classifier.windows import Trace, Windowed
from tests.core.networks import card

_CHANGE = 0.1  # of the logit, by the pixel that changes it most: a thousand tolerances


# ------------------------------------------------------------------ parts
class Residual(nn.Module):
    """Two ways of one shape, joined in one of many spellings."""

    def __init__(self, way: nn.Module, other: nn.Module, join: str) -> None:
        super().__init__()
        self.way, self.other, self.join = way, other, join

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.way(x), self.other(x)
        if self.join == "+=":
            one += two
            return functional.relu(one, inplace=True)
        if self.join == "add_":
            return one.add_(two)
        if self.join == "*":
            return one * torch.sigmoid(two)
        if self.join == "-":
            return 1 - one - two
        if self.join == "maximum":
            return torch.maximum(one, two)
        if self.join == "cat":
            return torch.cat([one, two], dim=1)
        return one + 0.5 * two


class Shuffled(nn.Module):
    """Half of the channels goes by, the rest goes through; then they change places."""

    def __init__(self, way: nn.Module) -> None:
        super().__init__()
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        by, through = x.chunk(2, dim=1)
        y = torch.cat((by, self.way(through)), dim=1)
        count, channels, height, width = y.size()
        y = y.view(count, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return y.view(count, -1, height, width)


class Padded(nn.Module):
    """(left, right, top, bottom), as a function."""

    def __init__(self, amounts: tuple[int, ...]) -> None:
        super().__init__()
        self.amounts = amounts

    def extra_repr(self) -> str:
        return str(self.amounts)

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.amounts)


class Squeeze(nn.Module):
    """Squeeze and excitation: the first half of it is a mixing of all places."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = functional.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.up(functional.relu(self.down(gate))))


class Last(nn.Module):
    """Channels last for a while, with a norm and a linear layer over them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(channels), nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)


class Scaled(nn.Module):
    """A constant for each channel; or for each place, which windows cannot follow."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.gain = nn.Parameter(0.5 + torch.rand(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gain + 0.25


class Centred(nn.Module):
    """Every place depends on all."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(dim=(2, 3), keepdim=True)


# ------------------------------------------------------------------ drawing them
def _pair(draw, low: int, high: int) -> tuple[int, int]:
    return draw(st.tuples(*[st.integers(low, high)] * 2))


def _conv(draw, channels: int, out: int | None = None, *, keeps: bool = False) -> nn.Conv2d:
    """keeps: the map stays as large as it is."""
    groups = draw(st.sampled_from([1, 1, 1, 2, channels]))
    if channels % groups or (out or groups) % groups:
        groups = 1
    out = out or groups * draw(st.integers(1, max(1, 6 // groups)))
    kernel, stride, padding, modes = _pair(draw, 1, 5), (1, 1), "same", ["zeros"]
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (2, 2), (1, 3)]))
    if not keeps:
        padding = draw(st.sampled_from(["same", "valid", "pair", "pair", "pair"]))
        stride = (1, 1) if padding == "same" else _pair(draw, 1, 3)
        padding = _pair(draw, 0, 3) if padding == "pair" else padding
        modes = ["zeros"] * 9 + ["circular"]
    mode = draw(st.sampled_from(modes))
    bias = draw(st.booleans())
    return nn.Conv2d(
        channels, out, kernel, stride, padding, dilation, groups, bias=bias, padding_mode=mode
    )


_ACTIVATIONS = (
    lambda: nn.ReLU(inplace=True), nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU, nn.Tanh,
    lambda: nn.LeakyReLU(0.2, inplace=True), lambda: nn.Dropout(0.5), nn.Identity,
)  # fmt: skip


def _block(draw, channels: int, *, keeps: bool = False) -> nn.Module:
    """A convolution with a norm and an activation around it, in either order."""
    out = channels if keeps else None
    conv = _conv(draw, channels, out, keeps=keeps)
    activation = draw(st.sampled_from(_ACTIVATIONS))()
    order = draw(st.sampled_from(["bare", "after", "before"]))
    if order == "after":
        return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels), activation)
    if order == "before":
        return nn.Sequential(nn.BatchNorm2d(channels), activation, conv)
    return nn.Sequential(conv, activation)


def _residual(draw, channels: int) -> nn.Module:
    join = draw(st.sampled_from(["+=", "add_", "*", "-", "maximum", "cat", "+"]))
    if draw(st.booleans()):  # a strided one beside a strided 1 x 1, as networks do between stages
        stride, out = draw(st.integers(1, 3)), draw(st.integers(1, 6))
        kernel = draw(st.sampled_from([1, 3, 5]))
        way = nn.Conv2d(channels, out, kernel, stride, kernel // 2)
        return Residual(way, nn.Conv2d(channels, out, 1, stride), join)
    other = nn.Identity() if draw(st.booleans()) else _block(draw, channels, keeps=True)
    return Residual(_block(draw, channels, keeps=True), other, join)


def _pool(draw, _channels: int) -> nn.Module:
    kernel, ceil = _pair(draw, 1, 4), draw(st.booleans())
    stride = draw(st.one_of(st.none(), st.tuples(*[st.integers(1, 3)] * 2)))
    pads = tuple(draw(st.integers(0, size // 2)) for size in kernel)
    if draw(st.booleans()):
        return nn.MaxPool2d(kernel, stride, pads, draw(st.integers(1, 2)), ceil_mode=ceil)
    ceil = ceil and draw(st.booleans())  # both of these end the windows, so not too often
    return nn.AvgPool2d(kernel, stride, pads, ceil, draw(st.sampled_from([True, True, False])))


def _padding(draw, _channels: int) -> nn.Module:
    amounts = draw(st.tuples(*[st.integers(0, 3)] * 4))
    return draw(st.sampled_from([Padded, nn.ZeroPad2d]))(amounts)


def _shuffled(draw, channels: int) -> nn.Module:
    if channels % 2:
        return nn.Sequential(nn.Conv2d(channels, 4, 1), Shuffled(_block(draw, 2, keeps=True)))
    return Shuffled(_block(draw, channels // 2, keeps=True))


def _odd(draw, channels: int) -> nn.Module:
    """What ends the windows, or has rules of its own."""
    kinds = [
        lambda: Squeeze(channels),
        lambda: Last(channels),
        lambda: Scaled((1, channels, 1, 1)),
        lambda: Scaled((5,)),  # may fit a width by chance
        lambda: nn.PReLU(channels),
        lambda: nn.Upsample(scale_factor=2),
        Centred,
    ]
    return draw(st.sampled_from(kinds))()


_PARTS = (_block, _block, _block, _residual, _residual, _pool, _padding, _shuffled, _odd)


def _head(draw, shape: torch.Size) -> nn.Module:
    channels = shape[1]
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(channels, 1)]
    heads = [
        pooled,
        [Squeeze(channels), *pooled],
        [nn.Flatten(1), nn.Linear(math.prod(shape[1:]), 1)],
        [nn.Conv2d(channels, 1, 1), nn.AvgPool2d(tuple(shape[2:])), nn.Flatten(1)],
        [nn.Conv2d(channels, 1, tuple(shape[2:])), nn.Flatten(1)],
    ]
    return nn.Sequential(*draw(st.sampled_from(heads)))


@st.composite
def networks(draw):
    """(network in use, (height, width)): its logit moves by about 0.1 with a pixel."""
    shape = draw(st.integers(6, 17)), draw(st.integers(6, 17))
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(draw(st.integers(0, 999)))
        tiles = torch.rand(8, 3, *shape)
        parts, maps = [], tiles
        for _ in range(draw(st.integers(1, 5))):
            part = draw(st.sampled_from(_PARTS))(draw, maps.shape[1])
            try:
                maps = settled(part, maps)
            except RuntimeError:  # a kernel larger than the map, or the like
                continue
            parts.append(part)
        head = _head(draw, maps.shape)
        settled(head, maps)
        network = nn.Sequential(*parts, head).eval()
        assume(amplify(network, head, tiles[:1]))
    return network, shape


def settled(part: nn.Module, maps: Tensor) -> Tensor:
    """Weights that keep numbers near 1, and statistics of what really arrives."""
    for module in part.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.weight.normal_(std=1.4 / math.sqrt(module.weight[0].numel()))
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            module.weight.uniform_(0.5, 1.5)
            module.bias.normal_(std=0.3)
    part.train()(maps.clone())
    part.eval()
    for module in part.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean += 0.1 * torch.randn(module.running_mean.shape)
            module.running_var += 1e-2
    return part(maps.clone()).clone()


def amplify(network: nn.Module, head: nn.Module, tile: Tensor) -> bool:
    """The last layer of the head as large as makes one pixel visible; whether one can be."""
    height, width = tile.shape[2:]
    painted = tile.repeat(height * width, 1, 1, 1)
    order, place = torch.arange(len(painted)), torch.arange(len(painted))
    painted[order, :, place // width, place % width] = (torch.rand(len(painted), 3) > 0.5).float()
    clean = network(tile)
    change = float((network(painted) - clean).abs().max())
    *_, last = (one for one in head.modules() if isinstance(one, (nn.Conv2d, nn.Linear)))
    last.weight *= _CHANGE / max(change, 1e-3)
    last.bias.zero_()
    return change > 1e-3 * max(1.0, float(clean.abs().max()))


# ------------------------------------------------------------------ serving them
class Forced(Classifier):
    """Serves by windows up to the step it is told, whether that pays or not."""

    windowed: Windowed | None = None

    def __init__(self, network: nn.Module, shape: tuple[int, int], device: str = "cpu") -> None:
        super().__init__(card(input_size=shape), network, device)

    def _best_pace(self):
        yield
        return Pace(7, 0.01)  # an odd number, so that last batches are short ones

    def preparing(self):
        if not self.ways.prepared:
            with torch.inference_mode():
                self.windowed = Windowed(Trace(self._fast, self._sample(1)))
        yield from ()

    def splits(self) -> list[int]:
        return splits(self.windowed)

    def use(self, count: int) -> None:
        def seconds(steps: int, _times: object = None) -> float:
            return 0.01 if steps == count else 1.0

        shortcut = Incremental(self.windowed, count)
        shortcut.pace = Pace(7, 0.01)
        several = Several(SimpleNamespace(windowed=self.windowed, of=seconds))
        self.ways = Ways(shortcut, several)

    def preview(self, count: int) -> None:
        """Previews behind so many steps, and what else is in use as it was."""
        self.ways = replace(self.ways, screening=Screening(self.windowed, count))


def everywhere(shape: tuple[int, int], most: int = 400, seed: int = 0) -> np.ndarray:
    """(N, 1, 5): every position, or corners, edges, centre and some more, in random colours."""
    rng = np.random.default_rng(seed)
    height, width = shape
    places = np.argwhere(np.ones(shape, np.bool_))
    if len(places) > most:
        middle = height // 2, width // 2
        rows, columns = (0, middle[0], height - 1, 1, height - 2), (0, middle[1], width - 1)
        told = np.array([(row, column) for row in rows for column in columns])
        places = np.concatenate([told, rng.permutation(places)])[:most]
    return coloured(places[:, None], rng)


def together(shape: tuple[int, int], pixels: int, count: int, seed: int = 0) -> np.ndarray:
    """(N, k, 5): near, apart, mixed, on the edges, and some twice at one position."""
    rng = np.random.default_rng(seed)
    edge = np.array(shape)
    places = rng.integers(0, edge, (count, pixels, 2))
    near = places[:, :1] + rng.integers(-1, 2, (count, pixels, 2))
    kind = np.arange(count) % 4
    places[kind == 0] = near[kind == 0]
    places[kind == 1, 1:] = near[kind == 1, 1:]  # two and more near, from an edge on
    places[kind == 1, 0] = (edge - 1) * rng.integers(0, 2, ((kind == 1).sum(), 2))
    places[kind == 2, -1] = places[kind == 2, 0]  # the later colour wins
    return coloured(np.clip(places, 0, edge - 1), rng)


def coloured(places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    colours = 255 * rng.integers(0, 2, (*places.shape[:2], 3))
    return np.concatenate([places, colours], axis=2).astype(np.int16)

"""Convolutions that run the quickest way this machine knows, found by trying.

A library's convolution is made for large maps.  Searching a tile asks for thousands of tiny ones:
on a 2 x 2 map of 512 channels one matrix product is ten times quicker.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from onepixel_gui.classifier.pace import timed

Way = Callable[[Tensor], Tensor]
Pair = tuple[int, int]
Learned = dict[tuple[object, ...], int]  # the quickest way of layers that differ in weights alone
Known = tuple[int, int, bool, int, str]  # height, width, padded, the batch it is best at, its title
Part = TypeVar("Part")

# Of this thread alone: others go on asking meanwhile, and do not learn.
_learned: ContextVar[Learned | None] = ContextVar("learned", default=None)

# What torch itself compiles to; not every build has them.
_onednn: Any = torch.ops.mkldnn
_mkl: Any = torch.ops.mkl
_backends: Any = torch.backends
_HAS_ONEDNN = _backends.mkldnn.is_available() and hasattr(_onednn, "_convolution_pointwise")
_HAS_MKL = _backends.mkl.is_available() and hasattr(_mkl, "_mkl_linear")

_LARGEST = 1 << 25  # numbers in a matrix that stands for a convolution of a whole map: 128 MB
_SMALL = 256  # positions of a map up to which unrolling it into columns may pay
_HURRY = 0.02  # seconds; a way that takes longer is not tried a second time


class Convolution(nn.Module):
    """A convolution, with the ReLU behind it if there is one; channels-last.

    `forward` pads as the network does, `on_patch` takes a patch that holds its padding already.
    """

    def __init__(self, conv: nn.Conv2d, relu: bool) -> None:
        super().__init__()
        self.conv, self.relu = conv, relu
        self._ways: dict[tuple[Pair, bool, torch.device], _Kept] = {}

    def forward(self, tiles: Tensor) -> Tensor:
        return self._quickest(tiles, padded=True)

    def on_patch(self, patch: Tensor) -> Tensor:
        """A kernel of 1 has no stride either: the patch holds only what it reads."""
        return self._quickest(patch, padded=False)

    def _quickest(self, tiles: Tensor, *, padded: bool) -> Tensor:
        key = (_pair(tiles.shape[2:]), padded, tiles.device)
        if tiles.requires_grad:  # what is quickest cannot be differentiated
            return self._plain(padded)(tiles)
        kept, learned = self._ways.get(key), _learned.get()
        new = kept is None or kept.batch != len(tiles)
        if learned is not None and new and tiles.device.type == "cpu":
            kept = self._ways[key] = self._learn(learned, tiles, padded)
        return (self._plain(padded) if kept is None else kept.way)(tiles)

    @property
    def known(self) -> tuple[Known, ...]:
        """What was learned, as values."""
        return tuple(
            (*size, padded, kept.batch, kept.title)
            for (size, padded, _), kept in self._ways.items()
        )

    def keep_to(self, known: Known) -> None:
        """Run maps of that size that way, untried. Raises LookupError where it does not exist."""
        height, width, padded, batch, title = known
        like = torch.empty((batch, self.conv.in_channels, height, width), device="meta")
        builders = {_title(build): build for build in self._builders(like, padded)}
        kept = _Kept(batch, title, builders[title]())
        self._ways[(height, width), padded, self.conv.weight.device] = kept

    def _learn(self, learned: Learned, tiles: Tensor, padded: bool) -> "_Kept":
        conv = self.conv
        kind = (
            *(tuple(tiles.shape), tuple(conv.weight.shape), padded, conv.stride, conv.padding),
            *(conv.dilation, conv.groups, conv.bias is None, self.relu),
        )
        builders = self._builders(tiles, padded)
        if kind not in learned:
            times = [_seconds(build(), tiles) for build in builders]
            learned[kind] = times.index(min(times))
        quickest = builders[learned[kind]]
        return _Kept(len(tiles), _title(quickest), quickest())

    # ------------------------------------------------------------ ways
    def _shape(self, padded: bool) -> tuple[Pair, Pair]:
        """(stride, padding) to run with."""
        stride, kernel = _pair(self.conv.stride), _pair(self.conv.kernel_size)
        if padded:
            return stride, _pair(self.conv.padding)
        return (1 if kernel[0] == 1 else stride[0], 1 if kernel[1] == 1 else stride[1]), (0, 0)

    def _builders(self, tiles: Tensor, padded: bool) -> list["partial[Way]"]:
        """Every way for maps of this shape, to be built when it is tried."""
        conv, kernel = self.conv, _pair(self.conv.kernel_size)
        builders: list[partial[Way]] = [partial(self._plain, padded)]
        if isinstance(conv.padding, str) or conv.padding_mode != "zeros":
            return builders
        stride, pads = self._shape(padded)
        if _HAS_ONEDNN and conv.in_channels > 1:
            builders.append(partial(self._packed, tuple(tiles.shape), stride, pads))
        if conv.groups > 1 or conv.dilation != (1, 1):
            return builders
        height, width = tiles.shape[2:]
        after = (
            (height + 2 * pads[0] - kernel[0]) // stride[0] + 1,
            (width + 2 * pads[1] - kernel[1]) // stride[1] + 1,
        )
        rows = len(tiles) * after[0] * after[1]
        if kernel == (1, 1) and pads == (0, 0):
            builders += self._products(_Every(stride), conv.weight.flatten, rows, after)
            return builders
        numbers = tiles[0].numel() * conv.out_channels * after[0] * after[1]
        if height * width <= kernel[0] * kernel[1] and numbers <= _LARGEST:
            matrix = partial(self._matrix, (tiles.shape[1], height, width), stride, pads)
            builders += self._products(_row, matrix, len(tiles), after)
        if after[0] * after[1] <= _SMALL:
            unrolled = _Columns(kernel, stride, pads)
            builders += self._products(unrolled, self._by_place, rows, after)
        return builders

    def _plain(self, padded: bool) -> Way:
        conv = self.conv
        single = conv.in_channels == 1  # laid channels-last, oneDNN misreads it (torch 2.13)
        if padded and conv.padding_mode != "zeros":
            if not single:
                return lambda tiles: self._activated(conv(tiles))
            own = copy.deepcopy(conv)
            own.weight.data = own.weight.data.clone(memory_format=torch.contiguous_format)
            return lambda tiles: self._activated(own(_told_plainly(tiles)))
        stride = self._shape(padded)[0] if not padded else conv.stride
        padding, weight = conv.padding if padded else 0, conv.weight
        if single:
            weight = weight.clone(memory_format=torch.contiguous_format)

        def way(tiles: Tensor) -> Tensor:
            if single:
                tiles = _told_plainly(tiles)
            fresh = functional.conv2d(
                tiles, weight, conv.bias, stride, padding, conv.dilation, conv.groups
            )
            return self._activated(fresh)

        return way

    def _packed(self, shape: tuple[int, ...], stride: Pair, pads: Pair) -> Way:
        """oneDNN with its weights laid out once, and the ReLU inside."""
        conv = self.conv
        how = list(pads), list(stride), list(conv.dilation), conv.groups
        weight = _onednn._reorder_convolution_weight(conv.weight.detach(), *how, list(shape))
        bias = None if conv.bias is None else conv.bias.detach()
        after = "relu" if self.relu else "none"

        def way(tiles: Tensor) -> Tensor:
            done: Tensor = _onednn._convolution_pointwise(tiles, weight, bias, *how, after, [], "")
            return done

        return way

    def _products(
        self, unrolled: Way, weight: Callable[[int], Tensor], rows: int, after: Pair
    ) -> list["partial[Way]"]:
        """One matrix product of the unrolled tiles; again with the weights packed beforehand."""
        builders: list[partial[Way]] = [partial(self._product, unrolled, weight, after)]
        if _HAS_MKL:
            builders.append(partial(self._product, unrolled, weight, after, rows))
        return builders

    def _product(
        self, unrolled: Way, weight: Callable[[int], Tensor], after: Pair, rows: int = 0
    ) -> Way:
        matrix = weight(1).detach().contiguous()
        bias = None if self.conv.bias is None else self.conv.bias.detach()
        if bias is not None:
            bias = bias.repeat(len(matrix) // len(bias))
        packed = _mkl._mkl_reorder_linear_weight(matrix, rows) if rows else None

        def way(tiles: Tensor) -> Tensor:
            flat = unrolled(tiles)
            if packed is None:
                product = functional.linear(flat, matrix, bias)
            else:  # for another number of rows it takes the matrix as it is
                product = _mkl._mkl_linear(flat, packed, matrix, bias, rows)
            maps = product.view(len(tiles), *after, -1).permute(0, 3, 1, 2)
            return self._activated(maps)

        return way

    def _by_place(self, _: int) -> Tensor:
        """(out, kh * kw * in)."""
        return self.conv.weight.permute(0, 2, 3, 1).flatten(1)

    def _matrix(self, shape: tuple[int, int, int], stride: Pair, pads: Pair, _: int) -> Tensor:
        """(H' * W' * out, H * W * in): on a map no larger than the kernel this is less work."""
        weight = self.conv.weight.detach()
        channels, *size = shape
        kernel = weight.shape[2:]
        after = [(size[i] + 2 * pads[i] - kernel[i]) // stride[i] + 1 for i in (0, 1)]
        matrix = weight.new_zeros(*after, len(weight), *size, channels)
        for to in product(*map(range, after)):
            for place in product(*map(range, size)):
                tap = [place[i] + pads[i] - to[i] * stride[i] for i in (0, 1)]
                if 0 <= tap[0] < kernel[0] and 0 <= tap[1] < kernel[1]:
                    matrix[to[0], to[1], :, place[0], place[1]] = weight[:, :, tap[0], tap[1]]
        return matrix.view(after[0] * after[1] * len(weight), -1)

    def _activated(self, fresh: Tensor) -> Tensor:
        if not self.relu:
            return fresh
        return fresh.relu() if fresh.requires_grad else fresh.relu_()


@contextmanager
def learning(learned: Learned | None = None) -> Iterator[Learned]:
    """Every convolution that this thread shows a new size of map in here tries all its ways on it.

    learned: what is known from before; what is learned is added to it.
    """
    known = {} if learned is None else learned
    before = _learned.set(known)
    try:
        yield known
    finally:
        _learned.reset(before)


def learnt(parts: Iterator[Part]) -> Iterator[Part]:
    """The same parts, each made while learning; between two of them nothing is learned."""
    known: Learned = {}
    while True:
        with learning(known):
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part


class _Kept(NamedTuple):
    """A way that was found quickest, with the batch it is best at."""

    batch: int
    title: str
    way: Way


def _title(build: "partial[Way]") -> str:
    """The same for the same way on every machine: "plain", "packed", "row", "columns packed"."""
    if build.func.__name__ != "_product":
        return build.func.__name__.strip("_")
    unrolled, *_ = build.args
    kind = getattr(unrolled, "__name__", type(unrolled).__name__).strip("_").lower()
    return f"{kind} packed" if len(build.args) > 3 else kind


@dataclass(frozen=True)
class _Every:
    """(N, C, H, W) -> (N * H' * W', C): every `stride`th place."""

    stride: Pair

    def __call__(self, tiles: Tensor) -> Tensor:
        down, right = self.stride
        return tiles[:, :, ::down, ::right].permute(0, 2, 3, 1).reshape(-1, tiles.shape[1])


@dataclass(frozen=True)
class _Columns:
    """(N, C, H, W) -> (N * H' * W', kh * kw * C): what each place of the result reads."""

    kernel: Pair
    stride: Pair
    pads: Pair

    def __call__(self, tiles: Tensor) -> Tensor:
        maps = tiles.permute(0, 2, 3, 1)
        if self.pads != (0, 0):
            down, right = self.pads
            maps = functional.pad(maps, (0, 0, right, right, down, down))
        (height, width), (below, beside) = self.kernel, self.stride
        windows = maps.unfold(1, height, below).unfold(2, width, beside)
        columns = windows.permute(0, 1, 2, 4, 5, 3)
        return columns.reshape(-1, height * width * tiles.shape[1])


def _row(tiles: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, H * W * C)."""
    return tiles.permute(0, 2, 3, 1).reshape(len(tiles), -1)


def _seconds(way: Way, tiles: Tensor) -> float:
    """The quickest of three, the first of which plans."""
    took = []
    for _ in range(3):
        took.append(timed(tiles.device, lambda: way(tiles)))
        if len(took) > 1 and sum(took) > _HURRY:
            break
    return min(took)


def _told_plainly(tiles: Tensor) -> Tensor:
    """(N, 1, H, W), its strides those of a map that was never laid channels-last."""
    return tiles.flatten(1).view(tiles.shape)


def _pair(size: Any) -> tuple[int, int]:
    one, other = (size, size) if isinstance(size, int) else size
    return int(one), int(other)

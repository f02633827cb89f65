"""The Classifier: uint8 tiles in, class probabilities out, on any device."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onepixel_gui.classifier import devices
from onepixel_gui.classifier.card import Card, Scaling, Serving
from onepixel_gui.classifier.checkpoint import load
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.problems import DeviceFull, Problem, TileTooSmall
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.probe import TileProbe

# Small batches stay in cache and answer Stop within 0.2 s; a graphics card wants more at once.
_BATCHES = {"cpu": (16, 24, 32, 64), "cuda": (64, 256, 1024), "mps": (32, 128, 512)}
_PATIENCE = 0.15  # seconds that one batch may take: Stop is heard between two
_SAMPLES = 4  # pictures that a classifier is tried on before it is trusted


class Classifier:
    """A loaded network with its card, on one device.

    Two forms of the same network: `ordinary`, exactly as loaded, whose answers are reported, and
    `fast`, folded and compiled, which agrees to float rounding and searches.
    """

    def __init__(self, card: Card, network: nn.Module, device: str = "auto") -> None:
        """Raises NoSuchDevice, DeviceFull."""
        devices.prepare()
        self.device = devices.choose(device)
        self.serving = Serving(
            device=str(self.device),
            device_name=devices.title(self.device),
            threads=torch.get_num_threads(),
            batch=_SAMPLES,
            torch=torch.__version__,
            deterministic=self.device.type != "mps",
        )
        try:
            self.ordinary = network.to(self.device)
            self._fast = fast_form(network, card.input_size, self.device)
            self.levels = _levels(card.scaling).to(self.device)
        except torch.OutOfMemoryError as full:
            raise _full(self.device) from full
        self.card = card
        self.layout = torch.contiguous_format
        self.card = replace(card, doubts=card.doubts + self._preflight())
        batch, self.batch_seconds = self._best_batch()
        self.serving = replace(self.serving, batch=batch)

    @classmethod
    def open(cls, path: Path, device: str = "auto") -> "Classifier":
        """Raises UnusableCheckpoint, NoSuchDevice, DeviceFull."""
        return cls(*load(path), device)

    def __call__(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, H, W, 3) uint8 of the card's input size -> (N, K) probabilities, by `ordinary`."""
        if not len(tiles):
            return np.empty((0, len(self.card.classes)), np.float32)
        outputs = self.in_batches(
            len(tiles), lambda part: self.outputs(self.scaled(torch.from_numpy(tiles[part])))
        )
        if self.card.outputs == "logits":
            outputs = torch.softmax(_paired(outputs), dim=1)
        elif outputs.shape[1] == 1:
            outputs = torch.cat([1 - outputs, outputs], dim=1)
        return outputs.cpu().numpy()

    def probe(self, tile: Tile) -> "TileProbe":
        """This classifier looking at the centre window of a tile. One probe serves one thread.

        Raises TileTooSmall, DeviceFull, and Problem when the tile's answer is no number.
        """
        from onepixel_gui.classifier.probe import TileProbe

        try:
            window = tile.centre(*self.card.input_size)
        except ValueError as small:
            height, width = self.card.input_size
            raise TileTooSmall(
                f"{tile.name} is {tile.shape[0]} x {tile.shape[1]} px; "
                f"{self.card.name} looks at {height} x {width} px.",
                "Choose a larger tile, or cut it again from the slide at the right magnification.",
            ) from small
        try:
            return TileProbe(self, tile, window)
        except torch.OutOfMemoryError as full:
            raise _full(self.device) from full

    # -------------------------------------------------------------- for probes
    def scaled(self, tiles: Tensor) -> Tensor:
        """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 on the device, as the network wants it."""
        index = tiles.to(self.device).long()
        channels = [self.levels[channel][index[..., channel]] for channel in range(3)]
        return torch.stack(channels, dim=1)

    @torch.inference_mode()
    def outputs(self, inputs: Tensor, *, fast: bool = False) -> Tensor:
        """(N, 3, H, W) scaled -> (N, C) raw outputs of the network, float32."""
        answers: Tensor = (self._fast if fast else self.ordinary)(inputs)
        return answers.float()

    def in_batches(self, count: int, work: Callable[[slice], Tensor]) -> Tensor:
        """Run `work` over slices of `count` items; a full device halves the slice and goes on.

        Raises DeviceFull when not even one item has room.
        """
        done: list[Tensor] = []
        start, size = 0, self.serving.batch
        while start < count:
            asked = min(size, count - start)
            part: Tensor | None = None
            try:
                part = work(slice(start, start + asked))
            except torch.OutOfMemoryError as full:
                if asked == 1:
                    raise _full(self.device) from full
            if part is None:  # outside the handler, whose traceback holds on to the activations
                size = asked // 2
                torch.cuda.empty_cache()
                continue
            done.append(part)
            start += asked
        if size < self.serving.batch:
            self.serving = replace(self.serving, batch=size)
        return torch.cat(done)

    def logits(self, outputs: Tensor, subject: int) -> Tensor:
        """(N, C) raw outputs -> (N,) log-odds of one class against all others."""
        if self.card.outputs == "probabilities":
            tiny = torch.finfo(torch.float32).tiny
            outputs = torch.log(outputs.clamp_min(tiny)) if outputs.shape[1] > 1 else outputs
            if outputs.shape[1] == 1:
                odds = torch.logit(outputs.double()[:, 0], eps=1e-12).float()
                return odds if subject == 1 else -odds
        both = _paired(outputs)
        others = torch.cat([both[:, :subject], both[:, subject + 1 :]], dim=1)
        return both[:, subject] - torch.logsumexp(others, dim=1)

    def answers(self, outputs: Tensor) -> Tensor:
        """(N, C) raw outputs -> (N,) index of the class answered."""
        if len(self.card.classes) > 2:
            return outputs.argmax(dim=1)
        subject = self.card.classes.index(self.card.subject)
        threshold = float(np.log(self.card.threshold / (1 - self.card.threshold)))
        return torch.where(self.logits(outputs, subject) >= threshold, subject, 1 - subject)

    # -------------------------------------------------------------- at load
    def _sample(self, count: int) -> Tensor:
        height, width = self.card.input_size
        noise = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)
        return self.scaled(torch.from_numpy(noise))

    def _tried(self, tiles: Tensor, *, fast: bool = False) -> Tensor:
        return self.in_batches(len(tiles), lambda part: self.outputs(tiles[part], fast=fast))

    def _preflight(self) -> tuple[str, ...]:
        """What makes an answer of this classifier doubtful, whatever the tile."""
        tiles = self._sample(_SAMPLES)
        tiles[2:] = tiles[2:].mean(dim=(2, 3), keepdim=True)
        first, second = (self._tried(tiles) for _ in range(2))
        doubts = []
        if not bool(torch.isfinite(first).all()):
            doubts.append("The classifier returns values that are not numbers.")
        elif not torch.equal(first, second):
            doubts.append("The classifier answers the same tile differently from call to call.")
        elif float((first - first[0]).abs().max()) == 0.0:
            doubts.append("The classifier gives four very different pictures the same answer.")
        if self.card.outputs == "probabilities" and not bool(((first >= 0) & (first <= 1)).all()):
            doubts.append("The classifier's probabilities leave the range from 0 to 1.")
        fast = self._tried(tiles.to(memory_format=self.layout), fast=True)
        if not torch.allclose(first, fast, atol=1e-3, rtol=1e-4):
            self._fast = self.ordinary
        return tuple(doubts)

    def _best_batch(self) -> tuple[int, float]:
        """(candidates per pass, seconds per pass): the fastest batch within our patience.

        Each size counts by its quickest pass, because other programs can only slow one down.
        """
        sizes = _BATCHES[self.device.type]
        best, seconds = self._best_layout(sizes[0])
        if seconds > _PATIENCE:  # a large network: fewer at a time, so that Stop is heard
            # A power of two, because a sweep asks in eights and a half-empty batch costs as much.
            best = 2 ** max(0, round(np.log2(best * _PATIENCE / seconds)))
            return best, self._quickest(best)
        if best < sizes[0]:
            return best, seconds
        for size in sizes[1:]:
            try:
                took = self._quickest(size)
            except torch.OutOfMemoryError:
                break
            if took > _PATIENCE:
                break
            if size / took > 1.02 * best / seconds:
                best, seconds = size, took
        return best, seconds

    def _best_layout(self, size: int) -> tuple[int, float]:
        """Keep the quicker layout: which one depends on network and device, by a third or so."""
        if isinstance(self._fast, torch.jit.ScriptModule):  # compiled: has a layout of its own
            return self._roomiest(size)
        tried: list[tuple[float, int, torch.memory_format]] = []
        for layout in (torch.contiguous_format, torch.channels_last):
            self._lay(layout)
            room, seconds = self._roomiest(size)
            tried.append((seconds / room, room, layout))
        each, room, layout = min(tried, key=lambda one: one[0])
        self._lay(layout)
        return room, each * room

    def _lay(self, layout: torch.memory_format) -> None:
        self.layout = layout
        if self._fast is not self.ordinary:  # which stays as it was loaded
            move: Any = self._fast.to  # not typed for memory formats
            move(memory_format=layout)

    def _roomiest(self, size: int) -> tuple[int, float]:
        """`size` halved until it has room, and the seconds of its quickest pass."""
        while True:
            try:
                return size, self._quickest(size)
            except torch.OutOfMemoryError as full:
                if size == 1:
                    raise _full(self.device) from full
            size //= 2
            torch.cuda.empty_cache()

    def _quickest(self, size: int) -> float:
        tiles = self._sample(size).contiguous(memory_format=self.layout)
        self._timed(tiles)  # the first pass plans and allocates
        return min(self._timed(tiles) for _ in range(2))

    def _timed(self, tiles: Tensor) -> float:
        start = time.perf_counter()
        self.outputs(tiles, fast=True)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter() - start


def _levels(scaling: Scaling) -> Tensor:
    """(3, 256) float32: what each uint8 level becomes, per channel.

    The division is in float64 and the rest in float32, as the mitosis service does it
    (METHODS 1.1), so that its published confidences are met to the last digits.
    """
    grey = (np.arange(256) / 255).astype(np.float32)
    if scaling == "minus-one-to-one":
        table = np.stack([(grey - np.float32(0.5)) * np.float32(2.0)] * 3)
    elif scaling == "zero-to-255":
        table = np.stack([np.arange(256, dtype=np.float32)] * 3)
    elif scaling == "imagenet":
        mean = np.array([[0.485], [0.456], [0.406]], np.float32)
        table = (grey - mean) / np.array([[0.229], [0.224], [0.225]], np.float32)
    else:
        table = np.stack([grey] * 3)
    return torch.from_numpy(table.astype(np.float32))


def _paired(outputs: Tensor) -> Tensor:
    """A single logit z becomes the pair (0, z), whose softmax is the logistic function."""
    return (
        torch.cat([torch.zeros_like(outputs), outputs], dim=1) if outputs.shape[1] == 1 else outputs
    )


def _full(device: torch.device) -> Problem:
    return DeviceFull(
        f"There is no memory left on {device}.",
        "Close other programs, or choose the CPU in Settings.",
    )

"""The Classifier: uint8 tiles in, class probabilities out, on any device."""

import copy
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from onepixel_gui.classifier import devices, pinning, preflight, reading
from onepixel_gui.classifier.card import Card, Inspection, Serving
from onepixel_gui.classifier.checkpoint import loading
from onepixel_gui.classifier.colours import Colours, resized
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.incremental import Arithmetic
from onepixel_gui.classifier.lanes import lanes
from onepixel_gui.classifier.manner import Form, Manner
from onepixel_gui.classifier.opening import Step, inspect
from onepixel_gui.classifier.pace import (
    BATCHES,
    Made,
    Pace,
    Trial,
    Work,
    best_pace,
    device_full,
    finished,
    roomiest,
)
from onepixel_gui.classifier.ways import Preparation, Ways, asked_densely, why_dense
from onepixel_gui.problems import DeviceFull
from onepixel_gui.tiles.tile import Tile
from onepixel_gui.tiles.tissue import paint

if TYPE_CHECKING:
    from onepixel_gui.classifier.probe import TileChorus, TileProbe

_SAMPLES = 4  # asked at once until the best batch is known
_STEPS = 2
_PREPARED = "Windows are being prepared."


class Classifier:
    """A loaded network with its card, on one device.

    Forms of the same network: `ordinary`, exactly as loaded, whose answers are reported; and those
    that agree with it to float rounding and search: the fast one, folded and dense, and once they
    are prepared the `ways` that recompute less.

    faithful: of one that was given a manner, whether it tells the very bits that were told where
              that was measured; True otherwise.
    """

    def __init__(
        self, card: Card, network: nn.Module, device: str = "auto", manner: Manner | None = None
    ) -> None:
        """Raises NoSuchDevice, DeviceFull, UnfitManner."""
        finished(self._beginning(card, network, device, manner))
        finished(self.preparing())

    @classmethod
    def open(cls, path: Path, device: str = "auto") -> "Classifier":
        """Raises UnusableCheckpoint, NoSuchDevice, DeviceFull."""
        return cls.of(inspect(path), device)

    @classmethod
    def of(
        cls, inspected: Inspection, device: str = "auto", manner: Manner | None = None
    ) -> "Classifier":
        """An inspected checkpoint, loaded. Raises as `opening` does."""
        opened = finished(cls.opening(inspected, device, manner))
        finished(opened.preparing())
        return opened

    @classmethod
    def opening(
        cls, inspected: Inspection, device: str = "auto", manner: Manner | None = None
    ) -> Generator[Step, None, "Classifier"]:
        """The same in steps, up to where it can be used; to cancel is to stop asking.

        It is asked densely until it is also prepared, for which there may be no need to wait.

        manner: ask in no other; then nothing is measured, and it is prepared at once.  It sets the
        threads of torch for the whole process, so that it is best given to a process of its own.
        Raises UnusableCheckpoint, NoSuchDevice, DeviceFull, UnfitManner.
        """
        if manner is not None:
            pinning.settle(manner, inspected.card, device)
        card, network = yield from loading(inspected)
        classifier = cls.__new__(cls)
        yield from classifier._beginning(card, network, device, manner)
        return classifier

    def _beginning(
        self, card: Card, network: nn.Module, device: str, manner: Manner | None
    ) -> Generator[Step]:
        if manner is None:
            return self._settling(card, network, device)
        return self._resuming(card, network, device, manner)

    def _begin(self, card: Card, device: str) -> None:
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
        self.card = card
        self.layout = torch.contiguous_format
        self.pace = Pace(_SAMPLES, 1.0)
        self._found: tuple[str, ...] = ()  # doubts
        self._manner: Manner | None = None
        self.faithful = True

    def _settling(self, card: Card, network: nn.Module, device: str) -> Generator[Step]:
        self._begin(card, device)
        try:
            yield (step := Step("Trying it on 16 pictures", 0, _STEPS))
            self.ordinary = network.to(self.device)
            self.colours = Colours(card, self.device)
            doubts = self._preflight()
            yield (step := Step("Finding its quickest form", 1, _STEPS))
            graph = self._graph()
            yield step
            self._fast = self._eager_copy() if graph is None else graph
            if doubts or not self._agrees():
                self._fast = self.ordinary
            self.pace = yield from _told(step, self._best_pace())
        except torch.OutOfMemoryError as full:
            raise device_full(self.device) from full
        self.card, self._found = replace(card, doubts=card.doubts + doubts), doubts
        windows = graph if self._fast is graph else None
        told = _PREPARED if windows else asked_densely(why_dense(self, graph))
        self._windows = windows  # the fast form, if windows may be cut from it
        self.ways = Ways(prepared=windows is None)
        self.serving = replace(self.serving, batch=self.pace.batch, shortcut=told)

    def _resuming(
        self, card: Card, network: nn.Module, device: str, manner: Manner
    ) -> Generator[Step]:
        """As `_settling` and `preparing`, with all that they measure given."""
        pinning.settle(manner, card, device)
        self._begin(card, device)
        self._manner, self._windows, self._found = manner, None, manner.doubts
        self.card = replace(card, doubts=card.doubts + manner.doubts)
        yield Step("Making it ready", 0, _STEPS)
        try:
            self.ordinary = network.to(self.device)
            self.colours = Colours(card, self.device)
            self._fast = self._form_of(manner)
            self._relay(pinning.LAYOUTS[manner.layout])
            self.ways = pinning.resumed(self, manner)
            yield Step("Trying it on one picture", 1, _STEPS)
            self.faithful = pinning.verified(self, manner)
        except torch.OutOfMemoryError as full:
            raise device_full(self.device) from full
        told = manner.shortcut
        self.serving = replace(self.serving, batch=self.pace.batch, shortcut=told)

    def preparing(self) -> Generator[Step]:
        """Find the ways that recompute less, in steps of less than about half a second.

        It can be asked meanwhile, by other threads too; to cancel is to stop asking.  All is
        changed at the end: `ways`, the dense pace, `serving` and doubts on the card.
        """
        if self._windows is None or self.ways.prepared:
            return
        step = Step("Preparing windows")
        yield step
        preparation = Preparation(self, self._windows, replace(self.pace), self.scenery())
        try:
            found = yield from _told(step, preparation.run())
        except (torch.OutOfMemoryError, DeviceFull):
            torch.cuda.empty_cache()
            told = asked_densely("there is no memory left for windows")
            self.serving, self.ways = replace(self.serving, shortcut=told), Ways()
            return
        self.pace.seconds = found.dense.seconds
        self.card = replace(self.card, doubts=self.card.doubts + found.doubts)
        self._found += found.doubts
        self.serving = replace(self.serving, shortcut=found.told)
        self.ways = found.ways

    def __call__(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, H, W, 3) uint8 of the card's input size -> (N, K) probabilities, by `ordinary`."""
        if not len(tiles):
            return np.empty((0, len(self.card.classes)), np.float32)
        return reading.probabilities(self.card, self._asked(tiles)).cpu().numpy()

    def _asked(self, tiles: NDArray[np.uint8]) -> Tensor:
        """(N, H, W, 3) uint8 -> (N, C) raw outputs by `ordinary`."""
        return self.in_batches(
            len(tiles),
            lambda part: self.outputs(self.colours.scaled(torch.from_numpy(tiles[part]))),
        )

    def probe(self, tile: Tile, *, subject: str = "", dense: bool = False) -> "TileProbe":
        """This classifier looking at its window of a tile. One probe serves one thread.

        subject: of three and more classes the one in question; "" for the one that is answered.
        dense: every candidate pays a whole forward pass.
        Raises TileTooSmall, WrongSize, DeviceFull, and Problem when the tile's answer is no number.
        """
        from onepixel_gui.classifier.probe import TileProbe

        try:
            return TileProbe(self, tile, subject=subject, dense=dense)
        except torch.OutOfMemoryError as full:
            raise device_full(self.device) from full

    def chorus(self, probes: Sequence["TileProbe"]) -> "TileChorus":
        """This classifier looking at the tiles of its probes at once. Raises DeviceFull."""
        from onepixel_gui.classifier.probe import TileChorus

        try:
            return TileChorus(probes)
        except torch.OutOfMemoryError as full:
            raise device_full(self.device) from full

    @property
    def manner(self) -> Manner:
        """How it is asked, once it is prepared; the first time a few passes are tried."""
        if self._manner is None:
            self._manner = pinning.manner_of(self, self._found)
        return self._manner

    def steady(self) -> "Classifier":
        """The same networks, asked in this `manner` alone, as whoever is given it asks."""
        return pinning.steadied(self, self.manner)

    @property
    def form(self) -> Form:
        """Which form of the network searches."""
        if self._fast is self.ordinary:
            return "ordinary"
        return "graph" if isinstance(self._fast, fx.GraphModule) else "copy"

    @property
    def searching(self) -> nn.Module:
        """The form that answers searches; it is shared, and never to be changed."""
        return self._fast

    @property
    def prepared(self) -> bool:
        """Nothing will make it quicker any more."""
        return self.ways.prepared

    @property
    def arithmetic(self) -> Arithmetic | None:
        """Multiply-adds per candidate, None where they could not be counted."""
        shortcut = self.ways.shortcut
        return None if shortcut is None else shortcut.arithmetic

    # -------------------------------------------------------------- for probes
    @torch.inference_mode()
    def outputs(self, inputs: Tensor, *, fast: bool = False) -> Tensor:
        """(N, 3, h, w) scaled -> (N, C) raw outputs of the network, float32.

        What is not of the card's input size is resized, as "resize" on the card says.
        """
        mine = resized(self.card, inputs)
        if mine is inputs and (not fast or self._fast is self.ordinary):
            mine = inputs.clone()  # a network may work in place on what it is given
        answers: Tensor = (self._fast if fast else self.ordinary)(mine)
        return answers.float()

    def in_batches(
        self, count: int, work: Callable[[slice], Tensor], pace: Pace | None = None
    ) -> Tensor:
        """Run `work` over slices of `count` items; a full device halves the slice and goes on.

        pace: to keep, and to slow down; the dense one if none is given.
        Raises DeviceFull when not even one item has room.
        """
        pace = pace or self.pace
        if pace.lanes > 1:
            starts = range(0, count, pace.batch)
            parts = [slice(start, min(start + pace.batch, count)) for start in starts]
            return torch.cat(lanes(torch.get_num_threads()).map(work, parts))
        done: list[Tensor] = []
        start, size = 0, pace.batch
        while start < count:
            asked = min(size, count - start)
            part: Tensor | None = None
            try:
                part = work(slice(start, start + asked))
            except torch.OutOfMemoryError as full:
                if asked == 1 or pace.fixed:
                    raise device_full(self.device) from full
            if part is None:  # outside the handler, whose traceback holds on to the activations
                size = asked // 2
                torch.cuda.empty_cache()
                continue
            done.append(part)
            start += asked
        pace.batch = min(size, pace.batch)
        return torch.cat(done)

    def dense(self, tiles: Tensor, *, fast: bool = False) -> Tensor:
        """`outputs` of any number of tiles, in batches. Raises DeviceFull."""
        return self.in_batches(len(tiles), lambda part: self.outputs(tiles[part], fast=fast))

    def logits(self, outputs: Tensor, subject: int) -> Tensor:
        """(N, C) raw outputs -> (N,) log-odds of one class against all others."""
        return reading.logits(self.card, outputs, subject)

    def answers(self, outputs: Tensor) -> Tensor:
        """(N, C) raw outputs -> (N,) index of the class answered."""
        return reading.answers(self.card, outputs)

    # -------------------------------------------------------------- at load
    def _sample(self, count: int) -> Tensor:
        height, width = self.card.input_size
        noise = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8)
        return self.colours.scaled(torch.from_numpy(noise))

    def _preflight(self) -> tuple[str, ...]:
        """What makes an answer of this classifier doubtful, whatever the tile."""
        return tuple(preflight.doubts(self.card, self.ordinary, self._asked))

    def _agrees(self) -> bool:
        """Does the fast form say what `ordinary` says?

        Asked on noise: a norm over places makes as much of rounding on even tiles as it likes.
        """
        tiles = self._sample(2)
        fast = self.dense(tiles.to(memory_format=self.layout), fast=True)
        return preflight.close(self.dense(tiles), fast)

    def _graph(self) -> fx.GraphModule | None:
        graph = fast_form(self.ordinary, self._sample(1)) if self.card.white_box else None
        if graph is not None and self.device.type == "cpu":
            self.layout = torch.channels_last
            _lay(graph, self.layout)
        return graph

    def _eager_copy(self) -> nn.Module:
        """What may be laid out anew; a compiled network stays as it was loaded."""
        compiled = isinstance(self.ordinary, torch.jit.ScriptModule)
        if compiled or not self.card.white_box:
            return self.ordinary
        return copy.deepcopy(self.ordinary).eval()

    def _form_of(self, manner: Manner) -> nn.Module:
        if manner.form == "graph":
            return pinning.found(self._graph())
        return self.ordinary if manner.form == "ordinary" else self._eager_copy()

    def _best_pace(self) -> Trial[Pace]:
        """The best batch, in the layout that is quicker for this network on this device."""
        sizes = BATCHES[self.device.type]
        if self.layout == torch.contiguous_format:
            tried = []
            for layout in (torch.contiguous_format, torch.channels_last):
                self._relay(layout)
                pace = yield from roomiest(self.device, self._prepared, sizes[0])
                tried.append((pace.each, layout))
            self._relay(min(tried, key=lambda one: one[0])[1])
        return (yield from best_pace(self.device, self._prepared, sizes))

    def _relay(self, layout: torch.memory_format) -> None:
        self.layout = layout
        if self._fast is not self.ordinary:  # which stays as it was loaded
            _lay(self._fast, layout)

    def _prepared(self, size: int) -> Work:
        tiles = self._sample(size).contiguous(memory_format=self.layout)
        return lambda: self.outputs(tiles, fast=True)

    def scenery(self) -> Tensor:
        """(1, 3, H, W) scaled: painted tissue, because noise ranks pixels unlike any slide."""
        height, width = self.card.input_size
        painted = paint("metaphase", 0, max(8, height, width))[:height, :width]
        return self.colours.scaled(torch.from_numpy(painted.copy())[None])


def _told(step: Step, trial: Trial[Made]) -> Generator[Step, None, Made]:
    """The same, with a step told at each pause."""
    while True:
        try:
            next(trial)
        except StopIteration as end:
            made: Made = end.value
            return made
        yield step


def _lay(network: nn.Module, layout: torch.memory_format) -> None:
    move: Any = network.to  # not typed for memory formats
    move(memory_format=layout)

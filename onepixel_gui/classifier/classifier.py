"""The Classifier: uint8 tiles in, class probabilities out, on any device."""

import copy
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from onepixel_gui.classifier import devices, preflight, reading
from onepixel_gui.classifier.card import Card, Inspection, Serving
from onepixel_gui.classifier.checkpoint import loading
from onepixel_gui.classifier.colours import Colours
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.incremental import (
    Arithmetic,
    Costs,
    Incremental,
    Scene,
    Unpaid,
    arithmetic,
    shortened,
)
from onepixel_gui.classifier.kernels import learning
from onepixel_gui.classifier.lanes import lanes
from onepixel_gui.classifier.opening import Step, inspect
from onepixel_gui.classifier.pace import (
    BATCHES,
    Pace,
    Work,
    best_pace,
    device_full,
    now,
    quickest,
    roomiest,
)
from onepixel_gui.classifier.screening import Screening, screened
from onepixel_gui.classifier.several import Several
from onepixel_gui.classifier.windows import Trace, Windowed
from onepixel_gui.tiles.tile import Tile
from onepixel_gui.tiles.tissue import paint

if TYPE_CHECKING:
    from onepixel_gui.classifier.probe import TileChorus, TileProbe

_SAMPLES = 4  # asked at once until the best batch is known
_STEPS = 3
_TRIED = 32  # perturbations that windows are tried on
_MANY = 256  # candidates that previews are compared on
_TRIAL = 64_000_000_000  # or fewer: multiply-adds of them


class Classifier:
    """A loaded network with its card, on one device.

    Forms of the same network: `ordinary`, exactly as loaded, whose answers are reported; and two
    that agree with it to float rounding and search, the fast one, folded and dense, and where
    windows pay the `shortcut`.
    """

    def __init__(self, card: Card, network: nn.Module, device: str = "auto") -> None:
        """Raises NoSuchDevice, DeviceFull."""
        for _ in self._settling(card, network, device):
            pass

    @classmethod
    def open(cls, path: Path, device: str = "auto") -> "Classifier":
        """Raises UnusableCheckpoint, NoSuchDevice, DeviceFull."""
        return cls.of(inspect(path), device)

    @classmethod
    def of(cls, inspected: Inspection, device: str = "auto") -> "Classifier":
        """An inspected checkpoint, loaded. Raises UnusableCheckpoint, NoSuchDevice, DeviceFull."""
        steps = cls.opening(inspected, device)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                opened: Classifier = end.value
                return opened

    @classmethod
    def opening(
        cls, inspected: Inspection, device: str = "auto"
    ) -> Generator[Step, None, "Classifier"]:
        """The same in steps; to cancel is to stop asking."""
        card, network = yield from loading(inspected)
        classifier = cls.__new__(cls)
        yield from classifier._settling(card, network, device)
        return classifier

    def _settling(self, card: Card, network: nn.Module, device: str) -> Generator[Step]:
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
        self.shortcut: Incremental | None = None
        self.several: Several | None = None
        self.screening: Screening | None = None
        self.pace = Pace(_SAMPLES, 1.0)
        try:
            yield Step("Trying it on 16 pictures", 0, _STEPS)
            self.ordinary = network.to(self.device)
            self.colours = Colours(card, self.device)
            doubts = self._preflight()
            yield Step("Finding its quickest form", 1, _STEPS)
            graph = self._graph()
            self._fast = self._eager_copy() if graph is None else graph
            if doubts or not self._agrees():
                self._fast = self.ordinary
            self.pace = self._best_pace()
            self.serving = replace(self.serving, batch=self.pace.batch)
            yield Step("Preparing windows", 2, _STEPS)
            told, wrong = self._shorten(graph)
        except torch.OutOfMemoryError as full:
            raise device_full(self.device) from full
        self.card = replace(card, doubts=card.doubts + doubts + wrong)
        self.serving = replace(self.serving, shortcut=told)

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

    def chorus(self, tiles: Sequence[Tile]) -> "TileChorus":
        """This classifier looking at several tiles at once. Raises as `probe` does."""
        from onepixel_gui.classifier.probe import TileChorus

        try:
            return TileChorus(self, tiles)
        except torch.OutOfMemoryError as full:
            raise device_full(self.device) from full

    @property
    def arithmetic(self) -> Arithmetic | None:
        """Multiply-adds per candidate, None where they could not be counted."""
        return None if self.shortcut is None else self.shortcut.arithmetic

    # -------------------------------------------------------------- for probes
    @torch.inference_mode()
    def outputs(self, inputs: Tensor, *, fast: bool = False) -> Tensor:
        """(N, 3, h, w) scaled -> (N, C) raw outputs of the network, float32.

        What is not of the card's input size is resized, as "resize" on the card says.
        """
        if inputs.shape[2:] != self.card.input_size:
            inputs = F.interpolate(inputs, self.card.input_size, mode="bilinear", antialias=True)
        elif not fast or self._fast is self.ordinary:
            inputs = inputs.clone()  # a network may work in place on what it is given
        answers: Tensor = (self._fast if fast else self.ordinary)(inputs)
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
                if asked == 1:
                    raise device_full(self.device) from full
            if part is None:  # outside the handler, whose traceback holds on to the activations
                size = asked // 2
                torch.cuda.empty_cache()
                continue
            done.append(part)
            start += asked
        pace.batch = min(size, pace.batch)
        return torch.cat(done)

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

    def _tried(self, tiles: Tensor, *, fast: bool = False) -> Tensor:
        return self.in_batches(len(tiles), lambda part: self.outputs(tiles[part], fast=fast))

    def _preflight(self) -> tuple[str, ...]:
        """What makes an answer of this classifier doubtful, whatever the tile."""
        return tuple(preflight.doubts(self.card, self.ordinary, self._asked))

    def _agrees(self) -> bool:
        """Does the fast form say what `ordinary` says?

        Asked on noise: a norm over places makes as much of rounding on even tiles as it likes.
        """
        tiles = self._sample(2)
        fast = self._tried(tiles.to(memory_format=self.layout), fast=True)
        return preflight.close(self._tried(tiles), fast)

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

    def _best_pace(self) -> Pace:
        """The best batch, in the layout that is quicker for this network on this device."""
        sizes = BATCHES[self.device.type]
        if self.layout == torch.contiguous_format:
            tried = []
            for layout in (torch.contiguous_format, torch.channels_last):
                self._relay(layout)
                tried.append((roomiest(self.device, self._prepared, sizes[0]).each, layout))
            self._relay(min(tried, key=lambda one: one[0])[1])
        return best_pace(self.device, self._prepared, sizes)

    def _relay(self, layout: torch.memory_format) -> None:
        self.layout = layout
        if self._fast is not self.ordinary:  # which stays as it was loaded
            _lay(self._fast, layout)

    def _prepared(self, size: int) -> Work:
        tiles = self._sample(size).contiguous(memory_format=self.layout)
        return lambda: self.outputs(tiles, fast=True)

    # -------------------------------------------------------------- windows
    def _shorten(self, graph: fx.GraphModule | None) -> tuple[str, tuple[str, ...]]:
        """Serve by windows if they pay; (what is saved or why nothing is, doubts)."""
        if graph is None or self._fast is not graph:
            return f"Asked densely: {self._why_dense(graph)}.", ()
        scene = Scene(self._scenery())
        with torch.inference_mode():
            with learning():
                self._prepared(self.pace.batch)()
            self.pace.seconds = quickest(self.device, self._prepared(self.pace.batch))
            windowed = Windowed(Trace(graph, scene.clean))
            costs = Costs(windowed, scene, self.pace.batch, lambda: now(self.device))
            told, wrong = self._by_windows(costs, scene)
        self._screen(costs, scene)
        return told, wrong

    def _by_windows(self, costs: Costs, scene: Scene) -> tuple[str, tuple[str, ...]]:
        try:
            shortcut = shortened(costs, scene, self.pace, self._prepared(self.pace.batch))
        except Unpaid as why:
            return f"Asked densely: {why}.", ()
        wrong = self._disagreements(shortcut, scene)
        if wrong:
            doubt = f"Windows disagreed with the dense network on {wrong} of {_TRIED} perturbations"
            return "Asked densely: windows gave wrong answers.", (f"{doubt}; it is asked densely.",)
        self.shortcut, self.several = shortcut, Several(costs)
        return shortcut.told, ()

    def _screen(self, costs: Costs, scene: Scene) -> None:
        """Choose what previews are made of, if they are of any use."""
        subject = self.card.classes.index(self.card.subject)

        def logit(outputs: Tensor) -> Tensor:
            return self.logits(outputs, subject)

        each = arithmetic(costs.windowed, 0).dense
        count = min(_MANY, max(_TRIED, _TRIAL // max(1, each)))
        with torch.inference_mode():
            if self.shortcut is None:
                outputs = self._tried(scene.painted(count), fast=True)
            else:
                outputs = self.shortcut(*scene.batch(self.shortcut.remember(scene.clean), count))
            truth = logit(outputs)
        self.screening = screened(costs, scene, truth, logit)

    def _why_dense(self, graph: fx.GraphModule | None) -> str:
        if not self.card.white_box:
            return "a black box does not show its layers"
        if isinstance(self.ordinary, torch.jit.ScriptModule):
            return "a compiled network does not show its layers"
        if graph is None:
            return "the network decides by its data, so its layers cannot be listed"
        return "its layers one by one do not answer as the network does"

    def _disagreements(self, shortcut: Incremental, scene: Scene) -> int:
        """Of perturbations all over a tile, how many windows answer otherwise than `ordinary`."""
        told = shortcut(*scene.batch(shortcut.remember(scene.clean), _TRIED))
        true = self._tried(scene.painted(_TRIED))
        near = 1e-4 + 1e-5 * true.abs()
        return int(((told - true).abs() > near).any(dim=1).sum())

    def _scenery(self) -> Tensor:
        """(1, 3, H, W) scaled: painted tissue, because noise ranks pixels unlike any slide."""
        height, width = self.card.input_size
        painted = paint("metaphase", 0, max(8, height, width))[:height, :width]
        return self.colours.scaled(torch.from_numpy(painted.copy())[None])


def _lay(network: nn.Module, layout: torch.memory_format) -> None:
    move: Any = network.to  # not typed for memory formats
    move(memory_format=layout)

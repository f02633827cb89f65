"""The ways of asking about changed pixels that are quicker than the dense one, made and tried."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, fx

from onepixel_gui.classifier.incremental import (
    Costs,
    Incremental,
    Scene,
    Unpaid,
    arithmetic,
    shortened,
)
from onepixel_gui.classifier.kernels import learnt
from onepixel_gui.classifier.pace import Pace, Trial, Work, now, timed
from onepixel_gui.classifier.screening import Screening, screened
from onepixel_gui.classifier.several import Several
from onepixel_gui.classifier.windows import Trace, Windowed, node_by_node

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_TRIED = 32  # perturbations that windows are tried on
_MANY = 256  # candidates that previews are compared on
_TRIAL = 64_000_000_000  # or fewer: multiply-adds of them


@dataclass(frozen=True)
class Ways:
    """Swapped whole, so that a probe never sees half of them.

    shortcut, several: None where every candidate pays a whole pass.  screening: None where
    previews are of no use.  prepared: nothing will be added.
    """

    shortcut: Incremental | None = None
    several: Several | None = None
    screening: Screening | None = None
    prepared: bool = True


@dataclass(frozen=True)
class Found:
    """ways; what is saved or why nothing is, one sentence; doubts; the dense pace, once learned."""

    ways: Ways
    told: str
    doubts: tuple[str, ...]
    dense: Pace


class Preparation:
    """Finds the ways of one classifier, whose fast form is a graph of layers."""

    def __init__(
        self, classifier: "Classifier", graph: fx.GraphModule, dense: Pace, clean: Tensor
    ) -> None:
        """dense: a pace that may be changed.  clean: (1, 3, H, W) scaled, a typical tile."""
        self._classifier, self._graph, self._dense = classifier, graph, dense
        self._scene, self._whole = Scene(clean), slice(dense.batch)

    def run(self) -> Trial[Found]:
        """Raises DeviceFull, torch.OutOfMemoryError."""
        device = self._classifier.device
        again = yield from self._learnt()
        with torch.inference_mode():
            windowed = Windowed(Trace(self._graph, self._scene.clean))
        yield
        costs = yield from Costs.measuring(
            windowed, self._scene, self._dense.batch, lambda: now(device)
        )
        try:
            shortcut = yield from shortened(costs, self._scene, self._dense, again)
        except Unpaid as why:
            return (yield from self._dense_only(costs, f"{why}"))
        wrong = yield from self._disagreements(shortcut)
        if wrong:
            doubt = f"Windows disagreed with the dense network on {wrong} of {_TRIED} perturbations"
            doubts = (f"{doubt}; it is asked densely.",)
            return (yield from self._dense_only(costs, "windows gave wrong answers", doubts))
        screening = yield from self._screened(costs, shortcut)
        ways = Ways(shortcut, Several(costs), screening)
        return Found(ways, shortcut.told, (), self._dense)

    def _dense_only(self, costs: Costs, why: str, doubts: tuple[str, ...] = ()) -> Trial[Found]:
        screening = yield from self._screened(costs, None)
        return Found(Ways(screening=screening), asked_densely(why), doubts, self._dense)

    @torch.inference_mode()
    def _learnt(self) -> Trial[Work]:
        """A pass of the dense network, which has learned its quickest ways at this batch."""
        tiles = self._scene.painted(self._whole)
        tiles = tiles.contiguous(memory_format=self._classifier.layout)
        for _ in learnt(node_by_node(self._graph, tiles)):
            yield

        def again() -> Tensor:
            return self._classifier.outputs(tiles, fast=True)

        self._dense.seconds = timed(self._classifier.device, again)
        yield
        return again

    def _disagreements(self, shortcut: Incremental) -> Trial[int]:
        """Of perturbations all over a tile, how many windows answer otherwise than `ordinary`."""
        told = yield from self._answers(shortcut, _TRIED)
        true = yield from self._answers(None, _TRIED)
        near = 1e-4 + 1e-5 * true.abs()
        return int(((told - true).abs() > near).any(dim=1).sum())

    @torch.inference_mode()
    def _answers(
        self, shortcut: Incremental | None, count: int, *, fast: bool = False
    ) -> Trial[Tensor]:
        """(count, C) raw outputs about the first of the scene, on windows or densely."""
        asked, scene = self._classifier, self._scene
        pace = self._dense if shortcut is None else shortcut.pace
        memory = None if shortcut is None else shortcut.remember(scene.clean)
        answers: list[Tensor] = []
        for start in range(0, count, pace.batch):
            part = slice(start, min(start + pace.batch, count))
            if shortcut is not None and memory is not None:
                answers.append(shortcut(*scene.batch(memory, part)))
            else:
                answers.append(asked.dense(scene.painted(part), fast=fast))
            yield
        return torch.cat(answers)

    def _screened(self, costs: Costs, shortcut: Incremental | None) -> Trial[Screening | None]:
        """What previews are made of, if they are of any use."""
        card = self._classifier.card
        subject = card.classes.index(card.subject)

        def logit(outputs: Tensor) -> Tensor:
            return self._classifier.logits(outputs, subject)

        each = arithmetic(costs.windowed, 0).dense
        count = min(_MANY, max(_TRIED, _TRIAL // max(1, each)))
        answers = yield from self._answers(shortcut, count, fast=True)
        with torch.inference_mode():
            truth = logit(answers)
        return (yield from screened(costs, self._scene, truth, logit))


def asked_densely(why: str) -> str:
    return f"Asked densely: {why}."


def why_dense(classifier: "Classifier", graph: fx.GraphModule | None) -> str:
    """Why no windows are cut from it. graph: its fast form, if there is one."""
    if not classifier.card.white_box:
        return "a black box does not show its layers"
    if isinstance(classifier.ordinary, torch.jit.ScriptModule):
        return "a compiled network does not show its layers"
    if graph is None:
        return "the network decides by its data, so its layers cannot be listed"
    return "its layers one by one do not answer as the network does"

"""From a classifier that was measured to its manner, and from a manner to how one is asked."""

import copy
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from onepixel_gui.classifier import devices, preflight
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.incremental import Costs, Incremental
from onepixel_gui.classifier.kernels import Convolution
from onepixel_gui.classifier.manner import Asking, Cut, Kernel, Manner, Prices, UnfitManner
from onepixel_gui.classifier.pace import Pace
from onepixel_gui.classifier.prefix import splits
from onepixel_gui.classifier.screening import Screening
from onepixel_gui.classifier.several import Several
from onepixel_gui.classifier.ways import Ways
from onepixel_gui.classifier.windows import Trace, Windowed
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Tile
from onepixel_gui.tiles.tissue import paint

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

LAYOUTS = {"channels-last": torch.channels_last, "contiguous": torch.contiguous_format}
_REMEDY = "Continue with the checkpoint, the kind of device and the version that it began with."
_SHORT = 3  # candidates that do not fill a batch


# ------------------------------------------------------------------ what was measured
def manner_of(classifier: "Classifier", doubts: tuple[str, ...]) -> Manner:
    """How a prepared classifier is asked, with what a few trials of it tell, in about 8 passes.

    doubts: found while it was measured.
    """
    ways = classifier.ways
    untried = Manner(
        checkpoint=classifier.card.sha256,
        device=classifier.device.type,
        threads=classifier.serving.threads,
        layout=next(word for word, one in LAYOUTS.items() if one == classifier.layout),
        form=classifier.form,
        dense=_asking(classifier.pace),
        windows=_cut(ways.shortcut),
        preview=_cut(ways.screening),
        prices=None if ways.several is None else _prices(ways.several.costs),
        kernels=tuple(_kernels(classifier)),
        shortcut=classifier.serving.shortcut,
        doubts=doubts,
        alike_in_company=False,
        mark="",
    )
    steady = steadied(classifier, untried)
    try:
        return replace(untried, alike_in_company=_alike(steady), mark=marked(steady))
    except Problem:  # its answer about painted tissue is no number
        return untried


def _asking(pace: Pace) -> Asking:
    return Asking(pace.batch, pace.lanes, pace.chunk)


def _cut(way: Incremental | Screening | None) -> Cut | None:
    return None if way is None else Cut(len(way.prefix.steps), _asking(way.pace))


def _prices(costs: Costs) -> Prices:
    return Prices(tuple(costs.on_windows), tuple(costs.whole.values()), costs.per_number)


def _kernels(classifier: "Classifier") -> Iterator[Kernel]:
    for layer, module in classifier.searching.named_modules():
        if isinstance(module, Convolution):
            yield from (Kernel(layer, *known) for known in module.known)


# ------------------------------------------------------------------ asked in a manner
def steadied(classifier: "Classifier", manner: Manner) -> "Classifier":
    """The same networks, which were measured in that manner, asked in no other way any more."""
    steady = copy.copy(classifier)
    steady.pace = _pace(manner.dense)
    shortcut, screening = copy.copy(classifier.ways.shortcut), copy.copy(classifier.ways.screening)
    if shortcut is not None and manner.windows is not None:
        shortcut.pace = _pace(manner.windows.asking)
    if screening is not None and manner.preview is not None:
        screening.pace = _pace(manner.preview.asking)
    steady.ways = replace(classifier.ways, shortcut=shortcut, screening=screening)
    return steady


def _pace(asking: Asking) -> Pace:
    return Pace.steady(asking.batch, asking.lanes, asking.chunk)


def resumed(classifier: "Classifier", manner: Manner) -> Ways:
    """The ways of a manner, made without trying others; `classifier.searching` is laid out for it.

    Raises UnfitManner where they are not those of this network, torch.OutOfMemoryError.
    """
    classifier.pace = _pace(manner.dense)
    if manner.windows is None and manner.preview is None:
        return Ways()
    assert isinstance(classifier.searching, fx.GraphModule)
    try:
        _keep_kernels(classifier.searching, manner)
        with torch.inference_mode():
            windowed = Windowed(Trace(classifier.searching, classifier.scenery()))
        return Ways(
            _shortcut(windowed, manner.windows),
            None if manner.prices is None else Several(_costs(windowed, manner.prices)),
            _screening(windowed, manner.preview),
        )
    except (LookupError, ValueError) as other:
        raise _unfit("It belongs to another network, or another version.") from other


def _keep_kernels(searching: fx.GraphModule, manner: Manner) -> None:
    layers = dict(searching.named_modules())
    for kernel in manner.kernels:
        layer = layers[kernel.layer]
        if not isinstance(layer, Convolution):
            raise LookupError(kernel.layer)
        layer.keep_to((kernel.height, kernel.width, kernel.padded, kernel.batch, kernel.way))


def _shortcut(windowed: Windowed, cut: Cut | None) -> Incremental | None:
    if cut is None:
        return None
    _check(cut, windowed)
    shortcut = Incremental(windowed, cut.steps)
    shortcut.pace = _pace(cut.asking)
    return shortcut


def _screening(windowed: Windowed, cut: Cut | None) -> Screening | None:
    if cut is None:
        return None
    _check(cut, windowed)
    screening = Screening(windowed, cut.steps)
    screening.pace = _pace(cut.asking)
    return screening


def _check(cut: Cut, windowed: Windowed) -> None:
    if cut.steps not in splits(windowed):
        raise LookupError(cut.steps)


def _costs(windowed: Windowed, prices: Prices) -> Costs:
    nodes = [node for node in windowed.trace.nodes if node.op != "output"]
    whole = dict(zip(nodes, prices.whole, strict=True))
    if len(prices.on_windows) != splits(windowed)[-1]:
        raise LookupError(len(prices.on_windows))
    return Costs(windowed, prices.on_windows, whole, prices.per_number)


def settle(manner: Manner, card: Card, device: str) -> None:
    """Make this process ready for it, before anything of the network is made.

    Raises NoSuchDevice, and UnfitManner where it was plainly measured with something else.
    """
    here = devices.choose(device).type
    if manner.checkpoint != card.sha256:
        raise _unfit("It was measured with another checkpoint.")
    if manner.device != here:
        raise _unfit(f"It was measured on {manner.device}, and this is {here}.")
    devices.work_with(manner.threads)


def found(graph: fx.GraphModule | None) -> fx.GraphModule:
    """Raises UnfitManner where there is none."""
    if graph is None:
        raise _unfit("It lists the layers of the network, and here they cannot be listed.")
    return graph


def _unfit(why: str) -> UnfitManner:
    return UnfitManner(
        "The classifier cannot be asked in the manner that was measured.", _REMEDY, detail=why
    )


# ------------------------------------------------------------------ trials of it
def verified(classifier: "Classifier", manner: Manner) -> bool:
    """Whether it tells the very bits that it told where the manner was measured.

    Raises UnfitManner where the quick form disagrees with the ordinary one on this machine.
    """
    (tile,) = painted(classifier, 1)
    try:
        probe = classifier.probe(tile)
        few = everywhere(classifier, _SHORT, 0)
        told, true = (torch.from_numpy(r.logits) for r in (probe(few), probe.confirm(few)))
        if not preflight.close(true[:, None], told[:, None]):
            raise _unfit("Its quick answers are not those of an ordinary pass.")
        return bool(manner.mark) and marked(classifier) == manner.mark
    except UnfitManner:
        raise
    except Problem:
        return False


def marked(steady: "Classifier") -> str:
    """Digest of what is told about a painted tile: the clean answer, a batch, a few confirmed."""
    (tile,) = painted(steady, 1)
    probe = steady.probe(tile)
    told = [
        np.float64(probe.question.clean_logit),
        probe(everywhere(steady, _full(steady), 0)).logits,
        probe.confirm(everywhere(steady, _SHORT, 0)).logits,
    ]
    return hashlib.sha256(b"".join(one.tobytes() for one in told)).hexdigest()


def _alike(steady: "Classifier") -> bool:
    """Whether what is told of a candidate is the same alone and in company, to the bit."""
    probes, full = [steady.probe(tile) for tile in painted(steady, 2)], _full(steady)
    chorus, chance = steady.chorus(probes), np.random.default_rng(0)
    asked = [everywhere(steady, full, index) for index in range(len(probes))]
    alone = [probe(mine).logits for probe, mine in zip(probes, asked, strict=True)]
    if (probes[0](asked[0][-_SHORT:]).logits != alone[0][-_SHORT:]).any():
        return False
    which, order = np.repeat(np.arange(len(probes)), full), chance.permutation(len(probes) * full)
    together = chorus(which[order], np.concatenate(asked)[order]).logits
    few = chorus(which[order[:_SHORT]], np.concatenate(asked)[order[:_SHORT]]).logits
    true = np.concatenate(alone)[order]
    return bool((together == true).all() and (few == true[:_SHORT]).all())


def _full(classifier: "Classifier") -> int:
    return (classifier.ways.shortcut or classifier).pace.batch


def painted(classifier: "Classifier", count: int) -> list[Tile]:
    """So many tiles of the card's size."""
    height, width = classifier.card.input_size
    side = max(8, height, width)
    painted = [paint("metaphase", seed, side)[:height, :width].copy() for seed in range(count)]
    return [Tile(f"painted {seed}", rgb) for seed, rgb in enumerate(painted)]


def everywhere(classifier: "Classifier", count: int, seed: int) -> NDArray[np.int16]:
    """(N, 1, 5) candidates all over such a tile."""
    chance, (height, width) = np.random.default_rng(seed), classifier.card.input_size
    asked = chance.integers(0, 256, (count, 1, 5), np.int16)
    asked[..., 0] = chance.integers(0, height, (count, 1))
    asked[..., 1] = chance.integers(0, width, (count, 1))
    return asked

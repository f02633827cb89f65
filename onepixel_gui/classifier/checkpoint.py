"""From an inspected file to its network: read again whole, and never run."""

import hashlib
import math
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from onepixel_gui.classifier import architectures, devices, recognition
from onepixel_gui.classifier.card import Card, Inspection, Outputs
from onepixel_gui.classifier.formats.contents import Contents, Source
from onepixel_gui.classifier.opening import (
    ASKED,
    ASSUMED,
    BROKEN,
    Bytes,
    Step,
    damaged,
    inspect,
    opened,
    reader_of,
)
from onepixel_gui.classifier.pace import finished
from onepixel_gui.problems import Problem, UnusableCheckpoint

_ASKED = 2  # pictures that a network is asked about, to see what it returns


def load(path: Path, *, card: Path | None = None, architecture: str = "") -> tuple[Card, nn.Module]:
    """Read a checkpoint; the kind is told by its content, not by its name.

    The network is in evaluation mode on the CPU.  Raises UnusableCheckpoint, UnusableCard.
    """
    return finished(loading(inspect(path, card=card, architecture=architecture)))


def loading(inspected: Inspection) -> Generator[Step, None, tuple[Card, nn.Module]]:
    """The same of an inspected file, in steps; to cancel is to stop asking.

    Needs about twice the file's size in memory.  Raises UnusableCheckpoint, also when the file is
    no longer the one that was inspected.
    """
    name = inspected.path.name
    yield Step(f"Reading {name}", 0, inspected.size)
    try:
        with devices.thrift():
            source = _read(inspected)
        yield Step(f"Building {inspected.card.architecture}")
        with devices.thrift():
            network, doubts = _network(inspected, source)
            del source
        answers = _answers(name, network, inspected.card.input_size)
    except Problem:
        raise
    except BROKEN as broken:
        # A damaged file surfaces as any of these from the format's own reader; none of our
        # code runs in between, so nothing else hides behind them.
        raise damaged(name, broken) from broken
    card = _completed(inspected.card, answers)
    return replace(card, doubts=card.doubts + _assumptions(card) + doubts), network


def _read(inspected: Inspection) -> Source:
    """The bytes, if they are still those that were inspected."""
    with opened(inspected.path) as file:
        data = file.read(inspected.size + 1)
    if hashlib.sha256(data).hexdigest() != inspected.card.sha256:
        raise UnusableCheckpoint(
            f"{inspected.path.name} changed while it was being read.",
            "Wait until it is written, and try again.",
        )
    return Source(inspected.path, data, inspected.card.sha256)


def _network(inspected: Inspection, source: Source) -> tuple[nn.Module, tuple[str, ...]]:
    """(in evaluation mode, doubts)."""
    reader = reader_of(Bytes(source.data, source.path), source.name)
    contents: Contents = reader.peek(Bytes(source.data, source.path), source.name)
    if inspected.fits:
        return _filled(inspected, contents, reader.weights(source, contents))
    network: nn.Module = reader.network(source, contents)
    return network.eval(), ()


def _filled(
    inspected: Inspection, contents: Contents, weights: dict[str, Tensor]
) -> tuple[nn.Module, tuple[str, ...]]:
    """(the network with its weights, doubts). The weights are taken over, not copied."""
    architecture = inspected.card.architecture
    names = recognition.renaming(architecture, contents.shapes)
    network = architectures.build(architecture, contents.shapes)
    state = {own: weights[stored] for stored, own in names.items()}
    network.load_state_dict(state, strict=False, assign=True)
    hollow = [key for key, value in network.state_dict().items() if value.is_meta]
    unborn = [key for key in hollow if not key.endswith("num_batches_tracked")]
    if unborn:
        raise UnusableCheckpoint(
            f"{inspected.path.name} lacks {len(unborn)} weights of {architecture}.",
            "Choose the checkpoint that belongs to this network.",
            detail=", ".join(unborn[:20]),
        )
    for module in network.modules():
        if getattr(module, "num_batches_tracked", None) is not None:
            module.num_batches_tracked = torch.zeros((), dtype=torch.long)
    # A sum needs no second copy of them; one that overflows deserves the same doubt.
    broken = [key for key, value in weights.items() if not math.isfinite(value.sum().item())]
    doubts = (f"{len(broken)} of its weights are not all finite numbers.",) if broken else ()
    return network.requires_grad_(requires_grad=False).eval(), doubts


def _answers(name: str, network: nn.Module, shape: tuple[int, int]) -> Tensor:
    """(2, C): what the network says of noise in 0-1."""
    tiles = torch.rand(_ASKED, 3, *shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        answers = network(tiles)
    if not isinstance(answers, Tensor) or answers.ndim != 2 or len(answers) != _ASKED:
        raise UnusableCheckpoint(
            f"{name} does not return one row of numbers per tile.",
            "Export the network so that (N, 3, H, W) gives (N, classes).",
        )
    return answers


def _completed(card: Card, answers: Tensor) -> Card:
    """The card, with what only the network itself could say."""
    count, sources = answers.shape[1], dict(card.sources)
    known: dict[str, Any] = {}
    if not card.classes:
        few = count <= 2
        names = ("normal", "mitosis") if few else tuple(f"class {i}" for i in range(count))
        known |= {"classes": names, "subject": names[-1]}
    if "outputs" not in sources:
        known["outputs"] = _looks_like(answers)
        sources["outputs"] = ASKED
    card = replace(card, **known, sources=sources)
    if max(count, 2) != len(card.classes):
        raise UnusableCheckpoint(
            f"{card.file} names {len(card.classes)} classes but returns {count} numbers.",
            "Correct the class names on its card.",
        )
    return card


def _looks_like(answers: Tensor) -> Outputs:
    """What the numbers seem to be, from a row of them for each of two pictures."""
    one = torch.ones(len(answers))
    if bool(((answers >= 0) & (answers <= 1)).all()):
        if answers.shape[1] == 1:
            return "sigmoid"
        return "softmax" if torch.allclose(answers.sum(1), one, atol=1e-4) else "sigmoid"
    if answers.shape[1] > 1 and bool((answers <= 0).all()):
        return "log-softmax" if torch.allclose(answers.exp().sum(1), one, atol=1e-4) else "logits"
    return "logits"


def _assumptions(card: Card) -> tuple[str, ...]:
    """What nobody stated, one sentence each."""
    size = f"{card.input_size[0]} x {card.input_size[1]} px"
    said = {
        "input_size": f"The checkpoint does not state its input; {size} was assumed.",
        "scaling": "The checkpoint does not state its scaling; colours scaled to 0-1 was assumed.",
        "classes": "The checkpoint does not name its classes.",
    }
    return tuple(said[field] for field in said if card.sources.get(field) == ASSUMED)

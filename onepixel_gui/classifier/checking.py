"""A live check: what a classifier would say of labelled tiles if its card were another."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from onepixel_gui.classifier import fitting, preflight, reading
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.colours import Colours, resized
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Tile


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one tile. confidence: in the card's subject, 0-1.

    right: None where the tile's label is no class of the card.
    problem: why nothing was said; answer and confidence are then "" and nan.
    """

    name: str
    label: str | None
    answer: str = ""
    confidence: float = float("nan")
    right: bool | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """accuracy: 0-1 over the `labelled` tiles whose label is a class of the card, nan for none."""

    verdicts: tuple[Verdict, ...]
    labelled: int
    accuracy: float
    doubts: tuple[str, ...] = ()


def check(classifier: Classifier, card: Card, tiles: Sequence[Tile]) -> Checked:
    """Ask the network of a classifier as another card of the same classes says.

    Ordinary forward passes, one tile each.  Raises Problem where the card does not go with the
    network: other classes than it tells apart, an input size that its layers do not take.
    """
    verdicts, labels = [], []
    rows, swapped = [], []
    for tile in tiles:
        try:
            outputs = _outputs(classifier, card, tile, flipped=False)
            verdicts.append(_verdict(card, outputs, tile))
        except Problem as problem:
            verdicts.append(Verdict(tile.name, tile.label, problem=problem.what))
            continue
        if tile.label is not None and tile.label in card.classes:
            labels.append(tile.label)
            rows.append(outputs)
            swapped.append(_outputs(classifier, card, tile, flipped=True))
    if not labels:
        return Checked(tuple(verdicts), 0, float("nan"))
    accuracy, doubts = preflight.against_labels(card, torch.cat(rows), torch.cat(swapped), labels)
    return Checked(tuple(verdicts), len(labels), accuracy, tuple(doubts))


def _outputs(classifier: Classifier, card: Card, tile: Tile, *, flipped: bool) -> Tensor:
    """(1, C) of the tile; flipped: with red and blue exchanged."""
    window = fitting.window(card, tile)
    rgb = torch.from_numpy(fitting.cut(tile, window))[None]
    rgb = rgb.flip(3) if flipped else rgb
    inputs = resized(card, Colours(card, classifier.device).scaled(rgb))
    try:
        with torch.inference_mode():
            outputs: Tensor = classifier.ordinary(inputs).float()
    except RuntimeError as refused:  # torch's word for a layer that does not take this size
        raise Problem(
            f"The network does not take pictures of {card.input_size[0]} x {card.input_size[1]}.",
            "Enter the input size it was trained with.",
            detail=str(refused)[:500],
        ) from refused
    if max(2, outputs.shape[1]) != len(card.classes):
        raise Problem(
            f"The network tells {outputs.shape[1]} outputs, the card names {len(card.classes)}.",
            "Name one class for each output, or two for a single one.",
        )
    return outputs


def _verdict(card: Card, outputs: Tensor, tile: Tile) -> Verdict:
    subject = card.classes.index(card.subject)
    confidence = float(torch.sigmoid(reading.logits(card, outputs, subject).double())[0])
    answer = card.classes[int(reading.answers(card, outputs)[0])]
    known = tile.label is not None and tile.label in card.classes
    return Verdict(
        tile.name, tile.label, answer, confidence, answer == tile.label if known else None
    )

"""Doubts about a classifier before its first tile: what a sound one does, tried on 16 pictures."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onepixel_gui.classifier import chance, reading
from onepixel_gui.classifier.card import Card
from onepixel_gui.tiles.tissue import KINDS, paint

PICTURES = 16
_PAINTED = len(KINDS)  # the first so many of them; the rest are noise of several grains and greys
_AGAIN = 2  # that are shown twice, in a batch of their own: in another one they are rounded anew
_ALONE = slice(_PAINTED, _PAINTED + 1)  # shown alone too: in its batch were noise and greys
_SWAPPED = 2  # of the painted ones, shown with red and blue exchanged too
_EDGE = 64  # pixels: painted once, and laid side by side for larger inputs
_BLIND = 1e-6  # of the spread of the answers: what is smaller is rounding

_MODES = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


def doubts(card: Card, network: nn.Module, ask: Callable[[NDArray[np.uint8]], Tensor]) -> list[str]:
    """What makes an answer of this classifier doubtful, whatever the tile; a sentence each.

    ask: (N, H, W, 3) uint8 of the card's input size -> (N, C) raw outputs, as reported.
    """
    seen = pictures(card.input_size)
    answers = torch.cat([ask(seen[:_AGAIN]), ask(seen[_AGAIN:])])
    said = _unready(network)
    if not bool(torch.isfinite(answers).all()):
        return [*said, "The classifier returns values that are not numbers."]
    if not torch.equal(answers[:_AGAIN], ask(seen[:_AGAIN])):
        said.append("The classifier answers the same tile differently from call to call.")
    elif not said and not close(answers[_ALONE], ask(seen[_ALONE])):
        said.append("The classifier's answer about a tile depends on those asked with it.")
    said += _out_of_range(card, answers)
    spread = float((answers - answers[0]).abs().max())
    if spread == 0.0:
        said.append(f"The classifier gives {PICTURES} very different pictures the same answer.")
    elif not said:
        swapped = ask(np.ascontiguousarray(seen[:_SWAPPED, :, :, ::-1]))
        if float((swapped - answers[:_SWAPPED]).abs().max()) <= _BLIND * spread:
            said.append("The classifier does not notice when red and blue change places.")
    return said


def close(one: Tensor, other: Tensor) -> bool:
    """Equal up to the rounding that another batch size or layout may bring."""
    return torch.allclose(one, other, atol=1e-3, rtol=1e-4)


def _unready(network: nn.Module) -> list[str]:
    """Batch norm or dropout that behaves as in training."""
    trained = [module for module in network.modules() if isinstance(module, _MODES)]
    if any(module.training for module in trained):
        return ["Batch norm or dropout of the classifier is in training mode."]
    norms = [m for m in trained if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if any(norm.running_mean is None for norm in norms):
        return ["A batch norm of the classifier keeps no averages, so answers depend on the batch."]
    return []


def _out_of_range(card: Card, answers: Tensor) -> list[str]:
    if card.outputs in ("softmax", "sigmoid") and not bool(((answers >= 0) & (answers <= 1)).all()):
        return ["The classifier's probabilities leave the range from 0 to 1."]
    total: Tensor | None = None
    if card.outputs == "softmax" and answers.shape[1] > 1:
        total = answers.sum(dim=1)
    elif card.outputs == "log-softmax":
        total = answers.exp().sum(dim=1)
    if total is not None and not torch.allclose(total, torch.ones_like(total), atol=1e-3):
        return ["The classifier's probabilities do not sum to one."]
    return []


def against_labels(
    card: Card, outputs: Tensor, swapped: Tensor, labels: list[str]
) -> tuple[float, list[str]]:
    """(accuracy 0-1, doubts) from raw outputs about labelled tiles of several classes.

    swapped: the outputs about the same tiles with red and blue exchanged.
    labels:  each the name of a class of the card.
    """
    truth = torch.tensor([card.classes.index(label) for label in labels])
    hits = int((reading.answers(card, outputs).cpu() == truth).sum())
    accuracy = hits / len(labels)
    said = [sentence] if (sentence := chance.doubt(labels, hits)) else []
    other = float((reading.answers(card, swapped).cpu() == truth).float().mean())
    if other > accuracy + 1 / np.sqrt(len(labels)):
        said.append(f"With red and blue exchanged it would be right more often ({other:.0%}).")
    return accuracy, said


def pictures(size: tuple[int, int]) -> NDArray[np.uint8]:
    """(16, H, W, 3) uint8: painted tissue of every kind, then noise fine and coarse, and greys."""
    height, width = size
    rows, columns = np.arange(height) % _EDGE, np.arange(width) % _EDGE
    tissue = _tissue()[:, rows[:, None], columns]
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 256, (2, height, width, 3), np.uint8)
    tints = rng.integers(0, 256, (PICTURES - _PAINTED - 2, 1, 1, 3), np.uint8)
    plain = np.broadcast_to(tints, (len(tints), height, width, 3))
    return np.concatenate([tissue, fine, plain])


@lru_cache(maxsize=1)
def _tissue() -> NDArray[np.uint8]:
    return np.stack([paint(kind, 0, _EDGE) for kind in KINDS])

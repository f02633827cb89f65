"""What a network's numbers mean: logits, probabilities and answers by the word of its card."""

import numpy as np
import torch
from torch import Tensor

from onepixel_gui.classifier.card import Card

_EDGE = 1e-12  # a sigmoid that reads 0 or 1 in float32 is this far from it


def probabilities(card: Card, outputs: Tensor) -> Tensor:
    """(N, C) raw outputs -> (N, K), one for each class of the card, each in 0-1.

    Those of several sigmoids need not sum to one.
    """
    if card.outputs in ("logits", "log-softmax"):
        return torch.softmax(_paired(outputs), dim=1)
    return torch.cat([1 - outputs, outputs], dim=1) if outputs.shape[1] == 1 else outputs


def logits(card: Card, outputs: Tensor, subject: int) -> Tensor:
    """(N, C) raw outputs -> (N,) log-odds of one class: against all others, or of its sigmoid."""
    if card.outputs == "sigmoid":
        mine = outputs[:, subject] if outputs.shape[1] > 1 else outputs[:, 0]
        odds = torch.logit(mine.double(), eps=_EDGE).float()
        return odds if outputs.shape[1] > 1 or subject == 1 else -odds
    if card.outputs == "softmax":
        outputs = torch.log(outputs.clamp_min(torch.finfo(torch.float32).tiny))
    both = _paired(outputs)
    others = torch.cat([both[:, :subject], both[:, subject + 1 :]], dim=1)
    return both[:, subject] - torch.logsumexp(others, dim=1)


def answers(card: Card, outputs: Tensor) -> Tensor:
    """(N, C) raw outputs -> (N,) index of the class answered.

    The largest of three and more; of two, the subject where its confidence reaches the threshold.
    """
    if len(card.classes) > 2:
        return outputs.argmax(dim=1)
    subject = card.classes.index(card.subject)
    least = float(np.log(card.threshold / (1 - card.threshold)))
    return torch.where(logits(card, outputs, subject) >= least, subject, 1 - subject)


def _paired(outputs: Tensor) -> Tensor:
    """A single logit z becomes the pair (0, z), whose softmax is the logistic function."""
    return (
        torch.cat([torch.zeros_like(outputs), outputs], dim=1) if outputs.shape[1] == 1 else outputs
    )

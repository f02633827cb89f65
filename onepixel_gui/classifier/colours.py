"""Colours as a network wants them: uint8 RGB in, scaled float32 in the network's order out."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from onepixel_gui.classifier.card import Card

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE = (123.68, 116.779, 103.939)  # of 0-255, red, green, blue; as Keras' "caffe" mode has them


class Colours:
    """One table look-up per value: all that a card says of order and scaling."""

    def __init__(self, card: Card, device: torch.device) -> None:
        self._order = (0, 1, 2) if card.order == "RGB" else (2, 1, 0)
        self._levels = torch.from_numpy(levels(card)).to(device)  # (3, 256), red first

    def of(self, rgb: Tensor) -> Tensor:
        """(..., 3) levels 0-255 -> (..., 3) float32, the network's first channel first."""
        index = rgb.to(self._levels.device).long()
        return torch.stack([self._levels[one][index[..., one]] for one in self._order], dim=-1)

    def scaled(self, tiles: Tensor) -> Tensor:
        """(N, H, W, 3) uint8 -> (N, 3, H, W) float32, contiguous, on the device."""
        index = tiles.to(self._levels.device).long()
        return torch.stack([self._levels[one][index[..., one]] for one in self._order], dim=1)


def resized(card: Card, inputs: Tensor) -> Tensor:
    """(N, 3, h, w) -> (N, 3, H, W) of the card's input size, bilinear; itself where it is."""
    if inputs.shape[2:] == card.input_size:
        return inputs
    return F.interpolate(inputs, card.input_size, mode="bilinear", antialias=True)


def levels(card: Card) -> NDArray[np.float32]:
    """(3, 256) float32: what each uint8 level becomes, for red, green and blue.

    The division is in float64 and the rest in float32, as the mitosis service does it
    (METHODS 1.1), so that its published confidences are met to the last digits.
    """
    grey = (np.arange(256) / 255).astype(np.float32)[None]
    match card.scaling:
        case "minus-one-to-one":
            table = (grey - np.float32(0.5)) * np.float32(2.0)
        case "zero-to-255":
            table = np.arange(256, dtype=np.float32)[None]
        case "caffe":
            table = np.arange(256, dtype=np.float32) - np.array(_CAFFE, np.float32)[:, None]
        case "imagenet" | "custom":
            mean, std = _IMAGENET if card.scaling == "imagenet" else (card.mean, card.std)
            table = (grey - np.array(mean, np.float32)[:, None]) / np.array(std, np.float32)[
                :, None
            ]
        case "zero-to-one":
            table = grey
    return np.array(np.broadcast_to(table, (3, 256)), np.float32)

"""Where a classifier is sensitive: the confidence map and its rows and columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Bools, Floats, Swept, confidence
from onepixel_gui.tiles.tile import Window

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceMap:
    """Per position, over the palette (METHODS section 2: C_min and C_max).

    lowest, highest:  (H, W) confidence, 0-1.
    change:           (H, W) the logit change of largest size, with its sign.
    lowest_colour, highest_colour:  (H, W) index into the palette.
    flips:            (H, W) bool: some colour flips the answer there, confirmed.
    """

    window: Window
    lowest: Floats
    highest: Floats
    change: Floats
    lowest_colour: NDArray[np.intp]
    highest_colour: NDArray[np.intp]
    flips: Bools

    @property
    def flipping_positions(self) -> int:
        return int(self.flips.sum())


def confidence_map(swept: Swept) -> ConfidenceMap:
    """Condense a finished sweep."""
    logits = swept.logits
    return ConfidenceMap(
        swept.question.window,
        confidence(logits.min(axis=2)),
        confidence(logits.max(axis=2)),
        largest_change(logits, swept.question.clean_logit),
        logits.argmin(axis=2),
        logits.argmax(axis=2),
        np.asarray(swept.flipped.any(axis=2)),
    )


def largest_change(logits: Floats, clean: float) -> Floats:
    """(..., K) logits -> (...) the change from `clean` of largest size, with its sign."""
    change = logits - np.float32(clean)
    largest = np.abs(change).argmax(axis=-1)[..., None]
    picked: Floats = np.take_along_axis(change, largest, axis=-1)[..., 0]
    return picked


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Row and column sensitivity: mean of the largest |logit change|.

    row:     (H,) mean over the columns of each row.  column: (W,) mean over the rows.
    row_parity, column_parity:  (mean of even, mean of odd) positions, counted from the window's
    top left, because a network's strides start there.
    """

    row: Doubles
    column: Doubles
    row_parity: tuple[float, float]
    column_parity: tuple[float, float]


def profiles(change: Floats) -> Profiles:
    """change: (H, W) signed logit change; H and W at least 2."""
    size = np.abs(change.astype(np.float64))
    row, column = size.mean(axis=1), size.mean(axis=0)
    return Profiles(row, column, _parity(row), _parity(column))


def _parity(profile: Doubles) -> tuple[float, float]:
    return float(profile[::2].mean()), float(profile[1::2].mean())


def centre_distance(row: int, column: int, window: Window) -> float:
    """Distance in pixels of a pixel's middle from the middle of the window."""
    down = row + 0.5 - (window.row + window.height / 2)
    right = column + 0.5 - (window.column + window.width / 2)
    return float(np.hypot(down, right))

"""What a change of colour amounts to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RgbShift:
    """One pixel's colour before and after.

    change:     after minus before, per channel, -255..255.
    euclidean:  length of the change in RGB, 0..441.67.
    ciede2000:  colour difference as seen by eye (CIE 142-2001), sRGB under D65; above about 2.3
                two large fields are told apart.
    """

    before: RGB
    after: RGB
    change: tuple[int, int, int]
    euclidean: float
    ciede2000: float


def rgb_shift(before: RGB, after: RGB) -> RgbShift:
    """The shift from one sRGB colour (0-255) to another."""
    change = (after[0] - before[0], after[1] - before[1], after[2] - before[2])
    return RgbShift(before, after, change, float(np.linalg.norm(change)), _ciede2000(before, after))


def hexadecimal(rgb: RGB) -> str:
    """#RRGGBB."""
    return "#{:02X}{:02X}{:02X}".format(*rgb)


def _ciede2000(before: RGB, after: RGB) -> float:
    from skimage.color import deltaE_ciede2000, rgb2lab  # 0.3 s to import: only when asked

    pair: NDArray[np.float64] = np.array([[before], [after]], np.uint8) / 255.0
    lab = rgb2lab(pair)
    difference: Any = deltaE_ciede2000
    return float(difference(lab[0], lab[1])[0])

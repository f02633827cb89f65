"""Is it the pixel or its surroundings? A found colour, moved to other places (Vargas & Su)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Bools, Floats, Perturbation, Probe

Shift = Literal["neighbour", "same parity", "random"]
SHIFTS: tuple[Shift, ...] = ("neighbour", "same parity", "random")


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """The colour of a flip at M other places, each by an ordinary forward pass.

    shift:       (M,) int8 index into SHIFTS: one of the 8 neighbours, a place 2 px away (which a
                 stride of 2 reads alike), any place of the window.
    position:    (M, 2) int16 row, column in the tile.
    confidence:  (M,) in the subject, 0-1.  flipped: (M,).
    """

    shift: NDArray[np.int8]
    position: NDArray[np.int16]
    confidence: Floats
    flipped: Bools

    @property
    def origin(self) -> tuple[int, int]:
        """Row, column of the flip itself: the place that its neighbours surround."""
        raise NotImplementedError


def moved(probe: Probe, best: Perturbation, seed: int) -> Moved:
    """best: one pixel that flips.  seed: of the random places.

    What is asked here is not counted as queries of the attack.
    """
    raise NotImplementedError

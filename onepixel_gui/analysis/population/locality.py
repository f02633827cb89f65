"""Is it the pixel or its surroundings? The flips' colours at other places, over many flips."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.shares import Share
from onepixel_gui.attack.locality import SHIFTS, Moved, Shift

REACH = 2  # pixels: how far the shifts go that are counted by offset


@dataclass(frozen=True, slots=True)
class ShiftShare:
    """What one kind of shift leaves of the flips.

    flips:   with at least one such place inside the window.
    places:  asked, of these flips together.   flipped: how many of these places flip.
    share:   mean over flips of the share of its places that flip; hits of n are places.  Its
             interval takes flips, or cases where they are known, for the independent unit.
    """

    shift: Shift
    flips: int
    places: int
    flipped: int
    share: Share


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two kinds of shift, compared within each flip.

    n:           flips with both.  groups: cases among them, or n where they are not known.
    difference:  mean of first less second, -1 to 1; None of none.
    first_more, second_more:  flips in which that one flips the larger share.
    p:           two-sided, by flipping the sign of each group's differences; None below 2 groups.
    test:        its name, with the number of draws.
    """

    first: Shift
    second: Shift
    n: int
    groups: int
    difference: float | None
    first_more: int
    second_more: int
    p: float | None
    test: str


@dataclass(frozen=True, slots=True, eq=False)
class Locality:
    """F flips, each with its colour at other places.

    cases:   how many they are from, 0 where nobody said (then each flip counts for itself).
    shares:  one of each of SHIFTS, in that order.
    contrasts:  neighbour and same parity, neighbour and random, same parity and random.
    asked, flipped:  (5, 5) how often the place `REACH` rows above to below, left to right of the
             flip was asked, and flipped; the middle is the flip itself and never asked.
    seed:    of the draws behind the contrasts.
    """

    flips: int
    cases: int
    shares: tuple[ShiftShare, ...]
    contrasts: tuple[Contrast, ...]
    asked: NDArray[np.int64]
    flipped: NDArray[np.int64]
    seed: int

    @property
    def grid(self) -> NDArray[np.float64]:
        """(5, 5) share that flips by offset; nan where nothing was asked."""
        with np.errstate(invalid="ignore"):
            return np.where(self.asked > 0, self.flipped / self.asked, np.nan)


class Localities:
    """Takes one `Moved` at a time."""

    def __init__(self, seed: int = 0) -> None:
        raise NotImplementedError

    def add(self, moved: Moved, case: int = -1) -> None:
        """case: of its tile, -1 where nobody said."""
        raise NotImplementedError

    def result(self) -> Locality:
        """Of no flips: shares of none."""
        raise NotImplementedError


__all__ = ["REACH", "SHIFTS", "Contrast", "Localities", "Locality", "ShiftShare"]

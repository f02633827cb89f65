"""The tiles of one direction as columns that can be brushed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.colours import CHANNELS, Differences, differences
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.places import centre_distances
from onepixel_gui.analysis.population.units import one_per_tile

MODULI = (2, 4, 8)


@dataclass(frozen=True, eq=False)
class Columns:
    """One run of each of N tiles: what every plot of the view is drawn from.

    title:     of the direction, "mitosis to normal".
    outcomes:  one per tile.   distance: (N,) px from the centre, nan outside of the window.
    differences:  of colour.   tiles, runs: how many were handed in, before one of each was taken.
    """

    title: str
    outcomes: Outcomes
    distance: Floats
    differences: Differences
    runs: int

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def flipped(self) -> Bools:
        return self.outcomes.flipped

    @cached_property
    def _values(self) -> dict[str, Floats]:
        found = self.outcomes
        row, column = found.position.T.astype(np.float64)
        values = {
            "row": row,
            "column": column,
            "distance": self.distance,
            "euclidean": self.differences.euclidean,
            "ciede2000": self.differences.ciede2000,
            "clean": found.clean,
            "confidence": found.confidence,
            "first flip": np.where(found.first_flip >= 0, found.first_flip, np.nan),
            "flipped": found.flipped.astype(np.float64),
            "answer": found.answer.astype(np.float64),
            "after": found.after.astype(np.float64),
        }
        for index, channel in enumerate(CHANNELS):
            values[f"{channel} before"] = found.colour_before[:, index].astype(np.float64)
            values[f"{channel} after"] = found.colour_after[:, index].astype(np.float64)
        for modulus in MODULI:
            values[f"row mod {modulus}"] = row % modulus
            values[f"column mod {modulus}"] = column % modulus
        return values

    def values(self, quantity: str) -> Floats:
        """(N,) of one of the quantities, nan where it is not known."""
        return self._values[quantity]

    def of_case(self, case: str) -> Bools:
        """(N,) which tiles come from it."""
        cases = self.outcomes.cases
        if case not in cases:
            return np.zeros(len(self), np.bool_)
        return np.asarray(self.outcomes.case == cases.index(case), np.bool_)

    def tiles(self, which: Bools) -> tuple[int, ...]:
        """Their numbers in the study."""
        numbers: list[int] = self.outcomes.tile[which].tolist()
        return tuple(numbers)


def columns(title: str, outcomes: Outcomes) -> Columns:
    """Of the runs of one direction."""
    tiles = one_per_tile(outcomes)
    height, width = tiles.window
    row, column = tiles.position.T
    within = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    distance = np.full(len(tiles), np.nan)
    distance[within] = centre_distances(tiles.window)[row[within], column[within]]
    changed = differences(tiles.colour_before, tiles.colour_after)
    made = Columns(title, tiles, distance, changed, len(outcomes))
    made.values("row")  # all of them now, while nobody waits
    return made


def bins(values: Floats, edges: Floats) -> Integers:
    """(N,) in which bin each value lies, -1 for none; the last bin holds its upper edge."""
    known = np.isfinite(values) & (values >= edges[0]) & (values <= edges[-1])
    found = np.full(len(values), -1, np.int64)
    at = np.searchsorted(edges, values[known], "right") - 1
    found[known] = np.minimum(at, len(edges) - 2)
    return found


def counts(found: Integers, size: int, which: Bools | None = None) -> NDArray[np.float64]:
    """(size,) how many of those lie in each bin."""
    some = found if which is None else found[which]
    return np.bincount(some + 1, minlength=size + 1)[1:].astype(np.float64)

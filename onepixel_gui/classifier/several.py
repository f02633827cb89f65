"""Several pixels changed together: one window where they are near, one each otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import fx

from onepixel_gui.classifier.incremental import Costs, Incremental
from onepixel_gui.classifier.prefix import live, splits
from onepixel_gui.classifier.windows import Windowed

Whole = NDArray[np.int64]

_WORTH = 0.95  # of the dense time that windows may take at most
_DRAWN = 256  # random perturbations by which a way for scattered pixels is judged


@dataclass(frozen=True)
class Group:
    """Candidates to be asked in one way.

    of:    (M,) their places among those asked.  way: None for the dense network.
    apart: a window for each pixel; otherwise one for all, of the way's span.
    """

    of: NDArray[np.intp]
    way: Incremental | None
    apart: bool = False


class Several:
    """How to ask about perturbations of any number of pixels; ways are made when first needed."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self._near: dict[int, Incremental | None] = {}
        self._apart: dict[int, Incremental | None] = {}

    def groups(self, rows: Whole, columns: Whole) -> Iterator[Group]:
        """rows, columns: (N, k) positions in the window, k at least 2."""
        pixels = rows.shape[1]
        widest = 1 + np.maximum(np.ptp(rows, axis=1), np.ptp(columns, axis=1))
        spans = 2 ** np.ceil(np.log2(np.maximum(widest, 2))).astype(np.int64)
        left = np.ones(len(rows), np.bool_)
        for span in np.unique(spans):
            way = self.near(int(span))
            if way is None:
                break
            here = spans == span
            yield Group(np.flatnonzero(here), way)
            left &= ~here
        way = self.apart(pixels)
        if way is not None and left.any():
            free = left.copy()
            free[left] = disjoint(way.windowed, way.prefix.live, rows[left], columns[left])
            yield Group(np.flatnonzero(free), way, apart=True)
            left &= ~free
        yield Group(np.flatnonzero(left), None)

    def near(self, span: int) -> Incremental | None:
        """A way for pixels inside a square of `span`; None where the dense network is quicker."""
        if span not in self._near:
            self._near[span] = self._wide(span)
        return self._near[span]

    def apart(self, pixels: int) -> Incremental | None:
        """A way for so many pixels whose windows do not meet."""
        if pixels not in self._apart:
            self._apart[pixels] = self._scattered(pixels)
        return self._apart[pixels]

    def _wide(self, span: int) -> Incremental | None:
        narrow = self.costs.windowed
        if span > min(narrow.trace.shapes[narrow.trace.input][2:]):
            return None
        wide = Windowed(narrow.trace, span)
        grown = [wide.area(step.node) / narrow.area(step.node) for step in narrow.steps]

        def seconds(count: int) -> float:
            return self.costs.of(count, grown)

        best = min(splits(wide), key=seconds)
        if best == 0 or seconds(best) > _WORTH * self.costs.of(0):
            return None
        return Incremental(wide, best)

    def _scattered(self, pixels: int) -> Incremental | None:
        """The node at which windows end is chosen for pixels scattered evenly over the tile."""
        windowed = self.costs.windowed
        height, width = windowed.trace.shapes[windowed.trace.input][2:]
        chance = np.random.default_rng(0)
        rows, columns = (chance.integers(0, edge, (_DRAWN, pixels)) for edge in (height, width))
        dense, times = self.costs.of(0), [float(pixels)] * len(windowed.steps)
        best, least = 0, _WORTH * dense
        for count in splits(windowed)[1:]:
            share = float(disjoint(windowed, live(windowed, count), rows, columns).mean())
            seconds = share * self.costs.of(count, times) + (1 - share) * dense
            if seconds < least:
                best, least = count, seconds
        return Incremental(windowed, best) if best else None


def disjoint(
    windowed: Windowed, handed: Sequence[fx.Node], rows: Whole, columns: Whole
) -> NDArray[np.bool_]:
    """(N, k) positions -> (N,) whether no two windows meet in any map that is handed on.

    Then no place depends on two of the pixels, in these maps or in any before them.
    """
    free = np.ones(len(rows), np.bool_)
    one, other = np.triu_indices(rows.shape[1], 1)
    for node in handed:
        spread = windowed.spread(node)
        down, right = spread.rows.start[rows], spread.columns.start[columns]
        below = np.abs(down[:, one] - down[:, other]) >= spread.rows.size
        beside = np.abs(right[:, one] - right[:, other]) >= spread.columns.size
        free &= (below | beside).all(axis=1)
    return free

"""Which tiles of a map are worth a look, and where exactly the confidence is highest.

A mitosis lies anywhere between the tiles of a grid, and a classifier trained on centred ones is far
less sure of it off centre: of 206 mitotic figures that the published mitosis classifier is sure of,
a grid of half-tile stride shows 30 % below 0.5, and 2 % below 0.05.  So the peaks of the map are
climbed in steps of a half, a quarter and an eighth of the stride, and those dropped on the way that
no figure was ever seen to come from.  The bars and this climb are our choice.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from onepixel_gui.classifier.scan import Awaited, Floats, Places, Refined

# Confidence below which a place is not climbed further, before each round: over all figures and all
# places of the grid the least were 0.0017, 0.07 and 0.21 (at a stride of 32, 16 and 8).
BARS = (0.001, 0.03, 0.1)
_ROUNDS = 2  # moves at one step size, at most
_AROUND = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1) if down or across)

Ask = Callable[[Places, Places], Generator[Awaited | Refined, None, Floats]]


def peaks(logits: Floats, least: float) -> tuple[Places, Places]:
    """(rows, columns) of the local maxima of a map, best first.

    logits: NaN where not asked.  least: what a peak must reach.  Of equal neighbours each counts.
    """
    filled = np.where(np.isnan(logits), -np.inf, logits)
    highest = ndimage.maximum_filter(filled, size=3, mode="constant", cval=-np.inf)
    rows, columns = np.nonzero((filled >= highest) & (filled >= least) & np.isfinite(filled))
    order = np.argsort(-filled[rows, columns], kind="stable")
    return rows[order], columns[order]


def apart(tops: Places, lefts: Places, logits: Floats, distance: float) -> NDArray[np.intp]:
    """Indices of the best places, best first, none of them closer to another than `distance`.

    Closer means: by less, in rows and in columns (level-0 pixels).
    """
    order = np.argsort(-logits, kind="stable")
    taken: dict[tuple[int, int], list[int]] = {}
    kept = []
    edge = max(1.0, distance)
    for index in order.tolist():
        top, left = int(tops[index]), int(lefts[index])
        cell = int(top // edge), int(left // edge)
        cells = [(cell[0] + down, cell[1] + across) for down, across in (*_AROUND, (0, 0))]
        near = [other for each in cells for other in taken.get(each, ())]
        if any(abs(top - tops[o]) < distance and abs(left - lefts[o]) < distance for o in near):
            continue
        taken.setdefault(cell, []).append(index)
        kept.append(index)
    return np.array(kept, np.intp)


@dataclass
class Climb:
    """Places that move to where the classifier is surest.

    tops, lefts: (N,) level-0 pixels.  logits: (N,) there.
    first, last: the (row, column) where they may be at least and at most.
    """

    tops: Places
    lefts: Places
    logits: Floats
    first: tuple[int, int]
    last: tuple[int, int]
    _known: dict[tuple[int, int], float] = field(default_factory=dict)

    def rising(self, steps: Sequence[int], ask: Ask) -> Generator[Awaited | Refined]:
        """steps: level-0 pixels, one for each of BARS, shrinking."""
        for step, bar in zip(steps, BARS, strict=True):
            moving = np.flatnonzero(self.logits >= log_odds(bar))
            for _ in range(_ROUNDS):
                if len(moving) and step > 0:
                    moving = yield from self._round(moving, step, ask)

    def _round(
        self, moving: NDArray[np.intp], step: int, ask: Ask
    ) -> Generator[Awaited | Refined, None, NDArray[np.intp]]:
        """Each looks around itself once and moves to the best; those that moved."""
        around = np.array(_AROUND) * step
        (low, left), (high, right) = self.first, self.last
        tops = (self.tops[moving, None] + around[:, 0]).clip(low, high)
        lefts = (self.lefts[moving, None] + around[:, 1]).clip(left, right)
        yield from self._learn(tops.ravel(), lefts.ravel(), ask)
        places = zip(tops.ravel().tolist(), lefts.ravel().tolist(), strict=True)
        found = np.array([self._known[place] for place in places], np.float32).reshape(tops.shape)
        best = found.argmax(axis=1)
        every = np.arange(len(moving))
        better = found[every, best] > self.logits[moving]
        moved: NDArray[np.intp] = moving[better]
        which = every[better], best[better]
        self.tops[moved], self.lefts[moved] = tops[which], lefts[which]
        self.logits[moved] = found[which]
        return moved

    def _learn(self, tops: Places, lefts: Places, ask: Ask) -> Generator[Awaited | Refined]:
        """Ask about those places that nobody asked about before."""
        places = dict.fromkeys(zip(tops.tolist(), lefts.tolist(), strict=True))
        new = [place for place in places if place not in self._known]
        if new:
            asked = np.array(new, np.int64)
            logits = yield from ask(asked[:, 0], asked[:, 1])
            filled = np.where(np.isnan(logits), -np.inf, logits)
            self._known.update(zip(new, filled.tolist(), strict=True))


def log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))

"""Which tiles of a map are worth a look, and where exactly the confidence is highest.

A mitosis lies anywhere between the tiles of a grid, and a classifier trained on centred ones is far
less sure of it off centre: of 206 mitotic figures that the published mitosis classifier is sure of,
a grid of half-tile stride shows 30 % below 0.5, and 2 % below 0.05.  So the peaks of the map are
climbed in steps from a half of the stride down to a thirty-second, and those dropped on the way
that no figure was ever seen to come from.  The bars and this climb are our choice.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from onepixel_gui.classifier.scan import Awaited, Floats, Places, Refined

# Confidence below which a place is not climbed further, before each step: some way below the least
# that was seen on the way to a figure of which the classifier is sure when it is centred.
BARS = (0.001, 0.003, 0.01, 0.03, 0.05)
SECOND = 0.03  # confidence from which a place beside which no climb ended begins one of its own
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


def surest(values: Floats, places: NDArray[np.intp], least: float, most: int) -> NDArray[np.intp]:
    """Those flat places of a map that are at least `least`, best first, each once, at most `most`.

    values: (rows, columns), NaN where not asked.
    """
    places = np.unique(places)
    found = values.ravel()[places]
    places, found = places[found >= least], found[found >= least]
    return places[np.argsort(-found, kind="stable")[:most]]


def peaks_among(values: Floats, places: NDArray[np.intp]) -> tuple[Places, Places]:
    """(rows, columns) of those flat places, in their order, that are local maxima of the map.

    As `peaks`, in a time that depends on the places alone, however large the map is.
    """
    rows, columns = np.unravel_index(places, values.shape)
    own, highest = values[rows, columns], np.ones(len(places), np.bool_)
    for down, across in _AROUND:
        beside = (rows + down).clip(0, values.shape[0] - 1)
        highest &= ~(values[beside, (columns + across).clip(0, values.shape[1] - 1)] > own)
    return rows[highest], columns[highest]


def apart(
    tops: Places, lefts: Places, logits: Floats, distance: float, most: int
) -> NDArray[np.intp]:
    """Indices of the best places, best first, none of them closer to another than `distance`.

    distance: level-0 pixels, as the crow flies.  most: indices that are wanted.
    """
    kept: list[int] = []
    beside: dict[tuple[int, int], list[tuple[int, int]]] = {}  # those kept, by squares
    edge = max(1.0, distance)  # so that whatever is too close lies in a neighbouring square
    for index in np.argsort(-logits, kind="stable").tolist():
        if len(kept) == most:
            break
        row, column = int(tops[index]), int(lefts[index])
        square = int(row // edge), int(column // edge)
        known = (beside.get((square[0] + i, square[1] + j), ()) for i, j in ((0, 0), *_AROUND))
        if all(
            (row - r) ** 2 + (column - c) ** 2 >= distance**2 for part in known for r, c in part
        ):
            kept.append(index)
            beside.setdefault(square, []).append((row, column))
    return np.array(kept, np.intp)


@dataclass
class Climb:
    """Places that move to where the classifier is surest, and all that was learnt on the way.

    steps:       as `steps` gives them.
    first, last: the (row, column) where a place may be at least and at most.
    """

    ask: Ask
    steps: Sequence[int]
    first: tuple[int, int]
    last: tuple[int, int]
    _known: dict[tuple[int, int], float] = field(default_factory=dict)
    _ends: set[tuple[int, int]] = field(default_factory=set)

    @property
    def known(self) -> tuple[Places, Places, Floats]:
        """Every place that was asked about or climbed from, and its logit."""
        places = np.array([*self._known], np.int64).reshape(-1, 2)
        return places[:, 0], places[:, 1], np.array([*self._known.values()], np.float32)

    def overlooked(
        self, tops: Places, lefts: Places, logits: Floats, distance: float, most: int
    ) -> tuple[Places, Places, Floats]:
        """Good places, of these and the known ones, that no climb ended beside.

        Two figures side by side share one peak, and a climb may leave the slope it began on.
        """
        known = self.known
        rows = np.concatenate([known[0], tops])
        columns = np.concatenate([known[1], lefts])
        odds = np.concatenate([known[2], logits])
        good = np.flatnonzero(odds >= log_odds(SECOND))
        kept = good[apart(rows[good], columns[good], odds[good], distance, most)]
        new = [
            index
            for index in kept.tolist()
            if (int(rows[index]), int(columns[index])) not in self._ends
        ]
        return rows[new], columns[new], odds[new]

    def rise(self, tops: Places, lefts: Places, logits: Floats) -> Generator[Awaited | Refined]:
        """Climb from (N,) places, whose logits are known."""
        tops, lefts, logits = tops.copy(), lefts.copy(), logits.copy()
        self._known.update(zip(_pairs(tops, lefts), logits.tolist(), strict=True))
        for step, bar in zip(self.steps, BARS, strict=True):
            moving = np.flatnonzero(logits >= log_odds(bar))
            if not len(moving):
                continue
            down, across, best = yield from self._best_around(tops[moving], lefts[moving], step)
            better = best > logits[moving]
            moved = moving[better]
            tops[moved], lefts[moved] = down[better], across[better]
            logits[moved] = best[better]
        self._ends.update(_pairs(tops, lefts))

    def _best_around(
        self, tops: Places, lefts: Places, step: int
    ) -> Generator[Awaited | Refined, None, tuple[Places, Places, Floats]]:
        """The best of the eight neighbours of each place."""
        around = np.array(_AROUND) * step
        rows = (tops[:, None] + around[:, 0]).clip(self.first[0], self.last[0])
        columns = (lefts[:, None] + around[:, 1]).clip(self.first[1], self.last[1])
        places = _pairs(rows.ravel(), columns.ravel())
        new = [place for place in dict.fromkeys(places) if place not in self._known]
        if new:
            asked = np.array(new, np.int64)
            logits = yield from self.ask(asked[:, 0], asked[:, 1])
            filled = np.where(np.isnan(logits), -np.inf, logits)
            self._known.update(zip(new, filled.tolist(), strict=True))
        found = np.array([self._known[place] for place in places], np.float32).reshape(rows.shape)
        which = np.arange(len(tops)), found.argmax(axis=1)
        return rows[which], columns[which], found[which]


def _pairs(rows: Places, columns: Places) -> list[tuple[int, int]]:
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def steps(stride: float) -> tuple[int, ...]:
    """Level-0 pixels by which to climb, one step for each of BARS; stride: of the grid, likewise.

    The second step is odd where the first is even, and the last is a single pixel: strided networks
    see odd and even places so differently (0.45 and 0.02 side by side) that a climb by even steps
    alone ends beside the figure.
    """
    parts = [round(stride / part) for part in (2, 4, 8, 16, 32)]
    parts[1] -= 1
    return tuple(max(1, part) for part in parts)


def log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))

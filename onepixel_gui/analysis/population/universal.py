"""Universal pixels: which one (row, column, colour) flips the most tiles."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.shares import Share, clustered, share
from onepixel_gui.analysis.population.units import CASES
from onepixel_gui.attack.probe import Pixel, Swept

Integers = NDArray[np.int64]

MOST = 10  # pixels told, and parts that tiles are split into


@dataclass(frozen=True, slots=True)
class Universality:
    """pixel: in positions of the classifier's window.  share: of the swept tiles that it flips."""

    pixel: Pixel
    share: Share


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What choosing the best pixel promises for tiles that had no say in the choice.

    share:     pooled over all parts: on each the pixel that is best on all others.  With cases its
               interval takes the parts for the independent unit.
    parts:     into how many the tiles were split; by: all tiles of a case in one part, or each tile
               for itself where not every case is known.
    agreeing:  parts whose pixel is the best of all tiles.
    seed:      of the split.
    """

    share: Share
    parts: int
    by: Literal["case", "tile"]
    agreeing: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Universal:
    """One direction: N tiles answered `from_`.

    counts:    (H, W, K) tiles that each position with each colour flips; palette: (K, 3) uint8.
    flippable: tiles that any of them flips.
    best:      the MOST that flip the most tiles, best first; at equal numbers the one with the
               larger mean logit change towards the flip.  Their shares are of the tiles they were
               chosen from, and so too high; () when nothing flips.
    colours:   the best one of each colour that flips any tile, in order of the palette.
    anywhere:  share of tiles flipped, averaged over all positions and colours.
    left_out:  None where all tiles are in one part, and when nothing flips.
    other:     sweeps of another window or palette, not counted.
    """

    from_: str
    to: str
    tiles: int
    counts: Integers
    palette: NDArray[np.uint8]
    flippable: int
    best: tuple[Universality, ...]
    colours: tuple[Universality, ...]
    anywhere: float
    left_out: LeftOut | None
    other: int

    @property
    def title(self) -> str:
        return f"{self.from_} to {self.to}"


class Universals:
    """Takes one sweep at a time and keeps counts alone: at most MOST maps a direction.

    The first sweep says which window and palette count.
    """

    def __init__(self, cases: int = 0, seed: int = 0) -> None:
        """cases: how many there are; up to MOST of them each is a part of its own."""
        order = np.arange(cases)
        if cases > MOST:
            order = np.random.default_rng(seed).permutation(cases) % MOST
        self._part_of_case: list[int] = order.tolist()
        self._seed, self._other = seed, 0
        self._palette: NDArray[np.uint8] | None = None
        self._shape: tuple[int, ...] = ()
        self._directions: dict[tuple[str, str], _Direction] = {}

    def add(self, swept: Swept, tile: int, case: int = -1) -> None:
        """tile: its number in the study.  case: index below `cases`, -1 where nobody said."""
        if self._palette is None:
            self._palette, self._shape = swept.palette, swept.logits.shape
        if swept.logits.shape != self._shape or not np.array_equal(swept.palette, self._palette):
            self._other += 1
            return
        part = self._part_of_case[case] if case >= 0 else self._part_of_tile(tile)
        key = (swept.question.answer, swept.question.goal)
        self._directions.setdefault(key, _Direction()).add(swept, part, known=case >= 0)

    def _part_of_tile(self, tile: int) -> int:
        """Whatever the order in which tiles come."""
        digest = hashlib.sha256(f"{self._seed}:{tile}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % MOST

    def result(self) -> tuple[Universal, ...]:
        """Each direction, the one with most tiles first."""
        if self._palette is None:
            return ()
        found = [
            _universal(key, direction, self._palette, self._other, self._seed)
            for key, direction in self._directions.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.tiles, one.title)))


class _Part:
    """Tiles that are left out together."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.tiles = 0
        self.counts = np.zeros(shape, np.int32)
        self.leaning = np.zeros(shape, np.float32)  # sum of logit changes towards the flip


class _Direction:
    """Tiles with one answer."""

    def __init__(self) -> None:
        self.parts: dict[int, _Part] = {}
        self.flippable, self.all_known = 0, True

    def add(self, swept: Swept, part: int, *, known: bool) -> None:
        sums = self.parts.setdefault(part, _Part(swept.logits.shape))
        sums.tiles += 1
        sums.counts += swept.flipped
        change = swept.logits - np.float32(swept.question.clean_logit)
        sums.leaning += -change if swept.question.downward else change
        self.flippable += bool(swept.flipped.any())
        self.all_known &= known


def _universal(
    key: tuple[str, str],
    direction: _Direction,
    palette: NDArray[np.uint8],
    other: int,
    seed: int,
) -> Universal:
    parts = [direction.parts[number] for number in sorted(direction.parts)]
    tiles = sum(part.tiles for part in parts)
    counts = np.zeros(parts[0].counts.shape, np.int64)
    leaning = np.zeros(counts.shape)
    for part in parts:
        counts += part.counts
        leaning += part.leaning
    best = _leading(counts, leaning, MOST)
    colours = [
        index * len(palette) + colour
        for colour in range(len(palette))
        for index in _leading(counts[..., colour], leaning[..., colour], 1)
    ]

    def told(indices: list[int]) -> tuple[Universality, ...]:
        return tuple(_told(index, counts, palette, tiles) for index in indices)

    left_out = None
    if best and len(parts) > 1:
        left_out = _left_out(parts, counts, leaning, direction.all_known, seed)
    return Universal(
        *key,
        tiles,
        counts,
        palette,
        direction.flippable,
        told(best),
        told(colours),
        float(counts.mean() / tiles),
        left_out,
        other,
    )


def _leading(counts: Integers, leaning: NDArray[np.float64], most: int) -> list[int]:
    """Flat indices of the most frequent, at equal counts those that lean most; none with 0."""
    flat = counts.ravel()
    least = max(1, int(np.partition(flat, -min(most, flat.size))[-min(most, flat.size)]))
    able = np.flatnonzero(flat >= least)
    order = np.lexsort((able, -leaning.ravel()[able], -flat[able]))
    return [int(index) for index in able[order[:most]]]


def _told(index: int, counts: Integers, palette: NDArray[np.uint8], tiles: int) -> Universality:
    row, column, colour = np.unravel_index(index, counts.shape)
    red, green, blue = palette[colour].tolist()
    pixel = Pixel(int(row), int(column), (red, green, blue))
    return Universality(pixel, share(int(counts[row, column, colour]), tiles))


def _left_out(
    parts: list[_Part],
    counts: Integers,
    leaning: NDArray[np.float64],
    by_case: bool,
    seed: int,
) -> LeftOut:
    overall = _leading(counts, leaning, 1)
    hits, agreeing = [], 0
    for part in parts:
        chosen = _leading(counts - part.counts, leaning - part.leaning, 1)
        # Where the other tiles never flip there is nothing to choose: that flips none.
        hits.append(int(part.counts.ravel()[chosen[0]]) if chosen else 0)
        agreeing += chosen == overall
    sizes = [part.tiles for part in parts]
    pooled = share(sum(hits), sum(sizes))
    if by_case and len(parts) >= CASES:
        interval = clustered(np.array(hits, float), np.array(sizes, float), "Wilson over cases")
        pooled = Share(pooled.hits, pooled.n, pooled.value, interval)
    return LeftOut(pooled, len(parts), "case" if by_case else "tile", agreeing, seed)

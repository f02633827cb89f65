"""Is it the pixel or its surroundings? The flips' colours at other places, over many flips."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.shares import Share, clustered, summed
from onepixel_gui.analysis.population.units import CASES
from onepixel_gui.attack.locality import SHIFTS, Moved, Shift

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

REACH = 2  # pixels: how far the shifts go that are counted by offset
EDGE = 2 * REACH + 1
DRAWS = 9_999
EXACT = 12  # groups: all signs are tried up to here
LARGE = 2_000  # groups: the test's normal limit from here
PAIRS: tuple[tuple[Shift, Shift], ...] = (
    ("neighbour", "same parity"),
    ("neighbour", "random"),
    ("same parity", "random"),
)


@dataclass(frozen=True, slots=True)
class ShiftShare:
    """What one kind of shift leaves of the flips.

    flips:   with at least one such place inside the window.
    share:   mean over flips of the share of its places that flip; hits of n are places. Its
             interval takes flips, or cases where they are known, for the independent unit.
    """

    shift: Shift
    flips: int
    share: Share


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two kinds of shift, compared within each flip.

    n:           flips with both.  groups: cases among them, or n where they are not known.
    difference:  mean of first less second, -1 to 1; None of none.
    first_more, second_more:  flips in which that one flips the larger share of its places.
    p:           two-sided, by changing signs of the groups' differences; None below 2 groups.
    test:        its name.   draws: of signs, 0 where none were drawn.
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
    draws: int


@dataclass(frozen=True, slots=True, eq=False)
class Locality:
    """F flips, each with its colour at other places.

    cases:   how many they are from, where every one is known; else 0.  With fewer than `CASES`
             each flip counts for itself.
    shares:  one of each of SHIFTS, in that order.   contrasts: one of each of PAIRS.
    asked, flipped:  (5, 5) how often the place `REACH` rows above to below, left to right of the
             flip was asked, and flipped; the middle is the flip itself and never asked.
    seed:    of the draws behind the contrasts.
    """

    flips: int
    cases: int
    shares: tuple[ShiftShare, ...]
    contrasts: tuple[Contrast, ...]
    asked: Integers
    flipped: Integers
    seed: int

    @property
    def grid(self) -> Doubles:
        """(5, 5) share that flips by offset; nan where nothing was asked."""
        grid = np.full(self.asked.shape, np.nan)
        asked = self.asked > 0
        grid[asked] = self.flipped[asked] / self.asked[asked]
        return grid


class Localities:
    """Takes one `Moved` at a time and keeps six numbers of it."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._hits: list[Integers] = []
        self._places: list[Integers] = []
        self._cases: list[int] = []
        self._asked = np.zeros(EDGE**2, np.int64)
        self._flipped = self._asked.copy()

    def add(self, moved: Moved, case: int = -1) -> None:
        """case: of its tile, -1 where nobody said."""
        kinds = moved.shift.astype(np.intp)
        self._places.append(np.bincount(kinds, minlength=len(SHIFTS)))
        self._hits.append(np.bincount(kinds[moved.flipped], minlength=len(SHIFTS)))
        self._cases.append(case)
        near = kinds != SHIFTS.index("random")
        row, column = moved.origin
        rows, columns = moved.position[near].T.astype(np.intp)
        offset = (rows - row + REACH) * EDGE + columns - column + REACH
        self._asked += np.bincount(offset, minlength=EDGE**2)
        self._flipped += np.bincount(offset[moved.flipped[near]], minlength=EDGE**2)

    def result(self) -> Locality:
        """Of no flips: shares of none."""
        flips = len(self._cases)
        places = np.array(self._places, np.int64).reshape(flips, len(SHIFTS))
        hits = np.array(self._hits, np.int64).reshape(flips, len(SHIFTS))
        cases = np.array(self._cases, np.int64)
        known = 0 if flips == 0 or (cases < 0).any() else len(np.unique(cases))
        groups = cases if known >= CASES else None
        parts = np.divide(hits, places, out=np.full(hits.shape, np.nan), where=places > 0)
        return Locality(
            flips,
            known,
            tuple(_share(kind, hits, places, parts, groups) for kind in range(len(SHIFTS))),
            tuple(_contrast(pair, parts, groups, self._seed) for pair in PAIRS),
            self._asked.reshape(EDGE, EDGE).copy(),
            self._flipped.reshape(EDGE, EDGE).copy(),
            self._seed,
        )


def _share(
    kind: int, hits: Integers, places: Integers, parts: Doubles, groups: Integers | None
) -> ShiftShare:
    asked = places[:, kind] > 0
    values = parts[asked, kind]
    interval = None
    if groups is None:
        interval = clustered(values, np.ones(len(values)), "Wilson over flips")
    elif asked.any():
        hit, counted = summed(values, groups[asked]), summed(np.ones(len(values)), groups[asked])
        interval = clustered(hit, counted, "Wilson over cases")
    value = float(values.mean()) if len(values) else None
    return ShiftShare(
        SHIFTS[kind],
        len(values),
        Share(int(hits[:, kind].sum()), int(places[:, kind].sum()), value, interval),
    )


def _contrast(
    pair: tuple[Shift, Shift], parts: Doubles, groups: Integers | None, seed: int
) -> Contrast:
    first, second = (parts[:, SHIFTS.index(shift)] for shift in pair)
    both = ~(np.isnan(first) | np.isnan(second))
    differences = first[both] - second[both]
    sums = differences
    if groups is not None and both.any():
        sums = summed(differences, groups[both])
    p, test, draws = _signs(sums, seed)
    return Contrast(
        *pair,
        len(differences),
        len(sums),
        float(differences.mean()) if len(differences) else None,
        int((differences > 0).sum()),
        int((differences < 0).sum()),
        p,
        test,
        draws,
    )


def _signs(sums: Doubles, seed: int) -> tuple[float | None, str, int]:
    """(p, test, draws): how often random signs make the (G,) sums add up to as much."""
    groups, seen = len(sums), abs(float(sums.sum()))
    name = "paired sign permutation"
    if groups < 2:
        return None, name, 0
    as_much = seen - 1e-9 * max(seen, 1.0)
    if groups <= EXACT:
        signs = (np.arange(2**groups)[:, None] >> np.arange(groups)) % 2 * 2 - 1
        return float((np.abs(signs @ sums) >= as_much).mean()), f"{name}, exact", 0
    if groups > LARGE:
        from scipy.special import ndtr  # scipy.stats would take 1 s to import

        scale = float(np.sqrt(sums @ sums))
        p = 2 * float(ndtr(-seen / scale)) if scale else 1.0
        return p, f"{name}, normal limit", 0
    rng, reached = np.random.default_rng(seed), 0
    for start in range(0, DRAWS, 1_000):
        drawn = rng.integers(0, 2, (min(1_000, DRAWS - start), groups), np.int8)
        signs = drawn * 2 - 1
        reached += int((np.abs(signs @ sums) >= as_much).sum())
    return (reached + 1) / (DRAWS + 1), name, DRAWS

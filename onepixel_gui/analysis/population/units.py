"""What counts as one: the tile, not the run; and how numbers over tiles are doubted."""

from dataclasses import dataclass
from typing import Literal

from onepixel_gui.analysis.population.outcomes import Bools, Integers, Outcomes

Part = Literal["all", "flipped", "held"]
PARTS: tuple[Part, ...] = ("all", "flipped", "held")

CASES = 5  # fewest cases that are taken as a sample of cases; our choice


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= high.  kind: how it was made, for captions; 95 % unless told otherwise."""

    low: float
    high: float
    kind: str


@dataclass(frozen=True, slots=True)
class Tested:
    """One test of one hypothesis.

    name:   of the test, for captions.
    n:      tiles on each side; one number for a test of one sample.
    p:      two-sided, None where `note` says why there is none.
    cases:  over how many cases it was clustered, 0 where tiles were taken one by one.
    draws, seed:  of a resampling, 0 draws where nothing was drawn.
    """

    name: str
    n: tuple[int, ...]
    p: float | None
    cases: int = 0
    draws: int = 0
    seed: int = 0
    note: str = ""


def one_per_tile(outcomes: Outcomes) -> Outcomes:
    """One run for each tile: the first that flipped in order of seeds, else the first.

    Seeds of one tile are no independent tiles; so a tile counts as flipped if any of its seeds
    flipped it (our choice).  In the order of the tiles' first runs.
    """
    raise NotImplementedError


def part_of(outcomes: Outcomes, part: Part) -> Bools:
    """(N,) which belong to it."""
    raise NotImplementedError


def clusters(outcomes: Outcomes) -> tuple[Integers | None, str]:
    """(N,) case of each row where every one is known and there are `CASES`; else None and why."""
    raise NotImplementedError

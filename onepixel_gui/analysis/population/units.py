"""What counts as one: the tile, not the run; and how numbers over tiles are doubted."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes

Part = Literal["all", "flipped", "held"]
PARTS: tuple[Part, ...] = ("all", "flipped", "held")

CASES = 5  # fewest cases that are taken as a sample of cases; our choice
ALIKE = "The cases do not differ, or one has nearly all tiles."
FEWEST = 5  # fewest tiles, on each side, of which a p is told; our choice


@dataclass(frozen=True, slots=True)
class Interval:
    """low <= high, 95 %.  kind: how it was made ("Wilson"), for captions."""

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
    draws, seed:  of a resampling; 0 draws where nothing was drawn.
    """

    name: str
    n: tuple[int, ...]
    p: float | None
    cases: int = 0
    draws: int = 0
    seed: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far a mean over tiles may be off.

    error:  standard error, above 0.
    freedom:  degrees of freedom, from 1 up: one less than as many equally large clusters would be.
    cases:  number of clusters, 0 where each tile is one.
    """

    error: float
    freedom: float
    cases: int

    def p(self, estimate: float) -> float:
        """Two-sided, of the hypothesis that what was estimated is 0: Student's t."""
        from scipy.special import stdtr

        return float(2 * stdtr(self.freedom, -abs(estimate) / self.error))

    @property
    def reach(self) -> float:
        """Half of a 95 % interval."""
        from scipy.special import stdtrit

        return float(stdtrit(self.freedom, 0.975) * self.error)

    @property
    def kind(self) -> str:
        by = f"clustered by {self.cases} cases" if self.cases else "over tiles"
        return f"Student's t {by}"


def doubt(residuals: Floats, cases: Integers | None, sides: Bools | None = None) -> Doubt | None:
    """Of the mean of N values from what each is above it; None where they do not vary, or where
    one case holds so many that less than two of equal size would tell as much.

    sides:  (N,) where the mean is a difference of two means, and values are weighed N / n of their
            own side.

    Tiles of one case are added up before they are squared, so that what they share counts once.
    Cases are few and of unequal size: so each counts as it would if it were left out (the
    jackknife, CR3 of Bell & McCaffrey, Survey Methodology 28:169, 2002), with the degrees of
    freedom of as many equal ones (Kish's effective number).
    """
    n = len(residuals)
    groups = n if cases is None else int(cases.max(initial=-1)) + 1
    if groups < 2:
        return None
    own = np.arange(n) if cases is None else cases
    sums, weights = np.zeros(groups), np.zeros(groups)
    for side in (np.ones(n, bool),) if sides is None else (sides, ~sides):
        sizes = np.bincount(own[side], minlength=groups)
        share = sizes / sizes.sum()
        if share.max() == 1:
            return None
        sums += np.bincount(own[side], residuals[side], minlength=groups) / (1 - share)
        weights += sizes * (n / sizes.sum()) ** 2
    variance = (groups - 1) / groups * float(np.square(sums).sum()) / n**2
    freedom = float(weights.sum() ** 2 / (weights @ weights)) - 1
    # Rounding leaves about 1e-32 of values that are all equal.
    if variance <= 1e-24 * max(1.0, float(np.square(residuals).max())) or freedom < 1 - 1e-9:
        return None
    return Doubt(variance**0.5, freedom, 0 if cases is None else groups)


def tested_by_case(
    what: str, off: float, n: int, doubted: Doubt | None, groups: Integers | None
) -> Tested | None:
    """Whether a mean of n tiles that is `off` its null could be 0 off; None without cases.

    what: "mean distance".  doubted, groups: as `doubt` and `clusters` gave them.
    """
    if groups is None:
        return None
    name, cases = f"Student's t of the {what}, clustered by case", int(groups.max()) + 1
    if doubted is None:
        return Tested(name, (n,), None, cases, note=ALIKE)
    return Tested(name, (n,), doubted.p(off), cases)


def one_per_tile(outcomes: Outcomes) -> Outcomes:
    """One run for each tile: the first that flipped in order of seeds, else the first.

    Seeds of one tile are no independent tiles; so a tile counts as flipped if any of its seeds
    flipped it (our choice).  In the order of the tiles' first runs.
    """
    rows = np.arange(len(outcomes))
    order = np.lexsort((rows, outcomes.seed, ~outcomes.flipped, outcomes.tile))
    _, first = np.unique(outcomes.tile[order], return_index=True)
    _, seen = np.unique(outcomes.tile, return_index=True)
    chosen = order[first][np.argsort(seen)]
    return outcomes.some(chosen)


def part_of(outcomes: Outcomes, part: Part) -> Bools:
    """(N,) which belong to it."""
    if part == "all":
        return np.ones(len(outcomes), bool)
    return outcomes.flipped if part == "flipped" else ~outcomes.flipped


def clusters(cases: Integers) -> tuple[Integers | None, str]:
    """(N,) case of each tile as 0, 1, ... where all are known and `CASES` differ; else None, why.

    cases: (N,) as `Outcomes.case`.
    """
    unknown = int((cases < 0).sum())
    if not len(cases):
        return None, "There are no tiles."
    if unknown:
        return None, f"The case of {unknown:,} of {len(cases):,} tiles is not known."
    different, index = np.unique(cases, return_inverse=True)
    if len(different) < CASES:
        noun = "case" if len(different) == 1 else "cases"
        return None, f"{len(different)} {noun}; at least {CASES} are needed."
    return index.astype(np.int64), ""

"""Many finished runs of one attack by one classifier, as columns of equal length."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Access = Literal["black-box", "white-box"]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """N runs that may be counted together: one classifier, one attack, one way of access.

    Each tile occurs once per seed of the study.  Arrays are read-only.

    run:         (N,) number of the run in its study.
    tile:        (N,) number of its tile in its study.
    case:        (N,) index into `cases`, -1 where nobody said.
    label:       (N,) index into `classes`, -1 where nobody said or it is no class.
    answer:      (N,) index into `classes`: what was answered before.
    after:       (N,) the same with the best perturbation.
    subject:     (N,) index into `classes`: whose confidence is told.
    clean, confidence:  (N,) in 0-1, before and after.   clean_logit: (N,) log-odds before.
    flipped:     (N,) bool, confirmed.
    position:    (N, 2) row, column of the first pixel, in the classifier's window.
    colour_before, colour_after:  (N, 3) uint8 of that pixel.
    queries:     (N,).   first_flip: (N,) queries when first seen, -1 where it held.
    flipping_positions:  (N,) of a sweep, how many positions flip; -1 of a search.
    seed:        (N,) the study's seed, -1 for a run by hand.
    classes, cases:  what the indices mean.   window: (H, W) of what the classifier sees.
    name, sha256, attack, access, settings:  of classifier and attack, for figures.
    """

    run: Integers
    tile: Integers
    case: Integers
    label: Integers
    answer: Integers
    after: Integers
    subject: Integers
    clean: Floats
    confidence: Floats
    clean_logit: Floats
    flipped: Bools
    position: Integers
    colour_before: NDArray[np.uint8]
    colour_after: NDArray[np.uint8]
    queries: Integers
    first_flip: Integers
    flipping_positions: Integers
    seed: Integers
    classes: tuple[str, ...]
    cases: tuple[str, ...]
    window: tuple[int, int]
    classifier: str = ""
    sha256: str = ""
    strategy: str = ""
    access: Access = "black-box"
    settings: str = ""

    def __post_init__(self) -> None:
        for name in self._columns():
            column = getattr(self, name)
            if len(column) != len(self.run):
                raise ValueError(f"{name} has {len(column)} rows, not {len(self.run)}")
            column.setflags(write=False)

    def __len__(self) -> int:
        return len(self.run)

    @classmethod
    def _columns(cls) -> Sequence[str]:
        names = [each.name for each in fields(cls)]
        return names[: names.index("classes")]

    def some(self, which: Bools | Integers) -> "Outcomes":
        """Those of them, in that order."""
        parts = {name: getattr(self, name)[which] for name in self._columns()}
        rest = {each.name: getattr(self, each.name) for each in fields(self)}
        return Outcomes(**(rest | parts))

    @cached_property
    def downward(self) -> Bools:
        """(N,) bool: a flip means lowering the confidence in the subject."""
        lowering: Bools = self.answer == self.subject
        return lowering

    @cached_property
    def directions(self) -> "tuple[Direction, ...]":
        """Each answer that was attacked, commonest first."""
        pairs, counts = np.unique(
            np.stack([self.answer, self.subject], 1), axis=0, return_counts=True
        )
        order = np.argsort(-counts, kind="stable")
        return tuple(self._direction(*pairs[index]) for index in order)

    def _direction(self, answer: int, subject: int) -> "Direction":
        others = [name for name in self.classes if name != self.classes[answer]]
        if answer != subject:
            goal = self.classes[subject]
        else:
            goal = others[0] if len(others) == 1 else "another class"
        return Direction(
            self.classes[answer], goal, (self.answer == answer) & (self.subject == subject)
        )


@dataclass(frozen=True, eq=False)
class Direction:
    """from_, to: classes. which: (N,) bool, the runs that tried this."""

    from_: str
    to: str
    which: Bools

    @property
    def title(self) -> str:
        return f"{self.from_} to {self.to}"

"""What a worker is asked and what it answers: values that travel between processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepixel_gui.attack.attacks import Attack
from onepixel_gui.attack.probe import Settings
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.manner import ALONE, Company
from onepixel_gui.problems import Problem
from onepixel_gui.study.record import Record
from onepixel_gui.tiles.tile import Tile


# ------------------------------------------------------------------ what is asked of a worker
@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint as every worker finds it.

    manner: JSON-ready, None while it is not settled.  strict: a worker whose processor rounds
    otherwise than the one it was settled on is not to work.  company: of searches, by population.
    """

    path: Path
    card: Card
    device: str
    manner: Mapping[str, Any] | None = None
    strict: bool = False
    company: Mapping[int, Company] = field(default_factory=dict)

    def company_for(self, attack: Attack) -> Company:
        """How many tiles a worker best attacks side by side.

        Only searches for one pixel: the passes of others are not always full, so that company
        would change the last bits of what they are told.
        """
        if not isinstance(attack, Settings) or attack.pixels > 1:
            return ALONE
        return self.company.get(attack.population, ALONE)


@dataclass(frozen=True, slots=True)
class Survey:
    """Which devices are there?"""


@dataclass(frozen=True, slots=True)
class Settling:
    """In which manner is this model best asked, and how many searches side by side?"""

    model: Model
    populations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """part: (model, attack, seed) indices of the plan.  attack: with the seed of this tile.

    seed: the study's.  aftermath: of a flip by one pixel.  abreast: tiles attacked side by side,
    this one among them.
    """

    task: int
    part: tuple[int, int, int]
    tile: Tile
    model: Model
    attack: Attack
    seed: int
    subject: str = ""
    aftermath: bool = True
    abreast: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The same to see how long it takes, and no longer than so many seconds."""

    job: Job
    patience: float


Order = Survey | Settling | Job | Trial


# ------------------------------------------------------------------ what it answers
@dataclass(frozen=True, slots=True)
class Surveyed:
    """Names of the devices, best first; versions of what the results rest on."""

    devices: tuple[str, ...]
    software: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """faithful: with a manner that was given, this worker tells the very same bits."""

    manner: Mapping[str, Any]
    faithful: bool = True
    company: Mapping[int, Company] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A Problem on its way to another process; its class is kept where it can be.

    ends: no other tile would fare better, so that the campaign ends here.
    lost: the worker ended over it.
    """

    kind: type[Problem]
    what: str
    remedy: str
    detail: str = ""
    ends: bool = False
    lost: bool = False

    @classmethod
    def of(cls, problem: Problem, *, ends: bool = False) -> "Trouble":
        return cls(type(problem), problem.what, problem.remedy, problem.detail, ends)

    @property
    def problem(self) -> Problem:
        made = self.kind.__new__(self.kind, self.what)
        Problem.__init__(made, self.what, self.remedy, detail=self.detail)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """queries, seconds: spent.  most: queries of this attack on a tile like this.

    over: before patience was at its end.  record: that of a search given up holds what it found
    so far; None for a sweep given up, which found nothing yet.
    """

    queries: int
    seconds: float
    most: int
    over: bool
    record: Record | None


Reply = Surveyed | Settled | Record | Tried | Trouble

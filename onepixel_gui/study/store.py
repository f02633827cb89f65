"""The study: one SQLite file with everything an analyst did, written as it happens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.attack.attacks import Attack
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Swept
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.problems import Problem
from onepixel_gui.study.record import Record

SUFFIX = ".onepixel"

Result = Literal["flipped", "held", "stopped", "refused"]


class UnusableStudy(Problem):
    """A file that is no study, or one that cannot be read or written any more."""


class StudyHeld(Problem):
    """Another program writes to this study; reading it is possible."""


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that may be counted together. classifier, attack: numbers in the study.

    settings:  of the attack without its seed.  runs: finished ones.
    """

    classifier: int
    attack: int
    card: Card
    settings: Attack
    runs: int


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All finished, stopped and refused runs as columns for a table: cheap with 100,000.

    run:  (N,) number of the run, -1 for a tile that was refused.   texts are coded: (N,) indices
    into the words beside them, -1 for none.
    """

    run: NDArray[np.int64]
    campaign: NDArray[np.int64]  # -1 for a run by hand
    tile: NDArray[np.int64]
    names: Sequence[str]
    labels: Sequence[str | None]
    cases: Sequence[str]
    classifiers: Sequence[str]
    attacks: Sequence[str]
    results: Sequence[Result]
    answers: Sequence[str]
    afters: Sequence[str]
    clean: NDArray[np.float64]
    confidence: NDArray[np.float64]
    queries: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.run)


@dataclass(frozen=True, slots=True)
class Campaigned:
    """A campaign as it is kept. plan: JSON-ready values that `study.campaign.Plan` makes.

    total: runs planned, 0 until they were counted.   done, flipped, refused: so far.
    """

    number: int
    plan: Mapping[str, Any]
    begun: str
    total: int
    done: int
    flipped: int
    refused: int


class Study:
    """One open study. May be used by several threads; one program writes, others may read.

    Every method raises UnusableStudy where the file cannot be read or written any more (a full or
    read-only disk, a drive that is gone, a damaged page); what was written before stays.
    """

    path: Path
    writable: bool
    notes: tuple[str, ...]  # what the reader should know: newer version, opened read-only ...

    @classmethod
    def open(
        cls, path: Path, *, make: bool = False, reading: bool = False, doing: str = ""
    ) -> "Study":
        """make: where there is none yet.  reading: never write.  doing: told to others who want it.

        An older version is brought forward; a newer one is opened for reading, with a note.
        Raises UnusableStudy, StudyHeld.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Leaves one tidy file behind. Again is no harm."""

    # -------------------------------------------------------------- writing
    def add(self, record: Record, campaign: int = -1, task: int = -1) -> int:
        """Keep a run, durably when this returns; its number.

        The same tile, classifier, attack, subject and seed a second time in campaigns: the number
        of the first.  task: of the campaign, done by this.
        """
        raise NotImplementedError

    def add_all(self, records: Sequence[tuple[Record, int, int]]) -> list[int]:
        """The same of several (record, campaign, task), in one transaction."""
        raise NotImplementedError

    def refuse(self, campaign: int, task: int, problem: Problem) -> None:
        """A tile that cannot be used is recorded as such; it is not tried again."""
        raise NotImplementedError

    def note(self, words: str, run: int = -1) -> None:
        """Keep a remark, of a run or of the whole study."""
        raise NotImplementedError

    def keep(self, key: str, value: Any) -> None:
        """Keep a JSON-ready value: figure styles, the plan last used, the layout."""
        raise NotImplementedError

    def kept(self, key: str) -> Any:
        """What was kept under that key, else None."""
        raise NotImplementedError

    # -------------------------------------------------------------- campaigns
    def begin(self, plan: Mapping[str, Any], tasks: Sequence[str]) -> int:
        """A new campaign over tiles named so, in that order: task 0, 1, ...; its number."""
        raise NotImplementedError

    def campaigns(self) -> tuple[Campaigned, ...]:
        raise NotImplementedError

    def tasks(self, campaign: int) -> tuple[str, ...]:
        """The names of its tiles in order."""
        raise NotImplementedError

    def finished(self, campaign: int) -> set[tuple[int, int, int, int]]:
        """(task, model, attack, seed) indices into the plan of what is done or refused."""
        raise NotImplementedError

    # -------------------------------------------------------------- reading
    def rows(self, campaign: int | None = None) -> Rows:
        """None: of the whole study."""
        raise NotImplementedError

    def run(self, number: int) -> Record:
        """Everything about one run, its tile's pixels included."""
        raise NotImplementedError

    def groups(self) -> tuple[Group, ...]:
        """What can be analysed, largest first."""
        raise NotImplementedError

    def outcomes(self, group: Group) -> Outcomes:
        """Of repeated runs the first; stopped ones do not count."""
        raise NotImplementedError

    def aftermaths(self, group: Group) -> Iterator[tuple[int, Moved | None, Propagation | None]]:
        """(run, what was asked after its flip) one by one, of the runs that have any."""
        raise NotImplementedError

    def sweeps(self, group: Group) -> Iterator[tuple[int, Swept]]:
        """(run, what it found) one by one: one map is held at a time."""
        raise NotImplementedError

    def picture(self, tile: int) -> NDArray[np.uint8]:
        """(H, W, 3) of a tile."""
        raise NotImplementedError

    def hashes(self, group: Group) -> tuple[str, ...]:
        """sha256 of each of its tiles, once, sorted: what a figure's provenance tells."""
        raise NotImplementedError

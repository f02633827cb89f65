"""The study: one SQLite file with everything an analyst did, written as it happens."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Swept
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.problems import Problem
from onepixel_gui.study import keeping, placing, retrieving, tables, whole
from onepixel_gui.study.campaigns import (
    Campaigned,
    campaigns,
    finished,
    parts_of,
    place_in,
    ran,
)
from onepixel_gui.study.copying import copied
from onepixel_gui.study.counting import Ran
from onepixel_gui.study.database import Database, opened
from onepixel_gui.study.keeping import Numbers, Part, Task
from onepixel_gui.study.layout import plain, taken_apart, words
from onepixel_gui.study.record import Record
from onepixel_gui.study.schema import SUFFIX
from onepixel_gui.study.seal import seal
from onepixel_gui.study.tables import Group, Result, Rows
from onepixel_gui.study.trouble import StudyHeld, UnusableStudy

__all__ = [
    "SUFFIX",
    "Addition",
    "Campaigned",
    "Group",
    "Remark",
    "Result",
    "Rows",
    "Study",
    "StudyHeld",
    "UnusableStudy",
]


# (record, campaign, task) or (record, campaign, task, part)
Addition = tuple[Record, int, int] | tuple[Record, int, int, Part | None]

_IDENTITY = "study"  # the key under which a study keeps what tells it from others


@dataclass(frozen=True, slots=True)
class Remark:
    """A note. run: -1 for one on the whole study.  written: UTC, ISO 8601 with seconds."""

    words: str
    run: int
    written: str


class Study:
    """One open study. May be used by several threads; one program writes, others may read.

    Every method raises UnusableStudy where the file cannot be read or written any more (a full or
    read-only disk, a drive that is gone, a damaged page); what was written before stays.
    """

    path: Path
    notes: tuple[str, ...]  # what the reader should know: newer version, opened read-only ...

    def __init__(self, path: Path, database: Database, notes: Sequence[str]) -> None:
        """Use `open`."""
        self.path, self.notes = path, tuple(notes)
        self._file, self._numbers = database, Numbers()

    @classmethod
    def open(
        cls, path: Path, *, make: bool = False, reading: bool = False, doing: str = ""
    ) -> "Study":
        """make: where there is none yet.  reading: never write.  doing: told to others who want it.

        An older version is brought forward; a newer one is opened for reading, with a note.
        Raises UnusableStudy, StudyHeld.
        """
        study = cls(path, *opened(path, make=make, reading=reading, doing=doing))
        try:
            if study.writable and study.kept(_IDENTITY) is None:
                study.keep(_IDENTITY, secrets.token_hex(16))
        except BaseException:
            study.close()
            raise
        return study

    @property
    def writable(self) -> bool:
        return self._file.writable

    @property
    def empty(self) -> bool:
        """Nothing was done in it that anybody could miss."""
        return not self.count() and not self.campaigns() and not self.remarks()

    @property
    def identity(self) -> str:
        """32 hex digits that tell this study from others, wherever its file goes."""
        return str(self.kept(_IDENTITY) or "")

    def close(self) -> None:
        """Leaves one tidy file behind. Again is no harm."""
        self._file.close()

    # -------------------------------------------------------------- writing
    def add(
        self, record: Record, campaign: int = -1, task: int = -1, part: Part | None = None
    ) -> int:
        """Keep a run, durably when this returns; its number.

        The same tile, classifier, attack, subject and seed a second time in campaigns: the number
        of the first.  task: of the campaign, done by this; part: (model, attack, seed) indices of
        its plan, where they do not follow from the record.
        """
        return self.add_all([(record, campaign, task, part)])[0]

    def add_all(self, records: Sequence[Addition], *, once: bool = False) -> list[int]:
        """The same of several (record, campaign, task[, part]), in one transaction.

        once: a run by hand that is here to the second is not kept again.
        """
        ready = [(taken_apart(record), record, *rest) for record, *rest in records]
        try:
            with self._file.writing() as connection:
                plans = {of: retrieving.plan(connection, of) for _, _, of, *_ in ready if of >= 0}
                runs = []
                for parts, record, campaign, task, *given in ready:
                    within = campaign if campaign >= 0 else None
                    run = keeping.keep(connection, self._numbers, parts, within, once)
                    if within is not None and task >= 0 and not record.stopped:
                        part = given[0] if given and given[0] else place_in(plans[within], record)
                        keeping.mark_done(connection, Task(within, task, part), run)
                    runs.append(run)
        except BaseException:
            self._numbers.forget()
            raise
        return runs

    def refuse(self, campaign: int, task: int, problem: Problem, model: int = -1) -> None:
        """A tile that cannot be used is recorded as such; it is not tried again.

        model: index into the plan of the only one that cannot use it; -1 for all.
        """
        said = (plain(problem.what), plain(problem.remedy), plain(problem.detail))
        row = (campaign, task, model, *said)
        with self._file.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO refusal VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, seal(row))
            )

    def note(self, words: str, run: int = -1, *, written: str = "") -> None:
        """Keep a remark, of a run or of the whole study. written: now, where it is not said."""
        row = (run if run >= 0 else None, written or _now(), plain(words))
        with self._file.writing() as connection:
            connection.execute(
                "INSERT INTO note (run, written, words, seal) VALUES (?, ?, ?, ?)",
                (*row, seal(row)),
            )

    def remarks(self) -> tuple[Remark, ...]:
        """All notes, oldest first."""
        with self._file.reading() as connection:
            return tuple(Remark(*row) for row in retrieving.notes(connection))

    def keep(self, key: str, value: Any) -> None:
        """Keep a JSON-ready value: figure styles, the plan last used, the layout."""
        row = (key, words(value))
        with self._file.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (*row, seal(row)))

    def kept(self, key: str) -> Any:
        """What was kept under that key, else None."""
        with self._file.reading() as connection:
            return retrieving.kept(connection, key)

    def keys(self) -> Sequence[str]:
        """Under which something is kept."""
        with self._file.reading() as connection:
            return retrieving.keys(connection)

    # -------------------------------------------------------------- the file
    def check(self) -> tuple[str, ...]:
        """What is damaged, () for nothing. Reads the whole file."""
        try:
            with self._file.reading() as connection:
                return retrieving.complaints(connection)
        except UnusableStudy as found:
            return (found.detail or found.what,)

    def save_copy(self, path: Path) -> None:
        """The whole study as it is now, under that name too.

        Raises NotWritten, StudyHeld where that is a study in use.
        """
        with self._file.reading() as connection:
            copied(connection, path)

    # -------------------------------------------------------------- campaigns
    def begin(self, plan: Mapping[str, Any], tasks: Sequence[str], *, begun: str = "") -> int:
        """A new campaign over tiles named so, in that order: task 0, 1, ...; its number."""
        total = len(tasks) * len(parts_of(plan))
        with self._file.writing() as connection:
            return keeping.begin(connection, words(dict(plan)), begun or _now(), total, tasks)

    def campaigns(self) -> tuple[Campaigned, ...]:
        with self._file.reading() as connection:
            return campaigns(connection)

    def tasks(self, campaign: int) -> tuple[str, ...]:
        """The names of its tiles in order."""
        with self._file.reading() as connection:
            return retrieving.tasks(connection, campaign)

    def finished(self, campaign: int) -> set[tuple[int, int, int, int]]:
        """(task, model, attack, seed) indices into the plan of what is done or refused."""
        with self._file.reading() as connection:
            return finished(connection, campaign)

    def ran(self, campaign: int) -> tuple[Ran, ...]:
        """Its runs, each once, however many of its tiles one stands for."""
        with self._file.reading() as connection:
            return ran(connection, campaign)

    def marks(self, campaign: int) -> list[tuple[int, int, Part]]:
        """(run, task, part) of what is done: a run stands for every tile of the same pixels."""
        with self._file.reading() as connection:
            rows = tables.done_rows(connection, campaign).tolist()
        return [(run, task, (model, attack, seed)) for task, model, attack, seed, run in rows]

    def refusals(self, campaign: int) -> Sequence[tuple[int, int, Problem]]:
        """(task, model, why) of tiles that could not be used; model -1 for any."""
        with self._file.reading() as connection:
            return retrieving.refusals(connection, campaign)

    # -------------------------------------------------------------- reading
    def rows(self, campaign: int | None = None) -> Rows:
        """None: of the whole study."""
        with self._file.reading() as connection:
            return tables.rows(connection, campaign)

    def run(self, number: int) -> Record:
        """Everything about one run, its tile's pixels included."""
        with self._file.reading() as connection:
            return retrieving.run(connection, number)

    def numbers(self) -> Sequence[int]:
        """Of all runs; in a damaged file also of those that may be lost."""
        with self._file.reading() as connection:
            return retrieving.numbers(connection)

    def campaign_of(self, run: int) -> int:
        """The campaign that a run was done for first, -1 for a run by hand."""
        with self._file.reading() as connection:
            return retrieving.campaign_of(connection, run)

    def groups(self) -> tuple[Group, ...]:
        """What can be analysed, largest first."""
        with self._file.reading() as connection:
            return tables.groups(connection)

    def outcomes(self, group: Group) -> Outcomes:
        """Of repeated runs the first; stopped ones do not count."""
        with self._file.reading() as connection:
            return tables.outcomes(connection, group)

    def aftermaths(self, group: Group) -> Iterator[tuple[int, Moved | None, Propagation | None]]:
        """(run, what was asked after its flip) one by one, of the runs that have any."""
        for run in self._having("aftermath", group):
            with self._file.reading() as connection:
                yield run, *retrieving.aftermath(connection, run)

    def sweeps(self, group: Group) -> Iterator[tuple[int, Swept]]:
        """(run, what it found) one by one: one map is held at a time."""
        for run in self._having("map", group):
            with self._file.reading() as connection:
                yield run, retrieving.swept(connection, run)

    def table(self) -> whole.Table:
        """`whole.COLUMNS` of every run, for other programs."""
        with self._file.reading() as connection:
            return whole.table(connection)

    def shared(self) -> tuple[Mapping[int, str], Mapping[int, str]]:
        """Number -> JSON of every classifier, and of every attack without its seed."""
        with self._file.reading() as connection:
            classifiers = retrieving.shared(connection, "classifier")
            return classifiers, retrieving.shared(connection, "attack")

    def tile_of(self, sha256: str) -> int | None:
        """The number of the tile with these pixels, if there is one."""
        with self._file.reading() as connection:
            return retrieving.tile_of(connection, sha256)

    def picture(self, tile: int) -> NDArray[np.uint8]:
        """(H, W, 3) of a tile."""
        with self._file.reading() as connection:
            return retrieving.picture(connection, tile)

    def count(self) -> int:
        """Runs that are kept, however they ended."""
        with self._file.reading() as connection:
            return retrieving.count(connection)

    def tiles(self) -> Mapping[int, str]:
        """Number of each tile -> its sha256."""
        with self._file.reading() as connection:
            return retrieving.tiles(connection)

    def runs_of(self, sha256: str) -> tuple[int, ...]:
        """Numbers of all runs on the tile with these pixels, oldest first."""
        with self._file.reading() as connection:
            return retrieving.runs_of(connection, sha256)

    def on_slides(self, wanted: Callable[[Card], bool]) -> placing.OnSlides:
        """Hash of slide -> what a tile covers, in level-0 px -> the result; a flip goes first.

        wanted: classifiers whose runs count.
        """
        with self._file.reading() as connection:
            return placing.on_slides(connection, wanted)

    def hashes(self, tiles: NDArray[np.int64]) -> tuple[str, ...]:
        """sha256 of each of these tiles, once and sorted, for the provenance of figures."""
        with self._file.reading() as connection:
            return retrieving.hashes(connection, tiles)

    def _having(self, table: str, group: Group) -> Sequence[int]:
        """Counted runs of a group with a row in that table."""
        with self._file.reading() as connection:
            have = [row[0] for row in connection.execute(f"SELECT run FROM {table}")]
        if not have:  # with 100,000 runs it takes seconds to count them
            return []
        counted = self.outcomes(group).run
        found: list[int] = counted[np.isin(counted, have)].tolist()
        return found


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

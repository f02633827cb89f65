"""Studies into other files: a copy as it is, another study merged in, a damaged one rescued."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from onepixel_gui.outbox import printable, try_out
from onepixel_gui.problems import NotWritten
from onepixel_gui.study.holding import hold
from onepixel_gui.study.keeping import Part
from onepixel_gui.study.layout import words
from onepixel_gui.study.trouble import UnusableStudy, told

if TYPE_CHECKING:
    from onepixel_gui.study.store import Addition, Campaigned, Study

T = TypeVar("T")

_AT_ONCE = 32  # runs in one transaction


@dataclass(frozen=True, slots=True)
class Merging:
    """How far the merging is: runs looked at, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Merged:
    """runs:  new ones.  same: they were there before.  lost: they cannot be read any more."""

    runs: int
    same: int
    lost: int


def copied(connection: sqlite3.Connection, path: Path) -> None:
    """A whole copy under that name, or none. Raises NotWritten, UnusableStudy, StudyHeld."""
    path = Path(os.path.realpath(path))
    try_out(path)
    right = hold(path, "a copy that is being saved")
    if right is None:
        raise NotWritten(
            f"{printable(path.name)} cannot be written because its folder does not allow it.",
            "Choose another folder.",
        )
    draft = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with told(path), contextlib.closing(sqlite3.connect(draft)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        _to_disk(draft)
        os.replace(draft, path)  # noqa: PTH105 - the one call that swaps in a single step
    except OSError as cause:
        raise NotWritten(
            f"{printable(path.name)} was not written because the disk reported an error.",
            "Check that the disk is connected and has room, then save again.",
            detail=repr(cause),
        ) from cause
    finally:
        for leftover in (draft, draft.with_name(draft.name + "-journal")):
            with contextlib.suppress(OSError):
                leftover.unlink()
        right.release()


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def merge(into: "Study", source: "Study") -> Generator[Merging, None, Merged]:
    """Everything of `source` that `into` does not hold yet; what cannot be read is left out.

    Campaigns with the same plan and the same tiles are one.  Raises UnusableStudy.
    """
    numbers, places = source.numbers(), _Places(into, source)
    runs: dict[int, int] = {}
    before, lost = max(into.numbers(), default=0), 0
    for start in range(0, len(numbers), _AT_ONCE):
        yield Merging(start, len(numbers))
        read: list[int] = []
        additions: list[Addition] = []
        for number in numbers[start : start + _AT_ONCE]:
            try:
                found = places.additions(number)
            except UnusableStudy:
                lost += 1
                continue
            additions += found
            read += [number] * len(found)
        runs |= dict(zip(read, into.add_all(additions, once=True), strict=True))
    yield Merging(len(numbers), len(numbers))
    lost += places.carry_rest(runs)
    new = {run for run in runs.values() if run > before}
    return Merged(len(new), len(runs) - len(new), lost)


class _Places:
    """Where in one study the runs of another belong."""

    def __init__(self, into: "Study", source: "Study") -> None:
        self._into, self._source, self._lost = into, source, 0
        self._campaigns: dict[int, int] = {}
        self._marks: dict[int, list[tuple[int, int, Part]]] = {}  # run -> campaign, task, part
        known = {self._told(into, each.number): each.number for each in into.campaigns()}
        for each in self._readable(source.campaigns):
            self._match(each, known)

    def _match(self, each: "Campaigned", known: dict[tuple[str, tuple[str, ...]], int]) -> None:
        try:
            told = self._told(self._source, each.number)
            marks = self._source.marks(each.number)
        except UnusableStudy:
            self._lost += 1
            return
        number = known.get(told)
        if number is None:
            number = self._into.begin(each.plan, told[1], begun=each.begun)
        self._campaigns[each.number] = number
        for run, task, part in marks:
            self._marks.setdefault(run, []).append((number, task, part))

    @staticmethod
    def _told(study: "Study", campaign: int) -> tuple[str, tuple[str, ...]]:
        plan = next(each.plan for each in study.campaigns() if each.number == campaign)
        return words(dict(plan)), study.tasks(campaign)

    def additions(self, number: int) -> "list[Addition]":
        """What a run of the source is in the other: once for each task it has done."""
        record, first = self._source.run(number), self._source.campaign_of(number)
        belongs = self._campaigns.get(first, -1)
        marks = sorted(self._marks.get(number, ()), key=lambda mark: mark[0] != belongs)
        return [(record, *mark) for mark in marks] or [(record, belongs, -1)]

    def carry_rest(self, runs: dict[int, int]) -> int:
        """Refusals, notes and what was kept; how much cannot be read any more."""
        into, source = self._into, self._source
        for theirs, ours in self._campaigns.items():
            for task, model, problem in self._readable(partial(source.refusals, theirs)):
                into.refuse(ours, task, problem, model)
        had = {(each.words, each.written) for each in into.remarks()}
        for each in self._readable(source.remarks):
            if (each.words, each.written) not in had:
                into.note(each.words, runs.get(each.run, -1), written=each.written)
        for key in set(self._readable(source.keys)) - set(into.keys()):
            for value in self._readable(partial(_alone, source.kept, key)):
                into.keep(key, value)
        return self._lost

    def _readable(self, read: Callable[[], Sequence[T]]) -> Sequence[T]:
        try:
            return read()
        except UnusableStudy:
            self._lost += 1
            return ()


def _alone(read: Callable[[str], Any], key: str) -> Sequence[Any]:
    return [read(key)]

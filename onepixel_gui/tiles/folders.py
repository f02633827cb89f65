"""What lies in folders, listed once and held small: names without paths, a million of them.

Nothing is read but the folders themselves.  A scan is a generator, so that it can be stopped.
"""

import heapq
import os
import re
import time
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import ClassVar, TypeVar, overload

from onepixel_gui.outbox import printable

DEEPEST = 16  # folders below the opened one; data sets are nested up to eight deep
T = TypeVar("T")

_PACE = 0.1  # seconds between two events
_RUN = 20_000  # names that are sorted at once; sorting holds up every other thread
_NUMBER = re.compile("[0-9]+")
_LITTER = frozenset(["__macosx", "$recycle.bin", "system volume information"])


@dataclass(frozen=True, slots=True)
class Looked:
    """So many files and folders were seen so far; `where` is what is looked at now."""

    droppable: ClassVar[bool] = True
    seen: int
    where: str


class Packed(Sequence[str]):
    """Many short texts in one long one: a tenth of the memory of a list of them."""

    __slots__ = ("_ends", "_whole")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        held = texts if isinstance(texts, list | tuple) else list(texts)
        self._whole = "".join(held)
        self._ends = array("q", accumulate(map(len, held)))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int, /) -> str: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice, /) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        return self._whole[self._ends[index - 1] if index else 0 : self._ends[index]]

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self._ends:
            yield self._whole[start:end]
            start = end


@dataclass(frozen=True, slots=True)
class Branch:
    """One folder.

    path:   as it was reached from the opened folder.
    below:  names of the folders between the opened one and it, itself last; () for the opened one.
    names:  its files in natural order, hidden ones left out.
    kinds:  the suffixes of its files in lower case, ".png"; "" for names without.
    """

    path: str
    below: tuple[str, ...]
    names: Packed
    kinds: frozenset[str]

    @classmethod
    def of(cls, path: str, below: tuple[str, ...], names: Sequence[str]) -> "Branch":
        return cls(path, below, Packed(names), frozenset(map(suffix_of, names)))


@dataclass(frozen=True, slots=True)
class Tree:
    """Folders below the opened ones: each before what it holds, in natural order.

    refused:  folders that could not be listed, as their paths.
    cut:      folders that were not entered because they lie too deep.
    """

    branches: tuple[Branch, ...]
    refused: tuple[str, ...] = ()
    cut: int = 0

    def __len__(self) -> int:
        """How many files."""
        return sum(len(branch.names) for branch in self.branches)


class Pace:
    """Says when another event is due."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def due(self) -> bool:
        now = time.monotonic()
        if now - self._last < _PACE:
            return False
        self._last = now
        return True


def scanning(folder: Path, deepest: int = DEEPEST) -> Generator[Looked, None, Tree]:
    """List a folder and what is below it, each folder once whatever links say.

    Raises OSError when `folder` itself cannot be listed; others that cannot are counted.
    """
    scan = _Scan(deepest)
    yield from scan.enter(str(folder), ())
    return Tree(tuple(scan.branches), tuple(scan.refused), scan.cut)


class _Scan:
    def __init__(self, deepest: int) -> None:
        self.branches: list[Branch] = []
        self.refused: list[str] = []
        self.cut = 0
        self._deepest = deepest
        self._seen = 0
        self._been: set[tuple[int, int]] = set()
        self._pace = Pace()

    def enter(self, opened: str, below: tuple[str, ...]) -> Generator[Looked]:
        """Raises OSError for the opened folder only."""
        pending = [(opened, below)]
        while pending:
            path, below = pending.pop()
            try:
                status = os.stat(path)  # noqa: PTH116 - a Path for each of a million is slow
                place = (status.st_dev, status.st_ino)
                if place in self._been:  # a link led back to where we have been
                    continue
                self._been.add(place)
                folders = yield from self._list(path, below)
            except OSError:
                if path == opened:
                    raise
                self.refused.append(path)
                continue
            if len(below) >= self._deepest:
                self.cut += len(folders)
                continue
            pending += [
                (os.path.join(path, name), (*below, name))  # noqa: PTH118
                for name in reversed(folders)
            ]

    def _list(self, path: str, below: tuple[str, ...]) -> Generator[Looked, None, list[str]]:
        files: list[str] = []
        folders: list[str] = []
        kinds: set[str] = set()
        where = printable(below[-1] if below else os.path.basename(path))  # noqa: PTH119
        with os.scandir(path) as entries:
            for entry in entries:
                self._seen += 1
                if self._pace.due():
                    yield Looked(self._seen, where)
                if entry.name.startswith(".") or entry.name.casefold() in _LITTER:
                    continue
                if _answers(entry.is_dir):
                    folders.append(entry.name)
                elif _answers(entry.is_file):
                    files.append(entry.name)
                    kinds.add(suffix_of(entry.name))
        names = yield from self._sorted(files, where)
        self.branches.append(Branch(path, below, Packed(names), frozenset(kinds)))
        return (yield from self._sorted(folders, where))

    def _sorted(self, names: list[str], where: str) -> Generator[Looked, None, list[str]]:
        """In natural order; long lists in runs that are merged, each step a short one."""
        if len(names) <= _RUN:
            return sorted(names, key=natural)
        runs: list[list[tuple[str, str]]] = []
        for start in range(0, len(names), _RUN):
            runs.append(sorted((natural(name), name) for name in names[start : start + _RUN]))
            if self._pace.due():
                yield Looked(self._seen, where)
        merged: list[str] = []
        for _, name in heapq.merge(*runs):
            merged.append(name)
            if not len(merged) % 1024 and self._pace.due():
                yield Looked(self._seen, where)
        return merged


def finished(work: Generator[object, None, T]) -> T:
    """What a generator returns, without a look at its events."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found


def suffix_of(name: str) -> str:
    """The end of a name from its last point, in lower case; "" where there is none."""
    return name[at:].lower() if (at := name.rfind(".")) >= 0 else ""


def natural(name: str) -> str:
    """Sorts names as people do, by the numbers in them."""
    # One string per name, numbers padded: with 100,000 files, lists as keys take a second longer.
    return _NUMBER.sub(lambda number: number[0].zfill(20), name.casefold()) + "\0" + name


def _answers(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a link to itself, or a disk that has gone
        return False

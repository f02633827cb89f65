"""Classifiers that were used before, and what has become of their files."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QObject, Signal

from onepixel_gui.problems import Problem
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.qt.preferences import RECENT, Memory, Recent
from onepixel_gui.qt.view import Arrival


@dataclass(frozen=True, slots=True)
class Missed:
    """Paths where no file is any more."""

    droppable: ClassVar[bool] = False
    paths: frozenset[str]


class Recents(QObject):
    """Remembers classifiers in use, and finds a lost one again by its hash."""

    changed = Signal(object, object)  # tuple of Recent, latest first; frozenset of missing paths
    healed = Signal(object)  # Recent: found again, elsewhere
    failed = Signal(object)  # Problem

    def __init__(self, memory: Memory, lanes: Lanes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory, self._lanes = memory, lanes
        self.entries, self.missing = memory.recent(), frozenset[str]()
        self._sought: tuple[Recent, Path] | None = None
        self._job: Job | None = None

    def note(self, path: Path, name: str, sha256: str) -> None:
        """This one is in use now. The same bytes elsewhere give way if their file is gone."""
        new = Recent.now(path, name, sha256)
        self._keep([new, *(old for old in self.entries if not self._given_way(old, new))])

    def look(self) -> None:
        """Look whether their files are still there: in the background, for a lost share waits."""
        self.close()
        entries = self.entries
        job = self._job = Job(lambda: _missed(entries))
        job.happened.connect(lambda event: self._looked(event) if job is self._job else None)
        self._lanes.add(job)

    def seek(self, lost: Recent, path: Path) -> None:
        """The reader says that this is the lost one: what arrives from there will tell."""
        self._sought = lost, path

    def hear(self, arrival: Arrival | None) -> None:
        """Compare what arrives with what is sought."""
        if self._sought is None or arrival is None:
            return
        (lost, path), inspection = self._sought, arrival.inspection
        if arrival.path != path:
            self._sought = None
        elif inspection is not None:
            self._sought = None
            self._compare(lost, path, inspection.card.sha256)

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _given_way(self, old: Recent, new: Recent) -> bool:
        same = old.sha256 == new.sha256 and old.path in self.missing
        return old.path == new.path or same

    def _compare(self, lost: Recent, path: Path, sha256: str) -> None:
        if sha256 != lost.sha256:
            was, now = lost.sha256[:12], sha256[:12]
            self.failed.emit(
                Problem(
                    f"{path.name} is not the {lost.name} that was used before: its hash begins "
                    f"with {now}, not {was}.",
                    "Look for another file, or use this one as a new classifier.",
                )
            )
            return
        found = replace(lost, path=str(path))
        others = [each for each in self.entries if each.path not in (lost.path, found.path)]
        self._keep([found, *others])
        self.healed.emit(found)

    def _keep(self, entries: Sequence[Recent]) -> None:
        self.entries = tuple(sorted(entries, key=lambda each: -each.used)[:RECENT])
        self.missing = self.missing & {each.path for each in self.entries}
        self._memory.keep_recent(self.entries)
        self.changed.emit(self.entries, self.missing)

    def _looked(self, event: Missed) -> None:
        self._job, self.missing = None, event.paths
        self.changed.emit(self.entries, self.missing)


def _missed(entries: Sequence[Recent]) -> Generator[Missed]:
    yield Missed(frozenset(each.path for each in entries if not _is_there(Path(each.path))))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

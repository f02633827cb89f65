"""What was used before, classifiers, studies, slides, data sets, and what has become of it."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from PySide6.QtCore import QObject, Signal

from onepixel_gui.problems import Problem
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.preferences import RECENT, Kind, Memory, Opened, Recent, Remembered
from onepixel_gui.qt.view import Arrival

_Entry = TypeVar("_Entry", bound=Remembered)


@dataclass(frozen=True, slots=True)
class Missed:
    """Paths where nothing lies any more."""

    droppable: ClassVar[bool] = False
    paths: frozenset[str]


class Recollection(QObject, Generic[_Entry]):
    """A list of what was used, the latest first, and which of it is not where it was."""

    changed = Signal(object, object)  # tuple of entries, latest first; frozenset of missing paths
    healed = Signal(object)  # entry: found again, elsewhere
    failed = Signal(object)  # Problem

    def __init__(
        self,
        entries: tuple[_Entry, ...],
        keep: Callable[[tuple[_Entry, ...]], None],
        lanes: Lanes | Detached,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._write, self._lanes = keep, lanes
        self.entries, self.missing = entries, frozenset[str]()
        self._sought: tuple[_Entry, Path] | None = None
        self._agenda = Agenda(self.failed.emit)

    def look(self) -> None:
        """Look whether they are still there: in the background, for a lost share waits."""
        work = partial(_missed, [each.path for each in self.entries])
        self._agenda.begin("looking", work, self._looked, self._lanes)

    def seek(self, lost: _Entry, path: Path) -> None:
        """The reader says that this is the lost one: what is opened from there will tell."""
        self._sought = lost, path

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self._agenda.end_all()

    def _keep(self, entries: Iterable[_Entry]) -> None:
        self.entries = tuple(sorted(entries, key=lambda each: -each.used)[:RECENT])
        self.missing = self.missing & {each.path for each in self.entries}
        self._write(self.entries)
        self.changed.emit(self.entries, self.missing)

    def _looked(self, event: Missed) -> None:
        self.missing = event.paths
        self.changed.emit(self.entries, self.missing)


class Recents(Recollection[Recent]):
    """Remembers classifiers in use, and finds a lost one again by its hash."""

    def __init__(
        self, memory: Memory, lanes: Lanes | Detached, parent: QObject | None = None
    ) -> None:
        super().__init__(memory.recent(), memory.keep_recent, lanes, parent)

    def note(self, path: Path, name: str, sha256: str) -> None:
        """This one is in use now. The same bytes elsewhere give way if their file is gone."""
        new = Recent.now(path, name, sha256)
        self._keep([new, *(old for old in self.entries if not self._given_way(old, new))])

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


class RecentlyOpened(Recollection[Opened]):
    """Remembers slides and data sets, and where a lost one was found again."""

    def __init__(self, memory: Memory, lanes: Detached, parent: QObject | None = None) -> None:
        super().__init__(memory.opened(), memory.keep_opened, lanes, parent)

    def note(self, path: Path, name: str, kind: Kind, title: str, mark: str) -> None:
        """This one is open now. What was sought there gives way to it, if it is the same.

        mark: of a slide its hash, of a data set its kind.
        """
        new = Opened.now(path, name, kind, title, mark)
        gone = {new.path}
        lost = self._lost(path)
        if lost is not None and (lost.kind, lost.mark) == (kind, mark):
            gone.add(lost.path)
        self._keep([new, *(old for old in self.entries if old.path not in gone)])
        if lost is not None and lost.path in gone:
            self.healed.emit(new)
        elif lost is not None:
            what = f"{name} is not the {lost.name} that was opened before."
            self.failed.emit(Problem(what, "Look for it elsewhere, or go on with this one."))

    def _lost(self, path: Path) -> Opened | None:
        """What is sought at this path; whatever is opened, it is sought no longer."""
        sought, self._sought = self._sought, None
        return sought[0] if sought is not None and sought[1] == path else None


class RecentStudies(Recollection[Opened]):
    """Remembers studies that hold something, and where a lost one was found again."""

    def __init__(
        self, memory: Memory, lanes: Lanes | Detached, parent: QObject | None = None
    ) -> None:
        super().__init__(memory.studies(), memory.keep_studies, lanes, parent)

    def note(self, path: Path, title: str) -> None:
        """This one is open. title: what it holds, in a few words."""
        new, gone = Opened.now(path, path.stem, "study", title, ""), {str(path)}
        sought, self._sought = self._sought, None
        if sought is not None and sought[1] == path:
            gone.add(sought[0].path)
        self._keep([new, *(old for old in self.entries if old.path not in gone)])
        if len(gone) > 1:
            self.healed.emit(new)

    def drop(self, path: Path) -> None:
        """It is no longer there."""
        self._keep([old for old in self.entries if old.path != str(path)])


def _missed(paths: Sequence[str]) -> Generator[Missed]:
    yield Missed(frozenset(path for path in paths if not is_there(Path(path))))


def is_there(path: Path) -> bool:
    """Whether something lies there; a failure is taken for a no. May wait for a drive."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False

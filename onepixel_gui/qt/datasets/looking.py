"""One look at dropped paths in the background, given up at once however long the drive hangs."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QObject, QTimer, Signal

from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem, UnusableDataset
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job
from onepixel_gui.qt.recent import is_there
from onepixel_gui.tiles.datasets import Dataset, Looked, Sampling

# Stands where `tiles.datasets.looking` does: paths, sampling, instead=.
Looking = Callable[..., Generator[Looked, None, Dataset]]

_SILENCE = 5_000  # ms without a word before the drive is called slow


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing was heard for a while."""


@dataclass(frozen=True, slots=True)
class Found:
    droppable: ClassVar[bool] = False
    dataset: Dataset


@dataclass(frozen=True, slots=True)
class Refused:
    """gone: nothing lies at the paths any more."""

    droppable: ClassVar[bool] = False
    problem: Problem
    gone: bool = False


class Lookout(QObject):
    """At most one look goes on. What an earlier one still says is dropped by identity."""

    told = Signal(object)  # Looked, Silent, and in the end Found or Refused

    def __init__(self, look: Looking, lanes: Detached, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look, self._lanes = look, lanes
        self._job: Job | None = None
        self.silence = QTimer(self)  # runs out when nothing is heard
        self.silence.setSingleShot(True)
        self.silence.setInterval(_SILENCE)
        self.silence.timeout.connect(lambda: self.told.emit(Silent()))

    def begin(self, paths: tuple[Path, ...], sampling: Sampling, instead: Path | None) -> None:
        """Look at these from now on, and at nothing else."""
        self.stop()
        job = self._job = Job(partial(_looked, self._look, paths, sampling, instead))
        job.happened.connect(lambda event: self._heard(job, event))
        job.failed.connect(lambda problem: self._heard(job, Refused(problem)))
        self.silence.start()
        self._lanes.add(job)

    def stop(self) -> None:
        """Give it up; its thread ends when its drive lets it."""
        self.silence.stop()
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _heard(self, job: Job, event: Looked | Found | Refused) -> None:
        if job is not self._job:
            return
        if isinstance(event, Looked):
            self.silence.start()
        else:
            self.stop()
        self.told.emit(event)


def _looked(
    look: Looking, paths: tuple[Path, ...], sampling: Sampling, instead: Path | None
) -> Generator[Looked | Found | Refused]:
    try:
        if not any(is_there(path) for path in paths):
            raise _gone(paths)
        dataset = yield from look(paths, sampling, instead=instead)
        _ = dataset.cases, dataset.marked  # counted here, where it holds up nobody
        yield Found(dataset)
    except Problem as problem:
        problem.__traceback__ = problem.__cause__ = problem.__context__ = None
        yield Refused(problem, gone=not any(is_there(path) for path in paths))


def _gone(paths: tuple[Path, ...]) -> UnusableDataset:
    name = printable(paths[0].name or str(paths[0]))
    what = (
        f"{name} is not there any more." if len(paths) == 1 else "None of these is there any more."
    )
    return UnusableDataset(what, "Locate it, or connect the drive that it is on.")

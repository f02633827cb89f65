"""Runs of the bench become records of the study, in the background and in order."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QTimer, Signal

from onepixel_gui.problems import Problem
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.qt.runs import Run
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import SUFFIX, Study

_AGAIN = 15_000  # ms after which what could not be written is tried again


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A run that is over, and the command line that repeats it."""

    run: Run
    command: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """numbers: of the runs in the study, in the order they were handed over."""

    droppable: ClassVar[bool] = False
    numbers: tuple[int, ...]


class Recorder(QObject):
    """Writes what it is handed, or keeps it until it can be written.

    What a full disk or a lost drive refuses waits, and is tried again with the next run, every
    quarter of a minute, and when another study is open.
    """

    recorded = Signal(int, object)  # number of the run, Run
    waiting_changed = Signal(int)  # runs that are not written yet although it was tried
    failed = Signal(object)  # Problem, once for each row of failures

    def __init__(self, lanes: Lanes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes = lanes
        self._study: Study | None = None
        self._waiting: list[Outcome] = []
        self._writing: Job | None = None
        self._failing = False
        self._done: set[Outcome] = set()  # in a file, although that was not heard of yet
        self._again = QTimer(self)
        self._again.setInterval(_AGAIN)
        self._again.timeout.connect(self.write)

    @property
    def waiting(self) -> int:
        """Runs that are not in the study yet."""
        return len(self._waiting)

    @property
    def failing(self) -> bool:
        """The last attempt to write was refused."""
        return self._failing

    def set_study(self, study: Study | None) -> None:
        """Where to write from now on; what waits goes there."""
        self._study = study
        self.write()

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)
        self.write()

    def write(self) -> None:
        """Try to write all that waits."""
        study = self._study
        if self._writing is not None or not self._waiting or study is None or not study.writable:
            return
        batch = tuple(self._waiting)
        job = self._writing = Job(lambda: _written(study, batch, self._done), promised=True)
        job.happened.connect(lambda event: self._wrote(batch, event))
        job.failed.connect(self._refused)
        job.finished.connect(self._over)
        self._lanes.add(job)

    def close(self) -> None:
        self._again.stop()

    def rescue(self, folder: Path) -> Path | None:
        """At the very end: write what could not be written into a study of its own; its file.

        None: there is nothing to rescue.  Its lane is closed by now, so that nothing else writes.
        Raises Problem.
        """
        left = [outcome for outcome in self._waiting if outcome not in self._done]
        if not left:
            return None
        path = folder / f"Rescued {datetime.now().astimezone():%Y-%m-%d %H.%M.%S}{SUFFIX}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as refused:
            what, detail = f"{len(left)} runs are lost.", repr(refused)
            raise Problem(what, "Free some space.", detail=detail) from refused
        study = Study.open(path, make=True, doing="a window that closes")
        try:
            study.add_all([(record_of(outcome), -1, -1) for outcome in left])
        finally:
            study.close()
        return path

    def _wrote(self, batch: Sequence[Outcome], event: Wrote) -> None:
        del self._waiting[: len(batch)]
        self._done.difference_update(batch)
        self._set_failing(False)
        for outcome, number in zip(batch, event.numbers, strict=True):
            self.recorded.emit(number, outcome.run)

    def _refused(self, problem: Problem) -> None:
        if not self._failing:
            self.failed.emit(problem)
        self._set_failing(True)

    def _set_failing(self, failing: bool) -> None:
        before, self._failing = self._failing, failing
        (self._again.start if failing else self._again.stop)()
        if before or failing:
            self.waiting_changed.emit(self.waiting if failing else 0)

    def _over(self) -> None:
        self._writing = None
        if not self._failing:
            self.write()  # what was handed over meanwhile


def _written(study: Study, outcomes: Sequence[Outcome], done: set[Outcome]) -> Generator[Wrote]:
    records = [(record_of(outcome), -1, -1) for outcome in outcomes]
    numbers = tuple(study.add_all(records))
    done.update(outcomes)
    yield Wrote(numbers)


def record_of(outcome: Outcome) -> Record:
    """For a worker: a classifier is asked for its strides the first time."""
    from onepixel_gui.study.attacking import software  # with its imports, when it is needed

    run = outcome.run
    return Record(
        tile=run.tile,
        card=run.classifier.card,
        serving=run.classifier.serving,
        attack=run.attack,
        question=run.question,
        result=run.result,
        trail=run.trail,
        software=software(),
        begun=run.begun,
        command=outcome.command,
        strides=_strides(run),
    )


_STRIDES: "WeakKeyDictionary[object, tuple[int, ...]]" = WeakKeyDictionary()


def _strides(run: Run) -> tuple[int, ...]:
    from onepixel_gui.classifier.propagation import strides

    known = _STRIDES.get(run.classifier)
    if known is None:
        known = _STRIDES[run.classifier] = strides(run.classifier)
    return known

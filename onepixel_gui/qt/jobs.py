"""Work off the main thread: any generator of events becomes signals."""

import gc
import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from threading import Event as Flag
from threading import Lock
from typing import Any

from PySide6.QtCore import SIGNAL, QObject, QThreadPool, QTimer, Signal

from onepixel_gui.problems import Problem, Unexpected

Work = Callable[[], Generator[Any]]

_log = logging.getLogger(__name__)

_SIGNALS = {
    "happened": SIGNAL("happened(PyObject)"),
    "failed": SIGNAL("failed(PyObject)"),
    "finished": SIGNAL("finished()"),
}
_FRAME = 1 / 30  # seconds: no droppable event is told more often
_STUCK = 1000  # ms that others wait for a stopped job before it is left behind
_LEFT_BEHIND = 4  # threads of a lane that may hang in a drive before others wait for them
_SOON = 3000  # ms that a closing lane waits for what nobody counts on


class Job(QObject):
    """Runs one generator. Lives in the main thread; only `run` does not.

    To stop is to ask no more: the generator's own `finally` runs at its next event.  What it still
    says after `stop` is not told, apart from `finished`.
    """

    happened = Signal(object)  # an event; droppable ones at most 30 times a second
    failed = Signal(object)  # a Problem, never a bare exception
    finished = Signal()  # always, once, and last

    def __init__(self, work: Work, *, promised: bool = False) -> None:
        """promised: the reader counts on the result, so that a closing lane waits for it."""
        super().__init__()
        self.promised = promised
        self._work: Work | None = work
        self._stop = Flag()
        self._turn = Lock()  # taken by the one thread that runs it

    def stop(self) -> None:
        """From any thread, any number of times."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    @property
    def begun(self) -> bool:
        """A thread has taken it up."""
        return self._turn.locked()

    def run(self) -> None:
        """The worker's side. What was stopped while it waited is never started."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            if self._work is not None and not self._stop.is_set():
                with closing(self._work()) as events:
                    self._tell(events)
        except Problem as problem:
            self._fail(problem)
        except Exception as bug:  # noqa: BLE001 - the one outermost edge: RuntimeError is torch's word for a full card
            trail = traceback.format_exc()
            _log.error("a job broke:\n%s", trail)
            self._fail(Unexpected(bug, detail=trail))
        finally:
            self._work = None  # lets go of the probe, and with it of the card's memory
            self.finished.emit()

    def _tell(self, events: Generator[Any]) -> None:
        last = 0.0
        while not self._stop.is_set():
            event = next(events, None)
            if event is None or self._stop.is_set():
                return
            now = time.monotonic()
            if not getattr(event, "droppable", False) or now - last > _FRAME:
                last = now
                self.happened.emit(event)

    def let_go(self) -> None:
        """It has finished: its slots hold it, and without this it would never go."""
        # A signal without slots would warn at that, and QMetaMethod.fromSignal, which could tell,
        # keeps a hold on the job itself.
        for signal, text in _SIGNALS.items():
            if self.receivers(text):
                getattr(self, signal).disconnect()

    def _fail(self, problem: Problem) -> None:
        # Shown for as long as the reader likes; its frames would keep the probe alive as long.
        problem.__traceback__ = problem.__cause__ = problem.__context__ = None
        if not self._stop.is_set():
            self.failed.emit(problem)


class Lanes:
    """At most `width` jobs at once; others wait in order. Its threads are QThreads of a pool.

    A job that was stopped and hangs in a stalled drive is left behind with its thread, so that the
    others go on.
    """

    def __init__(self, width: int) -> None:
        self._width, self._pool = width, _pool(width)
        self._left: list[QThreadPool] = []  # with jobs that hang
        self._stuck: frozenset[Job] = frozenset()  # stopped before the last look, and running yet
        self._passed: frozenset[Job] = frozenset()  # those in the pools that were left
        self._closed = False
        self._jobs: dict[Job, None] = {}  # in order
        # The pool drops its hold on a job a moment after `finished`. Were that the last hold, the
        # QObject would die in the worker thread: so the newest few are kept a little longer.
        self._spent: deque[Job] = deque(maxlen=width + 2)
        self._watch = QTimer(interval=_STUCK)
        self._watch.timeout.connect(self._look)

    def add(self, job: Job) -> None:
        """Queue a job; it is held here until it has finished. Connect to it before."""
        self._jobs[job] = None  # a job nobody holds would be collected while it runs
        job.finished.connect(lambda: self._retire(job))
        if self._closed:
            job.stop()
            job.run()  # only tells that it finished
            return
        self._pool.start(job.run)
        if self.busy > self._width and not self._watch.isActive():
            self._watch.start()

    def _retire(self, job: Job) -> None:
        self._jobs.pop(job, None)
        self._passed -= {job}
        self._spent.append(job)
        job.let_go()

    def _look(self) -> None:
        """Do jobs wait for some that were stopped, and have been since the last look?"""
        waiting = [job for job in self._jobs if not job.begun]
        if waiting:
            self._pass_by(waiting)
        else:
            self._watch.stop()

    @staticmethod
    def _stopped(jobs: Iterable[Job]) -> frozenset[Job]:
        return frozenset(job for job in jobs if job.begun and job.stopped)

    def _pass_by(self, waiting: list[Job]) -> None:
        """Give those that wait new threads, if all that run were stopped long ago."""
        here = [job for job in self._jobs if job.begun and job not in self._passed]
        before, self._stuck = self._stuck, self._stopped(here)
        self._left = _hanging(self._left)
        hangs = bool(here) and before.issuperset(here)
        if not hangs or len(self._left) >= _LEFT_BEHIND:
            return
        self._passed |= before
        self._pool.clear()
        self._left.append(self._pool)
        self._pool = _pool(self._width)
        for job in waiting:  # one that began meanwhile does not begin again
            self._pool.start(job.run)

    @property
    def busy(self) -> int:
        """Jobs queued or running, those included that hang."""
        return len(self._jobs)

    def close(self, patience_ms: int = 5000) -> bool:
        """Stop everything but what was promised, and wait; False when that took too long.

        What is added later ends at once, unstarted.
        """
        self._closed = True
        self._watch.stop()
        for job in self._jobs:
            if not job.promised:
                job.stop()
        promised = any(job.promised for job in self._jobs)
        patience_ms = patience_ms if promised else min(patience_ms, _SOON)
        done = self._pool.waitForDone(min(patience_ms, _STUCK))
        waiting = [job for job in self._jobs if not job.begun]
        if not done and waiting:
            self._stuck = self._stopped(self._jobs)
            self._pass_by(waiting)
        done = done or self._pool.waitForDone(patience_ms)
        _HUNG[:] = _hanging([*_HUNG, *self._left, self._pool])
        return done and not _hanging(self._left)


_HUNG: list[QThreadPool] = []  # of lanes that are closed: Qt would wait for them for ever


def _hanging(pools: Iterable[QThreadPool]) -> list[QThreadPool]:
    return [pool for pool in pools if pool.activeThreadCount()]


def _pool(width: int) -> QThreadPool:
    pool = QThreadPool()
    pool.setMaxThreadCount(width)
    pool.setExpiryTimeout(-1)  # a torch thread is costly to warm up: keep it
    return pool


class Sweeper(QObject):
    """Collects reference cycles from the main thread only.

    Python's collector runs in whichever thread allocates next; in a worker it could destroy a
    widget there, which crashes Qt.  Until `close`, automatic collection is off.

    busy:  while it says so only the youngest objects are looked through; all of torch's take
    0.14 s, in which the window would stand still.
    """

    def __init__(
        self,
        parent: QObject | None = None,
        every_ms: int = 500,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(parent)
        self._turn, self._busy = 0, busy
        self._automatic = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._collect)
        self._timer.start(every_ms)

    def _collect(self) -> None:
        self._turn += 1
        generation = 2 if self._turn % 60 == 0 else 1 if self._turn % 8 == 0 else 0
        gc.collect(0 if self._busy() else generation)

    def close(self) -> None:
        self._timer.stop()
        if self._automatic:
            gc.enable()

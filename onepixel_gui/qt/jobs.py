"""Work off the main thread: any generator of events becomes signals."""

import gc
import logging
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Event as Flag
from typing import Any

from PySide6.QtCore import SIGNAL, QObject, QPoint, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QCursor, QGuiApplication

from onepixel_gui.problems import Problem, Unexpected

Work = Callable[[], Generator[Any]]  # None among its events: nothing to tell, but it can be ended

_log = logging.getLogger(__name__)

_SIGNALS = {
    "happened": SIGNAL("happened(PyObject)"),
    "failed": SIGNAL("failed(PyObject)"),
    "finished": SIGNAL("finished()"),
}
_OVER = object()
_FRAME = 1 / 30  # seconds: no droppable event is told more often
_SOON = 3000  # ms that a closing lane waits for what nobody counts on
_LISTENS = 0.02  # seconds: so soon is a stop heard by what gives way
_MANY = 50  # modules that were imported since are worth setting aside
_REST = 20  # turns without a movement of the pointer


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

    def stop(self) -> None:
        """From any thread, any number of times."""
        self._stop.set()

    def run(self) -> None:
        """The worker's side. What was stopped while it waited is never started."""
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
            event = next(events, _OVER)
            for sweeper in _SWEEPING:  # imports come first: what is built of them comes later
                sweeper.set_aside()
            if event is _OVER or self._stop.is_set():
                return
            if event is None:
                continue
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
    """At most `width` jobs at once; others wait in order. Its threads are QThreads of a pool."""

    def __init__(self, width: int) -> None:
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(width)
        self._pool.setExpiryTimeout(-1)  # a torch thread is costly to warm up: keep it
        self._closed = False
        self._jobs: set[Job] = set()
        # The pool drops its hold on a job a moment after `finished`. Were that the last hold, the
        # QObject would die in the worker thread: so the newest few are kept a little longer.
        self._spent: deque[Job] = deque(maxlen=width + 2)

    def add(self, job: Job) -> None:
        """Queue a job; it is held here until it has finished. Connect to it before."""
        self._jobs.add(job)  # a job nobody holds would be collected while it runs
        job.finished.connect(lambda: self._retire(job))
        if self._closed:
            job.stop()
            job.run()  # only tells that it finished
        else:
            self._pool.start(job.run)

    def _retire(self, job: Job) -> None:
        self._jobs.discard(job)
        self._spent.append(job)
        job.let_go()

    @property
    def busy(self) -> int:
        """Jobs queued or running, those included that hang."""
        return len(self._jobs)

    def close(self, patience_ms: int = 5000) -> bool:
        """Stop everything but what was promised, and wait; False when that took too long.

        What is added later ends at once, unstarted.  Without a promise it waits a moment only: a
        read from a stalled drive may never end.
        """
        self._closed = True
        for job in self._jobs:
            if not job.promised:
                job.stop()
        promised = any(job.promised for job in self._jobs)
        done = self._pool.waitForDone(patience_ms if promised else min(patience_ms, _SOON))
        if not done:
            _HUNG.append(self._pool)
        return done


class Precedence:
    """A short question goes first: a long run gives way to it between two events.

    Both share one processor.  Beside a run at full speed an answer takes three times as long.
    """

    def __init__(self, patience: float = 0.25) -> None:
        """patience: seconds that the run waits at once; it goes on, if slower, while one question
        follows the other.
        """
        self._patience = patience
        self._clear = Flag()
        self._clear.set()

    def first(self, events: Generator[Any]) -> Generator[Any]:
        """The same events; one at a time."""
        self._clear.clear()
        try:
            yield from events
        finally:
            self._clear.set()

    def second(self, events: Generator[Any]) -> Generator[Any]:
        """The same events, each asked for when nothing goes first."""
        with closing(events):
            for event in events:
                yield event
                until = time.monotonic() + self._patience
                while not self._clear.wait(_LISTENS) and time.monotonic() < until:
                    yield None


_HUNG: list[QThreadPool] = []  # of lanes that are closed: Qt would wait for them for ever


class Sweeper(QObject):
    """Collects reference cycles from the main thread only.

    Python's collector runs in whichever thread allocates next; in a worker it could destroy a
    widget there, which crashes Qt.  Until `close`, automatic collection is off.

    What modules are made of lives for ever, and is set aside when they have been imported: torch
    and the like are half a million objects, which took 0.25 s to look through, and the window
    stood still as long.  Nothing is set aside where somebody else did so before.

    busy:  while it says so only the youngest objects are looked through.
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
        self._modules = 0
        self._used = self._stale = False
        self._pointer, self._still = QPoint(), 0
        self._sets_aside = gc.get_freeze_count() == 0
        if self._sets_aside:
            _SWEEPING.append(self)
        self.set_aside()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._collect)
        self._timer.start(every_ms)

    def set_aside(self) -> None:
        """From any thread: all that lives now, if many modules are among it."""
        modules = len(sys.modules)
        if self._sets_aside and modules - self._modules >= _MANY:
            self._modules = modules
            gc.freeze()  # moves lists about; looks at nothing and destroys nothing

    def renew(self) -> None:
        """Something large is in use; what was in use before may have been set aside together with
        modules.  To let go of it all is looked through once, at rest: it takes as long as ever.
        """
        self._stale, self._used = self._stale or (self._used and self._sets_aside), True

    def _collect(self) -> None:
        self._turn += 1
        self.set_aside()
        generation = 2 if self._turn % 60 == 0 else 1 if self._turn % 8 == 0 else 0
        busy, at_rest = self._busy(), self._at_rest()
        if self._stale and at_rest and not busy:
            self._stale = False
            gc.unfreeze()
            gc.collect(2)
            gc.freeze()
        else:
            gc.collect(0 if busy else generation)

    def _at_rest(self) -> bool:
        """Another program is in front, or the pointer has not moved for a while."""
        before, self._pointer = self._pointer, QCursor.pos()
        self._still = self._still + 1 if self._pointer == before else 0
        active = Qt.ApplicationState.ApplicationActive
        return self._still >= _REST or QGuiApplication.applicationState() != active

    def close(self) -> None:
        self._timer.stop()
        if self._sets_aside:
            self._sets_aside = False
            _SWEEPING.remove(self)
            gc.unfreeze()
        if self._automatic:
            gc.enable()


_SWEEPING: list[Sweeper] = []  # the one that sets aside what modules are made of

"""Work that may hang for as long as a drive stalls: on threads that nobody has to wait for."""

import time
from threading import Thread

from onepixel_gui.qt.jobs import Job


class Detached:
    """As `Lanes`, but each job has a thread of its own: none waits for another.

    A thread that hangs in a read is left behind.  Qt waits for the threads of its pools when the
    program ends; Python does not wait for these.
    """

    def __init__(self) -> None:
        self._threads: dict[Job, Thread] = {}
        self._closed = False
        # A thread drops its hold on a job a moment after `finished`.  Were that the last hold, the
        # QObject would die there: so it is kept until its thread has ended.
        self._spent: list[tuple[Job, Thread]] = []

    def add(self, job: Job) -> None:
        """Start a job; it is held here until it has finished. Connect to it before."""
        thread = self._threads[job] = Thread(target=job.run, name="detached", daemon=True)
        job.finished.connect(lambda: self._retire(job))
        if self._closed:
            job.stop()
            job.run()  # only tells that it finished
        else:
            thread.start()

    def _retire(self, job: Job) -> None:
        thread = self._threads.pop(job)
        self._spent = [each for each in self._spent if each[1].is_alive()]
        self._spent.append((job, thread))
        job.let_go()

    @property
    def busy(self) -> int:
        """Jobs running, those included that were stopped and hang."""
        return len(self._threads)

    def close(self, patience_ms: int = 500) -> bool:
        """Stop everything; False when something hangs, which is left behind."""
        self._closed = True
        for job in self._threads:
            job.stop()
        end = time.monotonic() + patience_ms / 1000
        started = [thread for thread in self._threads.values() if thread.ident is not None]
        for thread in started:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in started)

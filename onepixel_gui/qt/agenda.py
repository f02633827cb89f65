"""What is under way, by what it is for: the new takes the place of the old, and the old is mute."""

from collections.abc import Callable
from typing import Any

from onepixel_gui.problems import Problem
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job, Lanes, Work


class Agenda:
    """At most one job for each purpose.

    Events of what was ended or replaced are nobody's business any more and are dropped by identity.
    """

    def __init__(self, failed: Callable[[Problem], None]) -> None:
        """failed: hears of every job that broke and was still wanted."""
        self._failed = failed
        self._jobs: dict[str, Job] = {}

    def begin(
        self,
        purpose: str,
        work: Work,
        heard: Callable[[Any], None],
        lanes: Lanes | Detached,
        *,
        done: Callable[[], None] | None = None,
        failed: Callable[[Problem], None] | None = None,
        promised: bool = False,
    ) -> None:
        """heard: each event.  done: after the last, or after a failure.  failed: in place of
        whoever hears of failures.  promised: a closing lane waits for it.
        """
        self.end(purpose)
        job = self._jobs[purpose] = Job(work, promised=promised)
        tell = failed or self._failed

        def current() -> bool:
            return self._jobs.get(purpose) is job

        def finished() -> None:
            if current():
                del self._jobs[purpose]
                if done is not None:
                    done()

        job.happened.connect(lambda event: heard(event) if current() else None)
        job.failed.connect(lambda problem: tell(problem) if current() else None)
        job.finished.connect(finished)
        lanes.add(job)

    def holds(self, purpose: str) -> bool:
        """Something is under way for it."""
        return purpose in self._jobs

    def end(self, purpose: str) -> None:
        """From now on nothing of it is told."""
        job = self._jobs.pop(purpose, None)
        if job is not None:
            job.stop()

    def end_all(self) -> None:
        """But for what was promised."""
        for purpose in [purpose for purpose, job in self._jobs.items() if not job.promised]:
            self.end(purpose)

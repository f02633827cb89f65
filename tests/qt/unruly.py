"""Makes workers late at random, so that a test which counts on the order of threads fails.

    UNRULY=7 pytest -p tests.qt.unruly -m "not alone and not slow" tests/qt

UNRULY is the seed, UNRULY_MOST how long a worker sleeps at most before it begins, between a few of
its events, and before it ends, in seconds.  Tests that judge seconds, or count thousands of events
within some, are not made for it.
"""

import os
import random
import time
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from onepixel_gui.qt.jobs import Job, Work

_SEED, _MOST = os.environ.get("UNRULY", "0"), float(os.environ.get("UNRULY_MOST", "0.4"))
_OFTEN, _SELDOM = 0.4, 0.2  # shares of jobs, and of events, that are late
_EVENTS = 4  # late events of a job at most: a search has thousands


@pytest.fixture(autouse=True)
def _workers_are_late(request: pytest.FixtureRequest) -> Iterator[None]:
    chance, run = random.Random(f"{_SEED} {request.node.nodeid}"), Job.run

    def doze(share: float) -> bool:
        late = chance.random() < share
        if late:
            time.sleep(chance.random() * _MOST)
        return late

    def slowed(work: Work) -> Work:
        def events() -> Generator[Any]:
            left, told = _EVENTS, work()
            try:
                for event in told:
                    left -= doze(_SELDOM if left else 0)
                    yield event
                doze(_OFTEN)
            finally:
                told.close()

        return events

    def late(job: Job) -> None:
        doze(_OFTEN)
        if job._work is not None:
            job._work = slowed(job._work)
        run(job)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Job, "run", late)
        yield

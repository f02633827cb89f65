"""A job that is run to its end."""

import pytest

from onepixel_gui.qt.jobs import Job
from tests.qt.jobs.works import listen


@pytest.fixture
def run(qtbot, make_lanes):
    """Run a generator to its end and give back what it told."""

    def go(work):
        lanes, job = make_lanes(1), Job(work)
        heard = listen(job)
        lanes.add(job)
        qtbot.waitUntil(lambda: lanes.busy == 0)
        return heard

    return go

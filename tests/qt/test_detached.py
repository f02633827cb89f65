"""Work that may hang: it is waited for by nobody, and what ends is let go of in the main thread."""

import gc
import subprocess
import sys
import weakref
from dataclasses import dataclass
from threading import Event as Gate

import pytest

from onepixel_gui.problems import Problem, Unexpected
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job


@dataclass(frozen=True)
class Word:
    text: str


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.set()


@pytest.fixture
def lanes(qtbot, qapp, gate):
    del qapp
    made = Detached()
    yield made
    gate.set()
    qtbot.waitUntil(lambda: made.busy == 0)


def hanging(gate: Gate, hangs: Gate | None = None):
    """hangs: is set when it does; who stops it before then is heard before it hangs."""

    def work():
        yield Word("begun")
        if hangs is not None:
            hangs.set()
        gate.wait(20)
        yield Word("late")

    return work


def speaking(*words: str):
    def work():
        yield from map(Word, words)

    return work


def test_a_job_that_hangs_holds_up_no_other(qtbot, lanes, gate):
    hung, other = Job(hanging(gate)), Job(speaking("one", "two"))
    with qtbot.waitSignal(hung.happened):
        lanes.add(hung)
    told = []
    other.happened.connect(told.append)
    with qtbot.waitSignal(other.finished):
        lanes.add(other)
    assert told == [Word("one"), Word("two")]


def test_what_is_stopped_while_it_hangs_says_nothing_more_but_that_it_finished(qtbot, lanes, gate):
    job, told = Job(hanging(gate)), []
    job.happened.connect(told.append)
    with qtbot.waitSignal(job.happened):
        lanes.add(job)
    with qtbot.waitSignal(job.finished):  # it may also be heard before it hangs
        job.stop()
        gate.set()
    assert told == [Word("begun")]


@pytest.mark.parametrize("kind", [RuntimeError, Problem])
def test_what_breaks_is_a_problem_in_the_main_thread(qtbot, lanes, kind):
    def work():
        raise kind("no", "Try again.")
        yield

    job = Job(work)
    with qtbot.waitSignal(job.failed) as failed:
        lanes.add(job)
    assert isinstance(failed.args[0], Unexpected if kind is RuntimeError else Problem)


def test_closing_waits_for_what_ends_and_leaves_behind_what_hangs(qtbot, lanes, gate):
    hangs = Gate()
    lanes.add(Job(hanging(gate, hangs)))
    qtbot.waitUntil(hangs.is_set)
    assert lanes.close(patience_ms=10) is False
    gate.set()
    assert lanes.close(patience_ms=5000) is True


def test_what_is_added_after_closing_is_not_begun(qtbot):
    lanes, begun = Detached(), []
    lanes.close()

    def work():
        begun.append(True)
        yield Word("begun")

    job = Job(work)
    with qtbot.waitSignal(job.finished):
        lanes.add(job)
    assert not begun
    assert lanes.busy == 0


def test_finished_jobs_are_not_kept_in_memory(qtbot, lanes):
    seen = []
    for _ in range(12):
        job = Job(speaking("one"))
        seen.append(weakref.ref(job))
        with qtbot.waitSignal(job.finished):
            lanes.add(job)
        del job
    qtbot.waitUntil(lambda: lanes.busy == 0)
    gc.collect()
    assert sum(ref() is not None for ref in seen) <= 5


_HANGS = """
import sys
from threading import Event
from PySide6.QtCore import QCoreApplication
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job

application = QCoreApplication([])
lanes, reached = Detached(), Event()

def work():
    reached.set()
    Event().wait()
    yield

lanes.add(Job(work))
assert reached.wait(20)
assert not lanes.close(10)
sys.exit(7)
"""


def test_the_program_ends_although_a_drive_stalls():
    done = subprocess.run(
        [sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 7, done.stderr

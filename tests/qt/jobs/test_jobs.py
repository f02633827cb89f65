"""Work off the main thread: what a job tells, in which order, and what it lets go of."""

import gc
import sys
import threading
import weakref
from threading import Event
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, QThread, Signal

from onepixel_gui.problems import Problem, Unexpected
from onepixel_gui.qt import jobs
from onepixel_gui.qt.jobs import Job
from tests.qt.jobs.works import PATIENCE, Result, Step, Thing, forever, listen, results


# ------------------------------------------------------------------ what is told
def test_a_job_tells_its_results_in_order_and_then_that_it_finished(run):
    heard = run(lambda: results(*range(5)))
    assert heard.words == [*(Result(number) for number in range(5)), "finished"]


def test_none_is_not_told_and_not_the_end(run):
    def work():
        yield None
        yield Result(1)
        yield None

    assert run(work).words == [Result(1), "finished"]


def test_the_generator_runs_in_a_worker_and_the_slots_in_the_main_thread(qtbot, make_lanes):
    here, seen = threading.get_ident(), []

    def work():
        yield Result(threading.get_ident())

    lanes, job = make_lanes(), Job(work)
    told = []
    job.happened.connect(told.append)
    for signal in (job.happened, job.finished):
        signal.connect(lambda *_: seen.append(threading.get_ident()))
    with qtbot.waitSignal(job.finished):
        lanes.add(job)
    assert seen == [here, here]
    assert told[0].number != here
    assert job.thread() is QThread.currentThread()


def test_a_torch_style_runtime_error_becomes_unexpected_with_detail_and_remedy(run):
    def broken():
        yield Result(1)
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    heard = run(broken)
    (problem,) = heard.problems
    assert isinstance(problem, Unexpected)
    assert "RuntimeError" in problem.what
    assert problem.remedy
    assert "illegal memory access" in problem.detail
    assert "in broken" in problem.detail
    assert heard.words == [Result(1), problem, "finished"]


def test_a_bug_is_logged_in_full(run, caplog):
    def broken():
        yield Result(1)
        raise KeyError("row")

    run(broken)
    assert "KeyError: 'row'" in caplog.text
    assert "in broken" in caplog.text


def test_a_problem_passes_as_it_is(run):
    problem = Problem("The card is full.", "Choose the CPU.", detail="12 GB")

    def full():
        raise problem
        yield

    heard = run(full)
    assert heard.words[0] is problem
    assert heard.words[1:] == ["finished"]
    assert problem.detail == "12 GB"


def test_a_failure_before_the_first_event_is_told_as_well(run):
    def work():
        raise ValueError("no generator at all")

    assert [type(problem) for problem in run(work).problems] == [Unexpected]


@pytest.mark.parametrize("end", ["done", "stopped", "broken", "problem"])
def test_finished_comes_last_and_once_whatever_the_end(qtbot, make_lanes, end):
    def work():
        yield Result(0)
        if end == "stopped":
            yield from forever()
        if end == "broken":
            raise RuntimeError
        if end == "problem":
            raise Problem("what", "Do that.")

    lanes, job = make_lanes(), Job(work)
    heard = listen(job)
    if end == "stopped":
        job.happened.connect(lambda _: job.stop())
    lanes.add(job)
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert heard.words[0] == Result(0)
    assert heard.words.count("finished") == 1
    assert heard.words[-1] == "finished"


# ------------------------------------------------------------------ droppable and not
@pytest.fixture
def clock(monkeypatch):
    """The jobs' own clock, which moves only when told."""
    time = SimpleNamespace(now=100.0)
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: time.now))
    return time


def test_droppable_events_are_told_thirty_times_a_second_at_most(run, clock):
    def work():
        for number in range(2000):
            clock.now += 0.001
            yield Step(number)

    told = run(work).events
    assert 50 <= len(told) <= 60
    assert told == sorted(told, key=lambda step: step.number)


def test_results_are_told_however_fast_they_come(run, clock):
    def work():
        for number in range(300):
            clock.now += 1e-5
            yield Step(number)
            yield Result(number)

    results = [event for event in run(work).events if isinstance(event, Result)]
    assert results == [Result(number) for number in range(300)]


def test_slow_droppable_events_are_all_told(run, clock):
    def work():
        for number in range(50):
            clock.now += 0.1
            yield Step(number)

    assert len(run(work).events) == 50


# ------------------------------------------------------------------ stopping
def test_on_stop_the_generator_cleans_up_in_its_worker(qtbot, make_lanes):
    lanes, cleaned = make_lanes(), []

    def work():
        try:
            yield from forever()
        finally:
            cleaned.append(threading.get_ident())

    job = Job(work)
    job.happened.connect(lambda _: job.stop())
    lanes.add(job)
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert len(cleaned) == 1
    assert cleaned[0] != threading.get_ident()


def stopped_within(qtbot, make_lanes, last):
    """What is heard of a job that is stopped while it makes its last word."""
    begun, gate, lanes = Event(), Event(), make_lanes()

    def work():
        begun.set()
        assert gate.wait(PATIENCE)
        yield last()

    job = Job(work)
    heard = listen(job)
    lanes.add(job)
    assert begun.wait(PATIENCE)
    job.stop()
    gate.set()
    qtbot.waitUntil(lambda: lanes.busy == 0)
    return heard.words


def test_a_stopped_job_tells_no_event_that_was_under_way(qtbot, make_lanes):
    assert stopped_within(qtbot, make_lanes, lambda: Result(1)) == ["finished"]


def test_a_stopped_job_tells_no_failure(qtbot, make_lanes):
    def breaks():
        raise RuntimeError("too late to matter")

    assert stopped_within(qtbot, make_lanes, breaks) == ["finished"]


def test_a_job_stopped_while_it_waits_is_never_started(qtbot, make_lanes):
    gate, started, lanes = Event(), [], make_lanes(1)

    def first():
        assert gate.wait(PATIENCE)
        yield Result(1)

    def second():
        started.append("the generator was made")
        yield Result(2)

    front, waiting = Job(first), Job(second)
    heard = listen(waiting)
    lanes.add(front)
    lanes.add(waiting)
    waiting.stop()
    gate.set()
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert not started
    assert heard.words == ["finished"]


# ------------------------------------------------------------------ letting go
def test_a_finished_job_lets_go_of_its_work(qtbot, make_lanes):
    lanes, thing = make_lanes(), Thing()
    alive = weakref.ref(thing)

    def work(held=thing):
        yield Result(id(held))

    job = Job(work)
    del thing, work
    with qtbot.waitSignal(job.finished):
        lanes.add(job)
    qtbot.waitUntil(lambda: lanes.busy == 0)
    gc.collect()
    assert job is not None
    assert alive() is None


@pytest.mark.parametrize("kind", [Problem, RuntimeError])
def test_a_problem_on_show_does_not_keep_the_probe_alive(run, kind):
    seen = []

    def work():
        thing = Thing()
        seen.append(weakref.ref(thing))
        try:
            raise MemoryError
        except MemoryError as cause:
            if kind is Problem:
                raise Problem("full", "Close something.") from cause
            raise RuntimeError from cause
        yield

    (problem,) = run(work).problems
    gc.collect()
    assert problem.what
    assert seen[0]() is None


def test_a_retired_job_goes_with_its_slots(qtbot, make_lanes):
    lanes, job = make_lanes(1), Job(lambda: results(1))
    gone = weakref.ref(job)
    heard = listen(job)
    lanes.add(job)
    del job
    for _ in range(4):  # the newest few are kept a moment
        lanes.add(Job(results))
    qtbot.waitUntil(lambda: lanes.busy == 0)
    gc.collect()
    assert heard.events == [Result(1)]
    assert gone() is None


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="True is immortal from Python 3.12 on")
@pytest.mark.usefixtures("qtbot")
def test_a_hundred_emits_leave_the_references_to_true_alone():
    class Bell(QObject):
        rung = Signal(object)
        plain = Signal()

    bell, heard = Bell(), []
    bell.rung.connect(heard.append)
    bell.plain.connect(lambda: heard.append(None))
    before = sys.getrefcount(True)
    for number in range(100):
        bell.rung.emit(number)
        bell.plain.emit()
    assert len(heard) == 200
    assert abs(sys.getrefcount(True) - before) < 20

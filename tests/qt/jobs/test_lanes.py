"""Lanes: how many jobs run at once, which goes first, and how all of them end."""

import threading
from threading import Barrier, Event

from onepixel_gui.qt.jobs import Job, Precedence
from tests.qt.jobs.works import PATIENCE, Result, forever, listen, results


# ------------------------------------------------------------------ lanes
def test_lanes_run_as_many_jobs_at_once_as_they_are_wide(qtbot, make_lanes):
    lanes, meeting = make_lanes(2), Barrier(2, timeout=PATIENCE)
    lock, running, most = threading.Lock(), [0], [0]

    def work():
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        meeting.wait()  # only two that run at the same time get past
        yield Result(0)
        with lock:
            running[0] -= 1

    for _ in range(6):
        lanes.add(Job(work))
    assert lanes.busy == 6
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert most == [2]


def test_jobs_of_one_lane_run_in_the_order_they_were_added(qtbot, make_lanes):
    lanes, order = make_lanes(1), []
    for number in range(5):
        job = Job(lambda number=number: results(number))
        job.happened.connect(lambda event: order.append(event.number))
        lanes.add(job)
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert order == [0, 1, 2, 3, 4]


# ------------------------------------------------------------------ what goes first
def test_what_runs_second_gives_way_until_what_goes_first_is_over():
    precedence = Precedence(patience=60)
    long, short = precedence.second(results(1, 2)), precedence.first(results(9))
    assert next(long) == Result(1)
    assert next(short) == Result(9)
    assert [next(long) for _ in range(3)] == [None] * 3
    assert not list(short)
    assert list(long) == [Result(2)]


def test_what_goes_first_and_is_given_up_holds_nobody():
    precedence = Precedence(patience=60)
    short = precedence.first(forever())
    next(short)
    short.close()
    assert list(precedence.second(results(1, 2))) == [Result(1), Result(2)]


def test_what_runs_second_goes_on_when_its_patience_is_over():
    precedence = Precedence(patience=0.05)
    short = precedence.first(forever())
    next(short)
    told = [event for event in precedence.second(results(1, 2, 3)) if event is not None]
    assert told == [Result(1), Result(2), Result(3)]


def test_what_gives_way_can_be_stopped_meanwhile(qtbot, make_lanes):
    precedence, lanes = Precedence(patience=60), make_lanes(1)
    short = precedence.first(forever())
    next(short)
    job = Job(lambda: precedence.second(results(1, 2)))
    heard = listen(job)
    lanes.add(job)
    qtbot.waitUntil(lambda: bool(heard.events))
    job.stop()
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert heard.words == [Result(1), "finished"]


def test_closing_stops_what_runs_and_what_waits(qtbot, make_lanes):
    lanes, begun = make_lanes(1), Event()

    def endless():
        begun.set()
        yield from forever()

    running = [Job(endless), Job(forever)]
    heard = [listen(job) for job in running]
    for job in running:
        lanes.add(job)
    assert begun.wait(PATIENCE)
    assert lanes.close()
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert [words.words[-1] for words in heard] == ["finished", "finished"]
    assert heard[1].words == ["finished"]


def test_a_closed_lane_starts_nothing_more(qtbot, make_lanes):
    lanes, started = make_lanes(1), []

    def work():
        started.append(1)
        yield Result(1)

    lanes.close()
    job = Job(work)
    heard = listen(job)
    lanes.add(job)
    qtbot.waitUntil(lambda: lanes.busy == 0)
    assert not started
    assert heard.words == ["finished"]


def test_closing_waits_for_what_was_promised(make_lanes):
    lanes, begun, written = make_lanes(1), Event(), []

    def figure(name):
        begun.set()
        written.append(name)
        yield Result(1)

    lanes.add(Job(lambda: figure("first"), promised=True))
    lanes.add(Job(lambda: figure("second"), promised=True))
    assert begun.wait(PATIENCE)
    assert lanes.close()
    assert written == ["first", "second"]


def test_closing_says_when_a_job_does_not_stop_in_time(make_lanes):
    lanes, begun, gate = make_lanes(1), Event(), Event()

    def deaf():
        begun.set()
        assert gate.wait(PATIENCE)
        yield Result(1)

    lanes.add(Job(deaf))
    assert begun.wait(PATIENCE)
    assert not lanes.close(patience_ms=20)
    gate.set()
    assert lanes.close()

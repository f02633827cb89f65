"""A session with arrivals, wired as in the window, and the card that shows one of them."""

import pytest

from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.arrivals import Arrivals
from onepixel_gui.qt.session import Session
from tests.qt.arrivals.arriving import OTHER, Bench
from tests.qt.doubles import window_in_front


@pytest.fixture
def bench(qtbot, make_lanes):
    lanes = [make_lanes() for _ in range(6)]
    session, arrivals = Session(*lanes[:3]), Arrivals(*lanes[3:5], preparations=lanes[5])
    bench = Bench(qtbot, session, arrivals, lanes)
    arrivals.changed.connect(bench.shown.append)
    arrivals.ready.connect(lambda *what: bench.ready.append(what))
    arrivals.second_ready.connect(lambda *what: bench.second.append(what))
    arrivals.ready.connect(lambda one, seen: session.set_classifier(one, seen.path))
    arrivals.failed.connect(bench.problems.append)
    arrivals.moved.connect(bench.moved.append)
    arrivals.prepared.connect(bench.prepared.append)
    yield bench
    arrivals.close()
    session.close()


@pytest.fixture
def over(qtbot, qapp):
    del qapp
    return window_in_front(qtbot, 720, "Elsewhere")


@pytest.fixture
def preview(over) -> ArrivalCard:
    return ArrivalCard(over)


@pytest.fixture
def window(qtbot, make_window, door, pictures):
    window = make_window()
    window.commands.open_paths([pictures[0]])
    window.commands.use_checkpoint(OTHER)
    qtbot.waitUntil(lambda: window.session.question is not None and window.jobs == 0)
    del door
    return window

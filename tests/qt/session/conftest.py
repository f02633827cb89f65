"""A session and all that it told."""

import pytest

from onepixel_gui.attack.probe import SweepBegan
from onepixel_gui.qt.session import Session
from tests.qt.doubles import StandInClassifier
from tests.qt.session.benches import SMALL, Bench


@pytest.fixture
def bench(qtbot, make_lanes):
    lanes = [make_lanes() for _ in range(3)]
    bench = Bench(qtbot, Session(*lanes), lanes)
    session = bench.session
    session.happened.connect(bench.told.append)
    session.failed.connect(bench.problems.append)
    session.busy_changed.connect(bench.busy.append)
    session.findings_changed.connect(bench.found.append)
    yield bench
    session.close()


@pytest.fixture
def held(bench):
    """A sweep that has begun and waits at its gate, with its classifier."""
    classifier = bench.open(StandInClassifier(open_=False))
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.of(SweepBegan))
    yield bench, classifier
    classifier.gate.set()


@pytest.fixture
def every_event(monkeypatch):
    """A stand-in previews faster than events are told: here none is left out."""
    monkeypatch.setattr("onepixel_gui.qt.jobs._FRAME", -1.0)

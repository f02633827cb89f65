"""A checkpoint on its way: seen before it replaces anything, taken, sent away, or refused."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path
from threading import Event as Gate

import pytest

from onepixel_gui.classifier.opening import Step
from onepixel_gui.qt.jobs import Job
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Cursor
from tests.qt.arrivals.arriving import ONE, OTHER, REFUSED
from tests.qt.doubles import StandInClassifier, tile


@pytest.fixture
def sweeping(bench):
    """A sweep that has begun and waits at its gate, with a pinned cursor."""
    classifier = StandInClassifier(open_=False)
    bench.session.set_tile(tile())
    bench.session.set_classifier(classifier, Path("before.pt"))
    bench.until(lambda: bench.session.question is not None)
    bench.session.set_cursor(Cursor(3, 4, pinned=True))
    painted = []
    bench.session.happened.connect(painted.append)
    bench.session.sweep(Preferences())
    bench.until(lambda: painted)
    yield bench, classifier
    classifier.gate.set()


# ------------------------------------------------------------------ nothing is replaced unasked
def test_a_checkpoint_is_seen_before_its_network_is_made(bench, door):
    door.gate.clear()
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.inspection)
    assert bench.arrivals.arrival.classifier is None
    assert bench.arrivals.arrival.card.name == "one"
    bench.until(lambda: (s := bench.arrivals.arrival.step) and s.words == "Building it")
    door.gate.set()
    bench.until(lambda: bench.arrivals.arrival.classifier)
    assert not bench.ready


def left_alone(bench, classifier, before):
    """The bench is as it was, and its sweep goes on to the end."""
    assert bench.state == before
    assert bench.session.activity == "sweep"
    classifier.gate.set()
    bench.until(lambda: bench.session.activity is None)
    assert bench.session.findings.sensitivity is not None


def test_a_preview_leaves_the_bench_and_its_run_alone(sweeping, door):
    bench, classifier = sweeping
    before = bench.state
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    left_alone(bench, classifier, before)
    del door


def test_a_dismissed_checkpoint_leaves_the_bench_and_its_run_alone(sweeping, door):
    bench, classifier = sweeping
    before = bench.state
    door.gate.clear()
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: door.opened)
    bench.arrivals.dismiss()
    assert bench.arrivals.arrival is None
    assert bench.shown[-1] is None
    door.gate.set()
    left_alone(bench, classifier, before)
    bench.rest()
    assert bench.arrivals.arrival is None
    assert not bench.problems


@pytest.mark.parametrize("at_once", [False, True])
def test_a_refused_checkpoint_leaves_the_bench_and_its_run_alone(sweeping, door, at_once):
    bench, classifier = sweeping
    before = bench.state
    door.refuses[ONE] = REFUSED
    bench.arrivals.bring(ONE, "cpu", at_once=at_once)
    bench.until(lambda: bench.problems)
    assert bench.problems == [REFUSED]
    assert bench.arrivals.arrival is None
    left_alone(bench, classifier, before)


def test_a_network_that_cannot_be_made_leaves_the_bench_and_its_run_alone(sweeping, door):
    bench, classifier = sweeping
    before = bench.state
    door.unloadable.add("resnet18")
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.problems)
    assert bench.arrivals.arrival is None
    left_alone(bench, classifier, before)


def test_only_taking_it_stops_the_run(sweeping, door):
    bench, _ = sweeping
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    bench.arrivals.take()
    assert bench.session.activity is None
    assert bench.session.checkpoint == ONE
    del door


def test_what_was_sent_away_is_not_kept_in_memory(bench, door):
    seen = weakref.ref(bench.bring().classifier)
    bench.arrivals.dismiss()
    bench.shown.clear()
    gc.collect()
    assert seen() is None
    del door


# ------------------------------------------------------------------ taking
def test_what_is_ready_is_taken_at_once_with_what_is_known_of_it(bench, door):
    arrival = bench.bring()
    bench.arrivals.take()
    assert bench.ready == [(arrival.classifier, arrival.inspection)]
    assert bench.arrivals.arrival is None
    assert not bench.second
    bench.arrivals.take()
    assert len(bench.ready) == 1
    del door


def test_what_was_taken_early_is_used_as_soon_as_it_is_ready(bench, door):
    door.gate.clear()
    bench.arrivals.bring(ONE, "cpu")
    bench.arrivals.take()
    assert bench.arrivals.arrival.place == "first"
    door.gate.set()
    bench.until(lambda: bench.ready)
    assert bench.ready[0][1].path == ONE


def test_a_second_classifier_does_not_take_the_place_of_the_first(bench, door):
    arrival = bench.bring()
    bench.arrivals.take(as_second=True)
    assert bench.second == [(arrival.classifier, arrival.inspection)]
    assert not bench.ready
    assert bench.session.classifier is None
    del door


def test_without_a_preview_it_is_used_when_it_is_ready(bench, door):
    bench.bring(at_once=True)
    assert [seen.path for _, seen in bench.ready] == [ONE]
    assert all(arrival is None or arrival.at_once for arrival in bench.shown)
    del door


# ------------------------------------------------------------------ late is as bad as wrong
def test_a_new_arrival_replaces_an_unfinished_one(bench, door):
    door.gate.clear()
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: door.opened)
    bench.arrivals.bring(OTHER, "cpu")
    door.gate.set()
    bench.until(lambda: bench.arrivals.arrival.classifier)
    bench.rest()
    assert bench.arrivals.arrival.classifier.card.name == "other"
    assert not bench.ready


def test_what_was_told_but_not_yet_heard_is_dropped(bench, door, monkeypatch):
    ended = Gate()

    class Watched(Job):
        def run(self) -> None:
            super().run()
            ended.set()

    monkeypatch.setattr("onepixel_gui.qt.arrivals.Job", Watched)
    bench.arrivals.bring(ONE, "cpu")
    assert ended.wait(20)  # all of it is on its way to this thread
    bench.arrivals.dismiss()
    told = len(bench.shown)
    bench.rest()
    assert len(bench.shown) == told
    assert not door.opened


def test_the_refusal_of_a_replaced_one_is_nobodys_business(bench, door):
    door.refuses[ONE] = REFUSED
    bench.arrivals.bring(ONE, "cpu")
    bench.arrivals.bring(OTHER, "cpu")
    bench.rest()
    assert not bench.problems
    assert bench.arrivals.arrival.classifier.card.name == "other"


def test_a_preview_does_not_wait_for_the_loading_of_the_one_before(bench, door):
    door.gate.clear()
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: door.opened)
    bench.arrivals.bring(OTHER, "cpu")
    bench.until(lambda: bench.arrivals.arrival.inspection)
    assert bench.arrivals.arrival.card.name == "other"


def test_after_closing_nothing_is_told(bench, door):
    door.gate.clear()
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: door.opened)
    bench.arrivals.close()
    told = len(bench.shown)
    door.gate.set()
    bench.rest()
    assert len(bench.shown) == told
    assert not bench.ready


def test_a_step_that_begins_something_is_never_thinned_out(bench, door, monkeypatch):
    def inspecting(path, *, architecture=""):
        for part in range(50):
            yield Step("Reading", part, 50)
        yield Step("Recognising")
        return (yield from door.inspecting(path, architecture=architecture))

    monkeypatch.setattr("onepixel_gui.classifier.opening.inspecting", inspecting)
    bench.bring()
    steps = [arrival.step for arrival in bench.shown if arrival is not None and arrival.step]
    assert list(dict.fromkeys(step.words for step in steps))[:2] == ["Reading", "Recognising"]


# ------------------------------------------------------------------ put right
def test_another_of_the_networks_that_fit_can_be_chosen(bench, door):
    bench.bring()
    bench.arrivals.choose("resnet_other")
    assert bench.arrivals.arrival.classifier is None
    bench.rest()
    assert door.inspected[-1] == (ONE, "resnet_other")
    assert bench.arrivals.arrival.inspection.fits[0].architecture == "resnet_other"
    assert bench.arrivals.arrival.classifier.card.architecture == "resnet_other"


def test_a_network_that_cannot_be_made_can_be_changed_for_another(bench, door):
    door.unloadable.add("resnet18")
    arrival = bench.bring()
    assert arrival.problem is bench.problems[0]
    bench.arrivals.take()
    assert not bench.ready
    bench.arrivals.choose("resnet_other")
    bench.rest()
    assert bench.arrivals.arrival.problem is None
    assert bench.arrivals.arrival.classifier is not None


def test_an_edited_card_is_gone_by_without_reading_the_file_again(bench, door):
    edited = replace(bench.bring().inspection.card, threshold=0.25)
    bench.arrivals.again(edited)
    bench.rest()
    assert len(door.inspected) == 1
    assert bench.arrivals.arrival.classifier.card.threshold == 0.25
    assert bench.arrivals.arrival.inspection.card == edited
    assert not bench.ready


def test_an_edited_card_of_what_is_in_use_replaces_it(bench, door):
    bench.bring(at_once=True)
    bench.arrivals.again(replace(bench.session.classifier.card, threshold=0.25))
    bench.rest()
    assert bench.session.classifier.card.threshold == 0.25
    assert len(bench.ready) == 2
    del door

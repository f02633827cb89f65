"""A classifier is ready at once and quicker later: it is prepared while it is used."""

import gc
import weakref
from dataclasses import replace

import pytest

from onepixel_gui.qt.telling import why_not_guided
from tests.qt.arrivals.arriving import ONE, OTHER, REFUSED, Preparing
from tests.qt.doubles import card


@pytest.fixture
def workshop(door, monkeypatch):
    """The door opens to classifiers that are still to be prepared."""
    monkeypatch.setattr("tests.qt.doubles.StandInClassifier", Preparing)
    return door


def begun(bench, classifier):
    bench.until(lambda: classifier.begun)
    return classifier


def test_what_is_ready_is_used_at_once_and_prepared_meanwhile(bench, workshop):
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.ready)
    classifier = begun(bench, bench.ready[0][0])
    assert bench.session.classifier is classifier
    assert not bench.prepared
    classifier.steps.set()
    bench.rest()
    assert bench.prepared == [classifier]
    assert not classifier.given_up
    del workshop


def test_while_one_is_prepared_errands_and_previews_do_not_wait(bench, workshop):
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.ready)
    begun(bench, bench.ready[0][0])
    wrote = []
    bench.session.export(lambda: iter(()), wrote.append)
    bench.until(lambda: not any(lanes.busy for lanes in bench.lanes[:5]))
    bench.arrivals.bring(OTHER, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    assert not bench.ready[0][0].given_up
    bench.ready[0][0].steps.set()
    bench.arrivals.dismiss()
    del workshop


def test_what_is_only_looked_at_is_prepared_too_and_its_card_is_told(bench, workshop):
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    classifier = begun(bench, bench.arrivals.arrival.classifier)
    told = len(bench.shown)
    classifier.steps.set()
    bench.rest()
    assert bench.shown[told:] == [bench.arrivals.arrival]
    bench.arrivals.take()
    bench.rest()
    assert bench.ready[0][0] is classifier
    assert bench.prepared == [classifier]
    del workshop


def test_a_dismissed_one_is_prepared_no_further(bench, workshop):
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    classifier = begun(bench, bench.arrivals.arrival.classifier)
    bench.arrivals.dismiss()
    bench.rest()
    assert classifier.given_up
    assert not bench.prepared
    del workshop


def test_taking_it_does_not_begin_its_preparation_anew(bench, workshop):
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    classifier = begun(bench, bench.arrivals.arrival.classifier)
    classifier.begun = False
    bench.arrivals.take(as_second=True)
    classifier.steps.set()
    bench.rest()
    assert not classifier.begun
    assert bench.prepared == [classifier]
    del workshop


def test_the_preparation_of_a_replaced_one_ends(bench, workshop):
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.ready)
    first = begun(bench, bench.ready[0][0])
    bench.arrivals.bring(OTHER, "cpu", at_once=True)
    bench.until(lambda: len(bench.ready) == 2)
    second = begun(bench, bench.ready[1][0])
    assert first.given_up
    second.steps.set()
    bench.rest()
    assert bench.prepared == [second]
    del workshop


def test_a_second_that_leaves_the_bench_is_prepared_no_further_and_the_first_is(bench, workshop):
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.ready)
    first = begun(bench, bench.ready[0][0])
    bench.arrivals.bring(OTHER, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    second = bench.arrivals.arrival.classifier
    bench.arrivals.take(as_second=True)
    bench.arrivals.keep(second, first)  # exchanged
    first.steps.set()
    bench.until(lambda: bench.prepared)
    begun(bench, second)
    bench.arrivals.keep(first)
    bench.rest()
    assert second.given_up
    assert bench.prepared == [first]
    bench.arrivals.keep(second, first)  # back again: nothing was found for it yet
    second.steps.set()
    bench.rest()
    assert bench.prepared == [first, second]
    del workshop


def test_a_preparation_that_fails_is_told_once_and_leaves_the_classifier_in_use(bench, workshop):
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.ready)
    classifier = begun(bench, bench.ready[0][0])
    classifier.breaks = REFUSED
    classifier.steps.set()
    bench.rest()
    bench.arrivals.keep(classifier)
    bench.rest()
    assert bench.problems == [REFUSED]
    assert bench.session.classifier is classifier
    del workshop


def test_closing_ends_a_preparation(bench, workshop):
    bench.arrivals.bring(ONE, "cpu", at_once=True)
    bench.until(lambda: bench.ready)
    classifier = begun(bench, bench.ready[0][0])
    bench.arrivals.close()
    bench.rest()
    assert classifier.given_up
    assert not bench.prepared
    del workshop


def test_a_dismissed_classifier_half_prepared_is_not_kept_in_memory(bench, workshop):
    bench.arrivals.bring(ONE, "cpu")
    bench.until(lambda: bench.arrivals.arrival.classifier)
    seen = weakref.ref(begun(bench, bench.arrivals.arrival.classifier))
    bench.arrivals.dismiss()
    bench.rest()
    bench.shown.clear()
    gc.collect()
    assert seen() is None
    del workshop


def test_guided_search_is_offered_to_what_is_prepared():
    assert why_not_guided(card()) == ""
    assert "is being prepared" in why_not_guided(card(), prepared=False)
    assert "black box" in why_not_guided(replace(card(), white_box=False), prepared=False)

"""The bench while it runs: which events reach it, and how a run begins and ends."""

from threading import Event as Gate

from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Swept,
)
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.files import find
from tests.qt.doubles import StandInClassifier, tile
from tests.qt.session.benches import SEARCHED, SMALL, SWEPT_


# ------------------------------------------------------------------ late is as bad as wrong
def test_a_stopped_run_tells_nothing_more(held):
    bench, classifier = held
    bench.session.stop()
    bench.told.clear()
    classifier.gate.set()
    bench.rest()
    assert not bench.told
    assert bench.busy == ["sweep", None]


def test_events_that_were_told_but_not_yet_heard_are_dropped_on_stop(bench):
    classifier = bench.open()
    at_end, ask = Gate(), classifier.law

    def law(candidates):
        if sum(len(part) for part in classifier.probes[-1].asked) >= 16 * 16 * 8:
            at_end.set()
        return ask(candidates)

    classifier.law = law
    bench.session.sweep(SMALL)
    assert at_end.wait(20)  # the window's loop stands still meanwhile: all events lie in its queue
    bench.session.stop()
    bench.rest()
    assert not bench.told
    assert bench.session.findings.sensitivity is None


def test_late_events_of_an_old_run_do_not_reach_a_new_one(held):
    bench, classifier = held
    bench.session.search(SMALL)
    bench.told.clear()
    classifier.gate.set()
    bench.until(lambda: bench.of(Ended))
    bench.rest()
    assert not bench.of(*SWEPT_)
    assert bench.busy == ["sweep", None, "search", None]


def test_late_events_of_the_tile_before_are_dropped(held):
    bench, classifier = held
    other = tile("other.png", shade=40)
    bench.session.set_tile(other)
    bench.told.clear()
    classifier.gate.set()
    bench.rest()
    assert bench.session.tile is other
    assert bench.session.activity is None
    assert not bench.of(*SWEPT_)
    assert bench.session.findings.sensitivity is None


def test_late_events_of_the_classifier_before_are_dropped(held):
    bench, classifier = held
    bench.session.set_classifier(StandInClassifier("other"))
    bench.told.clear()
    classifier.gate.set()
    bench.rest()
    assert bench.session.classifier.card.name == "other"
    assert not bench.of(*SWEPT_)


def test_only_the_tile_asked_for_last_comes_on_the_bench(bench, pictures):
    files = find([pictures[0].parent.parent])
    shown = []
    bench.session.tile_changed.connect(lambda tile: shown.append(tile.name))
    for file in files:
        bench.session.open_tile(file)
    bench.rest()
    assert shown == [files[-1].path.name]


def test_after_closing_nothing_under_way_changes_the_bench(held, pictures):
    bench, classifier = held
    bench.session.open_tile(find([pictures[0]])[0])
    bench.session.close()
    bench.told.clear()
    before = bench.session.tile
    classifier.gate.set()
    bench.rest()
    assert bench.session.tile is before
    assert not bench.told


# ------------------------------------------------------------------ runs
def test_a_search_tells_began_first_and_ended_last_and_rests(bench):
    bench.open()
    bench.session.search(SMALL)
    assert bench.session.activity == "search"
    bench.until(lambda: bench.session.activity is None)
    events = bench.of(*SEARCHED)
    assert isinstance(events[0], Began)
    assert isinstance(events[-1], Ended)
    assert bench.busy == ["search", None]
    assert bench.session.findings.ended is events[-1]
    assert bench.found[-1] is bench.session.findings


def test_a_sweep_is_examined_and_points_at_its_extreme(bench):
    bench.open()
    examined = []
    bench.session.examined.connect(examined.append)
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    (swept,) = bench.of(Swept)
    assert examined == [bench.session.findings.sensitivity]
    cursor = bench.session.cursor
    assert (cursor.row, cursor.column, cursor.pinned) == (swept.lowest.row, swept.lowest.column, 1)


def test_progress_goes_from_nothing_to_all(bench):
    bench.open()
    progress = []
    bench.session.progressed.connect(progress.append)
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    assert progress[0].done == 0
    assert {step.total for step in progress} == {16 * 16 * 8}
    assert [step.done for step in progress] == sorted(step.done for step in progress)


def test_there_is_no_run_before_the_classifier_has_answered(bench):
    bench.session.set_tile(tile())
    bench.session.search(SMALL)
    bench.session.sweep(SMALL)
    assert bench.session.activity is None
    assert not bench.busy


def test_stop_keeps_the_best_that_a_search_had(bench):
    classifier = bench.open()
    gate_after = []
    bench.session.happened.connect(
        lambda event: gate_after.append(event) if isinstance(event, Advanced) else None
    )
    bench.session.search(SMALL.but(population=60, generations=100_000))
    bench.until(lambda: gate_after)
    bench.session.stop()
    found = bench.session.findings
    assert found.ended is None
    assert found.stopped is gate_after[-1]
    assert found.latest == "search"
    assert bench.found[-1] is found
    assert bench.busy[-1] is None
    assert classifier is bench.session.classifier


def test_stop_keeps_an_earlier_sweep(bench):
    bench.open()
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    examined = bench.session.findings.sensitivity
    bench.session.search(SMALL.but(generations=100_000))
    bench.until(lambda: bench.of(Advanced))
    bench.session.stop()
    assert bench.session.findings.sensitivity is examined


def test_stop_takes_effect_at_once_though_the_worker_is_busy(held):
    bench, _ = held
    bench.session.stop()
    assert bench.session.activity is None
    assert bench.busy[-1] is None


def test_a_run_that_fails_is_told_and_leaves_the_bench_at_rest(bench):
    classifier = bench.open()
    classifier.refuses = Problem("The card is full.", "Choose the CPU.")
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    assert bench.problems == [classifier.refuses]
    assert bench.session.question is not None

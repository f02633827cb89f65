"""The bench: which events reach it, what it remembers, and what it forgets."""

from dataclasses import dataclass, field, replace
from threading import Event as Gate
from typing import Any

import pytest

from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Guidance,
    Painted,
    Pixel,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.problems import Problem, TileTooSmall, UnreadableTile
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.jobs import Precedence
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.session import Loaded, Session
from onepixel_gui.qt.telling import finding, told
from onepixel_gui.qt.view import Cursor, Findings
from onepixel_gui.tiles.files import TileFile, find
from tests.core.stand_ins import flat, one_spot
from tests.qt.doubles import StandInClassifier, tile

SMALL = Preferences(population=24, generations=4, to_the_end=True)
SEARCHED, SWEPT_ = (Began, Advanced, Ended), (SweepBegan, Painted, Swept)


@dataclass
class Bench:
    """A session on lanes of its own, and everything it told."""

    qtbot: Any
    session: Session
    lanes: list[Any]
    told: list[Any] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    busy: list[Any] = field(default_factory=list)
    found: list[Findings] = field(default_factory=list)

    def until(self, holds):
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)

    def rest(self):
        """Let everything that is under way end."""
        self.until(lambda: not any(lanes.busy for lanes in self.lanes))

    def of(self, *kinds):
        return [event for event in self.told if isinstance(event, kinds)]

    def open(self, classifier=None, on=None):
        self.session.set_tile(on or tile())
        self.session.set_classifier(classifier or StandInClassifier())
        self.until(lambda: self.session.question is not None)
        self.rest()
        self.told.clear()
        return self.session.classifier


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


# ------------------------------------------------------------------ guided by gradients
@pytest.fixture
def every_event(monkeypatch):
    """A stand-in previews faster than events are told: here none is left out."""
    monkeypatch.setattr("onepixel_gui.qt.jobs._FRAME", -1.0)


def test_a_guided_search_tells_of_its_previews_and_rests(bench):
    bench.open(StandInClassifier(guess=one_spot()))
    bench.session.guide(SMALL)
    assert bench.session.activity == "guided"
    bench.until(lambda: bench.session.activity is None)
    began, *_, ended = bench.of(*SEARCHED)
    assert began.settings == Guidance(to_the_end=True)
    assert ended.previews == 16 * 16 * 8
    assert 0 < ended.queries <= began.budget
    found = bench.session.findings
    assert (found.ended, found.latest, found.guided) == (ended, "guided", True)
    assert finding(found) == Finding("flipped", ended.confidence, guided=True)
    assert bench.busy == ["guided", None]


def test_the_verdict_on_a_guided_search_counts_previews_apart(bench):
    bench.open(StandInClassifier(guess=one_spot()))
    bench.session.guide(SMALL)
    bench.until(lambda: bench.session.activity is None)
    ended = bench.session.findings.ended
    fine = told(bench.session).fine_print
    assert f"guided, white-box · {ended.queries:,} queries + 2,048 previews in" in fine
    assert "seed" not in fine


def test_a_classifier_without_a_preview_refuses_guidance_with_a_remedy(bench):
    bench.open(StandInClassifier())
    bench.session.guide(SMALL)
    bench.until(lambda: bench.session.activity is None)
    (problem,) = bench.problems
    assert "black-box" in problem.remedy
    assert bench.session.findings.ended is None


def test_a_black_box_search_takes_the_place_of_a_guided_one(bench):
    bench.open(StandInClassifier(guess=one_spot()))
    bench.session.guide(SMALL)
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    found = bench.session.findings
    assert (found.latest, found.guided, found.ended.previews) == ("search", False, 0)
    assert bench.busy == ["guided", None, "search", None]
    assert not finding(found).guided


@pytest.mark.usefixtures("every_event")
def test_a_guided_search_stopped_while_previewing_has_found_nothing(bench):
    classifier = bench.open(StandInClassifier(guess=one_spot(), open_=False))
    bench.session.guide(SMALL)
    bench.until(lambda: any(event.previews for event in bench.of(Advanced)))
    bench.session.stop()
    assert bench.session.findings.stopped.best == ()
    assert finding(bench.session.findings) is None
    assert told(bench.session).flipped is None
    known = bench.session.findings
    bench.session.set_tile(tile("other.png", shade=50))
    classifier.gate.set()
    bench.rest()
    bench.session.set_tile(tile())
    bench.rest()
    assert bench.session.findings is known
    assert bench.session.cursor is None


@pytest.mark.usefixtures("every_event")
@pytest.mark.parametrize("start", ["guide", "sweep"])
def test_previewing_is_told_until_the_first_query(bench, start):
    classifier = bench.open(StandInClassifier(guess=one_spot(), open_=False))
    progress = []
    bench.session.progressed.connect(progress.append)
    getattr(bench.session, start)(SMALL)
    bench.until(lambda: any(step.previewing for step in progress))
    assert not any(step.done or step.seconds_left for step in progress)
    classifier.gate.set()
    bench.until(lambda: bench.session.activity is None)
    assert progress[-1].done
    assert not any(step.previewing for step in progress if step.done)


def test_a_sweep_without_a_preview_never_says_previewing(bench):
    bench.open()
    progress = []
    bench.session.progressed.connect(progress.append)
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    assert not any(step.previewing for step in progress)


@pytest.mark.usefixtures("every_event")
def test_a_preview_shows_nothing_of_a_flip(bench):
    classifier = bench.open(StandInClassifier(guess=flat(-9.0), open_=False))
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.of(Painted))
    bench.session.stop()
    assert not bench.of(Painted)[-1].exact.any()
    assert finding(bench.session.findings) is None
    assert told(bench.session).flipped is None
    classifier.gate.set()


# ------------------------------------------------------------------ glances
def test_a_glance_is_answered_while_a_sweep_runs(held):
    bench, _ = held
    pixel = Pixel(4, 6, (255, 255, 0))
    bench.session.glance(pixel)
    bench.until(lambda: len(bench.of(Responded)) == 2)
    first, second = bench.of(Responded)
    assert first.pixel == second.pixel == pixel
    assert not first.levels.size
    assert second.curves.shape == (3, second.levels.size)
    assert bench.session.activity == "sweep"


def test_a_run_gives_way_to_a_glance(bench):
    classifier = bench.open(StandInClassifier(open_=False))
    glancing, answering, waiting, ask = Gate(), Gate(), Gate(), classifier.law

    class Watched(Precedence):
        def second(self, events):
            for event in super().second(events):
                if event is None:
                    waiting.set()
                yield event

    bench.session._precedence = Watched(patience=60)

    def law(candidates):
        if len(candidates) == 1:
            glancing.set()
            assert answering.wait(20)
        return ask(candidates)

    bench.session.sweep(SMALL)
    bench.until(lambda: bench.of(SweepBegan))
    classifier.probes[0].law = law  # of the glances
    bench.session.glance(Pixel(4, 6, (255, 255, 0)))
    assert glancing.wait(20)
    classifier.gate.set()
    assert waiting.wait(20)
    assert len(classifier.probes[-1].asked) <= 1  # what was under way when the glance came
    answering.set()
    bench.until(lambda: bench.session.activity is None)
    assert bench.of(Swept)


def test_of_many_glances_the_last_is_answered(bench):
    bench.open()
    for red in range(0, 250, 10):
        bench.session.glance(Pixel(1, 1, (red, 0, 0)))
    bench.rest()
    assert bench.of(Responded)[-1].pixel.rgb == (240, 0, 0)


def test_a_glance_at_the_tile_before_is_dropped(bench):
    bench.open()
    bench.session.glance(Pixel(1, 1, (9, 9, 9)))
    bench.session.set_tile(tile("other.png", shade=20))
    bench.rest()
    assert not bench.of(Responded)


# ------------------------------------------------------------------ the cursor
def test_hovering_moves_a_free_cursor(bench):
    bench.open()
    bench.session.set_cursor(Cursor(2, 3))
    bench.session.set_cursor(Cursor(4, 5))
    assert bench.session.cursor == Cursor(4, 5)
    assert not bench.of(Responded)


def test_hovering_leaves_a_pinned_cursor_where_it_is(bench):
    bench.open()
    bench.session.pin(Cursor(2, 3))
    bench.session.set_cursor(Cursor(4, 5))
    assert bench.session.cursor == Cursor(2, 3, pinned=True)


def test_a_pin_is_glanced_at_in_the_colour_of_the_tile_when_nothing_is_known(bench):
    bench.open()
    bench.session.pin(Cursor(2, 3))
    bench.rest()
    assert {event.pixel for event in bench.of(Responded)} == {Pixel(2, 3, (150, 150, 150))}


def test_a_pin_after_a_sweep_is_glanced_at_in_the_colour_that_moves_it_most(bench):
    bench.open()
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    bench.rest()
    bench.told.clear()
    bench.session.pin(Cursor(4, 5))
    bench.rest()
    assert bench.of(Responded)[-1].pixel == Pixel(4, 5, (255, 255, 0))


def test_a_pin_can_be_moved_and_undone(bench):
    bench.open()
    seen = []
    bench.session.cursor_changed.connect(seen.append)
    bench.session.pin(Cursor(2, 3))
    bench.session.pin(Cursor(6, 7))
    bench.session.set_cursor(None)
    bench.session.set_cursor(Cursor(1, 1))
    bench.rest()
    assert seen == [Cursor(2, 3, True), Cursor(6, 7, True), None, Cursor(1, 1)]


def test_the_cursor_stays_inside_what_the_classifier_sees(bench):
    bench.open(on=tile("large.png", edge=24))
    window = bench.session.question.window
    assert (window.row, window.column) == (4, 4)
    bench.session.set_cursor(Cursor(3, 10))
    bench.session.pin(Cursor(10, 20))
    assert bench.session.cursor is None
    bench.session.set_cursor(Cursor(19, 19))
    assert bench.session.cursor == Cursor(19, 19)


def test_another_tile_frees_the_cursor(bench):
    bench.open()
    bench.session.pin(Cursor(2, 3))
    bench.session.set_tile(tile("other.png"))
    assert bench.session.cursor is None


# ------------------------------------------------------------------ memory
def test_what_was_found_is_shown_again_when_the_tile_comes_back(bench):
    first, other = tile("first.png", shade=150), tile("other.png", shade=50)
    bench.open(on=first)
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    bench.session.sweep(SMALL)
    bench.until(lambda: bench.session.activity is None)
    known = bench.session.findings
    bench.session.set_tile(other)
    bench.until(lambda: bench.session.question is not None)
    assert bench.session.findings.ended is None
    bench.told.clear()
    bench.session.set_tile(first)
    bench.until(lambda: bench.session.question is not None)
    assert bench.session.findings is known
    assert bench.of(Swept, Began, Ended) == [known.sensitivity.swept, known.began, known.ended]
    assert bench.found[-1] is known


def test_another_classifier_knows_nothing_of_it(bench):
    bench.open()
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    bench.session.set_classifier(StandInClassifier("other"))
    bench.until(lambda: bench.session.question is not None)
    assert bench.session.findings.ended is None


def test_the_same_checkpoint_asked_otherwise_knows_nothing_of_it(bench):
    bench.open()
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    for facts, known in (({"threshold": 0.25}, False), ({"doubts": ("It runs on cpu.",)}, True)):
        again = StandInClassifier()
        again.card = replace(again.card, **facts)
        bench.open(again)
        assert (bench.session.findings.ended is not None) is known


def test_equal_pictures_of_another_name_share_what_was_found(bench):
    bench.open(on=tile("first.png"))
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    known = bench.session.findings
    bench.session.set_tile(tile("copy.png"))
    bench.until(lambda: bench.session.question is not None)
    assert bench.session.findings is known


def test_a_held_search_is_remembered_as_well(bench):
    bench.open(StandInClassifier(law=flat()))
    bench.session.search(SMALL)
    bench.until(lambda: bench.session.activity is None)
    assert bench.session.findings.ended.flipped is False


# ------------------------------------------------------------------ bad files
def test_a_bad_tile_is_a_problem_and_leaves_the_bench_as_it_was(bench, tmp_path):
    bench.open()
    before = bench.session.tile, bench.session.question
    bad = tmp_path / "notes.png"
    bad.write_text("these are notes")
    bench.session.open_tile(TileFile(bad))
    bench.rest()
    assert [type(problem) for problem in bench.problems] == [UnreadableTile]
    assert (bench.session.tile, bench.session.question) == before


def test_a_tile_too_small_for_the_classifier_is_a_problem_and_has_no_question(bench, checkpoint):
    from onepixel_gui.classifier.classifier import Classifier

    bench.session.set_classifier(Classifier.open(checkpoint, "cpu"), checkpoint)
    bench.session.set_tile(tile(edge=12))
    bench.rest()
    assert [type(problem) for problem in bench.problems] == [TileTooSmall]
    assert bench.session.question is None


# ------------------------------------------------------------------ results out
def test_each_export_is_written_and_told_though_another_follows(bench):
    written, told, gate = [], [], Gate()

    def work(name):
        assert gate.wait(20)
        written.append(name)
        yield Loaded(name)

    for name in ("first", "second"):
        bench.session.export(lambda name=name: work(name), lambda event: told.append(event.what))
    gate.set()
    bench.rest()
    assert written == told == ["first", "second"]


def test_a_failed_export_is_told_though_another_follows(bench):
    problem = Problem("The disk is full.", "Free some space.")

    def full():
        raise problem
        yield

    bench.session.export(full, lambda _: None)
    bench.session.export(lambda: (Loaded(1) for _ in range(1)), lambda _: None)
    bench.rest()
    assert bench.problems == [problem]


def test_a_glance_does_not_wait_for_an_export(bench):
    bench.open()
    gate = Gate()

    def slow():
        assert gate.wait(20)
        yield Loaded(1)

    bench.session.export(slow, lambda _: None)
    bench.session.glance(Pixel(1, 2, (3, 4, 5)))
    bench.until(lambda: len(bench.of(Responded)) == 2)
    gate.set()


def test_closing_keeps_an_export_that_was_promised(bench):
    written, gate = [], Gate()

    def work():
        assert gate.wait(20)
        written.append("figure")
        yield Loaded(1)

    bench.session.export(work, lambda _: None)
    bench.session.close()
    gate.set()
    bench.rest()
    assert written == ["figure"]

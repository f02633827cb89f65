"""What the bench remembers, what it refuses, and what it writes."""

from dataclasses import replace
from threading import Event as Gate

from onepixel_gui.attack.probe import (
    Began,
    Ended,
    Pixel,
    Responded,
    Swept,
)
from onepixel_gui.problems import Problem, TileTooSmall, UnreadableTile
from onepixel_gui.qt.session import Loaded
from onepixel_gui.tiles.files import TileFile
from tests.core.stand_ins import flat
from tests.qt.doubles import StandInClassifier, tile
from tests.qt.session.benches import SMALL


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

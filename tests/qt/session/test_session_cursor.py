"""The cursor of the bench, and glances at the pixel below it."""

from threading import Event as Gate

from onepixel_gui.attack.probe import (
    Pixel,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.jobs import Precedence
from onepixel_gui.qt.view import Cursor
from tests.qt.doubles import StandInClassifier, tile
from tests.qt.session.benches import SMALL


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

"""A | B: two classifiers are asked and swept on one tile, and told apart."""

import gc
import weakref
from dataclasses import replace
from threading import Event as Flag

import numpy as np
import pytest

from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Painted, SweepBegan, Swept
from onepixel_gui.problems import TileTooSmall
from tests.core.stand_ins import flat
from tests.qt.comparing.comparing import (
    CORNERS,
    GRID,
    PATIENCE,
    Rival,
    put,
    sound,
    swept_both,
    weak,
)
from tests.qt.doubles import tile


# ------------------------------------------------------------------ asking
def test_both_are_asked_about_the_untouched_tile_before_anything_is_swept(qtbot, comparison, heard):
    told = []
    comparison.questioned.connect(lambda side, question: told.append((side, question.clean)))
    put(qtbot, comparison, weak(), sound(start=1.0))
    assert told == [("A", pytest.approx(0.881, abs=1e-3)), ("B", pytest.approx(0.731, abs=1e-3))]
    assert not heard.events


def test_the_class_in_question_of_a_is_asked_of_b(qtbot, comparison):
    a, b = weak(), sound()
    comparison.set_subject("normal")
    put(qtbot, comparison, a, b)
    assert a.wanted == ["normal"]
    assert b.wanted == ["mitosis"]  # what A answered


def test_a_tile_that_is_too_small_for_b_is_told_and_nothing_is_swept(qtbot, comparison, heard):
    b = sound()
    b.refuses = TileTooSmall("plain.png is small.", "Choose a larger tile.")
    comparison.set_pair(weak(), b)
    comparison.set_tile(tile())
    qtbot.waitUntil(lambda: len(heard.problems) == 1, timeout=PATIENCE)
    assert "A" in comparison.questions
    assert not comparison.ready
    comparison.run(CORNERS)
    assert not comparison.busy
    assert heard.problems == [b.refuses]


# ------------------------------------------------------------------ which pairs
def test_other_class_names_are_refused_and_the_pair_that_was_there_stays(qtbot, comparison, heard):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    assert not comparison.set_pair(a, Rival("pets", classes=("cat", "dog")))
    assert (comparison.a, comparison.b) == (a, b)
    assert comparison.compared_last is heard.compared[-1]
    (problem,) = heard.problems
    assert problem.what.startswith("pets tells apart cat and dog")
    assert problem.remedy.startswith("Give both the same class names")


def test_a_new_a_of_other_classes_lets_go_of_b(qtbot, comparison, heard):
    put(qtbot, comparison, weak(), sound())
    pets = Rival("pets", classes=("cat", "dog"))
    assert not comparison.set_pair(pets, comparison.b)
    assert (comparison.a, comparison.b) == (pets, None)
    assert len(heard.problems) == 1


def test_the_same_pair_again_changes_nothing(qtbot, comparison):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    with qtbot.assertNotEmitted(comparison.pair_changed):
        comparison.set_pair(a, b)
    with qtbot.assertNotEmitted(comparison.tile_changed):
        comparison.set_tile(comparison.tile)
    assert comparison.ready


def test_what_is_compared_no_longer_is_let_go(qtbot, comparison):
    a, b = weak(), sound()
    gone = [weakref.ref(a), weakref.ref(b)]
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    probes = [weakref.ref(probe) for one in (a, b) for probe in one.probes]
    a.probes.clear()
    b.probes.clear()
    del a, b
    comparison.set_pair(None, None)
    gc.collect()
    assert [ref() for ref in gone] == [None, None]
    assert not any(ref() for ref in probes)


# ------------------------------------------------------------------ runs
def test_a_is_swept_then_b_with_the_same_palette_at_every_position(qtbot, comparison, heard):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    assert heard.sides(SweepBegan) == heard.sides(Swept) == heard.sides(Sensitivity) == ["A", "B"]
    whole = [(side, event) for side, event in heard.events if not isinstance(event, Painted)]
    assert [side for side, _ in whole] == ["A"] * 3 + ["B"] * 3
    asked = [classifier.probes[-1].queries for classifier in (a, b)]
    for queries in asked:
        assert len(queries) == 16 * 16 * 8
        assert len(np.unique(queries.reshape(-1, 5), axis=0)) == 16 * 16 * 8
    (found,) = heard.compared
    assert found.a.map.flips[3, 5]
    assert found.only_a == found.a.map.flipping_positions > 0
    assert (found.both, found.only_b) == (0, 0)
    assert heard.busy == [True, False]


def test_the_27_colours_are_used_for_both_when_they_are_preferred(qtbot, comparison, heard):
    put(qtbot, comparison, weak(), sound())
    swept_both(qtbot, comparison, GRID)
    assert [len(event.palette) for _, event in heard.events if isinstance(event, Swept)] == [27, 27]


def test_the_map_of_each_side_is_painted_while_it_is_swept(qtbot, comparison, heard):
    put(qtbot, comparison, weak(edge=48), sound(edge=48), on=tile(edge=48))
    swept_both(qtbot, comparison, GRID)
    assert set(heard.sides(Painted)) == {"A", "B"}
    assert {side for side, told in heard.progress if 0 < told.done < told.total} == {"A", "B"}
    assert {told.total for _, told in heard.progress} == {48 * 48 * 27}


def test_a_complete_sweep_stays_when_the_second_is_stopped_and_is_not_asked_again(
    qtbot, comparison, heard
):
    a, b = weak(), sound(open_=False)
    put(qtbot, comparison, a, b)
    with qtbot.waitSignal(comparison.examined, timeout=PATIENCE):
        comparison.run(CORNERS)
    comparison.stop()
    assert heard.busy == [True, False]
    assert comparison.finished("A") is not None
    assert comparison.finished("B") is None
    b.gate.set()
    count = len(heard.events)
    swept_both(qtbot, comparison)
    assert {side for side, _ in heard.events[count:]} == {"B"}
    assert len(heard.compared) == 1


def test_another_palette_asks_both_again(qtbot, comparison, heard):
    put(qtbot, comparison, weak(), sound())
    swept_both(qtbot, comparison)
    swept_both(qtbot, comparison, GRID)
    assert heard.sides(Swept) == ["A", "B", "A", "B"]
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.run(GRID)
    assert heard.sides(Swept) == ["A", "B", "A", "B"]


def test_nothing_of_a_run_on_another_tile_is_told_any_more(qtbot, comparison, heard):
    a = weak(open_=False)
    put(qtbot, comparison, a, sound())
    with qtbot.waitSignal(comparison.happened, timeout=PATIENCE):  # it began, and waits at the gate
        comparison.run(CORNERS)
    comparison.set_tile(tile("other.png", shade=20))
    heard.events.clear()
    a.gate.set()
    qtbot.waitUntil(lambda: comparison.ready, timeout=PATIENCE)
    assert not comparison.busy
    assert not heard.events
    assert not heard.compared


def test_what_was_on_its_way_when_a_run_was_stopped_is_not_told(qtbot, comparison, heard):
    asked = Flag()

    def law(candidates):
        asked.set()
        return flat()(candidates)

    put(qtbot, comparison, Rival("told", law), sound())
    comparison.run(CORNERS)
    assert asked.wait(20)  # so "began" was sent, and no event loop has delivered it yet
    comparison.stop()
    with qtbot.waitSignal(comparison.questioned, timeout=PATIENCE):  # behind it in the queue
        comparison.set_tile(tile("other.png", shade=20))
    assert not heard.events


def test_swapping_keeps_what_is_known_of_each(qtbot, comparison, heard):
    a, b = weak(), sound()
    put(qtbot, comparison, a, b)
    swept_both(qtbot, comparison)
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.swap()
    assert (comparison.a, comparison.b) == (b, a)
    first, second = heard.compared
    assert second.a is first.b
    assert second.b is first.a
    assert heard.sides(Swept) == ["A", "B"]


def test_coming_back_to_a_tile_shows_what_was_found_there(qtbot, comparison, heard):
    first = tile()
    put(qtbot, comparison, weak(), sound(), on=first)
    swept_both(qtbot, comparison)
    comparison.set_tile(tile("other.png", shade=20))
    assert comparison.compared_last is None
    qtbot.waitUntil(lambda: comparison.ready, timeout=PATIENCE)
    assert comparison.finished("A") is None
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.set_tile(first)
    assert heard.sides(Swept) == ["A", "B"]


def test_windows_of_different_sizes_are_laid_over_each_other_on_the_tile(qtbot, comparison, heard):
    put(qtbot, comparison, weak(edge=16), sound(edge=24), on=tile(edge=24))
    swept_both(qtbot, comparison)
    (found,) = heard.compared
    assert (found.window.row, found.window.shape) == (4, (16, 16))
    assert [found.a.swept.queries, found.b.swept.queries] == [16 * 16 * 8, 24 * 24 * 8]


def test_a_classifier_that_breaks_on_the_way_ends_the_run_with_a_problem(qtbot, comparison, heard):
    b = sound()
    put(qtbot, comparison, weak(), b)
    b.refuses = TileTooSmall("plain.png is small.", "Choose a larger tile.")
    comparison.run(CORNERS)
    qtbot.waitUntil(lambda: heard.busy == [True, False], timeout=PATIENCE)
    assert heard.problems == [b.refuses]
    assert comparison.finished("A") is not None
    assert not heard.compared


@pytest.mark.usefixtures("checkpoint")  # torch is imported, on one thread
def test_two_networks_are_compared_and_their_probes_let_go(qtbot, comparison, heard, probes):
    from onepixel_gui.classifier.classifier import Classifier
    from tests.core.networks import Corner, Tiny, card

    a = Classifier(card(), Corner(), "cpu")
    b = Classifier(replace(card(), sha256="1" * 64), Tiny(gain=0.01), "cpu")
    put(qtbot, comparison, a, b, on=tile(shade=0, edge=8))
    swept_both(qtbot, comparison)
    (found,) = heard.compared
    assert np.argwhere(found.flips_a).tolist() == [[1, 2]]
    assert not found.flips_b.any()
    assert probes.made == 4  # both asked, both swept
    qtbot.waitUntil(lambda: gc.collect() is not None and probes.alive == 0, timeout=PATIENCE)

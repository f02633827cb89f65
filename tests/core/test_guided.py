"""The guided search: previews put candidates in order, and only exact answers are told."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import Advanced, Began, Ended, Guidance, confidence
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, flat, hashed, one_spot

SMALL = Guidance(shortlist=64, neighbours=128, refinements=96)
WHOLE = replace(SMALL, to_the_end=True)


def ended(probe, guidance=SMALL):
    *_, last = guided(probe, guidance)
    assert isinstance(last, Ended)
    return last


def timeless(event):
    return replace(event, seconds=0.0)


def keys(candidates):
    """Each candidate as a set of pixels, so that order inside of it does not matter."""
    return [frozenset(map(tuple, each)) for each in candidates.tolist()]


# ------------------------------------------------------------------ what it finds
def test_a_guided_search_ends_at_the_first_flip_with_few_queries():
    probe = StandIn(one_spot(), guess=one_spot(row=4))
    found = ended(probe)
    assert (found.reason, found.flipped, found.answer) == ("flipped", True, "normal")
    assert found.queries == found.first_flip <= 64
    assert found.previews == 16 * 16 * 8


def test_a_guided_search_from_below_pushes_the_confidence_up():
    law = one_spot(sign=1.0, start=-2.0)
    found = ended(StandIn(law, clean_logit=-2.0, guess=law))
    assert (found.flipped, found.answer, found.queries) == (True, "mitosis", 1)


def test_one_query_is_enough_where_the_preview_is_right():
    found = ended(StandIn(one_spot(), guess=one_spot()))
    assert (found.first_flip, found.best[0].row, found.best[0].column) == (1, 3, 5)


def test_the_best_corner_is_found_beside_a_shortlist_that_missed_it_by_a_pixel():
    def misled(candidates):
        off = candidates.copy()
        off[..., 1] -= 1
        nowhere = (candidates[:, 0, 0] == 3) & (candidates[:, 0, 1] == 5)
        return np.where(nowhere, 9.0, one_spot()(off)).astype(np.float32)

    found = ended(StandIn(one_spot(depth=1.5), guess=misled), replace(WHOLE, shortlist=8))
    assert (found.best[0].row, found.best[0].column) == (3, 5)
    assert found.best[0].rgb == (255, 255, 0)


def test_all_corners_are_tried_at_the_best_position():
    def colourblind(candidates):
        black = candidates.copy()
        black[..., 2:] = 0
        return one_spot()(black)

    found = ended(StandIn(one_spot(depth=1.5), guess=colourblind), Guidance(1, 7, to_the_end=True))
    assert (found.best[0].row, found.best[0].column) == (3, 5)
    assert found.best[0].rgb == (255, 255, 0)


def test_the_neighbourhood_is_followed_to_an_optimum_that_the_preview_ranks_last():
    law = one_spot(12, 12, depth=1.5, reach=12.0)

    def upside_down(candidates):
        return (4.0 - law(candidates)).astype(np.float32)

    probe = StandIn(law, guess=upside_down)
    found = ended(probe, Guidance(shortlist=1, neighbours=1000, refinements=0, to_the_end=True))
    first, best = probe.queries[0, 0], found.best[0]
    assert np.hypot(first[0] - 12, first[1] - 12) > 10
    assert (best.row, best.column, best.rgb) == (12, 12, (255, 255, 0))
    assert len({(row, column) for row, column in probe.queries[:, 0, :2].tolist()}) < 16 * 16


def test_where_nothing_is_left_to_follow_the_search_goes_on_down_the_preview():
    def hidden(candidates):
        last = (candidates[:, 0, :2] == (15, 15)).all(axis=1)
        return np.where(last, 1.0, 2.0).astype(np.float32)

    def in_reading_order(candidates):
        row, column, red, *_ = candidates[:, 0].T
        return (100.0 * row + column + red / 1000).astype(np.float32)

    probe = StandIn(hidden, guess=in_reading_order)
    found = ended(probe, Guidance(shortlist=32, neighbours=10_000, refinements=0))
    assert (found.best[0].row, found.best[0].column) == (15, 15)
    assert found.queries == 16 * 16 * 8
    # The first row is followed: each of its corners, and two colours in the two rows below it.
    rows, followed = probe.queries[:, 0, 0], 16 * (8 + 2 + 2)
    assert rows[:followed].max() == 2
    assert rows[followed : followed + 13 * 32].tolist() == np.repeat(range(3, 16), 32).tolist()


def test_two_colours_of_each_position_come_before_a_third_of_any():
    probe = StandIn(flat(), window=Window(0, 0, 4, 4), guess=one_spot(1, 1, reach=1.0))
    ended(probe, Guidance(shortlist=33, neighbours=0, refinements=0))
    places, counts = np.unique(probe.queries[:32, 0, :2], axis=0, return_counts=True)
    assert (len(places), set(counts.tolist())) == (16, {2})
    assert tuple(probe.queries[32, 0, :2]) == (1, 1)


def test_a_colour_that_is_no_corner_is_found_by_refining():
    def olive(candidates):
        off = np.abs(candidates[:, 0, 2:] - np.array([130, 90, 20])).sum(axis=1) / 765
        far = np.hypot(candidates[:, 0, 0] - 3, candidates[:, 0, 1] - 5)
        return (2.0 - 1.5 * np.exp(-far) * (1 - off)).astype(np.float32)

    found = ended(StandIn(olive, guess=olive), replace(WHOLE, refinements=400))
    assert (found.best[0].row, found.best[0].column) == (3, 5)
    assert np.abs(np.array(found.best[0].rgb) - (130, 90, 20)).max() <= 2


def test_a_second_pixel_is_added_to_the_best_first_one():
    def both(candidates):
        one, two = (one_spot(*at, depth=1.5, reach=0.5) for at in ((3, 5), (12, 12)))
        drops = np.zeros(len(candidates))
        for pixel in range(candidates.shape[1]):
            part = candidates[:, pixel : pixel + 1]
            drops += (2 - one(part)) + (2 - two(part))
        return (2.0 - drops).astype(np.float32)

    found = ended(StandIn(both, guess=both), replace(SMALL, pixels=2))
    assert found.flipped
    assert [(pixel.row, pixel.column) for pixel in found.best] == [(3, 5), (12, 12)]
    assert SMALL.budget < found.queries <= 2 * SMALL.budget == 576
    alone = ended(StandIn(both, guess=both))
    assert not alone.flipped


def test_a_pixel_that_does_not_help_is_not_added():
    found = ended(StandIn(flat(), guess=flat()), replace(SMALL, pixels=3))
    assert len(found.best) == 1
    assert found.queries == 3 * SMALL.budget


def test_a_flip_that_the_ordinary_pass_denies_is_never_reported():
    probe = StandIn(one_spot(), denies=True, guess=one_spot())
    found = ended(probe)
    assert (found.flipped, found.first_flip, found.answer) == (False, None, "mitosis")
    assert (found.reason, found.queries) == ("budget spent", SMALL.budget)


def test_to_the_end_spends_the_whole_budget_and_keeps_the_first_flip():
    early, late = (
        ended(StandIn(one_spot(), guess=one_spot(row=6, column=7)), guidance)
        for guidance in (SMALL, WHOLE)
    )
    assert late.first_flip == early.queries
    assert late.queries == WHOLE.budget
    assert late.flipped
    assert late.confidence < early.confidence


def test_a_classifier_without_a_preview_is_a_problem_that_names_the_black_box_search():
    with pytest.raises(Problem) as refused:
        next(guided(StandIn(flat()), SMALL))
    assert "no preview" in refused.value.what
    assert "black-box search" in refused.value.remedy


def test_no_previewed_number_is_ever_told():
    probe = StandIn(one_spot(depth=1.0), guess=lambda c: one_spot()(c) - 100)
    for event in guided(probe, SMALL):
        if isinstance(event, Advanced | Ended):
            assert event.confidence > 0.5
            assert bool(event.best) == (event.queries > 0)


def test_a_preview_that_is_no_number_counts_as_that_of_the_untouched_tile():
    def broken(candidates):
        guess = one_spot(depth=1.5)(candidates)
        guess[::3], guess[1::3] = np.nan, -np.inf
        return guess

    probe = StandIn(one_spot(), guess=broken)
    found = ended(probe)
    rows, columns = probe.queries[:8, 0, 0], probe.queries[:8, 0, 1]
    assert found.flipped
    assert np.hypot(rows - 3, columns - 5).max() < 3


# ------------------------------------------------------------------ what it counts and asks
@budget(max_examples=60, deadline=None)
@given(
    chunk=st.integers(1, 300),
    glimpses=st.integers(1, 3000),
    pixels=st.integers(1, 3),
    shortlist=st.integers(1, 80),
    neighbours=st.integers(0, 300),
    refinements=st.integers(0, 120),
    to_the_end=st.booleans(),
    law=st.sampled_from([one_spot(), one_spot(depth=1.5), hashed(spread=2.005), flat()]),
)
def test_no_chunk_changes_the_outcome_and_nothing_is_asked_twice(
    chunk, glimpses, pixels, shortlist, neighbours, refinements, to_the_end, law
):
    guidance = Guidance(shortlist, neighbours, refinements, pixels, to_the_end)
    window, guess = Window(4, 7, 9, 12), one_spot(row=6, column=10)
    whole = StandIn(law, window=window, chunk=10_000, guess=guess)
    cut = StandIn(law, window=window, chunk=chunk, guess=guess, glimpses=glimpses)
    one, other = ended(whole, guidance), ended(cut, guidance)
    assert timeless(one) == timeless(other)
    asked = [key for part in cut.asked for key in keys(part)]
    assert len(set(asked)) == len(asked)
    assert one.queries <= len(asked) <= guidance.budget
    assert all(len({(row, column) for row, column, *_ in key}) == len(key) for key in asked)
    assert all(window.holds(pixel[0], pixel[1]) for key in asked for pixel in key)
    assert all(0 <= level <= 255 for key in asked for pixel in key for level in pixel[2:])


def test_a_search_that_holds_spends_exactly_its_budget():
    probe = StandIn(one_spot(depth=1.0), guess=one_spot(row=4))
    found = ended(probe)
    assert (found.reason, found.flipped, found.first_flip) == ("budget spent", False, None)
    assert found.queries == len(probe.queries) == SMALL.budget
    assert sum(len(part) for part in probe.previewed) == found.previews


def test_a_window_smaller_than_the_shortlist_is_asked_whole():
    probe = StandIn(flat(), window=Window(0, 0, 2, 3), guess=flat())
    found = ended(probe, Guidance(1000, 1000, 0))
    assert found.queries == 2 * 3 * 8


# ------------------------------------------------------------------ what it tells
def test_events_begin_with_the_guidance_then_tell_previews_then_queries():
    probe = StandIn(flat(), chunk=32, guess=flat(), glimpses=1024)
    began, *advances, last = guided(probe, Guidance(shortlist=64, neighbours=0, refinements=0))
    assert isinstance(began, Began)
    assert began.budget == 64
    told = [(event.previews, event.queries, event.generation) for event in advances]
    assert told == [(1024, 0, 0), (2048, 0, 0), (2048, 32, 1), (2048, 64, 1)]
    assert [event.confidence for event in advances[:2]] == [pytest.approx(began.question.clean)] * 2
    assert last.previews == 2048


def test_the_curve_has_a_point_for_each_improvement():
    probe = StandIn(hashed(spread=1.9), chunk=11, guess=flat())
    found = ended(probe)
    so_far = np.minimum.accumulate(probe.law(probe.queries))
    for queries, best in found.curve:
        assert best == pytest.approx(float(confidence(so_far[queries - 1])))
    *improved, (last, _) = found.curve
    assert last == found.queries
    assert [queries for queries, _ in improved] == [
        1, *(np.flatnonzero(np.diff(so_far)) + 2).tolist()
    ]  # fmt: skip


def test_the_cloud_is_where_it_asked_and_cannot_be_written():
    probe = StandIn(flat(), chunk=16, guess=flat())
    events = [event for event in guided(probe, SMALL) if isinstance(event, Advanced)]
    clouds = [event.cloud for event in events if event.whole]
    asked = np.concatenate([cloud for cloud in clouds if len(cloud)])
    assert np.array_equal(asked, probe.queries[:, 0, :2])
    assert not any(event.cloud.flags.writeable for event in events)


@pytest.mark.parametrize("law", [flat(), hashed(spread=1.9)])
def test_whole_events_and_the_last_do_not_show_how_many_were_asked_at_once(law):
    def told(chunk, glimpses):
        probe = StandIn(law, chunk=chunk, guess=flat(), glimpses=glimpses)
        steps = [event for event in guided(probe, SMALL) if isinstance(event, Advanced)]
        return [
            (step.queries, step.generation, step.best, step.previews, step.cloud.tolist())
            for step in steps
            if step.whole or step is steps[-1]
        ]

    assert told(5, 100) == told(64, 1000) == told(10_000, 10_000)


def test_a_guided_search_that_is_asked_no_more_asks_the_probe_no_more():
    probe = StandIn(flat(), guess=flat(), glimpses=100)
    events = guided(probe, SMALL)
    for _ in range(3):
        next(events)
    events.close()
    assert (len(probe.previewed), len(probe.asked)) == (2, 0)

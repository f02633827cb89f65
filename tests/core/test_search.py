"""The search for the pixel that flips the answer: what it asks, counts, confirms and tells."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from onepixel_gui.attack.probe import Advanced, Began, Ended, Settings, confidence
from onepixel_gui.attack.search import as_candidates, search
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, flat, hashed, one_spot

SMALL = Settings(population=40, generations=25, seed=1)


def ended(probe, settings=SMALL):
    *_, last = search(probe, settings)
    assert isinstance(last, Ended)
    return last


def timeless(event):
    return replace(event, seconds=0.0)


# ------------------------------------------------------------------ what it finds
def test_a_search_ends_as_soon_as_the_answer_flips():
    probe = StandIn(one_spot())
    found = ended(probe)
    assert (found.reason, found.flipped, found.answer) == ("flipped", True, "normal")
    assert found.queries == found.first_flip
    assert found.confidence < 0.5


def test_a_search_from_below_pushes_the_confidence_up():
    probe = StandIn(one_spot(sign=1.0, start=-2.0), clean_logit=-2.0)
    found = ended(probe)
    assert (found.flipped, found.answer) == (True, "mitosis")
    assert found.confidence > 0.5


def test_a_search_that_finds_no_flip_spends_exactly_its_budget_and_says_so():
    probe = StandIn(one_spot(depth=1.0))
    found = ended(probe)
    assert (found.reason, found.flipped, found.first_flip) == ("budget spent", False, None)
    assert found.queries == len(probe.queries) == 40 * 25
    assert found.answer == "mitosis"
    assert found.confidence < probe.question.clean


def test_to_the_end_spends_the_whole_budget_and_keeps_the_first_flip():
    early = ended(StandIn(one_spot()))
    late = ended(StandIn(one_spot()), replace(SMALL, to_the_end=True))
    assert late.reason == "budget spent"
    assert late.flipped
    assert late.first_flip == early.queries
    assert late.queries == 40 * 25
    assert late.confidence < early.confidence


def test_the_outcome_is_what_the_ordinary_pass_says_of_the_pixels_reported():
    probe = StandIn(hashed())
    found = ended(probe)
    row = [found.best[0].row, found.best[0].column, *found.best[0].rgb]
    logit = probe.law(np.array([[row]], np.int16))
    assert found.confidence == pytest.approx(float(confidence(logit)[0]))


@pytest.mark.parametrize("to_the_end", [False, True])
def test_a_flip_that_the_ordinary_pass_denies_is_never_reported(to_the_end):
    probe = StandIn(one_spot(), denies=True)
    found = ended(probe, replace(SMALL, to_the_end=to_the_end))
    assert len(probe.confirmed) > 1
    assert (found.flipped, found.first_flip, found.answer) == (False, None, "mitosis")
    assert found.queries == 40 * 25


def test_the_flip_reported_to_the_end_is_one_even_if_the_fittest_is_denied():
    class Picky(StandIn):
        def confirm(self, candidates):
            readings = super().confirm(candidates)
            if len(self.confirmed) > 1:  # the first flip stands, the fittest of all is denied
                first = self.first
                readings.flipped[:] = (candidates == first).all(axis=(1, 2))
            else:
                self.first = candidates[np.flatnonzero(readings.flipped)[0]]
            return readings

    probe = Picky(one_spot())
    found = ended(probe, replace(SMALL, to_the_end=True))
    assert found.flipped
    assert [found.best[0].row, found.best[0].column, *found.best[0].rgb] == probe.first[0].tolist()


# ------------------------------------------------------------------ what it counts
def test_the_first_flip_counts_the_candidates_up_to_itself_and_no_confirmation():
    probe = StandIn(hashed(spread=2.2), chunk=7)
    found = ended(probe)
    logits = probe.law(probe.queries)
    assert found.first_flip == int(np.flatnonzero(logits < 0)[0]) + 1
    assert found.queries == found.first_flip


@budget(max_examples=40, deadline=None)
@given(
    chunk=st.integers(1, 200),
    seed=st.integers(0, 50),
    to_the_end=st.booleans(),
    law=st.sampled_from([one_spot(), one_spot(depth=1.5), hashed(spread=2.05)]),
)
def test_the_chunk_of_a_probe_changes_neither_outcome_nor_queries(chunk, seed, to_the_end, law):
    settings = Settings(population=17, generations=6, seed=seed, to_the_end=to_the_end)
    whole, cut = StandIn(law, chunk=1000), StandIn(law, chunk=chunk)
    one, other = ended(whole, settings), ended(cut, settings)
    assert timeless(one) == timeless(other)
    assert np.array_equal(whole.queries[: one.queries], cut.queries[: one.queries])


def test_the_same_seed_asks_the_same_candidates_and_another_seed_others():
    probes = [StandIn(one_spot()) for _ in range(3)]
    outcomes = [
        timeless(ended(probe, replace(SMALL, seed=seed)))
        for probe, seed in zip(probes, (5, 5, 6), strict=True)
    ]
    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert np.array_equal(probes[0].queries, probes[1].queries)


# ------------------------------------------------------------------ what it asks
def test_founders_are_uniform_over_the_window_with_colours_of_mean_128_and_deviation_127():
    window = Window(10, 20, 30, 50)
    probe = StandIn(flat(), window=window, chunk=10_000)
    ended(probe, Settings(population=8_000, generations=1, seed=2))
    rows, columns = probe.queries[:, 0, 0], probe.queries[:, 0, 1]
    for found, low, count in ((rows, 10, 30), (columns, 20, 50)):
        counts = np.bincount(found - low, minlength=count)
        assert len(counts) == count
        expected = 8_000 / count
        assert ((counts - expected) ** 2 / expected).sum() < count + 4 * np.sqrt(2 * count)
    colours = probe.queries[:, 0, 2:].ravel()
    # N(128, 127) clipped to 0..255: 15.9 % to each side fall on the ends.
    assert abs((colours == 0).mean() - 0.157) < 0.01
    assert abs((colours == 255).mean() - 0.159) < 0.01
    inside = colours[(colours > 0) & (colours < 255)]
    assert abs(inside.mean() - 128) < 2
    assert abs(np.median(colours) - 128) < 3


@budget(max_examples=30, deadline=None)
@given(
    row=st.integers(0, 40),
    column=st.integers(0, 40),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    pixels=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_a_window_anywhere_in_a_tile_is_never_left_and_never_turned(
    row, column, height, width, pixels, seed
):
    window = Window(row, column, height, width)
    probe = StandIn(hashed(spread=1.0), window=window)
    settings = Settings(population=9, generations=5, pixels=pixels, seed=seed)
    *events, last = search(probe, settings)
    asked = probe.queries
    assert asked.shape[1:] == (pixels, 5)
    assert ((asked[..., 0] >= row) & (asked[..., 0] < row + height)).all()
    assert ((asked[..., 1] >= column) & (asked[..., 1] < column + width)).all()
    assert ((asked[..., 2:] >= 0) & (asked[..., 2:] <= 255)).all()
    assert all(window.holds(pixel.row, pixel.column) for pixel in last.best)
    clouds = [event.cloud for event in events if isinstance(event, Advanced)]
    assert all(window.holds(*place) for place in clouds[-1].tolist())


def test_the_far_row_and_column_of_the_window_can_be_reached():
    probe = StandIn(flat(), window=Window(0, 0, 4, 6), chunk=5_000)
    ended(probe, Settings(population=2_000, generations=1))
    assert set(probe.queries[:, 0, 0].tolist()) == set(range(4))
    assert set(probe.queries[:, 0, 1].tolist()) == set(range(6))


def test_positions_are_floored_and_colours_rounded():
    vectors = np.array([[3.999, 0.0, 254.5001, 0.49, 127.6]])
    assert as_candidates(vectors).tolist() == [[[3, 0, 255, 0, 128]]]


@pytest.mark.parametrize("pixels", [1, 2, 5])
def test_a_perturbation_has_as_many_pixels_as_asked_for(pixels):
    found = ended(StandIn(one_spot()), replace(SMALL, pixels=pixels))
    assert len(found.best) == pixels


# ------------------------------------------------------------------ what it tells
def test_events_begin_with_the_question_and_advance_by_one_chunk_each():
    probe = StandIn(flat(), chunk=16)
    began, *advances, last = search(probe, Settings(population=40, generations=2))
    assert isinstance(began, Began)
    assert began.budget == 80
    assert [event.queries for event in advances] == [16, 32, 40, 56, 72, 80]
    assert advances[-1].generation == 1
    assert last.curve[0] == (40, pytest.approx(probe.question.clean))


def test_the_best_confidence_told_never_gets_worse():
    probe = StandIn(hashed(spread=1.9), chunk=11)
    told = [event.confidence for event in search(probe, SMALL) if isinstance(event, Advanced)]
    assert (np.diff(told) <= 0).all()
    assert told[-1] == pytest.approx(float(confidence(probe.law(probe.queries).min()[None])[0]))


def test_the_cloud_is_the_whole_population_and_cannot_be_written():
    events = search(StandIn(flat()), SMALL)
    next(events)
    cloud = next(events).cloud
    events.close()
    assert cloud.shape == (40, 2)
    with pytest.raises(ValueError, match="read-only"):
        cloud[0, 0] = 1


def test_a_search_that_is_asked_no_more_asks_the_probe_no_more():
    probe = StandIn(flat(), chunk=8)
    events = search(probe, SMALL)
    for _ in range(3):
        next(events)
    events.close()
    assert len(probe.asked) == 2
    assert next(events, None) is None

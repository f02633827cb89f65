"""The exhaustive sweep: everything once, coarse to fine, flips only as confirmed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.attack.probe import Painted, SweepBegan, Swept, confidence
from onepixel_gui.attack.sweep import CORNERS, PALETTES, cube, sweep
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, flat, hashed, one_spot


def swept(probe, palette=CORNERS):
    *_, last = sweep(probe, palette)
    assert isinstance(last, Swept)
    return last


def expected(probe, palette):
    """(H, W, K) logits, asked one by one in reading order."""
    window = probe.window
    grid = [
        [row, column, *colour]
        for row in range(window.row, window.row + window.height)
        for column in range(window.column, window.column + window.width)
        for colour in palette.tolist()
    ]
    candidates = np.array(grid, np.int16)[:, None]
    return probe.law(candidates).reshape(window.height, window.width, len(palette))


# ------------------------------------------------------------------ palettes
def test_the_palettes_are_the_corners_and_the_27_of_the_cube():
    assert CORNERS.tolist()[:3] == [[0, 0, 0], [0, 0, 255], [0, 255, 0]]
    assert len(np.unique(PALETTES["27"], axis=0)) == 27
    assert set(PALETTES["27"].ravel().tolist()) == {0, 128, 255}
    assert len(cube(13)) == 13**3


def test_a_palette_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        CORNERS[0, 0] = 1


# ------------------------------------------------------------------ what it asks
@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    row=st.integers(0, 30),
    column=st.integers(0, 30),
    colours=st.integers(1, 5),
    chunk=st.integers(1, 100),
)
def test_every_position_meets_every_colour_once_whatever_window_and_chunk(
    height, width, row, column, colours, chunk
):
    palette = cube(3)[:colours]
    probe = StandIn(hashed(), window=Window(row, column, height, width), chunk=chunk)
    found = swept(probe, palette)
    wanted = expected(probe, palette)
    assert np.array_equal(found.logits, wanted)
    assert np.array_equal(found.flipped, wanted < 0)
    assert len(probe.queries) == found.queries == wanted.size
    assert len(np.unique(probe.queries.reshape(-1, 5), axis=0)) == wanted.size


def test_coarse_positions_come_before_fine_ones():
    probe = StandIn(flat(), window=Window(3, 5, 16, 24), chunk=8)
    list(sweep(probe))
    places = probe.queries[::8, 0, :2] - np.array([3, 5])
    strides = np.array([next(s for s in (8, 4, 2, 1) if not (p % s).any()) for p in places])
    assert (np.diff(strides) <= 0).all()
    assert [int((strides == s).sum()) for s in (8, 4, 2, 1)] == [6, 18, 72, 288]


def test_the_stride_told_is_that_of_the_coarsest_block_still_standing():
    probe = StandIn(flat(), window=Window(0, 0, 16, 16), chunk=8)
    told = [(e.done, e.stride) for e in sweep(probe, CORNERS[:1]) if isinstance(e, Painted)]
    # 4 positions on the 8 px grid, 12 more on the 4 px grid, 48 on the 2 px grid, 192 on the last
    for done, stride in told:
        standing = 8 if done < 16 else 4 if done < 64 else 2 if done < 256 else 1
        assert stride == standing


@pytest.mark.parametrize(("edge", "coarsest"), [(1, 1), (2, 2), (3, 2), (7, 4), (8, 8), (64, 8)])
def test_a_window_narrower_than_a_block_begins_with_a_smaller_one(edge, coarsest):
    probe = StandIn(flat(), window=Window(0, 0, edge, edge + 3))
    painted = [event.stride for event in sweep(probe, CORNERS[:1]) if isinstance(event, Painted)]
    assert painted[0] == coarsest
    assert painted[-1] == 1


def test_a_palette_larger_than_the_chunk_is_asked_one_position_at_a_time():
    probe = StandIn(hashed(), window=Window(0, 0, 3, 3), chunk=4)
    found = swept(probe, cube(3))
    assert [len(part) for part in probe.asked] == [27] * 9
    assert np.array_equal(found.logits, expected(probe, cube(3)))


# ------------------------------------------------------------------ what it tells
def test_a_block_shows_its_coarse_value_until_it_is_refined():
    probe = StandIn(hashed(), window=Window(0, 0, 16, 16), chunk=8)
    wanted = expected(probe, CORNERS)
    events = sweep(probe)
    began = next(events)
    assert isinstance(began, SweepBegan)
    assert began.total == 16 * 16 * 8
    first = next(events)
    assert (first.stride, first.done) == (8, 8)
    assert (first.lowest[:8, :8] == wanted[0, 0].min()).all()
    assert (first.highest[:8, :8] == wanted[0, 0].max()).all()
    assert (first.lowest[8:] == np.float32(2.0)).all()  # not asked yet: as the untouched tile
    for event in events:
        if isinstance(event, Painted):
            last = event
    assert np.array_equal(last.lowest, wanted.min(axis=2))
    assert np.array_equal(last.highest, wanted.max(axis=2))
    assert last.done == last.total


def test_a_block_at_the_edge_does_not_reach_beyond_the_window():
    probe = StandIn(hashed(), window=Window(0, 0, 11, 13), chunk=8)
    for event in sweep(probe):
        if isinstance(event, Painted):
            assert event.lowest.shape == event.change.shape == (11, 13)


def test_the_change_is_the_largest_one_with_its_sign():
    probe = StandIn(hashed(), window=Window(0, 0, 5, 5))
    *_, painted, _ = sweep(probe)
    change = expected(probe, CORNERS) - np.float32(2.0)
    strongest = np.take_along_axis(change, np.abs(change).argmax(2)[..., None], 2)[..., 0]
    assert np.array_equal(np.abs(painted.change), np.abs(strongest))
    assert np.array_equal(painted.change, strongest)


def test_what_an_event_holds_stays_as_it_was_and_cannot_be_written():
    events = sweep(StandIn(hashed(), chunk=8))
    next(events)
    first = next(events)
    before = first.lowest.copy()
    last = list(events)[-1]
    assert np.array_equal(first.lowest, before)
    for array in (first.lowest, first.highest, first.change, last.logits, last.flipped):
        assert not array.flags.writeable


# ------------------------------------------------------------------ what it confirms
def test_a_flip_that_the_ordinary_pass_denies_is_none():
    probe = StandIn(one_spot(), denies=True)
    found = swept(probe)
    assert (found.logits < 0).any()
    assert not found.flipped.any()


def test_confirmations_are_told_but_never_counted_as_queries():
    probe = StandIn(one_spot(), chunk=5)
    found = swept(probe)
    assert found.queries == 16 * 16 * 8
    assert found.confirmations == int((found.logits < 0).sum()) + 2
    assert found.confirmations == sum(len(part) for part in probe.confirmed)


def test_the_extremes_are_tile_pixels_with_the_confidence_of_an_ordinary_pass():
    window = Window(7, 9, 16, 16)
    probe = StandIn(one_spot(row=12, column=13), window=window)
    found = swept(probe)
    assert (found.lowest.row, found.lowest.column, found.lowest.rgb) == (12, 13, (255, 255, 0))
    assert found.lowest_confidence == pytest.approx(float(confidence(found.logits.min()[None])[0]))
    assert found.highest_confidence >= found.lowest_confidence
    assert window.holds(found.highest.row, found.highest.column)


def test_a_sweep_that_is_asked_no_more_asks_the_probe_no_more():
    probe = StandIn(flat(), chunk=8)
    events = sweep(probe)
    for _ in range(4):
        next(events)
    events.close()
    assert len(probe.asked) == 3


# ------------------------------------------------------------------ with a preview
def previewing(law, guess, **words):
    """The events of a sweep with a preview: (probe, begun, sketched, asked, ended)."""
    probe = StandIn(law, guess=guess, **words)
    begun, *painted, ended = sweep(probe)
    sketched = [event for event in painted if event.done == 0]
    return probe, begun, sketched, painted[len(sketched) :], ended


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    colours=st.integers(1, 9),
    chunk=st.integers(1, 100),
    glimpses=st.integers(1, 4000),
    guess=st.sampled_from([one_spot(), hashed(), flat(), flat(np.nan)]),
    upward=st.booleans(),
)
def test_a_preview_changes_nothing_in_the_finished_map(
    height, width, colours, chunk, glimpses, guess, upward
):
    window, palette = Window(3, 5, height, width), cube(3)[:colours]
    law, clean = (hashed(start=-2.0), -2.0) if upward else (hashed(), 2.0)
    plain = StandIn(law, clean, window, chunk)
    ahead = StandIn(law, clean, window, chunk, guess=guess, glimpses=glimpses)
    one, other = swept(plain, palette), swept(ahead, palette)
    assert np.array_equal(one.logits, other.logits)
    assert np.array_equal(one.flipped, other.flipped)
    for name in (
        "lowest", "lowest_confidence", "highest", "highest_confidence", "queries", "confirmations",
    ):  # fmt: skip
        assert getattr(one, name) == getattr(other, name)
    assert len(ahead.queries) == len(plain.queries)


def test_the_whole_map_is_previewed_before_anything_is_asked():
    _, begun, sketched, _, _ = previewing(flat(), hashed(), glimpses=160)
    wanted = expected(StandIn(hashed()), CORNERS)
    last = sketched[-1]
    assert begun.total == last.total == 16 * 16 * 8
    assert np.array_equal(last.lowest, wanted.min(axis=2))
    assert np.array_equal(last.highest, wanted.max(axis=2))
    assert last.stride == 1
    assert not any(event.exact.any() for event in sketched)


def test_a_preview_is_painted_coarse_to_fine_in_chunks_of_its_own():
    probe, _, sketched, _, _ = previewing(flat(), flat(), glimpses=160)
    assert [len(part) for part in probe.previewed][:4] == [4 * 8, 12 * 8, 160, 160]
    assert len(sketched) == len(probe.previewed)
    assert [event.stride for event in sketched[:2]] == [8, 4]


def test_the_most_promising_positions_are_asked_first_whole_positions_at_a_time():
    probe, *_ = previewing(flat(), one_spot(row=9, column=2), chunk=20)
    assert [len(part) for part in probe.asked] == [16] * 128
    assert (np.unique(probe.queries[:8, 0, 2:], axis=0) == np.unique(CORNERS, axis=0)).all()
    far = np.hypot(probe.queries[:, 0, 0] - 9, probe.queries[:, 0, 1] - 2)[::8]
    felt = far[far < 8]  # further out the guess of a float32 is flat
    assert (np.diff(felt) >= 0).all()
    assert np.array_equal(felt, far[: len(felt)])


def test_upward_the_highest_preview_comes_first():
    law = one_spot(row=9, column=2, sign=1.0, start=-2.0)
    probe, *_ = previewing(flat(-2.0), law, clean_logit=-2.0)
    assert probe.queries[0, 0, :2].tolist() == [9, 2]


def test_only_queries_are_counted_and_only_asked_positions_are_exact():
    probe, _, sketched, asked, _ = previewing(hashed(), one_spot(), chunk=40)
    wanted, guessed = expected(probe, CORNERS), sketched[-1].lowest
    for number, event in enumerate(asked, 1):
        assert event.done == min(40 * number, event.total) == 8 * event.exact.sum()
        assert np.array_equal(event.lowest[event.exact], wanted.min(axis=2)[event.exact])
        assert np.array_equal(event.highest[event.exact], wanted.max(axis=2)[event.exact])
        assert np.array_equal(event.lowest[~event.exact], guessed[~event.exact])
    assert asked[-1].exact.all()


def test_a_preview_that_is_no_number_shows_as_the_untouched_tile():
    guess = hashed()

    def broken(candidates):
        logits = guess(candidates)
        logits[candidates[:, 0, 0] == 5] = np.nan
        logits[candidates[:, 0, 0] == 6] = np.inf
        return logits

    _, _, sketched, _, _ = previewing(flat(), broken)
    for quantity in (sketched[-1].lowest, sketched[-1].highest):
        assert np.isfinite(quantity).all()
        assert (quantity[5:7] == np.float32(2.0)).all()
    assert (sketched[-1].change[5:7] == 0).all()


def test_without_a_preview_exact_is_where_it_asked():
    probe = StandIn(hashed(), chunk=8)
    for event in sweep(probe):
        if isinstance(event, Painted) and event.done < event.total:
            assert event.exact.sum() * 8 == event.done

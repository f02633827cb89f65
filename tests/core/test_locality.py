"""A found colour at other places: which ones, asked how, and what is kept of the answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.attack.locality import RANDOM, SHIFTS, moved
from onepixel_gui.attack.probe import Pixel
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, hashed, one_spot

YELLOW = (255, 255, 0)


@st.composite
def windows(draw):
    """A window of at least 2 x 2, and a place in it."""
    window = Window(
        *(draw(st.integers(0, 9)) for _ in range(2)), *(draw(st.integers(2, 14)) for _ in range(2))
    )
    row = draw(st.integers(window.row, window.row + window.height - 1))
    return window, row, draw(st.integers(window.column, window.column + window.width - 1))


@settings(max_examples=80, deadline=None)
@given(where=windows(), seed=st.integers(0, 2**63 - 1))
def test_every_place_lies_in_the_window_is_as_far_away_as_its_kind_says_and_none_is_the_pixels_own(
    where, seed
):
    window, row, column = where
    found = moved(StandIn(hashed(), window=window), (Pixel(row, column, YELLOW),), seed)
    places = {
        name: [tuple(place) for place in found.position[found.shift == kind].tolist()]
        for kind, name in enumerate(SHIFTS)
    }
    around = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    for name, step in (("neighbour", 1), ("same parity", 2)):
        wanted = [(row + step * down, column + step * right) for down, right in around]
        assert places[name] == [place for place in wanted if window.holds(*place)]
    strewn = places["random"]
    assert len(strewn) == len(set(strewn)) == min(RANDOM, window.height * window.width - 1)
    assert all(window.holds(*place) for place in strewn)
    assert (row, column) not in strewn
    assert found.origin == (row, column)


def test_every_other_place_of_the_window_is_drawn_equally_often():
    probe = StandIn(hashed(), window=Window(3, 2, 6, 7))
    counts = np.zeros((6, 7), int)
    for seed in range(400):
        found = moved(probe, (Pixel(5, 4, YELLOW),), seed)
        rows, columns = found.position[found.shift == SHIFTS.index("random")].T
        counts[rows - 3, columns - 2] += 1
    assert counts[2, 2] == 0
    others = np.delete(counts.ravel(), 2 * 7 + 2)
    expected = 400 * RANDOM / 41
    assert np.abs(others - expected).max() < 5 * np.sqrt(expected)


def test_the_colour_is_asked_everywhere_by_ordinary_passes_in_one_go():
    probe = StandIn(one_spot(7, 7, reach=2.0), window=Window(0, 0, 16, 16), chunk=4)
    found = moved(probe, (Pixel(7, 7, YELLOW),), 1)
    assert probe.asked == []
    (asked,) = probe.confirmed
    assert asked.shape == (32, 1, 5)
    assert asked[:, 0, :2].tolist() == found.position.tolist()
    assert (asked[:, 0, 2:] == YELLOW).all()
    readings = StandIn(probe.law).confirm(asked)
    assert found.confidence.tolist() == readings.confidences.tolist()
    assert found.flipped.tolist() == readings.flipped.tolist()
    near, far = (found.flipped[found.shift == kind].mean() for kind in (0, 2))
    assert near > far


def test_what_the_ordinary_pass_denies_does_not_flip():
    probe = StandIn(one_spot(7, 7, reach=9.0), denies=True)
    assert not moved(probe, (Pixel(7, 7, YELLOW),), 1).flipped.any()


def test_the_seed_moves_the_random_places_alone():
    one, other, again = (
        moved(StandIn(hashed()), (Pixel(4, 9, YELLOW),), seed) for seed in (1, 2, 1)
    )
    near = one.shift != SHIFTS.index("random")
    assert one.position.tolist() == again.position.tolist()
    assert one.position[near].tolist() == other.position[near].tolist()
    assert one.position[~near].tolist() != other.position[~near].tolist()


def test_what_is_kept_cannot_be_written():
    found = moved(StandIn(hashed()), (Pixel(4, 9, YELLOW),), 0)
    for column in (found.shift, found.position, found.confidence, found.flipped):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = column[1]


@pytest.mark.parametrize(
    "best", [(), (Pixel(1, 1, YELLOW), Pixel(2, 2, YELLOW)), (Pixel(40, 1, YELLOW),)]
)
def test_only_one_pixel_of_the_window_can_be_moved(best):
    with pytest.raises(ValueError, match=r"one pixel|outside"):
        moved(StandIn(hashed()), best, 0)

"""What results say: known colours, known maps, planted ripples, and noise that stays noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from onepixel_gui.analysis.chromatic import hexadecimal, rgb_shift
from onepixel_gui.analysis.periodicity import SHORT, periods
from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.analysis.spatial import (
    centre_distance,
    confidence_map,
    largest_change,
    profiles,
)
from onepixel_gui.attack.probe import Pixel, Question, Swept, confidence
from onepixel_gui.tiles.tile import Window

PALETTE = np.array([[0, 0, 0], [255, 255, 0], [0, 0, 255]], np.uint8)
CHANNEL = st.integers(0, 255)
COLOUR = st.tuples(CHANNEL, CHANNEL, CHANNEL)
MAPS = arrays(
    np.float32,
    st.tuples(st.integers(8, 24), st.integers(8, 24)),
    elements=st.floats(-8, 8, width=32),
)


def swept(logits, flipped, clean=2.0):
    height, width, _ = logits.shape
    window = Window(3, 5, height, width)
    asked = Question("mitosis", "normal", "mitosis", 0.88, clean, 0.5, window)
    pixel = Pixel(3, 5, (0, 0, 0))
    return Swept(
        asked, PALETTE, logits, flipped, pixel, 0.1, pixel, 0.9, logits.size, 1, 1.0
    )  # fmt: skip


# ------------------------------------------------------------------ colour
def test_a_known_pair_has_its_known_colour_difference():
    shift = rgb_shift((92, 52, 128), (250, 240, 60))
    assert shift.ciede2000 == pytest.approx(86.3, abs=0.05)
    assert shift.change == (158, 188, -68)
    assert shift.euclidean == pytest.approx(np.sqrt(158**2 + 188**2 + 68**2))


def test_black_to_white_is_a_difference_of_100():
    assert rgb_shift((0, 0, 0), (255, 255, 255)).ciede2000 == pytest.approx(100, abs=0.01)
    assert rgb_shift((0, 0, 0), (255, 255, 255)).euclidean == pytest.approx(441.67, abs=0.01)


@settings(deadline=None, max_examples=50)
@given(COLOUR, COLOUR)
def test_a_colour_difference_is_the_same_both_ways_and_zero_only_for_equals(one, other):
    there, back = rgb_shift(one, other), rgb_shift(other, one)
    assert there.ciede2000 == pytest.approx(back.ciede2000, abs=1e-9)
    assert there.euclidean == back.euclidean
    assert (there.ciede2000 == 0) == (one == other)


def test_a_colour_is_written_as_web_colours_are():
    assert hexadecimal((24, 8, 27)) == "#18081B"


# ------------------------------------------------------------------ maps and profiles
def test_the_map_takes_the_extremes_over_the_palette():
    logits = np.full((4, 6, 3), 2.0, np.float32)
    logits[1, 2] = (-1.0, 2.0, 3.0)
    flipped = logits < 0
    found = confidence_map(swept(logits, flipped))
    assert found.lowest[1, 2] == pytest.approx(float(confidence(np.float32(-1.0))))
    assert found.highest[1, 2] == pytest.approx(float(confidence(np.float32(3.0))))
    assert found.change[1, 2] == pytest.approx(-3.0)
    assert (found.lowest_colour[1, 2], found.highest_colour[1, 2]) == (0, 2)
    assert found.flipping_positions == 1
    assert not found.change[0].any()


@given(arrays(np.float32, (3, 4, 5), elements=st.floats(-20, 20, width=32)), st.floats(-5, 5))
def test_the_largest_change_is_one_of_the_changes_and_none_is_larger(logits, clean):
    change = logits - np.float32(clean)
    found = largest_change(logits, clean)
    assert (np.abs(found)[..., None] >= np.abs(change)).all()
    assert (found[..., None] == change).any(axis=-1).all()


def test_profiles_of_a_known_map_are_its_row_and_column_means():
    change = np.array([[1, -2, 3, -4], [0, 0, 0, 0], [-5, 5, -5, 5], [2, 2, 2, 2]], np.float32)
    found = profiles(change)
    assert found.row.tolist() == [2.5, 0, 5, 2]
    assert found.column.tolist() == [2, 2.25, 2.5, 2.75]
    assert found.row_parity == (3.75, 1.0)
    assert found.column_parity == (2.25, 2.5)


@given(MAPS)
def test_both_profiles_have_the_mean_of_the_map(change):
    found = profiles(change)
    mean = np.abs(change.astype(float)).mean()
    assert found.row.mean() == pytest.approx(mean, abs=1e-9)
    assert found.column.mean() == pytest.approx(mean, abs=1e-9)


@given(MAPS)
def test_a_transposed_map_swaps_rows_and_columns(change):
    one, other = profiles(change), profiles(np.ascontiguousarray(change.T))
    assert np.allclose(one.row, other.column)
    assert one.column_parity == pytest.approx(other.row_parity)


def test_distance_from_the_centre_counts_from_pixel_middles():
    window = Window(8, 8, 64, 64)
    assert centre_distance(40, 40, window) == pytest.approx(np.hypot(0.5, 0.5))
    assert centre_distance(39, 39, window) == pytest.approx(np.hypot(0.5, 0.5))
    assert centre_distance(0, 0, Window(0, 0, 3, 3)) == pytest.approx(np.hypot(1, 1))


# ------------------------------------------------------------------ periods
def noise(seed, shape=(64, 64)):
    return np.random.default_rng(seed).exponential(1, shape).astype(np.float32)


def test_a_planted_ripple_of_two_pixels_is_found_in_both_axes():
    change = noise(0)
    change[::2] += 0.8
    change[:, ::2] += 0.8
    found = periods(change)
    for spectrum in (found.row, found.column):
        assert spectrum.strongest == 2.0
        assert spectrum.beyond_null
        assert spectrum.power[-1] > spectrum.null[-1]


def test_a_ripple_along_rows_only_is_not_reported_for_columns():
    change = noise(4)
    change[::4] += 1.0
    found = periods(change)
    assert found.row.strongest == 4.0
    assert found.row.beyond_null
    assert not found.column.beyond_null


def test_noise_is_called_periodic_in_at_most_one_map_of_ten():
    found = [periods(noise(seed), shuffles=200) for seed in range(40)]
    alarms = [spectrum.beyond_null for each in found for spectrum in (each.row, each.column)]
    assert np.mean(alarms) <= 0.10


def test_a_slow_gradient_is_no_short_period():
    change = noise(3) + np.linspace(0, 20, 64, dtype=np.float32)[:, None]
    assert not periods(change).row.beyond_null


@settings(deadline=None, max_examples=25)
@given(MAPS)
def test_the_power_of_all_periods_adds_up_to_the_variance(change):
    """Parseval, after the linear trend is taken out."""
    from scipy.signal import detrend

    found = periods(change, shuffles=4)
    for spectrum, axis in ((found.row, 1), (found.column, 0)):
        profile = detrend(np.abs(change.astype(float)).mean(axis=axis))
        assert spectrum.power.sum() == pytest.approx(profile.var(), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(MAPS, st.integers(0, 5))
def test_the_same_seed_draws_the_same_null_and_the_sign_does_not_matter(change, seed):
    one, other = periods(change, shuffles=8, seed=seed), periods(-change, shuffles=8, seed=seed)
    assert np.array_equal(one.row.null, other.row.null)
    assert np.array_equal(one.column.power, other.column.power)
    assert one.row.share == other.row.share


def test_the_null_does_not_depend_on_where_the_values_lay():
    """Shuffled or sorted, the same values have the same null, up to the draw."""
    change = noise(5)
    ordered = np.sort(change.ravel()).reshape(64, 64)
    one, other = periods(change, shuffles=2000), periods(ordered, shuffles=2000)
    assert np.allclose(one.row.null[:-1], other.row.null[:-1], rtol=0.25)
    assert np.allclose(one.column.null[:-1], other.column.null[:-1], rtol=0.25)


def test_periods_run_from_the_longest_to_two_pixels_and_only_short_ones_are_named():
    found = periods(noise(6))
    assert found.row.period[0] == 64
    assert found.row.period[-1] == 2
    assert found.row.strongest <= SHORT
    assert len(found.row.period) == len(found.row.power) == len(found.row.null) == 32


def test_a_sweep_is_examined_as_a_whole():
    rng = np.random.default_rng(1)
    logits = rng.normal(2, 1, (16, 24, 3)).astype(np.float32)
    found = sensitivity(swept(logits, logits < 0))
    assert found.map.lowest.shape == (16, 24)
    assert (found.profiles.row.shape, found.profiles.column.shape) == ((16,), (24,))
    assert found.map.flipping_positions == int((logits < 0).any(axis=2).sum())

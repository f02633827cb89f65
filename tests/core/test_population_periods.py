"""Periods over many tiles: found where they are planted, not found where there are none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from onepixel_gui.analysis.periodicity import power_spectrum
from onepixel_gui.analysis.population import locking, periods
from onepixel_gui.analysis.population.maps import largest_size
from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.analysis.population.periods import Periodicities, phases
from tests.core.planted_maps import sensitive, swept

SEEDS = 200
TOLERATED = binom.ppf(0.999, SEEDS, 0.05)  # rejections at an error rate of 5 %


def examined(sweeps, *, strides=(), seed=0, cases=None):
    collected = Periodicities(strides, seed)
    for index, sweep in enumerate(sweeps):
        collected.add(sweep, -1 if cases is None else cases[index])
    return collected.result()


def population(seed, tiles=12, **planted):
    rng = np.random.default_rng(seed)
    return [sensitive(rng, **planted) for _ in range(tiles)]


# ------------------------------------------------------------------ planted truths
@pytest.fixture
def few_shuffles(monkeypatch):
    """Two hundred populations need not have their spectra's nulls drawn finely."""
    monkeypatch.setattr(periods, "SHUFFLES", 99)
    monkeypatch.setattr(locking, "SHIFTS", 399)


@pytest.mark.usefixtures("few_shuffles")
def test_a_period_of_2_rows_is_found_in_the_rows_and_none_in_the_columns():
    rows = columns = right = 0
    for seed in range(SEEDS):
        found = examined(population(seed, period=2, effect=0.35), seed=seed)
        rows += found.row.beyond_null
        right += found.row.strongest == 2.0
        columns += found.column.beyond_null
    assert rows >= 0.9 * SEEDS
    assert right >= 0.9 * SEEDS
    assert columns <= TOLERATED


@pytest.mark.usefixtures("few_shuffles")
def test_tiles_with_structure_of_their_own_but_no_common_period_have_none():
    """Spots a few pixels wide beat shuffled positions, and that must not be taken for a period."""
    fooled, rows, columns, strides = 0, 0, 0, 0
    for seed in range(SEEDS):
        found = examined(population(seed, 8), seed=seed, strides=(4,))
        fooled += bool((found.row.power > found.row.null)[found.row.period <= 8].any())
        rows += found.row.beyond_null
        columns += found.column.beyond_null
        strides += found.row.explained[0].locked_p <= 0.05
    assert fooled > 0.5 * SEEDS
    assert 0 < rows <= TOLERATED
    assert 0 < columns <= TOLERATED
    assert 0 < strides <= TOLERATED


@pytest.mark.parametrize("period", [4, 8])
def test_longer_periods_are_found_as_what_they_are(period):
    found = examined(
        population(1, 30, shape=(64, 48), period=period, effect=1.0), strides=(2, 4, 8)
    )
    explained = {each.stride: each for each in found.row.explained}
    assert found.row.beyond_null
    # A train of pulses has its parts as well: each of them is as strong.
    assert period % found.row.strongest == 0
    assert explained[period].p <= 0.001
    assert explained[period].locked_p <= 0.002
    assert explained[period].short > 0.5
    assert explained[2].short < 0.5
    assert explained[period].share > explained[period].null > explained[period].expected
    assert explained[8].share >= explained[4].share >= explained[2].share


# ------------------------------------------------------------------ the nulls
def test_the_shuffled_null_is_that_of_shuffling_the_positions_of_every_tile():
    sweeps = population(3, 6, shape=(24, 20))
    found, rng = examined(sweeps), np.random.default_rng(0)
    maps = [largest_size(each) for each in sweeps]
    drawn = np.array(
        [
            np.mean([rng.permutation(each.ravel()).reshape(24, 20) for each in maps], axis=0)
            for _ in range(3_000)
        ]
    )
    for spectrum, axis in ((found.row, 2), (found.column, 1)):
        _, power = power_spectrum(drawn.mean(axis=axis))
        np.testing.assert_allclose(spectrum.null, np.percentile(power, 95, axis=0), rtol=0.2)


def test_what_chance_explains_is_one_part_in_as_many_as_the_profile_has():
    """The expected share of m - 1 of H - 2 degrees of freedom, those left by a line."""
    found = examined(population(5, 6, shape=(64, 32)), strides=(2, 4, 8))
    for each in found.row.explained:
        assert each.expected == pytest.approx((each.stride - 1) / 62, rel=0.15)


def test_drawing_shifts_and_their_normal_limit_agree(monkeypatch):
    monkeypatch.setattr(locking, "SHIFTS", 4_000)
    sweeps = population(2, 120)
    drawn = examined(sweeps)
    monkeypatch.setattr(locking, "MANY", 100)
    limit = examined(sweeps)
    np.testing.assert_allclose(drawn.row.locked_null, limit.row.locked_null, rtol=0.12)
    assert drawn.row.locked_null[-1] == pytest.approx(3.84, rel=0.1)  # a sign: chi-square with 1
    assert np.median(drawn.row.locked_null) == pytest.approx(3.0, rel=0.05)  # a phase: with 2
    assert drawn.row.locked.tolist() == limit.row.locked.tolist()


def test_equal_tiles_agree_completely_and_tiles_of_opposite_phase_not_at_all():
    rng = np.random.default_rng(0)
    one = sensitive(rng, period=2, effect=3.0)
    shifted = replace(one, logits=np.roll(one.logits, 1, axis=0))
    same, opposed = examined([one] * 6), examined([one, shifted] * 3)
    assert same.row.locked == pytest.approx(6.0)
    assert opposed.row.locked[-1] < 0.1
    assert same.row.classes[0].relative[0] > 1.2
    assert opposed.row.classes[0].relative == pytest.approx(1.0, abs=0.05)


# ------------------------------------------------------------------ remainders
def test_class_means_are_relative_to_each_tile_and_average_1():
    sweeps = population(0, 10, shape=(32, 64), period=4, effect=1.0)
    found = examined(sweeps)
    assert [each.modulus for each in found.row.classes] == [2, 4, 8]
    for classes in (*found.row.classes, *found.column.classes):
        assert classes.relative.mean() == pytest.approx(1.0)
        assert classes.mean.mean() == pytest.approx(found.row.profile.mean())
        assert (classes.low < classes.relative).all()
        assert (classes.relative < classes.high).all()
    fours = found.row.classes[1]
    assert fours.relative.argmax() == 0
    assert fours.low[0] > fours.high[1:].max()


def test_a_strong_tile_has_no_more_say_in_relative_means_than_a_weak_one():
    rng = np.random.default_rng(0)
    one, other = sensitive(rng, period=2, effect=2.0), sensitive(rng)
    ten_times = replace(one, logits=2 + 10 * (one.logits - 2))
    usual, loud = examined([one, other]), examined([ten_times, other])
    np.testing.assert_allclose(
        usual.row.classes[0].relative, loud.row.classes[0].relative, rtol=1e-5
    )
    np.testing.assert_allclose(usual.row.locked, loud.row.locked, rtol=1e-4)
    assert loud.row.classes[0].mean[0] > 3 * usual.row.classes[0].mean[0]


def test_intervals_cover_the_truth_when_tiles_of_a_case_are_alike(monkeypatch):
    monkeypatch.setattr(locking, "SHIFTS", 1)
    cases, alone, together = np.repeat(np.arange(8), 5), 0, 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        lean = 0.1 * rng.standard_normal(8)  # of a case, towards even rows; 0 on average
        stripe = np.where(np.arange(8) % 2, -1, 1)[:, None, None]
        sweeps = [
            swept(2 - (1 + lean[case] * stripe + 0.05 * rng.standard_normal((8, 8, 1))))
            for case in cases
        ]
        alone += _covers_1(examined(sweeps))
        together += _covers_1(examined(sweeps, cases=cases))
    assert binom.ppf(0.001, SEEDS, 0.95) <= together <= binom.ppf(0.999, SEEDS, 0.95)
    assert alone < 0.8 * SEEDS


def _covers_1(found):
    twos = found.row.classes[0]
    return bool(twos.low[0] <= 1 <= twos.high[0])


# ------------------------------------------------------------------ edges
def test_of_nothing_there_is_no_result_and_of_few_tiles_no_p():
    assert Periodicities().result() is None
    few = examined(population(0, 4))
    assert few.row.p is None
    assert not few.row.beyond_null
    assert np.isnan(few.row.locked_null).all()
    assert examined(population(0, 5)).row.p is not None


def test_a_classifier_that_never_changes_has_no_period():
    found = examined([swept(np.full((16, 16, 2), 2.0))] * 6, strides=(2, 4))
    assert found.row.p == 1.0
    assert found.row.power.max() == 0
    assert [each.share for each in found.row.explained] == [0.0, 0.0]
    assert [each.p for each in found.row.explained] == [1.0, 1.0]
    assert found.row.explained[0].short is None


def test_sweeps_of_another_window_are_counted_apart():
    found = examined([*population(0, 5), *population(1, 2, shape=(16, 16))])
    assert (found.tiles, found.other) == (5, 2)


def test_the_same_seed_gives_the_same_numbers():
    once, again = (examined(population(0, 6), strides=(2,), seed=4) for _ in range(2))
    assert once.row.p == again.row.p
    assert once.column.null.tolist() == again.column.null.tolist()


@settings(max_examples=20, deadline=None)
@given(height=st.integers(2, 20), width=st.integers(2, 20), tiles=st.integers(1, 7))
def test_any_window_has_a_result(height, width, tiles):
    found = examined(population(0, tiles, shape=(height, width)), strides=(1, 2, 3, 8, 32))
    for spectrum, length in ((found.row, height), (found.column, width)):
        assert len(spectrum.profile) == length
        assert len(spectrum.period) == length // 2
        assert all(2 * each.modulus <= length for each in spectrum.classes)
        assert all(2 <= each.stride <= length // 2 for each in spectrum.explained)
        assert all(0 <= each.share <= 1 + 1e-9 and 0 < each.p <= 1 for each in spectrum.explained)
        assert spectrum.p is None or 0 < spectrum.p <= 1


# ------------------------------------------------------------------ where searches found pixels
def found_at(positions, *, tiles=None, window=(64, 64)):
    n = len(positions)
    ones, zeros = np.ones(n, int), np.zeros(n, int)
    grey = np.zeros((n, 3), np.uint8)
    return Outcomes(
        run=np.arange(n),
        tile=np.arange(n) if tiles is None else np.asarray(tiles),
        case=-ones,
        label=ones,
        answer=ones,
        after=zeros,
        subject=ones,
        clean=np.full(n, 0.9),
        confidence=np.full(n, 0.1),
        clean_logit=np.full(n, 2.0),
        flipped=np.ones(n, bool),
        position=np.asarray(positions).reshape(n, 2),
        colour_before=grey,
        colour_after=grey.copy(),
        queries=ones * 400,
        first_flip=ones * 300,
        flipping_positions=-ones,
        seed=zeros,
        classes=("normal", "mitosis"),
        cases=(),
        window=window,
    )


def test_even_rows_are_told_from_even_chance():
    alarms = hits = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        places = rng.integers(0, 64, (60, 2))
        lured = rng.random(60) < 0.5
        places[:, 0] -= lured * (places[:, 0] % 2)
        rows, *_, columns = (each for each in phases(found_at(places)) if each.modulus == 2)
        hits += rows.p <= 0.05
        alarms += columns.p <= 0.05
    assert hits >= 0.9 * SEEDS
    assert alarms <= TOLERATED


def test_few_pixels_are_tested_by_drawing_and_many_by_the_law():
    rng = np.random.default_rng(0)
    few, many = (phases(found_at(rng.integers(0, 64, (n, 2)))) for n in (12, 400))
    assert {each.modulus: each.test for each in few if each.axis == "row"} == {
        2: "chi-square",
        4: "chi-square, Monte Carlo",
        8: "chi-square, Monte Carlo",
    }
    assert {each.test for each in many} == {"chi-square"}


def test_p_is_that_of_the_law_and_of_few_pixels_that_of_counting():
    odd = [[0, 0]] * 30 + [[1, 0]] * 10
    assert phases(found_at(odd))[0].statistic == pytest.approx(10.0)
    assert phases(found_at(odd))[0].p == pytest.approx(0.00157, abs=1e-5)
    few = phases(found_at([[0, 0]] * 6))[0]
    assert few.p == pytest.approx(2 / 2**6, abs=0.006)


def test_a_window_that_is_no_multiple_expects_its_own_phases():
    (rows, columns) = (
        each for each in phases(found_at([[0, 0]] * 9, window=(9, 18))) if each.modulus == 4
    )
    assert rows.expected == pytest.approx([3, 2, 2, 2])
    assert columns.expected == pytest.approx([2.5, 2.5, 2, 2])
    assert [each.modulus for each in phases(found_at([[0, 0]], window=(7, 4)))] == [2, 2]


def test_several_seeds_of_a_tile_count_once():
    repeated = phases(found_at([[0, 1]] * 20, tiles=np.arange(20) // 10))
    assert {each.n for each in repeated} == {2}


def test_of_no_pixels_there_is_no_p():
    assert {each.p for each in phases(found_at(np.zeros((0, 2), int)))} == {None}

"""Rates, intervals and confidences of a population: the tile counts once, cases count as cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from onepixel_gui.analysis.population.before_after import before_after, spread
from onepixel_gui.analysis.population.rates import rate, rates
from onepixel_gui.analysis.population.shares import wilson
from onepixel_gui.analysis.population.units import clusters, doubt, one_per_tile
from tests.core.planted import Effects, changed, planted

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


# ------------------------------------------------------------------ the unit
def test_a_tile_with_several_seeds_counts_once_and_as_flipped_if_any_seed_flipped_it():
    runs = planted(30, Effects(share=0.3), seeds=4, seed=3)
    tiles = one_per_tile(runs)
    assert list(tiles.tile) == list(range(10, 40))
    assert list(tiles.flipped) == [
        bool(runs.flipped[runs.tile == tile].any()) for tile in tiles.tile
    ]


def test_of_a_tile_the_first_seed_that_flipped_speaks_whatever_the_order_of_the_runs():
    runs = planted(40, Effects(share=0.4), seeds=5, seed=1)
    mixed = runs.some(np.random.default_rng(0).permutation(len(runs)))
    for tiles in (one_per_tile(runs), one_per_tile(mixed)):
        for row in range(len(tiles)):
            mine = runs.some(runs.tile == tiles.tile[row])
            first = mine.seed[mine.flipped].min() if mine.flipped.any() else 0
            assert tiles.seed[row] == first
    assert list(one_per_tile(mixed).tile) == list(dict.fromkeys(mixed.tile))


def test_more_seeds_of_the_same_tiles_do_not_make_an_interval_narrower():
    once = planted(60, Effects(share=0.5), seed=2)
    again = once.some(np.repeat(np.arange(60), 10))
    assert rates(again).overall.wilson == rates(once).overall.wilson
    assert (rates(again).runs, rates(again).most_seeds) == (600, 10)


# ------------------------------------------------------------------ intervals
@settings(deadline=None, max_examples=60)
@given(st.integers(1, 5_000), st.data())
def test_wilson_is_scipys_and_holds_the_share(n, data):
    flipped = data.draw(st.integers(0, n))
    ours, theirs = wilson(flipped, n), binomtest(flipped, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert 0 <= ours.low <= flipped / n <= ours.high <= 1


def test_no_tiles_have_a_rate_without_share_and_interval():
    nothing = rates(planted(5).some(np.zeros(5, bool)))
    assert (nothing.overall.share, nothing.overall.interval, nothing.by_run) == (None, None, None)
    assert (nothing.overall.n, nothing.directions, nothing.labels, nothing.cases) == (0, (), (), ())


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 200), st.integers(0, 30), st.floats(0, 1), st.integers(0, 99))
def test_an_interval_over_cases_is_never_narrower_than_wilsons(tiles, cases, share, seed):
    found = rates(planted(tiles, Effects(share=share), cases=cases, seed=seed)).overall
    assert (found.clustered is None) == (found.why_not != "")
    if found.clustered is not None:
        assert found.clustered.low <= found.wilson.low <= found.share
        assert found.clustered.high >= found.wilson.high >= found.share
        assert 0 <= found.clustered.low <= found.clustered.high <= 1


def test_where_nothing_flipped_cases_still_leave_doubt():
    found = rates(planted(200, Effects(share=0), cases=12)).overall
    assert found.flipped == 0
    assert found.interval.high > found.wilson.high > 0


def test_too_few_cases_and_unknown_cases_are_told_instead_of_an_interval():
    few = rates(planted(50, cases=3)).overall
    assert few.clustered is None
    assert few.why_not == "3 cases; at least 5 are needed."
    runs = planted(50, cases=10)
    unknown = rates(changed(runs, case=np.where(np.arange(50) < 7, -1, runs.case))).overall
    assert unknown.why_not == "The case of 7 of 50 tiles is not known."
    assert unknown.interval is unknown.wilson


def test_intervals_over_cases_hold_the_truth_where_wilsons_does_not():
    """Chance differs between 12 cases; the truth is the mean chance of all cases."""
    held = {"clustered": 0, "wilson": 0}
    effects, trials = Effects(share=0.3, case_flips=1.2), 200
    odds = np.log(0.3 / 0.7) + 1.2 * np.random.default_rng(9).normal(size=400_000)
    truth = (1 / (1 + np.exp(-odds))).mean()
    for seed in range(trials):
        runs = planted(240, effects, cases=12, seed=seed)
        found = rate("all", runs.flipped, runs.case)
        for name in held:
            interval = getattr(found, name)
            held[name] += interval.low <= truth <= interval.high
    assert held["clustered"] >= 0.9 * trials  # 95 % promised; 12 cases are few
    assert held["wilson"] <= 0.75 * trials


def test_a_sum_over_single_tiles_has_the_textbook_standard_error():
    values = np.random.default_rng(0).normal(size=30)
    found = doubt(values - values.mean(), None)
    assert found.error == pytest.approx(values.std(ddof=1) / 30**0.5)
    assert (found.freedom, found.cases) == (29, 0)
    assert doubt(np.zeros(9), None) is None


def test_tiles_of_a_case_that_say_all_the_same_are_worth_one():
    cases, index = np.repeat(np.arange(8), 25), np.arange(8)
    values = np.random.default_rng(0).normal(size=8)[cases]
    apart = doubt(values[25 * index] - values.mean(), None)
    assert doubt(values - values.mean(), cases).error == pytest.approx(apart.error)


def test_cases_are_numbered_anew():
    index, why_not = clusters(np.array([7, 3, 3, 9, 12, 40]))
    assert (list(index), why_not) == ([1, 0, 0, 2, 3, 4], "")


# ------------------------------------------------------------------ parts
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 80), st.integers(1, 9), st.integers(1, 3), st.integers(0, 99))
def test_directions_labels_and_cases_add_up_to_all(tiles, cases, seeds, seed):
    found = rates(planted(tiles, cases=cases, seeds=seeds, seed=seed))
    for parts in (found.directions, found.labels, found.cases):
        assert sum(part.n for part in parts) == found.overall.n == tiles
        assert sum(part.flipped for part in parts) == found.overall.flipped
    assert [part.n for part in found.directions] == sorted(
        (part.n for part in found.directions), reverse=True
    )


def test_rates_are_told_by_direction_label_and_case():
    runs = planted(100, Effects(share=0.5), cases=6, seed=4)
    flipped = runs.answer == 1  # every mitosis, and no normal
    found = rates(changed(runs, flipped=flipped))
    shares = {each.title: each.share for each in (*found.directions, *found.labels)}
    assert shares == {"mitosis to normal": 1, "normal to mitosis": 0, "mitosis": 1, "normal": 0}
    assert [each.title for each in found.cases] == [f"case {number:02}" for number in range(6)]


# ------------------------------------------------------------------ before and after
def test_the_spread_of_known_values_is_known():
    found = spread(np.array([1, 2, 3, 4, 100.0]))
    assert (found.minimum, found.median, found.mean, found.maximum) == (1, 3, 22, 100)
    assert found.deviation == pytest.approx(1902.5**0.5)
    assert (found.quartiles, found.whiskers, found.beyond) == ((2, 4), (1, 4), 1)
    assert spread(np.array([])) is None
    assert spread(np.array([0.5])).deviation is None


@settings(deadline=None, max_examples=80)
@given(VALUES)
def test_a_spread_is_ordered_and_counts_every_value(values):
    found, ordered = spread(np.array(values)), sorted(values)
    low, high = found.whiskers
    assert found.minimum <= low <= high <= found.maximum
    assert found.beyond == sum(not low <= value <= high for value in ordered)
    assert found.quartiles[0] <= found.median <= found.quartiles[1]


def test_each_direction_is_told_before_and_after_for_all_flipped_and_held():
    runs = planted(120, Effects(share=0.4), seeds=2, seed=5)
    found = before_after(runs)
    assert len(found) == 6
    assert found[0].n + found[3].n == 120
    for all_, flipped, held in (found[:3], found[3:]):
        assert (all_.part, flipped.part, held.part) == ("all", "flipped", "held")
        assert all_.n == flipped.n + held.n
        assert all_.before.mean == pytest.approx(np.mean(all_.clean))
        assert sorted([*flipped.runs, *held.runs]) == sorted(all_.runs)
        mitoses = all_.title.startswith("mitosis")
        assert (flipped.after.maximum < 0.5) == mitoses
        assert flipped.change.mean == pytest.approx(flipped.after.mean - flipped.before.mean)


def test_a_direction_in_which_nothing_flipped_has_no_numbers_of_flips():
    flipped = next(each for each in before_after(planted(20, Effects(share=0))) if
                   each.part == "flipped")  # fmt: skip
    assert (flipped.n, flipped.before, flipped.after, flipped.change) == (0, None, None, None)

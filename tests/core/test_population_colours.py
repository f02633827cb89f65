"""Colours of a population: the numbers of one pixel, and tests that agree with the textbook."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata, spearmanr

from onepixel_gui.analysis.chromatic import rgb_shift
from onepixel_gui.analysis.population.colours import chromatic, differences
from onepixel_gui.analysis.population.comparing import compare, correlate, midranks
from tests.core.planted import Effects, changed, planted


def test_differences_are_those_of_each_pixel_alone():
    runs = planted(40, seed=2)
    found = differences(runs.colour_before, runs.colour_after)
    for row in range(40):
        pair = [tuple(int(v) for v in c[row]) for c in (runs.colour_before, runs.colour_after)]
        alone = rgb_shift(*pair)
        assert tuple(found.change[row]) == alone.change
        assert found.euclidean[row] == pytest.approx(alone.euclidean)
        assert found.ciede2000[row] == pytest.approx(alone.ciede2000)


def test_colours_are_told_of_one_run_for_each_tile():
    found = chromatic(planted(50, Effects(share=0.5), seeds=3))
    assert len(found.runs) == len(found.flipped) == len(found.before) == len(found.after) == 50
    first = found.compared[0]
    assert (first.quantity, first.flipped + first.held) == ("Euclidean RGB difference", 50)
    assert [each.quantity for each in found.compared[2:]] == [
        "change of red", "change of green", "change of blue"
    ]  # fmt: skip
    for spreads in found.channels:
        assert [each.n for each in spreads] == [50, first.flipped, first.held]


def test_the_size_of_the_colour_change_is_correlated_with_that_of_the_confidence():
    runs = planted(80, seed=3)
    found = chromatic(runs)
    wanted = spearmanr(found.differences.euclidean, np.abs(runs.confidence - runs.clean))
    assert (found.correlated[0].quantity, found.correlated[0].against) == (
        "Euclidean RGB difference", "size of the change of confidence"
    )  # fmt: skip
    assert found.correlated[0].rho == pytest.approx(wanted.statistic)


def test_saturated_confidences_do_not_spoil_the_correlation_with_logits():
    runs = planted(60, seed=1)
    confidence, logit = runs.confidence.copy(), runs.clean_logit.copy()
    confidence[:3], logit[2] = (0.0, 1.0, 1.0), np.inf
    found = chromatic(changed(runs, confidence=confidence, clean_logit=logit))
    of_confidence, of_logit = found.correlated[:2]
    assert (of_confidence.test.n, of_logit.test.n) == ((60,), (59,))
    assert np.isfinite(of_logit.rho)


# ------------------------------------------------------------------ against the textbook
@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=50))
def test_midranks_are_scipys(values):
    assert np.array_equal(midranks(np.array(values)), rankdata(values))


@settings(deadline=None, max_examples=40)
@given(st.integers(10, 60), st.integers(10, 60), st.integers(2, 400), st.integers(0, 10**6))
def test_mann_whitney_is_scipys_with_and_without_ties(one, other, values, seed):
    drawn = np.random.default_rng(seed).integers(values, size=one + other).astype(float)
    flipped = np.arange(one + other) < one
    found = compare("", "", drawn, flipped)
    if len(set(drawn)) == 1:
        assert found.test.p is None
        return
    theirs = mannwhitneyu(drawn[flipped], drawn[~flipped], method="asymptotic")
    assert found.test.p == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.test.n == (one, other)


def test_few_tiles_are_permuted_and_agree_with_the_exact_test():
    rng = np.random.default_rng(4)
    values, flipped = rng.normal(size=17), np.arange(17) < 7
    values[flipped] += 1
    found = compare("", "", values, flipped, draws=19_999, seed=1)
    exact = mannwhitneyu(values[flipped], values[~flipped], method="exact").pvalue
    assert found.test.p == pytest.approx(exact, abs=4 * (exact / 20_000) ** 0.5)
    assert (found.test.draws, found.test.seed) == (19_999, 1)
    assert "permutations" in found.test.name


def test_permutations_never_say_less_than_one_in_as_many_as_were_drawn():
    found = compare("", "", np.arange(14.0), np.arange(14) >= 7, draws=99)
    assert found.test.p == pytest.approx(0.01)


@settings(deadline=None, max_examples=40)
@given(st.integers(5, 25), st.integers(5, 25), st.integers(0, 10**6))
def test_cliffs_delta_counts_pairs(one, other, seed):
    values = np.random.default_rng(seed).integers(0, 12, one + other).astype(float)
    flipped = np.random.default_rng(seed + 1).permutation(np.arange(one + other) < one)
    pairs = np.sign(values[flipped][:, None] - values[~flipped])
    found = compare("", "", values, flipped, draws=99)
    assert found.delta == pytest.approx(pairs.mean())
    if found.interval is not None:
        assert -1 <= found.interval.low <= found.delta <= found.interval.high <= 1


@pytest.mark.parametrize("flips", [0, 1, 4, 16, 20])
def test_a_side_of_fewer_than_five_tiles_gets_no_p_but_its_n(flips):
    found = compare("", "", np.arange(20.0), np.arange(20) < flips)
    assert (found.delta, found.interval, found.test.p, found.by_case) == (None,) * 4
    assert (found.flipped, found.held) == found.test.n == (flips, 20 - flips)
    assert (found.median_flipped is None) == (flips == 0)
    assert (found.median_held is None) == (flips == 20)


def test_complete_separation_has_a_delta_of_one_and_no_interval():
    found = compare("", "", np.arange(40.0), np.arange(40) >= 20)
    assert (found.delta, found.interval) == (1, None)
    assert found.test.p < 1e-6


@settings(deadline=None, max_examples=40)
@given(st.integers(20, 80), st.integers(0, 10**6))
def test_spearman_is_scipys(n, seed):
    first, second = np.random.default_rng(seed).integers(0, 30, (2, n)).astype(float)
    found, theirs = correlate("", "", first, second), spearmanr(first, second)
    assert found.rho == pytest.approx(theirs.statistic)
    assert found.test.p == pytest.approx(theirs.pvalue, rel=1e-6)


def test_spearman_of_few_tiles_is_permuted_and_of_constants_not_told():
    rising = np.arange(8.0)
    found = correlate("", "", rising, rising**2)
    assert (found.rho, found.interval) == (pytest.approx(1), None)
    assert found.test.p <= 0.002
    assert found.test.draws == 9_999
    constant = correlate("", "", rising, np.ones(8))
    assert (constant.rho, constant.test.p, constant.test.note) == (
        None, None, "All values are equal."
    )  # fmt: skip
    assert correlate("", "", rising[:4], rising[:4]).test.note == "Fewer than 5 tiles."


def test_repeating_every_tile_within_its_case_changes_no_p_by_case():
    runs = planted(120, Effects(colour=0.3), cases=10, seed=8)
    values, again = np.linalg.norm(runs.colour_after * 1.0, axis=1), np.repeat(np.arange(120), 6)
    once = compare("", "", values, runs.flipped, runs.case)
    more = compare("", "", values[again], runs.flipped[again], runs.case[again])
    assert more.by_case.p == pytest.approx(once.by_case.p, rel=1e-9)
    assert more.interval.low == pytest.approx(once.interval.low, rel=1e-9)
    assert more.test.p < once.test.p  # which takes the copies for tiles

"""Locality over many flips: planted differences are found, and cases are not counted as flips."""

import numpy as np
import pytest
from scipy.stats import binom

from onepixel_gui.analysis.population import locality
from onepixel_gui.analysis.population.locality import Localities
from onepixel_gui.attack.locality import SHIFTS
from tests.core.planted_maps import moved_to

SEEDS = 200
TOLERATED = binom.ppf(0.999, SEEDS, 0.05)
COVERED = binom.ppf(0.001, SEEDS, 0.95)


def collected(moves, cases=None, seed=0):
    collection = Localities(seed)
    for index, each in enumerate(moves):
        collection.add(each, -1 if cases is None else cases[index])
    return collection.result()


def contrasts(found):
    return {(each.first, each.second): each for each in found.contrasts}


# ------------------------------------------------------------------ planted truths
@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(locality, "DRAWS", 499)


@pytest.mark.usefixtures("few_draws")
def test_places_2_px_away_are_told_from_neighbours_and_these_not_from_random_ones():
    chances = (0.1, 0.4, 0.1)
    hits = alarms = covered = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        found = collected([moved_to(rng, chances) for _ in range(20)], seed=seed)
        told = contrasts(found)
        parity = told["neighbour", "same parity"]
        hits += parity.p <= 0.05 and parity.difference < 0
        alarms += told["neighbour", "random"].p <= 0.05
        interval = found.shares[1].share.interval
        covered += interval.low <= chances[1] <= interval.high
    assert hits >= 0.9 * SEEDS
    assert alarms <= TOLERATED
    assert covered >= COVERED


@pytest.mark.usefixtures("few_draws")
def test_flips_that_differ_among_themselves_but_not_by_shift_show_no_difference():
    alarms = covered = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        each = rng.beta(0.5, 1.5, 30)  # some flip everywhere, most hardly anywhere; mean 1/4
        found = collected([moved_to(rng, (chance,) * 3) for chance in each], seed=seed)
        alarms += contrasts(found)["neighbour", "random"].p <= 0.05
        interval = found.shares[0].share.interval
        covered += interval.low <= 0.25 <= interval.high
    assert alarms <= TOLERATED
    assert covered >= binom.ppf(0.001, SEEDS, 0.93)


@pytest.mark.usefixtures("few_draws")
def test_flips_of_a_case_are_not_taken_for_as_many_cases():
    cases = np.repeat(np.arange(10), 8)
    alone = together = covered = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        lean = rng.uniform(0.1, 0.9, (10, 3))  # of each case for each shift; 1/2 on average
        moves = [moved_to(rng, lean[case]) for case in cases]
        alone += contrasts(collected(moves))["neighbour", "random"].p <= 0.05
        found = collected(moves, cases)
        together += contrasts(found)["neighbour", "random"].p <= 0.05
        interval = found.shares[0].share.interval
        covered += interval.low <= 0.5 <= interval.high
    assert alone > 2 * TOLERATED
    assert together <= TOLERATED
    assert covered >= COVERED


# ------------------------------------------------------------------ what is counted
def test_each_place_is_counted_at_its_offset():
    rng = np.random.default_rng(0)
    found = collected([moved_to(rng, (1.0, 0.0, 0.5), place=(9, 50)) for _ in range(3)])
    ring = np.ones((3, 3), int)
    ring[1, 1] = 0
    outer = np.zeros((5, 5), int)
    outer[::2, ::2] = 1
    outer[2, 2] = 0
    wanted = outer + np.pad(ring, 1)
    assert found.asked.tolist() == (3 * wanted).tolist()
    assert found.flipped.tolist() == (3 * np.pad(ring, 1)).tolist()
    assert np.isnan(found.grid[0, 1])
    assert np.isnan(found.grid[2, 2])
    assert found.grid[1, 2] == 1.0
    assert found.grid[0, 0] == 0.0


def test_one_direction_of_shift_is_not_mixed_with_another():
    rng = np.random.default_rng(0)
    one = moved_to(rng, (0.0, 0.0, 0.0), place=(9, 50))
    above = (one.position == (8, 50)).all(axis=1) & (one.shift == 0)
    one.flipped[above] = True
    found = collected([one])
    assert found.flipped[1, 2] == 1
    assert found.flipped.sum() == 1


def test_each_flip_counts_once_however_many_of_its_places_lie_in_the_window():
    rng = np.random.default_rng(0)
    inside = [moved_to(rng, (1.0, 0.0, 0.0)) for _ in range(2)]
    corner = [moved_to(rng, (0.0, 0.0, 0.0), place=(0, 0), places=(5, 2, 16)) for _ in range(2)]
    found = collected([*inside, *corner])
    first = found.shares[0]
    assert (first.shift, first.flips) == ("neighbour", 4)
    assert (first.share.hits, first.share.n) == (16, 26)
    assert first.share.value == 0.5


def test_a_flip_without_such_places_does_not_count_for_them():
    rng = np.random.default_rng(0)
    moves = [moved_to(rng, (1.0, 1.0, 1.0), places=(5, 0, 3)), moved_to(rng, (1.0, 0.0, 1.0))]
    found = collected(moves)
    assert [each.flips for each in found.shares] == [2, 1, 2]
    assert contrasts(found)["neighbour", "same parity"].n == 1
    assert contrasts(found)["neighbour", "same parity"].p is None


def test_differences_are_within_each_flip_and_told_by_their_sign():
    rng = np.random.default_rng(0)
    told = contrasts(collected([moved_to(rng, (1.0, 0.0, 0.0)) for _ in range(6)]))
    parity = told["neighbour", "same parity"]
    assert (parity.difference, parity.first_more, parity.second_more) == (1.0, 6, 0)
    assert (parity.p, parity.draws) == (2 / 2**6, 0)
    assert told["same parity", "random"].p == 1.0


def test_drawn_signs_and_their_normal_limit_agree(monkeypatch):
    rng = np.random.default_rng(1)
    moves = [moved_to(rng, (0.28, 0.30, 0.28)) for _ in range(150)]
    drawn = contrasts(collected(moves))
    monkeypatch.setattr(locality, "LARGE", 100)
    for pair, limit in contrasts(collected(moves)).items():
        assert limit.p == pytest.approx(drawn[pair].p, abs=0.04)
        assert (limit.draws, drawn[pair].draws) == (0, locality.DRAWS)
        assert limit.test == f"{drawn[pair].test}, normal limit"
    assert 0.0005 < drawn["neighbour", "same parity"].p < 0.2


def test_few_cases_are_told_and_not_leant_upon():
    rng = np.random.default_rng(0)
    moves = [moved_to(rng, (0.5, 0.5, 0.5)) for _ in range(12)]
    few, enough = (
        collected(moves, np.arange(12) % count) for count in (locality.CASES - 1, locality.CASES)
    )
    unknown = collected(moves, [*range(11), -1])
    assert [each.cases for each in (few, enough, unknown)] == [4, 5, 0]
    assert [each.contrasts[0].groups for each in (few, enough, unknown)] == [12, 5, 12]
    kinds = [each.shares[0].share.interval.kind for each in (few, enough, unknown)]
    assert kinds == ["Wilson over flips", "Wilson over cases", "Wilson over flips"]


def test_of_nothing_there_is_nothing_and_of_one_flip_no_interval():
    nothing = collected([])
    assert nothing.flips == 0
    assert [each.shift for each in nothing.shares] == list(SHIFTS)
    assert {each.share.value for each in nothing.shares} == {None}
    assert {each.difference for each in nothing.contrasts} == {None}
    one = collected([moved_to(np.random.default_rng(0), (1.0, 0.0, 0.0))])
    assert one.shares[0].share.value == 1.0
    assert one.shares[0].share.interval is None


def test_the_result_is_that_of_the_moment():
    rng, collection = np.random.default_rng(0), Localities()
    collection.add(moved_to(rng, (1.0, 1.0, 1.0)))
    before = collection.result()
    collection.add(moved_to(rng, (1.0, 1.0, 1.0)))
    assert before.asked.max() == 1
    assert collection.result().flips == 2

"""Differential evolution as Su et al. set it: rand/1, no crossover, one place per member."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.attack.evolution import Evolution

LOW, HIGH = np.zeros(5), np.array([9.0, 9.0, 255.0, 255.0, 255.0])


def founded(size=8, seed=0, weight=0.5, spread=1.0):
    rng = np.random.default_rng(seed)
    founders = rng.uniform(LOW, HIGH, (size, 5)) * spread
    return Evolution(founders, LOW, HIGH, weight, rng)


def raised(evolution):
    evolution.tell(evolution.ask(), np.arange(len(evolution.members), dtype=float))
    return evolution


def test_the_first_vectors_asked_for_are_the_founders():
    evolution = founded()
    assert np.array_equal(evolution.ask(), evolution.members)


def test_founders_outside_the_bounds_are_clipped():
    evolution = founded(spread=3.0)
    assert (evolution.members <= HIGH).all()
    assert (evolution.members == HIGH).any()


@given(size=st.integers(3, 40), seed=st.integers(0, 2**32 - 1))
def test_three_parents_are_always_three_different_members(size, seed):
    evolution = founded(size, seed)
    for _ in range(5):
        first, second, third = evolution._parents()
        for parents in (first, second, third):
            assert ((parents >= 0) & (parents < size)).all()
        assert ((first != second) & (first != third) & (second != third)).all()


def test_every_ordered_triple_of_parents_is_equally_likely():
    evolution = founded(4)
    drawn = np.concatenate([np.stack(evolution._parents(), 1) for _ in range(6_000)])
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 4 * 3 * 2
    assert np.abs(counts / len(drawn) * 24 - 1).max() < 0.15


@given(seed=st.integers(0, 2**32 - 1), weight=st.floats(0.0, 2.0))
def test_children_never_leave_the_bounds(seed, weight):
    evolution = raised(founded(12, seed, weight, spread=1.3))
    for _ in range(4):
        children = evolution.ask()
        assert (children >= LOW).all()
        assert (children <= HIGH).all()
        evolution.tell(children, np.random.default_rng(seed).normal(size=12))


def test_a_child_takes_every_coordinate_from_the_same_sum_so_there_is_no_crossover():
    evolution = raised(founded(9, spread=0.5))
    members, sums = evolution.members, []
    for first in range(9):
        for second in range(9):
            for third in range(9):
                if len({first, second, third}) == 3:
                    sums.append(members[first] + 0.5 * (members[second] - members[third]))
    sums = np.clip(np.array(sums), LOW, HIGH)
    for child in evolution.ask():
        assert np.abs(sums - child).max(axis=1).min() < 1e-9


def test_a_child_replaces_only_the_member_of_its_own_index_and_only_if_fitter():
    evolution = raised(founded(5))
    before = evolution.members.copy()
    children = evolution.ask()
    evolution.tell(children, np.array([-1.0, 1.0, 7.0, 2.5, 4.0]))
    fitter = [True, False, False, True, False]  # a tie with 4.0 keeps the older member
    assert np.array_equal(evolution.members, np.where(np.array(fitter)[:, None], children, before))
    assert evolution.scores.tolist() == [-1.0, 1.0, 2.0, 2.5, 4.0]


def test_the_fittest_never_gets_worse():
    evolution, best = raised(founded(20)), np.inf
    for _ in range(30):
        children = evolution.ask()
        evolution.tell(children, ((children - 5.0) ** 2).sum(axis=1))
        assert evolution.scores.min() <= best
        best = evolution.scores.min()


def test_the_same_seed_draws_the_same_children():
    one, other = (raised(founded(seed=3)) for _ in range(2))
    assert np.array_equal(one.ask(), other.ask())


def test_two_members_are_too_few_for_three_parents():
    with pytest.raises(ValueError, match="at least 3"):
        founded(2)

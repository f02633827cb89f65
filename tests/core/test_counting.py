"""The running count of a campaign: how fast, how many flipped, and how sure that is."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.analysis.population.shares import Sums, clustered, over_groups, wilson
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Settings
from onepixel_gui.study.counting import Ran, RunningCount, Tallies
from onepixel_gui.study.flips import part_titles
from tests.core.study_records import plan

RUNS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=60)


def told(runs):
    tallies = Tallies()
    for tile, flipped in runs:
        tallies.add(Ran(0, 0, str(tile), flipped))
    return tallies.shares


def test_speed_and_time_left_are_those_of_late():
    now = [0.0]
    count = RunningCount(100, clock=lambda: now[0])
    assert count.advance("x").seconds_left is None
    for _ in range(10):
        now[0] += 2.0
        count.run(300, Ran(0, 0, f"{now[0]}", flipped=False))
    told_ = count.advance("x")
    assert told_.rate == pytest.approx(150)
    assert told_.seconds_left == pytest.approx(180)
    for _ in range(40):
        now[0] += 1.0
        count.run(300, Ran(0, 0, f"{now[0]}", flipped=True))
    told_ = count.advance("x")
    assert told_.rate == pytest.approx(300, rel=0.02)
    assert told_.seconds_left == pytest.approx(50, rel=0.05)
    (share,) = told_.shares
    assert share.interval[0] < 0.8 < share.interval[1]


@given(RUNS)
def test_what_is_kept_up_to_date_run_by_run_is_what_all_runs_say(runs):
    tiles = sorted({tile for tile, _ in runs})
    hits = np.array([sum(flip for at, flip in runs if at == tile) for tile in tiles], float)
    counts = np.array([sum(at == tile for at, _ in runs) for tile in tiles], float)
    if not runs:
        assert told(runs) == ()
        return
    (share,) = told(runs)
    assert (share.runs, share.tiles) == (len(runs), len(tiles))
    alone = wilson(int(hits.sum()), len(runs))
    whole = clustered(hits, counts, "test")
    if len(tiles) == len(runs):
        assert share.interval == (alone.low, alone.high)
    elif whole is None:
        assert share.interval is None
    else:
        low, high = share.interval
        assert low == pytest.approx(min(alone.low, whole.low), abs=1e-9)
        assert high == pytest.approx(max(alone.high, whole.high), abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=2, max_size=9))
def test_a_group_that_is_taken_out_again_leaves_no_trace(groups):
    sums = Sums()
    for hits, more in groups:
        sums = sums.instead((0, 0), (hits, hits + more))
    grown = sums.instead((0, 0), (3, 4)).instead((3, 4), (0, 0))
    assert grown == sums
    assert over_groups(grown, "test") == over_groups(sums, "test")


def test_seeds_of_a_tile_that_agree_tell_no_more_than_the_tile_itself():
    once = [(tile, tile < 12) for tile in range(40)]
    (one,), (many,) = told(once), told(once * 5)
    assert (many.tiles, many.runs) == (40, 200)
    assert many.interval[0] <= one.interval[0] + 0.005
    assert many.interval[1] >= one.interval[1] - 0.005


def test_the_interval_holds_the_truth_as_often_as_it_says_where_tiles_repeat():
    rng, held, trials = np.random.default_rng(0), 0, 600
    for _ in range(trials):
        chances = rng.choice([0.05, 0.6], 30)  # tiles differ: 0.325 on average
        runs = [(tile, rng.random() < chance) for tile, chance in enumerate(chances.tolist() * 3)]
        (share,) = told([(tile % 30, flipped) for tile, flipped in runs])
        held += share.interval[0] <= 0.325 <= share.interval[1]
    assert 0.92 <= held / trials <= 0.98


def test_each_classifier_and_attack_has_its_own_share_in_the_order_of_the_plan():
    titles = {(0, 0): "a", (0, 1): "b", (1, 0): "c"}
    before = [Ran(1, 0, "x", flipped=True), Ran(0, 0, "x", flipped=False)]
    count = RunningCount(9, done=2, before=before, titles=titles)
    count.run(10, Ran(0, 0, "y", flipped=True))
    advance = count.advance("Attacking")
    assert [(each.title, each.flipped, each.runs) for each in advance.shares] == [
        ("a", 1, 2),
        ("c", 1, 1),
    ]
    assert (advance.attacked, advance.flipped, advance.done) == (3, 2, 3)


def test_a_part_is_called_by_what_tells_it_from_the_others():
    search, sweep = Settings(population=20, generations=5), Exhaustive()
    assert part_titles(plan(search)) == {(0, 0): ""}
    assert list(part_titles(plan(search, sweep)).values()) == [
        "search 20 x 5",
        "sweep, palette corners",
    ]
    both = part_titles(
        plan(search, sweep, models=2)
        | {"classifiers": [{"name": "a", "file": "", "sha256": ""}, {"name": "b"}]}
    )
    assert both[1, 1] == "b, sweep, palette corners"
    assert part_titles(plan(search, models=2) | {"models": ["/x/a.pt", "/y/b.pt"]}) == {
        (0, 0): "a.pt",
        (1, 0): "b.pt",
    }


def test_a_run_costs_the_same_after_ten_thousand_others():
    count, spans = RunningCount(100_000), []
    for block in range(5):
        begun = time.thread_time()
        for number in range(4000):
            count.run(5, Ran(0, number % 3, f"{block} {number // 6}", number % 4 == 0))
        count.advance("Attacking")
        spans.append(time.thread_time() - begun)
    assert min(spans[1:]) < 3 * spans[0] + 0.05

"""Sweeps of many tiles: the pixel that flips most of them, and their mean map."""

import numpy as np
import pytest
from scipy.stats import binom

from onepixel_gui.analysis.population.maps import MeanMaps
from onepixel_gui.analysis.population.shares import clustered, share
from onepixel_gui.analysis.population.universal import MOST, Universals
from onepixel_gui.analysis.spatial import confidence_map, profiles
from onepixel_gui.attack.sweep import CORNERS
from tests.core.planted_maps import elsewhere, sensitive, swept, vulnerable

SEEDS = 200
PLANTED = (5, 9, 1)  # row, column, colour


def counted(sweeps, cases=None, *, seed=0, number=0):
    collection = Universals(number, seed)
    for index, each in enumerate(sweeps):
        collection.add(each, index, -1 if cases is None else cases[index])
    return collection.result()


def population(seed, tiles, **planted):
    rng = np.random.default_rng(seed)
    return [vulnerable(rng, **planted) for _ in range(tiles)]


def place(found):
    pixel = found.pixel
    colour = CORNERS[-2:].tolist().index(list(pixel.rgb))
    return pixel.row, pixel.column, colour


# ------------------------------------------------------------------ planted truths
def test_a_planted_universal_pixel_is_found_and_its_success_on_left_out_tiles_is_the_true_one():
    right = covered = 0
    values = []
    for seed in range(SEEDS):
        (found,) = counted(population(seed, 40, planted=PLANTED, chance=0.5), seed=seed)
        right += place(found.best[0]) == PLANTED
        told = found.left_out.share
        values.append(told.value)
        covered += told.interval.low <= 0.5 <= told.interval.high
    assert right >= 0.99 * SEEDS
    assert np.mean(values) == pytest.approx(0.5, abs=0.03)
    assert covered >= binom.ppf(0.001, SEEDS, 0.95)


def test_where_every_tile_has_its_own_pixels_the_best_one_promises_nothing_for_others():
    chosen, promised = [], []
    for seed in range(SEEDS):
        (found,) = counted(population(seed, 20), seed=seed)
        chosen.append(found.best[0].share.value)
        promised.append(found.left_out.share.value)
        assert found.anywhere == pytest.approx(6 / (12 * 14 * 2))
    assert np.mean(chosen) > 0.12
    assert np.mean(promised) < 0.04


def test_a_pixel_that_flips_one_case_alone_promises_nothing_for_other_cases():
    sweeps = population(0, 20, planted=PLANTED, chance=1.0) + population(1, 80)
    cases = np.repeat(np.arange(5), 20)
    (by_tile,), (by_case,) = counted(sweeps), counted(sweeps, cases, number=5)
    assert place(by_case.best[0]) == place(by_tile.best[0]) == PLANTED
    assert (by_tile.left_out.by, by_case.left_out.by) == ("tile", "case")
    assert by_tile.left_out.share.hits >= 20
    assert by_case.left_out.share.hits <= 4
    assert by_case.left_out.share.interval.kind == "Wilson over cases"


# ------------------------------------------------------------------ how tiles are split
def test_up_to_ten_cases_are_left_out_one_by_one_and_more_share_parts():
    sweeps = population(0, 60, planted=PLANTED, chance=0.5)
    few, many = (
        counted(sweeps, np.arange(60) % cases, number=cases)[0].left_out for cases in (6, 30)
    )
    assert (few.parts, many.parts) == (6, MOST)
    assert few.share.n == many.share.n == 60


def test_the_split_depends_on_the_seed_and_not_on_the_order_in_which_tiles_come():
    sweeps = population(0, 60, strewn=40)  # no pixel leads clearly: the split decides
    forwards, backwards, reseeded = Universals(seed=3), Universals(seed=3), Universals(seed=4)
    for index in range(60):
        forwards.add(sweeps[index], index)
        backwards.add(sweeps[59 - index], 59 - index)
        reseeded.add(sweeps[index], index)
    (one,), (other,), (third,) = (each.result() for each in (forwards, backwards, reseeded))
    assert one.left_out == other.left_out
    assert one.best == other.best == third.best
    assert one.left_out.share != third.left_out.share


def test_with_one_case_unknown_tiles_are_left_out_by_tile():
    sweeps = population(0, 12, planted=PLANTED, chance=0.9)
    (found,) = counted(sweeps, [-1, *range(11)], number=11)
    assert found.left_out.by == "tile"
    assert found.left_out.share.interval.kind == "Wilson"


def test_all_tiles_of_one_case_leave_nothing_to_try_on():
    (found,) = counted(population(0, 12, planted=PLANTED, chance=0.9), [0] * 12, number=1)
    assert found.best
    assert found.left_out is None


def test_parts_that_choose_the_same_pixel_are_counted():
    (sure,) = counted(population(0, 60, planted=PLANTED, chance=1.0))
    assert sure.left_out.agreeing == sure.left_out.parts == MOST
    assert sure.left_out.share.value == 1.0


# ------------------------------------------------------------------ what is told
def test_directions_are_counted_apart_the_larger_first():
    down = population(0, 3, planted=PLANTED, chance=1.0)
    up = population(1, 5, planted=(0, 0, 0), chance=1.0, up=True)
    first, second = counted([*down, *up])
    assert (first.title, first.tiles) == ("normal to mitosis", 5)
    assert (second.title, second.tiles) == ("mitosis to normal", 3)
    assert place(first.best[0]) == (0, 0, 0)
    assert place(second.best[0]) == PLANTED
    assert first.counts.sum() == sum(each.flipped.sum() for each in up)


def test_counts_are_those_of_adding_up_all_maps():
    sweeps = population(4, 17, strewn=30)
    (found,) = counted(sweeps)
    wanted = np.sum([each.flipped for each in sweeps], axis=0)
    assert found.counts.tolist() == wanted.tolist()
    assert [each.share.hits for each in found.best] == sorted(wanted.ravel())[::-1][:MOST]
    assert [wanted[place(each)] for each in found.best] == [each.share.hits for each in found.best]
    for colour, best in enumerate(found.colours):
        assert best.share.hits == wanted[..., colour].max()
        assert place(best)[2] == colour


def test_at_equal_numbers_the_pixel_that_moves_the_logit_further_leads():
    logits = np.full((4, 4, 2), 2.0)
    logits[1, 1, 0], logits[3, 2, 1] = -1.0, -3.0
    (down,) = counted([swept(logits)] * 3)
    assert [place(each) for each in down.best] == [(3, 2, 1), (1, 1, 0)]
    (up,) = counted([swept(-logits, clean_logit=-2.0)] * 3)
    assert [place(each) for each in up.best] == [(3, 2, 1), (1, 1, 0)]


def test_where_nothing_flips_there_is_no_best_pixel():
    (found,) = counted([swept(np.full((4, 4, 2), 2.0))] * 3)
    assert (found.best, found.colours, found.left_out) == ((), (), None)
    assert (found.tiles, found.flippable, found.anywhere) == (3, 0, 0.0)
    assert Universals().result() == ()


def test_sweeps_of_another_window_or_palette_are_counted_apart():
    usual = population(0, 2)
    other = elsewhere(usual[0], palette=np.zeros((2, 3), np.uint8))
    narrow = vulnerable(np.random.default_rng(0), (12, 13, 2))
    (found,) = counted([*usual, other, narrow])
    assert (found.tiles, found.other) == (2, 2)


# ------------------------------------------------------------------ the mean map
def test_the_mean_map_is_the_mean_of_the_maps():
    rng = np.random.default_rng(0)
    sweeps = [swept(1 + 2 * rng.standard_normal((6, 8, 3)), clean_logit=1.5) for _ in range(5)]
    collection = MeanMaps()
    for each in sweeps:
        collection.add(each)
    collection.add(swept(np.ones((6, 6, 3))))
    (found,) = collection.result()
    maps = [confidence_map(each) for each in sweeps]
    assert (found.tiles, found.other, found.title) == (5, 1, "mitosis to normal")
    for name in ("lowest", "highest"):
        wanted = np.mean([getattr(each, name) for each in maps], axis=0)
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=1e-5)
    change = np.mean([np.abs(each.change) for each in maps], axis=0)
    np.testing.assert_allclose(found.change, change, rtol=1e-5)
    assert found.flips.tolist() == np.sum([each.flips for each in maps], axis=0).tolist()
    sensitivity = profiles(found.change.astype(np.float32))
    np.testing.assert_allclose(found.row, sensitivity.row, rtol=1e-5)
    np.testing.assert_allclose(found.column, sensitivity.column, rtol=1e-5)
    assert found.clean == pytest.approx(sweeps[0].question.clean)


def test_mean_maps_are_told_by_direction():
    rng, collection = np.random.default_rng(0), MeanMaps()
    for up in (True, False, True):
        collection.add(vulnerable(rng, up=up))
    assert [each.title for each in collection.result()] == [
        "normal to mitosis",
        "mitosis to normal",
    ]
    assert MeanMaps().result() == ()


def test_sums_alone_are_kept():
    """A thousand sweeps take no more room than two."""
    import tracemalloc

    one, collections = sensitive(np.random.default_rng(0), (64, 64)), (MeanMaps(), Universals())

    def add(times):
        for index in range(times):
            collections[0].add(one)
            collections[1].add(one, index)

    add(40)  # every part has its tiles
    tracemalloc.start()
    add(200)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < one.logits.nbytes


# ------------------------------------------------------------------ shares
def test_the_interval_is_wilsons():
    """Values of Newcombe (Stat. Med. 17:857, 1998), table I, method 3."""
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
    ):
        told = share(hits, n).interval
        assert (told.low, told.high) == pytest.approx((low, high), abs=5e-5)
    assert share(0, 0).value is None
    assert share(0, 0).interval is None
    assert share(7, 7).interval.high == 1.0


def test_groups_of_one_give_wilsons_interval_but_for_students_quantile():
    hits = np.repeat([1.0, 0.0], [300, 700])
    told = clustered(hits, np.ones(1_000), "test")
    plain = share(300, 1_000).interval
    assert (told.low, told.high) == pytest.approx((plain.low, plain.high), abs=2e-4)


def test_groups_that_agree_within_and_differ_between_widen_the_interval():
    alike = clustered(np.array([5.0, 5.0, 5.0, 5.0, 5.0, 5.0]), np.full(6, 10.0), "test")
    apart = clustered(np.array([10.0, 0.0, 10.0, 0.0, 10.0, 0.0]), np.full(6, 10.0), "test")
    plain = share(30, 60).interval
    assert apart.high - apart.low > 1.8 * (plain.high - plain.low)
    assert alike.low <= 0.5 <= alike.high
    assert clustered(np.array([5.0]), np.array([10.0]), "test") is None
    assert clustered(np.zeros(0), np.zeros(0), "test") is None


def test_the_interval_over_few_groups_covers_the_truth_as_often_as_it_says():
    rng, covered, draws = np.random.default_rng(0), 0, 4_000
    counts = np.full(6, 20.0)
    for _ in range(draws):
        hits = counts * np.clip(rng.normal(0.5, 0.12, 6), 0, 1)
        told = clustered(hits, counts, "test")
        covered += told.low <= 0.5 <= told.high
    assert 0.94 <= covered / draws <= 0.965

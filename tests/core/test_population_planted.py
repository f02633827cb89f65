"""Planted truths: over 200 populations each, effects are found and nothing is found in nothing.

Each population has 200 tiles; p < 0.05 counts as found.  Of nothing, 200 populations may show
what a fair coin of 5 % shows, at 99.9 %: 2 to 20.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, norm

from onepixel_gui.analysis.population import units
from onepixel_gui.analysis.population.colours import chromatic
from onepixel_gui.analysis.population.comparing import compare, correlate
from onepixel_gui.analysis.population.darkness import DarkTile, dark_map, darkness
from onepixel_gui.analysis.population.places import centre_distances, places
from onepixel_gui.analysis.population.rates import rate
from tests.core.planted import Effects, nuclei, planted

SEEDS, TILES, LEVEL = 200, 200, 0.05
BY_CHANCE = range(int(binom.ppf(0.001, SEEDS, LEVEL)), int(binom.ppf(0.999, SEEDS, LEVEL)) + 1)
MOSTLY = int(0.9 * SEEDS)


def found(p_of, effects=None, **how):
    """In how many of the populations p is below 5 %, for each p that is told."""
    told = [p_of(planted(TILES, effects, seed=seed, **how)) for seed in range(SEEDS)]
    return {name: sum(each[name] < LEVEL for each in told) for name in told[0]}


def of_places(outcomes):
    centred, flipped, held = places(outcomes).centred
    told = {
        "mean": centred.test.p,
        "kolmogorov": centred.kolmogorov.p,
        "flipped": flipped.test.p,
        "held": held.test.p,
    }
    return told | ({"by case": centred.by_case.p} if centred.by_case else {})


def of_colours(outcomes):
    euclidean, seen = chromatic(outcomes).compared[:2]
    told = {"euclidean": euclidean.test.p, "ciede2000": seen.test.p}
    return told | ({"by case": euclidean.by_case.p} if euclidean.by_case else {})


# ------------------------------------------------------------------ nothing is nothing
def of_both(outcomes):
    colours = {f"{name} of colours": p for name, p in of_colours(outcomes).items()}
    return of_places(outcomes) | colours


@pytest.mark.parametrize("cases", [0, 6, 20])
def test_no_effect_is_found_more_often_than_chance_allows(cases):
    for name, times in found(of_both, cases=cases).items():
        assert times in BY_CHANCE, name


def test_seeds_of_a_tile_are_no_further_evidence():
    for seed in range(5):
        outcomes = planted(TILES, Effects(centre=0.2), cases=20, seed=seed)
        again = outcomes.some(np.repeat(np.arange(TILES), 5))
        assert of_both(again) == of_both(outcomes)


def test_what_cases_share_is_no_effect_of_colour():
    """Cases differ in their chance to flip and, for other reasons, in their colours."""
    effects = Effects(case_flips=3, case_colours=0.5)
    times = found(of_colours, effects, cases=12)
    assert times["by case"] in BY_CHANCE
    assert times["euclidean"] > BY_CHANCE[-1]  # tiles taken one by one are misled


# ------------------------------------------------------------------ effects are found
@pytest.mark.parametrize("cases", [0, 20])
def test_a_bias_of_a_quarter_of_the_tiles_towards_the_centre_is_found(cases):
    for name, times in found(of_places, Effects(centre=0.25), cases=cases).items():
        assert times >= MOSTLY, name


@pytest.mark.parametrize("cases", [0, 20])
def test_colours_a_third_nearer_to_the_corners_of_the_cube_are_found_in_flips_only_as_colours(
    cases,
):
    for name, times in found(of_both, Effects(colour=0.35), cases=cases).items():
        if name.endswith("of colours"):
            assert times >= MOSTLY, name
        else:
            assert times in BY_CHANCE, name


@pytest.mark.parametrize(("share", "least", "most"), [(0, BY_CHANCE[0], BY_CHANCE[-1]),
                                                      (0.3, MOSTLY, SEEDS)])  # fmt: skip
def test_a_correlation_is_found_where_there_is_one(share, least, most):
    times = dict.fromkeys(("plain", "by case"), 0)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        first, cases = rng.normal(size=TILES), rng.permutation(np.arange(TILES) % 15)
        second = np.exp(share * first + (1 - share**2) ** 0.5 * rng.normal(size=TILES))
        told = correlate("", "", first, second, cases)
        times["plain"] += told.test.p < LEVEL
        times["by case"] += told.by_case.p < LEVEL
    for name, count in times.items():
        assert least <= count <= most, name


def held(truth, intervals):
    return sum(each.low <= truth <= each.high for each in intervals)


@pytest.mark.parametrize("cases", [None, np.arange(TILES) % 25])
def test_intervals_of_a_strong_correlation_hold_it_as_often_as_they_promise(cases):
    truth = 6 / np.pi * np.arcsin(0.8 / 2)  # Spearman's rho of two normal variables with r = 0.8
    drawn = np.random.default_rng(0).normal(size=(SEEDS, 2, TILES))
    intervals = [correlate("", "", one, 0.8 * one + 0.6 * other, cases).interval
                 for one, other in drawn]  # fmt: skip
    assert SEEDS - held(truth, intervals) in BY_CHANCE


@pytest.mark.parametrize("cases", [None, np.arange(TILES) // 8])
def test_intervals_of_a_strong_difference_hold_it_as_often_as_they_promise(cases):
    """Half of the tiles flip; with cases, all of a case or none."""
    flipped = np.arange(TILES) // 8 % 2 == 1
    drawn = np.random.default_rng(1).normal(size=(SEEDS, TILES)) + 1.5 * flipped
    intervals = [compare("", "", values, flipped, cases).interval for values in drawn]
    assert SEEDS - held(2 * norm.cdf(1.5 / 2**0.5) - 1, intervals) in BY_CHANCE


# ------------------------------------------------------------------ few and unequal cases
UNEQUAL = np.repeat(np.arange(9), [60, 30, 20, 14, 10, 7, 5, 3, 1])  # as many as real tiles have


def of_unequal(rng):
    """Two columns that cases share 30 % of, who flips by case, and nothing that is common."""
    first, second, odds = rng.normal(size=(3, 9))[:, UNEQUAL] * (0.3 / 0.7) ** 0.5
    noise, chance = rng.normal(size=(2, len(UNEQUAL))), rng.random(len(UNEQUAL))
    return first + noise[0], second + noise[1], chance < norm.cdf(odds)


def test_a_few_cases_of_unequal_size_are_not_taken_for_evidence():
    times = dict.fromkeys(("mean", "difference", "correlation"), 0)
    for seed in range(SEEDS):
        first, second, flipped = of_unequal(np.random.default_rng(seed))
        off = first.mean()
        doubted = units.doubt(first - off, UNEQUAL)
        mean = units.tested_by_case("mean", off, len(first), doubted, UNEQUAL)
        times["mean"] += mean.p < LEVEL
        times["difference"] += compare("", "", second, flipped, UNEQUAL).by_case.p < LEVEL
        times["correlation"] += correlate("", "", first, second, UNEQUAL).by_case.p < LEVEL
    for name, count in times.items():
        assert count <= BY_CHANCE[-1], name


def test_intervals_of_a_rate_over_a_few_cases_of_unequal_size_hold_the_truth():
    """Every case has a chance of its own, 0.2 on average."""
    intervals = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        chance = rng.beta(0.3, 1.2, 9)[UNEQUAL]
        intervals.append(rate("", rng.random(len(UNEQUAL)) < chance, UNEQUAL).clustered)
    assert SEEDS - held(0.2, intervals) <= BY_CHANCE[-1]


def test_a_correlation_of_few_tiles_has_neither_an_interval_nor_a_test_by_case():
    first, second = np.random.default_rng(0).normal(size=(2, 19))
    found = correlate("", "", first, second, np.arange(19) % 5)
    assert found.interval is None
    assert (found.by_case.p, found.by_case.note) == (None, "Fewer than 20 tiles.")
    assert correlate("", "", first, second).by_case is None
    assert found.test.p is not None


# ------------------------------------------------------------------ dark areas
MAPS = [dark_map(nuclei(seed)) for seed in range(20)]


def of_darkness(share, cases=0):
    """That share of the pixels lies anywhere dark, the others anywhere."""
    spots = [np.argwhere(each.distance < 0) for each in MAPS]

    def told(outcomes):
        rng, tiles = np.random.default_rng(int(outcomes.queries.sum())), []
        for row, run in enumerate(outcomes.run):
            dark, one, where = spots[row % 20], MAPS[row % 20], tuple(outcomes.position[row])
            if rng.random() < share:
                where = tuple(dark[rng.integers(len(dark))])
            at = one.distance[where], one.percentile[where], one.variance
            tiles.append(DarkTile(int(run), *at))
        part = darkness(outcomes, tiles).parts[0]
        return {"plain": part.test.p} | ({"by case": part.by_case.p} if cases else {})

    return found(told, cases=cases)


@pytest.mark.parametrize("cases", [0, 20])
def test_no_preference_for_dark_areas_is_found_more_often_than_chance_allows(cases):
    for name, times in of_darkness(0, cases).items():
        assert times in BY_CHANCE, name


@pytest.mark.parametrize("cases", [0, 20])
def test_a_quarter_of_the_pixels_on_dark_areas_is_found(cases):
    for name, times in of_darkness(0.25, cases).items():
        assert times >= MOSTLY, name


def lopsided():
    """A nucleus that lies in the centre, but reaches farther to the right."""
    row, column = np.mgrid[:64, :64]
    inside = ((row - 32) / 6) ** 2 + ((column - 36) / 14) ** 2 < 1
    return dark_map(np.where(inside[..., None], (88, 56, 130), (225, 165, 200)).astype(np.uint8))


def cut_around_a_nucleus(share, tiles=70):
    """Pixels near the centre; that share of them only on the nucleus."""
    areas, near = lopsided(), np.argwhere(centre_distances((64, 64)) < 16)
    known = [areas.at(0, *each) for each in near]
    dark = np.flatnonzero(areas.distance[tuple(near.T)] < 0)
    times = np.zeros(2, int)
    for seed in range(SEEDS):
        rng, outcomes = np.random.default_rng(seed), planted(tiles, seed=seed)
        spots = rng.integers(len(near), size=tiles)
        spots = np.where(rng.random(tiles) < share, rng.choice(dark, tiles), spots)
        at = [replace(known[spot], run=int(run))
              for spot, run in zip(spots, outcomes.run, strict=True)]  # fmt: skip
        part = darkness(outcomes, at).parts[0]
        times += part.test.p < LEVEL, part.ring_test.p < LEVEL
    return times


def test_pixels_drawn_to_the_centre_are_not_taken_for_drawn_to_the_dark_beyond_it():
    plain, ring = cut_around_a_nucleus(0)
    assert plain >= MOSTLY  # the nucleus lies in the centre
    assert ring in BY_CHANCE


def test_pixels_drawn_to_the_dark_beyond_the_centre_are_found():
    _, ring = cut_around_a_nucleus(0.5)
    assert ring >= MOSTLY

"""Places of a population: counts, distances from the centre, dark areas; each against its null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, norm
from skimage.color import hed2rgb

from onepixel_gui.analysis.population.darkness import DarkTile, dark_map, darkness, looked_at
from onepixel_gui.analysis.population.places import centre_distances, places
from onepixel_gui.analysis.spatial import centre_distance
from onepixel_gui.tiles.tile import Window
from tests.core.planted import Effects, changed, nuclei, planted

PINK, VIOLET = (225, 165, 200), (88, 56, 130)


# ------------------------------------------------------------------ counts and the centre
def test_counts_over_positions_say_where_each_pixel_sits():
    runs = planted(300, Effects(share=0.3, centre=0.5), seeds=2, seed=1)
    found = places(runs)
    assert found.all.shape == (64, 64)
    assert np.array_equal(found.all, found.flipped + found.held)
    assert found.all.sum() == len(found.runs) == 300
    for run, distance in zip(found.runs, found.distances, strict=True):
        row, column = runs.position[runs.run == run][0]
        assert found.all[row, column] >= 1
        assert distance == pytest.approx(centre_distance(row, column, Window(0, 0, 64, 64)))


def test_counts_do_not_swap_rows_and_columns():
    runs = planted(1)
    found = places(changed(runs, position=np.array([[3, 50]])))
    assert found.all[3, 50] == 1


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12))
def test_distances_are_symmetric_about_the_middle_of_any_window(height, width):
    found = centre_distances((height, width))
    assert found.shape == (height, width)
    assert np.allclose(found, found[::-1])
    assert np.allclose(found, found[:, ::-1])
    assert found.max() == pytest.approx(np.hypot(height - 1, width - 1) / 2)


def test_rings_hold_every_tile_and_expect_as_many():
    for part in places(planted(150, Effects(share=0.4))).centred:
        assert part.counts.sum() == part.n == pytest.approx(part.expected_counts.sum())
        assert len(part.edges) == len(part.counts) + 1


def test_every_position_once_is_exactly_what_chance_expects():
    every = np.stack(np.mgrid[:64, :64], -1).reshape(-1, 2)
    found = places(changed(planted(4096), position=every)).centred[0]
    assert found.ratio == pytest.approx(1)
    assert found.distance == pytest.approx(0, abs=1e-9)
    assert np.allclose(found.counts, found.expected_counts)
    assert (found.test.p, found.kolmogorov.p) == (pytest.approx(1), pytest.approx(1))


def test_all_pixels_in_the_middle_are_as_near_as_can_be():
    runs = planted(40, cases=6)
    found = places(changed(runs, position=np.full((40, 2), 31))).centred[0]
    assert found.ratio == pytest.approx(0.5**0.5 / centre_distances((64, 64)).mean())
    assert found.test.p == 1 / 10_000  # as small as 9,999 draws can say
    assert (found.interval, found.by_case.p, found.by_case.note) == (
        None, None, "The cases do not differ, or one has nearly all tiles."
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_of_few_tiles_drawn_positions_say_what_the_normal_distribution_says_roughly(seed):
    found = places(planted(45, seed=seed)).centred[0]
    off = abs(found.mean - found.expected) / (centre_distances((64, 64)).std() / 45**0.5)
    assert found.test.draws == 9_999
    assert found.test.p == pytest.approx(2 * norm.sf(off), abs=0.025)


def test_the_kolmogorov_distance_is_that_between_the_distribution_functions():
    found = places(planted(80, seed=6))
    every = np.sort(centre_distances((64, 64)), axis=None)

    def chance(distance):
        return np.searchsorted(every, distance + 1e-9, "right") / 4096

    assert found.centred[0].distance <= kstest(found.distances, chance).statistic + 1e-9


def test_fewer_than_five_tiles_have_places_but_no_p():
    few = places(planted(4)).centred[0]
    assert (few.test.p, few.by_case, few.kolmogorov.p, few.interval) == (None,) * 4
    assert few.mean > 0
    assert few.test.note == "Fewer than 5 tiles."
    assert (few.test.name, few.kolmogorov.name) == (
        "mean distance against uniform positions", "Kolmogorov-Smirnov",
    )  # fmt: skip
    nothing = places(planted(4).some(np.zeros(4, bool))).centred[0]
    assert (nothing.n, nothing.mean, nothing.ratio) == (0, None, None)


def test_positions_outside_the_window_are_left_out_and_counted():
    runs = planted(20)
    position = runs.position.copy()
    position[:3] = (64, 0), (-1, 5), (0, 64)
    found = places(changed(runs, position=position))
    assert (found.outside, found.all.sum(), len(found.runs)) == (3, 17, 17)


# ------------------------------------------------------------------ dark areas
def disc(radius=10, size=64):
    row, column = np.mgrid[:size, :size]
    inside = np.hypot(row - 31.5, column - 31.5) < radius
    return np.where(inside[..., None], VIOLET, PINK).astype(np.uint8), inside


def test_dark_areas_are_where_the_nucleus_is_with_distances_from_their_border():
    picture, inside = disc()
    found = dark_map(picture)
    assert np.array_equal(found.distance < 0, inside)
    assert found.distance[31, 10] == pytest.approx(22 - 10, abs=1)
    assert found.distance[31, 31] == pytest.approx(-10, abs=1)
    assert found.distance[found.distance < 0].max() == -1
    assert found.distance[found.distance > 0].min() == 1


def test_haematoxylin_is_dark_and_eosin_is_not():
    stains = np.random.default_rng(0).uniform(0.02, 0.03, (32, 32, 3)) * (1, 1, 0)
    stains[4:12, 4:12, 0] += 0.06  # haematoxylin
    stains[20:28, 20:28, 1] += 0.08  # eosin
    found = dark_map(np.rint(255 * hed2rgb(stains)).astype(np.uint8))
    assert (found.distance[4:12, 4:12] < 0).all()
    assert found.dark == pytest.approx(64 / 1024)


def test_percentiles_of_all_pixels_of_a_tile_are_even():
    found = dark_map(nuclei(1))
    assert found.percentile.mean() == pytest.approx(0.5)
    assert 0 < found.percentile.min() < found.percentile.max() < 1
    order = np.argsort(found.distance, axis=None)
    assert (np.diff(found.percentile.ravel()[order]) >= 0).all()
    at = found.at(7, 3, 4)
    assert at.variance == pytest.approx(found.percentile.var())
    assert at.run == 7
    assert at.dark == pytest.approx((found.distance < 0).mean())
    outside = (found.distance > 1).mean()
    assert at.edge + at.inside + outside == pytest.approx(1)


def test_a_pixel_is_also_ranked_among_those_as_far_from_the_centre():
    found, away = dark_map(nuclei(2)), centre_distances((64, 64))
    for row, column in np.random.default_rng(0).integers(64, size=(20, 2)):
        rivals = found.distance[np.abs(away - away[row, column]) <= 2]
        mine, at = found.distance[row, column], found.at(1, row, column)
        below = (rivals < mine).mean() + (rivals == mine).mean() / 2
        assert at.ring == pytest.approx(below)
        assert 0 < at.ring_variance <= 1 / 12


def test_a_picture_of_one_colour_has_no_dark_areas():
    assert dark_map(np.full((16, 16, 3), 200, np.uint8)) is None


def fitted(runs, pictures):
    """The same runs with the colours that their pixels have in these pictures (window centred)."""
    before = runs.colour_before.copy()
    for row in range(len(runs)):
        picture = pictures(int(runs.tile[row]))
        above = (np.array(picture.shape[:2]) - runs.window) // 2
        before[row] = picture[tuple(runs.position[row] + above)]
    return changed(runs, colour_before=before)


def test_of_a_larger_picture_the_centred_window_is_looked_at():
    small = nuclei(3)
    large = np.full((80, 71, 3), 255, np.uint8)
    large[8:72, 3:67] = small
    runs = fitted(planted(12), lambda _: small)
    assert list(looked_at(runs, lambda _: large)) == list(looked_at(runs, lambda _: small))


def test_tiles_that_cannot_count_are_told_with_their_reason():
    runs = fitted(planted(9), lambda _: nuclei(0))
    blank = np.full((64, 64, 3), 255, np.uint8)
    pictures = {10: nuclei(0)[:60], 11: nuclei(1), 12: blank}
    wrong = changed(runs, colour_before=runs.colour_before.copy() | 0)
    colours = wrong.colour_before.copy()
    colours[2] = 255
    position = runs.position.copy()
    position[3] = (64, 0)
    odd = changed(runs, colour_before=colours, position=position)
    found = list(looked_at(odd, lambda tile: pictures.get(tile, nuclei(0))))
    result = darkness(odd, found)
    assert result.left_out == (
        ("nothing is darker than the rest", 1),
        ("the picture is another one than was attacked", 1),
        ("the picture is smaller than the window", 1),
        ("the pixel lies outside the window", 1),
    )
    assert (result.tiles, result.sampled, len(result.runs)) == (9, 9, 5)


def test_of_many_tiles_a_seeded_sample_is_looked_at():
    runs = fitted(planted(60), lambda _: nuclei(0))
    some = list(looked_at(runs, lambda _: nuclei(0), most=10))
    again = list(looked_at(runs, lambda _: nuclei(0), most=10))
    assert some == again
    assert {each.run for each in some} != set(runs.run[:10].tolist())
    found = darkness(runs, some)
    assert (found.tiles, found.sampled, found.parts[0].n) == (60, 10, 10)


def test_shares_of_places_are_told_beside_those_of_chance():
    shares = {"variance": 1 / 12, "dark": 0.2, "edge": 0.1, "inside": 0.15}
    dark = [DarkTile(run, -4.0, 0.05, **shares) for run in range(1, 16)]
    pale = [DarkTile(run, 9.0, 0.9, **shares) for run in range(16, 21)]
    found = darkness(planted(20, Effects(share=0)), [*dark, *pale]).parts[0]
    told = {each.title: (each.found, each.share, each.expected) for each in found.where}
    assert told == {
        "dark": (15, 0.75, pytest.approx(0.2)),
        "inside": (15, 0.75, pytest.approx(0.15)),
        "at the edge": (0, 0, pytest.approx(0.1)),
        "outside": (5, 0.25, pytest.approx(0.75)),
    }
    assert found.percentile == pytest.approx((15 * 0.05 + 5 * 0.9) / 20)
    assert found.median == -4


def test_repeating_every_tile_within_its_case_changes_no_p_by_case():
    once, rng = planted(60, cases=8, seed=2), np.random.default_rng(0)
    more = once.some(np.repeat(np.arange(60), 5))
    more = changed(more, run=np.arange(300), tile=np.arange(300))
    percentiles = rng.random(60)

    def told(runs, percentiles):
        at = [DarkTile(int(run), 1.0, percentile, 1 / 12)
              for run, percentile in zip(runs.run, percentiles, strict=True)]  # fmt: skip
        part, centred = darkness(runs, at).parts[0], places(runs).centred[0]
        return part, centred

    for one, five in zip(
        told(once, percentiles), told(more, np.repeat(percentiles, 5)), strict=True
    ):
        assert five.by_case.p == pytest.approx(one.by_case.p, rel=1e-9)
        assert five.interval.low == pytest.approx(one.interval.low, rel=1e-9)
        assert five.test.p != pytest.approx(one.test.p)


def test_without_any_tile_darkness_says_nothing():
    runs = planted(6)
    found = darkness(runs, [DarkTile(int(run), why_not="gone") for run in runs.run])
    assert found.left_out == (("gone", 6),)
    for part in found.parts:
        assert (part.n, part.median, part.percentile, part.test.p) == (0, None, None, None)
        assert all(each.share is None and each.expected is None for each in part.where)

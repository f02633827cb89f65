"""The average propagation map over flips, layer by layer."""

import numpy as np

from onepixel_gui.analysis.population.propagated import Propagations
from tests.core.planted_maps import spread

DOWN = ("mitosis", "normal")


def averaged(propagations, direction=DOWN):
    collection = Propagations()
    for each in propagations:
        collection.add(each, *direction)
    return collection.result()


def test_maps_peaks_and_extents_are_means_with_their_spread():
    rng = np.random.default_rng(0)
    flips = [spread(rng, scale=scale) for scale in (0.5, 1.0, 2.0)]
    (found,) = averaged(flips)
    assert (found.flips, found.other, found.title) == (3, 0, "mitosis to normal")
    assert found.layers == ("first", "second", "last")
    for layer in range(3):
        wanted = np.mean([each.maps[layer].astype(float) for each in flips], axis=0)
        np.testing.assert_allclose(found.maps[layer], wanted)
    peaks = np.array([each.peak for each in flips], float)
    extents = np.array([each.extent for each in flips], float)
    np.testing.assert_allclose(found.peak, peaks.mean(axis=0))
    np.testing.assert_allclose(found.peak_deviation, peaks.std(axis=0, ddof=1))
    np.testing.assert_allclose(found.extent, extents.mean(axis=0))
    np.testing.assert_allclose(found.extent_deviation, extents.std(axis=0, ddof=1))


def test_directions_are_averaged_apart_the_larger_first():
    rng, collection = np.random.default_rng(0), Propagations()
    collection.add(spread(rng, scale=10), "mitosis", "normal")
    for _ in range(2):
        collection.add(spread(rng), "normal", "mitosis")
    up, down = collection.result()
    assert (up.title, up.flips) == ("normal to mitosis", 2)
    assert (down.title, down.flips) == ("mitosis to normal", 1)
    assert down.peak[0] > 5 > up.peak[0]


def test_one_flip_has_no_spread():
    (found,) = averaged([spread(np.random.default_rng(0))])
    assert np.isnan(found.peak_deviation).all()
    assert np.isnan(found.extent_deviation).all()


def test_maps_of_other_shapes_are_counted_apart():
    rng = np.random.default_rng(0)
    (found,) = averaged([spread(rng), spread(rng, shapes=((16, 16), (8, 8), (1, 1)))])
    assert (found.flips, found.other) == (1, 1)


def test_of_nothing_there_is_no_map():
    assert averaged([]) == ()


def test_the_result_is_that_of_the_moment():
    rng, collection = np.random.default_rng(0), Propagations()
    collection.add(spread(rng), *DOWN)
    (before,) = collection.result()
    kept = before.maps[0].copy()
    collection.add(spread(rng, scale=9), *DOWN)
    assert before.flips == 1
    np.testing.assert_array_equal(before.maps[0], kept)

"""Su et al.'s metrics: known populations have known numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepixel_gui.analysis.population.metrics import metrics
from tests.core.planted import Effects, changed, planted

THREE = ("cat", "dog", "ship")


def three():
    """Four tiles with two seeds each: cat to dog and ship, cat to dog twice, dog to cat, ship."""
    return changed(
        planted(4, seeds=2, classes=THREE),
        answer=np.array([0, 0, 0, 0, 1, 1, 2, 2]),
        after=np.array([1, 2, 1, 1, 0, 1, 2, 2]),
        subject=np.array([1, 2, 1, 1, 0, 0, 0, 0]),
        flipped=np.array([1, 1, 1, 1, 1, 0, 0, 0], bool),
        confidence=np.array([0.6, 0.8, 0.9, 0.9, 0.5, 0.1, 0.1, 0.1]),
        queries=np.array([100, 300, 50, 50, 80, 400, 400, 400]),
        first_flip=np.array([90, 110, 40, 60, 80, -1, -1, -1]),
        colour_before=np.full((8, 3), 100, np.uint8),
        colour_after=np.array([[130, 100, 100]] * 4 + [[100, 190, 100]] * 4, np.uint8),
    )


def test_the_four_metrics_of_a_known_population():
    found = metrics(three())
    assert (found.success.flipped, found.success.n) == (3, 4)
    assert found.confidence.mean == pytest.approx((0.7 + 0.9 + 0.5) / 3)
    assert list(found.reached) == [1, 2, 1]
    matrix = found.matrix
    assert matrix.classes == THREE
    assert matrix.counts.tolist() == [[0, 2, 1], [1, 0, 0], [0, 0, 0]]
    assert (list(matrix.tried), list(matrix.as_origin)) == ([2, 1, 1], [2, 1, 0])
    assert list(matrix.as_target) == [1, 2, 1]
    rate = matrix.rate(0, 2)
    assert (rate.title, rate.flipped, rate.n, rate.share) == ("cat to ship", 1, 2, 0.5)


def test_costs_are_averaged_over_the_seeds_of_a_tile():
    found = metrics(three())
    assert found.queries.mean == pytest.approx((200 + 50 + 240 + 400) / 4)
    assert found.first_flip.mean == pytest.approx((100 + 50 + 80) / 3)
    assert (found.queries.n, found.first_flip.n, found.distortion.n) == (4, 3, 3)
    assert found.channels == pytest.approx((20, 30, 0))
    assert found.distortion.mean == pytest.approx(50 / 3)
    assert (found.vulnerable, found.vulnerable_share) == (None, None)


def test_among_two_classes_the_confidence_in_the_class_reached_is_known_either_way():
    runs = planted(40, Effects(share=1))
    found = metrics(runs)
    wanted = np.where(runs.answer == 1, 1 - runs.confidence, runs.confidence)
    assert found.confidence.mean == pytest.approx(wanted.mean())
    assert found.confidence.minimum >= 0.5


def test_among_more_classes_an_untargeted_flip_does_not_tell_the_confidence_reached():
    runs = three()
    found = metrics(changed(runs, subject=runs.answer))
    assert found.confidence is None
    assert "untargeted" in found.confidence_note


def test_vulnerable_positions_of_sweeps_are_counted_per_tile_and_as_share_of_the_window():
    runs = planted(4)
    found = metrics(changed(runs, flipping_positions=np.array([0, 10, 30, 0])))
    assert found.vulnerable.mean == 10
    assert found.vulnerable_share == pytest.approx(10 / 4096)


def test_where_nothing_flipped_there_are_no_costs_of_success():
    found = metrics(planted(10, Effects(share=0)))
    assert (found.confidence, found.first_flip, found.distortion, found.channels) == (None,) * 4
    assert found.reached.tolist() == [10, 0]
    assert found.matrix.counts.sum() == 0
    assert found.queries.n == 10


def test_no_runs_have_empty_metrics():
    found = metrics(planted(3).some(np.zeros(3, bool)))
    assert (found.success.n, found.queries, found.matrix.classes) == (0, None, ())
    assert found.reached.sum() == 0


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 60), st.integers(1, 4), st.integers(2, 6), st.floats(0, 1), st.integers(0, 99)
)
def test_the_matrix_and_the_classes_reached_count_the_same_tiles(tiles, seeds, k, share, seed):
    classes = tuple("abcdef"[:k])
    found = metrics(planted(tiles, Effects(share=share), seeds=seeds, classes=classes, seed=seed))
    assert found.reached.sum() == found.matrix.tried.sum() == tiles
    assert (np.arange(k) * found.reached).sum() == found.matrix.counts.sum()
    assert found.matrix.as_origin.sum() == found.success.flipped == tiles - found.reached[0]
    assert np.diag(found.matrix.counts).sum() == 0
    assert (found.matrix.counts.max(axis=1) <= found.matrix.as_origin).all()

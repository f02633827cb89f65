"""Windows answer as the dense network does, for any network, pixel and split."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from onepixel_gui.classifier.kernels import learning
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import noise
from tests.core.random_networks import Forced, everywhere, networks, together

# An even kernel with "same" padding: right, and copied once more by torch, which warns of it.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")

quiet = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def served(drawn):
    network, shape = drawn
    classifier = Forced(network, shape)
    assume(not classifier.card.doubts)  # it may be blind to the pictures of the preflight
    assert classifier.windowed is not None
    note(f"windows end: {classifier.windowed.ended}")
    return classifier, shape


def some_of(splits):
    """The last and two others."""
    return st.lists(st.sampled_from(splits), min_size=2, max_size=2).map(
        lambda drawn: sorted({*drawn, splits[-1]})
    )


def agree(told, true, visible=0.0):
    """To 1e-4; and something that would have been missed must have been visible."""
    np.testing.assert_allclose(told.logits, true.logits, atol=1e-4, rtol=0)
    assert np.ptp(true.logits) >= visible


@settings(quiet, max_examples=25)
@given(drawn=networks())
def test_at_every_split_windows_answer_as_the_dense_network(drawn):
    classifier, shape = served(drawn)
    tile = Tile("t.png", noise(1, shape, seed=1)[0])
    asked = everywhere(shape, 120)
    true = classifier.probe(tile).confirm(asked)
    for count in classifier.splits():
        note(f"steps on windows: {count}")
        classifier.use(count)
        agree(classifier.probe(tile)(asked), true, visible=0.02)
    with learning():  # the ways that are quickest
        agree(classifier.probe(tile)(asked), true)


@settings(quiet, max_examples=15)
@given(drawn=networks(), pixels=st.sampled_from([2, 3, 5]), data=st.data())
def test_several_pixels_on_windows_answer_as_the_dense_network(drawn, pixels, data):
    classifier, shape = served(drawn)
    tile = Tile("t.png", noise(1, shape, seed=2)[0])
    asked = together(shape, pixels, 40)
    true = classifier.probe(tile).confirm(asked)
    for count in data.draw(some_of(classifier.splits())):
        classifier.use(count)
        agree(classifier.probe(tile)(asked), true, visible=0.01)


@settings(quiet, max_examples=15)
@given(drawn=networks(), pixels=st.sampled_from([1, 3]), data=st.data())
def test_several_tiles_in_one_batch_are_answered_each_for_itself(drawn, pixels, data):
    classifier, shape = served(drawn)
    tiles = [Tile(f"{index}.png", rgb) for index, rgb in enumerate(noise(3, shape, seed=3))]
    asked = np.concatenate([together(shape, pixels, 20, seed) for seed in range(3)])
    which = np.random.default_rng(4).permutation(np.arange(len(asked)) % 3)
    logits = np.empty(len(asked), np.float32)
    for index, tile in enumerate(tiles):
        mine = which == index
        logits[mine] = classifier.probe(tile).confirm(asked[mine]).logits
    assert np.ptp(logits) > 0.01
    for count in data.draw(some_of(classifier.splits())):
        classifier.use(count)
        told = classifier.chorus([classifier.probe(tile) for tile in tiles])(which, asked)
        np.testing.assert_allclose(told.logits, logits, atol=1e-4, rtol=0)

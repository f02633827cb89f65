"""How far a changed pixel reaches, layer by layer, and at which spacings a network reads."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, assume, given, settings
from torch import nn

from onepixel_gui.attack.probe import Pixel
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.layering import layered
from onepixel_gui.classifier.opening import inspect
from onepixel_gui.classifier.pace import finished
from onepixel_gui.classifier.propagation import EDGE, LAYERS, propagation, strides
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import Tiny, card, noise, save_script
from tests.core.random_networks import Forced, networks

DEMO = Path(__file__).parents[2] / "resources" / "demo" / "mitosis_demo.safetensors"


def tile_of(shape, seed=0):
    return Tile("t.png", noise(1, shape, seed)[0])


class Staircase(nn.Module):
    """Two convolutions, a pooling passed twice, a grid of spacings 1, 2 and 4."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
            self.pool, self.last = nn.MaxPool2d(2), nn.Linear(4, 1)
        self.eval()

    def forward(self, x):
        y = self.pool(torch.relu_(self.first(x)))
        return self.last(self.pool(torch.relu_(self.second(y))).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def stairs():
    return Forced(Staircase(), (80, 72))


def test_layers_come_from_input_to_output_with_their_spacings_and_shapes(stairs):
    told = propagation(stairs, tile_of((80, 72)), (Pixel(3, 5, (255, 0, 0)),))
    assert told.layers == ("first", "pool", "second", "pool (2)", "last")
    assert told.strides.tolist() == [1, 2, 2, 4, 80]
    assert told.shapes.tolist() == [[80, 72], [40, 36], [40, 36], [20, 18], [1, 1]]
    assert [one.shape for one in told.maps] == [(27, 24), (20, 18), (20, 18), (20, 18), (1, 1)]
    assert all(max(one.shape) <= EDGE and one.dtype == np.float16 for one in told.maps)
    assert strides(stairs) == (2, 4)


def test_a_map_is_the_largest_change_over_channels_by_the_largest_clean_value(stairs):
    tile, (row, column) = tile_of((80, 72), 4), (40, 31)
    changed = tile.rgb.copy()
    changed[row, column] = (0, 255, 255)
    pair = stairs.colours.scaled(torch.from_numpy(np.stack([tile.rgb, changed])))
    with torch.inference_mode():
        clean, after = stairs.ordinary.first(pair)
    true = ((after - clean).abs().amax(dim=0) / clean.abs().max()).numpy()
    told = propagation(stairs, tile, (Pixel(row, column, (0, 255, 255)),))
    assert told.peak[0] == pytest.approx(true.max(), rel=1e-5)
    assert told.extent[0] * true.size == pytest.approx((true > 1e-6).sum())
    assert 1 <= (true > 1e-6).sum() <= 9
    blocks = np.zeros((27, 24), np.float32)
    for at in np.argwhere(true):
        place = tuple(at // 3)
        blocks[place] = max(blocks[place], true[tuple(at)])
    np.testing.assert_allclose(told.maps[0], blocks, rtol=2e-3, atol=1e-6)


def test_a_perturbation_that_changes_nothing_reaches_nowhere(stairs):
    tile = tile_of((80, 72))
    told = propagation(stairs, tile, (Pixel(3, 5, tuple(map(int, tile.rgb[3, 5]))),))
    assert not told.peak.any()
    assert not told.extent.any()


def test_the_pixel_is_one_of_the_tile_and_not_of_the_window(stairs):
    large = Tile("t.png", np.pad(tile_of((80, 72)).rgb, ((7, 7), (5, 5), (0, 0))))
    one = propagation(stairs, large, (Pixel(47, 36, (0, 255, 255)),))
    other = propagation(stairs, tile_of((80, 72)), (Pixel(40, 31, (0, 255, 255)),))
    assert one.peak.tolist() == other.peak.tolist()


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@given(drawn=networks())
def test_of_any_network_the_last_layer_tells_how_the_answer_changed(drawn):
    network, shape = drawn
    classifier = Forced(network, shape)
    assume(not classifier.card.doubts)
    tile, pixel = tile_of(shape, 1), Pixel(2, 3, (255, 0, 255))
    told = propagation(classifier, tile, (pixel,))
    asked = np.array([[[2, 3, 255, 0, 255]]], np.int16)
    probe = classifier.probe(tile)
    clean = probe.question.clean_logit
    change = abs(float(probe.confirm(asked).logits[0]) - clean)
    assert told.peak[-1] * abs(clean) == pytest.approx(change, rel=1e-3, abs=1e-4)
    assert len(told.layers) == len(set(told.layers)) == len(told.maps) == len(told.strides)
    assert all(np.isfinite(one).all() for one in told.maps)
    assert (told.strides >= 1).all()


def test_the_demonstration_reads_every_2_4_and_8_pixels():
    classifier = finished(Classifier.opening(inspect(DEMO), "cpu"))
    assert strides(classifier) == (2, 4, 8)
    told = propagation(classifier, tile_of((64, 64)), (Pixel(30, 31, (255, 255, 0)),))
    assert len(told.layers) == LAYERS
    assert (told.layers[0], told.layers[-1]) == ("stem", "head")
    assert set(told.strides.tolist()) == {2, 4, 8, 64}
    assert (np.diff(told.strides) >= 0).all()
    assert told.extent[0] < 0.01 < told.extent[-2]


def test_a_resized_tile_counts_its_own_pixels():
    small = Classifier(card(input_size=(8, 8), fitting="resize"), Tiny(), "cpu")
    told = propagation(small, tile_of((16, 16)), (Pixel(3, 3, (255, 0, 0)),))
    assert told.strides.tolist() == [2, 16]


def test_who_hides_the_layers_has_neither_maps_nor_strides(tmp_path):
    path = save_script(Tiny(), tmp_path / "t.pt", {"input": [8, 8], "scaling": "zero-to-one"})
    script = Classifier.open(path, "cpu")
    hidden = Classifier(card(white_box=False), Tiny(), "cpu")
    for classifier in (script, hidden):
        assert propagation(classifier, tile_of((8, 8)), (Pixel(3, 3, (255, 0, 0)),)) is None
        assert strides(classifier) == ()


def test_whoever_asks_the_network_meanwhile_is_not_heard(stairs):
    told = layered(stairs)
    assert told is layered(stairs)
    assert not any(one._forward_hooks for one in stairs.ordinary.modules())
    mine = {id(one) for one in stairs.ordinary.parameters()}
    assert {id(one) for one in told._network.parameters()} == mine

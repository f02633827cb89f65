"""A preview puts candidates in order: exact for what is linear, true to first order otherwise."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from torch import nn

from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import Guidance
from onepixel_gui.attack.sweep import CORNERS, every_colour
from onepixel_gui.classifier import screening
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.files import read
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import card, noise
from tests.core.random_networks import Forced, everywhere, networks
from tests.core.test_demo import CHECKPOINT, DEMO

EDGE = 14, 17
TILE = Tile("t.png", noise(1, EDGE, seed=9)[0])


class Linear(nn.Module):
    """Convolutions, poolings, sums and joins, and nothing that bends."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            self.stem, self.norm = nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6)
            self.pool, self.side = nn.AvgPool2d(2, 1), nn.Conv2d(6, 4, 1)
            self.last = nn.Linear(10, 1)
            self.last.weight.data *= 20
        self.eval()

    def forward(self, x):
        y = self.norm(self.stem(x))
        y = torch.cat([self.side(y), y + 0.5], dim=1)
        return self.last(self.pool(y).mean(dim=(2, 3)))


class Smooth(Linear):
    def forward(self, x):
        y = torch.tanh(self.norm(self.stem(x)))
        y = torch.cat([torch.tanh(self.side(y)), y * y], dim=1)
        return self.last(torch.tanh(self.pool(y)).mean(dim=(2, 3)))


def previewing(network, count, shape=EDGE):
    """A classifier that previews behind the step it is told."""
    classifier = Forced(network, shape)
    classifier.preview(count)
    return classifier


def test_the_preview_of_a_linear_network_is_exact_at_every_node():
    asked = everywhere(EDGE)
    for count in Forced(Linear(), EDGE).splits():
        probe = previewing(Linear(), count).probe(TILE)
        true = probe.confirm(asked).logits
        assert np.ptp(true) > 0.1
        np.testing.assert_allclose(probe.preview(asked), true, atol=1e-4)


def test_the_preview_of_a_smooth_network_is_its_slope():
    """Small steps of one level: the preview errs by their square alone."""
    network = Smooth()
    asked = everywhere(EDGE)
    asked[:, 0, 2:] = TILE.rgb[asked[:, 0, 0], asked[:, 0, 1]].clip(1, 254)
    asked[:, 0, 2] += np.where(asked[:, 0, 0] % 2, 1, -1).astype(np.int16)
    exact = Forced(network, EDGE).probe(TILE)
    for count in Forced(network, EDGE).splits():
        probe = previewing(network, count).probe(TILE)
        change = exact.confirm(asked).logits - exact.question.clean_logit
        told = probe.preview(asked) - probe.question.clean_logit
        big = np.abs(change).max()
        np.testing.assert_allclose(told, change, atol=0.02 * big + 2e-6)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@given(drawn=networks())
def test_a_preview_is_a_number_and_is_nothing_for_the_clean_colour(drawn):
    network, shape = drawn
    classifier = Forced(network, shape)
    assume(not classifier.card.doubts)
    tile = Tile("t.png", noise(1, shape, seed=1)[0])
    asked = everywhere(shape, 60)
    same = asked.copy()
    same[:, 0, 2:] = tile.rgb[same[:, 0, 0], same[:, 0, 1]]
    for count in classifier.splits():
        classifier.preview(count)
        probe = classifier.probe(tile)
        assert np.isfinite(probe.preview(asked)).all()
        np.testing.assert_allclose(probe.preview(same), probe.question.clean_logit, atol=1e-4)


# ------------------------------------------------------------------ whether there is one
class Rounding(nn.Module):
    """Steps everywhere: its slope is zero, so that nothing can be foreseen."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(2)
            self.conv, self.last = nn.Conv2d(3, 4, 5), nn.Linear(4, 1)
        self.eval()

    def forward(self, x):
        y = torch.round(40 * self.conv(torch.round(9 * x) / 9)) / 40
        return self.last(torch.round(1000 * y.mean(dim=(2, 3))))


class Branching(nn.Module):
    """Not to be traced."""

    def forward(self, x):
        return x[:, :1, 0, 0] if float(x.sum()) > 0 else -x[:, :1, 0, 0]


@pytest.mark.parametrize("network", [Rounding(), Branching()])
def test_a_network_whose_slope_tells_nothing_has_no_preview(network):
    classifier = Classifier(card(input_size=EDGE), network, "cpu")
    probe = classifier.probe(TILE)
    assert classifier.ways.screening is None
    assert probe.preview_chunk == 0
    with pytest.raises(Problem):
        next(guided(probe, Guidance()))


def test_a_preview_that_takes_too_much_work_is_not_taken(monkeypatch):
    monkeypatch.setattr(screening, "_SHARE", 0.0)
    assert not Classifier(card(input_size=EDGE), Smooth(), "cpu").ways.screening.prefix.steps


def test_what_is_previewed_does_not_depend_on_the_clock(monkeypatch):
    first = Classifier(card(input_size=EDGE), Smooth(), "cpu").ways.screening
    chance = np.random.default_rng(0)
    monkeypatch.setattr("onepixel_gui.classifier.ways.now", lambda _: chance.random())
    second = Classifier(card(input_size=EDGE), Smooth(), "cpu").ways.screening
    assert len(first.prefix.steps) == len(second.prefix.steps)


def test_previews_are_the_same_in_chunks_of_any_size():
    classifier = previewing(Smooth(), 2)
    probe, asked = classifier.probe(TILE), everywhere(EDGE)
    whole = probe.preview(asked)
    classifier.ways.screening.pace.batch = 7
    np.testing.assert_allclose(probe.preview(asked), whole, atol=1e-5)
    assert len(probe.preview(asked[:1])) == 1


# ------------------------------------------------------------------ on the demonstration
@pytest.fixture(scope="module")
def demonstration():
    return Classifier.open(CHECKPOINT, "cpu")


@pytest.mark.parametrize("name", ["mitosis/ring_66.png", "normal/lymphocyte_51.png"])
def test_previews_rank_pixels_of_the_demonstration_much_as_they_are(demonstration, name):
    probe = demonstration.probe(read(DEMO / name))
    assert probe.preview_chunk > 0
    chance = np.random.default_rng(0)
    places = chance.permutation(np.argwhere(np.ones((64, 64), np.bool_)))[:150]
    asked = every_colour(places, CORNERS, probe.question.window)
    orders = [one.argsort().argsort() for one in (probe.preview(asked), probe(asked).logits)]
    assert np.corrcoef(orders)[0, 1] > 0.4


def test_a_guided_search_finds_what_the_whole_sweep_found(demonstration):
    """The sweep's optimum is the demonstration's own claim, checked with its other claims."""
    tile = read(DEMO / "mitosis/ring_66.png")
    *_, ended = guided(demonstration.probe(tile), Guidance(to_the_end=True))
    assert ended.flipped
    assert ended.confidence <= 0.408128 + 1e-4
    assert ended.queries <= Guidance().budget

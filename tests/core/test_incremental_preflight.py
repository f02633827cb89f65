"""What windows cannot serve is never answered wrongly: it is asked densely, and says why."""

import re
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from onepixel_gui.classifier import incremental
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.incremental import Costs
from onepixel_gui.classifier.prefix import splits
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import card, noise
from tests.core.random_networks import everywhere, together

EDGE = 48, 40
TILE = Tile("t.png", noise(1, EDGE, seed=7)[0])


@pytest.fixture(autouse=True)
def always_windows(monkeypatch):
    """As many steps on windows as there can be, whether they pay or not."""
    monkeypatch.setattr(Costs, "best", lambda costs: splits(costs.windowed)[-1])
    monkeypatch.setattr(incremental, "_GAIN", 0.0)


class Layers(nn.Module):
    """A stem on which windows pay, and a head; `between` is what makes it odd."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(8)
            self.stem = nn.Conv2d(3, 12, 3, padding=1)
            self.deep = nn.Conv2d(12, 12, 3, padding=1)
            self.down = nn.Conv2d(12, 16, 4, 4)
            self.last = nn.Linear(16, 1)
            self.last.weight.data *= 600
        self.eval()

    def between(self, y):
        return torch.relu(y)

    def forward(self, x):
        y = self.between(self.stem(x))
        y = self.down(torch.relu(self.deep(y)))
        return self.last(torch.relu(y).mean(dim=(2, 3)))


class Noisy(Layers):
    def between(self, y):
        return y + 0.1 * torch.randn_like(y)


class Forgetful(Layers):
    """A dropout that is never switched off."""

    def between(self, y):
        return functional.dropout(y, 0.5, training=True)


class Counting(Layers):
    """Tires with every call."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def between(self, y):
        self.calls.add_(1)
        return y / (1 + 0.1 * self.calls)


class Choosy(Layers):
    """Decides by the data."""

    def between(self, y):
        return torch.relu(y) if float(y.mean()) > 0 else torch.relu(-y)


class Measuring(Layers):
    """Decides by the size of the map."""

    def between(self, y):
        return torch.relu(y) if y.shape[2] > 8 else -y


class Sized(Layers):
    """Divides by the size of the map, which is that of a window on windows."""

    def between(self, y):
        return torch.relu(y) * (40 / y.size(2))


class Folding(Layers):
    """Reads afterwards what was changed in place."""

    def between(self, y):
        return functional.relu_(y) + y


class Clamping(Layers):
    """The same by a method that is rare."""

    def between(self, y):
        return y.clamp_(0.0, 1.0) + y


class Greedy(Layers):
    """Works in place on the tile it is given."""

    def forward(self, x):
        x -= 0.5
        return super().forward(x)


class Squashing(Greedy):
    """The same, by a function that is never undone, and cannot be traced."""

    def forward(self, x):
        x.mul_(0.5)
        return Layers.forward(self, x) if float(x.sum()) > -1e9 else x


class Graded(Layers):
    """Every place has a weight of its own."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.rand(1, 1, *EDGE))

    def between(self, y):
        return torch.relu(y) * self.weights


class Mirrored(Layers):
    def between(self, y):
        return torch.relu(y) + y.flip(3)


class Rolled(Layers):
    def between(self, y):
        return torch.relu(torch.roll(y, 3, dims=2))


class Strided(Layers):
    """Reads every other row by an index."""

    def between(self, y):
        return torch.relu(y[:, :, ::2])


class Softened(Layers):
    """A softmax over a row of places."""

    def between(self, y):
        return 40 * y * torch.softmax(y, dim=3)


class Cumulative(Layers):
    def between(self, y):
        return torch.relu(y) + y.cumsum(dim=2) / 40


class Batchwise(Layers):
    """Normalised by the batch it is asked in."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(12, track_running_stats=False)
        self.eval()

    def between(self, y):
        return torch.relu(self.norm(y))


def exact(classifier):
    """What was asked fast is what an ordinary forward pass says."""
    probe = classifier.probe(TILE)
    for asked in (everywhere(EDGE, 60), together(EDGE, 3, 20)):
        true = probe.confirm(asked).logits
        assert np.ptp(true) > 0.01
        np.testing.assert_allclose(probe(asked).logits, true, atol=1e-4, rtol=1e-5)


def served(network):
    return Classifier(card(input_size=EDGE), network, "cpu")


class Detached(Layers):
    """Lets no gradient through."""

    def between(self, y):
        return torch.relu(y).detach()


class Frozen(Layers):
    """Decides by the data, and lets no gradient through."""

    def forward(self, x):
        with torch.no_grad():
            return super().forward(x)


class Modest(Layers):
    """A norm over all places, in which rounding is everything where a tile has one colour."""

    def __init__(self):
        super().__init__()
        self.norm = nn.InstanceNorm2d(12)

    def between(self, y):
        return torch.relu(self.norm(y)) + y


_WINDOWS = "Recomputes only what a pixel touches"
_DATA = "the network decides by its data"
_OTHERWISE = "its layers one by one do not answer as the network does"


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Layers(), _WINDOWS),
        (Choosy(), _DATA),
        (Measuring(), _DATA),
        (Folding(), _OTHERWISE),
        (Clamping(), _OTHERWISE),
        (Greedy(), _WINDOWS),
        (Squashing(), _DATA),
        (Graded(), _WINDOWS),
        (Mirrored(), _WINDOWS),
        (Rolled(), _WINDOWS),
        (Strided(), _WINDOWS),
        (Softened(), _WINDOWS),
        (Cumulative(), _WINDOWS),
        (Detached(), _WINDOWS),
        (Frozen(), _WINDOWS),
        (Modest(), _WINDOWS),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, nn.Module) else "",
)
def test_whatever_a_network_does_its_numbers_are_those_of_the_dense_one(network, words):
    classifier = served(network)
    assert words in classifier.serving.shortcut
    assert (classifier.ways.shortcut is not None) == (words == _WINDOWS)
    assert classifier.card.doubts == ()
    exact(classifier)


def test_a_network_that_windows_answer_wrongly_is_asked_densely_and_doubted():
    classifier = served(Sized())
    assert classifier.ways.shortcut is None
    assert classifier.serving.shortcut == "Asked densely: windows gave wrong answers."
    (doubt,) = classifier.card.doubts
    assert re.fullmatch(r"Windows disagreed .* on [0-9]+ of 32 perturbations; .* densely\.", doubt)
    exact(classifier)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Noisy(), "differently from call to call"),
        (Forgetful(), "differently from call to call"),
        (Counting(), "differently from call to call"),
        (Batchwise(), "answers depend on the batch"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, nn.Module) else "",
)
def test_a_network_without_one_answer_is_asked_densely_and_doubted(network, words):
    classifier = served(network)
    assert classifier.ways.shortcut is None
    assert classifier.serving.shortcut.startswith("Asked densely: ")
    assert classifier._fast is classifier.ordinary
    (doubt,) = classifier.card.doubts
    assert words in doubt


def test_a_compiled_network_is_asked_densely_and_says_so():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(Layers().requires_grad_(False), torch.rand(2, 3, *EDGE))
    classifier = served(traced)
    words = "Asked densely: a compiled network does not show its layers."
    assert classifier.serving.shortcut == words
    exact(classifier)

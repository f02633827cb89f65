"""The fast form of a network answers as the ordinary one, and leaves it as it was loaded."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.fast import fast_form
from tests.core.networks import Tiny, card, noise


class Reused(nn.Module):
    """A convolution read by two norms and called twice: nothing here may be folded."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm, self.other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        for each in (self.norm, self.other):
            each.running_mean.copy_(torch.rand(3))
            each.running_var.copy_(torch.rand(3) + 0.5)
        self.eval()

    def forward(self, x):
        y = self.conv(x)
        return (self.norm(y) + self.other(self.conv(y)) + y).mean(dim=(2, 3))[:, :1]


class Branching(nn.Module):
    """Decides by the data, so it cannot be traced."""

    def forward(self, x):
        return x[:, :1, 0, 0] if float(x.sum()) > 0 else -x[:, :1, 0, 0]


@pytest.mark.parametrize("network", [Tiny(), Tiny(3), Reused(), Branching()])
def test_the_fast_form_answers_as_the_ordinary_one(network):
    names = ("a", "b", "c") if network(torch.rand(1, 3, 8, 8)).shape[1] == 3 else ("a", "b")
    classifier = Classifier(card(names), network, "cpu")
    x = classifier.colours.scaled(torch.from_numpy(noise(9)))
    fast = classifier.outputs(x, fast=True)
    torch.testing.assert_close(fast, classifier.outputs(x), atol=1e-5, rtol=1e-5)


def test_folding_leaves_the_ordinary_network_as_it_was_loaded():
    network = Tiny()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    classifier = Classifier(card(), network, "cpu")
    assert classifier.ordinary is network
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    fast = fast_form(network, torch.rand(1, 3, 8, 8))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in fast.modules())


@pytest.mark.parametrize("network", [Tiny(), Reused()])
def test_the_fast_form_is_a_graph_that_agrees_with_the_network(network):
    x = torch.rand(9, 3, 8, 8)
    with torch.inference_mode():
        fast = fast_form(network, x[:1])
        torch.testing.assert_close(fast(x), network(x), atol=1e-5, rtol=1e-5)


def test_a_network_that_decides_by_its_data_or_is_compiled_has_no_fast_form():
    x = torch.rand(2, 3, 8, 8)
    assert fast_form(Branching(), x[:1]) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        compiled = torch.jit.trace(Tiny(), x)
    assert fast_form(compiled, x[:1]) is None


def test_a_fast_form_that_answers_otherwise_is_not_used(monkeypatch):
    monkeypatch.setattr("onepixel_gui.classifier.classifier.fast_form", lambda *_: Tiny(gain=2.0))
    network = Tiny()
    assert Classifier(card(), network, "cpu")._fast is network


class Meanwhile(nn.Module):
    """While it is traced, something else happens on another thread, and is waited for."""

    def __init__(self, other):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)
        self.other, self.seen = [other], []

    def __deepcopy__(self, memo):
        return self

    def forward(self, x):
        with ThreadPoolExecutor(1) as pool:
            self.seen.append(pool.submit(self.other[0]).result(timeout=20))
        return self.conv(x).mean(dim=(2, 3))


def test_another_network_answers_as_ever_while_one_is_traced():
    other, x = Tiny().eval(), torch.rand(2, 3, 8, 8)
    expected = other(x)
    traced = Meanwhile(lambda: other(x))
    assert fast_form(traced, torch.rand(1, 3, 8, 8)) is not None
    torch.testing.assert_close(traced.seen[0], expected)


def test_two_networks_traced_at_once_leave_the_call_of_modules_as_it_was():
    call, x = nn.Module.__call__, torch.rand(1, 3, 8, 8)
    with ThreadPoolExecutor(4) as pool:
        forms = list(pool.map(lambda _: fast_form(Tiny(), x), range(24)))
    assert all(form is not None for form in forms)
    assert nn.Module.__call__ is call

"""Batches side by side answer as they do one after another."""

import threading

import numpy as np
import pytest
import torch

from onepixel_gui.classifier import classifier as serving
from onepixel_gui.classifier.lanes import Lanes
from onepixel_gui.classifier.pace import Pace
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import Tiny, noise
from tests.core.random_networks import Forced, everywhere, together

EDGE = 8, 8


@pytest.fixture(scope="module")
def three():
    before = torch.get_num_threads()
    lanes = Lanes(3)
    assert torch.get_num_threads() == 3
    torch.set_num_threads(before)
    yield lanes
    lanes._pool.shutdown()


def test_lanes_return_results_in_order_each_on_one_thread(three):
    met = threading.Barrier(3, timeout=10)  # passed only if three really run side by side

    def work(part):
        if part < 3:
            met.wait()
        torch.relu(torch.randn(1 << 18))  # layers that torch itself would share among threads
        return part, torch.get_num_threads()

    told = three.map(work, range(50))
    assert [part for part, _ in told] == list(range(50))
    assert {threads for _, threads in told} == {1}


def test_a_failure_in_a_lane_is_raised(three):
    def work(part):
        if part == 7:
            raise ZeroDivisionError
        return part

    with pytest.raises(ZeroDivisionError):
        three.map(work, range(20))
    assert three.map(int, range(3)) == [0, 1, 2]


@pytest.mark.parametrize("pixels", [1, 3])
def test_windows_in_lanes_answer_as_the_dense_network(three, monkeypatch, pixels):
    monkeypatch.setattr(serving, "lanes", lambda _threads: three)
    classifier = Forced(Tiny(), EDGE)
    classifier.use(classifier.splits()[-1])
    classifier.preview(classifier.splits()[-1])
    probe = classifier.probe(Tile("t.png", noise(1)[0]))
    asked = everywhere(EDGE) if pixels == 1 else together(EDGE, pixels, 150)
    true = probe.confirm(asked).logits
    previews = probe.preview(asked[:, :1])
    classifier.ways.shortcut.pace = Pace(4, 0.01, lanes=3)
    classifier.ways.screening.pace = Pace(5, 0.01, lanes=3)
    again = classifier.probe(Tile("t.png", noise(1)[0]))
    np.testing.assert_allclose(again(asked).logits, true, atol=1e-4)
    np.testing.assert_allclose(again.preview(asked[:, :1]), previews, atol=1e-5)

"""A classifier is ready at once and prepared later, bit by bit, while others ask it."""

import threading
import time

import numpy as np
import pytest
import torch

from onepixel_gui.classifier import incremental, pace
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.incremental import Costs
from onepixel_gui.classifier.opening import Step
from onepixel_gui.classifier.prefix import splits
from onepixel_gui.problems import DeviceFull
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import card, noise
from tests.core.random_networks import everywhere, together
from tests.core.test_incremental_preflight import EDGE, Layers

TILE = Tile("t.png", noise(1, EDGE, seed=4)[0])
ASKED = everywhere(EDGE, 96)
PAUSE = 0.5  # seconds of work, at most, between two steps


@pytest.fixture(autouse=True)
def always_windows(monkeypatch):
    """Windows as far as they go, whether they pay or not."""
    monkeypatch.setattr(Costs, "best", lambda costs: splits(costs.windowed)[-1])
    monkeypatch.setattr(incremental, "_GAIN", 0.0)


def drained(steps):
    """(what is made, seconds of this thread before each step and before the end)."""
    laps, start = [], time.thread_time()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, [*laps, time.thread_time() - start]
        laps.append(time.thread_time() - start)
        start = time.thread_time()


@pytest.fixture
def opened(monkeypatch):
    """A network for which windows pay, ready and not prepared."""

    def loading(network):
        yield Step("Building")
        return card(input_size=EDGE), network

    monkeypatch.setattr("onepixel_gui.classifier.classifier.loading", loading)
    return drained(Classifier.opening(Layers(), "cpu"))[0]


def same(classifier, asked=ASKED):
    probe = classifier.probe(TILE)
    np.testing.assert_allclose(probe(asked).logits, probe.confirm(asked).logits, atol=1e-4)


def test_what_is_ready_is_asked_densely_and_says_that_windows_are_being_prepared(opened):
    assert not opened.prepared
    assert opened.serving.shortcut == "Windows are being prepared."
    assert opened.ways.shortcut is opened.ways.several is opened.ways.screening is None
    assert opened.arithmetic is None
    assert opened.probe(TILE).preview_chunk == 0
    assert opened.pace.batch == opened.serving.batch
    same(opened)
    same(opened, together(EDGE, 3, 20))


def test_what_was_prepared_is_what_is_prepared_at_once(opened):
    whole = Classifier(card(input_size=EDGE), Layers(), "cpu")
    drained(opened.preparing())
    assert opened.prepared
    assert whole.prepared
    assert opened.serving.shortcut.startswith("Recomputes only")
    assert whole.serving.shortcut.startswith("Recomputes only")
    steps = [len(one.ways.screening.prefix.steps) for one in (opened, whole)]
    assert steps[0] == steps[1]
    assert opened.ways.several is not None
    same(opened)
    same(opened, together(EDGE, 3, 20))


def test_a_probe_keeps_to_the_ways_that_it_was_made_with(opened):
    before = opened.probe(TILE)
    drained(opened.preparing())
    after = opened.probe(TILE)
    assert before.preview_chunk == 0 < after.preview_chunk
    for asked in (ASKED, together(EDGE, 2, 20)):
        true = before.confirm(asked).logits
        for probe in (before, after):
            np.testing.assert_allclose(probe(asked).logits, true, atol=1e-4)


@pytest.mark.parametrize("part", [1, 5, 20, 40, 60])
def test_given_up_anywhere_it_goes_on_densely_and_can_be_prepared_later(opened, part):
    steps, before = opened.preparing(), (opened.serving, opened.card, opened.pace.seconds)
    for _ in range(part):
        next(steps)
    steps.close()
    assert (opened.serving, opened.card, opened.pace.seconds) == before
    assert opened.ways.shortcut is None
    same(opened)
    assert not torch.is_inference_mode_enabled()
    drained(opened.preparing())
    assert opened.ways.shortcut is not None


def test_nothing_is_learned_between_two_steps(opened):
    layers = [one for one in opened._fast.modules() if hasattr(one, "_ways")]
    steps = opened.preparing()
    for _ in range(12):
        next(steps)
    known = [dict(layer._ways) for layer in layers]
    opened.dense(opened.colours.scaled(torch.from_numpy(noise(3, EDGE))), fast=True)
    assert [dict(layer._ways) for layer in layers] == known
    assert any(known)
    steps.close()


def test_another_thread_that_asks_meanwhile_gets_the_answers_of_the_ordinary_network(opened):
    wrong, asked, ended = [], [0], threading.Event()
    true = opened.probe(TILE).confirm(ASKED).logits
    pairs = together(EDGE, 2, 12)
    true_pairs = opened.probe(TILE).confirm(pairs).logits

    def ask():
        while not ended.is_set():
            probe = opened.probe(TILE)  # anew, so that it is made in every state
            told = probe(ASKED).logits, probe(pairs).logits
            for one, other in zip(told, (true, true_pairs), strict=True):
                wrong.append(float(np.abs(one - other).max()))
            asked[0] += 1

    other = threading.Thread(target=ask)
    other.start()
    try:
        drained(opened.preparing())
        count = asked[0]
        while asked[0] < count + 2 and other.is_alive():
            ended.wait(0.01)
    finally:
        ended.set()
        other.join()
    assert count > 2
    assert asked[0] > count
    assert max(wrong) < 1e-4
    same(opened)


def test_no_step_of_the_preparation_takes_half_a_second_of_work(opened):
    laps = drained(opened.preparing())[1]
    assert len(laps) > 50
    assert max(laps) < PAUSE


@pytest.mark.parametrize("where", ["onepixel_gui.classifier.ways.shortened", "torch.cat"])
def test_without_memory_for_windows_it_stays_in_use_densely(opened, monkeypatch, where):
    def full(*_words, **_more):
        if where == "torch.cat":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        raise DeviceFull("There is no memory left on cpu.", "Close other programs.")

    monkeypatch.setattr(where, full)
    drained(opened.preparing())
    monkeypatch.undo()
    assert opened.prepared
    told = "Asked densely: there is no memory left for windows."
    assert opened.serving.shortcut == told
    same(opened)


def test_a_network_without_windows_is_prepared_when_it_is_ready():
    class Choosy(torch.nn.Module):
        def forward(self, x):
            return x[:, :1, 0, 0] if float(x.sum()) > 0 else -x[:, :1, 0, 0]

    classifier = Classifier(card(), Choosy(), "cpu")
    assert classifier.prepared
    assert drained(classifier.preparing())[1:] == ([pytest.approx(0, abs=0.1)],)


def test_the_preflight_shows_few_pictures():
    class Counting(Layers):
        shown = 0

        def forward(self, x):
            Counting.shown += len(x)
            return super().forward(x)

    classifier = Classifier(card(input_size=EDGE), Counting(), "cpu")
    Counting.shown = 0
    classifier._preflight()
    assert Counting.shown <= 16 + 2 + 1 + 2


def test_a_slow_pass_is_timed_once_and_a_quick_one_twice(monkeypatch):
    passes = []

    def timed(_device, work):
        passes.append(work())
        return passes[-1]

    monkeypatch.setattr(pace, "timed", timed)
    cpu = torch.device("cpu")
    assert pace.finished(pace.quickest(cpu, lambda: 0.5)) == 0.5
    assert len(passes) == 2
    seconds = iter([9.0, 0.03, 0.02])
    assert pace.finished(pace.quickest(cpu, lambda: next(seconds))) == 0.02
    assert len(passes) == 5

"""A Classifier says what its network says, on any batch, and doubts what deserves doubt."""

import gc
import math
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from onepixel_gui.attack.probe import Settings
from onepixel_gui.attack.search import search
from onepixel_gui.classifier import pace
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.devices import NoSuchDevice, available, choose
from onepixel_gui.problems import DeviceFull, Problem, TileTooSmall
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import Corner, Squashed, Tiny, card, noise

BIG = Tile("big.png", noise(1, (21, 34))[0])
PLAIN = Classifier(card(), Tiny(), "cpu")


def softmax(rows):
    whole = np.exp(rows - rows.max(axis=1, keepdims=True))
    return whole / whole.sum(axis=1, keepdims=True)


# ------------------------------------------------------------------ what goes into the network
class Echo(nn.Module):
    """Returns the scaled input of pixel (0, 0) and (0, 1): red, green, blue, then red again."""

    def forward(self, x):
        return torch.cat([x[:, :, 0, 0], x[:, :1, 0, 1]], dim=1)


def scaled_by(scaling, rgb):
    grey = rgb.astype(np.float64) / 255
    if scaling == "minus-one-to-one":
        return (grey - 0.5) * 2
    if scaling == "zero-to-255":
        return grey * 255
    if scaling == "imagenet":
        return (grey - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return grey


@pytest.mark.parametrize("scaling", ["minus-one-to-one", "zero-to-one", "zero-to-255", "imagenet"])
def test_each_scaling_maps_every_level_of_every_channel(scaling):
    told = card(("a", "b", "c", "d"), scaling=scaling)
    classifier = Classifier(told, Echo(), "cpu")
    tiles = np.zeros((256, 8, 8, 3), np.uint8)
    tiles[:, 0, 0] = np.stack([np.arange(256), np.arange(255, -1, -1), np.arange(256)], 1)
    raw = classifier.outputs(classifier.colours.scaled(torch.from_numpy(tiles))).numpy()
    wanted = scaled_by(scaling, tiles[:, 0, 0])
    np.testing.assert_allclose(raw[:, :3], wanted, atol=2e-6, rtol=1e-6)


def test_the_mitosis_scaling_is_float32_to_the_last_bit_as_its_service_computes_it():
    classifier = Classifier(card(("a", "b", "c", "d"), scaling="minus-one-to-one"), Echo(), "cpu")
    tiles = np.zeros((256, 8, 8, 3), np.uint8)
    tiles[:, 0, 0, 0] = np.arange(256)
    raw = classifier.outputs(classifier.colours.scaled(torch.from_numpy(tiles))).numpy()[:, 0]
    grey = (np.arange(256) / 255).astype(np.float32)
    assert np.array_equal(raw, (grey - np.float32(0.5)) * np.float32(2))


def test_rows_columns_and_channels_keep_their_places():
    tiles = noise(1)
    classifier = Classifier(card(("a", "b", "c", "d")), Echo(), "cpu")
    raw = classifier.outputs(classifier.colours.scaled(torch.from_numpy(tiles))).numpy()[0]
    wanted = [*(tiles[0, 0, 0] / 255), tiles[0, 0, 1, 0] / 255]
    np.testing.assert_allclose(raw, wanted, atol=1e-6)


# ------------------------------------------------------------------ what comes out of it
def returns(kind, outputs):
    squashed = "sigmoid" if outputs == 1 else "softmax"
    return "logits" if kind == "logits" else squashed


@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("kind", ["logits", "squashed"])
def test_probabilities_add_up_to_one_whatever_the_network_returns(outputs, kind):
    names = ("normal", "mitosis", "other")[: max(outputs, 2)]
    raw = Tiny(outputs)
    network = raw if kind == "logits" else Squashed(outputs)
    classifier = Classifier(card(names, outputs=returns(kind, outputs)), network, "cpu")
    tiles = noise(6)
    said = classifier(tiles)
    x = classifier.colours.scaled(torch.from_numpy(tiles))
    rows = classifier.outputs(x).numpy() if kind == "logits" else raw(x).detach().numpy()
    if outputs == 1:
        rows = np.concatenate([np.zeros_like(rows), rows], axis=1)
    np.testing.assert_allclose(said, softmax(rows.astype(np.float64)), atol=1e-6)


@pytest.mark.parametrize("kind", ["logits", "squashed"])
@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_a_logit_is_the_log_odds_of_the_probability(kind, outputs):
    names = ("normal", "mitosis", "other")[: max(outputs, 2)]
    network = Tiny(outputs) if kind == "logits" else Squashed(outputs)
    classifier = Classifier(card(names, outputs=returns(kind, outputs)), network, "cpu")
    tiles = noise(6)
    raw = classifier.outputs(classifier.colours.scaled(torch.from_numpy(tiles)))
    chances = classifier(tiles).astype(np.float64)
    for subject in range(len(names)):
        odds = classifier.logits(raw, subject).numpy()
        p = chances[:, subject]
        np.testing.assert_allclose(1 / (1 + np.exp(-odds.astype(np.float64))), p, atol=1e-6)


def test_a_logit_goes_on_where_the_probability_saturates():
    class Sure(nn.Module):
        def forward(self, x):
            return 400.0 * x[:, :1, 0, 0] - 100.0

    classifier = Classifier(card(), Sure(), "cpu")
    tile = noise(1)[0].copy()
    tile[0, 0] = 255
    question = classifier.probe(Tile("sure.png", tile)).question
    assert question.clean == 1.0
    assert question.clean_logit == pytest.approx(300.0)


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.9])
def test_two_classes_are_parted_by_the_threshold_of_the_card(threshold):
    classifier = Classifier(card(threshold=threshold), Tiny(gain=0.2), "cpu")
    tiles = noise(40)
    answers = classifier.answers(
        classifier.outputs(classifier.colours.scaled(torch.from_numpy(tiles)))
    )
    assert np.array_equal(answers.numpy() == 1, classifier(tiles)[:, 1] >= threshold)


def test_the_subject_may_be_the_first_of_two_classes():
    classifier = Classifier(card(subject="normal"), Tiny(), "cpu")
    probe = classifier.probe(Tile("t.png", noise(1)[0]))
    assert probe.question.subject == "normal"
    assert probe.question.clean == pytest.approx(float(classifier(noise(1))[0, 0]), abs=1e-6)


def test_of_many_classes_the_answer_itself_is_followed():
    classifier = Classifier(card(("a", "b", "c")), Tiny(3), "cpu")
    question = classifier.probe(Tile("t.png", noise(1)[0])).question
    chances = classifier(noise(1))[0]
    assert question.subject == question.answer == "abc"[int(chances.argmax())]
    assert question.clean == pytest.approx(float(chances.max()), abs=1e-6)
    assert (question.rival, question.downward) == ("another class", True)


# ------------------------------------------------------------------ batches and devices
@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 70), batch=st.integers(1, 64))
def test_an_answer_does_not_depend_on_the_batch_it_is_asked_in(count, batch):
    classifier = Classifier(card(), Tiny(), "cpu")
    classifier.pace.batch = batch
    tiles = noise(count)
    np.testing.assert_allclose(classifier(tiles), PLAIN(tiles), atol=2e-6)


def test_no_tiles_give_no_answers():
    assert PLAIN(noise(0)).shape == (0, 2)


class Tight(nn.Module):
    """Has room for `room` tiles at a time."""

    def __init__(self, room):
        super().__init__()
        self.inner, self.room, self.sizes = Tiny(), room, []

    def forward(self, x):
        if len(x) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.sizes.append(len(x))
        return self.inner(x)


@pytest.mark.parametrize("room", [1, 3, 5, 17])
def test_a_device_with_little_room_is_asked_in_smaller_batches_with_the_same_answers(room):
    network = Tight(room)
    classifier = Classifier(card(), network, "cpu")
    assert classifier.pace.batch <= room
    np.testing.assert_allclose(classifier(noise(20)), PLAIN(noise(20)), atol=2e-6)


def test_a_device_that_fills_up_later_halves_the_batch_and_remembers_it():
    network = Tight(64)
    classifier = Classifier(card(), network, "cpu")
    classifier._fast = network
    network.room, network.sizes = 5, []
    probe = classifier.probe(Tile("t.png", noise(1)[0]))
    candidates = np.zeros((23, 1, 5), np.int16)
    candidates[:, 0, 2] = np.arange(23)
    there = PLAIN.probe(Tile("t.png", noise(1)[0]))
    for asked, wanted in ((probe, there), (probe.confirm, there.confirm)):
        np.testing.assert_allclose(asked(candidates).logits, wanted(candidates).logits, atol=1e-4)
    assert max(network.sizes) <= 5
    assert classifier.pace.batch in (4, 5)


def test_a_device_without_room_for_one_tile_is_a_problem_with_a_remedy():
    with pytest.raises(DeviceFull) as caught:
        Classifier(card(), Tight(0), "cpu")
    assert "choose the CPU" in caught.value.remedy
    network = Tight(64)
    classifier = Classifier(card(), network, "cpu")
    network.room = 0
    with pytest.raises(DeviceFull):
        classifier(noise(3))
    with pytest.raises(DeviceFull):
        classifier.probe(Tile("t.png", noise(1)[0]))


def test_a_device_that_is_not_there_is_a_problem_that_names_those_that_are():
    with pytest.raises(NoSuchDevice) as caught:
        choose("quantum")
    assert "quantum" in caught.value.what
    assert all(name in caught.value.remedy for name in available())


def test_auto_is_the_best_device_and_the_cpu_is_always_there():
    assert str(choose("auto")) == available()[0]
    assert str(choose("cpu")) == available()[-1] == "cpu"


# ------------------------------------------------------------------ doubts
class Dice(nn.Module):
    def forward(self, x):
        return torch.randn(len(x), 1)


class Always(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return torch.full((len(x), 1), self.value)


@pytest.mark.parametrize(
    ("network", "kind", "words"),
    [
        (Dice(), "logits", "differently from call to call"),
        (Always(1.0), "logits", "the same answer"),
        (Always(math.nan), "logits", "not numbers"),
        (Tiny(gain=3.0), "sigmoid", "range from 0 to 1"),
    ],
)
def test_a_classifier_that_deserves_doubt_says_which(network, kind, words):
    (doubt,) = Classifier(card(outputs=kind), network, "cpu").card.doubts
    assert words in doubt


def test_a_sound_classifier_is_not_doubted_and_keeps_the_doubts_of_its_card():
    assert PLAIN.card.doubts == ()
    assert Classifier(card(doubts=("Assumed.",)), Tiny(), "cpu").card.doubts == ("Assumed.",)


# ------------------------------------------------------------------ one tile behind the door
def painted(rgb, candidate):
    rgb = rgb.copy()
    for row, column, *colour in candidate.tolist():
        rgb[row, column] = colour
    return rgb


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), pixels=st.integers(1, 3), count=st.integers(1, 90))
def test_a_probe_answers_as_the_whole_tile_with_those_pixels_changed(seed, pixels, count):
    classifier = Classifier(card(input_size=(8, 10)), Tiny(edge=(8, 10)), "cpu")
    probe = classifier.probe(BIG)
    window = probe.question.window
    assert (window.row, window.column, window.shape) == (6, 12, (8, 10))
    rng = np.random.default_rng(seed)
    low, high = [6, 12, 0, 0, 0], [14, 22, 256, 256, 256]
    candidates = rng.integers(low, high, (count, pixels, 5)).astype(np.int16)
    wholes = np.stack([painted(BIG.rgb, each)[6:14, 12:22] for each in candidates])
    wanted = classifier(wholes)[:, 1]
    for readings in (probe(candidates), probe.confirm(candidates)):
        np.testing.assert_allclose(readings.confidences, wanted, atol=5e-6)
        sure = np.abs(wanted - 0.5) > 1e-4
        clean = probe.question.clean >= 0.5
        assert np.array_equal(readings.flipped[sure], ((wanted >= 0.5) != clean)[sure])


def test_a_candidate_leaves_no_trace_in_the_next_answer():
    probe = PLAIN.probe(Tile("t.png", noise(1)[0]))
    rgb = noise(1)[0][2, 3]
    same = np.array([[[2, 3, *rgb]]], np.int16)
    for turn in range(5):
        probe(np.array([[[turn, turn, 255, 0, 9], [1, 1, 0, 0, 0]]] * 40, np.int16))
        assert probe(same).logits[0] == pytest.approx(probe.question.clean_logit, abs=1e-5)


def test_a_candidate_of_which_the_network_makes_no_number_leaves_no_trace_either():
    class Fragile(nn.Module):
        def forward(self, x):
            return torch.where(x[:, :1, 0, 0] == 1.0, math.nan, x[:, :1, 0, 0])

    tile = noise(1)[0].copy()
    tile[0, 0] = 7
    probe = Classifier(card(), Fragile(), "cpu").probe(Tile("t.png", tile))
    with pytest.raises(Problem, match="not a number"):
        probe(np.array([[[0, 0, 255, 0, 0]]], np.int16))
    assert probe(np.array([[[1, 1, 1, 1, 1]]], np.int16)).logits[0] == pytest.approx(7 / 255)


def test_asking_about_no_candidate_gets_no_answer():
    probe = PLAIN.probe(Tile("t.png", noise(1)[0]))
    none = np.empty((0, 1, 5), np.int16)
    assert len(probe(none).logits) == len(probe.confirm(none).flipped) == 0


def test_a_tile_smaller_than_the_input_is_a_problem_that_names_both_sizes():
    with pytest.raises(TileTooSmall, match=r"7 x 9 px.*8 x 8 px"):
        PLAIN.probe(Tile("small.png", noise(1, (7, 9))[0]))


def test_the_corner_network_is_flipped_by_a_real_search_at_its_one_weak_pixel():
    classifier = Classifier(card(), Corner(), "cpu")
    tile = Tile("t.png", np.zeros((20, 30, 3), np.uint8))
    *_, ended = search(classifier.probe(tile), Settings(population=400, generations=20))
    assert ended.flipped
    assert (ended.best[0].row, ended.best[0].column) == (6 + 1, 11 + 2)
    assert ended.best[0].rgb[0] > 127


def test_a_probe_and_its_classifier_are_let_go_when_nobody_holds_them():
    classifier = Classifier(card(), Tiny(), "cpu")
    probe = classifier.probe(Tile("t.png", noise(1)[0]))
    events = search(probe, Settings(population=20, generations=3))
    for _ in range(3):
        next(events)
    events.close()
    watched = [weakref.ref(probe), weakref.ref(classifier), weakref.ref(classifier.ordinary)]
    del probe, classifier, events
    gc.collect()
    assert [each() for each in watched] == [None] * 3


@pytest.mark.parametrize("each", [1e-6, 1e-4, 0.001, 0.0093, 0.011, 0.02, 0.1, 9.0])
def test_the_batch_grows_to_what_is_quickest_within_our_patience(monkeypatch, each):
    def took(size):  # a pass costs a little by itself, so larger batches are quicker per tile
        return 0.003 + each * size

    def prepared(size):
        return lambda: took(size)

    monkeypatch.setattr(pace, "timed", lambda _device, work: work())
    found = pace.finished(pace.best_pace(torch.device("cpu"), prepared, pace.BATCHES["cpu"]))
    assert found.seconds == took(found.batch)
    assert found.batch == 1 or found.seconds < 0.15 * 2
    within = [size for size in pace.BATCHES["cpu"] if took(size) <= 0.15]
    assert all(found.each <= 1.05 * took(size) / size for size in within)
    assert within or found.batch in (1, 2, 4, 8, 16)


def test_a_chunk_is_whole_batches_of_about_the_same_time():
    probe = PLAIN.probe(Tile("t.png", noise(1)[0]))
    assert probe.chunk % PLAIN.pace.batch == 0
    assert probe.chunk >= PLAIN.pace.batch

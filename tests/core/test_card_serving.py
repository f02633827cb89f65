"""A classifier is asked exactly as its card says: order, scaling, outputs, size and class."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import Ended, Guidance, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.classifier.checking import check
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.problems import Problem, TileTooSmall, WrongSize
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import Tiny, card, noise

FOUR = ("a", "b", "c", "d")


class First(nn.Module):
    """Returns what it is given of pixel (0, 0), and a zero."""

    def forward(self, x):
        return F.pad(x[:, :, 0, 0], (0, 1))


def first_pixel(rgb, **facts):
    classifier = Classifier(card(FOUR, **facts), First(), "cpu")
    tiles = torch.from_numpy(np.broadcast_to(np.uint8(rgb), (1, 8, 8, 3)).copy())
    return classifier.outputs(classifier.colours.scaled(tiles))[0, :3].tolist()


def test_a_network_that_takes_blue_first_is_given_blue_first():
    assert first_pixel((10, 20, 30), scaling="zero-to-255", order="BGR") == [30, 20, 10]


def test_caffe_scaling_takes_the_mean_of_its_own_channel_away_in_either_order():
    expected = [30 - 103.939, 20 - 116.779, 10 - 123.68]
    assert first_pixel((10, 20, 30), scaling="caffe", order="BGR") == pytest.approx(expected)
    assert first_pixel((10, 20, 30), scaling="caffe") == pytest.approx(expected[::-1])


def test_custom_mean_and_spread_belong_to_red_green_blue_whatever_the_order():
    facts = {"scaling": "custom", "mean": (0.1, 0.2, 0.3), "std": (0.5, 1.0, 2.0)}
    expected = [(1 - 0.1) / 0.5, (1 - 0.2) / 1.0, (0 - 0.3) / 2.0]
    assert first_pixel((255, 255, 0), **facts) == pytest.approx(expected)
    assert first_pixel((255, 255, 0), order="BGR", **facts) == pytest.approx(expected[::-1])


@pytest.mark.parametrize("order", ["RGB", "BGR"])
@pytest.mark.parametrize("scaling", ["caffe", "imagenet", "zero-to-one"])
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_a_searched_pixel_and_a_confirmed_one_are_scaled_alike(order, scaling, data):
    classifier = _SERVING.setdefault(
        (order, scaling), Classifier(card(order=order, scaling=scaling), Tiny(gain=0.05), "cpu")
    )
    probe = classifier.probe(Tile("t.png", noise(1, (9, 9))[0]))
    place = st.integers(0, 7)
    row = [data.draw(place), data.draw(place), *(data.draw(st.integers(0, 255)) for _ in "rgb")]
    candidate = np.array([[row]], np.int16)
    asked, confirmed = probe(candidate).logits, probe.confirm(candidate).logits
    np.testing.assert_allclose(asked, confirmed, atol=2e-3, rtol=1e-4)


_SERVING: dict[tuple[str, str], Classifier] = {}


# ------------------------------------------------------------------ outputs
class Fixed(nn.Module):
    """Returns a fixed row, moved a little by the picture so that it is not constant."""

    def __init__(self, row):
        super().__init__()
        self.row = torch.tensor([row])

    def forward(self, x):
        return self.row + 1e-6 * x[:, :1, 0, 0]


def asked(row, names=("normal", "mitosis"), **facts):
    classifier = Classifier(card(names, **facts), Fixed(row), "cpu")
    return classifier, classifier.probe(Tile("t.png", noise(1)[0])).question


def test_two_sigmoids_are_confidences_of_their_own_and_need_not_sum_to_one():
    classifier, question = asked([0.2, 0.7], outputs="sigmoid")
    assert question.clean == pytest.approx(0.7, abs=1e-5)
    assert classifier(noise(1))[0] == pytest.approx([0.2, 0.7], abs=1e-5)
    assert classifier.card.doubts == ()


def test_one_sigmoid_is_the_confidence_in_the_second_class():
    assert asked([0.7], outputs="sigmoid")[1].clean == pytest.approx(0.7, abs=1e-5)
    _, question = asked([0.7], outputs="sigmoid", subject="normal")
    assert question.clean == pytest.approx(0.3, abs=1e-5)


def test_log_softmax_is_read_as_the_probabilities_behind_it():
    row = np.log([0.25, 0.75]).tolist()
    assert asked(row, outputs="log-softmax")[1].clean == pytest.approx(0.75, abs=1e-5)


@pytest.mark.parametrize(
    ("row", "outputs"), [([0.3, 0.3], "softmax"), ([-0.1, -0.2], "log-softmax")]
)
def test_probabilities_that_do_not_sum_to_one_are_doubted(row, outputs):
    classifier, _ = asked(row, outputs=outputs)
    assert any("sum to one" in doubt for doubt in classifier.card.doubts)


# ------------------------------------------------------------------ tiles of another size
def test_a_tile_of_another_size_is_refused_where_the_card_says_so():
    classifier = Classifier(card(fitting="refuse"), Tiny(), "cpu")
    classifier.probe(Tile("fits.png", noise(1)[0]))
    with pytest.raises(WrongSize) as caught:
        classifier.probe(Tile("wide.png", noise(1, (8, 9))[0]))
    assert "8 x 9 px" in caught.value.what


def test_a_small_tile_is_a_problem_where_the_centre_is_cut_out():
    with pytest.raises(TileTooSmall):
        Classifier(card(), Tiny(), "cpu").probe(Tile("small.png", noise(1, (8, 7))[0]))


@pytest.mark.parametrize("shape", [(5, 7), (8, 8), (20, 13)])
def test_a_resized_tile_is_asked_whole_and_its_pixels_are_those_of_the_tile(shape):
    network = Tiny(gain=0.05)
    classifier = Classifier(card(fitting="resize"), network, "cpu")
    rgb = noise(1, shape, seed=2)[0]
    probe = classifier.probe(Tile("t.png", rgb))
    assert probe.question.window.shape == shape
    candidates = np.array([[[r, c, 255, 0, 255]] for r in (0, shape[0] - 1) for c in (0, 4)])
    wanted = []
    for ((row, column, *colour),) in candidates.tolist():
        changed = rgb.copy()
        changed[row, column] = colour
        x = torch.from_numpy(changed.astype(np.float32) / 255).permute(2, 0, 1)[None]
        if shape != (8, 8):
            x = F.interpolate(x, (8, 8), mode="bilinear", antialias=True)
        wanted.append(network(x).item())
    for ask in (probe, probe.confirm):
        logits = ask(candidates.astype(np.int16)).logits
        np.testing.assert_allclose(logits, wanted, atol=1e-4, rtol=1e-4)


def test_a_search_on_a_resized_tile_reaches_the_whole_of_it():
    classifier = Classifier(card(fitting="resize"), Tiny(gain=0.02), "cpu")
    probe = classifier.probe(Tile("t.png", noise(1, (30, 5))[0]))
    *_, ended = search(probe, Settings(population=20, generations=3))
    assert isinstance(ended, Ended)
    assert 0 <= ended.best[0].row < 30
    with pytest.raises(Problem, match="no preview"):
        list(guided(probe, Guidance()))


# ------------------------------------------------------------------ the class in question
def test_of_many_classes_the_answered_one_is_in_question_unless_another_is_wished():
    classifier = Classifier(card(FOUR), Tiny(4, gain=0.3), "cpu")
    tile = Tile("t.png", noise(1)[0])
    plain = classifier.probe(tile)
    assert plain.question.subject == plain.question.answer
    others = [name for name in FOUR if name != plain.question.answer]
    for name in others:
        probe = classifier.probe(tile, subject=name)
        assert probe.question.subject == name
        assert not probe.question.downward
        assert probe.question.goal == name
        assert probe.question.clean == pytest.approx(dict(probe.question.top)[name], abs=1e-5)
    assert classifier.probe(tile, subject="unheard of").question == plain.question


def test_the_five_likeliest_of_many_classes_are_told_best_first():
    names = tuple("abcdefg")
    classifier = Classifier(card(names), Tiny(7, gain=0.3), "cpu")
    tiles = noise(1)
    chances = classifier(tiles)[0]
    top = classifier.probe(Tile("t.png", tiles[0])).question.top
    order = np.argsort(-chances)[:5]
    assert [name for name, _ in top] == [names[index] for index in order]
    assert [value for _, value in top] == pytest.approx(chances[order].tolist(), abs=1e-6)
    two = Classifier(card(), Tiny(), "cpu").probe(Tile("t.png", tiles[0]))
    assert two.question.top == ()


def test_another_class_in_question_flips_only_to_that_class():
    classifier = Classifier(card(FOUR), Tiny(4, gain=3.0), "cpu")
    tile = Tile("t.png", noise(1)[0])
    rng = np.random.default_rng(0)
    places = rng.integers(0, 8, (300, 1, 2))
    candidates = np.concatenate([places, rng.integers(0, 256, (300, 1, 3))], 2).astype(np.int16)
    answers = []
    for row, column, *colour in candidates[:, 0].tolist():
        changed = tile.rgb.copy()
        changed[row, column] = colour
        answers.append(FOUR[int(classifier(changed[None])[0].argmax())])
    clean = classifier.probe(tile).question.answer
    flips = classifier.probe(tile).confirm(candidates).flipped
    assert flips.tolist() == [answer != clean for answer in answers]
    for name in FOUR:
        if name != clean:
            flips = classifier.probe(tile, subject=name).confirm(candidates).flipped
            assert flips.tolist() == [answer == name for answer in answers]


# ------------------------------------------------------------------ the live check
class Redness(nn.Module):
    """logit: mean red minus mean blue, in 0-1."""

    def forward(self, x):
        return 20 * (x[:, :1].mean((2, 3)) - x[:, 2:].mean((2, 3)))


def tinted(name, colour, label):
    return Tile(name, np.broadcast_to(np.uint8(colour), (8, 8, 3)).copy(), label=label)


RED = [tinted(f"r{i}.png", (200 + i, 9, 90), "mitosis") for i in range(6)]
BLUE = [tinted(f"b{i}.png", (90, 9, 200 + i), "normal") for i in range(6)]


def test_a_live_check_tells_accuracy_under_the_edited_card_without_touching_the_classifier():
    classifier = Classifier(card(), Redness(), "cpu")
    good = check(classifier, card(), [*RED, *BLUE])
    assert (good.accuracy, good.labelled, good.doubts) == (1.0, 12, ())
    assert all(verdict.right for verdict in good.verdicts)
    swapped = check(classifier, card(order="BGR"), [*RED, *BLUE])
    assert swapped.accuracy == 0.0
    assert any("better than always" in doubt for doubt in swapped.doubts)
    assert any("red and blue exchanged" in doubt for doubt in swapped.doubts)
    assert classifier.card.order == "RGB"


def test_a_live_check_says_what_it_could_not_ask():
    classifier = Classifier(card(), Tiny(gain=0.1), "cpu")
    tiles = [tinted("ok.png", (1, 2, 3), "mitosis"), Tile("small.png", noise(1, (4, 4))[0])]
    checked = check(classifier, card(), tiles)
    assert [verdict.problem == "" for verdict in checked.verdicts] == [True, False]
    other = check(classifier, card(input_size=(16, 16), fitting="resize"), tiles)
    assert all("does not take pictures of 16 x 16" in v.problem for v in other.verdicts)
    three = check(classifier, card(("a", "b", "c"), fitting="resize"), tiles)
    assert all("1 outputs" in verdict.problem for verdict in three.verdicts)
    assert np.isnan(three.accuracy)


def test_labels_that_are_no_classes_are_shown_and_not_counted():
    classifier = Classifier(card(), Redness(), "cpu")
    checked = check(classifier, card(), [tinted("x.png", (250, 0, 0), "tumour"), RED[0]])
    assert checked.labelled == 1
    assert checked.verdicts[0].right is None
    assert checked.verdicts[0].answer == "mitosis"


# ------------------------------------------------------------------ preflight
class ColourBlind(nn.Module):
    def forward(self, x):
        return x.mean((1, 2, 3))[:, None] * 9 - 4 + x.amax((1, 2, 3))[:, None]


class Batchy(nn.Module):
    def forward(self, x):
        return x.mean((1, 2, 3))[:, None] - x.mean() + x[:, :1, 0, 0]


def test_preflight_notices_what_a_sound_classifier_does_not_do():
    def said(network):
        return " ".join(Classifier(card(), network, "cpu").card.doubts)

    assert "red and blue change places" in said(ColourBlind())
    assert "depends on those asked with it" in said(Batchy())
    training = Tiny(gain=0.1)
    training.norm.train()
    assert "training mode" in said(training)
    hollow = Tiny(gain=0.1)
    hollow.norm.running_mean = hollow.norm.running_var = None
    assert "keeps no averages" in said(hollow)

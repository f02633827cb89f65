"""Clean answers in batches are those of one probe after the other, and what fails is told."""

import numpy as np
import pytest
import torch
from torch import nn

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.scoring import Refused, Scored, Waited, scoring
from onepixel_gui.problems import DeviceFull, TileTooSmall, UnreadableTile
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import Squashed, Tiny, card, noise


def tiles(count, shape=(11, 13), seed=0):
    pictures = enumerate(noise(count, shape, seed))
    return [Tile(f"{number}.png", rgb) for number, rgb in pictures]


def asked(classifier, given):
    return list(scoring(classifier, [(key, lambda tile=tile: tile) for key, tile in given]))


def answers(events):
    """key -> (class, confidence)"""
    told = {}
    for event in events:
        if isinstance(event, Scored):
            columns = event.keys.tolist(), event.answers.tolist(), event.confidences.tolist()
            told |= {key: (answer, each) for key, answer, each in zip(*columns, strict=True)}
    return told


CLASSIFIERS = {
    "two classes": lambda: Classifier(card(), Tiny(), "cpu"),
    "first in question": lambda: Classifier(card(subject="normal"), Tiny(), "cpu"),
    "another threshold": lambda: Classifier(card(threshold=0.61), Tiny(), "cpu"),
    "three classes": lambda: Classifier(card(("a", "b", "c")), Tiny(3), "cpu"),
    "one sigmoid": lambda: Classifier(card(outputs="sigmoid"), Squashed(), "cpu"),
    "resized": lambda: Classifier(card(fitting="resize"), Tiny(), "cpu"),
}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_batch_answers_as_probes_do_one_by_one(kind):
    classifier = CLASSIFIERS[kind]()
    given = list(enumerate(tiles(9) + tiles(4, (8, 8), seed=1)))
    told = answers(asked(classifier, given))
    assert sorted(told) == list(range(13))
    for key, tile in given:
        question = classifier.probe(tile).question
        answer, confidence = told[key]
        assert classifier.card.classes[answer] == question.answer
        assert confidence == pytest.approx(question.clean, abs=2e-6)


def test_what_cannot_be_read_or_used_is_refused_and_the_others_go_on():
    classifier = CLASSIFIERS["two classes"]()

    def gone():
        raise UnreadableTile("b.png does not exist.", "Check that it was not moved.")

    good, small = tiles(2), tiles(1, (5, 5))[0]
    readings = [(7, lambda: good[0]), (3, gone), (5, lambda: small), (1, lambda: good[1])]
    events = list(scoring(classifier, readings))
    refused = {event.index: type(event.problem) for event in events if isinstance(event, Refused)}
    assert refused == {3: UnreadableTile, 5: TileTooSmall}
    assert sorted(answers(events)) == [1, 7]


class Undecided(nn.Module):
    """Makes no number of a picture whose first red is 0."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        first = self.weight * x[:, :1, 0, 0] - 0.5
        return torch.cat([torch.zeros_like(first), torch.log(first)], dim=1)


def test_an_answer_that_is_no_number_is_refused_and_the_batch_is_kept():
    rgb = np.full((2, 8, 8, 3), 200, np.uint8)
    rgb[0] = 0
    classifier = Classifier(card(), Undecided(), "cpu")
    events = asked(classifier, [(n, Tile(f"{n}", picture)) for n, picture in enumerate(rgb)])
    assert [event.index for event in events if isinstance(event, Refused)] == [0]
    assert list(answers(events)) == [1]


def test_no_batch_is_larger_than_the_device_likes():
    classifier = CLASSIFIERS["two classes"]()
    events = asked(classifier, list(enumerate(tiles(2 * classifier.serving.batch + 3, (8, 8)))))
    sizes = [len(event.keys) for event in events if isinstance(event, Scored)]
    assert sizes == [classifier.serving.batch] * 2 + [3]


def test_slow_reading_still_tells_that_it_lives(monkeypatch):
    seconds = iter(range(100))
    monkeypatch.setattr("onepixel_gui.classifier.scoring.time.monotonic", lambda: next(seconds))
    classifier = CLASSIFIERS["two classes"]()
    events = asked(classifier, list(enumerate(tiles(3))))
    assert [type(event) for event in events] == [Waited, Waited, Waited, Scored]


def test_a_full_device_ends_it_with_its_own_problem(monkeypatch):
    classifier = CLASSIFIERS["two classes"]()

    def full(*_):
        raise DeviceFull("There is no memory left.", "Choose the CPU.")

    monkeypatch.setattr(Classifier, "__call__", full)
    with pytest.raises(DeviceFull):
        asked(classifier, list(enumerate(tiles(2))))

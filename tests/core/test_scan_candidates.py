"""What a scan lists: centred where the classifier is surest, apart, best first, none forgotten."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.scan import Refined, ScanEnded, ScanSettings, scan
from onepixel_gui.classifier.scanning.candidates import (
    BARS,
    apart,
    peaks,
    peaks_among,
    steps,
    surest,
)
from tests.core.networks import card
from tests.core.planes import PlaneSlide

EVERYWHERE = ScanSettings(tissue=False, best=20)
EDGE = 16


class Spot(nn.Module):
    """Sure of a dark spot in the middle of a 16 x 16 tile, the less so the farther it is off."""

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        off = torch.arange(EDGE) - (EDGE - 1) / 2
        near = torch.exp(-(off[:, None] ** 2 + off[None] ** 2) / 18.0)
        self.weight = nn.Parameter(near / near.sum(), requires_grad=False)
        self.outputs = outputs
        self.eval()

    def forward(self, x):
        dark = ((1 - x.mean(dim=1)) * self.weight).sum(dim=(1, 2))
        logit = 40 * dark[:, None] - 6
        return logit if self.outputs == 1 else logit * torch.eye(self.outputs)[1]


def spotted(*places, shape=(120, 150)) -> PlaneSlide:
    """White, with dark discs of 9 pixels across centred at these places."""
    rgb = np.full((*shape, 3), 255, np.uint8)
    rows, columns = np.indices(shape)
    for row, column in places:
        rgb[(rows - row) ** 2 + (columns - column) ** 2 <= 16] = 0
    return PlaneSlide(rgb)


@pytest.fixture(scope="module")
def finder():
    return Classifier(card(input_size=(EDGE, EDGE)), Spot(), "cpu")


def ended(classifier, slide, settings=EVERYWHERE) -> ScanEnded:
    *_, last = scan(classifier, slide, settings)
    assert isinstance(last, ScanEnded)
    return last


def test_what_lies_between_the_tiles_of_the_grid_is_centred_to_the_pixel(finder):
    places = [(37, 41), (60, 99), (91, 22), (12, 131)]
    found = ended(finder, spotted(*places))
    centres = [(each.row + EDGE / 2, each.column + EDGE / 2) for each in found.candidates[:4]]
    for row, column in places:
        assert any(abs(row - a) <= 1 and abs(column - b) <= 1 for a, b in centres), (row, column)
    confidences = [each.confidence for each in found.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert min(confidences[:4]) > np.nanmax(found.confidence) - 1e-6
    assert {each.answer for each in found.candidates[:4]} == {"mitosis"}


def test_two_figures_side_by_side_are_two_candidates(finder):
    found = ended(finder, spotted((50, 50), (50, 62)))
    best = {(each.row + EDGE // 2, each.column + EDGE // 2) for each in found.candidates[:2]}
    assert all(any(abs(column - b) <= 2 for _, b in best) for column in (50, 62))


def test_figures_at_the_border_of_the_slide_are_found(finder):
    found = ended(finder, spotted((1, 1), (118, 148)))
    best = [(each.row + EDGE // 2, each.column + EDGE // 2) for each in found.candidates[:2]]
    assert sorted((row > 60, column > 60) for row, column in best) == [(False,) * 2, (True,) * 2]


def test_centring_is_told_and_its_queries_are_counted(finder):
    events = [*scan(finder, spotted((37, 41)), EVERYWHERE)]
    told = [event.queries for event in events if isinstance(event, Refined)]
    assert told == sorted(told)
    assert events[-1].queries >= told[-1] > events[0].total


def test_of_many_classes_the_one_looked_for_is_mapped():
    many = Classifier(card(("a", "b", "c"), input_size=(EDGE, EDGE)), Spot(3), "cpu")
    events = [*scan(many, spotted((50, 50)), replace(EVERYWHERE, subject="b"))]
    assert events[0].subject == "b"
    best = events[-1].candidates[0]
    assert best.answer == "b"
    assert abs(best.row + EDGE / 2 - 50) <= 1
    assert next(scan(many, spotted(), EVERYWHERE)).subject == "c"


def test_a_black_box_is_scanned_as_well():
    box = Classifier(card(input_size=(EDGE, EDGE), white_box=False), Spot(), "cpu")
    assert ended(box, spotted((50, 50))).candidates[0].confidence > 0.9


def test_no_more_candidates_are_listed_than_wished(finder):
    places = [(row, column) for row in (20, 60, 100) for column in (20, 60, 100)]
    assert len(ended(finder, spotted(*places), replace(EVERYWHERE, best=4)).candidates) == 4


@given(st.integers(1, 60), st.floats(1, 40), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_kept_places_are_apart_and_what_is_dropped_lies_beside_a_better_one(count, distance, seed):
    rng = np.random.default_rng(seed)
    tops, lefts = rng.integers(-20, 100, (2, count))
    odds = rng.normal(size=count).astype(np.float32)
    kept = apart(tops, lefts, odds, distance, count)
    away = np.hypot(tops[:, None] - tops[kept], lefts[:, None] - lefts[kept])
    assert (np.diff(odds[kept]) <= 0).all()
    for place in range(count):
        near = kept[away[place] < distance]
        assert place in near or (odds[near] >= odds[place]).any()
        if place in kept:
            assert near.tolist() == [place]
    assert apart(tops, lefts, odds, distance, 2).tolist() == kept[:2].tolist()


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([2, 5, 1000]), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_peaks_among_the_surest_places_are_the_peaks_of_the_map(height, width, kinds, seed):
    rng = np.random.default_rng(seed)
    values = (rng.integers(0, kinds, (height, width)) / kinds).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = np.nan
    wanted = [each.tolist() for each in peaks(values, 0.5)]
    places = rng.permutation(np.repeat(np.arange(values.size), 2))
    found = peaks_among(values, surest(values, places, 0.5, values.size))
    assert [each.tolist() for each in found] == wanted
    best = surest(values, places, 0.5, 3)
    assert best.tolist() == surest(values, places, 0.5, values.size)[:3].tolist()


@pytest.mark.parametrize("stride", [1, 2.5, 8, 16, 32, 100, 112.3])
def test_a_climb_takes_odd_and_even_steps_and_ends_at_the_single_pixel(stride):
    taken = steps(stride)
    assert len(taken) == len(BARS)
    assert list(taken) == sorted(taken, reverse=True)
    assert min(taken) >= 1
    assert steps(32) == (16, 7, 4, 2, 1)


def test_peaks_are_the_highest_of_their_neighbours_best_first():
    logits = np.full((5, 6), -9, np.float32)
    logits[1, 1], logits[1, 2], logits[3, 4] = 2, 1, 3
    logits[4] = np.nan
    rows, columns = peaks(logits, -5)
    assert list(zip(rows, columns, strict=True)) == [(3, 4), (1, 1)]

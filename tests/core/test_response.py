"""A glance at one pixel: its colour at once, then its curves along red, green and blue."""

import numpy as np
import pytest

from onepixel_gui.attack.probe import Pixel, confidence
from onepixel_gui.attack.response import respond
from tests.core.stand_ins import StandIn, hashed, one_spot

PIXEL = Pixel(3, 5, (255, 250, 7))


def law_of(probe, pixel, rgb):
    return float(confidence(probe.law(np.array([[[pixel.row, pixel.column, *rgb]]], np.int16)))[0])


def test_the_colour_asked_for_is_answered_by_an_ordinary_pass_before_any_curve():
    probe = StandIn(one_spot())
    events = respond(probe, PIXEL)
    first = next(events)
    assert (first.pixel, first.answer, first.levels.size) == (PIXEL, "normal", 0)
    assert first.curves.shape == (3, 0)
    assert first.confidence == pytest.approx(law_of(probe, PIXEL, PIXEL.rgb))
    assert probe.asked == []
    events.close()


def test_each_curve_changes_its_own_channel_and_keeps_the_other_two():
    probe = StandIn(hashed())
    _, second = respond(probe, PIXEL)
    assert second.levels[[0, -1]].tolist() == [0, 255]
    for channel in range(3):
        for level, value in zip(second.levels.tolist(), second.curves[channel], strict=True):
            rgb = list(PIXEL.rgb)
            rgb[channel] = level
            assert value == pytest.approx(law_of(probe, PIXEL, rgb))


def test_the_answer_is_the_goal_only_if_the_ordinary_pass_says_so():
    last = list(respond(StandIn(one_spot(), denies=True), PIXEL))[-1]
    assert last.answer == "mitosis"


def test_the_curves_cannot_be_written():
    assert not list(respond(StandIn(one_spot()), PIXEL))[-1].curves.flags.writeable

"""How one position answers to colour: a glance that takes well under a tenth of a second."""

from collections.abc import Generator

import numpy as np

from onepixel_gui.attack.probe import Event, Pixel, Probe, Responded

_LEVELS = np.arange(0, 256, 15, dtype=np.uint8)  # 18 values, both ends included
_LEVELS.setflags(write=False)


def respond(probe: Probe, pixel: Pixel) -> Generator[Event]:
    """The confidence with that pixel set, at once; then its curves along red, green and blue."""
    whole = np.array([[[pixel.row, pixel.column, *pixel.rgb]]], np.int16)
    readings = probe.confirm(whole)
    question = probe.question
    answer = question.goal if readings.flipped[0] else question.answer
    now = float(readings.confidences[0])
    none = np.empty((3, 0), np.float32)
    yield Responded(pixel, now, answer, _LEVELS[:0], none)
    along = np.repeat(whole[None], 3 * len(_LEVELS), axis=0).reshape(3, len(_LEVELS), 5)
    for channel in range(3):
        along[channel, :, 2 + channel] = _LEVELS
    curves = probe(along.reshape(-1, 1, 5)).confidences.reshape(3, -1)
    curves.setflags(write=False)
    yield Responded(pixel, now, answer, _LEVELS, curves)

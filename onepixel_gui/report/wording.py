"""Every sentence about a result, in one place.

Positions are (row, column) of the tile, zero-based from the top left.  A confidence is never
rounded into something else: 5.1e-05 is not "0 %", 49.98 % is not "50.0 %", and two values that
differ do not read alike.
"""

import math
from collections.abc import Sequence
from typing import Literal

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Advanced, Began, Ended, Perturbation, Question
from onepixel_gui.classifier.card import Card
from onepixel_gui.tiles.tile import Tile

RESEARCH_ONLY = "Research use only, not for diagnosis."
COORDINATES = "Positions are (row, column), zero-based, from the top left of the tile."

_MOST_DECIMALS = 6


def percent(confidence: float, *, beside: Sequence[float] = ()) -> str:
    """A confidence (0-1) as text, such as "98.8 %", "0.0051 %" or "over 99.9999 %".

    beside:  confidences shown with it; decimals are added until those that differ look different.
    """
    decimals = _decimals(confidence)
    others = [other for other in beside if other != confidence]
    while decimals < _MOST_DECIMALS and any(
        f"{100 * confidence:.{decimals}f}" == f"{100 * other:.{decimals}f}" for other in others
    ):
        decimals += 1
    if confidence < 1e-14:
        return "under 1e-12 %"  # the logistic function has no digits left down there
    if confidence < 1e-6:
        return f"{100 * confidence:.1e} %"
    if confidence > 1 - 1e-6:
        return "over 99.9999 %"
    return f"{100 * confidence:.{decimals}f} %"


def _decimals(confidence: float) -> int:
    """One decimal between 0.1 % and 99.9 %; outside, two digits of the distance to the end."""
    distance = 100 * min(confidence, 1 - confidence)
    if distance >= 0.0995:
        return 1
    if distance <= 1e-4:
        return _MOST_DECIMALS
    return min(1 - math.floor(math.log10(distance)), _MOST_DECIMALS)


def decimal(confidence: float, *, beside: Sequence[float] = ()) -> str:
    """A confidence (0-1) as it reads beside an axis from 0 to 1: "0.988", "5.1e-05", "0.99988"."""
    if confidence < 1e-14:
        return "< 1e-14"
    if confidence < 0.001:
        return f"{confidence:.1e}"
    if confidence > 1 - 1e-6:
        return "> 0.999999"
    others = [other for other in beside if other != confidence]
    decimals = _decimals(confidence) + 2
    while decimals < _MOST_DECIMALS and any(
        f"{confidence:.{decimals}f}" == f"{other:.{decimals}f}" for other in others
    ):
        decimals += 1
    return f"{confidence:.{decimals}f}"


# ------------------------------------------------------------------ a search
def verdict(began: Began, ended: Ended) -> str:
    """What a finished search found, as one sentence."""
    question, many = began.question, len(ended.best)
    where, moved = f"({_places(ended.best)})", _moved(question, ended.confidence)
    if ended.flipped:
        change = "one pixel" if many == 1 else f"{many} pixels"
        return f"Changing {change} {where} {moved}: the answer changed to {ended.answer}."
    kind = "No single pixel" if many == 1 else f"No set of {many} pixels"
    held = f"{kind} changed the answer in {_counted(ended.queries, 'query', 'queries')}"
    return f"{held}; the best {moved} {where}."


def stopped(began: Began, advanced: Advanced | None) -> str:
    """What a search had found when the reader stopped it; nothing of it is confirmed."""
    if advanced is None or not advanced.best:
        return "Stopped before anything was found."
    question = began.question
    spent = f"Stopped after {advanced.queries:,} of at most {began.budget:,} queries"
    moved = _moved(question, advanced.confidence)
    crossed = (advanced.confidence >= question.threshold) != question.downward
    flip = f" and may change the answer to {question.goal}" if crossed else ""
    where = _places(advanced.best)
    return f"{spent}; the best so far ({where}) {moved}{flip}, not confirmed."


def _moved(question: Question, after: float) -> str:
    """ "moved the mitosis confidence from 98.8 % to 16.0 %", or that it stayed."""
    before, what = question.clean, f"the {question.subject} confidence"
    start = percent(before, beside=(after, question.threshold))
    end = percent(after, beside=(before, question.threshold))
    if start == end:
        return f"left {what} at {end}"
    return f"moved {what} from {start} to {end}"


def _places(pixels: Perturbation, most: int = 3) -> str:
    shown = [f"row {pixel.row}, column {pixel.column}" for pixel in pixels[:most]]
    if len(pixels) > most:
        shown.append(f"{len(pixels) - most} more")
    return "; ".join(shown)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


# ------------------------------------------------------------------ a sweep
def sweep_verdict(sensitivity: Sensitivity) -> str:
    """What a finished sweep found, as one sentence."""
    swept, flips = sensitivity.swept, sensitivity.map.flipping_positions
    question, colours = swept.question, len(swept.palette)
    if flips:
        choice = "the one colour tried" if colours == 1 else f"one of {colours} colours"
        verb = "flips" if flips == 1 else "flip"
        total = _counted(sensitivity.map.flips.size, "position", "positions")
        first = f"{flips:,} of {total} {verb} the answer to {question.goal} with {choice}"
    else:
        choice = "the one colour tried" if colours == 1 else f"any of {colours} colours"
        tried = _counted(swept.queries, "query", "queries")
        first = f"No position flips the answer with {choice} ({tried})"
    return f"{first}; {_extreme(sensitivity)}."


def _extreme(sensitivity: Sensitivity) -> str:
    """ "lowest mitosis confidence 16.0 % (untouched 98.8 %) at row 28, column 26 with #FFFF00"."""
    swept = sensitivity.swept
    question = swept.question
    if question.downward:
        word, pixel, value = "lowest", swept.lowest, swept.lowest_confidence
    else:
        word, pixel, value = "highest", swept.highest, swept.highest_confidence
    now = percent(value, beside=(question.clean, question.threshold))
    clean = percent(question.clean, beside=(value, question.threshold))
    place = f"at {_places((pixel,))} with {hexadecimal(pixel.rgb)}"
    return f"{word} {question.subject} confidence {now} (untouched {clean}) {place}"


# ------------------------------------------------------------------ doubts
def doubts(
    tile: Tile,
    question: Question,
    card: Card,
    reason: Literal["flipped", "budget spent"] | None = None,
) -> tuple[str, ...]:
    """What a reader should know before believing a result, most important first.

    reason:  how a search ended; None for a sweep or before anything ran.
    """
    found: list[str] = []
    if tile.label in card.classes and tile.label != question.answer:
        found.append(
            f"The untouched tile is labelled {tile.label}, "
            f"but the classifier already answers {question.answer}."
        )
    if reason == "budget spent":
        found.append(
            "The search spent its budget and tried only some of all pixels and colours: "
            "finding no flip is no proof that there is none."
        )
    if tile.shape != question.window.shape:
        found.append(seen_window(tile, question))
    if tile.lossy:
        found.append(
            "The tile comes from a lossy file (JPEG), so its pixels are not the original ones; "
            "save an attacked tile as PNG or TIFF, or the change is lost."
        )
    if tile.mpp is None:
        found.append("Micrometres per pixel are unknown, so distances are given in pixels.")
    return (*found, *tile.notes, *card.doubts)


def seen_window(tile: Tile, question: Question) -> str:
    """That a tile larger than the input is judged by a part of it, and by which part."""
    window = question.window
    last_row, last_column = window.row + window.height - 1, window.column + window.width - 1
    return (
        f"The tile is {_size(tile.shape)} px, but the classifier sees only "
        f"{_size(window.shape)} px of it: rows {window.row} to {last_row}, "
        f"columns {window.column} to {last_column}."
    )


def _size(shape: tuple[int, int]) -> str:
    """Width x height, as pictures are usually given."""
    return f"{shape[1]} \u00d7 {shape[0]}"

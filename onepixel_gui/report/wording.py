"""Every sentence about a result, in one place.

Positions are (row, column) of the tile, zero-based from the top left.  A confidence is never
rounded into something else: 5.1e-05 is not "0 %", 49.98 % is not "50.0 %", and two values that
differ do not read alike.
"""

import math
from collections.abc import Sequence
from itertools import product
from typing import Literal, assert_never

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.periodicity import Spectrum
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Guidance,
    Painted,
    Perturbation,
    Question,
    Settings,
    Swept,
)
from onepixel_gui.classifier.card import Card
from onepixel_gui.tiles.tile import Tile

Quantity = Literal["lowest", "highest", "change"]

RESEARCH_ONLY = "Research use only, not for diagnosis."
COORDINATES = "Positions are (row, column), zero-based, from the top left of the tile."

TIMES = "\N{MULTIPLICATION SIGN}"

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
    """A confidence (0-1) as it reads beside an axis from 0 to 1: "0.988", "5.1 x 10⁻⁵"."""
    if confidence < 1e-14:
        return f"< {scientific(1e-14, 0)}"
    if confidence < 0.001:
        return scientific(confidence)
    if confidence > 1 - 1e-6:
        return "> 0.999999"
    others = [other for other in beside if other != confidence]
    decimals = _decimals(confidence) + 2
    while decimals < _MOST_DECIMALS and any(
        f"{confidence:.{decimals}f}" == f"{other:.{decimals}f}" for other in others
    ):
        decimals += 1
    return f"{confidence:.{decimals}f}"


def power_of_ten(power: int) -> str:
    """10⁻⁵ and the like."""
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def scientific(value: float, digits: int = 1) -> str:
    """A positive number as mantissa and power of ten; 10⁻⁵ alone when `digits` is 0."""
    mantissa, power = f"{value:.{digits}e}".split("e")
    raised = power_of_ten(int(power))
    return raised if digits == 0 and mantissa == "1" else f"{mantissa} {TIMES} {raised}"


# ------------------------------------------------------------------ a search
def verdict(began: Began, ended: Ended) -> str:
    """What a finished search found, as one sentence; it says so where the search was white-box."""
    question, many = began.question, len(ended.best)
    where, moved = f"({_places(ended.best)})", _moved(question, ended.confidence)
    if ended.flipped:
        change = "one pixel" if many == 1 else f"{many} pixels"
        how = "" if began.settings.access == "black-box" else " (white-box search)"
        return f"Changing {change} {where} {moved}: the answer changed to {ended.answer}{how}."
    kind = "No single pixel" if many == 1 else f"No set of {many} pixels"
    held = f"{kind} changed the answer in {_spent(began.settings, ended.queries)}"
    return f"{held}; the best {moved} {where}."


def stopped(began: Began, advanced: Advanced | None) -> str:
    """What a search had found when the reader stopped it; nothing of it is confirmed."""
    if advanced is None or not advanced.best:
        return "Stopped before anything was found."
    question = began.question
    spent = f"Stopped after {advanced.queries:,} of at most {_spent(began.settings, began.budget)}"
    moved = _moved(question, advanced.confidence)
    crossed = (advanced.confidence >= question.threshold) != question.downward
    flip = f" and may change the answer to {question.goal}" if crossed else ""
    where = _places(advanced.best)
    return f"{spent}; the best so far ({where}) {moved}{flip}, not confirmed."


def method(began: Began, ended: Ended) -> str:
    """How a search was done and what it spent; previews are never counted as queries."""
    settings, spent = began.settings, f"n = {counted(ended.queries, 'query', 'queries')}"
    spent += " of one tile"
    if ended.first_flip is not None and ended.first_flip != ended.queries:
        spent += f", first flip after {ended.first_flip:,}"
    match settings:
        case Settings():
            return (
                "Differential evolution (black-box; rand/1, no crossover; Su et al. 2019), "
                f"F {settings.weight:g}, population {settings.population:,}, at most "
                f"{settings.generations:,} generations, seed {settings.seed}: {spent}."
            )
        case Guidance():
            return (
                "Guided search (white-box; a choice of this program): gradients of the network "
                f"put {ended.previews:,} candidates in order; for each pixel the best "
                f"{settings.shortlist:,}, at most {settings.neighbours:,} around the best of these "
                f"and at most {settings.refinements:,} finer colours were evaluated: {spent}, "
                "previews not counted. Not comparable with a black-box search, the protocol of "
                "the literature (Su et al. 2019)."
            )
        case _:
            assert_never(settings)


def mark(settings: Settings | Guidance) -> str:
    """What tells one search from another, in two or three words: "seed 3", "guided, white-box"."""
    match settings:
        case Settings(seed=seed):
            return f"seed {seed}"
        case Guidance():
            return "guided, white-box"
        case _:
            assert_never(settings)


def _spent(settings: Settings | Guidance, queries: int) -> str:
    """ "40,000 queries", "2,816 queries of a white-box search"."""
    how = "" if settings.access == "black-box" else " of a white-box search"
    return f"{counted(queries, 'query', 'queries')}{how}"


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


def counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


# ------------------------------------------------------------------ a sweep
def sweep_verdict(sensitivity: Sensitivity) -> str:
    """What a finished sweep found, as one sentence."""
    swept, flips = sensitivity.swept, sensitivity.map.flipping_positions
    question, colours = swept.question, len(swept.palette)
    if flips:
        choice = "the one colour tried" if colours == 1 else f"one of {colours} colours"
        verb = "flips" if flips == 1 else "flip"
        total = counted(sensitivity.map.flips.size, "position", "positions")
        first = f"{flips:,} of {total} {verb} the answer to {question.goal} with {choice}"
    else:
        choice = "the one colour tried" if colours == 1 else f"any of {colours} colours"
        tried = counted(swept.queries, "query", "queries")
        first = f"No position flips the answer with {choice} ({tried})"
    return f"{first}; {_extreme(sensitivity)}."


def sweep_stopped(question: Question, painted: Painted) -> str:
    """What a sweep had asked when the reader stopped it: nothing confirmed, and no preview."""
    if not painted.exact.any():
        return "Stopped before anything was asked."
    word = "lowest" if question.downward else "highest"
    spent = f"Stopped after {painted.done:,} of {painted.total:,} queries"
    grain = "" if painted.stride == 1 else f" on a grid of {painted.stride} px or finer"
    moved = percent(painted.reached(question), beside=(question.clean, question.threshold))
    return f"{spent}{grain}; {word} {question.subject} confidence so far {moved}, not confirmed."


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
            "The search spent its budget on only some of all pixels and colours: "
            "a flip that it did not find may still exist."
        )
    found += card.doubts
    if tile.shape != question.window.shape:
        found.append(seen_window(tile, question))
    if question.window.shape != card.input_size:
        found.append(
            f"The tile is resized from {size(question.window.shape)} to {size(card.input_size)} px "
            "inside the classifier; pixels are those of the tile."
        )
    if tile.lossy:
        found.append(
            "The tile comes from a lossy file (JPEG), so its pixels are not the original ones; "
            "save an attacked tile as PNG or TIFF, or the change is lost."
        )
    if tile.mpp is None:
        found.append("Micrometres per pixel are unknown, so distances are given in pixels.")
    return (*found, *tile.notes)


def seen_window(tile: Tile, question: Question) -> str:
    """That a tile larger than the input is judged by a part of it, and by which part."""
    window = question.window
    last_row, last_column = window.row + window.height - 1, window.column + window.width - 1
    return (
        f"The tile is {size(tile.shape)} px, but the classifier sees only "
        f"{size(window.shape)} px of it: rows {window.row} to {last_row}, "
        f"columns {window.column} to {last_column}."
    )


def size(shape: tuple[int, int]) -> str:
    """Width x height, as pictures are usually given."""
    return f"{shape[1]} {TIMES} {shape[0]}"


# ------------------------------------------------------------------ names of things


def period(spectrum: Spectrum) -> str:
    """The strongest short period of one axis, against shuffled maps."""
    if spectrum.strongest is None:
        return f"No {spectrum.axis} period of 8 px or shorter fits."
    beaten = "all" if spectrum.share == 1 else f"{100 * spectrum.share:.3g} %"
    return (
        f"Strongest {spectrum.axis} period up to 8 px: {spectrum.strongest:.2g} px, above "
        f"{beaten} of the shuffled maps."
    )


def palette_name(swept: Swept) -> str:
    """ "8 corners of the RGB cube", "27 colours of a 3 x 3 x 3 grid", or how many colours."""
    colours = {tuple(int(value) for value in colour) for colour in swept.palette}
    if colours == set(product((0, 255), repeat=3)):
        return "8 corners of the RGB cube"
    levels = {value for colour in colours for value in colour}
    if len(colours) == len(levels) ** 3 and len(levels) > 1:
        grid = " x ".join([str(len(levels))] * 3)
        return f"{len(colours)} colours of a {grid} grid of the RGB cube"
    return "1 chosen colour" if len(colours) == 1 else f"{len(colours)} chosen colours"


def on_slide(tile: Tile) -> str:
    """Where on its slide a tile lies: "level-0 row 1,024, column 2,048 of A00_01.jpg"."""
    row, column = tile.origin
    return f"level-0 row {row:,}, column {column:,} of {tile.slide}"

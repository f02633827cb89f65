"""Captions of figures: all that a reader needs who sees nothing but the figure."""

from onepixel_gui import __version__
from onepixel_gui.analysis.chromatic import rgb_shift
from onepixel_gui.analysis.comparison import Compared
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Began, Ended, Pixel, Question
from onepixel_gui.classifier.card import Card
from onepixel_gui.report import comparing
from onepixel_gui.report.wording import (
    COORDINATES,
    RESEARCH_ONLY,
    Quantity,
    counted,
    decimal,
    method,
    on_slide,
    palette_name,
    period,
    seen_window,
    size,
    sweep_verdict,
    verdict,
)
from onepixel_gui.tiles.tile import Tile


def caption_attack(
    tile: Tile, card: Card, began: Began, ended: Ended, *, enlarged: str, bar: str
) -> str:
    """The caption of the "single attack" figure.

    enlarged:  how the tile is shown.  bar: the length of the scale bar, with its unit.
    """
    question = began.question
    changes = "; ".join(_changed(tile, pixel) for pixel in ended.best)
    kind = "One-pixel" if len(ended.best) == 1 else f"{len(ended.best)}-pixel"
    return " ".join(
        (
            f"{kind} attack on tile {_identity(tile)} {verdict(began, ended)}",
            f"a, Original tile. b, The same with the change, ringed; {enlarged}. c, Its "
            "surroundings, 8 times as large as b. d, Colour before and after: "
            f"{changes}. e, {question.subject.capitalize()} confidence before "
            f"({decimal(question.clean)}) and after ({decimal(ended.confidence)}), by an ordinary "
            "forward pass; dashed, the decision threshold "
            f"({question.threshold:g}). f, Best confidence so far against queries.",
            f"{method(began, ended)} {_ending(tile, card, question, bar)}",
        )
    )


def caption_sensitivity(
    tile: Tile, card: Card, found: Sensitivity, quantity: Quantity, *, enlarged: str, bar: str
) -> str:
    """The caption of the "sensitivity" figure; what is our choice is said to be."""
    swept, periods, means = found.swept, found.periods, found.profiles
    question, colours = swept.question, palette_name(swept)
    shown = {
        "lowest": f"Lowest {question.subject} confidence over the colours",
        "highest": f"Highest {question.subject} confidence over the colours",
        "change": f"Signed change of the {question.subject} logit, the largest over the colours",
    }[quantity]
    return " ".join(
        (
            f"Sensitivity of the classifier to one pixel on tile {_identity(tile)}",
            f"{sweep_verdict(found)} a, Tile, {enlarged}. b, {shown}, at each position; reticle "
            "and dotted lines, the pixel named above; outlined, positions where the answer flips "
            "(confirmed by an ordinary forward pass). c, d, Row and column sensitivity: "
            "mean of the largest |logit change|; filled, even positions; open, odd ones. "
            "e, Power of the profiles by period; grey, up to the "
            f"95th percentile of {periods.shuffles} maps with shuffled positions. "
            f"{period(periods.row)} {period(periods.column)} f, Means of even and odd positions: "
            f"rows {means.row_parity[0]:.3f} and {means.row_parity[1]:.3f}, columns "
            f"{means.column_parity[0]:.3f} and {means.column_parity[1]:.3f}.",
            f"Exhaustive sweep of {counted(found.map.flips.size, 'position', 'positions')} with "
            f"{colours}: n = {counted(swept.queries, 'query', 'queries')} of one tile. "
            "Palette, profiles and period null (seed "
            f"{periods.seed}) are choices of this program. {_ending(tile, card, question, bar)}",
        )
    )


def caption_comparison(
    tile: Tile,
    cards: tuple[Card, Card],
    found: Compared,
    quantity: Quantity,
    *,
    enlarged: str,
    bar: str,
) -> str:
    """The caption of the "comparison" figure; it ranks no classifier."""
    asked, other = found.a.swept.question, found.b.swept.question
    shown = {
        "lowest": f"lowest {asked.subject} confidence over the colours",
        "highest": f"highest {asked.subject} confidence over the colours",
        "change": f"signed change of the {asked.subject} logit, the largest over the colours",
    }[quantity]
    who = " ".join(
        f"{side}, {card.name} ({card.file}, sha256 {card.sha256[:8]})."
        for side, card in zip("AB", cards, strict=True)
    )
    doubts = comparing.doubts(tile, cards, asked, other, found)
    return " ".join(
        (
            f"Two classifiers on tile {_identity(tile)} {who} {comparing.verdict(found)}",
            f"a, Tile, {enlarged}. b, c, Map of A and of B: {shown}, at each position; outlined, "
            "positions where the answer flips (confirmed by an ordinary forward pass). d, B less "
            "A where both look; outlined, positions that flip both. e, Positions that flip A "
            "alone, both, or B alone, where both look.",
            f"{comparing.answers(asked, other)} {' '.join(doubts)} {_closing(tile, bar)}",
        )
    )


def _identity(tile: Tile) -> str:
    said = [] if tile.label is None else [f"label {tile.label}"]
    said.append(f"{size(tile.shape)} px")
    said.append("µm per px unknown" if tile.mpp is None else f"{tile.mpp:g} µm per px")
    if tile.slide:
        said.append(on_slide(tile))
    if tile.case:
        said.append(f"case {tile.case}")
    return f"{tile.name} ({', '.join(said)}; sha256 of pixels {tile.sha256[:8]})."


def _changed(tile: Tile, pixel: Pixel) -> str:
    red, green, blue = (int(value) for value in tile.rgb[pixel.row, pixel.column])
    shift = rgb_shift((red, green, blue), pixel.rgb)
    return (
        f"({pixel.row}, {pixel.column}) from RGB {shift.before} to {shift.after}, "
        f"ΔE00 {shift.ciede2000:.1f}"
    )


def _ending(tile: Tile, card: Card, question: Question, bar: str) -> str:
    parts = [f"Classifier {card.name} ({card.file}, sha256 {card.sha256[:8]}).", COORDINATES]
    if tile.shape != question.window.shape:
        parts.append(seen_window(tile, question))
    parts.append(_closing(tile, bar, coordinates=False))
    return " ".join(parts)


def _closing(tile: Tile, bar: str, *, coordinates: bool = True) -> str:
    parts = [COORDINATES] if coordinates else []
    if tile.lossy:
        parts.append("The source is a lossy file, so its pixels are not the original ones.")
    parts.append(f"Scale bar {bar}. onepixel_gui {__version__}. {RESEARCH_ONLY}")
    return " ".join(parts)

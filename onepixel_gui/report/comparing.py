"""Every sentence about two classifiers on one tile. One tile ranks no classifier."""

from onepixel_gui.analysis.comparison import Compared, both_look
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Question
from onepixel_gui.classifier.card import Card
from onepixel_gui.report.wording import palette_name, percent, size
from onepixel_gui.tiles.tile import Tile, Window

NO_RANK = "One tile does not rank two classifiers."


def verdict(found: Compared) -> str:
    """What two finished sweeps say of each other, as one sentence with n, palette and budget."""
    a, b = found.a, found.b
    flips = f"{_flips(a, 'A')} and {_flips(b, 'B')}"
    where = " where both look" if a.map.window != b.map.window else ""
    if found.overlap is None:
        shared = f"no position flips either{where}"
    else:
        verb = "flips" if found.both == 1 else "flip"
        shared = f"{found.both:,} {verb} both{where} (IoU {found.overlap:.2f})"
    return (
        f"On this one tile (n = 1), with the {palette_name(a.swept)} at every position, "
        f"{flips}; {shared}; {correlation(found)}."
    )


def correlation(found: Compared) -> str:
    """ "their |Δ logit| correlate with r = 0.42"."""
    if found.correlation is None:
        return "one of the maps is constant, so they do not correlate"
    return f"their |Δ logit| correlate with r = {_signed(found.correlation)}"


def stopped(a: Sensitivity | None, b: Sensitivity | None) -> str:
    """What is left of a comparison that the reader ended."""
    if a is None and b is None:
        return "Stopped before either sweep was complete: nothing compares yet."
    whole, part = ("A", "B") if a is not None else ("B", "A")
    return f"Stopped: the sweep of {whole} is complete, that of {part} is not, so nothing compares."


def answers(a: Question, b: Question) -> str:
    """What both say of the untouched tile, before anything was swept."""
    beside = (a.clean, b.clean, a.threshold, b.threshold)
    first, second = percent(a.clean, beside=beside), percent(b.clean, beside=beside)
    said = f"P({a.subject}) is {first} for A and {second} for B"
    if a.answer == b.answer:
        return f"Both answer {a.answer} on the untouched tile: {said}."
    return f"On the untouched tile A answers {a.answer} and B {b.answer}: {said}."


def doubts(
    tile: Tile, cards: tuple[Card, Card], a: Question, b: Question, found: Compared | None = None
) -> tuple[str, ...]:
    """What a reader should know before believing a comparison, most important first."""
    told: list[str] = []
    if a.answer != b.answer:
        told.append(
            f"A answers {a.answer} and B {b.answer} on the untouched tile, so a flip of A and a "
            "flip of B lead to different answers."
        )
    if a.window != b.window:
        told.append(_windows(tile, a.window, b.window))
    if a.threshold != b.threshold:
        told.append(
            f"A parts its answers at {a.threshold:g} and B at {b.threshold:g}: the same confidence "
            "may flip one and not the other."
        )
    if cards[0].sha256 == cards[1].sha256:
        told.append("A and B come from the same checkpoint.")
    told += [
        f"{side}: {said}" for side, card in zip("AB", cards, strict=True) for said in card.doubts
    ]
    return (*told, NO_RANK) if found is not None else tuple(told)


def _windows(tile: Tile, a: Window, b: Window) -> str:
    seen = f"A sees {size(a.shape)} px and B {size(b.shape)} px of the tile ({size(tile.shape)} px)"
    common = both_look(a, b)
    if common is None:
        return f"{seen}, and no position is seen by both: there is no difference."
    last_row, last_column = common.row + common.height - 1, common.column + common.width - 1
    return (
        f"{seen}: the difference is only where both look, rows {common.row} to {last_row}, "
        f"columns {common.column} to {last_column}."
    )


def _flips(found: Sensitivity, side: str) -> str:
    """ "41 of 4,096 positions flip A (32,768 queries)"."""
    count, total = found.map.flipping_positions, found.map.flips.size
    verb = "flips" if count == 1 else "flip"
    return f"{count:,} of {total:,} positions {verb} {side} ({found.swept.queries:,} queries)"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")

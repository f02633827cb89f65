"""The figure "before and after": the confidence of each direction, as boxes, heaps and numbers."""

from functools import partial

from onepixel_gui.analysis.population.before_after import BeforeAfter, Spread
from onepixel_gui.report.panels import short
from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.binned import confidences
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, FAINT
from onepixel_gui.report.wording import decimal

_ROWS = ("maximum", "mean", "median", "sd", "minimum")


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    found: dict[str, Panel] = {}
    for index, parts in enumerate(by_direction(exhibit)):
        whole, flipped, held = parts
        counted = f"n = {whole.n:,} tiles: {flipped.n:,} flipped, {held.n:,} held"
        title = short(whole.title, 30)
        found[f"boxes {index}"] = Panel(title, counted, partial(_boxes, parts=parts))
        found[f"histogram {index}"] = Panel(
            "before and after",
            f"n = {whole.n:,} tiles",
            partial(_heaps, whole=whole),
        )
        found[f"five numbers {index}"] = Panel(
            f"{short(whole.subject, 12)} confidence",
            counted,
            partial(_numbers, parts=parts),
            wide=False,
        )
    return found


def by_direction(
    exhibit: PopulationExhibit,
) -> list[tuple[BeforeAfter, BeforeAfter, BeforeAfter]]:
    """(all, flipped, held) of the directions that are shown, commonest first."""
    found = exhibit.examined.before_after
    triples = [found[start : start + 3] for start in range(0, len(found), 3)]
    return [
        (whole, flipped, held) for whole, flipped, held in triples[: len(exhibit.examined.directed)]
    ]


def box(found: Spread, words: str, colour: str) -> ink.Box:
    low, high = found.whiskers
    lower, upper = found.quartiles
    return ink.Box(words, low, lower, found.median, upper, high, found.mean, colour)


def _boxes(cell: Cell, parts: tuple[BeforeAfter, ...]) -> None:
    shown = []
    for part, name in zip(parts, ("all", "flipped", "held"), strict=True):
        for when, spread, colour in (("before", part.before, FAINT), ("after", part.after, BLUE)):
            if spread is not None:
                words = f"{name}\n{when}" if when == "before" else when
                shown.append(box(spread, f"{name} {when}" if cell.narrow else words, colour))
    axes = cell.axes(left=16.0)
    for place, each in enumerate(shown):
        shown[place] = each
    ink.boxes(
        axes,
        [
            ink.Box(
                each.words.replace("\n", " "),
                each.low,
                each.lower,
                each.median,
                each.upper,
                each.high,
                each.mean,
                each.colour,
            )
            for each in shown
        ],
    )
    ink.unit_axis(axes, f"{short(parts[0].subject)} confidence", "x")


def _heaps(cell: Cell, whole: BeforeAfter) -> None:
    axes = cell.axes()
    edges, before = confidences(whole.clean)
    _, after = confidences(whole.confidence)
    ink.heaps(
        axes,
        [
            ink.Heap("before", edges, before, FAINT, filled=True),
            ink.Heap("after", edges, after, BLUE),
        ],
    )
    ink.unit_axis(axes, f"{short(whole.subject)} confidence", "x")


def _numbers(cell: Cell, parts: tuple[BeforeAfter, ...]) -> None:
    head, columns = [""], []
    for part, name in zip(parts, ("all", "flipped", "held"), strict=True):
        for when, spread in (("before", part.before), ("after", part.after)):
            if spread is not None:
                head.append(f"{name}\n{when}")
                columns.append(_five(spread))
    rows = [(name, *(column[line] for column in columns)) for line, name in enumerate(_ROWS)]
    ink.written(cell, head, rows, 0.2)


def _five(found: Spread) -> list[str]:
    values = (found.maximum, found.mean, found.median, found.deviation, found.minimum)
    return [_short(value) for value in values]


def _short(value: float | None) -> str:
    """At most 7 letters."""
    if value is None:
        return phrases.DASH
    if value == 0:
        return "0"
    return (
        decimal(value)
        if 0.001 <= value <= 0.9995
        else f"{value:.1e}"
        if value < 0.5
        else f"{value:.4f}"
    )

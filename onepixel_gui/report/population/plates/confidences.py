"""The figure "before and after": the confidence of each direction, as boxes, heaps and numbers."""

from functools import partial

from onepixel_gui.analysis.population.before_after import BeforeAfter, Spread
from onepixel_gui.report.panels import short
from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.binned import confidences
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.histograms import Heap, heaps
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, FAINT
from onepixel_gui.report.wording import decimal, scientific

_ROWS = ("maximum", "mean", "median", "sd", "minimum")


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    found: dict[str, Panel] = {}
    for index, parts in enumerate(by_direction(exhibit)):
        whole, flipped, held = parts
        counted = f"{phrases.sample(whole.n)}: {flipped.n:,} flipped, {held.n:,} held"
        title = short(whole.title, 30)
        found[f"boxes {index}"] = Panel(title, counted, partial(_boxes, parts=parts))
        found[f"histogram {index}"] = Panel(
            "before and after",
            phrases.sample(whole.n),
            partial(_heaps, whole=whole),
        )
        found[f"five numbers {index}"] = Panel(
            f"{short(whole.subject, 12)} confidence",
            counted,
            partial(_numbers, parts=parts),
            spans=(1, 2),
            tall=27.0,
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


def _boxes(cell: Cell, parts: tuple[BeforeAfter, ...]) -> None:
    shown = [
        ink.Box.of(spread, f"{part.part} {when}", colour)
        for part in parts
        for when, spread, colour in (("before", part.before, FAINT), ("after", part.after, BLUE))
        if spread is not None
    ]
    axes = cell.axes(left=16.0)
    ink.boxes(axes, shown)
    ink.unit_axis(axes, f"{short(parts[0].subject)} confidence", "x")


def _heaps(cell: Cell, whole: BeforeAfter) -> None:
    axes = cell.axes()
    edges, before = confidences(whole.clean)
    _, after = confidences(whole.confidence)
    shown = (Heap("before", edges, before, FAINT, filled=True), Heap("after", edges, after, BLUE))
    heaps(axes, shown)
    ink.unit_axis(axes, f"{short(whole.subject)} confidence", "x")


def _numbers(cell: Cell, parts: tuple[BeforeAfter, ...]) -> None:
    head, columns = [""], []
    for part in parts:
        for when, spread in (("before", part.before), ("after", part.after)):
            if spread is not None:
                head.append(f"{part.part}\n{when}")
                columns.append([_short(value) for value in _five(spread)])
    rows = [(name, *(column[line] for column in columns)) for line, name in enumerate(_ROWS)]
    ends = [0.16 + 0.84 * (place + 1) / len(columns) for place in range(len(columns))]
    ink.written(cell, head, rows, ends)


def _five(found: Spread) -> tuple[float | None, ...]:
    return found.maximum, found.mean, found.median, found.deviation, found.minimum


def _short(value: float | None) -> str:
    """At most 8 letters, and 1 only where it is 1."""
    if value is None:
        return phrases.DASH
    if value == 0 or value == 1:
        return f"{value:.0f}"
    if value < 0.001:
        return scientific(value).replace(" ", "")
    return decimal(value)

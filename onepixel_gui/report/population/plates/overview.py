"""The figure "population": where, with which colours and how often tiles flip."""

from collections.abc import Sequence

import numpy as np

from onepixel_gui.analysis.population.rates import Rate as Counted
from onepixel_gui.analysis.population.rates import Rates
from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.binned import colour_changes, rings, spent
from onepixel_gui.report.population.examined import Directed
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.histograms import Heap, heaps, sides
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, FAINT, INK, SMALL

_RATES = 9  # success rates that there is room for
_NAMED = 14  # cases whose names fit beside their rates


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    examined, led = exhibit.examined, exhibit.examined.leading
    overall = examined.rates.overall
    held = led.tiles - led.flipped
    sides = f"{led.flipped:,} flipped, {held:,} held"
    rows = _rates(examined.rates)
    return {
        "positions": Panel(
            "pixels that flip",
            phrases.of_all(overall.flipped, overall.n),
            lambda cell: _positions(cell, exhibit),
        ),
        "colour": Panel("colour change", f"{led.title}: {sides}", lambda cell: _colour(cell, led)),
        "distance": Panel(
            "distance from the centre", f"{led.title}: {sides}", lambda cell: _distance(cell, led)
        ),
        "directions": Panel(
            "success rate", _told_of(overall.n, rows), lambda cell: _directions(cell, rows)
        ),
        "cases": Panel(
            "success by case",
            f"{led.title}: {phrases.sample(led.tiles)} in {len(led.rates.cases):,} cases",
            lambda cell: _cases(cell, led),
        ),
        "queries": Panel(
            "queries until the first flip",
            phrases.of_all(overall.flipped, overall.n),
            lambda cell: _queries(cell, exhibit),
        ),
    }


def _positions(cell: Cell, exhibit: PopulationExhibit) -> None:
    counts = np.sum([each.places.flipped for each in exhibit.examined.directed], axis=0)
    ink.field(cell, ink.Field(counts.astype(np.float64), "tiles", whole=True))


def _colour(cell: Cell, led: Directed) -> None:
    axes = cell.axes()
    heaps(axes, sides(*colour_changes(led), filled=True))
    axes.set(xlabel="colour change (RGB length)", xticks=[0, 100, 200, 300, 400])


def _distance(cell: Cell, led: Directed) -> None:
    axes = cell.axes()
    heaps(axes, ring_heaps(led))
    axes.set_xlabel("distance (px)")


def ring_heaps(led: Directed) -> list[Heap]:
    """The null first, then flipped and held where there are any."""
    edges, null, flipped, held = rings(led)
    return [Heap("uniform", edges, null, null=True), *sides(edges, flipped, held)]


def rate_row(found: Counted, words: str, colour: str = INK, marker: str = "o") -> ink.Rate:
    """With the interval that is told first."""
    told = f"{found.flipped:,}/{found.n:,}"
    return ink.Rate(words, found.share or 0.0, found.interval, told, colour, marker)


def _room(rows: Sequence[ink.Rate]) -> float:
    """mm for what is told beside the rates."""
    return 2.5 + 0.85 * max(len(row.told) for row in rows)


def _rates(found: Rates) -> list[ink.Rate]:
    """Of all, of each direction, and of each label, the commonest first."""
    rows = [rate_row(found.overall, "all", INK, "D")]
    if len(found.directions) > 1:
        rows += [rate_row(each, each.title) for each in found.directions]
    labels = [each for each in found.labels if each.n]
    return rows + [rate_row(each, f"label {each.title}", FAINT, "s") for each in labels]


def _told_of(tiles: int, rows: Sequence[ink.Rate]) -> str:
    more = len(rows) - _RATES
    return phrases.sample(tiles) + (f"; {more:,} more in the table" if more > 0 else "")


def _directions(cell: Cell, rows: Sequence[ink.Rate]) -> None:
    axes = cell.axes(left=17.0, right=_room(rows))
    ink.forest(axes, rows[:_RATES], named=_RATES, room=16.0, size=SMALL)


def _cases(cell: Cell, led: Directed) -> None:
    """From the most to the least; dashed: all of them together."""
    rates = sorted(led.rates.cases, key=lambda each: (-(each.share or 0), each.title))
    if len(rates) > phrases.LINES:
        axes = cell.axes(right=3.0)
        axes.hist([each.share or 0.0 for each in rates], list(np.linspace(0, 1, 11)), color=BLUE)
        axes.set_ylabel("cases")
        ink.unit_axis(axes, "success rate", "x")
        if led.rates.overall.share is not None:
            axes.axvline(led.rates.overall.share, **ink.DASHED)
        return
    rows = [rate_row(each, each.title, BLUE) for each in rates]
    many = len(rows) > _NAMED
    axes = cell.axes(left=3.0 if many else 14.0, right=2.0 if many else _room(rows))
    ink.forest(axes, rows, named=_NAMED, room=13.0)
    if led.rates.overall.share is not None:
        axes.axvline(led.rates.overall.share, **ink.DASHED)


def _queries(cell: Cell, exhibit: PopulationExhibit) -> None:
    """Which share of all tiles has flipped after so many queries."""
    axes, examined = cell.axes(right=3.0), exhibit.examined
    tiles = examined.rates.overall.n
    queries = spent(examined.outcomes)
    heights = np.arange(1, len(queries) + 1) / max(tiles, 1)
    last = float(max(queries[-1], examined.outcomes.queries.max()))
    xs = np.concatenate([[0.0], queries, [last]])
    axes.step(xs, np.concatenate([[0.0], heights, heights[-1:]]), where="post", color=ink.FLIPPED)
    ticks = ink.round_ticks(0, last, 2 if cell.narrow else 4)
    axes.set(xlim=(0, last * 1.02), xlabel="queries")
    axes.set_xticks(ticks, [ink.plain(tick) for tick in ticks])
    ink.unit_axis(axes, "share of tiles flipped")

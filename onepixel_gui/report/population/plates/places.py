"""The figure "places": where the pixels lie in the window and on the tissue."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.binned import percentiles
from onepixel_gui.report.population.examined import Directed
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.histograms import Heap, heaps, sides
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.population.plates.overview import ring_heaps
from onepixel_gui.report.sheet import NULL, SMALL
from onepixel_gui.report.wording import TIMES


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    led = exhibit.directed
    held = led.tiles - led.flipped
    sides = f"{led.flipped:,} flipped, {held:,} held"
    maps = (
        ("all", "best pixels of all tiles", led.places.all, led.tiles),
        ("flipped", "of tiles that flip", led.places.flipped, led.flipped),
        ("held", "of tiles that hold", led.places.held, held),
    )
    found = {
        key: Panel(title, phrases.sample(n), partial(_counts, counts=counts))
        for key, title, counts, n in maps
    }
    ratio = led.places.centred[1 if led.flipped else 0].ratio
    told = "" if ratio is None else f"; mean {ratio:.2f} {TIMES} expected"
    found["distance"] = Panel(
        "distance from the centre", sides + told, lambda cell: _distance(cell, led)
    )
    seen = led.darkness
    if seen is not None:
        flipped = int(seen.flipped.sum())
        counted = f"{flipped:,} flipped, {len(seen.runs) - flipped:,} held"
        found["dark"] = Panel("distance to dark areas", counted, lambda cell: _dark(cell, led))
        found["whereabouts"] = Panel("on dark areas", counted, lambda cell: _where(cell, led))
    mean = exhibit.examined.map_of(led.title)
    if mean is not None:
        lowest = _downward(led)
        shown = mean.lowest if lowest else mean.highest
        words = "lowest" if lowest else "highest"
        found["mean map"] = Panel(
            f"mean {words} confidence",
            phrases.sample(mean.tiles, "sweep"),
            lambda cell: _mean(cell, shown),
        )
    return found


def _downward(led: Directed) -> bool:
    return bool(led.outcomes.downward[0])


def _counts(cell: Cell, counts: NDArray[np.int64]) -> None:
    ink.field(cell, ink.Field(counts.astype(np.float64), "tiles", whole=True))


def _mean(cell: Cell, shown: NDArray[np.float64]) -> None:
    ink.field(cell, ink.Field(shown, "mean confidence", "viridis", 0.0, 1.0))


def _distance(cell: Cell, led: Directed) -> None:
    axes = cell.axes()
    heaps(axes, ring_heaps(led))
    axes.set_xlabel("distance (px)")


def _dark(cell: Cell, led: Directed) -> None:
    axes = cell.axes()
    edges, flipped, held = percentiles(led)
    null = Heap("random pixels", edges, np.full(10, 0.1), null=True)
    heaps(axes, [null, *sides(edges, flipped, held)])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_xlabel("rank in the tile, 0 darkest")


def _where(cell: Cell, led: Directed) -> None:
    """Found shares beside the expected ones, in grey."""
    seen = led.darkness
    assert seen is not None
    axes, most, names = cell.axes(bottom=9.5), 0.05, []
    parts = [
        (part, colour)
        for part, colour in zip(seen.parts[1:], (ink.FLIPPED, ink.HELD), strict=True)
        if part.n
    ]
    for group, (part, colour) in enumerate(parts):
        for index, each in enumerate(part.where):
            place = group * (len(part.where) + 0.8) + index
            names.append((place, each.title))
            axes.bar(place, each.expected or 0, width=0.8, color=NULL, linewidth=0, zorder=1)
            axes.plot(place, each.share or 0, "o", ms=3, color=colour, zorder=4)
            top = max(each.share or 0, each.expected or 0)
            if each.interval is not None:
                axes.plot(
                    [place] * 2,
                    [each.interval.low, each.interval.high],
                    color=colour,
                    lw=0.8,
                    zorder=3,
                )
                top = max(top, each.interval.high)
            most = max(most, top)
    axes.set(ylim=(0, most * 1.15), ylabel="share of tiles")
    ink.ticked(axes, 0, most * 1.1)
    axes.set_xticks([place for place, _ in names], [name for _, name in names], rotation=90)
    axes.tick_params(axis="x", length=0, labelsize=SMALL)

"""The figure "colours": which colours are found, and how far they lie from those before."""

from functools import partial

from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.binned import against_change, plane, seen_changes
from onepixel_gui.report.population.examined import Directed
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.histograms import heaps, sides
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import FAINT, INK

_PLANES = {"red-green": (0, 1), "green-blue": (1, 2), "red-blue": (0, 2)}
_NAMES = ("red", "green", "blue")


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    led = exhibit.directed
    held = led.tiles - led.flipped
    sides = f"{led.flipped:,} flipped, {held:,} held"
    shown = f"n = {led.flipped:,} flipped" if led.flipped else f"n = {held:,} held (none flips)"
    found = {
        key: Panel(
            f"{_NAMES[first]} and {_NAMES[second]}",
            f"{shown}; circles before, squares after",
            partial(_plane, led=led, first=first, second=second),
        )
        for key, (first, second) in _PLANES.items()
    }
    seen = led.chromatic.compared[1]
    delta = "" if seen.delta is None else f"; delta {phrases.number(seen.delta, 2)}"
    correlated = led.chromatic.correlated[0]
    rho = "" if correlated.rho is None else f"; rho {phrases.number(correlated.rho, 2)}"
    found["channels"] = Panel("change per channel", sides, lambda cell: _channels(cell, led))
    found["ciede2000"] = Panel("CIEDE2000", sides + delta, lambda cell: _seen(cell, led))
    found["correlation"] = Panel(
        "colour and confidence",
        f"{phrases.sample(led.tiles)}{rho}",
        lambda cell: _change(cell, led),
    )
    return found


def _plane(cell: Cell, led: Directed, first: int, second: int) -> None:
    side = min(cell.height - 7.5, cell.width - 10.5)
    axes = cell.sheet.axes(cell.left + 9.0, cell.top + 0.5, side, side)
    for after, marker, edge in ((False, "o", FAINT), (True, "s", INK)):
        places, counts, colours = plane(led, first, second, after=after)
        # Few marks that are large, or many that are small: they never cover the whole plane.
        sizes = (side / 34.0) ** 2 * (2.5 + 130.0 * (counts / counts.sum()) ** 0.75)
        order = (-sizes).argsort(kind="stable")  # small marks on top
        dots = axes.scatter(places[order, 0], places[order, 1], s=sizes[order], marker=marker)
        dots.set(facecolors=colours[order], edgecolors=edge, linewidths=0.3, zorder=3 + after)
        dots.set_clip_on(False)
    ticks = [0, 64, 128, 192, 255]
    axes.set(xlim=(-8, 263), ylim=(-8, 263), xticks=ticks, yticks=ticks)
    axes.set(
        xlabel=f"{_NAMES[first]} (0{phrases.DASH}255)",
        ylabel=f"{_NAMES[second]} (0{phrases.DASH}255)",
    )


def _channels(cell: Cell, led: Directed) -> None:
    axes = cell.axes(left=13.0)
    shown = []
    for (letter, colour), (_, flipped, held) in zip(
        ink.CHANNELS, led.chromatic.channels, strict=True
    ):
        for spread, word in ((flipped, "flipped"), (held, "held")):
            if spread is not None:
                shown.append(ink.Box.of(spread, f"{letter} {word}", colour))
    ink.boxes(axes, shown)
    ticks = [-255, -128, 0, 128, 255]
    axes.set(xlim=(-262, 262), xlabel="after minus before")
    axes.set_xticks(ticks, [ink.plain(tick) for tick in ticks])
    axes.axvline(0, **ink.DASHED)


def _seen(cell: Cell, led: Directed) -> None:
    axes = cell.axes()
    heaps(axes, sides(*seen_changes(led), filled=True))
    axes.set(xlabel="colour difference ΔE₀₀", xticks=[0, 25, 50, 75, 100])


def _change(cell: Cell, led: Directed) -> None:
    axes = cell.axes(left=10.0)
    counts, xs, ys = against_change(led)
    ink.density(axes, counts, (xs, ys))
    ink.ticked(axes, 0, float(ys[-1]))
    axes.set(xlabel="colour change (RGB length)", xticks=[0, 100, 200, 300, 400])
    axes.set_ylabel("|change of confidence|")

"""The figure "locality": is it the pixel or its surroundings, and how far does it reach?"""

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize

from onepixel_gui.analysis.population.locality import REACH, Locality
from onepixel_gui.analysis.population.propagated import MeanPropagation
from onepixel_gui.report.panels import short
from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, FAINT, GREEN, INK, SMALL, VERMILION, fit
from onepixel_gui.report.wording import TIMES

_COLOURS = {"neighbour": VERMILION, "same parity": GREEN, "random": FAINT}


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    examined = exhibit.examined
    found: dict[str, Panel] = {}
    if examined.locality is not None:
        local = examined.locality
        n = phrases.sample(local.flips, "flip")
        found["offsets"] = Panel("still flips when moved", n, lambda cell: _offsets(cell, local))
        found["shifts"] = Panel("by kind of place", n, lambda cell: _shifts(cell, local))
    if examined.propagated:
        told = " and ".join(f"{each.flips:,} {each.title}" for each in examined.propagated[:2])
        first = examined.propagated[0]
        found["peaks"] = Panel(
            "change by layer", f"n = {told}", lambda cell: _peaks(cell, examined.propagated)
        )
        found["strip"] = Panel(
            "mean propagation, input to output",
            f"{phrases.sample(first.flips, 'flip')}, {first.title}",
            lambda cell: _strip(cell, first),
            spans=(3, 2),
            tall=24.0,
        )
    return found


def _offsets(cell: Cell, local: Locality) -> None:
    """Shares with what they are of in each square."""
    edge = 2 * REACH + 1
    size = fit((edge, edge), cell.height - 7.0, cell.width - 18.0)
    table = mpl.colormaps["cividis"]
    grid = local.grid
    rgb = table(Normalize(0, 1)(np.nan_to_num(grid)), bytes=True)[..., :3].copy()
    rgb[~np.isfinite(grid)] = 235
    axes = cell.sheet.picture(cell.left + 8.5, cell.top, rgb, size, (-REACH, -REACH))
    for row in range(edge):
        for column in range(edge):
            share = grid[row, column]
            words = phrases.DASH if not np.isfinite(share) else f"{100 * share:.0f}"
            if (row, column) == (REACH, REACH):
                words = "flip"
            dark = np.isfinite(share) and share < 0.55
            axes.text(
                column - REACH,
                row - REACH,
                words,
                ha="center",
                va="center",
                fontsize=SMALL,
                color="white" if dark else INK,
            )
    ticks = list(range(-REACH, REACH + 1))
    labels = [ink.plain(tick) for tick in ticks]
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set(xlabel="columns moved (px)", ylabel="rows moved (px)")
    axes.text(
        1.05, 0.5, "% that\nstill flip", transform=axes.transAxes, fontsize=SMALL, va="center"
    )


def _shifts(cell: Cell, local: Locality) -> None:
    rows = [
        ink.Rate(
            phrases.MOVED[each.shift],
            each.share.value,
            each.share.interval,
            f"{each.share.hits:,}/{each.share.n:,}",
            _COLOURS[each.shift],
        )
        for each in local.shares
        if each.share.value is not None
    ]
    ink.bars(cell.axes(), rows, "share that still flips")


def _peaks(cell: Cell, found: tuple[MeanPropagation, ...]) -> None:
    """Largest change of each layer by its largest clean value, input to output."""
    axes, most = cell.axes(), 0.0
    looks = ((BLUE, "o", "-"), (VERMILION, "s", (0, (3, 1))))
    for (colour, marker, dashes), each in zip(looks, found, strict=False):
        layers = np.arange(1, len(each.layers) + 1)
        axes.plot(
            layers,
            each.peak,
            marker=marker,
            ls=dashes,
            ms=1.8,
            lw=0.7,
            color=colour,
            label=short(each.title, 30),
        )
        known = np.isfinite(each.peak_deviation)
        low = np.maximum(each.peak - each.peak_deviation, 0)[known]
        high = (each.peak + each.peak_deviation)[known]
        axes.fill_between(layers[known], low, high, color=colour, alpha=0.18, linewidth=0)
        most = max(most, float(each.peak.max()), float(high.max()) if len(high) else 0.0)
    axes.set(ylim=(0, most * 1.2 or 1.0), xlabel="layer", ylabel="peak (of clean maximum)")
    ticks = ink.round_ticks(1, max(len(each.layers) for each in found), whole=True)
    axes.set_xticks(ticks, [ink.plain(tick) for tick in ticks])
    ink.ticked(axes, 0, most * 1.1)
    if len(found) > 1:
        axes.legend(loc="upper right", **ink.LEGEND)


def _strip(cell: Cell, found: MeanPropagation) -> None:
    """Layers spread evenly over the network, each map by its own maximum."""
    shown = shown_layers(found, 6 if cell.narrow else 10)
    count = max(len(shown), 4)
    gap = 1.2
    side = min((cell.width - gap * (count - 1)) / count, (cell.height - 9.0))
    table = mpl.colormaps["magma"]
    for place, layer in enumerate(shown):
        values = found.maps[layer]
        top = float(values.max()) or 1.0
        rgb = table(Normalize(0, top)(values), bytes=True)[..., :3]
        size = fit(values.shape, side, side)
        left = cell.left + place * (side + gap) + (side - size.width) / 2
        axes = cell.sheet.picture(left, cell.top + 3.0, rgb, size)
        axes.spines[:].set_linewidth(0.3)
        middle = cell.left + place * (side + gap) + side / 2
        cell.sheet.text(
            middle, cell.top + 2.4, f"layer {layer + 1}", fontsize=SMALL, ha="center", va="baseline"
        )
        rows, columns = found.shapes[layer]
        told = (f"{columns}{TIMES}{rows}", f"peak {phrases.number(found.peak[layer], 2)}")
        for line, words in enumerate(told):
            cell.sheet.text(
                middle,
                cell.top + side + 5.4 + 2.4 * line,
                words,
                fontsize=SMALL,
                ha="center",
                va="baseline",
                color=FAINT,
            )


def shown_layers(found: MeanPropagation, count: int) -> list[int]:
    """Numbers of layers from first to last, evenly."""
    places = np.linspace(0, len(found.layers) - 1, min(count, len(found.layers)))
    return sorted({round(float(place)) for place in places})

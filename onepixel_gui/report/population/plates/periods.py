"""The figure "periods": whether rows and columns are sensitive at the classifier's strides."""

from functools import partial

import numpy as np
from matplotlib.axes import Axes

from onepixel_gui.analysis.population.periods import Phases, PopulationSpectrum
from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, FAINT, INK, NULL, SMALL, VERMILION
from onepixel_gui.report.wording import scientific

_COLOUR = {"row": BLUE, "column": VERMILION}


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    examined = exhibit.examined
    found: dict[str, Panel] = {}
    for axis in ("row", "column"):
        if examined.periods is not None:
            tiles = phrases.sample(examined.periods.tiles, "sweep")
            line = examined.periods.row if axis == "row" else examined.periods.column
            found |= _of_sweeps(axis, line, tiles, examined.strides)
        some = [each for each in examined.flips if each.axis == axis]
        if some:
            found[f"{axis} phases"] = Panel(
                f"{axis}s of pixels that flip",
                f"{phrases.sample(some[0].n)}; line, evenly spread",
                partial(_phases, some=some),
            )
    return found


def _of_sweeps(
    axis: str, line: PopulationSpectrum, tiles: str, strides: tuple[int, ...]
) -> dict[str, Panel]:
    p = f"; random shifts, {phrases.chance(line.p)}" if line.p is not None else ""
    return {
        f"{axis} profile": Panel(
            f"sensitivity of {axis}s", tiles, lambda cell: _profile(cell, line)
        ),
        f"{axis} spectrum": Panel(
            f"periods of {axis}s", tiles + p, lambda cell: _spectrum(cell, line, strides)
        ),
        f"{axis} classes": Panel(
            f"{axis}s by remainder", f"{tiles}; 1 is usual", lambda cell: _classes(cell, line)
        ),
    }


def _profile(cell: Cell, line: PopulationSpectrum) -> None:
    axes, colour = cell.axes(), _COLOUR[line.axis]
    places = np.arange(len(line.profile))
    axes.plot(places, line.profile, color=colour, lw=0.6)
    size = max(1.0, min(2.0, 120 / len(places)))
    for start, fill in ((0, colour), (1, "white")):
        axes.plot(
            places[start::2], line.profile[start::2], "o", ms=size, mfc=fill, mec=colour, mew=0.5
        )
    top = max(float(line.profile.max()) * 1.08, 1e-9)
    axes.set(xlim=(-0.5, len(places) - 0.5), ylim=(0, top), xlabel=f"{line.axis} (px)")
    axes.set_ylabel("mean |Δ logit|")
    ink.ticked(axes, 0, top)


def _spectrum(cell: Cell, line: PopulationSpectrum, strides: tuple[int, ...]) -> None:
    """Power by period; grey up to the null, ticks at the top at the strides."""
    axes, frequency = cell.axes(top=2.6), 1 / line.period
    values = np.concatenate([line.power, line.null])
    values = values[values > 0]
    high = float(values.max()) if len(values) else 1.0
    low = max(float(np.median(line.power)) / 30, high * 1e-7, 1e-12)
    low, high = 10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high * 1.2))
    axes.fill_between(frequency, low, np.maximum(line.null, low), color=NULL, linewidth=0)
    axes.plot(
        frequency, np.maximum(line.power, low), "-o", ms=1.8, lw=0.7, color=_COLOUR[line.axis]
    )
    axes.set(yscale="log", ylim=(low, high), xlim=(0, 0.515), xlabel="period (px)")
    periods = [p for p in (16, 8, 4, 3, 2) if p <= line.period.max()]
    axes.set_xticks([1 / p for p in periods], [str(p) for p in periods])
    powers = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
    ticks = 10.0 ** powers[:: max(1, len(powers) // 4)]
    axes.set_yticks(list(ticks), [scientific(tick, 0) for tick in ticks])
    axes.minorticks_off()
    axes.set_ylabel("power (logit²)")
    for stride in strides:
        if 2 <= stride <= line.period.max():
            _mark(axes, stride, f"stride {stride}" if stride == strides[0] else str(stride))


def _mark(axes: Axes, stride: int, words: str) -> None:
    """A tick at the top of a spectrum."""
    within, at = axes.get_xaxis_transform(), 1 / stride
    axes.plot(at, 1.0, "v", ms=2.6, color=INK, clip_on=False, transform=within, zorder=5)
    side = "right" if stride == 2 else "center"
    axes.text(at, 1.035, words, ha=side, va="bottom", fontsize=SMALL, transform=within)


def _classes(cell: Cell, line: PopulationSpectrum) -> None:
    """Means by remainder modulo 2, 4 and 8 with intervals, side by side."""
    axes, colour, start, middles, most = cell.axes(), _COLOUR[line.axis], 0.0, [], 1.1
    least = 0.9
    for means in line.classes:
        xs = start + np.arange(means.modulus)
        axes.plot(xs, means.relative, "o", ms=2.6, color=colour, zorder=4)
        known = np.isfinite(means.low)
        axes.vlines(xs[known], means.low[known], means.high[known], color=colour, lw=0.8)
        ends = np.concatenate([means.relative, means.low[known], means.high[known]])
        least, most = min(least, float(ends.min())), max(most, float(ends.max()))
        middles.append((xs.mean(), f"mod {means.modulus}"))
        start = float(xs[-1]) + 2.0
    axes.axhline(1.0, **ink.DASHED)
    margin = 0.06 * (most - least)
    low, high = max(least - margin, 0.0), most + margin
    axes.set(xlim=(-0.8, start - 1.2), ylim=(low, high), ylabel="relative to the tile")
    ink.ticked(axes, low, high)
    axes.set_xticks([place for place, _ in middles], [word for _, word in middles])
    axes.tick_params(axis="x", length=0)


def _phases(cell: Cell, some: list[Phases]) -> None:
    axes, start, middles, most = cell.axes(), 0.0, [], 0.0
    for each in some:
        xs = start + np.arange(each.modulus)
        axes.bar(xs, each.counts, width=0.8, color=_COLOUR[each.axis], linewidth=0)
        for x, expected in zip(xs, each.expected, strict=True):
            axes.plot([x - 0.5, x + 0.5], [expected] * 2, color=INK, lw=0.8, zorder=4)
        most = max(most, float(each.counts.max()), float(each.expected.max()))
        middles.append((xs.mean(), f"mod {each.modulus}"))
        start = float(xs[-1]) + 2.0
    axes.set(xlim=(-0.8, start - 1.2), ylim=(0, most * 1.12 or 1.0), ylabel="tiles")
    ink.ticked(axes, 0, most * 1.1, whole=True)
    axes.set_xticks([place for place, _ in middles], [word for _, word in middles])
    axes.tick_params(axis="x", length=0, labelcolor=INK)
    axes.axhline(0, color=FAINT, lw=0.5)

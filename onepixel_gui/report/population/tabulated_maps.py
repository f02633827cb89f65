"""The numbers of each figure: places, periods, locality and universal pixels, as lines."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.darkness import Darkened
from onepixel_gui.analysis.population.locality import Locality
from onepixel_gui.analysis.population.periods import PopulationPeriods, PopulationSpectrum
from onepixel_gui.analysis.population.units import Interval
from onepixel_gui.report.population import binned, phrases, tabulated
from onepixel_gui.report.population.exhibit import PopulationExhibit, Template
from onepixel_gui.report.population.numbers import Number
from onepixel_gui.report.population.panel_lines import Lines, PanelLines

_RANK = "rank among the tile's pixels"
_SPREAD = "one standard deviation over flips"


def numbers(exhibit: PopulationExhibit) -> tuple[Number, ...]:
    """Every number that the figure or its caption states, panel by panel."""
    return (*_whole(exhibit), *_TABLES[exhibit.template](exhibit))


def _whole(exhibit: PopulationExhibit) -> Lines:
    """What each caption says of the group."""
    rates, panel = exhibit.examined.rates, PanelLines(exhibit, "", "all")
    for quantity, count in (
        ("runs", rates.runs),
        ("tiles", rates.overall.n),
        ("tiles flipped", rates.overall.flipped),
        ("cases", rates.overall.cases),
        ("most seeds of a tile", rates.most_seeds),
    ):
        yield panel.line(quantity, count, rates.overall.n)
    yield panel.line("share of runs that flipped", rates.by_run, rates.runs)


# ------------------------------------------------------------------ places
def _places(exhibit: PopulationExhibit) -> Lines:
    led = exhibit.directed
    for key, n in (("all", led.tiles), ("flipped", led.flipped), ("held", led.tiles - led.flipped)):
        yield PanelLines(exhibit, key).line(f"tiles, {key}", n, led.tiles, unit="tiles")
    yield from tabulated.distance(exhibit)
    yield from _darkness(exhibit)
    mean = exhibit.examined.map_of(led.title)
    if mean is not None:
        panel = PanelLines(exhibit, "mean map")
        yield panel.line("sweeps", mean.tiles, mean.tiles, unit="sweeps")
        yield panel.line("mean confidence untouched", mean.clean, mean.tiles)


def _darkness(exhibit: PopulationExhibit) -> Lines:
    seen, panel = exhibit.directed.darkness, PanelLines(exhibit, "dark")
    if seen is None:
        return
    yield panel.line("tiles looked at", seen.sampled, seen.tiles, unit="tiles")
    for part in seen.parts:
        yield from _darkened(panel, part)
        yield from _whereabouts(exhibit, part)
    yield from panel.compared(seen.compared)
    edges, flipped, held = binned.percentiles(exhibit.directed)
    yield from panel.bins(f"{_RANK}, flipped", edges, flipped)
    yield from panel.bins(f"{_RANK}, held", edges, held)


def _darkened(panel: PanelLines, part: Darkened) -> Lines:
    mean, rank, n = f"{_RANK}, {part.part}, mean", part.percentile, part.n
    median = f"signed distance to dark areas, {part.part}, median"
    yield panel.line(median, part.median, n, unit="px")
    yield panel.line(mean, rank, n, interval=part.interval, test=part.test)
    if part.by_case is not None:
        yield panel.line(f"{mean}, by case", rank, n, test=part.by_case)
    ring = f"{mean}, of those as far from the centre"
    yield panel.line(ring, part.ring, n, test=part.ring_test)


def _whereabouts(exhibit: PopulationExhibit, part: Darkened) -> Lines:
    panel = PanelLines(exhibit, "whereabouts")
    for where in part.where:
        name = f"{where.title}, {part.part}"
        yield panel.line(f"share {name}", where.share, part.n, interval=where.interval)
        yield panel.line(f"expected share {name}", where.expected, part.n)


# ------------------------------------------------------------------ periods
def _periods(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.periods
    if found is not None:
        for axis in (found.row, found.column):
            yield from _profile(exhibit, axis, found.tiles)
            yield from _spectrum(exhibit, axis, found)
            yield from _strides(exhibit, axis, found)
            yield from _classes(exhibit, axis, found)
    for which, some in (
        ("that flip", exhibit.examined.flips),
        ("of all tiles", exhibit.examined.tries),
    ):
        for each in some:
            panel = PanelLines(exhibit, f"{each.axis} phases")
            what = f"{each.axis}s of pixels {which} modulo {each.modulus}"
            told = panel.line(f"{what}, chi-square", each.statistic, each.n)
            yield replace(told, test=each.test, p=each.p)
            for phase, (count, expected) in enumerate(zip(each.counts, each.expected, strict=True)):
                one = f"{what}, remainder {phase}"
                yield panel.line(one, int(count), each.n, unit="tiles")
                yield panel.line(f"{one}, expected", float(expected), each.n, unit="tiles")


def _profile(exhibit: PopulationExhibit, axis: PopulationSpectrum, tiles: int) -> Lines:
    panel = PanelLines(exhibit, f"{axis.axis} profile")
    for place, value in enumerate(axis.profile):
        what = f"mean |logit change| of {axis.axis} {place}"
        yield panel.line(what, float(value), tiles, unit="logit")


def _spectrum(
    exhibit: PopulationExhibit, axis: PopulationSpectrum, found: PopulationPeriods
) -> Lines:
    name, tiles, panel = axis.axis, found.tiles, PanelLines(exhibit, f"{axis.axis} spectrum")
    for index, period in enumerate(axis.period):
        for what, values, unit in (
            ("power", axis.power, "logit squared"),
            ("null power", axis.null, "logit squared"),
            ("locked", axis.locked, "1"),
            ("null of locked", axis.locked_null, "1"),
        ):
            words = f"{what} at a {name} period of {period:.4g} px"
            yield panel.line(words, float(values[index]), tiles, unit=unit)
    words = f"most locked {name} period up to 8 px"
    strongest = panel.line(words, axis.strongest, tiles, unit="px")
    yield _shifted(strongest, axis.p, found)


def _strides(
    exhibit: PopulationExhibit, axis: PopulationSpectrum, found: PopulationPeriods
) -> Lines:
    tiles, panel = found.tiles, PanelLines(exhibit, f"{axis.axis} spectrum")
    shuffled = f"{found.shuffles} shuffles, seed {found.seed}; no evidence of a period"
    for each in axis.explained:
        what = f"variance of the {axis.axis} profile explained by stride {each.stride}"
        told = panel.line(what, each.share, tiles)
        yield replace(told, test="shuffled positions", p=each.p, note=shuffled)
        yield panel.line(f"{what}, expected", each.expected, tiles)
        yield panel.line(f"{what}, 95th percentile of shuffles", each.null, tiles)
        words = f"share of the power up to 8 px at stride {each.stride}"
        yield _shifted(panel.line(words, each.short, tiles), each.locked_p, found)


def _shifted(told: Number, p: float | None, found: PopulationPeriods) -> Number:
    """Tested against random shifts."""
    drawn = f"{found.shifts} random shifts of each tile, seed {found.seed}"
    return replace(told, test="random shifts" if p is not None else "", p=p, note=drawn)


def _classes(
    exhibit: PopulationExhibit, axis: PopulationSpectrum, found: PopulationPeriods
) -> Lines:
    name, tiles, panel = axis.axis, found.tiles, PanelLines(exhibit, f"{axis.axis} classes")
    by = "cases" if found.cases else "tiles"
    for means in axis.classes:
        for phase in range(means.modulus):
            low, high = float(means.low[phase]), float(means.high[phase])
            ends = Interval(low, high, f"Student's t over {by}") if np.isfinite(low) else None
            what = f"sensitivity of {name}s modulo {means.modulus}, remainder {phase}"
            relative = float(means.relative[phase])
            yield panel.line(f"{what}, relative", relative, tiles, interval=ends)
            yield panel.line(what, float(means.mean[phase]), tiles, unit="logit")


# ------------------------------------------------------------------ locality
def _locality(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.locality
    if found is not None and found.flips:
        yield from _moved(exhibit, found)
    for mean in exhibit.examined.propagated:
        panel = PanelLines(exhibit, "peaks", mean.title)
        for index, name in enumerate(mean.layers):
            for what, values, deviations in (
                ("peak", mean.peak, mean.peak_deviation),
                ("extent", mean.extent, mean.extent_deviation),
            ):
                value, wide = float(values[index]), float(deviations[index])
                told = panel.line(f"{what} of layer {index + 1}", value, mean.flips)
                if np.isfinite(wide):
                    told = replace(told, low=value - wide, high=value + wide, interval=_SPREAD)
                yield replace(told, note=name)


def _moved(exhibit: PopulationExhibit, found: Locality) -> Lines:
    reach, panel = found.asked.shape[0] // 2, PanelLines(exhibit, "offsets")
    for (row, column), asked in np.ndenumerate(found.asked):
        if asked:
            moved = f"moved by {row - reach} rows and {column - reach} columns"
            what = f"share that still flips {moved}"
            yield panel.line(what, float(found.grid[row, column]), int(asked))
    panel = PanelLines(exhibit, "shifts")
    for each in found.shares:
        where = phrases.MOVED[each.shift]
        yield panel.line(f"{where}, places asked", each.share.n, each.flips)
        yield from panel.share(f"{where}, share that still flips", each.share)
    for pair in found.contrasts:
        told = panel.line(phrases.less(pair), pair.difference, pair.n)
        tested = pair.test if pair.p is not None else ""
        yield replace(told, test=tested, p=pair.p, note=f"{pair.groups} groups")


# ------------------------------------------------------------------ universal pixels
def _universal(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.universal
    if found is None:
        return
    counts, best = PanelLines(exhibit, "counts"), PanelLines(exhibit, "best")
    for rank, each in enumerate(found.best, 1):
        pixel = each.pixel
        name = f"best {rank}: row {pixel.row}, column {pixel.column}, {hexadecimal(pixel.rgb)}"
        panel = counts if rank == 1 else best
        yield from panel.share(f"share of tiles flipped by {name}", each.share)
    for each in found.colours:
        pixel = each.pixel
        name = f"row {pixel.row}, column {pixel.column}"
        yield from counts.share(f"best with {hexadecimal(pixel.rgb)}: {name}", each.share)
    panel = PanelLines(exhibit, "left out")
    if found.left_out is not None:
        out = found.left_out
        yield from panel.share("share of left-out tiles flipped", out.share)
        told = panel.line("parts", out.parts, found.tiles)
        yield replace(told, note=f"split by {out.by}, seed {out.seed}")
        yield panel.line("parts that choose the same pixel", out.agreeing, out.parts)
    any_pixel = "tiles that any pixel of the palette flips"
    yield panel.line(any_pixel, found.flippable, found.tiles, unit="tiles")
    yield panel.line("share of tiles flipped by a pixel at random", found.anywhere, found.tiles)


_TABLES: dict[Template, Callable[[PopulationExhibit], Lines]] = {
    "population": tabulated.population,
    "before and after": tabulated.before_and_after,
    "colours": tabulated.colours,
    "places": _places,
    "periods": _periods,
    "locality": _locality,
    "universal pixels": _universal,
    "per-class matrix": tabulated.classes,
}

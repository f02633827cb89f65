"""The numbers of each figure: places, periods, locality and universal pixels, as lines."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.periods import PopulationSpectrum
from onepixel_gui.analysis.population.units import Interval
from onepixel_gui.report.population import binned, tabulated
from onepixel_gui.report.population.exhibit import PopulationExhibit, Template
from onepixel_gui.report.population.numbers import Number
from onepixel_gui.report.population.tabulated import (
    Lines,
    bins,
    compared,
    distance,
    line,
    share,
)

_RANK = "rank among the tile's pixels"
_SPREAD = "one standard deviation over flips"


def numbers(exhibit: PopulationExhibit) -> tuple[Number, ...]:
    """Every number that the figure or its caption states, panel by panel."""
    return (*_whole(exhibit), *_TABLES[exhibit.template](exhibit))


def _whole(exhibit: PopulationExhibit) -> Lines:
    """What each caption says of the group."""
    examined = exhibit.examined
    rates = examined.rates
    for quantity, count in (
        ("runs", rates.runs),
        ("tiles", rates.overall.n),
        ("tiles flipped", rates.overall.flipped),
        ("cases", rates.overall.cases),
        ("most seeds of a tile", rates.most_seeds),
    ):
        yield line(exhibit, "", quantity, count, rates.overall.n, unit="1", direction="all")
    yield line(exhibit, "", "share of runs that flipped", rates.by_run, rates.runs, direction="all")


# ------------------------------------------------------------------ places
def _places(exhibit: PopulationExhibit) -> Lines:
    led = exhibit.directed
    for key, n in (("all", led.tiles), ("flipped", led.flipped), ("held", led.tiles - led.flipped)):
        yield line(exhibit, key, f"tiles, {key}", n, led.tiles, unit="tiles")
    yield from distance(exhibit)
    seen = led.darkness
    if seen is not None:
        yield line(exhibit, "dark", "tiles looked at", seen.sampled, seen.tiles, unit="tiles")
        for part in seen.parts:
            what = f"{_RANK}, {part.part}"
            yield line(
                exhibit,
                "dark",
                f"signed distance to dark areas, {part.part}, median",
                part.median,
                part.n,
                unit="px",
            )
            yield line(
                exhibit,
                "dark",
                f"{what}, mean",
                part.percentile,
                part.n,
                interval=part.interval,
                test=part.test,
            )
            if part.by_case is not None:
                yield line(
                    exhibit,
                    "dark",
                    f"{what}, mean, by case",
                    part.percentile,
                    part.n,
                    test=part.by_case,
                )
            yield line(
                exhibit,
                "dark",
                f"{what}, mean, of those as far from the centre",
                part.ring,
                part.n,
                test=part.ring_test,
            )
            for where in part.where:
                name = f"{where.title}, {part.part}"
                yield line(
                    exhibit,
                    "whereabouts",
                    f"share {name}",
                    where.share,
                    part.n,
                    interval=where.interval,
                )
                yield line(exhibit, "whereabouts", f"expected share {name}", where.expected, part.n)
        yield from compared(exhibit, "dark", seen.compared)
        edges, flipped, held = binned.percentiles(led)
        yield from bins(exhibit, "dark", f"{_RANK}, flipped", edges, flipped)
        yield from bins(exhibit, "dark", f"{_RANK}, held", edges, held)
    mean = exhibit.examined.map_of(led.title)
    if mean is not None:
        yield line(exhibit, "mean map", "sweeps", mean.tiles, mean.tiles, unit="sweeps")
        yield line(exhibit, "mean map", "mean confidence untouched", mean.clean, mean.tiles)


# ------------------------------------------------------------------ periods
def _periods(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.periods
    if found is not None:
        for axis in (found.row, found.column):
            yield from _axis(exhibit, axis, found.tiles)
    for which, some in (
        ("that flip", exhibit.examined.flips),
        ("of all tiles", exhibit.examined.tries),
    ):
        for each in some:
            key = f"{each.axis} phases"
            what = f"{each.axis}s of pixels {which} modulo {each.modulus}"
            yield replace(
                line(exhibit, key, f"{what}, chi-square", each.statistic, each.n),
                test=each.test,
                p=each.p,
            )
            for phase, (count, expected) in enumerate(zip(each.counts, each.expected, strict=True)):
                yield line(
                    exhibit, key, f"{what}, remainder {phase}", int(count), each.n, unit="tiles"
                )
                yield line(
                    exhibit,
                    key,
                    f"{what}, remainder {phase}, expected",
                    float(expected),
                    each.n,
                    unit="tiles",
                )


def _axis(exhibit: PopulationExhibit, found: PopulationSpectrum, tiles: int) -> Lines:
    name, periods = found.axis, exhibit.examined.periods
    assert periods is not None
    for place, value in enumerate(found.profile):
        yield line(
            exhibit,
            f"{name} profile",
            f"mean |logit change| of {name} {place}",
            float(value),
            tiles,
            unit="logit",
        )
    for index, period in enumerate(found.period):
        for what, values in (
            ("power", found.power),
            ("null power", found.null),
            ("locked", found.locked),
            ("null of locked", found.locked_null),
        ):
            unit = "logit squared" if "power" in what else "1"
            yield line(
                exhibit,
                f"{name} spectrum",
                f"{what} at a {name} period of {period:.4g} px",
                float(values[index]),
                tiles,
                unit=unit,
            )
    strongest = line(
        exhibit,
        f"{name} spectrum",
        f"most locked {name} period up to 8 px",
        found.strongest,
        tiles,
        unit="px",
    )
    drawn = f"{periods.shifts} random shifts of each tile, seed {periods.seed}"
    yield replace(
        strongest, test="random shifts" if found.p is not None else "", p=found.p, note=drawn
    )
    for each in found.explained:
        what = f"variance of the {name} profile explained by stride {each.stride}"
        shuffled = f"{periods.shuffles} shuffles, seed {periods.seed}; no evidence of a period"
        yield replace(
            line(exhibit, f"{name} spectrum", what, each.share, tiles),
            test="shuffled positions",
            p=each.p,
            note=shuffled,
        )
        yield line(exhibit, f"{name} spectrum", f"{what}, expected", each.expected, tiles)
        yield line(
            exhibit, f"{name} spectrum", f"{what}, 95th percentile of shuffles", each.null, tiles
        )
        shifted = line(
            exhibit,
            f"{name} spectrum",
            f"share of the power up to 8 px at stride {each.stride}",
            each.short,
            tiles,
        )
        tested = "random shifts" if each.locked_p is not None else ""
        yield replace(shifted, test=tested, p=each.locked_p, note=drawn)
    by = "cases" if periods.cases else "tiles"
    for means in found.classes:
        for phase in range(means.modulus):
            low, high = float(means.low[phase]), float(means.high[phase])
            ends = Interval(low, high, f"Student's t over {by}") if np.isfinite(low) else None
            what = f"sensitivity of {name}s modulo {means.modulus}, remainder {phase}"
            yield line(
                exhibit,
                f"{name} classes",
                f"{what}, relative",
                float(means.relative[phase]),
                tiles,
                interval=ends,
            )
            yield line(
                exhibit, f"{name} classes", what, float(means.mean[phase]), tiles, unit="logit"
            )


# ------------------------------------------------------------------ locality
def _locality(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.locality
    if found is not None and found.flips:
        reach = found.asked.shape[0] // 2
        for (row, column), asked in np.ndenumerate(found.asked):
            if asked:
                moved = f"moved by {row - reach} rows and {column - reach} columns"
                yield line(
                    exhibit,
                    "offsets",
                    f"share that still flips {moved}",
                    float(found.grid[row, column]),
                    int(asked),
                )
        for each in found.shares:
            yield line(exhibit, "shifts", f"{each.shift}, places asked", each.share.n, each.flips)
            yield from share(exhibit, "shifts", f"{each.shift}, share that still flips", each.share)
        for pair in found.contrasts:
            told = line(
                exhibit, "shifts", f"{pair.first} less {pair.second}", pair.difference, pair.n
            )
            tested = pair.test if pair.p is not None else ""
            yield replace(told, test=tested, p=pair.p, note=f"{pair.groups} groups")
    for mean in exhibit.examined.propagated:
        for index, name in enumerate(mean.layers):
            for what, values, deviations in (
                ("peak", mean.peak, mean.peak_deviation),
                ("extent", mean.extent, mean.extent_deviation),
            ):
                told = line(
                    exhibit,
                    "peaks",
                    f"{what} of layer {index + 1}",
                    float(values[index]),
                    mean.flips,
                    direction=mean.title,
                )
                wide = float(deviations[index])
                if np.isfinite(wide):
                    told = replace(
                        told,
                        low=float(values[index]) - wide,
                        high=float(values[index]) + wide,
                        interval=_SPREAD,
                    )
                yield replace(told, note=name)


# ------------------------------------------------------------------ universal pixels
def _universal(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.universal
    if found is None:
        return
    for rank, each in enumerate(found.best, 1):
        pixel = each.pixel
        name = f"best {rank}: row {pixel.row}, column {pixel.column}, {hexadecimal(pixel.rgb)}"
        key = "counts" if rank == 1 else "best"
        yield from share(exhibit, key, f"share of tiles flipped by {name}", each.share)
    for each in found.colours:
        pixel = each.pixel
        name = f"row {pixel.row}, column {pixel.column}"
        yield from share(
            exhibit, "counts", f"best with {hexadecimal(pixel.rgb)}: {name}", each.share
        )
    if found.left_out is not None:
        out = found.left_out
        yield from share(exhibit, "left out", "share of left-out tiles flipped", out.share)
        told = line(exhibit, "left out", "parts", out.parts, found.tiles)
        yield replace(told, note=f"split by {out.by}, seed {out.seed}")
        yield line(exhibit, "left out", "parts that choose the same pixel", out.agreeing, out.parts)
    yield line(
        exhibit,
        "left out",
        "tiles that any pixel of the palette flips",
        found.flippable,
        found.tiles,
        unit="tiles",
    )
    yield line(
        exhibit,
        "left out",
        "share of tiles flipped by a pixel at random",
        found.anywhere,
        found.tiles,
    )


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

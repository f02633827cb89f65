"""The numbers of each figure: rates, confidences, colours and classes, as lines."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread
from onepixel_gui.analysis.population.comparing import Compared, Correlated
from onepixel_gui.analysis.population.rates import Rate
from onepixel_gui.analysis.population.shares import Share
from onepixel_gui.analysis.population.units import Interval, Tested
from onepixel_gui.report.population import binned
from onepixel_gui.report.population.contents import letter
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.numbers import Number

Lines = Iterator[Number]
_KINDS = (
    "maximum",
    "mean",
    "median",
    "standard deviation",
    "minimum",
    "lower quartile",
    "upper quartile",
    "lower whisker",
    "upper whisker",
    "beyond the whiskers",
)


def line(
    exhibit: PopulationExhibit,
    key: str,
    quantity: str,
    value: float | None,
    n: int | None,
    *,
    interval: Interval | None = None,
    test: Tested | None = None,
    unit: str = "1",
    direction: str = "",
) -> Number:
    """A number of one panel, in the direction that the figure is about unless told otherwise."""
    return Number(
        exhibit.template,
        letter(exhibit, key),
        quantity,
        None if value is None else float(value),
        n,
        direction or exhibit.title,
        None if interval is None else interval.low,
        None if interval is None else interval.high,
        "" if interval is None else f"95 %, {interval.kind}",
        "" if test is None else test.name,
        None if test is None else test.p,
        unit,
        "" if test is None else _note(test),
    )


def _note(test: Tested) -> str:
    parts = [f"n = {' and '.join(str(each) for each in test.n)}"]
    if test.cases:
        parts.append(f"{test.cases} cases")
    if test.draws:
        parts.append(f"{test.draws} draws, seed {test.seed}")
    if test.note:
        parts.append(test.note)
    return "; ".join(parts)


def rate(
    exhibit: PopulationExhibit,
    key: str,
    found: Rate,
    quantity: str = "success rate",
    direction: str = "",
) -> Lines:
    direction = direction or found.title
    yield line(
        exhibit,
        key,
        f"{quantity}, tiles flipped",
        found.flipped,
        found.n,
        unit="tiles",
        direction=direction,
    )
    yield line(
        exhibit, key, quantity, found.share, found.n, interval=found.wilson, direction=direction
    )
    if found.clustered is not None:
        yield line(
            exhibit,
            key,
            f"{quantity}, clustered",
            found.share,
            found.n,
            interval=found.clustered,
            direction=direction,
        )
    elif found.why_not:
        told = line(exhibit, key, f"{quantity}, clustered", None, found.n, direction=direction)
        yield replace(told, note=found.why_not)


def share(
    exhibit: PopulationExhibit, key: str, quantity: str, found: Share, direction: str = ""
) -> Lines:
    yield line(exhibit, key, f"{quantity}, hits", found.hits, found.n, direction=direction)
    yield line(
        exhibit, key, quantity, found.value, found.n, interval=found.interval, direction=direction
    )


def spread(
    exhibit: PopulationExhibit,
    key: str,
    quantity: str,
    found: Spread | None,
    unit: str = "1",
    direction: str = "",
) -> Lines:
    if found is None:
        return
    values = (
        found.maximum,
        found.mean,
        found.median,
        found.deviation,
        found.minimum,
        *found.quartiles,
        *found.whiskers,
        found.beyond,
    )
    for kind, value in zip(_KINDS, values, strict=True):
        yield line(
            exhibit, key, f"{quantity}, {kind}", value, found.n, unit=unit, direction=direction
        )


def compared(exhibit: PopulationExhibit, key: str, found: Compared) -> Lines:
    n = found.flipped + found.held
    what = found.quantity
    for side, median, count in (
        ("flipped", found.median_flipped, found.flipped),
        ("held", found.median_held, found.held),
    ):
        yield line(exhibit, key, f"{what}, median {side}", median, count, unit=found.unit)
    yield line(
        exhibit,
        key,
        f"{what}, Cliff's delta of flipped and held",
        found.delta,
        n,
        interval=found.interval,
        test=found.test,
    )
    if found.by_case is not None:
        yield line(
            exhibit, key, f"{what}, Cliff's delta, by case", found.delta, n, test=found.by_case
        )


def correlated(exhibit: PopulationExhibit, key: str, found: Correlated) -> Lines:
    quantity = f"Spearman's rho, {found.quantity} with {found.against}"
    n = sum(found.test.n)
    yield line(exhibit, key, quantity, found.rho, n, interval=found.interval, test=found.test)
    if found.by_case is not None:
        yield line(exhibit, key, f"{quantity}, by case", found.rho, n, test=found.by_case)


def bins(
    exhibit: PopulationExhibit,
    key: str,
    quantity: str,
    edges: NDArray[np.float64],
    counts: NDArray[np.float64],
    unit: str = "tiles",
) -> Lines:
    """One line a bar; its ends are told in words."""
    total = round(float(counts.sum())) if unit == "tiles" else None
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        told = line(
            exhibit, key, f"{quantity}, {low:.6g} to {high:.6g}", float(count), total, unit=unit
        )
        yield told


# ------------------------------------------------------------------ population
def population(exhibit: PopulationExhibit) -> Lines:
    examined, led = exhibit.examined, exhibit.directed
    yield from rate(exhibit, "positions", examined.rates.overall)
    yield from compared(exhibit, "colour", led.chromatic.compared[0])
    edges, flipped, held = binned.colour_changes(led)
    yield from bins(exhibit, "colour", "RGB length, flipped", edges, flipped)
    yield from bins(exhibit, "colour", "RGB length, held", edges, held)
    yield from distance(exhibit)
    for each in (examined.rates.overall, *examined.rates.directions):
        yield from rate(exhibit, "directions", each)
    for each in examined.rates.labels:
        yield from rate(exhibit, "directions", each, f"success rate, label {each.title}", "all")
    for each in led.rates.cases:
        yield from rate(exhibit, "cases", each, f"success rate, case {each.title}", led.title)
    yield from rate(exhibit, "cases", led.rates.overall, direction=led.title)
    yield from spread(
        exhibit,
        "queries",
        "queries until the first flip",
        examined.metrics.first_flip,
        "queries",
        "all",
    )


def distance(exhibit: PopulationExhibit) -> Lines:
    """From the centre, of all three parts."""
    led, key = exhibit.directed, "distance"
    for part in led.places.centred:
        what = f"distance from the centre, {part.part}"
        yield line(exhibit, key, f"{what}, mean", part.mean, part.n, unit="px")
        yield line(exhibit, key, f"{what}, expected mean", part.expected, part.n, unit="px")
        yield line(
            exhibit,
            key,
            f"{what}, mean by expected",
            part.ratio,
            part.n,
            interval=part.interval,
            test=part.test,
        )
        if part.by_case is not None:
            yield line(
                exhibit,
                key,
                f"{what}, mean by expected, by case",
                part.ratio,
                part.n,
                test=part.by_case,
            )
        yield line(
            exhibit,
            key,
            f"{what}, largest difference of distributions",
            part.distance,
            part.n,
            test=part.kolmogorov,
        )
        counts = part.counts.astype(np.float64)
        yield from bins(exhibit, key, what, part.edges, counts)
        yield from bins(
            exhibit, key, f"{what}, expected", part.edges, part.expected_counts, "tiles expected"
        )
    yield from compared(exhibit, key, led.places.compared)


# ------------------------------------------------------------------ before and after
def before_and_after(exhibit: PopulationExhibit) -> Lines:
    for index, part in enumerate(exhibit.examined.before_after):
        shown, what = index // 3, f"{part.subject} confidence, {part.part}"
        for when, found in (
            ("before", part.before),
            ("after", part.after),
            ("after minus before", part.change),
        ):
            yield from spread(
                exhibit, f"five numbers {shown}", f"{what}, {when}", found, direction=part.title
            )
        if part.part == "all":
            for when, values in (("before", part.clean), ("after", part.confidence)):
                edges, counts = binned.confidences(values)
                for told in bins(exhibit, f"histogram {shown}", f"{what}, {when}", edges, counts):
                    yield replace(told, direction=part.title)


# ------------------------------------------------------------------ colours
def colours(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.directed.chromatic
    names = ("red", "green", "blue")
    for name, spreads in zip(names, found.channels, strict=True):
        for part, each in zip(("all", "flipped", "held"), spreads, strict=True):
            yield from spread(exhibit, "channels", f"change of {name}, {part}", each, "0-255")
    for pair in found.compared[2:]:
        yield from compared(exhibit, "channels", pair)
    yield from compared(exhibit, "", found.compared[0])
    yield from compared(exhibit, "ciede2000", found.compared[1])
    edges, flipped, held = binned.seen_changes(exhibit.directed)
    yield from bins(exhibit, "ciede2000", "CIEDE2000, flipped", edges, flipped)
    yield from bins(exhibit, "ciede2000", "CIEDE2000, held", edges, held)
    for both in found.correlated:
        yield from correlated(exhibit, "correlation", both)


# ------------------------------------------------------------------ classes
def classes(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.metrics
    matrix = found.matrix
    for row, origin in enumerate(matrix.classes):
        for column in range(len(matrix.classes)):
            if row != column:
                reached = matrix.rate(row, column)
                yield from rate(exhibit, "matrix", reached, "rate from class to class")
        n = int(matrix.tried[row])
        yield line(
            exhibit,
            "matrix",
            f"tiles flipped from {origin}",
            int(matrix.as_origin[row]),
            n,
            unit="tiles",
            direction="all",
        )
        yield line(
            exhibit,
            "matrix",
            f"tiles flipped to {origin}",
            int(matrix.as_target[row]),
            found.success.n,
            unit="tiles",
            direction="all",
        )
    for count, tiles in enumerate(found.reached):
        yield line(
            exhibit,
            "reached",
            f"tiles that reached {count} other classes",
            int(tiles),
            found.success.n,
            unit="tiles",
            direction="all",
        )
    yield from rate(exhibit, "metrics", found.success)
    for name, each, unit in (
        ("confidence on success", found.confidence, "1"),
        ("queries", found.queries, "queries"),
        ("queries until the first flip", found.first_flip, "queries"),
        ("distortion per channel", found.distortion, "0-255"),
        ("vulnerable positions", found.vulnerable, "positions"),
    ):
        yield from spread(exhibit, "metrics", name, each, unit, "all")
    yield line(
        exhibit,
        "metrics",
        "vulnerable share of the window",
        found.vulnerable_share,
        found.success.n,
        direction="all",
    )

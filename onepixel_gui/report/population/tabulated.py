"""The numbers of each figure: rates, confidences, colours, distances and classes, as lines."""

import numpy as np

from onepixel_gui.report.population import binned
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.panel_lines import Lines, PanelLines


# ------------------------------------------------------------------ population
def population(exhibit: PopulationExhibit) -> Lines:
    examined, led = exhibit.examined, exhibit.directed
    overall = examined.rates.overall
    yield from PanelLines(exhibit, "positions", overall.title).rate(overall)
    colour = PanelLines(exhibit, "colour")
    yield from colour.compared(led.chromatic.compared[0])
    edges, flipped, held = binned.colour_changes(led)
    yield from colour.bins("RGB length, flipped", edges, flipped)
    yield from colour.bins("RGB length, held", edges, held)
    yield from distance(exhibit)
    for each in (overall, *examined.rates.directions):
        yield from PanelLines(exhibit, "directions", each.title).rate(each)
    labels = PanelLines(exhibit, "directions", "all")
    for each in examined.rates.labels:
        yield from labels.rate(each, f"success rate, label {each.title}")
    cases = PanelLines(exhibit, "cases", led.title)
    for each in led.rates.cases:
        yield from cases.rate(each, f"success rate, case {each.title}")
    yield from cases.rate(led.rates.overall)
    found = examined.metrics.first_flip
    queries = PanelLines(exhibit, "queries", "all")
    yield from queries.spread("queries until the first flip", found, "queries")


def distance(exhibit: PopulationExhibit) -> Lines:
    """From the centre, of all three parts."""
    found, panel = exhibit.directed.places, PanelLines(exhibit, "distance")
    for part in found.centred:
        what, n = f"distance from the centre, {part.part}", part.n
        ratio = f"{what}, mean by expected"
        yield panel.line(f"{what}, mean", part.mean, n, unit="px")
        yield panel.line(f"{what}, expected mean", part.expected, n, unit="px")
        yield panel.line(ratio, part.ratio, n, interval=part.interval, test=part.test)
        if part.by_case is not None:
            yield panel.line(f"{ratio}, by case", part.ratio, n, test=part.by_case)
        largest = f"{what}, largest difference of distributions"
        yield panel.line(largest, part.distance, n, test=part.kolmogorov)
        yield from panel.bins(what, part.edges, part.counts.astype(np.float64))
        expected = part.expected_counts
        yield from panel.bins(f"{what}, expected", part.edges, expected, "tiles expected")
    yield from panel.compared(found.compared)


# ------------------------------------------------------------------ before and after
def before_and_after(exhibit: PopulationExhibit) -> Lines:
    for index, part in enumerate(exhibit.examined.before_after):
        shown, what = index // 3, f"{part.subject} confidence, {part.part}"
        five = PanelLines(exhibit, f"five numbers {shown}", part.title)
        for when, found in (
            ("before", part.before),
            ("after", part.after),
            ("after minus before", part.change),
        ):
            yield from five.spread(f"{what}, {when}", found)
        if part.part == "all":
            histogram = PanelLines(exhibit, f"histogram {shown}", part.title)
            for when, values in (("before", part.clean), ("after", part.confidence)):
                yield from histogram.bins(f"{what}, {when}", *binned.confidences(values))


# ------------------------------------------------------------------ colours
def colours(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.directed.chromatic
    channels = PanelLines(exhibit, "channels")
    for name, spreads in zip(("red", "green", "blue"), found.channels, strict=True):
        for part, each in zip(("all", "flipped", "held"), spreads, strict=True):
            yield from channels.spread(f"change of {name}, {part}", each, "0-255")
    for pair in found.compared[2:]:
        yield from channels.compared(pair)
    yield from PanelLines(exhibit, "").compared(found.compared[0])
    seen = PanelLines(exhibit, "ciede2000")
    yield from seen.compared(found.compared[1])
    edges, flipped, held = binned.seen_changes(exhibit.directed)
    yield from seen.bins("CIEDE2000, flipped", edges, flipped)
    yield from seen.bins("CIEDE2000, held", edges, held)
    for both in found.correlated:
        yield from PanelLines(exhibit, "correlation").correlated(both)


# ------------------------------------------------------------------ classes
def classes(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.metrics
    yield from _matrix(exhibit)
    n, panel = found.success.n, PanelLines(exhibit, "reached", "all")
    for count, tiles in enumerate(found.reached):
        yield panel.line(f"tiles that reached {count} other classes", int(tiles), n, unit="tiles")
    yield from PanelLines(exhibit, "metrics", found.success.title).rate(found.success)
    metrics = PanelLines(exhibit, "metrics", "all")
    for name, each, unit in (
        ("confidence on success", found.confidence, "1"),
        ("queries", found.queries, "queries"),
        ("queries until the first flip", found.first_flip, "queries"),
        ("distortion per channel", found.distortion, "0-255"),
        ("vulnerable positions", found.vulnerable, "positions"),
    ):
        yield from metrics.spread(name, each, unit)
    yield metrics.line("vulnerable share of the window", found.vulnerable_share, n)


def _matrix(exhibit: PopulationExhibit) -> Lines:
    found = exhibit.examined.metrics
    matrix, panel = found.matrix, PanelLines(exhibit, "matrix", "all")
    for row, origin in enumerate(matrix.classes):
        for column in range(len(matrix.classes)):
            if row != column:
                reached = matrix.rate(row, column)
                pair = PanelLines(exhibit, "matrix", reached.title)
                yield from pair.rate(reached, "rate from class to class")
        flips, tried = int(matrix.as_origin[row]), int(matrix.tried[row])
        yield panel.line(f"tiles flipped from {origin}", flips, tried, unit="tiles")
        targets = int(matrix.as_target[row])
        yield panel.line(f"tiles flipped to {origin}", targets, found.success.n, unit="tiles")

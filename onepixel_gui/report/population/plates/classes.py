"""The figure "per-class matrix": from which answer to which, and the metrics of Su et al."""

import numpy as np

from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, SMALL

FEW, MOST = 4, 12  # classes whose rates, and whose counts, fit into their squares


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    found = exhibit.examined.metrics
    tiles, few = phrases.sample(found.success.n), len(found.matrix.classes) <= FEW
    return {
        "matrix": Panel(
            "from-to matrix",
            f"{tiles}: {_told(len(found.matrix.classes))}",
            lambda cell: _matrix(cell, exhibit),
            spans=(1, 2) if few else (2, 2),
            tall=None if few else 70.0,
        ),
        "reached": Panel("other classes reached", tiles, lambda cell: _reached(cell, exhibit)),
        "metrics": Panel(
            "metrics of Su et al.",
            tiles,
            lambda cell: _metrics(cell, exhibit),
            spans=(1, 2) if few else (2, 2),
            tall=30.0,
        ),
    }


def _told(count: int) -> str:
    """What is written into the squares of so many classes."""
    if count <= FEW:
        return "flipped, rate, 95 % interval"
    return "flipped of those tried" if count <= MOST else "success rates"


def _matrix(cell: Cell, exhibit: PopulationExhibit) -> None:
    matrix = exhibit.examined.metrics.matrix
    count = len(matrix.classes)
    values = np.full((count, count), np.nan)
    words = [["" for _ in range(count)] for _ in range(count)]
    for row in range(count):
        for column in range(count):
            found = matrix.rate(row, column)
            if row == column or found.share is None:
                continue
            values[row, column] = found.share
            words[row][column] = f"{found.flipped:,}/{found.n:,}"
            if count <= FEW and found.wilson is not None:
                low, high = (f"{100 * end:.1f}" for end in (found.wilson.low, found.wilson.high))
                words[row][column] += f"\n{phrases.percents(found.share)}\n{low} to {high} %"
            elif count > MOST:
                words[row][column] = ""
    ink.matrix(cell, values, words, matrix.classes)


def _reached(cell: Cell, exhibit: PopulationExhibit) -> None:
    counts = [int(count) for count in exhibit.examined.metrics.reached]
    axes, most = cell.axes(), float(max(*counts, 1))
    axes.bar(range(len(counts)), counts, width=0.7, color=BLUE, linewidth=0)
    for place, count in enumerate(counts):
        high, words = count + 0.02 * most, f"{count:,}"
        axes.text(place, high, words, ha="center", va="bottom", fontsize=SMALL)
    axes.set(ylim=(0, most * 1.2), xlabel="other classes reached", ylabel="tiles")
    ink.ticked(axes, 0, most * 1.1, whole=True)
    axes.set_xticks(range(len(counts)))


def _metrics(cell: Cell, exhibit: PopulationExhibit) -> None:
    found = exhibit.examined.metrics
    rows = [
        (
            "success rate",
            phrases.percents(found.success.share),
            phrases.between(found.success.wilson),
            f"{found.success.n:,}",
        )
    ]
    for name, spread in (
        ("confidence on success", found.confidence),
        ("queries", found.queries),
        ("queries until the first flip", found.first_flip),
        ("distortion per channel", found.distortion),
        ("vulnerable positions (ANVP)", found.vulnerable),
    ):
        if spread is not None:
            middle = (
                f"{phrases.number(spread.quartiles[0])} to {phrases.number(spread.quartiles[1])}"
            )
            rows.append((name, phrases.number(spread.mean, 4), middle, f"{spread.n:,}"))
    ink.written(cell, ("", "mean", "95 % / quartiles", "n"), rows, (0.57, 0.87, 1.0))

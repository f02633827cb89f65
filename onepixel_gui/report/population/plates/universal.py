"""The figure "universal pixels": one pixel of one colour that flips many tiles."""

import numpy as np

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.shares import Share
from onepixel_gui.analysis.population.universal import Universal
from onepixel_gui.report.population import panels as ink
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.page import Cell, Panel
from onepixel_gui.report.sheet import BLUE, INK, SMALL


def panels(exhibit: PopulationExhibit) -> dict[str, Panel]:
    found = exhibit.universal
    assert found is not None
    best = found.best[0].pixel
    return {
        "counts": Panel(
            f"flips with {hexadecimal(best.rgb)}",
            f"{phrases.sample(found.tiles)}, {found.title}",
            lambda cell: _counts(cell, found),
        ),
        "best": Panel(
            f"best {len(found.best)} pixels",
            f"{phrases.sample(found.tiles)} they were chosen from",
            lambda cell: _best(cell, found),
        ),
        "left out": Panel(
            "on tiles left out", phrases.sample(found.tiles), lambda cell: _left_out(cell, found)
        ),
    }


def _counts(cell: Cell, found: Universal) -> None:
    best = found.best[0].pixel
    colour = int((found.palette == np.array(best.rgb)).all(axis=1).argmax())
    counts = found.counts[:, :, colour].astype(np.float64)
    axes = ink.field(cell, ink.Field(counts, "tiles flipped", whole=True))
    ink.cross(axes, best.row, best.column)


def _best(cell: Cell, found: Universal) -> None:
    axes = cell.axes(left=15.0)
    for place, each in enumerate(found.best):
        share = each.share
        axes.barh(
            place,
            share.value or 0,
            height=0.6,
            color=hexadecimal(each.pixel.rgb),
            edgecolor=INK,
            linewidth=0.4,
            zorder=2,
        )
        if share.interval is not None:
            ends = [share.interval.low, share.interval.high]
            axes.plot(ends, [place] * 2, color=INK, lw=0.8, zorder=4)
    names = [f"({each.pixel.row}, {each.pixel.column})" for each in found.best]
    axes.set(ylim=(len(found.best) - 0.4, -0.6))
    axes.set_yticks(range(len(found.best)), names, fontsize=SMALL)
    axes.tick_params(axis="y", length=0)
    ink.unit_axis(axes, "share of tiles flipped", "x")


def _left_out(cell: Cell, found: Universal) -> None:
    rows = [_row("chosen from\nthese tiles", found.best[0].share, INK, "D")]
    if found.left_out is not None:
        rows.append(_row("left out of\nthe choice", found.left_out.share, BLUE, "o"))
    any_of = found.flippable / max(found.tiles, 1)
    told = f"{found.flippable:,}/{found.tiles:,}"
    rows.append(ink.Rate("any pixel\nof any colour", any_of, None, told, INK, "s"))
    rows.append(ink.Rate("mean over\nall pixels", found.anywhere, None, "", INK, "x"))
    axes = cell.axes(left=14.0, right=10.0)
    ink.forest(axes, rows, named=9, room=40.0)
    axes.set_xlabel("share of tiles flipped")


def _row(words: str, found: Share, colour: str, marker: str) -> ink.Rate:
    told = f"{found.hits:,}/{found.n:,}"
    return ink.Rate(words, found.value or 0.0, found.interval, told, colour, marker)

"""The panels of population figures: axes and arrays in, ink out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread
from onepixel_gui.analysis.population.units import Interval
from onepixel_gui.report.population.page import Cell, bare
from onepixel_gui.report.sheet import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    SMALL,
    TEXT,
    VERMILION,
    fit,
)

Doubles = NDArray[np.float64]
CHANNELS = (("R", VERMILION), ("G", GREEN), ("B", BLUE))
FLIPPED, HELD = VERMILION, BLUE
DASHED: dict[str, Any] = {"color": INK, "linewidth": 0.7, "linestyle": (0, (4, 2)), "zorder": 2}
LEGEND: dict[str, Any] = {
    "frameon": False,
    "handlelength": 1.2,
    "handletextpad": 0.4,
    "borderpad": 0.1,
    "borderaxespad": 0.2,
    "labelspacing": 0.25,
    "fontsize": SMALL,
}


# ------------------------------------------------------------------ words
def extent(words: str, size: float) -> float:
    """How wide they are in letters of so many pt: mm of the longest line."""
    lines = [TextPath((0, 0), line, size=size) for line in words.split("\n") if line.strip()]
    return max((float(line.get_extents().width) for line in lines), default=0.0) * 25.4 / 72


def fitting(words: str, room: float, size: float) -> str:
    """Cut at the end where they are wider than `room` mm; lines that were chosen stay."""
    shown = words
    while len(shown) > 2 and "\n" not in words and extent(shown, size) > room:
        shown = f"{shown[:-2].rstrip()}…"
    return shown


# ------------------------------------------------------------------ maps
@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A map over the window. whole: its values are counts, so that the key has whole steps."""

    values: Doubles
    words: str
    colours: str = "cividis"
    low: float | None = 0.0
    high: float | None = None
    whole: bool = False

    @property
    def limits(self) -> tuple[float, float]:
        finite = self.values[np.isfinite(self.values)]
        least = float(finite.min()) if len(finite) else 0.0
        most = float(finite.max()) if len(finite) else 1.0
        low = least if self.low is None else self.low
        high = most if self.high is None else self.high
        if self.whole:
            high = max(high, 1.0)
        return (low, high) if high > low else (low, low + 1.0)


def field(cell: Cell, shown: Field) -> Axes:
    """A map of whole pixels with its key on the right; rows and columns counted from 0."""
    left, bottom = 8.0, 7.0
    above = len(shown.words) <= 6
    key, top = (6.0, 2.0) if above else (9.5, 0.0)
    room = (cell.height - bottom - top, cell.width - left - key)
    size = fit((shown.values.shape[0], shown.values.shape[1]), *room)
    low, high = shown.limits
    table = mpl.colormaps[shown.colours]
    rgb = table(Normalize(low, high)(shown.values), bytes=True)[..., :3]
    axes = cell.sheet.picture(cell.left + left, cell.top + top, rgb, size)
    height, width = shown.values.shape
    axes.set(xticks=_steps(width), yticks=_steps(height))
    axes.set(xlabel="column (px)", ylabel="row (px)")
    right = cell.left + left + size.width + 1.2
    if above:
        cell.sheet.text(right, cell.top + 1.2, shown.words, fontsize=SMALL, va="baseline")
    bar = cell.sheet.axes(right, cell.top + top, 1.8, size.height)
    _key(bar, table(np.arange(256), bytes=True)[:, :3], low, high, shown)
    return axes


def _steps(count: int) -> list[int]:
    """At most five where they are 128 px apart or nearer."""
    step = next((each for each in (1, 2, 4, 8, 16, 32, 64, 128) if count / each <= 5), 256)
    return list(range(0, count, step))


def _key(axes: Axes, colours: NDArray[np.uint8], low: float, high: float, shown: Field) -> None:
    axes.imshow(colours[::-1, None], extent=(0, 1, low, high), aspect="auto")
    axes.spines[:].set(visible=True, linewidth=0.4)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set(xticks=[], xlim=(0, 1), ylim=(low, high))
    ticked(axes, low, high, whole=shown.whole)
    if len(shown.words) > 6:
        axes.set_ylabel(shown.words, fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)


def cross(axes: Axes, row: float, column: float) -> None:
    """Four ticks that leave the pixel itself free."""
    radius = 3.0
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        xs = [column + right * radius, column + 2.4 * right * radius]
        ys = [row + down * radius, row + 2.4 * down * radius]
        axes.plot(xs, ys, color="black", linewidth=1.8, solid_capstyle="butt", zorder=4)
        axes.plot(xs, ys, color="white", linewidth=0.9, solid_capstyle="butt", zorder=5)


# ------------------------------------------------------------------ boxes
@dataclass(frozen=True, slots=True)
class Box:
    """A box plot of five numbers: ends of the whiskers, quartiles and median; and the mean."""

    words: str
    low: float
    lower: float
    median: float
    upper: float
    high: float
    mean: float
    colour: str

    @classmethod
    def of(cls, found: Spread, words: str, colour: str) -> "Box":
        (low, high), (lower, upper) = found.whiskers, found.quartiles
        return cls(words, low, lower, found.median, upper, high, found.mean, colour)


def boxes(axes: Axes, shown: Sequence[Box]) -> None:
    """From top to bottom, with names at the left."""
    for place, box in enumerate(shown):
        _box(axes, place, box)
    axes.set(ylim=(len(shown) - 0.4, -0.6))
    axes.set_yticks(range(len(shown)), [box.words for box in shown])
    axes.tick_params(axis="y", length=0)


def _box(axes: Axes, place: int, box: Box) -> None:
    wide = 0.27
    thin: dict[str, Any] = {"color": box.colour, "linewidth": 0.8}
    blunt: dict[str, Any] = {"zorder": 3, "solid_capstyle": "butt"}
    for start, end in ((box.low, box.lower), (box.upper, box.high)):
        axes.plot([start, end], [place, place], **thin, **blunt)
    for end in (box.low, box.high):
        axes.plot([end, end], [place - wide / 2, place + wide / 2], **thin, **blunt)
    body = Rectangle((box.lower, place - wide), box.upper - box.lower, 2 * wide, zorder=3)
    body.set(facecolor="white", edgecolor=box.colour, linewidth=0.8)
    axes.add_patch(body)
    bold = blunt | {"color": box.colour, "linewidth": 1.8, "zorder": 4}
    axes.plot([box.median, box.median], [place - wide, place + wide], **bold)
    axes.plot(box.mean, place, "D", ms=2.2, mfc="white", mec=box.colour, mew=0.7, zorder=5)


def unit_axis(axes: Axes, words: str, side: str = "y") -> None:
    """From 0 to 1, for confidences and shares."""
    ticks, labels = [0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"]
    if side == "x" and axes.bbox.width / axes.figure.dpi < 0.95:  # inches: no room for five
        ticks, labels = ticks[::2], labels[::2]
    if side == "y":
        axes.set(ylim=(-0.03, 1.05), ylabel=words)
        axes.set_yticks(ticks, labels)
        axes.spines["left"].set_bounds(0, 1)
    else:
        axes.set(xlim=(-0.03, 1.03), xlabel=words)
        axes.set_xticks(ticks, labels)
        axes.spines["bottom"].set_bounds(0, 1)


# ------------------------------------------------------------------ rates
@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval, None where it has none. told: beside it, such as "12/40"."""

    words: str
    share: float
    interval: Interval | None
    told: str = ""
    colour: str = INK
    marker: str = "o"


def forest(
    axes: Axes, shown: Sequence[Rate], *, named: int, room: float, size: float = TEXT
) -> None:
    """Rates from top to bottom; with more than `named` of them the names are left out.

    room: mm for the names.  size: of their letters, pt.
    """
    many = len(shown) > named
    dots = 2.0 if many else 3.2
    ends = [(at, one.interval, one.colour) for at, one in enumerate(shown) if one.interval]
    lines = [[(each.low, at), (each.high, at)] for at, each, _ in ends]  # one by one takes long
    colours = [colour for _, _, colour in ends]
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.8, zorder=2))
    for marker in dict.fromkeys(rate.marker for rate in shown):
        same = [(one.share, at, one.colour) for at, one in enumerate(shown) if one.marker == marker]
        shares, places, looks = zip(*same, strict=True)
        axes.scatter(shares, places, dots**2, looks, marker=marker, lw=1, clip_on=False)
    for place, rate in enumerate(shown):
        if rate.told and not many:
            beside: dict[str, Any] = {"xytext": (3.5, 0), "textcoords": "offset points"}
            axes.annotate(rate.told, (1.02, place), va="center", fontsize=SMALL, **beside)
    axes.set(ylim=(len(shown) - 0.4, -0.6))
    unit_axis(axes, "success rate", "x")
    if many:
        axes.set_yticks([])
    else:
        axes.set_yticks(range(len(shown)), [fitting(rate.words, room, size) for rate in shown])
    axes.tick_params(axis="y", length=0, labelsize=size)


def bars(axes: Axes, shown: Sequence[Rate], words: str) -> None:
    """Upright bars with intervals, and what is told of each above them."""
    tops = [rate.share if rate.interval is None else rate.interval.high for rate in shown]
    most = max(max(tops) * 1.22, 1e-9)
    for place, rate in enumerate(shown):
        axes.bar(place, rate.share, width=0.62, color=rate.colour, linewidth=0, zorder=2)
        if rate.interval is not None:
            ends = [rate.interval.low, rate.interval.high]
            axes.plot([place, place], ends, color=INK, lw=0.8, zorder=4)
        if rate.told:
            axes.text(
                place,
                tops[place] + 0.02 * most,
                rate.told,
                ha="center",
                va="bottom",
                fontsize=SMALL,
            )
    axes.set(xlim=(-0.6, len(shown) - 0.4), ylim=(0, most), ylabel=words)
    ticked(axes, 0, most)
    axes.set_xticks(range(len(shown)), [rate.words for rate in shown])
    axes.tick_params(axis="x", length=0, labelsize=SMALL)


# ------------------------------------------------------------------ tables
def written(
    cell: Cell, head: Sequence[str], rows: Sequence[Sequence[str]], ends: Sequence[float]
) -> None:
    """A table of words. ends: of each column but the first, in shares of the width."""
    axes, step = bare(cell), min(4.2, cell.height / (len(rows) + 1.6))
    for line, words in enumerate((head, *rows)):
        down = step * (line + 0.9)
        colour = FAINT if line == 0 else INK
        axes.text(0, down, words[0], va="baseline", fontsize=SMALL, color=colour)
        for end, word in zip(ends, words[1:], strict=True):
            place = (end * cell.width, down)
            axes.text(*place, word, ha="right", va="baseline", fontsize=SMALL, color=colour)
    axes.plot([0, cell.width], [step * 1.2] * 2, color=INK, linewidth=0.4)


def matrix(
    cell: Cell, values: Doubles, told: Sequence[Sequence[str]], names: Sequence[str]
) -> None:
    """Squares of colour, 0-1, from origin (rows) to target (columns), with words in them."""
    count = len(names)
    shown = [fitting(name, 13.0, TEXT) for name in names]
    longest = max(extent(name, TEXT) for name in shown)
    left, below = max(14.0, longest + 6.0), 8.5 if count <= 4 else longest + 6.5
    side = min(cell.width - left - 10.0, cell.height - below)
    width = max(side, min(cell.width - left - 10.0, side * 1.7))
    axes = cell.sheet.axes(cell.left + left, cell.top + 0.5, width, side)
    table = mpl.colormaps["cividis"]
    rgb = table(np.nan_to_num(values), bytes=True)[..., :3].copy()
    rgb[~np.isfinite(values)] = 235
    axes.imshow(rgb, aspect="auto")
    for (row, column), share in np.ndenumerate(values):
        colour = "white" if np.isfinite(share) and share < 0.55 else INK
        ink = axes.text(column, row, told[row][column], ha="center", va="center")
        ink.set(fontsize=SMALL, color=colour, linespacing=1.25)
    axes.set_xticks(range(count), shown, rotation=90 if count > 4 else 0)
    axes.set_yticks(range(count), shown)
    axes.set(xlabel="answer with the pixel", ylabel="answer before")
    axes.tick_params(length=0)
    bar = cell.sheet.axes(cell.left + left + width + 1.2, cell.top + 0.5, 1.8, side)
    _key(bar, table(np.arange(256), bytes=True)[:, :3], 0.0, 1.0, Field(values, "success rate"))


# ------------------------------------------------------------------ scatters
def density(axes: Axes, counts: Doubles, edges: tuple[Doubles, Doubles]) -> None:
    """Runs in each square of a plane, dark for many; log scale. counts: (X, Y)."""
    most = max(float(counts.max()), 1.0)
    shade = np.where(counts > 0, 0.18 + 0.82 * np.log1p(counts) / np.log1p(most), 0.0)
    grey = np.round(255 * (1 - 0.85 * shade)).astype(np.uint8).T[..., None].repeat(3, axis=2)
    extent = *edges[0][[0, -1]], *edges[1][[0, -1]]
    axes.imshow(grey, extent=extent, origin="lower", aspect="auto", zorder=0)
    axes.spines[["top", "right"]].set_visible(True)


def plain(value: float) -> str:
    """As it reads at a tick."""
    return f"{value:,.6g}".replace("-", "\N{MINUS SIGN}")


def round_ticks(low: float, high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Round values inside; whole: whole numbers only."""
    found = MaxNLocator(most, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    slack = 1e-9 * max(abs(low), abs(high))
    return [float(tick) for tick in np.round(found, 12) if low - slack <= tick <= high + slack]


def ticked(axes: Axes, low: float, high: float, *, whole: bool = False) -> None:
    """Round values up the side."""
    ticks = round_ticks(low, high, whole=whole)
    axes.set_yticks(ticks, [plain(tick) for tick in ticks])

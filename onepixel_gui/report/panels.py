"""The panels that figures are made of: axes in, ink out. None knows which figure it is in."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from onepixel_gui.analysis.chromatic import RgbShift, hexadecimal
from onepixel_gui.analysis.periodicity import Spectrum
from onepixel_gui.analysis.spatial import Profiles
from onepixel_gui.attack.probe import Bools, Ended, Question
from onepixel_gui.report.sheet import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    NULL,
    TEXT,
    VERMILION,
)
from onepixel_gui.report.wording import decimal, scientific
from onepixel_gui.tiles.tile import Window

Doubles = NDArray[np.float64]
Side = Literal["row", "column"]
Corner = Literal["upper left", "lower left", "upper right", "lower right"]

_WHEN = ("before", "after")
_PROBABILITIES = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)


# ------------------------------------------------------------------ on pictures
def reticle(
    axes: Axes, row: int, column: int, radius: float, *, ring: bool = True, ticks: bool = True
) -> None:
    """Four outward ticks, and a ring, that leave the pixel itself free. radius: tile pixels."""
    halo = [Stroke(linewidth=2.0, foreground="black"), Normal()]
    looks: dict[str, Any] = {"color": "white", "linewidth": 0.9, "path_effects": halo, "zorder": 4}
    if ring:
        axes.add_patch(Circle((column, row), radius, fill=False, **looks))
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)) if ticks else ():
        near, far = radius, radius * (1.9 if ring else 1.7)
        xs = [column + right * near, column + right * far]
        axes.plot(xs, [row + down * near, row + down * far], solid_capstyle="butt", **looks)


def frame(axes: Axes, window: Window) -> None:
    """What the classifier sees of a larger tile."""
    corner = (window.column - 0.5, window.row - 0.5)
    for colour, width, dashes in (("black", 1.6, "-"), ("white", 0.8, (0, (4, 2)))):
        box = Rectangle(corner, window.width, window.height, fill=False, edgecolor=colour)
        box.set(linewidth=width, linestyle=dashes, capstyle="butt")
        axes.add_patch(box)


def outline_pixel(axes: Axes, row: int, column: int) -> None:
    halo = [Stroke(linewidth=2.2, foreground="black"), Normal()]
    box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="white", linewidth=1.1)
    box.set_path_effects(halo)
    axes.add_patch(box)


def outline_mask(axes: Axes, mask: Bools, window: Window) -> None:
    """Lines along the pixel edges that part True from False. mask: (H, W) of the window."""
    padded = np.pad(mask, 1)
    rows, columns = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    level = [((c - 0.5, r - 0.5), (c + 0.5, r - 0.5)) for r, c in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    upright = [((c - 0.5, r - 0.5), (c - 0.5, r + 0.5)) for r, c in zip(rows, columns, strict=True)]
    lines = np.array(level + upright)
    if len(lines):
        lines = lines + np.array([window.column, window.row])
        looks: dict[str, Any] = {"capstyle": "projecting", "zorder": 3}
        axes.add_collection(LineCollection(list(lines), colors=VERMILION, linewidths=0.6, **looks))


def coordinates(
    axes: Axes, window: Window, *, rows: bool = True, columns: bool = True, most: int = 5
) -> None:
    """Ticks in tile pixels on a picture or a profile beside it."""
    if rows:
        axes.set_yticks(_ticks(window.row, window.height, most))
    if columns:
        axes.set_xticks(_ticks(window.column, window.width, most))


def _ticks(first: int, count: int, most: int) -> list[int]:
    step = next((s for s in (1, 2, 4, 8, 16, 32, 64, 128) if count / s <= most), 256)
    return [place for place in range(first, first + count) if place % step == 0]


def _round_ticks(top: float, most: int) -> list[float]:
    """Round values from 0 that do not pass `top`."""
    found = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(0, top)
    return [float(tick) for tick in found if 0 <= tick <= top]


# ------------------------------------------------------------------ single attack
def swatches(axes: Axes, shift: RgbShift) -> None:
    """Two fields of colour with their values; axes measured in mm, y down."""
    _, right = axes.get_xlim()
    wide, tall, top = 0.3 * right, 8.0, 3.2
    for left, rgb, word in ((0.0, shift.before, "before"), (right - wide, shift.after, "after")):
        axes.add_patch(
            Rectangle((left, top), wide, tall, facecolor=hexadecimal(rgb), edgecolor=INK, lw=0.5)
        )
        middle = left + wide / 2
        axes.text(middle, 2.4, word, ha="center", va="baseline")
        axes.text(middle, top + tall + 2.8, hexadecimal(rgb), ha="center", va="baseline")
    ends = ((wide + 2, top + tall / 2), (right - wide - 2, top + tall / 2))
    axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=5, lw=0.7, color=INK))
    seen = f"ΔE₀₀ {shift.ciede2000:.1f}"
    axes.text(right / 2, top + tall / 2 - 1.0, seen, ha="center", va="baseline", fontsize=TEXT)
    length = f"RGB {shift.euclidean:.0f}"
    axes.text(right / 2, top + tall / 2 + 2.9, length, ha="center", va="baseline", fontsize=TEXT)


def swatch_rows(axes: Axes, shifts: Sequence[tuple[str, RgbShift]]) -> None:
    """One line per pixel for a change of several; axes measured in mm, y down."""
    _, right = axes.get_xlim()
    for middle, word in ((0.43 * right, "before"), (0.61 * right, "after")):
        axes.text(middle, 2.4, word, ha="center", va="baseline")
    for line, (place, shift) in enumerate(shifts):
        top = 3.4 + 5.2 * line
        axes.text(0, top + 2.8, place, va="baseline")
        for left, rgb in ((0.36 * right, shift.before), (0.54 * right, shift.after)):
            box = Rectangle((left, top), 0.14 * right, 4, facecolor=hexadecimal(rgb))
            box.set(edgecolor=INK, linewidth=0.5)
            axes.add_patch(box)
        axes.text(right, top + 2.8, f"ΔE₀₀ {shift.ciede2000:.1f}", ha="right", va="baseline")


def channels(axes: Axes, shift: RgbShift) -> None:
    """Red, green and blue from their old value (open) to the new one (filled)."""
    for line, (old, new, colour) in enumerate(
        zip(shift.before, shift.after, (VERMILION, GREEN, BLUE), strict=True)
    ):
        axes.plot([old, new], [line, line], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(old, line, "o", markersize=4, mfc="white", mec=colour, mew=1, clip_on=False)
        axes.plot(new, line, "o", markersize=4, color=colour, mew=1, clip_on=False)
    axes.set(xlim=(0, 255), ylim=(2.6, -0.6), xlabel="channel value (0-255)")
    axes.set(xticks=[0, 64, 128, 192, 255], yticks=[0, 1, 2], yticklabels=["R", "G", "B"])
    axes.tick_params(axis="y", length=0, pad=5)
    axes.spines["left"].set_visible(False)


def before_and_after(axes: Axes, question: Question, ended: Ended, *, most_letters: int) -> None:
    """Two bars of confidence, and the threshold between the answers."""
    values = (question.clean, ended.confidence)
    axes.bar([0, 1], values, width=0.5, color=[FAINT, BLUE], linewidth=0)
    for place, value in enumerate(values):
        words = decimal(value, beside=(values[1 - place], question.threshold))
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        axes.text(place, value + 0.025, words, ha="center", va="bottom", bbox=box, zorder=5)
    axes.set(xlim=(-0.5, 1.5), xticks=[0, 1], ylabel=f"{short(question.subject)} confidence")
    answers = (short(answer, most_letters) for answer in (question.answer, ended.answer))
    axes.set_xticklabels([f"{when}\n{name}" for when, name in zip(_WHEN, answers, strict=True)])
    axes.tick_params(axis="x", length=0)
    _unit_axis(axes)
    _threshold(axes, question)


def search_curve(axes: Axes, question: Question, ended: Ended, *, most_ticks: int) -> None:
    """Best confidence so far against queries; log-odds when it never leaves an end of 0-1."""
    queries = [0, *(spent for spent, _ in ended.curve)]
    values = np.array([question.clean, *(best for _, best in ended.curve)])
    far = bool((values < 0.02).all() or (values > 0.98).all())
    heights = _log_odds(values) if far else values
    axes.step(queries, heights, where="post", color=BLUE)
    last = max(queries[-1], 1)
    ticks = _round_ticks(last * 1.02, most_ticks)
    axes.set(xlim=(0, last * 1.02), xticks=ticks, xlabel="queries")
    axes.set_xticklabels([f"{tick:,.0f}" for tick in ticks])
    if far:
        _log_odds_axis(axes, np.append(values, question.threshold))
        axes.set_ylabel("confidence (log-odds scale)")
    else:
        _unit_axis(axes)
        axes.set_ylabel(f"{short(question.subject)} confidence")
    threshold = np.array([question.threshold])
    level = float((_log_odds(threshold) if far else threshold)[0])
    axes.axhline(level, **_DASHED)
    if ended.first_flip is not None:
        _first_flip(axes, ended.first_flip, level, last, falling=question.downward)


def _first_flip(axes: Axes, queries: int, level: float, last: int, *, falling: bool) -> None:
    """A mark on the threshold, which the confidence passed there, inside a generation."""
    label = f"first flip, {queries:,}"
    looks: dict[str, Any] = {"markersize": 3.6, "color": VERMILION, "zorder": 5}
    axes.plot(queries, level, "D", ls="none", label=label, clip_on=False, **looks)
    late = queries > last / 2
    place: Corner  # the one that a curve of this direction and pace leaves empty
    if falling:
        place = "lower left" if late else "upper right"
    else:
        place = "upper left" if late else "lower right"
    axes.legend(loc=place, frameon=False, handlelength=0.8, handletextpad=0.4, borderpad=0.2)


_DASHED: dict[str, Any] = {"color": INK, "linewidth": 0.7, "linestyle": (0, (4, 2)), "zorder": 1}


def _threshold(axes: Axes, question: Question) -> None:
    axes.axhline(question.threshold, **_DASHED)


def _unit_axis(axes: Axes) -> None:
    axes.set(ylim=(0, 1.08), yticks=[0, 0.25, 0.5, 0.75, 1])
    axes.set_yticklabels(["0", "0.25", "0.5", "0.75", "1"])
    axes.spines["left"].set_bounds(0, 1)


def _log_odds(values: Doubles) -> Doubles:
    inside = np.clip(values, 1e-14, 1 - 1e-14)
    odds: Doubles = np.log(inside / (1 - inside))
    return odds


def _log_odds_axis(axes: Axes, values: Doubles) -> None:
    low, high = _log_odds(np.array([values.min(), values.max()]))
    margin = 0.08 * (high - low) + 0.1
    axes.set_ylim(low - margin, high + margin)
    ticks = [
        p for p in _PROBABILITIES if low - margin < _log_odds(np.array([p]))[0] < high + margin
    ]
    axes.set_yticks(list(_log_odds(np.array(ticks))))
    axes.set_yticklabels([f"{p:g}" if p >= 0.001 else scientific(p, 0) for p in ticks])


def short(word: str, most: int = 16) -> str:
    """A class name that fits beside an axis."""
    return word if len(word) <= most else f"{word[: most - 1]}…"


# ------------------------------------------------------------------ sensitivity
def colour_bar(
    axes: Axes, colours: NDArray[np.uint8], low: float, high: float, words: str, mark: float | None
) -> None:
    """A key to a map. colours: (L, 3) from low to high.  mark: where the answers part."""
    axes.imshow(colours[::-1, None], extent=(0, 1, low, high), aspect="auto")
    axes.spines[:].set(visible=True, linewidth=0.4)
    axes.set(xticks=[], ylabel=words)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    if mark is None:
        ticks = [t for t in MaxNLocator(5).tick_values(low, high) if low <= t <= high]
        axes.set_yticks(ticks, [f"{tick:g}".replace("-", "\u2212") for tick in ticks])
    else:
        axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "0.2", "0.4", "0.6", "0.8", "1"])
        axes.axhline(mark, color="white", linewidth=1.8)
        axes.axhline(mark, color=VERMILION, linewidth=0.8)


def profile(axes: Axes, values: Doubles, first: int, along: Side) -> None:
    """Row or column sensitivity beside its map; even positions filled, odd ones open.

    first:  tile position of the first value.  Parity counts from the window's own edge.
    """
    places = first + np.arange(len(values))
    size = max(1.0, min(2.0, 120 / len(values)))
    for start, fill in ((0, BLUE), (1, "white")):
        some = (places[start::2], values[start::2])
        xs, ys = some[::-1] if along == "row" else some
        axes.plot(xs, ys, "o", markersize=size, mfc=fill, mec=BLUE, mew=0.5, zorder=3)
    xs, ys = (values, places) if along == "row" else (places, values)
    axes.plot(xs, ys, color=BLUE, linewidth=0.6)
    top = max(float(values.max()) * 1.06, 1e-9)
    ticks = _round_ticks(top, 3)
    limits = (first - 0.5, first + len(values) - 0.5)
    if along == "row":
        axes.set(ylim=limits[::-1], xlim=(0, top), xticks=ticks, xlabel="mean |Δ logit|")
        axes.set_xticklabels([f"{tick:g}" for tick in ticks])
    else:
        axes.set(xlim=limits, ylim=(0, top), yticks=ticks, ylabel="mean |Δ logit|")
        axes.set_yticklabels([f"{tick:g}" for tick in ticks])


def spectrum(axes: Axes, found: Spectrum, low: float, high: float) -> None:
    """Power by period on a log scale; grey reaches up to the null's 95th percentile."""
    frequency = 1 / found.period
    colour, marker, dashes = {
        "row": (BLUE, "o", "-"),
        "column": (VERMILION, "s", (0, (3, 1))),
    }[found.axis]
    axes.fill_between(frequency, low, found.null, color=NULL, linewidth=0, zorder=1)
    axes.plot(frequency, found.power, marker, ls=dashes, ms=1.8, lw=0.7, color=colour, zorder=3)
    axes.set(yscale="log", ylim=(low, high), xlim=(0, 0.515), xlabel="period (px)")
    periods = [p for p in (16, 8, 4, 3, 2) if p <= found.period.max()]
    axes.set_xticks([1 / p for p in periods], [str(p) for p in periods])
    powers = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
    ticks = 10.0 ** powers[:: max(1, len(powers) // 4)]
    axes.set_yticks(list(ticks), [scientific(tick, 0) for tick in ticks])
    axes.minorticks_off()
    if found.strongest is not None:
        best = int(np.abs(found.period - found.strongest).argmin())
        axes.annotate(
            f"{found.strongest:.2g} px",
            (frequency[best], found.power[best]),
            (1, 3.5),
            textcoords="offset points",
            ha="right",
        )


def parity(axes: Axes, found: Profiles) -> None:
    """Means of even (filled) and odd (open) rows and columns."""
    pairs = (
        ("rows", found.row_parity, BLUE, "o"),
        ("columns", found.column_parity, VERMILION, "s"),
    )
    for place, (_, (even, odd), colour, marker) in enumerate(pairs):
        axes.plot([place, place], [even, odd], color=colour, linewidth=0.8)
        axes.plot(place, odd, marker, ms=4, mfc="white", mec=colour, mew=1, zorder=3)
        axes.plot(place, even, marker, ms=4, mfc=colour, mec=colour, mew=1, zorder=4)
    top = 1.25 * max(*found.row_parity, *found.column_parity, 1e-9)
    ticks = _round_ticks(top, 4)
    axes.set(xlim=(-0.6, 1.6), ylim=(0, top), yticks=ticks, ylabel="mean |Δ logit|")
    axes.set_yticklabels([f"{tick:g}" for tick in ticks])
    words = [f"{name}\n{_mean(even)}\n{_mean(odd)}" for name, (even, odd), _, _ in pairs]
    axes.set_xticks([0, 1], words)
    axes.tick_params(axis="x", length=0)


def _mean(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def limits_of_power(*spectra: Spectrum) -> tuple[float, float]:
    """One range for all, over the decades that carry something."""
    high = max(max(float(s.power.max()), float(s.null.max())) for s in spectra)
    low = min(float(np.median(s.power)) for s in spectra)
    if high <= 0:
        return 1e-12, 1.0
    low = max(low / 30, high * 1e-7)
    return 10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high * 1.5))

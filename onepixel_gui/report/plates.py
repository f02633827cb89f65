"""The figures: which panel stands where, for one column (89 mm) and for two (183 mm)."""

from dataclasses import dataclass
from typing import Any, assert_never

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from onepixel_gui import __version__
from onepixel_gui.analysis.chromatic import hexadecimal, rgb_shift
from onepixel_gui.attack.probe import Pixel
from onepixel_gui.report import panels
from onepixel_gui.report.captions import caption_attack, caption_sensitivity
from onepixel_gui.report.exhibit import (
    AttackExhibit,
    ComparisonExhibit,
    Exhibit,
    Style,
    SweepExhibit,
)
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.sheet import (
    BLUE,
    FAINT,
    INK,
    MM,
    NULL,
    SMALL,
    VERMILION,
    Fit,
    Sheet,
    fit,
)
from onepixel_gui.report.wording import (
    RESEARCH_ONLY,
    TIMES,
    Quantity,
    decimal,
    mark,
)
from onepixel_gui.tiles.tile import Tile, Window

HEAD = 4.6  # mm, from the top of a panel's letter to the top of what it shows
LOUPE = 8  # times the scale of the attacked tile


@dataclass(frozen=True, slots=True)
class Plate:
    """A drawn sheet and its caption."""

    sheet: Sheet
    template: str
    title: str
    caption: str


def draw(exhibit: Exhibit, style: Style) -> Plate:
    """Call it inside `sheet.drawing()`."""
    match exhibit:
        case AttackExhibit():
            return _single_attack(exhibit, style)
        case SweepExhibit():
            return _sensitivity(exhibit, style)
        case PopulationExhibit():
            from onepixel_gui.report.population import plates
            from onepixel_gui.report.population.captions import caption, title

            sheet = plates.draw(exhibit, style)
            return Plate(sheet, exhibit.template, title(exhibit), caption(exhibit))
        case ComparisonExhibit():
            from onepixel_gui.report.side_by_side import comparison

            return comparison(exhibit, style)
        case _:
            assert_never(exhibit)


# ------------------------------------------------------------------ single attack
def _single_attack(exhibit: AttackExhibit, style: Style) -> Plate:
    columns, side, gap = (3, 54.3, 8.0) if style.width_mm == 183 else (2, 38.0, 8.0)
    tile = exhibit.tile
    size = fit(tile.shape, side, side)
    upper, lower = HEAD + max(size.height, side * 0.9) + 6.5, HEAD + 42.0
    height = upper + lower if columns == 3 else upper + upper + lower
    sheet = Sheet(style.width_mm, height + 5.0, style.dpi)
    lefts = [2.0 + place * (side + gap) for place in range(columns)]
    bar = _tiles(sheet, exhibit, size, lefts)
    if columns == 3:
        _loupe(sheet, exhibit, lefts[2], 0.0, side)
        tops, spots = (upper, upper, upper), lefts
    else:
        _loupe(sheet, exhibit, lefts[0], upper, side)
        tops, spots = (upper, 2 * upper, 2 * upper), [lefts[1], lefts[0], lefts[1]]
    _colours(sheet, exhibit, spots[0], tops[0], side)
    _confidences(sheet, exhibit, spots[1:], tops[1:], side)
    _footer_of(sheet, exhibit, mark(exhibit.began.settings))
    caption = caption_attack(
        tile, exhibit.card, exhibit.began, exhibit.ended, enlarged=size.told, bar=bar
    )
    title = f"One-pixel attack ({exhibit.began.settings.access}) on {tile.name}"
    return Plate(sheet, "single attack", title, caption)


def _tiles(sheet: Sheet, exhibit: AttackExhibit, size: Fit, lefts: list[float]) -> str:
    """Panels a and b; returns the length of the scale bar in words."""
    tile, window = exhibit.tile, exhibit.question.window
    words, one = "", len(exhibit.ended.best) == 1
    titles, pictures = ("original tile", "attacked tile"), (tile.rgb, _attacked(exhibit))
    for letter, title, left, rgb in zip("ab", titles, lefts, pictures, strict=False):
        sheet.heading(left, 0, letter, title)
        axes = sheet.picture(left, HEAD, rgb, size)
        if tile.shape != window.shape:
            panels.frame(axes, window)
        if letter == "b":
            for pixel in exhibit.ended.best:
                panels.reticle(axes, pixel.row, pixel.column, _ring(size), ticks=one)
        words = sheet.scale_bar(left, HEAD + size.height + 1, size, tile.shape[1], tile.mpp)
    return words


def _ring(size: Fit) -> float:
    """Radius in tile pixels: clear of the pixel, and never smaller than 1.3 mm in print."""
    return max(2.2, 1.3 * MM / size.factor)


def _loupe(sheet: Sheet, exhibit: AttackExhibit, left: float, top: float, side: float) -> None:
    """Panel c: the surroundings of the changed pixel at 8 times the scale of b."""
    tile, first = exhibit.tile, exhibit.ended.best[0]
    inset = 6.6  # mm, for the rows' numbers
    base = fit(tile.shape, side, side).factor
    factor = max(1, round(LOUPE * base))
    view = _around(tile, first, int((side + 2 - inset) * MM / factor))
    cut = _attacked(exhibit)[
        view.row : view.row + view.height, view.column : view.column + view.width
    ]
    size = Fit(float(factor), factor * view.height / MM, factor * view.width / MM)
    many = len(exhibit.ended.best) > 1
    title = f"changed pixel{'s' if many else ''}, {factor / base:.2g} {TIMES} b"
    sheet.heading(left, top, "c", title)
    axes = sheet.picture(left + inset, top + HEAD, cut, size, (view.row, view.column))
    panels.coordinates(axes, view, most=9 if max(tile.shape) <= 100 and view.width <= 9 else 5)
    axes.set(xlabel="column (px)", ylabel="row (px)")
    for pixel in exhibit.ended.best:
        if view.holds(pixel.row, pixel.column):
            panels.outline_pixel(axes, pixel.row, pixel.column)


def _around(tile: Tile, pixel: Pixel, room: int) -> Window:
    """An odd number of pixels, at most `room` along an edge, moved inside the tile."""
    edge = max(room - 1 + room % 2, 1)
    height, width = min(edge, tile.shape[0]), min(edge, tile.shape[1])
    row = min(max(pixel.row - height // 2, 0), tile.shape[0] - height)
    column = min(max(pixel.column - width // 2, 0), tile.shape[1] - width)
    return Window(row, column, height, width)


def _attacked(exhibit: AttackExhibit) -> NDArray[np.uint8]:
    changed = np.array(exhibit.tile.rgb)
    for pixel in exhibit.ended.best:
        changed[pixel.row, pixel.column] = pixel.rgb
    return changed


def _colours(sheet: Sheet, exhibit: AttackExhibit, left: float, top: float, side: float) -> None:
    """Panel d."""
    best = exhibit.ended.best
    sheet.heading(left, top, "d", f"colour of the pixel{'s' if len(best) > 1 else ''}")
    shifts = []
    for pixel in best[:6]:
        red, green, blue = (int(value) for value in exhibit.tile.rgb[pixel.row, pixel.column])
        place = f"({pixel.row}, {pixel.column})"
        shifts.append((place, rgb_shift((red, green, blue), pixel.rgb)))
    tall = 15.5 if len(best) == 1 else 33.0
    axes = _millimetres(sheet, left, top + HEAD, side, tall)
    if len(best) > 1:
        panels.swatch_rows(axes, shifts)
        return
    panels.swatches(axes, shifts[0][1])
    bars = sheet.axes(left + 5, top + HEAD + tall + 3, side - 8, 14.0)
    panels.channels(bars, shifts[0][1])


def _confidences(
    sheet: Sheet,
    exhibit: AttackExhibit,
    lefts: list[float],
    tops: tuple[float, ...],
    side: float,
) -> None:
    """Panels e and f."""
    inset, tall = 10.0, 30.0
    sheet.heading(lefts[0], tops[0], "e", "confidence")
    bars = sheet.axes(lefts[0] + inset, tops[0] + HEAD + 2, side - inset - 4, tall)
    letters = 16 if side > 50 else 9
    panels.before_and_after(bars, exhibit.question, exhibit.ended, most_letters=letters)
    sheet.heading(lefts[1], tops[1], "f", f"{exhibit.began.settings.access} search")
    curve = sheet.axes(lefts[1] + inset, tops[1] + HEAD + 2, side - inset - 3, tall)
    panels.search_curve(curve, exhibit.question, exhibit.ended, most_ticks=4 if side > 50 else 3)


# ------------------------------------------------------------------ sensitivity
@dataclass(frozen=True, slots=True)
class _Places:
    """Where the panels of a sensitivity figure stand, mm from the top left."""

    height: float
    tile: tuple[float, float]
    tile_side: float
    legend: tuple[float, float]
    map: tuple[float, float]
    map_side: float
    beside: float
    below: float
    spectra: tuple[float, float]
    spectrum_width: float
    spectrum_tall: float
    parity: tuple[float, float]
    parity_width: float


_WIDE = _Places(
    height=149.0, tile=(2, 0), tile_side=54.3, legend=(2, 67), map=(69, 0), map_side=54.3,
    beside=31.0, below=20.0, spectra=(2, 97), spectrum_width=56.0, spectrum_tall=32.0,
    parity=(141, 97), parity_width=29.0,
)  # fmt: skip
_NARROW = _Places(
    height=167.0, tile=(2, 0), tile_side=32.6, legend=(40, 6), map=(10, 44), map_side=43.5,
    beside=15.0, below=17.0, spectra=(2, 121), spectrum_width=21.0, spectrum_tall=23.0,
    parity=(63, 121), parity_width=16.0,
)  # fmt: skip


def _sensitivity(exhibit: SweepExhibit, style: Style) -> Plate:
    places = _WIDE if style.width_mm == 183 else _NARROW
    tile, window = exhibit.tile, exhibit.question.window
    sheet = Sheet(style.width_mm, places.height, style.dpi)
    size = fit(tile.shape, places.tile_side, places.tile_side)
    left, top = places.tile
    sheet.heading(left, top, "a", "tile")
    axes = sheet.picture(left, top + HEAD, tile.rgb, size)
    if tile.shape != window.shape:
        panels.frame(axes, window)
    bar = sheet.scale_bar(left, top + HEAD + size.height + 1, size, tile.shape[1], tile.mpp)
    _map_and_profiles(sheet, exhibit, places)
    _legend(sheet, exhibit, places.legend)
    _periods(sheet, exhibit, places)
    _footer_of(sheet, exhibit, f"{len(exhibit.sensitivity.swept.palette)} colours")
    caption = caption_sensitivity(
        tile, exhibit.card, exhibit.sensitivity, exhibit.quantity, enlarged=size.told, bar=bar
    )
    return Plate(sheet, "sensitivity", f"Sensitivity to one pixel on {tile.name}", caption)


def _map_and_profiles(sheet: Sheet, exhibit: SweepExhibit, places: _Places) -> None:
    """Panels b, c and d, which share their rows and columns."""
    found, window = exhibit.sensitivity, exhibit.question.window
    (left, top), size = places.map, fit(window.shape, places.map_side, places.map_side)
    rgb, colours, low, high, words = _coloured(exhibit)
    sheet.heading(left, top, "b", words)
    axes = sheet.picture(left, top + HEAD, rgb, size, (window.row, window.column))
    panels.coordinates(axes, window, columns=False)
    axes.set_ylabel("row (px)")
    if exhibit.quantity == _towards_flip(exhibit) or exhibit.quantity == "change":
        panels.outline_mask(axes, found.map.flips, window)
    _, extreme, _ = _extreme(exhibit)
    panels.reticle(axes, extreme.row, extreme.column, 2.3 * _ring(size), ring=False)

    right = left + size.width + 2.5
    sheet.heading(right, top, "c", "rows")
    rows = sheet.axes(right, top + HEAD, places.beside, size.height)
    panels.profile(rows, found.profiles.row, window.row, "row")
    panels.coordinates(rows, window, columns=False)
    rows.set_yticklabels([])
    rows.axhline(extreme.row, color=FAINT, linewidth=0.5, linestyle=(0, (1, 2)))
    key = sheet.axes(right + places.beside + 3.5, top + HEAD, 2.6, size.height)
    threshold = None if exhibit.quantity == "change" else exhibit.question.threshold
    label = (
        "Δ logit" if threshold is None else f"{panels.short(exhibit.question.subject)} confidence"
    )
    panels.colour_bar(key, colours, low, high, label, threshold)

    under = top + HEAD + size.height + 2.5
    sheet.heading(left - 8, under - 2.4, "d", "")
    below = sheet.axes(left, under, size.width, places.below)
    panels.profile(below, found.profiles.column, window.column, "column")
    panels.coordinates(below, window, rows=False)
    below.axvline(extreme.column, color=FAINT, linewidth=0.5, linestyle=(0, (1, 2)))
    below.set_xlabel("column (px)")


def _towards_flip(exhibit: SweepExhibit) -> Quantity:
    return "lowest" if exhibit.question.downward else "highest"


def _extreme(exhibit: SweepExhibit) -> tuple[str, Pixel, float]:
    """Which extreme the shown map is about, where it lies, and its confidence."""
    swept, quantity = exhibit.sensitivity.swept, exhibit.quantity
    if quantity == "change":
        quantity = _towards_flip(exhibit)
    if quantity == "lowest":
        return quantity, swept.lowest, swept.lowest_confidence
    return quantity, swept.highest, swept.highest_confidence


def _coloured(
    exhibit: SweepExhibit,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], float, float, str]:
    """The map as (H, W, 3), its colours as (256, 3), the range they span, and a heading."""
    found = exhibit.sensitivity.map
    if exhibit.quantity == "change":
        values, most = found.change, float(np.abs(found.change).max()) or 1.0
        name, low, high, words = "RdBu_r", -most, most, "logit change"
    else:
        values = found.lowest if exhibit.quantity == "lowest" else found.highest
        name, low, high, words = "viridis", 0.0, 1.0, f"{exhibit.quantity} confidence"
    table = mpl.colormaps[name]
    rgb = table(Normalize(low, high)(values), bytes=True)[..., :3]
    colours = len(exhibit.sensitivity.swept.palette)
    words += f", {colours} colours" if colours > 1 else ", 1 colour"
    return rgb, table(np.arange(256), bytes=True)[:, :3], low, high, words


def _legend(sheet: Sheet, exhibit: SweepExhibit, place: tuple[float, float]) -> None:
    """What the marks on the map mean, with the numbers that belong to them."""
    found, clean = exhibit.sensitivity.map, exhibit.question.clean
    word, pixel, value = _extreme(exhibit)
    axes = _millimetres(sheet, *place, 54.0 if sheet.width > 100 else 46.0, 26.0)
    for x, y in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        axes.plot([1.6 + 0.7 * x, 1.6 + 1.6 * x], [1.6 + 0.7 * y, 1.6 + 1.6 * y], color=INK, lw=0.9)
    axes.text(5, 2.4, f"{word}, {decimal(value, beside=(clean,))} (untouched "
              f"{decimal(clean, beside=(value,))})", va="baseline")  # fmt: skip
    axes.text(5, 5.6, f"at row {pixel.row}, column {pixel.column}", va="baseline")
    box = Rectangle((0.3, 7.6), 2.6, 2.6, facecolor=hexadecimal(pixel.rgb), edgecolor=INK, lw=0.5)
    axes.add_patch(box)
    axes.text(5, 9.7, f"with {hexadecimal(pixel.rgb)}", va="baseline")
    axes.add_patch(Rectangle((0.5, 12.1), 2.2, 2.2, fill=False, edgecolor=VERMILION, lw=0.9))
    flips, total = found.flipping_positions, found.flips.size
    axes.text(5, 14.0, f"answer flips: {flips:,} of {total:,} positions", va="baseline")
    for spot, fill in ((0.8, BLUE), (2.4, "white")):
        axes.plot(spot, 17.5, "o", markersize=2.6, mfc=fill, mec=BLUE, mew=0.7)
    axes.text(5, 18.3, "even, odd rows and columns", va="baseline")
    axes.add_patch(Rectangle((0.3, 20.5), 2.6, 2.6, facecolor=NULL, linewidth=0))
    axes.text(5, 22.6, "power up to that of 95 % of shuffled maps", va="baseline")


def _periods(sheet: Sheet, exhibit: SweepExhibit, places: _Places) -> None:
    """Panels e and f."""
    found = exhibit.sensitivity
    pair = (found.periods.row, found.periods.column)
    low, high = panels.limits_of_power(*pair)
    left, top = places.spectra
    sheet.heading(left, top, "e", "periods of rows and columns")
    first = left + 11.0
    for place, line in enumerate(pair):
        start = first + place * (places.spectrum_width + 3.5)
        axes = sheet.axes(start, top + HEAD + 2, places.spectrum_width, places.spectrum_tall)
        panels.spectrum(axes, line, low, high)
        axes.text(0.5, 1.0, f"{line.axis}s", transform=axes.transAxes, va="top", ha="center")
        if place:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("power (logit²)")
    left, top = places.parity
    sheet.heading(left, top, "f", "even, odd")
    means = sheet.axes(left + 9.0, top + HEAD + 2, places.parity_width, places.spectrum_tall)
    panels.parity(means, found.profiles)


# ------------------------------------------------------------------ shared
def _millimetres(sheet: Sheet, left: float, top: float, width: float, height: float) -> Axes:
    """Bare axes counted in mm from their top left."""
    axes = sheet.axes(left, top, width, height)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return axes


def _footer_of(sheet: Sheet, exhibit: AttackExhibit | SweepExhibit, run: str) -> None:
    card, tile = exhibit.card.sha256[:8], exhibit.tile.sha256[:8]
    footer(sheet, f"classifier {card} · tile {tile} · {run}")


def footer(sheet: Sheet, what: str) -> None:
    """Enough to find the result again when the caption is lost. what: hashes and settings."""
    words = f"onepixel_gui {__version__} · {what}"
    warning = RESEARCH_ONLY.rstrip(".").lower()
    wide, bottom = sheet.width > 100, sheet.height - 1.0
    looks: dict[str, Any] = {"fontsize": SMALL, "color": FAINT, "va": "bottom"}
    sheet.text(2, bottom if wide else bottom - 2.3, words, **looks)
    if wide:
        sheet.text(sheet.width - 2, bottom, warning, ha="right", **looks)
    else:
        sheet.text(2, bottom, warning, **looks)

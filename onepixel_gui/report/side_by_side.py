"""The "comparison" figure: the maps of two classifiers on one tile, and where they differ."""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from onepixel_gui.analysis.comparison import Difference, Layer, Unit, difference
from onepixel_gui.attack.probe import Floats
from onepixel_gui.report import panels
from onepixel_gui.report.captions import caption_comparison
from onepixel_gui.report.exhibit import ComparisonExhibit, Style
from onepixel_gui.report.plates import HEAD, Plate, footer
from onepixel_gui.report.sheet import BLUE, FAINT, VERMILION, Sheet, fit
from onepixel_gui.report.wording import TIMES, Quantity, palette_name
from onepixel_gui.tiles.tile import Window

Colours = NDArray[np.uint8]
_WORDS: dict[Quantity, str] = {
    "lowest": "lowest confidence",
    "highest": "highest confidence",
    "change": "logit change",
}


@dataclass(frozen=True, slots=True)
class _Places:
    """Where panels stand, mm from the top left, and how large a map may be."""

    height: float
    side: float
    tile: tuple[float, float]
    maps: tuple[tuple[float, float], tuple[float, float]]
    difference: tuple[float, float]
    bars: tuple[float, float]
    bars_width: float
    told: tuple[float, float]


_WIDE = _Places(
    height=124.0, side=46.0, tile=(2, 0), maps=((62, 0), (118, 0)), difference=(62, 63),
    bars=(139, 63), bars_width=36.0, told=(2, 70),
)  # fmt: skip
_NARROW = _Places(
    height=146.0, side=29.0, tile=(2, 0), maps=((10, 46), (45, 46)), difference=(10, 92),
    bars=(60, 92), bars_width=19.0, told=(38, 6),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scale:
    """Colours of a range of values. mark: where answers part."""

    table: str
    low: float
    high: float
    words: str
    mark: float | None = None

    @property
    def colours(self) -> Colours:
        """(256, 3) from low to high."""
        table: Colours = mpl.colormaps[self.table](np.arange(256), bytes=True)[:, :3]
        return table

    def paint(self, values: Floats) -> Colours:
        """(H, W) -> (H, W, 3)."""
        normed = Normalize(self.low, self.high)(values)
        painted: Colours = mpl.colormaps[self.table](normed, bytes=True)[..., :3]
        return painted


def comparison(exhibit: ComparisonExhibit, style: Style) -> Plate:
    """Call it inside `sheet.drawing()`."""
    places = _WIDE if style.width_mm == 183 else _NARROW
    sheet = Sheet(style.width_mm, places.height, style.dpi)
    tile, found = exhibit.tile, exhibit.found
    size = fit(tile.shape, places.side, places.side)
    left, top = places.tile
    sheet.heading(left, top, "a", "tile")
    axes = sheet.picture(left, top + HEAD, tile.rgb, size)
    for window in dict.fromkeys((found.a.map.window, found.b.map.window)):
        if tile.shape != window.shape:
            panels.frame(axes, window)
    bar = sheet.scale_bar(left, top + HEAD + size.height + 1, size, tile.shape[1], tile.mpp)
    _maps(sheet, exhibit, places)
    _difference(sheet, exhibit, places)
    _flips(sheet, exhibit, places)
    _told(sheet, exhibit, places.told)
    footer(
        sheet,
        f"A {exhibit.cards[0].sha256[:8]} · B {exhibit.cards[1].sha256[:8]} · "
        f"tile {tile.sha256[:8]} · {palette_name(found.a.swept)}",
    )
    caption = caption_comparison(
        tile, exhibit.cards, found, exhibit.quantity, enlarged=size.told, bar=bar
    )
    return Plate(sheet, "comparison", f"Two classifiers on {tile.name}", caption)


def _unit(exhibit: ComparisonExhibit) -> Unit:
    return "logit" if exhibit.quantity == "change" else "confidence"


def _layers(exhibit: ComparisonExhibit) -> tuple[Layer, Layer]:
    return Layer.swept(exhibit.found.a.swept), Layer.swept(exhibit.found.b.swept)


def _maps(sheet: Sheet, exhibit: ComparisonExhibit, places: _Places) -> None:
    """Panels b and c, on one scale."""
    pair = _layers(exhibit)
    values = [layer.values(exhibit.quantity, _unit(exhibit)) for layer in pair]
    scale = _scale_of(exhibit, values)
    both = exhibit.found.a.map.flips, exhibit.found.b.map.flips
    for place, layer, shown, flips, letter in zip(
        places.maps, pair, values, both, "bc", strict=True
    ):
        heading = letter, f"{'A' if letter == 'b' else 'B'}, {_WORDS[exhibit.quantity]}"
        axes, edge = _map(sheet, place, places.side, heading, scale.paint(shown), layer.window)
        panels.outline_mask(axes, flips, layer.window)
        if letter == "c":
            _key(sheet, edge, place[1], axes, scale)


def _scale_of(exhibit: ComparisonExhibit, values: list[Floats]) -> _Scale:
    if exhibit.quantity == "change":
        most = max(float(np.abs(each).max()) for each in values) or 1.0
        return _Scale("RdBu_r", -most, most, "Δ logit")
    asked, other = exhibit.found.a.swept.question, exhibit.found.b.swept.question
    mark = asked.threshold if asked.threshold == other.threshold else None
    return _Scale("viridis", 0.0, 1.0, f"{panels.short(asked.subject)} confidence", mark)


def _difference(sheet: Sheet, exhibit: ComparisonExhibit, places: _Places) -> None:
    """Panel d."""
    found = _between(exhibit)
    most = float(np.abs(found.values).max()) or 1.0
    words = "Δ logit" if exhibit.quantity == "change" else "confidence"
    scale = _Scale("PuOr_r", -most, most, f"B less A, {words}")
    picture = scale.paint(found.values)
    heading = ("d", "B less A, where both look")
    place = places.difference
    axes, edge = _map(sheet, place, places.side, heading, picture, found.window)
    panels.outline_mask(axes, exhibit.found.flips_a & exhibit.found.flips_b, found.window)
    _key(sheet, edge, place[1], axes, scale)


def _between(exhibit: ComparisonExhibit) -> Difference:
    found = difference(*_layers(exhibit), exhibit.quantity, _unit(exhibit))
    assert found is not None, "two sweeps are compared only where both look somewhere"
    return found


def _map(
    sheet: Sheet,
    place: tuple[float, float],
    side: float,
    heading: tuple[str, str],
    rgb: Colours,
    window: Window,
) -> tuple[Axes, float]:
    """A map with its coordinates; where it ends on the right."""
    (left, top), size = place, fit(window.shape, side, side)
    sheet.heading(left, top, *heading)
    axes = sheet.picture(left, top + HEAD, rgb, size, (window.row, window.column))
    panels.coordinates(axes, window)
    axes.set_xlabel("column (px)")
    axes.set_ylabel("row (px)")
    return axes, left + size.width


def _key(sheet: Sheet, left: float, top: float, axes: Axes, scale: _Scale) -> None:
    """The scale, as tall as the map that it stands beside."""
    tall = axes.get_position().height * sheet.height
    key = sheet.axes(left + 1.8, top + HEAD, 2.2, tall)
    panels.colour_bar(key, scale.colours, scale.low, scale.high, scale.words, scale.mark)


def _flips(sheet: Sheet, exhibit: ComparisonExhibit, places: _Places) -> None:
    """Panel e: how many positions flip A alone, both, and B alone."""
    found, (left, top) = exhibit.found, places.bars
    sheet.heading(left, top, "e", "positions that flip")
    axes = sheet.axes(left + 6, top + HEAD + 2, places.bars_width, places.side - 8)
    counts = (found.only_a, found.both, found.only_b)
    axes.bar(range(3), counts, width=0.6, color=[BLUE, FAINT, VERMILION], linewidth=0)
    for at, count in enumerate(counts):
        axes.text(at, count, f"{count:,}", ha="center", va="bottom")
    axes.set(xlim=(-0.6, 2.6), ylim=(0, 1.18 * max(*counts, 1)), xticks=[0, 1, 2])
    axes.set_xticklabels(["A\nonly", "both", "B\nonly"])
    axes.tick_params(axis="x", length=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _told(sheet: Sheet, exhibit: ComparisonExhibit, place: tuple[float, float]) -> None:
    """Who A and B are, and the numbers of both."""
    found, (left, top) = exhibit.found, place
    lines: list[str] = []
    for side, card, one in zip("AB", exhibit.cards, (found.a, found.b), strict=True):
        flips, total = one.map.flipping_positions, one.map.flips.size
        lines += [f"{side}: {panels.short(card.name, 34)}"]
        lines += [f"{flips:,} of {total:,} positions flip", f"{one.swept.queries:,} queries", ""]
    overlap = "no position flips" if found.overlap is None else f"IoU {found.overlap:.2f}"
    same = "constant map" if found.correlation is None else f"r = {_signed(found.correlation)}"
    height, width = found.window.shape
    lines += [f"where both look, {height} {TIMES} {width} px:", f"{overlap}; |Δ logit| {same}"]
    lines += ["outlined: flips (in d, both)"]
    for number, line in enumerate(lines):
        sheet.text(left, top + 3.3 * number, line)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")

"""Histograms that can be brushed: tiles that flipped upwards, tiles that held downwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QWidget

from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers
from onepixel_gui.qt.panes.marks import small_font
from onepixel_gui.qt.population.brushing import FLIPPED, Brush, Range
from onepixel_gui.qt.population.columns import bins, counts
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.plot import Plot, faded

_ROOM = 1.12  # above the highest bar


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How one quantity is cut into bars.

    expected: (B,) share of each bar by chance, None where chance says nothing.
    whole:    bars are whole numbers, and each has its tick.
    """

    quantity: str
    edges: Floats
    label: str
    expected: Floats | None = None
    whole: bool = False


class BarsPane(LinkedPane):
    """Shares of the flipped tiles above the line, of the held ones below it."""

    def __init__(self, title: str, key: str, parent: QWidget | None = None) -> None:
        super().__init__(title, key, parent)
        self.scale: Scale | None = None
        self.flips_only = False
        self._bins: Integers = np.empty(0, np.int64)
        self._all: dict[int, Floats] = {}  # of each side: tiles in each bar
        self._at = -1  # the bar that the arrow keys stand at
        self._anchor = -1
        self.plot = Plot(title, ("share of tiles, %", ""))
        self._names = [pg.TextItem("flipped", anchor=(1, 0)), pg.TextItem("held", anchor=(1, 1))]
        for name in self._names:  # made once: a text takes as long as all bars
            name.textItem.setFont(small_font())
        self.body.addWidget(self.plot, 1)
        self.plot.dragged.connect(self._drag)
        self.plot.clicked.connect(self._click)
        self.plot.stepped.connect(self._step)

    def set_scale(self, scale: Scale | None) -> None:
        """Another quantity, or its bars cut otherwise."""
        self.scale, self._at = scale, -1
        self.arrange()
        self.draw()

    def dress(self) -> None:
        self.plot.dress(self.theme)
        for name in self._names:
            name.setColor(self.theme.faint)
            name.fill = pg.mkBrush(faded(self.theme.card, 215))  # legible over a bar

    def arrange(self) -> None:
        columns, scale = self.columns, self.scale
        if columns is not None and scale is not None:
            values = columns.values(scale.quantity)
            self._bins = bins(values, scale.edges)
            if self.flips_only:
                self._bins = np.where(columns.flipped, self._bins, -1)
            size, of = len(scale.edges) - 1, columns.flipped
            self._all = {1: counts(self._bins, size, of), -1: counts(self._bins, size, ~of)}

    def mark(self, brush: Brush | None) -> None:
        scale = self.scale
        rect = None
        ranges = () if brush is None else brush.ranges
        if scale is not None and ranges and ranges[0].quantity == scale.quantity:
            each = ranges[0]
            low, high = max(each.low, scale.edges[0]), min(each.high, scale.edges[-1])
            rect = QRectF(low, -1000, high - low, 2000)
        self.plot.show_band(rect)

    # -------------------------------------------------------------- drawing
    def draw(self) -> None:
        columns, scale = self.columns, self.scale
        shown, band = self.plot.band.isVisible(), self.plot.band.rect()
        if columns is None or scale is None or not len(columns):
            self.plot.say("No tiles yet")
            return
        self.plot.begin()
        flipped = columns.flipped
        sides = ((1, flipped), (-1, ~flipped))
        reach = [self._draw_side(sign, of, scale) for sign, of in sides]
        self._tick(scale, reach[0], reach[1])
        if shown:
            self.plot.show_band(band)

    def _draw_side(self, sign: int, of: Bools, scale: Scale) -> float:
        """The height of its highest bar, in %; 0 where there are none."""
        size = len(scale.edges) - 1
        all_ = self._all[sign]
        total = all_.sum()
        if not total:
            return 0.0
        share = 100 * all_ / total
        rest = (self.theme.flip if sign > 0 else self.theme.faint) if self.which is None else ""
        self._add_bars(scale, sign * share, rest or self.theme.edge)
        if self.which is not None:
            some = counts(self._bins, size, of & self.which)
            self._add_bars(scale, sign * 100 * some / total, self.theme.accent)
        top = float(share.max())
        if scale.expected is not None:
            self._add_expected(scale.edges, sign * 100 * scale.expected)
            top = max(top, float(100 * scale.expected.max()))
        return top

    def _add_bars(self, scale: Scale, height: Floats, colour: str) -> None:
        left, right = scale.edges[:-1], scale.edges[1:]
        gap = (right - left) * (0.2 if scale.whole else 0.06)
        brush, pen = pg.mkBrush(colour), pg.mkPen(None)
        self.plot.addItem(
            pg.BarGraphItem(
                x0=left + gap / 2, x1=right - gap / 2, height=height, brush=brush, pen=pen
            )
        )

    def _add_expected(self, edges: Floats, share: Floats) -> None:
        pen = pg.mkPen(self.theme.text, width=1.3, style=Qt.PenStyle.DashLine)
        self.plot.addItem(pg.PlotCurveItem(np.repeat(edges, 2)[1:-1], np.repeat(share, 2), pen=pen))

    def _tick(self, scale: Scale, up: float, down: float) -> None:
        top, bottom = up * _ROOM, -down * _ROOM
        if top == bottom == 0:
            self.plot.say("None flipped" if self.flips_only else "No values")
            return
        self.plot.span((scale.edges[0], scale.edges[-1]), (bottom, top))
        self.plot.tick("left", bottom, top)
        axis = self.plot.getAxis("bottom")
        if scale.whole:
            middles = zip(scale.edges[:-1] + 0.5, scale.edges[:-1] + 0.5, strict=True)
            axis.setTicks([[(float(x), f"{int(name)}") for x, name in middles]])
        else:
            self.plot.tick("bottom", scale.edges[0], scale.edges[-1])
        self.plot.label("% of each" if up and down else "% of tiles", scale.label)
        if up and down:
            self.plot.addItem(pg.InfiniteLine(0, 0, pen=pg.mkPen(self.theme.edge, width=1)))
        for name, y in zip(self._names, (top, bottom), strict=True):
            if y:
                name.setPos(float(scale.edges[-1]), y)
                self.plot.addItem(name)

    # -------------------------------------------------------------- brushing
    def _drag(self, start: QPointF, now: QPointF, adding: bool) -> None:
        ends = self._bar(start.x()), self._bar(now.x())
        self._brush(min(ends), max(ends), adding)

    def _click(self, at: QPointF, adding: bool) -> None:
        self._anchor = self._at = self._bar(at.x())
        self._brush(self._at, self._at, adding)

    def _step(self, by: int, adding: bool) -> None:
        """Arrows move a selection of one bar; with Shift they stretch it."""
        if self.scale is None:
            return
        last = len(self.scale.edges) - 2
        start = (0 if by > 0 else last) if self._at < 0 else self._at + by
        self._at = min(max(start, 0), last)
        if not adding or self._anchor < 0:
            self._anchor = self._at
        self._brush(min(self._anchor, self._at), max(self._anchor, self._at), adding)

    def _bar(self, x: float) -> int:
        if self.scale is None:
            return -1
        edges = self.scale.edges
        return int(np.clip(np.searchsorted(edges, x, "right") - 1, 0, len(edges) - 2))

    def _brush(self, first: int, last: int, adding: bool) -> None:
        """Whole bars, so that what is seen is what is selected."""
        scale = self.scale
        if scale is None or self.columns is None or first < 0:
            return
        low, high = float(scale.edges[first]), float(scale.edges[last + 1])
        closed = last == len(scale.edges) - 2
        found = Range(scale.quantity, low, high, closed, scale.whole)
        ranges: list[Range] = [found]
        if self.flips_only:
            ranges.append(FLIPPED)
        self.brushed.emit(Brush(self.key, tuple(ranges)), adding)


def legend(parts: Sequence[Any]) -> str:
    """ "a · b" of those that say something."""
    return " · ".join(str(each) for each in parts if each)

"""Queries until the first flip: which share of all tiles had flipped after so many."""

from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF

from onepixel_gui.analysis.population.outcomes import Floats
from onepixel_gui.qt.population.brushing import Brush, Range
from onepixel_gui.qt.population.columns import Columns, bins, counts
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.plot import Plot
from onepixel_gui.report.population import phrases
from onepixel_gui.report.wording import counted

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Directed, Examined

_STEPS = 160  # of the line


class QueriesPane(LinkedPane):
    """An interval of queries may be brushed."""

    def __init__(self) -> None:
        super().__init__("Queries to the first flip", "queries")
        self._edges: Floats = np.empty(0)
        self._bins = np.empty(0, np.int64)
        self.plot = Plot("Queries to the first flip", ("tiles flipped, %", "queries"))
        self.body.addWidget(self.plot, 1)
        self.plot.dragged.connect(self._drag)
        self.plot.clicked.connect(lambda _at, adding: self.brushed.emit(Brush(self.key), adding))

    def dress(self) -> None:
        self.plot.dress(self.theme)

    def arrange(self) -> None:
        columns = self.columns
        if columns is None:
            return
        values = columns.values("first flip")
        known = values[np.isfinite(values)]
        self._edges = np.empty(0)
        if len(known):
            low, high = max(float(known.min()), 1.0), max(float(known.max()), 2.0)
            self._edges = np.geomspace(low * 0.9, high * 1.02, _STEPS + 1)
            self._bins = bins(np.maximum(values, low), self._edges)

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        del examined, directed
        columns = self.columns
        if columns is None:
            self.set_state("")
            return
        values = columns.values("first flip")
        known = values[np.isfinite(values)]
        if not len(known):
            self.set_state("")
            return
        median = phrases.number(float(np.median(known)), 4)
        self.set_state(f"median {median} · n = {counted(len(known), 'flip', 'flips')}")

    def mark(self, brush: Brush | None) -> None:
        rect = None
        if brush is not None and brush.ranges:
            each = brush.ranges[0]
            low, high = np.log10(max(each.low, 1e-3)), np.log10(max(each.high, 1e-3))
            rect = QRectF(float(low), -10, float(high - low), 1000)
        self.plot.show_band(rect)

    def draw(self) -> None:
        columns = self.columns
        shown, band = self.plot.band.isVisible(), self.plot.band.rect()
        if columns is None or not len(self._edges):
            self.plot.say(_why_nothing(columns))
            return
        self.plot.begin()
        at = np.log10(self._edges)
        top = self._draw_line(at, None, self.theme.flip if self.which is None else self.theme.faint)
        if self.which is not None:
            self._draw_line(at, self.which, self.theme.accent)
        self.plot.span((float(at[0]), float(at[-1])), (0, top * 1.1))
        self._tick(at)
        self.plot.tick("left", 0, top * 1.1)
        if shown:
            self.plot.show_band(band)

    def _draw_line(self, at: Floats, which: "np.ndarray | None", colour: str) -> float:
        """The share of all tiles that it ends at, in %."""
        columns = self.columns
        assert columns is not None
        share = 100 * np.cumsum(counts(self._bins, _STEPS, which)) / max(len(columns), 1)
        pen = pg.mkPen(colour, width=2)
        self.plot.addItem(pg.PlotCurveItem(at, share, pen=pen, stepMode="center"))
        return float(share[-1])

    def _tick(self, at: Floats) -> None:
        first, last = int(np.floor(at[0])), int(np.ceil(at[-1]))
        wide = last - first > 3
        ticks = [
            (float(np.log10(many * 10.0**power)), f"{many * 10**power:,}")
            for power in range(max(first, 0), last + 1)
            for many in ((1,) if wide else (1, 2, 5))
            if at[0] <= np.log10(many * 10.0**power) <= at[-1]
        ]
        if len(ticks) < 2:  # all within a part of a decade
            ends = sorted({ceil(10 ** at[0]), round(10 ** at[at.size // 2]), floor(10 ** at[-1])})
            ticks = [(float(np.log10(many)), f"{many:,}") for many in ends if many > 0]
        self.plot.getAxis("bottom").setTicks([ticks])

    def _drag(self, start: QPointF, now: QPointF, adding: bool) -> None:
        if not len(self._edges):
            return
        ends = np.clip(
            np.searchsorted(np.log10(self._edges), sorted((start.x(), now.x())), "right") - 1,
            0, _STEPS - 1,
        )  # fmt: skip
        low, high = float(self._edges[ends[0]]), float(self._edges[ends[1] + 1])
        self.brushed.emit(Brush(self.key, (Range("first flip", low, high),)), adding)


def _why_nothing(columns: Columns | None) -> str:
    if columns is None:
        return "No tiles yet"
    return "A sweep asks every place" if columns.flipped.any() else "None flipped"

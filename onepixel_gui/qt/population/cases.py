"""How often the tiles of each case flip, with intervals."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.analysis.population.shares import wilson
from onepixel_gui.qt.population.brushing import Brush
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.plot import Plot
from onepixel_gui.report.wording import counted

_NAMED = 14  # cases whose names find room below the axis


@dataclass(frozen=True, slots=True)
class _Case:
    name: str
    number: int
    flipped: int
    n: int
    low: float
    high: float


class CasesPane(LinkedPane):
    """Sorted by rate; a click selects a case."""

    def __init__(self) -> None:
        super().__init__("Success by case", "case")
        self._cases: tuple[_Case, ...] = ()
        self._at = -1
        self.plot = Plot("Success by case", ("tiles flipped, %", "case"))
        self.body.addWidget(self.plot, 1)
        self.plot.clicked.connect(self._click)
        self.plot.dragged.connect(lambda _start, now, adding: self._click(now, adding))
        self.plot.stepped.connect(self._step)

    def dress(self) -> None:
        self.plot.dress(self.theme)

    def arrange(self) -> None:
        columns = self.columns
        self._cases = () if columns is None else _counted(columns)
        self.set_state(
            "" if columns is None else f"{counted(len(self._cases), 'case', 'cases')} · 95 % Wilson"
        )

    def mark(self, brush: Brush | None) -> None:
        names = [each.name for each in self._cases]
        if brush is None or brush.case not in names:
            self.plot.show_band(None)
        else:
            self._at = names.index(brush.case)
            self.plot.show_band(QRectF(self._at - 0.5, -10, 1, 200))

    def draw(self) -> None:
        shown, band = self.plot.band.isVisible(), self.plot.band.rect()
        columns, cases = self.columns, self._cases
        if columns is None or not cases:
            self.plot.say("No tiles yet" if columns is None else "No cases are known")
            return
        self.plot.begin()
        x = np.arange(len(cases), dtype=np.float64)
        low, high = (np.array([getattr(c, end) for c in cases]) * 100 for end in ("low", "high"))
        share = np.array([100 * c.flipped / c.n for c in cases])
        if self.which is not None:
            self._draw_selected(columns, self.which, x)
        ink = self.theme.flip if self.which is None else self.theme.faint
        ends = np.stack([low, high], 1).ravel()
        stems = pg.PlotCurveItem(
            np.repeat(x, 2), ends, connect="pairs", pen=pg.mkPen(self.theme.faint, width=1)
        )
        self.plot.addItem(stems)
        self.plot.addItem(
            pg.ScatterPlotItem(x, share, size=6 if len(cases) < 60 else 4, brush=ink, pen=None)
        )
        total = 100 * float(columns.flipped.mean())
        dashes = pg.mkPen(self.theme.text, width=1, style=Qt.PenStyle.DashLine)
        self.plot.addItem(pg.InfiniteLine(total, 0, pen=dashes))
        self.plot.span((-0.7, len(cases) - 0.3), (0, min(105.0, float(high.max()) * 1.05 + 1)))
        few = len(cases) <= _NAMED
        ticks = [(float(i), _short(c.name)) for i, c in enumerate(cases)] if few else []
        self.plot.getAxis("bottom").setTicks([ticks])
        self.plot.tick("left", 0, min(105.0, float(high.max()) * 1.05 + 1))
        self.plot.label(
            "tiles flipped, %",
            f"{'case' if few else f'{len(cases):,} cases'}, by rate (dashed: all)",
        )
        if shown:
            self.plot.show_band(band)

    def _draw_selected(self, columns: Columns, which: Bools, x: np.ndarray) -> None:
        """Which share of each case is selected, as bars behind."""
        chosen = np.bincount(
            columns.outcomes.case[which & (columns.outcomes.case >= 0)],
            minlength=len(columns.outcomes.cases),
        )
        share = np.array([100 * chosen[each.number] / each.n for each in self._cases])
        bars = pg.BarGraphItem(
            x=x, height=share, width=0.7, brush=pg.mkBrush(self.theme.accent), pen=pg.mkPen(None)
        )
        self.plot.addItem(bars)

    def _click(self, at: QPointF, adding: bool) -> None:
        self._choose(round(at.x()), adding)

    def _step(self, by: int, adding: bool) -> None:
        self._choose(min(max(self._at + by, 0), len(self._cases) - 1), adding)

    def _choose(self, index: int, adding: bool) -> None:
        if 0 <= index < len(self._cases):
            self._at = index
            self.brushed.emit(Brush(self.key, case=self._cases[index].name), adding)


def _counted(columns: Columns) -> tuple[_Case, ...]:
    found = columns.outcomes
    known = found.case >= 0
    size = len(found.cases)
    n = np.bincount(found.case[known], minlength=size)
    flips = np.bincount(found.case[known & found.flipped], minlength=size)
    cases = []
    for number in np.flatnonzero(n):
        ends = wilson(int(flips[number]), int(n[number]))
        assert ends is not None
        name, tiles = found.cases[number], int(n[number])
        cases.append(_Case(name, int(number), int(flips[number]), tiles, ends.low, ends.high))
    return tuple(sorted(cases, key=lambda each: (each.flipped / each.n, each.name)))


def _short(name: str) -> str:
    return name.removeprefix("case ") if len(name) <= 9 else f"…{name[-6:]}"

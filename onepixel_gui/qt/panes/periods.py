"""Periods of the row and column sensitivity."""

from math import floor, log10
from typing import Any, assert_never

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QWidget

from onepixel_gui.analysis.periodicity import SHORT, Periods, Spectrum
from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.panes.controls import Part, Readout, Swatch
from onepixel_gui.qt.panes.marks import small_font, value_ticks
from onepixel_gui.qt.theme import DARK, Card, Theme
from onepixel_gui.report.wording import power_of_ten
from onepixel_gui.tiles.tile import Tile, Window

LONGEST = 16.0  # px: longer periods are the object's own shape and would dwarf the rest
_TICKS = (16, 8, 4, 3, 2)
WAITING = "Periods follow from a finished sweep"
TOO_SMALL = "The window is too small for periods"


class PeriodsPane(Card):
    """Power by period, rows beside columns, each with the 95 % of its position-shuffled maps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Row and column periods", parent)
        self._theme: Theme = DARK
        self._examined: Sensitivity | None = None
        self._legend = Readout("Mean sensitivity of even and odd positions")
        self._legend.align_left()
        self.plot = pg.PlotWidget(enableMenu=False)  # menus take half of it
        self._hint = pg.TextItem(anchor=(0.5, 0.5))
        self._prepare_plot()
        self.body.addWidget(self._legend)
        self.body.addWidget(self.plot, 1)
        self._draw()

    def _prepare_plot(self) -> None:
        self.plot.setAccessibleName("Power by period")
        for part in (self.plot, self.plot.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setMinimumSize(200, 90)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.getViewBox().disableAutoRange()
        self._hint.textItem.setFont(small_font(13))
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickFont=small_font(), tickLength=-4, tickTextOffset=4)
        self.plot.getAxis("left").setWidth(46)
        self.plot.getAxis("bottom").setHeight(42)
        self.plot.plotItem.setContentsMargins(0, 5, 0, 5)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._legend.set_theme(theme)
        self._tell_means()
        self.plot.setBackground(theme.card)
        self._hint.setColor(theme.faint)
        style = {"color": theme.faint, "font-size": "11px"}
        for side, label in (("left", "power, logit²"), ("bottom", "period, px")):
            axis = self.plot.getAxis(side)
            axis.setPen(theme.edge)
            axis.setTickPen(theme.faint)
            axis.setTextPen(theme.faint)
            axis.setLabel(label, **style)
        self._draw()

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:
        """Any other tile clears what was examined."""
        del tile, window
        self._clear()

    def take(self, event: Event) -> None:
        match event:
            case SweepBegan():
                self._clear()
            case Began() | Advanced() | Ended() | Painted() | Swept() | Responded():
                pass
            case _:
                assert_never(event)

    def examine(self, sensitivity: Sensitivity) -> None:
        self._examined = sensitivity
        self.set_state(verdict(sensitivity.periods))
        self._tell_means()
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()

    def _clear(self) -> None:
        self._examined = None
        self.set_state("")
        self._tell_means()
        self._draw()

    def _tell_means(self) -> None:
        self._legend.say(*(self._wordings(self._examined) if self._examined else ()))

    def _wordings(self, sensitivity: Sensitivity) -> tuple[list[Part], ...]:
        found = sensitivity.profiles
        rows, columns = Swatch(self._theme.row), Swatch(self._theme.column, "hollow")
        null = Swatch(self._theme.text, "dashed")
        means = [
            f"even {even:.2f} · odd {odd:.2f}"
            for even, odd in (found.row_parity, found.column_parity)
        ]
        both: list[Part] = [rows, f"rows {means[0]}", columns, f"columns {means[1]}"]
        short: list[Part] = [rows, means[0], columns, means[1]]
        return [*both, null, "95 % of shuffles"], [*both, null, "95 %"], both, short

    def _draw(self) -> None:
        self.plot.clear()
        spectra = self._spectra()
        if not spectra:
            self._draw_hint()
            return
        step = min(float(np.diff(f).min()) if len(f) > 1 else 0.1 for f, _, _ in spectra)
        top = max(float(max(power.max(), null.max())) for _, power, null in spectra)
        for (frequency, power, null), side, colour in zip(
            spectra, (-1, 1), (self._theme.row, self._theme.column), strict=True
        ):
            self._draw_series(frequency + side * step * 0.2, power, null, step * 0.36, colour, side)
        self.plot.setXRange(1 / LONGEST - step * 0.8, 0.5 + step * 0.8, padding=0)
        self.plot.getAxis("bottom").setTicks([[(1 / period, str(period)) for period in _TICKS]])
        self._scale_power(top * 1.08 or 1.0)

    def _scale_power(self, top: float) -> None:
        """Small powers are read as so many 10⁻ⁿ logit²."""
        power = min(0, floor(log10(top))) if top < 0.1 else 0
        self.plot.setYRange(0, top, padding=0)
        ticks = value_ticks(top / 10.0**power, max(2, self.plot.height() // 40))
        axis = self.plot.getAxis("left")
        axis.setTicks([[(at * 10.0**power, text) for at, text in ticks]])
        unit = f"{power_of_ten(power)} logit²" if power else "logit²"
        self._name_power(unit)

    def _name_power(self, unit: str) -> None:
        """The unit alone where the axis is too short for more."""
        axis, whole = self.plot.getAxis("left"), f"power, {unit}"
        room = self.plot.height() - self.plot.getAxis("bottom").height() - 10
        fits = QFontMetricsF(small_font()).horizontalAdvance(whole) < room
        axis.setLabel(whole if fits else unit)

    def _draw_series(
        self,
        at: NDArray[np.float64],
        power: NDArray[np.float64],
        null: NDArray[np.float64],
        width: float,
        colour: str,
        side: int,
    ) -> None:
        """Rows (side -1) as filled bars, columns as hollow ones; the null as a dashed line."""
        fill = pg.mkColor(colour)
        fill.setAlpha(255 if side < 0 else 60)
        bars = pg.BarGraphItem(
            x=at, height=power, width=width, brush=fill, pen=pg.mkPen(colour, width=1)
        )
        dashes = Qt.PenStyle.DashLine if side < 0 else Qt.PenStyle.DotLine
        self.plot.addItem(bars)
        self.plot.addItem(pg.PlotCurveItem(at, null, pen=pg.mkPen(colour, width=1.4, style=dashes)))

    def _spectra(self) -> list[tuple[Any, Any, Any]]:
        """(frequency, power, null) of rows and of columns, periods up to LONGEST."""
        if self._examined is None:
            return []
        found = self._examined.periods
        shown = []
        for one in (found.row, found.column):
            short = one.period <= LONGEST + 1e-9
            if not short.any():
                return []
            shown.append((1 / one.period[short], one.power[short], one.null[short]))
        return shown

    def _draw_hint(self) -> None:
        self._hint.setText(WAITING if self._examined is None else TOO_SMALL)
        self._hint.setPos(0.5, 0.5)
        self.plot.addItem(self._hint)
        self.plot.setXRange(0, 1, padding=0)
        self.plot.setYRange(0, 1, padding=0)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setTicks([[]])
        self._name_power("logit²")


def verdict(periods: Periods) -> str:
    """What holds of the strongest short periods, in one line."""
    row, column = periods.row, periods.column
    beyond = [one for one in (row, column) if one.beyond_null]
    if len(beyond) == 2:
        if row.strongest == column.strongest:
            return f"{_pixels(row)} in both axes, beyond 95 % of shuffles"
        return f"rows {_pixels(row)}, columns {_pixels(column)}, beyond 95 % of shuffles"
    if beyond:
        name = "rows" if beyond[0].axis == "row" else "columns"
        return f"{_pixels(beyond[0])} in {name} only, beyond 95 % of shuffles"
    return f"no period up to {SHORT:g} px beyond 95 % of shuffles"


def _pixels(spectrum: Spectrum) -> str:
    return f"{spectrum.strongest:.3g} px"

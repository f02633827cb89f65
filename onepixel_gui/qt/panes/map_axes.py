"""Where the parts of the map lie, its axes, and the two profiles beside it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsScene

from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.theme import DARK, Theme
from onepixel_gui.tiles.tile import Window

_TOP, _GAP, _EDGE = 6.0, 7.0, 8.0
_AXIS_LEFT, _AXIS_BOTTOM = 42.0, 34.0
_LEAST_SIDE, _LEAST_UNDER, _MOST = 78.0, 42.0, 150.0
MEAN = "mean |Δ logit|"
_ROOM_FOR_MEAN = 80.0


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where everything lies, in logical pixels of the view."""

    map: QRectF
    row: QRectF
    column: QRectF
    legend: QRectF


def arrange(width: float, height: float, window: Window, ratio: float) -> Arrangement:
    """Whole device pixels per position; profiles take what is left, the corner the legend."""
    rows, columns = window.shape
    across = (width - _AXIS_LEFT - _GAP - _LEAST_SIDE - _EDGE) / columns
    down = (height - _TOP - _GAP - _LEAST_UNDER - _AXIS_BOTTOM) / rows
    scale = marks.whole_scale(max(1.0, min(across, down)), 1, ratio)
    extent_x, extent_y = columns * scale, rows * scale
    side = min(max(_LEAST_SIDE, width - _AXIS_LEFT - extent_x - _GAP - _EDGE), _MOST)
    under = min(max(_LEAST_UNDER, height - _TOP - extent_y - _GAP - _AXIS_BOTTOM), _MOST)
    spare = max(0.0, width - _AXIS_LEFT - extent_x - _GAP - side - _EDGE)
    left = round((_AXIS_LEFT + spare / 2) * ratio) / ratio
    box = QRectF(left, _TOP, extent_x, extent_y)
    beside = box.right() + _GAP
    corner = box.bottom() + _AXIS_BOTTOM + 6
    bottom = box.bottom() + _GAP + under + _AXIS_BOTTOM
    return Arrangement(
        box,
        QRectF(beside, box.top(), side, extent_y),
        QRectF(left, box.bottom() + _GAP, extent_x, under),
        QRectF(beside, corner, side - 1, bottom - corner),
    )


class Profile:
    """One profile: a line with a dot for each position, even ones filled, odd ones open.

    Estimates have no dot, and their line is dotted.
    """

    def __init__(self, box: pg.ViewBox, *, upright: bool) -> None:
        self._upright = upright
        self._line, self._guess, self._even, self._odd = (
            pg.PlotCurveItem(antialias=True, connect="finite"),
            pg.PlotCurveItem(antialias=True, connect="finite"),
            pg.ScatterPlotItem(pxMode=True),
            pg.ScatterPlotItem(pxMode=True),
        )
        for item in (self._line, self._guess, self._even, self._odd):
            box.addItem(item, ignoreBounds=True)

    def set_theme(self, colour: str, ground: str) -> None:
        thin = QColor(colour)
        thin.setAlpha(150)
        self._line.setPen(pg.mkPen(thin, width=1))
        # Dashes wider than 1 px would cost a third of a frame, each.
        self._guess.setPen(pg.mkPen(colour, width=1, dash=(3, 2)))
        self._even.setPen(pg.mkPen(colour, width=1))
        self._even.setBrush(pg.mkBrush(colour))
        self._odd.setPen(pg.mkPen(colour, width=1))
        self._odd.setBrush(pg.mkBrush(ground))

    def show(
        self, values: NDArray[np.float64], sure: NDArray[np.bool_], first: int, size: float
    ) -> None:
        """values: (N,), the first at tile position `first`.  sure: (N,), no estimate is part of it.

        size: of a dot; 0 for none.
        """
        at = first + np.arange(len(values)) + 0.5
        x, y = (values, at) if self._upright else (at, values)
        known = np.where(sure, values, np.nan)
        self._line.setData(*((known, at) if self._upright else (at, known)))
        guessed = slice(0, 0) if sure.all() else slice(None)
        self._guess.setData(x[guessed], y[guessed])
        for item, parity in ((self._even, 0), (self._odd, 1)):
            dots = sure & (np.arange(len(values)) % 2 == parity) & (size > 0)
            item.setData(x[dots], y[dots], size=size or 1)


class MapAxes:
    """The four axes around map and profiles: rows, columns, and the values of both profiles."""

    def __init__(self, scene: QGraphicsScene) -> None:
        self._theme: Theme = DARK
        self._rows, self._columns, self._row_values, self._column_values = self._all = [
            _axis(side) for side in ("left", "bottom", "bottom", "left")
        ]
        for axis in self._all:
            scene.addItem(axis)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for axis in self._all:
            axis.setPen(pg.mkPen(theme.edge))
            axis.setTickPen(pg.mkPen(theme.faint))
            axis.setTextPen(pg.mkPen(theme.faint))

    def place(self, places: Arrangement, window: Window, *, active: bool) -> None:
        """Positions are those of the tile, so the window's offset is part of the ticks."""
        m, r, c, w = places.map, places.row, places.column, window
        for axis, place in (
            (self._rows, QRectF(m.left() - _AXIS_LEFT, m.top(), _AXIS_LEFT, m.height())),
            (self._columns, QRectF(c.left(), c.bottom(), c.width(), _AXIS_BOTTOM)),
            (self._row_values, QRectF(r.left(), r.bottom(), r.width(), _AXIS_BOTTOM)),
            (self._column_values, QRectF(c.left() - _AXIS_LEFT, c.top(), _AXIS_LEFT, c.height())),
        ):
            (axis.show if active else axis.hide)()  # before its place: hidden axes have no width
            axis.setGeometry(place)
        self._rows.setRange(w.row + w.height, w.row)
        self._columns.setRange(w.column, w.column + w.width)
        self._rows.setTicks([marks.position_ticks(w.row, w.height, m.height())])
        self._columns.setTicks([marks.position_ticks(w.column, w.width, m.width())])

    def set_limit(self, places: Arrangement, limit: float) -> None:
        for axis, room, apart in (
            (self._row_values, places.row.width(), 38),
            (self._column_values, places.column.height(), 24),
        ):
            axis.setRange(0, limit)
            axis.setTicks([marks.value_ticks(limit, max(1, int(room / apart)))])

    def draw_labels(self, painter: QPainter, places: Arrangement) -> None:
        m, r, c = places.map, places.row, places.column
        ink, left = QColor(self._theme.faint), m.left() - _AXIS_LEFT + 8
        marks.label(painter, QPointF(left, m.center().y()), "row, px", ink, upright=True)
        mean = MEAN if c.height() >= _ROOM_FOR_MEAN else "|Δ logit|"
        marks.label(painter, QPointF(left, c.center().y()), mean, ink, upright=True)
        marks.label(painter, QPointF(c.center().x(), c.bottom() + 27), "column, px", ink)
        marks.label(painter, QPointF(r.center().x(), r.bottom() + 27), MEAN, ink)


def _axis(side: str) -> Any:
    axis = pg.AxisItem(side)
    axis.enableAutoSIPrefix(False)
    axis.setStyle(
        tickFont=marks.small_font(), tickLength=-4, tickTextOffset=4, hideOverlappingLabels=False
    )
    if side == "left":
        axis.setWidth(_AXIS_LEFT)
    else:
        axis.setHeight(_AXIS_BOTTOM)
    return axis

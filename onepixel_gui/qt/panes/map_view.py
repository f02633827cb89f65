"""The map with its row and column profiles, on one grid of screen pixels."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)

from onepixel_gui.analysis.spatial import Profiles
from onepixel_gui.attack.probe import Bools, Floats
from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.panes.map_axes import MapAxes, Profile, arrange
from onepixel_gui.qt.panes.map_legend import (
    ColourScale,
    Outlined,
    confidence_scale,
    draw_legend,
)
from onepixel_gui.qt.panes.pointing import clicked, hovered, keyed
from onepixel_gui.qt.theme import DARK, Theme
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Window

_EACH_DOT_FROM = 3.0  # logical px per position: closer, the dots of a profile would touch


class MapView(pg.GraphicsView):
    """Map, profiles, axes and legend. `pointed` wishes for a Cursor.

    map_box, row_box, column_box: the view boxes, whose ranges are tile rows and columns.
    """

    pointed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        for part in (self, self.viewport()):
            part.setAccessibleName("Confidence map picture")
        self.setMinimumSize(240, 240)
        self._theme: Theme = DARK
        self._window = Window(0, 0, 64, 64)
        self._scale: ColourScale = confidence_scale()
        self._hint, self._active = "", False
        self._contour, self._flips = QPainterPath(), QPainterPath()
        self._cursor: Cursor | None = None
        self._profiles: Profiles | None = None
        self._exact: Bools = np.empty((0, 0), np.bool_)
        self._limit, self._gaps = 0.0, False
        self._places = arrange(400, 400, self._window, 1)
        self.map_box, self.row_box, self.column_box = (self._add_box() for _ in range(3))
        self._image = pg.ImageItem(axisOrder="row-major")
        self.map_box.addItem(self._image, ignoreBounds=True)
        self._axes = MapAxes(self.sceneObj)
        self._row_profile = Profile(self.row_box, upright=True)
        self._column_profile = Profile(self.column_box, upright=False)

    def _add_box(self) -> Any:
        box = pg.ViewBox(invertY=False, enableMouse=False, enableMenu=False, defaultPadding=0)
        box.disableAutoRange()
        self.addItem(box)
        return box

    # ------------------------------------------------------------ values come down
    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.setBackground(theme.card)
        self._row_profile.set_theme(theme.row, theme.card)
        self._column_profile.set_theme(theme.column, theme.card)
        self._axes.set_theme(theme)
        self._lay_out()

    def show_window(self, window: Window | None, hint: str, scale: ColourScale) -> None:
        """Clear everything. hint: what to read while there is no map."""
        self._scale = scale
        self._active = window is not None
        self._window = window or Window(0, 0, 64, 64)
        self._hint, self._cursor, self._profiles, self._limit = hint, None, None, 0.0
        self._exact = np.empty((0, 0), np.bool_)
        self._contour, self._flips = QPainterPath(), QPainterPath()
        self._image.clear()
        for profile in (self._row_profile, self._column_profile):
            profile.show(np.empty(0), np.empty(0, np.bool_), 0, 0)
        self._lay_out()

    def show_scale(self, scale: ColourScale) -> None:
        self._scale = scale
        self.viewport().update()

    def show_map(self, values: Floats, scale: ColourScale, exact: Bools, beyond: Bools) -> None:
        """values: (H, W) in the scale's unit; NaN where nothing is known.

        exact: (H, W), the others are greyed.
        beyond: (H, W), where to draw a contour around.
        """
        self._hint, self._scale = "", scale
        self._gaps = bool(np.isnan(values).any())
        w = self._window
        self._image.setImage(scale.paint(values, exact), levels=(0, 255))
        self._image.setRect(QRectF(w.column, w.row, w.width, w.height))
        self._contour = marks.edges(beyond)
        self.viewport().update()

    def show_profiles(self, profiles: Profiles, exact: Bools, *, final: bool = False) -> None:
        """exact: (H, W), what the profiles are means of.

        final: fit the range; before, it moves only when it must.
        """
        self._profiles, self._exact = profiles, exact
        both = np.concatenate([profiles.row, profiles.column])
        top = float(np.fmax.reduce(both, initial=1e-6)) * 1.08  # what is not known is not seen
        if final or not self._limit * 0.5 < top <= self._limit:
            self._set_limit(top)
        self._draw_profiles()

    def show_flips(self, flips: Bools) -> None:
        """flips: (H, W), positions to outline."""
        self._flips = marks.edges(flips, border=True)
        self.viewport().update()

    def set_cursor(self, cursor: Cursor | None) -> None:
        self._cursor = cursor
        self.viewport().update()

    # ------------------------------------------------------------ geometry
    @property
    def scale_px(self) -> float:
        """Logical pixels along the edge of a position."""
        return self._places.map.width() / self._window.width

    def cell(self, row: int, column: int) -> QRectF:
        """Where a tile position lies, in logical pixels of the view."""
        box, scale = self._places.map, self.scale_px
        x, y = column - self._window.column, row - self._window.row
        return QRectF(box.left() + x * scale, box.top() + y * scale, scale, scale)

    def position_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) of the tile under a point of the view, None beside the map."""
        box, scale = self._places.map, self.scale_px
        row = int(np.floor((point.y() - box.top()) / scale)) + self._window.row
        column = int(np.floor((point.x() - box.left()) / scale)) + self._window.column
        return (row, column) if self._active and self._window.holds(row, column) else None

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_column_profile"):  # pyqtgraph resizes while it constructs
            self._lay_out()

    def _lay_out(self) -> None:
        ratio = self.devicePixelRatioF()
        places = self._places = arrange(
            self.viewport().width(), self.viewport().height(), self._window, ratio
        )
        for box, place in (
            (self.map_box, places.map),
            (self.row_box, places.row),
            (self.column_box, places.column),
        ):
            box.setGeometry(place)
        w = self._window
        for box in (self.map_box, self.row_box):
            box.setYRange(w.row, w.row + w.height, padding=0)
            box.invertY(True)
        for box in (self.map_box, self.column_box):
            box.setXRange(w.column, w.column + w.width, padding=0)
        self._axes.place(places, w, active=self._active)
        self._set_limit(self._limit)
        self._draw_profiles()
        self.viewport().update()

    def _set_limit(self, limit: float) -> None:
        """The end of both value axes; 0 while there are no values."""
        self._limit = limit
        self.row_box.setXRange(0, limit or 1.0, padding=0)
        self.column_box.setYRange(0, limit or 1.0, padding=0)
        self._axes.set_limit(self._places, limit or 1.0)

    @property
    def _dotted(self) -> bool:
        return self.scale_px >= _EACH_DOT_FROM

    def _draw_profiles(self) -> None:
        if self._profiles is None:
            return
        size = min(self.scale_px * 0.8, 5.0) if self._dotted else 0.0
        rows, columns = (np.asarray(self._exact.all(axis=axis)) for axis in (1, 0))
        self._row_profile.show(self._profiles.row, rows, self._window.row, size)
        self._column_profile.show(self._profiles.column, columns, self._window.column, size)

    # ------------------------------------------------------------ wishes go up
    def _wish(self, cursor: Cursor | None) -> None:
        if cursor is not None and cursor != self._cursor:
            self.pointed.emit(cursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._wish(hovered(self._cursor, self.position_at(event.position())))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.position_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and at is not None:
            self._wish(clicked(self._cursor, at, self._window))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        wish = keyed(self._cursor, event.key(), event.modifiers(), self._window)
        if not self._active or wish is None:
            event.ignore()
            return
        self._wish(wish)

    # ------------------------------------------------------------ drawing
    def drawForeground(self, painter: QPainter, _rect: QRectF) -> None:  # noqa: N802
        if self._active:
            self._axes.draw_labels(painter, self._places)
            self._draw_outlines(painter)
            self._draw_cursor(painter)
            told = self._places.legend, self._theme, self._scale
            draw_legend(painter, *told, outlined=self._outlined, dotted=self._dotted)
        painter.setPen(QColor(self._theme.faint))
        if self._hint:
            painter.setFont(marks.small_font(13))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            box = self._places.map if self._active else QRectF(self.rect())
            painter.drawText(box.adjusted(16, 16, -16, -16), flags, self._hint)

    @property
    def _outlined(self) -> Outlined:
        if not self._exact.all():
            return "unasked" if self._gaps else "estimates"
        return "" if self._flips.isEmpty() else "flips"

    def _draw_outlines(self, painter: QPainter) -> None:
        box, scale = self._places.map, self.scale_px
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.edge), 1))
        painter.drawRect(box.adjusted(-1, -1, 0, 0))
        placed = QTransform.fromTranslate(box.left(), box.top()).scale(scale, scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marks.haloed(painter, placed.map(self._contour), marks.BLACK, 1.0, marks.LIGHT_HALO)
        painter.setPen(QPen(QColor(self._theme.flip), 1.6))
        painter.drawPath(placed.map(self._flips))

    def _draw_cursor(self, painter: QPainter) -> None:
        cursor = self._cursor
        if cursor is None or not self._window.holds(cursor.row, cursor.column):
            return
        cell, p = self.cell(cursor.row, cursor.column), self._places
        marks.reticle(painter, cell, marks.BLACK, halo=marks.LIGHT_HALO)
        if cursor.pinned:
            marks.corners(painter, cell, marks.CURSOR, closed=True)
        painter.setPen(QPen(QColor(self._theme.text), 1, Qt.PenStyle.DotLine))
        x, y = cell.center().x(), cell.center().y()
        painter.drawLine(QPointF(p.row.left(), y), QPointF(p.row.right(), y))
        painter.drawLine(QPointF(x, p.column.top()), QPointF(x, p.column.bottom()))

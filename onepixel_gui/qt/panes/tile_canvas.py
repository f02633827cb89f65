"""The surface that a tile is drawn on: whole pixels, zoom, pan, and the marks over them."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from onepixel_gui.attack.probe import Perturbation
from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.panes.placement import FIT, Placement
from onepixel_gui.qt.panes.pointing import clicked, hovered, keyed, place
from onepixel_gui.qt.theme import DARK, Theme
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Tile, Window

_GRID_FROM = 8.0  # logical px per tile pixel
EMPTY = "Drop a tile or a folder here"


class TileCanvas(QWidget):
    """A tile in whole device pixels. Wheel: zoom; drag: pan; double click: fit.

    `pointed` wishes for a Cursor; it moves only when `set_cursor` says so.
    """

    pointed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Tile picture")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(180, 180)
        self._theme, self._tile = DARK, Tile("", np.zeros((1, 1, 3), np.uint8))
        self._image = marks.picture(self._tile.rgb)
        self._empty = True
        self._window: Window | None = None
        self._changed: Perturbation = ()
        self._cloud: NDArray[np.int16] | None = None
        self._cursor: Cursor | None = None
        self._before_click: Cursor | None = None
        self._pressed: QPointF | None = None
        self._panning = False
        self._view = FIT

    def sizeHint(self) -> QSize:
        return QSize(360, 360)

    # ------------------------------------------------------------ values come down
    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:
        self._empty = tile is None
        if tile is not None:
            self._tile = tile
        self._window, self._cloud, self._cursor = window, None, None
        self._view, self._pressed = FIT, None
        self.show_pixels(self._tile.rgb, ())

    def show_pixels(self, rgb: NDArray[np.uint8], changed: Perturbation) -> None:
        """rgb: (H, W, 3) uint8 as shown now.  changed: what the reticles point at."""
        self._image, self._changed = marks.picture(rgb), changed
        self.update()

    def show_cloud(self, cloud: NDArray[np.int16] | None) -> None:
        """cloud: (N, 2) (row, column); None to clear."""
        self._cloud = cloud
        self.update()

    def set_cursor(self, cursor: Cursor | None) -> None:
        self._cursor = cursor
        self.update()

    # ------------------------------------------------------------ geometry
    @property
    def placement(self) -> Placement:
        """Where the tile lies on the canvas now."""
        room = QSizeF(self.size())
        return self._view.placed(self._tile.shape, room, self.devicePixelRatioF())

    @property
    def scale(self) -> float:
        """Logical pixels along the edge of a tile pixel."""
        return self.placement.scale

    def cell(self, row: int, column: int) -> QRectF:
        """Where a tile pixel lies, in logical pixels."""
        return self.placement.cell(row, column)

    def pixel_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) under a point of the canvas, None beside the tile."""
        return None if self._empty else self.placement.pixel_at(point)

    def zoom_at(self, point: QPointF, steps: float) -> None:
        """Nearer or farther, the pixel under the point staying there where the tile allows."""
        self._view = self.placement.zoomed(point, steps)
        self.update()

    def fit(self) -> None:
        """The whole tile."""
        self._view = FIT
        self.update()

    # ------------------------------------------------------------ wishes go up
    def _wish(self, cursor: Cursor | None) -> None:
        if cursor is not None and cursor != self._cursor:
            self.pointed.emit(cursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._wish(hovered(self._cursor, self.pixel_at(event.position())))
            return
        moved = event.position() - self._pressed
        far = moved.manhattanLength() >= QApplication.startDragDistance()
        if self._view.scale and (self._panning or far):
            self._view = self.placement.panned(moved)
            self._pressed, self._panning = event.position(), True
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._panning = event.position(), False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self.pixel_at(event.position())
        if self._pressed is not None and not self._panning and at is not None:
            self._before_click = self._cursor
            self._wish(clicked(self._cursor, at, self._window))
        self._pressed, self._panning = None, False

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.fit()
        self._wish(self._before_click)  # the first of the two clicks meant no pixel

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._empty:
            event.ignore()
            return
        self.zoom_at(event.position(), event.angleDelta().y() / 120)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        within = self._window or Window(0, 0, *self._tile.shape)
        wish = keyed(self._cursor, event.key(), event.modifiers(), within)
        if self._empty or wish is None:
            super().keyPressEvent(event)
            return
        self._wish(wish)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    # ------------------------------------------------------------ drawing
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._empty:
            self._draw_empty(painter)
        else:
            self._draw_picture(painter)
            self._draw_marks(painter)
            self._draw_insets(painter)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(self._theme.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _draw_empty(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.faint), 1.2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(10, 10, -10, -10), 8, 8)
        painter.setPen(QColor(self._theme.faint))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(24, 24, -24, -24), flags, EMPTY)

    def _draw_picture(self, painter: QPainter) -> None:
        at = self.placement
        shrunk = at.scale * self.devicePixelRatioF() < 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        painter.drawImage(at.box, self._image)
        if at.scale >= _GRID_FROM:
            marks.grid(painter, at.box, at.scale, QRectF(self.rect()))

    def _draw_marks(self, painter: QPainter) -> None:
        at = self.placement
        shown = at.box.intersected(QRectF(self.rect()))
        painter.save()
        painter.setClipRect(shown)
        if self._window is not None and self._window.shape != self._tile.shape:
            self._draw_window(painter, self._window)
        changed = {(pixel.row, pixel.column) for pixel in self._changed}
        if self._cloud is not None:
            dots = [
                self.cell(r, c).center() for r, c in self._cloud.tolist() if (r, c) not in changed
            ]
            marks.cloud(painter, dots)
        for pixel in self._changed:
            marks.reticle(painter, self.cell(pixel.row, pixel.column), marks.WHITE)
        if self._cursor is not None:
            self._draw_cursor(painter, self._cursor, place(self._cursor) in changed)
        painter.restore()

    def _draw_cursor(self, painter: QPainter, cursor: Cursor, on_changed: bool) -> None:
        cell = self.cell(cursor.row, cursor.column)
        if on_changed and not cursor.pinned:
            return
        marks.corners(painter, cell, marks.CURSOR, closed=cursor.pinned)

    def _draw_window(self, painter: QPainter, window: Window) -> None:
        first = self.cell(window.row, window.column)
        box = QRectF(
            first.topLeft(),
            self.cell(window.row + window.height, window.column + window.width).topLeft(),
        )
        marks.frame(painter, box)
        text = f"seen: {marks.size_text(*window.shape)}"
        marks.haloed_text(painter, box.topLeft() + QPointF(2, -6), text, marks.small_font())

    def _draw_insets(self, painter: QPainter) -> None:
        at = self.placement
        shown = at.box.intersected(QRectF(self.rect()))
        changed = [self.cell(pixel.row, pixel.column) for pixel in self._changed]
        marks.scale_bar(painter, shown, self.scale, self._tile.mpp, changed)
        focus = self._changed[0] if self._changed else self._cursor
        if focus is None:
            return
        box = marks.loupe_box(shown, self.cell(focus.row, focus.column).center())
        if box.width() / marks.LOUPE_CELLS > ceil(self.scale):
            marks.loupe(painter, self._image, focus.row, focus.column, box, marks.WHITE)

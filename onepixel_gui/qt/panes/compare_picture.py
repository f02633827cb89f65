"""One of the equal pictures that are compared: its head, its image, outlines and colour bar."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QVBoxLayout, QWidget

from onepixel_gui.attack.probe import Bools
from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.panes.map_legend import ColourScale, draw_legend
from onepixel_gui.qt.panes.placement import FIT, Placement, Zoom
from onepixel_gui.qt.panes.pointing import clicked, hovered, keyed
from onepixel_gui.qt.theme import DARK, Line, Theme
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Window

SOLID_BLUE, DASHED_ORANGE = "#0072B2", "#E69F00"  # Okabe and Ito's, told apart by line as well
_WHITE_HALO = QColor(255, 255, 255, 235)
_WIDTH, _RIM = 1.6, 1.0  # logical px
_GRID_FROM = 8.0  # logical px per position
_BAR_ROOM, _WIDEST_BAR = 50.0, 240.0  # logical px, below each picture
_LINES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Outlined:
    """Positions to outline.  flips: (H, W) over `window`.  dashed: the style of B, else of A."""

    window: Window
    flips: Bools
    dashed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What a picture shows. window: where `image`, one pixel per position, lies on the tile.

    scale:  what its colours mean; None for a tile.
    beyond: (H, W) over `window`, where to draw a contour around; None for none.
    seen:   parts of the tile to frame, each with a word.
    mpp:    micrometres per pixel of a scale bar, "none" for no bar.
    """

    image: QImage
    window: Window
    scale: ColourScale | None = None
    beyond: Bools | None = None
    outlines: tuple[Outlined, ...] = ()
    seen: tuple[tuple[str, Window], ...] = ()
    mpp: float | Literal["none"] | None = "none"


class Picture(QWidget):
    """A picture in whole device pixels. Wheel: zoom; drag: pan; double click: fit.

    `pointed` wishes for a Cursor, `viewed` for a Zoom; all pictures beside each other get both.
    """

    pointed = Signal(object)
    viewed = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._theme = DARK
        self._frame = Window(0, 0, 64, 64)
        self._drawn: Drawn | None = None
        self._hint = ""
        self._contour = QPainterPath()
        self._outlines: list[tuple[QPainterPath, Outlined]] = []
        self._cursor: Cursor | None = None
        self._before_click: Cursor | None = None
        self._pressed: QPointF | None = None
        self._panning = False
        self._view = FIT
        self._kept = QPixmap()  # all but the cursor, which moves more often than the rest

    def sizeHint(self) -> QSize:
        return QSize(288, 288)

    # ------------------------------------------------------------ values come down
    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._redraw()

    def show_frame(self, frame: Window) -> None:
        """The part of the tile that all pictures show; the whole of it is fitted again."""
        if frame != self._frame:
            self._frame, self._view, self._pressed = frame, FIT, None
            self._redraw()

    def show_drawn(self, drawn: Drawn) -> None:
        self._drawn, self._hint = drawn, ""
        scale = drawn.scale
        words = "" if scale is None else f"{scale.label}, {scale.low:g} to {scale.high:g}"
        self.setAccessibleDescription(words)
        self._contour = QPainterPath() if drawn.beyond is None else marks.edges(drawn.beyond)
        self._outlines = [(marks.edges(o.flips, border=True), o) for o in drawn.outlines]
        self._redraw()

    def show_hint(self, hint: str) -> None:
        """Nothing to see yet, and what to do about it."""
        self._drawn, self._hint = None, hint
        self._contour, self._outlines = QPainterPath(), []
        self.setAccessibleDescription(hint)
        self._redraw()

    def set_cursor(self, cursor: Cursor | None) -> None:
        self._cursor = cursor
        self.update()

    def set_view(self, view: Zoom) -> None:
        self._view = view
        self._redraw()

    def _redraw(self) -> None:
        self._kept = QPixmap()
        self.update()

    # ------------------------------------------------------------ geometry
    @property
    def hint(self) -> str:
        """What is to be read while there is no picture, else ""."""
        return self._hint

    @property
    def drawn(self) -> Drawn | None:
        return self._drawn

    @property
    def placement(self) -> Placement:
        """Where the frame lies now: the same in all pictures of one size."""
        room = QSizeF(self.width(), max(1.0, self.height() - _BAR_ROOM))
        return self._view.placed(self._frame.shape, room, self.devicePixelRatioF())

    def cell(self, row: int, column: int) -> QRectF:
        """Where a position of the tile lies, in logical pixels."""
        return self.placement.cell(row - self._frame.row, column - self._frame.column)

    def position_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) of the tile under a point, None beside the picture or without one."""
        seen = self._drawn is not None and self._canvas.contains(point)
        at = self.placement.pixel_at(point) if seen else None
        return None if at is None else (at[0] + self._frame.row, at[1] + self._frame.column)

    @property
    def _canvas(self) -> QRectF:
        return QRectF(self.rect()).adjusted(0, 0, 0, -_BAR_ROOM)

    def _box(self, window: Window) -> QRectF:
        end = self.cell(window.row + window.height, window.column + window.width)
        return QRectF(self.cell(window.row, window.column).topLeft(), end.topLeft())

    # ------------------------------------------------------------ wishes go up
    def _wish(self, cursor: Cursor | None) -> None:
        if cursor is not None and cursor != self._cursor:
            self.pointed.emit(cursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._wish(hovered(self._cursor, self.position_at(event.position())))
            return
        moved = event.position() - self._pressed
        far = moved.manhattanLength() >= QApplication.startDragDistance()
        if self._view.scale and (self._panning or far):
            self._pressed, self._panning = event.position(), True
            self.viewed.emit(self.placement.panned(moved))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._panning = event.position(), False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self.position_at(event.position())
        if self._pressed is not None and not self._panning and at is not None:
            self._before_click = self._cursor
            self._wish(clicked(self._cursor, at, self._frame))
        self._pressed, self._panning = None, False

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.viewed.emit(FIT)
        self._wish(self._before_click)  # the first of the two clicks meant no position

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._drawn is None:
            event.ignore()
            return
        self.viewed.emit(self.placement.zoomed(event.position(), event.angleDelta().y() / 120))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        wish = keyed(self._cursor, event.key(), event.modifiers(), self._frame)
        if self._drawn is None or wish is None:
            super().keyPressEvent(event)
            return
        self._wish(wish)

    # ------------------------------------------------------------ drawing
    def paintEvent(self, _event: QPaintEvent) -> None:
        ratio = self.devicePixelRatioF()
        wanted = (QSizeF(self.size()) * ratio).toSize()
        if self._kept.size() != wanted:
            self._kept = QPixmap(wanted)
            self._kept.setDevicePixelRatio(ratio)
            self._kept.fill(Qt.GlobalColor.transparent)
            self._draw_all(QPainter(self._kept))
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._kept)
        if self._drawn is not None:
            painter.setClipRect(self.placement.box.intersected(self._canvas))
            self._draw_cursor(painter)
            painter.setClipping(False)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(self._theme.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _draw_all(self, painter: QPainter) -> None:
        if self._drawn is None:
            self._draw_empty(painter)
        else:
            self._draw_picture(painter, self._drawn)
        painter.end()

    def _draw_empty(self, painter: QPainter) -> None:
        box = self.placement.box.intersected(self._canvas).adjusted(1, 1, -1, -1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.edge), 1.2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(box, 8, 8)
        painter.setPen(QColor(self._theme.faint))
        painter.setFont(marks.small_font(13))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box.adjusted(14, 14, -14, -14), flags, self._hint)

    def _draw_picture(self, painter: QPainter, drawn: Drawn) -> None:
        at = self.placement
        shown = at.box.intersected(self._canvas)
        painter.save()
        painter.setClipRect(shown)
        painter.fillRect(at.box, QColor(self._theme.field))  # unlike any colour of a map:
        painter.fillRect(at.box, QBrush(QColor(self._theme.faint), Qt.BrushStyle.BDiagPattern))
        shrunk = at.scale * self.devicePixelRatioF() < 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        painter.drawImage(self._box(drawn.window), drawn.image)
        if at.scale >= _GRID_FROM:
            marks.grid(painter, at.box, at.scale, shown)
        self._draw_lines(painter, drawn)
        for word, window in drawn.seen:
            self._draw_seen(painter, word, window)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self._theme.edge), 1))
        painter.drawRect(shown.adjusted(-1, -1, 0, 0))
        if drawn.mpp != "none":
            marks.scale_bar(painter, shown, at.scale, drawn.mpp, [])
        if drawn.scale is not None:
            self._draw_scale(painter, shown, drawn.scale)

    def _draw_scale(self, painter: QPainter, shown: QRectF, scale: ColourScale) -> None:
        width = min(self.width() - 16.0, max(shown.width(), 140.0), _WIDEST_BAR)
        box = QRectF(shown.center().x() - width / 2, shown.bottom() + 8, width, _BAR_ROOM - 8)
        draw_legend(painter, box, self._theme, scale)

    def _draw_lines(self, painter: QPainter, drawn: Drawn) -> None:
        """Contour below outlines, and every rim below every line, so that none hides another."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        contour = self._placed(drawn.window).map(self._contour)
        marks.haloed(painter, contour, marks.BLACK, 1.0, marks.LIGHT_HALO)
        placed = [(self._placed(o.window).map(path), o.dashed) for path, o in self._outlines]
        pens = [_outline_pen(dashed, self.placement.scale) for _, dashed in placed]
        for (path, _), pen in zip(placed, pens, strict=True):
            painter.strokePath(path, QPen(_WHITE_HALO, pen.widthF() + 2 * _RIM))
        for (path, _), pen in zip(placed, pens, strict=True):
            painter.strokePath(path, pen)

    def _placed(self, window: Window) -> QTransform:
        """From positions of a window to logical pixels."""
        box, scale = self._box(window), self.placement.scale
        return QTransform.fromTranslate(box.left(), box.top()).scale(scale, scale)

    def _draw_seen(self, painter: QPainter, word: str, window: Window) -> None:
        box = self._box(window)
        marks.frame(painter, box.adjusted(2, 2, -2, -2))
        marks.haloed_text(painter, box.topLeft() + QPointF(6, 15), word, marks.small_font())

    def _draw_cursor(self, painter: QPainter) -> None:
        cursor = self._cursor
        if cursor is None:
            return
        cell = self.cell(cursor.row, cursor.column)
        marks.reticle(painter, cell, marks.BLACK, halo=marks.LIGHT_HALO)
        if cursor.pinned:
            marks.corners(painter, cell, marks.CURSOR, closed=True)


def _outline_pen(dashed: bool, edge: float) -> QPen:
    """Solid blue for A, dashed orange for B. edge: logical px of a position.

    Each edge of a position is a line of its own: half a dash at both ends of it makes them meet.
    """
    width = min(_WIDTH, max(1.0, 0.4 * edge))
    pen = QPen(QColor(DASHED_ORANGE if dashed else SOLID_BLUE), width)
    if dashed:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        unit = edge / width  # dashes are counted in widths of the pen
        pen.setDashPattern([0.3 * unit, 0.4 * unit, 0.3 * unit, 1e-3])
    return pen


class Head(QWidget):
    """A bold line and three faint ones; what has no room is cut and whole in the hint."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._title = Line()
        self._lines = [Line() for _ in range(_LINES)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for line in (self._title, *self._lines):
            column.addWidget(line)
        for line in self._lines:
            line.setObjectName("faint")

    def set_theme(self, theme: Theme) -> None:
        self._title.setStyleSheet(f"color: {theme.text}; font-size: 14px; font-weight: 600;")

    def say(self, title: str, *lines: str) -> None:
        self._title.setText(title)
        for label, text in zip(self._lines, (*lines, *[""] * _LINES), strict=False):
            label.setText(text)
        self.setAccessibleDescription(", ".join(part for part in (title, *lines) if part))

    @property
    def text(self) -> str:
        """All of it, line by line."""
        return "\n".join(line.text() for line in (self._title, *self._lines) if line.text())

"""What is read over a slide and does not move with it: mini-map, scale bar, legends, words."""

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPixmap

from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.panes.map_legend import ColourScale, draw_legend
from onepixel_gui.qt.slides.overlays import draw_panel
from onepixel_gui.qt.slides.sight import Sight
from onepixel_gui.qt.theme import Theme

_EDGE, _MARGIN = 168.0, 10.0  # logical px: the longer edge of the mini-map, its distance
_RIM = 3.0  # logical px, of the panel around it
_SHARE = 0.3  # of the canvas, that the mini-map takes at most
_LEAST = 40.0  # a smaller mini-map would show nothing
_BAR_ROOM = QSizeF(640, 64)
_LEGEND = QRectF(0, 0, 176, 57)


class MiniMap:
    """The whole slide in the top right corner, with a frame around what is in sight."""

    def __init__(self) -> None:
        self._picture: QImage | None = None
        self._kept = QPixmap()
        self._key: tuple[float, float, float, str] | None = None

    def set_picture(self, picture: QImage | None) -> None:
        self._picture, self._key = picture, None

    def box(self, sight: Sight) -> QRectF:
        """Where it lies, in logical px; empty where there is no room, or all is seen without it."""
        seen = sight.window
        if seen is not None and seen.shape == sight.shape:
            return QRectF()
        width, height = sight.width / sight.ratio, sight.height / sight.ratio
        most = min(_EDGE, _SHARE * width, 0.4 * height)
        scale = most / max(sight.shape)
        if most < _LEAST:
            return QRectF()
        across, down = max(8.0, sight.shape[1] * scale), max(8.0, sight.shape[0] * scale)
        return QRectF(round(width - _MARGIN - across), _MARGIN, round(across), round(down))

    def place(self, point: QPointF, sight: Sight) -> tuple[float, float] | None:
        """(row, column) in level-0 px under a point of the canvas, None beside the mini-map."""
        box = self.box(sight)
        if not box.contains(point):
            return None
        return self.nearest(point, sight)

    def nearest(self, point: QPointF, sight: Sight) -> tuple[float, float]:
        """The same for any point: beyond the mini-map, the place at its edge."""
        box = self.box(sight)
        down = min(max((point.y() - box.top()) / box.height(), 0.0), 1.0)
        across = min(max((point.x() - box.left()) / box.width(), 0.0), 1.0)
        return down * sight.shape[0], across * sight.shape[1]

    def paint(self, painter: QPainter, sight: Sight, theme: Theme) -> None:
        """painter: in logical px."""
        box = self.box(sight)
        if box.isEmpty():
            return
        key = (box.width(), box.height(), sight.ratio, theme.name)
        if key != self._key:
            self._key, self._kept = key, self._drawn(box.size(), sight.ratio, theme)
        painter.drawPixmap(box.topLeft() - QPointF(_RIM, _RIM), self._kept)
        seen = sight.window
        if seen is None:
            return
        frame = QRectF(
            box.left() + seen.column / sight.shape[1] * box.width(),
            box.top() + seen.row / sight.shape[0] * box.height(),
            max(5.0, seen.width / sight.shape[1] * box.width()),
            max(5.0, seen.height / sight.shape[0] * box.height()),
        )
        path = QPainterPath()
        path.addRect(frame)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marks.haloed(painter, path, marks.CURSOR, 1.8)

    def _drawn(self, size: QSizeF, ratio: float, theme: Theme) -> QPixmap:
        """The picture on its panel, at the screen's resolution."""
        kept = QPixmap((QSizeF(size.width() + 2 * _RIM, size.height() + 2 * _RIM) * ratio).toSize())
        kept.setDevicePixelRatio(ratio)
        kept.fill(Qt.GlobalColor.transparent)
        painter = QPainter(kept)
        draw_panel(painter, QRectF(QPointF(0, 0), kept.deviceIndependentSize()), theme)
        if self._picture is not None:
            small = self._picture.scaled(
                (size * ratio).toSize(),
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            painter.drawImage(QRectF(QPointF(_RIM, _RIM), size), small)
        painter.end()
        return kept


class ScaleBar:
    """At the bottom right, in um; in level-0 px where um per pixel is unknown, and so it says.

    Kept while only the place changes: outlined letters cost more than all pixels of the slide.
    """

    def __init__(self) -> None:
        self._kept = QPixmap()
        self._key: tuple[float, float, float, float | None] = (0.0, 0.0, 0.0, None)

    def paint(self, painter: QPainter, sight: Sight, mpp: float | None) -> None:
        """painter: in logical px."""
        width, height = sight.width / sight.ratio, sight.height / sight.ratio
        room = QRectF(0, 0, min(width, _BAR_ROOM.width()), _BAR_ROOM.height())
        key = (sight.scale, sight.ratio, room.width(), mpp)
        if key != self._key:
            self._key, self._kept = key, self._drawn(room, sight, mpp)
        painter.drawPixmap(QPointF(width - room.width(), height - room.height()), self._kept)

    @staticmethod
    def _drawn(room: QRectF, sight: Sight, mpp: float | None) -> QPixmap:
        kept = QPixmap((room.size() * sight.ratio).toSize())
        kept.setDevicePixelRatio(sight.ratio)
        kept.fill(Qt.GlobalColor.transparent)
        painter = QPainter(kept)
        marks.scale_bar(painter, room, sight.scale / sight.ratio, mpp, [])
        if mpp is None:
            font, text = marks.small_font(), "µm per pixel unknown"
            width = QFontMetricsF(font).horizontalAdvance(text)
            at = QPointF(room.right() - 10 - width, room.bottom() - 36)
            marks.haloed_text(painter, at, text, font)
        painter.end()
        return kept


def draw_colour_bar(
    painter: QPainter, sight: Sight, theme: Theme, scale: ColourScale, *, left: float = 10.0
) -> None:
    """What the colours of the scan mean, at the top left."""
    box = _LEGEND.translated(left, 10.0)
    if box.right() > sight.width / sight.ratio or box.bottom() > sight.height / sight.ratio:
        return
    draw_panel(painter, box, theme)
    draw_legend(painter, box.adjusted(10, 9, -10, -9), theme, scale)


def draw_notice(painter: QPainter, sight: Sight, theme: Theme, text: str, *, down: float) -> None:
    """A line of words on a panel, in the middle, `down` logical px from the bottom."""
    room = QRectF(0, 0, sight.width / sight.ratio, sight.height / sight.ratio)
    font = marks.small_font(12)
    measure = QFontMetricsF(font)
    shown = measure.elidedText(text, Qt.TextElideMode.ElideRight, room.width() - 40)
    width = measure.horizontalAdvance(shown) + 24
    box = QRectF(room.center().x() - width / 2, room.bottom() - down - 26, width, 26)
    draw_panel(painter, box, theme)
    painter.setFont(font)
    painter.setPen(QColor(theme.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


def draw_empty(painter: QPainter, room: QRectF, theme: Theme, text: str) -> None:
    """No slide: what to do."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.faint), 1.2, Qt.PenStyle.DashLine))
    painter.drawRoundedRect(room.adjusted(10, 10, -10, -10), 8, 8)
    painter.setPen(QColor(theme.faint))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(room.adjusted(24, 24, -24, -24), flags, text)

"""How a row of the gallery looks: thumbnail, name, ground truth, answer, finding."""

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from onepixel_gui.qt.gallery.tile_rows import THUMBNAIL, Index, Row, TileRows
from onepixel_gui.qt.theme import DARK

ROW_HEIGHT = 68
_MARKS: dict[str, str] = {"flipped": "◆", "held": "○", "stopped": "□", "not usable": "✗"}


class RowPainter(QStyledItemDelegate):
    """shown: the tile that is on the bench, -1 for none; it need not be a selected one."""

    def __init__(self, rows: TileRows, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows, self.theme = rows, DARK
        self.shown = -1

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if index.row() >= len(self._rows.order):
            return
        tile = int(self._rows.order[index.row()])
        row = self._rows.row_of(tile)
        frame: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        self._paint_ground(painter, frame, state, shown=tile == self.shown)
        corner = frame.topLeft() + QPoint(8, (ROW_HEIGHT - THUMBNAIL) // 2)
        self._paint_thumbnail(painter, corner, self._rows.thumbnail(tile), row)
        text = frame.adjusted(8 + THUMBNAIL + 9, 6, -5, -5)
        if row.listed:
            paint_ribbon(painter, QPointF(frame.right() - 14, frame.top() + 5), self.theme.accent)
        self._paint_words(painter, text, row)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, frame: QRect, state: QStyle.StateFlag, *, shown: bool
    ) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = QRectF(frame).adjusted(1.5, 1.5, -1.5, -1.5)
        painter.setPen(Qt.PenStyle.NoPen)
        if selected or hovered:
            painter.setBrush(QColor(self.theme.selected if selected else self.theme.field))
            painter.drawRoundedRect(ground, 6, 6)
        if shown:
            painter.setBrush(QColor(self.theme.accent))
            painter.drawRoundedRect(
                QRectF(frame.left() + 1.5, frame.top() + 14, 3, ROW_HEIGHT - 28), 1.5, 1.5
            )

    def _paint_thumbnail(
        self, painter: QPainter, corner: QPoint, pixmap: QPixmap | None, row: Row
    ) -> None:
        place = QRectF(corner.x(), corner.y(), THUMBNAIL, THUMBNAIL)
        if pixmap is None:
            painter.setPen(QPen(QColor(self.theme.edge), 1))
            painter.setBrush(QColor(self.theme.field))
            painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            if row.why:
                painter.setPen(QColor(self.theme.doubt))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "✗")
            return
        size = pixmap.deviceIndependentSize()
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(place.center())
        clip = QPainterPath()
        clip.addRoundedRect(target, 4, 4)
        painter.save()
        painter.setClipPath(clip)
        painter.drawPixmap(target.topLeft(), pixmap)
        painter.restore()
        if row.finding is not None and row.finding.guided:
            self._paint_tag(painter, target)

    def _paint_tag(self, painter: QPainter, picture: QRectF) -> None:
        """What a white-box search found is no black-box result, at first sight."""
        small = QFont(painter.font())
        small.setPixelSize(10)
        tag = QRectF(picture.left(), picture.bottom() - 14, picture.width(), 14)
        painter.fillRect(tag, QColor(self.theme.card))
        painter.setFont(small)
        painter.setPen(QColor(self.theme.text))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, "guided")

    def _paint_words(self, painter: QPainter, frame: QRect, row: Row) -> None:
        small, name = QFont(painter.font()), QFont(painter.font())
        small.setPixelSize(11)
        name.setPixelSize(13)
        painter.setFont(name)
        painter.setPen(QColor(self.theme.text))
        room = frame.adjusted(0, 0, -14 if row.listed else 0, 0)
        self._line(painter, room, 0, row.name, Qt.TextElideMode.ElideMiddle)
        painter.setFont(small)
        self._pair(painter, frame, 17, "label", row.label or "—")
        if row.why:
            painter.setPen(QColor(self.theme.doubt))
            self._line(painter, frame, 31, row.why_line)
        else:
            self._pair(painter, frame, 31, "answer", row.answer_line or "…", row.disagrees)
        self._paint_finding(painter, frame, row)

    def _paint_finding(self, painter: QPainter, frame: QRect, row: Row) -> None:
        word = row.finding_words
        colours = {
            "flipped": self.theme.flip,
            "held": self.theme.text,
            "stopped": self.theme.text,
            "not usable": self.theme.doubt,
        }
        painter.setPen(QColor(colours.get(word, self.theme.faint)))
        mark = _MARKS.get(word, "")
        line = row.finding_line
        self._line(painter, frame, 45, f"{mark} {line}" if mark else line)

    def _pair(
        self,
        painter: QPainter,
        frame: QRect,
        top: int,
        name: str,
        value: str,
        doubtful: bool = False,
    ) -> None:
        painter.setPen(QColor(self.theme.faint))
        self._line(painter, frame, top, name)
        painter.setPen(QColor(self.theme.doubt if doubtful else self.theme.text))
        self._line(painter, frame.adjusted(44, 0, 0, 0), top, value)

    @staticmethod
    def _line(
        painter: QPainter,
        frame: QRect,
        top: int,
        text: str,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        metrics = painter.fontMetrics()
        line = QRect(frame.left(), frame.top() + top, frame.width(), metrics.height())
        shown = metrics.elidedText(text, elide, frame.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def paint_ribbon(painter: QPainter, corner: QPointF, colour: str) -> None:
    """The mark of the reader's own list, 9 by 12 points, its upper left corner here."""
    points = ((0, 0), (9, 0), (9, 12), (4.5, 8.5), (0, 12))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawPolygon(QPolygonF([corner + QPointF(x, y) for x, y in points]))

"""What a classifier says of labelled tiles, as a table: thumbnail, answer, confidence, right."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from onepixel_gui.qt.theme import DARK, Theme
from onepixel_gui.qt.view import legible
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.checking import Verdict

Index = QModelIndex | QPersistentModelIndex

TILE, LABEL, ANSWER, CONFIDENCE, MARK = range(5)
ROW_HEIGHT = 44
_THUMBNAIL = 36
_KEPT = 96  # pixels of a tile's longer side that a thumbnail is made of, at least
_ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class _Shown:
    """stale: it belongs to a card as it was a moment ago."""

    verdict: "Verdict"
    stale: bool


class VerdictRows(QAbstractTableModel):
    """One row for each tile; its verdict comes later and is replaced at each edit."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tiles: tuple[Tile, ...] = ()
        self._pixmaps: dict[int, QPixmap] = {}
        self._verdicts: tuple[Verdict, ...] = ()
        self._stale = False
        self._meant: dict[str, str] = {}
        self._subject = ""

    def set_tiles(self, tiles: Sequence[Tile]) -> None:
        """New tiles are added at the end; anything else begins anew."""
        self.beginResetModel()
        if tuple(tiles[: len(self._tiles)]) != self._tiles:
            self._pixmaps.clear()
        self._tiles, self._verdicts = tuple(tiles), ()
        self.endResetModel()

    def set_labels(self, meant: dict[str, str]) -> None:
        """meant: label of a tile -> the class it stands for, where they differ."""
        self._meant = meant
        self._told(LABEL, LABEL)

    def set_verdicts(self, verdicts: Sequence["Verdict"], subject: str) -> None:
        """verdicts: of the first tiles or all, in their order."""
        self._verdicts = tuple(verdicts[: len(self._tiles)])
        self._stale, self._subject = False, subject
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, CONFIDENCE, CONFIDENCE)
        self._told(ANSWER, MARK)

    def set_stale(self) -> None:
        self._stale = True
        self._told(ANSWER, MARK)

    @property
    def stale(self) -> bool:
        return self._stale

    def _told(self, first: int, last: int) -> None:
        if self._tiles:
            self.dataChanged.emit(self.index(0, first), self.index(len(self._tiles) - 1, last))

    # -------------------------------------------------------------- as a model
    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._tiles)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else MARK + 1

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return left
        subject = f"P({self._subject})" if self._subject else "Confidence"
        if role == Qt.ItemDataRole.ToolTipRole and section == CONFIDENCE:
            return f"{subject}: confidence in the class in question, from 0 to 1"
        return ("Tile", "Label", "Answer", subject, "")[section] if role == 0 else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return self._hint(row, column)
            case Qt.ItemDataRole.DecorationRole if column == TILE:
                return self._pixmap(row)
            case Qt.ItemDataRole.UserRole:
                verdict = self.verdict(row)
                return None if verdict is None else _Shown(verdict, self._stale)
            case _:
                return None

    def verdict(self, row: int) -> "Verdict | None":
        return self._verdicts[row] if row < len(self._verdicts) else None

    def _words(self, row: int, column: int) -> str:
        tile, verdict = self._tiles[row], self.verdict(row)
        if column == TILE:
            return tile.name
        if column == LABEL:
            meant = self._meant.get(tile.label or "", "")
            return f"{tile.label} → {meant}" if meant else tile.label or "—"
        if verdict is None:
            return ""
        if column == ANSWER:
            return verdict.answer or "no answer"
        if column == CONFIDENCE:
            return "" if isnan(verdict.confidence) else legible(verdict.confidence)
        return {True: "right", False: "wrong", None: ""}[verdict.right]

    def _hint(self, row: int, column: int) -> str:
        height, width = self._tiles[row].shape
        if column == TILE:
            return f"{self._tiles[row].name}, {height} × {width} px"
        verdict = self.verdict(row)
        if verdict is not None and verdict.problem and column >= ANSWER:
            return verdict.problem
        return self._words(row, column)

    def _pixmap(self, row: int) -> QPixmap:
        if row not in self._pixmaps:
            self._pixmaps[row] = _pixmap(self._tiles[row])
        return self._pixmaps[row]


def _pixmap(tile: Tile) -> QPixmap:
    step = max(1, max(tile.shape) // _KEPT)  # to smooth a whole slide region would be felt
    rgb = np.ascontiguousarray(tile.rgb[::step, ::step])
    height, width = rgb.shape[:2]
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())


class VerdictPainter(QStyledItemDelegate):
    """Draws the thumbnail, the bar of the confidence, and the mark of right or wrong."""

    def __init__(self, parent: QObject | None = None, theme: Theme = DARK) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(frame, QColor(self.theme.selected))
        shown = index.data(Qt.ItemDataRole.UserRole)
        if isinstance(shown, _Shown) and shown.stale and index.column() >= ANSWER:
            painter.setOpacity(0.4)
        self._paint_cell(painter, frame.adjusted(6, 4, -6, -4), index, shown)
        painter.restore()

    def _paint_cell(
        self, painter: QPainter, frame: QRectF, index: Index, shown: _Shown | None
    ) -> None:
        verdict = None if shown is None else shown.verdict
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        match index.column():
            case 0:
                _paint_picture(painter, frame, index.data(Qt.ItemDataRole.DecorationRole))
                frame = frame.adjusted(_THUMBNAIL + 8, 0, 0, 0)
                self._text(painter, frame, text, self.theme.text, Qt.TextElideMode.ElideMiddle)
            case 3 if verdict is not None and text:
                self._paint_bar(painter, frame, verdict.confidence, text)
            case 4 if verdict is not None and verdict.right is not None:
                self._paint_mark(painter, frame.center(), verdict.right)
            case 1 | 2:
                broken = verdict is not None and bool(verdict.problem) and index.column() == ANSWER
                self._text(painter, frame, text, self.theme.doubt if broken else self.theme.text)

    def _text(
        self,
        painter: QPainter,
        frame: QRectF,
        text: str,
        colour: str,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        painter.setPen(QColor(colour))
        shown = painter.fontMetrics().elidedText(text, elide, int(frame.width()))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(frame, left, shown)

    def _paint_bar(self, painter: QPainter, frame: QRectF, confidence: float, text: str) -> None:
        number = frame.adjusted(0, 2, 0, -12)
        self._text(painter, number, text, self.theme.text)
        track = QRectF(frame.left(), frame.bottom() - 9, frame.width(), 5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.edge))
        painter.drawRoundedRect(track, 2.5, 2.5)
        track.setWidth(track.width() * min(1.0, max(0.0, confidence)))
        painter.setBrush(QColor(self.theme.accent))
        painter.drawRoundedRect(track, 2.5, 2.5)

    def _paint_mark(self, painter: QPainter, centre: QPointF, right: bool) -> None:
        """A tick in a full disc, or a cross in an empty square: told apart without colour too."""
        box = QRectF(centre.x() - 8, centre.y() - 8, 16, 16)
        if right:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.accent))
            painter.drawEllipse(box)
            pen = QPen(QColor(self.theme.on_accent), 2)
            strokes = [[(-3.6, 0.2), (-1.0, 2.8), (3.8, -2.8)]]
        else:
            painter.setPen(QPen(QColor(self.theme.doubt), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.75, 0.75, -0.75, -0.75))
            pen = QPen(QColor(self.theme.doubt), 2)
            strokes = [[(-3.5, -3.5), (3.5, 3.5)], [(-3.5, 3.5), (3.5, -3.5)]]
        painter.setPen(pen)
        for stroke in strokes:
            painter.drawPolyline(QPolygonF([centre + QPointF(x, y) for x, y in stroke]))


def _paint_picture(painter: QPainter, frame: QRectF, pixmap: QPixmap) -> None:
    place = QRectF(frame.left(), frame.center().y() - _THUMBNAIL / 2, _THUMBNAIL, _THUMBNAIL)
    size = pixmap.size().scaled(_THUMBNAIL, _THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(0, 0, size.width(), size.height())
    target.moveCenter(place.center())
    painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))

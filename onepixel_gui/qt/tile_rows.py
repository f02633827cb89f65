"""The rows of the gallery: what is known of each tile, which pass the filter, how one looks."""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    QStringListModel,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from onepixel_gui.qt.theme import DARK
from onepixel_gui.qt.view import legible

Outcome = Literal["flipped", "held", "stopped"]
Index = QModelIndex | QPersistentModelIndex

THUMBNAIL, ROW_HEIGHT = 56, 68
_KEPT_THUMBNAILS = 2000
_MARKS: dict[str, str] = {"flipped": "◆", "held": "○", "stopped": "□", "not usable": "✗"}
ROW_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run brought the confidence to.

    guided: by a white-box search, whose count of queries compares with no other.
    """

    outcome: Outcome
    confidence: float
    guided: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one tile. finding: None while no run has ended."""

    name: str
    label: str | None
    answer: str
    confidence: float | None
    finding: Finding | None
    why: str
    judged: bool  # the label is one of the classifier's classes

    @property
    def disagrees(self) -> bool:
        """The answer is not the ground truth."""
        return self.judged and bool(self.answer) and self.answer != self.label

    @property
    def why_line(self) -> str:
        """The reason without the name, which stands above it."""
        return self.why.removeprefix(self.name).strip()

    @property
    def finding_words(self) -> str:
        if self.why:
            return "not usable"
        return self.finding.outcome if self.finding else "not run"

    @property
    def answer_line(self) -> str:
        if self.confidence is None:
            return ""
        return f"{self.answer} {_brief(self.confidence)}"

    @property
    def finding_line(self) -> str:
        found, word = self.finding, self.finding_words
        if found is None or self.why:
            return word
        return f"{word} → {_brief(found.confidence)}"

    @property
    def sentence(self) -> str:
        """The row for a screen reader and for the tooltip."""
        parts = [self.name, f"label {self.label}" if self.label else "no label"]
        if self.confidence is not None:
            parts.append(f"answer {self.answer_line}")
        parts.append(self.why or self.finding_line.replace("→", "to"))
        if self.finding is not None and self.finding.guided:
            parts.append("found by a guided, white-box search")
        return ", ".join(parts)


def _brief(confidence: float) -> str:
    return legible(confidence, 2 if confidence >= 1e-3 else 1)


class TileRows(QStringListModel):
    """The filtered rows of a list of tiles; `order` says which tile stands in which row.

    QStringListModel only for its counting in C++: 100,000 rows are listed in 0.05 s, where an
    abstract model in Python, or a QSortFilterProxyModel with a filter in Python, takes 0.2 s
    each time. Its strings stay empty.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: Sequence[tuple[str, str | None]] = ()
        self.order: Sequence[int] = ()
        self.pixels_per_point = 1.0
        self.flipped = 0
        self.classes: tuple[str, ...] = ()
        self._words: tuple[str, ...] = ()
        self._answers: dict[int, tuple[str, float]] = {}
        self._findings: dict[int, Finding] = {}
        self._unreadable: dict[int, str] = {}
        self._thumbnails: OrderedDict[int, QPixmap] = OrderedDict()

    def replace(self, entries: Sequence[tuple[str, str | None]]) -> None:
        """Another list; nothing of the old one is kept."""
        self.entries = entries
        for known in (self._answers, self._findings, self._unreadable, self._thumbnails):
            known.clear()
        self.flipped = 0
        self.filter(" ".join(self._words))

    def forget_results(self, classes: tuple[str, ...] = ()) -> None:
        """What a classifier said, or refused, belongs to that classifier; the pictures stay.

        classes: those of the next one; other labels are neither right nor wrong.
        """
        self.classes = classes
        for known in (self._answers, self._findings, self._unreadable):
            known.clear()
        self.flipped = 0
        self.filter(" ".join(self._words))

    def filter(self, text: str) -> None:
        """Rows in which every word occurs; `=` may stand for `:`."""
        self._words = tuple(text.lower().replace("=", ":").split())
        if self._words:
            self.order = [tile for tile in range(len(self.entries)) if self._passes(tile)]
        else:
            self.order = range(len(self.entries))
        self.setStringList([""] * len(self.order))

    def _passes(self, tile: int) -> bool:
        words = self._words_of(tile)
        return all(word in words for word in self._words)

    def _words_of(self, tile: int) -> str:
        """What the filter looks in: plain words, and `label:mitosis answer:normal`."""
        name, label = self.entries[tile]
        answer = self._answers[tile][0] if tile in self._answers else ""
        found = self._findings.get(tile)
        finding = "not usable" if tile in self._unreadable else "not run"
        if found is not None and tile not in self._unreadable:
            finding = f"{found.outcome}{' guided' if found.guided else ''}"
        return f"{name} label:{label or ''} answer:{answer} {finding}".lower()

    def row_of(self, tile: int) -> Row:
        name, label = self.entries[tile]
        answer, confidence = self._answers.get(tile, ("", None))
        finding, why = self._findings.get(tile), self._unreadable.get(tile, "")
        return Row(name, label, answer, confidence, finding, why, label in self.classes)

    def place(self, tile: int) -> int | None:
        """The row in which a tile stands, None when filtered out."""
        at = bisect_left(self.order, tile)
        return at if at < len(self.order) and self.order[at] == tile else None

    def thumbnail(self, tile: int) -> QPixmap | None:
        return self._thumbnails.get(tile)

    # ------------------------------------------------------------------ news of one tile
    def set_answer(self, tile: int, answer: str, confidence: float) -> None:
        if 0 <= tile < len(self.entries):
            self._answers[tile] = (answer, confidence)
            self._tell(tile)

    def set_finding(self, tile: int, finding: Finding) -> None:
        if 0 <= tile < len(self.entries):
            before = self._findings.get(tile)
            self.flipped += finding.outcome == "flipped"
            self.flipped -= before is not None and before.outcome == "flipped"
            self._findings[tile] = finding
            self._tell(tile)

    def set_unreadable(self, tile: int, why: str) -> None:
        if 0 <= tile < len(self.entries):
            self._unreadable[tile] = why
            self._tell(tile)

    def set_thumbnail(self, tile: int, rgb: NDArray[np.uint8]) -> None:
        """Late ones for a longer list that is gone are dropped."""
        if not 0 <= tile < len(self.entries):
            return
        self._thumbnails[tile] = _pixmap(rgb, self.pixels_per_point)
        self._thumbnails.move_to_end(tile)
        while len(self._thumbnails) > _KEPT_THUMBNAILS:
            self._thumbnails.popitem(last=False)
        self._tell(tile)

    def _tell(self, tile: int) -> None:
        """Repaint the row, or let it join; rows leave only when the filter is applied again."""
        at = self.place(tile)
        if at is None and self._passes(tile):
            at = bisect_left(self.order, tile)
            self.order = [*self.order[:at], tile, *self.order[at:]]
            self.insertRows(at, 1)
        elif at is not None:
            index = self.index(at)
            self.dataChanged.emit(index, index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.order):
            return None
        row = self.row_of(self.order[index.row()])
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.sentence
            case Qt.ItemDataRole.ToolTipRole:
                return row.sentence.replace(", ", "\n", 3)
            case _ if role == ROW_ROLE:
                return row
            case _:
                return None


def _pixmap(rgb: NDArray[np.uint8], pixels_per_point: float) -> QPixmap:
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    edge = round(THUMBNAIL * pixels_per_point)
    scaled = image.scaled(
        edge,
        edge,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    pixmap = QPixmap.fromImage(scaled if scaled is not image else image.copy())
    pixmap.setDevicePixelRatio(pixels_per_point)
    return pixmap


class RowPainter(QStyledItemDelegate):
    """Thumbnail, name, ground truth, answer, finding."""

    def __init__(self, rows: TileRows, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows, self.theme = rows, DARK

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tile = self._rows.order[index.row()]
        row = self._rows.row_of(tile)
        frame: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        self._paint_ground(painter, frame, state)
        corner = frame.topLeft() + QPoint(8, (ROW_HEIGHT - THUMBNAIL) // 2)
        self._paint_thumbnail(painter, corner, self._rows.thumbnail(tile), row)
        text = frame.adjusted(8 + THUMBNAIL + 9, 6, -5, -5)
        self._paint_words(painter, text, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, frame: QRect, state: QStyle.StateFlag) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = QRectF(frame).adjusted(1.5, 1.5, -1.5, -1.5)
        if selected or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.selected if selected else self.theme.field))
            painter.drawRoundedRect(ground, 6, 6)
        if selected:
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
        self._line(painter, frame, 0, row.name, Qt.TextElideMode.ElideMiddle)
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

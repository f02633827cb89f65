"""The classes of a data set with their numbers of tiles, as a table with bars."""

from collections.abc import Sequence
from html import escape
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from onepixel_gui.qt.theme import DARK, Theme

Index = QModelIndex | QPersistentModelIndex

NAME, SHARE, COUNT = range(3)
_ROW = 24  # pixels
_SHOWN = 6  # rows; more are scrolled
_BAR = 6  # pixels high
_PERCENT = 52  # pixels beside a bar
_ROOT = QModelIndex()


class ClassRows(QAbstractTableModel):
    """One row for each class."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[tuple[str, int], ...] = ()
        self._whole = 1

    def show(self, rows: Sequence[tuple[str, int]]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self._whole = max(1, sum(count for _, count in rows))
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else COUNT + 1

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or role != Qt.ItemDataRole.DisplayRole:
            return None
        return ("Class", "Share", "Tiles")[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name, count = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return (name, f"{100 * count / self._whole:.1f} %", f"{count:,}")[index.column()]
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{name}: {count:,} tiles, {100 * count / self._whole:.1f} % of all"
            case Qt.ItemDataRole.ToolTipRole:
                return f"<qt>{escape(name)}</qt>"
            case Qt.ItemDataRole.UserRole:
                return count / self._whole
            case _:
                return None


class _RowPainter(QStyledItemDelegate):
    """Draws name, bar with share, and number; a focused row is a little lighter."""

    def __init__(self, parent: QObject, theme: Theme) -> None:
        super().__init__(parent)
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame, state = QRectF(option.rect), option.state
        current = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_Active
        if state & current == current and state & QStyle.StateFlag.State_Enabled:
            painter.fillRect(frame, QColor(self.theme.selected))
        if not state & QStyle.StateFlag.State_Enabled:
            painter.setOpacity(0.45)
        frame.adjust(2 if index.column() == NAME else 8, 0, -6, 0)
        text = str(index.data())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if index.column() == SHARE:
            bar = frame.adjusted(0, 0, -_PERCENT, 0)
            self._paint_bar(painter, bar, float(index.data(Qt.ItemDataRole.UserRole)))
            self._text(painter, frame, text, self.theme.faint, right)
        else:
            place = left if index.column() == NAME else right
            self._text(painter, frame, text, self.theme.text, place)
        painter.restore()

    def _text(
        self, painter: QPainter, frame: QRectF, text: str, colour: str, place: Qt.AlignmentFlag
    ) -> None:
        painter.setPen(QColor(colour))
        middle, room = Qt.TextElideMode.ElideMiddle, int(frame.width())
        painter.drawText(frame, place, painter.fontMetrics().elidedText(text, middle, room))

    def _paint_bar(self, painter: QPainter, frame: QRectF, share: float) -> None:
        track = QRectF(frame.left(), frame.center().y() - _BAR / 2, frame.width(), _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.edge))
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        if share > 0:
            track.setWidth(max(_BAR, track.width() * min(1.0, share)))
            painter.setBrush(QColor(self.theme.accent))
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)


class ClassTable(QTableView):
    """As high as a few classes need; with a thousand it scrolls. Disabled: counted anew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Tiles per class")
        self.setObjectName("classes")
        self._rows, self._painter = ClassRows(self), _RowPainter(self, DARK)
        self.setModel(self._rows)
        self.setItemDelegate(self._painter)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(_ROW)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(COUNT, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(COUNT, 76)

    def show_classes(self, rows: Sequence[tuple[str, int]]) -> None:
        """rows: (class, tiles) in their order."""
        if self._rows.rows != tuple(rows):
            self._rows.show(rows)
        self.setFixedHeight(_ROW * min(len(rows), _SHOWN) + 2 * self.frameWidth() + 2)
        self.setVisible(bool(rows))
        scrolled = len(rows) > _SHOWN
        policies = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policies.ScrollBarAlwaysOn if scrolled else policies.ScrollBarAlwaysOff
        )

    @property
    def rows(self) -> tuple[tuple[str, int], ...]:
        """(class, tiles), as shown."""
        return self._rows.rows

    def set_theme(self, theme: Theme) -> None:
        self._painter.theme = theme
        self.viewport().update()

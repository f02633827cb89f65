"""The table of runs as it looks: painted cell by cell from the columns, 100,000 rows or 30."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from onepixel_gui.qt.campaign.run_rows import COLUMNS, NUMBERS, Index, RunRows, several
from onepixel_gui.qt.theme import DARK, Theme

ROW = 24  # pixels
_PAD = 7
_MARKS = {"flipped": "◆", "held": "○", "stopped": "□", "not usable": "✗"}
_WIDTHS = {
    "label": 66,
    "answer": 66,
    "after": 66,
    "clean": 72,
    "confidence": 72,
    "queries": 64,
    "result": 88,
    "classifier": 100,
    "attack": 100,
}
_LEAST_TILE = 120  # points; with these all columns of one campaign fit the narrowest page
_QUIET = frozenset({"label", "queries"})
_FITTED = 20_000  # texts whose width is remembered
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_OWN = (*_ENTER, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)  # elsewhere they step through the tiles


class CellPainter(QStyledItemDelegate):
    """Asks the rows for a text instead of each cell for a dozen roles.

    How wide a text is, and where it is cut, is found out once: few texts are many.
    """

    def __init__(self, rows: RunRows, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._font = QFont()
        self._font.setPixelSize(12)
        self._metrics = QFontMetricsF(self._font)
        self._base = (ROW + self._metrics.ascent() - self._metrics.descent()) / 2
        self._fitted: dict[tuple[str, int], tuple[str, float]] = {}
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        self._text, self._faint = QColor(theme.text), QColor(theme.faint)
        self._selected = QColor(theme.selected)
        self._results = {"flipped": QColor(theme.flip), "not usable": QColor(theme.doubt)}

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        at, column = index.row(), index.column()
        if at >= len(self._rows.order):
            return
        frame: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(frame, self._selected)
        field, colour = COLUMNS[column][0], self._text
        words = self._rows.words(at, column)
        if field == "result":
            colour = self._results.get(words, colour)
            words = f"{_MARKS.get(words, '')} {words}"
        elif words == "–" or field in _QUIET:
            colour = self._faint
        shown, width = self._fit(words, frame.width() - 2 * _PAD, middle=not column)
        right = field in NUMBERS
        x = frame.right() + 1 - _PAD - width if right else float(frame.left() + _PAD)
        painter.setFont(self._font)
        painter.setPen(colour)
        painter.drawText(QPointF(x, frame.top() + self._base), shown)

    def _fit(self, words: str, room: int, *, middle: bool) -> tuple[str, float]:
        """What of a text is shown in so many points, and its width."""
        known = self._fitted.get((words, room))
        if known is None:
            if len(self._fitted) > _FITTED:
                self._fitted.clear()
            cut = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
            shown = self._metrics.elidedText(words, cut, room)
            known = shown, self._metrics.horizontalAdvance(shown)
            self._fitted[words, room] = known
        return known


class RunTable(QTableView):
    """Click, Enter: the tile with its run is wished for on the bench. Arrows only move."""

    run_wished = Signal(int)  # number of a run

    def __init__(self, rows: RunRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows, self._painter = rows, CellPainter(rows, self)
        self.setModel(rows)
        self.setItemDelegate(self._painter)
        self.setAccessibleName("Runs of the campaign")
        self.setObjectName("runs")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(ROW)
        self._prepare_headers()
        self.clicked.connect(lambda index: self._wish(index.row()))
        rows.modelReset.connect(self._suit_columns)
        rows.rowsInserted.connect(self._suit_columns)
        self._suit_columns()

    def _prepare_headers(self) -> None:
        down = self.verticalHeader()
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setMinimumSectionSize(ROW)
        down.setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)
        header.setFixedHeight(26)
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)  # a third click: as they came
        header.setAccessibleName("Columns of the table of runs")
        for column, (field, *_) in enumerate(COLUMNS):
            if field in _WIDTHS:
                header.resizeSection(column, _WIDTHS[field])
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        header.sectionResized.connect(lambda column, *_: self._suit_tile() if column else None)
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def _suit_columns(self) -> None:
        """Classifier and attack are told where there are several."""
        texts = self._rows.ledger.texts
        for column, (field, *_) in enumerate(COLUMNS):
            if field in ("classifier", "attack"):
                hidden = not several(texts[field].words)
                if self.isColumnHidden(column) != hidden:
                    self.setColumnHidden(column, hidden)
        self._suit_tile()

    def _suit_tile(self) -> None:
        """Names take what the other columns leave, and at least so much that they can be read."""
        header = self.horizontalHeader()
        others = sum(header.sectionSize(column) for column in range(1, header.count()))
        header.resizeSection(0, max(_LEAST_TILE, self.viewport().width() - others))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._suit_tile()

    def set_theme(self, theme: Theme) -> None:
        self._painter.set_theme(theme)
        self.setStyleSheet(
            f"QTableView#runs {{ background: {theme.card}; border: 1px solid transparent; }}"
            f"QTableView#runs:focus {{ border: 1px solid {theme.edge}; border-radius: 4px; }}"
            f"QHeaderView {{ background: {theme.card}; border: none; }}"
            f"QHeaderView::section {{ background: {theme.card}; color: {theme.faint};"
            f" border: none; border-bottom: 1px solid {theme.edge}; padding: 0 {_PAD}px;"
            " font-size: 11px; }"
            f"QHeaderView::section:hover {{ color: {theme.text}; }}"
        )
        self.viewport().update()

    def join(self) -> None:
        """News come in; what is on screen stays where it is."""
        bar, rows = self.verticalScrollBar(), self._rows
        top = self.rowAt(0)
        held = int(rows.order[top]) if 0 < top < len(rows.order) else None
        rows.join()
        now = rows.place(held) if rows.field is not None else None
        if now is not None and now != top:
            bar.setValue(bar.value() + (now - top) * ROW)

    def show_row(self, row: int | None) -> None:
        """Choose a row of the ledger and bring it in sight; no wish comes of it."""
        at = self._rows.place(row)
        if at is not None:
            self.selectRow(at)
            self.scrollTo(self._rows.index(at, 0))

    def keyboardSearch(self, _letters: str) -> None:  # noqa: N802
        """Letters are commands of the window; the filter line finds names."""

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() in _OWN:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER:
            self._wish(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def _wish(self, at: int) -> None:
        """Of a tile that was refused there is nothing to show."""
        if 0 <= at < len(self._rows.order):
            run = self._rows.ledger.run(int(self._rows.order[at]))
            if run >= 0:
                self.run_wished.emit(run)

"""A line of text that offers what may come next, below it and by the keyboard alone."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QWidget

from onepixel_gui.analysis.completion import Offers
from onepixel_gui.qt.theme import DARK, Theme

Offering = Callable[[str, int], Offers]  # line, cursor -> what may stand there

_ROWS = 8  # offers in sight
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_MOVES = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _ROWS,
    Qt.Key.Key_PageUp: -_ROWS,
}


class FilterLine(QLineEdit):
    """Tab takes the first offer, or the one that Up and Down chose; Enter takes only a chosen one.

    Offers come while something is typed; Down or Ctrl+Space asks for them.
    """

    def __init__(self, offering: Offering, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offering, self._theme = offering, DARK
        self._offers = Offers(0, 0)
        self.offered = QListWidget(self)
        self.offered.setAccessibleName("Offers for the filter")
        self.offered.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # letters still go into the line
        self.offered.setFrameShape(QFrame.Shape.StyledPanel)
        self.offered.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.offered.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.offered.itemClicked.connect(self._take)
        self.offered.currentRowChanged.connect(self._tell)
        self.offered.hide()
        self.textEdited.connect(lambda _: self._offer(asked=False))
        self.setAcceptDrops(False)  # it would take a dropped file for words

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    @property
    def offers(self) -> tuple[str, ...]:
        """Those in sight, or a little below it."""
        return self._offers.texts if self.offered.isVisible() else ()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and self.offered.isVisible():
            key, kind = event.key(), event.type()
            if kind == QEvent.Type.ShortcutOverride and key == Qt.Key.Key_Escape:
                event.accept()  # it closes the offers, not what is running
                return True
            tab = key == Qt.Key.Key_Tab and not event.modifiers()
            if kind == QEvent.Type.KeyPress and tab:
                self._take(self.offered.currentItem() or self.offered.item(0))
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not self.offered.isVisible():
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            if key == Qt.Key.Key_Down or (control and key == Qt.Key.Key_Space):
                self._offer(asked=True)
                return
        elif key == Qt.Key.Key_Escape:
            self.offered.hide()
            return
        elif key in _MOVES:
            row = self.offered.currentRow() + _MOVES[Qt.Key(key)]
            self.offered.setCurrentRow(min(max(row, 0), self.offered.count() - 1))
            return
        elif key in _ENTER and self.offered.currentItem() is not None:
            self._take(self.offered.currentItem())
            return
        elif key in _ENTER:
            self.offered.hide()
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.offered.hide()
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.offered.hide()  # it lies where the line was
        super().resizeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.offered.hide()
        super().hideEvent(event)

    def _offer(self, *, asked: bool) -> None:
        """Show what may stand at the cursor. asked: also where nothing was begun yet."""
        self._offers = self._offering(self.text(), self.cursorPosition())
        if not self._offers.texts or not (asked or self._offers.asked):
            self.offered.hide()
            return
        self.offered.clear()
        self.offered.addItems(self._offers.texts)
        self.offered.setCurrentRow(-1)
        self._place()
        self.offered.show()
        self.offered.raise_()

    def _place(self) -> None:
        """Below the line, over whatever is there, inside the window."""
        window = self.window()
        if self.offered.parent() is not window:
            self.offered.setParent(window)
        theme = self._theme
        self.offered.setStyleSheet(
            f"QListWidget {{ background: {theme.card}; border: 1px solid {theme.accent};"
            f" border-radius: 6px; padding: 2px; color: {theme.text}; }}"
            "QListWidget::item { padding: 2px 6px; border-radius: 4px; }"
            f"QListWidget::item:selected {{ background: {theme.selected}; color: {theme.text}; }}"
        )
        corner = self.mapTo(window, QPoint(0, self.height() + 2))
        rows = min(self.offered.count(), _ROWS)
        height = rows * max(self.offered.sizeHintForRow(0), 1) + 8
        below = max(window.height() - corner.y() - 4, 40)
        self.offered.setGeometry(corner.x(), corner.y(), self.width(), min(height, below))

    def _take(self, item: QListWidgetItem) -> None:
        line, cursor = self._offers.taken(self.text(), item.text())
        self.setText(line)
        self.setCursorPosition(cursor)
        self._offer(asked=False)  # a sign after a field, a value after a sign

    def _tell(self, row: int) -> None:
        """Say to a screen reader which offer is chosen; the focus stays in the line."""
        chosen = self.offered.item(row)
        words = f"{row + 1} of {self.offered.count()}: {chosen.text()}" if chosen else ""
        self.setAccessibleDescription(words)
        described = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        QAccessible.updateAccessibility(described)

"""The list view of the gallery: many rows to choose from, and the keys that stay its own."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QWidget

_STEPS = {
    Qt.Key.Key_PageUp: -1,
    Qt.Key.Key_PageDown: 1,
    Qt.Key.Key_P: -1,
    Qt.Key.Key_N: 1,
    Qt.Key.Key_K: -1,
    Qt.Key.Key_J: 1,
}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)
_EXTEND = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


def _own(event: QKeyEvent) -> bool:
    """A key of the list, pressed without Shift, Ctrl and the like."""
    plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return plain and event.key() in (*_STEPS, *_ENTER, *_MOVES, Qt.Key.Key_L)


class TileList(QListView):
    """extending: the reader holds Shift or Ctrl, and so selects without choosing."""

    chosen = Signal()  # Enter
    stepped = Signal(int)
    listing_wished = Signal()  # L
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.extending = False
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setStyleSheet("QListView { border-radius: 6px; }")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Tiles")

    @property
    def selected_rows(self) -> list[range]:
        """By ranges: an index for each of 200,000 rows takes a second."""
        selection = self.selectionModel().selection()
        parts = (selection.at(place) for place in range(selection.size()))
        return [range(part.top(), part.bottom() + 1) for part in parts]

    def keyboardSearch(self, _letters: str) -> None:  # noqa: N802
        """Letters are commands here; the filter line finds names."""

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and _own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not _own(event) or key in _MOVES:
            self.extending = bool(event.modifiers() & _EXTEND)
            super().keyPressEvent(event)
            self.extending = False
        elif key in _ENTER:
            self.chosen.emit()
        elif key == Qt.Key.Key_L:
            self.listing_wished.emit()
        else:
            self.stepped.emit(_STEPS[Qt.Key(key)])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.extending = bool(event.modifiers() & _EXTEND)
        super().mousePressEvent(event)
        self.extending = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

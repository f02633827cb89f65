"""One line for a remark: Enter keeps it, Esc leaves."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QVBoxLayout, QWidget

from onepixel_gui.qt.theme import Theme

_WIDTH, _BELOW, _LONGEST = 560, 96, 2000  # pixels, pixels, letters
_SHOWN = 4  # earlier remarks


class NoteLine(QFrame):
    """Lies over the window, above the verdict; shows what was remarked before."""

    kept = Signal(str, int)  # words, number of a run or -1 for the whole study

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("overlay")
        self.setAccessibleName("Note")
        self._run = -1
        self._of, self._before, self.line = QLabel(), QLabel(), QLineEdit()
        self._of.setObjectName("faint")
        self._before.setObjectName("faint")
        self._before.setWordWrap(True)
        self._before.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setMaxLength(_LONGEST)
        self.line.setPlaceholderText("A remark; Enter keeps it")
        self.line.setAccessibleName("Remark")
        self.line.returnPressed.connect(self._keep)
        self.line.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(6)
        for widget in (self._of, self._before, self.line):
            column.addWidget(widget)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            f"QFrame#overlay {{ background: {theme.card}; border: 1px solid {theme.accent};"
            " border-radius: 10px; }"
        )

    def ask(self, of: str, run: int) -> None:
        """of: what the remark is about, in words."""
        self._run = run
        self._of.setText(f"Note on {of}")
        self.show_before(())
        self.line.clear()
        self.show()
        self._place()
        self.raise_()
        self.line.setFocus()

    @property
    def before(self) -> str:
        """Earlier remarks, a line each."""
        return self._before.text()

    def show_before(self, remarks: tuple[str, ...]) -> None:
        """What was remarked of it before, the latest last."""
        self._before.setText("\n".join(remarks[-_SHOWN:]))
        self._before.setVisible(bool(remarks))
        self._place()

    def _keep(self) -> None:
        words = self.line.text().strip()
        self.hide()
        if words:
            self.kept.emit(words, self._run)

    def _place(self) -> None:
        over = self.parentWidget()
        if over is None:
            return
        width = min(_WIDTH, over.width() - 40)
        self.setFixedWidth(width)
        self.adjustSize()
        left = (over.width() - width) // 2
        self.move(left, max(20, over.height() - _BELOW - self.height()))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Esc leaves the line, although it is Stop elsewhere."""
        if not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Escape:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            self.hide()
            return True
        return False

"""A problem as a strip across the window: never a modal box, never a traceback."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from onepixel_gui.problems import Problem


class MessageStrip(QFrame):
    """Shows the latest problem until it is dismissed; several alike are counted, not stacked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("Message")
        self._problem: Problem | None = None
        self._times = 0
        self._text = QLabel(wordWrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._copy = QPushButton("Copy details")
        close = QPushButton("Dismiss")
        close.clicked.connect(self.dismiss)
        self._copy.clicked.connect(self._copy_details)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.addWidget(self._text, 1)
        row.addWidget(self._copy)
        row.addWidget(close)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown now; empty when nothing is."""
        return "" if self._problem is None else f"{self._problem.what} {self._problem.remedy}"

    def take(self, problem: Problem) -> None:
        same = self._problem is not None and self._problem.what == problem.what
        self._times = self._times + 1 if same else 1
        self._problem = problem
        again = f" ({self._times} times)" if self._times > 1 else ""
        what, remedy = escape(problem.what), escape(problem.remedy)
        self._text.setText(f"<span style='font-weight: 600'>{what}</span>{again} {remedy}")
        self._copy.setVisible(bool(problem.detail))
        self.show()
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """As high as all its lines: else the panes below lose what they need at least."""
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())))

    def dismiss(self) -> None:
        self._problem, self._times = None, 0
        self.hide()

    def _copy_details(self) -> None:
        if self._problem is not None:
            problem = self._problem
            whole = f"{problem.what}\n{problem.remedy}\n\n{problem.detail}"
            QGuiApplication.clipboard().setText(whole)

"""The small controls above the tiles: their order, the reader's own list, scoring."""

from functools import partial
from typing import Literal

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from onepixel_gui.analysis.selection import KEYS, Key
from onepixel_gui.qt.gallery.row_painter import paint_ribbon
from onepixel_gui.qt.theme import DARK, Theme

Task = Literal["score", "stop scoring", "stop looking"]

_NAMES: dict[Key, str] = {
    "order": "List order",
    "name": "Name",
    "label": "Label",
    "answer": "Answer",
    "confidence": "Confidence",
    "agreement": "Agreement",
    "result": "Result",
    "case": "Case",
}
_TRIAGE = "N or J goes to the next tile, P or K to the previous one."


class SortButton(QToolButton):
    """Says the order; its menu holds the others."""

    chosen = Signal(str, bool)  # Key, descending
    again_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key: Key = "order"
        self._descending = False
        self._menu = QMenu("Order of the tiles", self)
        self._keys, self._ways = QActionGroup(self), QActionGroup(self)
        for key in KEYS:
            self._add(self._keys, _NAMES[key], key, partial(self._choose, key))
        self._menu.addSeparator()
        for words, down in (("Ascending", False), ("Descending", True)):
            self._add(self._ways, words, down, partial(self._turn, down))
        self._menu.addSeparator()
        self._again = self._menu.addAction("Sort again")
        self._again.setToolTip("Put tiles in their places that were scored since.")
        self._again.triggered.connect(lambda _=False: self.again_wished.emit())
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_order("order", descending=False)

    def _add(self, group: QActionGroup, words: str, data: object, do: partial[None]) -> None:
        action = self._menu.addAction(words)
        action.setCheckable(True)
        action.setData(data)
        action.triggered.connect(lambda _=False: do())
        group.addAction(action)

    def set_order(self, key: Key, *, descending: bool, stale: bool = False) -> None:
        """stale: tiles were scored since it was sorted."""
        self._key, self._descending = key, descending
        for group, now in ((self._keys, key), (self._ways, descending)):
            for action in group.actions():
                action.setChecked(action.data() == now)
        self._again.setEnabled(stale)
        arrow = "↓" if descending else "↑"
        self.setText(f"{arrow} {_NAMES[key]}{' *' if stale else ''}")
        way = "descending" if descending else "ascending"
        self.setAccessibleName(f"Order: {_NAMES[key]}, {way}")
        later = " Tiles were scored since: choose Sort again." if stale else ""
        self.setToolTip(f"The order of the tiles; not yet scored ones come last.{later}\n{_TRIAGE}")

    @property
    def actions_by_name(self) -> dict[str, QAction]:
        return {action.text(): action for action in self._menu.actions() if action.text()}

    def _choose(self, key: Key) -> None:
        self.chosen.emit(key, self._descending)

    def _turn(self, descending: bool) -> None:
        self.chosen.emit(self._key, descending)


class GalleryTools(QWidget):
    """One row: order, own list, and whatever can be asked for or stopped now."""

    list_toggled = Signal(bool)  # show the reader's own list alone, or all
    task_wished = Signal(str)  # Task

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sort, self.mine, self.task = SortButton(), QToolButton(), QToolButton()
        self._task: Task = "score"
        self._listed = 0
        self.mine.setCheckable(True)
        self.mine.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.mine.setIconSize(QSize(9, 12))
        self.mine.clicked.connect(self.list_toggled)
        self.task.clicked.connect(lambda _=False: self.task_wished.emit(self._task))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.sort, 1)
        row.addWidget(self.mine)
        row.addWidget(self.task)
        self.set_theme(DARK)
        self.show_list(0, alone=False)
        self.show_task("score", "", "")

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            f"QToolButton {{ background: transparent; color: {theme.faint}; font-size: 12px;"
            f" border: 1px solid {theme.edge}; border-radius: 6px; padding: 2px 6px; }}"
            f"QToolButton:hover {{ color: {theme.text}; }}"
            f"QToolButton:checked {{ background: {theme.selected}; color: {theme.text}; }}"
            f"QToolButton:focus {{ border: 1px solid {theme.accent}; }}"
            "QToolButton::menu-indicator { image: none; }"
        )
        pixmap = QPixmap(27, 36)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(3, 3)
        paint_ribbon(painter, QPointF(0, 0), theme.accent)
        painter.end()
        self.mine.setIcon(QIcon(pixmap))

    def show_list(self, count: int, *, alone: bool) -> None:
        """count: tiles on the reader's own list.  alone: nothing else is shown."""
        self.mine.setText(f"{count:,}")
        self.mine.setChecked(alone)
        self.mine.setVisible(count > 0 or alone)
        self.mine.setAccessibleName(f"Show my list: {count:,} tiles")
        self.mine.setToolTip(
            f"Show my list alone ({count:,} tiles)\n"
            "L puts the selected tiles on it, or takes them off; Ctrl+A selects all that are shown."
        )

    def show_task(self, task: Task, words: str, hint: str) -> None:
        """words: "" where there is nothing to do."""
        self._task = task
        self.task.setText(words)
        self.task.setToolTip(hint)
        self.task.setAccessibleName(hint or "Nothing to score")
        self.task.setVisible(bool(words))

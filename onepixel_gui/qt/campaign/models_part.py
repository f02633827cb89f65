"""Which classifiers a campaign attacks: those in use, and checkpoints from files."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.classifier.card import CHECKPOINTS
from onepixel_gui.outbox import printable
from onepixel_gui.qt.theme import Theme

_ROW, _SHOWN = 24, 4  # pixels; rows in sight
_PATH = Qt.ItemDataRole.UserRole
NO_MODEL = "Choose a classifier: drop a checkpoint, or add one."


class CheckpointList(QListWidget):
    """A tick for each; files dropped on it are wished for, Delete takes one off."""

    dropped = Signal(object)  # paths of checkpoints
    unwanted = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setAccessibleName("Classifiers of the campaign")
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _checkpoints(event.mimeData()):
            event.acceptProposedAction()
        else:
            event.ignore()  # the window may know what to do with it

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = _checkpoints(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space:
            event.accept()  # it ticks
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and item is not None:
            self.unwanted.emit(item.data(_PATH))
        else:
            super().keyPressEvent(event)


class ModelsPart(QWidget):
    """The classifier in use is ticked, others as the reader likes; the first answers filters.

    add: its button, to stand beside the heading.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list, self.add = CheckpointList(), QPushButton("Add…")
        self._in_use: dict[Path, str] = {}  # path -> what it is, in words
        self._added: list[Path] = []
        self._ticked: dict[Path, bool] = {}
        self.add.setStyleSheet("padding: 1px 8px; font-size: 11px;")
        self.add.setToolTip("Add a checkpoint from a file; dropping one on the list does the same")
        self.add.setAccessibleName("Add a checkpoint")
        self.add.clicked.connect(self._ask)
        self.list.itemChanged.connect(self._tick)
        self.list.dropped.connect(self.add_all)
        self.list.unwanted.connect(self._remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.list)
        self._fill()

    def set_theme(self, theme: Theme) -> None:
        self.list.setStyleSheet(
            f"QListWidget {{ background: {theme.field}; border: 1px solid {theme.edge};"
            f" border-radius: 6px; color: {theme.text}; padding: 1px; }}"
            f"QListWidget:focus {{ border: 1px solid {theme.accent}; }}"
            f"QListWidget::item {{ padding: 1px 2px; height: {_ROW - 4}px; }}"
            f"QListWidget::item:selected {{ background: {theme.selected}; color: {theme.text}; }}"
        )

    def show_in_use(self, in_use: Sequence[tuple[Path, str]]) -> None:
        """(checkpoint, what it is) of the classifier on the bench and of the one beside it."""
        before = self._in_use
        self._in_use = dict(in_use)
        for number, path in enumerate(self._in_use):
            if path not in before:  # the one on the bench is what most campaigns are about
                self._ticked[path] = number == 0 or self._ticked.get(path, False)
        self._fill()

    def add_all(self, paths: Sequence[Path]) -> None:
        for path in paths:
            self._ticked[path] = True
            if path not in self._added and path not in self._in_use:
                self._added.append(path)
        self._fill()

    @property
    def chosen(self) -> tuple[Path, ...]:
        """In the order of the list."""
        return tuple(path for path in self._all() if self._ticked.get(path))

    @property
    def lacking(self) -> str:
        return "" if self.chosen else NO_MODEL

    def _all(self) -> list[Path]:
        return [*self._in_use, *(path for path in self._added if path not in self._in_use)]

    def _fill(self) -> None:
        paths = self._all()
        with QSignalBlocker(self.list):
            self.list.clear()
            for path in paths:
                what = self._in_use.get(path, "")
                name = printable(path.name)
                item = QListWidgetItem(f"{name} · {what}" if what else name)
                item.setData(_PATH, path)
                item.setToolTip(printable(str(path)))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                ticked = self._ticked.get(path, False)
                item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
                self.list.addItem(item)
            if not paths:
                hint = QListWidgetItem("Drop a checkpoint here")
                hint.setFlags(Qt.ItemFlag.NoItemFlags)
                self.list.addItem(hint)
        self.list.setFixedHeight(_ROW * min(max(len(paths), 1), _SHOWN) + 6)
        self.changed.emit()

    def _tick(self, item: QListWidgetItem) -> None:
        path = item.data(_PATH)
        if isinstance(path, Path):
            self._ticked[path] = item.checkState() == Qt.CheckState.Checked
            self.changed.emit()

    def _remove(self, path: object) -> None:
        """One that is in use stays in the list; its tick goes."""
        if isinstance(path, Path):
            self._ticked[path] = False
            self._added = [each for each in self._added if each != path]
            self._fill()

    def _ask(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(CHECKPOINTS))
        names, _ = QFileDialog.getOpenFileNames(
            self, "Add checkpoints", filter=f"Checkpoints ({kinds})"
        )
        self.add_all([Path(name) for name in names])


def _checkpoints(data: QMimeData) -> list[Path]:
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in CHECKPOINTS]

"""The names of a network's outputs, in a table that stays quick with a thousand of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSignalBlocker,
    QStringListModel,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex

_MOST = 100_000  # names: what a card may hold
_SHOWN = 5  # rows that the table asks room for


class ClassNames(QStringListModel):
    """One row for each output of the network, in their order."""

    edited = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dataChanged.connect(lambda *_: self.edited.emit())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.stringList())

    def replace(self, names: Sequence[str]) -> None:
        """Row by row where their number stays, so that choices made among them stay too."""
        if len(names) != self.rowCount():
            self.setStringList(list(names))
            self.edited.emit()
        else:
            self.write(0, names)

    def write(self, row: int, names: Sequence[str]) -> None:
        """Write names from a row on; what goes past the last output is left out."""
        with QSignalBlocker(self):
            for place, name in enumerate(names[: self.rowCount() - row], row):
                super().setData(self.index(place), name.strip())
        if self.rowCount():
            self.dataChanged.emit(self.index(row), self.index(self.rowCount() - 1), [])

    def setData(  # noqa: N802
        self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        return super().setData(index, str(value).strip(), role)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return f"output {section}" if orientation == Qt.Orientation.Vertical else "Class"

    def trouble(self) -> str:
        """What is wrong with the names, a sentence; "" when nothing is."""
        names = self.names
        for row, name in enumerate(names):
            if not name:
                return f"Output {row} has no name."
            if len(name) > 200:
                return f"The name of output {row} is longer than 200 letters."
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            return f"Two outputs are called {twice[0][:60]}."
        return "Name two classes or more." if len(names) == 1 else ""


class _Table(QTableView):
    """Enter edits, Ctrl+V writes the lines of the clipboard, one name to an output."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            if self.state() != QTableView.State.EditingState:  # else the editor passed it on
                self.edit(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Paste) and row >= 0:
            names = self.model()
            assert isinstance(names, ClassNames)
            names.write(row, QGuiApplication.clipboard().text().splitlines()[:_MOST])
        else:
            super().keyPressEvent(event)


class ClassTable(QWidget):
    """The table of names; rows come and go only where the number of outputs is not known."""

    def __init__(self, names: ClassNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = names
        self.table = _Table()
        self._add, self._remove = QPushButton("Add a class"), QPushButton("Remove the last")
        self._prepare_table()
        self._add.clicked.connect(self._append)
        self._remove.clicked.connect(self._drop)
        buttons = QHBoxLayout()
        buttons.addWidget(self._add)
        buttons.addWidget(self._remove)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addLayout(buttons)
        self.setFocusProxy(self.table)
        self.set_free(False)

    def _prepare_table(self) -> None:
        table = self.table
        table.setModel(self.names)
        table.setAccessibleName("Class names")
        table.setToolTip("Enter edits a name, Ctrl+V writes a copied list, one name a line")
        table.setTabKeyNavigation(False)  # Tab goes on to the next field
        table.setCornerButtonEnabled(False)
        table.setShowGrid(False)
        table.horizontalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(26)
        table.verticalHeader().setHighlightSections(False)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setEditTriggers(
            QTableView.EditTrigger.DoubleClicked
            | QTableView.EditTrigger.SelectedClicked
            | QTableView.EditTrigger.AnyKeyPressed
            | QTableView.EditTrigger.EditKeyPressed
        )

    def set_free(self, free: bool) -> None:
        """free: the reader says how many outputs there are."""
        self._add.setVisible(free)
        self._remove.setVisible(free)
        self.fit()

    def fit(self) -> None:
        """Room for all the names of a few outputs, for some of many."""
        rows = max(2, min(_SHOWN, self.names.rowCount()))
        self.table.setFixedHeight(26 * rows + 4)
        if self.names.rowCount() and not self.table.currentIndex().isValid():
            first = QItemSelectionModel.SelectionFlag.NoUpdate
            self.table.selectionModel().setCurrentIndex(self.names.index(0), first)

    def _append(self) -> None:
        row = self.names.rowCount()
        self.names.insertRows(row, 1)
        self.names.setData(self.names.index(row), f"class {row}")
        self.fit()

    def _drop(self) -> None:
        self.names.removeRows(self.names.rowCount() - 1, 1)
        self.fit()
        self.names.edited.emit()


def restyle(widget: QWidget, name: str, value: bool) -> None:
    """Set a property that the style sheet asks for."""
    if bool(widget.property(name)) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)

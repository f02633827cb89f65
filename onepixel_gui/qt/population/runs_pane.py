"""The selected runs as a table, a row each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.qt.population.brushing import Brush
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.reading import Named

_HEADS = ("Run", "Tile", "Case", "Result", "Before", "After", "Row", "Column", "RGB change",
          "Queries")  # fmt: skip
_WORDS = (1, 2, 3)  # the others are numbers
_WIDTHS = (60, 0, 110, 150, 80, 80, 60, 70, 100, 80)  # pixels; 0: all that is left
_Index = QModelIndex | QPersistentModelIndex


class RunsModel(QAbstractTableModel):
    """Rows of columns; nothing is copied but their order."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: Columns | None = None
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)
        self._named: Named | None = None

    def show_rows(self, columns: Columns | None, rows: NDArray[np.int64]) -> None:
        self.beginResetModel()
        self._columns, self._rows = columns, rows
        self.endResetModel()

    def show_names(self, named: Named) -> None:
        self._named = named
        if len(self._rows):
            last = self.index(len(self._rows) - 1, 1)
            self.dataChanged.emit(self.index(0, 1), last)

    def run(self, row: int) -> int:
        assert self._columns is not None
        return int(self._columns.outcomes.run[self._rows[row]])

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(section)
        return _HEADS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(index.column())
        if role != Qt.ItemDataRole.DisplayRole or self._columns is None:
            return None
        return self._words(self._columns, int(self._rows[index.row()]), index.column())

    def _words(self, columns: Columns, row: int, column: int) -> str:
        found = columns.outcomes
        match column:
            case 0:
                return f"{found.run[row]:,}"
            case 1:
                name = "" if self._named is None else self._named.of(int(found.run[row]))
                return name or f"tile {found.tile[row]:,}"
            case 2:
                return found.cases[found.case[row]] if found.case[row] >= 0 else ""
            case 3:
                to = found.classes[found.after[row]]
                return f"flipped to {to}" if found.flipped[row] else "held"
            case 4 | 5:
                values = found.clean if column == 4 else found.confidence
                return f"{values[row]:.4f}"
            case 6 | 7:
                return str(found.position[row, column - 6])
            case 8:
                return f"{columns.differences.euclidean[row]:.0f}"
            case _:
                return f"{found.queries[row]:,}"


def _aligned(column: int) -> int:
    side = Qt.AlignmentFlag.AlignLeft if column in _WORDS else Qt.AlignmentFlag.AlignRight
    return int(side | Qt.AlignmentFlag.AlignVCenter)


class RunsPane(LinkedPane):
    """Return or a double click puts a run on the bench."""

    def __init__(self) -> None:
        super().__init__("Runs", "runs")
        self.model, self.table = RunsModel(), QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Selected runs")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        header = self.table.horizontalHeader()
        for column, width in enumerate(_WIDTHS):
            if width:
                header.resizeSection(column, width)
            else:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.table.activated.connect(self._wish)
        self.body.addWidget(self.table, 1)

    def dress(self) -> None:
        theme = self.theme
        self.table.setStyleSheet(
            f"QTableView {{ border: none; background: {theme.card}; }}"
            f"QHeaderView::section {{ background: {theme.card}; color: {theme.faint};"
            f" border: none; border-bottom: 1px solid {theme.edge}; padding: 4px; }}"
        )

    def show_names(self, named: Named) -> None:
        self.model.show_names(named)

    def draw(self) -> None:
        columns = self.columns
        if columns is None:
            self.model.show_rows(None, np.empty(0, np.int64))
            self.set_state("")
            return
        every: Bools = np.ones(len(columns), np.bool_) if self.which is None else self.which
        rows = np.flatnonzero(every)
        self.model.show_rows(columns, rows)
        self.set_state(f"{len(rows):,} of {len(columns):,} tiles · Return puts a run on the bench")

    def mark(self, brush: Brush | None) -> None:
        """Nothing is brushed here."""

    def _wish(self, index: QModelIndex) -> None:
        if index.isValid():
            self.run_wished.emit(self.model.run(index.row()))

"""The runs of a campaign as rows of a table: sorted, filtered, and growing while it goes on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from onepixel_gui.analysis.filtering import Expression
from onepixel_gui.qt.campaign.ledger import Field, Indices, Ledger
from onepixel_gui.qt.view import legible

Index = QModelIndex | QPersistentModelIndex

COLUMNS: tuple[tuple[Field, str, str], ...] = (
    ("tile", "Tile", "Name of the tile"),
    ("label", "Label", "Ground truth"),
    ("answer", "Answer", "What the classifier says of the untouched tile"),
    ("after", "After", "The same with the best perturbation"),
    ("clean", "Before", "Confidence in the class in question, untouched"),
    ("confidence", "With", "The same with the best perturbation"),
    ("queries", "Queries", "How often the classifier was asked"),
    ("result", "Result", "Flipped, held, or a tile that cannot be used"),
    ("classifier", "Classifier", "Which of the classifiers"),
    ("attack", "Attack", "Which of the attacks"),
)
NUMBERS = frozenset({"clean", "confidence", "queries"})
_NONE = QModelIndex()


class RunRows(QAbstractTableModel):
    """`order` says which row of the ledger stands where; whoever adds to the ledger calls `join`.

    Nothing of what is in sight moves for news, unless the table is sorted and they belong above.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ledger = Ledger()
        self.expression: Expression | None = None
        self.field: Field | None = None  # that it is sorted by; None: as the runs came
        self.descending = False
        self.order: Indices = np.zeros(0, np.intp)
        self._seen = 0  # rows of the ledger that are ordered

    # ------------------------------------------------------------------ which, in which order
    def show(self, ledger: Ledger) -> None:
        """Another campaign."""
        self.beginResetModel()
        self.ledger = ledger
        self._order_all()
        self.endResetModel()

    def filter(self, expression: Expression | None) -> None:
        self.beginResetModel()
        self.expression = expression
        self._order_all()
        self.endResetModel()

    def _order_all(self) -> None:
        passing = np.flatnonzero(self.ledger.passing(self.expression))
        self.order, self._seen = self._sorted(passing), self.ledger.count

    def join(self) -> None:
        """Rows that came since and pass the filter."""
        new = np.flatnonzero(self.ledger.passing(self.expression, self._seen)) + self._seen
        self._seen = self.ledger.count
        if not len(new):
            return
        at = len(self.order)
        self.beginInsertRows(_NONE, at, at + len(new) - 1)
        self.order = np.concatenate([self.order, new])
        self.endInsertRows()
        if self.field is not None:
            self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """column: -1 for the order in which the runs came."""
        self.field = COLUMNS[column][0] if column >= 0 else None
        self.descending = order == Qt.SortOrder.DescendingOrder
        self._rearrange()

    def _rearrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [int(self.order[index.row()]) for index in before]
        self.order = self._sorted(np.sort(self.order))
        if rows:
            places = self._places()
            after = [
                self.index(int(places[row]), index.column())
                for row, index in zip(rows, before, strict=True)
            ]
            self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _sorted(self, rows: Indices) -> Indices:
        """What is not known comes last, whichever way; equal ones stay as they came."""
        if self.field is None:
            return rows
        values = np.asarray(self.ledger.keys(self.field))[rows]
        known = values >= 0  # NaN is not
        first, last = rows[known], rows[~known]
        by = -values[known] if self.descending else values[known]
        return np.concatenate([first[np.argsort(by, kind="stable")], last])

    def _places(self) -> Indices:
        places = np.full(self.ledger.count, -1, np.intp)
        places[self.order] = np.arange(len(self.order))
        return places

    def place(self, row: int | None) -> int | None:
        """Where a row of the ledger stands; None where it is filtered out."""
        if row is None:
            return None
        found = np.flatnonzero(self.order == row)
        return int(found[0]) if len(found) else None

    # ------------------------------------------------------------------ one cell
    def words(self, at: int, column: int) -> str:
        """What stands in a cell."""
        row, field = int(self.order[at]), COLUMNS[column][0]
        ledger = self.ledger
        if field == "result":
            return ledger.result(row)
        if field not in NUMBERS:
            return ledger.text(field, row) or "–"
        if ledger.run(row) < 0:
            return ""
        value = ledger.number(field, row)
        if field == "queries":
            return f"{value:,.0f}"
        return legible(value) if value == value else "–"

    def sentence(self, at: int) -> str:
        """The row for a screen reader."""
        row, ledger = int(self.order[at]), self.ledger
        name, result = ledger.text("tile", row), ledger.result(row)
        if ledger.run(row) < 0:
            return f"{name}, {ledger.why.get(row, 'cannot be used')}"
        cells = {field: self.words(at, column) for column, (field, *_) in enumerate(COLUMNS)}
        label = f"label {cells['label']}" if ledger.text("label", row) else "no label"
        return (
            f"{name}, {label}, answer {cells['answer']}, {result}, confidence "
            f"{cells['clean']} to {cells['confidence']}, {cells['queries']} queries"
        )

    def rowCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.order)

    def columnCount(self, parent: Index = _NONE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        field, title, hint = COLUMNS[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title
            case Qt.ItemDataRole.ToolTipRole:
                return f"{hint}. Click to sort by it."
            case Qt.ItemDataRole.TextAlignmentRole:
                side = (
                    Qt.AlignmentFlag.AlignRight if field in NUMBERS else Qt.AlignmentFlag.AlignLeft
                )
                return int(side | Qt.AlignmentFlag.AlignVCenter)
            case _:
                return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.order):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.words(index.row(), index.column())
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return self.sentence(index.row())
            case _:
                return None


def several(words: Sequence[str]) -> bool:
    """Worth a column of its own."""
    return len(words) > 1

"""The runs of a campaign, row by row, as they come: filter, sort, and go to one."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from onepixel_gui.analysis.completion import Offers, offers, unfinished
from onepixel_gui.analysis.filtering import UnclearFilter, parse
from onepixel_gui.analysis.selection import Facts
from onepixel_gui.qt.campaign.ledger import Ledger
from onepixel_gui.qt.campaign.run_rows import RunRows
from onepixel_gui.qt.campaign.run_table import RunTable
from onepixel_gui.qt.gallery.filter_line import FilterLine
from onepixel_gui.qt.theme import DARK, Card, Line, Theme

_PAUSE = 200  # ms without typing
_HINT = """Words: runs in whose tile, label, answer or result every word occurs.
Comparisons: label = mitosis and result = flipped
Fields: name, label, answer, confidence (before), agreement, result, case
Down or Ctrl+Space offers what may come next, Tab takes it."""
_NOTHING, _NONE_PASSES = "Runs are listed here as they come.", "No run passes this filter."


class RunsPane(Card):
    """Wishes for a run on the bench when its row is clicked, or at Enter."""

    run_wished = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Runs", parent)
        self.rows = RunRows(self)
        self.table = RunTable(self.rows)
        self.filter = FilterLine(self._offer)
        self._unclear, self._empty = Line(), QLabel(_NOTHING)
        self._stack = QStackedWidget()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self._try)
        self._prepare()
        self.set_theme(DARK)
        self._tell()

    def _prepare(self) -> None:
        self.filter.setPlaceholderText("result = flipped, a name…")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter the runs")
        self.filter.setToolTip(_HINT)
        self.filter.textChanged.connect(lambda _: self._pause.start())
        self.filter.returnPressed.connect(self.apply)
        self.table.run_wished.connect(self.run_wished)
        self._unclear.setObjectName("doubt")
        self._unclear.setAccessibleName("What is unclear in the filter")
        self._unclear.hide()
        self._empty.setObjectName("faint")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.table)
        self.body.addWidget(self.filter)
        self.body.addWidget(self._unclear)
        self.body.addWidget(self._stack, 1)

    def _offer(self, line: str, cursor: int) -> Offers:
        ledger = self.rows.ledger
        facts = Facts((), (), ())
        facts.forget(ledger.texts["answer"].words)
        facts.labels.words = list(ledger.texts["label"].words)
        facts.cases.words = list(ledger.texts["case"].words)
        return offers(line, cursor, facts)

    # ------------------------------------------------------------------ values down
    def set_theme(self, theme: Theme) -> None:
        self.table.set_theme(theme)
        self.filter.set_theme(theme)

    def show_ledger(self, ledger: Ledger) -> None:
        """Another campaign."""
        self.rows.show(ledger)
        self._tell()

    def join(self) -> None:
        """The ledger has grown."""
        self.table.join()
        self._tell()

    def show_task(self, task: int) -> None:
        """Choose the run of a tile and bring it in sight."""
        self.table.show_row(self.rows.ledger.row_of_task(task))

    def _tell(self) -> None:
        shown, all_ = self.rows.rowCount(), self.rows.ledger.count
        some = f"{all_:,}" if shown == all_ else f"{shown:,} of {all_:,}"
        self.set_state(some if all_ else "")
        self.filter.setEnabled(bool(all_))
        self._empty.setText(_NONE_PASSES if all_ else _NOTHING)
        self._stack.setCurrentWidget(self.table if shown else self._empty)

    # ------------------------------------------------------------------ the filter
    def _try(self) -> None:
        if not unfinished(self.filter.text()):
            self.apply()

    def apply(self) -> None:
        """What the line says now; while it is unclear, what it said before holds."""
        self._pause.stop()
        try:
            expression = parse(self.filter.text())
        except UnclearFilter as unclear:
            self._unclear.setText(unclear.what)
            self._unclear.setToolTip(f"{unclear.what}\n{unclear.remedy}")
            self._unclear.show()
            return
        self._unclear.hide()
        if expression != self.rows.expression:
            self.rows.filter(expression)
        self._tell()

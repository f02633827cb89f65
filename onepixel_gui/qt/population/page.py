"""The population view: its panes, arranged, and one selection for all of them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.qt.population.brushing import Brush, Selection
from onepixel_gui.qt.population.cases import CasesPane
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.head_pane import HeadPane
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.panes import (
    ClassesPane,
    ColourPane,
    ColoursPane,
    ConfidencePane,
    DistancePane,
    PhasesPane,
    PositionsPane,
)
from onepixel_gui.qt.population.propagation_pane import PropagationPane
from onepixel_gui.qt.population.reading import Named
from onepixel_gui.qt.population.runs_pane import RunsPane
from onepixel_gui.qt.population.static import (
    FindingsPane,
    LocalityPane,
    MeanMapPane,
    SpectrumPane,
    UniversalPane,
)
from onepixel_gui.qt.population.steps import QueriesPane
from onepixel_gui.qt.theme import DARK, Theme

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Directed, Examined

_CALM = 150  # ms after the last change of the selection that others hear of it


class PopulationPage(QWidget):
    """Tells every pane what is selected; those out of sight when they come into it."""

    run_wished = Signal(int)
    selected = Signal(object)  # tuple of numbers of tiles, () where nothing is brushed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Population")
        self.selection = Selection(self)
        self.columns: Columns | None = None
        self.which: Bools | None = None
        self.head = HeadPane()
        self.tabs, self._stack = QTabBar(), QStackedWidget()
        self._empty = QLabel()
        self._panes: list[list[LinkedPane]] = []
        self._stale: set[int] = set()
        self._calm = QTimer(self, singleShot=True, interval=_CALM)
        self._calm.timeout.connect(self._tell)
        self._add_overview()
        self._add_colours()
        self._add_sums()
        self._lay_out()
        self._wire()
        self.set_theme(DARK)
        self.show_empty("")

    def _add_overview(self) -> None:
        self.positions, self.distance = PositionsPane(), DistancePane()
        self.colour, self.confidence = ColourPane(), ConfidencePane()
        self.queries, self.cases = QueriesPane(), CasesPane()
        top = [self.positions, self.distance, self.colour]
        self._add_tab("Overview", [top, [self.confidence, self.queries, self.cases]])

    def _add_colours(self) -> None:
        before, after = ColoursPane("before"), ColoursPane("after")
        chooser = after.add_chooser()
        for pane in (before, after):
            chooser.currentTextChanged.connect(pane.set_channels)
        chooser.currentTextChanged.connect(lambda _: self._select())
        self._add_tab("Colours", [[before, after]])

    def _add_sums(self) -> None:
        phases: list[LinkedPane] = [PhasesPane("row"), PhasesPane("column"), MeanMapPane()]
        spectra: list[LinkedPane] = [SpectrumPane("row"), SpectrumPane("column")]
        self._add_tab("Periods", [phases, spectra])
        self._add_tab("Locality", [[LocalityPane(), PropagationPane()]])
        self._add_tab("Universal", [[UniversalPane()]])
        self._add_tab("Classes", [[ClassesPane()]])
        self.runs = RunsPane()
        self._add_tab("Runs", [[self.runs]])
        self._add_tab("Findings", [[FindingsPane()]])

    def _add_tab(self, title: str, rows: "list[list[LinkedPane]]") -> None:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for row, panes in enumerate(rows):
            grid.setRowStretch(row, 1)
            for column, pane in enumerate(panes):
                grid.setColumnStretch(column, 1)
                pane.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
                grid.addWidget(pane, row, column)
        self._panes.append([pane for panes in rows for pane in panes])
        self.tabs.addTab(title)
        self._stack.addWidget(page)

    def _lay_out(self) -> None:
        self._empty.setObjectName("faint")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Parts of the population view")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.head)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)
        column.addWidget(self._empty, 1)

    def _wire(self) -> None:
        self.tabs.currentChanged.connect(self._turn)
        self.selection.changed.connect(self._select)
        self.head.brushed.connect(self._brush)
        self.head.clear_wished.connect(self.selection.clear)
        for pane in self.panes:
            pane.brushed.connect(self._brush)
            pane.run_wished.connect(self.run_wished)

    @property
    def panes(self) -> list[LinkedPane]:
        return [pane for panes in self._panes for pane in panes]

    def set_theme(self, theme: Theme) -> None:
        self.head.set_theme(theme)
        self.tabs.setStyleSheet(
            "QTabBar::tab { padding: 5px 12px; border: none; background: transparent;"
            f" color: {theme.faint}; border-bottom: 2px solid transparent; }}"
            f"QTabBar::tab:selected {{ color: {theme.text};"
            f" border-bottom: 2px solid {theme.accent}; }}"
            f"QTabBar::tab:focus {{ color: {theme.accent}; }}"
        )
        for pane in self.panes:
            pane.set_theme(theme)

    # ------------------------------------------------------------------ values down
    def show_empty(self, why: str) -> None:
        """Nothing to look at, and why; "" where there is something."""
        self._empty.setText(why)
        self._empty.setVisible(bool(why))
        self._stack.setVisible(not why)
        self.tabs.setVisible(not why)

    def show_columns(self, columns: Columns | None) -> None:
        """Other tiles: what is brushed is brushed among them."""
        self.columns = columns
        for pane in self.panes:
            pane.show_columns(columns)
            pane.show_examined(None, None)
        self._select()

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        for pane in self.panes:
            pane.show_examined(examined, directed)
        self.head.show_examined(examined)

    def show_names(self, named: Named) -> None:
        """What the tiles are called."""
        self.runs.model.show_names(named)

    # ------------------------------------------------------------------ one selection
    def _brush(self, brush: Brush, adding: bool) -> None:
        beside = adding or (self._only_result(brush))
        result = self.selection.of("result")
        self.selection.brush(brush, adding=beside)
        if not beside and result is not None and self.selection.of("result") is None:
            self.selection.brush(result, adding=True)

    def _only_result(self, brush: Brush) -> bool:
        others = [each for each in self.selection.brushes if each.pane != brush.pane]
        return all(each.pane == "result" for each in others)

    def _select(self) -> None:
        columns = self.columns
        self.which = None if columns is None else self.selection.holds(columns)
        self._stale = set(range(len(self._panes)))
        self._turn(self.tabs.currentIndex())
        self.head.show_selection(self.selection, columns, self.which)
        self._calm.start()

    def _turn(self, tab: int) -> None:
        self._stack.setCurrentIndex(tab)
        if tab in self._stale:
            self._stale.discard(tab)
            for pane in self._panes[tab]:
                pane.select(self.which, self.selection.of(pane.key))

    def _tell(self) -> None:
        columns, which = self.columns, self.which
        self.selected.emit(() if columns is None or which is None else columns.tiles(which))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc clears what is selected, and only then leaves the view."""
        if event.key() == Qt.Key.Key_Escape and self.selection.brushes:
            self.selection.clear()
        else:
            super().keyPressEvent(event)

"""The population view: its panes, arranged, and one selection for all of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.qt.population.brushing import Brush, Selection
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.head_pane import HeadPane
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.parts import PARTS, Placing
from onepixel_gui.qt.population.reading import Named
from onepixel_gui.qt.theme import DARK, Theme

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Directed, Examined

_CALM = 150  # ms after the last change of the selection that others hear of it


class PopulationPage(QWidget):
    """Tells the panes in sight what is selected; the others when they come into sight.

    Panes are made and filled one in each turn of the event loop: all of a part at once would keep
    the window from everything else for a quarter of a second.
    """

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
        self._theme = DARK
        self._known: tuple[Examined | None, Directed | None] = (None, None)
        self._named: Named | None = None
        self._parts: dict[int, list[LinkedPane]] = {}
        self._grids: dict[int, QGridLayout] = {}
        self._making: dict[int, Placing] = {}  # parts whose panes are not all made
        self._behind: dict[int, str] = {}  # parts that do not show yet what is known: what to do
        self._due: list[LinkedPane] = []  # in sight, with other tiles to show
        self._go_on = QTimer(self, singleShot=True, interval=0)
        self._go_on.timeout.connect(self._take_turn)
        self._calm = QTimer(self, singleShot=True, interval=_CALM)
        self._calm.timeout.connect(self._tell)
        self._lay_out()
        self._wire()
        self.set_theme(DARK)
        self.show_empty("")

    def _lay_out(self) -> None:
        self._empty.setObjectName("faint")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Parts of the population view")
        for part in PARTS:
            self.tabs.addTab(part.title)
            self._stack.addWidget(QWidget())
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

    # ------------------------------------------------------------------ one pane in each turn
    def _begin_part(self, tab: int) -> None:
        """A part that nobody looked at before."""
        part = PARTS[tab]
        self._parts[tab], self._making[tab] = [], part.make()
        grid = self._grids[tab] = QGridLayout(self._stack.widget(tab))
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for row in range(part.shape[0]):
            grid.setRowStretch(row, 1)
            for column in range(part.shape[1]):
                grid.setColumnStretch(column, 1)
                # Keeps the place: an empty cell would be narrower, and all panes drawn anew.
                grid.addWidget(QWidget(), row, column)

    def _take_turn(self) -> None:
        if self._do_some():
            self._go_on.start()

    def _do_some(self) -> bool:
        """Make or fill one pane of the part in sight; False where nothing is left to do."""
        tab = self.tabs.currentIndex()
        if self._due:
            self._fill(self._due.pop(0))
        elif tab in self._making:
            self._make_next(tab)
        return not self.complete

    def _make_next(self, tab: int) -> None:
        placed = next(self._making[tab], None)
        if placed is None:
            del self._making[tab]
            return
        pane, grid = placed.pane, self._grids[tab]
        pane.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        pane.brushed.connect(self._brush)
        pane.run_wished.connect(self.run_wished)
        pane.set_theme(self._theme)
        grid.addWidget(pane, placed.row, placed.column, placed.rows, 1)
        grid.activate()  # it is drawn once, at its size
        self._parts[tab].append(pane)
        if self._named is not None:
            pane.show_names(self._named)
        self._due.insert(0, pane)

    def _fill(self, pane: LinkedPane) -> None:
        pane.show_columns(self.columns)
        pane.show_examined(*self._known)
        pane.select(self.which, self.selection.of(pane.key))

    @property
    def complete(self) -> bool:
        """All panes of the part in sight are made, and show the tiles that are known."""
        return not self._due and self.tabs.currentIndex() not in self._making

    @property
    def _settled(self) -> Iterator[LinkedPane]:
        """The panes that show the tiles that are known."""
        panes = (pane for part in self._parts.values() for pane in part)
        return (pane for pane in panes if pane not in self._due)

    def pane(self, key: str) -> LinkedPane:
        """One that is in sight, made and filled now, or was in sight; raises KeyError."""
        while self._do_some():
            pass
        return {pane.key: pane for pane in self._settled}[key]

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.head.set_theme(theme)
        self.tabs.setStyleSheet(
            "QTabBar::tab { padding: 5px 12px; border: none; background: transparent;"
            f" color: {theme.faint}; border-bottom: 2px solid transparent; }}"
            f"QTabBar::tab:selected {{ color: {theme.text};"
            f" border-bottom: 2px solid {theme.accent}; }}"
            f"QTabBar::tab:focus {{ color: {theme.accent}; }}"
        )
        for part in self._parts.values():
            for pane in part:
                pane.set_theme(theme)

    # ------------------------------------------------------------------ values down
    def show_empty(self, why: str) -> None:
        """Nothing to look at, and why; "" where there is something."""
        self._empty.setText(why)
        self._empty.setVisible(bool(why))
        self._stack.setVisible(not why)
        self.tabs.setVisible(not why)

    @property
    def why_empty(self) -> str:
        """What it says in place of its panes, "" where they are shown."""
        return self._empty.text()

    def show_columns(self, columns: Columns | None) -> None:
        """Other tiles: what is brushed is brushed among them."""
        self.columns, self._known = columns, (None, None)
        self._behind = dict.fromkeys(range(len(PARTS)), "columns")
        self._select()

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        self._known = examined, directed
        self.head.show_examined(examined)
        for pane in self._settled:
            pane.show_examined(examined, directed)

    def show_names(self, named: Named) -> None:
        """What the tiles are called."""
        self._named = named
        for part in self._parts.values():
            for pane in part:
                pane.show_names(named)

    # ------------------------------------------------------------------ one selection
    def _brush(self, brush: Brush, adding: bool) -> None:
        """The result, flipped or held, always counts beside what is brushed."""
        result = self.selection.of("result")
        kept = result is not None and brush.pane != "result"
        if not adding and kept:
            for each in self.selection.brushes:
                if each.pane not in ("result", brush.pane):
                    self.selection.brush(Brush(each.pane), adding=True)
        self.selection.brush(brush, adding=adding or kept)

    def _select(self) -> None:
        columns = self.columns
        self.which = None if columns is None else self.selection.holds(columns)
        for tab in range(len(PARTS)):
            self._behind.setdefault(tab, "selection")
        self._turn(self.tabs.currentIndex())
        self.head.show_selection(self.selection, columns, self.which)
        self._calm.start()

    def _turn(self, tab: int) -> None:
        self._stack.setCurrentIndex(tab)
        if self.columns is None and tab not in self._parts:
            return  # nothing to show: a window begins without
        if tab not in self._parts:
            self._begin_part(tab)
        what = self._behind.pop(tab, "")
        if what == "columns":
            elsewhere = [pane for pane in self._due if pane not in self._parts[tab]]
            self._due = [*self._parts[tab], *elsewhere]  # in sight first
        for pane in self._parts[tab] if what else ():
            if pane not in self._due:
                pane.select(self.which, self.selection.of(pane.key))
        self._go_on.start()

    def _tell(self) -> None:
        columns, which = self.columns, self.which
        self.selected.emit(() if columns is None or which is None else columns.tiles(which))

    def event(self, event: QEvent) -> bool:
        """While something is selected, Esc is no shortcut of the window."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self.selection.brushes
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc clears what is selected, and only then leaves the view."""
        if event.key() == Qt.Key.Key_Escape and self.selection.brushes:
            self.selection.clear()
        else:
            super().keyPressEvent(event)

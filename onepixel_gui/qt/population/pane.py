"""What every linked pane of the view does."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.qt.population.brushing import Brush
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.reading import Named
from onepixel_gui.qt.theme import DARK, Card, Line, Theme

if TYPE_CHECKING:  # the analyses are loaded when a population is looked at
    from onepixel_gui.report.population.examined import Directed, Examined


class LinkedPane(Card):
    """Shows the tiles of one direction; what is selected in accent over the grey rest.

    key: under which its brush is known.
    """

    brushed = Signal(object, bool)  # Brush, and whether it adds to those of other panes
    run_wished = Signal(int)  # number of a run

    def __init__(self, title: str, key: str, parent: QWidget | None = None) -> None:
        self.columns: Columns | None = None
        self.which: Bools | None = None
        super().__init__(title, parent)
        self.key = key
        self._size = QSize()  # that it is drawn for
        self._resized = QTimer(self, singleShot=True, interval=0)
        self._resized.timeout.connect(self._suit_size)
        self._told = Line()
        self._told.setObjectName("state")
        self.body.addWidget(self._told)
        self.theme: Theme = DARK

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.dress()
        self.draw()

    def show_columns(self, columns: Columns | None) -> None:
        """None: there is nothing to show."""
        self.columns, self.which = columns, None
        self._size = self.size()
        self.arrange()
        self.draw()

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        """What was tested; None while that is not known yet."""

    def show_names(self, named: Named) -> None:
        """What the tiles are called."""

    def select(self, which: Bools | None, brush: Brush | None) -> None:
        """which: (N,) of all panes together, None for no selection.  brush: that of this pane."""
        self.which = which
        self.mark(brush)
        self.draw()

    def set_state(self, text: str, meaning: str = "") -> None:
        """In a line of its own below the title: numbers are not to be cut."""
        self._told.setText(text)
        self._told.setToolTip(f"{text}\n{meaning}" if meaning else text)
        self._told.setAccessibleDescription(meaning)

    @property
    def state(self) -> str:
        """What that line says."""
        return self._told.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ticks find more room, or less; of several sizes in a row the last one counts."""
        super().resizeEvent(event)
        self._resized.start()

    def _suit_size(self) -> None:
        if self.columns is not None and self.size() != self._size:
            self._size = self.size()
            self.draw()

    def dress(self) -> None:
        """Take over the colours of the theme."""

    def arrange(self) -> None:
        """Sort the tiles of new columns into bins."""

    def mark(self, brush: Brush | None) -> None:
        """Show where this pane is brushed."""

    def draw(self) -> None:
        """Draw what is known now; quick, for it follows the pointer."""

"""The filter line with what belongs to it: what is unclear in it, and the tools below."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from onepixel_gui.analysis.completion import unfinished
from onepixel_gui.analysis.filtering import Expression, Listed, UnclearFilter, parse
from onepixel_gui.qt.gallery.filter_line import FilterLine, Offering
from onepixel_gui.qt.gallery.tools import GalleryTools
from onepixel_gui.qt.theme import Line, Theme

_PAUSE = 120  # ms without typing
_HINT = """Words: tiles in whose name, label, answer or result every word occurs.
Comparisons: label = mitosis and confidence < 0.9
Fields: name, label, answer, confidence, agreement, result, case, listed
Signs: = != < <= > >= ~ (contains) : (begins with); also and, or, not, ( ) and "quotes"
Down or Ctrl+Space offers what may come next, Tab takes it."""


class FilterBar(QWidget):
    """Tells a filter when it is understood; until then the one before holds."""

    changed = Signal(object)  # Expression, None for all tiles

    def __init__(self, offering: Offering, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line, self.tools, self.unclear = FilterLine(offering), GalleryTools(), Line()
        self.expression: Expression | None = None
        self._before = ""  # what the line said before the own list was shown alone
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._try)
        self.line.setPlaceholderText("label = mitosis, a name…")
        self.line.setClearButtonEnabled(True)
        self.line.setAccessibleName("Filter the tiles")
        self.line.setToolTip(_HINT)
        self.line.textChanged.connect(lambda _: self._pause.start())
        self.line.returnPressed.connect(self.apply)
        self.tools.list_toggled.connect(self.show_listed)
        self._lay_out()

    def _lay_out(self) -> None:
        self.unclear.setObjectName("doubt")
        self.unclear.setAccessibleName("What is unclear in the filter")
        self._below = QStackedWidget()
        for widget in (self.tools, self.unclear):  # one in place of the other: nothing jumps
            self._below.addWidget(widget)
        self._below.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.line)
        layout.addWidget(self._below)

    def set_theme(self, theme: Theme) -> None:
        self.line.set_theme(theme)
        self.tools.set_theme(theme)

    def set_usable(self, usable: bool, *, busy: bool = False) -> None:
        """usable: there is something to filter.  busy: something can be stopped."""
        self.line.setEnabled(usable)
        self._below.setVisible(usable or busy)

    @property
    def alone(self) -> bool:
        """Nothing but the reader's own list is shown."""
        return self.expression == Listed()

    def _try(self) -> None:
        """After a pause in typing; "label = a and conf" waits for the rest of its last word."""
        if not unfinished(self.line.text()):
            self.apply()

    def apply(self) -> None:
        """What the line says now, without waiting for a pause in typing."""
        self._pause.stop()
        try:
            expression = parse(self.line.text())
        except UnclearFilter as unclear:
            self.unclear.setText(unclear.what)
            self.unclear.setToolTip(f"{unclear.what}\n{unclear.remedy}")
            self._below.setCurrentWidget(self.unclear)
            return
        self._below.setCurrentWidget(self.tools)
        self.expression = expression
        self.changed.emit(expression)

    def show_listed(self, alone: bool) -> None:
        """The reader's own list alone, or again what was shown before."""
        if alone and not self.alone:
            self._before = self.line.text()
            self.line.setText("listed")
        elif not alone and self.alone:
            self.line.setText(self._before)
        self.apply()

"""Which of several slides is shown: a list of their names, and the one before and after."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from onepixel_gui.outbox import printable
from onepixel_gui.tiles.datasets import Field


class FieldChooser(QWidget):
    """Hidden while there is nothing to choose."""

    chosen = Signal(int)  # index of the field

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before, self._list, self._after = QToolButton(), QComboBox(), QToolButton()
        self._before.setArrowType(Qt.ArrowType.LeftArrow)
        self._after.setArrowType(Qt.ArrowType.RightArrow)
        self._list.setMaxVisibleItems(24)
        self._list.setMinimumContentsLength(12)
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self._list.setSizeAdjustPolicy(policy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        named = (
            (self._before, "Previous slide", "Ctrl+PgUp", -1),
            (self._after, "Next slide", "Ctrl+PgDown", 1),
        )
        for button, words, key, by in named:
            button.setAccessibleName(words)
            button.setToolTip(f"{words} ({key})")
            button.setShortcut(key)
            button.setAutoRaise(True)
            button.clicked.connect(lambda _=False, by=by: self.step(by))
        self._list.setAccessibleName("Slide")
        self._list.setToolTip("Slides of this data set")
        self._list.activated.connect(self.chosen)
        for part in (self._before, self._list, self._after):
            row.addWidget(part)
        self.show_fields((), -1)

    def show_fields(self, fields: Sequence[Field], index: int) -> None:
        self._list.clear()
        self._list.addItems([_words(field) for field in fields])
        self.setVisible(len(fields) > 1)
        self.show_current(index)

    def show_current(self, index: int) -> None:
        """index: of the field on show, -1 for none. No wish comes of it."""
        self._list.setCurrentIndex(index)
        self._before.setEnabled(index > 0)
        self._after.setEnabled(index + 1 < self._list.count())

    @property
    def current(self) -> int:
        """Index of the field on show, -1 for none."""
        return self._list.currentIndex()

    def step(self, by: int) -> None:
        """Wish for a neighbour."""
        index = self._list.currentIndex() + by
        if 0 <= index < self._list.count():
            self.chosen.emit(index)


def _words(field: Field) -> str:
    """The file, with its folder where that is its case; and what is marked on it."""
    name = printable(field.path.name)
    if field.case and field.case not in name:
        name = f"{printable(field.case)} / {name}"
    marked = sum(mark.label == "mitosis" for mark in field.marks)
    words = f"{name}  ·  {marked} mitos{'is' if marked == 1 else 'es'}" if field.labelled else name
    return words if field.present else f"{words}  ·  missing"

"""Labels of tiles that are no class names: which class does each stand for?"""

import re
from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from onepixel_gui.qt.cards.classes import ClassNames
from onepixel_gui.qt.choice import Choice
from onepixel_gui.qt.theme import Line

_MOST = 40  # labels offered; who has more names the folders as the classes
_NUMBER = re.compile("[0-9]{1,6}")
_ROW = 32  # pixels


def guessed(labels: Sequence[str], classes: Sequence[str], former: Sequence[str]) -> dict[str, int]:
    """label -> place of the class it may stand for; -1 for none.

    former: what the classes were called before they were edited.
    Numbers count the outputs from 0; a word in other letters is the same word; the rest go by
    order, as far as there are classes that no label names.
    """
    if all(_NUMBER.fullmatch(label) and int(label) < len(classes) for label in labels):
        return {label: int(label) for label in labels}
    known = {name.casefold(): place for place, name in enumerate(former)}
    known |= {name.casefold(): place for place, name in enumerate(classes)}
    meant = {label: known.get(label.casefold(), -1) for label in labels}
    left = iter([place for place in range(len(classes)) if place not in meant.values()])
    return {label: place if place >= 0 else next(left, -1) for label, place in meant.items()}


class LabelMapping(QWidget):
    """A box for each label that names no class; hidden where there is none."""

    changed = Signal()

    def __init__(self, classes: ClassNames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes = classes
        self._boxes: dict[str, Choice] = {}
        self._outputs = 0
        self._chosen: dict[str, int] = {}  # by the reader's hand
        self._words = QLabel("These labels name no class. They stand for:")
        self._words.setObjectName("faint")
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setAccessibleName("What the labels stand for")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._words)
        layout.addWidget(self._area)
        self.hide()

    @property
    def meant(self) -> dict[str, str]:
        """label -> name of the class it stands for."""
        names = self._classes.names
        places = {label: box.currentIndex() for label, box in self._boxes.items()}
        return {label: names[place] for label, place in places.items() if 0 <= place < len(names)}

    def show_labels(self, labels: Collection[str], former: Sequence[str]) -> None:
        """labels: of all tiles, in any order.  former: what the classes were called."""
        names = self._classes.names
        known = set(names)
        strange = sorted({label for label in labels if label not in known})[:_MOST]
        if (strange, len(names)) != (list(self._boxes), self._outputs):
            self._outputs = len(names)
            guess = {**guessed(strange, names, former), **self._chosen}
            self._build({label: guess[label] for label in strange})
        self.setVisible(bool(strange))

    def _build(self, places: Mapping[str, int]) -> None:
        holder = QWidget()
        holder.setObjectName("clear")
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 6, 0)
        grid.setHorizontalSpacing(10)
        self._boxes = {}
        for row, (label, place) in enumerate(places.items()):
            name = Line(label)
            name.setTextFormat(Qt.TextFormat.PlainText)
            box = Choice(f"Class of label {label}").of(self._classes)
            box.setPlaceholderText("no class")
            box.setCurrentIndex(place)
            box.activated.connect(lambda at, label=label: self._choose(label, at))
            grid.addWidget(name, row // 2, 2 * (row % 2))
            grid.addWidget(box, row // 2, 2 * (row % 2) + 1)
            self._boxes[label] = box
        for column, stretch in enumerate((0, 1, 0, 1)):
            grid.setColumnStretch(column, stretch)
        self._area.setWidget(holder)
        self._area.setFixedHeight(_ROW * min(3, -(-len(places) // 2)) + 4)

    def _choose(self, label: str, place: int) -> None:
        self._chosen[label] = place
        self.changed.emit()

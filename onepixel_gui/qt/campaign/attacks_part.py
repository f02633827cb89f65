"""Which attacks a campaign carries out on each tile, with which seeds."""

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.qt.choice import Choice
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.report.wording import TIMES

NO_ATTACK = "Choose an attack."
_MOST_SEEDS, _LARGEST = 100, 2**31 - 1
_SEEDS = re.compile(r" *[0-9]+( *- *[0-9]+)?( *[,; ] *[0-9]+( *- *[0-9]+)?)* *")
_HINTS = {
    "search": "Black-box, differential evolution: the literature's protocol",
    "guided": "White-box: gradients order the candidates; its queries compare with no black-box's",
    "sweep": "Every position with every colour of the palette: slow, and nothing is missed",
}


def seeds_of(text: str) -> tuple[int, ...]:
    """ "0", "1, 2, 5", "0-4"; () for what is none, or more than a hundred."""
    if not _SEEDS.fullmatch(text):
        return ()
    seeds: dict[int, None] = {}
    for part in re.findall(r"[0-9]+(?: *- *[0-9]+)?", text):
        first, _, last = (word.strip() for word in part.partition("-"))
        low, high = int(first), int(last or first)
        if high > _LARGEST or not 0 <= high - low < _MOST_SEEDS:
            return ()
        seeds |= dict.fromkeys(range(low, high + 1))
    return tuple(seeds) if len(seeds) <= _MOST_SEEDS else ()


class SeedLine(QLineEdit):
    """Digits, commas and dashes; what is unclear is told when a campaign is to begin."""

    class _Signs(QValidator):
        def validate(self, text: str, at: int) -> object:
            sane = not re.search(r"[^0-9,; -]", text) and len(text) < 200
            return (QValidator.State.Acceptable if sane else QValidator.State.Invalid, text, at)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("0", parent)
        self.setValidator(self._Signs(self))
        self.setAccessibleName("Seeds of the study")
        self.setToolTip(
            "0, or several: 0, 1, 2 or 0-4. Each tile's own seed follows from it, so that neither "
            "order nor workers change a result. A sweep and a guided search draw nothing."
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        return seeds_of(self.text())


class AttacksPart(QWidget):
    """Any of three; the search is ticked."""

    changed = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        """preferences: what the fields begin with."""
        super().__init__(parent)
        self.search, self.guided, self.sweep = (
            _tick(words, _HINTS[name])
            for words, name in (("Search", "search"), ("Guided", "guided"), ("Sweep", "sweep"))
        )
        self.search.setChecked(True)
        self.population = spin(3, 100_000, preferences.population, "Candidates per generation")
        self.generations = spin(1, 100_000, preferences.generations, "Generations")
        self.to_the_end = _tick("Go on after a flip", "Spend the whole budget of each search")
        self.to_the_end.setChecked(preferences.to_the_end)
        self.palette_ = Choice()
        self.palette_.setAccessibleName("Colours of the sweep")
        self.palette_.addItem("8 colours", "corners")
        self.palette_.addItem("27 colours", "27")
        self.palette_.setCurrentIndex(max(self.palette_.findData(preferences.palette), 0))
        self._lay_out()
        for tick in (self.search, self.guided, self.sweep, self.to_the_end):
            tick.toggled.connect(lambda _: self._hear())
        for field in (self.population, self.generations):
            field.valueChanged.connect(lambda _: self._hear())
        self.palette_.currentIndexChanged.connect(lambda _: self._hear())
        self._hear()

    def _lay_out(self) -> None:
        size = QHBoxLayout()
        size.setSpacing(4)
        size.addWidget(self.population)
        size.addWidget(QLabel(TIMES))
        size.addWidget(self.generations)
        size.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.addWidget(self.search, 0, 0)
        grid.addLayout(size, 0, 1)
        grid.addWidget(self.to_the_end, 1, 1)
        grid.addWidget(self.guided, 2, 0)
        grid.addWidget(_faint("white-box"), 2, 1)
        grid.addWidget(self.sweep, 3, 0)
        grid.addWidget(self.palette_, 3, 1)
        grid.setColumnStretch(1, 1)

    def _hear(self) -> None:
        for field in (self.population, self.generations):
            field.setEnabled(self.search.isChecked())
        self.to_the_end.setEnabled(self.search.isChecked() or self.guided.isChecked())
        self.palette_.setEnabled(self.sweep.isChecked())
        self.changed.emit()

    @property
    def chosen(self) -> tuple[Attack, ...]:
        """Without seeds, in the order of the list."""
        to_the_end = self.to_the_end.isChecked()
        attacks: list[Attack] = []
        if self.search.isChecked():
            size = self.population.value(), self.generations.value()
            attacks.append(Settings(population=size[0], generations=size[1], to_the_end=to_the_end))
        if self.guided.isChecked():
            attacks.append(Guidance(to_the_end=to_the_end))
        if self.sweep.isChecked():
            attacks.append(Exhaustive(palette=str(self.palette_.currentData())))
        return tuple(attacks)

    @property
    def lacking(self) -> str:
        return "" if self.chosen else NO_ATTACK


def spin(low: int, high: int, value: int, name: str) -> QSpinBox:
    field = QSpinBox(minimum=low, maximum=high, value=value)
    field.setGroupSeparatorShown(True)
    field.setFixedWidth(74)
    for part in (field, field.lineEdit()):  # the latter is what has the focus
        part.setAccessibleName(name)
    field.lineEdit().setTextMargins(7, 0, 0, 0)  # a style sheet's padding has no effect here
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel scrolls the form
    field.setToolTip(name)
    return field


def _tick(words: str, hint: str) -> QCheckBox:
    box = QCheckBox(words)
    box.setAccessibleName(words)
    box.setToolTip(hint)
    return box


def _faint(words: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName("faint")
    return label

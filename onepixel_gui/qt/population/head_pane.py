"""Whose runs are looked at, how many of them flip, and what of them is selected."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QWidget

from onepixel_gui.analysis.population.outcomes import Bools
from onepixel_gui.qt.choice import Choice, choice_sheet
from onepixel_gui.qt.population.brushing import FLIPPED, HELD, Brush, Selection
from onepixel_gui.qt.population.columns import Columns
from onepixel_gui.qt.population.reading import Grouped, Tabled, key_of
from onepixel_gui.qt.theme import DARK, Card, Line, Theme
from onepixel_gui.report.population import phrases
from onepixel_gui.report.wording import counted
from onepixel_gui.study.store import Group
from onepixel_gui.study.tables import attack_title

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Examined

_RESULTS = (("All", ()), ("Flipped", (FLIPPED,)), ("Held", (HELD,)))


class HeadPane(Card):
    """Wishes for another group or direction, for tiles by result, and for files."""

    group_wished = Signal(object)  # Key of a group
    direction_wished = Signal(int)
    brushed = Signal(object, bool)  # Brush
    clear_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Population", parent)
        self._groups: tuple[Group, ...] = ()
        self.groups, self.directions = Choice(), Choice()
        self.results = QButtonGroup(self)
        self.clear, self.export = QPushButton("Clear"), QPushButton("Export…")
        self._share, self._headline, self._selected = QLabel(), Line(), Line()
        self._more, self._doing = Line(), QLabel()
        self._prepare()
        self._lay_out()
        self.set_theme(DARK)

    def _prepare(self) -> None:
        self.groups.setAccessibleName("Group: classifier and attack")
        self.groups.setToolTip("Runs are counted together by one classifier and one attack only")
        self.directions.setAccessibleName("Direction of the attack")
        self.clear.setToolTip("Select nothing (Esc)")
        self.clear.setAccessibleName("Clear the selection")
        self.export.setToolTip("Write a figure of this population, or all numbers as a table")
        self._selected.setAccessibleName("Selection")
        self._headline.setAccessibleName("Success rate")
        self._share.setAccessibleName("Share of tiles that flip")
        self._more.setObjectName("faint")
        self._doing.setObjectName("state")
        self._doing.setAccessibleName("What is being read")
        self.groups.activated.connect(
            lambda at: self.group_wished.emit(key_of(self._groups[at])) if at >= 0 else None
        )
        self.directions.activated.connect(self.direction_wished)
        self.clear.clicked.connect(self.clear_wished)
        for index, (words, ranges) in enumerate(_RESULTS):
            button = QPushButton(words)
            button.setCheckable(True)
            button.setChecked(not index)
            button.setToolTip("All tiles" if not index else f"Select those that {words.lower()}")
            button.clicked.connect(
                lambda _on, ranges=ranges: self.brushed.emit(Brush("result", ranges), True)
            )
            self.results.addButton(button, index)

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(self.groups, 4)
        choices.addWidget(self.directions, 3)
        for button in self.results.buttons():
            choices.addWidget(button)
        choices.addWidget(self.clear)
        choices.addWidget(self.export)
        for label in self.findChildren(QLabel, options=Qt.FindChildOption.FindDirectChildrenOnly):
            label.hide()  # the choices say what this is
        self.header.addLayout(choices, 100)
        told = QHBoxLayout()
        told.setSpacing(12)
        told.addWidget(self._share)
        told.addWidget(self._headline, 1)
        self.body.addLayout(told)
        details = QHBoxLayout()
        details.addWidget(self._more, 1)
        details.addWidget(self._doing)
        self.body.addLayout(details)
        self.body.addWidget(self._selected)

    def set_theme(self, theme: Theme) -> None:
        for choice in (self.groups, self.directions):
            choice.setStyleSheet(choice_sheet(theme))
        self._share.setStyleSheet("font-size: 22px; font-weight: 600;")
        self._selected.setStyleSheet(f"color: {theme.accent}; font-weight: 600;")
        for button in self.results.buttons():
            button.setStyleSheet(
                f"QPushButton:checked {{ background: {theme.selected};"
                f" border-color: {theme.accent}; }}"
            )

    # ------------------------------------------------------------------ values down
    def show_doing(self, words: str) -> None:
        """What is being read, "" for nothing."""
        self._doing.setText(words)

    def show_groups(self, grouped: Grouped) -> None:
        self._groups = grouped.groups
        with QSignalBlocker(self.groups):
            self.groups.clear()
            for each in grouped.groups:
                runs = counted(each.runs, "run", "runs")
                self.groups.addItem(
                    f"{each.card.name} · {attack_title(each.settings)} · "
                    f"{runs} · {each.settings.access}"
                )
            if grouped.group is not None:
                keys = [key_of(each) for each in grouped.groups]
                self.groups.setCurrentIndex(keys.index(key_of(grouped.group)))

    def show_tabled(self, tabled: Tabled | None, direction: int) -> None:
        """None: there is nothing to look at."""
        with QSignalBlocker(self.directions):
            self.directions.clear()
            for each in () if tabled is None else tabled.directions:
                flips = int(each.flipped.sum())
                self.directions.addItem(f"{each.title} · {flips:,} of {len(each):,}")
            self.directions.setCurrentIndex(direction if tabled is not None else -1)
        there = tabled is not None
        for part in (self.groups, self.directions, self.clear, *self.results.buttons()):
            part.setEnabled(there)
        self.export.setEnabled(False)
        if tabled is None:
            self._share.clear()
            self._headline.setText("")
            self._more.setText("")
            self._selected.setText("")
            return
        overall = tabled.rates.overall
        self._share.setText(phrases.percents(overall.share))
        settings = tabled.group.settings
        many = phrases.together(settings)
        pixels = "one pixel" if many == 1 else f"{many} pixels together"
        self._headline.setText(f"{phrases.rate(overall)} flip by {pixels} · {settings.access}")
        self._more.setText("   ".join(_directed(tabled)))
        self._more.setToolTip(
            "\n".join(f"{each.title}: {phrases.rate(each)}" for each in tabled.rates.directions)
        )

    def show_examined(self, examined: "Examined | None") -> None:
        self.export.setEnabled(examined is not None)
        if examined is not None and examined.metrics.first_flip is not None:
            found = examined.metrics.first_flip
            median = f"median {phrases.number(found.median, 4)} queries to the first flip"
            told, hint = self._more.text(), self._more.toolTip()
            if median not in told:
                self._more.setText(" · ".join(each for each in (told, median) if each))
                self._more.setToolTip(hint)

    def show_selection(
        self, selection: Selection, columns: Columns | None, which: Bools | None
    ) -> None:
        self._selected.setText("" if columns is None else selection.words(columns, which))
        self.clear.setEnabled(which is not None)
        brush = selection.of("result")
        for index, (_, ranges) in enumerate(_RESULTS):
            if ranges == (() if brush is None else brush.ranges):
                self.results.button(index).setChecked(True)

    @property
    def words(self) -> Sequence[str]:
        """The headline, what is below it, and the selection."""
        return self._headline.text(), self._more.text(), self._selected.text()


def _directed(tabled: Tabled) -> list[str]:
    rates = tabled.rates
    several = rates.directions if len(rates.directions) > 1 else ()
    told = [
        f"{each.title}: {each.flipped:,} of {each.n:,} ({phrases.percents(each.share)}; "
        f"{phrases.between(each.wilson)})"
        for each in several[:4]
    ]
    told += phrases.not_counted(tabled.group.stopped)
    told += filter(None, [phrases.first_of_several(tabled.group.settings)])
    if rates.runs > rates.overall.n:
        told.append(f"{rates.runs:,} runs; a tile counts once, as flipped if any of its runs is.")
    return told

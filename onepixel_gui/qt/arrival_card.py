"""The preview of a checkpoint: what was understood of it, before it replaces anything."""

from html import escape
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.classifier.card import Inspection, Serving
from onepixel_gui.qt import arrival_words as words
from onepixel_gui.qt.overlay import Overlay, heading, overlay_sheet, thin_bar, wrapped
from onepixel_gui.qt.theme import DARK, Line, Theme
from onepixel_gui.qt.view import Arrival
from onepixel_gui.report import cards

_WIDTH = 470  # pixels


class ArrivalCard(Overlay):
    """Lies over the lower right of a window and blocks nothing. Draws what it is handed."""

    use_wished = Signal()
    second_wished = Signal()  # beside the classifier in use
    card_wished = Signal()  # to edit it
    network_wished = Signal(str)  # key of another network that fits
    cancel_wished = Signal()

    def __init__(self, over: QWidget) -> None:
        self._facts = _Facts()
        super().__init__(over, self._facts, _WIDTH, "right")
        self.setAccessibleName("New classifier")
        self._arrival: Arrival | None = None
        self._serving: Serving | None = None  # as it is shown
        self._name = Line()
        self._facts.network_wished.connect(self.network_wished)
        self._doing, self._far, self._bar = wrapped(kind="faint"), QLabel(), thin_bar("Progress")
        self._use = _button("Use", "Enter", "Use it from now on", "primary")
        self._second = _button("Use as B", "", "Beside the classifier in use, on the same tile")
        self._edit = _button("Edit card…", "", "Class names, input size, scaling, threshold")
        self._cancel = _button("Cancel", "Esc", "Leave everything as it is")
        self._prepare()
        self._lay_out()
        self._wire()
        self.set_theme(DARK)

    def _prepare(self) -> None:
        self._name.setAccessibleName("File")
        self._doing.setAccessibleName("Progress in words")
        self._far.setObjectName("faint")
        self._far.setTextFormat(Qt.TextFormat.PlainText)
        self.area.setAccessibleName("What is known of it")

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self._doing, 1)
        line.addWidget(self._far)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._edit)
        buttons.addStretch(1)
        buttons.addWidget(self._second)
        buttons.addWidget(self._use)
        outer = self.outer
        outer.addLayout(heading("NEW CLASSIFIER", "nothing is replaced before you choose Use"))
        outer.addWidget(self._name)
        outer.addWidget(self.area)
        outer.addLayout(line)
        outer.addWidget(self._bar)
        outer.addLayout(buttons)
        for pair in pairwise((self._use, self._second, self._edit, self._cancel)):
            QWidget.setTabOrder(*pair)

    def _wire(self) -> None:
        self._use.clicked.connect(self.use_wished)
        self._second.clicked.connect(self.second_wished)
        self._edit.clicked.connect(self.card_wished)
        self._cancel.clicked.connect(self.cancel_wished)

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            overlay_sheet(theme) + f"QLabel#source {{ color: {theme.faint}; font-size: 11px; }}"
            f"QLabel#assumed {{ color: {theme.doubt}; font-size: 11px; }}"
        )
        self._name.setStyleSheet("font-size: 15px; font-weight: 600;")
        self.place()

    # -------------------------------------------------------------- values down
    def show_arrival(self, arrival: Arrival | None, *, beside: bool) -> None:
        """beside: a classifier is in use, so that this one can be its second."""
        before, self._arrival = self._arrival, arrival
        if arrival is None or arrival.at_once:
            self.leave()
            return
        if before is None or before.path != arrival.path or not self.isVisible():
            self._name.setText(arrival.path.name)
            self._name.setToolTip(escape(str(arrival.path)))
        self._show_progress(arrival)
        self._enable(arrival, beside)
        serving = None if arrival.classifier is None else arrival.classifier.serving
        prepared = serving != self._serving  # of one and the same classifier
        self._serving = serving
        if not self.isVisible() or before is None or prepared or _learned(before, arrival):
            self._facts.show_arrival(arrival)
            self._facts.setVisible(arrival.inspection is not None)
            self.place()
        if not self.isVisible():
            self.enter(self._use)

    def _show_progress(self, arrival: Arrival) -> None:
        doing, far = words.progress(arrival)
        ready = arrival.classifier is not None
        self._doing.setText(doing)
        self._doing.setAccessibleDescription(f"{doing} {far}")
        self._far.setText(far)
        step = arrival.step
        self._bar.setVisible(not ready and arrival.problem is None)
        share = step.done / step.total if step is not None and step.total else None
        self._bar.setRange(0, 0 if share is None else 1000)
        self._bar.setValue(round(1000 * (share or 0)))

    def _enable(self, arrival: Arrival, beside: bool) -> None:
        usable = arrival.problem is None
        self._use.setEnabled(usable and arrival.place != "first")
        self._second.setEnabled(usable and beside and arrival.place != "second")
        self._edit.setEnabled(arrival.inspection is not None)

    # -------------------------------------------------------------- keys
    def take_enter(self, focused: QWidget | None) -> None:
        (focused if isinstance(focused, QPushButton) else self._use).click()

    def take_escape(self) -> None:
        self.cancel_wished.emit()


class _Facts(QWidget):
    """Two columns: what it is called, and what is known with its source under it."""

    network_wished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("contents")
        self._lines: dict[str, tuple[QLabel, QLabel]] = {}  # value, source
        self._inspection: Inspection | None = None
        self._networks = QComboBox()
        self._networks.setAccessibleName("Network")
        self._networks.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._networks.activated.connect(self._choose)
        self._doubts, self._notes = wrapped(kind="doubt"), wrapped(kind="faint")
        self._doubts.setAccessibleName("Doubts")
        self._notes.setAccessibleName("Notes")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(0, 4, 6, 4)
        self._whole.setSpacing(8)
        self._whole.addLayout(self._grid)
        self._whole.addWidget(self._doubts)
        self._whole.addWidget(self._notes)
        self._whole.addStretch(1)

    def show_arrival(self, arrival: Arrival) -> None:
        card, inspection = arrival.card, arrival.inspection
        if inspection is not self._inspection:
            self._inspection = inspection
            self._offer(inspection)
        for row in words.rows(arrival):
            self._fill(row)
        doubts = () if card is None else card.doubts
        notes = () if inspection is None else inspection.notes
        for label, lines in (
            (self._doubts, [f"⚠ {each}" for each in doubts]),
            (self._notes, notes),
        ):
            label.setText("\n".join(lines))
            label.setVisible(bool(lines))

    def _fill(self, row: cards.Fact) -> None:
        value, source = self._lines.get(row.label) or self._add(row.label)
        value.setText(row.value)
        value.setAccessibleDescription(f"{row.value} {row.source}".strip())
        value.setToolTip(escape(row.hint))
        source.setText(row.source)
        source.setVisible(bool(row.source))
        if source.objectName() != (kind := "assumed" if row.doubtful else "source"):
            source.setObjectName(kind)
            source.style().polish(source)

    def _add(self, name: str) -> tuple[QLabel, QLabel]:
        value, source = self._lines[name] = wrapped(), wrapped(kind="source")
        value.setAccessibleName(name)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        top = 3 * len(self._lines)
        label = wrapped(name, "faint")
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._grid.addWidget(label, top, 0)
        self._grid.addWidget(value, top, 1)
        self._grid.addWidget(source, top + 1, 1)
        self._grid.setRowMinimumHeight(top + 2, 4)
        if name == cards.NETWORK:
            self._grid.addWidget(self._networks, top, 1)
            self._offer(self._inspection)
        return value, source

    def _offer(self, inspection: Inspection | None) -> None:
        """The networks that fit; nothing to choose where it is one or none."""
        fits = () if inspection is None else inspection.fits
        self._networks.clear()
        for index, fit in enumerate(fits):
            self._networks.addItem(fit.title, fit.architecture)
            hint = escape(cards.how_sure(fit))
            self._networks.setItemData(index, hint, Qt.ItemDataRole.ToolTipRole)
        self._networks.setToolTip(f"{len(fits)} networks fit these weights, the best first")
        self._networks.setVisible(len(fits) > 1)
        if cards.NETWORK in self._lines:
            self._lines[cards.NETWORK][0].setVisible(len(fits) < 2)

    def _choose(self, index: int) -> None:
        if index > 0:
            self.network_wished.emit(self._networks.itemData(index))


def _learned(before: Arrival, now: Arrival) -> bool:
    """More is known than how far it is."""
    pairs = (
        (before.inspection, now.inspection),
        (before.classifier, now.classifier),
        (before.problem, now.problem),
    )
    return before.path != now.path or any(one is not other for one, other in pairs)


def _button(text: str, key: str, hint: str, kind: str = "") -> QPushButton:
    button = QPushButton(f"{text}  {key}".rstrip())
    button.setObjectName(kind)
    button.setToolTip(f"{hint} ({key})" if key else hint)
    button.setAccessibleName(text)
    return button

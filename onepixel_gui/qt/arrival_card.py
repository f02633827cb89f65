"""The preview of a checkpoint: what was understood of it, before it replaces anything."""

from html import escape
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from onepixel_gui.classifier.card import Inspection
from onepixel_gui.qt import arrival_words as words
from onepixel_gui.qt.theme import DARK, Line, Theme
from onepixel_gui.qt.view import Arrival

_WIDTH = 470  # pixels
_MARGIN, _BELOW = 18, 90  # pixels to the window's edges; below is the verdict
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ArrivalCard(QFrame):
    """Lies over the lower right of a window and blocks nothing. Draws what it is handed."""

    use_wished = Signal()
    second_wished = Signal()  # beside the classifier in use
    card_wished = Signal()  # to edit it
    network_wished = Signal(str)  # key of another network that fits
    cancel_wished = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName("arrival")
        self.setAccessibleName("New classifier")
        self._theme = DARK
        self._arrival: Arrival | None = None
        self._before: QWidget | None = None  # had the focus
        self._name, self._state = Line(), Line()
        self._facts = _Facts()
        self._facts.network_wished.connect(self.network_wished)
        self._outer = QVBoxLayout(self)
        self._scroll = QScrollArea()
        self._doing, self._far = QLabel(), QLabel()
        self._bar = QProgressBar()
        self._use = _button("Use", "Use it from now on (Enter)", "primary")
        self._second = _button("Use as B", "Beside the classifier in use, on the same tile")
        self._edit = _button("Edit card…", "Class names, input size, scaling, threshold")
        self._cancel = _button("Cancel", "Leave everything as it is (Esc)")
        self._prepare()
        self._lay_out()
        self._wire()
        self.set_theme(DARK)
        over.installEventFilter(self)
        self.hide()

    def _prepare(self) -> None:
        self._state.setObjectName("title")
        self._name.setAccessibleName("File")
        self._doing.setAccessibleName("Progress in words")
        for label in (self._doing, self._far):
            label.setObjectName("faint")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._doing.setWordWrap(True)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(3)
        self._bar.setAccessibleName("Progress")
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._scroll.setWidget(self._facts)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)

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
        outer = self._outer
        outer.setContentsMargins(16, 12, 16, 14)
        outer.setSpacing(7)
        outer.addWidget(self._state)
        outer.addWidget(self._name)
        outer.addWidget(self._scroll)
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
        self._theme = theme
        self.setStyleSheet(
            f"QFrame#arrival {{ background: {theme.card}; border: 1px solid {theme.accent};"
            " border-radius: 10px; }"
            f"QScrollArea, QWidget#facts {{ background: {theme.card}; }}"
            f"QProgressBar {{ background: {theme.field}; border: none; }}"
            f"QProgressBar::chunk {{ background: {theme.accent}; border-radius: 1px; }}"
            f"QLabel#source {{ color: {theme.faint}; font-size: 11px; }}"
            f"QLabel#assumed {{ color: {theme.doubt}; font-size: 11px; }}"
        )
        self._name.setStyleSheet("font-size: 15px; font-weight: 600;")
        self._place()

    # -------------------------------------------------------------- values down
    def show_arrival(self, arrival: Arrival | None, *, beside: bool) -> None:
        """beside: a classifier is in use, so that this one can be its second."""
        before, self._arrival = self._arrival, arrival
        if arrival is None or arrival.at_once:
            self._leave()
            return
        if before is None or before.path != arrival.path or not self.isVisible():
            self._name.setText(arrival.path.name)
            self._name.setToolTip(escape(str(arrival.path)))
        self._show_progress(arrival)
        self._enable(arrival, beside)
        if not self.isVisible() or before is None or _learned(before, arrival):
            self._facts.show_arrival(arrival)
            self._place()
        if not self.isVisible():
            self._enter()

    def _show_progress(self, arrival: Arrival) -> None:
        doing, far = words.progress(arrival)
        ready = arrival.classifier is not None
        self._state.setText("NEW CLASSIFIER")
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

    def _enter(self) -> None:
        self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        self._use.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        focused = QApplication.focusWidget()
        within = focused is not None and self.isAncestorOf(focused)
        self.hide()
        if within and self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None

    # -------------------------------------------------------------- its place
    def _place(self) -> None:
        over = self.parentWidget()
        if over is None or self._arrival is None:
            return
        width = min(_WIDTH, over.width() - 2 * _MARGIN)
        margins = self._outer.contentsMargins()
        rest = self._outer.totalHeightForWidth(width) - self._scroll.height()
        room = over.height() - _BELOW - _MARGIN - rest
        wished = self._facts.height_for(width - margins.left() - margins.right())
        self._scroll.setFixedHeight(max(60, min(wished, room)))
        height = self._scroll.height() + rest
        left, top = over.width() - width - _MARGIN, over.height() - _BELOW - height
        self.setGeometry(left, top, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self._place()
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place()  # now that the style sheet has given the labels their fonts

    # -------------------------------------------------------------- keys
    def event(self, event: QEvent) -> bool:
        """Esc is ours while we have the focus, although it is Stop elsewhere."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = QApplication.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.cancel_wished.emit()
        elif event.key() in _ENTER:
            (focused if isinstance(focused, QPushButton) else self._use).click()
        else:
            super().keyPressEvent(event)


class _Facts(QWidget):
    """Two columns: what it is called, and what is known with its source under it."""

    network_wished = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("facts")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 4, 6, 4)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)

    def show_arrival(self, arrival: Arrival) -> None:
        self._clear()
        for row in words.rows(arrival):
            self._add(row, arrival.inspection)
        card, inspection = arrival.card, arrival.inspection
        if card is not None and inspection is not None:
            for doubt in card.doubts:
                self._remark(f"⚠ {doubt}", "doubt")
            for note in inspection.notes:
                self._remark(note, "faint")

    def height_for(self, width: int) -> int:
        """Pixels that all of it takes at this width."""
        return self._grid.totalHeightForWidth(width)

    def _clear(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _add(self, row: words.Row, inspection: Inspection | None) -> None:
        line = self._grid.rowCount()
        label = _text(row.label, "faint")
        label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._grid.addWidget(label, line, 0)
        self._grid.addWidget(self._value(row, inspection), line, 1)
        if row.source:
            kind = "assumed" if row.doubtful else "source"
            self._grid.addWidget(_text(row.source, kind), line + 1, 1)

    def _value(self, row: words.Row, inspection: Inspection | None) -> QWidget:
        if row.label == "Network" and inspection is not None and len(inspection.fits) > 1:
            return self._networks(inspection)
        value = _text(row.value)
        value.setAccessibleName(row.label)
        value.setAccessibleDescription(f"{row.value} {row.source}".strip())
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if row.hint:
            value.setToolTip(escape(row.hint))
        return value

    def _networks(self, inspection: Inspection) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName("Network")
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for index, fit in enumerate(inspection.fits):
            box.addItem(fit.title, fit.architecture)
            reason = escape(words.how_sure(fit))
            box.setItemData(index, reason, Qt.ItemDataRole.ToolTipRole)
        box.setToolTip(f"{len(inspection.fits)} networks fit these weights, the best first")
        box.activated.connect(lambda index: self._choose(inspection, index))
        return box

    def _choose(self, inspection: Inspection, index: int) -> None:
        if index:
            self.network_wished.emit(inspection.fits[index].architecture)

    def _remark(self, text: str, kind: str) -> None:
        self._grid.addWidget(_text(text, kind), self._grid.rowCount(), 0, 1, 2)


def _learned(before: Arrival, now: Arrival) -> bool:
    """More is known than how far it is."""
    pairs = (
        (before.inspection, now.inspection),
        (before.classifier, now.classifier),
        (before.problem, now.problem),
    )
    return before.path != now.path or any(one is not other for one, other in pairs)


def _text(text: str, kind: str = "") -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setObjectName(kind)
    return label


def _button(text: str, hint: str, kind: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(kind)
    button.setToolTip(hint)
    button.setAccessibleName(text)
    return button

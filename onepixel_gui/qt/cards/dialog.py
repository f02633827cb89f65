"""The model card in a dialog: all that a checkpoint does not say, checked while it is edited."""

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from onepixel_gui.classifier import sidecar
from onepixel_gui.classifier.card import Card as ModelCard
from onepixel_gui.classifier.card import Fit, Inspection
from onepixel_gui.problems import UnusableCheckpoint
from onepixel_gui.qt.cards.check import CardCheck, Check
from onepixel_gui.qt.cards.fields import EDITED, CardFields
from onepixel_gui.qt.choice import Choice
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.theme import DARK, Card, Line, Theme
from onepixel_gui.report.cards import how_sure, size
from onepixel_gui.tiles.tile import Tile

_ABBREVIATED = 12  # letters of a hash that are shown


class CardDialog(QDialog):
    """Edit a card and see at once what it makes of tiles whose labels are known.

    Ends with `accepted_card` and Accepted, or with Rejected.  It stays open while another network
    is looked at: `architecture_wished`, then `take` with what was found.
    """

    accepted_card = Signal(object, bool)  # Card, and whether to save it beside the checkpoint
    architecture_wished = Signal(str)  # of Fit

    def __init__(
        self,
        inspection: Inspection,
        lanes: Lanes,
        *,
        check: Check | None = None,
        tiles: Sequence[Tile] = (),
        theme: Theme = DARK,
        parent: QWidget | None = None,
    ) -> None:
        """lanes: of its own, one wide.  check: None as long as the network is being loaded."""
        super().__init__(parent)
        self.setWindowTitle(f"Model card of {inspection.card.file}")
        self.setAcceptDrops(True)
        self._inspection = inspection
        self._card: ModelCard | None = None
        self.about = _About()
        self.fields = CardFields()
        self.check = CardCheck(lanes, self.fields.classes, theme)
        self._note = QLabel(wordWrap=True)
        self._copy = _button("Copy card", "Ctrl+Shift+C", "Copy the card as TOML text")
        self._cancel = _button("Cancel", "", "Change nothing (Esc)")
        self._use = _button("Use without saving", "Ctrl+Return", "Use the card this time only")
        self._save = _button(
            "Use and save card", "", "Use the card and write it beside the checkpoint (Enter)"
        )
        self.setStyleSheet(_sheet(theme))  # first, so that each part is styled once
        self._connect()
        self._lay_out()
        self.take(inspection, check)
        self.check.add(tiles)
        self.fields.setFocus()
        self.resize(1180, 680)

    def _connect(self) -> None:
        self.fields.changed.connect(self._read)
        self.about.wished.connect(self.architecture_wished)
        self._copy.clicked.connect(self.copy)
        self._cancel.clicked.connect(self.reject)
        self._use.clicked.connect(lambda: self._accept_card(save=False))
        self._save.clicked.connect(lambda: self._accept_card(save=True))
        self._save.setObjectName("primary")
        self._save.setDefault(True)
        self._note.setObjectName("state")
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setAccessibleName("What is wrong with the card")

    def _lay_out(self) -> None:
        form = Card("What the checkpoint does not say")
        area = QScrollArea()
        area.setWidget(self.fields)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        self.fields.setObjectName("clear")
        form.body.addWidget(area, 1)
        columns = QHBoxLayout()
        columns.setSpacing(10)
        columns.addWidget(form, 4)
        columns.addWidget(self.check, 5)
        buttons = QHBoxLayout()
        buttons.addWidget(self._copy)
        buttons.addWidget(self._note, 1)
        for button in (self._cancel, self._use, self._save):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        layout.addWidget(self.about)
        layout.addLayout(columns, 1)
        layout.addLayout(buttons)

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(_sheet(theme))
        self.check.set_theme(theme)

    # -------------------------------------------------------------- values
    @property
    def card(self) -> ModelCard | None:
        """As the fields say now; None where they make no card."""
        return self._card

    def take(self, inspection: Inspection, check: Check | None = None) -> None:
        """Show another inspection of the file; what was edited stays, where it still can."""
        kept = self.fields.edited
        if len(kept.get("classes", ())) != len(inspection.card.classes):
            kept.pop("classes", None)
        if kept.get("subject") not in kept.get("classes", inspection.card.classes):
            kept.pop("subject", None)
        self._inspection = inspection
        self.about.show_inspection(inspection)
        with QSignalBlocker(self.fields):
            self.fields.show_card(inspection.card)
            self.fields.take(kept)
        self.check.begin(inspection.card.classes)
        self.check.set_check(check)
        self._read()

    def set_check(self, check: Check | None) -> None:
        """The network is there now, or is gone."""
        self.check.set_check(check)

    def _read(self) -> None:
        base, values = self._inspection.card, self.fields.values
        told = {each.name: getattr(base, each.name) for each in fields(base)}
        wrong, why = frozenset[str](), ""
        try:
            made = sidecar.made(base.file, {**told, **values})
            sources = {**base.sources, **dict.fromkeys(self.fields.edited, EDITED)}
            self._card = replace(made, sources=sources)
        except UnusableCheckpoint as problem:
            self._card, wrong, why = None, _named(problem), problem.what
        names = self.fields.show_wrong(wrong)
        self._note.setText(f"Correct the outlined: {names}." if names else why)
        for button in (self._copy, self._use, self._save):
            button.setEnabled(self._card is not None)
        self.check.ask(self._card)

    # -------------------------------------------------------------- ends
    def _accept_card(self, *, save: bool) -> None:
        if self._card is not None:
            self.accepted_card.emit(self._card, save)
            self.accept()

    def done(self, result: int) -> None:
        self.check.stop()
        super().done(result)

    def copy(self) -> None:
        """The card as the text of its file, to the clipboard."""
        if self._card is not None:
            QGuiApplication.clipboard().setText(_toml(self._card))
            self._note.setText("The card is on the clipboard.")

    # -------------------------------------------------------------- drops
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.check.enter(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.check.leave(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.check.drop(event)


class _About(QFrame):
    """What the file itself says: not to be edited, but for the network where several fit."""

    wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName("The checkpoint")
        self._fits: tuple[Fit, ...] = ()  # as they were first shown, best first
        self._facts: dict[str, QLabel] = {}
        self._choice, self._network = Choice("Network"), Line()
        self._choice.setToolTip("Which network these weights are of, best first")
        self._choice.activated.connect(
            lambda place: self.wished.emit(self._fits[place].architecture)
        )
        self._network.setAccessibleName("Network")
        self._notes = QLabel(wordWrap=True)
        self._notes.setObjectName("doubt")
        for label in (self._network, self._notes):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._notes.setAccessibleName("Notes on the checkpoint")
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(14, 8, 14, 9)
        grid.setHorizontalSpacing(22)
        grid.setVerticalSpacing(2)
        names = ("File", "Format", "Size", "Parameters", "SHA-256")
        for column, name in enumerate(names):
            title = QLabel(name.upper())
            title.setObjectName("title")
            grid.addWidget(title, 0, column)
            fact = self._facts[name] = Line() if name in ("File", "Format") else QLabel()
            fact.setAccessibleName(name)
            fact.setTextFormat(Qt.TextFormat.PlainText)
            grid.addWidget(fact, 1, column)
        selectable = Qt.TextInteractionFlag.TextSelectableByMouse
        self._facts["SHA-256"].setTextInteractionFlags(
            selectable | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        network = QHBoxLayout()
        network.setContentsMargins(0, 4, 0, 0)
        title = QLabel("NETWORK")
        title.setObjectName("title")
        for part, stretch in ((title, 0), (self._choice, 1), (self._network, 1)):
            network.addWidget(part, stretch)
        network.setSpacing(12)
        for column, stretch in enumerate((5, 3, 1, 1, 0)):
            grid.setColumnStretch(column, stretch)
        grid.addLayout(network, 2, 0, 1, 5)
        self._facts["SHA-256"].setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        grid.addWidget(self._notes, 3, 0, 1, 5)

    def show_inspection(self, inspection: Inspection) -> None:
        card = inspection.card
        told = {
            "File": card.file,
            "Format": card.format or "unknown",
            "Size": size(inspection.size),
            "Parameters": f"{card.weights:,}" if card.weights else "not known",
            "SHA-256": card.sha256[:_ABBREVIATED],
        }
        for name, text in told.items():
            self._facts[name].setText(text)
        self._facts["SHA-256"].setToolTip(card.sha256)
        self._notes.setText("\n".join(f"⚠ {note}" for note in inspection.notes))
        self._notes.setVisible(bool(inspection.notes))
        self._show_fits(inspection.fits, card)

    def _show_fits(self, fits: tuple[Fit, ...], card: ModelCard) -> None:
        several = len(fits) > 1
        self._choice.setVisible(several)
        self._network.setVisible(not several)
        if not several:
            own = f"{card.architecture or 'its own'}: the file brings its network along"
            self._network.setText(_told(fits[0]) if fits else own)
        if {fit.architecture for fit in fits} != {fit.architecture for fit in self._fits}:
            self._fits = fits
            self._choice.clear()
            for fit in fits:
                self._choice.addItem(_told(fit))
        places = [fit.architecture for fit in self._fits]
        if several:
            self._choice.setCurrentIndex(places.index(fits[0].architecture))


def _told(fit: Fit) -> str:
    """Which network, how sure, and why."""
    return f"{fit.title}, {how_sure(fit)}"


def _named(problem: UnusableCheckpoint) -> frozenset[str]:
    """The wrong fields that `sidecar.made` lists in the last brackets of what it says."""
    listed = re.findall(r"\w+", problem.what.rpartition("(")[2])
    return frozenset(listed) & frozenset(sidecar.FIELDS)


def _toml(card: ModelCard) -> str:
    with TemporaryDirectory() as folder:
        file = sidecar.beside(Path(folder) / "card")
        sidecar.write(card, file)
        return file.read_text(encoding="utf-8")


def _button(text: str, key: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.setToolTip(f"{hint} ({key.replace('Return', 'Enter')})" if key else hint)
    if key:
        button.setShortcut(key)
    return button


def _sheet(theme: Theme) -> str:
    return f"""
    QScrollArea, QScrollArea > QWidget > QWidget#clear {{ background: transparent; }}
    QComboBox {{ background: {theme.field}; border: 1px solid {theme.edge}; border-radius: 6px;
        padding: 3px 8px; }}
    QComboBox:focus {{ border: 1px solid {theme.accent}; }}
    QComboBox::drop-down {{ border: none; width: 24px; }}
    QComboBox:disabled, QLineEdit:disabled {{ color: {theme.faint}; }}
    QLabel#droparea {{ color: {theme.faint}; border: 2px dashed {theme.edge}; border-radius: 10px;
        font-size: 15px; }}
    QLabel#accuracy[stale="true"] {{ color: {theme.faint}; }}
    QLabel:focus {{ border-bottom: 1px solid {theme.accent}; }}
    QLabel#field {{ font-weight: 600; }}
    QLabel#field[certain="true"] {{ font-weight: 400; color: {theme.faint}; }}
    QLabel#mark {{ color: {theme.doubt}; border: 1px solid {theme.doubt}; border-radius: 7px;
        padding: 0 6px; font-size: 11px; }}
    QLabel#accuracy {{ font-size: 34px; font-weight: 600; }}
    QLineEdit[wrong="true"], QComboBox[wrong="true"], QTableView[wrong="true"] {{
        border: 1px solid {theme.doubt}; }}
    QFrame#card[over="true"] {{ border: 2px dashed {theme.accent}; }}
    QTableView {{ background: {theme.card}; border: 1px solid {theme.edge}; border-radius: 6px;
        gridline-color: {theme.edge}; selection-background-color: {theme.selected};
        selection-color: {theme.text}; }}
    QTableView:focus {{ border: 1px solid {theme.accent}; }}
    QHeaderView {{ background: {theme.card}; border: none; }}
    QHeaderView::section {{ background: {theme.card}; color: {theme.faint}; border: none;
        padding: 3px 6px; font-size: 11px; }}
    QToolButton {{ padding: 0 6px; font-size: 11px; }}
    """

"""Cards, checks and labelled tiles for the tests of the dialog, and ways to use its controls."""

import threading
from pathlib import Path
from threading import Event as Gate

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QWidget,
)

from onepixel_gui.classifier.card import Card, Fit, Inspection
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.tile import Tile

SOURCES = {
    "name": "stated in the file",
    "classes": "stated in the file",
    "subject": "stated in the file",
    "input_size": "asked of the network",
    "scaling": "what such networks were trained with",
}
CARD = Card(
    name="tiny", file="tiny.pt", sha256="0123456789abcdef" * 4, architecture="tiny_net",
    weights=1234, classes=("normal", "mitosis"), subject="mitosis", input_size=(16, 16),
    scaling="zero-to-one", format="PyTorch state dict", sources=SOURCES,
)  # fmt: skip
FITS = (
    Fit("tiny_net", "Tiny network", 1, True, "The names and shapes of all weights agree."),
    Fit("other_net", "Other network", 1, False, "The shapes agree in their order."),
)


def inspection(card: Card = CARD, fits=FITS[:1], notes=()) -> Inspection:
    return Inspection(Path("somewhere") / card.file, 1_300_000, fits, card, notes)


class Checks:
    """A check that calls dark tiles the last class, and remembers what it was asked."""

    def __init__(self):
        self.cards: list[Card] = []
        self.given: list[int] = []  # tiles that each one got
        self.labels: list[tuple[str | None, ...]] = []
        self.threads: list[threading.Thread] = []
        self.gate, self.begun = Gate(), Gate()
        self.gate.set()
        self.refusal: Problem | None = None
        self.doubts: tuple[str, ...] = ()

    def __call__(self, card, tiles):
        from onepixel_gui.classifier.checking import Checked, Verdict

        self.cards.append(card)
        self.threads.append(threading.current_thread())
        self.given.append(0)
        turn = len(self.given) - 1
        self.begun.set()
        assert self.gate.wait(20), "the gate was never opened"
        if self.refusal is not None:
            raise self.refusal
        verdicts = []
        for tile in tiles:
            self.given[turn] += 1
            dark = float(tile.rgb.mean()) < 128
            answer = card.classes[-1 if dark else 0]
            right = answer == tile.label if tile.label in card.classes else None
            confidence = 0.9 if answer == card.subject else 0.1
            verdicts.append(Verdict(tile.name, tile.label, answer, confidence, right))
        self.labels.append(tuple(verdict.label for verdict in verdicts))
        judged = [verdict.right for verdict in verdicts if verdict.right is not None]
        accuracy = sum(judged) / len(judged) if judged else float("nan")
        yield Checked(tuple(verdicts), len(judged), accuracy, self.doubts)


def tile(label, shade, name="") -> Tile:
    return Tile(name or f"{label}_{shade}.png", np.full((16, 16, 3), shade, np.uint8), label)


TILES = (
    tile("mitosis", 40), tile("mitosis", 60), tile("normal", 200), tile("mitosis", 210),
)  # fmt: skip


def named(dialog: QWidget, name: str) -> QWidget:
    """The control that a screen reader calls so."""
    found = [each for each in dialog.findChildren(QWidget) if each.accessibleName() == name]
    if len(found) > 1:
        found = [each for each in found if each.isVisibleTo(dialog)]
    assert len(found) == 1, f"{len(found)} controls are called {name}"
    return found[0]


def button(dialog: QWidget, text: str) -> QPushButton:
    (found,) = (each for each in dialog.findChildren(QPushButton) if each.text() == text)
    return found


def retype(line: QWidget, text: str) -> None:
    assert isinstance(line, QLineEdit)
    line.setFocus()
    QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(line, Qt.Key.Key_Backspace)
    QTest.keyClicks(line, text)


def choose(box: QWidget, text: str) -> None:
    """As the keys do it."""
    assert isinstance(box, QComboBox)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    while box.currentText() != text:
        before = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() != before, f"{text} is not offered"


def rename(dialog: QWidget, row: int, name: str) -> None:
    table = named(dialog, "Class names")
    assert isinstance(table, QTableView)
    table.setFocus()
    table.setCurrentIndex(table.model().index(row, 0))
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert table.state() == QAbstractItemView.State.EditingState
    editor = QApplication.focusWidget()
    retype(editor, name)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()  # Qt takes over what was typed one turn later


def shown(dialog: QWidget, name: str) -> str:
    """The words of a label that can be seen, "" for one that cannot."""
    label = named(dialog, name)
    assert isinstance(label, QLabel)
    return label.text() if label.isVisibleTo(dialog) else ""


def rows(dialog: QWidget) -> list[list[str]]:
    model = named(dialog, "Answers about the tiles").model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]

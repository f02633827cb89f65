"""The card of a checkpoint is edited in a dialog, and checked on labelled tiles meanwhile."""

import threading
import time
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Event as Gate

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QToolButton,
    QWidget,
)

from onepixel_gui.classifier import sidecar
from onepixel_gui.classifier.card import Card, Fit, Inspection
from onepixel_gui.problems import Problem
from onepixel_gui.qt.cards.check import by_classifier
from onepixel_gui.qt.cards.dialog import CardDialog
from onepixel_gui.qt.cards.labels import guessed
from onepixel_gui.qt.theme import DARK, LIGHT
from onepixel_gui.report.cards import how_sure
from onepixel_gui.tiles.files import save
from onepixel_gui.tiles.tile import Tile
from tests.qt.doubles import Drag, delete_now, picture_files

pytestmark = pytest.mark.usefixtures("checkpoint")  # torch is there, and out of the collector's way

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


@pytest.fixture
def make(qtbot, qapp, make_lanes):  # noqa: ARG001
    """Dialogs that leave no job when they are closed."""
    dialogs = []

    def made(inspected=None, *, check=None, tiles=(), theme=DARK) -> CardDialog:
        lanes = make_lanes(1)
        dialog = CardDialog(inspected or inspection(), lanes, check=check, tiles=tiles, theme=theme)
        dialogs.append((dialog, lanes))
        dialog.show()
        dialog.activateWindow()
        qtbot.waitUntil(dialog.isActiveWindow)
        return dialog

    yield made
    for dialog, lanes in dialogs:
        dialog.close()
        qtbot.waitUntil(lambda lanes=lanes: lanes.busy == 0)
        dialog.deleteLater()
    delete_now()


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


# ------------------------------------------------------------------ what is shown
def test_what_the_file_says_of_itself_stands_above_the_fields(make):
    dialog = make(inspection(notes=("tiny.pt.card.toml was not used.",)))
    assert shown(dialog, "File") == "tiny.pt"
    assert shown(dialog, "Format") == "PyTorch state dict"
    assert shown(dialog, "Size") == "1.3 MB"
    assert shown(dialog, "Parameters") == "1,234"
    assert shown(dialog, "SHA-256") == CARD.sha256[:12]
    assert named(dialog, "SHA-256").toolTip() == CARD.sha256
    assert "tiny.pt.card.toml was not used." in shown(dialog, "Notes on the checkpoint")
    (network,) = (
        each for each in dialog.findChildren(QLabel) if each.accessibleName() == "Network"
    )
    assert network.text().startswith("Tiny network, exact: the names and shapes")


def test_a_file_that_brings_its_network_says_so(make):
    dialog = make(inspection(replace(CARD, architecture="TorchScript"), fits=()))
    (network,) = (
        each for each in dialog.findChildren(QLabel) if each.accessibleName() == "Network"
    )
    assert network.text() == "TorchScript: the file brings its network along"


def test_the_hash_can_be_selected_with_the_mouse(make):
    flags = named(make(), "SHA-256").textInteractionFlags()
    assert flags & Qt.TextInteractionFlag.TextSelectableByMouse


def test_the_card_is_not_changed_by_being_shown(make):
    dialog = make()
    assert dialog.card == CARD
    assert dict(dialog.card.sources) == SOURCES


def test_what_was_assumed_is_marked_and_says_where_it_comes_from(make):
    dialog = make()
    for field, assumed, source in (
        ("Name", False, "stated in the file"),
        ("Input size", False, "asked of the network"),
        ("Scaling", True, "what such networks were trained with"),
        ("Threshold", True, ""),
    ):
        assert bool(shown(dialog, f"{field} is assumed")) == assumed
        assert shown(dialog, f"Source of {field.lower()}") == source


# ------------------------------------------------------------------ editing
TYPED = [
    ("Name", "Our network", "name", "Our network"),
    ("Input height in pixels", "224", "input_size", (224, 16)),
    ("Input width in pixels", "96", "input_size", (16, 96)),
    ("Threshold", "0.25", "threshold", 0.25),
    ("Resolution in micrometres per pixel", "0.5", "mpp", 0.5),
]
CHOSEN = [
    ("Class in question", "normal", "subject", "normal"),
    ("Channel order", "BGR, blue first", "order", "BGR"),
    ("Scaling", "−1 to 1", "scaling", "minus-one-to-one"),
    ("Scaling", "0 to 255", "scaling", "zero-to-255"),
    ("Scaling", "ImageNet mean and std", "scaling", "imagenet"),
    ("Scaling", "Caffe mean", "scaling", "caffe"),
    ("Outputs", "Log-softmax", "outputs", "log-softmax"),
    ("Outputs", "Softmax", "outputs", "softmax"),
    ("Outputs", "Sigmoid", "outputs", "sigmoid"),
    ("Tiles of another size", "Refuse", "fitting", "refuse"),
    ("Tiles of another size", "Resize", "fitting", "resize"),
]


def test_what_is_typed_is_on_the_card(make):
    for control, text, field, value in TYPED:
        dialog = make()
        retype(named(dialog, control), text)
        assert dialog.card == replace(CARD, **{field: value})
        assert dialog.card.sources[field] == "edited"


def test_a_resolution_can_be_left_open_but_not_be_nonsense(make):
    dialog = make(inspection(replace(CARD, mpp=0.25)))
    field = named(dialog, "Resolution in micrometres per pixel")
    assert field.text() == "0.25"
    retype(field, "40")
    assert dialog.card is None
    retype(field, "")
    assert dialog.card == CARD


def test_what_is_chosen_is_on_the_card(make):
    dialog = make()
    for control, text, field, value in CHOSEN:
        choose(named(dialog, control), text)
        assert dialog.card == replace(CARD, **{field: value})
        assert dialog.card.sources[field] == "edited"
        reset = {"subject": "class in question", "order": "channel order"}
        named(dialog, f"Reset {reset.get(field, control.lower())}").click()


def test_a_field_that_was_edited_says_so_and_can_be_reset(make):
    dialog = make()
    back = named(dialog, "Reset scaling")
    assert not back.isVisibleTo(dialog)
    choose(named(dialog, "Scaling"), "Caffe mean")
    assert shown(dialog, "Source of scaling") == "edited"
    assert not shown(dialog, "Scaling is assumed")
    assert "what such networks were trained with" in back.toolTip()
    assert isinstance(back, QToolButton)
    back.click()
    assert dialog.card == CARD
    assert dict(dialog.card.sources) == SOURCES
    assert shown(dialog, "Scaling is assumed")
    assert not back.isVisibleTo(dialog)


@pytest.mark.parametrize("field", ["name", "input size", "threshold", "classes"])
def test_each_field_goes_back_to_what_it_was(make, field):
    dialog = make()
    retype(named(dialog, "Name"), "x")
    retype(named(dialog, "Input height in pixels"), "none")
    retype(named(dialog, "Threshold"), "2")
    rename(dialog, 0, "benign")
    for each in ("name", "input size", "threshold", "classes"):
        back = named(dialog, f"Reset {each}")
        assert back.isVisibleTo(dialog)
        if each != field:
            back.click()
    assert dialog.card != CARD
    named(dialog, f"Reset {field}").click()
    assert dialog.card == CARD


def test_the_formula_of_a_scaling_stands_below_it(make):
    dialog = make()
    for preset, formula in (
        ("0 to 1", "v / 255"),
        ("−1 to 1", "v / 255 × 2 − 1"),
        ("0 to 255", "v as it is"),
        (
            "ImageNet mean and std",
            "(v / 255 − mean) / std, for red, green, blue:\nmean 0.485, 0.456",
        ),
        ("Caffe mean", "v − mean, for red, green, blue: mean 123.68, 116.779, 103.939"),
        ("Own mean and std", "(v / 255 − mean) / std"),
    ):
        choose(named(dialog, "Scaling"), preset)
        seen = [each.text() for each in dialog.findChildren(QLabel) if each.isVisibleTo(dialog)]
        assert any(formula in text for text in seen)


def test_the_formulas_are_those_that_are_computed():
    from onepixel_gui.classifier.colours import levels

    def told(scaling, **more):
        return levels(replace(CARD, scaling=scaling, **more))[:, [0, 255]]

    for scaling in ("zero-to-one", "minus-one-to-one", "zero-to-255", "imagenet", "caffe"):
        mean, std = START[scaling]
        same = told("custom", mean=mean, std=std)
        assert np.allclose(told(scaling), same, atol=1e-3), scaling


START = {
    "zero-to-one": ((0.0,) * 3, (1.0,) * 3),
    "minus-one-to-one": ((0.5,) * 3, (0.5,) * 3),
    "zero-to-255": ((0.0,) * 3, (0.003921569,) * 3),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": ((0.48502, 0.457957, 0.407604), (0.003921569,) * 3),
}


@pytest.mark.parametrize("scaling", START)
def test_own_figures_start_from_those_of_the_preset(make, scaling):
    dialog = make(inspection(replace(CARD, scaling=scaling)))
    box = named(dialog, "Scaling")
    box.setCurrentIndex(box.findText("Own mean and std"))
    assert dialog.card.scaling == "custom"
    assert (dialog.card.mean, dialog.card.std) == START[scaling]


def test_own_means_and_spreads_are_kept_in_the_order_red_green_blue(make):
    dialog = make()
    assert not named(dialog, "Mean of red").isVisibleTo(dialog)
    choose(named(dialog, "Scaling"), "Own mean and std")
    for place, channel in enumerate(("red", "green", "blue"), 1):
        retype(named(dialog, f"Mean of {channel}"), f"0.{place}")
        retype(named(dialog, f"Std of {channel}"), f"0.0{place}")
    assert dialog.card.mean == (0.1, 0.2, 0.3)
    assert dialog.card.std == (0.01, 0.02, 0.03)


def test_the_wheel_scrolls_past_a_box_without_turning_it(make):
    box = named(make(), "Scaling")
    wheel = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, wheel)
    assert box.currentText() == "0 to 1"


# ------------------------------------------------------------------ classes
def test_classes_are_renamed_in_place_and_the_one_in_question_follows(make):
    dialog = make()
    rename(dialog, 1, "mitotic figure")
    assert dialog.card.classes == ("normal", "mitotic figure")
    assert dialog.card.subject == "mitotic figure"


def test_a_copied_list_fills_the_names_from_the_current_one(make, qapp):
    card = replace(CARD, classes=("a", "b", "c", "d"), subject="d")
    dialog = make(inspection(card))
    table = named(dialog, "Class names")
    table.setFocus()
    table.setCurrentIndex(table.model().index(1, 0))
    qapp.clipboard().setText("  cat \ndog\nfrog\nhorse\n")
    QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Paste))
    assert dialog.card.classes == ("a", "cat", "dog", "frog")
    assert dialog.card.subject == "frog"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("normal", "Two outputs are called normal."),
        (" ", "Output 1 has no name."),
        ("m" * 201, "The name of output 1 is longer than 200 letters."),
    ],
)
def test_names_that_cannot_tell_classes_apart_are_refused(make, name, sentence):
    dialog = make()
    rename(dialog, 1, name)
    assert dialog.card is None
    assert sentence in shown(dialog, "What is wrong with classes")


def test_a_network_whose_outputs_are_not_counted_yet_lets_classes_be_added(make):
    dialog = make(inspection(replace(CARD, classes=(), subject="")))
    add = button(dialog, "Add a class")
    add.click()
    assert dialog.card is None  # one class is no choice
    add.click()
    add.click()
    button(dialog, "Remove the last").click()
    assert dialog.card.classes == ("class 0", "class 1")
    named(dialog, "Reset classes").click()
    assert dialog.card.classes == ()


def test_a_network_whose_outputs_are_counted_keeps_their_number(make):
    assert not button(make(), "Add a class").isVisible()


def test_a_thousand_classes_stay_quick(make):
    names = tuple(f"class {place}" for place in range(1000))
    start = time.perf_counter()
    dialog = make(inspection(replace(CARD, classes=names, subject="class 7")))
    opened = time.perf_counter()
    rename(dialog, 3, "cat")
    edited = time.perf_counter()
    assert dialog.card.classes[3] == "cat"
    assert dialog.card.subject == "class 7"
    assert opened - start < 2
    assert edited - opened < 1


def test_the_threshold_is_not_asked_for_where_it_is_not_used(make):
    assert named(make(), "Threshold").isEnabled()
    dialog = make(inspection(replace(CARD, classes=("a", "b", "c"), subject="c")))
    assert not named(dialog, "Threshold").isEnabled()
    assert "not used" in shown(dialog, "Source of threshold")


# ------------------------------------------------------------------ hostile values
@pytest.mark.parametrize(
    ("control", "field", "texts"),
    [
        ("Name", "name", ["", "   ", "n" * 201]),
        ("Input height in pixels", "input size", ["", "0", "-64", "64.5", "6 4", "sixty"]),
        ("Input width in pixels", "input size", ["4097", "1e99", "9" * 500, "nan"]),
        ("Threshold", "threshold", ["0", "1", "nan", "inf", "0,5", "1e-999", "__import__('os')"]),
        ("Mean of green", "scaling", ["nan", "-inf", "1e999", ""]),
        ("Std of blue", "scaling", ["0", "-1", "one", "nan"]),
    ],
)
def test_values_that_make_no_sense_are_outlined_and_cannot_be_used(make, control, field, texts):
    dialog = make(inspection(replace(CARD, scaling="custom")), check=Checks())
    line = named(dialog, control)
    right, used = line.text(), ("Use and save card", "Use without saving", "Copy card")
    for text in texts:
        line.setText(text)
        assert dialog.card is None, text
        assert line.property("wrong")
        assert shown(dialog, f"What is wrong with {field}")
        assert field in shown(dialog, "What is wrong with the card")
        assert not any(button(dialog, name).isEnabled() for name in used)
        line.setText(right)
        assert dialog.card is not None
        assert not line.property("wrong")
        assert not shown(dialog, f"What is wrong with {field}")
        assert all(button(dialog, name).isEnabled() for name in used)


def test_a_wrong_figure_that_is_no_longer_shown_does_not_count(make):
    dialog = make(inspection(replace(CARD, scaling="custom")))
    retype(named(dialog, "Std of red"), "0")
    choose(named(dialog, "Scaling"), "0 to 1")
    assert dialog.card == CARD


def test_names_of_a_stranger_are_shown_as_plain_text(make):
    card = replace(CARD, name="<img src=x>", classes=("<b>a</b>", "b"), subject="<b>a</b>")
    dialog = make(inspection(card, notes=("<a href='x'>note</a>",)))
    assert dialog.card == card
    for label in dialog.findChildren(QLabel):
        assert "<" not in label.text() or label.textFormat() == Qt.TextFormat.PlainText


# ------------------------------------------------------------------ the live check
def test_labelled_tiles_show_answer_confidence_and_accuracy(make, qtbot):
    checks = Checks()
    checks.doubts = ("With red and blue exchanged it would be right more often (90%).",)
    dialog = make(check=checks, tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    assert rows(dialog) == [
        ["mitosis_40.png", "mitosis", "mitosis", "0.900", "right"],
        ["mitosis_60.png", "mitosis", "mitosis", "0.900", "right"],
        ["normal_200.png", "normal", "normal", "0.100", "right"],
        ["mitosis_210.png", "mitosis", "normal", "0.100", "wrong"],
    ]
    assert shown(dialog, "Accuracy") == "75.0 %"
    assert "right on 3 of 4 labelled tiles" in shown(dialog, "What the accuracy is of")
    assert "chance level 75.0 %: always mitosis" in shown(dialog, "What the accuracy is of")
    assert checks.doubts[0] in shown(dialog, "Doubts about the card")
    assert checks.threads[0] is not threading.main_thread()
    header = named(dialog, "Answers about the tiles").model()
    assert header.headerData(3, Qt.Orientation.Horizontal) == "P(mitosis)"


def test_each_edit_is_checked_with_the_card_as_it_is_then(make, qtbot):
    checks = Checks()
    dialog = make(check=checks, tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    with qtbot.waitSignal(dialog.check.checked):
        choose(named(dialog, "Channel order"), "BGR, blue first")
    assert [card.order for card in checks.cards] == ["RGB", "BGR"]
    with qtbot.waitSignal(dialog.check.checked):
        choose(named(dialog, "Class in question"), "normal")
    assert rows(dialog)[0][3] == "0.100"


def test_edits_in_quick_succession_are_checked_once(make, qtbot):
    checks, begun = Checks(), []
    dialog = make(check=checks, tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    dialog.check.checking.connect(begun.append)
    assert dialog.check.pause.interval() == 150
    dialog.check.pause.setInterval(3_600_000)  # so that a slow machine does not end it meanwhile
    for size in ("2", "22", "224"):
        named(dialog, "Input height in pixels").setText(size)
        named(dialog, "Input width in pixels").setText(size)
        QApplication.processEvents()
    assert not begun
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.pause.start(0)
    assert [card.input_size for card in begun] == [(224, 224)]
    assert len(checks.cards) == 2


def test_an_answer_to_an_earlier_card_is_dropped(make, qtbot):
    checks, told = Checks(), []
    checks.gate.clear()
    dialog = make(check=checks, tiles=TILES)
    dialog.check.checked.connect(told.append)
    qtbot.waitUntil(checks.begun.is_set)
    choose(named(dialog, "Class in question"), "normal")
    with qtbot.waitSignal(dialog.check.checked):
        checks.gate.set()
    assert [card.subject for card in checks.cards] == ["mitosis", "normal"]
    assert len(told) == 1
    assert rows(dialog)[0][3] == "0.100"


def test_an_answer_that_is_on_its_way_when_the_card_is_edited_is_dropped(make, qtbot):
    checks, told, told_all = Checks(), [], Gate()

    def check(card, tiles):
        yield from checks(card, tiles)
        told_all.set()  # only now has the worker handed its answer over

    dialog = make(check=check, tiles=TILES)
    dialog.check.checked.connect(told.append)
    checks.gate.clear()
    qtbot.waitUntil(checks.begun.is_set)
    checks.gate.set()
    assert told_all.wait(20)  # this thread has not looked at it yet
    dialog.check.pause.setInterval(3_600_000)
    choose(named(dialog, "Class in question"), "normal")
    QApplication.processEvents()
    assert not rows(dialog)[0][3]
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.pause.start(0)
    assert len(told) == 1
    assert rows(dialog)[0][3] == "0.100"


def test_a_check_that_nobody_waits_for_gets_no_more_tiles(make, qtbot):
    checks = Checks()
    checks.gate.clear()
    dialog = make(check=checks, tiles=TILES)
    qtbot.waitUntil(checks.begun.is_set)
    choose(named(dialog, "Class in question"), "normal")
    with qtbot.waitSignal(dialog.check.checked):
        checks.gate.set()
    assert checks.given[0] <= 1
    assert checks.given[1] == len(TILES)


def test_answers_to_the_card_as_it_was_are_told_apart_until_the_new_ones_come(make, qtbot):
    checks = Checks()
    dialog = make(check=checks, tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    model = named(dialog, "Answers about the tiles").model()
    assert not model.stale
    with qtbot.waitSignal(dialog.check.checked):
        choose(named(dialog, "Outputs"), "Softmax")
        assert model.stale
        assert named(dialog, "Accuracy").property("stale")
    assert not model.stale


def test_a_card_that_makes_no_sense_is_not_checked(make, qtbot):
    checks = Checks()
    dialog = make(check=checks, tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    retype(named(dialog, "Threshold"), "x")
    qtbot.waitUntil(lambda: "Correct" in shown(dialog, "Why there is no answer"))
    assert len(checks.cards) == 1
    with qtbot.waitSignal(dialog.check.checked):
        retype(named(dialog, "Threshold"), "0.5")
    assert not shown(dialog, "Why there is no answer")


def test_what_cannot_be_computed_says_why_in_its_place(make, qtbot):
    checks = Checks()
    checks.refusal = Problem("The network tells 3 outputs, the card names 2.", "Name one for each.")
    dialog = make(check=checks, tiles=TILES)
    with qtbot.waitSignal(dialog.check.refused):
        pass
    why = "The network tells 3 outputs, the card names 2. Name one for each."
    assert shown(dialog, "Why there is no answer") == why
    assert not shown(dialog, "Accuracy")
    assert button(dialog, "Use and save card").isEnabled()  # the reader may know better


def test_a_check_that_breaks_does_not_take_the_dialog_along(make, qtbot):
    checks = Checks()

    def broken(_card, _tiles):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        yield

    dialog = make(check=broken, tiles=TILES)
    with qtbot.waitSignal(dialog.check.refused):
        pass
    assert "Something went wrong" in shown(dialog, "Why there is no answer")
    with qtbot.waitSignal(dialog.check.checked):
        dialog.set_check(checks)


def test_the_check_waits_for_a_network_that_is_still_loading(make, qtbot):
    dialog = make(tiles=TILES)
    qtbot.waitUntil(lambda: "loaded" in shown(dialog, "Why there is no answer"))
    with qtbot.waitSignal(dialog.check.checked):
        dialog.set_check(Checks())
    assert shown(dialog, "Accuracy") == "75.0 %"


def test_tiles_without_labels_are_answered_but_not_judged(make, qtbot):
    dialog = make(check=Checks(), tiles=(tile(None, 40), tile(None, 200)))
    with qtbot.waitSignal(dialog.check.checked):
        pass
    assert [row[1:] for row in rows(dialog)] == [
        ["—", "mitosis", "0.900", ""],
        ["—", "normal", "0.100", ""],
    ]
    assert not shown(dialog, "Accuracy")
    assert "No tile has a label" in shown(dialog, "What the accuracy is of")


def test_closing_while_a_check_runs_leaves_no_job_and_tells_nothing(make_lanes, qtbot, qapp):  # noqa: ARG001
    checks, told, lanes = Checks(), [], make_lanes(1)
    checks.gate.clear()
    dialog = CardDialog(inspection(), lanes, check=checks, tiles=TILES)
    dialog.check.checked.connect(told.append)
    dialog.show()
    qtbot.waitUntil(checks.begun.is_set)
    dialog.reject()
    checks.gate.set()
    qtbot.waitUntil(lambda: lanes.busy == 0)
    dialog.deleteLater()
    delete_now()
    assert not told
    assert checks.given[0] <= 1


def test_closing_right_after_an_edit_begins_no_check(make_lanes, qtbot, qapp):  # noqa: ARG001
    checks, lanes = Checks(), make_lanes(1)
    dialog = CardDialog(inspection(), lanes, check=checks, tiles=TILES)
    dialog.show()
    choose(named(dialog, "Outputs"), "Softmax")
    with qtbot.waitSignal(dialog.check.checking, timeout=400, raising=False) as begun:
        dialog.reject()
    assert not begun.signal_triggered
    assert not checks.cards
    dialog.deleteLater()
    delete_now()


# ------------------------------------------------------------------ tiles dropped
def test_class_folders_dropped_anywhere_are_labelled_and_checked(make, qtbot, tmp_path):
    picture_files(tmp_path / "pictures")
    dialog = make(check=Checks())
    drag = Drag(tmp_path / "pictures")
    assert drag.enter(dialog)
    with qtbot.waitSignal(dialog.check.checked):
        assert drag.drop(dialog)
    assert shown(dialog, "Accuracy") == "100.0 %"
    assert Counter(row[1] for row in rows(dialog)) == {"mitosis": 3, "normal": 3}


def test_what_is_no_tile_is_refused_by_the_cursor(make, tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    dialog = make()
    assert not Drag(tmp_path / "weights.pt").enter(dialog)
    assert not Drag(tmp_path / "notes.txt").enter(dialog)


def test_dropped_tiles_are_added_to_those_that_are_there(make, qtbot, tmp_path):
    picture_files(tmp_path / "pictures")
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open([tmp_path / "pictures"])
    assert len(rows(dialog)) == 10
    button(dialog, "Remove all").click()
    assert rows(dialog) == []
    assert not dialog.check.tiles


def test_a_file_that_cannot_be_read_is_counted_and_leaves_the_rest(make, qtbot, tmp_path):
    picture_files(tmp_path / "pictures")
    (tmp_path / "pictures" / "normal" / "bad.png").write_text("no picture")
    dialog = make(check=Checks())
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open([tmp_path / "pictures"])
    assert len(rows(dialog)) == 6
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("1 not readable: bad.png" in text for text in texts)


def test_a_folder_without_tiles_says_so_and_changes_nothing(make, qtbot, tmp_path):
    (tmp_path / "empty").mkdir()
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.refused):
        dialog.check.open([tmp_path / "empty"])
    assert dialog.check.tiles == TILES
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("The folder empty holds no" in text for text in texts)


def test_of_many_tiles_a_hundred_are_taken_in_their_proportion(make, qtbot, tmp_path):
    for label, count in (("mitosis", 30), ("normal", 120)):
        (tmp_path / label).mkdir()
        for place in range(count):
            shade = np.full((4, 4, 3), place % 256, np.uint8)
            save(shade, tmp_path / label / f"{place}.png")
    dialog = make(check=Checks())
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open([tmp_path])
    labels = [row[1] for row in rows(dialog)]
    assert Counter(labels) == {"mitosis": 20, "normal": 80}
    assert 2 <= labels[:15].count("mitosis") <= 4  # so that the first ones speak for all
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("50 more left out" in text for text in texts)


# ------------------------------------------------------------------ labels that name no class
def numbered(folder: Path) -> list[Path]:
    for name, shade in (("0", 200), ("1", 50)):
        (folder / name).mkdir()
        save(np.full((16, 16, 3), shade, np.uint8), folder / name / f"tile_{name}.png")
    return [folder / "0", folder / "1"]


def test_numbered_folders_are_mapped_to_classes_by_order(make, qtbot, tmp_path):
    checks = Checks()
    dialog = make(check=checks)
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open(numbered(tmp_path))
    assert named(dialog, "Class of label 0").currentText() == "normal"
    assert named(dialog, "Class of label 1").currentText() == "mitosis"
    assert [row[1] for row in rows(dialog)] == ["0 → normal", "1 → mitosis"]
    assert checks.labels[-1] == ("normal", "mitosis")
    assert shown(dialog, "Accuracy") == "100.0 %"


def test_the_reader_can_map_a_label_otherwise(make, qtbot, tmp_path):
    dialog = make(check=Checks())
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open(numbered(tmp_path))
    with qtbot.waitSignal(dialog.check.checked):
        choose(named(dialog, "Class of label 0"), "normal")
        QTest.keyClick(named(dialog, "Class of label 0"), Qt.Key.Key_Down)
    assert rows(dialog)[0][1:] == ["0 → mitosis", "normal", "0.100", "wrong"]
    assert shown(dialog, "Accuracy") == "50.0 %"


def test_no_mapping_is_shown_where_labels_are_class_names(make, qtbot):
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    assert not named(dialog, "What the labels stand for").isVisible()


def test_tiles_keep_their_class_when_it_is_renamed(make, qtbot):
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        rename(dialog, 1, "mitotic figure")
    assert rows(dialog)[0][1] == "mitosis → mitotic figure"
    assert shown(dialog, "Accuracy") == "75.0 %"


@pytest.mark.parametrize(
    ("labels", "classes", "meant"),
    [
        (["0", "1"], ["a", "b"], {"0": 0, "1": 1}),
        (["1"], ["a", "b"], {"1": 1}),
        (["1", "2"], ["a", "b"], {"1": 0, "2": 1}),
        (["B"], ["a", "b"], {"B": 1}),
        (["B", "other"], ["a", "b"], {"B": 1, "other": 0}),
        (["x", "y", "z"], ["a", "b"], {"x": 0, "y": 1, "z": -1}),
        (["old"], ["a", "b"], {"old": 1}),
        (["x"], [], {"x": -1}),
    ],
)
def test_labels_are_guessed_by_number_by_word_and_then_by_order(labels, classes, meant):
    assert guessed(labels, classes, ["former", "old"]) == meant


# ------------------------------------------------------------------ several networks
def test_several_networks_are_offered_best_first_with_their_reasons(make):
    box = named(make(inspection(fits=FITS)), "Network")
    boxes = [each for each in [box] if isinstance(each, QComboBox)]
    assert [boxes[0].itemText(place) for place in range(2)] == [
        "Tiny network, exact: the names and shapes of all weights agree",
        "Other network, likely: the shapes agree in their order",
    ]


def test_choosing_another_network_is_a_wish_and_its_card_keeps_what_was_edited(make, qtbot):
    dialog = make(inspection(fits=FITS))
    retype(named(dialog, "Threshold"), "0.3")
    rename(dialog, 0, "benign")
    with qtbot.waitSignal(dialog.architecture_wished) as wished:
        choose(named(dialog, "Network"), dialog_text(FITS[1]))
    assert wished.args == ["other_net"]
    other = replace(CARD, architecture="other_net", scaling="imagenet", sources={})
    dialog.take(inspection(other, fits=FITS[::-1]))
    assert dialog.card == replace(other, threshold=0.3, classes=("benign", "mitosis"))
    assert dialog.card.sources["threshold"] == "edited"
    assert named(dialog, "Network").currentText() == dialog_text(FITS[1])
    assert named(dialog, "Network").itemText(0) == dialog_text(FITS[0])  # best first still


def dialog_text(fit: Fit) -> str:
    return f"{fit.title}, {how_sure(fit)}"


def test_names_of_two_classes_are_not_taken_over_by_a_network_of_three(make):
    dialog = make()
    rename(dialog, 0, "benign")
    choose(named(dialog, "Class in question"), "benign")
    three = replace(CARD, classes=("a", "b", "c"), subject="c")
    dialog.take(inspection(three))
    assert dialog.card == three


# ------------------------------------------------------------------ ends
@pytest.mark.parametrize(
    ("press", "save"),
    [
        (lambda d: QTest.keyClick(d, Qt.Key.Key_Return), True),
        (lambda d: button(d, "Use and save card").click(), True),
        (
            lambda d: QTest.keyClick(d, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier),
            False,
        ),
        (lambda d: button(d, "Use without saving").click(), False),
    ],
)
def test_the_card_is_used_with_or_without_saving_by_key_and_by_button(make, qtbot, press, save):
    dialog, used = make(), []
    dialog.accepted_card.connect(lambda *told: used.append(told))
    retype(named(dialog, "Threshold"), "0.25")
    with qtbot.waitSignal(dialog.accepted):
        press(dialog)
    assert used == [(replace(CARD, threshold=0.25), save)]
    assert dialog.result() == QDialog.DialogCode.Accepted


@pytest.mark.parametrize(
    "press",
    [
        lambda d: QTest.keyClick(d, Qt.Key.Key_Escape),
        lambda d: button(d, "Cancel").click(),
        lambda d: d.close(),
    ],
)
def test_cancel_uses_nothing(make, qtbot, press):
    dialog, used = make(), []
    dialog.accepted_card.connect(lambda *card: used.append(card))
    retype(named(dialog, "Threshold"), "0.25")
    with qtbot.waitSignal(dialog.rejected):
        press(dialog)
    assert not used


def test_enter_uses_nothing_while_the_card_makes_no_sense(make):
    dialog, used = make(), []
    dialog.accepted_card.connect(lambda *card: used.append(card))
    retype(named(dialog, "Threshold"), "2")
    QTest.keyClick(named(dialog, "Threshold"), Qt.Key.Key_Return)
    QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert dialog.isVisible()
    assert not used


def test_enter_in_the_table_of_names_edits_and_does_not_end_the_dialog(make):
    dialog = make()
    rename(dialog, 0, "benign")
    assert dialog.isVisible()
    assert dialog.card.classes == ("benign", "mitosis")


def test_the_card_is_copied_as_the_text_of_its_file(make, qapp, qtbot):
    dialog = make()
    choose(named(dialog, "Scaling"), "Caffe mean")
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with qtbot.waitSignal(qapp.clipboard().dataChanged):
        QTest.keyClick(dialog, Qt.Key.Key_C, both)
    told = tomllib.loads(qapp.clipboard().text())
    assert told["sha256"] == CARD.sha256
    assert told["classes"] == ["normal", "mitosis"]
    assert told["scaling"] == "caffe"
    assert {key for key in told if key in sidecar.FIELDS} == set(sidecar.FIELDS) - {"mean", "std"}
    assert "clipboard" in shown(dialog, "What is wrong with the card")


# ------------------------------------------------------------------ hands, eyes and screens
def test_every_control_can_be_reached_by_tab_and_has_a_name(make, qtbot):
    dialog = make(
        inspection(replace(CARD, scaling="custom"), fits=FITS),
        check=Checks(),
        tiles=(tile("0", 40), tile("1", 200)),
    )
    with qtbot.waitSignal(dialog.check.checked):
        pass
    assert named(dialog, "Name").hasFocus()
    reached = []
    while QApplication.focusWidget() not in reached:
        reached.append(QApplication.focusWidget())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    names = {each.accessibleName() or each.text() for each in reached}
    assert "" not in names
    assert names >= {
        "Network", "Class names", "Class in question", "Input width in pixels", "Scaling",
        "Mean of red", "Std of blue", "Channel order", "Outputs", "Threshold",
        "Tiles of another size", "Class of label 0", "Answers about the tiles", "Add tiles…",
        "Remove all", "Copy card", "Cancel", "Use without saving", "Use and save card", "SHA-256",
    }  # fmt: skip


def test_buttons_tell_their_keys(make):
    dialog = make()
    for text, key in (
        ("Use and save card", "Enter"),
        ("Use without saving", "Ctrl+Enter"),
        ("Cancel", "Esc"),
        ("Copy card", "Ctrl+Shift+C"),
        ("Add tiles…", "Ctrl+O"),
        ("Add a folder…", "Ctrl+Shift+F"),
        ("Remove all", "Ctrl+Backspace"),
    ):
        assert button(dialog, text).toolTip().endswith(f"({key})")


def test_the_dialog_fits_a_small_screen_whatever_it_shows(make, qtbot):
    names = tuple(f"a rather long name of class {place}" for place in range(60))
    card = replace(CARD, file="x" * 300 + ".pt", classes=names, subject=names[3], scaling="custom")
    tiles = tuple(tile(f"label {place}", 40, "n" * 200) for place in range(60))
    dialog = make(inspection(card, fits=FITS, notes=("A note.",) * 2), check=Checks(), tiles=tiles)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    need = dialog.minimumSizeHint()
    assert need.width() <= 1280
    assert need.height() <= 720


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_right_and_wrong_differ_in_shape_and_not_only_in_colour(make, qtbot, theme):
    grey = replace(theme, accent="#808080", doubt="#808080", on_accent=theme.card)
    dialog = make(check=Checks(), tiles=TILES, theme=grey)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    table = named(dialog, "Answers about the tiles")
    table.verticalScrollBar().setValue(0)
    marks = []
    for row in (0, 3):
        place = table.visualRect(table.model().index(row, 4))
        marks.append(table.viewport().grab(place).toImage())
    assert marks[0] != marks[1]
    marks = marks[:0]
    for row in (0, 1):  # both right: nothing else in a row makes a difference
        place = table.visualRect(table.model().index(row, 4))
        marks.append(table.viewport().grab(place).toImage())
    assert marks[0] == marks[1]


def test_the_first_answers_are_shown_before_all_are_known(make, qtbot):
    from onepixel_gui.classifier.checking import Checked, Verdict

    gate = Gate()

    def check(card, tiles):
        told = [Verdict(t.name, t.label, card.classes[0], 0.2, t.label == "normal") for t in tiles]
        yield Checked(tuple(told[:3]), 3, 1 / 3)
        assert gate.wait(20)
        yield Checked(tuple(told), 4, 0.25)

    dialog = make(check=check, tiles=TILES)
    qtbot.waitUntil(lambda: shown(dialog, "Accuracy") == "33.3 %")
    of = shown(dialog, "What the accuracy is of")
    assert "right on 1 of 3 labelled tiles, 1 more to come" in of
    assert [row[4] for row in rows(dialog)] == ["wrong", "wrong", "right", ""]
    with qtbot.waitSignal(dialog.check.checked):
        gate.set()
    assert shown(dialog, "Accuracy") == "25.0 %"
    assert "to come" not in shown(dialog, "What the accuracy is of")


@pytest.mark.parametrize(("count", "portions"), [(40, [16, 40]), (20, [20])])
def test_of_many_tiles_a_classifier_answers_a_few_before_all(monkeypatch, count, portions):
    from onepixel_gui.classifier import checking

    monkeypatch.setattr(checking, "check", lambda _classifier, _card, tiles: len(list(tiles)))
    tiles = [tile("normal", 200)] * count
    assert list(by_classifier(None)(CARD, tiles)) == portions


# ------------------------------------------------------------------ a real network
def test_a_loaded_network_is_asked_as_the_edited_card_says(make, qtbot, checkpoint):
    """The network looks at one pixel: bright red is normal, unless blue is taken for red."""
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.opening import inspect

    tiles = []
    for label, rgb in (("mitosis", (0, 0, 255)), ("normal", (255, 0, 0))):
        picture = np.full((16, 16, 3), 128, np.uint8)
        picture[1, 2] = rgb
        tiles.append(Tile(f"{label}.png", picture, label))
    classifier = Classifier.open(checkpoint, "cpu")
    dialog = make(inspect(checkpoint), check=by_classifier(classifier), tiles=tiles)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    assert shown(dialog, "Accuracy") == "100.0 %"
    with qtbot.waitSignal(dialog.check.checked):
        choose(named(dialog, "Channel order"), "BGR, blue first")
    assert shown(dialog, "Accuracy") == "0.0 %"
    with qtbot.waitSignal(dialog.check.checked):
        named(dialog, "Reset channel order").click()
        retype(named(dialog, "Input height in pixels"), "32")
    assert "16 x 16" in shown(dialog, "Why there is no answer")
    with qtbot.waitSignal(dialog.check.refused):
        for edge in ("height", "width"):
            named(dialog, f"Input {edge} in pixels").setText("4096")
    assert "too large for the live check" in shown(dialog, "Why there is no answer")

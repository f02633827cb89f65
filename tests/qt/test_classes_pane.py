"""Of many classes the reader sees the likeliest five and chooses the one in question."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from onepixel_gui.attack.probe import Question
from onepixel_gui.qt.panes.classes import ANSWERED, Bars, ClassesPane, in_short
from onepixel_gui.tiles.tile import Window

NAMES = ("airplane", "bird", "cat", "deer", "dog", "frog", "ship")
TOP = (("cat", 0.6), ("dog", 0.2), ("frog", 0.1), ("deer", 0.06), ("bird", 0.03))


def question(subject="cat"):
    return Question(
        subject, "another class", "cat", dict(TOP)[subject], 0.4, 0.5, Window(0, 0, 8, 8), TOP
    )


@pytest.fixture
def pane(qtbot):
    pane = ClassesPane()
    qtbot.addWidget(pane)
    pane.show_classes(NAMES, "")
    pane.show_question(question())
    pane.resize(320, 180)
    pane.show()
    return pane


@pytest.fixture
def wished(pane):
    said = []
    pane.subject_wished.connect(said.append)
    return said


def test_two_classes_leave_nothing_to_choose(pane):
    assert pane.isVisible()
    pane.show_classes(("normal", "mitosis"), "")
    assert not pane.isVisible()


def test_the_likeliest_classes_are_shown_and_read_out(pane):
    assert pane.rows == TOP
    assert "cat 60.0 %" in pane.findChild(Bars).accessibleName()


@pytest.mark.parametrize("row", [0, 1, 4])
def test_a_click_on_a_class_puts_it_in_question(pane, wished, row):
    bars = pane.findChild(Bars)
    QTest.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(20, row * 19 + 9))
    assert wished == [TOP[row][0]]
    assert pane.findChild(QComboBox).currentText() == TOP[row][0]


def test_keys_choose_among_the_likeliest(pane, wished):
    bars = pane.findChild(Bars)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return):
        QTest.keyClick(bars, key)
    assert wished == ["dog"]


def test_any_class_can_be_chosen_by_name_and_the_answered_one_again(pane, wished):
    choice = pane.findChild(QComboBox)
    assert choice.count() == 8
    choice.setCurrentIndex(7)
    choice.activated.emit(7)
    choice.setCurrentIndex(0)
    choice.activated.emit(0)
    assert wished == ["ship", ""]
    assert choice.itemText(0) == ANSWERED


def test_a_thousand_classes_are_offered_at_once(pane):
    names = [f"class {index}" for index in range(1000)]
    pane.show_classes(names, "class 500")
    assert pane.findChild(QComboBox).currentText() == "class 500"
    assert pane.rows == ()


def test_other_classes_forget_the_earlier_answer(pane):
    pane.show_classes(("a", "b", "c"), "")
    assert pane.rows == ()


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.0, "0.0 %"),
        (4e-9, "< 0.1 %"),
        (0.0005, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9994, "99.9 %"),
        (0.9999999, "> 99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_number_beside_a_bar_is_never_longer_than_its_room(chance, words):
    assert in_short(chance) == words
    assert len(words) <= 8

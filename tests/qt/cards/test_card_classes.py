"""Classes are renamed and chosen, and words of a file are shown as letters."""

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel

from onepixel_gui.classifier.card import Fit
from onepixel_gui.report.cards import how_sure
from tests.qt.cards.cards import (
    CARD,
    FITS,
    Checks,
    button,
    choose,
    inspection,
    named,
    rename,
    retype,
    shown,
)

pytestmark = pytest.mark.usefixtures("checkpoint")  # torch is there, and out of the collector's way


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

"""The dialog ends with the card, with its file, or with nothing."""

import tomllib
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from onepixel_gui.classifier import sidecar
from tests.qt.cards.cards import CARD, button, choose, named, rename, retype, shown

pytestmark = pytest.mark.usefixtures("checkpoint")  # torch is there, and out of the collector's way


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

"""A card is checked on labelled tiles while it is edited."""

import threading
from dataclasses import replace
from threading import Event as Gate

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from onepixel_gui.problems import Problem
from onepixel_gui.qt.cards.check import by_classifier
from onepixel_gui.qt.cards.dialog import CardDialog
from onepixel_gui.qt.theme import DARK, LIGHT
from onepixel_gui.tiles.tile import Tile
from tests.qt.cards.cards import (
    CARD,
    FITS,
    TILES,
    Checks,
    button,
    choose,
    inspection,
    named,
    retype,
    rows,
    shown,
    tile,
)
from tests.qt.doubles import delete_now

pytestmark = pytest.mark.usefixtures("checkpoint")  # torch is there, and out of the collector's way


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

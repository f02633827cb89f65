"""The card of an arrival says what is known, and wishes what its reader chooses."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton, QWidget

from onepixel_gui.classifier.opening import Step
from onepixel_gui.qt import arrival_words as words
from onepixel_gui.qt.arrival_card import ArrivalCard
from onepixel_gui.qt.theme import DARK, LIGHT
from onepixel_gui.qt.view import Arrival
from tests.qt.arrivals.arriving import ONE, REFUSED, Preparing, inspection, ready
from tests.qt.doubles import FITS

SAVES = "Saves 64 % of the work."


def text_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def button(preview: ArrivalCard, name: str) -> QPushButton:
    return next(b for b in preview.findChildren(QPushButton) if b.accessibleName() == name)


def test_the_card_says_what_is_known_and_where_it_comes_from(preview):
    preview.show_arrival(ready(doubts=("The scaling was assumed.",)), beside=True)
    told = text_of(preview)
    digest = inspection().card.sha256
    for part in (
        *("PyTorch state dict · 44.7 MB", digest[:12], "11,177,538", "16 × 16 px", "RGB"),
        *("0 to 1: v / 255", "normal, mitosis · positive: mitosis", "answers mitosis from 0.5 on"),
        *("size: stated in the file · order: assumed", "Saves 64 % of the work.", "white box"),
        *("⚠ The scaling was assumed.", "A prefix was taken off.", "Ready", "a stand-in"),
        "exact: the names and shapes of all weights agree",
    ):
        assert part in told, part
    whole = next(label for label in preview.findChildren(QLabel) if label.text() == digest[:12])
    assert whole.toolTip() == digest
    assert whole.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse


def test_before_it_is_ready_the_card_says_that_it_is_being_measured(preview):
    preview.show_arrival(
        Arrival(ONE, step=Step("Building", 1, 3), inspection=inspection()), beside=1
    )
    told = text_of(preview)
    assert "being measured …" in told
    assert "Building" in told
    assert "1 of 3" in told


def test_the_card_says_that_windows_are_being_prepared_and_then_what_they_save(preview):
    classifier = Preparing(SAVES)
    arrival = Arrival(ONE, inspection=inspection(), classifier=classifier)
    preview.show_arrival(arrival, beside=True)
    assert "Windows are being prepared." in text_of(preview)
    assert button(preview, "Use").isEnabled()
    classifier.serving = replace(classifier.serving, shortcut=SAVES)
    preview.show_arrival(replace(arrival), beside=True)
    assert SAVES in text_of(preview)
    assert "being prepared" not in text_of(preview)


def test_bytes_are_told_as_a_share():
    arrival = Arrival(ONE, step=Step("Reading one.pt", 43_000_000, 100_000_000))
    assert words.progress(arrival) == ("Reading one.pt", "43 %")


def test_a_black_box_says_that_guided_search_is_not_offered(preview):
    preview.show_arrival(ready(white_box=False), beside=True)
    assert "black box: guided search needs gradients and is not offered" in text_of(preview)


def test_of_a_thousand_classes_a_few_are_named(preview):
    classes = tuple(f"class {i}" for i in range(1000))
    preview.show_arrival(ready(classes=classes, subject="class 999"), beside=True)
    assert "class 5 and 994 more · in question: class 999" in text_of(preview)


def test_words_of_a_hostile_file_are_shown_as_letters(preview):
    evil = "<img src='file:///etc/passwd'><b>mitosis</b>"
    preview.show_arrival(ready(classes=("normal", evil[:30]), subject=evil[:30]), beside=True)
    shown = [label for label in preview.findChildren(QLabel) if evil[:20] in label.text()]
    assert shown
    assert {label.textFormat() for label in shown} == {Qt.TextFormat.PlainText}


def test_where_several_networks_fit_another_can_be_wished_for(qtbot, preview):
    preview.show_arrival(ready(), beside=True)
    box = preview.findChild(QComboBox)
    assert [box.itemText(i) for i in range(box.count())] == ["ResNet-18", "Another ResNet"]
    assert "the shapes agree" in box.itemData(1, Qt.ItemDataRole.ToolTipRole)
    box.setFocus()
    with qtbot.waitSignal(preview.network_wished) as wished:
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert wished.args == ["resnet_other"]


def test_where_one_network_fits_there_is_nothing_to_choose(preview):
    seen = replace(inspection(), fits=FITS[:1])
    preview.show_arrival(Arrival(ONE, inspection=seen), beside=True)
    assert not preview.findChild(QComboBox).isVisible()
    assert "ResNet-18" in text_of(preview)


def test_a_file_that_brings_its_network_says_so(preview):
    preview.show_arrival(Arrival(ONE, inspection=replace(inspection(), fits=())), beside=True)
    assert "comes with the file" in text_of(preview)


def test_enter_uses_it_and_escape_sends_it_away(qtbot, over, preview):
    preview.show_arrival(ready(), beside=True)
    with qtbot.waitSignal(preview.use_wished):
        qtbot.keyClick(over.focusWidget(), Qt.Key.Key_Return)
    with qtbot.waitSignal(preview.cancel_wished):
        qtbot.keyClick(over.focusWidget(), Qt.Key.Key_Escape)


def test_enter_on_another_button_presses_that_one(qtbot, preview):
    preview.show_arrival(ready(), beside=True)
    used = []
    preview.use_wished.connect(lambda: used.append(1))
    button(preview, "Use as B").setFocus()
    with qtbot.waitSignal(preview.second_wished):
        qtbot.keyClick(button(preview, "Use as B"), Qt.Key.Key_Return)
    assert not used


def test_the_focus_goes_back_to_where_it_was(over, preview):
    elsewhere = over.findChild(QLineEdit)
    elsewhere.setFocus()
    preview.show_arrival(ready(), beside=True)
    assert preview.isAncestorOf(over.focusWidget())
    preview.show_arrival(None, beside=True)
    assert over.focusWidget() is elsewhere
    assert not preview.isVisible()


def test_what_was_taken_early_says_that_it_is_used_when_it_is_ready(preview):
    arrival = Arrival(ONE, inspection=inspection(), step=Step("Building"), place="first")
    preview.show_arrival(arrival, beside=True)
    assert "Used when it is ready · Building" in text_of(preview)
    assert not button(preview, "Use").isEnabled()
    assert button(preview, "Cancel").isEnabled()


def test_a_problem_keeps_the_card_without_its_use(preview):
    refused = Arrival(ONE, inspection=inspection(), problem=REFUSED)
    preview.show_arrival(refused, beside=True)
    assert "Not loaded. Fetch the file again." in text_of(preview)
    assert not button(preview, "Use").isEnabled()
    assert not button(preview, "Use as B").isEnabled()
    assert button(preview, "Edit card…").isEnabled()


def test_there_is_no_second_without_a_first(preview):
    preview.show_arrival(ready(), beside=False)
    assert not button(preview, "Use as B").isEnabled()
    assert button(preview, "Use").isEnabled()


def test_what_comes_without_a_preview_shows_none(preview):
    preview.show_arrival(Arrival(ONE, at_once=True), beside=True)
    assert not preview.isVisible()


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize(("shape", "doubts"), [((1280, 720), 1), ((1440, 900), 9)])
def test_nothing_on_the_card_is_cut_or_scrolled(qtbot, over, preview, theme, shape, doubts):
    over.resize(*shape)
    preview.set_theme(theme)
    # Of lines of so many lengths one would wrap if the card reckoned with another width.
    lines = tuple("word " * words + "." for words in range(9, 9 + doubts))
    preview.show_arrival(Arrival(ONE), beside=True)
    preview.show_arrival(ready(doubts=lines), beside=True)
    facts = preview.findChild(QWidget, "contents")
    qtbot.waitUntil(lambda: facts.height() >= facts.heightForWidth(facts.width()))
    assert facts.parentWidget().height() >= facts.height()
    assert over.rect().contains(preview.geometry())
    for each in preview.findChildren(QPushButton):
        assert each.width() >= each.sizeHint().width(), each.text()


def test_a_small_window_scrolls_what_it_has_no_room_for(qtbot, over, preview):
    over.resize(1000, 480)
    preview.show_arrival(ready(), beside=True)
    qtbot.waitUntil(lambda: over.rect().contains(preview.geometry()))
    assert button(preview, "Use").isVisible()


def test_every_control_of_the_card_has_a_name_and_its_keys_are_told(preview):
    preview.show_arrival(ready(), beside=True)
    for widget in preview.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            told = QAccessible.queryAccessibleInterface(widget)
            assert told.text(QAccessible.Text.Name), widget
    assert "(Enter)" in button(preview, "Use").toolTip()
    assert "(Esc)" in button(preview, "Cancel").toolTip()

"""Checkpoints that are dropped on the window are previewed in it."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from onepixel_gui.qt.preferences import Preferences
from tests.qt.arrivals.arriving import ONE, OTHER, seen
from tests.qt.doubles import Door, Drag, StandInClassifier

SLOW = Preferences(population=24, generations=100_000, to_the_end=True)


def test_a_dropped_checkpoint_is_previewed_and_taken_by_enter(qtbot, window, tmp_path):
    path = tmp_path / "dropped.pt"
    path.write_bytes(b"x")
    drag = Drag(path)
    assert drag.enter(window)
    assert drag.drop(window)
    qtbot.waitUntil(lambda: window.arrivals.arrival.classifier is not None)
    assert seen(window).isVisible()
    assert window.session.checkpoint == OTHER
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    assert window.session.checkpoint == path
    assert not seen(window).isVisible()


def test_escape_on_the_card_does_not_stop_the_run(qtbot, window):
    window.commands.set_preferences(SLOW.but(device="auto"))
    window.actions_by_name["run"].trigger()
    window.commands.bring_checkpoint(ONE)
    qtbot.waitUntil(lambda: seen(window).isVisible())
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert window.arrivals.arrival is None
    assert window.session.activity == "search"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.session.activity is None


def test_escape_anywhere_sends_the_arrival_away_when_nothing_runs(qtbot, window):
    window.commands.bring_checkpoint(ONE)
    window.gallery.list.setFocus()
    qtbot.keyClick(window.gallery.list, Qt.Key.Key_Escape)
    assert window.arrivals.arrival is None
    assert not seen(window).isVisible()
    assert not window.actions_by_name["stop"].isEnabled()


def test_a_black_box_offers_no_guided_search_and_says_why(qtbot, window):
    guide = window.actions_by_name["guide"]
    hint = guide.toolTip()
    classifier = StandInClassifier("opaque")
    classifier.card = replace(classifier.card, white_box=False)
    window.session.set_classifier(classifier)
    qtbot.waitUntil(lambda: window.session.question is not None)
    assert not guide.isEnabled()
    why = "opaque is a black box: guided search needs gradients and is not offered"
    assert guide.toolTip() == why
    assert why in [b.toolTip() for b in window.findChildren(QPushButton)]
    window.session.set_classifier(StandInClassifier())
    qtbot.waitUntil(lambda: window.session.question is not None)
    assert guide.isEnabled()
    assert guide.toolTip() == hint


def test_falling_back_to_another_device_is_told_in_the_strip_and_as_a_doubt(qtbot, window):
    window.commands.set_preferences(window.commands.preferences.but(device="cuda:7"))
    told = "This machine has no device named cuda:7. It runs on cpu instead."
    qtbot.waitUntil(lambda: told in window.messages.text)
    qtbot.waitUntil(lambda: window.session.question is not None and window.jobs == 0)
    doubts = [w for w in window.verdict.findChildren(QLabel) if w.accessibleName() == "Doubts"]
    assert told in doubts[0].toolTip()


def test_the_button_says_what_is_loading_without_a_preview(qtbot, window, door: Door):
    door.gate.clear()
    window.commands.use_checkpoint(ONE)
    assert any("Loading one.pt" in b.text() for b in window.findChildren(QPushButton))
    assert not seen(window).isVisible()
    door.gate.set()
    qtbot.waitUntil(lambda: window.session.checkpoint == ONE)
    assert any(b.text().startswith("one ·") for b in window.findChildren(QPushButton))

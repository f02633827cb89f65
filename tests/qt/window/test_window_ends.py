"""Closing, going wrong, and the window for keys and for screen readers."""

import logging
import threading

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from onepixel_gui import problems
from onepixel_gui.attack.probe import Advanced
from onepixel_gui.qt.app import catch_crashes, start_log
from onepixel_gui.qt.dialogs import CommandPalette, ExportDialog, SettingsDialog
from onepixel_gui.qt.window import Window
from tests.qt.doubles import picture_files, tile
from tests.qt.window.deeds import FIGURE, QUICK, run, sentence, until


# ------------------------------------------------------------------ closing and going wrong
def test_closing_during_a_run_stops_it_cleanly(qtbot, window):
    window.commands.set_preferences(QUICK.but(generations=100_000, to_the_end=True))
    with qtbot.waitSignal(
        window.session.happened, check_params_cb=lambda event: isinstance(event, Advanced)
    ):
        window.actions_by_name["run"].trigger()
    assert window.close()
    assert window.session.activity is None
    until(qtbot, lambda: window.jobs == 0)
    assert not window.messages.isVisibleTo(window)


def test_closing_while_everything_is_being_opened_leaves_nothing(
    qtbot, make_window, pictures, checkpoint
):
    window = make_window()
    window.commands.open_paths([pictures[0].parent.parent])
    window.commands.use_checkpoint(checkpoint)
    window.close()
    until(qtbot, lambda: window.jobs == 0)
    assert window.session.tile is None


def test_closing_waits_for_a_figure_that_is_being_written(qtbot, window, tmp_path):
    run(qtbot, window, "sweep")
    window.commands.write_figure(tmp_path / "figure.png", FIGURE)
    window.close()
    assert (tmp_path / "figure.png").is_file()


@pytest.fixture
def crashes(make_window, tmp_path):
    window = make_window()
    restore = catch_crashes(window, tmp_path / "onepixel_gui.log")
    yield window
    restore()


def broken() -> None:
    raise ZeroDivisionError("a bug of ours")


def test_a_bug_in_a_slot_is_told_and_logged_and_the_window_stays(qtbot, crashes, caplog):
    QTimer.singleShot(0, broken)
    until(qtbot, lambda: crashes.messages.isVisible())
    assert "ZeroDivisionError" in crashes.messages.text
    assert "bug report" in crashes.messages.text
    assert "in broken" in caplog.text
    assert crashes.isVisible()


def test_a_bug_in_another_thread_is_told_in_the_windows_own(qtbot, crashes, caplog):
    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    until(qtbot, lambda: crashes.messages.isVisible())
    assert "ZeroDivisionError" in crashes.messages.text
    assert "in broken" in caplog.text


def test_copied_details_hold_the_trail_and_the_log_file(qtbot, crashes):
    QTimer.singleShot(0, broken)
    until(qtbot, lambda: crashes.messages.isVisible())
    copy = next(b for b in crashes.messages.findChildren(QPushButton) if "Copy" in b.text())
    copy.click()
    words = QGuiApplication.clipboard().text()
    assert "in broken" in words
    assert "onepixel_gui.log" in words


def test_a_problem_of_a_job_is_told_with_its_remedy_and_can_be_dismissed(make_window):
    window = make_window()
    window.session.failed.emit(problems.Problem("The <card> is full.", "Choose the CPU."))
    window.session.failed.emit(problems.Problem("The <card> is full.", "Choose the CPU."))
    assert window.messages.text == "The <card> is full. Choose the CPU."
    shown = window.messages.findChild(QLabel).text()
    assert "2 times" in shown
    assert "&lt;card&gt;" in shown
    next(b for b in window.messages.findChildren(QPushButton) if b.text() == "Dismiss").click()
    assert not window.messages.isVisible()


def test_a_log_folder_that_cannot_be_made_costs_only_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr("onepixel_gui.qt.app.faulthandler.enable", lambda *_: None)
    (tmp_path / "file").write_text("no folder")
    assert start_log(tmp_path / "file" / "logs") is None


# ------------------------------------------------------------------ keyboard and screen reader
def named(widget: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def takes_focus(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isVisible()


def test_every_control_that_takes_focus_has_an_accessible_name(window):
    dialogs = [
        SettingsDialog(QUICK, ("cpu",), window),
        ExportDialog(("attack", "sensitivity"), window),
        CommandPalette(window.actions(), window),
    ]
    for top in (window, *dialogs):
        top.show()
        inner = ("qt_spinbox_lineedit",)  # belongs to a spin box that is named
        controls = [w for w in top.findChildren(QWidget) if takes_focus(w)]
        unnamed = [w for w in controls if not named(w) and w.objectName() not in inner]
        assert controls
        assert not unnamed, top
        if top is not window:
            top.close()


def run_button_of(window: Window) -> QPushButton:
    return next(b for b in window.findChildren(QPushButton) if b.accessibleName() == "Run")


def test_tab_reaches_every_control_that_can_be_used_and_so_run(qtbot, window):
    window.activateWindow()
    until(qtbot, window.isActiveWindow)
    window.gallery.list.setFocus()
    reached = []
    for _ in range(80):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
        if reached[-1] is window.gallery.list:
            break
    else:
        pytest.fail("the keyboard cannot get back to where it began")
    run_button = run_button_of(window)
    assert run_button in reached
    parts = (window.gallery, window.tile, window.map)
    assert all(any(part.isAncestorOf(widget) for widget in reached) for part in parts)


def test_a_focused_button_keeps_the_space_key(qtbot, window):
    run(qtbot, window, "sweep")
    after = window.tile.after
    button = run_button_of(window)
    button.setFocus()
    with qtbot.waitSignal(window.session.busy_changed) as busy:
        qtbot.keyClick(button, Qt.Key.Key_Space)
    assert busy.args == ["search"]
    del after
    until(qtbot, lambda: window.session.activity is None)


def test_an_empty_window_says_what_to_do_next(make_window):
    assert "Drop tiles" in sentence(make_window())


def test_a_window_without_a_classifier_asks_for_one(qtbot, make_window, pictures):
    window = make_window()
    with qtbot.waitSignal(window.session.tile_changed):
        window.commands.open_paths([pictures[0]])
    assert sentence(window) == "Drop a checkpoint anywhere on the window."


def test_a_tile_too_small_is_a_message_and_not_a_loading_classifier(qtbot, window, tmp_path):
    small = picture_files(tmp_path / "small", edge=12, count=1)[0]
    with qtbot.waitSignal(window.session.failed):
        window.commands.open_paths([small])
    assert "12 x 12 px" in window.messages.text
    assert sentence(window) == "The classifier has not answered about this tile."
    assert not window.actions_by_name["run"].isEnabled()


def test_a_tile_larger_than_the_input_is_framed_in_every_pane(qtbot, window):
    window.session.set_tile(tile("large.png", edge=24))
    until(qtbot, lambda: window.session.question is not None)
    run(qtbot, window, "sweep")
    swept = window.session.findings.sensitivity.swept
    assert swept.logits.shape[:2] == (16, 16)
    assert (swept.lowest.row, swept.lowest.column) == (5, 6)  # row 1, column 2 of the window

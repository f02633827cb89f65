"""The window as a reader uses it: keys, palette, drops, exports, closing, and what goes wrong."""

import errno
import logging
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QDragLeaveEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QWidget

from onepixel_gui import problems
from onepixel_gui.attack.probe import Advanced, Ended, Swept
from onepixel_gui.qt.actions import ACTIONS
from onepixel_gui.qt.app import catch_crashes, start_log
from onepixel_gui.qt.dialogs import CommandPalette, ExportChoice, ExportDialog, SettingsDialog
from onepixel_gui.qt.dropping import DropCard
from onepixel_gui.qt.preferences import Memory, Preferences
from onepixel_gui.qt.telling import told
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.files import read
from tests.core.stand_ins import one_spot
from tests.qt.doubles import Drag, StandInClassifier, delete_now, picture_files, tile

QUICK = Preferences(population=60, generations=6, device="cpu")
FIGURE = ExportChoice("sensitivity", 89, 300)


def until(qtbot, holds):
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


def open_all(qtbot, window: Window, pictures, checkpoint) -> None:
    window.commands.open_paths([pictures[0].parent.parent])
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)


@pytest.fixture
def window(qtbot, make_window, memory, pictures, checkpoint) -> Window:
    """Six tiles listed, the first on the bench, a classifier looking at it."""
    memory.keep(QUICK)
    window = make_window()
    open_all(qtbot, window, pictures, checkpoint)
    return window


def run(qtbot, window: Window, name: str) -> None:
    """Trigger search or sweep and let it end."""
    window.actions_by_name[name].trigger()
    assert window.session.activity is not None
    until(qtbot, lambda: window.session.activity is None and window.jobs == 0)


def sentence(window: Window) -> str:
    return next(
        label.text()
        for label in window.verdict.findChildren(QLabel)
        if label.accessibleName() == "Verdict"
    )


def finding(window: Window, index: int) -> str:
    return window.gallery.rows.row_of(index).finding_words


# ------------------------------------------------------------------ one table of actions
def test_every_action_has_its_key_and_a_tooltip_that_names_it(make_window):
    window = make_window()
    assert set(window.actions_by_name) == {row.name for row in ACTIONS}
    for row in ACTIONS:
        action = window.actions_by_name[row.name]
        assert action in window.actions()
        assert action.shortcut().toString() == row.key != ""
        assert row.key in action.toolTip()
        assert row.hint in action.toolTip()


def test_every_action_has_a_place_in_the_palette(make_window):
    window = make_window()
    for action in window.actions():
        action.setEnabled(True)
    palette = CommandPalette(list(window.actions_by_name.values()), window)
    assert palette.offered == tuple(window.actions_by_name[row.name] for row in ACTIONS)


def test_no_two_actions_share_a_key_a_name_or_a_text():
    for part in ("key", "name", "text"):
        values = [getattr(row, part) for row in ACTIONS]
        assert len(set(values)) == len(values), part


def test_buttons_of_the_toolbar_name_their_key(make_window):
    window = make_window()
    for name in ("settings", "sweep", "stop", "run", "guide", "export"):
        action = window.actions_by_name[name]
        button = next(
            b for b in window.findChildren(QPushButton) if b.accessibleName() == action.text()
        )
        assert action.shortcut().toString() in button.toolTip()
        assert button.isEnabled() is action.isEnabled()


def test_what_can_do_nothing_is_grey(make_window, window):
    empty = make_window(Memory(Path(window.session.checkpoint).parent / "empty.ini"))
    names = ("run", "guide", "sweep", "stop", "export", "save_attacked", "copy_command")
    assert not any(empty.actions_by_name[name].isEnabled() for name in names)
    assert [window.actions_by_name[name].isEnabled() for name in names] == [1, 1, 1, 0, 0, 0, 1]


# ------------------------------------------------------------------ the main job
def test_run_ends_in_a_plain_sentence(qtbot, window):
    run(qtbot, window, "run")
    ended = window.session.findings.ended
    assert isinstance(ended, Ended)
    assert sentence(window) == told(window.session).sentence
    assert "pixel" in sentence(window)
    assert finding(window, 0) == ("flipped" if ended.flipped else "held")
    assert window.actions_by_name["export"].isEnabled()


def test_sweep_fills_the_map_and_the_periods(qtbot, window):
    seen = []
    window.session.happened.connect(seen.append)
    run(qtbot, window, "sweep")
    swept = next(event for event in seen if isinstance(event, Swept))
    assert np.array_equal(window.map.shown, window.session.findings.sensitivity.map.lowest)
    assert window.map.shown.shape == (16, 16)
    states = [label.text() for label in window.periods.findChildren(QLabel)]
    assert any("px" in text for text in states)
    assert sentence(window) == told(window.session).sentence
    assert (swept.lowest.row, swept.lowest.column) == (1, 2)
    assert finding(window, 0) == "flipped"


def test_stop_leaves_what_was_found_and_the_window_ready(qtbot, window):
    window.commands.set_preferences(QUICK.but(generations=10_000, to_the_end=True))
    with qtbot.waitSignal(
        window.session.happened, check_params_cb=lambda event: isinstance(event, Advanced)
    ):
        window.actions_by_name["run"].trigger()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.session.activity is None
    assert window.session.findings.stopped is not None
    assert sentence(window) == told(window.session).sentence
    assert finding(window, 0) == "stopped"
    assert window.actions_by_name["run"].isEnabled()


def test_space_switches_between_before_and_after(qtbot, window):
    run(qtbot, window, "sweep")
    until(qtbot, lambda: window.tile.perturbation)
    before = window.tile.after
    qtbot.keyClick(window.tile.canvas, Qt.Key.Key_Space)
    assert window.tile.after is not before
    qtbot.keyClick(window.tile.canvas, Qt.Key.Key_Space)
    assert window.tile.after is before


@pytest.mark.parametrize("focus", ["gallery", "tile"])
def test_page_keys_step_through_the_tiles(qtbot, window, pictures, focus):
    place = window.gallery.list if focus == "gallery" else window.tile.canvas
    place.setFocus()
    shown = [window.session.tile.name]
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
        with qtbot.waitSignal(window.session.tile_changed):
            qtbot.keyClick(place, key)
        shown.append(window.session.tile.name)
    names = [picture.name for picture in pictures]
    assert shown == [names[0], names[1], names[2], names[1]]


def test_a_new_list_starts_with_its_first_tile(qtbot, window, tmp_path):
    files = picture_files(tmp_path / "others", count=1)
    with qtbot.waitSignal(window.session.tile_changed):
        window.commands.open_paths([files[1].parent])
    assert window.session.tile.name == files[1].name
    assert len(window.gallery.rows.entries) == 1


def test_tiles_on_screen_get_a_picture_and_an_answer(qtbot, window):
    rows = window.gallery.rows
    until(qtbot, lambda: all(rows.thumbnail(i) and rows.row_of(i).answer for i in range(6)))
    assert [rows.row_of(i).answer for i in range(6)] == ["mitosis"] * 3 + ["normal"] * 3
    assert not any(rows.row_of(i).disagrees for i in range(6))


def test_the_keys_1_2_3_choose_the_quantity_of_the_map(qtbot, window):
    run(qtbot, window, "sweep")
    for key, quantity in zip("231", ("highest", "change", "lowest"), strict=True):
        qtbot.keyClick(window, key)
        assert window.map.quantity == quantity
        assert window.commands.quantity == quantity


def test_letters_typed_into_the_filter_are_no_commands(qtbot, window):
    window.gallery.filter.setFocus()
    qtbot.keyClicks(window.gallery.filter, "mre1 u")
    assert window.gallery.filter.text() == "mre1 u"
    assert window.session.activity is None


# ------------------------------------------------------------------ guided by gradients
@pytest.fixture
def guidable(qtbot, window) -> Window:
    """The same tiles, looked at by a classifier that has a preview."""
    window.session.set_classifier(
        StandInClassifier(guess=one_spot(), shortcut="Recomputes only what a pixel touches.")
    )
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    return window


def labels(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_a_guided_search_by_its_key_is_tagged_wherever_it_is_shown(qtbot, guidable):
    with qtbot.waitSignal(guidable.session.busy_changed) as busy:
        qtbot.keyClick(guidable, Qt.Key.Key_G)
    assert busy.args == ["guided"]
    until(qtbot, lambda: guidable.session.activity is None and guidable.jobs == 0)
    assert "GUIDED SEARCH" in labels(guidable.search)
    assert "+ 2,048 previews" in labels(guidable.search)
    assert "+ 2,048 previews" in labels(guidable.verdict)
    assert "white-box" in sentence(guidable)
    assert guidable.gallery.rows.row_of(0).finding.guided


def test_the_black_box_search_is_one_key_away_from_a_guided_one(qtbot, guidable):
    run(qtbot, guidable, "guide")
    assert "R: black-box" in labels(guidable.search)
    with qtbot.waitSignal(guidable.session.busy_changed) as busy:
        qtbot.keyClick(guidable, Qt.Key.Key_R)
    assert busy.args == ["search"]
    until(qtbot, lambda: guidable.session.activity is None)
    assert "GUIDED" not in labels(guidable.search)
    assert not guidable.gallery.rows.row_of(0).finding.guided


def test_a_guided_search_without_gradients_is_a_message(qtbot, window):
    window.session.set_classifier(StandInClassifier())
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    with qtbot.waitSignal(window.session.failed):
        window.actions_by_name["guide"].trigger()
    assert "Use the black-box search instead." in window.messages.text
    until(qtbot, lambda: window.session.activity is None)
    assert window.actions_by_name["run"].isEnabled()


def test_the_command_line_repeats_the_search_that_was_run(qtbot, guidable):
    run(qtbot, guidable, "guide")
    guidable.commands.set_preferences(QUICK.but(to_the_end=True))
    assert guidable.commands.command_line().endswith("mitosis_0.png --strategy guided")
    run(qtbot, guidable, "run")
    guidable.commands.set_preferences(QUICK.but(seed=9))
    assert guidable.commands.command_line().endswith("--seed 0 --to-the-end")


def test_the_classifier_says_what_of_its_work_is_saved(guidable):
    button = next(b for b in guidable.findChildren(QPushButton) if "stand-in" in b.text())
    assert button.toolTip().startswith("Recomputes only what a pixel touches.\n")
    assert button.accessibleDescription() == "Recomputes only what a pixel touches."


# ------------------------------------------------------------------ results and their rows
def test_a_result_is_noted_at_the_tile_it_belongs_to(qtbot, window, pictures):
    pictures[1].write_text("no picture any more")
    with qtbot.waitSignal(window.session.failed):
        window.actions_by_name["next_tile"].trigger()
    assert window.session.tile.name == pictures[0].name
    run(qtbot, window, "sweep")
    assert finding(window, 0) == "flipped"
    assert finding(window, 1) in ("not run", "not usable")


def test_another_classifier_takes_back_what_the_one_before_had_found(qtbot, window):
    run(qtbot, window, "sweep")
    assert finding(window, 0) == "flipped"
    window.session.set_classifier(StandInClassifier("other"))
    assert finding(window, 0) == "not run"
    assert window.gallery.rows.flipped == 0
    until(qtbot, lambda: window.gallery.rows.row_of(5).answer == "mitosis")


# ------------------------------------------------------------------ the palette
def type_command(qtbot, window: Window, words: str) -> CommandPalette:
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.findChild(CommandPalette)
    qtbot.keyClicks(palette.findChild(QLineEdit), words)
    return palette


def test_the_palette_finds_an_action_by_a_few_letters_and_does_it(qtbot, window):
    palette = type_command(qtbot, window, "confid posit")
    assert palette.offered == (window.actions_by_name["sweep"],)
    with qtbot.waitSignal(window.session.busy_changed) as busy:
        qtbot.keyClick(palette.findChild(QLineEdit), Qt.Key.Key_Return)
    assert busy.args == ["sweep"]
    until(qtbot, lambda: window.session.activity is None)


def test_the_palette_offers_only_what_can_be_done_now(qtbot, window):
    palette = type_command(qtbot, window, "")
    assert window.actions_by_name["stop"] not in palette.offered
    assert window.actions_by_name["run"] in palette.offered
    palette.close()


def test_words_that_match_nothing_do_nothing(qtbot, window):
    palette = type_command(qtbot, window, "zebra")
    assert palette.offered == ()
    chosen = []
    palette.chosen.connect(chosen.append)
    qtbot.keyClick(palette.findChild(QLineEdit), Qt.Key.Key_Return)
    assert not chosen
    palette.close()


def test_a_closed_palette_is_gone(qtbot, window):
    type_command(qtbot, window, "").close()
    delete_now()
    assert window.findChild(CommandPalette) is None


# ------------------------------------------------------------------ drag and drop
def card(window: Window) -> DropCard:
    return window.findChild(DropCard)


def test_dragged_tiles_are_announced_and_opened(qtbot, make_window, pictures):
    window, drag = make_window(), Drag(*pictures[:2])
    assert drag.enter(window)
    assert card(window).isVisible()
    assert card(window).text == "Open 2 tiles in place of the present list"
    assert window.session.tile is None
    with qtbot.waitSignal(window.session.tile_changed):
        assert drag.drop(window)
    assert not card(window).isVisible()
    assert [name for name, _ in window.gallery.rows.entries] == [p.name for p in pictures[:2]]


def test_a_dragged_folder_is_announced_by_name(qtbot, make_window, pictures):
    window, drag = make_window(), Drag(pictures[0].parent.parent)
    assert drag.enter(window)
    assert card(window).text == "Open the folder pictures in place of the present list"
    with qtbot.waitSignal(window.shelf.opened):
        drag.drop(window)
    assert len(window.gallery.rows.entries) == 6


def test_a_dragged_checkpoint_is_previewed_and_replaces_nothing(
    qtbot, window, checkpoint, tmp_path
):
    other = tmp_path / "other.pt"
    other.write_bytes(checkpoint.read_bytes())
    before, drag = window.session.classifier, Drag(other)
    assert drag.enter(window)
    assert card(window).text == "Look at other.pt; the classifier stays until you say Use"
    drag.drop(window)
    until(qtbot, lambda: window.arrivals.arrival and window.arrivals.arrival.classifier)
    assert window.session.classifier is before
    with qtbot.waitSignal(window.session.classifier_changed):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    assert window.session.checkpoint == other


def test_a_mixed_drag_says_what_is_left_out(make_window, pictures, checkpoint, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    window = make_window()
    assert Drag(pictures[0], checkpoint, tmp_path / "notes.txt").enter(window)
    assert card(window).text.splitlines() == [
        f"Open {pictures[0].name} in place of the present list",
        "Look at corner.pt; the classifier stays until you say Use",
        "Leave out notes.txt: neither tile, checkpoint nor study",
    ]


def test_what_cannot_be_used_is_refused(make_window, tmp_path):
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty").mkdir()
    window = make_window()
    for name in ("notes.txt", "empty", "missing.png"):
        drag = Drag(tmp_path / name)
        assert not drag.enter(window), name
        assert not card(window).isVisible()
    assert window.jobs == 0


def test_words_from_a_browser_are_refused(make_window):
    window, drag = make_window(), Drag()
    drag.data.setText("https://example.org/tile.png")
    assert not drag.enter(window)


def test_a_drag_that_leaves_takes_its_card_along(make_window, pictures):
    window = make_window()
    Drag(pictures[0]).enter(window)
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not card(window).isVisible()


def test_a_drag_is_taken_over_every_part_of_the_window(window, pictures):
    drag = Drag(pictures[0])
    parts = [w for w in window.centralWidget().findChildren(QWidget) if w.isVisible()]
    assert len(parts) > 30
    for part in parts:
        card(window).hide()
        assert drag.enter(part), part
        assert card(window).isVisible(), part


def test_a_bad_dropped_file_is_a_message_and_the_bench_stays(qtbot, window, tmp_path):
    before = window.session.tile, window.session.classifier, window.commands.command_line()
    bad = tmp_path / "broken.pt"
    bad.write_bytes(b"nothing of value")
    drag = Drag(bad)
    drag.enter(window)
    with qtbot.waitSignal(window.session.failed):
        drag.drop(window)
    until(qtbot, lambda: window.jobs == 0)
    assert "broken.pt" in window.messages.text
    assert window.messages.isVisible()
    after = window.session.tile, window.session.classifier, window.commands.command_line()
    assert after == before
    assert any("corner" in button.text() for button in window.findChildren(QPushButton))


# ------------------------------------------------------------------ what is remembered
def test_settings_survive_a_restart(qtbot, make_window, tmp_path):
    changed = Preferences(123, 45, 6, True, "cpu", "27", "light")
    first = make_window(Memory(tmp_path / "kept.ini"))
    first.commands.set_preferences(changed)
    first.close()
    assert make_window(Memory(tmp_path / "kept.ini")).commands.preferences == changed
    del qtbot


def test_the_size_of_the_window_survives_a_restart(make_window, tmp_path):
    first = make_window(Memory(tmp_path / "kept.ini"))
    first.resize(first.width(), 740)
    first.close()
    again = make_window(Memory(tmp_path / "kept.ini"))
    assert again.height() == 740


def test_damaged_settings_count_as_unset(make_window, tmp_path):
    (tmp_path / "damaged.ini").write_text(
        "[preferences]\npopulation=many\ngenerations=-4\ntheme=pink\nseed=7\n"
        "[window]\ngeometry=nonsense\n"
    )
    window = make_window(Memory(tmp_path / "damaged.ini"))
    assert window.commands.preferences == Preferences(seed=7)


def test_the_theme_switches_by_its_key_and_is_kept(qtbot, make_window, memory):
    window = make_window()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_T, keys)
    assert memory.preferences().theme == "light"


def test_chosen_settings_are_those_of_the_dialog(make_window):
    window = make_window()
    now = Preferences(30, 20, 10, True, "cpu", "27", "light")
    assert SettingsDialog(now, ("cpu",), window).chosen() == now


# ------------------------------------------------------------------ results out
def test_a_figure_is_written_with_its_sidecar(qtbot, window, tmp_path):
    run(qtbot, window, "sweep")
    with qtbot.waitSignal(window.commands.noted, timeout=60_000) as noted:
        window.commands.write_figure(tmp_path / "figure.png", FIGURE)
    written = sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("figure"))
    assert written == ["figure.json", "figure.png"] or len(written) == 2
    assert "figure.png" in noted.args[0]
    assert (tmp_path / "figure.png").read_bytes()[:4] == b"\x89PNG"


def test_the_attacked_tile_differs_in_one_pixel(qtbot, window, tmp_path):
    run(qtbot, window, "run")
    with qtbot.waitSignal(window.commands.noted):
        window.commands.write_attacked(tmp_path / "attacked.png")
    after = read(tmp_path / "attacked.png").rgb
    (pixel,) = window.session.findings.ended.best
    changed = np.argwhere((after != window.session.tile.rgb).any(axis=2))
    assert changed.tolist() == [[pixel.row, pixel.column]]
    assert tuple(after[pixel.row, pixel.column]) == pixel.rgb


def refusing(code):
    def call(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    return call


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [("fsync", errno.ENOSPC, "full"), ("replace", errno.EROFS, "only allows reading")],
)
@pytest.mark.parametrize("what", ["figure", "attacked"])
def test_an_export_to_a_disk_that_refuses_is_a_message_and_leaves_no_half_file(
    qtbot, window, tmp_path, monkeypatch, call, code, words, what
):
    out = tmp_path / "out"
    out.mkdir()
    run(qtbot, window, "run")
    run(qtbot, window, "sweep")
    monkeypatch.setattr(f"onepixel_gui.outbox.os.{call}", refusing(code))
    with qtbot.waitSignal(window.session.failed, timeout=60_000):
        if what == "figure":
            window.commands.write_figure(out / "figure.png", FIGURE)
        else:
            window.commands.write_attacked(out / "attacked.png")
    assert words in window.messages.text
    assert not list(out.iterdir())


def test_an_export_to_a_missing_folder_is_a_message(qtbot, window, tmp_path):
    run(qtbot, window, "sweep")
    with qtbot.waitSignal(window.session.failed, timeout=60_000):
        window.commands.write_figure(tmp_path / "missing" / "figure.pdf", FIGURE)
    assert "missing is not an existing folder" in window.messages.text
    assert not (tmp_path / "missing").exists()


def test_an_export_whose_result_is_gone_is_a_message(qtbot, window, tmp_path):
    until(qtbot, lambda: window.jobs == 0)  # the gallery's answers may still be under way
    window.commands.write_figure(tmp_path / "figure.png", FIGURE)
    assert window.messages.text.startswith("There is no result to export yet.")
    assert window.jobs == 0


def test_the_export_dialog_offers_what_is_known_the_latest_first(qtbot, window):
    assert window.commands.templates() == ()
    run(qtbot, window, "run")
    run(qtbot, window, "sweep")
    assert window.commands.templates() == ("sensitivity", "attack")
    dialog = ExportDialog(window.commands.templates(), window)
    assert dialog.chosen() == ExportChoice("sensitivity", 183, 300)


def test_the_command_line_repeats_the_run(qtbot, window):
    run(qtbot, window, "run")
    window.actions_by_name["copy_command"].trigger()
    words = QGuiApplication.clipboard().text().split()
    assert words[:3] == ["onepixel-gui", "attack", "mitosis_0.png"]
    assert words[3:5] == ["--model", "corner.pt"]
    assert words[words.index("--population") + 1] == "60"


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

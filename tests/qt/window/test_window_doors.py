"""What comes in by dragging, what goes out as files, and what is remembered."""

import errno
import os

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDragLeaveEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from onepixel_gui.qt.dialogs import ExportChoice, ExportDialog, SettingsDialog
from onepixel_gui.qt.dropping import DropCard
from onepixel_gui.qt.preferences import Memory, Preferences
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.files import read
from tests.qt.doubles import Drag
from tests.qt.window.deeds import FIGURE, run, until


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

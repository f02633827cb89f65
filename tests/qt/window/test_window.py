"""The main job in the window: tiles are chosen, searched and swept, with or without gradients."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget

from onepixel_gui.attack.probe import Advanced, Ended, Swept
from onepixel_gui.qt.actions import ACTIONS
from onepixel_gui.qt.dialogs import CommandPalette
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.telling import told
from onepixel_gui.qt.window import Window
from tests.core.stand_ins import one_spot
from tests.qt.doubles import StandInClassifier, delete_now, picture_files
from tests.qt.window.deeds import QUICK, run, sentence, until


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

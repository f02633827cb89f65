"""Tiles of a slide on the bench: their names, their keys, their controls."""

import json
import shlex
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QWidget

from onepixel_gui import cli
from onepixel_gui.tiles.slides import SlideTile
from onepixel_gui.tiles.tile import Window as Rectangle
from tests.qt.trials_of_slides.deeds import on_bench, run, until


# ------------------------------------------------------------------ the same in a terminal
@pytest.mark.parametrize("place", [(48, 80), (-5, 310)])
def test_the_copied_words_find_the_same_in_a_terminal(
    qtbot, window, checkpoint, tmp_path, monkeypatch, place
):
    on_bench(qtbot, window, *place)
    run(qtbot, window)
    ended = window.session.findings.ended
    words = shlex.split(window.commands.command_line())
    assert words[:5] == ["onepixel-gui", "attack", "a slide.tif", "--at", "{},{}".format(*place)]
    (tmp_path / checkpoint.name).write_bytes(checkpoint.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert cli.run([*words[1:], "--json", "o.json", "--device", "cpu"]) in (0, 1)
    told = json.loads(Path("o.json").read_text("utf-8"))
    assert told["provenance"]["tile"]["sha256"] == window.session.tile.sha256
    assert (told["queries"], told["flipped"]) == (ended.queries, ended.flipped)
    assert told["confidence"] == pytest.approx(ended.confidence, abs=1e-6)
    (pixel,) = ended.best
    assert (told["pixels"][0]["row"], told["pixels"][0]["column"]) == (pixel.row, pixel.column)
    assert told["pixels"][0]["rgb_after"] == list(pixel.rgb)


def test_a_tile_that_was_cut_otherwise_is_not_named_by_its_place_alone(qtbot, window, slide):
    window.session.open_tile(SlideTile(slide, 40, 40, (24, 24)))
    until(qtbot, lambda: window.session.tile and window.session.tile.shape == (24, 24))
    until(qtbot, lambda: window.session.question is not None)
    assert "--at" not in window.commands.command_line()


# ------------------------------------------------------------------ Esc
def test_esc_stops_a_run_before_it_clears_the_region(qtbot, window):
    on_bench(qtbot, window, 64, 96)
    region = Rectangle(64, 64, 128, 128)
    window.slide.set_region(region)
    canvas = window.slide.canvas
    canvas.setFocus()
    window.actions_by_name["sweep"].trigger()
    assert window.session.activity == "sweep"
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert window.session.activity is None
    assert window.slide.region == region
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert window.slide.region is None


def test_keys_that_can_do_nothing_do_nothing(qtbot, make_window):
    window = make_window()
    for key in "VSLBO0":
        qtbot.keyClick(window, key)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.actions_by_name["scan"].isEnabled()
    assert window.jobs == 0
    assert not window.messages.isVisible()


# ------------------------------------------------------------------ what lies on the bench
def test_the_list_marks_no_tile_while_one_of_a_slide_lies_on_the_bench(qtbot, window, pictures):
    window.commands.open_paths(pictures)
    until(qtbot, lambda: window.session.tile and window.session.tile.name == pictures[0].name)
    gallery = window.gallery
    assert gallery.shown == 0
    on_bench(qtbot, window, 80, 144)
    assert gallery.shown == -1
    gallery.sort("label", descending=True)
    assert gallery.shown == -1
    qtbot.keyClick(window, Qt.Key.Key_PageUp)
    qtbot.keyClick(window, Qt.Key.Key_PageDown)
    until(qtbot, lambda: gallery.shown >= 0)
    assert window.session.tile.name == gallery.rows.row_of(gallery.shown).name
    assert window.windowTitle().startswith(window.session.tile.name)


def test_a_tile_that_cannot_be_read_is_not_marked_as_the_one_on_the_bench(
    qtbot, make_window, pictures
):
    window = make_window()
    window.commands.open_paths(pictures[:2])
    until(qtbot, lambda: window.session.tile is not None)
    pictures[1].write_text("no picture any more")
    with qtbot.waitSignal(window.session.failed, timeout=20_000):
        window.actions_by_name["next_tile"].trigger()
    assert window.session.tile.name == pictures[0].name
    assert window.gallery.shown == 0


# ------------------------------------------------------------------ without a mouse
def controls(part: QWidget) -> list[QWidget]:
    kinds = QAbstractButton | QComboBox | QAbstractItemView
    found = [part, *part.findChildren(QWidget)]
    return [
        each
        for each in found
        if each.window() is part.window()  # not the list of a closed combo box
        and each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and isinstance(each, kinds)
    ]


def test_every_control_of_slide_candidates_and_data_set_card_has_a_name_and_a_hint(qtbot, window):
    window.datasets.bring([window.slides.slide.path.parent / "nothing here"])
    until(qtbot, lambda: window.datasets.look and window.datasets.look.problem)
    parts = window.slide, window.candidates, window.gallery, window.datasets.card
    for part in parts:
        found = controls(part)
        assert found
        for control in found:
            button = isinstance(control, QAbstractButton)
            name = control.accessibleName() or (control.text() if button else "")
            assert name, f"{control} has no name"
            if button and not control.isHidden():
                assert control.toolTip(), f"{name} has no hint"


def test_tab_reaches_the_slide_its_tools_and_the_candidates(qtbot, window):
    window.gallery.list.setFocus()
    seen, focused = [], window.focusWidget()
    for _ in range(60):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        seen.append(window.focusWidget())
        if seen[-1] is focused:
            break
    names = {each.accessibleName() for each in seen}
    assert window.slide.canvas in seen
    assert {"Zoom in", "Zoom out", "Fit", "Region", "Overlays", "Scan"} <= names

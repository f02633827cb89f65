"""Slides that are odd, vanish while they are open, or lie on a drive that stalls."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.tile import Window as Rectangle
from tests.core import slide_files
from tests.core.networks import Tiny, save_script
from tests.qt.doubles import Drag
from tests.qt.trials_of_slides.deeds import EDGE, on_bench, run, show, until


# ------------------------------------------------------------------ odd slides
@pytest.mark.parametrize("shape", [(8, 8), (1, 20_000), (20_000, 1), (16, 15)])
def test_a_slide_smaller_than_a_tile_is_shown_and_its_tile_mirrored(qtbot, window, tmp_path, shape):
    rgb = np.random.default_rng(1).integers(0, 255, (*shape, 3)).astype(np.uint8)
    show(qtbot, window, slide_files.tiled(tmp_path / "odd.tif", [rgb, rgb[:1, :1]]))
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        qtbot.keyClick(window.slide.canvas, Qt.Key.Key_Right)
    tile = window.session.tile
    assert tile.shape == (16, 16)
    assert any("mirrored" in note for note in tile.notes)
    until(qtbot, lambda: window.session.question is not None)
    run(qtbot, window)
    assert set(window.slide.outcomes) == {tile.footprint}


@pytest.mark.parametrize("mpp", [0.2, 0.25, 0.37, 0.5, 1.1])
def test_the_frame_of_a_tile_is_its_cell_of_the_grid_at_every_resolution(qtbot, window, mpp):
    classifier = window.session.classifier
    classifier.card = replace(classifier.card, mpp=mpp)
    window.session.set_classifier(classifier, window.session.checkpoint)
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        qtbot.keyClick(window.slide.canvas, Qt.Key.Key_Right)
    tile = window.session.tile
    row, column = tile.footprint.row, tile.footprint.column
    edge = round(16 * mpp / 0.25)
    assert tile.footprint.shape == (edge, edge)
    assert (row % edge, column % edge) == (0, 0)
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        qtbot.keyClick(window.slide.canvas, Qt.Key.Key_Down)
    assert window.session.tile.origin == (row + edge, column)
    assert bool(window.session.tile.notes) == (mpp != 0.25)


@pytest.fixture
def three(tmp_path) -> Path:
    """A classifier of three classes, which refuses tiles of another size than 8 x 8."""
    told = {"name": "three", "input": [8, 8], "scaling": "zero-to-one", "fitting": "refuse"}
    told |= {"classes": ["cat", "dog", "owl"], "outputs": "logits"}
    return save_script(Tiny(3), tmp_path / "three.pt", told)


def test_of_three_classes_the_one_chosen_is_scanned_for_and_attacked(qtbot, window, three):
    with qtbot.waitSignal(window.session.classifier_changed, timeout=20_000):
        window.commands.use_checkpoint(three)
    window.session.set_subject("dog")
    region = Rectangle(64, 64, 48, 48)
    window.slide.region_drawn.emit(region)
    with qtbot.waitSignal(window.scans.scanner.ended, timeout=20_000) as told:
        window.actions_by_name["scan"].trigger()
    assert told.args[0].settings.subject == "dog"
    rows = window.candidates.rows
    assert rows.count
    states = [each.text() for each in window.candidates.findChildren(QLabel)]
    assert any(state.startswith("by P(dog)") for state in states)
    with qtbot.waitSignal(window.session.tile_changed, timeout=20_000):
        window.candidates.list.setCurrentIndex(rows.index(0))
    until(qtbot, lambda: window.session.question is not None)
    question = window.session.question
    assert question.subject == "dog"
    assert question.clean == pytest.approx(rows.row_of(0).confidence, abs=1e-5)
    assert window.session.tile.shape == (8, 8)
    assert "--subject dog" in window.commands.command_line()


# ------------------------------------------------------------------ what vanishes
def test_a_slide_that_was_deleted_while_open_is_told_when_its_tile_is_wanted(qtbot, window, slide):
    on_bench(qtbot, window, 64, 96)
    before = window.session.tile
    slide.unlink()
    with qtbot.waitSignal(window.session.failed, timeout=20_000) as told:
        window.slides.put_on_bench(0, 0)
    assert told.args[0].what == "a slide.tif does not exist."
    assert window.session.tile is before
    assert window.messages.isVisible()


@pytest.mark.parametrize("left", [2000, 20_000])
def test_a_slide_cut_short_while_open_is_told_by_tile_and_by_scan(qtbot, window, slide, left):
    os.truncate(slide, left)
    with qtbot.waitSignal(window.session.failed, timeout=20_000) as told:
        window.slides.put_on_bench(EDGE - 16, EDGE - 16)
    assert isinstance(told.args[0], UnreadableSlide)
    with qtbot.waitSignal(window.scans.scanner.ended, timeout=20_000) as told:
        window.actions_by_name["scan"].trigger()
    assert told.args[0].damaged > 0
    assert "the slide is damaged there" in window.candidates.notes
    assert window.actions_by_name["scan"].isEnabled()


def test_a_scan_of_another_resolution_says_that_tiles_are_resampled(qtbot, window):
    classifier = window.session.classifier
    classifier.card = replace(classifier.card, mpp=0.5)
    window.session.set_classifier(classifier, window.session.checkpoint)
    with qtbot.waitSignal(window.scans.scanner.ended, timeout=20_000):
        window.actions_by_name["scan"].trigger()
    assert "0.5 µm per pixel" in window.candidates.notes
    with qtbot.waitSignal(window.scans.scanner.cleared):
        window.session.set_classifier(None)
    assert window.candidates.notes == ""
    window.session.set_classifier(classifier)
    assert "0.5 µm per pixel" in window.candidates.notes


# ------------------------------------------------------------------ drives that stall
def test_a_drag_of_many_files_on_a_stalled_drive_is_answered_soon(
    make_window, tmp_path, monkeypatch, gate
):
    window = make_window()
    is_file = Path.is_file

    def slow(path):
        if "stalled" in path.name:
            assert gate.wait(20)
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", slow)
    drag = Drag(*(tmp_path / f"stalled {number}.svs" for number in range(20)))
    began = time.monotonic()
    assert drag.enter(window)
    assert time.monotonic() - began < 10  # the drive stalls for 20
    gate.set()


ENDING = """
import sys
from pathlib import Path
from threading import Event
from PySide6.QtCore import QTimer
from onepixel_gui.qt import app
from onepixel_gui.qt.commands import Commands
from onepixel_gui.tiles.slides import SlideTile
from onepixel_gui.tiles.entries import Entries

def hang(entry, *_):
    print("hangs", flush=True)
    Event().wait()

SlideTile.read = SlideTile.thumbnail = hang

def begin(window):
    window.shelf.show(Entries(tuple(SlideTile(Path("x.svs"), row, 0, (8, 8)) for row in range(9))))
    QTimer.singleShot(700, window.close)

app.Window.showEvent = lambda window, event: QTimer.singleShot(0, lambda: begin(window))
Commands.open_demonstration = lambda commands: None
sys.exit(app.run_window())
"""


def test_the_program_ends_soon_although_a_drive_hangs(tmp_path):
    script = tmp_path / "ending.py"
    script.write_text(ENDING)
    homes = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"), str(tmp_path))
    ended = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, **homes, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "hangs" in ended.stdout

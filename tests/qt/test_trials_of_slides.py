"""The window with slides in clumsy, unlucky and hostile hands."""

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Event as Gate

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLabel, QWidget

from onepixel_gui import cli
from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.datasets import Field, Mark
from onepixel_gui.tiles.slides import SlideTile, open_slide
from onepixel_gui.tiles.tile import Window as Rectangle
from tests.core import slide_files
from tests.core.networks import Tiny, save_script
from tests.qt.doubles import Drag

QUICK = Preferences(population=60, generations=10, to_the_end=True, theme="dark", device="cpu")
EDGE = 320


def until(qtbot, holds):
    # None would count as fulfilled, as if the callback had asserted something.
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.set()


@pytest.fixture
def plane() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.integers(0, 14, (EDGE, EDGE, 3)) + np.array([225, 120, 170])).astype(np.uint8)


@pytest.fixture
def slide(tmp_path, plane) -> Path:
    levels = [plane, slide_files.halved(plane)]
    return slide_files.tiled(tmp_path / "a slide.tif", levels, compression="deflate")


@pytest.fixture
def other(tmp_path, plane) -> Path:
    levels = [255 - plane, slide_files.halved(255 - plane)]
    return slide_files.tiled(tmp_path / "other.tif", levels, compression="deflate")


@pytest.fixture
def window(qtbot, make_window, memory, slide, checkpoint) -> Window:
    memory.keep(QUICK)
    window = make_window()
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.classifier is not None)
    show(qtbot, window, slide)
    return window


def show(qtbot, window: Window, path: Path) -> None:
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.commands.open_paths([path])
    until(qtbot, window.slide.isVisible)


def on_bench(qtbot, window: Window, row: int, column: int) -> None:
    window.slides.put_on_bench(row, column)
    until(qtbot, lambda: window.session.tile and window.session.tile.origin == (row, column))
    until(qtbot, lambda: window.session.question is not None)


def run(qtbot, window: Window, name: str = "run") -> None:
    window.actions_by_name[name].trigger()
    until(qtbot, lambda: window.session.activity is None)


def stalled(monkeypatch, window: Window, path: Path, gate: Gate) -> None:
    """The viewer cannot open that slide before the gate is opened."""

    def opener(asked):
        if asked == path:
            assert gate.wait(20)
        return open_slide(asked)

    monkeypatch.setattr(window.slides.reader, "_opener", opener)


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


# ------------------------------------------------------------------ two slides at once
def test_the_marks_of_a_slide_on_its_way_label_no_tile_of_the_one_on_show(
    qtbot, window, slide, other, monkeypatch, gate
):
    stalled(monkeypatch, window, other, gate)
    marks = (Mark(40, 40, "mitosis"),)
    window.slides.set_fields((Field(slide, "one"), Field(other, "two", marks)))
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.slides.open(0)
    window.slides.open(1)
    tile = window.slides.entry(32, 32)
    assert (tile.path, tile.case, tile.label) == (slide, "one", None)
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        gate.set()
    tile = window.slides.entry(32, 32)
    assert (tile.path, tile.case, tile.label) == (other, "two", "mitosis")


@pytest.mark.parametrize("way", ["Esc", "Cancel"])
def test_a_slide_that_was_given_up_leaves_no_name_and_no_marks(
    qtbot, window, slide, other, monkeypatch, gate, way
):
    stalled(monkeypatch, window, other, gate)
    window.slides.set_fields((Field(slide, "one"), Field(other, "two")))
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.slides.open(0)
    window.slides.open(1)
    assert window.slides.chooser.current == 1
    assert window.actions_by_name["stop"].isEnabled()
    if way == "Esc":
        qtbot.keyClick(window.slide.canvas, Qt.Key.Key_Escape)
    else:
        window.slide.cancel_wished.emit()
    assert not window.slides.opening
    assert not window.actions_by_name["stop"].isEnabled()
    assert window.slides.chooser.current == 0
    assert window.slides.entry(0, 0).case == "one"


def test_v_goes_to_the_slide_of_the_tile_although_another_was_opened_since(
    qtbot, window, slide, other
):
    on_bench(qtbot, window, 64, 96)
    show(qtbot, window, other)
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert not window.slide.isVisible()
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        qtbot.keyClick(window, Qt.Key.Key_V)
    assert window.slides.slide.path == slide
    assert window.slide.canvas.sight.holds(72, 104)


def test_v_brings_the_tile_into_sight_again(qtbot, window):
    on_bench(qtbot, window, 0, 0)
    canvas = window.slide.canvas
    canvas.look(canvas.sight.at_one(canvas.rect().center().toPointF()).centred(300, 300))
    for _ in range(6):
        canvas.zoom(1)
    assert not canvas.sight.holds(8, 8)
    for _ in range(2):
        qtbot.keyClick(window, Qt.Key.Key_V)
    assert canvas.sight.holds(8, 8)


def test_a_dropped_slide_and_a_checkpoint_are_both_received(qtbot, make_window, slide, checkpoint):
    window = make_window()
    drag = Drag(slide, checkpoint)
    assert drag.enter(window)
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        drag.drop(window)
    until(qtbot, lambda: window.arrivals.arrival and window.arrivals.arrival.classifier)
    assert window.session.classifier is None


def test_two_dropped_slides_can_both_be_looked_at(qtbot, make_window, slide, other):
    window = make_window()
    drag = Drag(slide, other)
    assert drag.enter(window)
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        drag.drop(window)
    assert {field.path for field in window.slides.fields} == {slide, other}
    assert window.slides.chooser.isVisible()


def test_what_is_chosen_as_a_slide_is_opened_as_one_however_small(qtbot, make_window, tmp_path):
    Image.new("RGB", (80, 40), (200, 100, 150)).save(tmp_path / "small.png")
    window = make_window()
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.commands.slide_brought.emit(tmp_path / "small.png")
    assert window.slide.isVisible()
    assert window.slides.slide.shape == (40, 80)


def test_a_slide_without_a_tile_says_what_to_do_next(qtbot, window):
    assert said(window) == "Click a tile of the slide, or press S to scan it."
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert said(window).startswith("Drop tiles")
    qtbot.keyClick(window, Qt.Key.Key_V)
    window.session.set_classifier(None)
    assert said(window) == "Click a tile of the slide."


def said(window: Window) -> str:
    (label,) = [
        each for each in window.verdict.findChildren(QLabel) if each.accessibleName() == "Verdict"
    ]
    return label.text()


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

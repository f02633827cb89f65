"""Two slides at once, and slides beside other files."""

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.datasets import Field, Mark
from tests.qt.doubles import Drag
from tests.qt.trials_of_slides.deeds import on_bench, show, stalled, until


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

"""The pane of the colour shift tells what a pixel changed, and wishes for other colours."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QSlider, QWidget

from onepixel_gui.attack.probe import Began, Pixel, Question, Settings, Swept
from onepixel_gui.qt.colour_controls import CORNERS, Swatch
from onepixel_gui.qt.panes.shift import ShiftPane
from onepixel_gui.qt.response_plot import apart
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Tile, Window
from tests.qt.reading_panes.readings import (
    ENDED,
    FAINT,
    QUESTION,
    WINDOW,
    YELLOW,
    advanced,
    responded,
    words,
)


def swept(question: Question) -> Swept:
    palette = np.array([rgb for _, rgb in CORNERS], np.uint8)
    flipped = np.zeros((64, 64, 8), np.bool_)
    flipped[28, 26, 6] = True
    high = Pixel(21, 29, (0, 0, 255))
    logits = np.zeros((64, 64, 8), np.float32)
    return Swept(question, palette, logits, flipped, YELLOW, 0.16, high, 0.99, 32768, 9, 5.0)


def swatch(pane: QWidget, name: str) -> Swatch:
    return next(s for s in pane.findChildren(Swatch) if s.accessibleName().startswith(name))


def slider(pane: QWidget, channel: str) -> QSlider:
    return next(s for s in pane.findChildren(QSlider) if s.accessibleName().startswith(channel))


def test_colours_cannot_be_tried_before_a_pixel_is_pinned_or_found(shift: ShiftPane) -> None:
    yellow = swatch(shift, "yellow #FFFF00")
    assert not yellow.isEnabled()
    assert "pin" in yellow.toolTip()
    shift.set_cursor(Cursor(3, 4))
    assert not yellow.isEnabled()
    shift.set_cursor(Cursor(3, 4, pinned=True))
    assert yellow.isEnabled()


def test_a_tried_colour_is_wished_for_at_the_pinned_position(qtbot: Any, shift: ShiftPane) -> None:
    shift.set_cursor(Cursor(3, 4, pinned=True))
    with qtbot.waitSignal(shift.pixel_wished) as wish:
        qtbot.mouseClick(swatch(shift, "yellow"), Qt.MouseButton.LeftButton)
    assert wish.args == [Pixel(3, 4, (255, 255, 0))]


def test_a_swatch_is_pressed_by_the_space_key(qtbot: Any, shift: ShiftPane) -> None:
    shift.set_cursor(Cursor(3, 4, pinned=True))
    with qtbot.waitSignal(shift.pixel_wished) as wish:
        qtbot.keyClick(swatch(shift, "cyan"), Qt.Key.Key_Space)
    assert wish.args == [Pixel(3, 4, (0, 255, 255))]


def test_a_slider_changes_one_channel_and_keeps_the_other_two(
    qtbot: Any, shift: ShiftPane, tile: Tile
) -> None:
    shift.set_cursor(Cursor(3, 4, pinned=True))
    red, green, blue = (int(v) for v in tile.rgb[3, 4])
    with qtbot.waitSignal(shift.pixel_wished) as wish:
        qtbot.keyClick(slider(shift, "green"), Qt.Key.Key_Right)
    assert wish.args == [Pixel(3, 4, (red, green + 1, blue))]


def test_a_dragged_slider_wishes_rarely_and_always_for_the_last_level(
    qtbot: Any, shift: ShiftPane
) -> None:
    shift.set_cursor(Cursor(3, 4, pinned=True))
    wishes: list[Pixel] = []
    shift.pixel_wished.connect(wishes.append)
    control = slider(shift, "red")
    control.setValue(0)
    wishes.clear()
    for x in range(30, 150):
        qtbot.mousePress(control, Qt.MouseButton.LeftButton, pos=QPoint(x, 12))
    qtbot.mouseRelease(control, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(wishes) and wishes[-1].rgb[0] == control.value())
    assert len(wishes) < 60


def test_a_position_outside_the_classifiers_window_says_so(qtbot: Any) -> None:
    wide = Tile("wide.png", np.zeros((80, 80, 3), np.uint8))
    pane = ShiftPane()
    qtbot.addWidget(pane)
    pane.show_tile(wide, Window(8, 8, 64, 64))
    pane.set_cursor(Cursor(2, 2, pinned=True))
    assert not swatch(pane, "white").isEnabled()
    assert "does not see" in swatch(pane, "white").toolTip()


def test_a_response_shows_the_new_confidence_and_answer(shift: ShiftPane) -> None:
    shift.take(Began(QUESTION, Settings()))
    shift.set_cursor(Cursor(28, 26, pinned=True))
    shift.take(responded(YELLOW))
    assert "0.160" in words(shift)
    assert "answer normal" in words(shift)
    assert "P(mitosis)" in words(shift)
    assert "#FFFF00" in words(shift)
    assert "ROW 28, COLUMN 26" in words(shift)
    assert shift.plot.isVisible()


def test_a_response_is_shown_before_anything_ran(shift: ShiftPane) -> None:
    shift.set_cursor(Cursor(28, 26, pinned=True))
    shift.take(responded(YELLOW))
    assert "0.160" in words(shift)


def test_an_answer_that_is_late_does_not_move_the_colour_under_the_hand(
    qtbot: Any, shift: ShiftPane
) -> None:
    shift.set_cursor(Cursor(3, 4, pinned=True))
    control = slider(shift, "red")
    qtbot.mousePress(control, Qt.MouseButton.LeftButton, pos=QPoint(100, 12))
    level = control.value()
    shift.take(responded(Pixel(3, 4, (0, 0, 0)), 0.7))
    assert control.value() == level
    assert "0.700" in words(shift)
    qtbot.mouseRelease(control, Qt.MouseButton.LeftButton)


def test_the_search_is_followed_until_a_pixel_is_pinned(shift: ShiftPane) -> None:
    shift.take(Began(QUESTION, Settings()))
    shift.take(advanced(400, 0.9))
    assert "ROW 28, COLUMN 26" in words(shift)
    shift.set_cursor(Cursor(3, 4, pinned=True))
    shift.take(advanced(800, 0.7))
    assert "ROW 3, COLUMN 4" in words(shift)
    shift.set_cursor(None)
    assert "ROW 28, COLUMN 26" in words(shift)
    assert "0.700" in words(shift)


def test_the_end_of_a_search_shows_what_was_found(shift: ShiftPane, tile: Tile) -> None:
    shift.take(Began(QUESTION, Settings()))
    shift.take(ENDED)
    before = tile.rgb[28, 26]
    distance = np.linalg.norm(np.array([255, 255, 0]) - before)
    assert f"{distance:.0f}" in words(shift)
    assert "6.5 px" in words(shift)
    assert "1.6 µm" in words(shift)
    assert "answer normal" in words(shift)


@pytest.mark.parametrize(("question", "title"), [(QUESTION, "ROW 28"), (FAINT, "ROW 21")])
def test_a_sweep_shows_the_extreme_in_the_direction_of_a_flip(
    shift: ShiftPane, question: Question, title: str
) -> None:
    shift.take(swept(question))
    assert title in words(shift)


def test_another_tile_clears_the_shift(shift: ShiftPane, tile: Tile) -> None:
    shift.take(Began(QUESTION, Settings()))
    shift.take(ENDED)
    shift.show_tile(tile, WINDOW)
    assert "ROW" not in words(shift)
    assert not swatch(shift, "white").isEnabled()


def test_letters_at_the_curves_ends_never_overlap() -> None:
    placed = apart(np.array([0.5, 0.5, 0.51]), 0.1, 0.0, 1.0)
    assert np.diff(np.sort(placed)).min() >= 0.1 - 1e-9
    assert apart(np.array([0.99, 1.0, 1.0]), 0.1, 0.0, 1.0).max() <= 0.95 + 1e-9

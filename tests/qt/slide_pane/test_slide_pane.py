"""The pane shows the pixels of a slide where they are, and takes hands."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication, QPushButton

from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.slides.overlays import Grid
from onepixel_gui.qt.slides.parts import Part, SlideFacts
from onepixel_gui.qt.theme import DARK, LIGHT
from onepixel_gui.tiles.datasets import Mark
from onepixel_gui.tiles.tile import Window
from tests.qt.slide_doubles import StandInSlide, answering, image_of
from tests.qt.slide_pane.slide_panes import GREY, ROOM, go, grabbed, plain_slide, point, show

GRID = Grid(0, 0, 64, 64, 64, 64)


# ---------------------------------------------------------------- pixels
def test_at_one_to_one_the_screen_shows_the_bytes_of_the_slide(
    pane: SlidePane, slide: StandInSlide
) -> None:
    answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    sight = pane.canvas.sight
    shown = grabbed(pane)
    part = np.s_[220:420, 30:330]  # clear of the mini-map, the scale bar and the frame
    true = slide.rgb[sight.top : sight.top + 500, sight.left : sight.left + 600]
    assert sight.scale == 1
    assert np.array_equal(shown[part], true[part])


def test_the_screen_shows_the_same_bytes_after_the_slide_was_dragged(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    for _ in range(4):
        grabbed(pane)
        qtbot.mousePress(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 250))
        qtbot.mouseMove(pane.canvas, QPoint(263, 231))
        qtbot.mouseMove(pane.canvas, QPoint(241, 262))
        qtbot.mouseRelease(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(241, 262))
    sight = pane.canvas.sight
    assert sight.left == 1100 - 300 + 4 * 59
    part = np.s_[220:420, 30:330]
    true = slide.rgb[sight.top : sight.top + 500, sight.left : sight.left + 600]
    assert np.array_equal(grabbed(pane)[part], true[part])


def test_nearer_than_one_to_one_each_pixel_is_a_plain_square(
    pane: SlidePane, slide: StandInSlide
) -> None:
    answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    pane.canvas.zoom(6)  # five screen px each: no grid is drawn yet
    sight = pane.canvas.sight
    edge = round(sight.scale)
    shown = grabbed(pane)
    assert edge == sight.scale
    for row, column in ((700, 1090), (690, 1070), (702, 1099)):
        box = sight.box(row, column, row + 1, column + 1)
        cell = shown[box.y() : box.y() + edge, box.x() : box.x() + edge]
        assert (cell == slide.rgb[row, column]).all()


def test_the_deepest_zoom_is_32_screen_pixels_per_pixel(
    pane: SlidePane, slide: StandInSlide
) -> None:
    answering(pane, slide)
    show(pane, slide)
    pane.canvas.zoom(100)
    assert pane.canvas.sight.scale == 32 * pane.canvas.devicePixelRatioF()


def test_a_coarser_picture_is_seen_until_parts_arrive(pane: SlidePane) -> None:
    show(pane, plain_slide())
    go(pane, 700, 1100)
    assert (abs(grabbed(pane)[220:420, 30:330].astype(int) - GREY) <= 1).all()


def test_a_part_that_arrives_later_fades_in_over_what_was_there(
    pane: SlidePane, qtbot: Any
) -> None:
    coarse, fine = plain_slide((40, 40, 40)), plain_slide((220, 220, 220))
    wishes: list[Any] = []
    pane.parts_wished.connect(wishes.append)
    show(pane, coarse)
    go(pane, 700, 1100)
    with qtbot.waitSignal(pane.settled):
        for part in wishes[-1].missing:
            pane.take_part(part, image_of(fine, part))
        at_once = grabbed(pane)[300, 100]
    assert at_once.max() < 220
    assert (grabbed(pane)[300, 100] == 220).all()


def test_what_is_at_hand_is_shown_at_once_and_does_not_flicker(pane: SlidePane) -> None:
    slide = plain_slide((220, 220, 220))
    answering(pane, slide)
    pane.show_slide(SlideFacts.of(slide))
    for step in range(30):
        go(pane, 300 + 30 * step, 400 + 40 * step)
        assert (grabbed(pane)[220:420, 30:330] == 220).all()


def test_a_broken_part_is_hatched_and_says_why_while_the_rest_is_shown(pane: SlidePane) -> None:
    slide = plain_slide()
    answering(pane, slide, broken=lambda part: part == Part(0, 1, 1, 2))
    show(pane, slide)
    go(pane, 512 + 256, 1024)  # it lies right of the middle
    hatch = hatched(grabbed(pane))
    assert hatch[150:350, 320:380].any()
    assert not hatch[150:350, 20:280].any()


def test_try_again_is_offered_while_a_broken_part_is_in_sight_and_wishes_for_it_once_more(
    pane: SlidePane, qtbot: Any
) -> None:
    slide, part, gone = plain_slide(), Part(0, 1, 1, 2), True
    wishes = answering(pane, slide, broken=lambda asked: gone and asked == part)
    show(pane, slide)
    again = next(b for b in pane.findChildren(QPushButton) if b.text() == "Try again")
    assert not again.isVisible()
    go(pane, 512 + 256, 1024)
    assert again.isVisible()
    again.click()
    assert part in wishes[-1].missing
    assert again.isVisible()  # it is still gone
    gone = False
    with qtbot.waitSignal(pane.again_wished):
        again.click()
    assert not again.isVisible()
    assert not hatched(grabbed(pane)).any()


def hatched(shown: np.ndarray) -> np.ndarray:
    """(H, W) bool."""
    doubt = QColor(LIGHT.doubt)  # slides are light in both themes
    return (shown == (doubt.red(), doubt.green(), doubt.blue())).all(axis=2)


def test_a_part_that_arrives_while_the_slide_moves_is_shown_in_its_place(pane: SlidePane) -> None:
    slide, part = plain_slide(), Part(0, 1, 1, 2)
    answering(pane, slide, broken=lambda asked: asked == part)
    show(pane, slide)
    go(pane, 512 + 256, 1024)
    assert hatched(grabbed(pane)).any()
    pane.take_part(part, image_of(slide, part))
    pane.canvas.look(pane.canvas.sight.panned(QPointF(-7, 3)))
    assert not hatched(grabbed(pane)).any()


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_beside_the_slide_lies_the_ground_of_the_theme(pane: SlidePane, theme: Any) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    pane.set_theme(theme)
    ground = QColor(theme.ground)
    assert tuple(grabbed(pane)[40, 20]) == (ground.red(), ground.green(), ground.blue())


# ---------------------------------------------------------------- wishes
def test_it_wishes_for_coarse_parts_first_then_from_the_middle_outwards(pane: SlidePane) -> None:
    slide = StandInSlide(rgb=np.zeros((6000, 6000, 3), np.uint8), downsamples=(1, 4, 16))
    wishes: list[Any] = []
    pane.parts_wished.connect(wishes.append)
    show(pane, slide)
    go(pane, 3000, 3000)
    missing = wishes[-1].missing
    levels = [part.level for part in missing]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == 0
    first = next(part for part in missing if part.level == 0)
    assert (first.row, first.column) in {(5, 5), (5, 6), (6, 5), (6, 6)}


def test_it_wishes_only_for_what_it_lacks_and_names_what_it_shows(
    pane: SlidePane, slide: StandInSlide
) -> None:
    wishes = answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    pane.canvas.look(pane.canvas.sight.panned(QPointF(-1, -1)))
    assert not set(wishes[-1].missing) & set(wishes[-1].shown)
    pane.canvas.look(pane.canvas.sight.panned(QPointF(-700, 0)))
    assert not set(wishes[-1].missing) & set(wishes[-1].shown)
    assert {part for part in wishes[-1].shown if part.level == 0}


def test_parts_nobody_wishes_for_any_more_are_not_kept(
    pane: SlidePane, slide: StandInSlide
) -> None:
    wishes: list[Any] = []
    pane.parts_wished.connect(wishes.append)
    show(pane, slide)
    go(pane, 100, 100)
    stale = next(part for part in wishes[-1].missing if part == Part(0, 1, 0, 0))
    go(pane, 1400, 2200)
    pane.take_part(stale, image_of(slide, stale))
    go(pane, 1400, 2190)
    assert stale not in wishes[-1].shown


def test_another_slide_keeps_nothing_of_the_last(pane: SlidePane) -> None:
    answering(pane, first := plain_slide((40, 40, 40)))
    show(pane, first)
    pane.set_marks([Mark(1, 1, "mitosis")])
    pane.set_outcomes({Window(0, 0, 64, 64): "flipped"})
    pane.set_region(Window(0, 0, 500, 500))
    pane.parts_wished.disconnect()
    show(pane, plain_slide((220, 220, 220), name="second.svs"))
    assert (grabbed(pane)[250, 100:400] >= 218).all()
    assert pane.region is None


# ---------------------------------------------------------------- hands
def test_the_wheel_zooms_at_the_cursor(pane: SlidePane, slide: StandInSlide) -> None:
    answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    at = QPointF(100, 80)
    before = pane.canvas.sight.place(at)
    wheel(pane, at, 240)
    after = pane.canvas.sight.place(at)
    assert pane.canvas.sight.scale > 1.5
    assert after == pytest.approx(before, abs=1)


def wheel(pane: SlidePane, at: QPointF, angle: int) -> None:
    event = QWheelEvent(
        at,
        pane.canvas.mapToGlobal(at),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pane.canvas, event)


def test_a_double_click_shows_pixels_as_they_are_there(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    answering(pane, slide)
    show(pane, slide)
    at = QPoint(300, 250)
    before = pane.canvas.sight.place(QPointF(at))
    qtbot.mouseDClick(pane.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert pane.canvas.sight.scale == 1
    assert pane.canvas.sight.place(QPointF(at)) == pytest.approx(before, abs=1)


def test_a_click_chooses_the_tile_under_the_cursor(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    answering(pane, slide)
    show(pane, slide)
    pane.set_grid(GRID)
    go(pane, 700, 1100)
    with qtbot.waitSignal(pane.tile_wished) as told:
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=point(pane, 710, 1050))
    assert told.args == [704, 1024]


def test_a_drag_chooses_nothing(pane: SlidePane, slide: StandInSlide, qtbot: Any) -> None:
    answering(pane, slide)
    show(pane, slide)
    pane.set_grid(GRID)
    go(pane, 700, 1100)
    with qtbot.assertNotEmitted(pane.tile_wished):
        qtbot.mousePress(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 250))
        qtbot.mouseMove(pane.canvas, QPoint(250, 250))
        qtbot.mouseRelease(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(250, 250))


def test_a_click_on_the_mini_map_goes_there(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    answering(pane, slide)
    show(pane, slide)
    pane.set_grid(GRID)
    go(pane, 100, 100)
    with qtbot.assertNotEmitted(pane.tile_wished):
        right_edge = QPoint(ROOM[0] - 12, 12)
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=right_edge)
    assert pane.canvas.sight.column > 2000
    assert pane.canvas.sight.row < 200


@pytest.mark.parametrize(
    ("key", "tile"),
    [
        (Qt.Key.Key_Right, (640, 1088)),
        (Qt.Key.Key_Left, (640, 960)),
        (Qt.Key.Key_Up, (576, 1024)),
        (Qt.Key.Key_Down, (704, 1024)),
    ],
)
def test_arrow_keys_walk_the_tiles(
    pane: SlidePane, slide: StandInSlide, qtbot: Any, key: Qt.Key, tile: tuple[int, int]
) -> None:
    answering(pane, slide)
    show(pane, slide)
    pane.set_grid(GRID)
    pane.set_current(Window(640, 1024, 64, 64))
    with qtbot.waitSignal(pane.tile_wished) as told:
        qtbot.keyClick(pane.canvas, key)
    assert tuple(told.args) == tile


def test_arrow_keys_stop_at_the_border_of_the_slide(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    show(pane, slide)
    pane.set_grid(GRID)
    pane.set_current(Window(0, 0, 64, 64))
    with qtbot.assertNotEmitted(pane.tile_wished):
        qtbot.keyClick(pane.canvas, Qt.Key.Key_Up)
        qtbot.keyClick(pane.canvas, Qt.Key.Key_Left)


def test_with_shift_arrow_keys_move_the_slide(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    show(pane, slide)
    pane.set_grid(GRID)
    go(pane, 700, 1100)
    with qtbot.assertNotEmitted(pane.tile_wished):
        qtbot.keyClick(pane.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert pane.canvas.sight.column > 1150


def test_keys_zoom_and_fit(pane: SlidePane, slide: StandInSlide, qtbot: Any) -> None:
    show(pane, slide)
    fitted = pane.canvas.sight
    qtbot.keyClick(pane.canvas, Qt.Key.Key_Plus)
    assert pane.canvas.sight.scale > fitted.scale
    qtbot.keyClick(pane.canvas, Qt.Key.Key_Minus)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_Plus)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_0)
    assert pane.canvas.sight == fitted


def test_enter_runs(pane: SlidePane, slide: StandInSlide, qtbot: Any) -> None:
    show(pane, slide)
    with qtbot.waitSignal(pane.run_wished):
        qtbot.keyClick(pane.canvas, Qt.Key.Key_Return)


def test_without_a_slide_keys_and_hands_mean_nothing(pane: SlidePane, qtbot: Any) -> None:
    with (
        qtbot.assertNotEmitted(pane.run_wished),
        qtbot.assertNotEmitted(pane.region_drawn),
        qtbot.assertNotEmitted(pane.parts_wished),
    ):
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Plus, Qt.Key.Key_0):
            qtbot.keyClick(pane.canvas, key)
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
        wheel(pane, QPointF(20, 20), 120)

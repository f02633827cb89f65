"""The map draws a sweep while it runs and afterwards, on scales that say what they show."""

from dataclasses import replace

import numpy as np
import pytest
from pyqtgraph import ScatterPlotItem
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QToolButton, QWidget

from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.probe import SweepBegan, Swept
from onepixel_gui.qt.panes.confidence_map import MapPane
from onepixel_gui.qt.panes.controls import Readout
from onepixel_gui.qt.panes.map_legend import change_scale, confidence_scale, greyed
from onepixel_gui.qt.panes.tile import TilePane
from onepixel_gui.qt.theme import DARK
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Window
from tests.qt.image_panes.pictures import (
    PALETTE,
    PURPLE,
    colour_at,
    header,
    listen,
    painted,
    picture,
    pixels,
    plain_tile,
    previewed,
    same,
    samples,
    shown,
    spotted_tile,
    state,
    swept,
)


@pytest.fixture
def map_pane(qtbot) -> MapPane:
    return shown(qtbot, MapPane())


def readout(pane: QWidget) -> str:
    return pane.findChild(Readout).text


def test_hovering_the_map_tells_row_then_column_of_the_tile(qtbot, map_pane):
    window = Window(8, 20, 30, 48)
    map_pane.show_tile(plain_tile(46, 88), window)
    result = swept(window, 5, 30)
    map_pane.take(SweepBegan(result.question, PALETTE, result.queries))
    map_pane.take(painted(result, 1))
    heard = listen(map_pane.cursor_moved)
    box = map_pane.view.map_box.sceneBoundingRect()
    spot = samples(map_pane.view)[: int(box.bottom()), : int(box.right())]
    dark = np.nonzero(np.abs(spot - PURPLE).sum(axis=2) < 12)
    at = QPoint(int(np.median(dark[1])), int(np.median(dark[0])))
    qtbot.mouseMove(map_pane.view.viewport(), at)
    assert heard == [Cursor(13, 50)]


def test_a_click_on_the_map_pins(qtbot, map_pane):
    map_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    heard = listen(map_pane.cursor_moved)
    at = map_pane.view.cell(9, 33).center().toPoint()
    qtbot.mouseClick(map_pane.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert heard == [Cursor(9, 33, pinned=True)]


def test_the_map_fills_coarse_to_fine_on_a_colour_range_that_stays(map_pane):
    window = Window(0, 0, 40, 64)
    map_pane.show_tile(plain_tile(), window)
    result = swept(window, 9, 30)
    map_pane.take(SweepBegan(result.question, PALETTE, result.queries))
    seen = []
    for stride in (8, 4, 1):
        map_pane.take(painted(result, stride))
        image = pixels(picture(map_pane.view))
        spot = map_pane.view.cell(16, 56).center() * map_pane.devicePixelRatioF()
        seen.append(tuple(image[int(spot.y()), int(spot.x())]))
        assert map_pane.shown.min() >= 0
        assert map_pane.shown.max() <= 1
    assert len(set(seen)) == 1, "the same confidence keeps its colour"
    map_pane.take(result)
    np.testing.assert_allclose(map_pane.shown, 1 / (1 + np.exp(-result.logits.min(axis=2))), 1e-5)
    assert state(map_pane).startswith("exact · 7,680 of 7,680 · 1 position")


def test_while_a_sweep_runs_the_header_tells_how_far_it_is(map_pane):
    window = Window(0, 0, 40, 64)
    map_pane.show_tile(plain_tile(), window)
    result = swept(window)
    map_pane.take(SweepBegan(result.question, PALETTE, result.queries))
    map_pane.take(painted(result, 8))
    assert state(map_pane) == "coarse 8 px · 120 of 7,680"


@pytest.fixture
def sweeping(map_pane) -> tuple[MapPane, Swept]:
    """A sweep that has begun; one position of its map flips the answer."""
    window = Window(0, 0, 40, 64)
    map_pane.show_tile(plain_tile(), window)
    result = swept(window)
    map_pane.take(SweepBegan(result.question, PALETTE, result.queries))
    return map_pane, result


def chroma(pane: MapPane, row: int, column: int) -> int:
    red, green, blue = colour_at(picture(pane.view), pane.view.cell(row, column).center())
    return max(red, green, blue) - min(red, green, blue)


def test_a_preview_is_announced_as_one_until_everything_was_asked(sweeping):
    pane, result = sweeping
    pane.take(replace(previewed(result), stride=8))
    assert state(pane) == "preview · 0 % exact"
    pane.take(previewed(result, *((row, column) for row in range(10) for column in range(64))))
    assert state(pane) == "preview · 25 % exact"
    pane.take(painted(result, 1))
    assert state(pane) == "exact · 7,680 of 7,680"


def test_the_header_explains_grey_to_who_points_at_it(sweeping):
    pane, result = sweeping
    pane.take(previewed(result))
    assert "estimated from gradients" in header(pane).toolTip()
    pane.take(painted(result, 8))
    assert "repeats a neighbour" in header(pane).toolTip()
    pane.take(painted(result, 1))
    assert header(pane).toolTip() == state(pane)


@pytest.mark.parametrize("quantity", ["lowest", "change"])
def test_estimates_are_grey_and_what_was_asked_is_in_colour(sweeping, quantity):
    pane, result = sweeping
    pane.set_quantity(quantity)
    pane.take(previewed(result, (5, 30)))
    assert chroma(pane, 5, 30) > 2 * chroma(pane, 6, 40)
    asked, guessed = (
        colour_at(picture(pane.view), pane.view.cell(row, column).center())
        for row, column in ((5, 30), (4, 30))
    )
    assert asked != guessed


def test_the_same_value_is_drawn_otherwise_as_an_estimate(sweeping):
    pane, result = sweeping
    pane.set_quantity("change")
    flat_change = np.zeros((40, 64), np.float32)
    pane.take(replace(previewed(result, (6, 41)), change=flat_change))
    image = picture(pane.view)
    asked, guessed = (
        np.array(colour_at(image, pane.view.cell(6, column).center())) for column in (41, 40)
    )
    assert np.abs(asked.astype(int) - guessed).sum() > 100


@pytest.mark.parametrize("scale", [confidence_scale(), change_scale(3.0)])
def test_grey_keeps_the_order_of_light(scale):
    light = greyed(scale.lut) @ np.array([0.2126, 0.7152, 0.0722])
    assert len(np.unique(light.round())) > 64
    full = scale.lut @ np.array([0.2126, 0.7152, 0.0722])
    rises = np.sign(np.diff(full[::16])) == np.sign(np.diff(light[::16]))
    assert rises.all()


def test_the_readout_says_which_values_are_estimates(sweeping):
    pane, result = sweeping
    pane.take(previewed(result, (5, 30)))
    pane.set_cursor(Cursor(5, 31))
    assert "estimate" in readout(pane)
    pane.set_cursor(Cursor(5, 30))
    assert "estimate" not in readout(pane)
    pane.take(painted(result, 8))
    assert "estimate" in readout(pane)
    pane.take(result)
    assert "estimate" not in readout(pane)


@pytest.mark.parametrize("asked", [False, True])
def test_only_what_was_asked_gets_a_contour_where_it_crosses_the_threshold(sweeping, asked):
    pane, result = sweeping
    event = previewed(result, *[(5, 30)] * asked)
    assert event.lowest[5, 30] < 0 < event.lowest[5, 29]
    pane.take(event)
    image, beside = picture(pane.view), pane.view.cell(5, 29)
    rim = QPointF(beside.right() - 0.5, beside.center().y())
    inked = colour_at(image, rim) != colour_at(image, beside.center())
    assert inked is asked


def dotted_rows(pane: MapPane) -> list[float]:
    items = pane.view.row_box.childGroup.childItems()
    drawn = [item.getData()[1] for item in items if isinstance(item, ScatterPlotItem)]
    return sorted(np.concatenate(drawn))


def test_profiles_have_dots_only_where_a_whole_line_was_asked(sweeping):
    pane, result = sweeping
    pane.take(previewed(result, (9, 9), *((7, column) for column in range(64))))
    assert dotted_rows(pane) == [7.5]
    pane.take(result)
    assert dotted_rows(pane) == [row + 0.5 for row in range(40)]


def test_a_stopped_preview_is_shown_again_with_its_question_alone(map_pane):
    window = Window(0, 0, 40, 64)
    result = swept(window)
    map_pane.show_tile(plain_tile(), window)
    map_pane.show_question(result.question)
    map_pane.take(previewed(result, (5, 30)))
    assert map_pane.shown is not None
    assert chroma(map_pane, 5, 30) > 2 * chroma(map_pane, 6, 40)


@pytest.mark.parametrize("size", [(420, 420), (530, 530), (701, 643)])
@pytest.mark.parametrize("window", [Window(0, 0, 64, 64), Window(3, 8, 40, 64)])
def test_profiles_and_map_share_their_pixel_edges_on_screen(qtbot, size, window):
    pane = shown(qtbot, MapPane(), size)
    pane.show_tile(plain_tile(72, 80), window)
    pane.take(swept(window))
    view = pane.view
    for row in (window.row, window.row + 17, window.row + window.height):
        on_map = view.map_box.mapViewToScene(QPointF(window.column, row)).y()
        assert abs(on_map - view.row_box.mapViewToScene(QPointF(0, row)).y()) < 1
        assert abs(on_map - view.cell(row, window.column).top()) < 1
    for column in (window.column, window.column + 17, window.column + window.width):
        on_map = view.map_box.mapViewToScene(QPointF(column, window.row)).x()
        assert abs(on_map - view.column_box.mapViewToScene(QPointF(column, 0)).x()) < 1
        assert abs(on_map - view.cell(window.row, column).left()) < 1


def test_nothing_of_the_map_lies_beyond_the_least_pane(qtbot):
    pane = shown(qtbot, MapPane(), (420, 420))
    pane.show_tile(plain_tile(64, 64), Window(0, 0, 64, 64))
    room = pane.view.viewport().rect()
    for box in (pane.view.map_box, pane.view.row_box, pane.view.column_box):
        assert room.contains(box.sceneBoundingRect().toAlignedRect())
    assert pane.view.scale_px >= 4, "the map is large enough to be read"


def test_tile_and_map_begin_on_one_line(qtbot):
    tile, window = plain_tile(64, 64), Window(0, 0, 64, 64)
    first, second = shown(qtbot, TilePane(), (420, 520)), shown(qtbot, MapPane(), (520, 520))
    first.show_tile(tile, window)
    second.show_tile(tile, window)
    tops = [
        surface.mapTo(pane, cell.topLeft().toPoint()).y()
        for pane, surface, cell in (
            (first, first.canvas, first.canvas.cell(0, 0)),
            (second, second.view.viewport(), second.view.cell(0, 0)),
        )
    ]
    assert tops[0] == tops[1]


def test_map_axes_carry_the_offset_of_the_window(map_pane):
    map_pane.show_tile(plain_tile(128, 128), Window(32, 40, 64, 64))
    assert map_pane.view.map_box.viewRange() == [[40, 104], [32, 96]]
    assert map_pane.view.row_box.viewRange()[1] == [32, 96]
    assert map_pane.view.column_box.viewRange()[0] == [40, 104]


def test_the_row_profile_lies_beside_its_row(map_pane):
    window = Window(0, 0, 40, 64)
    map_pane.show_tile(plain_tile(), window)
    result = swept(window, 30, 31, period=100)
    map_pane.take(result)
    map_pane.examine(sensitivity(result))
    box = map_pane.view.row_box.sceneBoundingRect().toRect()
    part = samples(map_pane.view)[box.top() : box.bottom(), box.left() : box.right()]
    blue = np.abs(part - QColor(DARK.row).getRgb()[:3]).sum(axis=2) < 60
    farthest = np.nonzero(blue.any(axis=0))[0].max()
    row = np.nonzero(blue[:, farthest])[0].mean() / map_pane.view.scale_px
    assert int(row) == 30


def test_flipping_positions_are_outlined_once_the_sweep_is_examined(map_pane):
    window = Window(0, 0, 40, 64)
    map_pane.show_tile(plain_tile(), window)
    result = swept(window)
    map_pane.take(result)
    before = picture(map_pane.view)
    map_pane.examine(sensitivity(result))
    red = np.array(QColor(DARK.flip).getRgb()[:3])
    edge = map_pane.view.cell(5, 30).left()
    y = int(map_pane.view.cell(5, 30).center().y())
    near = samples(map_pane.view)[y, int(edge) - 2 : int(edge) + 3]
    assert (np.abs(near - red).sum(axis=1) < 60).any()
    assert not same(before, picture(map_pane.view))


def test_choosing_a_quantity_is_a_wish_until_it_is_set(qtbot, map_pane):
    map_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    map_pane.take(swept(Window(0, 0, 40, 64)))
    button = map_pane.findChild(QToolButton, "change")
    with qtbot.waitSignal(map_pane.quantity_wished) as wish:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wish.args == ["change"]
    assert map_pane.quantity == "lowest"
    heard = listen(map_pane.quantity_wished)
    map_pane.set_quantity("change")
    assert heard == []
    assert map_pane.shown.min() == pytest.approx(-9.0)


def test_a_new_tile_clears_the_map(map_pane):
    window = Window(0, 0, 40, 64)
    map_pane.show_tile(plain_tile(), window)
    empty = picture(map_pane.view)
    map_pane.take(swept(window))
    map_pane.show_tile(spotted_tile(1, 1), window)
    assert map_pane.shown is None
    assert state(map_pane) == ""
    assert same(empty, picture(map_pane.view))

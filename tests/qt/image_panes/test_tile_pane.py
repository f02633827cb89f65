"""The tile pane shows each pixel where it is, and wishes for the one that is chosen."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from onepixel_gui.attack.probe import Began, Ended, Pixel, Question, Settings, SweepBegan, Swept
from onepixel_gui.qt.panes.confidence_map import MapPane
from onepixel_gui.qt.panes.tile import TilePane
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Tile, Window
from tests.qt.image_panes.pictures import (
    GREEN,
    GREY,
    PALETTE,
    advanced,
    colour_at,
    listen,
    picture,
    pixels,
    plain_tile,
    question,
    responded,
    same,
    samples,
    shown,
    spotted_tile,
    swept,
)


@pytest.fixture
def tile_pane(qtbot) -> TilePane:
    return shown(qtbot, TilePane())


def patch(image: QImage, colour: tuple[int, int, int], below: int = 10_000) -> QPoint:
    """The middle of what has this colour in the image, above the line `below`."""
    rows, columns = np.nonzero((pixels(image)[:below] == colour).all(axis=2))
    assert len(rows), f"no pixel of colour {colour}"
    middle = QPointF(float(np.median(columns)), float(np.median(rows))) / image.devicePixelRatio()
    return middle.toPoint()


def title(pane: QWidget) -> str:
    return next(label.text() for label in pane.children() if label.objectName() == "title")


def test_hovering_the_tile_tells_row_then_column(qtbot, tile_pane):
    tile_pane.show_tile(spotted_tile(5, 30), None)
    heard = listen(tile_pane.cursor_moved)
    qtbot.mouseMove(tile_pane.canvas, patch(picture(tile_pane.canvas), GREEN))
    assert heard == [Cursor(5, 30)]


def test_every_pixel_of_a_tile_is_equally_many_whole_screen_pixels(tile_pane):
    tile_pane.resize(300, 380)
    tile_pane.show_tile(spotted_tile(5, 30, 50, 64), None)
    image = picture(tile_pane.canvas)
    rows, columns = np.nonzero((pixels(image) == GREEN).all(axis=2))
    edge = int(tile_pane.canvas.scale * image.devicePixelRatio())
    assert edge == tile_pane.canvas.scale * image.devicePixelRatio()
    assert len(rows) == edge**2
    assert np.ptp(rows) == np.ptp(columns) == edge - 1


def test_a_click_on_the_tile_pins_and_a_second_click_lets_go(qtbot, tile_pane):
    tile_pane.show_tile(plain_tile(), None)
    tile_pane.cursor_moved.connect(tile_pane.set_cursor)
    heard = listen(tile_pane.cursor_moved)
    at = tile_pane.canvas.cell(7, 9).center().toPoint()
    qtbot.mouseClick(tile_pane.canvas, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(tile_pane.canvas, at + QPoint(40, 40))
    qtbot.mouseClick(tile_pane.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert heard == [Cursor(7, 9, pinned=True), Cursor(7, 9, pinned=False)]


def test_what_the_classifier_does_not_see_cannot_be_pinned(qtbot, tile_pane):
    tile_pane.show_tile(plain_tile(), Window(8, 8, 16, 16))
    heard = listen(tile_pane.cursor_moved)
    at = tile_pane.canvas.cell(2, 2).center().toPoint()
    qtbot.mouseClick(tile_pane.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert heard == [Cursor(2, 2, pinned=False)]


@pytest.mark.parametrize("kind", [TilePane, MapPane])
def test_arrow_keys_move_the_cursor_by_one_and_with_shift_by_eight(qtbot, kind):
    pane = shown(qtbot, kind())
    pane.show_tile(plain_tile(64, 80), Window(0, 8, 64, 64))
    pane.cursor_moved.connect(pane.set_cursor)
    pane.set_cursor(Cursor(10, 20))
    heard = listen(pane.cursor_moved)
    surface = pane.canvas if kind is TilePane else pane.view
    qtbot.keyClick(surface, Qt.Key.Key_Down)
    qtbot.keyClick(surface, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(surface, Qt.Key.Key_Return)
    qtbot.keyClick(surface, Qt.Key.Key_Up)
    for _ in range(4):
        qtbot.keyClick(surface, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert heard[:4] == [
        Cursor(11, 20),
        Cursor(11, 28),
        Cursor(11, 28, pinned=True),
        Cursor(10, 28, pinned=True),
    ]
    assert heard[-1] == Cursor(10, 8, pinned=True), "the window's edge is not passed"


@pytest.mark.parametrize("kind", [TilePane, MapPane])
def test_a_cursor_from_outside_is_drawn_and_never_echoed(qtbot, kind):
    pane = shown(qtbot, kind())
    pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    # Without the scale bar: its letters may differ by a shade from one drawing to the next.
    above = QRect(0, 0, 520, 300)
    before, heard = picture(pane).copy(above), listen(pane.cursor_moved)
    pane.set_cursor(Cursor(12, 33, pinned=True))
    after = picture(pane).copy(above)
    pane.set_cursor(None)
    assert heard == []
    assert not same(before, after)
    assert same(before, picture(pane).copy(above))


def test_a_sweep_leaves_what_a_search_found_in_view(tile_pane):
    tile_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    best = (Pixel(20, 30, (255, 255, 0)),)
    tile_pane.take(Ended("flipped", True, 400, 400, best, 0.2, "normal", ((400, 0.2),), 1.0))
    tile_pane.take(SweepBegan(question(Window(0, 0, 40, 64)), PALETTE, 40 * 64 * 8))
    assert tile_pane.perturbation == best
    assert tile_pane.after


def test_before_and_after_differ_at_the_very_pixel(tile_pane):
    tile_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    best = (Pixel(20, 30, (255, 255, 0)),)
    tile_pane.take(Ended("flipped", True, 400, 400, best, 0.2, "normal", ((400, 0.2),), 1.0))
    cell = tile_pane.canvas.cell(20, 30).center()
    neighbour = tile_pane.canvas.cell(21, 31).center()
    assert tile_pane.after
    assert "AFTER" in title(tile_pane)
    assert colour_at(picture(tile_pane.canvas), cell) == (255, 255, 0), "the reticle covers it"
    assert colour_at(picture(tile_pane.canvas), neighbour) == GREY
    tile_pane.toggle_after()
    assert "BEFORE" in title(tile_pane)
    assert colour_at(picture(tile_pane.canvas), cell) == GREY
    tile_pane.set_after(True)
    assert colour_at(picture(tile_pane.canvas), cell) == (255, 255, 0)


def test_all_of_the_perturbed_pixel_stays_free_of_ink(tile_pane):
    tile_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    tile_pane.take(advanced((20, 30), (20, 31), best=Pixel(20, 30, (255, 255, 0))))
    tile_pane.set_after(True)
    tile_pane.set_cursor(Cursor(20, 30, pinned=True))
    image, cell = picture(tile_pane.canvas), tile_pane.canvas.cell(20, 30)
    ratio = image.devicePixelRatio()
    left, top = round(cell.left() * ratio), round(cell.top() * ratio)
    edge = round(cell.width() * ratio)
    inside = pixels(image)[top : top + edge, left : left + edge]
    assert (inside == (255, 255, 0)).all()


def test_a_new_run_and_a_new_tile_forget_what_was_found(tile_pane):
    window = Window(0, 0, 40, 64)
    tile_pane.show_tile(plain_tile(), window)
    tile_pane.take(advanced())
    tile_pane.take(Began(question(window), Settings()))
    assert tile_pane.perturbation == ()
    tile_pane.take(advanced())
    tile_pane.show_tile(spotted_tile(1, 1), window)
    assert tile_pane.perturbation == ()
    assert title(tile_pane) == "TILE"


@pytest.mark.parametrize(("downward", "row"), [(True, 5), (False, 1)])
def test_after_a_sweep_the_extreme_that_flips_is_shown(tile_pane, downward, row):
    window = Window(0, 0, 40, 64)
    tile_pane.show_tile(plain_tile(), window)
    result = swept(window)
    if not downward:
        asked = Question("mitosis", "normal", "normal", 0.1, -2.2, 0.5, window)
        values = {name: getattr(result, name) for name in Swept.__slots__}
        result = Swept(**{**values, "question": asked})
    tile_pane.take(result)
    assert [pixel.row for pixel in tile_pane.perturbation] == [row]


def test_a_colour_tried_at_the_pinned_pixel_is_shown_until_the_cursor_leaves(tile_pane):
    tile_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    tile_pane.take(advanced(best=Pixel(3, 3, (255, 0, 0))))
    tile_pane.set_cursor(Cursor(10, 11, pinned=True))
    tile_pane.take(responded(Pixel(10, 11, (0, 0, 255))))
    assert colour_at(picture(tile_pane.canvas), tile_pane.canvas.cell(10, 11).center()) == (
        0,
        0,
        255,
    )
    tile_pane.set_cursor(Cursor(10, 12))
    assert tile_pane.perturbation == (Pixel(3, 3, (255, 0, 0)),)


def test_the_population_is_drawn_where_it_is_and_moves(tile_pane):
    tile_pane.show_tile(plain_tile(80, 80), Window(8, 8, 64, 64))
    canvas, places = tile_pane.canvas, [(40, 20), (60, 55)]
    tile_pane.take(advanced(best=Pixel(12, 12, GREY)))
    bare = pixels(picture(canvas)).astype(int)
    for place in places:
        tile_pane.take(advanced(place, best=Pixel(12, 12, GREY)))
        inked = np.abs(pixels(picture(canvas)) - bare).sum(axis=2) > 30
        rows, columns = np.nonzero(inked)
        middle = QPointF(columns.mean() + 0.5, rows.mean() + 0.5)
        assert canvas.pixel_at(middle / canvas.devicePixelRatioF()) == place


def test_when_a_run_is_over_the_population_goes_and_the_found_pixel_stays(tile_pane):
    tile_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    tile_pane.take(advanced())
    bare = picture(tile_pane.canvas)
    tile_pane.take(advanced((3, 3), (9, 50)))
    assert not same(bare, picture(tile_pane.canvas))
    tile_pane.run_over()
    assert same(bare, picture(tile_pane.canvas))
    assert tile_pane.perturbation


def test_a_window_smaller_than_the_tile_is_framed(tile_pane):
    tile = plain_tile(80, 80)
    tile_pane.show_tile(tile, Window(0, 0, 80, 80))
    whole = samples(tile_pane.canvas)
    tile_pane.show_tile(tile, Window(8, 8, 64, 64))
    framed = samples(tile_pane.canvas)
    first, last = tile_pane.canvas.cell(8, 8), tile_pane.canvas.cell(71, 71)
    changed = np.abs(framed - whole).sum(axis=2) > 60
    middle = int(first.center().y() + 60)
    columns = np.nonzero(changed[middle])[0]
    assert abs(columns.min() - first.left()) <= 3
    assert abs(columns.max() - last.right()) <= 3


@pytest.mark.parametrize("place", [(1, 1), (1, 62), (38, 1), (38, 62), (20, 32)])
def test_the_loupe_never_covers_the_perturbed_pixel(tile_pane, place):
    tile_pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    tile_pane.take(advanced(best=Pixel(*place, (1, 2, 255))))
    tile_pane.set_after(True)
    image = picture(tile_pane.canvas)
    assert colour_at(image, tile_pane.canvas.cell(*place).center()) == (1, 2, 255)
    rows, _ = np.nonzero((pixels(image) == (1, 2, 255)).all(axis=2))
    own = round(tile_pane.canvas.scale * image.devicePixelRatio()) ** 2
    assert len(rows) > 1.5 * own, "the loupe shows it too"


def wheel(canvas: QWidget, at: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(at),
        QPointF(canvas.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_the_wheel_zooms_at_the_cursor_and_a_double_click_fits(qtbot, tile_pane):
    tile_pane.show_tile(plain_tile(64, 64), None)
    canvas = tile_pane.canvas
    fitted, at = canvas.scale, canvas.rect().center()
    for _ in range(3):
        wheel(canvas, at, 1)
    at = at + QPoint(90, -60)
    aimed = canvas.pixel_at(QPointF(at))
    for _ in range(3):
        wheel(canvas, at, 1)
    assert canvas.scale > 2 * fitted
    assert canvas.pixel_at(QPointF(at)) == aimed
    qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    assert canvas.scale == fitted


def test_dragging_pans_within_the_tile_and_pins_nothing(qtbot, tile_pane):
    tile_pane.show_tile(plain_tile(64, 64), None)
    canvas, heard = tile_pane.canvas, listen(tile_pane.cursor_moved)
    for _ in range(8):
        wheel(canvas, canvas.rect().center(), 1)
    start = canvas.rect().center()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 40):
        qtbot.mouseMove(canvas, start + QPoint(40 * step, 40 * step))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(1600, 1600))
    assert canvas.pixel_at(QPointF(1, 1)) == (0, 0)
    assert heard == []


@pytest.mark.parametrize("mpp", [None, 0.25])
def test_the_scale_bar_is_legible_on_light_and_on_dark(qtbot, mpp):
    for level in (0, 128, 255):
        pane = shown(qtbot, TilePane())
        pane.show_tile(Tile("flat", np.full((64, 64, 3), level, np.uint8), mpp=mpp), None)
        box = pane.canvas.placement.box.toRect()
        corner = samples(pane.canvas)[
            box.bottom() - 40 : box.bottom(), box.right() - 90 : box.right()
        ]
        assert int(corner.max()) - int(corner.min()) > 120


def test_an_empty_tile_pane_says_what_to_do(tile_pane):
    before = picture(tile_pane.canvas)
    tile_pane.show_tile(plain_tile(), None)
    assert not same(before, picture(tile_pane.canvas))
    tile_pane.show_tile(None, None)
    assert same(before, picture(tile_pane.canvas))

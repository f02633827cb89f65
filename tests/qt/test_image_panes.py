"""The panes that show pictures: the tile, the confidence map, the periods."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from pyqtgraph import ScatterPlotItem
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget

from onepixel_gui.analysis.sensitivity import Sensitivity, sensitivity
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Painted,
    Pixel,
    Question,
    Responded,
    Settings,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.panes.confidence_map import MapPane
from onepixel_gui.qt.panes.controls import Readout
from onepixel_gui.qt.panes.map_legend import change_scale, confidence_scale, greyed
from onepixel_gui.qt.panes.periods import PeriodsPane
from onepixel_gui.qt.panes.tile import TilePane
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Tile, Window

GREY, GREEN, PURPLE = (150, 140, 145), (0, 255, 0), (68, 1, 84)  # purple: the foot of viridis
PALETTE = np.array([(0, 0, 0), (255, 255, 0), (255, 255, 255)], np.uint8)


def plain_tile(height: int = 40, width: int = 64, **facts: float) -> Tile:
    return Tile("plain.png", np.full((height, width, 3), GREY, np.uint8), "mitosis", **facts)


def spotted_tile(row: int, column: int, height: int = 40, width: int = 64) -> Tile:
    rgb = np.full((height, width, 3), GREY, np.uint8)
    rgb[row, column] = GREEN
    return Tile("spotted.png", rgb)


def question(window: Window, clean_logit: float = 3.0) -> Question:
    clean = float(1 / (1 + np.exp(-clean_logit)))
    return Question("mitosis", "normal", "mitosis", clean, clean_logit, 0.5, window)


def swept(window: Window, row: int = 5, column: int = 30, *, period: int = 2) -> Swept:
    """A map that is most sensitive on every second row and column, and flips at one position."""
    rows, columns = np.indices(window.shape)
    dent = ((rows % period == 0) & (columns % period == 0)) * 0.8 + 0.1
    logits = np.repeat((3.0 - dent)[..., None], len(PALETTE), axis=2).astype(np.float32)
    logits[..., 2] += 0.3
    logits[row, column, 1] = -6.0
    low = Pixel(window.row + row, window.column + column, (255, 255, 0))
    high = Pixel(window.row + 1, window.column + 1, (255, 255, 255))
    flipped = logits < 0
    return Swept(
        question(window), PALETTE, logits, flipped, low, 0.0025, high, 0.96, logits.size, 1, 2.0
    )


def painted(result: Swept, stride: int) -> Painted:
    """What a sweep shows on the way, every block repeating its first position."""
    coarse = result.logits[::stride, ::stride].repeat(stride, 0).repeat(stride, 1)
    height, width = result.logits.shape[:2]
    exact = np.zeros((height, width), np.bool_)
    exact[::stride, ::stride] = True
    return picture_of(result, coarse[:height, :width], exact, stride)


def previewed(result: Swept, *exact: tuple[int, int]) -> Painted:
    """A preview that overdoes every change by half, and the truth at a few positions."""
    clean = np.float32(result.question.clean_logit)
    logits = clean + (result.logits - clean) * np.float32(1.5)
    asked = np.zeros(logits.shape[:2], np.bool_)
    for place in exact:
        asked[place] = True
    logits[asked] = result.logits[asked]
    return picture_of(result, logits, asked, 1)


def picture_of(result: Swept, logits: np.ndarray, exact: np.ndarray, stride: int) -> Painted:
    lowest, highest = logits.min(axis=2), logits.max(axis=2)
    change = lowest - np.float32(result.question.clean_logit)
    done = int(exact.sum()) * len(PALETTE)
    return Painted(done, result.queries, stride, lowest, highest, change, exact)


def advanced(*cloud: tuple[int, int], best: Pixel | None = None) -> Advanced:
    pixels = (best or Pixel(20, 30, (255, 255, 0)),)
    return Advanced(400, 1, pixels, 0.7, np.array(cloud, np.int16).reshape(-1, 2))


def responded(pixel: Pixel) -> Responded:
    return Responded(
        pixel, 0.4, "normal", np.array([0, 255], np.uint8), np.zeros((3, 2), np.float32)
    )


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> None:
    install(qapp, DARK)


def shown(qtbot, pane, size=(520, 480)):
    """The pane on the (offscreen) screen, laid out."""
    qtbot.addWidget(pane)
    pane.set_theme(DARK)
    pane.resize(*size)
    with qtbot.waitExposed(pane):
        pane.show()
    return pane


@pytest.fixture
def tile_pane(qtbot) -> TilePane:
    return shown(qtbot, TilePane())


@pytest.fixture
def map_pane(qtbot) -> MapPane:
    return shown(qtbot, MapPane())


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def pixels(image: QImage) -> np.ndarray:
    """(H, W, 3) uint8, red first."""
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return raw[:, : image.width() * 4].reshape(image.height(), image.width(), 4)[..., 2::-1].copy()


def samples(widget: QWidget) -> np.ndarray:
    """(H, W, 3) of what the widget shows, one sample for each logical pixel."""
    image = picture(widget)
    step = round(image.devicePixelRatio())
    return pixels(image)[step // 2 :: step, step // 2 :: step].astype(int)


def colour_at(image: QImage, point: QPointF) -> tuple[int, int, int]:
    colour = image.pixelColor((point * image.devicePixelRatio()).toPoint())
    return colour.red(), colour.green(), colour.blue()


def patch(image: QImage, colour: tuple[int, int, int], below: int = 10_000) -> QPoint:
    """The middle of what has this colour in the image, above the line `below`."""
    rows, columns = np.nonzero((pixels(image)[:below] == colour).all(axis=2))
    assert len(rows), f"no pixel of colour {colour}"
    middle = QPointF(float(np.median(columns)), float(np.median(rows))) / image.devicePixelRatio()
    return middle.toPoint()


def same(first: QImage, second: QImage) -> bool:
    return bool((pixels(first) == pixels(second)).all())


def title(pane: QWidget) -> str:
    return next(label.text() for label in pane.children() if label.objectName() == "title")


def header(pane: QWidget) -> QLabel:
    return next(label for label in pane.children() if label.objectName() == "state")


def state(pane: QWidget) -> str:
    return header(pane).text()


def readout(pane: QWidget) -> str:
    return pane.findChild(Readout).text


def listen(signal) -> list:
    heard: list = []
    signal.connect(heard.append)
    return heard


# ------------------------------------------------------------------ the tile
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


# ------------------------------------------------------------------ the map
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


# ------------------------------------------------------------------ the periods
@pytest.fixture(scope="module")
def striped() -> Sensitivity:
    return sensitivity(swept(Window(0, 0, 64, 64)))


def test_the_periods_pane_says_which_period_stands_out(qtbot, striped):
    pane = shown(qtbot, PeriodsPane(), (530, 240))
    empty = picture(pane)
    pane.examine(striped)
    assert state(pane) == "2 px in both axes, beyond 95 % of shuffles"
    assert not same(empty, picture(pane))
    pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    assert state(pane) == ""
    assert same(empty, picture(pane))


def test_the_periods_pane_says_so_when_no_period_stands_out(qtbot):
    rng = np.random.default_rng(1)
    result = swept(Window(0, 0, 64, 64))
    noise = rng.normal(3, 0.2, (64, 64, 3)).astype(np.float32)
    values = {name: getattr(result, name) for name in Swept.__slots__}
    pane = shown(qtbot, PeriodsPane(), (530, 240))
    pane.examine(sensitivity(Swept(**{**values, "logits": noise, "flipped": noise < 0})))
    assert state(pane) == "no period up to 8 px beyond 95 % of shuffles"


# ------------------------------------------------------------------ all of them
PANES = [TilePane, MapPane, PeriodsPane]


@pytest.mark.parametrize("kind", PANES)
def test_a_pane_takes_every_event(qtbot, kind):
    window = Window(0, 0, 40, 64)
    pane = shown(qtbot, kind())
    pane.show_tile(plain_tile(), window)
    result = swept(window)
    for event in (
        Began(question(window), Settings()),
        advanced((1, 2)),
        Ended("budget spent", False, 4, None, (Pixel(1, 2, GREEN),), 0.9, "mitosis", (), 1.0),
        SweepBegan(question(window), PALETTE, result.queries),
        previewed(result),
        painted(result, 8),
        result,
        responded(Pixel(1, 2, GREEN)),
    ):
        pane.take(event)
        picture(pane)


@pytest.mark.parametrize("kind", PANES)
def test_switching_the_theme_recolours_the_ground(qtbot, qapp, kind):
    pane = shown(qtbot, kind())
    pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    for theme in (LIGHT, DARK):
        install(qapp, theme)
        pane.set_theme(theme)
        image = picture(pane)
        for point in (QPointF(6, 60), QPointF(pane.width() - 16, pane.height() - 14)):
            assert colour_at(image, point) == QColor(theme.card).getRgb()[:3]


@pytest.mark.parametrize("kind", PANES)
def test_a_pane_deleted_during_a_run_leaves_nothing_behind(qapp, kind):
    pane = kind()
    pane.set_theme(DARK)
    pane.show()
    window = Window(0, 0, 40, 64)
    pane.show_tile(plain_tile(), window)
    pane.take(SweepBegan(question(window), PALETTE, 7680))
    pane.take(painted(swept(window), 8))
    pane.take(advanced((1, 2)))
    gone, widgets = weakref.ref(pane), []
    pane.destroyed.connect(lambda: widgets.append(1))
    pane.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    del pane
    gc.collect()
    assert widgets == [1]
    assert gone() is None


@pytest.mark.parametrize("kind", PANES)
def test_every_part_that_can_be_reached_has_a_name(qtbot, kind):
    pane = shown(qtbot, kind())
    assert pane.accessibleName()
    for part in pane.findChildren(QWidget):
        if part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert part.accessibleName(), part

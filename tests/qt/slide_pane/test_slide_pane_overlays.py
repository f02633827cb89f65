"""Regions, overlays and words over a slide."""

import time
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from onepixel_gui.qt.panes.slide import SlidePane, magnification
from onepixel_gui.qt.slides.overlays import ScanOverlay
from onepixel_gui.tiles.datasets import Mark
from onepixel_gui.tiles.tile import Window
from tests.qt.slide_doubles import StandInSlide, answering
from tests.qt.slide_pane.slide_panes import GREY, go, grabbed, plain_slide, point, show


# ---------------------------------------------------------------- region
def test_a_rubber_band_draws_a_region_in_level_0_pixels(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    show(pane, slide)
    go(pane, 700, 1100)
    first, last = point(pane, 600, 1000), point(pane, 800, 1200)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_B)
    with qtbot.waitSignal(pane.region_drawn) as told:
        qtbot.mousePress(pane.canvas, Qt.MouseButton.LeftButton, pos=first)
        qtbot.mouseMove(pane.canvas, last)
        qtbot.mouseRelease(pane.canvas, Qt.MouseButton.LeftButton, pos=last)
    assert told.args == [Window(600, 1000, 201, 201)]
    assert pane.region == Window(600, 1000, 201, 201)
    assert not button(pane, "Region").isChecked()


def test_a_region_ends_at_the_border_of_the_slide(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    show(pane, slide)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_B)
    with qtbot.waitSignal(pane.region_drawn) as told:
        qtbot.mousePress(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(1, 30))
        qtbot.mouseMove(pane.canvas, QPoint(400, 499))
        qtbot.mouseRelease(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 499))
    drawn = told.args[0]
    assert (drawn.row, drawn.column) == (0, 0)
    assert drawn.height == 1500


def test_without_a_mouse_enter_takes_all_in_sight_as_region(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    show(pane, slide)
    go(pane, 700, 1100)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_B)
    with (
        qtbot.assertNotEmitted(pane.run_wished),
        qtbot.waitSignal(pane.region_drawn) as told,
    ):
        qtbot.keyClick(pane.canvas, Qt.Key.Key_Return)
    assert told.args == [Window(450, 800, 500, 600)]


def test_escape_clears_the_region(pane: SlidePane, slide: StandInSlide, qtbot: Any) -> None:
    show(pane, slide)
    pane.set_region(Window(10, 10, 300, 300))
    with qtbot.waitSignal(pane.region_drawn) as told:
        qtbot.keyClick(pane.canvas, Qt.Key.Key_Escape)
    assert told.args == [None]
    assert pane.region is None


def button(pane: SlidePane, text: str) -> QToolButton:
    return next(found for found in pane.findChildren(QToolButton) if found.text() == text)


# ---------------------------------------------------------------- overlays
def test_o_hides_the_overlays_and_brackets_change_their_opacity(
    pane: SlidePane, qtbot: Any
) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    bare = grabbed(pane)
    values = np.full((24, 36), 0.9, np.float32)
    pane.set_scan(ScanOverlay(values, 0, 0, 64, 64, "mitosis"))
    seen = grabbed(pane)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_BracketLeft)
    fainter = grabbed(pane)
    qtbot.keyClick(pane.canvas, Qt.Key.Key_O)
    assert np.array_equal(grabbed(pane), bare)
    at = 300, 100
    strength = [int(abs(picture[at].astype(int) - GREY).max()) for picture in (seen, fainter)]
    assert strength[0] > strength[1] > 0
    assert not pane.overlays_shown
    assert pane.overlay_opacity == 0.5


def test_a_scan_is_painted_where_its_tiles_lie_and_nowhere_else(pane: SlidePane) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    bare = grabbed(pane)
    pane.set_scan(ScanOverlay(np.full((24, 36), np.nan, np.float32), 0, 0, 64, 64))
    rows, columns = np.array([11, 12]), np.array([8, 9])
    pane.paint_scan(rows, columns, np.array([0.95, 0.05], np.float32))
    changed = (grabbed(pane) != bare).any(axis=2)
    changed[:70, :200] = False  # the colour bar
    expected = np.zeros_like(changed)
    for row, column in zip(rows, columns, strict=True):
        top, left = row * 64, column * 64
        box = pane.canvas.sight.box(top, left, top + 64, left + 64)
        box.adjust(-1, -1, 1, 1)  # a screen px is either the one tile's or the other's
        expected[box.y() : box.y() + box.height(), box.x() : box.x() + box.width()] = True
    assert (changed & ~expected).sum() == 0
    assert changed.sum() > 0.6 * expected.sum()


def test_one_hot_tile_of_a_large_scan_is_seen_from_afar(pane: SlidePane) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    values = np.full((1500, 2300), 0.02, np.float32)
    values[601, 501] = 0.99
    pane.set_scan(ScanOverlay(values, 0, 0, 1, 1))
    shown = grabbed(pane).astype(int)
    at = point(pane, 601, 501)
    cold = shown[at.y() + 30, at.x() + 30]
    near = shown[at.y() - 2 : at.y() + 3, at.x() - 2 : at.x() + 3]
    assert abs(near - cold).max() > 40


def test_ground_truth_is_told_apart_by_shape(pane: SlidePane) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    shapes = []
    for label in ("mitosis", "normal"):
        bare = grabbed(pane)
        pane.set_marks([Mark(700, 1100, "mitosis"), Mark(700, 1100, label)][1:])
        shapes.append((grabbed(pane) != bare).any(axis=2)[220:280, 270:330])
        pane.set_marks([])
    ring, cross = shapes
    assert not ring[25:35, 25:35].any()  # its middle is free, for what it marks
    assert cross[25:35, 25:35].any()


def test_results_are_told_apart_by_shape_and_only_a_flip_is_red(pane: SlidePane) -> None:
    slide = plain_slide((255, 255, 255))
    answering(pane, slide)
    show(pane, slide)
    go(pane, 700, 1100)
    drawn = {}
    for outcome in ("flipped", "held", "stopped"):
        pane.set_outcomes({Window(672, 1072, 64, 64): outcome})
        drawn[outcome] = grabbed(pane)[215:290, 265:340].astype(int)
    redness = {name: (px[..., 0] - px[..., 1]).max() for name, px in drawn.items()}
    assert redness["flipped"] > 100
    assert max(redness["held"], redness["stopped"]) < 10
    assert (drawn["held"] != drawn["stopped"]).any()


def test_the_tile_on_the_bench_is_framed_and_brought_into_sight(pane: SlidePane) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    go(pane, 200, 200)
    pane.set_current(Window(1280, 2048, 64, 64))
    sight = pane.canvas.sight
    assert sight.holds(1312, 2080)
    corner = sight.point(1280, 2048).toPoint()
    strip = grabbed(pane)[corner.y() - 3 : corner.y() + 3, corner.x() + 20].astype(int)
    assert (strip[:, 2] - strip[:, 0]).max() > 60  # the accent is blue


def test_a_tile_in_sight_does_not_move_the_slide(pane: SlidePane, slide: StandInSlide) -> None:
    show(pane, slide)
    go(pane, 700, 1100)
    before = pane.canvas.sight
    pane.set_current(Window(704, 1088, 64, 64))
    assert pane.canvas.sight == before


# ---------------------------------------------------------------- words
def test_the_header_says_magnification_and_place(
    pane: SlidePane, slide: StandInSlide, qtbot: Any
) -> None:
    show(pane, slide)
    go(pane, 700, 1100)
    qtbot.mouseMove(pane.canvas, QPoint(299, 249))
    qtbot.mouseMove(pane.canvas, QPoint(300, 250))
    assert "40× · 0.25 µm per screen px · row 700, column 1,100" in words_of(pane)


def test_a_magnification_without_micrometres_says_so() -> None:
    assert magnification(0.25, 0.5) == "20× · 0.5 µm per screen px"
    assert magnification(None, 2.0) == "2 screen px per px · µm per px unknown"
    assert magnification(None, 0.25) == "4 px per screen px · µm per px unknown"


def test_what_is_odd_about_a_slide_is_said(pane: SlidePane, slide: StandInSlide) -> None:
    slide.notes = ("The file does not say how many micrometres a pixel is.",)
    show(pane, slide)
    assert slide.notes[0] in words_of(pane)


def test_a_slide_that_takes_long_to_open_can_be_cancelled(pane: SlidePane, qtbot: Any) -> None:
    cancel = pane.findChild(QPushButton)
    pane.show_opening("far.svs")
    assert "Opening far.svs…" in words_of(pane)
    with qtbot.waitSignal(pane.cancel_wished):
        qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    pane.show_opening("")
    assert "far.svs" not in words_of(pane)
    assert not cancel.isVisible()


def words_of(pane: SlidePane) -> str:
    return " ".join(label.text() for label in pane.findChildren(QLabel) if label.isVisible())


def test_every_tool_names_itself_and_its_key(pane: SlidePane) -> None:
    for tool in pane.findChildren(QToolButton):
        assert tool.accessibleName()
        assert "(" in tool.toolTip()


def test_it_draws_nothing_amiss_without_room(pane: SlidePane, slide: StandInSlide) -> None:
    answering(pane, slide)
    show(pane, slide)
    pane.canvas.setFixedSize(3, 2)
    pane.canvas.zoom(5)
    assert isinstance(pane.canvas.grab().toImage(), QImage)


def test_20000_results_and_marks_do_not_hold_up_a_frame(pane: SlidePane) -> None:
    slide = plain_slide()
    answering(pane, slide)
    show(pane, slide)
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 1436, 20_000), rng.integers(0, 2236, 20_000)
    words = ("flipped", "held", "stopped")
    pane.set_outcomes({
        Window(int(row), int(column), 8, 8): words[n % 3]
        for n, (row, column) in enumerate(zip(rows, columns, strict=True))
    })  # fmt: skip
    pane.set_marks([Mark(r, c, "mitosis") for r, c in zip(rows, columns, strict=True)])
    for look in (pane.canvas.fit, lambda: go(pane, 700, 1100)):
        look()
        grabbed(pane)
        spent = []
        for _ in range(5):
            began = time.thread_time()
            pane.canvas.repaint()
            spent.append(time.thread_time() - began)
        assert min(spent) < 0.06

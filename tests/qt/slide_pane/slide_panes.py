"""A slide of known pixels, and the pane that shows it."""

from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF

from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.slides.parts import SlideFacts
from onepixel_gui.qt.slides.reader import screen_image
from tests.qt.slide_doubles import StandInSlide, rgb_of

ROOM = (600, 500)  # logical px of the canvas, wide and high
GREY = (200, 190, 195)


def plain_slide(shade: tuple[int, int, int] = GREY, **facts: Any) -> StandInSlide:
    return StandInSlide(rgb=np.full((1500, 2300, 3), shade, np.uint8), **facts)


def show(pane: SlidePane, slide: StandInSlide) -> None:
    pane.show_slide(SlideFacts.of(slide))
    pane.set_thumbnail(screen_image(slide.thumbnail(400)))


def grabbed(pane: SlidePane) -> np.ndarray:
    """(H, W, 3) of the canvas, in device px."""
    return rgb_of(pane.canvas.grab().toImage())


def middle(pane: SlidePane) -> QPointF:
    return QPointF(pane.canvas.width() / 2, pane.canvas.height() / 2)


def go(pane: SlidePane, row: float, column: float, *, at_one: bool = True) -> None:
    sight = pane.canvas.sight.centred(row, column)
    pane.canvas.look(sight.at_one(middle(pane)) if at_one else sight)
    if at_one:
        pane.canvas.look(pane.canvas.sight.centred(row, column))


def point(pane: SlidePane, row: float, column: float) -> QPoint:
    return pane.canvas.sight.point(row, column).toPoint()

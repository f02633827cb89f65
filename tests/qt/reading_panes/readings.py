"""What is searched, swept and answered, for the panes that tell it in words and curves."""

from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtWidgets import QLabel, QWidget

from onepixel_gui.attack.probe import Advanced, Ended, Pixel, Question, Responded
from onepixel_gui.tiles.tile import Tile, Window

WINDOW = Window(0, 0, 64, 64)
QUESTION = Question("mitosis", "normal", "mitosis", 0.988, 4.41, 0.5, WINDOW)
FAINT = replace(QUESTION, answer="normal", clean=5.09e-5, clean_logit=-9.89)
CLOUD = np.zeros((4, 2), np.int16)
CURVE = ((400, 0.9), (800, 0.7), (1200, 0.16))
YELLOW = Pixel(28, 26, (255, 255, 0))
ENDED = Ended("flipped", True, 1200, 1200, (YELLOW,), 0.1595, "normal", CURVE, 1.5)


def shown(qtbot: Any, pane: Any, tile: Tile | None, size: tuple[int, int]) -> Any:
    """tile: None for a pane that shows none."""
    qtbot.addWidget(pane)
    if tile is not None:
        pane.show_tile(tile, WINDOW)
    pane.resize(*size)
    with qtbot.waitExposed(pane):
        pane.show()
    return pane


def words(widget: QWidget) -> str:
    """All that can be read on a widget."""
    return " ".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def advanced(queries: int, confidence: float, pixel: Pixel = YELLOW) -> Advanced:
    return Advanced(queries, queries // 400, (pixel,), confidence, CLOUD)


def responded(pixel: Pixel, confidence: float = 0.16, answer: str = "normal") -> Responded:
    levels = np.linspace(0, 255, 18).astype(np.uint8)
    curves = np.tile(np.linspace(0.9, confidence, 18, dtype=np.float32), (3, 1))
    return Responded(pixel, confidence, answer, levels, curves)

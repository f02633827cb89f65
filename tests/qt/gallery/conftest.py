"""The gallery, alone."""

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.theme import DARK, install
from tests.qt.doubles import painted
from tests.qt.gallery.listing import CLASSES, shown


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    install(qapp, DARK)


@pytest.fixture
def gallery(qtbot: Any) -> GalleryPane:
    """20 tiles, odd ones mitoses, of four cases."""
    pane = shown(qtbot)
    rows = ((f"tile_{n}.png", "mitosis" if n % 2 else "normal", f"p{n // 5}") for n in range(20))
    pane.set_listing(painted(*rows))
    pane.forget_results(CLASSES)
    return pane

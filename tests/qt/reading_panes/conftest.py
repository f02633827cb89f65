"""The panes beside the pictures, each alone and in a theme."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.panes.shift import ShiftPane
from onepixel_gui.qt.theme import DARK, install
from onepixel_gui.tiles.tile import Tile
from tests.qt.reading_panes.readings import shown


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    install(qapp, DARK)


@pytest.fixture
def tile() -> Tile:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    return Tile("true.png", rgb, label="mitosis", mpp=0.25)


@pytest.fixture
def shift(qtbot: Any, tile: Tile) -> ShiftPane:
    return shown(qtbot, ShiftPane(), tile, (280, 700))

"""Two slides, a window that shows one of them, and a gate for a stalled drive."""

from pathlib import Path
from threading import Event as Gate

import numpy as np
import pytest

from onepixel_gui.qt.window import Window
from tests.core import slide_files
from tests.qt.trials_of_slides.deeds import EDGE, QUICK, show, until


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.set()


@pytest.fixture
def plane() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.integers(0, 14, (EDGE, EDGE, 3)) + np.array([225, 120, 170])).astype(np.uint8)


@pytest.fixture
def slide(tmp_path, plane) -> Path:
    levels = [plane, slide_files.halved(plane)]
    return slide_files.tiled(tmp_path / "a slide.tif", levels, compression="deflate")


@pytest.fixture
def other(tmp_path, plane) -> Path:
    levels = [255 - plane, slide_files.halved(255 - plane)]
    return slide_files.tiled(tmp_path / "other.tif", levels, compression="deflate")


@pytest.fixture
def window(qtbot, make_window, memory, slide, checkpoint) -> Window:
    memory.keep(QUICK)
    window = make_window()
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.classifier is not None)
    show(qtbot, window, slide)
    return window

"""A window with six tiles, and what looks at them."""

import pytest

from onepixel_gui.qt.window import Window
from tests.qt.window.deeds import QUICK, open_all


@pytest.fixture
def window(qtbot, make_window, memory, pictures, checkpoint) -> Window:
    """Six tiles listed, the first on the bench, a classifier looking at it."""
    memory.keep(QUICK)
    window = make_window()
    open_all(qtbot, window, pictures, checkpoint)
    return window

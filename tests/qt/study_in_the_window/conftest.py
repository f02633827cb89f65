"""A window with a study of its own."""

import pytest

from onepixel_gui.qt.window import Window
from tests.qt.window.deeds import QUICK, open_all, until


@pytest.fixture
def window(qtbot, make_window, memory, pictures, checkpoint) -> Window:
    """Six tiles listed, the first on the bench, a classifier looking at it, a study of its own."""
    memory.keep(QUICK)
    window = make_window()
    window.study.begin()
    open_all(qtbot, window, pictures, checkpoint)
    until(qtbot, lambda: window.study.study is not None)
    return window

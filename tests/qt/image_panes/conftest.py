"""The panes of pictures, each alone and in a theme."""

import pytest
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.theme import DARK, install


@pytest.fixture(autouse=True)
def look(qapp: QApplication) -> None:
    install(qapp, DARK)

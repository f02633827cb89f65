"""The pane that shows a slide."""

from collections.abc import Iterator
from typing import Any

import pytest

from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.theme import DARK
from tests.qt.slide_doubles import StandInSlide
from tests.qt.slide_pane.slide_panes import ROOM


@pytest.fixture
def pane(qtbot: Any) -> Iterator[SlidePane]:
    made = SlidePane()
    qtbot.addWidget(made)
    made.set_theme(DARK)
    made.canvas.setFixedSize(*ROOM)
    made.show()
    yield made
    made.show_slide(None)


@pytest.fixture
def slide() -> StandInSlide:
    return StandInSlide()

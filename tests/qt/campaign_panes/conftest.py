"""The panes of the campaign view, in the dark theme."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.campaign.builder import BuilderPane
from onepixel_gui.qt.campaign.runs_pane import RunsPane
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.theme import DARK, install
from tests.qt.campaign_panes.plans import facts


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    install(qapp, DARK)


@pytest.fixture
def show(qtbot: Any) -> Callable[..., Any]:
    def shown(widget: Any, size: tuple[int, int] = (660, 330)) -> Any:
        qtbot.addWidget(widget)
        widget.resize(*size)
        with qtbot.waitExposed(widget):
            widget.show()
        return widget

    return shown


@pytest.fixture
def runs(show: Callable[..., Any]) -> RunsPane:
    return show(RunsPane())


@pytest.fixture
def builder(show: Callable[..., Any]) -> BuilderPane:
    known = facts()
    known.listed[[2, 3, 5]] = True
    pane = show(BuilderPane(Preferences(seed=7), lambda: known), (330, 700))
    pane.show_study(writable=True)
    return pane

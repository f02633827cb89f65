"""Dialogs that leave no job when they are closed."""

import pytest

from onepixel_gui.qt.cards.dialog import CardDialog
from onepixel_gui.qt.theme import DARK
from tests.qt.cards.cards import inspection
from tests.qt.doubles import delete_now


@pytest.fixture
def make(qtbot, qapp, make_lanes):  # noqa: ARG001
    """Dialogs that leave no job when they are closed."""
    dialogs = []

    def made(inspected=None, *, check=None, tiles=(), theme=DARK) -> CardDialog:
        lanes = make_lanes(1)
        dialog = CardDialog(inspected or inspection(), lanes, check=check, tiles=tiles, theme=theme)
        dialogs.append((dialog, lanes))
        dialog.show()
        dialog.activateWindow()
        qtbot.waitUntil(dialog.isActiveWindow)
        return dialog

    yield made
    for dialog, lanes in dialogs:
        dialog.close()
        qtbot.waitUntil(lambda lanes=lanes: lanes.busy == 0)
        dialog.deleteLater()
    delete_now()

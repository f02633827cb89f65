"""A desk with its card over a window."""

import pytest

from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.desk import DatasetDesk
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.recent import RecentlyOpened
from onepixel_gui.tiles.entries import Entries
from tests.qt.dataset_dialog.places import NAMES, Place
from tests.qt.dataset_stand_ins import Drive, detection, plain, refused
from tests.qt.doubles import window_in_front


@pytest.fixture
def over(qtbot, qapp):
    del qapp
    return window_in_front(qtbot, 860, "Elsewhere")


@pytest.fixture
def place(qtbot, over, tmp_path, memory):
    drive = Drive(
        {
            "tiles": plain(),
            "many": plain(200_000),
            "tupac": detection(),
            "slides": detection(kind="slides", entries=Entries(), counts={}, sampling=None),
            "broken": refused(),
            "buggy": KeyError("a slip"),
            "slow": plain(notes=("A note.",)),
        },
        stalled={"slow"},
    )
    for name in (*NAMES, "elsewhere"):
        (tmp_path / name).mkdir()
    card, lanes = DatasetCard(over), Detached()
    opened = RecentlyOpened(memory, lanes)
    desk = DatasetDesk(card, lanes, opened=opened, look=drive.looking)
    made = Place(qtbot, desk, card, lanes, drive, tmp_path)
    for name in ("ready_at_once", "tiles_wished", "slides_wished"):
        getattr(desk, name).connect(lambda told, name=name: made.told.append((name, told)))
    desk.dismissed.connect(lambda: made.told.append(("dismissed", None)))
    yield made
    drive.gate.set()
    desk.close()
    made.until(lambda: lanes.busy == 0)

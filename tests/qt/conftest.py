"""The window's tests run offscreen, keep their settings apart and leave nothing running."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch is first imported

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from onepixel_gui.qt.app import make_application
from onepixel_gui.qt.campaign.page import CampaignPage
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.panes.candidates import CandidatesPane
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.theme import DARK, install
from onepixel_gui.qt.window import Window
from tests.qt.doubles import Door, delete_now, picture_files

MakeWindow = Callable[..., Window]
LEFT_BEHIND = CampaignPage, CandidatesPane  # without a parent until they are looked at


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    application = make_application()
    install(application, DARK)
    return application


@pytest.fixture(autouse=True, scope="module")
def _the_collector_leaves_what_stays() -> None:
    """It looks after each test, and need not look at what earlier modules loaded and keep."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _only_the_main_thread_collects() -> Iterator[None]:
    """Python's collector in a worker could destroy a widget there (qt.jobs.Sweeper)."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    # "Dummy-1" is only the note that a pool's thread once asked for its name.
    left = {t for t in threading.enumerate() if not t.name.startswith("Dummy-")} - before
    for thread in left:  # it has said that it finished, a moment before it ends
        thread.join(2)
    assert not [thread for thread in left if thread.is_alive()]
    assert QThreadPool.globalInstance().activeThreadCount() == 0


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "settings.ini")


@pytest.fixture
def make_lanes(qtbot: Any) -> Iterator[Callable[[int], Lanes]]:
    """Lanes that must be empty when the test ends."""
    made: list[Lanes] = []

    def make(width: int = 1) -> Lanes:
        made.append(Lanes(width))
        return made[-1]

    yield make
    for lanes in made:
        assert lanes.close(), "a job outlived its test"
        qtbot.waitUntil(lambda lanes=lanes: lanes.busy == 0)


class Census:
    """Counts the real probes that are alive."""

    def __init__(self) -> None:
        self._seen: list[weakref.ref[Any]] = []

    def add(self, probe: Any) -> None:
        self._seen.append(weakref.ref(probe))

    @property
    def made(self) -> int:
        return len(self._seen)

    @property
    def alive(self) -> int:
        return sum(seen() is not None for seen in self._seen)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Census:
    from onepixel_gui.classifier.probe import TileProbe

    census, begin = Census(), TileProbe.__init__

    def watched(self: Any, *words: Any, **more: Any) -> None:
        begin(self, *words, **more)
        census.add(self)

    monkeypatch.setattr(TileProbe, "__init__", watched)
    return census


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """The readers of checkpoints, stood in for; its gate is open when the test ends."""
    from onepixel_gui.classifier import devices, opening
    from onepixel_gui.classifier.classifier import Classifier

    door = Door()
    monkeypatch.setattr(opening, "inspecting", door.inspecting)
    monkeypatch.setattr(Classifier, "opening", door.opening)
    monkeypatch.setattr(devices, "in_order", door.in_order)
    yield door
    door.gate.set()


@pytest.fixture
def make_window(qtbot: Any, qapp: QApplication, memory: Memory, probes: Census) -> Iterator[Any]:
    """Windows that are closed when the test ends, and then have no job and no probe left."""
    made: list[Window] = []
    before = qapp.topLevelWidgets()

    def make(kept: Memory | None = None) -> Window:
        window = Window(kept or memory)
        made.append(window)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield make
    while made:
        shut(qtbot, made.pop())
    for widget in qapp.topLevelWidgets():  # each change of theme would dress them again
        if isinstance(widget, LEFT_BEHIND) and widget not in before and widget.parent() is None:
            widget.deleteLater()
    delete_now()
    qapp.clipboard().clear()
    install(qapp, DARK)
    gc.collect()
    assert probes.alive == 0, "a probe outlived its window"


def shut(qtbot: Any, window: Window) -> None:
    """Close and delete a window; no job may survive that."""
    if not isValid(window):  # the test did so itself
        return
    window.close()
    qtbot.waitUntil(lambda: window.jobs == 0)
    window.deleteLater()
    delete_now()


@pytest.fixture(scope="package")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A network that a bright red pixel at row 1, column 2 turns from mitosis to normal."""
    import torch

    from tests.core.networks import Corner, save_script

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    told = {
        "name": "corner",
        "input": [16, 16],
        "scaling": "zero-to-one",
        "classes": ["normal", "mitosis"],
        "outputs": "logits",
    }
    made = save_script(Corner(), tmp_path_factory.mktemp("networks") / "corner.pt", told)
    gc.collect()
    gc.freeze()  # torch's half a million objects need not be looked at after each test
    yield made
    torch.set_num_threads(threads)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Three dark mitoses, then three bright normals, in class folders of one folder."""
    return picture_files(tmp_path / "pictures")

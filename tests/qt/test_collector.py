"""What the collector of reference cycles looks at, and when: the window must not stand still."""

import gc
import sys
import threading
import weakref
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor

from onepixel_gui.qt.jobs import Job, Lanes, Sweeper
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.window import Window
from tests.qt.conftest import MakeWindow, shut
from tests.qt.window.deeds import open_all


class Knot:
    """Only the collector finds out that nobody needs it."""

    def __init__(self) -> None:
        self.me = self
        self.held: object = None


@pytest.fixture(autouse=True)
def nothing_set_aside() -> Iterator[None]:
    gc.unfreeze()
    yield
    left = gc.get_freeze_count()
    if "torch" in sys.modules:  # as the other tests of the same process have it
        gc.collect()
        gc.freeze()
    assert not left


@pytest.fixture
def sweeper(qapp: Any) -> Iterator[Sweeper]:
    del qapp
    sweeper = Sweeper(every_ms=1)
    yield sweeper
    sweeper.close()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the pointer rests; where it does not, it is elsewhere at each look."""
    state, place = [True], QCursor.pos()

    def pos() -> Any:
        if not state[0]:
            place.setX(place.x() + 1)
        return QPoint(place)

    monkeypatch.setattr(QCursor, "pos", staticmethod(pos))
    return state


def many_modules(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for number in range(60):
        monkeypatch.setitem(sys.modules, f"{name}{number}", ModuleType(name))


def nothing() -> Generator[None]:
    yield None


def looked_through() -> set[int]:
    return {id(each) for each in gc.get_objects()}


def test_modules_imported_before_are_never_looked_through(sweeper: Sweeper) -> None:
    del sweeper
    assert id(sys.modules) not in looked_through()
    assert id(vars(gc)) not in looked_through()


def test_what_a_job_imports_is_set_aside_before_it_builds_anything(
    qtbot: Any, sweeper: Sweeper, make_lanes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sweeper
    imported, built = [Knot()], []

    def work() -> Generator[None]:
        many_modules(monkeypatch, "import_of_a_job")
        yield None
        built.append(Knot())
        yield None

    lanes: Lanes = make_lanes()
    job = Job(work)
    with qtbot.waitSignal(job.finished):
        lanes.add(job)
    assert id(imported[0]) not in looked_through()
    assert id(built[0]) in looked_through()
    gone = weakref.ref(built[0])
    built.clear()
    qtbot.waitUntil(lambda: gone() is None)


def test_a_few_modules_set_nothing_aside(
    qtbot: Any, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = gc.get_freeze_count()
    monkeypatch.setitem(sys.modules, "one_module", ModuleType("one_module"))
    sweeper.set_aside()
    assert gc.get_freeze_count() <= before
    knot = Knot()
    gone = weakref.ref(knot)
    del knot
    qtbot.waitUntil(lambda: gone() is None)


def test_what_was_set_aside_and_then_replaced_goes_when_the_pointer_rests(
    qtbot: Any, sweeper: Sweeper, still: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    still[0] = False
    monkeypatch.setattr("onepixel_gui.qt.jobs.QGuiApplication", Front)
    where: list[int] = []
    in_use = Knot()
    weakref.finalize(in_use, lambda: where.append(threading.get_ident()))
    sweeper.renew()
    many_modules(monkeypatch, "import_beside_it")
    sweeper.set_aside()
    del in_use
    sweeper.renew()
    turns: list[int] = []
    monkeypatch.setattr(gc, "collect", _counting(turns))
    qtbot.waitUntil(lambda: len(turns) > 130)
    assert not where, "all was looked through while the reader was at work"
    still[0] = True
    qtbot.waitUntil(lambda: bool(where))
    assert where == [threading.get_ident()]
    assert gc.get_freeze_count() > 1000, "what modules are made of was not set aside again"


def test_the_first_to_be_used_replaces_nothing(
    qtbot: Any, sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_back: list[None] = []
    monkeypatch.setattr(gc, "unfreeze", lambda: taken_back.append(None))
    turns: list[int] = []
    monkeypatch.setattr(gc, "collect", _counting(turns))
    sweeper.renew()
    qtbot.waitUntil(lambda: len(turns) > 60)
    assert not taken_back
    monkeypatch.undo()


def test_of_two_sweepers_one_sets_aside_and_takes_back(sweeper: Sweeper) -> None:
    count = gc.get_freeze_count()
    second = Sweeper()
    second.close()
    assert gc.get_freeze_count() >= count - 100
    sweeper.close()
    assert gc.get_freeze_count() == 0


def test_a_replaced_classifier_goes_although_modules_were_imported_beside_it(
    qtbot: Any,
    make_window: MakeWindow,
    pictures: list[Path],
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gc.unfreeze()  # the checkpoint has set aside torch
    monkeypatch.setattr("onepixel_gui.qt.jobs.QGuiApplication", Behind)
    window = make_window()
    open_all(qtbot, window, pictures, checkpoint)
    classifier = window.session.classifier
    knot = Knot()
    knot.held = classifier  # as its graph holds a network
    many_modules(monkeypatch, "import_beside_the_classifier")
    Job(nothing).run()
    gone = weakref.ref(classifier)
    del knot, classifier
    with qtbot.waitSignal(window.session.classifier_changed):
        window.commands.use_checkpoint(checkpoint)
    qtbot.waitUntil(lambda: gone() is None, timeout=30_000)


def test_a_closed_window_takes_back_what_was_set_aside(
    qtbot: Any, qapp: Any, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    del qapp
    window = Window(memory)
    many_modules(monkeypatch, "import_beside_the_window")
    Job(nothing).run()
    assert gc.get_freeze_count() > 1000
    shut(qtbot, window)
    assert gc.get_freeze_count() == 0


class Behind:
    """Another application is in front."""

    @staticmethod
    def applicationState() -> Any:  # noqa: N802
        return Qt.ApplicationState.ApplicationInactive


class Front:
    """The application is in front."""

    @staticmethod
    def applicationState() -> Any:  # noqa: N802
        return Qt.ApplicationState.ApplicationActive


def _counting(turns: list[int]) -> Any:
    collect = gc.collect

    def counted(generation: int = 2) -> int:
        turns.append(generation)
        return collect(generation)

    return counted

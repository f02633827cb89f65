"""A campaign view with an engine and a study that stand in for the real ones."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.theme import DARK, install
from tests.qt.campaign_doubles import StandInEngine, StandInStudy
from tests.qt.campaign_view.benches import Bench


@pytest.fixture
def engine() -> Iterator[StandInEngine]:
    engine = StandInEngine()
    yield engine
    engine.gate.set()


@pytest.fixture
def study() -> StandInStudy:
    return StandInStudy()


@pytest.fixture
def bench(
    qtbot: Any,
    qapp: QApplication,
    make_lanes: Callable[[int], Any],
    memory: Memory,
    engine: StandInEngine,
    study: StandInStudy,
) -> Iterator[Bench]:
    install(qapp, DARK)
    bench = Bench(make_lanes, memory, engine, study)
    qtbot.addWidget(bench.window)
    qtbot.addWidget(bench.page)
    bench.page.resize(1010, 700)
    with qtbot.waitExposed(bench.page):
        bench.page.show()
    yield bench
    engine.gate.set()
    bench.desk.close()
    bench.shelf.close()

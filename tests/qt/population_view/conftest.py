"""A study of many runs and the view of its population."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onepixel_gui.qt.preferences import Memory
from onepixel_gui.study.store import Study
from tests.core.populations import outcomes_of, records_of
from tests.qt.population_view.benches import TILES, Bench


@pytest.fixture(scope="module")
def records() -> list[Any]:
    return list(records_of(outcomes_of(TILES)))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, records: list[Any]) -> Iterator[Study]:
    """Nobody adds to it: see `growing`."""
    study = Study.open(tmp_path_factory.mktemp("study") / "many.onepixel", make=True)
    study.add_all([(record, -1, -1) for record in records])
    yield study
    study.close()


@pytest.fixture
def growing(tmp_path: Path, study: Study) -> Iterator[Study]:
    study.save_copy(tmp_path / "growing.onepixel")
    copy = Study.open(tmp_path / "growing.onepixel")
    yield copy
    copy.close()


@pytest.fixture
def make_bench(make_lanes: Any, memory: Memory) -> Iterator[Callable[[Study | None], Bench]]:
    made: list[Bench] = []

    def make(study: Study | None) -> Bench:
        made.append(Bench(make_lanes, memory, study))
        return made[-1]

    yield make
    for bench in made:
        bench.desk.close()
        bench.session.close()
        bench.page.close()


@pytest.fixture
def bench(qtbot: Any, make_bench: Any, study: Study) -> Bench:
    found: Bench = make_bench(study).look(qtbot)
    return found

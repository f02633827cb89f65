"""Options of the whole suite."""

import gc
import sys
from functools import partial
from typing import Any

import pytest

PATIENCE = 60_000  # ms that a test waits for a signal: so long only for what never comes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-screens", action="store_true", help="renew the pictures of resources/manual"
    )


def pytest_collection_finish() -> None:
    """The modules of all tests stay: the collector need not look at a million objects again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup() -> None:
    _draw_the_same_numbers()


def pytest_runtest_call() -> None:
    _draw_the_same_numbers()


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> None:
    if fixturedef.scope != "function":  # whoever needs it first
        _draw_the_same_numbers()


def _draw_the_same_numbers() -> None:
    """Networks with random weights are the same in every run, whatever ran before."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """Waits longer than the five seconds that a busy machine may well need."""
    for wait in ("waitSignal", "waitSignals", "waitUntil"):
        setattr(qtbot, wait, partial(getattr(qtbot, wait), timeout=PATIENCE))
    return qtbot

"""Options of the whole suite."""

import gc
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


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """Waits longer than the five seconds that a busy machine may well need."""
    for wait in ("waitSignal", "waitSignals", "waitUntil"):
        setattr(qtbot, wait, partial(getattr(qtbot, wait), timeout=PATIENCE))
    return qtbot

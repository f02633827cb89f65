"""Options of the whole suite."""

import gc

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-screens", action="store_true", help="renew the pictures of resources/manual"
    )


def pytest_collection_finish() -> None:
    """The modules of all tests stay: the collector need not look at a million objects again."""
    gc.collect()
    gc.freeze()

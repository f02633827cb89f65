"""A small program, for any number of tiles and for two at a time."""

import pytest

from tests.core.exported.programs import exported_data
from tests.core.networks import Tiny


@pytest.fixture(scope="package")
def free():
    """Tiny with two outputs, for any number of tiles."""
    return exported_data(Tiny(2), any_count=True)


@pytest.fixture(scope="package")
def fixed():
    """The same, for two tiles at a time."""
    return exported_data(Tiny(2))

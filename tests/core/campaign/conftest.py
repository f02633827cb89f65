"""Tiles for campaigns."""

import pytest

from tests.core.campaign.runs import TILES
from tests.core.campaigns import make_tiles


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return make_tiles(tmp_path_factory.mktemp("tiles"), TILES)


@pytest.fixture
def mine(tmp_path):
    """Tiles that a test may change."""
    return make_tiles(tmp_path / "tiles", 6)

"""Real tiles, slides and checkpoints lie beside the checkout and are never committed."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real material; its README says what is where."""
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real material: there is no ../shared/data beside this checkout")
    return folder

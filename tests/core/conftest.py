"""What tests of campaigns share (a module says by `usefixtures` which of it holds for all in it),
and the program that makes the index of networks."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """A machine settles once how a classifier is asked: here for each module anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def in_this_process():
    """No campaign starts a process."""
    from tests.core.campaigns import all_here

    with all_here():
        yield


@pytest.fixture(scope="module")
def corner(tmp_path_factory):
    """A checkpoint whose confidence falls with the red of one pixel."""
    from tests.core.campaigns import make_corner

    return make_corner(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def make_index():
    """The program that makes the index of known networks."""
    from tests.core.network_shapes import loaded

    return loaded(Path(__file__).parents[2] / "packaging" / "make_index.py")

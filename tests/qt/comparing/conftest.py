"""Benches with two classifiers, and the pane that compares them."""

from importlib import import_module

import pytest

from onepixel_gui.qt.comparison import Comparison
from onepixel_gui.qt.panes.compare import ComparePane
from onepixel_gui.qt.theme import DARK, install
from tests.qt.comparing.comparing import Heard, put, sound, swept_both, weak, wire
from tests.qt.doubles import tile

import_module("scipy.signal")  # as loading a classifier does, so that no result waits for it


@pytest.fixture
def comparison(make_lanes):
    made = Comparison(make_lanes(1))
    yield made
    made.close()


@pytest.fixture
def heard(comparison):
    return Heard(comparison)


@pytest.fixture
def pane(qtbot, qapp):
    install(qapp, DARK)
    made = ComparePane()
    qtbot.addWidget(made)
    made.set_theme(DARK)
    made.resize(1240, 600)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def bench(qtbot, comparison, pane):
    """A weak A and a sound B on a tile, swept, shown."""
    wire(comparison, pane)
    put(qtbot, comparison, weak(), sound(), on=tile(label="mitosis"))
    swept_both(qtbot, comparison)
    return pane

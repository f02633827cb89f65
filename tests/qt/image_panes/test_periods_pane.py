"""The periods of a map, and what all panes of pictures share."""

import gc
import weakref

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from onepixel_gui.analysis.sensitivity import Sensitivity, sensitivity
from onepixel_gui.attack.probe import Began, Ended, Pixel, Settings, SweepBegan, Swept
from onepixel_gui.qt.panes.confidence_map import MapPane
from onepixel_gui.qt.panes.periods import PeriodsPane
from onepixel_gui.qt.panes.tile import TilePane
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.tiles.tile import Window
from tests.qt.image_panes.pictures import (
    GREEN,
    PALETTE,
    advanced,
    colour_at,
    painted,
    picture,
    plain_tile,
    previewed,
    question,
    responded,
    same,
    shown,
    state,
    swept,
)


# ------------------------------------------------------------------ the periods
@pytest.fixture(scope="module")
def striped() -> Sensitivity:
    return sensitivity(swept(Window(0, 0, 64, 64)))


def test_the_periods_pane_says_which_period_stands_out(qtbot, striped):
    pane = shown(qtbot, PeriodsPane(), (530, 240))
    empty = picture(pane)
    pane.examine(striped)
    assert state(pane) == "2 px in both axes, beyond 95 % of shuffles"
    assert not same(empty, picture(pane))
    pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    assert state(pane) == ""
    assert same(empty, picture(pane))


@pytest.mark.parametrize(("before", "now"), [(DARK, LIGHT), (LIGHT, DARK)])
def test_the_legend_of_the_periods_changes_its_colours_with_the_theme(qtbot, striped, before, now):
    pane, other = (shown(qtbot, PeriodsPane(), (530, 240)) for _ in range(2))
    pane.set_theme(before)
    for each in (pane, other):
        each.examine(striped)
        each.set_theme(now)
    assert same(picture(pane), picture(other))


def test_the_periods_pane_says_so_when_no_period_stands_out(qtbot):
    rng = np.random.default_rng(1)
    result = swept(Window(0, 0, 64, 64))
    noise = rng.normal(3, 0.2, (64, 64, 3)).astype(np.float32)
    values = {name: getattr(result, name) for name in Swept.__slots__}
    pane = shown(qtbot, PeriodsPane(), (530, 240))
    pane.examine(sensitivity(Swept(**{**values, "logits": noise, "flipped": noise < 0})))
    assert state(pane) == "no period up to 8 px beyond 95 % of shuffles"


# ------------------------------------------------------------------ all of them
PANES = [TilePane, MapPane, PeriodsPane]


@pytest.mark.parametrize("kind", PANES)
def test_a_pane_takes_every_event(qtbot, kind):
    window = Window(0, 0, 40, 64)
    pane = shown(qtbot, kind())
    pane.show_tile(plain_tile(), window)
    result = swept(window)
    for event in (
        Began(question(window), Settings()),
        advanced((1, 2)),
        Ended("budget spent", False, 4, None, (Pixel(1, 2, GREEN),), 0.9, "mitosis", (), 1.0),
        SweepBegan(question(window), PALETTE, result.queries),
        previewed(result),
        painted(result, 8),
        result,
        responded(Pixel(1, 2, GREEN)),
    ):
        pane.take(event)
        picture(pane)


@pytest.mark.parametrize("kind", PANES)
def test_switching_the_theme_recolours_the_ground(qtbot, qapp, kind):
    pane = shown(qtbot, kind())
    pane.show_tile(plain_tile(), Window(0, 0, 40, 64))
    for theme in (LIGHT, DARK):
        install(qapp, theme)
        pane.set_theme(theme)
        image = picture(pane)
        for point in (QPointF(6, 60), QPointF(pane.width() - 16, pane.height() - 14)):
            assert colour_at(image, point) == QColor(theme.card).getRgb()[:3]


@pytest.mark.parametrize("kind", PANES)
def test_a_pane_deleted_during_a_run_leaves_nothing_behind(qapp, kind):
    pane = kind()
    pane.set_theme(DARK)
    pane.show()
    window = Window(0, 0, 40, 64)
    pane.show_tile(plain_tile(), window)
    pane.take(SweepBegan(question(window), PALETTE, 7680))
    pane.take(painted(swept(window), 8))
    pane.take(advanced((1, 2)))
    gone, widgets = weakref.ref(pane), []
    pane.destroyed.connect(lambda: widgets.append(1))
    pane.deleteLater()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    del pane
    gc.collect()
    assert widgets == [1]
    assert gone() is None


@pytest.mark.parametrize("kind", PANES)
def test_every_part_that_can_be_reached_has_a_name(qtbot, kind):
    pane = shown(qtbot, kind())
    assert pane.accessibleName()
    for part in pane.findChildren(QWidget):
        if part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert part.accessibleName(), part

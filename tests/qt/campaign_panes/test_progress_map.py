"""The map of progress: every tile has its cell, and a single flip is seen."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt

from onepixel_gui.qt.campaign.ledger import (
    FLIPPED,
    HELD,
    REFUSED,
    RUNNING,
    STATES,
    WAITING,
    Ledger,
)
from onepixel_gui.qt.campaign.mosaic import Mosaic
from onepixel_gui.qt.campaign.tiling import SMALLEST, counts, pixels, tiled
from onepixel_gui.qt.theme import DARK, LIGHT
from tests.qt.campaign_doubles import kept, large_ledger, ledger, refused
from tests.qt.campaign_panes.plans import heard


# ------------------------------------------------------------------ how many cells
@given(tiles=st.integers(1, 200_000), width=st.integers(120, 1500), height=st.integers(46, 900))
@settings(max_examples=200, deadline=None)
def test_every_tile_has_one_cell_and_all_cells_fit(tiles: int, width: int, height: int) -> None:
    tiling = tiled(tiles, width, height)
    assert tiling.columns * tiling.edge <= width
    assert tiling.rows * tiling.edge <= height
    assert tiling.edge >= SMALLEST
    assert tiling.tiles_of(0).start == 0
    assert tiling.tiles_of(tiling.cells - 1).stop == tiles
    for cell in {0, tiling.cells // 2, tiling.cells - 1}:
        x, y = tiling.corner(cell)
        assert tiling.tiles_at(x + tiling.edge / 2, y + tiling.edge / 2) == tiling.tiles_of(cell)


@given(st.lists(st.integers(0, len(STATES) - 1), min_size=1, max_size=3000))
@settings(max_examples=40, deadline=None)
def test_what_stands_behind_the_cells_is_every_tile_once(states: list[int]) -> None:
    made = np.array(states, np.uint8)
    numbers = counts(tiled(len(states), 150, 60), made)
    assert numbers.sum() == len(states)
    assert numbers.sum(0).tolist() == np.bincount(made, minlength=len(STATES)).tolist()


def test_a_single_flip_among_a_hundred_tiles_of_a_cell_is_seen() -> None:
    states = np.full(100_000, HELD, np.uint8)
    states[51_234] = FLIPPED
    tiling = tiled(100_000, 660, 130)
    glyphs = np.zeros((len(STATES), tiling.edge, tiling.edge), np.uint32)
    grid = pixels(tiling, states, glyphs, np.arange(1, len(STATES) + 1).astype(np.uint32))
    assert tiling.each > 50
    assert (grid == FLIPPED + 1).any(1).sum() == 1  # one row of pixels, in one cell
    assert (grid == FLIPPED + 1).any(0).sum() == tiling.edge - 1


# ------------------------------------------------------------------ the ledger
def test_a_tile_is_held_only_once_all_its_runs_are_done() -> None:
    made = Ledger(["a.png", "b.png", "c.png", "d.png", "e.png"], total=10)
    made.add([kept(0, flipped=False), kept(1, flipped=False), kept(1, flipped=False)])
    made.add([kept(2, flipped=True), refused(3)])
    assert made.states().tolist() == [RUNNING, HELD, FLIPPED, REFUSED, WAITING]
    assert made.states([4]).tolist()[4] == RUNNING
    assert made.tile_words(1) == "b.png: 0 of 2 runs flipped"
    assert made.tile_words(3) == "d.png: It is no picture."


def test_runs_read_as_a_whole_are_as_those_that_came_one_by_one() -> None:
    large = large_ledger(3000)
    assert large.count == 3000
    assert (large.states() == FLIPPED).sum() == (large.column("result") == 0).sum()
    assert large.row_of(2999) == 2999


# ------------------------------------------------------------------ the map
def test_the_map_tells_what_a_cell_stands_for(show: Callable[..., Any]) -> None:
    mosaic = show(Mosaic(), (400, 120))
    mosaic.show_states(ledger(30, 12, unusable=[5]), (12, 13))
    assert mosaic.tally == {"waiting": 16, "running": 2, "held": 7, "flipped": 4, "refused": 1}
    assert mosaic.words_of(range(3, 4)) == "tile_3.png: flipped"
    assert mosaic.words_of(range(20, 21)) == "tile_20.png: waiting"
    mosaic.show_states(large_ledger(100_000))
    tiles = mosaic.tiling.tiles_of(3)
    assert mosaic.words_of(tiles).startswith(f"{len(tiles)} tiles, tile_{tiles[0]}.png to")


def test_the_map_is_read_by_the_keyboard_alone(qtbot: Any, show: Callable[..., Any]) -> None:
    mosaic = show(Mosaic(), (400, 120))
    mosaic.show_states(ledger(30, 12))
    chosen = heard(mosaic.task_chosen)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(mosaic, key)
    assert mosaic.accessibleDescription() == "tile_2.png: held"
    qtbot.keyClick(mosaic, Qt.Key.Key_Return)
    qtbot.keyClick(mosaic, Qt.Key.Key_Up)
    qtbot.keyClick(mosaic, Qt.Key.Key_Return)
    assert chosen == [2, 0]


def test_a_click_in_the_map_chooses_a_tile_a_flipped_one_first(
    qtbot: Any, show: Callable[..., Any]
) -> None:
    mosaic = show(Mosaic(), (400, 120))
    large = large_ledger(100_000)
    mosaic.show_states(large)
    chosen = heard(mosaic.task_chosen)
    qtbot.mouseClick(mosaic, Qt.MouseButton.LeftButton, pos=QPoint(40, 20))
    assert large.states()[chosen[0]] == FLIPPED
    qtbot.mouseClick(mosaic, Qt.MouseButton.LeftButton, pos=QPoint(399, 20))  # beside the cells
    assert len(chosen) == 1


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_red_is_in_the_map_for_a_flip_and_for_nothing_else(
    show: Callable[..., Any], theme: Any
) -> None:
    mosaic = show(Mosaic(), (400, 120))
    mosaic.set_theme(theme)
    for flips, reds in ((False, 0), (True, 1)):
        made = Ledger([f"{n}.png" for n in range(9)], 9)
        made.add([kept(0, flipped=flips), kept(1, flipped=False), refused(2)])
        mosaic.show_states(made, (3,))
        image = mosaic.grab().toImage()
        spots = ((x, y) for x in range(0, 260, 2) for y in range(0, 28, 2))
        found = sum(image.pixelColor(x, y).name() == theme.flip for x, y in spots)
        assert (found > 20) == bool(reds)


def test_a_map_of_a_hundred_thousand_tiles_is_drawn_within_a_frame(
    show: Callable[..., Any],
) -> None:
    mosaic, large = show(Mosaic(), (660, 130)), large_ledger(100_000)
    spans = []
    for _ in range(15):
        begun = time.thread_time()
        mosaic.show_states(large)
        mosaic.grab()
        spans.append(time.thread_time() - begun)
    assert sorted(spans)[7] < 0.03

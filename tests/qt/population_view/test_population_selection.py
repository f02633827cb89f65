"""One selection in every pane, and from there to the tiles and the bench."""

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from onepixel_gui.qt.population.brushing import Brush, Range
from onepixel_gui.qt.population.parts import PARTS
from tests.qt.population_view.benches import NEAR, Bench


# ------------------------------------------------------------------ one selection
def test_what_is_brushed_in_one_pane_is_selected_in_all(bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    expected = bench.columns.distance < 12
    for pane in (
        bench.pane("position"),
        bench.pane("colour"),
        bench.pane("case"),
        bench.pane("queries"),
    ):
        np.testing.assert_array_equal(pane.which, expected)


def test_the_selection_is_told_in_words(bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    n = int((bench.columns.distance < 12).sum())
    told = bench.page.head.words[2]
    assert told.startswith(f"{n} of {len(bench.columns)} tiles: distance from the centre < 12 px")


def test_a_second_brush_takes_the_place_of_the_first(bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    bench.pane("confidence").brushed.emit(
        Brush("confidence", (Range("clean", 0.9, 1, closed=True),)), False
    )
    assert bench.selected == int((bench.columns.outcomes.clean >= 0.9).sum())


def test_with_shift_both_hold_together(bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    bench.pane("confidence").brushed.emit(
        Brush("confidence", (Range("clean", 0.9, 1, closed=True),)), True
    )
    both = (bench.columns.distance < 12) & (bench.columns.outcomes.clean >= 0.9)
    assert bench.selected == int(both.sum())


def test_the_result_is_combined_with_what_is_brushed_next(bench: Bench) -> None:
    bench.page.head.results.buttons()[1].click()
    bench.pane("distance").brushed.emit(NEAR, False)
    both = (bench.columns.distance < 12) & bench.columns.flipped
    assert bench.selected == int(both.sum())
    assert "flipped" in bench.page.head.words[2]


def test_a_brush_that_holds_no_tile_selects_none_of_them_anywhere(qtbot: Any, bench: Bench) -> None:
    nowhere = Brush("distance", (Range("distance", 90, 99),))  # beyond the corners
    with qtbot.waitSignal(bench.desk.brushed) as told:
        bench.pane("distance").brushed.emit(nowhere, False)
    assert list(told.args[0]) == []
    for direction in range(bench.page.head.directions.count()):
        bench.page.head.directions.setCurrentIndex(direction)
        bench.page.head.directions.activated.emit(direction)
        assert bench.selected == 0
        words = bench.page.head.words[2]
        assert words.startswith(f"0 of {len(bench.columns)} tiles: distance from the centre 90 to")
        assert "%" not in words  # of no tiles there is no rate
        assert not bench.page.grab().isNull()
    assert bench.failed == []


def test_escape_clears_the_selection(qtbot: Any, bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    qtbot.keyClick(bench.pane("distance").plot, Qt.Key.Key_Escape)
    assert bench.page.which is None


def test_escape_leaves_the_view_only_when_nothing_is_selected(qtbot: Any, bench: Bench) -> None:
    left: list[bool] = []
    QShortcut(QKeySequence("Esc"), bench.page, lambda: left.append(True))
    bench.pane("distance").brushed.emit(NEAR, False)
    plot = bench.pane("distance").plot
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert bench.page.which is None
    assert not left
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert left


def test_a_drag_of_the_mouse_selects_the_bars_below_it(qtbot: Any, bench: Bench) -> None:
    plot = bench.pane("distance").plot
    qtbot.waitUntil(lambda: plot.width() > 150)
    start, end = (plot.mapFromScene(plot.box.mapViewToScene(QPointF(x, 0))) for x in (3, 11))
    viewport = plot.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        qtbot.mouseMove(viewport, start + (end - start) * step / 5)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    brush = bench.page.selection.of("distance")
    assert brush is not None
    assert brush.ranges[0].low <= 3 < 11 <= brush.ranges[0].high


def test_the_arrows_brush_a_bar(qtbot: Any, bench: Bench) -> None:
    qtbot.keyClick(bench.pane("distance").plot, Qt.Key.Key_Right)
    qtbot.keyClick(bench.pane("distance").plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    brush = bench.page.selection.of("distance")
    assert brush is not None
    scale = bench.pane("distance").scale
    assert scale is not None
    assert brush.ranges[0].high == scale.edges[2]


def test_the_tiles_that_are_selected_are_told(qtbot: Any, bench: Bench) -> None:
    with qtbot.waitSignal(bench.desk.brushed) as told:
        bench.pane("distance").brushed.emit(NEAR, False)
    near = bench.columns.distance < 12
    assert set(told.args[0]) == set(bench.columns.outcomes.tile[near].tolist())


def test_a_drag_over_the_map_selects_the_flips_of_whole_squares(bench: Bench) -> None:
    bench.pane("position").plot.dragged.emit(QPointF(10.2, 20.7), QPointF(30.5, 40.1), False)
    row, column = bench.columns.outcomes.position.T
    inside = (column >= 10) & (column <= 30) & (row >= 20) & (row <= 40)
    assert bench.selected == int((inside & bench.columns.flipped).sum())


def test_a_click_on_a_case_selects_its_tiles(bench: Bench) -> None:
    bench.pane("case").plot.clicked.emit(QPointF(0.1, 5), False)
    brush = bench.page.selection.of("case")
    assert brush is not None
    assert bench.selected == int(bench.columns.of_case(brush.case).sum()) > 0


def test_a_click_on_a_place_wishes_for_its_run(qtbot: Any, bench: Bench) -> None:
    row = int(np.flatnonzero(bench.columns.flipped)[0])
    down, right = bench.columns.outcomes.position[row]
    with qtbot.waitSignal(bench.desk.run_wished) as told:
        bench.pane("position").plot.clicked.emit(QPointF(right + 0.5, down + 0.5), False)
    run = np.flatnonzero(bench.columns.outcomes.run == told.args[0])[0]
    assert tuple(bench.columns.outcomes.position[run]) == (down, right)


def test_return_on_a_row_of_the_runs_wishes_for_its_run(qtbot: Any, bench: Bench) -> None:
    bench.page.tabs.setCurrentIndex([part.title for part in PARTS].index("Runs"))
    bench.page.head.results.buttons()[1].click()
    pane = bench.pane("runs")
    flips = np.flatnonzero(bench.columns.flipped)
    assert pane.model.rowCount() == len(flips)
    with qtbot.waitSignal(bench.desk.run_wished) as told:
        pane.table.activated.emit(pane.model.index(1, 0))
    assert told.args[0] == bench.columns.outcomes.run[flips[1]]


def test_a_part_that_is_seen_later_knows_what_was_selected_before(bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    bench.page.tabs.setCurrentIndex([part.title for part in PARTS].index("Colours"))
    np.testing.assert_array_equal(bench.pane("colours after").which, bench.columns.distance < 12)

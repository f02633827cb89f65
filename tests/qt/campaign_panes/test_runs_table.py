"""The table of runs: sorted, filtered, read by anybody, and calm while news come."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt

from onepixel_gui.qt.campaign.run_table import ROW
from onepixel_gui.qt.campaign.runs_pane import RunsPane
from tests.qt.campaign_doubles import kept, large_ledger, ledger
from tests.qt.campaign_panes.plans import FIELDS, heard


def column(pane: RunsPane, field: str) -> list[str]:
    at = FIELDS.index(field)
    return [pane.rows.words(row, at) for row in range(pane.rows.rowCount())]


def sort(qtbot: Any, pane: RunsPane, field: str) -> None:
    header = pane.table.horizontalHeader()
    at = FIELDS.index(field)
    place = QPoint(header.sectionViewportPosition(at) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_each_column_sorts_both_ways_and_a_third_click_as_they_came(
    qtbot: Any, runs: RunsPane
) -> None:
    runs.show_ledger(ledger(40, unusable=[7]))
    came = column(runs, "tile")
    for field in ("tile", "label", "answer", "after", "clean", "confidence", "queries", "result"):
        sort(qtbot, runs, field)
        up = column(runs, field)
        sort(qtbot, runs, field)
        down = column(runs, field)
        sort(qtbot, runs, field)
        assert column(runs, "tile") == came
        known = [word for word in up if word not in ("", "–", "not usable")]
        assert [word for word in down if word not in ("", "–", "not usable")] == known[::-1]
        if field == "queries":
            assert known == sorted(known, key=lambda word: int(word.replace(",", "")))
        if field in ("clean", "confidence"):
            assert known == sorted(known, key=float)
        if field == "tile":
            assert known == [f"tile_{n}.png" for n in range(40)]  # 9 before 10


def test_the_filter_line_understands_what_the_gallery_does(qtbot: Any, runs: RunsPane) -> None:
    runs.show_ledger(ledger(30, unusable=[4]))
    for line, count in (
        ("result = flipped", 10),
        ("result = held and answer = mitosis", 10),
        ('result = "not usable"', 1),
        ("case = p1", 8),
        ("agreement = disagrees", 6),
        ("tile_2", 11),
        ("", 30),
    ):
        runs.filter.setText(line)
        qtbot.keyClick(runs.filter, Qt.Key.Key_Return)
        assert runs.rows.rowCount() == count, line
    runs.filter.setText("result = ")
    qtbot.keyClick(runs.filter, Qt.Key.Key_Return)
    assert runs.rows.rowCount() == 30  # what it said before holds


def test_runs_that_come_neither_move_nor_unchoose_what_is_in_sight(runs: RunsPane) -> None:
    made = ledger(600, 300)
    runs.show_ledger(made)
    runs.table.selectRow(120)
    runs.table.scrollTo(runs.rows.index(120, 0))
    at = runs.table.verticalScrollBar().value()
    made.add([kept(task) for task in range(300, 400)])
    runs.join()
    assert runs.rows.rowCount() == 400
    assert runs.table.verticalScrollBar().value() == at > 0
    assert [index.row() for index in runs.table.selectionModel().selectedRows()] == [120]


def test_in_a_sorted_table_news_come_in_above_without_moving_what_is_read(
    qtbot: Any, runs: RunsPane
) -> None:
    made = ledger(600, 300)
    runs.show_ledger(made)
    sort(qtbot, runs, "queries")
    runs.table.selectRow(150)
    runs.table.verticalScrollBar().setValue(140 * ROW + 5)
    chosen = runs.rows.words(150, 0)
    first = runs.rows.words(runs.table.rowAt(0), 0)
    made.add([kept(task) for task in range(300, 400)])
    runs.join()
    queries = [int(word.replace(",", "")) for word in column(runs, "queries")]
    assert queries == sorted(queries)
    assert runs.rows.words(runs.table.rowAt(0), 0) == first
    selected = runs.table.selectionModel().selectedRows()
    assert [runs.rows.words(index.row(), 0) for index in selected] == [chosen]


def test_news_pass_the_filter_too(qtbot: Any, runs: RunsPane) -> None:
    made = ledger(60, 30)
    runs.show_ledger(made)
    runs.filter.setText("result = flipped")
    qtbot.keyClick(runs.filter, Qt.Key.Key_Return)
    made.add([kept(task) for task in range(30, 36)])
    runs.join()
    assert set(column(runs, "result")) == {"flipped"}
    assert runs.rows.rowCount() == 12


def test_a_click_or_enter_wishes_for_the_run_and_arrows_only_move(
    qtbot: Any, runs: RunsPane
) -> None:
    runs.show_ledger(ledger(30, unusable=[4]))
    wished = heard(runs.run_wished)
    table = runs.table
    place = table.visualRect(runs.rows.index(2, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert wished == [2]
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)  # of a refused tile there is nothing to show
    assert wished == [2, 3]


def test_a_row_is_a_sentence_for_a_screen_reader(runs: RunsPane) -> None:
    runs.show_ledger(ledger(3, unusable=[1]))
    role = Qt.ItemDataRole.AccessibleTextRole
    said = runs.rows.index(0, 0).data(role)
    assert said.startswith("tile_0.png, label mitosis, answer normal, flipped, confidence")
    assert runs.rows.index(1, 0).data(role) == "tile_1.png, It is no picture."


@pytest.mark.parametrize("width", [420, 1200])
def test_names_of_tiles_have_room_and_the_other_columns_no_gap(
    show: Callable[..., Any], width: int
) -> None:
    runs = show(RunsPane(), (width, 300))
    runs.show_ledger(ledger(3))
    header, room = runs.table.horizontalHeader(), runs.table.viewport().width()
    others = header.length() - header.sectionSize(0)
    assert header.sectionSize(0) == max(120, room - others)


def test_a_hundred_thousand_runs_scroll_smoothly_and_take_news(
    qtbot: Any, show: Callable[..., Any]
) -> None:
    runs = show(RunsPane(), (700, 700))
    made = large_ledger(100_000)
    runs.show_ledger(made)
    bar, spans = runs.table.verticalScrollBar(), []
    for step in range(60):
        begun = time.thread_time()  # of this thread alone, whatever else the machine does
        bar.setValue(step * 37_000 % max(bar.maximum(), 1))
        runs.table.viewport().repaint()
        spans.append(time.thread_time() - begun)
    assert sorted(spans)[57] < 0.02  # 95 %
    sort(qtbot, runs, "queries")
    made.add([kept(task) for task in range(20)])
    begun = time.thread_time()
    runs.join()
    assert time.thread_time() - begun < 0.1
    assert runs.rows.rowCount() == 100_020

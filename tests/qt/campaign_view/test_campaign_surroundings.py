"""The campaign view, its dry run, and what lies around it: study, list, bench, window."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.study.store import UnusableStudy
from onepixel_gui.tiles.entries import Entries
from tests.qt.campaign_doubles import kept
from tests.qt.campaign_view.benches import Bench, over, results


# ------------------------------------------------------------------ the dry run
def test_a_dry_run_tells_and_keeps_nothing(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    bench.page.builder.dry_run.click()
    over(qtbot, bench)
    told = bench.page.builder.words.replace("\N{NO-BREAK SPACE}", " ")
    assert told.startswith("About 12 tiles × 1 classifier × 1 attack = 12 runs, at most 480 k")
    assert bench.study.plans == []
    assert bench.page.progress.words == ("", "")


def test_a_dry_run_can_be_given_up(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    bench.engine.gate.clear()
    bench.page.builder.dry_run.click()
    qtbot.waitUntil(bench.page.builder.cancel.isVisible)
    qtbot.waitUntil(lambda: "Measuring" in bench.page.builder.words)
    bench.page.builder.cancel.click()
    bench.engine.gate.set()
    over(qtbot, bench)
    assert "About" not in bench.page.builder.words
    assert bench.page.builder.run.isEnabled()


# ------------------------------------------------------------------ around it
def test_without_a_study_that_can_be_written_nothing_begins(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    bench.study.writable = False
    bench.studies.changed.emit(bench.study)
    assert not bench.page.builder.run.isEnabled()
    assert bench.page.builder.dry_run.isEnabled()


def test_a_study_that_cannot_be_read_is_told(qtbot: Any, bench: Bench) -> None:
    bench.study.broken = UnusableStudy("A page of it is damaged.", "Open a copy.")
    bench.studies.changed.emit(bench.study)
    qtbot.waitUntil(lambda: bool(bench.failed))
    assert bench.failed[0].what == "A page of it is damaged."


def test_the_list_and_its_filter_are_followed(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    chooser = bench.page.builder.tiles.chooser
    assert chooser.itemText(0) == "All 12 tiles"
    bench.gallery.filter.setText("label = mitosis")
    qtbot.keyClick(bench.gallery.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: chooser.findText("What the list's filter leaves (6)") >= 0)
    bench.shelf.show(Entries())
    bench.gallery.set_listing(Entries())
    qtbot.waitUntil(lambda: not bench.page.builder.run.isEnabled())


def test_a_run_of_the_table_is_wished_for_on_the_bench(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    bench.page.builder.run.click()
    over(qtbot, bench)
    wished: list[Any] = []
    bench.desk.run_wished.connect(wished.append)
    bench.page.progress.mosaic.task_chosen.emit(7)
    qtbot.keyClick(bench.page.runs.table, Qt.Key.Key_Return)
    assert wished == [kept(7).run]


def test_equal_tiles_each_have_a_row_when_the_study_is_read_again(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 4)
    bench.page.builder.run.click()
    over(qtbot, bench)
    bench.study.told[0][2] = kept(2, run=0, flipped=True, again=True)
    bench.studies.changed.emit(bench.study)
    qtbot.waitUntil(lambda: results(bench) == ["flipped", "flipped", "held", "flipped"])
    assert bench.page.progress.mosaic.tally["flipped"] == 3


def test_the_view_comes_and_goes(bench: Bench) -> None:
    told: list[bool] = []
    bench.desk.shown.connect(told.append)
    bench.desk.toggle()
    bench.desk.show(True)
    bench.desk.toggle()
    assert told == [True, False]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("width", [990, 1600])
def test_nothing_is_cut_off_in_a_window_of_1280_points(
    qtbot: Any, bench: Bench, qapp: QApplication, theme: Any, width: int
) -> None:
    install(qapp, theme)
    bench.page.set_theme(theme)
    bench.ready(qtbot)
    bench.page.builder.run.click()
    over(qtbot, bench)
    bench.page.resize(width, 640)
    builder, table = bench.page.builder, bench.page.runs.table
    for button in (builder.run, builder.dry_run, builder.models.add):
        assert button.width() >= button.sizeHint().width()
        assert builder.rect().contains(button.mapTo(builder, button.rect().bottomRight()))
    shown = sum(
        table.columnWidth(at) for at in range(table.model().columnCount())
        if not table.isColumnHidden(at)
    )  # fmt: skip
    assert shown <= table.viewport().width() + 1
    assert table.columnWidth(0) >= 90
    install(qapp, DARK)

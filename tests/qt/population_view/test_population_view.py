"""The population view: what it tells, what it writes, and how it follows its study."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog

from onepixel_gui.analysis.population import units
from onepixel_gui.attack.attacks import Settings
from onepixel_gui.qt.dialogs import StyleDialog
from onepixel_gui.qt.population.brushing import Brush, Range
from onepixel_gui.qt.population.columns import bins, columns
from onepixel_gui.qt.population.desk import NO_RUNS, NO_STUDY
from onepixel_gui.qt.population.panes import ColourPane
from onepixel_gui.qt.population.static import (
    MeanMapPane,
    SpectrumPane,
    StaticPane,
    UniversalPane,
)
from onepixel_gui.qt.theme import DARK, LIGHT, Line
from onepixel_gui.report.population.examined import Examined
from onepixel_gui.study.store import Study
from tests.core.populations import Planted, examined_of, outcomes_of, records_of
from tests.qt.population_view.benches import NEAR, TILES, Bench


# ------------------------------------------------------------------ what is shown
def test_it_tells_how_many_of_all_tiles_flip_with_the_access(bench: Bench) -> None:
    headline, _, _ = bench.page.head.words
    flips = outcomes_of(TILES).flipped.sum()
    assert headline.startswith(f"{flips} of {TILES} tiles (")
    assert "Wilson" in headline
    assert headline.endswith("black-box")


def test_the_direction_with_most_flips_is_shown_first(bench: Bench) -> None:
    assert bench.columns.title == "mitosis to normal"


def test_another_direction_shows_its_own_tiles_only(bench: Bench) -> None:
    bench.page.head.direction_wished.emit(1)
    assert bench.columns.title == "normal to mitosis"
    assert set(bench.columns.outcomes.answer.tolist()) == {0}


def test_without_a_study_it_says_so(make_bench: Any) -> None:
    bench = make_bench(None)
    bench.desk.show(True)
    assert bench.page.why_empty == NO_STUDY


def test_without_runs_it_says_what_to_do(qtbot: Any, make_bench: Any, tmp_path: Path) -> None:
    study = Study.open(tmp_path / "none.onepixel", make=True)
    bench = make_bench(study)
    bench.desk.show(True)
    qtbot.waitUntil(lambda: not bench.desk.busy)
    assert bench.page.why_empty == NO_RUNS
    study.close()


def test_nothing_is_read_before_it_is_looked_at(make_bench: Any, study: Study) -> None:
    bench = make_bench(study)
    assert not bench.desk.busy
    assert bench.page.columns is None


# ------------------------------------------------------------------ a study that grows
def test_more_runs_keep_the_brush(qtbot: Any, make_bench: Any, growing: Study) -> None:
    bench = make_bench(growing).look(qtbot)
    bench.pane("distance").brushed.emit(NEAR, False)
    before, more = len(bench.columns), list(records_of(outcomes_of(TILES + 20, seed=3)))[-20:]
    growing.add_all([(record, -1, -1) for record in more])
    bench.desk.refresh()
    qtbot.waitUntil(lambda: len(bench.columns) > before, timeout=30_000)
    qtbot.waitUntil(lambda: not bench.desk.busy, timeout=30_000)
    assert bench.selected == int((bench.columns.distance < 12).sum())


def test_another_study_forgets_the_brush(bench: Bench) -> None:
    bench.pane("distance").brushed.emit(NEAR, False)
    bench.studies.study = None
    bench.studies.changed.emit(None)
    assert bench.page.which is None
    assert bench.page.why_empty == NO_STUDY


# ------------------------------------------------------------------ files
def test_the_numbers_are_written(qtbot: Any, bench: Bench, tmp_path: Path) -> None:
    qtbot.waitUntil(bench.page.head.export.isEnabled, timeout=60_000)
    examined = bench.desk.examined
    assert examined is not None
    with qtbot.waitSignal(bench.desk.noted, timeout=60_000):
        bench.desk.exporter.write_table(tmp_path / "numbers.csv", examined)
    assert (tmp_path / "numbers.csv").read_text().startswith("group,figure,panel")


def test_a_figure_is_written_as_wide_and_as_fine_as_was_chosen(
    qtbot: Any, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(dialog: StyleDialog) -> QDialog.DialogCode:
        for box, words in zip(dialog.findChildren(QComboBox), ("89 mm", "600 dpi"), strict=True):
            box.setCurrentIndex(box.findText(words, Qt.MatchFlag.MatchStartsWith))
        return QDialog.DialogCode.Accepted

    path = tmp_path / "classes.png"
    monkeypatch.setattr(StyleDialog, "exec", choose)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    qtbot.waitUntil(bench.page.head.export.isEnabled, timeout=60_000)
    offered = [each for each in bench.desk.exporter.menu.actions() if each.isEnabled()]
    with qtbot.waitSignal(bench.desk.noted, timeout=60_000):
        next(each for each in offered if each.text().startswith("Per-class")).trigger()
    with Image.open(path) as drawn:
        assert drawn.info["dpi"][0] == pytest.approx(600, abs=0.1)
        assert drawn.width / 600 * 25.4 == pytest.approx(89, abs=0.5)


def test_no_figure_is_written_where_its_style_is_not_chosen(
    bench: Bench, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(StyleDialog, "exec", lambda _: QDialog.DialogCode.Rejected)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: asked.append(_) or ("", ""))
    qtbot.waitUntil(bench.page.head.export.isEnabled, timeout=60_000)
    bench.desk.exporter.menu.actions()[0].trigger()
    assert asked == []


# ------------------------------------------------------------------ many, light and dark
@pytest.fixture(scope="module")
def searched() -> Examined:
    found: Examined = examined_of(Planted(outcomes_of(TILES)), dark=0)
    return found


@pytest.mark.parametrize("make", [lambda: SpectrumPane("row"), UniversalPane, MeanMapPane])
def test_panes_that_need_sweeps_tell_how_to_get_them(
    qtbot: Any, searched: Examined, make: Callable[[], StaticPane]
) -> None:
    pane = make()
    qtbot.addWidget(pane)
    pane.show_examined(searched, searched.leading)
    assert "Run a campaign with Sweep to see this." in pane.plot.hint.toPlainText()


def test_the_colour_change_is_told_beside_when_searches_stop(
    qtbot: Any, searched: Examined
) -> None:
    pane = ColourPane()
    qtbot.addWidget(pane)
    lines = [each for each in pane.findChildren(Line) if "first flip" in each.text()]
    pane.show_examined(searched, searched.leading)
    assert [each.isHidden() for each in lines] == [False]
    assert lines[0].toolTip().startswith("A search stops at its first flip")
    to_the_end = replace(searched.group, settings=Settings(to_the_end=True))
    pane.show_examined(replace(searched, group=to_the_end), searched.leading)
    assert lines[0].isHidden()


def test_chances_too_small_to_be_trusted_are_told_as_such(qtbot: Any, searched: Examined) -> None:
    pane = ColourPane()
    qtbot.addWidget(pane)
    led = searched.leading
    sure = replace(led.chromatic.compared[0], delta=0.9, test=units.Tested("U", (9, 9), 4e-38))
    chromatic = replace(led.chromatic, compared=(sure, *led.chromatic.compared[1:]))
    pane.show_examined(searched, replace(led, chromatic=chromatic))
    assert "p < 0.001" in pane.state


def test_every_part_is_drawn_in_both_themes(qtbot: Any, bench: Bench) -> None:
    for theme in (LIGHT, DARK):
        bench.page.set_theme(theme)
        for tab in range(bench.page.tabs.count()):
            bench.page.tabs.setCurrentIndex(tab)
            qtbot.waitUntil(lambda: bench.page.complete)
            assert not bench.page.grab().isNull()


def test_of_a_hundred_thousand_tiles_a_brush_is_drawn_at_once(bench: Bench) -> None:
    one = columns("mitosis to normal", outcomes_of(1000, both=False))
    rows = np.arange(100_000) % 1000
    many = one.outcomes.some(rows)
    object.__setattr__(many, "tile", np.arange(100_000))
    bench.page.show_columns(columns("mitosis to normal", many))
    took = []
    for far in range(4, 34):
        start = time.perf_counter()
        brush = Brush("distance", (Range("distance", 0, far),))
        bench.pane("distance").brushed.emit(brush, False)
        took.append(time.perf_counter() - start)
    assert np.median(took) < 0.05 * 4  # four times as long on a machine that is busy


def test_the_last_bin_holds_its_upper_edge() -> None:
    found = bins(np.array([0.0, 1.0, 0.5, 1.1, np.nan]), np.array([0, 0.5, 1.0]))
    assert found.tolist() == [0, 1, 1, -1, -1]

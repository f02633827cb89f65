"""The population view: one selection in every pane, and from there to the tiles and the bench."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QWidget

from onepixel_gui.analysis.population import units
from onepixel_gui.attack.attacks import Settings
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.dialogs import StyleDialog
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.population.brushing import Brush, Range
from onepixel_gui.qt.population.columns import Columns, bins, columns
from onepixel_gui.qt.population.desk import NO_RUNS, NO_STUDY, PopulationDesk
from onepixel_gui.qt.population.panes import ColourPane
from onepixel_gui.qt.population.parts import PARTS
from onepixel_gui.qt.population.static import (
    MeanMapPane,
    SpectrumPane,
    StaticPane,
    UniversalPane,
)
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.theme import DARK, LIGHT, Line
from onepixel_gui.report.population.examined import Examined
from onepixel_gui.study.store import Study
from tests.core.populations import Planted, examined_of, outcomes_of, records_of
from tests.qt.campaign_doubles import StandInStudies

TILES = 60
NEAR = Brush("distance", (Range("distance", 0, 12),))


class Bench:
    """A desk over a study, with what it needs around it."""

    def __init__(self, make_lanes: Any, memory: Memory, study: Study | None) -> None:
        self.window = QWidget()
        lanes = make_lanes(1)
        self.session = Session(lanes, make_lanes(1), lanes, self.window)
        self.shelf = Shelf(make_lanes(1), self.window)
        self.commands = Commands(self.session, self.shelf, lanes, lanes, lanes, memory, self.window)
        self.studies = StandInStudies(study)
        self.desk = PopulationDesk(self.commands, self.session, self.studies, make_lanes(1))
        self.page = self.desk.page
        self.page.resize(1000, 600)
        self.failed: list[Any] = []
        self.desk.failed.connect(self.failed.append)

    def look(self, qtbot: Any) -> "Bench":
        self.page.show()
        self.desk.show(True)
        qtbot.waitUntil(lambda: self.page.columns is not None, timeout=30_000)
        assert self.failed == []
        return self

    def pane(self, key: str) -> Any:
        return self.page.pane(key)

    @property
    def columns(self) -> Columns:
        assert self.page.columns is not None
        return self.page.columns

    @property
    def selected(self) -> int:
        assert self.page.which is not None
        return int(self.page.which.sum())


@pytest.fixture(scope="module")
def records() -> list[Any]:
    return list(records_of(outcomes_of(TILES)))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, records: list[Any]) -> Iterator[Study]:
    """Nobody adds to it: see `growing`."""
    study = Study.open(tmp_path_factory.mktemp("study") / "many.onepixel", make=True)
    study.add_all([(record, -1, -1) for record in records])
    yield study
    study.close()


@pytest.fixture
def growing(tmp_path: Path, study: Study) -> Iterator[Study]:
    study.save_copy(tmp_path / "growing.onepixel")
    copy = Study.open(tmp_path / "growing.onepixel")
    yield copy
    copy.close()


@pytest.fixture
def make_bench(make_lanes: Any, memory: Memory) -> Iterator[Callable[[Study | None], Bench]]:
    made: list[Bench] = []

    def make(study: Study | None) -> Bench:
        made.append(Bench(make_lanes, memory, study))
        return made[-1]

    yield make
    for bench in made:
        bench.desk.close()
        bench.session.close()
        bench.page.close()


@pytest.fixture
def bench(qtbot: Any, make_bench: Any, study: Study) -> Bench:
    found: Bench = make_bench(study).look(qtbot)
    return found


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

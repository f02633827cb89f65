"""The panes of the campaign view: the map of progress, the table of runs, what is to be done."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSpinBox, QWidget

from onepixel_gui.analysis.selection import Facts
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.qt.campaign.attacks_part import seeds_of
from onepixel_gui.qt.campaign.builder import BuilderPane
from onepixel_gui.qt.campaign.ledger import (
    FLIPPED,
    HELD,
    REFUSED,
    RUNNING,
    STATES,
    WAITING,
    Ledger,
)
from onepixel_gui.qt.campaign.models_part import NO_MODEL
from onepixel_gui.qt.campaign.mosaic import Mosaic
from onepixel_gui.qt.campaign.progress_pane import NOTHING, ProgressPane
from onepixel_gui.qt.campaign.run_rows import COLUMNS
from onepixel_gui.qt.campaign.run_table import ROW
from onepixel_gui.qt.campaign.runs_pane import RunsPane
from onepixel_gui.qt.campaign.tiles_part import NO_TILES
from onepixel_gui.qt.campaign.tiling import SMALLEST, counts, pixels, tiled
from onepixel_gui.qt.campaign.view import Draft, Estimated, Listed, Standing, TilesKnown
from onepixel_gui.qt.campaign.words import amount, duration, estimate_words
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.theme import DARK, LIGHT, Line, install
from onepixel_gui.study.plan import Advance, CampaignBegan, CampaignEnded, Estimate, Flipping
from tests.qt.campaign_doubles import kept, large_ledger, ledger, refused

FIELDS = [field for field, *_ in COLUMNS]
NET, OTHER = Path("net.safetensors"), Path("other.pt")


@pytest.fixture(autouse=True)
def _themed(qapp: QApplication) -> None:
    install(qapp, DARK)


@pytest.fixture
def show(qtbot: Any) -> Callable[..., Any]:
    def shown(widget: Any, size: tuple[int, int] = (660, 330)) -> Any:
        qtbot.addWidget(widget)
        widget.resize(*size)
        with qtbot.waitExposed(widget):
            widget.show()
        return widget

    return shown


def heard(signal: Any) -> list[Any]:
    told: list[Any] = []
    signal.connect(lambda *what: told.append(what[0] if what else None))
    return told


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


# ------------------------------------------------------------------ the table
@pytest.fixture
def runs(show: Callable[..., Any]) -> RunsPane:
    return show(RunsPane())


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


# ------------------------------------------------------------------ what is to be done
def facts() -> Facts:
    labels = ["mitosis" if n % 2 else "normal" for n in range(20)]
    return Facts([f"tile_{n}.png" for n in range(20)], labels, [f"p{n % 4}" for n in range(20)])


@pytest.fixture
def builder(show: Callable[..., Any]) -> BuilderPane:
    known = facts()
    known.listed[[2, 3, 5]] = True
    pane = show(BuilderPane(Preferences(seed=7), lambda: known), (330, 700))
    pane.show_study(writable=True)
    return pane


def filled(pane: BuilderPane) -> BuilderPane:
    pane.show_tiles(TilesKnown("set", listed=20, passing=6, mine=3, filter="case = p1"))
    pane.show_models([(NET, "in use"), (OTHER, "second")])
    return pane


def source(pane: BuilderPane, words: str) -> None:
    box = pane.tiles.chooser
    at = next(i for i in range(box.count()) if words in box.itemText(i))
    box.setCurrentIndex(at)
    box.activated.emit(at)


def test_what_is_lacking_is_said_step_by_step(builder: BuilderPane) -> None:
    assert builder.words == NO_TILES
    builder.show_tiles(TilesKnown("set", listed=20))
    assert builder.words == NO_MODEL
    assert not builder.run.isEnabled()
    builder.show_models([(NET, "in use")])
    assert "dry run" in builder.words
    assert builder.run.isEnabled()
    builder.attacks.search.setChecked(False)
    assert builder.words == "Choose an attack."
    builder.attacks.sweep.setChecked(True)
    builder.extent.seeds.setText("3-")
    assert "seeds" in builder.words
    builder.extent.seeds.setText("0")
    builder.show_study(writable=False)
    assert "no study" in builder.words
    assert (builder.dry_run.isEnabled(), builder.run.isEnabled()) == (True, False)


def test_the_draft_says_what_was_chosen(qtbot: Any, builder: BuilderPane) -> None:
    filled(builder)
    wished = heard(builder.run_wished)
    builder.models.list.item(1).setCheckState(Qt.CheckState.Checked)
    builder.attacks.guided.setChecked(True)
    builder.attacks.sweep.setChecked(True)
    builder.attacks.generations.setValue(10)
    builder.extent.seeds.setText("0-2, 9")
    builder.extent.limit.setValue(12)
    builder.extent.workers.setValue(3)
    builder.extent.aftermath.setChecked(False)
    builder.tiles.filter.setText("label = mitosis")
    qtbot.keyClick(builder, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    expected = Draft(
        source="list",
        elsewhere=(),
        where="label = mitosis",
        limit=12,
        models=(NET, OTHER),
        attacks=(Settings(generations=10), Guidance(), Exhaustive()),
        seeds=(0, 1, 2, 9),
        aftermath=False,
        workers=3,
        scheduler="",
    )
    assert wished == [expected]


def test_tiles_are_counted_as_the_filter_is_typed(qtbot: Any, builder: BuilderPane) -> None:
    filled(builder)
    line = builder.tiles.filter
    for words, count in (
        ("label = mitosis", "10 of 20 tiles"),
        ("case = p1 and label = mitosis", "5 of 20 tiles"),
        ("", "20 tiles"),
        ("agreement = agrees", "Counted once the first classifier has answered all of them"),
    ):
        line.setText(words)
        qtbot.waitUntil(lambda count=count: builder.tiles.words == count)
    line.setText("label = nonsense")
    qtbot.waitUntil(lambda: builder.words == "No tile passes this filter.")
    assert not builder.run.isEnabled()
    line.setText("label =")
    qtbot.waitUntil(lambda: not builder.run.isEnabled() and "label" in builder.words)


def test_tiles_come_from_the_list_its_filter_my_list_or_elsewhere(builder: BuilderPane) -> None:
    filled(builder)
    source(builder, "filter leaves (6)")
    assert (builder.draft.source, builder.draft.where) == ("passing", "case = p1")
    source(builder, "My list (3)")
    assert (builder.draft.source, builder.draft.where) == ("mine", "")
    assert builder.tiles.words == "3 tiles"
    builder.tiles.take((Path("folder"),))
    assert (builder.draft.source, builder.draft.elsewhere) == ("elsewhere", (Path("folder"),))
    assert builder.tiles.words == "Counted by the dry run"
    source(builder, "All 20 tiles")
    builder.show_tiles(TilesKnown("set", listed=20))  # my list was emptied meanwhile
    assert builder.draft.source == "list"


def test_checkpoints_are_added_by_a_drop_and_taken_off_by_delete(
    qtbot: Any, builder: BuilderPane
) -> None:
    filled(builder)
    checkpoints, data = builder.models.list, QMimeData()
    data.setUrls([QUrl.fromLocalFile("/x/third.onnx"), QUrl.fromLocalFile("/x/tile.png")])
    drag = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data,
                           Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    checkpoints.dragEnterEvent(drag)
    assert drag.isAccepted()
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data,
                      Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    checkpoints.dropEvent(drop)
    assert builder.models.chosen == (NET, Path("/x/third.onnx"))
    checkpoints.setCurrentRow(2)
    qtbot.keyClick(checkpoints, Qt.Key.Key_Delete)
    assert builder.models.chosen == (NET,)
    assert checkpoints.count() == 2


def test_a_drop_of_tiles_is_left_to_the_window(builder: BuilderPane) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/x/tile.png")])
    drag = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data,
                           Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    builder.models.list.dragEnterEvent(drag)
    assert not drag.isAccepted()


def test_what_a_dry_run_said_holds_until_something_else_is_wanted(builder: BuilderPane) -> None:
    filled(builder)
    estimate = Estimate(20, 20, 800_000, 2460, 55_000_000, 3, 1, 2)
    builder.show_estimate(Estimated(estimate, builder.draft))
    assert builder.words.replace("\N{NO-BREAK SPACE}", " ") == (
        "About 20 tiles × 1 classifier × 1 attack = 20 runs, at most 800 k queries, about 41 min "
        "on 2 workers, 55 MB. Measured on 3 tiles, of which 1 cannot be used."
    )
    builder.extent.limit.setValue(5)
    assert "About" not in builder.words
    builder.show_estimate(Estimated(estimate, filled(builder).draft))
    late = builder.draft
    builder.extent.limit.setValue(6)
    builder.show_estimate(Estimated(estimate, late))  # of what is no longer wanted
    assert "About" not in builder.words


def test_the_cluster_is_folded_away_until_it_is_wanted(builder: BuilderPane) -> None:
    filled(builder)
    extent = builder.extent
    assert not extent.scheduler.isVisible()
    extent.cluster.click()
    extent.scheduler.setText(" tcp://host:8786 ")
    assert builder.draft.scheduler == "tcp://host:8786"
    extent.cluster.click()
    assert builder.draft.scheduler == ""


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0", (0,)), ("1, 2;5", (1, 2, 5)), ("0-3", (0, 1, 2, 3)), ("3 3", (3,)), ("", ()),
     ("5-2", ()), ("0-100", ()), ("-1", ()), ("99999999999", ()), ("1,,2", ()), ("٣", ())],
)  # fmt: skip
def test_seeds_are_read_as_people_write_them(text: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(text) == seeds


@given(st.text(alphabet="0123456789,;- ", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_line_of_seeds_is_understood_or_refused(text: str) -> None:
    seeds = seeds_of(text)
    assert len(seeds) <= 100
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


# ------------------------------------------------------------------ keys of the window
def test_keys_that_mean_something_here_are_not_the_windows(
    qtbot: Any, builder: BuilderPane, runs: RunsPane
) -> None:
    filled(builder)
    runs.show_ledger(ledger(200))
    taken: list[str] = []
    for pane, key in ((builder, "Space"), (runs, "PgDown"), (runs, "Return")):
        QShortcut(QKeySequence(key), pane, lambda key=key: taken.append(key))
    checkpoints = builder.models.list
    builder.activateWindow()
    checkpoints.setFocus()
    checkpoints.setCurrentRow(1)
    qtbot.keyClick(checkpoints, Qt.Key.Key_Space)
    assert builder.models.chosen == (NET, OTHER)
    runs.activateWindow()
    runs.table.setFocus()
    runs.table.selectRow(0)
    wished = heard(runs.run_wished)
    qtbot.keyClick(runs.table, Qt.Key.Key_PageDown)
    qtbot.keyClick(runs.table, Qt.Key.Key_Return)
    assert wished
    assert wished[0] > 0
    assert taken == []


# ------------------------------------------------------------------ progress
def advance(done: int = 40, **other: Any) -> Advance:
    told: dict[str, Any] = {
        "doing": "Attacking", "done": done, "total": 100, "flipped": 10, "refused": 2,
        "queries": 9000, "rate": 1240.0, "seconds_left": 125.0, "attacked": 38,
        "shares": (Flipping("", 10, 38, 38, (0.15, 0.42)),),
    }  # fmt: skip
    return Advance(**(told | other))


BEGAN = CampaignBegan(3, 100, 0, 0, 0, 2, "2 worker processes")


def test_before_any_campaign_the_pane_says_what_to_do(show: Callable[..., Any]) -> None:
    pane = show(ProgressPane())
    labels = [
        each for each in pane.findChildren(QWidget) if getattr(each, "text", str)() == NOTHING
    ]
    assert [label.isVisible() for label in labels] == [True]
    assert not pane.mosaic.isVisible()


def test_progress_tells_flips_with_interval_and_n_speed_and_time_left(
    show: Callable[..., Any],
) -> None:
    pane = show(ProgressPane())
    pane.show_standing(Standing("running", "", BEGAN, advance()))
    assert pane.words == (
        "10 of 38 runs flipped: 26.3 % (95 % interval 15.0 to 42.0 %, n = 38)",
        "Attacking · 1,240 queries/s · 2 min left",
    )
    repeated = advance(shares=(Flipping("", 10, 38, 19, (0.1, 0.5)),))
    pane.show_standing(Standing("running", "", BEGAN, repeated))
    between = "10 of 38 runs flipped: 26.3 % (95 % interval 10.0 to 50.0 %, n = 19 tiles)"
    assert pane.words[0] == between
    pane.show_standing(Standing("running", "", BEGAN, advance(1, attacked=0, shares=())))
    assert "%" not in pane.words[0]
    ended = CampaignEnded(3, 100, 10, 2, 9_000_000, 150.0, again=1)
    pane.show_standing(Standing("idle", "", BEGAN, advance(100), ended))
    told = pane.words[1].replace("\N{NO-BREAK SPACE}", " ")
    assert told == "Done in 2 min · 9 M queries · 1 run shared by equal tiles"


def test_progress_tells_the_share_of_each_classifier_and_attack(show: Callable[..., Any]) -> None:
    pane = show(ProgressPane(), (300, 330))
    shares = (Flipping("a, sweep", 8, 10, 10, (0.49, 0.94)), Flipping("b, sweep", 2, 28, 1, None))
    pane.show_standing(Standing("running", "", BEGAN, advance(shares=shares)))
    assert pane.words[0] == "38 runs in 2 groups"  # which make no share together
    lines = ["a, sweep: 80.0 % (49.0 to 94.0 %, n = 10)", "b, sweep: 7.1 %"]
    assert pane.shares.split("\n") == lines
    assert pane.width() == 300
    many = tuple(Flipping(f"net {n}", 1, 10, 10, None) for n in range(6))
    pane.show_standing(Standing("running", "", BEGAN, advance(shares=many)))
    shown = [each.text() for each in pane.findChildren(Line) if each.isVisible()]
    assert [line for line in shown if "net" in line] == [f"net {n}: 10.0 %" for n in range(3)]
    assert "and 3 more" in shown
    assert len(pane.shares.split("\n")) == 6
    pane.show_standing(Standing("running", "", BEGAN, advance()))
    assert pane.shares == ""


def test_only_what_can_be_done_now_is_offered(show: Callable[..., Any]) -> None:
    pane = show(ProgressPane())
    wishes = [heard(each) for each in (pane.pause_wished, pane.go_on_wished, pane.stop_wished)]
    further = heard(pane.continue_wished)

    def offered() -> list[str]:
        return [each.text() for each in (pane.pause, pane.go_on, pane.stop) if each.isVisible()]

    pane.show_standing(Standing("running", "", BEGAN, advance()))
    assert offered() == ["Pause", "Stop"]
    pane.pause.click()
    pane.show_standing(Standing("paused", "", BEGAN, advance()))
    assert offered() == ["Continue", "Stop"]
    pane.go_on.click()
    pane.stop.click()
    assert [len(each) for each in wishes] == [1, 1, 1]
    pane.show_campaigns([Listed(5, "five", False), Listed(4, "four", True)], 4)
    pane.show_standing(Standing("idle", "", None, advance()))
    assert offered() == ["Continue"]
    pane.go_on.click()
    assert further == [4]
    pane.show_campaigns([Listed(5, "five", False), Listed(4, "four", True)], 5)
    assert offered() == []


# ------------------------------------------------------------------ words, names
@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (41, "41 s"), (59.6, "1 min"), (2460, "41 min"), (7800, "2 h 10 min"),
     (86_400 + 3600, "1 day 1 h"), (3600, "1 h"), (4 * 86_400, "4 days 0 h")],
)  # fmt: skip
def test_durations_are_rough_and_legible(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (950, "950"), (12_480, "12.5 k"), (12_480_000, "12.5 M"), (2.2e9, "2.2 G"),
     (999_900, "1,000 k")],
)  # fmt: skip
def test_amounts_keep_three_digits(count: float, words: str) -> None:
    assert amount(count).replace("\N{NO-BREAK SPACE}", " ") == words


def test_where_an_attack_draws_nothing_the_product_is_not_claimed(builder: BuilderPane) -> None:
    filled(builder).extent.seeds.setText("0, 1")
    told = estimate_words(Estimate(20, 30, 100, 5, 5, 3, 0, 1), builder.draft)
    assert "=" not in told
    assert told.startswith("About 20 tiles, 1 classifier, 1 attack, 2 seeds – 30 runs")


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_every_control_has_a_name_and_a_place_in_the_tab_order(
    builder: BuilderPane, runs: RunsPane, show: Callable[..., Any], theme: Any
) -> None:
    progress = show(ProgressPane())
    for pane in (builder, runs, progress):
        pane.set_theme(theme)
        kinds = (QAbstractButton, QComboBox, QLineEdit, QSpinBox)
        controls = [each for kind in kinds for each in pane.findChildren(kind)]
        own = [each for each in controls if not each.objectName().startswith("qt_")]
        unnamed = [each for each in own if not each.accessibleName()]
        assert not [each for each in unnamed if each.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert progress.mosaic.focusPolicy() & Qt.FocusPolicy.TabFocus

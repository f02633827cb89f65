"""What is to be done: tiles, classifiers, attacks and seeds of a campaign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSpinBox

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.qt.campaign.attacks_part import seeds_of
from onepixel_gui.qt.campaign.builder import BuilderPane
from onepixel_gui.qt.campaign.models_part import NO_MODEL
from onepixel_gui.qt.campaign.progress_pane import ProgressPane
from onepixel_gui.qt.campaign.runs_pane import RunsPane
from onepixel_gui.qt.campaign.tiles_part import NO_TILES
from onepixel_gui.qt.campaign.view import Draft, Estimated, TilesKnown
from onepixel_gui.qt.campaign.words import estimate_words
from onepixel_gui.qt.theme import DARK, LIGHT
from onepixel_gui.study.plan import Estimate
from tests.qt.campaign_doubles import ledger
from tests.qt.campaign_panes.plans import NET, OTHER, filled, heard, source


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

"""The campaign view as a whole: planned, run, paused, stopped, continued; nothing is lost."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from onepixel_gui.problems import DeviceFull
from onepixel_gui.qt.campaign.desk import CampaignDesk
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.study.store import UnusableStudy
from onepixel_gui.tiles.datasets import Dataset
from onepixel_gui.tiles.entries import Entries
from tests.qt.campaign_doubles import StandInEngine, StandInStudies, StandInStudy, kept
from tests.qt.doubles import painted, picture_files

NET = Path("net.safetensors")


class Bench:
    """A desk with what it needs around it."""

    def __init__(self, make_lanes: Any, memory: Memory, engine: StandInEngine, study: Any) -> None:
        self.window = QWidget()
        lanes = make_lanes(1)
        self.session = Session(lanes, make_lanes(1), lanes, self.window)
        self.shelf = Shelf(make_lanes(1), self.window)
        self.gallery = GalleryPane(self.window)
        self.commands = Commands(self.session, self.shelf, lanes, lanes, lanes, memory, self.window)
        self.studies, self.study, self.engine = StandInStudies(study), study, engine
        self.lanes = make_lanes(1)
        self.desk = CampaignDesk(
            self.commands,
            self.session,
            self.shelf,
            self.gallery,
            self.studies,
            self.lanes,
            make=lambda: engine.engine,
        )
        self.page = self.desk.page
        self.failed: list[Any] = []
        self.desk.failed.connect(self.failed.append)

    def list(self, count: int, dataset: Dataset | None = None) -> None:
        tiles = ((f"tile_{n}.png", "mitosis" if n % 2 else "normal", "p") for n in range(count))
        listing = dataset.entries if dataset is not None else painted(*tiles)
        self.gallery.set_listing(listing)
        self.shelf.show(listing, dataset=dataset)

    def ready(self, qtbot: Any, tiles: int = 12) -> None:
        self.list(tiles)
        self.page.builder.models.add_all([NET])
        qtbot.waitUntil(self.page.builder.run.isEnabled)


@pytest.fixture
def engine() -> Iterator[StandInEngine]:
    engine = StandInEngine()
    yield engine
    engine.gate.set()


@pytest.fixture
def study() -> StandInStudy:
    return StandInStudy()


@pytest.fixture
def bench(
    qtbot: Any,
    qapp: QApplication,
    make_lanes: Callable[[int], Any],
    memory: Memory,
    engine: StandInEngine,
    study: StandInStudy,
) -> Iterator[Bench]:
    install(qapp, DARK)
    bench = Bench(make_lanes, memory, engine, study)
    qtbot.addWidget(bench.window)
    qtbot.addWidget(bench.page)
    bench.page.resize(1010, 700)
    with qtbot.waitExposed(bench.page):
        bench.page.show()
    yield bench
    engine.gate.set()
    bench.desk.close()
    bench.shelf.close()


def over(qtbot: Any, bench: Bench) -> None:
    qtbot.waitUntil(lambda: not bench.desk.busy and bench.lanes.busy == 0)


def results(bench: Bench) -> list[str]:
    rows = bench.page.runs.rows
    return [rows.ledger.result(int(row)) for row in rows.order]


# ------------------------------------------------------------------ to the end
def test_a_campaign_runs_to_its_end_and_every_run_is_in_the_table(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    bench.engine.refuses = {4}
    noted, busy, told = [], [], []
    bench.desk.noted.connect(noted.append)
    bench.desk.busy_changed.connect(busy.append)
    bench.desk.kept.connect(told.extend)
    bench.page.builder.run.click()
    over(qtbot, bench)
    assert results(bench).count("flipped") == 4
    assert results(bench).count("held") == 7
    assert results(bench).count("not usable") == 1
    assert [event.task for event in told] == [task for task in range(12) if task != 4]
    assert busy == [True, False]
    assert noted == [f"Campaign done: {bench.page.progress.words[0]}"]
    assert noted[0].endswith("4 of 11 runs flipped: 36.4 % (95 % interval 15.2 to 64.6 %, n = 11)")
    assert bench.page.progress.mosaic.tally["waiting"] == 0
    assert not bench.failed


def test_the_plan_is_what_the_builder_says_and_the_list_holds(
    qtbot: Any, bench: Bench, tmp_path: Path
) -> None:
    names = [f"tile_{n}.png" for n in range(6)]
    listing = painted(*((name, "mitosis") for name in names))
    bench.list(6, Dataset("set", "A set", tmp_path, listing, paths=(tmp_path,)))
    bench.page.builder.models.add_all([NET])
    bench.page.builder.extent.workers.setValue(3)
    bench.page.builder.tiles.filter.setText("label = mitosis")
    qtbot.waitUntil(bench.page.builder.run.isEnabled)
    bench.page.builder.run.click()
    over(qtbot, bench)
    call = bench.engine.calls[-1]
    plan = call["plan"]
    assert (plan.paths, plan.models, plan.where, plan.picked) == (
        (tmp_path,), (NET,), "label = mitosis", ())  # fmt: skip
    assert (call["workers"], call["scheduler"], call["number"]) == (3, "", None)
    assert call["dataset"].entries is listing


def test_my_own_list_is_another_plan_with_its_tiles_alone(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot)
    bench.gallery.set_listed([2, 3, 5])
    bench.gallery.listed_changed.emit((2, 3, 5))
    chooser = bench.page.builder.tiles.chooser
    qtbot.waitUntil(lambda: chooser.findText("My list (3)") >= 0)
    chooser.setCurrentIndex(chooser.findText("My list (3)"))
    chooser.activated.emit(chooser.currentIndex())
    bench.page.builder.run.click()
    over(qtbot, bench)
    plan = bench.engine.calls[-1]["plan"]
    assert plan.picked == ("tile_2.png", "tile_3.png", "tile_5.png")
    assert bench.study.names == [plan.picked]


def test_another_folder_is_looked_at_before_it_begins(
    qtbot: Any, bench: Bench, tmp_path: Path
) -> None:
    picture_files(tmp_path / "pictures")
    bench.page.builder.tiles.take((tmp_path / "pictures",))
    bench.page.builder.models.add_all([NET])
    bench.page.builder.run.click()
    over(qtbot, bench)
    assert len(bench.study.names[0]) == 6
    bench.page.builder.tiles.take((tmp_path / "gone",))
    bench.page.builder.run.click()
    over(qtbot, bench)
    assert len(bench.failed) == 1
    assert bench.failed[0].remedy


# ------------------------------------------------------------------ held, ended, continued
def test_a_paused_campaign_asks_for_no_more_and_goes_on(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 40)
    bench.engine.gate.clear()
    bench.page.builder.run.click()
    qtbot.waitUntil(lambda: bench.desk.runner.standing.began is not None)
    bench.page.progress.pause.click()
    with qtbot.waitSignal(bench.desk.kept) as told:  # what is under way is finished
        bench.engine.gate.set()
    assert len(told.args[0]) == 1
    with qtbot.assertNotEmitted(bench.desk.kept, wait=500):  # else told four times a second
        assert bench.desk.runner.standing.phase == "paused"
    assert len(bench.study.told[0]) == 1
    qtbot.keyClick(bench.page.progress.go_on, Qt.Key.Key_Space)
    over(qtbot, bench)
    assert len(results(bench)) == 40


def test_what_was_stopped_is_offered_again_and_loses_nothing(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 30)
    bench.desk.runner.joined.connect(lambda _: bench.page.progress.stop.click())
    bench.engine.pace = 0.02
    bench.page.builder.run.click()
    over(qtbot, bench)
    done = len(bench.study.told[0])
    assert 0 < done < 30
    assert bench.engine.closed == 1
    qtbot.waitUntil(lambda: len(results(bench)) == done)  # what the study has, not what was told
    bench.desk.runner.joined.disconnect()
    button = bench.page.progress.go_on
    assert button.isVisible()
    assert "unfinished" in bench.page.progress.chooser.currentText()
    button.click()
    over(qtbot, bench)
    assert bench.engine.calls[-1]["number"] == 0
    assert len(results(bench)) == 30
    assert [event.task for event in bench.study.told[0]] == list(range(30))
    assert not button.isVisible()


def test_a_campaign_of_an_opened_study_shows_its_runs_and_can_be_continued(
    qtbot: Any, bench: Bench
) -> None:
    bench.ready(qtbot, 9)
    bench.page.builder.run.click()
    over(qtbot, bench)
    del bench.study.told[0][5:]  # as if killed then
    bench.studies.changed.emit(bench.study)
    qtbot.waitUntil(lambda: len(results(bench)) == 5)
    assert bench.page.progress.words[0].startswith("2 of 5 runs flipped")
    bench.page.progress.go_on.click()
    over(qtbot, bench)
    assert len(results(bench)) == 9


def test_tiles_put_together_by_hand_must_be_in_the_list_to_go_on(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 9)
    bench.page.builder.run.click()
    over(qtbot, bench)
    del bench.study.told[0][5:]
    bench.studies.changed.emit(bench.study)
    bench.list(4)
    qtbot.waitUntil(bench.page.progress.go_on.isVisible)
    bench.page.progress.go_on.click()
    qtbot.waitUntil(lambda: bool(bench.failed))
    assert "5 of them are not in the list" in bench.failed[0].what


def test_a_classifier_that_fails_midway_is_told_and_the_rest_can_be_done_later(
    qtbot: Any, bench: Bench
) -> None:
    bench.ready(qtbot)
    bench.engine.fails = (5, DeviceFull("The card is full.", "Close other programs."))
    bench.page.builder.run.click()
    over(qtbot, bench)
    assert [problem.what for problem in bench.failed] == ["The card is full."]
    assert len(results(bench)) == 5
    bench.engine.fails = None
    bench.page.progress.go_on.click()
    over(qtbot, bench)
    assert len(results(bench)) == 12


def test_closing_while_it_runs_asks_nothing_and_ends_it(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 40)
    bench.engine.pace = 0.02
    bench.page.builder.run.click()
    qtbot.waitUntil(lambda: bench.desk.runner.standing.began is not None)
    bench.desk.close()
    assert bench.lanes.close(3000)
    assert bench.engine.closed == 1
    assert not bench.failed


def test_closing_while_it_is_paused_ends_it_too(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 40)
    bench.engine.pace = 0.02
    bench.page.builder.run.click()
    qtbot.waitUntil(lambda: bench.desk.runner.standing.began is not None)
    bench.page.progress.pause.click()
    bench.desk.close()
    assert bench.lanes.close(3000)
    assert bench.engine.closed == 1


def test_another_study_ends_what_went_on_in_the_one_before(qtbot: Any, bench: Bench) -> None:
    bench.ready(qtbot, 40)
    bench.engine.pace = 0.02
    bench.page.builder.run.click()
    qtbot.waitUntil(lambda: bench.desk.runner.standing.began is not None)
    other = bench.studies.study = StandInStudy()
    bench.studies.changed.emit(other)
    over(qtbot, bench)
    assert bench.engine.closed == 1
    qtbot.waitUntil(lambda: not bench.page.progress.chooser.isVisible())
    assert results(bench) == []
    assert bench.page.progress.words == ("", "")


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

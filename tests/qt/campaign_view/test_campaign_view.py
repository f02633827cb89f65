"""The campaign view as a whole: planned, run, paused, stopped, continued; nothing is lost."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt

from onepixel_gui.problems import DeviceFull
from onepixel_gui.tiles.datasets import Dataset
from tests.qt.campaign_doubles import StandInStudy
from tests.qt.campaign_view.benches import NET, Bench, over, results
from tests.qt.doubles import painted, picture_files


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

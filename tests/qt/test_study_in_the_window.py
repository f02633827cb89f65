"""The study in the window: recorded as it happens, opened, kept elsewhere, back on the bench."""

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton

from onepixel_gui.__main__ import main
from onepixel_gui.attack.probe import Advanced, Ended, Swept
from onepixel_gui.problems import Problem
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.study import desk
from onepixel_gui.qt.study.button import StudyButton
from onepixel_gui.qt.study.offer_strip import OfferStrip
from onepixel_gui.qt.window import Window
from onepixel_gui.study.store import Study, UnusableStudy
from tests.qt.doubles import Drag
from tests.qt.window.deeds import QUICK, open_all, run, until


@pytest.fixture
def window(qtbot, make_window, memory, pictures, checkpoint) -> Window:
    """Six tiles listed, the first on the bench, a classifier looking at it, a study of its own."""
    memory.keep(QUICK)
    window = make_window()
    window.study.begin()
    open_all(qtbot, window, pictures, checkpoint)
    until(qtbot, lambda: window.study.study is not None)
    return window


def ran(qtbot, window: Window, name: str) -> None:
    """The same as `run`, and its record is in the study."""
    before = window.study.runs
    run(qtbot, window, name)
    until(qtbot, lambda: window.study.runs == before + 1)


def kept(path: Path):
    study = Study.open(path, reading=True)
    try:
        return [study.run(number) for number in study.rows().run.tolist()]
    finally:
        study.close()


def finding(window: Window, index: int) -> str:
    return window.gallery.rows.row_of(index).finding_words


def offer(window: Window):
    return window.findChild(OfferStrip)


def button(window: Window) -> StudyButton:
    return window.findChild(StudyButton)


def press(widget, text: str) -> None:
    next(each for each in widget.findChildren(QPushButton) if each.text() == text).click()


# ------------------------------------------------------------------ recording
def test_search_and_sweep_are_recorded_as_they_end(qtbot, window):
    ran(qtbot, window, "run")
    ran(qtbot, window, "sweep")
    tile, found = window.session.tile, window.session.findings
    path = window.study.path
    window.close()
    searched, swept = kept(path)
    assert isinstance(searched.result, Ended)
    assert searched.tile.sha256 == tile.sha256
    assert searched.attack == QUICK.settings
    assert searched.card == window.session.classifier.card
    assert "onepixel-gui attack mitosis_0.png" in searched.command
    assert searched.trail
    assert isinstance(swept.result, Swept)
    assert swept.result.lowest == found.sensitivity.swept.lowest
    assert "onepixel-gui map" in swept.command
    assert searched.result == found.ended


def test_a_search_that_is_stopped_is_recorded_as_stopped(qtbot, window):
    window.commands.set_preferences(QUICK.but(generations=10_000, to_the_end=True))
    heard = []
    window.session.happened.connect(heard.append)
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: any(isinstance(event, Advanced) and event.best for event in heard))
    window.actions_by_name["stop"].trigger()
    until(qtbot, lambda: window.study.runs == 1)
    path = window.study.path
    window.close()
    (record,) = kept(path)
    assert record.stopped
    assert record.trail[-1].queries == record.result.queries
    assert len(record.trail) <= 121


def test_a_closed_study_is_one_tidy_file_and_an_empty_one_is_none(qtbot, window, make_window):
    empty = window.study.path
    assert empty.is_file()
    window.close()
    assert not list(empty.parent.iterdir())
    other = make_window()
    other.study.begin()
    until(qtbot, lambda: other.study.study is not None)
    other.study.note("kept for this remark")
    until(qtbot, lambda: other.study.study.remarks())
    other.close()
    assert [path.suffix for path in empty.parent.iterdir()] == [".onepixel"]


def test_what_a_full_disk_refuses_waits_and_is_written_later(qtbot, window, monkeypatch):
    full = UnusableStudy("The disk is full.", "Free some space.")
    refusing, add_all = [True], Study.add_all

    def added(study, records):
        if refusing[0]:
            raise full
        return add_all(study, records)

    monkeypatch.setattr(Study, "add_all", added)
    run(qtbot, window, "run")
    until(qtbot, lambda: window.messages.text == "The disk is full. Free some space.")
    assert window.study.recorder.waiting == 1
    assert button(window).text().startswith("!")
    assert "1 run could not be written yet" in button(window).toolTip()
    assert window.actions_by_name["run"].isEnabled()  # work goes on
    window.close()  # nothing is lost without a word
    assert window.isVisible()
    assert "1 run could not be written yet" in window.messages.text.lower()
    refusing[0] = False
    ran_before = window.study.runs
    run(qtbot, window, "sweep")
    until(qtbot, lambda: window.study.runs == ran_before + 2)
    assert not window.study.recorder.waiting
    assert not button(window).text().startswith("!")


def test_what_could_not_be_written_is_rescued_at_the_end(qtbot, window, monkeypatch, memory):
    broken, add_all = window.study.study, Study.add_all

    def added(study, records):
        if study is broken:
            raise UnusableStudy("The drive is gone.", "Connect it again.")
        return add_all(study, records)

    monkeypatch.setattr(Study, "add_all", added)
    run(qtbot, window, "run")
    until(qtbot, lambda: window.study.recorder.failing)
    window.close()
    window.close()
    assert not window.isVisible()
    (rescued,) = memory.folder.glob("Rescued*.onepixel")
    assert len(kept(rescued)) == 1
    assert memory.studies()[0].path == str(rescued)  # the next window offers it


def test_a_folder_that_allows_no_writing_is_told_and_work_goes_on(
    qtbot, make_window, memory, pictures, checkpoint
):
    memory.keep(QUICK)
    memory.folder.write_text("a file in its place")
    window = make_window()
    window.study.begin()
    open_all(qtbot, window, pictures, checkpoint)
    until(qtbot, lambda: "cannot be made" in window.messages.text)
    run(qtbot, window, "run")
    assert window.study.recorder.waiting == 1
    window.study.open(memory.folder.parent / "elsewhere.onepixel", make=True)
    until(qtbot, lambda: window.study.runs == 1)


# ------------------------------------------------------------------ opening and keeping
def test_keep_as_goes_on_in_the_copy_with_all_that_was_there(qtbot, window, tmp_path):
    ran(qtbot, window, "run")
    first = window.study.path
    copy = tmp_path / "mine.onepixel"
    window.study.keep_as(copy)
    until(qtbot, lambda: window.study.path == copy and window.jobs == 0)
    assert button(window).text() == "mine"
    assert finding(window, 0) in ("flipped", "held")  # the same work goes on
    ran(qtbot, window, "sweep")
    window.close()
    assert len(kept(copy)) == 2
    assert not first.exists()  # it had no name, and all of it is in the copy


def test_another_study_begins_with_a_bench_of_which_nothing_is_known(qtbot, window, tmp_path):
    ran(qtbot, window, "run")
    before = window.study.path
    window.study.open(tmp_path / "second.onepixel", make=True)
    until(qtbot, lambda: window.study.path != before and window.jobs == 0)
    assert window.session.findings.ended is None
    assert finding(window, 0) == "not run"
    assert window.study.runs == 0
    window.study.open(before)
    until(qtbot, lambda: window.session.findings.ended is not None)
    until(qtbot, lambda: finding(window, 0) != "not run")


def test_an_opened_study_shows_its_results_again_without_asking(
    qtbot, window, make_window, pictures, checkpoint
):
    ran(qtbot, window, "run")
    ran(qtbot, window, "sweep")
    path, ended = window.study.path, window.session.findings.ended
    window.close()
    again = make_window()
    again.study.begin(path)
    open_all(qtbot, again, pictures, checkpoint)
    until(qtbot, lambda: again.session.findings.ended is not None)
    assert again.session.findings.ended == ended
    assert again.session.findings.latest == "sweep"
    assert again.session.activity is None
    until(qtbot, lambda: finding(again, 0) != "not run")
    assert again.study.runs == 2  # nothing was recorded anew
    again.gallery.step(1)
    until(qtbot, lambda: again.session.tile.name == "mitosis_1.png" and again.jobs == 0)
    assert again.session.findings.ended is None


def test_a_tile_of_another_picture_bearing_a_known_name_has_no_result(
    qtbot, window, make_window, pictures, checkpoint
):
    ran(qtbot, window, "run")
    path = window.study.path
    window.close()
    shutil.copy(pictures[1], pictures[0])  # mitosis_0.png is another tile now
    again = make_window()
    again.study.begin(path)
    open_all(qtbot, again, pictures, checkpoint)
    until(qtbot, lambda: again.study.study is not None and again.jobs == 0)
    assert finding(again, 0) == "not run"
    assert again.session.findings.ended is None


def test_a_study_dropped_on_the_window_is_opened(qtbot, window, tmp_path):
    other = tmp_path / "dropped.onepixel"
    Study.open(other, make=True).close()
    drag = Drag(other)
    assert drag.enter(window)
    assert drag.drop(window)
    until(qtbot, lambda: window.study.path == other)
    assert window.windowTitle().startswith("mitosis_0.png")  # what is on the bench stays


def test_a_file_that_is_no_study_is_told_and_the_open_one_stays(qtbot, window, tmp_path):
    stranger, before = tmp_path / "stranger.onepixel", window.study.path
    stranger.write_bytes(b"no database")
    window.study.open(stranger)
    until(qtbot, lambda: "stranger.onepixel" in window.messages.text)
    assert window.study.path == before


def test_a_study_that_is_held_is_offered_for_reading(qtbot, window, tmp_path):
    path = tmp_path / "held.onepixel"
    holder = Study.open(path, make=True, doing="a campaign")
    window.study.open(path)
    until(qtbot, lambda: offer(window).isVisible())
    assert "held.onepixel" in offer(window).offer.words
    press(offer(window), "Open for reading")
    until(qtbot, lambda: window.study.path == path)
    assert not window.study.writable
    assert button(window).text() == "held (reading)"
    assert not window.actions_by_name["add_note"].isEnabled()
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    run(qtbot, window, "run")
    assert not window.study.recorder.waiting  # nothing is recorded, and the heading says so
    assert window.session.findings.ended is not None
    assert holder.count() == 0
    holder.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_study_in_a_folder_for_reading_is_read(qtbot, window, tmp_path):
    folder = tmp_path / "frozen"
    folder.mkdir()
    path = folder / "frozen.onepixel"
    Study.open(path, make=True).close()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        window.study.open(path)
        until(qtbot, lambda: window.study.path == path)
        assert not window.study.writable
        assert "opened for reading" in window.messages.text
    finally:
        folder.chmod(0o755)


def test_no_other_study_is_opened_while_a_campaign_writes(window, tmp_path):
    before = window.study.path
    window.study.engaged = lambda: True
    window.study.open(tmp_path / "other.onepixel", make=True)
    assert "campaign is running" in window.messages.text
    assert window.study.path == before
    assert not (tmp_path / "other.onepixel").exists()
    window.study.engaged = lambda: False


# ------------------------------------------------------------------ recent ones, and the last one
def test_a_window_opened_within_the_same_second_has_a_study_of_its_own(
    qtbot, window, make_window, memory, monkeypatch
):
    ran(qtbot, window, "run")
    path = window.study.path
    window.close()

    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.strptime(path.stem, "Untitled %Y-%m-%d %H.%M.%S").astimezone(tz)

    monkeypatch.setattr(desk, "datetime", Then)
    again = make_window(Memory(memory.folder.parent / "settings.ini"))
    again.study.begin()
    until(qtbot, lambda: again.study.path is not None)
    assert again.study.path == path.with_name(f"{path.stem} 2.onepixel")
    assert again.study.runs == 0


def test_the_last_study_is_offered_and_continued(qtbot, window, make_window, memory):
    ran(qtbot, window, "run")
    path = window.study.path
    window.close()
    again = make_window(Memory(memory.folder.parent / "settings.ini"))
    again.study.begin()
    until(qtbot, lambda: offer(again).isVisible())
    assert "holds 1 run." in offer(again).offer.words
    assert "was ended" not in offer(again).offer.words
    press(offer(again), "Continue it")
    until(qtbot, lambda: again.study.path == path and again.jobs == 0)
    assert again.study.runs == 1
    assert [each.suffix for each in path.parent.iterdir()].count(".onepixel") == 1


def test_recent_studies_are_listed_and_what_is_gone_is_located(qtbot, window, tmp_path):
    ran(qtbot, window, "run")
    first = window.study.path
    window.study.open(tmp_path / "named.onepixel", make=True)
    until(qtbot, lambda: window.study.path.stem == "named" and window.jobs == 0)
    texts = [action.text() for action in button(window).menu().actions()]
    assert any(text.startswith("named") for text in texts)
    assert any(first.stem[:8] in text and "1 run" in text for text in texts)
    moved = tmp_path / "moved.onepixel"
    first.rename(moved)
    with qtbot.waitSignal(window.study.recents.changed):
        window.study.recents.look()
    assert any("locate" in action.text() for action in button(window).menu().actions())
    lost = next(each for each in window.study.recents.entries if each.path == str(first))
    window.study.locate(lost, moved)
    until(qtbot, lambda: window.study.path == moved and window.study.runs == 1)
    assert str(first) not in [each.path for each in window.study.recents.entries]


def test_a_study_named_on_the_command_line_opens_the_window(monkeypatch, tmp_path):
    begun = []
    monkeypatch.setattr("onepixel_gui.qt.app.run_window", lambda study: begun.append(study) or 0)
    monkeypatch.setattr(sys, "argv", ["onepixel-gui", str(tmp_path / "mine.onepixel")])
    with pytest.raises(SystemExit):
        main()
    assert begun == [tmp_path / "mine.onepixel"]


# ------------------------------------------------------------------ back on the bench
def test_a_run_of_the_study_comes_back_with_its_tile_and_classifier(
    qtbot, window, make_window, pictures
):
    ran(qtbot, window, "run")
    path, ended = window.study.path, window.session.findings.ended
    tile = window.session.tile
    window.close()
    for picture in pictures:
        picture.unlink()  # the study keeps the pixels itself
    again = make_window()
    again.study.begin(path)
    until(qtbot, lambda: again.study.study is not None)
    again.study.put_on_bench(1)
    until(qtbot, lambda: again.session.findings.ended is not None)
    assert again.session.tile.sha256 == tile.sha256
    assert again.session.findings.ended == ended
    assert again.study.bench_run == 1


def test_a_run_whose_card_was_edited_since_is_asked_as_it_was_then(qtbot, window):
    ran(qtbot, window, "run")
    ended, then = window.session.findings.ended, window.session.classifier.card
    window.arrivals.again(replace(then, threshold=0.9))
    until(qtbot, lambda: window.session.classifier.card.threshold == 0.9 and window.jobs == 0)
    assert window.session.findings.ended is None
    window.study.put_on_bench(1)
    until(qtbot, lambda: window.session.findings.ended is not None)
    assert window.session.classifier.card.threshold == then.threshold
    assert window.session.findings.ended == ended


def test_a_run_whose_checkpoint_nobody_knows_is_told_and_shown_once_it_is_dropped(
    qtbot, window, make_window, checkpoint, tmp_path
):
    ran(qtbot, window, "run")
    path, ended = window.study.path, window.session.findings.ended
    window.close()
    stranger = make_window(Memory(tmp_path / "other" / "settings.ini"))
    stranger.study.begin(path)
    until(qtbot, lambda: stranger.study.study is not None)
    stranger.study.put_on_bench(1)
    until(qtbot, lambda: stranger.session.tile is not None)
    assert "Drop the checkpoint" in stranger.messages.text
    stranger.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: stranger.session.findings.ended is not None)
    assert stranger.session.findings.ended == ended


def test_brushed_tiles_of_the_study_are_chosen_in_the_list(qtbot, window):
    for _ in range(2):
        ran(qtbot, window, "run")
        window.gallery.step(1)
        until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    window.room.marks.look()
    until(qtbot, lambda: len(window.room.marks.places) == 2)
    window.room.population.brushed.emit((2, 1, 99))
    assert window.facts == "2 of these 3 tiles are in the list"
    assert window.gallery.list.selected_rows == [range(2)]
    assert window.session.tile.name == "mitosis_2.png"


def test_replay_tells_the_search_again_and_stop_ends_it(qtbot, window):
    ran(qtbot, window, "run")
    until(qtbot, lambda: window.actions_by_name["replay"].isEnabled())
    told = []
    window.study.replay.happened.connect(told.append)
    window.actions_by_name["replay"].trigger()
    assert window.study.replay.playing
    assert window.actions_by_name["stop"].isEnabled()
    assert not window.actions_by_name["replay"].isEnabled()
    window.actions_by_name["stop"].trigger()
    assert not window.study.replay.playing
    assert told[0] == window.session.findings.began
    assert told[-1] == window.session.findings.ended
    assert window.study.runs == 1  # to watch it again is no run


def test_a_new_run_ends_the_replay(qtbot, window):
    ran(qtbot, window, "run")
    window.actions_by_name["replay"].trigger()
    ran(qtbot, window, "sweep")
    assert not window.study.replay.playing


# ------------------------------------------------------------------ results out
def test_the_table_of_all_runs_is_written_by_its_suffix(qtbot, window, tmp_path):
    ran(qtbot, window, "run")
    for name in ("runs.csv", "runs.json"):
        window.room.wishes.write_table(tmp_path / name)
        until(qtbot, (tmp_path / name).is_file)
        assert "mitosis_0.png" in (tmp_path / name).read_text("utf-8")
    window.room.wishes.write_table(tmp_path / "runs.doc")
    until(qtbot, lambda: "No table is written as .doc" in window.messages.text)


# ------------------------------------------------------------------ notes and views
def test_a_remark_on_the_run_on_the_bench_is_kept(qtbot, window):
    ran(qtbot, window, "run")
    for words in ("looks like an artefact", "seen again"):
        window.actions_by_name["add_note"].trigger()
        line = window.room.line.line
        qtbot.keyClicks(line, words)
        qtbot.keyPress(line, "\r")
        until(qtbot, lambda words=words: words in [r.words for r in window.study.study.remarks()])
    assert [remark.run for remark in window.study.study.remarks()] == [1, 1]
    window.actions_by_name["add_note"].trigger()
    until(qtbot, lambda: "looks like an artefact" in window.room.line.before)
    assert isinstance(window.focusWidget(), QLineEdit)


def test_escape_leaves_the_campaign_and_the_bench_is_seen_again(window):
    window.actions_by_name["campaign"].trigger()
    assert window.views.view == "campaign"
    assert not window.tile.isVisible()
    assert not window.verdict.isVisible()
    window.actions_by_name["stop"].trigger()
    assert window.views.view == "bench"
    assert window.tile.isVisible()
    window.actions_by_name["campaign"].trigger()
    window.actions_by_name["campaign"].trigger()
    assert window.views.view == "bench"


def test_the_population_is_made_when_it_is_first_looked_at_and_shows_the_study(qtbot, window):
    ran(qtbot, window, "run")
    window.actions_by_name["campaign"].trigger()
    window.actions_by_name["population"].trigger()
    assert window.views.view == "population"
    assert window.room.population.page.isVisible()
    assert not window.campaign.visible
    until(qtbot, lambda: window.jobs == 0)
    window.room.population.run_wished.emit(1)
    assert window.views.view == "bench"
    until(qtbot, lambda: window.session.findings.ended is not None)


def test_a_run_chosen_in_the_campaign_is_seen_on_the_bench(qtbot, window):
    ran(qtbot, window, "run")
    window.gallery.step(1)
    until(qtbot, lambda: window.session.tile.name == "mitosis_1.png" and window.jobs == 0)
    window.actions_by_name["campaign"].trigger()
    window.campaign.run_wished.emit(1)
    assert window.views.view == "bench"
    until(qtbot, lambda: window.session.tile.name == "mitosis_0.png")
    until(qtbot, lambda: window.session.findings.ended is not None)


# ------------------------------------------------------------------ what a crash leaves
KILLED = """
    import os, signal, sys
    from pathlib import Path
    from PySide6.QtCore import QEventLoop
    from onepixel_gui.qt.app import make_application
    from onepixel_gui.qt.preferences import Memory, Preferences
    from onepixel_gui.qt.window import Window

    make_application()
    memory = Memory(Path(sys.argv[1]) / "settings.ini")
    memory.keep(Preferences(population=60, generations=6, device="cpu"))
    window = Window(memory)
    window.study.begin()
    window.commands.open_paths([Path(sys.argv[2])])
    window.commands.use_checkpoint(Path(sys.argv[3]))
    window.session.question_changed.connect(lambda q: q and window.commands.run())
    window.study.recorded.connect(lambda number: os.kill(os.getpid(), signal.SIGKILL))
    window.show()
    QEventLoop().exec()
"""


def test_a_window_killed_after_a_run_has_it_in_its_study_and_offers_it(
    qtbot, make_window, memory, pictures, checkpoint, tmp_path
):
    words = [str(tmp_path), str(pictures[0].parent.parent), str(checkpoint)]
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), *words],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ended.returncode == -9, ended.stderr
    (path,) = memory.folder.glob("*.onepixel")
    window = make_window(Memory(tmp_path / "settings.ini"))
    window.study.begin()
    until(qtbot, lambda: offer(window).isVisible())
    assert "The window was ended while it was open" in offer(window).offer.words
    press(offer(window), "Continue it")
    until(qtbot, lambda: window.study.path == path)
    assert window.study.runs == 1
    window.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert isinstance(kept(path)[0].result, Ended)


def test_finding_of_a_study_never_hides_a_newer_one(qtbot, window):
    ran(qtbot, window, "run")
    window.gallery.set_findings({0: Finding("stopped", 0.5), 1: Finding("held", 0.4)})
    assert finding(window, 0) != "stopped"
    assert finding(window, 1) == "held"
    problem = Problem("What.", "Do.")
    window.show_problem(problem)
    assert "What." in window.messages.text

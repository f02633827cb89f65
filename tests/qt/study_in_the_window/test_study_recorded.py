"""Runs are recorded as they happen, and survive full disks and crashes."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

from onepixel_gui.attack.probe import Advanced, Ended, Swept
from onepixel_gui.problems import Problem
from onepixel_gui.qt.gallery.tile_rows import Finding
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.study.store import Study, UnusableStudy
from tests.qt.study_in_the_window.deeds import button, finding, kept, offer, press, ran
from tests.qt.window.deeds import QUICK, open_all, run, until


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
        cwd=Path(__file__).parents[3],
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

"""Studies are opened, kept elsewhere, and offered again."""

import os
import shutil
import sys
from datetime import datetime

import pytest

from onepixel_gui.__main__ import main
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.study import desk
from onepixel_gui.study.store import Study
from tests.qt.doubles import Drag
from tests.qt.study_in_the_window.deeds import button, finding, kept, offer, press, ran
from tests.qt.window.deeds import open_all, run, until


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

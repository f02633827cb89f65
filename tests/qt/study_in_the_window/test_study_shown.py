"""What a study holds comes back on the bench, into views and into tables."""

from dataclasses import replace

from PySide6.QtWidgets import QLineEdit

from onepixel_gui.qt.preferences import Memory
from tests.qt.study_in_the_window.deeds import ran
from tests.qt.window.deeds import until


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

"""A dropped folder on its way: looked at, told, asked about, handed on or sent away."""

from threading import Event as Gate

import pytest
from PySide6.QtWidgets import QFileDialog

from onepixel_gui.problems import Unexpected
from onepixel_gui.qt.datasets.view import progress
from onepixel_gui.qt.jobs import Job
from onepixel_gui.tiles.entries import Entries
from tests.qt.dataset_dialog.places import stall
from tests.qt.dataset_stand_ins import plain


# ------------------------------------------------------------------ what asks and what does not
def test_a_plain_small_folder_is_ready_at_once_and_shows_no_card(place):
    shown = []
    place.desk.glance.setInterval(60_000)  # the machine may be busy, the folder is small
    place.desk.changed.connect(lambda look: shown.append(look is not None and not look.quiet))
    place.known("tiles")
    assert place.told == [("ready_at_once", place.drive.found["tiles"])]
    assert not any(shown)


@pytest.mark.parametrize(
    "facts",
    [
        {"notes": ("It has 40 classes.",)},
        {"missing": ("1 of 7 tiles is missing: a.png.",)},
        {"kind": "idc"},
        {"entries": Entries(), "counts": {}},
    ],
)
def test_what_has_something_to_tell_is_asked_about(place, facts):
    place.drive.found["tiles"] = plain(**facts)
    assert place.known("tiles").dataset is place.drive.found["tiles"]
    assert place.card.isVisible()
    assert not place.told


def test_a_large_folder_is_asked_about(place):
    place.known("many")
    assert place.card.isVisible()


def test_opening_hands_on_what_was_found_and_hides_the_card(place):
    found = place.known("tupac").dataset
    place.desk.open("tiles")
    assert place.told == [("tiles_wished", found)]
    assert not place.card.isVisible()
    assert place.look is None


def test_slides_are_handed_on_apart_from_tiles(place):
    found = place.known("tupac").dataset
    place.desk.open("slides")
    assert place.told == [("slides_wished", found)]


def test_no_tiles_are_opened_where_there_are_only_slides(place):
    place.known("slides")
    place.desk.open("tiles")
    assert place.look is not None
    place.desk.open("slides")
    assert [name for name, _ in place.told] == ["slides_wished"]


def test_nothing_dropped_is_nothing_to_look_at(place):
    place.desk.bring([])
    assert place.look is None


def test_several_paths_are_one_drop(place):
    place.known("tupac", "elsewhere")
    assert [name for name, _, _ in place.drive.asked] == ["tupac"]
    place.desk.open("tiles")
    assert place.told


def test_cancel_works_at_once_while_the_drive_stalls(place):
    stall(place)
    place.desk.cancel()
    assert place.told == [("dismissed", None)]
    assert place.look is None
    assert place.lanes.busy == 1, "the drive still stalls"


def test_a_new_look_does_not_wait_for_a_stalled_one_whose_late_word_is_dropped(place):
    stall(place)
    place.desk.cancel()
    found = place.known("tupac").dataset
    assert found.kind == "tupac"
    place.drive.gate.set()
    place.until(lambda: place.lanes.busy == 0)
    assert place.look.dataset is found
    assert place.told == [("dismissed", None)]


def test_what_was_told_but_not_yet_heard_is_dropped(place, monkeypatch):
    ended = Gate()

    class Watched(Job):
        def run(self) -> None:
            super().run()
            ended.set()

    monkeypatch.setattr("onepixel_gui.qt.datasets.looking.Job", Watched)
    place.bring("tupac")
    assert ended.wait(20)  # all of it is on its way to this thread
    place.bring("slow")
    place.until(lambda: place.look.looked is not None)
    assert place.look.looked.where == "slow"
    assert place.look.dataset is None


def test_a_new_drop_replaces_what_is_looked_at(place):
    stall(place)
    place.known("tupac")
    place.drive.gate.set()
    place.until(lambda: place.lanes.busy == 0)
    assert place.look.dataset.kind == "tupac"
    assert not place.told


def test_after_closing_nothing_is_told(place):
    stall(place)
    place.desk.close()
    place.drive.gate.set()
    place.until(lambda: place.lanes.busy == 0)
    assert not place.told
    assert place.look is None


def test_the_lanes_close_although_a_drive_stalls(place):
    stall(place)
    assert place.lanes.close(patience_ms=1) is False
    place.drive.gate.set()


def test_what_takes_a_while_is_shown_while_it_is_looked_at(place):
    place.desk.glance.setInterval(1)
    stall(place)
    place.until(place.card.isVisible)
    assert progress(place.look) == "Looking into slow · 1 file seen"


def test_a_silent_drive_is_told_and_its_next_word_takes_that_back(place):
    place.desk.lookout.silence.setInterval(1)
    stall(place)
    place.until(lambda: place.look.silent)
    assert "has not answered" in progress(place.look)
    place.desk.lookout.silence.setInterval(60_000)
    place.drive.gate.set()
    assert not place.again().silent


def test_what_is_wished_for_early_is_opened_as_soon_as_it_is_known(place):
    stall(place)
    place.desk.open("tiles")
    assert progress(place.look).startswith("Opened as soon as it is known")
    place.drive.gate.set()
    place.until(lambda: place.told)
    assert place.told == [("tiles_wished", place.drive.found["slow"])]


def test_an_early_wish_for_tiles_that_are_not_there_leaves_the_question(place):
    place.drive.stalled.add("slides")
    stall(place, "slides")
    place.desk.open("tiles")
    place.drive.gate.set()
    assert place.again().wish is None
    assert not place.told


# ------------------------------------------------------------------ problems
def test_what_cannot_be_read_is_told_in_place_and_opens_nothing(place):
    look = place.known("broken")
    assert look.problem.what == "broken holds no tiles."
    assert progress(look) == "Choose another folder."
    assert not look.gone
    place.desk.open("tiles")
    assert not place.told


def test_a_bug_in_a_reader_is_told_as_one(place):
    assert isinstance(place.known("buggy").problem, Unexpected)


def test_what_is_gone_is_located_and_looked_at_there(place, monkeypatch):
    look = place.known("nowhere")
    assert look.gone
    assert "nowhere is not there any more" in look.problem.what
    assert not place.drive.asked
    there = str(place.folder / "tupac")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: there)
    place.desk.locate()
    assert place.again().dataset.kind == "tupac"


def test_a_file_that_is_gone_is_sought_among_files(place, monkeypatch):
    place.known("slide.svs")
    there = str(place.folder / "tupac")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (there, ""))
    place.desk.locate()
    assert place.again().dataset.kind == "tupac"


def test_missing_images_are_sought_where_the_reader_says(place, monkeypatch):
    assert place.known("tupac").dataset.missing
    elsewhere = place.folder / "elsewhere"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(elsewhere))
    place.desk.locate()
    assert not place.again().dataset.missing
    assert place.drive.asked[-1][2] == elsewhere
    place.desk.sample("seed", 3)
    place.again()
    assert place.drive.asked[-1][2] == elsewhere, "it was forgotten at the next look"


def test_locating_nothing_changes_nothing(place, monkeypatch):
    before = place.known("tupac")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    place.desk.locate()
    assert place.look is before

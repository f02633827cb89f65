"""A dropped folder on its way: looked at, told, asked about, handed on or sent away."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Gate
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from onepixel_gui.problems import Unexpected, UnusableDataset
from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.desk import DatasetDesk
from onepixel_gui.qt.datasets.view import progress
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job
from onepixel_gui.qt.recent import RecentlyOpened
from onepixel_gui.tiles.datasets import Dataset
from onepixel_gui.tiles.entries import Entries
from tests.core.dataset_files import tupac_alternative, tupac_of_codait
from tests.qt.dataset_stand_ins import Drive, detection, plain, refused
from tests.qt.doubles import picture_files


@dataclass
class Place:
    """A desk with its card over a window, and all that was told."""

    qtbot: Any
    desk: DatasetDesk
    card: DatasetCard
    lanes: Detached
    drive: Drive
    folder: Path
    told: list[tuple[str, Any]] = field(default_factory=list)

    def bring(self, *names: str) -> None:
        self.desk.bring([self.folder / name for name in names])

    def until(self, holds) -> None:
        self.qtbot.waitUntil(lambda: bool(holds()), timeout=10_000)

    def known(self, *names: str) -> Any:
        """What is shown of these once they were looked at."""
        self.bring(*names)
        self.until(lambda: self.look is None or not self.look.busy)
        return self.look

    def again(self) -> Any:
        """What is shown after the looking that goes on."""
        self.until(lambda: not self.look.busy)
        return self.look

    @property
    def look(self):
        return self.desk.look


NAMES = ("tiles", "many", "tupac", "slides", "broken", "buggy", "slow")


@pytest.fixture
def over(qtbot, qapp):
    del qapp
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(1280, 860)
    QLineEdit(widget).setAccessibleName("Elsewhere")
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


@pytest.fixture
def place(qtbot, over, tmp_path, memory):
    drive = Drive(
        {
            "tiles": plain(),
            "many": plain(200_000),
            "tupac": detection(),
            "slides": detection(kind="slides", entries=Entries(), counts={}, sampling=None),
            "broken": refused(),
            "buggy": KeyError("a slip"),
            "slow": plain(notes=("A note.",)),
        },
        stalled={"slow"},
    )
    for name in (*NAMES, "elsewhere"):
        (tmp_path / name).mkdir()
    card, lanes = DatasetCard(over), Detached()
    opened = RecentlyOpened(memory, lanes)
    desk = DatasetDesk(card, lanes, opened=opened, look=drive.looking)
    made = Place(qtbot, desk, card, lanes, drive, tmp_path)
    for name in ("ready_at_once", "tiles_wished", "slides_wished"):
        getattr(desk, name).connect(lambda told, name=name: made.told.append((name, told)))
    desk.dismissed.connect(lambda: made.told.append(("dismissed", None)))
    yield made
    drive.gate.set()
    desk.close()
    made.until(lambda: lanes.busy == 0)


# ------------------------------------------------------------------ what asks and what does not
def test_a_plain_small_folder_is_ready_at_once_and_shows_no_card(place):
    shown = []
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


# ------------------------------------------------------------------ a drive that stalls
def stall(place, name: str = "slow") -> None:
    place.bring(name)
    place.until(lambda: place.drive.asked and place.look.looked is not None)


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


# ------------------------------------------------------------------ sampling
def test_another_sampling_is_looked_for_once_after_a_pause_and_the_counts_follow(place):
    place.known("tupac")
    for normals in (2, 3, 5):
        place.desk.sample("normals", normals)
    assert place.look.usable is None, "its counts are stale"
    assert dict(place.again().dataset.counts) == {"mitosis": 4, "normal": 20}
    assert [sampling.normals for _, sampling, _ in place.drive.asked] == [1, 5]
    assert place.look.usable is place.look.dataset


def test_stale_counts_are_not_opened_but_those_that_follow_are(place):
    place.known("tupac")
    place.desk.sample("normals", 3)
    place.desk.open("tiles")
    assert not place.told
    place.until(lambda: place.told)
    ((_, found),) = place.told
    assert found.sampling.normals == 3


def test_a_value_changed_and_changed_back_needs_no_other_look(place):
    place.known("tupac")
    place.desk.sample("normals", 1)
    assert not place.look.busy


def test_tiles_are_cut_as_the_classifier_takes_them_unless_the_reader_says_otherwise(place):
    place.desk.set_classifier((80, 96), 0.25)
    look = place.known("tupac")
    assert (look.sampling.shape, look.sampling.mpp) == ((80, 96), 0.25)
    assert look.sources["shape"] == "as the classifier takes it"
    place.desk.sample("shape", (50, 50))
    assert place.again().sources["shape"] == "chosen by you"
    place.desk.set_classifier((32, 32), 0.5)
    look = place.again()
    assert (look.sampling.shape, look.sampling.mpp) == ((50, 50), 0.5)


def test_another_classifier_looks_again_only_where_tiles_are_cut(place):
    place.known("many")
    place.desk.set_classifier((80, 80), None)
    assert not place.look.busy
    assert len(place.drive.asked) == 1


def test_the_next_drop_begins_without_the_readers_choices(place):
    place.known("tupac")
    place.desk.sample("normals", 7)
    place.again()
    assert place.known("tupac").sampling.normals == 1


def test_an_edit_while_it_is_looked_at_is_not_lost(place):
    place.drive.stalled.add("tupac")
    stall(place, "tupac")
    place.drive.stalled.clear()
    place.desk.sample("normals", 6)
    assert place.again().dataset.sampling.normals == 6


# ------------------------------------------------------------------ remembered
def test_what_was_opened_is_remembered_by_what_it_is(place, memory):
    place.known("tupac")
    assert memory.opened() == ()
    place.desk.open("tiles")
    (entry,) = memory.opened()
    assert entry.path == str(place.folder / "tupac")
    assert (entry.kind, entry.title) == ("data set", "TUPAC16 auxiliary mitosis set")


def test_what_was_only_looked_at_is_not_remembered(place, memory):
    place.known("tupac")
    place.desk.cancel()
    assert memory.opened() == ()


# ------------------------------------------------------------------ with the real reader
@pytest.fixture
def real(qtbot, over):
    """A desk with the reader that the window has."""
    lanes = Detached()
    desk = DatasetDesk(DatasetCard(over), lanes)
    yield desk
    desk.close()
    qtbot.waitUntil(lambda: lanes.busy == 0)


def known(qtbot, desk: DatasetDesk) -> Dataset:
    qtbot.waitUntil(lambda: desk.look.usable is not None, timeout=10_000)
    return desk.look.usable


def test_a_real_detection_set_is_counted_anew_for_another_sampling(qtbot, real, tmp_path):
    tupac_of_codait(tmp_path / "tupac")
    real.bring([tmp_path / "tupac"])
    mitoses = known(qtbot, real).counts["mitosis"]
    assert known(qtbot, real).sampling.shape == (64, 64)
    real.sample("normals", 0)
    assert dict(known(qtbot, real).counts) == {"mitosis": mitoses}


def test_real_labels_without_images_find_them_where_the_reader_says(
    qtbot, real, tmp_path, monkeypatch
):
    tupac_alternative(tmp_path / "labels")
    tupac_of_codait(tmp_path / "images")
    real.bring([tmp_path / "labels"])
    assert known(qtbot, real).missing
    assert len(known(qtbot, real).entries) == 0
    there = str(tmp_path / "images")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: there)
    real.locate()
    assert known(qtbot, real).counts["mitosis"] > 0


def test_real_class_folders_are_ready_at_once_with_their_counts(qtbot, real, tmp_path):
    picture_files(tmp_path / "pictures")
    with qtbot.waitSignal(real.ready_at_once) as ready:
        real.bring([tmp_path / "pictures"])
    assert dict(ready.args[0].counts) == {"mitosis": 3, "normal": 3}


def test_a_real_folder_without_anything_is_a_problem_on_the_card(qtbot, real, tmp_path):
    (tmp_path / "empty").mkdir()
    real.bring([tmp_path / "empty"])
    qtbot.waitUntil(lambda: real.look.problem is not None)
    assert isinstance(real.look.problem, UnusableDataset)
    assert not real.look.gone

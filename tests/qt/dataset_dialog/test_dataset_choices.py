"""Another sampling, what is remembered, and the same with the real reader."""

import pytest
from PySide6.QtWidgets import QFileDialog

from onepixel_gui.problems import UnusableDataset
from onepixel_gui.qt.datasets.card import DatasetCard
from onepixel_gui.qt.datasets.desk import DatasetDesk
from onepixel_gui.qt.detached import Detached
from onepixel_gui.tiles.datasets import Dataset
from tests.core.dataset_files import tupac_alternative, tupac_of_codait
from tests.qt.dataset_dialog.places import stall
from tests.qt.doubles import picture_files


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

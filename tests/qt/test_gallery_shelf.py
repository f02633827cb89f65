"""The shelf behind the gallery: what is on screen is fetched, the rest on request."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from threading import Event as Gate
from typing import Any

import numpy as np
import pytest

from onepixel_gui.problems import DeviceFull, Problem, UnreadableTile
from onepixel_gui.qt.gallery import shelf as shelf_module
from onepixel_gui.qt.gallery.shelf import REMEMBERED, Shelf, sample
from onepixel_gui.tiles import datasets
from onepixel_gui.tiles.entries import Entries
from onepixel_gui.tiles.folders import Looked
from tests.qt.doubles import PaintedEntry, StandInClassifier, painted, picture_files

GONE = UnreadableTile("b.png does not exist.", "Check that it was not moved.")


class Ear:
    """Writes down what a shelf tells."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.pictured: list[int] = []
        self.scored: dict[int, tuple[int, float]] = {}
        self.refused: dict[int, str] = {}
        self.failed: list[Problem] = []
        self.progress: list[tuple[int, int]] = []
        shelf.pictured.connect(lambda index, _: self.pictured.append(index))
        shelf.scored.connect(self._hear)
        shelf.refused.connect(lambda index, why: self.refused.update({index: why.what}))
        shelf.failed.connect(self.failed.append)
        shelf.scoring_changed.connect(lambda done, total: self.progress.append((done, total)))

    def _hear(self, keys: Any, answers: Any, confidences: Any) -> None:
        told = zip(keys.tolist(), answers.tolist(), confidences.tolist(), strict=True)
        self.scored.update({key: (answer, confidence) for key, answer, confidence in told})


@pytest.fixture
def shelf(make_lanes: Any) -> Any:
    made = Shelf(make_lanes(1))
    yield made
    made.close()


@pytest.fixture
def ear(shelf: Shelf) -> Ear:
    return Ear(shelf)


class GatedEntry(PaintedEntry):
    """Waits before it is read."""

    gate = Gate()
    reached = Gate()

    def read(self) -> Any:
        GatedEntry.reached.set()
        assert GatedEntry.gate.wait(20), "the gate was never opened"
        return super().read()


@pytest.fixture
def gate() -> Any:
    GatedEntry.gate.clear()
    GatedEntry.reached.clear()
    yield GatedEntry.gate
    GatedEntry.gate.set()


# ------------------------------------------------------------------ which tiles
def test_a_folder_is_opened_as_a_list_that_begins_where_it_was_asked_to(
    qtbot: Any, shelf: Shelf, tmp_path: Any
) -> None:
    files = picture_files(tmp_path)
    with qtbot.waitSignal(shelf.opened) as opened:
        shelf.open([tmp_path], first=files[4].name)
    assert list(opened.args[0].names) == [file.name for file in files]
    assert shelf.start == 4
    assert [file.path for file in shelf.files] == files
    assert shelf.labelled(2) == [files[0], files[3]]


def test_any_list_can_be_put_there(qtbot: Any, shelf: Shelf) -> None:
    listing = painted(("a",), ("b",))
    with qtbot.waitSignal(shelf.opened) as opened:
        shelf.show(listing, start=1)
    assert opened.args == [listing]
    assert (shelf.listing, shelf.start, shelf.files) == (listing, 1, ())


def test_what_cannot_be_opened_leaves_the_list_there_was(
    qtbot: Any, shelf: Shelf, ear: Ear, tmp_path: Any
) -> None:
    listing = painted(("a",))
    shelf.show(listing)
    with qtbot.waitSignal(shelf.failed):
        shelf.open([tmp_path])
    assert shelf.listing is listing
    assert len(ear.failed) == 1


def test_listing_a_folder_tells_how_far_it_is_and_can_be_given_up(
    qtbot: Any, shelf: Shelf, gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looking(_paths: Any) -> Any:
        yield Looked(7, "pictures")
        assert gate.wait(20), "the gate was never opened"
        yield Looked(8, "pictures")
        return None

    monkeypatch.setattr(datasets, "looking", looking)
    told: list[Any] = []
    shelf.looked.connect(told.append)
    with qtbot.waitSignal(shelf.looked):
        shelf.open([])
    shelf.stop_opening()
    with qtbot.assertNotEmitted(shelf.opened, wait=100):
        gate.set()
    assert told == [Looked(7, "pictures"), None]


def test_what_was_told_before_the_list_changed_is_not_heard_after(
    qtbot: Any, shelf: Shelf, ear: Ear, gate: Any
) -> None:
    shelf.show(Entries((PaintedEntry("a"), GatedEntry("b"))))
    shelf.look_at([0, 1])
    assert GatedEntry.reached.wait(20)  # the first picture lies in the queue of this thread
    shelf.show(painted(("other",)))
    with qtbot.assertNotEmitted(shelf.pictured, wait=100):
        gate.set()
    assert ear.pictured == []


# ------------------------------------------------------------------ what is on screen
def test_what_is_on_screen_gets_a_picture_and_an_answer_and_what_fails_says_why(
    qtbot: Any, shelf: Shelf, ear: Ear
) -> None:
    bad = PaintedEntry("b.png", problem=GONE)
    shelf.show(Entries((*painted(("a.png",)), bad, *painted(("c.png",)))))
    shelf.set_classifier(StandInClassifier())
    shelf.look_at([0, 1, 2])
    qtbot.waitUntil(lambda: not shelf.busy)
    assert ear.pictured == [0, 2]
    assert sorted(ear.scored) == [0, 2]
    assert ear.scored[0] == (1, pytest.approx(0.8808, abs=1e-4))
    assert ear.refused == {1: GONE.what}


def test_a_file_that_vanished_since_it_was_listed_is_refused_and_the_list_goes_on(
    qtbot: Any, shelf: Shelf, ear: Ear, tmp_path: Any
) -> None:
    files = picture_files(tmp_path)
    with qtbot.waitSignal(shelf.opened):
        shelf.open([tmp_path])
    files[1].unlink()
    shelf.set_classifier(StandInClassifier())
    shelf.look_at(range(6))
    qtbot.waitUntil(lambda: not shelf.busy)
    assert list(ear.refused) == [1]
    assert "does not exist" in ear.refused[1]
    assert len(ear.scored) == 5


def test_nothing_is_fetched_twice_and_old_pictures_may_be_fetched_again(
    qtbot: Any, shelf: Shelf, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert REMEMBERED > 100
    monkeypatch.setattr(shelf_module, "REMEMBERED", 3)
    shelf.show(painted(*((str(n),) for n in range(8))))
    for rows in ((0, 1, 2), (1, 2), (3, 4, 5), (0,)):
        shelf.look_at(rows)
        qtbot.waitUntil(lambda: not shelf.busy)
    assert ear.pictured == [0, 1, 2, 3, 4, 5, 0]


def test_a_full_device_refuses_what_is_on_screen(qtbot: Any, shelf: Shelf, ear: Ear) -> None:
    classifier = StandInClassifier()
    classifier.refuses = DeviceFull("There is no memory left.", "Choose the CPU.")
    shelf.show(painted(("a",), ("b",)))
    shelf.set_classifier(classifier)
    shelf.look_at([0, 1])
    qtbot.waitUntil(lambda: not shelf.busy)
    assert set(ear.refused) == {0, 1}


# ------------------------------------------------------------------ the rest on request
def test_the_rest_is_scored_on_request_with_progress(qtbot: Any, shelf: Shelf, ear: Ear) -> None:
    shelf.show(painted(*((str(n),) for n in range(300))))
    shelf.set_classifier(StandInClassifier())
    ear.progress.clear()
    with qtbot.waitSignal(shelf.scoring_changed, check_params_cb=lambda *now: now == (0, 0)):
        shelf.score(range(100, 300))
    assert sorted(ear.scored) == list(range(100, 300))
    assert ear.progress[0] == (0, 200)
    assert all(total == 200 and done <= 200 for done, total in ear.progress[:-1])
    assert [done for done, _ in ear.progress[:-1]] == sorted(done for done, _ in ear.progress[:-1])


def test_without_a_classifier_nothing_is_scored(qtbot: Any, shelf: Shelf, ear: Ear) -> None:
    shelf.show(painted(("a",)))
    with qtbot.assertNotEmitted(shelf.scored, wait=50):
        shelf.score([0])
    assert ear.scored == {}


@pytest.mark.parametrize("ends", ["stop", "another classifier", "another list"])
def test_scoring_that_is_over_tells_nothing_more(
    qtbot: Any, shelf: Shelf, ear: Ear, gate: Any, ends: str
) -> None:
    shelf.show(Entries(tuple(GatedEntry(str(n)) for n in range(50))))
    shelf.set_classifier(StandInClassifier())
    shelf.score(range(50))
    qtbot.waitUntil(GatedEntry.reached.is_set)
    match ends:
        case "stop":
            shelf.stop_scoring()
        case "another classifier":
            shelf.set_classifier(StandInClassifier("other"))
        case _:
            shelf.show(painted(("a",)))
    assert ear.progress[-1] == (0, 0)
    with qtbot.assertNotEmitted(shelf.scored, wait=100):
        gate.set()
    assert ear.scored == {}


def test_what_comes_on_screen_is_fetched_before_the_rest_goes_on(
    qtbot: Any, shelf: Shelf, ear: Ear, gate: Any
) -> None:
    shelf.show(Entries((*(GatedEntry(str(n)) for n in range(80)), *painted(("80",), ("81",)))))
    shelf.set_classifier(StandInClassifier())
    order: list[int] = []
    shelf.scored.connect(lambda keys, *_: order.extend(keys.tolist()))
    shelf.score(range(82))
    qtbot.waitUntil(GatedEntry.reached.is_set)
    shelf.look_at([80, 81])
    gate.set()
    with qtbot.waitSignal(shelf.scoring_changed, check_params_cb=lambda *now: now == (0, 0)):
        pass
    assert order[:2] == [80, 81]
    assert order[2:] == list(range(80))
    assert ear.pictured == [80, 81]


def test_a_device_that_fills_up_ends_the_scoring_with_its_problem(
    qtbot: Any, shelf: Shelf, ear: Ear
) -> None:
    classifier = StandInClassifier()
    classifier.refuses = DeviceFull("There is no memory left.", "Choose the CPU.")
    shelf.show(painted(("a",), ("b",)))
    shelf.set_classifier(classifier)
    with qtbot.waitSignal(shelf.failed):
        shelf.score([0, 1])
    qtbot.waitUntil(lambda: ear.progress[-1] == (0, 0))
    assert ear.failed == [classifier.refuses]
    assert ear.refused == {}


def test_all_refused_still_comes_to_an_end(qtbot: Any, shelf: Shelf, ear: Ear) -> None:
    shelf.show(Entries(tuple(PaintedEntry(str(n), problem=GONE) for n in range(30))))
    shelf.set_classifier(StandInClassifier())
    with qtbot.waitSignal(shelf.scoring_changed, check_params_cb=lambda *now: now == (0, 0)):
        shelf.score(range(30))
    assert len(ear.refused) == 30


# ------------------------------------------------------------------ judging
def test_scoring_is_over_as_soon_as_what_was_asked_for_was_answered_on_screen(
    qtbot: Any, shelf: Shelf, ear: Ear
) -> None:
    shelf.show(painted(("seen",), ("next",)))
    shelf.set_classifier(StandInClassifier())
    shelf.look_at([0])
    shelf.score([0])  # behind what is on screen
    assert shelf.scoring
    shelf.scored.connect(lambda *_: shelf.look_at([1]))  # the reader scrolls on at that moment
    qtbot.waitUntil(lambda: 1 in ear.scored)
    assert not shelf.scoring
    assert ear.progress[-1] == (0, 0)


def test_a_sample_holds_some_of_each_class_from_all_of_the_list() -> None:
    labels = ["normal"] * 1000 + ["mitosis"] * 10 + [None, "other"]
    picked = sample(labels, ("normal", "mitosis"))
    kinds = [labels[index] for index in picked]
    assert kinds.count("mitosis") == 10
    assert 10 <= kinds.count("normal") <= 12
    assert np.ptp([index for index in picked if labels[index] == "normal"]) > 800
    assert sample(["normal"] * 9, ("normal", "mitosis")) == []

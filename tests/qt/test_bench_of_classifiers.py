"""Classifiers on the bench: one dropped, two compared, a card edited, a class put in question."""

from dataclasses import replace

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel

from onepixel_gui.classifier import sidecar
from onepixel_gui.qt.preferences import Preferences
from tests.core.networks import Corner, Tiny, save_script
from tests.qt.doubles import Drag

TOLD = {"input": [16, 16], "scaling": "zero-to-one", "outputs": "logits"}
TWO = TOLD | {"classes": ["normal", "mitosis"]}
MANY = TOLD | {"classes": ["cat", "dog", "frog", "horse"]}


def until(qtbot, holds):
    qtbot.waitUntil(lambda: bool(holds()), timeout=30_000)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoints: two of the same classes, one of others, one that is none."""
    folder = tmp_path_factory.mktemp("files")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    save_script(Corner(), folder / "one.pt", TWO)
    save_script(Tiny(1, (16, 16), gain=0.1), folder / "two.pt", TWO)
    save_script(Tiny(4, (16, 16), gain=0.3), folder / "many.pt", MANY)
    swapped = TOLD | {"classes": ["mitosis", "normal"]}
    save_script(Corner(), folder / "wrong.pt", swapped)
    (folder / "none.pt").write_bytes(b"no checkpoint, but of some length")
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture
def window(qtbot, make_window, memory, pictures, files):
    memory.keep(Preferences(population=20, generations=2, device="cpu"))
    window = make_window()
    window.commands.open_paths([pictures[0].parent.parent])
    window.commands.use_checkpoint(files / "one.pt")
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    return window


def drop(qtbot, window, path):
    """Drop a checkpoint and wait until it lies in its preview, loaded."""
    drag = Drag(path)
    assert drag.enter(window)
    drag.drop(window)
    until(qtbot, lambda: window.arrivals.arrival is not None)
    until(qtbot, lambda: window.arrivals.arrival.classifier is not None)


def press(qtbot, window, path, word):
    drop(qtbot, window, path)
    window.arrivals.take(as_second=word == "second")
    until(qtbot, lambda: window.arrivals.arrival is None and window.jobs == 0)


def names(window):
    pair = window.second.comparison.a, window.second.comparison.b
    return tuple(None if one is None else one.card.file for one in pair)


# ------------------------------------------------------------------ one
def test_a_dropped_checkpoint_changes_nothing_before_it_is_used(qtbot, window, files):
    before = window.session.classifier, window.session.question, window.session.cursor
    drop(qtbot, window, files / "two.pt")
    assert (window.session.classifier, window.session.question, window.session.cursor) == before
    window.arrivals.take()
    until(qtbot, lambda: window.session.classifier.card.file == "two.pt")
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)


def test_a_refused_checkpoint_leaves_the_bench_as_it_was_and_a_run_going(qtbot, window, files):
    with qtbot.waitSignal(window.session.busy_changed):
        window.actions_by_name["sweep"].trigger()
    classifier = window.session.classifier
    with qtbot.waitSignal(window.arrivals.failed, timeout=20_000) as caught:
        drag = Drag(files / "none.pt")
        assert drag.enter(window)
        drag.drop(window)
    assert "none.pt" in caught.args[0].what
    assert window.session.classifier is classifier
    until(qtbot, lambda: window.session.findings.sensitivity is not None and window.jobs == 0)


def test_a_classifier_no_better_than_chance_on_labelled_tiles_is_doubted(qtbot, window, files):
    """The classes of `wrong.pt` are named the wrong way round; those of `one.pt` are not."""
    assert window.session.classifier.card.doubts == ()
    window.commands.use_checkpoint(files / "wrong.pt")
    until(qtbot, lambda: any("labelled tiles" in d for d in window.session.classifier.card.doubts))
    (doubt,) = (d for d in window.session.classifier.card.doubts if "labelled tiles" in d)
    assert "right 0%" in doubt
    shown = [label.text() for label in window.verdict.findChildren(QLabel)]
    assert any("labelled tiles" in text for text in shown)


def test_without_labels_of_two_classes_nothing_is_said_about_chance(qtbot, window, pictures, files):
    window.commands.open_paths([pictures[0].parent])
    window.commands.use_checkpoint(files / "two.pt")
    until(qtbot, lambda: window.session.classifier.card.file == "two.pt" and window.jobs == 0)
    assert not any("labelled" in d for d in window.session.classifier.card.doubts)


# ------------------------------------------------------------------ two
def test_a_second_classifier_is_compared_on_the_same_tile_in_place_of_the_panes(
    qtbot, window, files
):
    press(qtbot, window, files / "two.pt", "second")
    assert names(window) == ("one.pt", "two.pt")
    assert window.session.classifier.card.file == "one.pt"
    assert window.compare.isVisible()
    assert not any(p.isVisible() for p in (window.tile, window.map, window.verdict))
    with qtbot.waitSignal(window.second.comparison.compared, timeout=30_000) as told:
        window.compare.run_wished.emit()
    compared = told.args[0]
    assert compared.flips_a.any()
    until(qtbot, lambda: window.jobs == 0)
    window.actions_by_name["compare"].trigger()
    assert window.tile.isVisible()
    assert not window.compare.isVisible()
    window.actions_by_name["compare"].trigger()
    assert window.compare.isVisible()


def test_swapping_puts_the_second_on_the_bench_and_the_first_beside_it(qtbot, window, files):
    press(qtbot, window, files / "two.pt", "second")
    window.compare.swap_wished.emit()
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    assert names(window) == ("two.pt", "one.pt")
    assert window.session.classifier.card.file == "two.pt"
    assert window.session.checkpoint == files / "two.pt"
    assert window.arrivals.used.path == files / "two.pt"
    window.compare.swap_wished.emit()
    until(qtbot, lambda: window.jobs == 0)
    assert window.session.checkpoint == files / "one.pt"


def test_closing_the_comparison_leaves_the_first_alone(qtbot, window, files):
    press(qtbot, window, files / "two.pt", "second")
    window.compare.close_wished.emit()
    assert names(window) == ("one.pt", None)
    assert window.tile.isVisible()
    assert window.verdict.isVisible()


def test_a_second_of_other_classes_is_refused_and_the_bench_stays(qtbot, window, files):
    told = []
    window.second.failed.connect(told.append)
    press(qtbot, window, files / "many.pt", "second")
    assert names(window)[1] is None
    assert not window.compare.isVisible()
    assert told[0].remedy


def test_comparing_without_a_second_asks_for_its_checkpoint(qtbot, window, files, monkeypatch):
    chosen = str(files / "two.pt"), ""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: chosen)
    window.actions_by_name["compare"].trigger()
    until(qtbot, lambda: names(window)[1] == "two.pt")
    assert window.compare.isVisible()
    until(qtbot, lambda: window.jobs == 0)


# ------------------------------------------------------------------ the card
def edited(qtbot, window):
    window.actions_by_name["edit_card"].trigger()
    dialog = window.cards.dialog
    until(qtbot, dialog.isVisible)
    return dialog


def test_an_edited_card_is_used_at_once_and_saved_beside_the_checkpoint(qtbot, window, files):
    dialog = edited(qtbot, window)
    card = replace(window.session.classifier.card, threshold=0.9)
    beside = sidecar.beside(files / "one.pt")
    try:
        dialog.accepted_card.emit(card, True)
        dialog.reject()
        until(qtbot, lambda: window.session.classifier.card.threshold == 0.9)
        until(qtbot, lambda: beside.is_file() and window.jobs == 0)
        assert window.cards.dialog is None
        assert "threshold = 0.9" in beside.read_text("utf-8")
        assert window.session.question.threshold == 0.9
    finally:
        beside.unlink(missing_ok=True)


def test_a_card_that_is_not_saved_leaves_no_file(qtbot, window, files):
    dialog = edited(qtbot, window)
    dialog.accepted_card.emit(replace(window.session.classifier.card, threshold=0.8), False)
    dialog.reject()
    until(qtbot, lambda: window.session.classifier.card.threshold == 0.8 and window.jobs == 0)
    assert not sidecar.beside(files / "one.pt").exists()


def test_the_live_check_begins_with_the_labelled_tiles_of_the_list(qtbot, window):
    dialog = edited(qtbot, window)
    until(qtbot, lambda: len(dialog.check.tiles) == len(window.shelf.files))
    assert {tile.label for tile in dialog.check.tiles} == {"normal", "mitosis"}
    dialog.reject()
    until(qtbot, lambda: window.jobs == 0)


def test_the_card_of_an_arriving_checkpoint_is_edited_before_it_is_used(qtbot, window, files):
    drop(qtbot, window, files / "two.pt")
    dialog = edited(qtbot, window)
    assert "two.pt" in dialog.windowTitle()
    card = replace(window.arrivals.arrival.classifier.card, order="BGR")
    dialog.accepted_card.emit(card, False)
    dialog.reject()
    until(qtbot, lambda: window.arrivals.arrival.classifier is not None)
    assert window.session.classifier.card.file == "one.pt"
    window.arrivals.take()
    until(qtbot, lambda: window.session.classifier.card.order == "BGR")
    until(qtbot, lambda: window.jobs == 0)


# ------------------------------------------------------------------ many classes
def test_of_many_classes_another_is_put_in_question_and_followed(qtbot, window, files):
    assert not window.classes.isVisible()
    window.commands.use_checkpoint(files / "many.pt")
    until(qtbot, lambda: window.classes.isVisible() and window.session.question is not None)
    until(qtbot, lambda: window.jobs == 0)
    question = window.session.question
    assert question.subject == question.answer
    other = question.top[-1][0]
    window.classes.subject_wished.emit(other)
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    assert window.session.question.subject == other
    assert not window.session.question.downward
    window.actions_by_name["sweep"].trigger()
    until(qtbot, lambda: window.session.findings.sensitivity is not None and window.jobs == 0)
    window.classes.subject_wished.emit("")
    until(qtbot, lambda: window.session.question is not None and window.jobs == 0)
    assert window.session.findings.sensitivity is None
    window.commands.use_checkpoint(files / "one.pt")
    until(qtbot, lambda: window.session.question is not None and not window.classes.isVisible())
    until(qtbot, lambda: window.jobs == 0)
    assert window.session.subject == ""


def test_keys_of_the_class_pane_do_not_move_the_gallery(qtbot, window, files):
    window.commands.use_checkpoint(files / "many.pt")
    until(qtbot, lambda: window.session.question is not None and window.classes.isVisible())
    until(qtbot, lambda: window.jobs == 0)
    tile = window.session.tile
    bars = next(c for c in window.classes.children() if hasattr(c, "chosen"))
    bars.setFocus()
    QTest.keyClick(bars, Qt.Key.Key_Down)
    assert window.session.tile is tile

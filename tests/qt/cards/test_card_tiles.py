"""Tiles come to the check by dropping, and their labels are mapped to classes."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from onepixel_gui.qt.cards.labels import guessed
from onepixel_gui.tiles.files import save
from tests.qt.cards.cards import TILES, Checks, button, choose, named, rename, rows, shown
from tests.qt.doubles import Drag, picture_files

pytestmark = pytest.mark.usefixtures("checkpoint")  # torch is there, and out of the collector's way


# ------------------------------------------------------------------ tiles dropped
def test_class_folders_dropped_anywhere_are_labelled_and_checked(make, qtbot, tmp_path):
    picture_files(tmp_path / "pictures")
    dialog = make(check=Checks())
    drag = Drag(tmp_path / "pictures")
    assert drag.enter(dialog)
    with qtbot.waitSignal(dialog.check.checked):
        assert drag.drop(dialog)
    assert shown(dialog, "Accuracy") == "100.0 %"
    assert Counter(row[1] for row in rows(dialog)) == {"mitosis": 3, "normal": 3}


def test_what_is_no_tile_is_refused_by_the_cursor(make, tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    dialog = make()
    assert not Drag(tmp_path / "weights.pt").enter(dialog)
    assert not Drag(tmp_path / "notes.txt").enter(dialog)


def test_dropped_tiles_are_added_to_those_that_are_there(make, qtbot, tmp_path):
    picture_files(tmp_path / "pictures")
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open([tmp_path / "pictures"])
    assert len(rows(dialog)) == 10
    button(dialog, "Remove all").click()
    assert rows(dialog) == []
    assert not dialog.check.tiles


def test_a_file_that_cannot_be_read_is_counted_and_leaves_the_rest(make, qtbot, tmp_path):
    picture_files(tmp_path / "pictures")
    (tmp_path / "pictures" / "normal" / "bad.png").write_text("no picture")
    dialog = make(check=Checks())
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open([tmp_path / "pictures"])
    assert len(rows(dialog)) == 6
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("1 not readable: bad.png" in text for text in texts)


def test_a_folder_without_tiles_says_so_and_changes_nothing(make, qtbot, tmp_path):
    (tmp_path / "empty").mkdir()
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.refused):
        dialog.check.open([tmp_path / "empty"])
    assert dialog.check.tiles == TILES
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("The folder empty holds no" in text for text in texts)


def test_of_many_tiles_a_hundred_are_taken_in_their_proportion(make, qtbot, tmp_path):
    for label, count in (("mitosis", 30), ("normal", 120)):
        (tmp_path / label).mkdir()
        for place in range(count):
            shade = np.full((4, 4, 3), place % 256, np.uint8)
            save(shade, tmp_path / label / f"{place}.png")
    dialog = make(check=Checks())
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open([tmp_path])
    labels = [row[1] for row in rows(dialog)]
    assert Counter(labels) == {"mitosis": 20, "normal": 80}
    assert 2 <= labels[:15].count("mitosis") <= 4  # so that the first ones speak for all
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("50 more left out" in text for text in texts)


# ------------------------------------------------------------------ labels that name no class
def numbered(folder: Path) -> list[Path]:
    for name, shade in (("0", 200), ("1", 50)):
        (folder / name).mkdir()
        save(np.full((16, 16, 3), shade, np.uint8), folder / name / f"tile_{name}.png")
    return [folder / "0", folder / "1"]


def test_numbered_folders_are_mapped_to_classes_by_order(make, qtbot, tmp_path):
    checks = Checks()
    dialog = make(check=checks)
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open(numbered(tmp_path))
    assert named(dialog, "Class of label 0").currentText() == "normal"
    assert named(dialog, "Class of label 1").currentText() == "mitosis"
    assert [row[1] for row in rows(dialog)] == ["0 → normal", "1 → mitosis"]
    assert checks.labels[-1] == ("normal", "mitosis")
    assert shown(dialog, "Accuracy") == "100.0 %"


def test_the_reader_can_map_a_label_otherwise(make, qtbot, tmp_path):
    dialog = make(check=Checks())
    with qtbot.waitSignal(dialog.check.checked):
        dialog.check.open(numbered(tmp_path))
    with qtbot.waitSignal(dialog.check.checked):
        choose(named(dialog, "Class of label 0"), "normal")
        QTest.keyClick(named(dialog, "Class of label 0"), Qt.Key.Key_Down)
    assert rows(dialog)[0][1:] == ["0 → mitosis", "normal", "0.100", "wrong"]
    assert shown(dialog, "Accuracy") == "50.0 %"


def test_no_mapping_is_shown_where_labels_are_class_names(make, qtbot):
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        pass
    assert not named(dialog, "What the labels stand for").isVisible()


def test_tiles_keep_their_class_when_it_is_renamed(make, qtbot):
    dialog = make(check=Checks(), tiles=TILES)
    with qtbot.waitSignal(dialog.check.checked):
        rename(dialog, 1, "mitotic figure")
    assert rows(dialog)[0][1] == "mitosis → mitotic figure"
    assert shown(dialog, "Accuracy") == "75.0 %"


@pytest.mark.parametrize(
    ("labels", "classes", "meant"),
    [
        (["0", "1"], ["a", "b"], {"0": 0, "1": 1}),
        (["1"], ["a", "b"], {"1": 1}),
        (["1", "2"], ["a", "b"], {"1": 0, "2": 1}),
        (["B"], ["a", "b"], {"B": 1}),
        (["B", "other"], ["a", "b"], {"B": 1, "other": 0}),
        (["x", "y", "z"], ["a", "b"], {"x": 0, "y": 1, "z": -1}),
        (["old"], ["a", "b"], {"old": 1}),
        (["x"], [], {"x": -1}),
    ],
)
def test_labels_are_guessed_by_number_by_word_and_then_by_order(labels, classes, meant):
    assert guessed(labels, classes, ["former", "old"]) == meant

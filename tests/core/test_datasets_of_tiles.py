"""Data sets that come as tiles, in folders or packed, are recognised by their names."""

from pathlib import Path

import numpy as np
import pytest

from onepixel_gui.problems import UnreadableTile, UnusableDataset
from onepixel_gui.tiles.datasets import recognise
from tests.core import dataset_files as sets


# ---- folders of tiles
def plant(folder, *names):
    for number, name in enumerate(names):
        sets.picture(folder / name, 8, 8, number)


def labelled(path):
    found = recognise([path])
    return [(tile.name, tile.label, tile.case) for tile in found.entries]


def test_breakhis_is_benign_and_malignant_with_the_patient_from_the_name(tmp_path):
    deep = tmp_path / "histology_slides" / "breast"
    plant(
        deep,
        "benign/SOB/adenosis/SOB_B_A_14-22549AB/40X/SOB_B_A-14-22549AB-40-001.png",
        "malignant/SOB/lobular_carcinoma/SOB_M_LC_14-12204/100X/SOB_M_LC-14-12204-100-002.png",
    )
    found = recognise([tmp_path])
    assert (found.kind, dict(found.counts)) == ("breakhis", {"benign": 1, "malignant": 1})
    assert found.cases == ("14-12204", "14-22549AB")


def test_idc_folders_of_patients_hold_classes_and_names_hold_places(tmp_path):
    plant(
        tmp_path,
        "10253/0/10253_idx5_x1051_y1251_class0.png",
        "10253/1/10253_idx5_x1101_y1251_class1.png",
        "10254/0/10254_idx5_x51_y101_class0.png",
        "10255/1/10255_idx5_x51_y101_class1.png",
    )
    found = recognise([tmp_path])
    assert (found.kind, dict(found.counts)) == ("idc", {"0": 2, "1": 2})
    tile = found.entries[0].read()
    assert (tile.origin, tile.case, tile.slide) == ((1251, 1051), "10253", "10253_idx5")


def test_of_classes_that_hold_patients_the_classes_are_the_labels(tmp_path):
    plant(tmp_path, *(f"{kind}/p{i}/a.png" for kind in ("grade 1", "grade 2") for i in range(5)))
    found = recognise([tmp_path])
    assert dict(found.counts) == {"grade 1": 5, "grade 2": 5}
    assert found.cases == ("p0", "p1", "p2", "p3", "p4")


def test_codait_patches_tell_case_and_place(tmp_path):
    plant(
        tmp_path,
        "train/mitosis/1_05_02_812_1024_0_3_-4_1.png",
        "train/normal/1_05_02_90_100_45_0_0_0.png",
        "val/normal/3_71_01_40_50_0_0_0_0.png",
    )
    found = recognise([tmp_path])
    assert (found.kind, dict(found.counts)) == ("codait", {"mitosis": 1, "normal": 2})
    shifted, turned, _ = [entry.read() for entry in found.entries]
    assert (shifted.origin, shifted.slide, shifted.case) == ((811, 1016), "05/02", "05")
    assert any("turned by 45°" in note for note in turned.notes)


def test_tiles_named_by_case_and_region_tell_their_case(tmp_path):
    plant(tmp_path, "mitosis/30_01_1.png", "normal/32_01_17.png", "normal/30_02_2.png")
    assert recognise([tmp_path]).cases == ("30", "32")


def test_one_name_of_another_kind_makes_the_plain_pattern_mean_nothing(tmp_path):
    plant(tmp_path, "a/30_01_1.png", "b/holiday.png")
    assert recognise([tmp_path]).cases == ()


def test_cifar_as_pictures_is_known_by_its_ten_classes(tmp_path):
    plant(tmp_path, *(f"test/{name}/0001.png" for name in sets.TEN))
    found = recognise([tmp_path])
    assert (found.kind, list(found.counts)) == ("cifar10", sets.TEN)


def test_a_plain_folder_of_tiles_has_no_labels(tmp_path):
    plant(tmp_path, "a.png", "b.png")
    found = recognise([tmp_path])
    assert (found.kind, dict(found.counts), found.fields) == ("tiles", {"": 2}, ())
    assert labelled(tmp_path) == [("a.png", None, ""), ("b.png", None, "")]


def test_a_folder_of_slides_has_images_and_no_tiles(tmp_path):
    for name in ("one.tif", "two.png"):
        sets.picture(tmp_path / name, 40, 1100)
    found = recognise([tmp_path])
    assert (found.kind, len(found.entries)) == ("slides", 0)
    assert [(each.case, each.shape) for each in found.fields] == [
        ("one", (40, 1100)),
        ("two", (40, 1100)),
    ]


def test_slides_beside_tiles_are_told_apart(tmp_path):
    plant(tmp_path, "a.png")
    sets.picture(tmp_path / "slide.tif", 40, 1100)
    found = recognise([tmp_path])
    assert ([t.name for t in found.entries], [f.case for f in found.fields]) == (
        ["a.png"],
        ["slide"],
    )


def test_files_named_one_by_one_are_tiles_or_slides(tmp_path):
    plant(tmp_path, "normal/a.png", "b.png")
    sets.picture(tmp_path / "slide.tif", 40, 1100)
    found = recognise([tmp_path / "normal" / "a.png", tmp_path / "b.png", tmp_path / "slide.tif"])
    assert dict(found.counts) == {"normal": 1, "": 1}
    assert [each.path.name for each in found.fields] == ["slide.tif"]


def test_what_is_not_there_or_holds_nothing_is_a_problem(tmp_path):
    with pytest.raises(UnreadableTile, match="gone does not exist"):
        recognise([tmp_path / "gone"])
    with pytest.raises(UnusableDataset, match="holds no tiles, slides or tables"):
        recognise([tmp_path])
    with pytest.raises(UnusableDataset, match="Nothing was opened"):
        recognise([])


# ---- PatchCamelyon and CIFAR
@pytest.mark.parametrize("chunks", [None, (4, 96, 96, 3)])
def test_pcam_tiles_are_read_one_by_one_with_label_and_slide(tmp_path, chunks):
    rgb = sets.pcam(tmp_path, chunks=chunks)
    found = recognise([tmp_path])
    assert (found.kind, dict(found.counts), found.missing) == (
        "pcam",
        {"tumor": 4, "normal": 8},
        (),
    )
    assert found.cases == ("camelyon16_train_0", "camelyon16_train_1")
    tile = found.entries[7].read()
    assert np.array_equal(tile.rgb, rgb[7])
    assert (tile.name, tile.label, tile.case) == ("valid 000007", "normal", "camelyon16_train_1")
    assert found.entries[7].thumbnail(48).shape == (48, 48, 3)


def test_several_splits_of_pcam_follow_one_another(tmp_path):
    sets.pcam(tmp_path, 3, split="test", meta=False)
    sets.pcam(tmp_path, 5, split="valid")
    names = list(recognise([tmp_path]).entries.names)
    assert names[2:4] == ["test 000002", "valid 000000"]
    assert len(names) == 8


def test_pcam_without_its_labels_is_unlabelled_and_says_so(tmp_path):
    sets.pcam(tmp_path)
    next(tmp_path.glob("*_y.h5")).unlink()
    found = recognise([tmp_path])
    assert dict(found.counts) == {"": 12}
    assert "_y.h5, the labels of" in found.missing[0]


def test_packed_pcam_is_a_problem_by_itself_and_missing_beside_others(tmp_path):
    sets.packed_pcam(tmp_path)
    with pytest.raises(UnusableDataset, match="is packed") as caught:
        recognise([tmp_path])
    assert "gunzip" in caught.value.remedy
    sets.pcam(tmp_path)
    assert recognise([tmp_path]).missing[0].startswith("1 file is packed and not read")


@pytest.mark.parametrize("modern", [False, True])
def test_cifar_batches_are_read_without_running_them(tmp_path, modern):
    held = sets.cifar_python(tmp_path, modern=modern)
    found = recognise([tmp_path])
    assert (found.kind, len(found.entries)) == ("cifar10", 8)
    assert found.title == "CIFAR-10, python version"
    assert found.missing == ("4 of 6 batches are missing, the first is data_batch_2.",)
    data, labels = held["test_batch"]
    tile = found.entries[4 + 2].read()
    assert np.array_equal(tile.rgb, data[2].reshape(3, 32, 32).transpose(1, 2, 0))
    assert (tile.name, tile.label) == ("test_batch 00002", sets.TEN[labels[2]])


def test_the_binary_version_of_cifar_holds_the_same(tmp_path):
    held = sets.cifar_binary(tmp_path)
    found = recognise([tmp_path])
    assert found.title == "CIFAR-10, binary version"
    data, labels = held["data_batch_2"]
    tile = found.entries[4 + 3].read()
    assert np.array_equal(tile.rgb, data[3].reshape(3, 32, 32).transpose(1, 2, 0))
    assert tile.label == sets.TEN[labels[3]]


def test_a_whole_cifar_misses_nothing(tmp_path):
    batches = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    sets.cifar_python(tmp_path, batches, 2)
    found = recognise([tmp_path])
    assert (len(found.entries), found.missing, found.notes) == (12, (), ())


@pytest.mark.parametrize("binary", [False, True])
def test_cifar_100_is_labelled_by_its_finer_classes(tmp_path, binary):
    held = sets.cifar_hundred(tmp_path, binary=binary)
    found = recognise([tmp_path])
    assert (found.kind, len(found.entries), found.missing) == ("cifar100", 6, ())
    assert [label.replace("_", " ") for label in found.entries.labels] == [
        *("fine 99", "fine 7", "fine 0"),
        *("fine 99", "fine 7", "fine 1"),
    ]
    data, _ = held["test"]
    assert np.array_equal(
        found.entries[4].read().rgb, data[1].reshape(3, 32, 32).transpose(1, 2, 0)
    )


def test_a_single_batch_can_be_opened_by_itself(tmp_path):
    sets.cifar_python(tmp_path)
    found = recognise([tmp_path / "cifar-10-batches-py" / "test_batch"])
    assert (len(found.entries), found.entries[0].label) == (4, "automobile")


def test_every_listing_tells_at_once_what_its_entries_tell_one_by_one(tmp_path):
    sets.tupac_of_codait(tmp_path / "tupac")
    sets.pcam(tmp_path / "pcam")
    sets.cifar_python(tmp_path / "cifar")
    plant(tmp_path / "plain", "mitosis/30_01_1.png", "normal/32_01_17.png")
    for folder in ("tupac", "pcam", "cifar", "plain"):
        entries = recognise([tmp_path / folder]).entries
        assert list(entries.names) == [entry.name for entry in entries]
        assert list(entries.labels) == [entry.label for entry in entries]
        assert list(entries.cases) == [entry.case for entry in entries]
        assert all(Path(name).name == name for name in entries.names)
        with pytest.raises(IndexError):
            entries[len(entries)]

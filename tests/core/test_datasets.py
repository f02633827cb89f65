"""Each public data set of marked images is recognised, and its tiles are those that were marked."""

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.tiles.datasets import Sampling, looking, recognise
from onepixel_gui.tiles.folders import finished
from tests.core import dataset_files as sets


def counts(path, **sampling):
    return dict(recognise([path], Sampling(**sampling)).counts)


def around(rgb, row, column, edge=64):
    """What CODAIT cuts: rows row - 32 to row + 32, beyond the border by reflection."""
    half = edge // 2
    padded = np.pad(rgb, ((half, half), (half, half), (0, 0)), mode="reflect")
    return padded[row : row + edge, column : column + edge]


# ---- TUPAC16
@pytest.mark.parametrize(
    "laid",
    [
        lambda root: sets.tupac_as_handed_out(root, outer=True),
        lambda root: sets.tupac_as_handed_out(root, outer=False),
        sets.tupac_of_codait,
    ],
)
def test_tupac_is_read_however_its_zips_were_unpacked(tmp_path, laid):
    found = recognise([laid(tmp_path)], Sampling(shape=(16, 16), distance=20))
    assert (found.kind, found.missing) == ("tupac", ())
    assert dict(found.counts) == {"mitosis": 4, "normal": 4}
    assert dict(found.marked) == {"mitosis": 4}
    assert len(found.fields) == 5
    assert found.cases == ("01", "15", "34", "test 01")
    assert "test images are not public" in " ".join(found.notes)


def test_the_parts_of_tupac_can_be_dropped_side_by_side(tmp_path):
    sets.tupac_as_handed_out(tmp_path)
    parts = sorted(tmp_path.iterdir())
    assert dict(recognise(parts, Sampling((16, 16), distance=20)).counts) == counts(
        tmp_path, shape=(16, 16), distance=20
    )


def test_a_zip_of_tupac_without_a_folder_of_its_own_is_read_beside_the_others(tmp_path):
    sets.tupac_as_handed_out(tmp_path, outer=False)
    for case in (tmp_path / "mitoses_image_data_part_1").iterdir():
        case.rename(tmp_path / case.name)
    assert counts(tmp_path, shape=(16, 16), distance=20) == {"mitosis": 4, "normal": 4}


def test_a_mitosis_tile_is_what_codait_cuts_around_the_row_and_the_column(tmp_path):
    sets.tupac_of_codait(tmp_path)
    found = recognise([tmp_path], Sampling(normals=0))
    rgb = sets.noise(96, 128, 0)
    for tile, (row, column) in zip(found.entries, [(10, 20), (90, 120)], strict=False):
        read = tile.read()
        assert np.array_equal(read.rgb, around(rgb, row, column))
        assert (read.origin, read.label, read.case) == ((row - 32, column - 32), "mitosis", "01")
        assert read.name == tile.name


def test_alternative_labels_alone_tell_what_they_mark_and_which_images_are_missing(tmp_path):
    found = recognise([sets.tupac_alternative(tmp_path)])
    assert (len(found.entries), dict(found.counts)) == (0, {})
    assert dict(found.marked) == {"mitosis": 4, "look-alike": 4}
    assert found.missing == ("All 4 images are missing, the first is 01/01.tif.",)
    assert not any(each.present for each in found.fields)


def test_images_that_were_moved_are_found_where_the_reader_says(tmp_path):
    sets.tupac_alternative(tmp_path / "labels")
    sets.tupac_of_codait(tmp_path / "images")
    found = finished(looking([tmp_path / "labels"], instead=tmp_path / "images"))
    assert (found.missing, dict(found.counts)) == ((), {"mitosis": 4, "normal": 4})
    assert found.entries[0].read().case == "01"


def test_look_alikes_are_the_normal_tiles_unless_sampling_is_asked_for(tmp_path):
    sets.tupac_alternative(tmp_path)
    sets.tupac_as_handed_out(tmp_path)
    own = recognise([tmp_path], Sampling((16, 16), distance=20))
    assert dict(own.counts) == {"mitosis": 4, "normal": 4}
    places = {(t.row + 8, t.column + 8) for t in own.entries if t.label == "normal"}
    assert places == {(50, 60), (20, 20), (70, 100), (95, 127)}
    assert "look-alikes" in " ".join(own.notes)
    drawn = recognise([tmp_path], Sampling((16, 16), distance=20, look_alikes=False))
    assert "sampled at least 20 px from any mitosis, seed 0: our choice." in " ".join(drawn.notes)
    used = "those of TUPAC_AL/mitoses_ground_truth were used"
    assert any(used in note for note in own.notes)


def test_without_normal_tiles_there_are_only_mitoses(tmp_path):
    assert counts(sets.tupac_of_codait(tmp_path), normals=0) == {"mitosis": 4}


def test_a_missing_image_is_counted_and_named(tmp_path):
    sets.tupac_of_codait(tmp_path)
    (tmp_path / "mitoses_train_image_data" / "15" / "01.tif").unlink()
    found = recognise([tmp_path])
    assert found.missing == ("1 of 4 images is missing: 15/01.tif.",)
    assert found.counts["mitosis"] == 3
    gone = [each for each in found.fields if not each.present]
    assert [(each.case, len(each.marks)) for each in gone] == [("15", 1)]


def test_swapped_coordinates_raise_a_doubt_where_the_image_shows_it(tmp_path):
    sets.tupac_of_codait(tmp_path)
    truth = tmp_path / "mitoses_train_ground_truth"
    for case, image in sets.TUPAC:
        points = [(column, row) for row, column in sets.TUPAC[case, image][0]]
        sets.table(truth / case / f"{image}.csv", points)
    found = recognise([tmp_path], Sampling(normals=0))
    doubt = next(note for note in found.notes if "row and column exchanged" in note)
    assert doubt.startswith("1 mark lies outside the image and cannot be cut; none would with")
    assert found.counts["mitosis"] == 3


def test_lines_that_are_no_coordinates_are_counted_with_the_first_of_them(tmp_path):
    sets.tupac_of_codait(tmp_path)
    table = tmp_path / "mitoses_train_ground_truth" / "15" / "01.csv"
    table.write_bytes(b"\xef\xbb\xbf40;64\r\nnan;3\r\nhere;there\r\n50;inf\r\n")
    found = recognise([tmp_path], Sampling(normals=0))
    assert found.counts == {"mitosis": 4}
    said = "3 lines of the tables are no coordinates; the first is line 2 of 15/01.csv."
    assert said in found.notes


def test_decimal_commas_are_no_separators_where_semicolons_are(tmp_path):
    sets.tupac_of_codait(tmp_path)
    table = tmp_path / "mitoses_train_ground_truth" / "15" / "01.csv"
    sets.write(table, "40,4;63,6\n")
    (marks,) = (each.marks for each in recognise([tmp_path]).fields if each.case == "15")
    assert [(mark.row, mark.column) for mark in marks] == [(40, 64)]


def test_a_header_that_names_the_column_first_is_believed(tmp_path):
    sets.tupac_of_codait(tmp_path)
    sets.write(tmp_path / "mitoses_train_ground_truth" / "15" / "01.csv", "x,y\n64,40\n")
    found = recognise([tmp_path])
    marks = {each.case: each.marks for each in found.fields if each.case == "15"}
    assert [(mark.row, mark.column) for mark in marks["15"]] == [(40, 64)]


# ---- MIDOG
@pytest.mark.parametrize("under", ["", "images", "images/all"])
def test_midog_boxes_are_corners_and_their_middles_are_the_centres(tmp_path, under):
    found = recognise([sets.midog(tmp_path, under=under)], Sampling(normals=0))
    assert (found.kind, found.title, found.missing) == ("midog", "MIDOG++", ())
    marks = [(m.row, m.column, m.label) for each in found.fields for m in each.marks]
    assert marks == [(50, 100, "mitosis"), (125, 5, "mitosis"), (85, 125, "look-alike")]
    assert [each.labelled for each in found.fields] == [True, True, False]
    assert "1 image has no annotation at all and may not have been looked at." in found.notes
    assert "The authors' split, for all their slides: 2 train, 1 test." in found.notes


def test_midog_tiles_reach_over_the_border_by_reflection(tmp_path):
    sets.midog(tmp_path)
    found = recognise([tmp_path])
    assert dict(found.counts) == {"mitosis": 2, "normal": 1}
    tile = next(entry for entry in found.entries if entry.case == "002")
    assert np.array_equal(tile.read().rgb, around(sets.noise(150, 200, 2), 125, 5))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("mitotic figure", "mitosis"),
        ("annotated mitosis", "mitosis"),
        ("non-mitotic figure", "look-alike"),
        ("Hard negative look-alikes", "look-alike"),
        ("apoptosis", "apoptosis"),
    ],
)
def test_what_midog_calls_a_look_alike_is_one(tmp_path, name, label):
    told = dict(sets.MIDOG, categories=[{"id": 1, "name": name}])
    found = recognise([sets.midog(tmp_path, told)])
    assert found.fields[0].marks[0].label == label


def test_the_json_of_midog_can_be_opened_by_itself(tmp_path):
    sets.midog(tmp_path)
    assert dict(recognise([tmp_path / "MIDOG++.json"]).counts) == counts(tmp_path)


def test_entries_of_midog_that_are_no_boxes_are_counted_and_left_out(tmp_path):
    told = dict(sets.MIDOG)
    odd = [[1, 2, 3], "box", [1, 2, float("nan"), 4], [5, 5, 1, 1], [1e12, 0, 2e12, 5], None]
    told["annotations"] = [
        *sets.MIDOG["annotations"],
        *({"bbox": box, "category_id": 1, "image_id": 1} for box in odd),
        17,
    ]
    told["images"] = [*sets.MIDOG["images"], {"file_name": 5}, None]
    found = recognise([sets.midog(tmp_path, told)])
    assert found.counts["mitosis"] == 2
    assert any(note.startswith("9 entries of the JSON are no box") for note in found.notes)


def test_an_image_named_outside_the_folder_is_never_followed(tmp_path):
    sets.picture(tmp_path / "secret.tiff")
    told = dict(sets.MIDOG)
    told["images"] = [
        {"file_name": str(tmp_path / "secret.tiff"), "id": 1},
        {"file_name": "../secret.tiff", "id": 2},
    ]
    found = recognise([sets.midog(tmp_path / "set", told)])
    assert found.missing == ("All 2 images are missing, the first is secret.tiff.",)


# ---- ICPR12 and MITOS-ATYPIA-14
def test_icpr12_centres_are_the_means_of_all_pixels_column_first(tmp_path):
    found = recognise([sets.icpr12(tmp_path)], Sampling(normals=0))
    assert (found.kind, found.missing) == ("icpr12", ())
    assert dict(found.counts) == {"mitosis": 2}
    marks = [(m.row, m.column) for each in found.fields for m in each.marks]
    assert marks == [(30, 80), (60, 20)]


@pytest.mark.parametrize("suffix", [".tif", ".bmp"])
def test_icpr12_is_read_from_the_pictures_without_painted_mitoses(tmp_path, suffix):
    sets.icpr12(tmp_path, suffix)
    found = recognise([tmp_path], Sampling((16, 16), normals=0))
    assert [each.path.suffix for each in found.fields] == [suffix, suffix]
    assert not any("painted" in note for note in found.notes)
    tile = found.entries[0].read()
    assert np.array_equal(tile.rgb, sets.noise(96, 128, 1)[22:38, 72:88])
    for each in tmp_path.glob(f"*/*{suffix}"):
        each.unlink()
    assert any("painted over" in note for note in recognise([tmp_path]).notes)


def test_mitos_atypia_tables_give_mitoses_and_look_alikes_column_first(tmp_path):
    found = recognise([sets.mitos_atypia(tmp_path)])
    assert (found.kind, dict(found.marked)) == ("mitos-atypia", {"mitosis": 2, "look-alike": 1})
    assert dict(found.counts) == {"mitosis": 2, "normal": 1}
    first = found.fields[0]
    assert [(m.row, m.column) for m in first.marks] == [(30, 80), (60, 20), (50, 100)]
    assert [each.labelled for each in found.fields] == [True, True, False]
    assert found.cases == ("A03", "A06")


# ---- sampling
def test_normal_tiles_lie_away_from_every_mitosis_and_inside_the_image(tmp_path):
    sets.tupac_of_codait(tmp_path)
    found = recognise([tmp_path], Sampling((16, 16), normals=5, distance=30))
    mitoses = {each.path: each.marks for each in found.fields}
    normals = [tile for tile in found.entries if tile.label == "normal"]
    assert len(normals) == 20
    for tile in normals:
        row, column = tile.row + 8, tile.column + 8
        assert 0 <= tile.row <= 96 - 16
        assert 0 <= tile.column <= 128 - 16
        for mark in mitoses[tile.path]:
            assert (mark.row - row) ** 2 + (mark.column - column) ** 2 >= 30**2


def test_normal_tiles_follow_from_the_seed_and_the_image_wherever_the_set_lies(tmp_path):
    def places(root, seed):
        found = recognise([root], Sampling((16, 16), distance=20, seed=seed))
        return [(t.row, t.column) for t in found.entries if t.label == "normal"]

    here, there = sets.tupac_of_codait(tmp_path / "a"), sets.tupac_as_handed_out(tmp_path / "b")
    assert places(here, 1) == places(there, 1) == places(here, 1)
    assert places(here, 1) != places(here, 2)


def test_an_image_without_room_for_normal_tiles_is_said_to_have_none(tmp_path):
    found = recognise([sets.tupac_of_codait(tmp_path)], Sampling((16, 16), distance=1000))
    assert dict(found.counts) == {"mitosis": 4}
    assert "There was no room for 4 more normal tiles that far from mitoses." in found.notes


def test_a_tile_of_another_resolution_keeps_the_mitosis_in_its_middle(tmp_path):
    sets.tupac_of_codait(tmp_path)
    for path in (tmp_path / "mitoses_train_image_data").glob("*/*.tif"):
        rgb = Image.open(path)
        rgb.load()
        rgb.save(path, resolution=25400 / 0.25, resolution_unit=2)
    found = recognise([tmp_path], Sampling((16, 16), mpp=0.5, normals=0))
    tile = found.entries[0].read()
    assert (tile.shape, tile.origin, tile.downsample) == ((16, 16), (10 - 16, 20 - 16), 2.0)
    assert found.entries[0].thumbnail(8).shape == (8, 8, 3)

"""A table names tiles whatever its separator, header and encoding; odd rows are counted."""

import numpy as np
import pytest

from onepixel_gui.problems import UnusableDataset
from onepixel_gui.tiles.datasets import Sampling, looking, recognise
from onepixel_gui.tiles.folders import finished
from tests.core import slide_files
from tests.core.dataset_files import noise, picture, write


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("a.png", "b c.png", "ü.png")):
        picture(tmp_path / "tiles" / name, 8, 8, number)
    picture(tmp_path / "slide.tif", 100, 200, 7)
    return tmp_path


def opened(path, **sampling):
    found = recognise([path], Sampling((16, 16), **sampling))
    return found, [(tile.name, tile.label) for tile in found.entries]


THREE = [("a.png", "mitosis"), ("b c.png", "normal"), ("ü.png", None)]


@pytest.mark.parametrize(
    "text",
    [
        "path,label\ntiles/a.png,mitosis\ntiles/b c.png,normal\ntiles/ü.png,\n",
        "tiles/a.png,mitosis\ntiles/b c.png,normal\ntiles/ü.png,\n",
        "File Name;Class\r\ntiles/a.png;mitosis\r\ntiles/b c.png;normal\r\ntiles/ü.png;\r\n",
        "label\timage\nmitosis\ttiles/a.png\nnormal\ttiles/b c.png\n\ttiles/ü.png\n",
        'image,label\n"tiles/a.png","mitosis"\n"tiles/b c.png",normal\n"tiles/ü.png",""\n',
        "path,label\n\ntiles\\a.png,mitosis\n\0\ntiles\\b c.png,nor\0mal\n.\\tiles\\ü.png,\n",
        "id,label\ntiles/a,mitosis\ntiles/b c,normal\ntiles/ü,\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_table_of_paths_and_labels_is_read_in_any_sensible_form(folder, text, encoding):
    path = folder / "list.csv"
    path.write_bytes(text.encode(encoding))
    found, tiles = opened(path)
    assert (found.kind, found.missing, found.notes) == ("table", (), ())
    assert tiles == THREE
    assert np.array_equal(found.entries[1].read().rgb, noise(8, 8, 1))


def test_a_table_without_labels_is_a_list_of_tiles(folder):
    _, tiles = opened(write(folder / "list.csv", "tiles/a.png\ntiles/b c.png\n"))
    assert tiles == [("a.png", None), ("b c.png", None)]


def test_a_table_beside_unlabelled_tiles_gives_their_labels(folder):
    write(folder / "tiles" / "labels.csv", "file,label,patient\na.png,1,p7\nb c.png,0,p8\n")
    found, tiles = opened(folder / "tiles")
    assert (tiles, found.cases) == ([("a.png", "1"), ("b c.png", "0")], ("p7", "p8"))


def test_a_table_does_not_outvote_folders_of_classes(folder):
    picture(folder / "classes" / "mitosis" / "1.png", 8, 8)
    picture(folder / "classes" / "normal" / "2.png", 8, 8)
    write(folder / "classes" / "list.csv", "path,label\nmitosis/1.png,other\n")
    found, _ = opened(folder / "classes")
    assert dict(found.counts) == {"mitosis": 1, "normal": 1}


def test_pictures_that_are_not_there_are_missing_and_the_rest_is_read(folder):
    path = write(folder / "list.csv", "path,label\ntiles/a.png,x\ngone/1.png,y\ngone/2.png,y\n")
    found, tiles = opened(path)
    assert tiles == [("a.png", "x")]
    assert found.missing == ("2 of 3 named pictures are missing, the first is gone/1.png.",)


def test_moved_pictures_are_found_by_the_end_of_their_paths(folder, tmp_path_factory):
    there = tmp_path_factory.mktemp("there")
    picture(there / "deep" / "gone" / "1.png", 8, 8)
    picture(there / "other" / "1.png", 8, 8)
    path = write(folder / "list.csv", "path,label\nD:\\old\\gone\\1.png,x\n")
    with pytest.raises(UnusableDataset, match="None of the 1 pictures") as caught:
        recognise([path])
    assert caught.value.remedy.startswith("Locate")
    found = finished(looking([path], instead=there))
    assert found.entries[0].read().label == "x"
    assert found.missing == ()


@pytest.mark.parametrize(
    "text",
    [
        "slide,row,column,label\nslide.tif,10,20,mitosis\nslide.tif,-4,190,normal\n",
        "slide.tif;10;20;mitosis\nslide.tif;-4;190;normal\n",
        "label,x,y,image\nmitosis,20,10,slide.tif\nnormal,190.0,-4.0,slide.tif\n",
        "wsi,cx,cy,class\nslide.tif,28,18,mitosis\nslide.tif,198,4,normal\n",
    ],
)
def test_a_table_of_places_cuts_tiles_from_slides(folder, text):
    found, tiles = opened(write(folder / "list.csv", text))
    assert found.kind == "slide table"
    assert tiles == [("slide r10 c20", "mitosis"), ("slide r-4 c190", "normal")]
    assert found.cases == ("slide",)
    rgb = noise(100, 200, 7)
    assert np.array_equal(found.entries[0].read().rgb, rgb[10:26, 20:36])
    assert found.entries[1].read().origin == (-4, 190)
    meant = "centre" if "cx" in text else "top-left pixel"
    assert f"Rows and columns are taken to be those of the {meant} of each tile." in found.notes


def test_each_row_of_a_slide_has_the_case_that_it_names_or_else_that_of_its_slide(folder):
    rows = "slide.tif,10,20,x,p1\nslide.tif,30,20,x,p2\nslide.tif,50,20,x,\n"
    found, _ = opened(write(folder / "list.csv", f"slide,row,column,label,patient\n{rows}"))
    assert [entry.read().case for entry in found.entries] == ["p1", "p2", "p1"]
    assert [entry.case for entry in found.entries] == ["p1", "p2", "p1"]
    assert sorted(found.cases) == ["p1", "p2"]


def test_places_outside_their_slide_are_left_out_and_doubted(folder):
    rows = "slide.tif,150,40,a\nslide.tif,180,60,a\nslide.tif,20,30,b\nslide.tif,900,9000,b\n"
    found, tiles = opened(write(folder / "list.csv", rows))
    assert [name for name, _ in tiles] == ["slide r20 c30"]
    doubt = "3 marks lie outside the image and cannot be cut; only 1 would with row and column"
    assert any(note.startswith(doubt) for note in found.notes)


def test_tiles_that_stand_out_at_a_border_are_cut_and_not_doubted(folder):
    corners = [(99, 199), (-15, -15), (90, 0), (0, 190)]  # of 16 x 16 px, on 100 x 200 px
    rows = "".join(f"slide.tif,{row},{column},a\n" for row, column in corners)
    found, tiles = opened(write(folder / "list.csv", rows))
    assert len(tiles) == 4
    assert [note for note in found.notes if "outside" in note] == []
    beside = "slide.tif,100,0,a\nslide.tif,0,200,a\nslide.tif,-16,0,a\nslide.tif,0,-16,a\n"
    found, tiles = opened(write(folder / "list.csv", rows + beside))
    assert len(tiles) == 4
    assert any(note.startswith("4 marks lie outside the image") for note in found.notes)


def test_a_place_is_marked_in_the_middle_of_what_its_tile_covers(tmp_path):
    slide_files.flat(tmp_path / "a.tif", slide_files.field(100, 200), **slide_files.per_cm(0.5))
    rows = "slide,row,column,label\na.tif,10,20,mitosis\na.tif,-9,0,b\na.tif,-7,0,b\n"
    table = write(tmp_path / "list.csv", rows)
    for mpp, half, tiles in ((None, 8, 3), (0.5, 8, 3), (0.25, 4, 2), (1.0, 16, 3)):
        found = recognise([table], Sampling((16, 16), mpp))
        mark = found.fields[0].marks[0]
        assert (mark.row, mark.column) == (10 + half, 20 + half)
        window = found.entries[0].read().footprint
        assert (window.row + window.height // 2, window.column) == (mark.row, 20)
        assert len(found.entries) == tiles
        assert any("1 mark lies outside" in note for note in found.notes) == (tiles == 2)


def test_rows_that_are_none_are_counted_with_the_first_line(folder):
    rows = "slide,row,column,label\nslide.tif,1,2,a\nslide.tif,one,2,a\n,3,4\nslide.tif,1e99,2,b\n"
    found, tiles = opened(write(folder / "list.csv", rows))
    assert len(tiles) == 1
    assert "3 lines of list.csv are no such row and left out; the first is line 3." in found.notes


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "names no pictures"),
        (b"\n\n,,\n", "names no pictures"),
        (b"path,label\n", "holds no rows"),
        (b"first,second\nfoo,bar\n", "names no pictures"),
        (b"\x00" * 5000, "names no pictures"),
        (bytes(range(256)) * 50, "names no pictures"),
        (b"a.png," + b"x" * 5_000_000, "never ends"),
        (b'path,label\n"' + b"x" * 200_000 + b'",1\n', "holds no rows"),
        ("path,label\n" + "../" * 2000 + "a.png,1\n", "holds no rows"),
    ],
)
def test_a_table_that_is_none_is_a_problem_with_a_remedy(tmp_path, data, what):
    path = write(tmp_path / "list.csv", data)
    with pytest.raises(UnusableDataset, match=what) as caught:
        recognise([path])
    assert "list.csv" in caught.value.what
    assert caught.value.remedy[0].isupper()


def test_names_that_are_no_text_survive(folder):
    picture(folder / "tiles" / "x.png", 8, 8)
    name = b"tiles/\xff\xfe.png"
    (folder / "tiles" / "x.png").rename(folder / name.decode("utf-8", "surrogateescape"))
    path = write(folder / "list.csv", b"path,label\n" + name + b",odd\n")
    found, tiles = opened(path)
    assert tiles == [("\\udcff\\udcfe.png", "odd")]
    assert found.entries[0].read().label == "odd"


def test_a_table_of_many_rows_pauses_often_enough_to_be_stopped(folder):
    path = folder / "list.csv"
    path.write_text("path,label\n" + "tiles/a.png,mitosis\n" * 150_000)
    work = looking([path])
    assert next(work).seen > 0
    work.close()

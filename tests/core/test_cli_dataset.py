"""The command line says which data set a folder is, what it holds and what is missing."""

import json

import pytest

from onepixel_gui import cli
from tests.core import dataset_files as sets
from tests.core import slide_files


@pytest.fixture
def go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        code = cli.run(["dataset", *map(str, words)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert str(tmp_path) not in out + err
        return code, out, err.splitlines()

    return run


def test_a_data_set_is_told_line_by_line(go, tmp_path):
    sets.tupac_of_codait(tmp_path / "tupac")
    (tmp_path / "tupac" / "mitoses_train_image_data" / "15" / "01.tif").unlink()
    code, said, errors = go("tupac", "--size", 16, "--distance", 20, "--normals", 2, "--seed", 3)
    assert (code, errors) == (0, [])
    lines = said.splitlines()
    assert lines[0] == "TUPAC16 auxiliary mitosis set"
    told = dict(line.split("  ", 1) for line in lines[1:7] if not line.startswith(" "))
    assert told["Tiles"].strip() == "9"
    assert [line.split() for line in lines[2:4]] == [["mitosis", "3"], ["normal", "6"]]
    assert "4 of 5" in said
    assert "1 of 4 images is missing: 15/01.tif." in said
    assert "sampled at least 20 px from any mitosis, seed 3: our choice." in said


def test_the_same_is_told_as_json(go, tmp_path):
    sets.midog(tmp_path / "midog")
    code, said, _ = go("midog", "--json", "--mpp", 0.5, "--sampled", "--distance", 30)
    told = json.loads(said)
    assert (code, told["kind"], told["tiles"]) == (0, "midog", 4)
    assert told["labels"] == {"mitosis": 2, "normal": 2}
    assert (told["images"], told["images_present"]) == (3, 3)
    assert told["marked"] == {"mitosis": 2, "look-alike": 1}
    assert told["cases"] == ["001", "002", "003"]
    assert told["sampling"] == {
        "shape": [64, 64],
        "mpp": 0.5,
        "normals": 1,
        "distance": 30,
        "seed": 0,
        "look_alikes": False,
    }


def test_missing_images_can_be_located(go, tmp_path):
    sets.tupac_alternative(tmp_path / "labels")
    sets.tupac_of_codait(tmp_path / "images")
    assert "All 4 images are missing" in go("labels")[1]
    code, said, _ = go("labels", "--locate", "images", "--json")
    assert (code, json.loads(said)["missing"]) == (0, [])


def test_tiles_without_a_label_are_said_to_have_none(go, tmp_path):
    sets.picture(tmp_path / "tiles" / "a.png", 8, 8)
    code, said, _ = go("tiles")
    assert (code, "without a label  1" in said) == (0, True)


@pytest.mark.parametrize("words", [["gone"], ["empty"], ["empty", "--locate", "gone"]])
def test_a_folder_that_is_no_data_set_is_a_problem_with_a_remedy(go, tmp_path, words):
    (tmp_path / "empty").mkdir()
    code, said, errors = go(*words)
    assert (code, said, len(errors)) == (2, "", 2)


@pytest.mark.parametrize("words", [["--size", "0"], ["--mpp", "-1"], ["--normals", "x"], []])
def test_words_that_mean_nothing_are_refused(go, words):
    folder = ["."] if words else []
    assert go(*folder, *words)[0] == 2


def test_a_broken_tile_beside_a_slide_does_not_hide_what_is_there(go, tmp_path):
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "a.png").touch()
    slide_files.flat(tmp_path / "both" / "field.tif", slide_files.field(40, 1100))
    code, said, errors = go("both")
    assert (code, errors) == (0, [])
    assert "Images" in said
    (tmp_path / "both" / "field.tif").unlink()
    code, said, errors = go("both")
    assert (code, said, errors[0]) == (2, "", "a.png is empty (0 bytes).")


def test_a_class_with_a_very_long_name_moves_the_number_of_its_own_line_only(go, tmp_path):
    for name in ("normal", "é" * 100):
        (tmp_path / "set" / name).mkdir(parents=True)
        slide_files.flat(tmp_path / "set" / name / "a.tif", slide_files.field(8, 8))
    _, said, _ = go("set")
    assert f"  {'é' * 100}  1" in said.splitlines()
    assert max(len(line) for line in said.splitlines() if "é" not in line) < 60

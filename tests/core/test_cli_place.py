"""A tile of a slide is named by its place: the same pixels, numbers and refusals everywhere."""

import json

import numpy as np
import pytest

from onepixel_gui.cli import run
from onepixel_gui.tiles.slides import open_slide
from tests.core import slide_files
from tests.core.networks import save_bench

SMALL = ["--population", "60", "--generations", "30", "--device", "cpu"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Noise, 60 x 90 px of 0.25 um, and classifiers of tiles of 8 x 8 px."""
    folder = save_bench(tmp_path_factory.mktemp("bench"))
    plane = np.random.default_rng(5).integers(0, 50, (60, 90, 3)).astype(np.uint8)
    slide_files.tiled(folder / "a slide.tif", [plane], compression="deflate")
    return folder


@pytest.fixture
def go(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "300")

    def go(*words):
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return go


@pytest.mark.parametrize("command", ["attack", "map"])
@pytest.mark.parametrize("place", [(20, 31), (-3, 85)])
def test_the_tile_there_is_read_and_its_place_is_kept(go, folder, tmp_path, command, place):
    out, at = tmp_path / "o.json", "{},{}".format(*place)
    words = [command, "a slide.tif", "--at", at, "--model", "weak.pt", "--json", out]
    code, _, err = go(*words, *(SMALL if command == "attack" else SMALL[-2:]))
    assert code in (0, 1), err
    told = json.loads(out.read_text("utf-8"))["provenance"]
    tile = open_slide(folder / "a slide.tif").tile(*place, (8, 8))
    assert told["tile"]["sha256"] == tile.sha256
    assert (told["tile"]["slide"]["row"], told["tile"]["slide"]["column"]) == place
    assert f"'a slide.tif' --at {at} " in told["command"]


@pytest.mark.parametrize("at", ["5", "a,b", "1,2,3", "1.5,2"])
def test_a_place_that_is_none_is_refused(go, at):
    code, _, err = go("attack", "a slide.tif", "--at", at, "--model", "weak.pt")
    assert code == 2
    assert "two whole numbers" in err


@pytest.mark.parametrize("at", ["60,0", "0,90", "-8,0", "0,-8"])
def test_a_place_beside_the_slide_is_refused(go, at):
    code, _, err = go("attack", "a slide.tif", "--at", at, "--model", "weak.pt", *SMALL)
    assert code == 2
    assert "shows nothing of a slide.tif" in err
    assert "60 px high and 90 px wide" in err


def test_a_slide_that_is_missing_is_told_in_two_lines(go):
    code, _, err = go("map", "b.svs", "--at", "1,1", "--model", "weak.pt")
    assert (code, err.splitlines()[0]) == (2, "b.svs does not exist.")
    assert len(err.splitlines()) == 2


def test_a_slide_without_a_place_is_asked_for_one(go, folder, tmp_path):
    halves = [np.zeros((64, 64, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)]
    slide = slide_files.tiled(tmp_path / "two levels.tif", halves, compression="deflate")
    code, _, err = go("attack", slide, "--model", folder / "weak.pt")
    assert code == 2
    assert "--at ROW,COLUMN" in err

"""A slide is scanned from the command line: lines, JSON with provenance, a table that is data."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from onepixel_gui import RESOURCES
from onepixel_gui.cli import run
from onepixel_gui.tiles.datasets import Sampling, looking
from onepixel_gui.tiles.folders import finished
from tests.core import slide_files

DEMO = RESOURCES / "demo"


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    """Six painted tiles side by side; the second and the fifth are mitoses."""
    mitoses, normals = (sorted((DEMO / kind).glob("*.png")) for kind in ("mitosis", "normal"))
    chosen = [normals[0], mitoses[0], normals[1], normals[2], mitoses[1], normals[3]]
    tiles = [np.array(Image.open(file).convert("RGB"))[:64, :64] for file in chosen]
    path = tmp_path_factory.mktemp("a folder") / "field.png"
    Image.fromarray(np.concatenate([np.hstack(tiles[:3]), np.hstack(tiles[3:])])).save(path)
    return path


def test_a_scan_lists_candidates_best_first_and_writes_what_it_found(slide, tmp_path, capsys):
    to, table = tmp_path / "o.json", tmp_path / "o.csv"
    words = ("scan", str(slide), "--all", "--best", "9", "--json", str(to), "--csv", str(table))
    assert run([*words, "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = json.loads(to.read_text("utf-8"))
    assert lines[0].startswith(f"{len(told['candidates'])} candidates for mitosis")
    confidences = [each["confidence"] for each in told["candidates"]]
    assert confidences == sorted(confidences, reverse=True)
    assert {"software", "environment", "classifier", "slide", "scan"} <= set(told["provenance"])
    assert told["provenance"]["slide"]["hash"]
    assert told["provenance"]["classifier"]["um_per_px"] == 0.25
    assert str(tmp_path) not in to.read_text("utf-8")
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    first = told["candidates"][0]
    assert int(rows[0]["centre_row"]) == first["row"] + 32 == first["centre_row"]
    assert int(rows[0]["centre_column"]) == first["column"] + 32
    assert rows[0]["label"] == ""
    assert lines[2].split()[:2] == [rows[0]["centre_row"], rows[0]["centre_column"]]


def test_the_table_of_a_scan_is_a_data_set_of_the_same_tiles(slide, tmp_path):
    table, to = tmp_path / "o.csv", tmp_path / "o.json"
    words = ["scan", str(slide), "--region", "0,60,64,70", "--csv", str(table), "--json", str(to)]
    assert run([*words, "--all", "--device", "cpu"]) == 0
    found = finished(looking([table]))
    best = json.loads(to.read_text("utf-8"))["candidates"][0]
    tile = found.entries[0].read()
    assert tile.origin == (best["row"], best["column"])
    assert tile.label is None


def test_the_table_of_a_scan_names_the_same_tiles_of_a_slide_that_is_resampled(slide, tmp_path):
    rgb = np.asarray(Image.open(slide))
    path = slide_files.flat(tmp_path / "field.tif", rgb, **slide_files.per_cm(0.4545))
    table, to = tmp_path / "o.csv", tmp_path / "o.json"
    words = ["scan", str(path), "--region", "0,60,40,40", "--csv", str(table), "--json", str(to)]
    assert run([*words, "--all", "--best", "1", "--stride", "64", "--device", "cpu"]) == 0
    found = finished(looking([table], Sampling(mpp=0.25)))
    best = json.loads(to.read_text("utf-8"))["candidates"]
    assert [each.read().origin for each in found.entries] == [
        (each["row"], each["column"]) for each in best
    ]


@pytest.mark.parametrize("region", ["1,2,3", "a,b,c,d", "0,0,0,5"])
def test_a_region_that_is_none_is_refused(slide, capsys, region):
    assert run(["scan", str(slide), "--region", region]) == 2
    assert "four whole numbers" in capsys.readouterr().err.replace("\n", " ")


def test_a_region_beside_the_slide_is_told_in_two_lines(slide, capsys):
    assert run(["scan", str(slide), "--region", "900,900,5,5", "--device", "cpu"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_what_is_no_slide_is_told_in_two_lines(tmp_path, capsys):
    (tmp_path / "x.svs").write_bytes(b"nothing")
    assert run(["scan", str(tmp_path / "x.svs")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2

"""The figure of two classifiers on one tile: who they are, what both were asked, and no rank."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.analysis.comparison import compare
from onepixel_gui.report.comparing import NO_RANK
from onepixel_gui.report.figure import SUFFIXES, ComparisonExhibit, Style, export, render
from tests.core.exhibits import SERVING, card, painted, sweep_exhibit

TILE = painted(72, 72)


def exhibit(quantity="lowest", *, window=56, clean=2.0, same=False):
    a, b = sweep_exhibit(TILE), sweep_exhibit(TILE, window=window, clean=clean)
    found = compare(a.sensitivity, a.sensitivity if same else b.sensitivity)
    other = replace(card(), name="another", file="other.pt", sha256="cd" * 32)
    commands = "onepixel-gui map true.png", "onepixel-gui map true.png --model other.pt"
    return ComparisonExhibit(TILE, (card(), other), (SERVING, SERVING), found, quantity, commands)


def told(made, style=None):
    return json.loads(render(made, ".png", style or Style())[1])


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".pdf", ".svg"])
def test_the_same_comparison_gives_the_same_bytes(suffix):
    assert suffix in SUFFIXES
    assert render(exhibit(), suffix, Style())[0] == render(exhibit(), suffix, Style())[0]


def test_the_caption_tells_both_with_hashes_n_and_budget_and_ranks_none():
    caption = told(exhibit())["caption"]
    for word in ("demo.safetensors", "abababab", "other.pt", "cdcdcdcd", TILE.sha256[:8]):
        assert word in caption
    assert "(n = 1)" in caption
    assert "32,768 queries" in caption
    assert "25,088 queries" in caption
    assert "8 corners of the RGB cube" in caption
    assert NO_RANK in caption
    assert caption.endswith("Research use only, not for diagnosis.")


def test_the_provenance_is_that_of_both_and_of_what_compares():
    made = exhibit()
    source = told(made)["provenance"]
    assert source["classifier"]["sha256"] == "ab" * 32
    assert source["second_classifier"]["sha256"] == "cd" * 32
    assert source["tile"]["window"] == [4, 4, 64, 64]
    assert source["second_tile"]["window"] == [8, 8, 56, 56]
    assert source["second_command"] == "onepixel-gui map true.png --model other.pt"
    assert source["second_attack"]["queries"] == 25_088
    compared = source["compared"]
    assert compared["window"] == [8, 8, 56, 56]
    assert compared["flip_a_only"] == made.found.only_a
    assert compared["overlap"] == made.found.overlap


def test_inside_the_file_stands_what_finds_both_again():
    data, _ = render(exhibit(), ".png", Style())
    short = json.loads(Image.open(BytesIO(data)).text["Provenance"])
    assert short["classifier"] == {"file": "demo.safetensors", "sha256": "ab" * 32}
    assert short["second_classifier"] == {"file": "other.pt", "sha256": "cd" * 32}


@pytest.mark.parametrize("width", [89, 183])
@pytest.mark.parametrize("quantity", ["lowest", "change"])
def test_nothing_stands_beyond_the_edge_of_the_sheet(width, quantity):
    data, _ = render(exhibit(quantity), ".png", Style(width, 300))
    picture = np.asarray(Image.open(BytesIO(data)).convert("RGB"))
    for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert (edge == 255).all()


def test_two_that_are_alike_differ_nowhere():
    made = exhibit(same=True)
    assert told(made)["provenance"]["compared"]["flip_both"] == made.found.both > 0
    assert "IoU 1.00" in told(made)["caption"]


def test_it_is_written_with_its_caption_beside_it(tmp_path):
    written = export(exhibit(), tmp_path / "both.svg", Style(89, 300))
    assert [path.name for path in written] == ["both.svg", "both.svg.json"]
    assert json.loads(written[1].read_text("utf-8"))["figure"]["template"] == "comparison"

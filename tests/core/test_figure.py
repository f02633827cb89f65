"""Figures a journal takes: exact pixels, live text, embedded fonts, the same bytes each time."""

import errno
import json
import os
import re
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.attack.probe import Guidance
from onepixel_gui.problems import NotWritten
from onepixel_gui.report.figure import (
    SUFFIXES,
    Style,
    export,
    render,
)
from tests.core.exhibits import ATTACK, SWEEP, attack_exhibit, sha256


# ------------------------------------------------------------------ files
def test_the_same_inputs_give_the_same_bytes_in_another_process_without_a_home(tmp_path):
    """Elsewhere means: other hash seed, other folder, no writable home, and nothing on stderr."""
    code = (
        "from onepixel_gui.report.figure import Style, render\n"
        "from tests.core.exhibits import ATTACK, SWEEP, sha256\n"
        "for each in (ATTACK, SWEEP):\n"
        "    for suffix in ('.png', '.tiff', '.pdf', '.svg'):\n"
        "        print(*map(sha256, render(each, suffix, Style(89, 300))))\n"
    )
    here = [
        " ".join(map(sha256, render(each, suffix, Style(89, 300))))
        for each in (ATTACK, SWEEP)
        for suffix in (".png", ".tiff", ".pdf", ".svg")
    ]
    root = str(Path(__file__).parents[2])
    blocked = tmp_path / "home"
    blocked.write_text("a file, so that no folder can be made in it")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MPL")},
        "PYTHONHASHSEED": "7", "PYTHONPATH": root, "PYTHONWARNINGS": "error",
        "HOME": str(blocked), "XDG_CONFIG_HOME": str(blocked), "XDG_CACHE_HOME": str(blocked),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == here


@pytest.mark.parametrize("dpi", [300, 600])
@pytest.mark.parametrize("width", [89, 183])
def test_a_png_has_its_width_resolution_and_words(width, dpi):
    picture = Image.open(BytesIO(render(ATTACK, ".png", Style(width, dpi))[0]))
    across, down = (side / dpi * 25.4 for side in picture.size)
    assert across == pytest.approx(width, abs=0.5)
    assert down <= 170
    assert picture.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)
    assert "Research use only" in picture.text["Description"]
    assert json.loads(picture.text["Provenance"])["attack"]["seed"] == 11


def test_a_tiff_is_lzw_rgb_with_its_resolution_and_words():
    picture = Image.open(BytesIO(render(SWEEP, ".tif", Style(183, 600))[0]))
    assert (picture.mode, picture.info["compression"]) == ("RGB", "tiff_lzw")
    assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)
    assert picture.size[0] / 600 * 25.4 == pytest.approx(183, abs=0.5)
    assert "Research use only" in picture.tag_v2[270]
    assert picture.tag_v2[305].startswith("onepixel_gui")


def test_a_pdf_embeds_truetype_fonts_only_and_has_no_date():
    data = render(SWEEP, ".pdf", Style(89))[0]
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    whole = data + b"".join(_inflated(stream) for stream in streams)
    assert b"/Type3" not in whole
    assert b"/FontFile2" in whole
    assert b"Inter" in whole
    assert b"CreationDate" not in whole
    assert b"/Subject" in whole
    box = [float(n) for n in re.search(rb"/MediaBox \[([^\]]*)\]", whole)[1].split()]
    assert box[2] / 72 * 25.4 == pytest.approx(89, abs=0.5)


def _inflated(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_an_svg_has_live_text_in_our_font_and_a_scale_bar_of_its_own():
    words = render(ATTACK, ".svg", Style(183))[0].decode()
    assert words.count("<text") > 30
    assert ">first flip, 1,200<" in words
    assert "Inter" in words
    assert "Arial" in words
    assert 'id="scale-bar"' in words
    assert "Research use only" in words
    assert "<dc:date>" not in words


@pytest.mark.parametrize("dpi", [300, 600])
def test_every_tile_pixel_is_a_block_of_whole_dots_of_exactly_its_colour(dpi):
    picture = np.asarray(
        Image.open(BytesIO(render(ATTACK, ".png", Style(183, dpi))[0])).convert("RGB")
    )
    edge = 10 * dpi // 300
    top, left = round(4.6 / 25.4 * 300) * dpi // 300, round(2 / 25.4 * 300) * dpi // 300
    middles = picture[top + edge // 2 :: edge, left + edge // 2 :: edge][:64, :64]
    assert np.array_equal(middles, ATTACK.tile.rgb)
    row, column = top + 30 * edge, left + 30 * edge
    block = picture[row : row + edge, column : column + edge]
    assert (block == ATTACK.tile.rgb[30, 30]).all()


def test_the_sidecar_holds_seed_count_settings_and_hashes(tmp_path):
    figure, sidecar = export(ATTACK, tmp_path / "figure.png", Style(89))
    assert sidecar.name == "figure.png.json"
    block = json.loads(sidecar.read_text("utf-8"))
    origin = block["provenance"]
    assert (origin["attack"]["seed"], origin["attack"]["queries"]) == (11, 40_000)
    assert (origin["attack"]["population"], origin["attack"]["generations"]) == (400, 100)
    assert origin["classifier"]["sha256"] == "ab" * 32
    assert origin["tile"]["sha256"] == ATTACK.tile.sha256
    for part in ("abababab", ATTACK.tile.sha256[:8], "seed 11", "zero-based", "ΔE00"):
        assert part in block["caption"]
    assert block["figure"]["width_mm"] == 89
    assert figure.read_bytes() == render(ATTACK, ".png", Style(89))[0]


@pytest.mark.parametrize("width", [89, 183])
def test_a_figure_of_a_guided_search_says_white_box_on_the_sheet_and_in_the_caption(width):
    guided = attack_exhibit(settings=Guidance())
    for exhibit, access, other in (
        (guided, "white-box", "black-box"),
        (ATTACK, "black-box", "white-box"),
    ):
        figure, sidecar = render(exhibit, ".svg", Style(width))
        told = json.loads(sidecar)
        assert f">{access} search<" in figure.decode()
        assert f"({access}) on true.png" in figure.decode()
        assert f">{other}" not in figure.decode()
        assert f"({access};" in told["caption"]
        assert told["provenance"]["attack"]["access"] == access
    assert b"guided, white-box" in render(guided, ".svg", Style(width))[0]


def test_a_sweep_caption_labels_our_choices_and_counts_queries():
    caption = json.loads(render(SWEEP, ".svg", Style(89))[1])["caption"]
    for part in ("choices of this program", "n = 32,768 queries", "8 corners", "shuffled"):
        assert part in caption
    assert "seed" in caption


# ------------------------------------------------------------------ failures
@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.eps"])
def test_an_unknown_ending_is_refused_with_the_list_of_endings(tmp_path, name):
    with pytest.raises(NotWritten) as caught:
        export(ATTACK, tmp_path / name)
    assert all(suffix in caught.value.remedy for suffix in SUFFIXES)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_neither_figure_nor_sidecar(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten, match="full"):
        export(ATTACK, tmp_path / "figure.svg", Style(89))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("older", [None, b"an older figure"])
def test_a_sidecar_that_cannot_be_written_takes_the_figure_back(tmp_path, older):
    path = tmp_path / "figure.svg"
    if older is not None:
        path.write_bytes(older)
    (tmp_path / "figure.svg.json").mkdir()
    with pytest.raises(NotWritten):
        export(ATTACK, path, Style(89))
    assert (path.read_bytes() if path.exists() else None) == older
    assert {entry.name for entry in tmp_path.iterdir()} <= {"figure.svg", "figure.svg.json"}


def test_a_folder_that_is_not_there_is_a_problem(tmp_path):
    with pytest.raises(NotWritten):
        export(ATTACK, tmp_path / "nowhere" / "figure.svg", Style(89))

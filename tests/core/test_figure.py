"""Figures a journal takes: exact pixels, live text, embedded fonts, the same bytes each time."""

import errno
import hashlib
import json
import os
import re
import subprocess
import sys
import zlib
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.probe import (
    Began,
    Ended,
    Guidance,
    Pixel,
    Question,
    Settings,
    Swept,
    confidence,
)
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.problems import NotWritten
from onepixel_gui.report.figure import (
    SUFFIXES,
    AttackExhibit,
    Style,
    SweepExhibit,
    export,
    render,
)
from onepixel_gui.tiles.tile import Tile

CORNERS = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
SERVING = Serving("cpu", "a processor", 2, 64, "2.13.0", True)


def card(subject="mitosis", rival="normal"):
    return Card(
        "demonstration", "demo.safetensors", "ab" * 32, "codait_mitosis", 112_585,
        (rival, subject), subject, (64, 64), "minus-one-to-one",
    )  # fmt: skip


def question_of(tile, clean_logit, window=64, subject="mitosis", rival="normal"):
    clean = float(confidence(np.array(clean_logit)))
    answer = subject if clean >= 0.5 else rival
    seen = tile.centre(min(window, tile.shape[0]), min(window, tile.shape[1]))
    return Question(subject, rival, answer, clean, clean_logit, 0.5, seen)


def painted(height=64, width=64, **facts):
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Tile("true.png", rgb, **{"label": "mitosis", "mpp": 0.25, **facts})


def attack_exhibit(
    tile=None, *, clean=4.45, after=0.16, first=1_200, pixels=1, settings=None, **words
):
    tile = tile or painted()
    asked = question_of(tile, clean, **words)
    row, column = asked.window.row, asked.window.column
    best = tuple(Pixel(row + 28 + i, column + 26 + 2 * i, (255, 255, 0)) for i in range(pixels))
    flipped = first is not None
    steps = np.linspace(asked.clean, after, 100)
    curve = tuple((400 * (turn + 1), float(value)) for turn, value in enumerate(steps))
    ended = Ended(
        "flipped" if flipped else "budget spent", flipped, 40_000, first, best, after,
        asked.goal if flipped else asked.answer, curve, 9.0,
    )  # fmt: skip
    began = Began(asked, settings or Settings(seed=11, pixels=pixels, to_the_end=True))
    command = "onepixel-gui attack true.png --seed 11"
    classifier = card(asked.subject, asked.rival)
    return AttackExhibit(tile, asked, classifier, SERVING, began, ended, command)


def sweep_exhibit(tile=None, *, clean=4.45, quantity="lowest", **words):
    tile = tile or painted()
    asked = question_of(tile, clean, **words)
    height, width = asked.window.shape
    rng = np.random.default_rng(1)
    logits = clean + rng.normal(0, 0.3, (height, width, 8)).astype(np.float32)
    logits[::2, ::2] -= np.float32(np.sign(clean)) * 0.6
    logits[28:32:2, 26:30:2, 6] = -np.sign(clean)
    flipped = (logits < 0) != (clean < 0)
    pixel = Pixel(asked.window.row + 28, asked.window.column + 26, (255, 255, 0))
    other = Pixel(asked.window.row + 1, asked.window.column + 2, (0, 0, 255))
    low, high = (float(confidence(np.array(value))) for value in (logits.min(), logits.max()))
    swept = Swept(asked, CORNERS, logits, flipped, *(pixel, low, other, high), logits.size, 9, 20.0)
    classifier = card(asked.subject, asked.rival)
    found = sensitivity(swept)
    command = "onepixel-gui map true.png"
    return SweepExhibit(tile, asked, classifier, SERVING, found, quantity, command)


ATTACK, SWEEP = attack_exhibit(), sweep_exhibit()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ------------------------------------------------------------------ files
def test_the_same_inputs_give_the_same_bytes_in_another_process_without_a_home(tmp_path):
    """Elsewhere means: other hash seed, other folder, no writable home, and nothing on stderr."""
    code = (
        "from tests.core.test_figure import *\n"
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


# ------------------------------------------------------------------ layout
LONG = {"subject": "invasive ductal carcinoma", "rival": "no invasive ductal carcinoma"}
CASES = {
    "flip": attack_exhibit,
    "guided": lambda: attack_exhibit(settings=Guidance()),
    "early flip, late window": lambda: attack_exhibit(painted(80, 79), first=39_600),
    "held, far from the threshold": lambda: attack_exhibit(clean=-9.886, after=1.2e-4, first=None),
    "upward flip": lambda: attack_exhibit(clean=-1.2, after=0.93, first=400),
    "five pixels, long class names": lambda: attack_exhibit(pixels=5, **LONG),
    "held, far, long class names": lambda: attack_exhibit(
        clean=-9.886, after=1.2e-4, first=None, **LONG
    ),
    "a large tile of unknown scale": lambda: attack_exhibit(painted(600, 512, mpp=None)),
    "sweep": sweep_exhibit,
    "sweep upward, highest": lambda: sweep_exhibit(clean=-9.886, quantity="highest"),
    "sweep, signed, in a larger tile": lambda: sweep_exhibit(painted(128, 128), quantity="change"),
    "sweep, long class names": lambda: sweep_exhibit(**LONG),
    "sweep of a small input": lambda: sweep_exhibit(painted(40, 36)),
    "sweep of a large input": lambda: sweep_exhibit(painted(150, 150, mpp=0.5), window=150),
}


@pytest.fixture(scope="module", params=CASES, ids=str)
def exhibit(request):
    return CASES[request.param]()


def words_of(figure):
    """(what it says, where it lies in dots) of every text that is drawn."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    found = [
        text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()
    ]
    hidden = {id(text) for axes in figure.axes if not axes.axison for text in _axis_words(axes)}
    return [(t.get_text(), t.get_window_extent()) for t in found if id(t) not in hidden]


def _axis_words(axes):
    from matplotlib.text import Text

    return axes.xaxis.findobj(Text) + axes.yaxis.findobj(Text)


@pytest.mark.parametrize("width", [89, 183])
def test_no_words_are_cut_or_overlap(exhibit, width):
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    with drawing():
        figure = draw(exhibit, Style(width)).sheet.figure
        words = words_of(figure)
    assert len(words) > 25
    assert figure.get_figheight() * 25.4 <= 170
    for text, box in words:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y1 <= figure.bbox.height, text
    for (one, first), (other, second) in combinations(words, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 0.5 or down <= 0.5, (one, other)


def test_the_profiles_are_aligned_with_the_map_to_the_dot():
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    for width in (89, 183):
        with drawing():
            figure = draw(sweep_exhibit(painted(80, 80)), Style(width)).sheet.figure
        _, shown, rows, _, columns, *_ = figure.axes
        assert (shown.bbox.y0, shown.bbox.y1) == pytest.approx((rows.bbox.y0, rows.bbox.y1))
        assert (shown.bbox.x0, shown.bbox.x1) == pytest.approx((columns.bbox.x0, columns.bbox.x1))
        assert shown.get_ylim() == rows.get_ylim() == (71.5, 7.5)
        assert shown.get_xlim() == columns.get_xlim() == (7.5, 71.5)


def test_the_confidence_map_has_a_fixed_range_and_the_signed_one_is_symmetric():
    from onepixel_gui.report.plates import draw
    from onepixel_gui.report.sheet import drawing

    with drawing():
        key = draw(SWEEP, Style(89)).sheet.figure.axes[3]
        assert key.get_ylim() == (0, 1)
        signed = draw(replace(SWEEP, quantity="change"), Style(89)).sheet.figure.axes[3]
        assert signed.get_ylim()[0] == -signed.get_ylim()[1] < 0


def test_the_marked_extreme_is_the_one_of_the_shown_map():
    for quantity, words in (
        ("lowest", ">at row 28, column 26<"),
        ("highest", ">at row 1, column 2<"),
    ):
        drawn = render(replace(SWEEP, quantity=quantity), ".svg", Style(89))[0].decode()
        assert words in drawn
        assert f">{quantity}, " in drawn
        assert f">{quantity} confidence, 8 colours<" in drawn


@pytest.mark.parametrize(
    ("pixels", "mpp", "words"),
    [
        (64, 0.25, "5 µm"),
        (64, None, "20 px"),
        (80, 0.25, "5 µm"),
        (50, 0.5, "5 µm"),
        (600, None, "200 px"),
    ],
)
def test_a_scale_bar_has_a_round_length_within_a_third(pixels, mpp, words):
    from onepixel_gui.report.sheet import round_length

    length, said = round_length(pixels, mpp)
    assert said == words
    assert pixels / 9 < length <= pixels / 3


def test_drawing_leaves_the_settings_of_the_process_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    render(ATTACK, ".svg", Style(89))
    assert dict(mpl.rcParams) == before
    assert "SOURCE_DATE_EPOCH" not in os.environ

"""What the shipped demonstration claims, checked against the files themselves."""

import csv
import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.tiles.tissue import MITOSES, NORMALS, Kind, paint

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "resources" / "demo"
CHECKPOINT = DEMO / "mitosis_demo.safetensors"
SLIDE = DEMO / "slide" / "painted_slide.tiff"
CORNERS = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], np.uint8)
FRESH = 7_000_000  # no seed of the training, the measuring or the shipped tiles


@pytest.fixture(scope="module")
def network() -> CodaitMitosis:
    network = CodaitMitosis()
    network.load_state_dict(load_file(CHECKPOINT), strict=False)
    return network.eval()


@pytest.fixture(scope="module")
def claims() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((DEMO / "demo.json").read_text(encoding="utf-8"))
    return told


def confidences(network: CodaitMitosis, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N,) probability of mitosis, by ordinary forward passes."""
    told = []
    with torch.inference_mode():
        for start in range(0, len(tiles), 64):
            x = torch.from_numpy(tiles[start : start + 64].copy()).permute(0, 3, 1, 2)
            told.append(torch.sigmoid(network((x.float() / 255 - 0.5) * 2))[:, 0])
    return torch.cat(told).numpy()


def read(name: str) -> NDArray[np.uint8]:
    with Image.open(DEMO / name) as image:
        return np.asarray(image)


def changed(
    tile: NDArray[np.uint8], places: NDArray[np.intp], colours: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(N, H, W, 3): the tile with one pixel changed, N times."""
    tiles = np.repeat(tile[None], len(places), axis=0)
    tiles[np.arange(len(places)), places[:, 0], places[:, 1]] = colours
    return tiles


def of(claims: dict[str, Any], flipped: bool) -> list[dict[str, Any]]:
    return [line for line in claims["swept"] if line["flipped"] is flipped]


def test_the_checkpoint_is_smaller_than_a_megabyte() -> None:
    assert CHECKPOINT.stat().st_size < 1_000_000


def test_the_checkpoint_holds_each_weight_of_its_network_and_nothing_else() -> None:
    wanted = {key for key in CodaitMitosis().state_dict() if not key.endswith("_tracked")}
    weights = load_file(CHECKPOINT)
    assert set(weights) == wanted
    assert {value.dtype for value in weights.values()} == {torch.float32}


def test_the_checkpoint_says_what_it_is_and_what_it_is_not_for() -> None:
    with safe_open(CHECKPOINT, "np") as file:
        metadata = file.metadata()
    card = json.loads(metadata["card"])
    assert metadata["architecture"] == "codait_mitosis"
    assert card["name"] == "Demonstration mitosis classifier"
    assert (card["classes"], card["subject"]) == (["normal", "mitosis"], "mitosis")
    assert (card["input"], card["scaling"]) == ([64, 64], "minus-one-to-one")
    assert card["threshold"] == 0.5
    assert "painted tissue" in card["trained_on"]
    assert card["use"] == "research use only"


def test_it_is_right_on_19_of_20_tiles_that_nobody_has_seen(network: CodaitMitosis) -> None:
    names: list[Kind] = [kinds[n % 5] for n in range(200) for kinds in (MITOSES, NORMALS)]
    tiles = np.stack([paint(kind, FRESH + n) for n, kind in enumerate(names)])
    right = (confidences(network, tiles) > 0.5) == [kind in MITOSES for kind in names]
    assert right.mean() >= 0.95, f"{right.mean():.1%}"


def test_its_accuracy_was_measured_on_2000_tiles_or_more(claims: dict[str, Any]) -> None:
    assert claims["training"]["measured_tiles"] >= 2000
    assert claims["training"]["accuracy"] >= 0.95


def test_at_least_forty_tiles_in_two_class_folders_are_64_pixels_of_a_quarter_micrometre() -> None:
    files = sorted(DEMO.glob("*/*.png"))
    assert {file.parent.name for file in files} == {"mitosis", "normal"}
    assert len(files) >= 40
    for file in files:
        with Image.open(file) as image:
            assert (image.size, image.mode) == ((64, 64), "RGB")
            assert image.info["dpi"] == pytest.approx((101_600, 101_600), rel=1e-3)


def test_a_shipped_tile_is_what_its_name_and_seed_paint(claims: dict[str, Any]) -> None:
    first = claims["training"]["shipped_from_seed"]
    for line in claims["tiles"][::7]:
        kind, number = Path(line["file"]).stem.split("_")
        # Another processor's exponentials may round the other way here and there.
        painted = paint(kind, first + int(number)).astype(int)  # type: ignore[arg-type]
        assert np.mean(np.abs(painted - read(line["file"])) > 1) < 0.01


def test_shipped_tiles_get_the_confidence_that_is_claimed_and_mostly_the_right_answer(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    lines = claims["tiles"]
    assert {line["file"] for line in lines} == {
        file.relative_to(DEMO).as_posix() for file in DEMO.glob("*/*.png")
    }
    told = confidences(network, np.stack([read(line["file"]) for line in lines]))
    assert told == pytest.approx([line["confidence"] for line in lines], abs=1e-3)
    right = [(p > 0.5) == (line["label"] == "mitosis") for p, line in zip(told, lines, strict=True)]
    assert np.mean(right) >= 0.9


def test_each_flipped_tile_is_flipped_by_the_pixel_that_is_named(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    assert len(of(claims, flipped=True)) >= 3
    for line in of(claims, flipped=True):
        tile = read(line["file"])
        place = np.array([[line["row"], line["column"]]])
        attacked = changed(tile, place, np.array([line["rgb"]], np.uint8))
        clean, after = confidences(network, np.concatenate([tile[None], attacked]))
        assert (clean > 0.5) == (line["label"] == "mitosis")
        assert (after > 0.5) != (clean > 0.5), line
        assert after == pytest.approx(line["extreme_confidence"], abs=1e-3)


def test_held_tiles_withstand_a_random_part_of_all_changes(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    assert len(of(claims, flipped=False)) >= 3
    rng = np.random.default_rng(3)
    for line in of(claims, flipped=False):
        tile = read(line["file"])
        colours = CORNERS[rng.integers(0, 8, 256)]
        told = confidences(network, changed(tile, rng.integers(0, 64, (256, 2)), colours))
        assert len(set(told > 0.5)) == 1, line


def test_the_held_tile_nearest_to_flipping_withstands_every_change_near_its_worst_pixel(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    line = min(of(claims, flipped=False), key=lambda line: abs(line["extreme_confidence"] - 0.5))
    places = [
        (row, column)
        for row in range(max(line["row"] - 6, 0), min(line["row"] + 7, 64))
        for column in range(max(line["column"] - 6, 0), min(line["column"] + 7, 64))
    ]
    tiles = changed(
        read(line["file"]),
        np.repeat(np.array(places), 8, axis=0),
        np.tile(CORNERS, (len(places), 1)),
    )
    told = confidences(network, tiles)
    assert len(set(told > 0.5)) == 1
    worst = told.min() if line["confidence"] > 0.5 else told.max()
    assert worst == pytest.approx(line["extreme_confidence"], abs=1e-3)


@pytest.mark.slow
@pytest.mark.skipif("'slow' not in config.getoption('-m')", reason="a full sweep; ask with -m slow")
def test_a_held_tile_withstands_each_of_its_32768_changes(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    line = of(claims, flipped=False)[0]
    tile = read(line["file"])
    for row in range(64):
        places = np.array([(row, column) for column in range(64) for _ in range(8)])
        told = confidences(network, changed(tile, places, np.tile(CORNERS, (64, 1))))
        assert len(set(told > 0.5)) == 1


def test_the_slide_is_a_tiled_pyramid_of_a_quarter_micrometre_and_smaller_than_900_kb(
    claims: dict[str, Any],
) -> None:
    told = claims["slide"]
    assert SLIDE.stat().st_size <= 900_000
    assert hashlib.sha256(SLIDE.read_bytes()).hexdigest() == told["sha256"]
    with openslide.OpenSlide(SLIDE) as slide:
        assert slide.properties["openslide.vendor"] == "generic-tiff"
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.25)
        assert float(slide.properties["openslide.mpp-y"]) == pytest.approx(0.25)
        assert slide.dimensions == (told["width"], told["height"])
        assert slide.level_downsamples == pytest.approx((1, 2, 4, 8))
    with tifffile.TiffFile(SLIDE) as file:
        assert {(page.tilelength, page.tilewidth) for page in file.pages} == {(256, 256)}
        levels = [level.shape for level in file.series[0].levels]
    assert levels == [(told["height"] // n, told["width"] // n, 3) for n in (1, 2, 4, 8)]


def test_both_readers_see_the_same_slide_and_a_quarter_of_it_is_glass() -> None:
    rgb = tifffile.imread(SLIDE, key=0)
    with openslide.OpenSlide(SLIDE) as slide:
        region = np.asarray(slide.read_region((640, 512), 0, (300, 200)))[..., :3]
    assert np.abs(region.astype(int) - rgb[512:712, 640:940]).max() <= 1
    assert 0.2 < (rgb.min(axis=2) > 225).mean() < 0.35


def test_the_list_beside_the_slide_names_each_mark_and_its_class(claims: dict[str, Any]) -> None:
    with (SLIDE.parent / "painted_slide.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    marks = claims["slide"]["marks"]
    assert {line["slide"] for line in lines} == {SLIDE.name}
    assert [(int(line["centre_row"]), int(line["centre_column"])) for line in lines] == [
        (mark["row"], mark["column"]) for mark in marks
    ]
    assert [line["label"] for line in lines] == [
        "mitosis" if mark["kind"] in MITOSES else "normal" for mark in marks
    ]
    assert {mark["kind"] for mark in marks} >= set(MITOSES)


def test_the_classifier_finds_most_mitoses_of_the_slide_and_few_others(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    told, rgb = claims["slide"], tifffile.imread(SLIDE, key=0)
    places = [(mark["row"], mark["column"]) for mark in told["marks"]]
    tiles = [rgb[row - 32 : row + 32, column - 32 : column + 32] for row, column in places]
    answers = confidences(network, np.stack(tiles))
    assert answers == pytest.approx([mark["confidence"] for mark in told["marks"]], abs=1e-3)
    mitosis = np.array([mark["kind"] in MITOSES for mark in told["marks"]])
    found, mistaken = (answers[mitosis] > 0.5).sum(), (answers[~mitosis] > 0.5).sum()
    assert (found, mistaken) == (told["mitoses_found"], told["lookalikes_mistaken"])
    assert found >= 0.8 * told["mitoses"] == 0.8 * mitosis.sum()
    assert mistaken <= 0.1 * told["lookalikes"]


def test_a_scan_of_the_slide_is_wrong_on_less_than_one_tile_in_a_hundred(
    network: CodaitMitosis, claims: dict[str, Any]
) -> None:
    told, rgb = claims["slide"], tifffile.imread(SLIDE, key=0)
    assert told["scan"]["of_these_mistaken"] < 0.01 * told["scan"]["tiles_without_mitosis"]
    places = np.array([(m["row"], m["column"]) for m in told["marks"] if m["kind"] in MITOSES])
    rng = np.random.default_rng(9)
    tops = rng.integers(0, (told["height"] - 64, told["width"] - 64), (400, 2))
    away = np.linalg.norm(tops[:, None] + 32 - places[None], axis=2).min(axis=1) > 48
    tiles = np.stack([rgb[row : row + 64, column : column + 64] for row, column in tops[away]])
    assert (confidences(network, tiles) > 0.5).mean() < 0.02


def test_a_quick_run_writes_every_part_of_the_demonstration(tmp_path: Path) -> None:
    script = ROOT / "packaging" / "make_demo.py"
    command = [sys.executable, str(script), "--quick", "--out", str(tmp_path / "new")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    written = {path.relative_to(tmp_path / "new").as_posix() for path in tmp_path.rglob("*.*")}
    assert {"mitosis_demo.safetensors", "demo.json", "mitosis/metaphase_00.png"} <= written
    assert {"slide/painted_slide.tiff", "slide/painted_slide.csv"} <= written
    assert set(load_file(tmp_path / "new" / CHECKPOINT.name)) == set(load_file(CHECKPOINT))


def test_the_packaging_folder_is_no_package() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()
    found = importlib.util.find_spec("packaging.version")
    assert found is not None

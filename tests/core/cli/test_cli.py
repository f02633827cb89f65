"""The command line as scripts rely on it: words, exit codes, files and streams."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.problems import Problem
from tests.core.cli.words import SMALL, Previewed

PROVENANCE = {"software", "environment", "classifier", "tile", "question", "attack", "command"}


# ------------------------------------------------------------------ attack
def test_an_attack_that_flips_says_so_writes_its_json_and_exits_0(go, tmp_path):
    out = tmp_path / "a.json"
    code, said, errors = go("attack", "a.png", "--model", "weak.pt", *SMALL, "--json", out)
    assert (code, errors) == (0, [])
    assert said[0].startswith("Changing one pixel (row 1, column 2) moved the mitosis confidence")
    assert all(line.startswith("Doubt: ") for line in said[1:])
    found = json.loads(out.read_text("utf-8"))
    assert {"clean", "answer", "flipped", "queries", "confidence", "pixels", "provenance"} <= set(
        found
    )
    assert (found["flipped"], found["answer"], found["clean_answer"]) == (True, "normal", "mitosis")
    assert found["confidence"] < 0.5 < found["clean"]
    assert 0 < found["queries"] <= 3600
    (pixel,) = found["pixels"]
    assert set(pixel) == {"row", "column", "rgb_before", "rgb_after"}
    assert (pixel["row"], pixel["column"], pixel["rgb_before"]) == (1, 2, [0, 0, 0])
    assert pixel["rgb_after"][0] > 127


def test_an_attack_that_holds_says_so_and_exits_1(go, tmp_path):
    out = tmp_path / "a.json"
    code, said, _ = go("attack", "a.png", "--model", "sound.pt", *SMALL, "--json", out)
    assert code == 1
    assert said[0].startswith("No single pixel changed the answer in 3,600 queries")
    assert any("spent its budget" in line for line in said[1:])
    found = json.loads(out.read_text("utf-8"))
    assert (found["flipped"], found["queries"], found["first_flip"]) == (False, 3600, None)
    assert found["answer"] == found["clean_answer"]


def test_to_the_end_spends_the_budget_and_is_no_doubt_once_it_flipped(go, tmp_path):
    out = tmp_path / "a.json"
    words = ("attack", "a.png", "--model", "weak.pt", *SMALL, "--to-the-end", "--json", out)
    code, said, _ = go(*words)
    found = json.loads(out.read_text("utf-8"))
    assert (code, found["queries"], found["flipped"]) == (0, 3600, True)
    assert found["first_flip"] < 3600
    assert not any("spent its budget" in line for line in said)


def test_the_same_seed_gives_the_same_json_and_another_seed_another(go, tmp_path):
    for name, seed in (("1", 4), ("2", 4), ("3", 5)):
        words = ("attack", "a.png", "--model", "weak.pt", *SMALL, "--seed", seed)
        go(*words, "--json", tmp_path / name)
    first, again, other = (json.loads((tmp_path / name).read_text("utf-8")) for name in "123")
    for each in (first, again, other):
        for part in ("command", "environment", "attack"):
            each["provenance"].pop(part)
    assert first == again
    assert first["queries"] != other["queries"]


def test_the_provenance_has_the_command_with_names_and_without_folders(go, bench, tmp_path):
    out = tmp_path / "deep" / "a.json"
    out.parent.mkdir()
    words = ("attack", bench / "a.png", "--model", bench / "weak.pt", *SMALL, f"--json={out}")
    go(*words, "--device", "cpu")
    origin = json.loads(out.read_text("utf-8"))["provenance"]
    assert set(origin) >= PROVENANCE
    assert origin["command"] == (
        "onepixel-gui attack a.png --model weak.pt --population 60 --generations 60 "
        "--json=a.json --device cpu"
    )
    assert str(bench) not in out.read_text("utf-8")
    assert origin["attack"]["seed"] == 0


def test_a_tile_larger_than_the_input_is_judged_by_its_centre_and_positions_are_of_the_tile(
    go, tmp_path
):
    out = tmp_path / "a.json"
    _, said, _ = go("attack", "large.png", "--model", "weak.pt", *SMALL, "--json", out)
    found = json.loads(out.read_text("utf-8"))
    (pixel,) = found["pixels"]
    assert 6 <= pixel["row"] < 14
    assert 11 <= pixel["column"] < 19
    assert any("sees only 8 × 8 px of it" in line for line in said)
    assert found["provenance"]["tile"]["window"] == [6, 11, 8, 8]


@pytest.mark.usefixtures("previewed")
def test_a_map_with_a_preview_is_the_same_map(go, tmp_path, monkeypatch):
    go("map", "a.png", "--model", "weak.pt", "--out", tmp_path / "1.npz")
    monkeypatch.setattr(Previewed, "preview_chunk", 0)
    go("map", "a.png", "--model", "weak.pt", "--out", tmp_path / "2.npz")
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


# ------------------------------------------------------------------ map
def test_a_map_writes_json_and_arrays_and_exits_0(go, tmp_path):
    out, arrays = tmp_path / "m.json", tmp_path / "m.npz"
    words = ("map", "a.png", "--model", "weak.pt", "--json", out, "--out", arrays)
    code, said, errors = go(*words)
    assert (code, errors) == (0, [])
    assert said[0].startswith("1 of 64 positions flips the answer to normal")
    found = json.loads(out.read_text("utf-8"))
    assert {
        "clean", "lowest", "highest", "flipping_positions", "queries", "row_profile",
        "column_profile", "periods", "provenance",
    } <= set(found)  # fmt: skip
    assert set(found["lowest"]) == {"confidence", "row", "column", "rgb"}
    assert (found["lowest"]["row"], found["lowest"]["column"]) == (1, 2)
    assert (found["flipping_positions"], found["queries"]) == (1, 64 * 8)
    assert len(found["row_profile"]) == len(found["column_profile"]) == 8
    assert set(found["periods"]) == {"row", "column", "even_odd", "shuffles", "seed"}
    for axis in ("row", "column"):
        told = found["periods"][axis]
        assert set(told) == {"strongest_px", "share_of_shuffles_below", "beyond_95_percent"}
    with np.load(arrays) as held:
        kinds = {name: (held[name].shape, held[name].dtype.name) for name in held}
        assert kinds.pop("scores") == ((8, 8, 8), "float32")
        assert kinds.pop("palette") == ((8, 3), "uint8")
        assert kinds.pop("lowest") == kinds.pop("highest") == ((8, 8), "float32")
        assert held["window"].tolist() == [0, 0, 8, 8]
        assert held["clean"] == pytest.approx(found["clean"])
        assert np.array_equal(held["lowest"], held["scores"].min(axis=2))
        assert held["lowest"][1, 2] == pytest.approx(found["lowest"]["confidence"])


def test_a_map_in_which_nothing_flips_exits_0_as_well(go):
    code, said, _ = go("map", "a.png", "--model", "sound.pt")
    assert code == 0
    assert said[0].startswith("No position flips the answer")


def test_the_27_colours_are_a_palette(go, tmp_path):
    out = tmp_path / "m.npz"
    go("map", "a.png", "--model", "weak.pt", "--palette", "27", "--out", out)
    with np.load(out) as held:
        assert held["scores"].shape == (8, 8, 27)


def test_the_same_map_is_the_same_bytes(go, tmp_path):
    for name in ("1.npz", "2.npz"):
        go("map", "a.png", "--model", "weak.pt", "--out", tmp_path / name)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


# ------------------------------------------------------------------ figures
@pytest.mark.parametrize("words", [("attack", *SMALL), ("map",)])
def test_a_figure_is_written_with_its_sidecar(go, tmp_path, words):
    code, *_ = go(
        words[0], "a.png", "--model", "weak.pt", *words[1:], "--figure", tmp_path / "f.png"
    )
    assert code == 0
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.width > 1000
    beside = json.loads((tmp_path / "f.png.json").read_text("utf-8"))
    assert beside["provenance"]["command"].startswith(f"onepixel-gui {words[0]} a.png")


# ------------------------------------------------------------------ score
def test_scores_come_in_the_order_asked_with_their_folder_where_one_was_opened(go, tmp_path, bench):
    for label in ("mitosis", "normal"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "same.png").write_bytes((bench / "a.png").read_bytes())
    out = tmp_path / "s.json"
    code, said, _ = go("score", "a.png", tmp_path / "set", "--model", "weak.pt", "--json", out)
    found = json.loads(out.read_text("utf-8"))
    assert code == 0
    assert [each["tile"] for each in found] == ["a.png", "mitosis/same.png", "normal/same.png"]
    assert [each["label"] for each in found] == [None, "mitosis", "normal"]
    assert all(each["confidence"] == pytest.approx(0.982, abs=1e-3) for each in found)
    assert {each["answer"] for each in found} == {"mitosis"}
    assert said[0] == "a.png: mitosis, 98.2 % mitosis confidence"


def test_an_unreadable_tile_does_not_keep_the_others_from_being_scored(go, tmp_path):
    out = tmp_path / "s.json"
    code, said, errors = go(
        "score", "a.png", "bad.png", "b.png", "--model", "weak.pt", "--json", out
    )
    assert code == 2
    assert len(said) == len(json.loads(out.read_text("utf-8"))) == 2
    assert len(errors) == 1
    assert errors[0].startswith("bad.png")


def test_a_score_line_says_when_only_the_centre_was_judged(go):
    _, said, _ = go("score", "large.png", "--model", "weak.pt")
    assert said[0].endswith("judged by its centre 8 × 8 of 30 × 20 px")


# ------------------------------------------------------------------ the rest
def test_version_and_help_answer_on_stdout_with_0(go):
    assert go("--version") == (0, ["onepixel-gui 0.1.0"], [])
    code, said, _ = go("--help")
    assert code == 0
    for command in ("attack", "map", "score", "demo"):
        assert any(command in line for line in said)
        assert go(command, "--help")[0] == 0


def test_the_demonstration_is_made_by_whoever_can_draw_a_window(go, tmp_path):
    seen = []

    def demo(folder, say):
        seen.append(folder)
        say("made")

    assert go("demo", "--out", tmp_path, demo=demo) == (0, ["made"], [])
    assert go("demo", demo=demo)[0] == 0
    assert seen == [tmp_path, Path("onepixel-demo")]

    def broken(_folder, _say):
        raise Problem("No window.", "Get one.")

    assert go("demo", demo=broken) == (2, [], ["No window.", "Get one."])

"""The command line says what it understood of a checkpoint, and goes by the card it is given."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from onepixel_gui import cli
from onepixel_gui.classifier import sidecar
from onepixel_gui.classifier.opening import inspect
from tests.core.networks import Tiny, noise, save_bench, save_codait, save_script


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = save_bench(tmp_path_factory.mktemp("bench"))
    save_codait(folder / "codait.safetensors")
    save_script(Tiny(2, (64, 64)), folder / "silent.pt")
    told = {"input": [8, 8], "scaling": "zero-to-one", "outputs": "logits"}
    names = ["cat", "dog", "frog", "horse", "ship", "truck"]
    save_script(Tiny(6, gain=0.3), folder / "many.pt", told | {"classes": names})
    return folder


@pytest.fixture
def go(bench, monkeypatch, capsys):
    monkeypatch.chdir(bench)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        code = cli.run([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out.splitlines(), err.splitlines()

    return run


def facts(lines):
    return {line.split("  ")[0]: line for line in lines}


def test_inspect_prints_what_was_understood_and_where_each_guess_comes_from(go):
    code, said, errors = go("inspect", "codait.safetensors")
    assert (code, errors) == (0, [])
    told = facts(said)
    assert said[0] == "codait.safetensors"
    assert told["File"].startswith("File         safetensors; 4")
    assert told["SHA-256"].split()[-1] == inspect_sha("codait.safetensors")
    assert "CODAIT's mitosis network  [exact: the file names it" in told["Network"]
    assert "112,585" in told["Parameters"]
    assert "64 x 64 px (height x width); RGB" in told["Input"]
    assert told["Scaling"].endswith("[what CODAIT's mitosis network was trained with]")
    assert "%" in told["One pixel"] or "densely" in told["One pixel"]
    assert told["Device"].endswith("at once")


def inspect_sha(name):
    from pathlib import Path

    return inspect(Path(name)).card.sha256


def test_a_quick_inspection_leaves_what_only_the_network_knows(go):
    code, said, _ = go("inspect", "silent.pt", "--quick")
    assert code == 0
    told = facts(said)
    assert told["Output"].endswith("asked of the network when it is loaded")
    assert told["Classes"].endswith("asked of the network when it is loaded")
    assert "Device" not in told


def test_inspect_as_json_is_the_same_card(go):
    code, said, _ = go("inspect", "codait.safetensors", "--json")
    assert code == 0
    told = json.loads("\n".join(said))
    assert told["architecture"] == "codait_mitosis"
    assert told["input_size"] == [64, 64]
    assert told["fits"][0]["exact"] is True
    assert set(told["sources"]) >= {"scaling", "classes"}
    assert told["white_box"] is True


def test_inspect_refuses_what_is_no_checkpoint(go):
    code, said, errors = go("inspect", "bad.png")
    assert (code, said) == (2, [])
    assert "bad.png is not a checkpoint" in errors[0]
    assert len(errors) == 2


def test_a_card_that_is_given_decides_how_the_classifier_is_asked(go, bench, tmp_path):
    card = inspect(bench / "weak.pt").card
    path = tmp_path / "mine.card.toml"
    sidecar.write(replace(card, classes=("calm", "dividing"), subject="dividing"), path)
    code, said, _ = go("score", "a.png", "--model", "weak.pt", "--card", path)
    assert code == 0
    assert "dividing" in said[0]
    code, said, _ = go("inspect", "weak.pt", "--card", path)
    assert "[the card mine.card.toml]" in facts(said)["Classes"]


def test_a_card_beside_the_file_is_gone_by_without_being_named(go, bench):
    card = inspect(bench / "sound.pt").card
    beside = sidecar.beside(bench / "sound.pt")
    sidecar.write(replace(card, classes=("calm", "dividing"), subject="dividing"), beside)
    try:
        assert "dividing" in go("score", "a.png", "--model", "sound.pt")[1][0]
    finally:
        beside.unlink()


@pytest.mark.parametrize("command", [["attack", "a.png"], ["map", "a.png"], ["score", "a.png"]])
def test_a_card_that_cannot_be_gone_by_is_a_problem(go, tmp_path, command):
    (tmp_path / "bad.toml").write_text("threshold = 7")
    code, _, errors = go(*command, "--model", "weak.pt", "--card", tmp_path / "bad.toml")
    assert code == 2
    assert "bad.toml makes no sense (threshold)" in errors[0]


def test_of_many_classes_the_likeliest_are_scored_and_another_can_be_put_in_question(go, tmp_path):
    said = go("score", "a.png", "--model", "many.pt")[1][0]
    assert said.count("%") == 5
    answer = said.split(": ")[1].split(",")[0]
    other = "dog" if answer != "dog" else "cat"
    out = tmp_path / "m.json"
    code, _, _ = go("map", "a.png", "--model", "many.pt", "--subject", other, "--json", out)
    assert code == 0
    assert json.loads(out.read_text("utf-8"))["provenance"]["question"]["subject"] == other


def test_a_class_that_does_not_exist_is_refused_with_those_that_do(go):
    code, _, errors = go("attack", "a.png", "--model", "many.pt", "--subject", "dragon")
    assert code == 2
    assert "cat, dog, frog" in " ".join(errors)


def test_a_result_keeps_how_its_classifier_was_asked(go, tmp_path):
    out = tmp_path / "a.json"
    go("attack", "a.png", "--model", "weak.pt", "--generations", "2", "--json", out)
    told = json.loads(out.read_text("utf-8"))["provenance"]["classifier"]
    assert (told["order"], told["outputs"], told["fitting"]) == ("RGB", "logits", "crop")
    assert told["format"] == "TorchScript"
    assert "doubts" in told


def test_a_resized_tile_is_said_to_be_resized(go, bench, tmp_path):
    Image.fromarray(noise(1, (11, 9))[0]).save(tmp_path / "odd.png")
    card = inspect(bench / "weak.pt").card
    sidecar.write(replace(card, fitting="resize"), tmp_path / "c.toml")
    _, said, _ = go(
        "attack", tmp_path / "odd.png", "--model", "weak.pt", "--card", tmp_path / "c.toml",
        "--population", "10", "--generations", "2",
    )  # fmt: skip
    assert any("resized from 9 × 11 to 8 × 8" in line for line in said)
    assert np.array(Image.open(tmp_path / "odd.png")).shape == (11, 9, 3)

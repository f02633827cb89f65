"""Guided attacks on the command line: white box is said, previews are counted apart."""

import json

import pytest

from tests.core.cli.words import GUIDED, SMALL, problem


@pytest.mark.usefixtures("previewed")
def test_a_guided_attack_says_white_box_and_counts_previews_apart(go, tmp_path):
    out = tmp_path / "a.json"
    code, said, errors = go(*GUIDED, "weak.pt", "--json", out)
    assert (code, errors) == (0, [])
    assert said[0].startswith("Changing one pixel (row 1, column 2) moved the mitosis confidence")
    assert said[0].endswith("(white-box search).")
    assert "n = 1 query of one tile, previews not counted" in said[1]
    assert "512 candidates" in said[1]
    assert "Not comparable with a black-box search, the protocol of the literature" in said[1]
    assert all(line.startswith("Doubt: ") for line in said[2:])
    found = json.loads(out.read_text("utf-8"))
    assert (found["strategy"], found["access"]) == ("guided", "white-box")
    assert (found["queries"], found["first_flip"], found["previews"]) == (1, 1, 512)
    how = found["provenance"]["attack"]
    assert how["access"] == "white-box"
    assert how["budget"] == how["shortlist"] + how["neighbours"] + how["refinements"]
    assert not any("white-box" in doubt for doubt in found["doubts"])


@pytest.mark.usefixtures("previewed")
def test_a_guided_attack_that_holds_exits_1_and_says_that_its_budget_is_spent(go, tmp_path):
    code, said, _ = go(*GUIDED, "sound.pt", "--figure", tmp_path / "f.png")
    assert code == 1
    assert "queries of a white-box search" in said[0]
    assert any("spent its budget" in line for line in said)
    caption = json.loads((tmp_path / "f.png.json").read_text("utf-8"))["caption"]
    assert "Guided search (white-box" in caption


def test_an_evolution_says_black_box_in_its_json(go, tmp_path):
    go("attack", "a.png", "--model", "weak.pt", *SMALL, "--json", tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert (found["strategy"], found["access"]) == ("evolution", "black-box")
    assert found["previews"] == 0


@pytest.mark.parametrize("option", ["--population", "--generations", "--seed"])
def test_an_option_without_effect_on_a_guided_attack_is_refused(go, option):
    code, said, errors = go(*GUIDED, "weak.pt", option, 7)
    assert (code, said) == (2, [])
    assert option in " ".join(errors)
    assert "belongs to --strategy evolution" in " ".join(errors)


def test_a_guided_attack_without_a_preview_leads_to_the_black_box_search(go, monkeypatch):
    from onepixel_gui.classifier.probe import TileProbe

    monkeypatch.setattr(TileProbe, "preview_chunk", 0)
    told = problem(go(*GUIDED, "weak.pt"))
    assert "no preview" in told
    assert "black-box search" in told

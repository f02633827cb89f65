"""The preview in the window and `inspect` in a terminal show one and the same card."""

import pytest

from onepixel_gui import cli, terminal
from onepixel_gui.classifier.opening import inspect
from onepixel_gui.qt import arrival_words as words
from onepixel_gui.qt.view import Arrival
from tests.core.networks import Tiny, save_codait, save_script
from tests.qt.doubles import StandInClassifier

PLAIN = str.maketrans({"−": "-", "×": "x", "…": "...", "µ": "u"})


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    names = [f"class {i}" for i in range(9)]
    told = {"input": [8, 8], "scaling": "imagenet", "classes": names}
    return {
        "known": save_codait(folder / "known.safetensors"),
        "silent": save_script(Tiny(2, (64, 64)), folder / "silent.pt"),
        "many": save_script(Tiny(9), folder / "many.pt", told),
    }


@pytest.mark.parametrize("name", ["known", "silent", "many"])
@pytest.mark.parametrize("quick", [True, False])
def test_the_command_line_prints_the_card_of_the_window(files, name, quick, monkeypatch, capsys):
    inspected = inspect(files[name])
    classifier = StandInClassifier(shortcut="Saves 64 % of the work.")
    classifier.card = inspected.card
    monkeypatch.setattr(terminal.Which, "open", lambda *_: classifier)
    assert cli.run(["inspect", str(files[name]), *["--quick"] * quick]) == 0
    printed = capsys.readouterr().out.splitlines()
    shown = words.rows(
        Arrival(files[name], inspection=inspected, classifier=None if quick else classifier)
    )
    assert len(shown) == 13
    for row in shown[:11] if quick else shown:
        value = row.hint if row.label == "SHA-256" else row.value
        source = f"  [{row.source}]" if row.source else ""
        line = f"{row.label:<11}  {value}{source}".replace(" · ", "; ").translate(PLAIN)
        assert line in printed


def test_the_window_shortens_the_hash_and_keeps_the_whole_at_hand(files):
    inspected = inspect(files["known"])
    row = next(
        row
        for row in words.rows(Arrival(files["known"], inspection=inspected))
        if row.label == "SHA-256"
    )
    assert row.value == inspected.card.sha256[:12]
    assert row.hint == inspected.card.sha256


def test_nothing_is_said_of_a_file_that_was_not_yet_inspected(files):
    assert words.rows(Arrival(files["known"])) == ()

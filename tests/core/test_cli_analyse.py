"""The command `analyse`: a study in, figures, numbers and findings out."""

import csv
import errno
import hashlib
import io
import json

import pytest
from PIL import Image

from onepixel_gui.attack.probe import Guidance
from onepixel_gui.cli import run
from onepixel_gui.study.store import Study
from tests.core.populations import outcomes_of, records_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """40 tiles attacked in two ways, which may not be counted together."""
    path = tmp_path_factory.mktemp("studies") / "planted.onepixel"
    outcomes = outcomes_of(40, cases=6)
    opened = Study.open(path, make=True)
    searches = [(record, -1, -1) for record in records_of(outcomes)]
    guided = [(record, -1, -1) for record in records_of(outcomes, Guidance())]
    opened.add_all(searches + guided[:20])
    opened.close()
    return path


@pytest.fixture(scope="module")
def analysed(study, tmp_path_factory):
    """All groups, into a folder that is not there yet."""
    out = tmp_path_factory.mktemp("out") / "deep" / "analysis"
    words = ["analyse", str(study), "--out", str(out), "--dark", "5", "--width", "89"]
    assert run(words) == 0
    return out


def test_each_group_gets_its_figures_with_sidecars_and_maps(analysed):
    black, white = sorted(path for path in analysed.iterdir() if path.is_dir())
    assert black.name == "1-demonstration-evolution"
    assert white.name == "2-demonstration-guided"
    for folder in (black, white):
        names = {path.name for path in folder.iterdir()}
        assert {"population.png", "before-and-after.png", "per-class-matrix.png"} <= names
        assert "maps.npz" in names
        origin = json.loads((folder / "population.png.json").read_text("utf-8"))["provenance"]
        listed = (folder / origin["tiles"]["listed_in"]).read_bytes()
        assert len(listed.splitlines()) == origin["tiles"]["n"]
        assert hashlib.sha256(listed).hexdigest() == origin["tiles"]["sha256_of_all"]
        for name in names:
            assert not name.endswith(".png") or f"{name}.json" in names


def test_black_box_and_white_box_runs_never_meet_in_one_figure(analysed):
    for folder, access, runs in (("1-demonstration-evolution", "black-box", 40),
                                 ("2-demonstration-guided", "white-box", 20)):  # fmt: skip
        for path in (analysed / folder).glob("*.json"):
            block = json.loads(path.read_text("utf-8"))
            assert block["provenance"]["attack"]["access"] == access
            assert block["provenance"]["runs"] == runs
            assert f"({access}, n = {runs} tiles)" in block["caption"]


def test_the_sidecar_names_the_study_and_the_command_without_folders(analysed, study):
    block = json.loads(
        (analysed / "1-demonstration-evolution" / "population.png.json").read_text("utf-8")
    )
    origin = block["provenance"]
    assert origin["study"]["name"] == "planted.onepixel"
    assert len(origin["study"]["identity"]) == 32
    assert origin["command"].startswith("onepixel-gui analyse planted.onepixel --out analysis")
    assert str(study.parent) not in json.dumps(block)
    assert origin["strides_px"] == [2, 4, 8]


def test_the_table_and_the_summary_hold_both_groups(analysed):
    rows = list(csv.DictReader((analysed / "numbers.csv").read_text("utf-8").splitlines()))
    assert {row["group"] for row in rows} == {
        "1-demonstration-evolution", "2-demonstration-guided"
    }  # fmt: skip
    words = (analysed / "summary.txt").read_text("utf-8")
    assert "Research use only, not for diagnosis." in words
    assert "40 runs of 40 tiles are counted (black-box)" in words
    assert "20 runs of 20 tiles are counted (white-box)" in words
    assert "Not drawn: universal pixels" in words


def test_the_same_study_gives_the_same_bytes(analysed, study, tmp_path):
    out = tmp_path / "deep" / "analysis"
    words = ["analyse", str(study), "--out", str(out), "--dark", "5", "--width", "89"]
    assert run([*words, "--group", "2"]) == 0
    for path in (out / "2-demonstration-guided").iterdir():
        first = (analysed / path.parent.name / path.name).read_bytes()
        if path.suffix in (".npz", ".txt"):
            assert path.read_bytes() == first
        else:  # but for the command, which names the group
            assert _without_command(path.read_bytes()) == _without_command(first)


def _without_command(data):
    """Compressed or not, the command is the only place that may differ."""
    if data.startswith(b"\x89PNG"):
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB").tobytes(), picture.text["Description"]
    block = json.loads(data)
    return block["caption"], block["figure"], block["provenance"] | {"command": ""}


def test_one_group_is_drawn_in_another_format(study, tmp_path):
    words = ["analyse", str(study), "--out", str(tmp_path), "--group", "2", "--format", "svg"]
    assert run([*words, "--dark", "0"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "2-demonstration-guided", "numbers.csv", "summary.txt"
    }  # fmt: skip
    assert not list(tmp_path.rglob("*.png"))
    assert list(tmp_path.rglob("*.svg"))


def test_groups_are_listed_without_drawing_anything(study, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["analyse", str(study), "--groups"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("1  demonstration  differential evolution (black-box")
    assert second.startswith("2  demonstration  guided search (white-box")
    assert not list(tmp_path.iterdir())


def test_reading_leaves_the_study_as_it_was(study, tmp_path):
    before, beside = study.read_bytes(), sorted(study.parent.iterdir())
    assert run(["analyse", str(study), "--groups"]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onepixel_gui.report.figure.export", lambda *_: ())
        assert run(["analyse", str(study), "--out", str(tmp_path / "x"), "--dark", "2"]) == 0
    assert study.read_bytes() == before
    assert sorted(study.parent.iterdir()) == beside


# ------------------------------------------------------------------ what goes wrong
def refused(words, capsys):
    assert run(words) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 2, told
    return told


def test_a_group_that_is_not_there_is_refused(study, tmp_path, capsys):
    what, remedy = refused(["analyse", str(study), "--out", str(tmp_path), "--group", "3"], capsys)
    assert what == "The study has no group 3; it has 2."
    assert remedy.startswith("Choose a number from 1 to 2")


def test_a_file_that_is_no_study_is_refused(tmp_path, capsys):
    for name, data in (("a.png", b"\x89PNG"), ("empty.onepixel", b"")):
        (tmp_path / name).write_bytes(data)
        refused(["analyse", str(tmp_path / name), "--out", str(tmp_path / "out")], capsys)
    refused(["analyse", str(tmp_path / "missing.onepixel")], capsys)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "missing.onepixel").exists()


def test_a_study_without_finished_runs_is_refused(tmp_path, capsys):
    Study.open(tmp_path / "new.onepixel", make=True).close()
    what, _ = refused(
        ["analyse", str(tmp_path / "new.onepixel"), "--out", str(tmp_path / "out")], capsys
    )
    assert what == "The study has no finished runs."
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(study, tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    what, _ = refused(["analyse", str(study), "--out", str(taken)], capsys)
    assert what == "The folder taken is a file."
    what, remedy = refused(["analyse", str(study), "--out", str(taken / "below")], capsys)
    assert what == "The folder below cannot be made because taken is a file."
    assert remedy.startswith("Choose another folder")
    assert taken.read_text() == "a file"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (errno.EACCES, "{} does not allow it"),
        (errno.EROFS, "{} is on a disk that only allows reading"),
        (errno.ENOSPC, "the disk or your quota is full"),
        (errno.EIO, "the disk reported an error"),
    ],
)
def test_it_is_told_why_a_folder_cannot_be_made(study, tmp_path, capsys, monkeypatch, code, why):
    def refuse(path, *_args, **_named):
        raise OSError(code, "no", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.mkdir", refuse)
        what, remedy = refused(["analyse", str(study), "--out", str(tmp_path / "new")], capsys)
    assert what == f"The folder new cannot be made because {why.format(tmp_path.name)}."
    assert remedy.startswith("Choose another folder")


def test_a_table_in_whose_place_a_folder_lies_is_told_before_any_work(study, tmp_path, capsys):
    (tmp_path / "numbers.csv").mkdir()
    what, _ = refused(["analyse", str(study), "--out", str(tmp_path)], capsys)
    assert what == "numbers.csv cannot be written because it is a folder."
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.csv"]


def test_a_figure_in_whose_place_a_folder_lies_is_told(study, tmp_path, capsys):
    (tmp_path / "1-demonstration-evolution" / "population.png").mkdir(parents=True)
    what, _ = refused(["analyse", str(study), "--out", str(tmp_path), "--dark", "0"], capsys)
    assert "population.png" in what

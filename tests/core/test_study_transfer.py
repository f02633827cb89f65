"""Out of a study and into one: tables, JSON, arrays, and results of the command line."""

import builtins
import contextlib
import csv
import dataclasses
import io
import json

import numpy as np
import pytest

from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.attacks import Exhaustive, as_values
from onepixel_gui.attack.probe import Began, confidence
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import CORNERS, sweep
from onepixel_gui.cli import run
from onepixel_gui.narration import as_json, attack_json, map_json, map_npz
from onepixel_gui.problems import Problem
from onepixel_gui.report.exhibit import AttackExhibit, SweepExhibit
from onepixel_gui.study import exporting
from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.study.whole import COLUMNS, FLOATS, INTEGERS
from tests.core.stand_ins import StandIn
from tests.core.study_records import CARD, PLAN, SEARCH, SERVING, record, step, tile

BAD_NAME = '=cmd|"/c calc"!A1'


@pytest.fixture
def study(tmp_path):
    made = Study.open(tmp_path / "a.onepixel", make=True)
    number = made.begin(PLAN | {"attacks": [as_values(SEARCH)]}, ["a", "-gone"])
    made.add(record(1, tile=tile(1, name=BAD_NAME, case='a,"b"\nc')), number, 0)
    made.add(record(2, Exhaustive(), seed=None, command="+x"))
    made.add(record(3, result=step(0), trail=()))
    made.refuse(number, 1, Problem("It is no picture.", "Remove it."))
    made.note("=1+1", 1)
    yield made
    made.close()


# ------------------------------------------------------------------ out
def test_a_table_has_one_line_for_each_run_and_each_tile_refused(study):
    data = exporting.as_csv(study.table())
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8"))))
    assert list(lines[0]) == list(COLUMNS)
    assert [line["run"] for line in lines] == ["1", "2", "3", ""]
    assert [line["result"] for line in lines] == ["flipped", "flipped", "stopped", "refused"]
    first = lines[0]
    assert float(first["clean_logit"]) == record(1).question.clean_logit
    assert (first["row"], first["column"], first["red"], first["blue"]) == ("1", "5", "255", "0")
    assert json.loads(first["pixels"]) == [[1, 5, 255, 255, 0]]
    assert (first["study_seed"], first["attack_seed"], first["first_flip"]) == ("0", "3", "80")
    assert (lines[1]["study_seed"], lines[1]["attack_seed"], lines[1]["first_flip"]) == ("",) * 3
    assert lines[3]["refused_because"] == "It is no picture."


def test_no_cell_of_a_table_is_taken_for_a_formula(study):
    rows = csv.reader(io.StringIO(exporting.as_csv(study.table()).decode()))
    cells = [cell for line in rows for cell in line if cell]
    assert f"'{BAD_NAME}" in cells
    assert "'+x" in cells
    assert not [
        cell for cell in cells if cell[0] in "=+@\t\r" or (cell[0] == "-" and cell[1:2].isalpha())
    ]
    assert not [cell for cell in cells if "\n" in cell]


def test_parquet_holds_the_same_columns_with_their_types(study):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = study.table()
    found = parquet.read_table(io.BytesIO(exporting.as_parquet(table)))
    assert found.column_names == list(COLUMNS)
    kinds = {name: str(found.schema.field(name).type) for name in COLUMNS}
    assert {kinds[name] for name in INTEGERS} == {"int64"}
    assert {kinds[name] for name in FLOATS} == {"double"}
    for name in COLUMNS:
        assert found[name].to_pylist() == list(table[name])


def test_without_pyarrow_the_extra_is_named(study, monkeypatch):
    original = builtins.__import__

    def missing(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(exporting.NoParquet) as refused:
        exporting.as_parquet(study.table())
    assert "onepixel-gui[parquet]" in refused.value.remedy


def test_json_holds_the_same_values_and_no_folder(study):
    told = json.loads(exporting.as_json(study, study.table()))
    assert told["study"] == study.identity
    assert [each["result"] for each in told["runs"]] == ["flipped", "flipped", "stopped", "refused"]
    assert told["runs"][0]["tile"] == BAD_NAME
    assert told["runs"][0]["pixels"] == [[1, 5, 255, 255, 0]]
    network = told["classifiers"][str(told["runs"][0]["classifier_number"])]
    assert network["sha256"] == CARD.sha256
    assert told["attacks"][str(told["runs"][1]["attack_number"])]["strategy"] == "sweep"
    assert told["campaigns"][0]["plan"]["models"] == ["mitosis.safetensors"]
    assert told["notes"][0]["words"] == "=1+1"
    assert "/models" not in json.dumps(told)


def test_maps_are_arrays_and_the_same_bytes_each_time(study):
    data = exporting.as_npz(study)
    assert exporting.as_npz(study) == data
    swept = record(2, Exhaustive()).result
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        assert file["runs"].tolist() == [2]
        np.testing.assert_array_equal(file["run_2_logits"], swept.logits)
        np.testing.assert_array_equal(file["run_2_scores"], confidence(swept.logits))
        np.testing.assert_array_equal(file["run_2_flipped"], swept.flipped)
        np.testing.assert_array_equal(file["run_2_palette"], swept.palette)
        assert file["run_2_window"].tolist() == [0, 0, 16, 16]


def test_the_command_writes_each_kind_of_file(study, tmp_path, capsys):
    study.close()
    names = {"csv": "o.csv", "json": "o.json", "parquet": "o.parquet", "maps": "o.npz"}
    options = [word for key, name in names.items() for word in (f"--{key}", str(tmp_path / name))]
    copy = tmp_path / "copy.onepixel"
    assert run(["export", str(study.path), *options, "--copy", str(copy)]) == 0
    assert {*names.values(), "copy.onepixel"} <= {each.name for each in tmp_path.iterdir()}
    assert "o.csv: " in capsys.readouterr().out
    with contextlib.closing(Study.open(copy, reading=True)) as opened:
        assert opened.numbers() == [1, 2, 3]


def test_the_command_exports_while_a_campaign_writes(study, tmp_path):
    assert run(["export", str(study.path), "--csv", str(tmp_path / "o.csv")]) == 0
    assert len((tmp_path / "o.csv").read_text().splitlines()) == 5
    study.add(record(9))


def test_the_command_says_what_is_wrong_before_any_work(study, tmp_path, capsys):
    assert run(["export", str(study.path)]) == 2
    assert run(["export", str(study.path), "--csv", str(tmp_path / "no" / "o.csv")]) == 2
    assert run(["export", str(study.path), "--csv", str(study.path)]) == 2
    assert run(["export", str(tmp_path / "none.onepixel"), "--csv", str(tmp_path / "o.csv")]) == 2
    assert not (tmp_path / "o.csv").exists()
    assert "not there" in capsys.readouterr().err


# ------------------------------------------------------------------ in
def probe():
    return StandIn(lambda c: 2 - 3.0 * (c[:, 0, 2:] > 200).all(1) - 0.01 * c[:, 0, 0])


def attack_result(folder, settings=SEARCH):
    """A result as `attack --json` writes it, the picture of its tile, and what it tells of."""
    seen = tile(4, name="seen.npy", case="case 9")
    began, *_, end = search(probe(), settings)
    shown = AttackExhibit(seen, began.question, CARD, SERVING, began, end, "onepixel-gui attack x")
    (folder / "r.json").write_bytes(as_json(attack_json(shown)))
    np.save(folder / "seen.npy", seen.rgb)
    return seen, began, end


def map_result(folder):
    seen = tile(4, name="seen.npy")
    *_, swept = sweep(probe(), CORNERS)
    found = sensitivity(swept)
    shown = SweepExhibit(seen, swept.question, CARD, SERVING, found, "lowest", "onepixel-gui map x")
    (folder / "m.json").write_bytes(as_json(map_json(shown)))
    (folder / "m.npz").write_bytes(map_npz(found))
    np.save(folder / "seen.npy", seen.rgb)
    return seen, swept


def imported(path, *files):
    return run(["import", str(path), *map(str, files)])


def test_the_result_of_an_attack_becomes_a_run_with_all_it_carries(tmp_path, capsys):
    seen, began, end = attack_result(tmp_path)
    path = tmp_path / "s.onepixel"
    assert imported(path, tmp_path / "r.json") == 0
    assert imported(path, tmp_path / "r.json") == 0
    assert capsys.readouterr().out.splitlines() == [
        "r.json: kept as run 1",
        "r.json: was here before",
    ]
    with contextlib.closing(Study.open(path, reading=True)) as study:
        assert study.numbers() == [1]
        kept = study.run(1)
    assert isinstance(began, Began)
    assert (kept.attack, kept.question, kept.card) == (SEARCH, began.question, CARD)
    assert kept.card.sources == CARD.sources
    assert kept.serving == SERVING
    assert dataclasses.replace(kept.result, seconds=0) == dataclasses.replace(end, seconds=0)
    assert (kept.tile.sha256, kept.tile.name) == (seen.sha256, seen.name)
    assert (kept.tile.case, kept.tile.label) == (seen.case, seen.label)


def test_a_map_and_its_arrays_become_a_sweep(tmp_path):
    _, swept = map_result(tmp_path)
    path = tmp_path / "s.onepixel"
    assert imported(path, tmp_path / "m.json", tmp_path / "m.npz") == 0
    with contextlib.closing(Study.open(path, reading=True)) as study:
        kept = study.run(1)
        (remark,) = study.remarks()
    np.testing.assert_array_equal(kept.result.flipped, swept.flipped)
    np.testing.assert_allclose(kept.result.logits, swept.logits, atol=1e-4)
    assert (kept.result.lowest, kept.result.highest) == (swept.lowest, swept.highest)
    assert kept.attack == Exhaustive("corners")
    assert (remark.run, "log-odds" in remark.words) == (1, True)


def test_what_a_result_lacks_is_said_and_nothing_is_left_behind(tmp_path, capsys):
    attack_result(tmp_path)
    map_result(tmp_path)
    path = tmp_path / "s.onepixel"
    assert imported(path, tmp_path / "m.json") == 2
    assert "tells of a map but does not hold it" in capsys.readouterr().err
    (tmp_path / "seen.npy").rename(tmp_path / "moved.npy")
    assert imported(path, tmp_path / "r.json") == 2
    assert "picture of seen.npy is needed" in capsys.readouterr().err
    assert not path.exists()
    assert imported(path, tmp_path / "r.json", tmp_path / "moved.npy") == 0


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("provenance",), []),
        (("provenance", "attack"), {}),
        (("provenance", "attack", "population"), "many"),
        (("provenance", "classifier", "classes"), 3),
        (("provenance", "question"), None),
        (("pixels",), [{"row": 99, "column": 1, "rgb_after": [0, 0, 0]}]),
        (("pixels",), [{"row": 1, "column": 1, "rgb_after": [0, 0, 999]}]),
        (("queries",), None),
        (("curve",), [[1]]),
    ],
)
def test_a_result_that_means_nothing_is_a_problem(tmp_path, capsys, place, value):
    attack_result(tmp_path)
    told = json.loads((tmp_path / "r.json").read_text())
    inner = told
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (tmp_path / "r.json").write_text(json.dumps(told))
    assert imported(tmp_path / "s.onepixel", tmp_path / "r.json") == 2
    assert "r.json" in capsys.readouterr().err
    assert not (tmp_path / "s.onepixel").exists()


def test_a_file_that_is_no_result_is_a_problem(tmp_path, capsys):
    for name, data in (("r.json", b"{"), ("r.json", b"[]"), ("r.json", b"[" * 100_000)):
        (tmp_path / name).write_bytes(data)
        assert imported(tmp_path / "s.onepixel", tmp_path / name) == 2
    attack_result(tmp_path)
    (tmp_path / "m.npz").write_bytes(b"PK no")
    assert imported(tmp_path / "s.onepixel", tmp_path / "r.json", tmp_path / "m.npz") == 2
    assert imported(tmp_path / "s.onepixel", tmp_path / "seen.npy") == 2
    assert "Unexpected" not in capsys.readouterr().err
    assert not (tmp_path / "s.onepixel").exists()


def test_another_study_is_merged_by_the_command(study, tmp_path, capsys):
    study.close()
    path = tmp_path / "b.onepixel"
    assert imported(path, study.path) == 0
    assert imported(path, study.path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a.onepixel: 3 runs kept",
        "a.onepixel: 0 runs kept, 3 were here before",
    ]
    with contextlib.closing(Study.open(path, reading=True)) as merged:
        assert merged.numbers() == [1, 2, 3]
        assert merged.campaigns()[0].done == 2


def test_a_study_is_not_brought_into_itself(tmp_path, capsys):
    path = tmp_path / "a.onepixel"
    assert run(["import", str(path), str(path)]) == 2
    assert "into itself" in capsys.readouterr().err
    assert not path.exists()


def test_a_rescue_in_vain_does_not_advise_the_same_rescue(study, tmp_path, capsys):
    study.close()
    whole = study.path.read_bytes()
    study.path.write_bytes(whole[: len(whole) // 3])
    new = tmp_path / "new.onepixel"
    assert run(["import", str(new), str(study.path)]) == 2
    told = capsys.readouterr().err
    assert "damaged" in told
    assert "backup" in told
    assert "import" not in told
    assert not new.exists()


def test_an_import_that_is_stopped_before_the_first_run_leaves_no_study(
    study, tmp_path, monkeypatch
):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("onepixel_gui.study.copying.merge", stopped)
    new = tmp_path / "new.onepixel"
    assert imported(new, study.path) == 130
    assert list(tmp_path.glob("new*")) == []


def test_a_study_is_not_made_where_nothing_may_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr("onepixel_gui.study.database.hold", lambda _path, _doing: None)
    with pytest.raises(UnusableStudy, match="does not allow writing"):
        Study.open(tmp_path / "a.onepixel", make=True)

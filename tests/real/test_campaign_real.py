"""A campaign of the published classifier over real labelled tiles, in one command."""

import json
from contextlib import closing

import pytest

from onepixel_gui import cli
from onepixel_gui.study.store import Study


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_real_tiles_are_attacked_in_both_directions_and_the_same_command_goes_on(
    shared_data, tmp_path
):
    words = ["campaign", shared_data / "tupac_prlab", "--limit", 8, "--attack", "guided"]
    words += ["--model", shared_data / "ibm_max" / "deep_histopath_model.hdf5", "--workers", 2]
    words += ["--study", tmp_path / "real.onepixel", "--json", tmp_path / "real.json"]
    assert cli.run([*map(str, words)]) == 0
    told = json.loads((tmp_path / "real.json").read_text("utf-8"))
    assert (told["runs"], told["done"]) == (8, 8)
    assert {rate["answer"] for rate in told["rates"]} == {"mitosis", "normal"}
    assert cli.run([*map(str, words)]) == 0
    again = json.loads((tmp_path / "real.json").read_text("utf-8"))
    assert again["done_before"] == 8
    with closing(Study.open(tmp_path / "real.onepixel", reading=True)) as study:
        records = [study.run(run) for run in study.rows(1).run.tolist()]
        assert all(record.strides == (2, 4, 8) for record in records)
        for record in records:
            assert (record.moved is not None) == record.flipped
            assert (record.propagation is not None) == record.flipped

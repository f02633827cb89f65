"""The comparing benches run and say everything; their numbers are judged by a reader."""

import json
import sys
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.tiles.tile import Tile
from tests.bench import engines, memory, peers, rounds, searches, speed, subjects, tables, versus
from tests.core.networks import Corner, card

PLAN = rounds.Plan(rounds=2, seconds=0.01, patience=0.0, seeds=1, budget=800, batches=(2, 4))
BENCH = "the extra `bench` is not installed: python packaging/bootstrap.py bench"


def dark(edge: int = 8) -> Tile:
    return Tile("dark", np.zeros((edge, edge, 3), np.uint8))


@pytest.fixture
def tiny(monkeypatch):
    """A network of 8 x 8 that one pixel flips, instead of those that take minutes."""
    one = subjects.Subject("tiny", "tiny, 8 x 8", card(), Corner(), dark(), "made up")
    monkeypatch.setattr(subjects, "SUBJECTS", {"tiny": lambda: one})
    return one


@pytest.fixture
def scene():
    return peers.Scene(Classifier(card(), Corner(), "cpu"), dark(), rounds.Clock(0.01))


# -- timing -------------------------------------------------------------------------------------


def test_a_slice_in_which_other_programs_were_busy_is_taken_again(monkeypatch):
    busy = iter([0.0, 9.0, 9.0, 9.0])
    monkeypatch.setattr(rounds, "_busy_elsewhere", lambda: next(busy))
    clock, calls = rounds.Clock(0.0, patience=1.0), count(1)
    assert clock.rate(lambda: next(calls)) > 0
    assert next(calls) == 3
    assert clock.disturbed == 0
    assert clock.patience < 1.0


def test_a_disturbed_slice_is_kept_and_counted_when_patience_is_at_an_end(monkeypatch):
    busy = count(0.0, 9.0)
    monkeypatch.setattr(rounds, "_busy_elsewhere", lambda: next(busy))
    clock = rounds.Clock(0.0)
    assert clock.rate(lambda: 1) > 0
    assert clock.disturbed == 1


def test_larger_batches_are_tried_only_while_they_may_still_win(monkeypatch):
    rates, asked = {1: 10.0, 2: 20.0, 4: 15.0, 8: 12.0, 16: 99.0}, []
    clock = rounds.Clock(0.0)
    monkeypatch.setattr(clock, "rate", lambda work: rates[work()])

    def at(size):
        asked.append(size)
        return lambda: size

    assert rounds.best_batch(at, list(rates), clock) == 2
    assert asked == [1, 2, 4, 8]


def test_ratios_are_taken_within_a_round():
    assert rounds.over({"a": [1.0, 2.0], "b": [4.0, 2.0]}, "a") == {"a": [1, 1], "b": [4, 1]}
    assert rounds.summary([3.0, 1.0, 2.0])["median"] == 2.0


def test_a_reader_is_told_of_slices_that_were_not_quiet():
    one = {"title": "tiny", "disturbed_slices": 3, "per_second": {"eager": {"all": [1.0] * 7}}}
    assert tables.disturbed({"speed": {"tiny": one}}).endswith("tiny: 3 of 7.")
    assert tables.disturbed({"speed": {"tiny": one | {"disturbed_slices": 0}}}) == ""


# -- networks and engines -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ibm", "resnet20", "small"])
def test_a_network_of_the_bench_is_the_same_each_time_and_does_not_explode(name):
    first, second = subjects.subject(name), subjects.subject(name)
    tile = torch.rand(2, 3, first.edge, first.edge)
    with torch.inference_mode():
        assert torch.equal(first.network(tile), second.network(tile))
        assert float(first.network(tile).abs().max()) < 1000


def test_every_dense_engine_gives_the_answers_of_the_bare_network():
    one = subjects.subject("small")
    found = engines.engines(one.network, one.edge)
    tiles = np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)
    bare = found["eager"](tiles)()
    for prepared in found.values():
        ask = prepared(tiles)
        np.testing.assert_allclose(ask(), bare, atol=1e-4)
    if len(found) < 4:
        pytest.skip(BENCH)


def test_speed_tells_every_rate_beside_the_bare_network(tiny):
    found = speed.speed("tiny", PLAN)
    assert {"eager", "channels-last", "our dense"} <= set(found["per_second"])
    assert all(len(each["all"]) == 2 for each in found["over_eager"].values())
    assert found["over_eager"]["eager"]["median"] == 1.0
    assert all(difference < 1e-4 for difference in found["largest_difference"].values())
    assert tiny.title in tables.ratios({"speed": {"tiny": found}})


@pytest.mark.usefixtures("tiny")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are told by Linux only")
def test_memory_is_what_a_probe_adds_at_its_peak():
    found = memory.memory("tiny", "our dense")
    assert set(found["MiB"]) == set(found["candidates"])
    assert all(added >= 0 for added in found["MiB"].values())


# -- searches of others -------------------------------------------------------------------------


def peer(scene, name, module):
    pytest.importorskip(module, reason=BENCH)
    return peers.peers(scene, 16, None, 1)[name]


def test_scipys_search_finds_a_flip_and_stops_at_the_generation(scene):
    hunt = peer(scene, "SciPy on torch", "scipy")(0, 8000, None)
    assert hunt.flipped
    assert hunt.seen <= hunt.evaluations
    assert hunt.evaluations % peers.POPULATION == 0


def test_scipys_search_goes_on_to_the_optimum_when_told(scene):
    hunt = peer(scene, "SciPy on torch", "scipy")(0, 40_000, -4.0)
    assert hunt.reached


def test_torchattacks_runs_on_a_network_of_one_logit(scene):
    hunt = peer(scene, "torchattacks OnePixel", "torchattacks")(0, 8000, None)
    assert hunt.flipped
    assert hunt.seen


def test_art_runs_on_a_network_of_one_logit_and_two_classes(scene):
    hunt = peer(scene, "ART PixelAttack", "art")(0, 8000, None)
    assert hunt.flipped
    assert hunt.seen


def test_libraries_leave_numpys_global_generator_as_it_was(scene):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    peer(scene, "torchattacks OnePixel", "torchattacks")(0, 800, None)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_a_flip_that_does_not_survive_eight_bits_is_none(scene):
    tile = np.zeros((8, 8, 3))
    tile[1, 2, 0] = 127.4
    assert not scene.flips(tile)
    tile[1, 2, 0] = 127.6
    assert scene.flips(tile)


@pytest.mark.usefixtures("tiny")
def test_searches_tell_flips_and_optimum_of_each_search():
    found = searches.searches("tiny", replace(PLAN, budget=20_000))
    assert {"our search", "SciPy on torch"} <= set(found["black_box"])
    assert found["black_box"]["our search"]["flipped"] == 1
    assert found["black_box_to_the_optimum"]["our search"]["reached"] == [True]
    assert not any("guided" in name for name in found["black_box"])
    told = {"search": {"tiny": found}}
    assert "1 of 1" in tables.flips(told)
    assert "our search" in tables.optima(told)
    assert "search" not in tables.white(told) or found["white_box"]


@pytest.mark.usefixtures("tiny")
def test_a_whole_map_is_told_as_a_share_of_the_bare_dense_sweep():
    found = searches.whole_map("tiny", PLAN)
    assert found["dark"]["candidates"] == 8 * 8 * 8
    assert found["dark"]["share_of_dense"]["map"]["median"] > 0
    assert "dark, 512" in tables.maps({"map": {"tiny": found}})


# -- the command --------------------------------------------------------------------------------


def test_a_run_writes_machine_versions_plan_and_every_part(tiny, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(versus, "SUBJECTS", {"tiny": None})
    monkeypatch.setattr(versus, "SEARCHED", ("tiny",))
    monkeypatch.setattr(versus, "MAPPED", ("tiny",))
    monkeypatch.setattr(versus, "QUICK", PLAN)
    monkeypatch.setattr(versus, "in_its_own_process", lambda work, plan: work(plan))
    file = tmp_path / "versus.json"
    versus.main(["--quick", "--networks", "tiny", "--json", str(file)])
    result = json.loads(file.read_text("utf-8"))
    assert {"processor", "cores", "threads", "OMP_WAIT_POLICY"} <= set(result["machine"])
    assert set(versus.PACKAGES) == set(result["versions"])
    assert result["plan"]["seed"] == subjects.SEED
    assert all(result[part]["tiny"] for part in versus.PARTS)
    printed = capsys.readouterr().out
    assert tiny.title in printed
    versus.main(["--load", str(file)])
    assert printed.endswith(capsys.readouterr().out)  # behind what the libraries print


def test_an_unknown_network_is_refused_before_anything_is_measured(capsys):
    with pytest.raises(SystemExit):
        versus.asked(["--networks", "lenet"])
    assert "lenet is none of ibm" in capsys.readouterr().err

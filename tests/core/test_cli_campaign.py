"""The command `campaign` counts tiles, tells what is odd, and leaves nothing behind."""

import json
import shlex
import signal
import threading
from collections import Counter
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

from onepixel_gui.analysis.population.rates import rates
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.cli import run
from onepixel_gui.cli.progress import Ended, doing, ended_tidily, progress
from onepixel_gui.study import footing, store
from onepixel_gui.study.campaign import Advance, CampaignBegan, UnusablePlan
from onepixel_gui.study.flips import classifier_names, flips
from onepixel_gui.study.plan import Flipping, preparing
from onepixel_gui.study.record import Record
from onepixel_gui.study.repeating import repeated
from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.tiles.tile import Tile
from tests.core.campaigns import (
    SMALL,
    Here,
    carried,
    done_twice,
    make_corner,
    make_tiles,
    of,
    plan_over,
)

TILES = 12

pytestmark = pytest.mark.usefixtures("own_cache", "in_this_process")


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return make_tiles(tmp_path_factory.mktemp("tiles"), TILES)


@pytest.fixture(scope="module")
def words(tiles, corner):
    """A command on small attacks; the study and what else is wanted come after it."""
    small = ["--population", 20, "--generations", 6]
    return list(map(str, ["campaign", tiles, "--model", corner, "--workers", 1, *small]))


def another_corner(corner, folder):
    """Of the same name in another file."""
    folder.mkdir()
    copy = folder / corner.name
    copy.write_bytes(corner.read_bytes())
    for beside in corner.parent.iterdir():
        if beside.suffix == ".toml":
            (folder / beside.name).write_bytes(beside.read_bytes())
    return copy


# ------------------------------------------------------------------ counting
def test_each_tile_counts_once_whatever_seeds_it_has(words, tmp_path, capsys):
    path, out = tmp_path / "a.onepixel", tmp_path / "a.json"
    seeds = ["--seed", "0", "--seed", "1", "--seed", "2"]
    assert run([*words, "--study", str(path), "--json", str(out), *seeds]) == 0
    told = json.loads(out.read_text())
    assert told["runs"] == 3 * TILES
    assert sum(each["n"] for each in told["rates"]) == TILES
    assert {each["most_seeds"] for each in told["rates"]} == {3}
    with closing(Study.open(path, reading=True)) as study:
        (group,) = study.groups()
        alike = rates(study.outcomes(group))
        mine = {each.answer: each.rate for each in flips(study, 1)}
    assert len(alike.directions) == 2
    for rate in alike.directions:
        same = mine[rate.title.split(" to ")[0]]
        assert (same.flipped, same.n) == (rate.flipped, rate.n)
        assert (same.wilson, same.clustered) == (rate.wilson, rate.clustered)
    printed = capsys.readouterr().out
    assert "tiles (" in printed
    assert "95 % Wilson interval" in printed
    assert "by any of 3 seeds" in printed


@pytest.mark.parametrize("attacks", [["search"], ["search", "sweep"]])
def test_flips_of_several_attacks_are_no_number_together(words, tmp_path, attacks):
    out = tmp_path / "a.json"
    chosen = [word for attack in attacks for word in ("--attack", attack)]
    study = ["--study", str(tmp_path / "a.onepixel"), "--json", str(out)]
    assert run([*words, *study, *chosen]) == 0
    told = json.loads(out.read_text())
    each = sum(rate["flipped"] for rate in told["rates"])
    assert told["flipped"] == (each if len(attacks) == 1 else None)


def test_tiles_of_known_cases_have_an_interval_clustered_by_case(corner, tmp_path):
    folder = make_tiles(tmp_path / "tiles", 24)
    lines = ["path,label,case"]
    for number, file in enumerate(sorted(folder.rglob("*.png"))):
        lines.append(f"{file.relative_to(tmp_path)},{file.parent.name},case{number // 4}")
    (tmp_path / "tiles.csv").write_text("\n".join(lines))
    path = tmp_path / "a.onepixel"
    carried(path, plan_over(tmp_path / "tiles.csv", corner))
    with closing(Study.open(path, reading=True)) as study:
        found = flips(study, 1)
        alike = rates(study.outcomes(study.groups()[0]))
    assert {each.rate.cases for each in found} == {rate.cases for rate in alike.directions}
    assert [each.rate.clustered for each in found] == [
        rate.clustered for rate in sorted(alike.directions, key=lambda rate: rate.title)
    ]
    assert all(each.rate.clustered for each in found)


def test_classifiers_of_one_name_are_counted_apart_and_told_apart(tiles, corner, tmp_path):
    other = another_corner(corner, tmp_path / "other")
    other.write_bytes(make_corner(tmp_path).read_bytes())
    path = tmp_path / "a.onepixel"
    carried(path, plan_over(tiles, corner, other, attacks=(SMALL, Exhaustive())))
    with closing(Study.open(path, reading=True)) as study:
        found = flips(study, 1)
    counts = Counter()
    for each in found:
        counts[each.classifier, each.attack] += each.rate.n
    assert set(counts.values()) == {TILES}
    assert {attack for _, attack in counts} == {"search 20 x 6", "sweep, palette corners"}


def test_a_name_is_told_with_file_or_hash_only_where_it_is_shared():
    cards = [("a", "a.pt", "1" * 64), ("b", "b.pt", "2" * 64), ("b", "c.pt", "3" * 64)]
    cards += [("d", "d.pt", "4" * 64), ("d", "d.pt", "5" * 64)]
    told = classifier_names(
        {
            "classifiers": [
                dict(zip(("name", "file", "sha256"), each, strict=True)) for each in cards
            ]
        }
    )
    names = [name for name, _ in told]
    assert names == ["a", "b (b.pt)", "b (c.pt)", "d (d.pt, 44444444)", "d (d.pt, 55555555)"]


# ------------------------------------------------------------------ words
def lines_of(advance, capsys, monkeypatch):
    monkeypatch.setattr("onepixel_gui.cli.progress._EVERY", 0.0)
    with progress() as (tell, _):
        tell(advance)
    return capsys.readouterr().err.strip()


def test_before_anything_is_asked_no_speed_is_told(capsys, monkeypatch):
    assert lines_of(preparing("Loading corner"), capsys, monkeypatch) == "Loading corner"


def test_one_is_told_as_one(capsys, monkeypatch):
    advance = Advance("Attacking", 0, 1, 1, 0, 9, 12.0, 3.0)
    said = "0 of 1 run, 1 flip, 12 queries/s, 3 s left"
    assert lines_of(advance, capsys, monkeypatch) == said


def test_a_line_tells_how_sure_each_share_is(capsys, monkeypatch):
    one = Flipping("", 4, 8, 8, (0.2, 0.8)), Flipping("a sweep", 1, 8, 4, (0.01, 0.51))
    many = (*one[1:], Flipping("b", 3, 4, 1, None), Flipping("c", 0, 4, 4, (0.0, 0.6)))
    for shares, said in (
        (one[:1], ", 4 flips (20.0-80.0 %)"),
        (one[1:], ", 4 flips (1.0-51.0 % over 4 tiles)"),
        (many, " (a sweep 12.5 %, 1.0-51.0 % over 4 tiles; b 75.0 %; c 0.0 %, 0.0-60.0 %)"),
    ):
        advance = Advance("Attacking", 8, 9, 4, 0, 9, 0.0, None, shares=shares)
        told = " ".join(lines_of(advance, capsys, monkeypatch).split())
        assert told == f"8 of 9 runs{said}"
    bar = Advance("Attacking", 8, 9, 4, 0, 9, 0.0, None, shares=many)
    assert doing(bar) == "8 of 9 runs (0.0 to 75.0 % by classifier and attack)"


# ------------------------------------------------------------------ refused, and nothing left
def test_a_class_that_a_classifier_of_two_has_not_is_refused(tiles, corner, tmp_path):
    with pytest.raises(UnusablePlan, match="no class tumour") as caught:
        carried(tmp_path / "a.onepixel", plan_over(tiles, corner, subject="tumour"))
    assert "normal, mitosis" in caught.value.remedy


@pytest.mark.parametrize(
    "more",
    [
        ["--where", "label =="],
        ["--where", "label = nothing"],
        ["--subject", "tumour"],
        ["--model", "{folder}/none.pt"],
    ],
)
def test_a_campaign_that_cannot_begin_leaves_no_study(words, tmp_path, more):
    more = [word.format(folder=tmp_path) for word in more]
    assert run([*words, "--study", str(tmp_path / "a.onepixel"), *more]) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [0, 7])
def test_a_disk_that_is_full_from_the_start_leaves_no_file_without_a_byte(
    words, tmp_path, monkeypatch, size
):
    path = tmp_path / "a.onepixel"

    def full(made, **_words):
        made.write_bytes(b"x" * size)
        raise UnusableStudy("The disk is full.", "Free some space.")

    monkeypatch.setattr(store, "opened", full)
    assert run([*words, "--study", str(path)]) == 2
    assert path.exists() == (size > 0)


def test_a_campaign_that_cannot_begin_leaves_a_study_that_was_there(words, tmp_path):
    path = tmp_path / "a.onepixel"
    Study.open(path, make=True).close()
    assert run([*words, "--study", str(path), "--where", "label =="]) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_dry_run_makes_no_study_and_asks_the_one_that_is_there(words, tmp_path, capsys):
    path = tmp_path / "a.onepixel"
    assert run([*words, "--study", str(path), "--dry-run", "--limit", "1"]) == 0
    assert not list(tmp_path.iterdir())
    assert capsys.readouterr().out.startswith("1 tile, 1 run, ")
    assert run([*words, "--study", str(path)]) == 0
    assert run([*words, "--study", str(path), "--dry-run", "--where", "result = flipped"]) == 0


def test_another_checkpoint_of_the_same_name_is_told(tiles, corner, tmp_path):
    model = another_corner(corner, tmp_path / "other")
    path, plan = tmp_path / "a.onepixel", plan_over(tiles, model, limit=2)
    (first,) = of(carried(path, plan), CampaignBegan)
    (again,) = of(carried(path, plan), CampaignBegan)
    with model.open("ab") as file:
        file.write(b"\0" * 8)
    (second,) = of(carried(path, plan), CampaignBegan)
    (third,) = of(carried(path, plan_over(tiles, model, limit=3)), CampaignBegan)
    assert [each.number for each in (first, again, second, third)] == [1, 1, 2, 3]
    assert ["another one" in each.way for each in (first, again, second, third)] == [
        *(False, False, True, False)
    ]


# ------------------------------------------------------------------ ended from outside
@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="hears no signals"
)
@pytest.mark.parametrize(
    "name", ["SIGTERM", "SIGINT", *(["SIGHUP"] if hasattr(signal, "SIGHUP") else [])]
)
def test_asked_to_end_it_leaves_a_study_that_the_same_command_continues(
    words, tmp_path, monkeypatch, capsys, name
):
    path = tmp_path / "a.onepixel"

    class Interrupted(Here):
        runs = 0

        def replies(self, seconds):
            heard = super().replies(seconds)
            self.runs += sum(isinstance(reply, Record) for _, reply in heard)
            if self.runs == 5:
                signal.raise_signal(getattr(signal, name))
            return heard

    before = signal.getsignal(signal.SIGTERM)
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    hung_up = hasattr(signal, "SIGHUP") and signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(footing, "LocalCrew", Interrupted)
            assert run([*words, "--study", str(path)]) == 130
    finally:
        signal.signal(signal.SIGINT, inherited)
        if hung_up is not False:
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
            signal.signal(signal.SIGHUP, hung_up)
    assert signal.getsignal(signal.SIGTERM) == before
    assert "the same command continues it" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path], "a lock or a log was left"
    with closing(Study.open(path, reading=True)) as study:
        assert 0 < len(study.finished(1)) < TILES
    assert run([*words, "--study", str(path)]) == 0
    assert not done_twice(path)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="hears no signals"
)
def test_a_shell_that_ignores_ctrl_c_goes_on_ignoring_it():
    inherited = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ended_tidily():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
            signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with pytest.raises(Ended), ended_tidily():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, inherited)


# ------------------------------------------------------------------ repeating one run
def test_the_command_line_kept_with_a_run_repeats_it(tiles, corner, tmp_path, monkeypatch, capsys):
    path = tmp_path / "a.onepixel"
    carried(path, plan_over(tiles, corner, attacks=(SMALL, Exhaustive()), limit=1))
    with closing(Study.open(path, reading=True)) as study:
        searched, swept = (study.run(run) for run in sorted(study.rows().run.tolist()))
    if searched.attack == Exhaustive():
        searched, swept = swept, searched
    assert shlex.split(swept.command)[1] == "map"
    name, *command = shlex.split(searched.command)
    assert name == "onepixel-gui"
    assert "/" not in searched.command
    monkeypatch.chdir(corner.parent)
    Image.fromarray(np.asarray(searched.tile.rgb)).save(corner.parent / command[1])
    run([*command, "--json", str(tmp_path / "again.json")])
    capsys.readouterr()
    told = json.loads((tmp_path / "again.json").read_text())
    assert told["queries"] == searched.result.queries
    assert told["confidence"] == pytest.approx(searched.confidence, abs=1e-6)


def test_no_command_line_is_told_where_there_is_none(tiles, corner, tmp_path):
    path = tmp_path / "a.onepixel"
    carried(path, plan_over(tiles, corner, limit=1))
    with closing(Study.open(path, reading=True)) as study:
        record = study.run(1)
    tile, card = record.tile, record.card
    assert repeated(tile, card, Settings(), "")
    assert repeated(tile, card, Guidance(), "mitosis").count("guided") == 1
    assert repeated(tile, card, Settings(pixels=3), "") == ""
    assert repeated(tile, card, Guidance(shortlist=9), "") == ""
    assert repeated(Tile("a.png", tile.rgb), card, Settings(), "") == ""
    cut = Tile("s at 3, 4", tile.rgb, origin=(3, 4), slide="s.svs")
    assert " s.svs --at 3,4 " in repeated(cut, card, Settings(), "")
    coarse = Tile("s at 3, 4", tile.rgb, origin=(3, 4), slide="s.svs", downsample=4.0)
    assert repeated(coarse, card, Settings(), "") == ""

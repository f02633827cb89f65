"""A campaign does each part of its plan once, whatever stops it, and tells what it cannot do."""

import json
import pickle
import shutil
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.analysis.filtering import UnclearFilter
from onepixel_gui.attack.attacks import Exhaustive, tile_seed
from onepixel_gui.attack.probe import Guidance
from onepixel_gui.problems import Problem, UnusableCheckpoint, UnusableDataset
from onepixel_gui.study import course, footing, work
from onepixel_gui.study.campaign import (
    Advance,
    CampaignBegan,
    CampaignEnded,
    RunKept,
    TileRefused,
    UnusablePlan,
    campaign,
    plan_of,
    plan_values,
)
from onepixel_gui.study.choosing import located, occurrences
from onepixel_gui.study.crew import WorkersFail
from onepixel_gui.study.orders import Trouble
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets.dataset import Dataset
from onepixel_gui.tiles.datasets.looking import recognise
from onepixel_gui.tiles.entries import Entries
from tests.core.campaign.runs import TILES, run
from tests.core.campaigns import (
    SMALL,
    Here,
    all_here,
    carried,
    done_twice,
    make_corner,
    make_tiles,
    of,
    plan_over,
    told,
)

pytestmark = pytest.mark.usefixtures("own_cache", "in_this_process")


# ------------------------------------------------------------------ all of it, once
def test_every_tile_is_attacked_with_every_seed_and_told(tiles, corner, tmp_path):
    plan = plan_over(tiles, corner, attacks=(SMALL, Exhaustive()), seeds=(0, 1))
    events = run(tmp_path / "a.onepixel", plan, workers=2)
    (began,), (ended,) = of(events, CampaignBegan), of(events, CampaignEnded)
    kept = of(events, RunKept)
    assert (began.total, began.done, began.workers) == (3 * TILES, 0, 2)
    assert "2 worker processes" in began.way
    assert len({(each.task, each.model, each.attack, each.seed) for each in kept}) == 3 * TILES
    assert {each.seed for each in kept if each.attack == 1} == {0}, "a sweep draws nothing"
    assert ended.done == 3 * TILES
    assert ended.flipped == sum(each.flipped for each in kept)
    assert 0 < ended.flipped < ended.done
    assert ended.queries == sum(each.queries for each in kept)
    runs, finished, refused, names = told(tmp_path / "a.onepixel")
    assert (len(runs), len(finished), len(refused)) == (3 * TILES, 3 * TILES, 0)
    assert {each.name for each in kept} == set(names)


def test_the_seed_of_a_run_follows_from_study_tile_and_attack_alone(tiles, corner, tmp_path):
    run(tmp_path / "a.onepixel", plan_over(tiles, corner, seeds=(7,)))
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        for number in study.rows().run.tolist():
            record = study.run(number)
            assert record.seed == 7
            assert record.attack.seed == tile_seed(7, record.tile.sha256, SMALL)


def test_what_is_told_on_the_way_adds_up(tiles, corner, tmp_path):
    events = run(tmp_path / "a.onepixel", plan_over(tiles, corner))
    advances = [each for each in of(events, Advance) if each.doing == "Attacking"]
    for advance in advances:
        assert advance.done <= advance.total == TILES
        for share in advance.shares:
            low, high = share.interval
            assert 0 <= low <= advance.flipped / advance.attacked <= high <= 1
            assert (share.runs, share.tiles) == (advance.attacked, advance.attacked)


def test_a_sweep_and_a_search_of_the_same_plan_are_both_kept(tiles, corner, tmp_path):
    plan = plan_over(tiles, corner, attacks=(SMALL, Exhaustive()), limit=3)
    kept = of(run(tmp_path / "a.onepixel", plan), RunKept)
    assert sorted(each.attack for each in kept) == [0] * 3 + [1] * 3
    for each in kept:
        if each.attack == 1:
            assert each.queries == 8 * 8 * 8
            assert each.flipped == (each.after != each.answer)


# ------------------------------------------------------------------ stopped and continued
@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiles, corner):
    """What an undisturbed campaign of one worker tells."""
    path = tmp_path_factory.mktemp("whole") / "whole.onepixel"
    with all_here():
        carried(path, plan_over(tiles, corner, seeds=(0, 1)), workers=1)
    return told(path)


@pytest.mark.parametrize("stops", [(1, 9), (14, 12, 3), (20, 6)])
def test_stopped_anywhere_and_continued_it_ends_as_if_undisturbed(
    tmp_path_factory, whole, tiles, corner, stops
):
    folder = tmp_path_factory.mktemp("stopped")
    plan, dataset = plan_over(tiles, corner, seeds=(0, 1)), recognise([tiles])
    for stop in stops:
        with closing(Study.open(folder / "parts.onepixel", make=True)) as study:
            work_ = campaign(study, plan, dataset, workers=3)
            with closing(work_):
                for _, _event in zip(range(stop), work_, strict=False):
                    pass
    carried(folder / "parts.onepixel", plan, workers=2)
    assert told(folder / "parts.onepixel") == whole
    assert not done_twice(folder / "parts.onepixel")


def test_when_all_was_done_nobody_is_asked(tiles, corner, tmp_path, monkeypatch):
    plan = plan_over(tiles, corner)
    run(tmp_path / "a.onepixel", plan)
    monkeypatch.setattr(footing, "LocalCrew", lambda _: pytest.fail("a worker was started"))
    began, ended = of(run(tmp_path / "a.onepixel", plan), CampaignBegan | CampaignEnded)
    assert began.done == began.total == ended.done == TILES
    assert began.flipped == ended.flipped > 0


def test_another_plan_is_another_campaign_of_the_same_study(tiles, corner, tmp_path):
    path = tmp_path / "a.onepixel"
    run(path, plan_over(tiles, corner, limit=3))
    kept = of(run(path, plan_over(tiles, corner, limit=4)), RunKept)
    with closing(Study.open(path, reading=True)) as study:
        first, second = study.campaigns()
        assert (first.total, second.total) == (3, 4)
        assert len(study.rows().run) == len({each.run for each in kept} | set(study.rows(1).run))
    assert not done_twice(path)


def test_a_campaign_is_continued_by_its_number(tiles, corner, tmp_path):
    path, plan, dataset = tmp_path / "a.onepixel", plan_over(tiles, corner), recognise([tiles])
    with closing(Study.open(path, make=True)) as study:
        with closing(campaign(study, plan, dataset)) as work_:
            number = next(each.number for each in work_ if isinstance(each, CampaignBegan))
        again = plan_of(json.loads(json.dumps(dict(study.campaigns()[0].plan))))
        assert plan_values(again) == plan_values(plan)
        *_, ended = campaign(study, again, dataset, number=number)
        assert (ended.number, ended.done) == (number, TILES)
        with pytest.raises(UnusablePlan, match="no campaign 9"):
            list(campaign(study, plan, dataset, number=9))
        with pytest.raises(UnusablePlan, match="not what this campaign was begun with"):
            list(campaign(study, replace(plan, seeds=(5,)), dataset, number=number))


# ------------------------------------------------------------------ tiles that are no good
def test_a_tile_that_cannot_be_read_or_used_is_recorded_and_the_others_go_on(
    mine, corner, tmp_path
):
    path = tmp_path / "a.onepixel"
    (mine / "mitosis" / "0001.png").write_bytes(b"no picture")
    small = tmp_path / "small"
    make_tiles(small, 2)
    from PIL import Image

    Image.new("RGB", (4, 4)).save(mine / "normal" / "tiny.png")
    events = run(path, plan_over(mine, corner, seeds=(0, 1)))
    why = {each.name: each.problem.what for each in of(events, TileRefused)}
    assert len(why) == 2
    assert any("tiny.png" in name for name in why)
    (ended,) = of(events, CampaignEnded)
    assert (ended.done, ended.refused) == (14, 2)
    again = run(path, plan_over(mine, corner, seeds=(0, 1)))
    assert not of(again, TileRefused), "a refused tile was tried again"
    assert of(again, CampaignEnded)[0].refused == 2


def test_tiles_with_the_same_pixels_are_attacked_once(mine, corner, tmp_path):
    shutil.copy(mine / "mitosis" / "0001.png", mine / "normal" / "copy.png")
    shutil.copy(mine / "mitosis" / "0001.png", mine / "normal" / "zcopy.png")
    events = run(tmp_path / "a.onepixel", plan_over(mine, corner))
    kept = of(events, RunKept)
    same = [each for each in kept if "copy" in each.name or "0001" in each.name]
    assert len({each.run for each in same}) == 1
    assert sorted(each.again for each in same) == [False, True, True]
    assert len({each.task for each in kept}) == 8
    (ended,) = of(events, CampaignEnded)
    assert (ended.done, ended.again) == (8, 2)


def test_pixels_with_two_labels_are_noted_once_and_told_with_their_names(mine, corner, tmp_path):
    shutil.copy(mine / "mitosis" / "0001.png", mine / "mitosis" / "second.png")
    shutil.copy(mine / "mitosis" / "0001.png", mine / "normal" / "other.png")
    path, plan = tmp_path / "a.onepixel", plan_over(mine, corner, seeds=(0, 1))
    kept = of(run(path, plan), RunKept)
    stands = next(each for each in kept if "0001" in each.name)
    with closing(Study.open(path, reading=True)) as study:
        (note,) = study.remarks()
        table = study.table()
    run_of_both = next(each.run for each in kept if "other" in each.name)
    assert note.run == run_of_both
    assert "other.png has the same pixels as" in note.words
    assert note.words.endswith(f"labelled normal: the run of both counts under {stands.label}.")
    told = [json.loads(each) for each in table["same_pixels"] if each]
    assert len(told) == 2, "one for each seed"
    for names in told:
        assert sorted(name.rpartition("/")[2] for name in names) == ["other.png", "second.png"]
    run(path, plan)
    with closing(Study.open(path, reading=True)) as study:
        assert len(study.remarks()) == 1


def test_a_data_set_that_is_gone_ends_the_campaign_and_refuses_no_tile(mine, corner, tmp_path):
    path, plan, dataset = tmp_path / "a.onepixel", plan_over(mine, corner), recognise([mine])
    mine.rename(tmp_path / "elsewhere")
    with closing(Study.open(path, make=True)) as study:
        with pytest.raises(UnusableDataset, match="cannot be reached"):
            list(campaign(study, plan, dataset))
        assert not study.finished(1)
        (tmp_path / "elsewhere").rename(mine)
        *_, ended = campaign(study, plan, dataset)
        assert (ended.done, ended.refused) == (6, 0)


def test_tiles_of_the_same_name_are_told_apart_when_it_goes_on(tiles, corner, tmp_path):
    entries = [replace_name(entry) for entry in recognise([tiles]).entries]
    dataset = Dataset("tiles", "Tiles", tiles, Entries(tuple(entries)))
    plan = plan_over(tiles, corner, limit=7)
    with closing(Study.open(tmp_path / "a.onepixel", make=True)) as study:
        with closing(campaign(study, plan, dataset)) as work_:
            next(event for event in work_ if isinstance(event, CampaignBegan))
        *_, ended = campaign(study, plan, dataset)
        assert ended.done == 7
        runs = study.rows(1).run.tolist()
        assert len({study.run(run).tile.sha256 for run in runs}) == len(runs) == 7


def replace_name(entry):
    class Renamed:
        name, label, case = "tile.png", entry.label, entry.case
        read = staticmethod(entry.read)

    return Renamed()


@given(
    names=st.lists(st.sampled_from("abc"), min_size=1, max_size=12),
    data=st.data(),
)
def test_what_was_chosen_is_found_again_by_name_and_occurrence(names, data):
    chosen_ = sorted(data.draw(st.sets(st.integers(0, len(names) - 1), min_size=1)))
    before = json.loads(json.dumps(occurrences(names, chosen_)))
    assert located([names[index] for index in chosen_], before, names) == tuple(chosen_)


# ------------------------------------------------------------------ classifiers that are no good
@pytest.fixture
def at_once(monkeypatch):
    """Each run is written and told before the next one, however fast the machine is."""
    monkeypatch.setattr(course, "_LATE", 0.0)


def after_first(work_, do):
    for event in work_:
        if isinstance(event, RunKept):
            do()


@pytest.mark.usefixtures("at_once")
def test_a_classifier_that_changes_midway_ends_it_and_the_study_continues(tiles, tmp_path):
    model = make_corner(tmp_path)
    whole = model.read_bytes()
    path, plan, dataset = tmp_path / "a.onepixel", plan_over(tiles, model), recognise([tiles])
    with closing(Study.open(path, make=True)) as study:
        work_ = campaign(study, plan, dataset, workers=1)
        with pytest.raises(UnusableCheckpoint, match="not the file"):
            after_first(work_, lambda: model.write_bytes(whole + b"more"))
        before = len(study.finished(1))
        assert 0 < before < TILES
        model.write_bytes(whole)
        *_, ended = campaign(study, plan, dataset)
        assert ended.done == TILES
    carried(tmp_path / "b.onepixel", plan)
    assert told(path) == told(tmp_path / "b.onepixel")


@pytest.mark.usefixtures("at_once")
def test_a_classifier_that_is_gone_midway_ends_it(tiles, tmp_path):
    model = make_corner(tmp_path)
    with closing(Study.open(tmp_path / "a.onepixel", make=True)) as study:
        work_ = campaign(study, plan_over(tiles, model), recognise([tiles]), workers=1)
        with pytest.raises(UnusableCheckpoint, match="cannot be reached"):
            after_first(work_, lambda: model.unlink(missing_ok=True))
        assert study.finished(1)


def test_a_bug_in_a_worker_ends_it_with_all_its_details(tiles, corner, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "attacked", lambda *_: 1 // 0)
    with pytest.raises(Problem, match="ZeroDivisionError") as caught:
        run(tmp_path / "a.onepixel", plan_over(tiles, corner))
    assert "Traceback" in caught.value.detail


def test_a_guided_search_is_not_begun_where_it_can_ask_nothing(tiles, corner, tmp_path):
    with pytest.raises(UnusablePlan, match="no preview"):
        run(tmp_path / "a.onepixel", plan_over(tiles, corner, attacks=(SMALL, Guidance())))


def test_a_tile_over_which_workers_end_is_refused_and_the_others_go_on(tiles, corner, tmp_path):
    Here.loses = (4,)
    events = run(tmp_path / "a.onepixel", plan_over(tiles, corner))
    (refused,) = of(events, TileRefused)
    assert refused.task == 4
    assert of(events, CampaignEnded)[0].done == TILES


def test_where_every_worker_ends_no_tile_is_blamed(tiles, corner, tmp_path):
    Here.loses = tuple(range(TILES))
    with pytest.raises(WorkersFail, match="one after the other"):
        run(tmp_path / "a.onepixel", plan_over(tiles, corner))
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        assert not study.finished(1)


@pytest.mark.parametrize(
    "problem",
    [UnclearFilter("Unclear.", "Write it.", 3), UnusableCheckpoint("Bad.", "Choose.", detail="x")],
)
def test_a_problem_keeps_its_words_between_processes(problem):
    back = pickle.loads(pickle.dumps(Trouble.of(problem))).problem
    assert type(back) is type(problem)
    assert (back.what, back.remedy, back.detail, str(back)) == (
        *(problem.what, problem.remedy, problem.detail),
        problem.what,
    )

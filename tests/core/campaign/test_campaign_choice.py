"""Which tiles a campaign takes, the values of its plan, and its dry run."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.analysis.filtering import UnclearFilter
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Ended, Guidance, Settings
from onepixel_gui.problems import Problem
from onepixel_gui.study.campaign import (
    Advance,
    Plan,
    RunKept,
    UnusablePlan,
    campaign,
    chosen,
    estimated,
    plan_of,
    plan_values,
)
from onepixel_gui.study.choosing import NothingChosen
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets.dataset import Dataset, Sampling
from onepixel_gui.tiles.datasets.looking import recognise
from tests.core.campaign.runs import TILES, run
from tests.core.campaigns import (
    SMALL,
    of,
    plan_over,
)

pytestmark = pytest.mark.usefixtures("own_cache", "in_this_process")


# ------------------------------------------------------------------ choosing
def picked(plan, dataset, study=None):
    steps = chosen(plan, dataset.entries, study)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_filter_leaves_the_tiles_that_pass_in_list_order(tiles, corner):
    dataset = recognise([tiles])
    plan = plan_over(tiles, corner, where="label = mitosis")
    found = picked(plan, dataset)
    assert [dataset.entries.labels[index] for index in found] == ["mitosis"] * 6
    assert list(found) == sorted(found)


def test_a_filter_about_answers_asks_the_first_model(tiles, corner):
    dataset = recognise([tiles])
    right = picked(plan_over(tiles, corner, where="agreement = agrees"), dataset)
    wrong = picked(plan_over(tiles, corner, where="agreement = disagrees"), dataset)
    assert sorted(right + wrong) == list(range(TILES))
    assert right
    assert wrong


def test_a_filter_about_results_asks_the_study(tiles, corner, tmp_path):
    plan, dataset = plan_over(tiles, corner), recognise([tiles])
    flips = {each.task for each in of(run(tmp_path / "a.onepixel", plan), RunKept) if each.flipped}
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        assert set(picked(replace(plan, where="result = flipped"), dataset, study)) == flips


def test_a_limit_draws_the_same_tiles_for_the_same_first_seed(tiles, corner):
    dataset = recognise([tiles])
    drawn = [
        picked(plan_over(tiles, corner, limit=5, seeds=seeds), dataset)
        for seeds in ((0,), (0, 9), (1,), (2,))
    ]
    assert [len(set(each)) for each in drawn] == [5] * 4
    assert drawn[0] == drawn[1]
    assert len({*drawn}) > 1


@pytest.mark.parametrize(
    ("where", "kind"),
    [("label == ", UnclearFilter), ("colour = red", Problem), ("label = x", NothingChosen)],
)
def test_an_unclear_filter_or_an_empty_choice_is_told_before_any_work(
    tiles, corner, tmp_path, where, kind
):
    with pytest.raises(kind) as caught:
        run(tmp_path / "a.onepixel", plan_over(tiles, corner, where=where))
    assert caught.value.remedy
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        assert not study.campaigns()


def test_a_data_set_without_tiles_and_a_plan_without_attack_are_told(tiles, corner, tmp_path):
    with closing(Study.open(tmp_path / "a.onepixel", make=True)) as study:
        with pytest.raises(NothingChosen, match="no tiles"):
            list(campaign(study, plan_over(tiles, corner), Dataset("x", "X", tiles)))
        with pytest.raises(UnusablePlan, match="nothing to do"):
            list(campaign(study, plan_over(tiles, corner, attacks=()), recognise([tiles])))


# ------------------------------------------------------------------ values
@given(
    attacks=st.lists(
        st.sampled_from([SMALL, Settings(), Guidance(), Exhaustive("27")]), min_size=1, max_size=3
    ),
    seeds=st.lists(st.integers(0, 2**31), min_size=1, max_size=3),
    where=st.text(max_size=20),
    limit=st.none() | st.integers(1, 9),
    subject=st.text(max_size=5),
    aftermath=st.booleans(),
    mpp=st.none() | st.floats(0.1, 2),
)
def test_a_plan_comes_back_from_json_as_it_was(
    attacks, seeds, where, limit, subject, aftermath, mpp
):
    plan = Plan(
        (Path("/a/b"),),
        (Path("/m.pt"), Path("/n.pt")),
        tuple(attacks),
        tuple(seeds),
        where.strip(),
        limit,
        Sampling((32, 48), mpp),
        subject,
        "cpu",
        aftermath,
    )
    values = json.loads(json.dumps(plan_values(plan)))
    assert plan_of(values) == plan
    assert plan_of({**values, "more": 1}) == plan


@pytest.mark.parametrize("broken", [{}, {"attacks": [{"strategy": "magic"}]}, {"seeds": ["x"]}])
def test_a_plan_of_another_version_is_a_problem(broken):
    values = plan_values(plan_over(Path("/a"), Path("/m.pt"))) if broken else {}
    with pytest.raises(UnusablePlan):
        plan_of({**values, **broken})


# ------------------------------------------------------------------ replay, dry run
def test_the_trail_of_a_search_is_thinned_and_keeps_first_and_last(tiles, corner, tmp_path):
    long = Settings(population=4, generations=400, to_the_end=True)
    run(tmp_path / "a.onepixel", plan_over(tiles, corner, attacks=(long,), limit=1))
    with closing(Study.open(tmp_path / "a.onepixel", reading=True)) as study:
        record = study.run(int(study.rows().run[0]))
    assert isinstance(record.result, Ended)
    assert 20 <= len(record.trail) <= 62
    queries = [event.queries for event in record.trail]
    assert queries == sorted(set(queries))
    assert queries[-1] == record.result.queries


def test_a_dry_run_measures_and_keeps_nothing(tiles, corner):
    steps = estimated(plan_over(tiles, corner, seeds=(0, 1)), recognise([tiles]), 2)
    while True:
        try:
            assert isinstance(next(steps), Advance)
        except StopIteration as end:
            found = end.value
            break
    assert (found.tiles, found.runs, found.measured) == (TILES, 2 * TILES, 3)
    assert (found.refused, found.workers) == (0, 2)
    assert found.queries == 2 * TILES * SMALL.budget
    assert found.seconds > 0
    assert found.bytes > 1000

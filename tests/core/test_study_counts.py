"""A study knows what of a campaign is done, and counts each run as it should."""

import dataclasses

import numpy as np
import pytest

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Settings
from onepixel_gui.problems import Problem
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.tile import Window
from tests.core.study_records import (
    CARD,
    SEARCH,
    ended,
    moved,
    plan,
    question,
    record,
    reopened,
    same,
    step,
    swept,
    tile,
)

SWEEP = Exhaustive()


@pytest.fixture
def study(tmp_path):
    made = Study.open(tmp_path / "a.onepixel", make=True)
    yield made
    made.close()


# ------------------------------------------------------------------ campaigns
def test_a_campaign_knows_what_of_it_is_done(study):
    number = study.begin(plan(SEARCH, SWEEP, seeds=(0, 4)), ["a", "b", "b"])
    study.add(record(1, SEARCH, seed=4), number, 0)
    study.add(record(2, SWEEP), number, 2)
    assert study.finished(number) == {(0, 0, 0, 1), (2, 0, 1, 0)}
    study.refuse(number, 1, Problem("It is no picture.", "Remove it.", detail="why"))
    assert study.finished(number) >= {(1, 0, 0, 0), (1, 0, 0, 1), (1, 0, 1, 0)}
    study = reopened(study)
    (found,) = study.campaigns()
    assert (found.total, found.done, found.flipped, found.refused) == (9, 5, 2, 1)
    assert found.plan == plan(SEARCH, SWEEP, seeds=(0, 4))
    assert study.tasks(number) == ("a", "b", "b")
    ((task, model, why),) = study.refusals(number)
    assert (task, model, why.what, why.remedy, why.detail) == (
        1,
        -1,
        "It is no picture.",
        "Remove it.",
        "why",
    )
    study.close()


def test_two_models_of_one_file_name_are_told_apart_by_the_part_that_is_named(study):
    number = study.begin(plan(SEARCH, models=2), ["a"])
    other = record(1, card=dataclasses.replace(CARD, sha256="cd" * 32))
    study.add(record(1), number, 0, (0, 0, 0))
    study.add(other, number, 0, (1, 0, 0))
    assert study.finished(number) == {(0, 0, 0, 0), (0, 1, 0, 0)}


def test_a_tile_that_one_model_cannot_use_is_refused_for_that_model_only(study):
    number = study.begin(plan(SEARCH, models=2), ["a"])
    study.refuse(number, 0, Problem("It is too small.", "Use another."), model=1)
    assert study.finished(number) == {(0, 1, 0, 0)}


def test_the_same_run_of_a_campaign_is_kept_once_and_stands_for_every_tile_of_its_pixels(study):
    number = study.begin(plan(SEARCH), ["a", "b"])
    first = study.add(record(1), number, 0)
    assert study.add(record(1, begun="later"), number, 1) == first
    assert study.add(record(1), number, 0) == first
    assert study.finished(number) == {(0, 0, 0, 0), (1, 0, 0, 0)}
    assert study.rows(number).run.tolist() == [first]
    assert study.marks(number) == [(first, 0, (0, 0, 0)), (first, 1, (0, 0, 0))]


def test_a_task_that_is_done_stays_done_by_its_first_run(study):
    number = study.begin(plan(SEARCH), ["a"])
    first = study.add(record(1), number, 0)
    assert study.add(record(2), number, 0) != first
    assert study.marks(number) == [(first, 0, (0, 0, 0))]


def test_a_second_campaign_takes_over_what_the_first_has_done(study):
    one, two = study.begin(plan(SEARCH), ["a"]), study.begin(plan(SEARCH, SWEEP), ["a"])
    run = study.add(record(1), one, 0)
    assert study.add(record(1), two, 0) == run
    assert study.finished(two) == {(0, 0, 0, 0)}
    assert study.rows(two).run.tolist() == [run]
    assert study.rows(two).campaign.tolist() == [two]


@pytest.mark.parametrize(
    "other",
    [
        record(2),
        record(1, Settings(population=20, generations=5, seed=4)),
        record(1, Settings(population=21, generations=5, seed=3)),
        record(1, card=dataclasses.replace(CARD, threshold=0.6)),
        record(1, question=dataclasses.replace(question(), subject="normal")),
    ],
    ids=["tile", "seed", "attack", "card", "subject"],
)
def test_a_run_that_differs_in_anything_that_matters_is_another(study, other):
    number = study.begin(plan(SEARCH), ["a", "b"])
    first = study.add(record(1), number, 0, (0, 0, 0))
    assert study.add(other, number, 1, (0, 0, 0)) != first


def test_how_a_card_is_called_makes_no_other_classifier(study):
    study.add(record(1))
    study.add(record(2, card=dataclasses.replace(CARD, name="B", doubts=(), sources={})))
    (group,) = study.groups()
    assert group.runs == 2
    assert study.run(2).card.name == "B"


def test_runs_by_hand_repeat_and_a_stopped_one_finishes_no_task(study):
    assert [study.add(record(1)) for _ in range(3)] == [1, 2, 3]
    number = study.begin(plan(SEARCH), ["a"])
    study.add(record(1, result=step(40)), number, 0)
    assert study.finished(number) == set()
    assert study.rows(number).results == ["stopped"]


# ------------------------------------------------------------------ tables and counts
def test_rows_tell_what_the_records_say(study):
    number = study.begin(plan(SEARCH, SWEEP), ["a.png", "b.png", "gone.png"])
    study.add_all([(record(1), number, 0), (record(3), number, 1), (record(2, SWEEP), number, 1)])
    study.add(record(4, result=step(40)))
    study.refuse(number, 2, Problem("It is no picture.", "Remove it."))
    rows = study.rows()
    assert rows.run.tolist() == [1, 2, 3, 4, -1]
    assert rows.campaign.tolist() == [number, number, number, -1, number]
    assert rows.names == [f"tile_{n:04}.png" for n in (1, 3, 2, 4)] + ["gone.png"]
    assert rows.labels == ["mitosis"] * 4 + [None]
    assert rows.cases == ["case 1", "case 3", "case 2", "case 4", ""]
    assert rows.results == ["flipped", "held", "flipped", "stopped", "refused"]
    assert rows.answers == ["mitosis"] * 4 + [""]
    assert rows.afters == ["normal", "mitosis", "normal", "", ""]
    assert rows.clean.tolist()[:4] == [0.8] * 4
    assert rows.confidence.tolist()[:3] == [0.2, 0.6, 0.1]
    assert np.isnan(rows.confidence[4])
    assert rows.queries.tolist() == [100, 100, 2048, 40, 0]
    assert rows.classifiers == ["Mitosis"] * 4 + [""]
    assert rows.attacks[0] == "search 20 x 5"
    assert study.rows(number).run.tolist() == [1, 2, 3, -1]
    assert study.rows(number).task.tolist() == [0, 1, 1, 2]


def test_outcomes_are_columns_of_what_can_be_counted_together(study):
    for kept in (record(1), record(2), record(3), record(5, SWEEP), record(4, result=step(9))):
        study.add(kept)
    search, sweep = study.groups()
    assert (search.runs, sweep.runs) == (3, 1)
    assert (search.settings, sweep.settings) == (dataclasses.replace(SEARCH, seed=0), SWEEP)
    assert (search.window, search.strides, search.card) == ((16, 16), (2, 4), CARD)
    found = study.outcomes(search)
    assert found.run.tolist() == [1, 2, 3]
    assert found.flipped.tolist() == [True, True, False]
    assert [found.classes[code] for code in found.after] == ["normal", "normal", "mitosis"]
    assert [found.cases[code] for code in found.case] == ["case 1", "case 2", "case 3"]
    assert found.label.tolist() == [1, 1, 1]
    assert found.position.tolist() == [[1, 5], [2, 5], [3, 5]]
    assert found.colour_before.tolist() == [tile(n).rgb[n, 5].tolist() for n in (1, 2, 3)]
    assert found.colour_after.tolist() == [[255, 255, 0]] * 3
    assert found.first_flip.tolist() == [80, 80, -1]
    assert found.flipping_positions.tolist() == [-1] * 3
    assert found.downward.all()
    assert (found.strategy, found.access) == ("evolution", "black-box")
    flips = study.run(4).result.flipped.any(axis=2).sum()
    assert study.outcomes(sweep).flipping_positions.tolist() == [flips]


def test_positions_are_told_in_the_window_and_kept_in_the_tile(study):
    window = Window(3, 2, 16, 16)
    study.add(record(1, tile=tile(1, 24), question=question(window), result=ended(number=7)))
    (group,) = study.groups()
    assert study.outcomes(group).position.tolist() == [[4, 3]]
    assert study.run(1).result.best[0].row == 7
    table = study.table()
    assert (table["row"], table["window_row"], table["column"]) == ([7], [4], [5])


def test_windows_of_other_sizes_are_not_counted_together(study):
    study.add(record(1))
    study.add(record(2, tile=tile(2, 24), question=question(Window(0, 0, 24, 24))))
    assert {group.window for group in study.groups()} == {(16, 16), (24, 24)}
    assert [len(study.outcomes(group)) for group in study.groups()] == [1, 1]


def test_of_repeated_runs_the_first_counts_and_each_seed_of_the_study_once(study):
    again = Settings(population=20, generations=5, seed=99)
    study.add_all(
        [
            (record(1, seed=None), -1, -1),
            (record(1, seed=None), -1, -1),
            (record(1, again, seed=None), -1, -1),
            (record(1, again, seed=0), -1, -1),
            (record(1, Settings(population=20, generations=5, seed=7), seed=1), -1, -1),
        ]
    )
    (group,) = study.groups()
    found = study.outcomes(group)
    assert found.run.tolist() == [1, 4, 5]
    assert found.seed.tolist() == [-1, 0, 1]
    assert group.runs == 3


def test_what_a_sweep_of_many_classes_leads_to_is_called_another_class(study):
    many = dataclasses.replace(CARD, classes=("a", "b", "mitosis"))
    asked = dataclasses.replace(question(), rival="another class")
    flips = dataclasses.replace(swept(1), question=asked)
    study.add(record(1, SWEEP, card=many, question=asked, result=flips))
    found = study.outcomes(study.groups()[0])
    assert found.classes == ("a", "b", "mitosis", "another class")
    assert found.after.tolist() == [3]


def test_maps_and_aftermaths_come_one_by_one(study):
    kept = [record(1, SWEEP), record(2, SWEEP), record(4, moved=moved()), record(5)]
    study.add_all([(each, -1, -1) for each in kept])
    search, sweep = sorted(study.groups(), key=lambda group: group.settings.strategy)
    found = dict(study.sweeps(sweep))
    assert list(found) == [1, 2]
    same(kept[0].result, found[1])
    ((run, shifted, spread),) = study.aftermaths(search)
    assert (run, spread) == (3, None)
    same(moved(), shifted)
    assert not list(study.aftermaths(sweep))


def test_an_empty_study_has_empty_tables(study):
    assert len(study.rows()) == 0
    assert study.groups() == ()
    assert study.campaigns() == ()
    assert len(study.table()["run"]) == 0
    assert study.check() == ()

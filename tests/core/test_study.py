"""A study gives back exactly what was put into it, once, and counts it as it should."""

import dataclasses
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from onepixel_gui.attack.attacks import Exhaustive, as_values
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Advanced, Ended, Guidance, Pixel, Question, Settings
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.problems import Problem
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.tiles.tile import Tile, Window
from tests.core.study_records import (
    CARD,
    PLAN,
    SEARCH,
    ended,
    moved,
    propagation,
    question,
    record,
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


def reopened(study):
    study.close()
    return Study.open(study.path)


def plan(*attacks, seeds=(0,), models=1):
    return PLAN | {
        "attacks": [as_values(attack) for attack in attacks],
        "seeds": list(seeds),
        "models": [f"/models/{number}/mitosis.safetensors" for number in range(models)],
    }


def same(a, b):
    """Equal to the last bit and in kind, whatever they are made of."""
    if isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
        assert not b.flags.writeable
    elif dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        for field in dataclasses.fields(a):
            same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, tuple):
        assert isinstance(b, tuple)
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    elif isinstance(a, float) and a != a:
        assert b != b
    else:
        assert a == b
        assert type(a) is type(b)


# ------------------------------------------------------------------ what is kept comes back
@pytest.mark.parametrize(
    "kept",
    [
        record(1),
        record(0),
        record(1, moved=moved(), propagation=propagation()),
        record(1, propagation=propagation()),
        record(2, SWEEP),
        record(1, Guidance(), strides=(), trail=()),
        record(1, result=step(60, 3)),
        record(1, result=Advanced(0, 0, (), 0.8, np.zeros((0, 2), np.int16)), trail=()),
        record(1, seed=None, command="", software={}, begun=""),
    ],
    ids=["flip", "held", "aftermath", "one-of-it", "sweep", "guided", "stopped", "at-once", "bare"],
)
def test_a_run_comes_back_as_it_was(study, kept):
    number = study.add(kept)
    study = reopened(study)
    same(kept, study.run(number))
    study.close()


def test_a_tile_of_a_slide_comes_back_with_all_that_is_known_of_it(study):
    rich = tile(
        5,
        label=None,
        mpp=0.2500001,
        origin=(-7, 123_456_789),
        downsample=1.0000001,
        slide="slide ü 片.svs",
        slide_hash="f" * 64,
        case="",
        source_sha256="0" * 64,
        lossy=True,
        notes=("One.", "Two\nlines."),
        name="odd \udcff name \x00 =cmd()",
    )
    same(rich, study.run(study.add(record(1, tile=rich))).tile)


NAMES = st.text(max_size=12)
NUMBERS = st.floats(allow_subnormal=True, width=64)
COUNTS = st.integers(0, 2**62)
PIXELS = st.builds(
    Pixel, st.integers(0, 15), st.integers(0, 15), st.tuples(*[st.integers(0, 255)] * 3)
)
BESTS = st.lists(PIXELS, max_size=3).map(tuple)
STEPS = st.builds(
    Advanced,
    COUNTS,
    COUNTS,
    BESTS,
    NUMBERS,
    arrays.arrays(np.int16, st.tuples(st.integers(0, 4), st.just(2))),
    COUNTS,
)
QUESTIONS = st.builds(
    Question,
    NAMES,
    NAMES,
    NAMES,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.just(Window(0, 0, 16, 16)),
    st.lists(st.tuples(NAMES, NUMBERS), max_size=3).map(tuple),
)
ENDS = st.builds(
    Ended,
    st.sampled_from(["flipped", "budget spent"]),
    st.booleans(),
    COUNTS,
    st.none() | COUNTS,
    BESTS,
    NUMBERS,
    NAMES,
    st.lists(st.tuples(COUNTS, NUMBERS), max_size=4).map(tuple),
    NUMBERS,
    COUNTS,
)
FLOATS32 = st.floats(width=32)
MOVED = st.integers(0, 5).flatmap(
    lambda count: st.builds(
        Moved,
        arrays.arrays(np.int8, count),
        arrays.arrays(np.int16, (count, 2)),
        arrays.arrays(np.float32, count, elements=FLOATS32),
        arrays.arrays(np.bool_, count),
    )
)
LAYERS = st.integers(0, 3).flatmap(
    lambda count: st.builds(
        Propagation,
        st.tuples(*[NAMES] * count),
        arrays.arrays(np.float32, count, elements=FLOATS32),
        arrays.arrays(np.int32, (count, 2)),
        st.tuples(*[arrays.arrays(np.float16, (2, 3))] * count),
        arrays.arrays(np.float32, count, elements=FLOATS32),
        arrays.arrays(np.float32, count, elements=FLOATS32),
    )
)


@st.composite
def records(draw) -> Record:
    asked = draw(QUESTIONS)
    shape = draw(st.tuples(st.integers(16, 18), st.integers(16, 18)))
    return record(
        0,
        draw(st.builds(Settings, COUNTS, COUNTS, st.floats(0, 2), st.integers(1, 5), COUNTS)),
        tile=Tile(
            draw(NAMES),
            draw(arrays.arrays(np.uint8, (*shape, 3))),
            draw(st.none() | NAMES),
            draw(st.none() | st.floats(0.01, 100)),
            (draw(st.integers(-(2**40), 2**40)), draw(st.integers(-(2**40), 2**40))),
            draw(st.floats(0.01, 100)),
            *(draw(NAMES) for _ in range(4)),
            draw(st.booleans()),
            draw(st.lists(NAMES, max_size=2).map(tuple)),
        ),
        card=dataclasses.replace(
            CARD, name=draw(NAMES), threshold=draw(st.floats(0, 1)), sources={"a": draw(NAMES)}
        ),
        question=asked,
        result=draw(ENDS | STEPS),
        trail=tuple(draw(st.lists(STEPS, max_size=4))),
        software=draw(st.dictionaries(NAMES, NAMES, max_size=2)),
        begun=draw(NAMES),
        command=draw(NAMES),
        seed=draw(st.none() | st.integers(-(2**62), 2**62)),
        moved=draw(st.none() | MOVED),
        propagation=draw(st.none() | LAYERS),
        strides=draw(st.lists(st.integers(0, 1000), max_size=3).map(tuple)),
    )


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(records())
def test_any_run_comes_back_as_it_was(tmp_path_factory, kept):
    with_study = Study.open(tmp_path_factory.mktemp("s") / "a.onepixel", make=True)
    try:
        number = with_study.add(kept)
        same(kept, with_study.run(number))
        assert with_study.check() == ()
        assert len(with_study.rows()) == len(with_study.table()["run"]) == 1
    finally:
        with_study.close()


def test_pictures_and_shared_words_are_kept_once(study):
    one = study.add(record(1))
    study.add_all([(record(1, begun=f"2026-11-21T12:00:{s:02}Z"), -1, -1) for s in range(9)])
    rows = study.rows()
    assert set(rows.tile.tolist()) == {rows.tile[0]}
    size = study.path.stat().st_size + study.path.with_name(study.path.name + "-wal").stat().st_size
    assert size < 900_000
    np.testing.assert_array_equal(study.picture(int(rows.tile[0])), study.run(one).tile.rgb)
    assert study.tile_of(tile(1).sha256) == rows.tile[0]
    assert study.tile_of("nowhere") is None


def test_the_same_pixels_found_in_two_places_are_one_tile_with_both_names(study):
    study.add(record(1, tile=tile(1, name="first.png")))
    study.add(record(1, tile=tile(1, name="second.png", case="other")))
    rows = study.rows()
    assert rows.names == ["first.png", "second.png"]
    assert rows.tile[0] == rows.tile[1]
    assert study.run(2).tile.name == "second.png"


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


# ------------------------------------------------------------------ notes and the rest
def test_notes_and_kept_values_stay(study):
    study.add(record(1))
    study.note("An odd tile: =1+1", 1)
    study.note("On all.")
    study.keep("layout", {"a": [1, 2.5, None]})
    study.keep("layout", {"a": []})
    who = study.identity
    study = reopened(study)
    assert [(each.words, each.run) for each in study.remarks()] == [
        ("An odd tile: =1+1", 1),
        ("On all.", -1),
    ]
    assert study.kept("layout") == {"a": []}
    assert study.kept("nothing") is None
    assert study.identity == who
    assert len(who) == 32
    study.close()


def test_what_was_never_kept_is_a_problem_that_says_so(study):
    for ask in (study.run, study.finished, study.picture):
        with pytest.raises(UnusableStudy, match="holds no"):
            ask(7)


def test_a_number_too_large_is_a_problem_and_nothing_of_its_batch_is_kept(study):
    with pytest.raises(UnusableStudy, match="too large"):
        study.add_all([(record(1), -1, -1), (record(2, seed=10**30), -1, -1)])
    assert study.numbers() == []
    study.add(record(2))
    assert study.run(1).tile.name == "tile_0002.png"


def test_many_threads_may_write_and_read_at_once(study):
    number = study.begin(plan(SEARCH), [str(n) for n in range(40)])
    trouble = []

    def work(first):
        try:
            for task in range(first, 40, 4):
                study.add(record(task), number, task)
                assert len(study.rows(number)) > 0
        except (Problem, AssertionError) as problem:
            trouble.append(problem)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    assert study.finished(number) == {(task, 0, 0, 0) for task in range(40)}
    assert study.check() == ()


def test_a_closed_study_says_so_and_closes_again(study):
    study.close()
    study.close()
    with pytest.raises(UnusableStudy, match="closed"):
        study.add(record(1))

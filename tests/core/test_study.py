"""A study gives back exactly what was put into it, once, and counts it as it should."""

import dataclasses
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Advanced, Ended, Guidance, Pixel, Question, Settings
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.problems import Problem
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.tiles.tile import Tile, Window
from tests.core.study_records import (
    CARD,
    SEARCH,
    moved,
    plan,
    propagation,
    record,
    reopened,
    same,
    step,
    tile,
)

SWEEP = Exhaustive()


@pytest.fixture
def study(tmp_path):
    made = Study.open(tmp_path / "a.onepixel", make=True)
    yield made
    made.close()


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

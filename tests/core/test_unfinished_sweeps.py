"""Sweeps that were stopped: what is known of them is kept, and counts nowhere."""

import contextlib
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Painted, Swept
from onepixel_gui.attack.sweep import CORNERS, sweep
from onepixel_gui.report.population.phrases import not_counted
from onepixel_gui.report.wording import sweep_stopped
from onepixel_gui.study import schema
from onepixel_gui.study.layout import painted_of, taken_apart
from onepixel_gui.study.seal import seal
from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.tiles.tile import Window
from tests.core.stand_ins import StandIn, hashed
from tests.core.study_files import everything, files, filled, refused
from tests.core.study_records import record, reopened, same, step

SWEEP = Exhaustive()


def painted(share=0.4, seed=0, shape=(16, 16)):
    """A sweep that went so far, with estimates where nobody was asked."""
    rng = np.random.default_rng(seed)
    exact = rng.random(shape) < share
    lowest = rng.normal(size=shape).astype(np.float32)
    highest = lowest + rng.random(shape).astype(np.float32)
    clean = np.float32(record().question.clean_logit)
    up, down = highest - clean, lowest - clean
    change = np.where(np.abs(down) > np.abs(up), down, up)
    done, total = 8 * int(exact.sum()), 8 * exact.size
    return Painted(done, total, 4, lowest, highest, change, exact)


def stopped(number=0, **how):
    return record(number, SWEEP, result=painted(seed=number, **how).asked)


@pytest.fixture
def study(tmp_path):
    with contextlib.closing(Study.open(tmp_path / "a.onepixel", make=True)) as study:
        yield study


# ------------------------------------------------------------------ what is known
def test_without_the_sketch_there_is_nothing_where_nobody_was_asked():
    whole = painted()
    known = whole.asked
    for name in ("lowest", "highest", "change"):
        before, after = getattr(whole, name), getattr(known, name)
        np.testing.assert_array_equal(after[whole.exact], before[whole.exact])
        assert np.isnan(after[~whole.exact]).all()
        assert not after.flags.writeable
    assert (known.done, known.total, known.stride) == (whole.done, whole.total, whole.stride)


@pytest.mark.parametrize("downward", [True, False])
def test_the_furthest_is_sought_among_what_was_asked_only(downward):
    asked = replace(record().question, answer="mitosis" if downward else "normal")
    whole = painted(0.1)
    hidden = replace(whole, lowest=whole.lowest - 9 * ~whole.exact)
    hidden = replace(hidden, highest=whole.highest + 9 * ~whole.exact)
    assert hidden.reached(asked) == whole.reached(asked) == whole.asked.reached(asked)
    edge = whole.lowest[whole.exact].min() if downward else whole.highest[whole.exact].max()
    assert whole.reached(asked) == pytest.approx(1 / (1 + np.exp(-edge)), abs=1e-6)
    assert painted(0).reached(asked) == asked.clean
    assert "not confirmed" in sweep_stopped(asked, whole.asked)


# ------------------------------------------------------------------ kept
@pytest.mark.parametrize("share", [0.01, 0.4, 1.0])
def test_what_was_asked_comes_back_to_the_last_bit(study, share):
    given_ = stopped(share=share)
    number = study.add(given_)
    again = reopened(study)
    with contextlib.closing(again):
        same(given_, again.run(number))
        assert again.run(number).stopped
        assert not again.run(number).flipped
        assert again.check() == ()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 40))
def test_what_a_sweep_knew_at_any_moment_is_kept_and_comes_back(height, width, moment):
    probe = StandIn(hashed(), window=Window(0, 0, height, width), chunk=16)
    begun, *events = sweep(probe, CORNERS)
    snapshots = [event for event in events if isinstance(event, Painted) and event.done]
    known = snapshots[min(moment, len(snapshots)) - 1].asked
    kept = record(0, SWEEP, question=begun.question, result=known)
    parts = taken_apart(kept)
    asked = dict(
        zip(("asked", "lowest", "highest", "stride", "total"), parts.unfinished, strict=True)
    )
    row = parts.row | {"number": 1}
    same(known, painted_of(row, asked | {"seal": seal([1, asked["stride"], asked["total"]])}))


def test_it_counts_nowhere_and_is_told_how_many_were_left_out(study):
    study.add_all([(record(n, SWEEP), -1, -1) for n in range(3)])
    whole = study.groups()
    study.add_all([(stopped(n), -1, -1) for n in (1, 7, 8)])
    study.add(record(4, result=step(40)))  # a search, of which no other has ended
    (group,) = study.groups()
    assert (group.runs, group.stopped) == (3, 3)
    assert replace(group, stopped=0) == whole[0]
    assert study.outcomes(group).run.tolist() == [1, 2, 3]
    assert [run for run, _ in study.sweeps(group)] == [1, 2, 3]
    assert all(isinstance(found, Swept) for _, found in study.sweeps(group))
    assert list(study.rows().results).count("stopped") == 4
    assert not_counted(group.stopped) == ("3 runs that were stopped are not counted.",)
    assert not_counted(1) == ("1 run that was stopped is not counted.",)
    assert not_counted(0) == ()


def test_a_table_of_all_runs_tells_its_queries_and_no_pixel(study):
    given_ = stopped()
    study.add(given_)
    table = study.table()
    assert list(table["result"]) == ["stopped"]
    assert list(table["queries"]) == [given_.result.done]
    assert list(table["row"]) == list(table["flipping_positions"]) == [None]
    assert list(table["confidence"]) == [given_.confidence]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE unfinished SET stride = 1",
        "UPDATE unfinished SET asked = lowest",
        "UPDATE unfinished SET lowest = asked",
        "UPDATE unfinished SET highest = x'00'",
        "DELETE FROM unfinished",
    ],
)
def test_what_is_not_as_it_was_written_is_told(study, damage):
    number = study.add(stopped())
    path = study.path
    study.close()
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute(damage)
    with contextlib.closing(Study.open(path)) as again, pytest.raises(UnusableStudy, match="dam"):
        again.run(number)


# ------------------------------------------------------------------ older studies
def as_version_2(path):
    """What the version before wrote: no sweep that was stopped."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE unfinished; PRAGMA user_version = 2; VACUUM;")


def test_the_version_before_is_read_as_it_is_and_brought_forward_when_it_is_written_to(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    with contextlib.closing(Study.open(path, reading=True)) as study:
        before = everything(study)
    as_version_2(path)
    written = path.read_bytes()
    with contextlib.closing(Study.open(path, reading=True)) as study:
        assert everything(study) == before
    assert path.read_bytes() == written
    assert files(tmp_path) == ["a.onepixel"]
    with contextlib.closing(Study.open(path)) as study:
        assert everything(study) == before
        number = study.add(stopped(60))
        same(stopped(60), study.run(number))
        assert study.check() == ()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


def test_a_study_that_claims_to_be_new_without_the_place_for_them_is_none(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE unfinished")
    assert "not laid out" in refused(path)

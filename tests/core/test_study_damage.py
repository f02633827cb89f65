"""Damaged studies tell the truth or a Problem; copies and mergers carry over all there is."""

import contextlib
import json
import random
import shutil
import sqlite3

import pytest

from onepixel_gui.problems import NotWritten, Problem
from onepixel_gui.study.copying import merge
from onepixel_gui.study.store import Study, StudyHeld, UnusableStudy
from tests.core.study_files import SEARCHES, everything, files, filled, refused, spelled
from tests.core.study_records import record


# ------------------------------------------------------------------ damage
def flipped_bytes(data, rng):
    harmed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 30))):
        harmed[rng.randrange(len(harmed))] ^= 1 << rng.randrange(8)
    return bytes(harmed)


def harmed_often(path, times, seed):
    """How often a study with damaged bytes gave a Problem; all else it told is true."""
    data, rng = path.read_bytes(), random.Random(seed)
    with contextlib.closing(Study.open(path, reading=True)) as study:
        truth = everything(study)
    harmed, problems = path.with_name("harmed.onepixel"), 0
    for number in range(times):
        made = flipped_bytes(data, rng)
        harmed.write_bytes(made[: rng.randrange(len(made))] if number % 10 == 0 else made)
        try:
            with contextlib.closing(Study.open(harmed, reading=True)) as study:
                found = everything(study)
        except Problem:
            problems += 1
            continue
        assert found == truth, number
    return problems


def test_damaged_bytes_give_a_problem_or_the_truth(tmp_path):
    assert harmed_often(filled(tmp_path / "a.onepixel"), 80, 7) > 20


def test_damage_that_is_quoted_in_the_words_about_it_is_a_problem_too(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"CREATE TABLE run (", b"CREATE TABLE \xac\xac' ("))
    assert "damaged" in refused(path)
    assert "damaged" in refused(path, reading=True)
    assert files(tmp_path) == ["a.onepixel"]


@pytest.mark.parametrize("change", ["clean = 0.1", "answer = 'x'", "seed = NULL", "queries = 1"])
def test_a_changed_value_of_a_run_is_noticed_by_whoever_counts(tmp_path, change):
    path = filled(tmp_path / "a.onepixel")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE run SET {change} WHERE number = 2")
        connection.commit()
    with contextlib.closing(Study.open(path, reading=True)) as study:
        for ask in (study.rows, study.groups, study.table, lambda: study.run(2)):
            with pytest.raises(UnusableStudy, match="damaged"):
                ask()
        assert study.check()


@pytest.mark.slow
def test_bytes_damaged_a_thousand_times_give_a_problem_or_the_truth(tmp_path):
    assert harmed_often(filled(tmp_path / "a.onepixel"), 1000, 8) > 300


def rescued(path, to):
    with (
        contextlib.closing(Study.open(path, reading=True)) as source,
        contextlib.closing(Study.open(to, make=True)) as into,
    ):
        return ended(merge(into, source))


def test_what_can_still_be_read_of_a_damaged_study_is_rescued(tmp_path):
    path = filled(tmp_path / "a.onepixel", 12)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE curve SET points = zeroblob(30) WHERE run = 3")
        connection.execute("UPDATE run SET clean = 0.1 WHERE number = 5")
        connection.commit()
    with contextlib.closing(Study.open(path, reading=True)) as study:
        with pytest.raises(UnusableStudy, match="damaged") as damaged:
            study.rows()
        assert damaged.value.remedy.startswith("Rescue what can be read with `onepixel-gui import")
        assert study.check()
        with pytest.raises(UnusableStudy):
            study.run(3)
        kept = [spelled(study.run(number)) for number in (1, 2, 4, 6)]
    done = rescued(path, tmp_path / "b.onepixel")
    assert (done.runs, done.lost) == (12, 2)
    with contextlib.closing(Study.open(tmp_path / "b.onepixel")) as study:
        assert [spelled(study.run(number)) for number in (1, 2, 3, 4)] == kept
        assert study.finished(1) == {(task, 0, 0, 0) for task in range(13) if task not in (2, 4)}
        assert study.check() == ()
        assert study.kept("layout") == [1, 2]


def test_runs_beyond_a_destroyed_page_are_rescued(tmp_path):
    path = filled(tmp_path / "a.onepixel", 60, campaign=False)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        page = second_leaf_of_run(connection)
    if page is None:
        pytest.skip("this SQLite does not tell its pages")
    data = bytearray(path.read_bytes())
    data[(page - 1) * 8192 : page * 8192] = bytes(8192)
    path.write_bytes(data)
    done = rescued(path, tmp_path / "b.onepixel")
    assert done.runs > 30
    assert done.lost > 0
    assert done.runs + done.lost >= 62


def second_leaf_of_run(connection):
    pages = "SELECT pageno FROM dbstat WHERE name = 'run' AND pagetype = 'leaf' ORDER BY path"
    with contextlib.suppress(sqlite3.Error):
        return connection.execute(f"{pages} LIMIT 1 OFFSET 1").fetchone()[0]
    return None


# ------------------------------------------------------------------ copies and merging
def ended(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_a_copy_is_the_whole_study_in_one_file(tmp_path):
    path = tmp_path / "a.onepixel"
    shutil.copy(filled(tmp_path / "b.onepixel"), path)
    with contextlib.closing(Study.open(path)) as study:
        study.add(record(30))
        study.save_copy(tmp_path / "b.onepixel")
        truth = everything(study)
    with contextlib.closing(Study.open(tmp_path / "b.onepixel", reading=True)) as copy:
        assert everything(copy) == truth
    assert files(tmp_path) == ["a.onepixel", "b.onepixel"]


def test_a_copy_takes_no_place_that_it_must_not_take(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    other = Study.open(filled(tmp_path / "b.onepixel"))
    with contextlib.closing(Study.open(path)) as study, contextlib.closing(other):
        for target in (other.path, path):
            with pytest.raises(StudyHeld):
                study.save_copy(target)
        for target in (tmp_path, tmp_path / "nowhere" / "c.onepixel"):
            with pytest.raises(NotWritten):
                study.save_copy(target)
        assert other.numbers() == study.numbers()
    assert files(tmp_path) == ["a.onepixel", "b.onepixel"]


def test_merging_carries_everything_over_once(tmp_path):
    one = Study.open(filled(tmp_path / "a.onepixel", 4))
    two = Study.open(filled(tmp_path / "b.onepixel", 6), reading=True)
    with contextlib.closing(one), contextlib.closing(two):
        found = ended(merge(one, two))
        # The campaigns differ by their tiles; four runs are the same, and so are none by hand.
        assert (found.runs, found.same, found.lost) == (4, 4, 0)
        assert [each.done for each in one.campaigns()] == [5, 7]
        assert one.finished(2) == two.finished(1)
        assert len(one.remarks()) == 2 - (one.remarks()[0].written == two.remarks()[0].written)
        again = everything(one)
        assert ended(merge(one, two)).runs == 0
        assert everything(one) == again
        assert one.check() == ()


def test_a_merged_campaign_goes_on_as_one(tmp_path):
    names = [str(number) for number in range(4)]
    studies = [Study.open(tmp_path / f"{name}.onepixel", make=True) for name in "ab"]
    for study, tasks in zip(studies, ((0, 1), (1, 2)), strict=True):
        number = study.begin(SEARCHES, names)
        study.add_all([(record(task), number, task) for task in tasks])
    one, two = studies
    with contextlib.closing(one), contextlib.closing(two):
        assert ended(merge(one, two)).runs == 1
        (campaign,) = one.campaigns()
        assert (campaign.done, campaign.total) == (3, 4)
        assert json.dumps(campaign.plan) == json.dumps(two.campaigns()[0].plan)

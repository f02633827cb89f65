"""One tidy file: held by one writer, read by many, and never worse than what was written."""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from onepixel_gui.attack.attacks import Exhaustive, as_values
from onepixel_gui.problems import NotWritten, Problem
from onepixel_gui.study import schema
from onepixel_gui.study.copying import merge, salvage
from onepixel_gui.study.store import Study, StudyHeld, UnusableStudy
from tests.core.study_records import PLAN, SEARCH, moved, propagation, record, step

ROOT = Path(__file__).parents[2]
SEARCHES = PLAN | {"attacks": [as_values(SEARCH)]}


def filled(path, count=6, campaign=True):
    """A closed study with searches, a sweep, a refusal and a note."""
    with contextlib.closing(Study.open(path, make=True)) as study:
        number = study.begin(SEARCHES, [f"{n}.png" for n in range(count + 1)]) if campaign else -1
        study.add_all([(record(n, moved=moved()), number, n) for n in range(count)])
        study.add(record(count, Exhaustive(), propagation=propagation()))
        study.add(record(count + 1, result=step(9)))
        if campaign:
            study.refuse(number, count, Problem("It is no picture.", "Remove it."))
        study.note("A remark.", 1)
        study.keep("layout", [1, 2])
    return path


def everything(study):
    """All that can be asked of a study, as values that can be compared."""
    rows = study.rows()
    return {
        "rows": [list(getattr(rows, name)) for name in ("run", "names", "results", "queries")],
        "confidence": repr(rows.confidence.tolist()),
        "table": repr(sorted(study.table().items())),
        "outcomes": [repr(study.outcomes(group)) for group in study.groups()],
        "runs": [spelled(study.run(number)) for number in study.numbers()],
        "campaigns": study.campaigns(),
        "finished": [study.finished(each.number) for each in study.campaigns()],
        "tasks": [study.tasks(each.number) for each in study.campaigns()],
        "refusals": [
            [(task, problem.what) for task, _, problem in study.refusals(each.number)]
            for each in study.campaigns()
        ],
        "notes": study.remarks(),
        "kept": [(key, study.kept(key)) for key in sorted(study.keys())],
    }


def spelled(kept):
    pixels = kept.tile.rgb.tobytes()
    result = getattr(kept.result, "logits", kept.result)
    return repr((kept.tile.name, pixels, kept.card, kept.attack, kept.trail, result, kept.moved))


def files(folder):
    return sorted(entry.name for entry in folder.iterdir())


def child(code, *arguments, wait=True):
    """A process that runs those lines with a study's modules at hand."""
    lines = "import sys\nfrom pathlib import Path\nfrom onepixel_gui.study.store import Study\n"
    process = subprocess.Popen(
        [sys.executable, "-c", lines + textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if wait:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out
    return process


# ------------------------------------------------------------------ one tidy file
def test_a_closed_study_is_one_file_that_says_what_it_is(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    assert files(tmp_path) == ["a.onepixel"]
    head = path.read_bytes()[:100]
    assert head[18:20] == b"\1\1"
    assert int.from_bytes(head[68:72], "big") == schema.APPLICATION
    assert int.from_bytes(head[60:64], "big") == schema.VERSION


def test_while_open_a_study_writes_ahead_and_syncs_each_transaction(tmp_path):
    with contextlib.closing(Study.open(tmp_path / "a.onepixel", make=True)) as study:
        assert "a.onepixel-wal" in files(tmp_path)
        with study._file.reading() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_reading_leaves_no_traces(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    before = path.read_bytes(), path.stat().st_mtime_ns
    with contextlib.closing(Study.open(path, reading=True)) as study:
        everything(study)
        assert files(tmp_path) == ["a.onepixel"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert files(tmp_path) == ["a.onepixel"]


def test_a_study_may_be_reached_through_a_link(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    (tmp_path / "link.onepixel").symlink_to(path)
    with (
        contextlib.closing(Study.open(tmp_path / "link.onepixel")),
        pytest.raises(StudyHeld),
    ):
        Study.open(path)


@pytest.mark.parametrize("name", ["q?mark#1 %41.onepixel", "ü 片 'quote\".onepixel"])
def test_odd_names_are_names_like_any_other(tmp_path, name):
    filled(tmp_path / name)
    assert files(tmp_path) == [name]


# ------------------------------------------------------------------ who holds it
def test_a_second_writer_is_told_who_holds_it_and_may_read(tmp_path):
    path = tmp_path / "a.onepixel"
    with contextlib.closing(Study.open(path, make=True, doing="a campaign")) as study:
        study.add(record(1))
        with pytest.raises(StudyHeld) as held:
            Study.open(path)
        assert "a.onepixel is being written by a campaign on " in held.value.what
        assert f"(process {os.getpid()})." in held.value.what
        assert held.value.remedy == "Close it there, or open it for reading."
        with contextlib.closing(Study.open(path, reading=True)) as reader:
            assert not reader.writable
            assert len(reader.rows()) == 1
            study.add(record(2))
            assert len(reader.rows()) == 2
            with pytest.raises(UnusableStudy, match="for reading only"):
                reader.add(record(3))
    assert files(tmp_path) == ["a.onepixel"]


def test_another_process_is_told_the_same(tmp_path):
    path = tmp_path / "a.onepixel"
    with contextlib.closing(Study.open(path, make=True, doing="a window")) as study:
        study.add(record(1))
        said = child(
            """
            from onepixel_gui.problems import Problem
            try:
                Study.open(Path(sys.argv[1]))
            except Problem as problem:
                print(type(problem).__name__, problem.what)
            reader = Study.open(Path(sys.argv[1]), reading=True)
            print(len(reader.rows()))
            reader.close()
            print("torch" in sys.modules)
            """,
            path,
        )
        assert f"(process {os.getpid()})" in said
        assert said.startswith("StudyHeld a.onepixel is being written by a window on ")
        assert said.endswith("1\nFalse\n")  # whoever opens a study need not wait for torch
        study.add(record(2))
    assert files(tmp_path) == ["a.onepixel"]


@pytest.mark.parametrize("words", [b"", b"\xff", b"[]", b'{"since": 3}', b'{"process": "x"}'])
def test_a_holder_that_tells_nonsense_is_another_program(tmp_path, words):
    path = tmp_path / "a.onepixel"
    with contextlib.closing(Study.open(path, make=True)):
        (tmp_path / "a.onepixel.holder").write_bytes(words)
        with pytest.raises(StudyHeld, match="by another program"):
            Study.open(path)


def test_the_last_reader_tidies_up_when_the_writer_went_first(tmp_path):
    path = tmp_path / "a.onepixel"
    writer = Study.open(path, make=True)
    writer.add(record(1))
    reader = Study.open(path, reading=True)
    assert len(reader.rows()) == 1
    writer.close()
    assert len(reader.rows()) == 1
    reader.close()
    assert files(tmp_path) == ["a.onepixel"]
    assert path.read_bytes()[18:20] == b"\1\1"


# ------------------------------------------------------------------ killed
WRITER = """
    from tests.core.study_records import PLAN, SEARCH, record, moved
    from onepixel_gui.attack.attacks import as_values
    study = Study.open(Path(sys.argv[1]), make=True)
    kept = study.campaigns() or study.begin(
        PLAN | {"attacks": [as_values(SEARCH)]}, [str(n) for n in range(2000)])
    done = {task for task, *_ in study.finished(1)}
    for task in range(2000):
        if task not in done:
            study.add_all([(record(task, moved=moved()), 1, task)])
            print(task, flush=True)
"""


def killed_and_continued(path, times, seed):
    rng, acknowledged = random.Random(seed), set()
    for _ in range(times):
        process = child(WRITER, path, wait=False)
        acknowledged.add(int(process.stdout.readline()))
        time.sleep(rng.random() * 0.25)
        process.kill()
        out, _ = process.communicate()
        acknowledged |= {int(line) for line in out.splitlines(keepends=True) if line[-1] == "\n"}
        with contextlib.closing(Study.open(path)) as study:
            assert study.check() == ()
            found = {task for task, *_ in study.finished(1)}
            rows = study.rows(1)
        assert found >= acknowledged
        assert len(found) <= len(acknowledged) + times  # what was written and not yet told
        assert rows.task.tolist() == sorted(found)
    assert files(path.parent) == [path.name]


def test_a_killed_writer_loses_nothing_it_told_and_hinders_nobody(tmp_path):
    killed_and_continued(tmp_path / "a.onepixel", 3, 0)


@pytest.mark.slow
def test_a_writer_killed_twenty_times_loses_nothing_it_told(tmp_path):
    killed_and_continued(tmp_path / "a.onepixel", 20, 1)


def test_what_a_killed_writer_left_can_be_read_without_writing(tmp_path):
    path = tmp_path / "a.onepixel"
    process = child(WRITER, path, wait=False)
    told = [int(process.stdout.readline()) for _ in range(3)]
    process.kill()
    process.communicate()
    with contextlib.closing(Study.open(path, reading=True)) as study:
        assert len(study.rows()) >= len(told)
    assert files(tmp_path) == ["a.onepixel"]


def test_a_study_whose_making_was_cut_off_is_made_again(tmp_path):
    path = tmp_path / "a.onepixel"
    path.touch()
    with contextlib.closing(Study.open(path, make=True)) as study:
        assert study.add(record(1)) == 1


# ------------------------------------------------------------------ disks
def full(study, pages):
    """No more than so many pages from now on."""
    with study._file.reading() as connection:
        count = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {count + pages}")


def test_a_full_disk_is_a_problem_and_everything_before_stays(tmp_path):
    path = tmp_path / "a.onepixel"
    study = Study.open(path, make=True)
    study.add(record(1))
    full(study, 0)
    with pytest.raises(UnusableStudy, match="full") as refused:
        study.add_all([(record(number, Exhaustive()), -1, -1) for number in range(40)])
    assert refused.value.remedy.startswith("Free some space")
    assert study.numbers() == [1]
    full(study, 10_000)  # space was freed
    study.add(record(2))
    study.close()
    with contextlib.closing(Study.open(path)) as study:
        assert study.numbers() == [1, 2]
        assert study.check() == ()
    assert files(tmp_path) == ["a.onepixel"]


def test_a_disk_full_from_the_first_byte_is_a_problem():
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(UnusableStudy):
        Study.open(device, make=True)


def test_closing_on_a_full_disk_is_quiet_and_loses_nothing(tmp_path, monkeypatch):
    from onepixel_gui.study import database

    def fails(_connection):
        raise sqlite3.OperationalError("database or disk is full")

    path = tmp_path / "a.onepixel"
    study = Study.open(path, make=True)
    study.add(record(1))
    shutil.copy(path, tmp_path / "copy")
    monkeypatch.setattr(database, "_tidy", fails)
    study.close()
    monkeypatch.undo()
    with contextlib.closing(Study.open(path)) as study:
        assert study.numbers() == [1]
    assert files(tmp_path) == ["a.onepixel", "copy"]


def test_a_file_that_only_allows_reading_is_opened_for_reading_with_a_note(tmp_path):
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("needs the right to become another user")
    path = filled(tmp_path / "a.onepixel")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with contextlib.closing(Study.open(path)) as study:
            assert not study.writable
            assert study.notes == (
                "a.onepixel is opened for reading: its folder or file does not allow writing.",
            )
            everything(study)
            with pytest.raises(UnusableStudy, match="for reading only"):
                study.note("x")
        for target in (path, tmp_path / "new.onepixel"):
            with pytest.raises(Problem):
                Study.open(path, reading=True).save_copy(target)
        refused(tmp_path / "new.onepixel", make=True)
    finally:
        os.seteuid(0)
    assert files(tmp_path) == ["a.onepixel"]


def test_a_file_that_is_deleted_or_moved_away_is_noticed_and_can_still_be_copied(tmp_path):
    path = tmp_path / "a.onepixel"
    with contextlib.closing(Study.open(path, make=True)) as study:
        study.add(record(1))
        path.unlink()
        with pytest.raises(UnusableStudy, match="not where it was"):
            study.add(record(2))
        study.save_copy(tmp_path / "b.onepixel")
    with contextlib.closing(Study.open(tmp_path / "b.onepixel")) as study:
        assert study.numbers() == [1]


# ------------------------------------------------------------------ what is no study
def refused(path, **how):
    with pytest.raises(UnusableStudy) as caught:
        Study.open(path, **how).close()
    problem = caught.value
    assert problem.what.endswith(".")
    assert problem.remedy[0].isupper()
    assert problem.remedy.endswith(".")
    return problem.what


def test_what_is_no_study_is_refused_and_left_as_it_was(tmp_path):
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE run (a)")
        connection.commit()
    words = tmp_path / "words.onepixel"
    words.write_text("These are words and no study. " * 20)
    (tmp_path / "short.onepixel").write_bytes(b"SQLite format 3\0")
    (tmp_path / "empty.onepixel").touch()
    (tmp_path / "folder.onepixel").mkdir()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    for name in (*before, "folder.onepixel"):
        for how in ({}, {"make": True}, {"reading": True}):
            if name != "empty.onepixel" or how != {"make": True}:
                assert refused(tmp_path / name, **how)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before
    assert "not there" in refused(tmp_path / "nowhere.onepixel")
    assert refused(tmp_path / "nowhere" / "a.onepixel", make=True)
    assert refused(tmp_path / ("n" * 300 + ".onepixel"), make=True)
    assert refused(Path("a\0b.onepixel"), make=True)


def test_a_study_that_would_act_by_itself_is_refused(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END")
    assert "not laid out" in refused(path)


# ------------------------------------------------------------------ versions
def as_version_1(path):
    """What the first version wrote: without what is asked after a flip, and without notes."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP TABLE aftermath; DROP TABLE note; PRAGMA user_version = 1; VACUUM;"
        )


def test_an_older_study_is_brought_forward_with_all_it_holds(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    with contextlib.closing(Study.open(path, reading=True)) as study:
        rows, first = list(study.rows().names), study.run(1)
    as_version_1(path)
    assert "older version" in refused(path, reading=True)
    with contextlib.closing(Study.open(path)) as study:
        assert list(study.rows().names) == rows
        assert study.run(1).moved is None
        assert spelled(study.run(2))
        assert study.run(1).result == first.result
        study.note("New.")
        study.add(record(50, moved=moved()))
        assert study.check() == ()
    fresh = filled(tmp_path / "b.onepixel")
    assert layout(path) == layout(fresh)


def layout(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall())


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = filled(tmp_path / "a.onepixel")
    as_version_1(path)
    before = path.read_bytes()
    broken = schema._SECOND + "CREATE TABLE run (number INTEGER);\n"
    monkeypatch.setattr(schema, "_STEPS", (schema._FIRST, broken))
    with pytest.raises(UnusableStudy):
        Study.open(path)
    assert path.read_bytes() == before
    assert files(tmp_path) == ["a.onepixel"]


def test_a_newer_study_is_opened_for_reading_with_a_word(tmp_path):
    path = filled(tmp_path / "a.onepixel")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE run ADD COLUMN colour_of_the_sky TEXT")
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        connection.commit()
    before = path.read_bytes()
    with contextlib.closing(Study.open(path)) as study:
        assert not study.writable
        assert study.notes == (
            "a.onepixel was written by a newer version of this program and is opened for reading.",
        )
        everything(study)
    assert path.read_bytes() == before
    assert files(tmp_path) == ["a.onepixel"]


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


@pytest.mark.slow
def test_bytes_damaged_a_thousand_times_give_a_problem_or_the_truth(tmp_path):
    assert harmed_often(filled(tmp_path / "a.onepixel"), 1000, 8) > 300


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
    done = ended(salvage(path, tmp_path / "b.onepixel"))
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
    done = ended(salvage(path, tmp_path / "b.onepixel"))
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

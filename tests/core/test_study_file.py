"""One tidy file: held by one writer, read by many, and never worse than what was written."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.problems import Problem
from onepixel_gui.study import schema
from onepixel_gui.study.store import Study, StudyHeld, UnusableStudy
from tests.core.study_files import everything, files, filled, refused
from tests.core.study_records import moved, record

ROOT = Path(__file__).parents[2]


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


def first_word_of(process):
    """A number that it prints next; its errors where it has none."""
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return int(line)


def killed_and_continued(path, times, seed):
    rng, acknowledged = random.Random(seed), set()
    for _ in range(times):
        process = child(WRITER, path, wait=False)
        acknowledged.add(first_word_of(process))
        time.sleep(rng.random() * 0.25)
        process.kill()
        with process.stdout as out, process.stderr:  # communicate() forgets what is buffered
            acknowledged |= {int(line) for line in out if line[-1] == "\n"}
        process.wait()
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
    told = [first_word_of(process) for _ in range(3)]
    process.kill()
    process.communicate()
    with contextlib.closing(Study.open(path, reading=True)) as study:
        assert len(study.rows()) >= len(told)
    assert files(tmp_path) == ["a.onepixel"]


def test_a_file_copied_without_what_was_written_ahead_is_read_without_traces(tmp_path):
    study = Study.open(tmp_path / "a.onepixel", make=True)
    study.add(record(1))
    with study._file.reading() as connection:
        connection.execute("PRAGMA wal_checkpoint").fetchone()
    (tmp_path / "there").mkdir()
    copy = shutil.copy(tmp_path / "a.onepixel", tmp_path / "there" / "b.onepixel")
    study.close()
    with contextlib.closing(Study.open(Path(copy), reading=True)) as study:
        assert study.numbers() == [1]
        assert files(tmp_path / "there") == ["b.onepixel"]
    assert files(tmp_path / "there") == ["b.onepixel"]


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
    monkeypatch.setattr(database, "_tidy", fails)
    study.close()
    monkeypatch.undo()
    with contextlib.closing(Study.open(path)) as study:
        assert study.numbers() == [1]
    assert files(tmp_path) == ["a.onepixel"]


def test_a_file_that_only_allows_reading_is_opened_for_reading_with_a_note(tmp_path):
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("needs the right to become another user")
    path = filled(tmp_path / "a.onepixel")
    shared = Path(tempfile.gettempdir())
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(shared) and folder != shared:
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
            "DROP TABLE aftermath; DROP TABLE note; DROP TABLE unfinished;"
            "PRAGMA user_version = 1; VACUUM;"
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
        with pytest.raises(UnusableStudy) as caught:
            study.note("of today")
        assert "newer version" in caught.value.what
        assert "copy" not in caught.value.remedy  # which would be as new
    assert path.read_bytes() == before
    assert files(tmp_path) == ["a.onepixel"]


@pytest.mark.parametrize(
    ("place", "said"),
    [("nowhere/a.onepixel", "nowhere"), ("a", "a is no name"), ("a.csv", "a.csv is no name")],
)
def test_a_new_study_needs_its_folder_and_a_name_that_other_commands_know(tmp_path, place, said):
    with pytest.raises(UnusableStudy) as caught:
        Study.open(tmp_path / place, make=True)
    assert said in caught.value.what
    assert files(tmp_path) == []

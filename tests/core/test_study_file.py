"""One tidy file: held by one writer, read by many, and never worse than what was written."""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from onepixel_gui.study import schema
from onepixel_gui.study.store import Study, StudyHeld, UnusableStudy
from tests.core.study_files import everything, files, filled
from tests.core.study_records import record

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

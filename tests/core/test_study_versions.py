"""What is no study is refused; older studies are brought forward and newer ones read."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from onepixel_gui.study import schema
from onepixel_gui.study.store import Study, UnusableStudy
from tests.core.study_files import everything, files, filled, refused
from tests.core.study_records import moved, record


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

"""A study on disks that are full, allow only reading, or lose the file."""

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.problems import Problem
from onepixel_gui.study.store import Study, UnusableStudy
from tests.core.study_files import everything, files, filled, refused
from tests.core.study_records import record


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

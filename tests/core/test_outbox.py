"""A result is written whole or not at all, and the reader is told why not."""

import errno
import os
import stat
from pathlib import Path

import pytest

from onepixel_gui.outbox import write_whole
from onepixel_gui.problems import NotWritten


def fails_with(code):
    def call(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    return call


def refusal(path, data=b"new"):
    with pytest.raises(NotWritten) as caught:
        write_whole(path, data)
    problem = caught.value
    assert problem.remedy[0].isupper()
    assert problem.remedy.endswith(".")
    assert problem.detail
    return problem


def test_the_file_holds_exactly_the_bytes_and_nothing_else_is_left(tmp_path):
    data = os.urandom(300_000)
    write_whole(tmp_path / "figure.png", data)
    assert (tmp_path / "figure.png").read_bytes() == data
    assert [entry.name for entry in tmp_path.iterdir()] == ["figure.png"]


def test_an_older_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    seen = []
    replace = os.replace

    def watched(source, target):
        seen.append((Path(source).read_bytes(), path.read_bytes()))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_whole(path, b"new")
    assert seen == [(b"new", b"old")]
    assert path.read_bytes() == b"new"


def test_the_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    order = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("replace"), replace(*names)))
    write_whole(tmp_path / "figure.png", b"new")
    assert order == ["fsync", "replace"]


@pytest.mark.skipif(os.name == "nt", reason="permission bits are POSIX")
def test_a_colleague_may_read_the_result_as_any_other_file(tmp_path):
    write_whole(tmp_path / "ours", b"")
    (tmp_path / "plain").write_bytes(b"")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain")}
    assert len(modes) == 1


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.EROFS, "only allows reading"),
        (errno.EACCES, "does not allow"),
        (errno.EPERM, "does not allow"),
        (errno.EIO, "reported an error"),
    ],
)
def test_a_refusing_disk_keeps_the_old_file_and_leaves_no_half_one(
    tmp_path, monkeypatch, call, code, words
):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, call, fails_with(code))
    problem = refusal(path)
    assert words in problem.what
    assert "figure.png" in problem.what
    assert str(tmp_path) not in problem.what
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["figure.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_a_disk_that_fills_up_while_writing_is_told_as_full(tmp_path, monkeypatch):
    real = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, mode="r", *rest, **named: real(
            Path("/dev/full") if mode == "xb" else self,
            "wb" if mode == "xb" else mode,
            *rest,
            **named,
        ),
    )
    assert "full" in refusal(tmp_path / "figure.png", b"x" * 100_000).what
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named_and_not_created(tmp_path):
    problem = refusal(tmp_path / "not yet" / "figure.png")
    assert "not yet is not an existing folder" in problem.what
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_folder_should_be_is_told_as_such(tmp_path):
    (tmp_path / "notes").write_text("a file")
    assert "notes is not an existing folder" in refusal(tmp_path / "notes" / "figure.png").what


def test_a_folder_of_that_name_stays_as_it_was(tmp_path):
    (tmp_path / "figure.png").mkdir()
    assert "a folder of that name" in refusal(tmp_path / "figure.png").what
    assert [entry.name for entry in tmp_path.iterdir()] == ["figure.png"]


@pytest.mark.skipif(
    os.name == "nt" or getattr(os, "geteuid", lambda: 0)() == 0,
    reason="permission bits do not stop root or Windows",
)
def test_a_read_only_folder_is_told_as_such(tmp_path):
    tmp_path.chmod(0o555)
    try:
        assert "does not allow" in refusal(tmp_path / "figure.png").what
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 300, "\udcff\0.png"])
def test_an_impossible_name_is_a_problem_that_can_be_shown(tmp_path, name):
    problem = refusal(tmp_path / name)
    assert "does not accept that file name" in problem.what
    (problem.what + problem.detail).encode("utf-8")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(_handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "figure.png", b"new")
    assert not list(tmp_path.iterdir())

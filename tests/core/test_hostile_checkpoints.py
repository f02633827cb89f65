"""A hostile checkpoint is a Problem: soon, without running anything, and without eating memory."""

import json
import subprocess
import sys

import pytest

from tests.core import hostile

ROOM = 1 << 30  # bytes above the file's own size
PATIENCE = 5.0  # seconds


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Every hostile file, opened in one process of its own: file -> what came of it."""
    pytest.importorskip("resource", reason="memory is measured as Unix does")
    pytest.importorskip("onnx", reason="hostile ONNX files are made with onnx")
    folder = tmp_path_factory.mktemp("hostile")
    makers = (*hostile.MAKERS, hostile.onnx_files)
    files = [path for make in makers for path in make(folder)]
    run = subprocess.run(
        [sys.executable, "-m", "tests.core.hostile"],
        input="\n".join(map(str, files)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    told = [json.loads(line) for line in run.stdout.splitlines()]
    assert [one["file"] for one in told] == [path.name for path in files]
    assert not (folder / hostile.SPRUNG).exists(), "a payload ran"
    return dict(zip(files, told, strict=True))


def test_each_is_refused_with_words_and_a_remedy(opened):
    for path, one in opened.items():
        assert one["told"].startswith("UnusableCheckpoint: "), one
        assert path.name in one["told"]
        assert str(path.parent) not in one["told"]
        assert one["told"].endswith(".")


def test_each_is_refused_within_five_seconds(opened):
    slow = [one for one in opened.values() if one["seconds"] > PATIENCE]
    assert not slow


def test_none_takes_more_than_a_gigabyte_above_its_size(opened):
    for path, one in opened.items():
        size = path.stat().st_blocks * 512 if path.is_file() else 0
        assert one["bytes"] < size + ROOM, one

"""The program as others start it: a process of its own, its streams, and what it imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.networks import save_bench

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return save_bench(tmp_path_factory.mktemp("bench"))


def outside(*words, **how):
    """Run as a process of its own."""
    call = [sys.executable, "-W", "error", "-m", "onepixel_gui", *map(str, words)]
    return subprocess.run(call, capture_output=True, text=True, timeout=120, check=False, **how)


def test_a_process_gives_the_same_codes_and_keeps_stderr_clean(bench):
    done = outside("attack", "a.png", "--model", "weak.pt", cwd=bench)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the answer changed to normal" in done.stdout
    bad = outside("map", "bad.png", cwd=bench)
    assert (bad.returncode, bad.stdout, len(bad.stderr.splitlines())) == (2, "", 2)


def test_a_terminal_without_our_letters_still_gets_its_result(bench):
    plain = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = outside("score", "large.png", "--model", "weak.pt", cwd=bench, env=plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert "8 ? 8 of 30 ? 20 px" in done.stdout


def test_the_command_line_loads_no_torch_no_qt_and_no_matplotlib_until_asked():
    heavy = ("torch", "PySide6", "matplotlib", "scipy", "numpy")
    code = f"import sys, onepixel_gui.cli; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


BLOCKED = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("PySide6", "pyqtgraph", "shiboken6"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import onepixel_gui
names = [
    module.name for module in pkgutil.walk_packages(onepixel_gui.__path__, "onepixel_gui.")
    if not module.name.startswith("onepixel_gui.qt")
]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_everything_outside_qt_imports_where_there_is_no_qt():
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 25

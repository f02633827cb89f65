"""One smoke test with the real X11 platform (issue 2, acceptance 7)."""

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARIES = ("xcb-cursor", "xcb-icccm", "xcb-keysyms", "xcb-shape", "xkbcommon-x11")


def lacking() -> str:
    """What this machine lacks for a window on X11; empty when nothing."""
    if shutil.which("xvfb-run") is None or shutil.which("Xvfb") is None:
        return "there is no xvfb-run"
    missing = [name for name in LIBRARIES if ctypes.util.find_library(name) is None]
    return f"Qt's X11 libraries are missing: {', '.join(missing)}" if missing else ""


@pytest.mark.skipif(bool(lacking()), reason=lacking() or "nothing is missing")
def test_the_window_opens_on_x11_with_its_own_letters(tmp_path: Path) -> None:
    words = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24"]
    words += [sys.executable, "-m", "tests.qt.xvfb_smoke", str(tmp_path)]
    surroundings = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    surroundings.pop("QT_SCALE_FACTOR", None)
    run = subprocess.run(
        words,
        env=surroundings,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    facts = json.loads(run.stdout.splitlines()[-1])
    assert facts["platform"] == "xcb"
    assert facts["families"] == ["Inter"]
    assert facts["size"] == [1440, 900]
    assert facts["colours"] > 20, "the picture is blank"
    assert facts["letters_differ"], "every letter is the same box"
    assert facts["ink"] > 50
    assert (tmp_path / "window.png").stat().st_size > 10_000

"""One real attack and sweep of a demonstration tile for all pictures of a test run."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.screens.stage import DEMO, find, summary
from tests.screens.study_stage import carried_out

Shots = Callable[[int], Path]


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Shots:
    """scale -> the folder with all pictures at that scale, drawn once by a process of its own."""
    folder = tmp_path_factory.mktemp("screens")
    claims = json.loads((DEMO / "demo.json").read_text(encoding="utf-8"))
    flipped = next(tile for tile in claims["swept"] if tile["flipped"])
    pickled = folder / "found.pickle"
    found = find(f"{flipped['label']}/{Path(flipped['file']).name}", folder)
    pickled.write_bytes(pickle.dumps(found))
    study = folder / "Demonstration.onepixel"
    pictured = {**summary(found), "study": carried_out(study)}
    (folder / "found.json").write_text(json.dumps(pictured), encoding="utf-8")
    done: dict[int, Path] = {}

    def draw(scale: int) -> Path:
        if scale not in done:
            out = folder / f"{scale}x"
            # Nobody looks at the arrivals, slides and campaigns of the second scale.
            given = [pickled, out, study] if scale == 1 else [pickled, out]
            words = [sys.executable, "-m", "tests.screens.stage", *map(str, given)]
            surroundings = {
                **os.environ,
                "QT_QPA_PLATFORM": "offscreen",
                "QT_SCALE_FACTOR": str(scale),
            }
            run = subprocess.run(
                words, env=surroundings, capture_output=True, text=True, check=False
            )
            assert run.returncode == 0, run.stderr
            done[scale] = out
        return done[scale]

    return draw

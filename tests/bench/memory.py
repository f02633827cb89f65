"""Peak memory of one path: each in a process of its own, by the system's own account (Linux)."""

import ctypes
import gc
import sys
from pathlib import Path
from typing import Any

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.tiles.tile import Tile
from tests.bench.speed import PATHS, candidates
from tests.bench.subjects import subject

_ASKED = 3  # times


def memory(name: str, path: str) -> dict[str, Any]:
    """What a probe adds at its peak to the loaded classifier, cache included, in MiB.

    path: "our dense" or "our incremental".  batch: as many candidates as a dense pass takes, for
    both paths alike; chunk: as many as a search asks this path at once.
    """
    if not sys.platform.startswith("linux"):
        return {}
    one = subject(name)
    classifier = Classifier(one.card, one.network, "cpu")
    at = {"batch": classifier.serving.batch}
    at["chunk"] = classifier.probe(one.tile, dense=PATHS[path]).chunk
    added = {size: _added(classifier, one.tile, path, count) for size, count in at.items()}
    return {"candidates": at, "MiB": added}


def _added(classifier: Classifier, tile: Tile, path: str, count: int) -> float:
    before = _settled()
    probe = classifier.probe(tile, dense=PATHS[path])
    asked = candidates(probe.question.window, count)
    for _ in range(_ASKED):
        probe(asked)
    return round((_told("VmHWM") - before) / 1024, 1)


def _settled() -> int:
    """KiB in use once everything free went back to the system; the peak starts again from here."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _told("VmRSS")


def _told(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))

"""A study of 100,000 runs: opening, table, what its population says, `analyse`, memory, writing.

`python -m tests.bench.study [COUNT]` prints one JSON object.  Of reading: medians over rounds in
seconds, by the clock and (`cpu`) of this process alone, which other programs do not lengthen; and
the ratio (`of_bare`) to a bare fetch of the same columns by sqlite3, measured side by side.
"""

import contextlib
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from onepixel_gui.attack.attacks import Settings, as_values
from onepixel_gui.attack.probe import Advanced, Ended, Pixel
from onepixel_gui.study.layout import NARROW
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.tile import Tile
from tests.core.study_records import PLAN, question, record

COUNT = 100_000
ROUNDS = 5
BATCH = 32
EDGE = 64  # pixels of a tile that is written as a campaign writes it


def searched(number: int, rng: np.random.Generator, edge: int, steps: int) -> Record:
    """A search with a trail of so many populations, of which few move from one to the next."""
    flipped = bool(rng.random() < 0.4)
    cloud = rng.integers(0, edge, (400, 2)).astype(np.int16)
    trail = []
    for step in range(steps):
        cloud = cloud.copy()
        chosen = rng.random(400) < 0.1
        cloud[chosen] = rng.integers(0, edge, (int(chosen.sum()), 2))
        trail.append(Advanced(400 * step, step, (Pixel(1, 2, (3, 4, 5)),), 0.5, cloud))
    row, column = (int(place) for place in rng.integers(0, 16, 2))
    ended = Ended(
        "flipped" if flipped else "budget spent",
        flipped,
        int(rng.integers(400, 40_000)),
        400 if flipped else None,
        (Pixel(row, column, (255, 255, 0)),),
        float(rng.random()),
        "normal" if flipped else "mitosis",
        tuple((400 * step, float(rng.random())) for step in range(20)),
        0.5,
    )
    picture = rng.integers(0, 256, (edge, edge, 3), np.uint8)
    return record(
        number,
        Settings(seed=number),
        tile=Tile(f"tile_{number:06}.png", picture, "mitosis", case=f"case {number % 200}"),
        question=question(clean=float(rng.uniform(0.5, 0.999))),
        result=ended,
        trail=tuple(trail),
    )


def made(path: Path, count: int) -> None:
    """A study of that many short runs on small tiles."""
    rng = np.random.default_rng(0)
    plan = PLAN | {"attacks": [as_values(Settings())]}
    with contextlib.closing(Study.open(path, make=True)) as study:
        number = study.begin(plan, [f"tile_{task:06}.png" for task in range(count)])
        for start in range(0, count, 1000):
            tasks = range(start, min(start + 1000, count))
            study.add_all([(searched(task, rng, 16, 2), number, task) for task in tasks])


def rounds(work: Callable[[], Any], bare: Callable[[], Any], times: int) -> dict[str, float]:
    """Medians; the bare fetch takes its turn in every round."""
    taken = [(*spent(work), spent(bare)[1]) for _ in range(times)]
    return {
        "s": statistics.median(wall for wall, _, _ in taken),
        "cpu": statistics.median(own for _, own, _ in taken),
        "of_bare": statistics.median(own / other for _, own, other in taken),
    }


def spent(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of this process."""
    wall, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - own


def reading(path: Path) -> dict[str, dict[str, float]]:
    """Everything that reads many runs."""

    def bare() -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"SELECT number, {', '.join(NARROW)}, seal FROM run").fetchall()

    found = {"open": rounds(lambda: Study.open(path).close(), bare, ROUNDS)}
    with contextlib.closing(Study.open(path, reading=True)) as study:
        (group,) = study.groups()
        asked: dict[str, tuple[Callable[[], Any], int]] = {
            "groups": (study.groups, ROUNDS),
            "rows": (study.rows, ROUNDS),
            "rows_of_campaign": (lambda: study.rows(1), ROUNDS),
            "outcomes": (lambda: study.outcomes(group), ROUNDS),
            "campaigns": (study.campaigns, ROUNDS),
            "finished": (lambda: study.finished(1), ROUNDS),
            "table": (study.table, 1),
            "check": (study.check, 1),
            "a_hundred_runs": (lambda: [study.run(n) for n in study.numbers()[:100]], 1),
        }
        return found | {name: rounds(work, bare, times) for name, (work, times) in asked.items()}


ANALYSED = """
import json, os, resource, sys, time

begun = time.perf_counter()
from onepixel_gui.cli import run

code = run(["analyse", sys.argv[1], "--out", sys.argv[2]])
print(json.dumps({
    "code": code,
    "s": time.perf_counter() - begun,
    "cpu": sum(os.times()[:4]),  # from the start of the interpreter on
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def analysing(path: Path, times: int) -> dict[str, float]:
    """The command `analyse` as it is set by itself, a new process each time: medians."""
    found: list[dict[str, float]] = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as out:
            words = [sys.executable, "-c", ANALYSED, str(path), out]
            said = subprocess.run(words, check=True, capture_output=True, text=True)
            found.append(json.loads(said.stdout.splitlines()[-1]))
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


MEASURED = """
import contextlib, sys
from pathlib import Path
from onepixel_gui.study.store import Study

def peak():  # of this program alone; getrusage remembers the one that started it
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

with contextlib.closing(Study.open(Path(sys.argv[1]), reading=True)) as study:
    before = peak()
    if sys.argv[2] == "outcomes":
        found = study.outcomes(study.groups()[0])
    else:
        found = study.rows()
    print(before, peak())
"""


def memory(path: Path, what: str) -> float:
    """MB that it adds at its peak, in a process of its own."""
    said = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), what],
        check=True,
        capture_output=True,
        text=True,
    )
    before, after = map(int, said.stdout.split())
    return (after - before) / 1024


def writing(folder: Path, count: int = 640) -> dict[str, float]:
    """Runs per second as a campaign keeps them: 64 px tiles, 60 populations of 400, batches."""
    rng = np.random.default_rng(1)
    ready = [searched(number, rng, EDGE, 60) for number in range(count)]
    found = {}
    for name, steps in (("per_second", 60), ("per_second_without_trail", 0)):
        path = folder / f"{name}.onepixel"
        with contextlib.closing(Study.open(path, make=True)) as study:
            number = study.begin(PLAN | {"attacks": [as_values(Settings())]}, ["a"] * count)
            wall, own = time.perf_counter(), time.process_time()
            for batch in batches(ready, steps):
                study.add_all([(each, number, each.attack.seed) for each in batch])
            found[name] = count / (time.perf_counter() - wall)
            found[f"{name}_of_cpu"] = count / (time.process_time() - own)
        found[f"{name}_bytes_each"] = path.stat().st_size / count
    return found


def batches(ready: list[Record], steps: int) -> Iterator[list[Record]]:
    for start in range(0, len(ready), BATCH):
        yield [replace(each, trail=each.trail[:steps]) for each in ready[start : start + BATCH]]


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "many.onepixel"
        begun = time.perf_counter()
        made(path, count)
        told = {
            "runs": count,
            "making_s": time.perf_counter() - begun,
            "megabytes": path.stat().st_size / 1e6,
            "seconds": reading(path),
            "analyse": analysing(path, 3),
            "peak_added_mb": {what: memory(path, what) for what in ("rows", "outcomes")},
            "writing": writing(Path(name)),
            "whole_process_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)

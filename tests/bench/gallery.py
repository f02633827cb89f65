"""The gallery with 200,000 tiles: opening, scrolling, filtering, sorting, and its memory.

`python -m tests.bench.gallery [COUNT]` prints one JSON object.  Nothing is read from a disk: the
tiles are made when they are asked for.  Offscreen; in a frame the view scrolls and paints all of
its rows, while thumbnails and answers arrive in the background.  `cpu`: the main thread's own time,
which other programs do not lengthen.
"""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from onepixel_gui.problems import Problem
from onepixel_gui.qt.app import make_application
from onepixel_gui.qt.gallery.shelf import Shelf
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.theme import DARK, install
from onepixel_gui.tiles.datasets.columns import Coded, Columns, Derived
from onepixel_gui.tiles.tile import Tile

COUNT = 200_000
SIZE = (236, 800)  # points, as in a window of 1440 x 900
FRAMES = 500
EDGE = 64  # pixels of a tile
LINES = (
    "label = mitosis and confidence < 0.9",
    "agreement = no",
    "name ~ 77 and not listed",
    "patient_7",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A tile of noise, made when it is read."""

    number: int
    name: str
    label: str
    case: str

    def read(self) -> Tile:
        rgb = np.random.default_rng(self.number).integers(0, 256, (EDGE, EDGE, 3), np.uint8)
        return Tile(self.name, rgb, self.label)

    def thumbnail(self, edge: int) -> Any:
        return self.read().rgb[:edge, :edge]


def listing(count: int) -> Columns:
    names = Derived(count, lambda index: f"tile_{index * 7919 % count}.png")
    labels = Coded((np.arange(count) % 9 > 0).astype(np.int32), ("mitosis", "normal"))
    cases = Coded(
        (np.arange(count) // 500).astype(np.int32),
        tuple(f"patient_{n}" for n in range(count // 500 + 1)),
    )
    return Columns(names, labels, cases, lambda i: Made(i, names[i], labels[i] or "", cases[i]))


class Quick:
    """A classifier that answers at once, so that the gallery's own time is what is measured."""

    class card:  # noqa: N801 - stands in for an attribute
        classes = ("normal", "mitosis")
        subject, threshold, fitting = "mitosis", 0.5, "resize"
        input_size, name = (EDGE, EDGE), "quick"

    class serving:  # noqa: N801
        batch = 64

    def __call__(self, tiles: Any) -> Any:
        positive = tiles.mean(axis=(1, 2, 3), dtype=np.float32) / 255
        return np.stack([1 - positive, positive], axis=1)

    def probe(self, tile: Tile) -> Any:
        raise Problem(f"{tile.name} is not searched here.", "Ask for answers only.")


def resident() -> float:
    """MiB in use by this process."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def timed(work: Callable[[], object]) -> float:
    """ms, with the painting that follows."""
    begin = time.perf_counter()
    work()
    QApplication.processEvents()
    return (time.perf_counter() - begin) * 1000


def live(until: Callable[[], bool]) -> None:
    loop, poll = QEventLoop(), QTimer()
    poll.timeout.connect(lambda: loop.quit() if until() else None)
    poll.start(10)
    loop.exec()


def scroll(pane: GalleryPane, distance: int) -> dict[str, dict[str, float]]:
    """ms of each of 500 frames, down by so many points a frame, as at 60 Hz."""
    bar = pane.list.verticalScrollBar()
    frames: list[float] = []
    cpu: list[float] = []
    loop, tick = QEventLoop(), QTimer()

    def frame() -> None:
        begin, spent = time.perf_counter(), time.thread_time()
        bar.setValue((bar.value() + distance) % bar.maximum())
        pane.list.viewport().repaint()
        frames.append((time.perf_counter() - begin) * 1000)
        cpu.append((time.thread_time() - spent) * 1000)
        if len(frames) == FRAMES:
            loop.quit()

    tick.timeout.connect(frame)
    tick.start(16)
    loop.exec()
    return {"wall": told(frames), "cpu": told(cpu)}


def told(frames: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(frames, n=100)
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "worst": round(max(frames), 2)}


def measure(count: int = COUNT) -> dict[str, Any]:
    install(make_application(), DARK)
    lanes = Lanes(1)
    pane, shelf = GalleryPane(), Shelf(lanes)
    shelf.opened.connect(pane.set_listing)
    shelf.pictured.connect(pane.set_thumbnail)
    shelf.scored.connect(pane.set_answers)
    shelf.scoring_changed.connect(pane.set_scoring)
    pane.rows_seen.connect(shelf.look_at)
    pane.resize(*SIZE)
    pane.show()
    made = listing(count)
    QApplication.processEvents()
    gc.collect()
    before = resident()
    found: dict[str, Any] = {"tiles": count, "open_ms": round(timed(lambda: shelf.show(made)), 1)}
    pane.forget_results(Quick.card.classes)
    shelf.set_classifier(Quick())  # type: ignore[arg-type]
    live(lambda: bool(shelf._wished) and not shelf.busy)
    for name, distance in (("slow", 20), ("fast", 400), ("flying", 40_000)):
        found[f"scroll_{name}_ms"] = scroll(pane, distance)
    live(lambda: not lanes.busy)
    found["rss_growth_scrolled_MiB"] = round(resident() - before, 1)
    begin = time.perf_counter()
    shelf.score(pane.rows.lacking)
    found["scroll_while_scoring_ms"] = scroll(pane, 20)
    shelf.stop_scoring()
    live(lambda: not lanes.busy)
    seconds = time.perf_counter() - begin
    known = int(np.count_nonzero(~np.isnan(pane.rows.facts.confidences)))
    found["scored_per_second_while_scrolling"] = round(known / seconds)
    rng = np.random.default_rng(1)
    pane.set_answers(range(count), rng.integers(0, 2, count), rng.random(count, np.float32))
    live(lambda: pane._preparing is None or not pane._idle.isActive())
    found["filter_ms"], found["sort_ms"] = {}, {}
    for line in LINES:
        pane.filter.setText(line)
        found["filter_ms"][line] = round(timed(pane.filter.returnPressed.emit), 1)
    pane.filter.setText("")
    pane.filter.returnPressed.emit()
    for key in ("confidence", "name", "case", "agreement", "order"):
        found["sort_ms"][key] = round(timed(lambda key=key: pane.sort(key)), 1)
    found["select_all_and_list_ms"] = round(
        timed(lambda: (pane.list.selectAll(), pane.toggle_listed())), 1
    )
    found["rss_growth_MiB"] = round(resident() - before, 1)
    shelf.close()
    lanes.close()
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT), indent=1))

"""How soon a slide is seen, how smoothly it moves, how much memory that takes.

    python -m tests.bench.slide_view [SLIDE] [--json OUT.json] [--ratio 1 2] [--steps 5000]

Each ratio of device to logical pixels is measured in a process of its own, with no screen, at
1440 x 900 logical pixels.  A frame is a move of the slide, what it asks for and a full repaint; a
turn is that and all that arrives with it (parts that were read, their fading in); cpu is what a
frame takes of its own thread, which other programs on the machine do not change.  Without SLIDE one
is written: 40,000 x 30,000 pixels of noisy JPEG tiles with levels 1, 4 and 16.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOM = (1440, 900)  # logical px
FRAMES, STEPS = 500, 5000
LIMIT = 128 * 2**20  # bytes: a quarter of the default, so that a short walk reaches it
PACE = 1 / 60  # seconds from one frame to the next


def write_slide(path: Path, height: int = 30_000, width: int = 40_000, tile: int = 512) -> None:
    """A pyramid of a few different tiles over and over: quick to write, slow enough to read."""
    import imagecodecs
    import tifffile

    rng = np.random.default_rng(5)
    coarse = rng.integers(90, 240, (16, tile // 8, tile // 8, 3), dtype=np.uint8)
    grain = rng.integers(0, 15, (16, tile, tile, 3), dtype=np.uint8)
    pool = [
        imagecodecs.jpeg_encode(c.repeat(8, 0).repeat(8, 1) + g, level=85, colorspace="RGB")
        for c, g in zip(coarse, grain, strict=True)
    ]

    def tiles(rows: int, columns: int) -> Iterator[bytes]:
        count = -(-rows // tile) * -(-columns // tile)
        return islice(cycle(pool), count)

    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for step in (1, 4, 16):
            rows, columns = height // step, width // step
            file.write(
                tiles(rows, columns),
                shape=(rows, columns, 3),
                dtype=np.uint8,
                tile=(tile, tile),
                photometric="ycbcr",
                compression="jpeg",
                subfiletype=0 if step == 1 else 1,
                resolution=(40_000, 40_000),
                resolutionunit="CENTIMETER",
                metadata=None,
            )


class Bench:
    """A pane and its reader over one slide, in a canvas of 1440 x 900."""

    def __init__(self, limit: int) -> None:
        from PySide6.QtWidgets import QApplication

        from onepixel_gui.qt.panes.slide import SlidePane
        from onepixel_gui.qt.slides.parts import SlideFacts
        from onepixel_gui.qt.slides.reader import SlideReader
        from onepixel_gui.qt.theme import DARK, install

        self.application = QApplication([])
        install(self.application, DARK)
        self.pane, self.reader = SlidePane(), SlideReader(limit=limit)
        self.pane.set_theme(DARK)
        self.pane.show()
        self.pane.canvas.setFixedSize(*ROOM)
        self.pane.adjustSize()
        self.seen = self.sharp = 0.0
        self.reader.opened.connect(lambda slide: self.pane.show_slide(SlideFacts.of(slide)))
        self.reader.grown.connect(lambda slide: self.pane.show_levels(SlideFacts.of(slide)))
        self.reader.read.connect(self.pane.take_part)
        self.reader.read.connect(self._note)
        self.reader.thumbnail.connect(self.pane.set_thumbnail)
        self.reader.thumbnail.connect(self._note)
        self.reader.failed.connect(self._fail)
        self.pane.parts_wished.connect(self.reader.wish)
        self.pane.settled.connect(self._settle)

    def _note(self, *_: object) -> None:
        if not self.seen:
            self.pane.canvas.repaint()
            self.seen = time.perf_counter()

    def _settle(self) -> None:
        self.sharp = self.sharp or time.perf_counter()

    def _fail(self, problem: Any) -> None:
        sys.exit(f"{problem.what} {problem.remedy} {problem.detail}")

    def turn(self) -> None:
        self.application.processEvents()

    def open(self, path: Path) -> dict[str, float]:
        began = time.perf_counter()
        self.reader.open(path)
        while not self.sharp and time.perf_counter() - began < 120:
            self.turn()
            time.sleep(0.001)  # the readers need the interpreter, too
        return {
            "first_picture_ms": 1e3 * (self.seen - began),
            "sharp_ms": 1e3 * (self.sharp - began),
        }

    def move(self) -> dict[str, float]:
        """Dragged across the slide; every 50 frames, 10 frames of zooming."""
        from PySide6.QtCore import QPointF

        canvas = self.pane.canvas
        canvas.look(canvas.sight.at_one(QPointF(ROOM[0] / 2, ROOM[1] / 2)))
        frames, turns, busy = [], [], []
        for frame in range(FRAMES):
            began, used = time.perf_counter(), time.thread_time()
            if frame % 50 < 40:
                canvas.look(canvas.sight.panned(QPointF(-23, -11)))
            else:
                notches = -0.5 if frame // 50 % 2 else 0.5
                canvas.look(canvas.sight.zoomed(QPointF(500, 400), -notches))
            canvas.repaint()
            frames.append(time.perf_counter() - began)
            busy.append(time.thread_time() - used)
            self.turn()
            turns.append(time.perf_counter() - began)
            while time.perf_counter() - began < PACE:
                time.sleep(0.001)
        return {**_shares("frame", frames), **_shares("turn", turns), **_shares("cpu", busy)}

    def walk(self, steps: int) -> dict[str, float]:
        """Anywhere, at any magnification."""
        rng = np.random.default_rng(3)
        canvas, process = self.pane.canvas, psutil.Process()
        before = top = process.memory_info().rss
        most = 0
        for step in range(steps):
            height, width = canvas.sight.shape
            place = rng.uniform(0, height), rng.uniform(0, width)
            sight = canvas.sight.centred(*place) if step % 5 == 0 else canvas.sight
            canvas.look(sight.zoomed(_middle(), float(rng.normal(0, 2))))
            self.turn()
            time.sleep(0.002)
            most = max(most, self.reader.held)
            if step % 20 == 0:
                top = max(top, process.memory_info().rss)
        return {
            "limit_mb": self.reader.limit / 2**20,
            "held_mb": most / 2**20,
            "rss_before_mb": before / 2**20,
            "rss_growth_mb": (top - before) / 2**20,
        }


def _middle() -> Any:
    from PySide6.QtCore import QPointF

    return QPointF(ROOM[0] / 2, ROOM[1] / 2)


def _shares(name: str, seconds: list[float]) -> dict[str, float]:
    p50, p95, worst = np.percentile(np.array(seconds) * 1e3, (50, 95, 100))
    return {f"{name}_p50_ms": p50, f"{name}_p95_ms": p95, f"{name}_worst_ms": worst}


def measure(path: Path, steps: int) -> dict[str, float]:
    """All of it, in this process."""
    bench = Bench(LIMIT)
    found = bench.open(path)
    found |= bench.move()
    if steps:
        found |= bench.walk(steps)
    bench.reader.close(5000)
    bench.pane.close()
    return {name: round(float(value), 2) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", type=Path, nargs="?")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--ratio", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure(options.slide, options.steps)), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        slide = options.slide
        if slide is None:
            slide = Path(folder) / "painted.tiff"
            write_slide(slide)
        facts, before = {}, psutil.getloadavg()[0]
        for ratio in options.ratio:
            steps = str(options.steps if ratio == options.ratio[0] else 0)
            told = subprocess.run(
                [sys.executable, "-m", __spec__.name, str(slide), "--here", "--steps", steps],
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(ratio)},
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            facts[f"{ratio}x"] = json.loads(told.stdout.splitlines()[-1])
        size = slide.stat().st_size
    report = {
        "slide_mb": round(size / 2**20),
        "load_before": before,
        "cpus": os.cpu_count(),
        "measured": facts,
    }
    print(json.dumps(report, indent=2))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

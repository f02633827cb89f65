"""Hundreds of steps of an impatient reader with slides, scans, data sets and lists.

ONEPIXEL_CHAOS_STEPS: how many, for a longer trial by hand; it tells the memory as it goes.
"""

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from onepixel_gui.problems import UnreadableSlide, UnreadableTile, UnusableCheckpoint
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.tile import Window as Rectangle
from tests.core import slide_files
from tests.qt.alive import _memory
from tests.qt.conftest import Census
from tests.qt.doubles import picture_files
from tests.qt.test_chaos import Reader, Witness

STEPS = int(os.environ.get("ONEPIXEL_CHAOS_STEPS", "260"))
BUSY = Preferences(population=40, generations=20, to_the_end=True, device="cpu")
LINES = "", "label = mitosis", "confidence < 0.5", "result = flipped", "not (", "case ~ 1", "1"
KEYS = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return),
    *(Qt.Key.Key_0, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_B, Qt.Key.Key_O),
    *(Qt.Key.Key_Escape, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight),
)


class Wanderer(Reader):
    """Goes over slides as well, and does not wait for them either."""

    def step(self) -> None:
        deeds = {
            "drop": 6,
            "click": 6,
            "keys": 6,
            "wheel": 4,
            "region": 2,
            "candidate": 3,
            "open_field": 2,
            "card": 4,
            "line": 2,
            "sort": 1,
            "run": 3,
            "sweep": 2,
            "guide": 1,
            "stop": 4,
            "next_tile": 3,
            "show_slide": 4,
            "scan": 4,
            "list_candidates": 1,
            "list_tiles": 2,
            "score_tiles": 2,
            "switch_theme": 1,
            "close": 1,
        }
        (name,) = self.dice.choices(list(deeds), list(deeds.values()))
        self.done[name] = self.done.get(name, 0) + 1
        if name in self.window.actions_by_name:
            self.window.actions_by_name[name].trigger()
        else:
            getattr(self, name)()
        pause = self.dice.choice((0, 0, 1, 5, 20, 60))
        if pause:
            self.qtbot.wait(pause)

    def click(self) -> None:
        canvas = self.window.slide.canvas
        place = QPoint(*(self.dice.randrange(600) for _ in "xy"))
        if canvas.isVisible():
            self.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)

    def keys(self) -> None:
        chosen = self.dice.choices(KEYS, k=4)
        if self.window.slide.canvas.isVisible():
            for key in chosen:
                self.qtbot.keyClick(self.window.slide.canvas, key)

    def wheel(self) -> None:
        notches, canvas = self.dice.randrange(-5, 6), self.window.slide.canvas
        canvas.zoom(notches)

    def region(self) -> None:
        row, column, height, width = (self.dice.randrange(1, 300) for _ in range(4))
        region = self.dice.choice((None, Rectangle(row, column, height, width)))
        self.window.slide.set_region(region)
        self.window.slide.region_drawn.emit(region)

    def candidate(self) -> None:
        rows, wish = self.window.candidates.rows, self.dice.random()
        if rows.count:
            at = rows.index(int(wish * rows.count))
            self.window.candidates.list.setCurrentIndex(at)

    def open_field(self) -> None:
        self.window.slides.open(self.dice.randrange(3))

    def card(self) -> None:
        """Answer the card of a data set, if there is one."""
        wish = self.dice.choice(("tiles", "slides", "cancel"))
        if wish == "cancel":
            self.window.datasets.cancel()
        else:
            self.window.datasets.open(wish)

    def line(self) -> None:
        self.window.gallery.filter.setText(self.dice.choice(LINES))

    def sort(self) -> None:
        key = self.dice.choice(("label", "confidence", "result", "case"))
        self.window.gallery.sort(key, descending=self.dice.random() < 0.5)


@pytest.fixture
def places(tmp_path: Path, checkpoint: Path) -> dict[str, Path]:
    """Two slides, one that is cut short, one that is none; a table, a folder, a classifier."""
    rng = np.random.default_rng(3)
    plane = (rng.integers(0, 14, (300, 420, 3)) + np.array([225, 120, 170])).astype(np.uint8)
    plane[96:112, 160:176] //= 8
    levels = [plane, slide_files.halved(plane)]
    slide = slide_files.tiled(tmp_path / "a slide.tif", levels, compression="deflate")
    whole = slide.read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bad.svs").write_bytes(b"II*\0" + bytes(200))
    slide_files.flat(tmp_path / "flat.tif", np.concatenate([plane] * 4))
    rows = ["slide,row,column,label", "a slide.tif,96,160,mitosis", "a slide.tif,0,0,normal"]
    (tmp_path / "marks.csv").write_text("\n".join(rows))
    picture_files(tmp_path / "folder")
    names = "a slide.tif", "cut.tif", "bad.svs", "flat.tif", "marks.csv", "folder"
    return {name: tmp_path / name for name in names} | {"network": checkpoint}


def test_random_steps_over_slides_leave_no_stale_event_no_job_and_no_probe(
    qtbot: Any,
    make_window: Callable[[], Window],
    memory: Any,
    probes: Census,
    places: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory.keep(BUSY)
    witness, problems = Witness(monkeypatch), []

    def make() -> Window:
        window = make_window()
        witness.watch(window.session)
        parts = window.session, window.shelf, window.commands, window.slides, window.scans
        for source in parts:
            source.failed.connect(problems.append)
        window.commands.use_checkpoint(places["network"])
        window.commands.open_paths([places["a slide.tif"]])
        qtbot.waitUntil(lambda: window.session.classifier is not None, timeout=20_000)
        return window

    reader = Wanderer(qtbot, make, places)
    for number in range(5 * STEPS):  # on a slow machine less is heard of a step
        if number >= STEPS and witness.heard > 20:
            break
        reader.step()
        assert not witness.stale
        tile, entry = reader.window.session.tile, reader.window.session.entry
        shown = reader.window.gallery.shown
        if shown >= 0:  # what is marked in the list is what lies on the bench
            assert reader.window.shelf.listing[shown].name == entry.name
            assert tile is not None
        if number % 500 == 499:
            gc.collect()
            print(number + 1, f"{_memory() / 1e6:.0f} MB", reader.windows)
    window = reader.window
    window.commands.stop()
    window.commands.stop()
    window.commands.stop()
    qtbot.waitUntil(lambda: window.jobs <= (window.session.activity is not None), timeout=20_000)
    gc.collect()
    assert probes.alive <= 1  # the one that looks at the tile on the bench
    known = UnreadableTile, UnreadableSlide, UnusableCheckpoint
    odd = {(type(problem), problem.what) for problem in problems if not isinstance(problem, known)}
    odd = {(kind, what) for kind, what in odd if "has no preview" not in what}
    assert not odd
    assert len(reader.done) == 22 or STEPS < 200, json.dumps(reader.done)
    assert witness.heard > 20 or STEPS < 200

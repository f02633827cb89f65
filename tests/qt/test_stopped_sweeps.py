"""Sweeps that the reader ends: what was asked is in the study, and comes back, and no more."""

import time
from contextlib import closing
from pathlib import Path
from threading import Event as Gate

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from onepixel_gui.attack.probe import Painted, Question
from onepixel_gui.classifier.probe import TileProbe
from onepixel_gui.qt.panes.confidence_map import NOT_ASKED, UNASKED, MapPane
from onepixel_gui.qt.panes.controls import Readout
from onepixel_gui.qt.panes.map_legend import confidence_scale, greyed, hatching
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Cursor
from onepixel_gui.qt.window import Window
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.tile import Tile
from onepixel_gui.tiles.tile import Window as Rectangle

_PACE = 0.05  # seconds: what is told oftener than 30 times a second may be dropped
QUICK = Preferences(population=60, generations=6, device="cpu")


def until(qtbot, holds):
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


class Brake:
    """Holds whoever asks for several candidates, once so many calls were answered."""

    def __init__(self) -> None:
        self._gate, self._left = Gate(), -1

    def after(self, calls: int) -> None:
        self._left = calls

    def release(self) -> None:
        self._left = -1
        self._gate.set()

    def passing(self, count: int) -> None:
        if self._left < 0 or count <= 8:  # so few are a glance
            return
        time.sleep(_PACE)  # in a worker
        assert self._left > 0 or self._gate.wait(20)
        self._left -= self._left > 0


@pytest.fixture
def brake(monkeypatch):
    """Sweeps ask for eight positions at once."""
    brake, ask = Brake(), TileProbe.__call__

    def slow(self, candidates):
        brake.passing(len(candidates))
        return ask(self, candidates)

    monkeypatch.setattr(TileProbe, "chunk", 64)
    monkeypatch.setattr(TileProbe, "preview_chunk", 0)
    monkeypatch.setattr(TileProbe, "__call__", slow)
    yield brake
    brake.release()


def opened(qtbot, window: Window, pictures, checkpoint, study: Path | None = None) -> Window:
    window.study.begin(study)
    window.commands.open_paths([pictures[0].parent.parent])
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.question and window.study.study and window.jobs == 0)
    return window


@pytest.fixture
def stopped(qtbot, make_window, memory, pictures, checkpoint, brake) -> Path:
    """A study that holds the sweep of the first tile, which was stopped."""
    memory.keep(QUICK)
    window = opened(qtbot, make_window(), pictures, checkpoint)
    brake.after(3)
    window.actions_by_name["sweep"].trigger()
    until(qtbot, lambda: window.session.findings.painted and window.session.findings.painted.done)
    with qtbot.waitSignal(window.session.ran) as over:
        window.actions_by_name["stop"].trigger()
    brake.release()
    told = over.args[0].result
    assert np.isnan(told.lowest[~told.exact]).all()
    assert not told.exact.all()
    until(qtbot, lambda: window.study.runs == 1)
    kept = pictures[0].parent.parent.with_name("kept.onepixel")
    window.study.keep_as(kept)
    until(qtbot, lambda: window.study.path == kept)
    assert window.gallery.rows.row_of(0).finding_words == "stopped"
    window.close()
    return kept


def verdict(window: Window) -> str:
    labels = window.verdict.findChildren(QLabel)
    return next(each.text() for each in labels if each.accessibleName() == "Verdict")


def test_a_sweep_that_is_stopped_is_recorded_with_what_was_asked(stopped):
    with closing(Study.open(stopped, reading=True)) as study:
        record = study.run(1)
        assert study.groups() == ()
    known = record.result
    assert isinstance(known, Painted)
    assert record.stopped
    assert 0 < known.done < known.total
    assert known.done == 8 * known.exact.sum()
    assert np.isnan(known.lowest[~known.exact]).all()
    assert "onepixel-gui map" in record.command


def test_it_is_shown_again_with_nothing_where_nobody_was_asked(
    qtbot, make_window, stopped, pictures, checkpoint
):
    window = opened(qtbot, make_window(), pictures, checkpoint, stopped)
    until(qtbot, lambda: window.map.shown is not None)
    with closing(Study.open(stopped, reading=True)) as study:
        known = study.run(1).result
    np.testing.assert_array_equal(np.isnan(window.map.shown), ~known.exact)
    assert verdict(window).startswith(f"Stopped after {known.done:,} of {known.total:,} queries")
    assert window.session.findings.sensitivity is None
    assert window.gallery.rows.row_of(0).finding_words == "stopped"
    assert not window.actions_by_name["replay"].isEnabled()


def test_a_whole_sweep_of_another_time_is_shown_before_one_that_was_stopped(
    qtbot, make_window, stopped, pictures, checkpoint
):
    window = opened(qtbot, make_window(), pictures, checkpoint, stopped)
    window.actions_by_name["sweep"].trigger()
    until(qtbot, lambda: window.study.runs == 2)
    with closing(Study.open(stopped, reading=True)) as study:
        first = study.run(1)
    window.study.study.add(first)  # again, and so the latest
    window.close()
    later = opened(qtbot, make_window(), pictures, checkpoint, stopped)
    until(qtbot, lambda: later.session.findings.sensitivity is not None)
    assert later.session.findings.painted is None
    assert not np.isnan(later.map.shown).any()


def test_a_sweep_that_is_stopped_before_anything_was_asked_is_not_recorded(
    qtbot, make_window, memory, pictures, checkpoint, brake
):
    memory.keep(QUICK)
    window = opened(qtbot, make_window(), pictures, checkpoint)
    begun = []
    window.session.happened.connect(begun.append)
    brake.after(0)
    window.actions_by_name["sweep"].trigger()
    until(qtbot, lambda: begun)
    window.actions_by_name["stop"].trigger()
    brake.release()
    until(qtbot, lambda: window.jobs == 0)
    assert window.study.runs == 0
    assert window.gallery.rows.row_of(0).finding_words == "not run"


# ------------------------------------------------------------------ the map
def half(edge: int = 16) -> Painted:
    """Asked in the upper rows only."""
    exact = np.zeros((edge, edge), bool)
    exact[: edge // 2] = True
    lowest = np.where(exact, np.float32(-1), np.float32(np.nan))
    return Painted(8 * exact.sum(), 8 * exact.size, 1, lowest, lowest + 2, lowest, exact)


@pytest.fixture
def pane(qtbot):
    pane = MapPane()
    qtbot.addWidget(pane)
    pane.resize(620, 520)
    pane.show()
    window = Rectangle(0, 0, 16, 16)
    pane.show_tile(Tile("a", np.zeros((16, 16, 3), np.uint8)), window)
    pane.show_question(Question("mitosis", "normal", "mitosis", 0.8, 1.386, 0.5, window))
    return pane


def test_the_map_says_what_is_hatched(pane):
    pane.take(half())
    assert state(pane) == "stopped · 1,024 of 2,048"
    assert any(UNASKED in label.toolTip() for label in pane.findChildren(QLabel))
    pane.set_cursor(Cursor(2, 3))
    assert NOT_ASKED not in told(pane)
    pane.set_cursor(Cursor(12, 3))
    assert NOT_ASKED in told(pane)
    for quantity in ("highest", "change", "lowest"):
        pane.set_quantity(quantity)
        assert not pane.grab().isNull()


def state(pane) -> str:
    (line,) = [each for each in pane.findChildren(QLabel) if each.objectName() == "state"]
    return line.text()


def told(pane) -> str:
    return pane.findChild(Readout).text


def test_what_nobody_was_asked_is_hatched_and_no_colour_of_the_scale():
    scale, known = confidence_scale(), half()
    colours = scale.paint(known.highest, known.exact)
    np.testing.assert_array_equal(colours[8:], hatching(16, 16)[8:])
    np.testing.assert_array_equal(colours[:8], scale.paint(np.ones((8, 16)), known.exact[:8]))
    every = {tuple(each) for table in (scale.lut, greyed(scale.lut)) for each in table.tolist()}
    assert not every & {tuple(each) for each in hatching(8, 8).reshape(-1, 3).tolist()}

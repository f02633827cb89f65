"""Results on a slide come back with the study that holds them."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from onepixel_gui.qt.panes.slide import SlidePane
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.slides.parts import SlideFacts
from onepixel_gui.qt.window import Window
from onepixel_gui.tiles.tile import Window as Rectangle
from tests.core import slide_files
from tests.qt.slide_doubles import StandInSlide, answering

QUICK = Preferences(population=200, generations=20, theme="dark")
DARK = Rectangle(80, 144, 16, 16)  # the one tile that is taken for a mitosis
EDGE = 640


def until(qtbot, holds):
    qtbot.waitUntil(lambda: bool(holds()), timeout=20_000)


@pytest.fixture
def slide(tmp_path) -> Path:
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 14, (EDGE, EDGE, 3)) + np.array([225, 120, 170])
    rows, columns = slice(DARK.row, DARK.row + 16), slice(DARK.column, DARK.column + 16)
    rgb[rows, columns] = rng.integers(0, 40, (16, 16, 3)) + np.array([20, 0, 40])
    plane = rgb.astype(np.uint8)
    levels = [plane, slide_files.halved(plane)]
    return slide_files.tiled(tmp_path / "a slide.tif", levels, compression="deflate")


@pytest.fixture
def study(qtbot, make_window, memory, slide, checkpoint) -> Path:
    """A study with one flip on the slide, left by another window."""
    memory.keep(QUICK)
    window = begun(qtbot, make_window(), checkpoint)
    show(qtbot, window, slide)
    window.slides.put_on_bench(DARK.row, DARK.column)
    until(qtbot, lambda: window.session.question is not None)
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.study.runs == 1 and not window.session.activity)
    assert window.slide.outcomes == {DARK: "flipped"}
    kept = slide.with_name("kept.onepixel")
    window.study.keep_as(kept)
    until(qtbot, lambda: window.study.path == kept)
    assert window.slide.outcomes == {DARK: "flipped"}
    window.close()
    return kept


def begun(qtbot, window: Window, checkpoint: Path, study: Path | None = None) -> Window:
    window.study.begin(study)
    window.commands.use_checkpoint(checkpoint)
    until(qtbot, lambda: window.session.classifier and window.study.study is not None)
    return window


def show(qtbot, window: Window, path: Path) -> None:
    with qtbot.waitSignal(window.slides.slide_changed, timeout=20_000):
        window.commands.open_paths([path])


def test_results_of_a_study_lie_on_its_slide_when_both_are_opened_again(
    qtbot, make_window, study, slide, checkpoint
):
    window = begun(qtbot, make_window(), checkpoint, study)
    show(qtbot, window, slide)
    until(qtbot, lambda: window.slide.outcomes == {DARK: "flipped"})
    window.study.open_untitled()  # what lies there is not of this one
    until(qtbot, lambda: window.slide.outcomes == {} and window.jobs == 0)  # it is let go of
    window.study.open(study)
    until(qtbot, lambda: window.slide.outcomes == {DARK: "flipped"})


def test_results_of_another_classifier_are_not_those_of_the_one_in_use(
    qtbot, make_window, study, slide, checkpoint
):
    window = begun(qtbot, make_window(), checkpoint, study)
    show(qtbot, window, slide)
    until(qtbot, lambda: window.slide.outcomes == {DARK: "flipped"})
    card = window.session.classifier.card
    with qtbot.waitSignal(window.room.marks.placed, timeout=20_000):
        window.commands.arrivals.again(replace(card, threshold=0.9))
    until(qtbot, lambda: window.session.classifier.card.threshold == 0.9 and window.jobs == 0)
    assert window.slide.outcomes == {}
    with qtbot.waitSignal(window.room.marks.placed, timeout=20_000):
        window.commands.arrivals.again(card)
    until(qtbot, lambda: window.slide.outcomes == {DARK: "flipped"})


def test_a_flip_of_another_time_stays_where_a_later_run_holds(
    qtbot, make_window, study, slide, checkpoint
):
    window = begun(qtbot, make_window(), checkpoint, study)
    show(qtbot, window, slide)
    until(qtbot, lambda: window.slide.outcomes == {DARK: "flipped"})
    other = Rectangle(0, 0, 16, 16)
    window.slides.show_known({window.slides.slide.hash: {DARK: "held", other: "flipped"}})
    window.slides.put_on_bench(0, 0)
    until(qtbot, lambda: window.session.question is not None)
    window.commands.set_preferences(QUICK.but(population=5, generations=1))
    window.actions_by_name["run"].trigger()
    until(qtbot, lambda: window.study.runs == 2 and not window.session.activity)
    assert not window.session.findings.ended.flipped
    assert window.slide.outcomes == {DARK: "held", other: "flipped"}


def test_ten_thousand_results_are_taken_and_drawn_without_a_pause(qtbot):
    pane, slide = SlidePane(), StandInSlide()
    qtbot.addWidget(pane)
    answering(pane, slide)
    pane.resize(1000, 700)
    pane.show_slide(SlideFacts.of(slide))
    pane.show()
    words = ("flipped", "held", "stopped")
    given = {
        Rectangle(16 * down, 16 * across, 16, 16): words[(down + across) % 3]
        for down in range(93)
        for across in range(108)
    }
    taken, drawn = [], []
    for _ in range(3):
        begun = time.thread_time()
        pane.set_outcomes(given)
        taken.append(time.thread_time() - begun)
        begun = time.thread_time()
        pane.canvas.grab()
        drawn.append(time.thread_time() - begun)
    assert len(pane.outcomes) == len(given)
    assert min(taken) < 0.1
    assert min(drawn) < 0.1

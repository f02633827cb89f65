"""The pane of the search draws its curve, and the verdict says what came of it."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QPen
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QProgressBar, QWidget

from onepixel_gui.attack.probe import Began, Guidance, Pixel, Settings
from onepixel_gui.qt.panes.gallery import GalleryPane
from onepixel_gui.qt.panes.search import SearchPane
from onepixel_gui.qt.panes.shift import ShiftPane
from onepixel_gui.qt.panes.verdict import VerdictBar, time_left
from onepixel_gui.qt.theme import DARK, LIGHT, install
from onepixel_gui.qt.view import legible
from onepixel_gui.tiles.tile import Tile
from tests.qt.doubles import painted
from tests.qt.reading_panes.readings import (
    ENDED,
    FAINT,
    QUESTION,
    advanced,
    responded,
    shown,
    words,
)


@pytest.fixture
def search(qtbot: Any, tile: Tile) -> SearchPane:
    return shown(qtbot, SearchPane(), tile, (300, 220))


@pytest.fixture
def gallery(qtbot: Any) -> GalleryPane:
    pane = shown(qtbot, GalleryPane(), None, (230, 700))
    pane.set_listing(painted(*((f"tile_{n}.png", "mitosis") for n in range(20))))
    return pane


# ------------------------------------------------------------------ search curve
def test_the_curve_starts_clean_and_ends_on_the_result(search: SearchPane) -> None:
    search.take(Began(QUESTION, Settings()))
    search.take(advanced(400, 0.9))
    search.take(ENDED)
    queries, heights = search.plot.listDataItems()[0].getOriginalDataset()
    assert (queries[0], heights[0]) == (0, pytest.approx(0.988))
    assert (queries[-1], heights[-1]) == (1200, pytest.approx(0.1595))
    assert len(queries) == 4
    assert "first flip after 1,200 queries" in words(search)


def test_a_running_search_counts_queries_of_its_budget(search: SearchPane) -> None:
    search.take(Began(QUESTION, Settings()))
    search.take(advanced(12400, 0.9))
    assert "12,400 of 40,000" in words(search)


def test_a_search_without_a_flip_is_said_to_have_held(search: SearchPane) -> None:
    search.take(Began(QUESTION, Settings()))
    search.take(replace(ENDED, flipped=False, first_flip=None, queries=40000, answer="mitosis"))
    assert "held · 40,000 queries" in words(search)


def test_a_guided_search_is_named_white_box_and_counts_previews_apart(search: SearchPane) -> None:
    search.take(Began(QUESTION, Guidance()))
    assert "GUIDED SEARCH" in words(search)
    search.take(replace(advanced(0, 0.988), best=(), previews=8192))
    assert "0 of 2,816 + 8,192 previews" in words(search)
    search.take(replace(advanced(640, 0.7), previews=32768))
    assert "640 of 2,816 + 32,768 previews" in words(search)
    search.take(replace(ENDED, previews=32768))
    assert "1,200 queries + 32,768 previews" in words(search)
    assert search.plot.getAxis("bottom").labelText == "queries of a white-box search"


def test_previews_alone_put_nothing_on_the_curve(search: SearchPane) -> None:
    search.take(Began(QUESTION, Guidance()))
    for previews in (8192, 16384):
        search.take(replace(advanced(0, 0.988), best=(), previews=previews))
    queries, _ = search.plot.listDataItems()[0].getOriginalDataset()
    assert list(queries) == [0]


def test_a_guided_search_points_to_the_black_box_one(search: SearchPane) -> None:
    search.take(Began(QUESTION, Guidance()))
    assert "R: black-box, the literature's protocol" in words(search)


def test_a_black_box_search_after_a_guided_one_looks_like_itself_again(search: SearchPane) -> None:
    search.take(Began(QUESTION, Settings()))
    before = curve_pen(search).style()
    search.take(Began(QUESTION, Guidance()))
    assert curve_pen(search).style() != before
    search.take(replace(ENDED, previews=32768))
    search.take(Began(QUESTION, Settings()))
    search.take(advanced(400, 0.9))
    assert curve_pen(search).style() == before
    assert "400 of 40,000" in words(search)
    for word in ("GUIDED", "previews", "literature"):
        assert word not in words(search)
    assert search.plot.getAxis("bottom").labelText == "queries"


def curve_pen(search: SearchPane) -> QPen:
    return search.plot.listDataItems()[0].opts["pen"]


def test_small_confidences_get_a_scale_on_which_the_curve_is_not_flat(search: SearchPane) -> None:
    search.take(Began(FAINT, Settings()))
    search.take(advanced(400, 1.25e-4))
    assert search.plot.fine
    _, heights = search.plot.listDataItems()[0].getOriginalDataset()
    low, high = search.plot.getViewBox().viewRange()[1]
    assert (heights[-1] - heights[0]) / (high - low) > 0.2
    assert "logit" in search.plot.getAxis("left").labelText
    toggle = next(b for b in search.findChildren(QAbstractButton) if b.isVisible())
    toggle.click()
    assert not search.plot.fine
    assert search.plot.getViewBox().viewRange()[1][1] > 1


def test_a_confidence_that_leaves_the_edge_returns_to_the_whole_scale(search: SearchPane) -> None:
    search.take(Began(replace(QUESTION, clean=0.9999), Settings()))
    assert search.plot.fine
    search.take(advanced(400, 0.8))
    assert not search.plot.fine


@pytest.mark.parametrize(
    ("confidence", "text"),
    [(0.1595, "0.160"), (0.0, "0.000"), (1.0, "1.000"), (0.99995, "0.99995"), (0.988444, "0.988")],
)
def test_a_confidence_is_written_so_that_it_can_be_told_apart(confidence: float, text: str) -> None:
    assert legible(confidence) == text


def test_a_tiny_confidence_is_written_with_its_power_of_ten() -> None:
    assert legible(5.0892e-5).startswith("5.09")
    assert legible(5.0892e-5).endswith("10⁻⁵")
    assert legible(9.9999e-4).startswith("1.00")


# ------------------------------------------------------------------ verdict
@pytest.fixture
def verdict(qtbot: Any) -> VerdictBar:
    bar = VerdictBar()
    qtbot.addWidget(bar)
    bar.resize(1256, 60)
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


def test_the_verdict_shows_sentence_doubts_and_fine_print(verdict: VerdictBar) -> None:
    verdict.show_verdict(
        "The answer changed.", flipped=True, doubts=["a", "b", "c"], fine_print="seed 0"
    )
    read = words(verdict)
    assert "The answer changed." in read
    assert "seed 0" in read
    assert "1 more" in read
    doubts = next(w for w in verdict.findChildren(QLabel) if w.objectName() == "doubt")
    assert doubts.toolTip().count("⚠") == 3


def test_a_long_verdict_wraps_and_is_never_cut(verdict: VerdictBar) -> None:
    sentence = "Changing one pixel (row 28, column 26) moved the mitosis confidence a lot. " * 2
    verdict.show_verdict(sentence, flipped=True, doubts=["lossy source"], fine_print="seed 0 " * 6)
    label = next(w for w in verdict.findChildren(QLabel) if w.text() == sentence)
    verdict.layout().activate()
    assert label.heightForWidth(label.width()) <= label.height()


def test_progress_tells_amount_and_time_left(verdict: VerdictBar) -> None:
    verdict.show_progress(12400, 40000, 38.0, "Searching")
    assert "Searching: 12,400 of 40,000 · 40 s left" in words(verdict)
    bar = verdict.findChild(QProgressBar)
    assert (bar.value(), bar.maximum()) == (12400, 40000)
    assert bar.isVisible()
    verdict.show_verdict("It held.", flipped=False, doubts=(), fine_print="")
    assert not bar.isVisible()


def test_previewing_is_no_share_of_the_queries(verdict: VerdictBar) -> None:
    verdict.show_previewing("Sweeping")
    bar = verdict.findChild(QProgressBar)
    assert "Sweeping: previewing" in words(verdict)
    assert (bar.minimum(), bar.maximum()) == (0, 0)
    assert bar.isVisible()
    verdict.show_progress(64, 32768, 38.0, "Sweeping")
    assert (bar.value(), bar.maximum()) == (64, 32768)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "almost done"), (7, "7 s left"), (200, "3 min left"), (7800, "2 h 10 min left")],
)
def test_time_left_is_rounded_to_what_matters(seconds: float, text: str) -> None:
    assert time_left(seconds) == text


def test_a_cleared_verdict_says_what_to_do_next(verdict: VerdictBar) -> None:
    verdict.show_verdict("It held.", flipped=False, doubts=["budget spent"], fine_print="seed 0")
    verdict.clear("Press Run.")
    assert words(verdict).split() == ["Press", "Run."]


# ------------------------------------------------------------------ all of them
@pytest.mark.parametrize("kind", [ShiftPane, SearchPane, VerdictBar, GalleryPane])
def test_a_change_of_theme_recolours_the_pane(qtbot: Any, qapp: QApplication, kind: Any) -> None:
    pane = kind()
    qtbot.addWidget(pane)
    pane.resize(300, 300)
    pane.show()
    grounds = []
    for theme in (DARK, LIGHT):
        install(qapp, theme)
        pane.set_theme(theme)
        image = pane.grab().toImage()
        grounds.append(image.pixelColor(150, 292).name())
        assert theme.card in {
            image.pixelColor(x, y).name() for x in (20, 150, 280) for y in (150, 292)
        }
    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("kind", [ShiftPane, SearchPane, VerdictBar, GalleryPane])
def test_every_control_that_takes_focus_has_an_accessible_name(qtbot: Any, kind: Any) -> None:
    pane = kind()
    qtbot.addWidget(pane)
    for widget in pane.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not widget.objectName().startswith(
            "qt_"
        ):
            named = QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
            assert named, f"{type(widget).__name__} has no name"


def test_the_panes_fit_the_narrow_window(shift: ShiftPane, gallery: GalleryPane) -> None:
    shift.take(Began(FAINT, Settings()))
    shift.take(responded(Pixel(21, 29, (0, 0, 255)), 1.25e-4))
    assert shift.minimumSizeHint().width() <= 280
    assert shift.minimumSizeHint().height() <= 620
    assert gallery.minimumSizeHint().width() <= 230


def test_events_are_taken_within_a_frame(shift: ShiftPane, search: SearchPane) -> None:
    for pane in (shift, search):
        pane.take(Began(QUESTION, Settings()))
        pane.take(advanced(400, 0.9))  # the first one imports the colour science
        laps = []
        for number in range(2, 40):
            begin = time.perf_counter()
            pane.take(advanced(400 * number, 0.9 - number / 100))
            laps.append(time.perf_counter() - begin)
        assert np.median(laps) < 0.016

"""The list of candidates beside a slide."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from pathlib import Path
from typing import Any

import numpy as np

from onepixel_gui.classifier.scan import Candidate
from onepixel_gui.qt.panes.candidates import CandidatesPane
from onepixel_gui.tiles.slides import SlideTile


def test_a_slide_of_the_same_name_is_not_shown_with_the_pictures_of_the_one_before(
    qtbot: Any,
) -> None:
    """Images of many data sets are called 01.tif, and scans begin on the same grid."""
    pane = CandidatesPane()
    qtbot.addWidget(pane)
    found = [Candidate(0, 32, 0.9, "mitosis")]
    entries = [SlideTile(Path(case) / "01.tif", 0, 32, (64, 64)) for case in ("05", "06")]
    pane.set_candidates(entries[:1], found, classes=("normal", "mitosis"))
    pane.set_thumbnail(0, np.zeros((64, 64, 3), np.uint8))
    pane.set_candidates(entries[:1], found, classes=("normal", "mitosis"))
    assert pane.rows.thumbnail(0) is not None
    pane.set_candidates((), ())
    pane.set_candidates(entries[1:], found, classes=("normal", "mitosis"))
    assert pane.rows.thumbnail(0) is None

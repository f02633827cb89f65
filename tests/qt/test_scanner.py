"""The scanner tells what it has found while it goes on."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from onepixel_gui.classifier.scan import Grid, ScanBegan, ScanEnded, Scanned, ScanSettings
from onepixel_gui.qt.slides import scanner as scanner_module
from onepixel_gui.qt.slides.scanner import Scanner
from onepixel_gui.tiles.tile import Window
from tests.core.networks import card
from tests.qt.slide_doubles import StandInSlide

GRID = Grid(0, 0, 8, 3, 4, 16, 16, (16, 16))
MAP = np.array([[0.6, 0.7, 0.1, 0.9], [0.2, 0.1, np.nan, 0.8], [0.95, 0.4, 0.3, 0.2]], np.float32)


def told(rows: list[int]) -> Scanned:
    """Those rows of the map."""
    down, across = (each.ravel() for each in np.indices(MAP.shape)[:, rows])
    return Scanned(0, MAP.size, down, across, MAP[down, across])


@pytest.fixture
def scanner(make_lanes: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scanner]:
    """It scans that map row by row, and each look at the clock is a second after the last."""

    def scan(_classifier: Any, _slide: Any, settings: ScanSettings) -> Iterator[Any]:
        rows = 3 if settings.region is None else settings.region.height
        yield ScanBegan(replace(GRID, rows=rows), 4 * rows, 0, "mitosis")
        yield from (told([row]) for row in range(rows))
        yield told([*range(rows)])
        yield ScanEnded(GRID, settings, MAP[:rows], (), 4 * rows)

    clock = SimpleNamespace(monotonic=count().__next__)
    monkeypatch.setattr(scanner_module, "scan", scan)
    monkeypatch.setattr(scanner_module, "borrowed", lambda _: nullcontext(StandInSlide()))
    monkeypatch.setattr(scanner_module, "time", clock)
    made = Scanner(make_lanes(1))
    made.look_at(StandInSlide(), SimpleNamespace(card=card(classes=("normal", "mitosis"))))
    yield made
    made.close()


def test_the_peaks_of_what_is_painted_are_listed_best_first_while_it_goes_on(
    qtbot: Any, scanner: Scanner
) -> None:
    listed: list[list[tuple[int, int, float]]] = []
    scanner.listed.connect(
        lambda found: listed.append(
            [(each.row, each.column, round(each.confidence, 2)) for each in found]
        )
    )
    with qtbot.waitSignal(scanner.ended):
        scanner.scan(ScanSettings())
    first = [(-4, 20, 0.9), (-4, 4, 0.7)]
    assert listed == [[], first, first, [(12, -4, 0.95), *first], [(12, -4, 0.95), *first], []]


def test_a_scan_of_less_forgets_the_one_before(qtbot: Any, scanner: Scanner) -> None:
    with qtbot.waitSignal(scanner.ended):
        scanner.scan(ScanSettings())
    listed: list[int] = []
    scanner.listed.connect(lambda found: listed.append(len(found)))
    with qtbot.waitSignal(scanner.ended):
        scanner.scan(ScanSettings(region=Window(0, 0, 1, 4)))
    assert listed == [0, 2, 2, 0]

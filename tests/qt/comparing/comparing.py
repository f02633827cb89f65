"""Two classifiers that look at one tile, and what is found of both."""

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QPushButton, QWidget

from onepixel_gui.analysis.comparison import Compared
from onepixel_gui.qt.comparison import Comparison
from onepixel_gui.qt.panes.controls import Readout
from onepixel_gui.qt.preferences import Preferences
from tests.core.stand_ins import one_spot
from tests.qt.doubles import Gated, StandInClassifier, tile

PATIENCE = 20_000  # ms
CORNERS, GRID = Preferences(), Preferences(palette="27")


class Rival(StandInClassifier):
    """A stand-in that may look at less of the tile, and have other classes."""

    def __init__(self, name, law=None, *, edge=16, classes=None, start=2.0, **more):
        super().__init__(name, law, **more)
        self.edge, self.start, self.wanted = edge, start, []
        if classes is not None:
            self.card = replace(self.card, classes=classes, subject=classes[-1])

    def probe(self, tile, *, subject=""):
        self.wanted.append(subject)
        if self.refuses is not None:
            raise self.refuses
        window = tile.centre(self.edge, self.edge)
        made = Gated(self.law, window=window, gate=self.gate, clean_logit=self.start)
        self.probes.append(made)
        return made


def weak(name="weak", **more):
    """Flips at row 3, column 5 and around it."""
    return Rival(name, one_spot(3, 5, depth=6.0), **more)


def sound(name="sound", **more):
    """Nothing flips it."""
    return Rival(name, one_spot(9, 9, depth=1.0), **more)


class Heard:
    """Everything that a comparison tells, in order."""

    def __init__(self, comparison: Comparison) -> None:
        self.events: list = []
        self.compared: list[Compared] = []
        self.problems: list = []
        self.progress: list = []
        self.busy: list[bool] = []
        comparison.happened.connect(lambda side, event: self.events.append((side, event)))
        comparison.examined.connect(lambda side, found: self.events.append((side, found)))
        comparison.compared.connect(self.compared.append)
        comparison.failed.connect(self.problems.append)
        comparison.progressed.connect(lambda side, told: self.progress.append((side, told)))
        comparison.busy_changed.connect(self.busy.append)

    def sides(self, kind) -> list[str]:
        return [side for side, event in self.events if isinstance(event, kind)]


def put(qtbot, comparison, a, b, on=None):
    """Both on a tile, and both have answered."""
    comparison.set_pair(a, b)
    comparison.set_tile(on or tile())
    qtbot.waitUntil(lambda: comparison.ready, timeout=PATIENCE)


def swept_both(qtbot, comparison, preferences=CORNERS):
    with qtbot.waitSignal(comparison.compared, timeout=PATIENCE):
        comparison.run(preferences)
    qtbot.waitUntil(lambda: not comparison.busy, timeout=PATIENCE)


def wire(comparison, pane):
    """As the window does."""

    def cards(*pair):
        pane.show_pair(*(None if one is None else one.card for one in pair))

    comparison.pair_changed.connect(cards)
    comparison.tile_changed.connect(pane.show_tile)
    comparison.questioned.connect(pane.show_question)
    comparison.happened.connect(pane.take)
    comparison.examined.connect(pane.examine)
    comparison.compared.connect(pane.show_compared)
    comparison.progressed.connect(pane.show_progress)
    comparison.busy_changed.connect(pane.show_busy)


def hints(pane):
    return {column: shown.hint for column, shown in pane.pictures.items()}


def button(pane, text):
    return next(b for b in pane.findChildren(QPushButton) if b.text() == text)


def words(widget):
    """All that a reader, or a screen reader, is told in a part of the pane."""
    parts = [widget, *widget.findChildren(QWidget)]
    return "\n".join(part.accessibleDescription() for part in parts)


def readout(pane):
    name = "Both values at the cursor"
    return next(r for r in pane.findChildren(Readout) if r.accessibleName() == name).text


def pixels(widget):
    """(H, W, 3) of what a widget shows."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return raw[..., 2::-1].astype(int)


def near(widget, colour, within=20):
    """How many pixels of what a widget shows are about that colour."""
    wanted = QColor(colour)
    far = np.abs(pixels(widget) - [wanted.red(), wanted.green(), wanted.blue()]).max(axis=2)
    return int((far < within).sum())

"""The search so far: best confidence against queries."""

from math import floor, log10
from typing import assert_never

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QToolButton, QWidget

from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Question,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.confidence_plot import ConfidencePlot
from onepixel_gui.qt.theme import DARK, FAMILY, Card, Line, Theme
from onepixel_gui.qt.view import is_guided, legible, spent
from onepixel_gui.tiles.tile import Tile, Window

QUERIES, GUIDED_QUERIES = "queries", "queries of a white-box search"
BESIDE = "R: black-box, the literature's protocol"
BESIDE_HINT = (
    "Gradients of the network put the candidates of a guided search in order.\n"
    "Its queries are exact, but their number compares with no black-box search's."
)
_NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class SearchPane(Card):
    """A step per generation, from the untouched tile to what was found."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Search", parent)
        self._question: Question | None = None
        self._budget = self._previews = 0
        self._guided = False
        self._points: list[tuple[int, float]] = []
        self._ended: Ended | None = None
        self.plot = ConfidencePlot("Search curve: best confidence against queries")
        self._curve = self.plot.plot(stepMode="right")
        self._start = pg.ScatterPlotItem(size=8)
        self._flip_line = pg.InfiniteLine(angle=90)
        self._end = pg.ScatterPlotItem(size=9)
        self._number = pg.TextItem()
        self._add_items()
        self._whole = QToolButton()
        self._prepare_toggle()
        self._beside = Line(BESIDE)
        self._prepare_beside()
        self.body.addWidget(self.plot, 1)
        self.body.addWidget(self._beside)
        self.set_theme(DARK)
        self.show_tile(None, None)

    def _add_items(self) -> None:
        font = QFont(FAMILY)
        font.setPixelSize(12)
        font.setWeight(QFont.Weight.DemiBold)
        self._number.setFont(font)
        for item in (self._flip_line, self._start, self._end, self._number):
            self.plot.addItem(item, ignoreBounds=True)

    def _prepare_toggle(self) -> None:
        self._whole.setText("0 to 1")
        self._whole.setCheckable(True)
        self._whole.setStyleSheet("padding: 0px 6px; font-size: 11px;")
        self._whole.setAccessibleName("Show the whole range from 0 to 1")
        self._whole.setToolTip(
            "The confidence stays so close to 0 or 1 that the axis is a logit one.\n"
            "Press to show the whole range from 0 to 1."
        )
        self._whole.toggled.connect(self._draw)
        self.header.addWidget(self._whole)

    def _prepare_beside(self) -> None:
        self._beside.setObjectName("faint")
        self._beside.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._beside.setToolTip(BESIDE_HINT)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.plot.set_theme(theme)
        self._draw_way()
        self._start.setPen(self.plot.pen(theme.accent, 1.5))
        self._start.setBrush(theme.card)
        self._flip_line.setPen(self.plot.pen(theme.flip, 1))
        self._draw()

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:  # noqa: ARG002
        """Another tile: what was searched before is over."""
        self._question, self._budget, self._ended, self._points = None, 0, None, []
        self._guided, self._previews = False, 0
        self._draw_way()
        self._whole.setChecked(False)
        self.plot.show_question("", None)
        self._draw()

    def take(self, event: Event) -> None:
        match event:
            case Began():
                self._begin(event)
            case Advanced():
                self._follow(event)
            case Ended():
                self._end_with(event)
            case SweepBegan() | Painted() | Swept() | Responded():
                pass
            case _:
                assert_never(event)

    def _begin(self, began: Began) -> None:
        self._question, self._budget, self._ended = began.question, began.budget, None
        self._points = [(0, began.question.clean)]
        self._guided, self._previews = is_guided(began), 0
        self._draw_way()
        self.plot.show_question(began.question.subject, began.question.threshold)
        self._draw()

    def _follow(self, advanced: Advanced) -> None:
        if self._question is None or self._ended is not None:
            return
        self._previews = advanced.previews
        if advanced.queries:
            self._points.append((advanced.queries, advanced.confidence))
        self._draw()

    def _end_with(self, ended: Ended) -> None:
        if self._question is None:
            return
        self._ended, self._previews = ended, ended.previews
        before = [point for point in ended.curve if point[0] < ended.queries]
        self._points = [(0, self._question.clean), *before, (ended.queries, ended.confidence)]
        self._draw()

    # ------------------------------------------------------------------ drawing
    def _draw_way(self) -> None:
        """A white-box curve is never taken for a black-box one: other title, axis and line."""
        self.set_title("Guided search" if self._guided else "Search")
        self.plot.setLabel("bottom", GUIDED_QUERIES if self._guided else QUERIES)
        self.plot.getAxis("bottom").resizeEvent()  # puts the label in the middle again
        pen = self.plot.pen(self._theme.accent, 2)
        if self._guided:
            pen.setDashPattern([3, 1.5])
        self._curve.setPen(pen)
        self._beside.setVisible(self._guided)

    def _draw(self) -> None:
        self.set_state(self._brief_words() if self._guided else self._state_words())
        some = bool(self._points)
        for item in (self._curve, self._start, self._end, self._number):
            item.setVisible(some)
        self._flip_line.setVisible(self._first_flip is not None)
        if not some:
            self._whole.hide()
            self.plot.set_span(-20, 1000)
            self.plot.setAccessibleDescription("No search yet")
            return
        queries = np.array([point[0] for point in self._points], np.float64)
        best = np.array([point[1] for point in self._points], np.float64)
        self.plot.fit(best, whole=self._whole.isChecked())
        self._whole.setVisible(self.plot.fine or self._whole.isChecked())
        end = _nice_above(queries[-1] * 1.05, self._budget)
        self.plot.set_span(-0.02 * end, end)
        height = self.plot.y(best)
        self._curve.setData(queries, height)
        self._start.setData(queries[:1], height[:1])
        self._draw_end(queries[-1], height[-1], best[-1])

    def _draw_end(self, query: float, height: float, confidence: float) -> None:
        flipped = self._ended is not None and self._ended.flipped
        colour = self._theme.flip if flipped else self._theme.accent
        self._end.setData([query], [height], brush=colour, pen=self._theme.card)
        self._number.setText(legible(confidence))
        self._number.setColor(colour if flipped else self._theme.text)
        left, right = self.plot.getViewBox().viewRange()[0]
        low, high = self.plot.getViewBox().viewRange()[1]
        late, high_up = query > left + 0.7 * (right - left), height > low + 0.75 * (high - low)
        self._number.setAnchor((1 if late else 0, 0 if high_up else 1))
        self._number.setPos(query, height)
        if self._first_flip is not None:
            self._flip_line.setPos(self._first_flip)
        self.plot.setAccessibleDescription(
            f"{self._state_words()}; from {legible(self._points[0][1])} to {legible(confidence)}"
        )

    @property
    def _first_flip(self) -> int | None:
        return self._ended.first_flip if self._ended is not None else None

    def _brief_words(self) -> str:
        """Queries and, apart from them, previews need the room."""
        ended = self._ended
        if ended is None:
            return self._state_words()
        return spent(ended.first_flip or ended.queries, ended.previews)

    def _state_words(self) -> str:
        ended, previews = self._ended, self._previews
        if ended is not None and ended.first_flip is not None:
            return f"first flip after {spent(ended.first_flip, previews)}"
        if ended is not None:
            word = "flipped" if ended.flipped else "held"
            return f"{word} · {spent(ended.queries, previews)}"
        if self._points:
            asked = f"{self._points[-1][0]:,} of {self._budget:,}"
            return f"{asked} + {previews:,} previews" if previews else asked
        return "no search yet"


def _nice_above(value: float, most: int) -> float:
    """The end of the query axis: round, so that it does not creep with every generation."""
    power = 10.0 ** floor(log10(max(value, 10.0)))
    end = next(step * power for step in _NICE if step * power >= value)
    return min(end, float(most) * 1.02) if most else end

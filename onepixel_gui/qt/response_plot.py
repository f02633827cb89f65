"""How one position answers to colour: a curve per channel."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from onepixel_gui.attack.probe import Responded
from onepixel_gui.qt.colour_controls import CHANNELS
from onepixel_gui.qt.confidence_plot import ConfidencePlot
from onepixel_gui.qt.theme import FAMILY, Theme

_LETTER_HEIGHT = 14  # pixels between two letters at the ends of their curves
_DOT_SIZES = (14, 11, 8)  # told apart where levels coincide
_RIGHT = 286


class ResponsePlot(ConfidencePlot):
    """Confidence along red, green and blue through one colour, its levels marked by dots."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Colour response: confidence along R, G and B", parent)
        self._responded: Responded | None = None
        self.setLabel("bottom", "level of R, G or B")
        self.getAxis("bottom").setTicks([[(level, str(level)) for level in (0, 64, 128, 192, 255)]])
        self.set_span(-6, _RIGHT)
        self._curves = [self.plot() for _ in CHANNELS]
        self._dots = [pg.ScatterPlotItem(size=size) for size in _DOT_SIZES]
        self._letters = [pg.TextItem(channel[0].upper(), anchor=(0, 0.5)) for channel in CHANNELS]
        font = QFont(FAMILY)
        font.setPixelSize(12)
        font.setWeight(QFont.Weight.DemiBold)
        for dots, letter in zip(self._dots, self._letters, strict=True):
            letter.setFont(font)
            self.addItem(dots, ignoreBounds=True)
            self.addItem(letter, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        for number, channel in enumerate(CHANNELS):
            colour = getattr(theme, channel)
            self._curves[number].setPen(self.pen(colour, 2))
            self._dots[number].setPen(self.pen(theme.card, 1))
            self._dots[number].setBrush(colour)
            self._letters[number].setColor(colour)

    def show_response(self, responded: Responded) -> None:
        self._responded = responded
        self._draw()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        if getattr(self, "_responded", None) is not None:
            self._place_letters()

    def _draw(self) -> None:
        assert self._responded is not None
        levels = self._responded.levels.astype(np.float64)
        curves = np.asarray(self._responded.curves, np.float64)
        self.fit(np.append(curves.ravel(), self._responded.confidence))
        for curve, dots, heights, level in zip(
            self._curves, self._dots, self.y(curves), self._responded.pixel.rgb, strict=True
        ):
            curve.setData(levels, heights)
            dots.setData([float(level)], [float(np.interp(level, levels, heights))])
        self._place_letters()

    def _place_letters(self) -> None:
        assert self._responded is not None
        ends = self.y(np.asarray(self._responded.curves, np.float64)[:, -1])
        low, high = self.getViewBox().viewRange()[1]
        gap = (high - low) * _LETTER_HEIGHT / max(40.0, self.getViewBox().height())
        for letter, height in zip(self._letters, apart(ends, gap, low, high), strict=True):
            letter.setPos(257, float(height))


def apart(heights: NDArray[np.float64], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """The heights, in their order, moved at least `gap` apart and kept between low and high."""
    order = np.argsort(heights, kind="stable")
    steps = np.arange(len(heights)) * gap
    spread = np.maximum.accumulate(heights[order] - steps) + steps
    over = max(0.0, float((spread - heights[order]).mean()))
    spread = spread - over
    spread += max(0.0, low + gap / 2 - spread[0])
    spread -= max(0.0, spread[-1] - (high - gap / 2))
    placed: NDArray[np.float64] = np.empty_like(spread)
    placed[order] = spread
    return placed

"""A plot whose upright axis is a confidence: 0-1, or logit where 0-1 would show a flat line."""

from collections.abc import Iterable
from math import log10
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from onepixel_gui.qt.theme import FAMILY, Theme
from onepixel_gui.qt.view import legible
from onepixel_gui.report.wording import TIMES

Doubles = NDArray[np.float64]

# Beyond these a curve on 0-1 is a line along the edge, so the axis becomes a logit one.
FLAT_BELOW, FLAT_ABOVE = 0.01, 0.99
_SMALLEST = 1e-9
_DECADE = 2.303  # in logits: the least that a logit axis spans
_MOST_TICKS = 6


def logit(confidence: float | Doubles) -> Doubles:
    """Log-odds, kept finite."""
    p = np.clip(np.asarray(confidence, np.float64), _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(p / (1 - p)))


def _round_confidences(steps: tuple[int, ...]) -> list[float]:
    pairs = ((step, power) for power in range(9, 0, -1) for step in steps)
    small = [step * 10.0**-power for step, power in pairs if (step, power) != (5, 1)]
    return [*small, 0.5, *(1 - p for p in reversed(small))]


class _ConfidenceAxis(pg.AxisItem):
    """Ticks at round confidences, whatever the scale."""

    def __init__(self) -> None:
        super().__init__("left")
        self.fine = False
        self.enableAutoSIPrefix(False)

    def tickValues(self, low: float, high: float, size: float) -> Any:  # noqa: N802
        if not self.fine:
            return super().tickValues(low, high, size)
        ticks: list[float] = []
        for steps in ((1, 2, 5), (1, 3), (1,)):
            at = logit(np.array(_round_confidences(steps)))
            ticks = [float(t) for t in at if low <= t <= high]
            if len(ticks) <= _MOST_TICKS:
                break
        return [(1.0, ticks[:: 1 + len(ticks) // (_MOST_TICKS + 1)])]

    def tickStrings(self, values: Iterable[float], scale: float, spacing: float) -> Any:  # noqa: N802
        if not self.fine:
            return super().tickStrings(values, scale, spacing)
        return [_short(1 / (1 + np.exp(-value))) for value in values]


def _short(confidence: float) -> str:
    """A tick: 0.5, 0.01, 10⁻⁴, and with a factor 2 or 5 before the power."""
    if confidence < 9e-4:
        return legible(confidence, 1).removeprefix(f"1{TIMES}")
    if confidence <= 0.5:
        return f"{confidence:.1g}"
    decimals = max(1, round(-log10(1 - confidence) + 0.2))
    return f"{confidence:.{decimals}f}"


class ConfidencePlot(pg.PlotWidget):
    """Confidence against something, with the threshold; only shows, so no mouse and no menu.

    Plot what `y()` returns. `fit` chooses the scale, and says in `fine` whether it is logit.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        self._axis = _ConfidenceAxis()
        super().__init__(parent, axisItems={"left": self._axis}, enableMenu=False)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.fine = False
        self._subject, self._threshold = "", float("nan")
        self._line = pg.InfiniteLine(angle=0)
        self._beyond = pg.TextItem(anchor=(1, 0))
        self.addItem(self._line, ignoreBounds=True)
        self.addItem(self._beyond, ignoreBounds=True)
        self._prepare_axes()
        self.show_question("", None)

    def _prepare_axes(self) -> None:
        font = QFont(FAMILY)
        font.setPixelSize(11)
        bottom = self.getAxis("bottom")
        bottom.enableAutoSIPrefix(False)
        for axis in (self._axis, bottom):
            axis.setStyle(tickFont=font, tickTextOffset=4, tickLength=-4)
            axis.label.setFont(font)
        self._axis.setWidth(52)
        self.plotItem.setContentsMargins(0, 5, 0, 0)  # else half of the topmost number is cut
        self._beyond.setFont(font)

    def set_theme(self, theme: Theme) -> None:
        self.setBackground(theme.card)
        for axis in (self._axis, self.getAxis("bottom")):
            axis.setPen(theme.edge)
            axis.setTextPen(theme.faint)
            axis.labelStyle = {"color": theme.faint, "font-size": "11px"}
            axis.setLabel(axis.labelText)
        dashes = self.pen(theme.faint, 1)
        dashes.setStyle(Qt.PenStyle.DashLine)
        self._line.setPen(dashes)
        self._beyond.setColor(theme.faint)

    def pen(self, colour: str, width: float) -> Any:
        """A pen as wide at 200 % as at 100 %: pyqtgraph's are counted in device pixels."""
        return pg.mkPen(colour, width=width * self.devicePixelRatioF())

    def show_question(self, subject: str, threshold: float | None) -> None:
        """What the axis means, and where the answers part; None for not known yet."""
        self._subject = subject
        self._threshold = float("nan") if threshold is None else threshold
        self.fit(np.array([0.0, 1.0]))

    def y(self, confidence: float | Doubles) -> Doubles:
        """Where a confidence lies on the axis as it is now."""
        return logit(confidence) if self.fine else np.asarray(confidence, np.float64)

    def fit(self, shown: Doubles, *, whole: bool = False) -> None:
        """Choose scale and range for these confidences. whole: 0-1 in any case."""
        flat = bool(shown.size) and bool(shown.max() < FLAT_BELOW or shown.min() > FLAT_ABOVE)
        self.fine = self._axis.fine = flat and not whole
        if self.fine:
            at = logit(shown)
            middle, span = (at.min() + at.max()) / 2, max(_DECADE, np.ptp(at) * 1.3)
            low, high = middle - span / 2, middle + span / 2
        else:
            low, high = -0.03, 1.03
        self.setYRange(low, high, padding=0)
        self._say_scale()
        self._place_threshold(low, high)

    def _say_scale(self) -> None:
        name = f"P({self._subject})" if self._subject else "confidence"
        text = f"{name}, logit scale" if self.fine else name
        if self._axis.labelText != text:
            self._axis.setLabel(text)

    def _place_threshold(self, low: float, high: float) -> None:
        known = bool(np.isfinite(self._threshold))
        at = float(self.y(self._threshold)) if known else 0.0
        inside = bool(low <= at <= high)
        self._line.setVisible(known and inside)
        self._beyond.setVisible(known and not inside)
        if inside:
            self._line.setPos(at)
            return
        above = bool(at > high)
        self._beyond.setText(f"threshold {self._threshold:g} {'↑' if above else '↓'}")
        self._beyond.setAnchor((1, 0 if above else 1))
        right = self.getViewBox().viewRange()[0][1]
        self._beyond.setPos(right, high if above else low)

    def set_span(self, left: float, right: float) -> None:
        """The range of the level axis."""
        self.setXRange(left, right, padding=0)
        self._beyond.setPos(right, self._beyond.pos().y())

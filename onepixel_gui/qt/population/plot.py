"""A quiet plot over which an analyst drags to select: what all plots of the view share."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from onepixel_gui.qt.panes.marks import next_round, small_font
from onepixel_gui.qt.theme import DARK, Theme

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class BrushBox(pg.ViewBox):
    """Turns drags and clicks into places in the units of the axes."""

    dragged = Signal(QPointF, QPointF, bool)  # from, to, with Shift
    clicked = Signal(QPointF, bool)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """The left button selects; nothing pans or zooms."""
        del axis
        event.accept()
        if event.button() == Qt.MouseButton.LeftButton:
            start = self.mapToView(event.buttonDownPos(event.button()))
            self.dragged.emit(start, self.mapToView(event.pos()), _shifted(event.modifiers()))

    def mouseClickEvent(self, event: Any) -> None:
        """Only the left button."""
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.clicked.emit(self.mapToView(event.pos()), _shifted(event.modifiers()))


def _shifted(modifiers: Qt.KeyboardModifier) -> bool:
    return bool(modifiers & Qt.KeyboardModifier.ShiftModifier)


class Plot(pg.PlotWidget):
    """Fixed axes, a band for what is brushed, and a hint where there is nothing to draw."""

    dragged = Signal(QPointF, QPointF, bool)
    clicked = Signal(QPointF, bool)
    stepped = Signal(int, bool)  # by the arrow keys, with Shift

    def __init__(self, name: str, labels: tuple[str, str], parent: QWidget | None = None) -> None:
        """labels: of the left and the bottom axis."""
        self.box = BrushBox()
        super().__init__(parent, viewBox=self.box, enableMenu=False)  # menus take half of it
        self.theme, self._labels = DARK, labels
        self._told: tuple[str, str, Theme] | None = None
        self._spans: dict[str, tuple[float, float, int]] = {}
        self.setAccessibleName(name)
        self.setMinimumSize(120, 80)
        self.hideButtons()
        self.box.disableAutoRange()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.band = QGraphicsRectItem()
        self.band.setZValue(50)
        self.hint = pg.TextItem(anchor=(0.5, 0.5))
        self.hint.textItem.setFont(small_font(12))
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickFont=small_font(), tickLength=-4, tickTextOffset=4)
        self.getAxis("bottom").setStyle(hideOverlappingLabels=False)  # the outermost belong, too
        self.getAxis("left").setWidth(46)
        self.getAxis("bottom").setHeight(38)
        self.plotItem.setContentsMargins(0, 4, 12, 2)
        self.box.dragged.connect(self.dragged)
        self.box.clicked.connect(self.clicked)
        self.dress(DARK)

    def dress(self, theme: Theme) -> None:
        """Colours of the axes, the band and the ground."""
        self.theme = theme
        self.setBackground(theme.card)
        self.hint.setColor(theme.faint)
        pen = pg.mkPen(theme.accent, width=1.5)
        pen.setCosmetic(True)
        self.band.setPen(pen)
        self.band.setBrush(faded(theme.accent, 28))
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(theme.edge)
            axis.setTickPen(theme.faint)
            axis.setTextPen(theme.faint)
        self.label(*self._labels)

    def label(self, left: str, bottom: str) -> None:
        told = left, bottom, self.theme
        if told == self._told:
            return  # to set them again costs more than to draw the bars
        self._labels, self._told = (left, bottom), told
        style = {"color": self.theme.faint, "font-size": "11px"}
        self.getAxis("left").setLabel(left, **style)
        self.getAxis("bottom").setLabel(bottom, **style)
        for side in ("left", "bottom"):  # other words stand elsewhere in the middle
            self.getAxis(side).resizeEvent()

    def begin(self) -> None:
        """An empty plot with its band."""
        self.plotItem.clear()
        self.box.addItem(self.band, ignoreBounds=True)
        self.band.hide()

    def say(self, words: str) -> None:
        """Why there is nothing to draw."""
        self.begin()
        self.hint.setText(words)
        self.addItem(self.hint)
        self.hint.setPos(0.5, 0.5)
        self.span((0, 1), (0, 1))
        for side in ("left", "bottom"):
            self.getAxis(side).setTicks([[]])
        self._spans.clear()

    def span(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.box.setRange(xRange=x, yRange=y, padding=0)

    def tick(self, side: str, low: float, high: float) -> None:
        """Round values along an axis, without signs."""
        room = self.height() if side == "left" else self.width() * 0.7
        span = low, high, int(room)
        if self._spans.get(side) == span:
            return
        self._spans[side] = span
        each = 30 if side == "left" else 48
        step = next_round(max((high - low) / min(max(2.0, room // each), 8.0), 1e-9))
        at = np.arange(np.ceil(low / step - 1e-6), np.floor(high / step + 1e-6) + 1) * step
        self.getAxis(side).setTicks([[(float(x), f"{abs(x):.4g}") for x in at]])

    def show_band(self, rect: QRectF | None) -> None:
        self.band.setVisible(rect is not None)
        if rect is not None:
            self.band.setRect(rect)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrows select from bar to bar."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()  # Esc and the rest are the page's business
        else:
            self.stepped.emit(step, _shifted(event.modifiers()))


def faded(colour: str, alpha: int) -> QColor:
    """A colour of the theme, seen through."""
    found = QColor(colour)
    found.setAlpha(alpha)
    return found


def rgb(colour: str) -> NDArray[np.float64]:
    """(3,) 0-255 of a colour of the theme."""
    found = QColor(colour)
    return np.array([found.red(), found.green(), found.blue()], np.float64)

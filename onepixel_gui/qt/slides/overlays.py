"""What is drawn over a slide: tile grid, ground truth, results, region; by shape and by colour."""

from dataclasses import dataclass, field
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.slides.sight import Sight
from onepixel_gui.qt.slides.signs import Kind, Results, draw_marks, draw_results, draw_sign
from onepixel_gui.qt.theme import Theme
from onepixel_gui.tiles.tile import Window

Floats32 = NDArray[np.float32]

_GRID_FROM = 24.0  # logical px along the edge of a tile


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles a classifier can be given, side by side. All in level-0 px.

    row0, column0: top left of the first.  step_rows, step_columns: from one to the next.
    height, width: what a tile covers.
    """

    row0: float
    column0: float
    step_rows: float
    step_columns: float
    height: int
    width: int

    def cell(self, row: float, column: float) -> tuple[int, int]:
        """Which tile lies under a place, counted down and across from the first."""
        return (
            floor((row - self.row0) / self.step_rows),
            floor((column - self.column0) / self.step_columns),
        )

    def corner(self, down: int, across: int) -> tuple[int, int]:
        """(row, column) of the top-left pixel of a tile."""
        return (
            round(self.row0 + down * self.step_rows),
            round(self.column0 + across * self.step_columns),
        )

    def within(self, cell: tuple[int, int], shape: tuple[int, int]) -> tuple[int, int]:
        """The nearest cell that begins on the slide and so lies at least partly on it."""
        last = self.cell(shape[0] - 1, shape[1] - 1)
        first = ceil(-self.row0 / self.step_rows), ceil(-self.column0 / self.step_columns)
        down, across = (
            min(max(at, low), max(low, high))
            for at, low, high in zip(cell, first, last, strict=True)
        )
        return down, across


@dataclass(frozen=True, slots=True, eq=False)
class ScanOverlay:
    """Confidences on a grid over a slide.

    values:  (rows, columns) float32, 0-1; NaN where nothing was asked.
    row0, column0: level-0 place of the top-left corner of the first.
    step_rows, step_columns: level-0 px from one to the next.
    subject: the class whose confidence it is.  threshold: drawn on the colour bar.
    """

    values: Floats32
    row0: float
    column0: float
    step_rows: float
    step_columns: float
    subject: str = ""
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Overlays:
    """All that can be drawn over a slide beside the scan. opacity: 0-1, of the scan and results."""

    grid: Grid | None = None
    current: Window | None = None
    region: Window | None = None
    marks: tuple[Kind, ...] = ()
    results: Results = field(default_factory=Results)
    shown: bool = True
    opacity: float = 0.6


def draw_overlays(painter: QPainter, sight: Sight, overlays: Overlays) -> None:
    """painter: in logical px."""
    if overlays.shown:
        if overlays.grid is not None:
            _draw_grid(painter, sight, overlays.grid)
        draw_results(painter, sight, overlays.results.kinds, overlays.opacity)
        draw_marks(painter, sight, overlays.marks)
    if overlays.region is not None:
        _draw_region(painter, sight.frame(overlays.region), overlays.region)
    if overlays.current is not None:
        _draw_current(painter, sight.frame(overlays.current))


def _canvas(sight: Sight, margin: float = 0.0) -> QRectF:
    room = QRectF(0, 0, sight.width / sight.ratio, sight.height / sight.ratio)
    return room.adjusted(-margin, -margin, margin, margin)


def _draw_grid(painter: QPainter, sight: Sight, grid: Grid) -> None:
    edge = min(grid.step_rows, grid.step_columns) * sight.scale / sight.ratio
    if edge < _GRID_FROM:
        return
    whole = sight.frame(Window(0, 0, *sight.shape)).intersected(_canvas(sight))
    first = grid.cell(max(0.0, sight.rows[0]), max(0.0, sight.columns[0]))
    last = grid.cell(min(sight.shape[0], sight.rows[1]), min(sight.shape[1], sight.columns[1]))
    lines = []
    for down in range(first[0], last[0] + 2):
        y = sight.point(grid.corner(down, 0)[0], 0).y()
        if whole.top() <= y <= whole.bottom():
            lines.append(QLineF(whole.left(), y, whole.right(), y))
    for across in range(first[1], last[1] + 2):
        x = sight.point(0, grid.corner(0, across)[1]).x()
        if whole.left() <= x <= whole.right():
            lines.append(QLineF(x, whole.top(), x, whole.bottom()))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(30, 40, 70, 90), 0))
    painter.drawLines(lines)


def _draw_region(painter: QPainter, frame: QRectF, region: Window) -> None:
    path = QPainterPath()
    path.addRect(frame)
    marks.haloed(painter, path, marks.WHITE, 1.6)
    pen = QPen(marks.BLACK, 1.6, Qt.PenStyle.CustomDashLine)
    pen.setDashPattern([4, 4])
    painter.setPen(pen)
    painter.drawPath(path)
    text = f"region {marks.size_text(region.height, region.width)}"
    at = QPointF(max(frame.left(), 4.0), max(frame.top() - 6, 16.0))
    marks.haloed_text(painter, at, text, marks.small_font())


def _draw_current(painter: QPainter, frame: QRectF) -> None:
    """The accent frame around the tile on the bench, never smaller than a finger's breadth."""
    if frame.width() < 8 or frame.height() < 8:
        grown = QRectF(0, 0, max(frame.width(), 8.0), max(frame.height(), 8.0))
        grown.moveCenter(frame.center())
        frame = grown
    path = QPainterPath()
    path.addRect(frame.adjusted(-1, -1, 1, 1))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    marks.haloed(painter, path, marks.CURSOR, 2.4)


def draw_mark_legend(painter: QPainter, corner: QPointF, overlays: Overlays, theme: Theme) -> None:
    """What the signs of ground truth and results mean, upwards from a bottom-left corner."""
    signs = [kind.sign for kind in (*overlays.marks, *overlays.results.kinds)]
    if not overlays.shown or not signs:
        return
    font = marks.small_font()
    measure = QFontMetricsF(font)
    width = 34 + max(measure.horizontalAdvance(sign.text) for sign in signs)
    box = QRectF(corner.x(), corner.y() - 18 * len(signs) - 8, width, 18 * len(signs) + 8)
    draw_panel(painter, box, theme)
    painter.setFont(font)
    for n, sign in enumerate(signs):
        top = box.top() + 4 + 18 * n
        draw_sign(painter, QRectF(box.left() + 8, top + 4.5, 9, 9), sign)
        painter.setPen(QColor(theme.text))
        painter.drawText(QPointF(box.left() + 26, top + 13), sign.text)


def draw_panel(painter: QPainter, box: QRectF, theme: Theme) -> None:
    """The ground of whatever has to be read over a slide."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground = QColor(theme.card)
    ground.setAlpha(225)
    painter.setPen(QPen(QColor(theme.edge), 1))
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 5, 5)

"""What is drawn over a slide: tile grid, ground truth, results, region; by shape and by colour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.panes.slide_sight import Sight
from onepixel_gui.qt.theme import LIGHT, Theme
from onepixel_gui.tiles.tile import Window

Floats32 = NDArray[np.float32]

_GRID_FROM = 24.0  # logical px along the edge of a tile
_SIGNED_FROM = 14.0  # logical px along the edge of a tile, below which its result has no frame
_MOST_SIGNS = 1500  # in sight; of more results only the frames are drawn
_RING = 16.0  # level-0 px: about a mitosis at 0.25 um per px
_FLIP = QColor(LIGHT.flip)  # in both themes, for slides stay what they are
_MARK_COLOURS = ("#F0E442", "#56B4E9", "#009E73")  # Okabe and Ito's; signs differ as well
_MARK_SIGNS = ("ring", "cross", "diamond")
# Signs as in the list of tiles; results are dark or red in a light rim, which no glass hides.
_SIGNS = {"flipped": "diamond", "held": "ring", "stopped": "square"}


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


@dataclass(frozen=True, slots=True)
class Mark:
    """Ground truth at a level-0 place. label: "mitosis", or what else was marked there."""

    row: float
    column: float
    label: str


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
    marks: Sequence[Mark] = ()
    outcomes: Mapping[Window, str] = field(default_factory=dict)
    shown: bool = True
    opacity: float = 0.6

    @property
    def kinds(self) -> dict[str, tuple[str, QColor]]:
        """Label of marks -> (sign, colour): a ring for mitoses, a cross and diamonds for others."""
        labels = {mark.label for mark in self.marks}
        others = enumerate(sorted(labels - {"mitosis"}), start=1)
        numbered = [("mitosis", 0)] * ("mitosis" in labels) + [(text, n) for n, text in others]
        return {
            label: (_MARK_SIGNS[min(n, 2)], QColor(_MARK_COLOURS[min(n, 2)]))
            for label, n in numbered
        }


def draw_overlays(painter: QPainter, sight: Sight, overlays: Overlays) -> None:
    """painter: in logical px."""
    if overlays.shown:
        if overlays.grid is not None:
            _draw_grid(painter, sight, overlays.grid)
        _draw_outcomes(painter, sight, overlays)
        _draw_marks(painter, sight, overlays)
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


def _draw_outcomes(painter: QPainter, sight: Sight, overlays: Overlays) -> None:
    seen: dict[str, list[QRectF]] = {}
    canvas = _canvas(sight, 10)
    for window, outcome in overlays.outcomes.items():
        frame = sight.frame(window)
        if frame.intersects(canvas):
            seen.setdefault(outcome, []).append(frame)
    painter.setOpacity(0.4 + 0.6 * overlays.opacity)
    few = sum(len(frames) for frames in seen.values()) <= _MOST_SIGNS
    for outcome, frames in seen.items():
        colour = _colour_of(outcome)
        framed = frames[0].width() >= _SIGNED_FROM
        if framed or not few:
            _frames(painter, frames, colour)
        if few:
            sign = _SIGNS.get(outcome, "square")
            for frame in frames:
                _draw_sign(painter, _sign_box(frame, framed), sign, colour, marks.LIGHT_HALO)
    painter.setOpacity(1.0)


def _colour_of(outcome: str) -> QColor:
    return _FLIP if outcome == "flipped" else marks.BLACK


def _frames(painter: QPainter, frames: list[QRectF], colour: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = [frame.adjusted(2, 2, -2, -2) for frame in frames]
    for ink, extent in ((marks.LIGHT_HALO, 4), (colour, 2)):
        painter.setPen(QPen(ink, extent, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRects(inner)


def _sign_box(frame: QRectF, framed: bool) -> QRectF:
    """In the corner of a frame that has room for it, else in its middle."""
    box = QRectF(0, 0, 9, 9)
    if framed and frame.width() >= 3 * _SIGNED_FROM:
        box.moveTopRight(frame.topRight() + QPointF(-5, 5))
    else:
        box.moveCenter(frame.center())
    return box


def _draw_sign(
    painter: QPainter, box: QRectF, sign: str, colour: QColor, halo: QColor = marks.HALO
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    if sign == "ring":
        path.addEllipse(box)
    elif sign == "square":
        path.addRect(box)
    elif sign == "cross":
        for start, end in (
            (box.topLeft(), box.bottomRight()),
            (box.topRight(), box.bottomLeft()),
        ):
            path.moveTo(start)
            path.lineTo(end)
    else:
        middle = box.center()
        corners = (
            QPointF(middle.x(), box.top()),
            QPointF(box.right(), middle.y()),
            QPointF(middle.x(), box.bottom()),
            QPointF(box.left(), middle.y()),
        )
        path.moveTo(corners[-1])
        for corner in corners:
            path.lineTo(corner)
        path.closeSubpath()
    marks.haloed(painter, path, colour, 2.0, halo)


def _draw_marks(painter: QPainter, sight: Sight, overlays: Overlays) -> None:
    kinds = overlays.kinds
    reach = min(max(9.0, _RING * sight.scale / sight.ratio), 60.0)
    canvas = _canvas(sight, reach)
    for mark in overlays.marks:
        at = sight.point(mark.row + 0.5, mark.column + 0.5)
        if canvas.contains(at):
            sign, colour = kinds[mark.label]
            half = reach if sign == "ring" else reach / 2
            _draw_sign(
                painter, QRectF(at.x() - half, at.y() - half, 2 * half, 2 * half), sign, colour
            )


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
    lines = [(label, *kind, marks.HALO) for label, kind in overlays.kinds.items()]
    found = [outcome for outcome in _SIGNS if outcome in set(overlays.outcomes.values())]
    lines += [(word, _SIGNS[word], _colour_of(word), marks.LIGHT_HALO) for word in found]
    if not overlays.shown or not lines:
        return
    font = marks.small_font()
    measure = QFontMetricsF(font)
    width = 34 + max(measure.horizontalAdvance(text) for text, *_ in lines)
    box = QRectF(corner.x(), corner.y() - 18 * len(lines) - 8, width, 18 * len(lines) + 8)
    draw_panel(painter, box, theme)
    painter.setFont(font)
    for n, (text, sign, colour, halo) in enumerate(lines):
        top = box.top() + 4 + 18 * n
        _draw_sign(painter, QRectF(box.left() + 8, top + 4.5, 9, 9), sign, colour, halo)
        painter.setPen(QColor(theme.text))
        painter.drawText(QPointF(box.left() + 26, top + 13), text)


def draw_panel(painter: QPainter, box: QRectF, theme: Theme) -> None:
    """The ground of whatever has to be read over a slide."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground = QColor(theme.card)
    ground.setAlpha(225)
    painter.setPen(QPen(QColor(theme.edge), 1))
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 5, 5)

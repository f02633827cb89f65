"""Which part of a slide is in sight, and where its places lie on the canvas: pure arithmetic."""

from dataclasses import dataclass, replace
from math import floor

from PySide6.QtCore import QPointF, QRect, QRectF

from onepixel_gui.tiles.tile import Window

DEEPEST = 32.0  # logical px per level-0 px
_NOTCH = 1.3  # times nearer, for one notch of a wheel
_WHOLE_FROM = 3.0  # device px per level-0 px: from here on whole numbers only
_AIR = 0.97  # of the canvas, that a fitted slide fills


@dataclass(frozen=True, slots=True)
class Sight:
    """A canvas over a slide.

    shape:        (H, W) of the slide, in level-0 px.
    height, width: of the canvas, in device px.  ratio: device px per logical px.
    row, column:  level-0 place in the middle of the canvas.
    zoom:         device px per level-0 px, as the reader asked for it.
    """

    shape: tuple[int, int]
    height: int
    width: int
    ratio: float = 1.0
    row: float = 0.0
    column: float = 0.0
    zoom: float = 1.0

    @classmethod
    def fitted(cls, shape: tuple[int, int], height: int, width: int, ratio: float) -> "Sight":
        """All of the slide, in the middle."""
        whole = cls(shape, height, width, ratio, shape[0] / 2, shape[1] / 2)
        return replace(whole, zoom=whole.least)

    @property
    def least(self) -> float:
        """The zoom at which the slide fits."""
        fit = _AIR * min(self.height / self.shape[0], self.width / self.shape[1])
        fit = min(max(fit, 1e-6), DEEPEST * self.ratio)
        return float(floor(fit)) if fit >= _WHOLE_FROM or 1 <= fit < 1.09 else fit

    @property
    def scale(self) -> float:
        """Device px per level-0 px as drawn.

        Exactly 1 near 1, and whole from 3 on, so that each pixel of the slide is drawn as it is.
        """
        if self.zoom >= _WHOLE_FROM:
            return float(round(self.zoom))
        near = 0.92 < self.zoom < 1.09 and self.zoom > self.least  # what fits goes on to fit
        return 1.0 if near else self.zoom

    # ------------------------------------------------------------ from the slide to the canvas
    @property
    def left(self) -> int:
        """Device px from the slide's left edge to the canvas's."""
        return floor(self.column * self.scale - self.width / 2 + 0.5)

    @property
    def top(self) -> int:
        return floor(self.row * self.scale - self.height / 2 + 0.5)

    def box(self, top: float, left: float, bottom: float, right: float) -> QRect:
        """A rectangle of level-0 px in whole device px; neighbours share their edge exactly."""
        scale = self.scale
        x, y = floor(left * scale + 0.5) - self.left, floor(top * scale + 0.5) - self.top
        x_end, y_end = (
            floor(right * scale + 0.5) - self.left,
            floor(bottom * scale + 0.5) - self.top,
        )
        return QRect(x, y, x_end - x, y_end - y)

    def frame(self, window: Window) -> QRectF:
        """The same in logical px."""
        end = window.row + window.height, window.column + window.width
        box = self.box(window.row, window.column, *end)
        return QRectF(
            box.x() / self.ratio,
            box.y() / self.ratio,
            box.width() / self.ratio,
            box.height() / self.ratio,
        )

    def point(self, row: float, column: float) -> QPointF:
        """Where a place of the slide lies, in logical px."""
        return QPointF(
            (column * self.scale - self.left) / self.ratio,
            (row * self.scale - self.top) / self.ratio,
        )

    # ------------------------------------------------------------ from the canvas to the slide
    def place(self, point: QPointF) -> tuple[float, float]:
        """(row, column) under a point in logical px, in level-0 px; may lie beside the slide."""
        return (
            (point.y() * self.ratio + self.top) / self.scale,
            (point.x() * self.ratio + self.left) / self.scale,
        )

    def pixel(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) of the level-0 pixel under a point, None beside the slide."""
        row, column = (floor(at) for at in self.place(point))
        inside = 0 <= row < self.shape[0] and 0 <= column < self.shape[1]
        return (row, column) if inside else None

    @property
    def rows(self) -> tuple[float, float]:
        """First and last row in sight, in level-0 px; may lie beyond the slide."""
        return self.top / self.scale, (self.top + self.height) / self.scale

    @property
    def columns(self) -> tuple[float, float]:
        return self.left / self.scale, (self.left + self.width) / self.scale

    @property
    def window(self) -> Window | None:
        """What is seen of the slide, None when that is nothing."""
        ends = [
            (max(0, floor(low)), min(edge, -floor(-high)))
            for (low, high), edge in ((self.rows, self.shape[0]), (self.columns, self.shape[1]))
        ]
        (top, bottom), (left, right) = ends
        if bottom <= top or right <= left:
            return None
        return Window(top, left, bottom - top, right - left)

    # ------------------------------------------------------------ moving
    def resized(self, height: int, width: int, ratio: float) -> "Sight":
        """Another canvas over the same place; what was fitted is fitted again."""
        if self.zoom <= self.least:
            return Sight.fitted(self.shape, height, width, ratio)
        zoom = self.zoom * ratio / self.ratio
        return replace(self, height=height, width=width, ratio=ratio, zoom=zoom)._limited()

    def panned(self, by: QPointF) -> "Sight":
        """The slide moved over the canvas by so many logical px."""
        row = self.row - by.y() * self.ratio / self.scale
        column = self.column - by.x() * self.ratio / self.scale
        return replace(self, row=row, column=column)._limited()

    def zoomed(self, point: QPointF, notches: float) -> "Sight":
        """Nearer or farther (below 0); what lies under the point stays there.

        Fits where that would leave more than the slide in sight.
        """
        zoom = min(self.zoom * _NOTCH**notches, DEEPEST * self.ratio)
        return self._around(point, zoom)

    def at_one(self, point: QPointF) -> "Sight":
        """One screen pixel per level-0 px, around a point."""
        return self._around(point, 1.0)

    def _around(self, point: QPointF, zoom: float) -> "Sight":
        if zoom <= self.least:
            return Sight.fitted(self.shape, self.height, self.width, self.ratio)
        row, column = self.place(point)
        nearer = replace(self, zoom=zoom)
        x, y = point.x() * self.ratio - self.width / 2, point.y() * self.ratio - self.height / 2
        nearer = replace(nearer, row=row - y / nearer.scale, column=column - x / nearer.scale)
        return nearer._limited()

    def centred(self, row: float, column: float) -> "Sight":
        return replace(self, row=row, column=column)._limited()

    def holds(self, row: float, column: float) -> bool:
        """Whether a level-0 place is in sight."""
        (top, bottom), (left, right) = self.rows, self.columns
        return top <= row < bottom and left <= column < right

    def _limited(self) -> "Sight":
        """The middle of the canvas stays on the slide."""
        row = min(max(self.row, 0.0), float(self.shape[0]))
        column = min(max(self.column, 0.0), float(self.shape[1]))
        return replace(self, row=row, column=column)

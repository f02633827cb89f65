"""Where a tile lies on its canvas: fitted or zoomed, always in whole device pixels."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from onepixel_gui.qt.panes.marks import whole_scale

_TOP = 7.0  # as the map beside it has, so that both pictures begin on one line
_NEAREST = 64.0  # logical px per tile pixel at the deepest zoom


@dataclass(frozen=True, slots=True)
class Zoom:
    """What the reader asked for. scale: logical px per tile pixel, 0 to fit.  x, y: the corner."""

    scale: float = 0.0
    x: float = 0.0
    y: float = 0.0

    def placed(self, shape: tuple[int, int], room: QSizeF, ratio: float) -> "Placement":
        """shape: (H, W) of the tile.  room: the canvas.  ratio: device px per logical px."""
        height, width = shape
        fitted = whole_scale(min(room.width() / width, room.height() / height), 1, ratio)
        scale = self.scale or fitted
        extent = QSizeF(width * scale, height * scale)
        # What fits has its place, level with the map; what does not leaves no empty band.
        x = _limited(self.x, extent.width(), room.width(), (room.width() - extent.width()) / 2)
        top = min(_TOP, (room.height() - extent.height()) / 2)
        y = _limited(self.y, extent.height(), room.height(), top)
        corner = QPointF(round(x * ratio) / ratio, round(y * ratio) / ratio)
        return Placement(QRectF(corner, extent), scale, fitted, ratio)


FIT = Zoom()


@dataclass(frozen=True, slots=True)
class Placement:
    """box: the whole tile, in logical pixels; may reach beyond the canvas."""

    box: QRectF
    scale: float
    fitted: float
    ratio: float

    def cell(self, row: int, column: int) -> QRectF:
        """Where a tile pixel lies."""
        x, y = self.box.left() + column * self.scale, self.box.top() + row * self.scale
        return QRectF(x, y, self.scale, self.scale)

    def pixel_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) under a point, None beside the tile."""
        inside = point - self.box.topLeft()
        if not (0 <= inside.x() < self.box.width() and 0 <= inside.y() < self.box.height()):
            return None
        return int(inside.y() / self.scale), int(inside.x() / self.scale)

    def zoomed(self, point: QPointF, steps: float) -> Zoom:
        """A quarter nearer (or farther, steps below 0), at least one device pixel."""
        device = self.scale * self.ratio
        wanted = device * 1.25**steps
        wanted = max(wanted, device + 1) if steps > 0 else min(wanted, device - 1)
        scale = min(max(1, round(wanted)) / self.ratio, _NEAREST)
        if scale <= self.fitted:
            return FIT
        corner = point - (point - self.box.topLeft()) * (scale / self.scale)
        return Zoom(scale, corner.x(), corner.y())

    def panned(self, by: QPointF) -> Zoom:
        return Zoom(self.scale, self.box.left() + by.x(), self.box.top() + by.y())


def _limited(wanted: float, extent: float, room: float, fitting: float) -> float:
    return fitting if extent <= room else min(0.0, max(room - extent, wanted))

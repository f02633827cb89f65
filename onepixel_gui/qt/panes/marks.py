"""Marks over pictures of pixels: legible on light and dark, never on the pixel meant."""

from itertools import product
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray
from pyqtgraph import arrayToQPath
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from onepixel_gui.qt.theme import DARK, FAMILY

HALO = QColor(0, 0, 0, 150)
LIGHT_HALO = QColor(255, 255, 255, 190)
WHITE, BLACK = QColor(255, 255, 255), QColor(12, 14, 18)
CURSOR = QColor(DARK.accent)  # in both themes, for pictures stay what they are
LOUPE_CELLS = 9  # tile pixels along the edge of a loupe
_GAP = 3.0  # px between a pixel's edge and the first drop of ink of its reticle


def small_font(size: int = 11) -> QFont:
    """The type of axes and marks."""
    font = QFont(FAMILY)
    font.setPixelSize(size)
    return font


def whole_scale(room: float, pixels: int, ratio: float) -> float:
    """Edge of a picture's pixel on screen: whole device pixels when at least one fits.

    room: logical pixels.  ratio: device pixels per logical pixel.
    """
    fit = room * ratio / pixels
    return (floor(fit) if fit >= 1 else max(fit, 1e-3)) / ratio


def round_length(most: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not above `most`."""
    power = 10.0 ** floor(log10(most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9)))


def position_ticks(first: int, count: int, room: float) -> list[tuple[float, str]]:
    """Ticks in the middle of round positions, at least 36 logical pixels apart."""
    step = next_round(max(1.0, count * 36 / max(room, 1.0)))
    start = ceil(first / step) * step
    return [(at + 0.5, str(int(at))) for at in np.arange(start, first + count, step)]


def value_ticks(top: float, most: int) -> list[tuple[float, str]]:
    """Round values from 0 on, `most` steps at most."""
    step = next_round(top / most)
    if step > top:
        step = round_length(top)
    return [(float(at), f"{at:.3g}") for at in np.arange(0, top * (1 + 1e-9), step)]


def next_round(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below `least`."""
    below = round_length(least)
    if below >= least * (1 - 1e-9):
        return below
    return next(x for x in (round_length(least * f) for f in (2, 2.5)) if x >= least)


def size_text(height: int, width: int) -> str:
    """64 x 64 px, typeset."""
    return f"{height} × {width} px"


def picture(rgb: NDArray[np.uint8]) -> QImage:
    """(H, W, 3) uint8 as an image that owns its pixels."""
    height, width = rgb.shape[:2]
    rows = np.ascontiguousarray(rgb)
    return QImage(rows.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def haloed(
    painter: QPainter, path: QPainterPath, colour: QColor, width: float = 1.5, halo: QColor = HALO
) -> None:
    """A line with a rim."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, extent in ((halo, width + 2), (colour, width)):
        pen = QPen(ink, extent)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawPath(path)


def haloed_text(painter: QPainter, baseline: QPointF, text: str, font: QFont) -> None:
    """White letters with a dark rim; `baseline` is their left end."""
    path = QPainterPath()
    path.addText(baseline, font, text)
    painter.strokePath(path, QPen(QColor(0, 0, 0, 190), 3, j=Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(path, WHITE)


def reticle(
    painter: QPainter, cell: QRectF, colour: QColor, arm: float = 13, halo: QColor = HALO
) -> None:
    """Four arms that point at a pixel and leave it, and a rim around it, free."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path, centre = QPainterPath(), cell.center()
    for right, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        gap = (cell.width() if right else cell.height()) / 2 + _GAP
        path.moveTo(centre.x() + right * gap, centre.y() + down * gap)
        path.lineTo(centre.x() + right * (gap + arm), centre.y() + down * (gap + arm))
    haloed(painter, path, colour, 1.6, halo)


def label(
    painter: QPainter, middle: QPointF, text: str, ink: QColor, *, upright: bool = False
) -> None:
    """An axis label around its middle; upright reads from below."""
    font = small_font()
    measure = QFontMetricsF(font)
    painter.save()
    painter.translate(middle)
    if upright:
        painter.rotate(-90)
    painter.setFont(font)
    painter.setPen(ink)
    down = (measure.ascent() - measure.descent()) / 2
    painter.drawText(QPointF(-measure.horizontalAdvance(text) / 2, down), text)
    painter.restore()


def corners(painter: QPainter, cell: QRectF, colour: QColor, *, closed: bool) -> None:
    """Brackets around a pixel, outside of it; closed to a frame when the cursor is pinned."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = cell.adjusted(-_GAP, -_GAP, _GAP, _GAP)
    path = QPainterPath()
    if closed:
        path.addRect(box)
    arm = max(3.5, box.width() * 0.3)
    for x, y in product((box.left(), box.right()), (box.top(), box.bottom())):
        inward = QPointF(1 if x == box.left() else -1, 1 if y == box.top() else -1)
        path.moveTo(x + inward.x() * arm, y)
        path.lineTo(x, y)
        path.lineTo(x, y + inward.y() * arm)
    haloed(painter, path, colour, 1.6)


def cloud(painter: QPainter, points: list[QPointF]) -> None:
    """A population as faint dots."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for ink, extent in ((QColor(0, 0, 0, 70), 4.2), (QColor(255, 255, 255, 165), 2.6)):
        painter.setPen(QPen(ink, extent, c=Qt.PenCapStyle.RoundCap))
        painter.drawPoints(points)


def grid(painter: QPainter, picture_box: QRectF, scale: float, seen: QRectF) -> None:
    """Lines between the pixels of a picture, one device pixel thin, where they can be seen."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    pen = QPen(QColor(128, 128, 128, 110), 0)
    painter.setPen(pen)
    box = picture_box.intersected(seen)
    first_x = floor((box.left() - picture_box.left()) / scale)
    first_y = floor((box.top() - picture_box.top()) / scale)
    lines = [
        QLineF(x, box.top(), x, box.bottom())
        for n in range(first_x, first_x + int(box.width() / scale) + 2)
        if box.left() <= (x := picture_box.left() + n * scale) <= box.right()
    ]
    lines += [
        QLineF(box.left(), y, box.right(), y)
        for n in range(first_y, first_y + int(box.height() / scale) + 2)
        if box.top() <= (y := picture_box.top() + n * scale) <= box.bottom()
    ]
    painter.drawLines(lines)


def scale_bar(
    painter: QPainter, box: QRectF, scale: float, mpp: float | None, avoid: list[QRectF]
) -> None:
    """A bar of 1, 2 or 5 times ten µm (px when mpp is None), at the bottom right of `box`.

    It moves to the left where it would lie on a pixel to avoid.
    """
    unit = mpp or 1.0
    most = box.width() * 0.3 / scale * unit
    if most <= 0:
        return
    length = round_length(most)
    text = f"{length:g} {'µm' if mpp else 'px'}"
    extent = length / unit * scale
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    bar = QRectF(box.right() - 10 - extent, box.bottom() - 13, extent, 3)
    room = bar.adjusted(-12, -24, 12, 12)
    if any(room.intersects(cell) for cell in avoid):
        bar.moveLeft(box.left() + 10)
    painter.fillRect(bar.adjusted(-1.5, -1.5, 1.5, 1.5), QColor(0, 0, 0, 190))
    painter.fillRect(bar, WHITE)
    font = small_font(12)
    width = QFontMetricsF(font).horizontalAdvance(text)
    left = min(max(bar.center().x() - width / 2, box.left() + 4), box.right() - 4 - width)
    haloed_text(painter, QPointF(left, bar.top() - 6), text, font)


def loupe_box(box: QRectF, avoid: QPointF) -> QRectF:
    """Where a loupe fits in `box`, clear of the pixel it magnifies and of the scale bar."""
    cell = max(4, floor(min(box.width(), box.height()) * 0.28 / LOUPE_CELLS))
    edge, margin = cell * LOUPE_CELLS, 8.0
    left, right = box.left() + margin, box.right() - margin - edge
    top, bottom = box.top() + margin, box.bottom() - margin - edge
    places = [QRectF(x, y, edge, edge) for x, y in ((right, top), (left, top), (left, bottom))]
    return max(places, key=lambda place: min(QLineF(place.center(), avoid).length(), edge * 1.6))


def loupe(
    painter: QPainter, image: QImage, row: int, column: int, box: QRectF, accent: QColor
) -> None:
    """The pixels around one pixel, magnified, that one in the middle between small ticks."""
    reach = LOUPE_CELLS // 2
    source = QRectF(column - reach, row - reach, LOUPE_CELLS, LOUPE_CELLS)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(box.adjusted(-2.5, -2.5, 2.5, 2.5), HALO)
    painter.fillRect(box.adjusted(-1.5, -1.5, 1.5, 1.5), accent)
    painter.fillRect(box, QColor(90, 94, 102))
    inside = source.intersected(QRectF(image.rect()))
    cell = box.width() / LOUPE_CELLS
    shift = inside.topLeft() - source.topLeft()
    target = QRectF(box.topLeft() + shift * cell, inside.size() * cell)
    painter.drawImage(target, image, inside)
    middle = QRectF(0, 0, cell, cell)
    middle.moveCenter(box.center())
    reticle(painter, middle, WHITE, arm=cell * 0.9)


def edges(mask: NDArray[np.bool_], *, border: bool = False) -> QPainterPath:
    """The lines between positions that differ, in units of positions: (H, W) -> path.

    border: what lies beyond the array counts as False, so an outline closes at the array's edge.
    """
    m = np.pad(mask, 1) if border else mask
    shift = 1 if border else 0
    row, column = np.nonzero(m[1:] != m[:-1])
    across = np.stack((column, row + 1, column + 1, row + 1), axis=1)
    row, column = np.nonzero(m[:, 1:] != m[:, :-1])
    down = np.stack((column + 1, row, column + 1, row + 1), axis=1)
    ends = np.concatenate((across, down)).reshape(-1, 2).astype(np.float64) - shift
    if not len(ends):
        return QPainterPath()
    path: QPainterPath = arrayToQPath(ends[:, 0], ends[:, 1], connect="pairs", finiteCheck=False)
    return path


def frame(painter: QPainter, box: QRectF) -> None:
    """A thin rectangle around a part of a picture, outside of it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addRect(box.adjusted(-1, -1, 1, 1))
    haloed(painter, path, WHITE, 1.5)

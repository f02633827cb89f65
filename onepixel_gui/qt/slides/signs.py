"""Ground truth and results on a slide, each kind by a sign of its own, thousands at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.slides.sight import Sight
from onepixel_gui.qt.theme import LIGHT
from onepixel_gui.tiles.datasets import Mark
from onepixel_gui.tiles.tile import Window

_MOST_SIGNS = 300  # in sight; more of them are drawn as dots, or as frames only
_FRAMED_FROM = 14.0  # logical px along the edge of a tile, below which its result has no frame
_RING = 16.0  # level-0 px: about a mitosis at 0.25 um per px
_FLIP = QColor(LIGHT.flip)  # in both themes, for slides stay what they are
_MARK_COLOURS = ("#F0E442", "#56B4E9", "#009E73")  # Okabe and Ito's; signs differ as well
_MARK_SIGNS = ("ring", "cross", "diamond")
# Signs as in the list of tiles; results are dark or red in a light rim, which no glass hides.
_RESULT_SIGNS = {"flipped": "diamond", "held": "ring", "stopped": "square"}

Boxes = NDArray[np.float64]  # (N, 4): row, column, height, width


@dataclass(frozen=True, slots=True)
class Sign:
    """How one kind of thing is drawn."""

    text: str
    shape: str
    colour: QColor
    halo: QColor
    filled: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """All things of one kind, in level-0 px."""

    sign: Sign
    boxes: Boxes

    def seen(self, sight: Sight, margin: float) -> Boxes:
        """Those in sight or less than `margin` logical px beside it, in logical px."""
        scale = sight.scale / sight.ratio
        first = self.boxes[:, :2] * scale - np.array([sight.top, sight.left]) / sight.ratio
        extent = self.boxes[:, 2:] * scale
        room = np.array([sight.height, sight.width]) / sight.ratio
        inside = ((first < room + margin) & (first + extent > -margin)).all(axis=1)
        return np.concatenate((first[inside], extent[inside]), axis=1)


def kinds_of_marks(given: Sequence[Mark]) -> tuple[Kind, ...]:
    """A ring for mitoses, a cross and diamonds for others."""
    labels = {mark.label for mark in given}
    numbered = [("mitosis", 0)] if "mitosis" in labels else []
    numbered += [(text, n) for n, text in enumerate(sorted(labels - {"mitosis"}), start=1)]
    kinds = []
    for label, n in numbered:
        colour = QColor(_MARK_COLOURS[min(n, 2)])
        sign = Sign(label, _MARK_SIGNS[min(n, 2)], colour, marks.HALO)
        places = (
            (mark.row + 0.5, mark.column + 0.5, 0, 0) for mark in given if mark.label == label
        )
        kinds.append(Kind(sign, _boxes(places)))
    return tuple(kinds)


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What runs ended with, by what their tiles cover."""

    by_window: Mapping[Window, str] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()

    @classmethod
    def of(cls, by_window: Mapping[Window, str]) -> "Results":
        kinds = []
        for word, shape in _RESULT_SIGNS.items():
            windows = [window for window, found in by_window.items() if found == word]
            if windows:
                colour = _FLIP if word == "flipped" else marks.BLACK
                sign = Sign(word, shape, colour, marks.LIGHT_HALO, filled=word == "flipped")
                kinds.append(
                    Kind(sign, _boxes((w.row, w.column, w.height, w.width) for w in windows))
                )
        return cls(dict(by_window), tuple(kinds))


def _boxes(given: Iterable[tuple[float, float, float, float]]) -> Boxes:
    return np.array(list(given), np.float64).reshape(-1, 4)


def draw_results(painter: QPainter, sight: Sight, kinds: Sequence[Kind], opacity: float) -> None:
    """painter: in logical px."""
    seen = [(kind.sign, kind.seen(sight, 10)) for kind in kinds]
    few = sum(len(boxes) for _, boxes in seen) <= _MOST_SIGNS
    painter.setOpacity(0.5 + 0.5 * opacity)
    for sign, boxes in seen:
        framed = bool(len(boxes)) and boxes[0, 3] >= _FRAMED_FROM
        if not framed and not few:
            _draw_dots(painter, sight, boxes, sign)
            continue
        frames = [QRectF(x, y, width, height) for y, x, height, width in boxes.tolist()]
        if framed:
            _draw_frames(painter, frames, sign)
        for frame in frames if few else ():
            draw_sign(painter, _sign_box(frame, framed), sign)
    painter.setOpacity(1.0)


def draw_marks(painter: QPainter, sight: Sight, kinds: Sequence[Kind]) -> None:
    """painter: in logical px."""
    reach = min(max(9.0, _RING * sight.scale / sight.ratio), 60.0)
    seen = [(kind.sign, kind.seen(sight, reach)) for kind in kinds]
    few = sum(len(boxes) for _, boxes in seen) <= _MOST_SIGNS
    for sign, boxes in seen:
        if not few:
            _draw_dots(painter, sight, boxes, sign)
            continue
        half = reach if sign.shape == "ring" else reach / 2
        for y, x, *_ in boxes.tolist():
            draw_sign(painter, QRectF(x - half, y - half, 2 * half, 2 * half), sign)


def _draw_frames(painter: QPainter, frames: list[QRectF], sign: Sign) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = [frame.adjusted(3, 3, -3, -3) for frame in frames]
    for ink, extent in ((sign.halo, 6), (sign.colour, 3)):
        painter.setPen(QPen(ink, extent, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRects(inner)


def _draw_dots(painter: QPainter, sight: Sight, boxes: Boxes, sign: Sign) -> None:
    """A dot of three logical px with its rim in the middle of each; for tens of thousands."""
    height, width = round(sight.height / sight.ratio), round(sight.width / sight.ratio)
    ink = np.zeros((height + 4, width + 4), np.uint32)  # a margin, so that no rim is cut
    middle = np.rint(boxes[:, :2] + boxes[:, 2:] / 2).astype(np.intp)
    rows, columns = middle[((middle >= 0) & (middle < (height, width))).all(axis=1)].T
    for reach, colour in ((2, sign.halo), (1, sign.colour)):
        for down, across in product(range(-reach, reach + 1), repeat=2):
            ink[rows + down + 2, columns + across + 2] = colour.rgba()
    kind = QImage.Format.Format_ARGB32
    image = QImage(ink.data, width + 4, height + 4, 4 * (width + 4), kind)
    painter.drawImage(QPointF(-2, -2), image)


def _sign_box(frame: QRectF, framed: bool) -> QRectF:
    """In the corner of a frame that has room for it, else in its middle."""
    box = QRectF(0, 0, 10, 10)
    if framed and frame.width() >= 3 * _FRAMED_FROM:
        box.moveTopRight(frame.topRight() + QPointF(-8, 8))
    else:
        box.moveCenter(frame.center())
    return box


def draw_sign(painter: QPainter, box: QRectF, sign: Sign) -> None:
    """Its outline, as large as the box."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    match sign.shape:
        case "ring":
            path.addEllipse(box)
        case "square":
            path.addRect(box)
        case "cross":
            path.moveTo(box.topLeft())
            path.lineTo(box.bottomRight())
            path.moveTo(box.topRight())
            path.lineTo(box.bottomLeft())
        case _:
            middle = box.center()
            path.moveTo(box.left(), middle.y())
            path.lineTo(middle.x(), box.top())
            path.lineTo(box.right(), middle.y())
            path.lineTo(middle.x(), box.bottom())
            path.closeSubpath()
    marks.haloed(painter, path, sign.colour, 2.0, sign.halo)
    if sign.filled:
        painter.fillPath(path, sign.colour)

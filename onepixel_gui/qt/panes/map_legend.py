"""What the colours and dots of the map mean: its scales, and the legend in its corner."""

from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from onepixel_gui.attack.probe import Bools, Floats
from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.theme import Theme

Lut = NDArray[np.uint8]
Outlined = Literal["", "flips", "estimates", "unasked"]

# ColorBrewer's RdBu, turned round: blue lowers, red raises.
_RED_BLUE = (
    (5, 48, 97),
    (33, 102, 172),
    (67, 147, 195),
    (146, 197, 222),
    (209, 229, 240),
    (247, 247, 247),
    (253, 219, 199),
    (244, 165, 130),
    (214, 96, 77),
    (178, 24, 43),
    (103, 0, 31),
)
_LIMITS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_GREY, _LIGHTNESS, _COLOUR = 132.0, 0.42, 0.2  # what an estimate keeps of its colour
_HATCH, _BETWEEN = (128, 128, 128), (164, 164, 164)  # where nothing is known; no colour of a scale
_APART = 4  # positions from one line of the hatching to the next
_NEXT_LINE = QPointF(0, 17)
_DEEP = 3  # px that letters reach below their line
# Lines below the bar: its ticks, its label, and what is explained first; px.
_SPREAD, _DENSE = (13, 27, 45), (12, 23, 36)
_LUMA = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True, slots=True, eq=False)
class ColourScale:
    """lut: (256, 3) uint8 from `low` to `high`. mark: a value drawn as a line across the bar."""

    label: str
    low: float
    high: float
    lut: Lut
    mark: float | None = None

    def paint(self, values: Floats, exact: Bools) -> Lut:
        """(H, W) values -> (H, W, 3); where not exact, a grey that is lighter for lighter colours.

        Where the value is NaN nothing is known: hatched.  It is the same on light and dark cards,
        for the map is a picture that both frame.
        """
        known = ~np.isnan(values)
        steps = (np.where(known, values, self.low) - self.low) * (256 / (self.high - self.low))
        index = np.clip(steps, 0, 255).astype(np.intp)
        painted: Lut = np.where(exact[..., None], self.lut[index], greyed(self.lut)[index])
        if not known.all():
            painted = np.where(known[..., None], painted, hatching(*values.shape))
        return painted


def hatching(height: int, width: int) -> Lut:
    """(height, width, 3): lines from the lower left to the upper right."""
    rows, columns = np.indices((height, width))
    lines = (rows + columns) % _APART == 0
    hatched: Lut = np.where(lines[..., None], _HATCH, _BETWEEN).astype(np.uint8)
    return hatched


def greyed(colours: Lut) -> Lut:
    """(..., 3) colours as they are drawn where nobody was asked yet: the order of light stays."""
    light = (colours @ _LUMA)[..., None]
    mixed = _COLOUR * colours + _LIGHTNESS * light + (1 - _COLOUR - _LIGHTNESS) * _GREY
    grey: Lut = np.rint(mixed).astype(np.uint8)
    return grey


def confidence_scale(subject: str = "", threshold: float | None = None) -> ColourScale:
    """Viridis from 0 to 1, whatever the map holds."""
    label = f"P({subject})" if subject else "confidence"
    return ColourScale(label, 0.0, 1.0, _viridis(), threshold)


def change_scale(largest: float) -> ColourScale:
    """Blue to red, symmetric about 0, to a round limit that holds `largest`."""
    return ColourScale("logit change", -(limit := round_limit(largest)), limit, _red_blue())


def round_limit(largest: float) -> float:
    """The next round number, 1 at least, so that the limit seldom moves."""
    size = max(largest, 1.0)
    power = 10.0 ** np.floor(np.log10(size))
    return float(next(step * power for step in _LIMITS if step * power >= size * (1 - 1e-6)))


@cache
def _viridis() -> Lut:
    return cast(Lut, pg.colormap.get("viridis").getLookupTable(nPts=256, alpha=False))


@cache
def _red_blue() -> Lut:
    colours = pg.ColorMap(np.linspace(0, 1, len(_RED_BLUE)), np.array(_RED_BLUE, np.uint8))
    return cast(Lut, colours.getLookupTable(nPts=256, alpha=False))


def draw_legend(
    painter: QPainter,
    box: QRectF,
    theme: Theme,
    scale: ColourScale,
    *,
    outlined: Outlined = "",
    dotted: bool = False,
) -> None:
    """The colour bar with its ticks and label, then what dots and outlines mean, as room allows.

    dotted: even and odd positions have dots in the profiles.
    """
    font = marks.small_font()
    measure = QFontMetricsF(font)
    painter.setFont(font)
    bar = QRectF(box.left(), box.top(), box.width(), 9)
    last = _SPREAD[2 if outlined or dotted else 1] + _DEEP
    ticks, label, below = _SPREAD if bar.bottom() + last <= box.bottom() else _DENSE
    _draw_bar(painter, bar, theme, scale)
    _write_scale(painter, bar, theme, scale, (ticks, label))
    line = QPointF(box.left(), bar.bottom() + below)
    if outlined == "estimates":  # first: nothing else on the map needs an explanation as much
        _draw_sample(painter, line, theme, greyed(scale.lut)[None], "estimate")
        line += _NEXT_LINE
    if outlined == "unasked":
        _draw_sample(painter, line, theme, hatching(8, 22), "not asked")
        line += _NEXT_LINE
    after = line
    if dotted and line.y() <= box.bottom():
        after = _draw_parity(painter, line, theme, measure)
        line += _NEXT_LINE
    if (
        line.y() > box.bottom()
        and after.x() + 13 + measure.horizontalAdvance("flips") <= box.right()
    ):
        line = after  # no room below it, but beside it
    if outlined == "flips" and line.y() <= box.bottom():
        _draw_flips(painter, line, theme)


def _write_scale(
    painter: QPainter, bar: QRectF, theme: Theme, scale: ColourScale, below: tuple[float, float]
) -> None:
    """below: from the bar to the base lines of its ticks and of its label."""
    measure = QFontMetricsF(painter.font())
    painter.setPen(QColor(theme.faint))
    for value in (scale.low, (scale.low + scale.high) / 2, scale.high):
        at = bar.left() + (value - scale.low) / (scale.high - scale.low) * bar.width()
        text = f"{value:g}".replace("-", "−")
        width = measure.horizontalAdvance(text)
        left = min(max(at - width / 2, bar.left()), bar.right() - width)
        painter.drawText(QPointF(left, bar.bottom() + below[0]), text)
    width = measure.horizontalAdvance(scale.label)
    painter.drawText(QPointF(bar.center().x() - width / 2, bar.bottom() + below[1]), scale.label)


def _draw_bar(painter: QPainter, bar: QRectF, theme: Theme, scale: ColourScale) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(bar, marks.picture(scale.lut[None]))
    painter.setPen(QPen(QColor(theme.faint), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)
    if scale.mark is not None:
        at = bar.left() + (scale.mark - scale.low) / (scale.high - scale.low) * bar.width()
        path = QPainterPath(QPointF(at, bar.top() - 3))
        path.lineTo(at, bar.bottom() + 2)
        marks.haloed(painter, path, marks.WHITE, 1.2)


def _draw_parity(painter: QPainter, at: QPointF, theme: Theme, measure: QFontMetricsF) -> QPointF:
    """Where it ends."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for text, brush in (("even", QColor(theme.text)), ("odd", QColor(theme.card))):
        painter.setPen(QPen(QColor(theme.text), 1))
        painter.setBrush(brush)
        painter.drawEllipse(at + QPointF(4, -4), 2.5, 2.5)
        painter.setPen(QColor(theme.faint))
        painter.drawText(at + QPointF(11, 0), text)
        at = at + QPointF(measure.horizontalAdvance(text) + 19, 0)
    return at


def _draw_flips(painter: QPainter, at: QPointF, theme: Theme) -> None:
    painter.setPen(QPen(QColor(theme.flip), 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(at.x() + 1, at.y() - 7.5, 7, 7))
    painter.setPen(QColor(theme.faint))
    painter.drawText(at + QPointF(13, 0), "flips")


def _draw_sample(painter: QPainter, at: QPointF, theme: Theme, pixels: Lut, text: str) -> None:
    """What positions that are drawn otherwise are."""
    sample = QRectF(at.x() + 0.5, at.y() - 8, 22, 8)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(sample, marks.picture(pixels))
    painter.setPen(QColor(theme.faint))
    painter.drawText(at + QPointF(28, 0), text)

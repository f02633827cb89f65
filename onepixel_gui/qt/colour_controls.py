"""Colours to look at and to try: plates, the corners of the RGB cube, a slider per channel."""

from typing import Literal

from PySide6.QtCore import QEvent, QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QSlider, QWidget

from onepixel_gui.analysis.chromatic import RGB, hexadecimal
from onepixel_gui.qt.theme import DARK, Theme

Channel = Literal["red", "green", "blue"]
CHANNELS: tuple[Channel, Channel, Channel] = ("red", "green", "blue")

CORNERS: tuple[tuple[str, RGB], ...] = (
    ("black", (0, 0, 0)),
    ("blue", (0, 0, 255)),
    ("green", (0, 255, 0)),
    ("cyan", (0, 255, 255)),
    ("red", (255, 0, 0)),
    ("magenta", (255, 0, 255)),
    ("yellow", (255, 255, 0)),
    ("white", (255, 255, 255)),
)
_KEPT_KEYS = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
)


class Plate(QWidget):
    """One colour as a flat plate; an empty, crossed outline while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self._rgb: RGB | None = None
        self.setMinimumSize(40, 44)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_colour(self, rgb: RGB | None) -> None:
        self._rgb = rgb
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(QColor(self._theme.edge), 1))
        painter.setBrush(QColor(*self._rgb) if self._rgb else QColor(self._theme.field))
        painter.drawRoundedRect(frame, 6, 6)
        if self._rgb is None:
            painter.setPen(QPen(QColor(self._theme.faint), 1))
            inner = frame.adjusted(6, 6, -6, -6)
            painter.drawLine(inner.bottomLeft(), inner.topRight())


class Swatch(QAbstractButton):
    """A colour to try."""

    def __init__(self, name: str, rgb: RGB, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rgb, self._theme = rgb, DARK
        self.current = False
        self.setAccessibleName(f"{name} {hexadecimal(rgb)}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_current(self, current: bool) -> None:
        """Mark it as the colour that the pixel has now."""
        if current != self.current:
            self.current = current
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(28, 26)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(22, 26)

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.35)
        frame = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        painter.setPen(QPen(QColor(self._theme.faint if self.underMouse() else self._theme.edge)))
        painter.setBrush(QColor(*self.rgb))
        painter.drawRoundedRect(frame, 4, 4)
        if self.current:
            bright = self.rgb[1] > 127 or (self.rgb[0] > 127 and self.rgb[2] > 127)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor("#000000" if bright else "#ffffff"))
            painter.drawEllipse(frame.center(), 3.0, 3.0)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)


class ChannelSlider(QSlider):
    """One channel before (open ring) and after (filled dot); the dot is dragged to try a level."""

    LEFT, RIGHT = 27, 76

    def __init__(self, channel: Channel, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._channel, self._theme = channel, DARK
        self._before: int | None = None
        self._known = False
        self.setRange(0, 255)
        self.setPageStep(16)
        self.setAccessibleName(f"{channel} of the pixel, 0 to 255")
        self.setFixedHeight(24)
        self.valueChanged.connect(self._moved)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_change(self, before: int | None, after: int | None) -> None:
        """Without a wish. While the hand is on the dot, only `before` is taken over."""
        self._before = before
        if not self.isSliderDown():
            self._known = after is not None
            with QSignalBlocker(self):
                self.setValue(after if after is not None else before or 0)
        self.update()

    def _moved(self) -> None:
        self._known = True
        self.update()

    def event(self, event: QEvent) -> bool:
        """Keeps the arrow keys for itself where the window has shortcuts on them."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() in _KEPT_KEYS:
            event.accept()
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # scrolling past must not try colours

    # ------------------------------------------------------------------ mouse
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self.setValue(self._level(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setValue(self._level(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def _level(self, x: float) -> int:
        return round(255 * (x - self.LEFT) / max(1, self.width() - self.LEFT - self.RIGHT))

    def _x(self, level: int) -> float:
        return self.LEFT + level / 255 * (self.width() - self.LEFT - self.RIGHT)

    # ------------------------------------------------------------------ painting
    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        colour = QColor(getattr(self._theme, self._channel))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._theme.accent), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        painter.setPen(QColor(self._theme.text if self.isEnabled() else self._theme.faint))
        letter = QRectF(6, 0, 14, self.height())
        painter.drawText(letter, Qt.AlignmentFlag.AlignVCenter, self._channel[0].upper())
        self._paint_track(painter, colour)
        self._paint_numbers(painter)

    def _paint_track(self, painter: QPainter, colour: QColor) -> None:
        middle = self.height() / 2
        track = QRectF(self._x(0), middle - 1.5, self._x(255) - self._x(0), 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.selected))
        painter.drawRoundedRect(track, 1.5, 1.5)
        if self._before is None:
            return
        before, after = self._x(self._before), self._x(self.value())
        if self._known:
            painter.setBrush(colour)
            low, high = min(before, after), max(before, after)
            painter.drawRoundedRect(QRectF(low, middle - 2, high - low, 4), 2, 2)
        painter.setPen(QPen(colour, 2))
        painter.setBrush(QColor(self._theme.card))
        painter.drawEllipse(QRectF(before - 5, middle - 5, 10, 10))
        if self._known:
            painter.setPen(QPen(QColor(self._theme.card), 1))
            painter.setBrush(colour)
            painter.drawEllipse(QRectF(after - 6, middle - 6, 12, 12))

    def _paint_numbers(self, painter: QPainter) -> None:
        if self._before is None:
            return
        end, height = self.width() - 6, self.height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(self._theme.faint))
        painter.drawText(QRectF(end - 66, 0, 26, height), right, str(self._before))
        if self._known:
            painter.drawText(QRectF(end - 40, 0, 14, height), right, "→")
            painter.setPen(QColor(self._theme.text))
            painter.drawText(QRectF(end - 26, 0, 26, height), right, str(self.value()))


class LevelScale(QWidget):
    """The 0-255 axis under the sliders."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = DARK
        self.setFixedHeight(16)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.faint))
        span = self.width() - ChannelSlider.LEFT - ChannelSlider.RIGHT
        for level in (0, 64, 128, 192, 255):
            x = ChannelSlider.LEFT + level / 255 * span
            painter.drawLine(int(x), 0, int(x), 3)
            painter.drawText(QRectF(x - 20, 4, 40, 12), Qt.AlignmentFlag.AlignHCenter, str(level))

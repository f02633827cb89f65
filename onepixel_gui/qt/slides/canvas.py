"""The surface that a slide is drawn on: pan, zoom, mini-map, and the hands of the reader."""

from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from onepixel_gui.qt.panes import marks
from onepixel_gui.qt.slides.backing import Backing
from onepixel_gui.qt.slides.heat import ScanPicture
from onepixel_gui.qt.slides.insets import (
    MiniMap,
    ScaleBar,
    draw_colour_bar,
    draw_empty,
    draw_notice,
)
from onepixel_gui.qt.slides.overlays import Overlays, draw_mark_legend, draw_overlays
from onepixel_gui.qt.slides.parts import Broken, Part, SlideFacts, Wish, rungs
from onepixel_gui.qt.slides.picture import SlidePicture
from onepixel_gui.qt.slides.sight import Sight
from onepixel_gui.qt.theme import DARK, Theme
from onepixel_gui.tiles.tile import Window

EMPTY = "Drop a slide here"
_FRAME_MS = 16  # between two pictures while a part fades in
_GRID_FROM = 8.0  # logical px per level-0 px
_STRIDE = 0.2  # of the canvas, that an arrow key moves it
_LEAST_BAND = 5  # logical px: a smaller rubber band was a click
_STEPS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_NOTCHES: dict[int, int] = {
    Qt.Key.Key_Plus: 1,
    Qt.Key.Key_Equal: 1,
    Qt.Key.Key_Minus: -1,
    Qt.Key.Key_Underscore: -1,
}
_WORDS: dict[int, str] = {
    Qt.Key.Key_O: "overlays",
    Qt.Key.Key_BracketLeft: "fainter",
    Qt.Key.Key_BracketRight: "stronger",
    Qt.Key.Key_B: "region",
    Qt.Key.Key_Escape: "clear",
    Qt.Key.Key_Return: "enter",
    Qt.Key.Key_Enter: "enter",
}
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class SlideCanvas(QWidget):
    """A slide in whole device pixels. Wheel: zoom; drag: pan; double click: pixels as they are.

    Where the reader looks is kept here; what he means by a place is told.
    """

    parts_wished = Signal(object)  # a Wish
    looked = Signal()  # elsewhere, or nearer or farther
    hovered = Signal(object)  # (row, column) of a level-0 pixel, None beside the slide
    clicked = Signal(float, float)  # level-0 place
    walked = Signal(int, int)  # tiles down and across
    banded = Signal(object)  # the Window that a rubber band was drawn around
    settled = Signal()  # all in sight is as sharp as it gets
    told = Signal(str)  # a key: "overlays", "fainter", "stronger", "region", "clear", "enter"

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Slide picture")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(240, 200)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # all of it, at each paint
        self._theme = DARK
        self._facts: SlideFacts | None = None
        self._sight = Sight((1, 1), 1, 1)
        self._picture, self._map, self._bar = SlidePicture(), MiniMap(), ScaleBar()
        self._backing = Backing(self._picture)
        self._overlays = Overlays()
        self._scan: ScanPicture | None = None
        self._notice, self._hint = "", EMPTY
        self._wish, self._answering = Wish(), False
        self._banding = False
        self._doing: Literal["", "press", "pan", "map", "band"] = ""
        self._pressed = self._at = QPointF()
        self._clock = QTimer(self)
        self._clock.setInterval(_FRAME_MS)
        self._clock.timeout.connect(self._fade)

    def sizeHint(self) -> QSize:
        return QSize(720, 520)

    # ------------------------------------------------------------ values come down
    def show_slide(self, facts: SlideFacts | None) -> None:
        """Another slide, all of it in sight; None for none."""
        self._facts, self._wish, self._doing = facts, Wish(), ""
        self._picture.show(rungs(facts.levels) if facts else (), afresh=True)
        self._map.set_picture(None)
        self._scan = None
        if facts is not None:
            self.look(Sight.fitted(facts.shape, *self._room()))
        self.update()

    def show_levels(self, facts: SlideFacts) -> None:
        """More of the same slide's levels can be read now."""
        self._facts = facts
        self._picture.show(rungs(facts.levels), afresh=False)
        self._ask()

    def set_thumbnail(self, image: QImage) -> None:
        self._picture.set_thumbnail(image)
        self._map.set_picture(image)
        self.update()

    def take_part(self, part: Part, image: QImage | Broken) -> None:
        """What comes at once, in answer to a wish, was there before and need not fade in."""
        if part not in self._wish.missing and not self._picture.knows(part):
            return
        self._picture.take(part, image, fading=not self._answering)
        if not self._clock.isActive():
            self._clock.start()
        self.update()

    @property
    def broken(self) -> bool:
        """A part in sight could not be read."""
        return bool(self._picture.broken_in(self._sight))

    def try_again(self) -> None:
        """Wish once more for what could not be read."""
        self._picture.forget_broken()
        self._wish = Wish()
        self._ask()
        self.update()

    def set_overlays(self, overlays: Overlays) -> None:
        self._overlays = overlays
        self.update()

    def set_scan(self, scan: ScanPicture | None) -> None:
        self._scan = scan
        self.update()

    def set_notice(self, text: str) -> None:
        """A line over the slide; "" for none."""
        self._notice = text
        self.update()

    def set_hint(self, text: str) -> None:
        """What to do while there is no slide."""
        self._hint = text
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_banding(self, banding: bool) -> None:
        """Whether a drag draws a region instead of moving the slide."""
        self._banding = banding
        self.setCursor(Qt.CursorShape.CrossCursor if banding else Qt.CursorShape.ArrowCursor)

    # ------------------------------------------------------------ where the reader looks
    @property
    def sight(self) -> Sight:
        return self._sight

    def look(self, sight: Sight) -> None:
        if self._facts is None:
            return
        self._sight = sight
        self._ask()
        self.looked.emit()
        self.update()

    def fit(self) -> None:
        self.look(Sight.fitted(self._sight.shape, *self._room()))

    def zoom(self, notches: float) -> None:
        """Around the middle of the canvas."""
        self.look(self._sight.zoomed(QRectF(self.rect()).center(), notches))

    def _room(self) -> tuple[int, int, float]:
        """(height, width) in device px, and device px per logical px."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.height() * ratio)), max(1, round(self.width() * ratio)), ratio

    def _ask(self) -> None:
        if self._facts is None:
            return
        wish = self._picture.wish(self._sight)
        if wish != self._wish:
            self._wish, self._answering = wish, True
            self.parts_wished.emit(wish)
            self._answering = False

    def _fade(self) -> None:
        if not self._picture.fading:
            self._clock.stop()
            self._ask()  # what has been replaced need not be kept
            if self._picture.complete(self._sight):
                self.settled.emit()
        self.update()

    # ------------------------------------------------------------ hands
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._facts is None:
            return
        self._pressed = self._at = event.position()
        if self._map.place(event.position(), self._sight) is not None:
            self._doing = "map"
            self.look(self._sight.centred(*self._map.nearest(event.position(), self._sight)))
        else:
            self._doing = "band" if self._banding else "press"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, moved = event.position(), event.position() - self._at
        self._at = at
        far = (at - self._pressed).manhattanLength() >= QApplication.startDragDistance()
        if self._doing == "press" and far:
            self._doing, moved = "pan", at - self._pressed
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._doing == "pan":
            self.look(self._sight.panned(moved))
        elif self._doing == "map":
            self.look(self._sight.centred(*self._map.nearest(at, self._sight)))
        elif self._doing == "band":
            self.update()
        if self._facts is not None:
            self.hovered.emit(self._sight.pixel(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        did, self._doing, self._at = self._doing, "", event.position()
        self.set_banding(self._banding)
        if did == "press" and self._sight.pixel(event.position()) is not None:
            self.clicked.emit(*self._sight.place(event.position()))
        elif did == "band":
            band = self._band()
            self.update()
            if band is not None:
                self.banded.emit(band)

    def _band(self) -> Window | None:
        """What the rubber band holds of the slide, in level-0 px."""
        box = QRectF(self._pressed, self._at).normalized()
        if max(box.width(), box.height()) < _LEAST_BAND:
            return None
        first, last = self._sight.place(box.topLeft()), self._sight.place(box.bottomRight())
        ends = [
            (max(0, int(low)), min(edge, int(high) + 1))
            for low, high, edge in zip(first, last, self._sight.shape, strict=True)
        ]
        (top, bottom), (left, right) = ends
        if bottom <= top or right <= left:
            return None
        return Window(top, left, bottom - top, right - left)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._facts is None or self._map.place(event.position(), self._sight) is not None:
            return
        self.look(self._sight.at_one(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._facts is None:
            event.ignore()
            return
        self.look(self._sight.zoomed(event.position(), event.angleDelta().y() / 120))
        self.hovered.emit(self._sight.pixel(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def event(self, event: QEvent) -> bool:
        """Keys that mean something here mean it before they mean something to the window."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._facts is not None
            and self._claims(event)
        ):
            event.accept()
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:  # on another screen
            self.look(self._sight.resized(*self._room()))
        return super().event(event)

    def _ours(self, event: QKeyEvent) -> bool:
        key = event.key()
        if event.modifiers() & ~_PLAIN:
            return False
        if key == Qt.Key.Key_Escape:
            return self._banding or self._overlays.region is not None
        return key in _STEPS or key in _NOTCHES or key in _WORDS or key == Qt.Key.Key_0

    def _claims(self, event: QKeyEvent) -> bool:
        """Before the window: all but Esc, which stops what runs before it clears a region."""
        return self._ours(event) and (event.key() != Qt.Key.Key_Escape or self._banding)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._facts is None or not self._ours(event):
            super().keyPressEvent(event)
            return
        key = event.key()
        if key in _STEPS:
            self._walk(_STEPS[key], bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in _NOTCHES:
            self.zoom(_NOTCHES[key])
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            self.told.emit(_WORDS[key])

    def _walk(self, step: tuple[int, int], moving: bool) -> None:
        """To the next tile; with Shift, or where there are no tiles, the slide itself moves."""
        if self._overlays.grid is not None and not moving:
            self.walked.emit(*step)
            return
        by = QPointF(-step[1] * self.width() * _STRIDE, -step[0] * self.height() * _STRIDE)
        self.look(self._sight.panned(by))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.look(self._sight.resized(*self._room()))

    # ------------------------------------------------------------ drawing
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._facts is None:
            painter.fillRect(self.rect(), QColor(self._theme.card))
            draw_empty(painter, QRectF(self.rect()), self._theme, self._hint)
        else:
            if self._room() != (self._sight.height, self._sight.width, self._sight.ratio):
                self._sight = self._sight.resized(*self._room())  # another screen
            self._paint_pixels(painter)
            draw_overlays(painter, self._sight, self._overlays)
            self._paint_band(painter)
            self._paint_insets(painter, self._facts)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(self._theme.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_pixels(self, painter: QPainter) -> None:
        sight = self._sight
        painter.save()
        painter.scale(1 / sight.ratio, 1 / sight.ratio)
        self._backing.paint(painter, sight, self._theme)
        if self._scan is not None and self._overlays.shown:
            self._scan.paint(painter, sight, self._overlays.opacity)
        painter.restore()
        edge = sight.scale / sight.ratio
        if edge >= _GRID_FROM:
            marks.grid(painter, sight.frame(Window(0, 0, *sight.shape)), edge, QRectF(self.rect()))

    def _paint_band(self, painter: QPainter) -> None:
        if self._doing == "band":
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(marks.CURSOR, 1, Qt.PenStyle.DashLine))
            fill = QColor(marks.CURSOR)
            fill.setAlpha(40)
            painter.setBrush(fill)
            painter.drawRect(QRectF(self._pressed, self._at).normalized())

    def _paint_insets(self, painter: QPainter, facts: SlideFacts) -> None:
        sight, theme = self._sight, self._theme
        if self._scan is not None and self._overlays.shown:
            draw_colour_bar(painter, sight, theme, self._scan.scale)
        draw_mark_legend(painter, QPointF(10, self.height() - 10), self._overlays, theme)
        self._bar.paint(painter, sight, facts.mpp)
        self._map.paint(painter, sight, theme)
        broken = self._picture.broken_in(sight)
        notice = self._notice or (broken[0].problem.what if broken else "")
        if notice:
            draw_notice(painter, sight, theme, notice, down=44)  # above the scale bar

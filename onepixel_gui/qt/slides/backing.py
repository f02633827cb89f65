"""The last picture of a slide, moved along with the slide: only what is new is drawn again."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPixmap, QRegion

from onepixel_gui.qt.slides.picture import SlidePicture
from onepixel_gui.qt.slides.sight import Sight
from onepixel_gui.qt.theme import Theme


class Backing:
    """Draws a SlidePicture, whole or in part. All in device px."""

    def __init__(self, picture: SlidePicture) -> None:
        self._picture = picture
        self._kept = QPixmap()
        self._drawn: tuple[Sight, Theme] | None = None

    def paint(self, painter: QPainter, sight: Sight, theme: Theme) -> None:
        stale = self._stale(sight, theme)
        if not stale.isEmpty():
            inner = QPainter(self._kept)
            self._picture.paint(inner, sight, theme, stale)
            inner.end()
        self._drawn = sight, theme
        painter.drawPixmap(0, 0, self._kept)

    def _stale(self, sight: Sight, theme: Theme) -> QRegion:
        """What has to be drawn, after what was drawn before has been moved to its new place."""
        canvas = QRect(0, 0, sight.width, sight.height)
        changed = self._picture.changed(sight)
        last = self._drawn
        if self._kept.size() != canvas.size():
            self._kept = QPixmap(canvas.size())
            last = None
        if changed is None or last is None or last[1] is not theme:
            return QRegion(canvas)
        before = last[0]
        if (before.scale, before.shape) != (sight.scale, sight.shape):
            return QRegion(canvas)
        right, down = before.left - sight.left, before.top - sight.top
        if right or down:
            self._kept.scroll(right, down, canvas)
            fresh = QRegion(canvas).subtracted(canvas.translated(right, down))
            return fresh.united(changed.intersected(canvas))
        return changed.intersected(canvas)

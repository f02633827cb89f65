"""The map of progress: a cell for each tile, coloured by what became of it."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from onepixel_gui.qt.campaign.ledger import FLIPPED, HELD, REFUSED, RUNNING, STATES, Ledger
from onepixel_gui.qt.campaign.tiling import Colours, Tiling, pixels, tiled
from onepixel_gui.qt.theme import DARK, Theme

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_GAP = 1.0  # points between cells
_NAMES = {"refused": "not usable", "running": "at work"}


class Mosaic(QWidget):
    """Hover or arrow keys tell of a cell; click or Enter chooses its tile."""

    task_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = DARK
        self._ledger = Ledger()
        self._states = np.zeros(0, np.uint8)
        self._tiling = tiled(0, 0, 0)
        self._glyphs: dict[tuple[int, float, str], Colours] = {}
        self._image: QImage | None = None
        self._cell = -1  # that the keys are on
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 46)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Map of progress, a cell for each tile")

    def sizeHint(self) -> QSize:
        return QSize(400, 120)

    # ------------------------------------------------------------------ values down
    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self._redraw()

    def show_states(self, ledger: Ledger, running: tuple[int, ...] = ()) -> None:
        """The states of its tiles now."""
        if ledger is not self._ledger:
            self._cell = -1
        self._ledger = ledger
        self._states = ledger.states(running)
        self._fit()

    @property
    def tiling(self) -> Tiling:
        return self._tiling

    @property
    def tally(self) -> dict[str, int]:
        """Tiles in each state."""
        numbers = np.bincount(self._states, minlength=len(STATES))
        return dict(zip(STATES, numbers.tolist(), strict=True))

    def words_of(self, tiles: range) -> str:
        """What a cell stands for."""
        if not len(tiles):
            return ""
        if len(tiles) == 1:
            return self._ledger.tile_words(tiles[0])
        numbers = np.bincount(self._states[tiles.start : tiles.stop], minlength=len(STATES))
        told = [
            f"{count:,} {state}"
            for state, count in zip(STATES, numbers.tolist(), strict=True)
            if count
        ]
        first, last = self._ledger.tasks[tiles[0]], self._ledger.tasks[tiles[-1]]
        return f"{len(tiles):,} tiles, {first} to {last}\n{', '.join(reversed(told))}"

    # ------------------------------------------------------------------ drawing
    def _fit(self) -> None:
        self._tiling = tiled(len(self._states), self.width(), self.height())
        self._redraw()

    def _redraw(self) -> None:
        self._image = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        tiling = self._tiling
        if not tiling.cells:
            return
        if self._image is None:
            self._image = self._drawn()
        scale = self._image.devicePixelRatio()
        size = QRectF(self._image.rect())
        # Whole pixels, also at 1.5 points each: the cells stay sharp.
        painter.drawImage(QRectF(0, 0, size.width() / scale, size.height() / scale), self._image)
        if self.hasFocus() and self._cell >= 0:
            x, y = tiling.corner(self._cell)
            painter.setPen(QPen(QColor(self.theme.text), 1.5))
            painter.drawRect(QRectF(x - 0.5, y - 0.5, tiling.edge, tiling.edge))

    def _drawn(self) -> QImage:
        scale = self.devicePixelRatioF()
        glyphs = self._glyphs_of(self._tiling.edge, scale)
        fills = [QColor(colour_of(state, self.theme)).rgba() for state in range(len(STATES))]
        grid = pixels(self._tiling, self._states, glyphs, np.array(fills, np.uint32))
        height, width = grid.shape
        whole = QImage(grid.data, width, height, 4 * width, QImage.Format.Format_ARGB32)
        image = whole.copy()  # the array goes
        image.setDevicePixelRatio(glyphs.shape[1] / self._tiling.edge)
        return image

    def _glyphs_of(self, edge: int, scale: float) -> Colours:
        """(STATES, E, E) cells of one tile in each state; few are kept."""
        key = edge, scale, self.theme.name
        if key not in self._glyphs:
            if len(self._glyphs) > 8:
                self._glyphs.clear()
            drawn = [_glyph(state, edge, scale, self.theme) for state in range(len(STATES))]
            self._glyphs[key] = np.stack(drawn)
        return self._glyphs[key]

    # ------------------------------------------------------------------ hands
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self.words_of(self._tiling.tiles_at(event.x(), event.y()))
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        tiles = self._tiling.tiles_at(place.x(), place.y())
        if len(tiles):
            self._go(tiles[0] // self._tiling.each)
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self._tiling.columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }
        if event.key() in steps and self._tiling.cells:
            self._go(max(self._cell, 0) + (steps[Qt.Key(event.key())] if self._cell >= 0 else 0))
            x, y = self._tiling.corner(self._cell)
            place = self.mapToGlobal(QPoint(x + self._tiling.edge, y + self._tiling.edge))
            QToolTip.showText(place, self.words_of(self._tiling.tiles_of(self._cell)), self)
        elif event.key() in _ENTER:
            self._choose()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _go(self, cell: int) -> None:
        self._cell = min(max(cell, 0), self._tiling.cells - 1)
        words = self.words_of(self._tiling.tiles_of(self._cell))
        self.setAccessibleDescription(words)
        described = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        QAccessible.updateAccessibility(described)
        self.update()

    def _choose(self) -> None:
        """Of several tiles a flipped one goes first, then one that was tried at all."""
        tiles = self._tiling.tiles_of(self._cell)
        if len(tiles):
            states = self._states[tiles.start : tiles.stop]
            self.task_chosen.emit(tiles[int(states.argmax())] if states.max() else tiles[0])


def colour_of(state: int, theme: Theme) -> str:
    """Red only for a flip; told apart by lightness and form as well."""
    return {
        FLIPPED: theme.flip,
        HELD: _between(theme.faint, theme.edge),
        REFUSED: theme.doubt,
        RUNNING: theme.accent,
    }.get(state, theme.edge)


def _between(one: str, other: str) -> str:
    first, second = QColor(one), QColor(other)
    red, green, blue = (
        (one_part(first) + one_part(second)) // 2
        for one_part in (QColor.red, QColor.green, QColor.blue)
    )
    return QColor(red, green, blue).name()


def _glyph(state: int, edge: int, scale: float, theme: Theme) -> Colours:
    size = max(2, round(edge * scale))
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.scale(size / edge, size / edge)
    paint_cell(painter, QRectF(0, 0, edge - _GAP, edge - _GAP), state, theme)
    painter.end()
    bits = np.frombuffer(image.constBits(), np.uint32).reshape(size, image.bytesPerLine() // 4)
    return bits[:, :size].copy()


def paint_cell(painter: QPainter, frame: QRectF, state: int, theme: Theme) -> None:
    """Filled for flipped and held, an outline for what is being done, a cross for refused."""
    colour, large = QColor(colour_of(state, theme)), frame.width() >= 8
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, large)
    corner = 2.0 if large else 0.0
    if state == HELD and large:  # a ring, as its sign elsewhere
        painter.setBrush(QColor(theme.edge))
        painter.drawRoundedRect(frame, corner, corner)
        painter.setBrush(QColor(theme.faint))
        painter.drawEllipse(frame.center(), frame.width() * 0.26, frame.height() * 0.26)
        return
    if state == REFUSED and large:
        painter.setBrush(QColor(theme.edge))
        painter.drawRoundedRect(frame, corner, corner)
        painter.setPen(QPen(colour, 1.6))
        inner = frame.adjusted(*(3.0, 3.0, -3.0, -3.0))
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
        return
    if state == RUNNING and large:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1.5))
        painter.drawRoundedRect(frame.adjusted(0.75, 0.75, -0.75, -0.75), corner, corner)
        return
    painter.drawRoundedRect(frame, corner, corner) if large else painter.fillRect(frame, colour)


_CELLS = "Tiles:"  # else a reader may take them for runs


class Key(QWidget):
    """What the cells mean, with how many of each."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = DARK
        self._tally: dict[str, int] = {}
        self.setFixedHeight(18)
        self.setAccessibleName("What the cells mean")

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.update()

    def show_tally(self, tally: dict[str, int]) -> None:
        self._tally = tally
        self.setAccessibleDescription(self.words)
        self.update()

    @property
    def words(self) -> str:
        return ", ".join(f"{count:,} {self._name(state)}" for state, count in self._shown())

    def _name(self, state: str) -> str:
        return _NAMES.get(state, state)

    def _shown(self) -> list[tuple[str, int]]:
        """The two that matter always, the others where there are any."""
        order = ("flipped", "held", "refused", "running", "waiting")
        always = ("flipped", "held") if any(self._tally.values()) else ()
        numbers = ((state, self._tally.get(state, 0)) for state in order)
        return [(state, count) for state, count in numbers if count or state in always]

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        base = (self.height() + metrics.ascent() - metrics.descent()) / 2
        painter.setPen(QColor(self.theme.faint))
        painter.drawText(QPointF(0, base), _CELLS if self._tally else "")
        x = metrics.horizontalAdvance(_CELLS) + 12.0
        for state, count in self._shown():
            paint_cell(painter, QRectF(x, 3.5, 11, 11), STATES.index(state), self.theme)
            words = f"{count:,} {self._name(state)}"
            painter.setPen(QColor(self.theme.faint))
            painter.drawText(QPointF(x + 17, base), words)
            x += 17 + metrics.horizontalAdvance(words) + 16

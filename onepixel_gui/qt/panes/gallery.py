"""The tiles of what was opened: click through, filter, see what was found."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QStackedWidget, QWidget

from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.theme import DARK, Card, Theme
from onepixel_gui.qt.tile_rows import ROW_HEIGHT, Finding, RowPainter, TileRows
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Tile, Window

_EMPTY = "Drop tiles, a folder or a checkpoint anywhere on the window."
_FILTER_PAUSE, _WISH_PAUSE = 120, 30  # ms
_OWN_KEYS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
)


def _plain(event: QKeyEvent) -> int:
    """The key when pressed without Shift, Ctrl and the like, else 0."""
    return 0 if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier else event.key()


class _List(QListView):
    """A list view whose keys stay its own, and whose PgUp and PgDn go by one tile."""

    chosen = Signal()  # Enter
    stepped = Signal(int)
    resized = Signal()

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and _plain(event) in _OWN_KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.chosen.emit()
            case Qt.Key.Key_PageUp:
                self.stepped.emit(-1)
            case Qt.Key.Key_PageDown:
                self.stepped.emit(1)
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class GalleryPane(Card):
    """Wishes for a tile when one is chosen, and for thumbnails of the rows that can be seen."""

    tile_wished = Signal(int)  # index in the unfiltered list
    rows_seen = Signal(object)  # tuple of the indices that came on screen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Tiles", parent)
        self._current = -1
        self._seen: tuple[int, ...] = ()
        self.rows = TileRows(self)
        self._painter = RowPainter(self.rows, self)
        self.filter = QLineEdit()
        self.list = _List()
        self._empty = QLabel(_EMPTY)
        self._stack = QStackedWidget()
        self._filter_pause, self._wish_pause = QTimer(self), QTimer(self)
        self._prepare_filter()
        self._prepare_list()
        self._lay_out()
        self.set_theme(DARK)
        self.set_entries(())

    def _prepare_filter(self) -> None:
        self.filter.setPlaceholderText("name, label, flipped…")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter the tiles")
        self.filter.setAcceptDrops(False)  # it would take a dropped file for words
        self.filter.setToolTip(
            "Shows the tiles in which every word occurs: name, label, answer, flipped, held, "
            "stopped, not run.\nlabel:mitosis or answer:normal looks there only."
        )
        self._filter_pause.setSingleShot(True)
        self._filter_pause.setInterval(_FILTER_PAUSE)
        self._filter_pause.timeout.connect(self._apply_filter)
        self.filter.textChanged.connect(lambda _: self._filter_pause.start())
        self.filter.returnPressed.connect(self._apply_filter)

    def _prepare_list(self) -> None:
        self.list.setModel(self.rows)
        self.list.setItemDelegate(self._painter)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Tiles")
        self.list.verticalScrollBar().setSingleStep(ROW_HEIGHT // 2)
        self.list.verticalScrollBar().valueChanged.connect(self._look_soon)
        self.list.resized.connect(self._look_soon)
        self.list.selectionModel().currentChanged.connect(self._choose)
        self.list.chosen.connect(self._choose_again)
        self.list.stepped.connect(self.step)
        self._wish_pause.setSingleShot(True)
        self._wish_pause.setInterval(_WISH_PAUSE)
        self._wish_pause.timeout.connect(self._tell_rows)

    def _lay_out(self) -> None:
        self._empty.setObjectName("faint")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setMargin(12)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self.body.setContentsMargins(6, 9, 5, 6)
        self.header.setContentsMargins(6, 0, 7, 0)
        self.body.addWidget(self.filter)
        self.body.addWidget(self._stack, 1)

    # ------------------------------------------------------------------ values down
    def set_theme(self, theme: Theme) -> None:
        self._painter.theme = theme
        self.list.setStyleSheet(
            "QListView { border-radius: 6px; }"
            "QScrollBar:vertical { width: 8px; background: transparent; margin: 0; }"
            f"QScrollBar::handle:vertical {{ background: {theme.edge}; border-radius: 3px;"
            " margin: 1px; min-height: 24px; }"
            f"QScrollBar::handle:vertical:hover {{ background: {theme.faint}; }}"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
            "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        )
        self.list.viewport().update()

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:
        """The gallery lists tiles whichever is shown; `set_current` marks it."""

    def set_cursor(self, cursor: Cursor | None) -> None:
        """Positions inside a tile are of no interest here."""

    def take(self, event: Event) -> None:
        """What a run found comes through `set_finding`, with the tile it belongs to."""
        match event:
            case Began() | Advanced() | Ended() | SweepBegan() | Painted() | Swept() | Responded():
                pass
            case _:
                assert_never(event)

    def set_entries(self, entries: Sequence[tuple[str, str | None]]) -> None:
        """(name, label) of each tile; replaces the list and forgets what was known."""
        self._current, self._seen = -1, ()
        self.rows.pixels_per_point = self.devicePixelRatioF()
        self.rows.replace(entries)
        self._after_filter()

    def forget_results(self, classes: tuple[str, ...] = ()) -> None:
        """Another classifier, with these classes: what the one before said is no longer true."""
        self.rows.forget_results(classes)
        self._after_filter()

    def set_current(self, index: int) -> None:
        """Mark a tile as the one on show, without a wish; -1 for none."""
        self._current = index
        self._mark_current()

    def set_thumbnail(self, index: int, rgb: NDArray[np.uint8]) -> None:
        """rgb: (H, W, 3) of any size; about 112 pixels is enough at 200 %."""
        self.rows.set_thumbnail(index, rgb)

    def set_answer(self, index: int, answer: str, confidence: float) -> None:
        self.rows.set_answer(index, answer, confidence)
        self._after_news()

    def set_finding(self, index: int, finding: Finding) -> None:
        self.rows.set_finding(index, finding)
        self._after_news()

    def set_unreadable(self, index: int, why: str) -> None:
        self.rows.set_unreadable(index, why)
        self._after_news()

    # ------------------------------------------------------------------ wishes up
    def step(self, by: int) -> None:
        """Wish for the next (1) or previous (-1) tile of those that pass the filter."""
        order = self.rows.order
        if not order:
            return
        if by > 0:
            by += bisect_right(order, self._current) - 1
        else:
            by += bisect_left(order, self._current)
        at = min(max(by, 0), len(order) - 1)
        self.list.setCurrentIndex(self.rows.index(at))

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and self.rows.order[current.row()] != self._current:
            self._current = self.rows.order[current.row()]
            self.tile_wished.emit(self._current)

    def _choose_again(self) -> None:
        current = self.list.currentIndex()
        if current.isValid():
            self._current = self.rows.order[current.row()]
            self.tile_wished.emit(self._current)

    def _look_soon(self) -> None:
        if not self._wish_pause.isActive():
            self._wish_pause.start()

    def _tell_rows(self) -> None:
        """Tell which rows are on screen whenever that has changed."""
        visible = tuple(self._visible())
        if visible and visible != self._seen:
            self._seen = visible
            self.rows_seen.emit(visible)

    def _visible(self) -> Sequence[int]:
        if not self.isVisible() or self._stack.currentWidget() is not self.list:
            return ()
        top = self.list.verticalScrollBar().value()
        first = top // ROW_HEIGHT
        last = (top + self.list.viewport().height() - 1) // ROW_HEIGHT
        return self.rows.order[first : last + 1]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_soon()

    # ------------------------------------------------------------------ filtering
    def _apply_filter(self) -> None:
        self._filter_pause.stop()
        self.rows.filter(self.filter.text())
        self._after_filter()

    def _after_filter(self) -> None:
        self._after_news()
        self._mark_current()
        self._look_soon()

    def _after_news(self) -> None:
        listed, passing = len(self.rows.entries), len(self.rows.order)
        count = f"{listed:,}" if passing == listed else f"{passing:,} of {listed:,}"
        flipped = self.rows.flipped
        self.set_state(f"{count} · {flipped:,} flipped" if listed else "")
        self.filter.setEnabled(bool(listed))
        self._empty.setText(_EMPTY if not listed else "No tile has all these words.")
        self._stack.setCurrentWidget(self.list if passing else self._empty)

    def _mark_current(self) -> None:
        at = self.rows.place(self._current)
        if at is None:
            self.list.selectionModel().clear()
            return
        self.list.setCurrentIndex(self.rows.index(at))
        self.list.scrollTo(self.rows.index(at))

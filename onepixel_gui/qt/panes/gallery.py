"""The tiles of what was opened: go through them, filter, sort, put aside, see what was found."""

from collections.abc import Callable, Generator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QStackedWidget, QWidget

from onepixel_gui.analysis.completion import offers
from onepixel_gui.analysis.filtering import Expression
from onepixel_gui.analysis.selection import Key, looks_at
from onepixel_gui.qt.gallery.filter_bar import FilterBar
from onepixel_gui.qt.gallery.row_painter import ROW_HEIGHT, RowPainter
from onepixel_gui.qt.gallery.tile_list import TileList
from onepixel_gui.qt.gallery.tile_rows import Finding, TileRows
from onepixel_gui.qt.theme import DARK, Card, Theme
from onepixel_gui.tiles.entries import Entries, Listing
from onepixel_gui.tiles.folders import Looked

_EMPTY = "Drop tiles, a folder or a checkpoint anywhere on the window."
_WISH_PAUSE, _NEWS_PAUSE, _IDLE = 30, 250, 15  # ms
_MARKED = 2000  # ranges of rows that are chosen at once: more take seconds
_SCORES = frozenset(["answer", "confidence", "agreement", "result"])


class GalleryPane(Card):
    """Wishes for a tile when one is chosen, and for thumbnails of the rows that can be seen."""

    tile_wished = Signal(int)  # index in the unfiltered list
    rows_seen = Signal(object)  # tuple of the indices that came on screen
    listed_changed = Signal(object)  # tuple of the indices on the reader's own list, ascending
    scores_wished = Signal(object)  # tuple of the indices to ask the classifier about, as shown
    scoring_stop_wished = Signal()
    looking_stop_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Tiles", parent)
        self._current = -1
        self._seen: tuple[int, ...] = ()
        self._stale = False
        self._scoring = (0, 0)
        self._looking = ""
        self._preparing: Generator[None] | None = None
        self.rows = TileRows(self)
        self._painter = RowPainter(self.rows, self)
        self._bar = FilterBar(lambda line, cursor: offers(line, cursor, self.rows.facts))
        self.filter, self.tools, self.list = self._bar.line, self._bar.tools, TileList()
        self._empty, self._stack = QLabel(_EMPTY), QStackedWidget()
        self._wish_pause = self._timer(_WISH_PAUSE, self._tell_rows)
        self._news_pause = self._timer(_NEWS_PAUSE, self._hear_news)
        self._idle = self._timer(_IDLE, self._prepare)
        self._prepare_list()
        self._bar.changed.connect(self._filter)
        self.tools.sort.chosen.connect(self.sort)
        self.tools.sort.again_wished.connect(self._apply)
        self.tools.task_wished.connect(self._wish_task)
        self._lay_out()
        self.set_theme(DARK)
        self.set_listing(Entries())

    def _timer(self, pause: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(pause)
        timer.timeout.connect(slot)
        return timer

    def _prepare_list(self) -> None:
        self.list.setModel(self.rows)
        self.list.setItemDelegate(self._painter)
        self.list.verticalScrollBar().setSingleStep(ROW_HEIGHT // 2)
        self.list.verticalScrollBar().valueChanged.connect(self._look_soon)
        self.list.resized.connect(self._look_soon)
        self.list.selectionModel().currentChanged.connect(self._choose)
        self.list.chosen.connect(self._choose_again)
        self.list.stepped.connect(self.step)
        self.list.listing_wished.connect(self.toggle_listed)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.rows.looks_changed.connect(lambda at: self.list.update(self.rows.index(at)))

    def _lay_out(self) -> None:
        self._empty.setObjectName("faint")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setMargin(12)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self.body.setContentsMargins(6, 9, 5, 6)
        self.header.setContentsMargins(6, 0, 7, 0)
        self.body.addWidget(self._bar)
        self.body.addWidget(self._stack, 1)

    # ------------------------------------------------------------------ values down
    def set_theme(self, theme: Theme) -> None:
        self._painter.theme = theme
        self._bar.set_theme(theme)
        self.list.viewport().update()

    def set_listing(self, listing: Listing) -> None:
        """Replaces the list and forgets what was known, the reader's own list too."""
        had = bool(self.listed)
        self._current, self._seen, self._looking, self._scoring = -1, (), "", (0, 0)
        self._painter.shown = -1
        self.rows.pixels_per_point = self.devicePixelRatioF()
        self.rows.replace(listing)
        self._preparing = self.rows.facts.preparing()
        self._idle.start()
        self._after_order()
        if had:
            self.listed_changed.emit(())

    def forget_results(self, classes: tuple[str, ...] = ()) -> None:
        """Another classifier, with these classes: what the one before said is no longer true."""
        self._scoring = (0, 0)
        self.rows.forget_results(classes)
        self._after_order()

    def set_current(self, index: int) -> None:
        """Choose a tile, without a wish; -1 for none."""
        self._current = index
        self._mark_current()

    def set_thumbnail(self, index: int, rgb: NDArray[np.uint8]) -> None:
        """rgb: (H, W, 3) of any size; about 112 pixels is enough at 200 %."""
        self.rows.set_thumbnail(index, rgb)

    def set_answer(self, index: int, answer: str, confidence: float) -> None:
        self.rows.set_answer(index, answer, confidence)
        self._after_news()

    def set_answers(
        self,
        indices: Sequence[int],
        answers: NDArray[np.integer],
        confidences: NDArray[np.float32],
    ) -> None:
        """answers: (N,) index into the classes last told; shown within a quarter of a second."""
        self.rows.set_answers(np.asarray(indices, np.intp), answers, confidences)
        if not self._news_pause.isActive():
            self._news_pause.start()

    def set_finding(self, index: int, finding: Finding) -> None:
        self.rows.set_finding(index, finding)
        self._after_news()

    def set_findings(self, findings: Mapping[int, Finding]) -> None:
        """Of many tiles, where nothing newer is known; shown within a quarter of a second."""
        self.rows.set_findings(findings)
        if not self._news_pause.isActive():
            self._news_pause.start()

    def forget_findings(self) -> None:
        """What runs brought; what the classifier answered stays."""
        self.rows.forget_findings()
        self._after_order()

    def select(self, tiles: Sequence[int]) -> None:
        """Mark these as chosen, without a wish; those that are filtered out cannot be."""
        ranges = self.rows.ranges(tiles)[:_MARKED]
        chosen = QItemSelection()
        for part in ranges:
            chosen.select(self.rows.index(part.start), self.rows.index(part.stop - 1))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.list.selectionModel().select(chosen, flag)
        if ranges:
            self.list.scrollTo(self.rows.index(ranges[0].start))

    def set_unreadable(self, index: int, why: str) -> None:
        self.rows.set_unreadable(index, why)
        if not self._news_pause.isActive():
            self._news_pause.start()

    def set_scoring(self, done: int, total: int) -> None:
        """Scoring on request has come so far; all done, or a total of 0: it is over."""
        was, self._scoring = self._scoring, (done, total) if done < total else (0, 0)
        if was != (0, 0) and self._scoring == (0, 0):
            self._apply()
        self._tell_task()

    def set_looking(self, looked: Looked | None) -> None:
        """How far a new list has come that is being made; None: that is over."""
        self._looking = "" if looked is None else f"{looked.seen:,} files · {looked.where}"
        self._after_news()

    def set_listed(self, indices: Sequence[int]) -> None:
        """The reader's own list, as it was left; tells nothing."""
        self.rows.set_listed(np.arange(self.rows.count), False)
        self.rows.set_listed(np.asarray(indices, np.intp), True)
        self._after_news()

    # ------------------------------------------------------------------ wishes up
    def step(self, by: int) -> None:
        """Wish for the next (1) or previous (-1) tile of those that pass the filter."""
        at = self.rows.beside(self._current, by)
        if at is not None:
            self._go(at)

    def _go(self, row: int) -> None:
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.list.selectionModel().setCurrentIndex(self.rows.index(row), flag)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if not current.isValid() or self.list.extending:
            return
        tile = int(self.rows.order[current.row()])
        if tile != self._current:
            self._current = tile
            self.tile_wished.emit(tile)

    def _choose_again(self) -> None:
        current = self.list.currentIndex()
        if current.isValid():
            self._current = int(self.rows.order[current.row()])
            self.tile_wished.emit(self._current)

    @property
    def shown(self) -> int:
        """The tile that is marked as the one on the bench; -1 for none."""
        return self._painter.shown

    def set_shown(self, index: int) -> None:
        """Mark the tile on the bench, which lags behind the one chosen; -1: none of the list."""
        self._painter.shown = index
        self.list.viewport().update()

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
        shown: list[int] = self.rows.order[first : last + 1].tolist()
        return shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_soon()

    def _wish_task(self, task: str) -> None:
        match task:
            case "stop looking":
                self.looking_stop_wished.emit()
            case "stop scoring":
                self.scoring_stop_wished.emit()
            case _:
                self.score_shown()

    def score_shown(self) -> None:
        """Wish for the answers to all tiles that pass the filter and have none yet."""
        lacking = tuple(self.rows.lacking.tolist())
        if lacking and self._scoring == (0, 0) and self.rows.facts.classes:
            self.scores_wished.emit(lacking)

    # ------------------------------------------------------------------ the reader's own list
    @property
    def listed(self) -> tuple[int, ...]:
        """Tiles put aside for later runs, ascending."""
        return self.rows.listed

    def toggle_listed(self) -> None:
        """Put the selected tiles on the list, or take them off where all are; one alone: go on."""
        parts = self.list.selected_rows
        if not parts:
            return
        tiles = np.concatenate([self.rows.order[part.start : part.stop] for part in parts])
        put = not self.rows.facts.listed[tiles].all()
        self.rows.set_listed(tiles, put)
        self._after_news()
        self.list.viewport().update()
        self.listed_changed.emit(self.listed)
        if len(tiles) == 1:
            self.step(1)

    def show_listed(self, alone: bool = True) -> None:
        """The reader's own list alone, or again what was shown before."""
        self._bar.show_listed(alone)

    def _open_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Put on my list, or take off\tL", self.toggle_listed)
        menu.addAction("Select all that are shown\tCtrl+A", self.list.selectAll)
        alone = self._bar.alone
        words = "Show all tiles" if alone else "Show my list alone"
        menu.addAction(words, lambda: self.show_listed(not alone)).setEnabled(bool(self.listed))
        menu.popup(self.list.viewport().mapToGlobal(place))

    # ------------------------------------------------------------------ which, and in which order
    def sort(self, key: Key, descending: bool = False) -> None:
        self.rows.key, self.rows.descending = key, descending
        self._apply()

    def _filter(self, expression: Expression | None) -> None:
        self.rows.expression = expression
        self._apply()

    def _apply(self) -> None:
        self.rows.apply()
        self._after_order()

    def _after_order(self) -> None:
        self._stale = False
        self._after_news()
        self.list.selectionModel().clear()
        self._mark_current()
        self._look_soon()
        self.list.viewport().update()

    def _hear_news(self) -> None:
        """Of many rows at once."""
        if looks_at(self.rows.expression) & _SCORES:
            before = len(self.rows.order)
            self.rows.join()
            if len(self.rows.order) != before:
                self._mark_current(scroll=False)
        self._stale = self.rows.key in _SCORES
        self._after_news()
        self._look_soon()
        self.list.viewport().update()

    def _after_news(self) -> None:
        self._tell_state()
        self._tell_task()
        rows, alone = self.rows, self._bar.alone
        self.tools.sort.set_order(rows.key, descending=rows.descending, stale=self._stale)
        self.tools.show_list(int(np.count_nonzero(rows.facts.listed)), alone=alone)
        self._bar.set_usable(bool(rows.count), busy=bool(self._looking))
        empty = f"Looking at {self._looking}" if self._looking else _EMPTY
        self._empty.setText("No tile passes this filter." if rows.count else empty)
        self._stack.setCurrentWidget(self.list if len(rows.order) else self._empty)

    def _tell_state(self) -> None:
        rows, facts = self.rows, self.rows.facts
        passing = len(rows.order)
        count = f"{rows.count:,}" if passing == rows.count else f"{passing:,} of {rows.count:,}"
        listed = int(np.count_nonzero(facts.listed))
        parts = [f"{rows.flipped:,} flipped", *([f"{listed:,} listed"] if listed else [])]
        words = " · ".join([count, *parts]) if rows.count else ""
        self.set_state(self._looking or words, f"{count} tiles")

    def _tell_task(self) -> None:
        """What can be asked for, or stopped, now."""
        done, total = self._scoring
        lacking = len(self.rows.lacking) if self.rows.facts.classes else 0
        if self._looking:
            self.tools.show_task("stop looking", "Stop", f"Stop looking: {self._looking}")
        elif total:
            hint = f"Stop scoring: {done:,} of {total:,} tiles are scored"
            self.tools.show_task("stop scoring", f"Stop · {100 * done / total:.0f} %", hint)
        elif lacking:
            hint = f"Ask the classifier about {lacking:,} tiles that are shown and not yet scored"
            self.tools.show_task("score", f"Score {lacking:,}", hint)
        else:
            self.tools.show_task("score", "", "")

    def _prepare(self) -> None:
        """Names are made ready in the time that is left, so that nobody waits for them later."""
        if self._preparing is not None and next(self._preparing, self) is not self:
            self._idle.start()

    def _mark_current(self, *, scroll: bool = True) -> None:
        at = self.rows.place(self._current)
        if at is None:
            self.list.selectionModel().clear()
            return
        self._go(at)
        if scroll:
            self.list.scrollTo(self.rows.index(at))

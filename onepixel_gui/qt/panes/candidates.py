"""What a scan of a slide found: tiles, best first, while it goes on and after."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from onepixel_gui.classifier.scan import Candidate
from onepixel_gui.qt.gallery.row_painter import ROW_HEIGHT, RowPainter
from onepixel_gui.qt.gallery.tile_list import TileList
from onepixel_gui.qt.gallery.tile_rows import Finding, TileRows
from onepixel_gui.qt.theme import DARK, Card, Line, Theme
from onepixel_gui.qt.view import ScanProgress
from onepixel_gui.tiles.entries import Entries, Entry
from onepixel_gui.tiles.slides import SlideTile

_NO_SLIDE = "Open a slide, and the classifier can look for candidates on it."
_NO_CLASSIFIER = "Drop a checkpoint, and it can look for candidates on this slide."
_READY = "Scan asks the classifier about the region you drew, else about all tissue."
_NOTHING = "The scan found no candidate."
_PICTURES = 600  # that are kept, for lists that change while a scan goes on
_WISH_PAUSE = 30  # ms


class CandidatesPane(Card):
    """Wishes for a scan, its end, a tile, and for thumbnails of the rows in sight."""

    scan_wished = Signal()
    stop_wished = Signal()
    tile_wished = Signal(object)  # SlideTile
    rows_seen = Signal(object)  # tuple of the indices in sight
    list_wished = Signal()  # put the candidates in place of the list of tiles

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Candidates", parent)
        self.rows = TileRows(self)
        self._painter = RowPainter(self.rows, self)
        self.list, self._empty, self._stack = TileList(), QLabel(_NO_SLIDE), QStackedWidget()
        self.scan, self.stop = QPushButton("Scan  S"), QPushButton("Stop")
        self.keep = QPushButton("To the list")
        self._progress, self._words, self._notes = QProgressBar(), Line(), Line()
        self._threshold, self._hint, self._scanned = 0.5, _NO_SLIDE, False
        self._pictures: dict[str, NDArray[np.uint8]] = {}
        self._current, self._subject = -1, ""
        self._pause = QTimer(self, singleShot=True, interval=_WISH_PAUSE)
        self._pause.timeout.connect(self._tell_rows)
        self._prepare_list()
        self._prepare_buttons()
        self._lay_out()
        self.set_theme(DARK)
        self.show_readiness(slide=False, classifier=False)
        self.show_progress(None)
        self.set_candidates((), ())

    def _prepare_list(self) -> None:
        view = self.list
        view.setModel(self.rows)
        view.setItemDelegate(self._painter)
        view.setAccessibleName("Candidates")
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        view.verticalScrollBar().setSingleStep(ROW_HEIGHT // 2)
        view.verticalScrollBar().valueChanged.connect(lambda _: self._pause.start())
        view.resized.connect(self._pause.start)
        view.selectionModel().currentChanged.connect(self._choose)
        view.chosen.connect(self._choose_again)
        view.stepped.connect(self._step)
        self.rows.looks_changed.connect(lambda at: view.update(self.rows.index(at)))

    def _prepare_buttons(self) -> None:
        told = (
            (self.scan, "Ask the classifier about the region, else about all tissue (S)"),
            (self.stop, "Stop scanning; what is painted and listed stays (Esc)"),
            (self.keep, "Put the candidates in place of the list of tiles, to filter and run them"),
        )
        for button, hint in told:
            button.setToolTip(hint)
            button.setAccessibleName(button.text().removesuffix("  S"))
        self.scan.clicked.connect(self.scan_wished)
        self.stop.clicked.connect(self.stop_wished)
        self.keep.clicked.connect(self.list_wished)

    def _lay_out(self) -> None:
        self._empty.setObjectName("faint")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setMargin(10)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._progress.setAccessibleName("Progress of the scan")
        self._words.setObjectName("faint")
        self._notes.setObjectName("doubt")
        self._notes.hide()
        buttons = QHBoxLayout()
        for button in (self.scan, self.stop, self.keep):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.body.addLayout(buttons)
        self.body.addWidget(self._progress)
        self.body.addWidget(self._words)
        self.body.addWidget(self._notes)
        self.body.addWidget(self._stack, 1)

    # ------------------------------------------------------------------ values down
    def set_theme(self, theme: Theme) -> None:
        self._painter.theme = theme
        self.list.viewport().update()

    def show_readiness(self, *, slide: bool, classifier: bool) -> None:
        """Whether there is a slide to scan, and a classifier to ask."""
        self._hint = _NO_SLIDE if not slide else _READY if classifier else _NO_CLASSIFIER
        self.scan.setEnabled(slide and classifier)
        self._tell_state()

    def show_progress(self, progress: ScanProgress | None) -> None:
        """None: no scan goes on."""
        busy = progress is not None
        self.scan.setVisible(not busy)
        self.stop.setVisible(busy)
        self._progress.setVisible(busy)
        self._words.setVisible(busy)
        if progress is not None:
            self._progress.setRange(0, 0 if progress.centring else max(1, progress.total))
            self._progress.setValue(progress.done)
            self._words.setText(_doing(progress))

    def set_notes(self, notes: Sequence[str]) -> None:
        """What the reader should know of the scan, one plain sentence each."""
        self._notes.setText(" ".join(notes))
        self._notes.setVisible(bool(notes))

    @property
    def notes(self) -> str:
        return self._notes.text()

    def set_candidates(
        self,
        entries: Sequence[SlideTile],
        candidates: Sequence[Candidate],
        *,
        classes: tuple[str, ...] = (),
        threshold: float = 0.5,
        subject: str = "",
        scanned: bool = False,
    ) -> None:
        """What is known of them so far, best first: each as a tile and as it was answered.

        subject: of three and more classes the one whose confidence each number is.
        scanned: there was a scan, also where nothing came of it.
        """
        self._threshold, self._scanned, self._current = threshold, scanned, -1
        self._subject = subject if len(classes) > 2 else ""
        if not entries:  # perhaps another slide, of the same name
            self._pictures.clear()
        at = self.list.verticalScrollBar().value()
        self.rows.pixels_per_point = self.devicePixelRatioF()
        self.rows.replace(Entries(tuple(entries)))
        self.rows.forget_results(classes)
        for index, (entry, found) in enumerate(zip(entries, candidates, strict=True)):
            if found.answer:
                self.rows.set_answer(index, found.answer, found.confidence)
            if entry.name in self._pictures:
                self.rows.set_thumbnail(index, self._pictures[entry.name])
        self.list.verticalScrollBar().setValue(at)
        self._tell_state()
        self._pause.start()

    def set_thumbnail(self, index: int, rgb: NDArray[np.uint8]) -> None:
        if index < self.rows.count:
            self._pictures[self.rows.listing.names[index]] = rgb
            while len(self._pictures) > _PICTURES:
                del self._pictures[next(iter(self._pictures))]
        self.rows.set_thumbnail(index, rgb)

    def set_finding(self, index: int, finding: Finding) -> None:
        self.rows.set_finding(index, finding)

    def set_unreadable(self, index: int, why: str) -> None:
        self.rows.set_unreadable(index, why)

    def set_current(self, index: int) -> None:
        """The one on the bench, -1 for none; no wish comes of it."""
        self._current = self._painter.shown = index
        if index < 0:
            self.list.selectionModel().clear()
        elif self.list.currentIndex().row() != index:
            self.list.setCurrentIndex(self.rows.index(index))
        self.list.viewport().update()

    # ------------------------------------------------------------------ wishes up
    def _entry(self, index: int) -> Entry:
        return self.rows.listing[index]

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and current.row() != self._current:
            self._choose_again()

    def _choose_again(self) -> None:
        row = self.list.currentIndex().row()
        if 0 <= row < self.rows.count:
            self._current = self._painter.shown = row
            self.tile_wished.emit(self._entry(row))

    def _step(self, by: int) -> None:
        row = self.rows.beside(self._current, by)
        if row is not None:
            self.list.setCurrentIndex(self.rows.index(row))

    def _tell_rows(self) -> None:
        if not self.list.isVisible():
            return
        top = self.list.verticalScrollBar().value()
        last = (top + self.list.viewport().height() - 1) // ROW_HEIGHT
        rows = range(top // ROW_HEIGHT, min(last + 1, self.rows.count))
        if rows:
            self.rows_seen.emit(tuple(rows))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._pause.start()

    def _tell_state(self) -> None:
        count = self.rows.count
        sure = int(np.count_nonzero(self.rows.facts.confidences >= self._threshold))
        surest = f"{sure:,} from {self._threshold:g} on"
        words = f"by P({self._subject})" if self._subject else surest
        self.set_state(f"{words} · {count:,} listed" if count else "")
        self.keep.setEnabled(bool(count))
        self._empty.setText(_NOTHING if self._scanned else self._hint)
        self._stack.setCurrentWidget(self.list if count else self._empty)


def _doing(progress: ScanProgress) -> str:
    if progress.centring:
        return f"Centring the candidates · {progress.done:,} tiles asked"
    if not progress.total:
        return "Looking for tissue"
    words = f"{progress.done:,} of {progress.total:,} tiles"
    if progress.seconds_left is None:
        return words
    left = progress.seconds_left
    return f"{words} · {f'{left / 60:.0f} min' if left > 90 else f'{left:.0f} s'} left"

"""Carries the classifier over the slide that is open: one scan at a time, kept once it ended."""

import time
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.scan import (
    Awaited,
    Candidate,
    Refined,
    ScanBegan,
    ScanEnded,
    ScanEvent,
    Scanned,
    ScanSettings,
    scan,
)
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.view import ScanProgress
from onepixel_gui.tiles.slides import Slide, borrowed

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

Indices = NDArray[np.int64]

_SCAN = "scan"
_REMEMBERED = 20  # scans
_LISTED = 200  # candidates while a scan goes on
_HOT = 20_000  # places of the map among which they are sought
_COUNTED = 0.2  # seconds between two words about progress
_PAUSE = 0.5  # seconds between two lists of candidates while a scan goes on


class Scanner(QObject):
    """At most one scan; its events reach nobody once slide or classifier have changed."""

    began = Signal(object)  # ScanBegan
    scanned = Signal(object)  # Scanned
    listed = Signal(object)  # tuple of Candidate, best first: what is known of them so far
    ended = Signal(object)  # ScanEnded
    cleared = Signal()  # nothing is known of this slide by this classifier
    progressed = Signal(object)  # ScanProgress
    busy_changed = Signal(bool)
    failed = Signal(object)  # Problem

    def __init__(self, lanes: Lanes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes = lanes
        self._agenda = Agenda(self.failed.emit)
        self.slide: Slide | None = None
        self.classifier: Classifier | None = None
        self._known: OrderedDict[tuple[str, Card], tuple[ScanBegan, ScanEnded]] = OrderedDict()
        self._began: ScanBegan | None = None
        self._map = np.empty((0, 0), np.float32)
        self._hot: list[Indices] = []  # flat places of the map where the confidence is high
        self._started = self._told = self._counted = 0.0

    @property
    def busy(self) -> bool:
        return self._agenda.holds(_SCAN)

    @property
    def result(self) -> ScanEnded | None:
        """Of this slide by this classifier."""
        return None if self._both is None else self._both[1]

    @property
    def _both(self) -> tuple[ScanBegan, ScanEnded] | None:
        key = self._key()
        return None if key is None else self._known.get(key)

    def look_at(self, slide: Slide | None, classifier: "Classifier | None") -> None:
        """Another slide or classifier: what goes on is stopped, what is known is told again."""
        if slide is self.slide and classifier is self.classifier:
            return
        self.stop()
        self.slide, self.classifier = slide, classifier
        self.cleared.emit()
        if self._both is not None:
            self._replay(*self._both)

    def scan(self, settings: ScanSettings) -> None:
        """From the start; an earlier result of this pair is forgotten."""
        slide, classifier = self.slide, self.classifier
        if slide is None or classifier is None:
            return
        self.stop()

        path = slide.path

        def work() -> Generator[Any]:
            # A hold of its own: the window may close the slide while this still reads it.
            with borrowed(path) as held:
                yield from scan(classifier, held, settings)

        self._agenda.begin(_SCAN, work, self._heard, self._lanes, done=self._rest)
        self.busy_changed.emit(True)

    def stop(self) -> None:
        """What is painted and listed stays."""
        if self.busy:
            self._agenda.end(_SCAN)
            self._rest()

    def close(self) -> None:
        self.stop()

    def _rest(self) -> None:
        self.busy_changed.emit(False)

    def _heard(self, event: ScanEvent) -> None:
        match event:
            case ScanBegan(grid=grid):
                self._began, self._started = event, time.monotonic()
                self._map = np.full((grid.rows, grid.columns), np.nan, np.float32)
                self._hot = []
                self._told = self._started
                self.began.emit(event)
                self.listed.emit(())
            case Scanned():
                self._map[event.rows, event.columns] = event.confidence
                self._note_hot(event)
                self.scanned.emit(event)
                self._tell(event)
            case Refined(queries=queries):
                self.progressed.emit(ScanProgress(queries, 0, None, centring=True))
            case Awaited():
                pass
            case ScanEnded():
                self._remember(event)
                self.listed.emit(event.candidates)
                self.ended.emit(event)
            case _:
                assert_never(event)

    def _tell(self, event: Scanned) -> None:
        """Progress, a few times a second: a line that changes lays out its pane anew."""
        now = time.monotonic()
        if now - self._counted < _COUNTED and event.done < event.total:
            return
        self._counted = now
        spent = now - self._started
        left = None
        if event.done and spent > 0.5:
            left = spent * (event.total - event.done) / event.done
        self.progressed.emit(ScanProgress(event.done, event.total, left))
        if now - self._told > _PAUSE:
            self._told = now
            self.listed.emit(self._so_far())

    def _note_hot(self, event: Scanned) -> None:
        assert self.classifier is not None
        hot = event.confidence >= self.classifier.card.threshold
        self._hot.append(event.rows[hot] * self._map.shape[1] + event.columns[hot])

    def _so_far(self) -> tuple[Candidate, ...]:
        """The peaks of what is painted, not centred yet.

        Sought where the confidence is high only: a look at all of a large map takes a second.
        """
        from onepixel_gui.classifier.scanning.candidates import peaks_among, surest

        began, classifier = self._began, self.classifier
        assert began is not None
        assert classifier is not None
        card = classifier.card
        self._hot = [surest(self._map, np.concatenate(self._hot), card.threshold, _HOT)]
        rows, columns = (places[:_LISTED] for places in peaks_among(self._map, self._hot[0]))
        tops, lefts = began.grid.corners(rows, columns)
        found = zip(tops.tolist(), lefts.tolist(), self._map[rows, columns].tolist(), strict=True)
        answer = began.subject if len(card.classes) == 2 else ""
        return tuple(Candidate(top, left, value, answer) for top, left, value in found)

    def _replay(self, began: ScanBegan, known: ScanEnded) -> None:
        rows, columns = np.nonzero(~np.isnan(known.confidence))
        self.began.emit(began)
        values = known.confidence[rows, columns]
        self.scanned.emit(Scanned(len(rows), len(rows), rows, columns, values))
        self.listed.emit(known.candidates)
        self.ended.emit(known)

    def _remember(self, event: ScanEnded) -> None:
        key = self._key()
        if key is not None and self._began is not None:
            self._known[key] = self._began, event
            self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def _key(self) -> tuple[str, Card] | None:
        if self.slide is None or self.classifier is None:
            return None
        return self.slide.hash, replace(self.classifier.card, name="", file="", doubts=())

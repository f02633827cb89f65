"""The tiles that lie ready: names, thumbnails and clean answers, fetched in the background."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from onepixel_gui.classifier.chance import doubt
from onepixel_gui.classifier.scoring import Reading, Refused, Scored, Waited, scoring
from onepixel_gui.problems import Problem
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.tiles.datasets.class_folders import NamedTile
from onepixel_gui.tiles.datasets.dataset import Dataset
from onepixel_gui.tiles.entries import Entries, Entry, Listing
from onepixel_gui.tiles.files import TileFile
from onepixel_gui.tiles.folders import Looked

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

InFile = TileFile | NamedTile
REMEMBERED = 600  # thumbnails; fewer than the gallery keeps
JUDGED = 24  # labelled tiles, evenly from the list, that tell whether a classifier is of any use
_TELLING = 0.1  # seconds between two words about progress
EDGE = 112  # pixels: twice the gallery's size, for screens at 200 %


@dataclass(frozen=True, slots=True)
class Listed:
    droppable: ClassVar[bool] = False
    dataset: Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    droppable: ClassVar[bool] = False
    index: int
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Judged:
    """doubt: what a classifier's answers to labelled tiles say against it."""

    droppable: ClassVar[bool] = False
    classifier: "Classifier"
    doubt: str


class Shelf(QObject):
    """Opens lists of tiles and asks the classifier about those that are looked at.

    What is on screen is fetched first, newest wish first; what else is to be scored waits for it.
    A new list or classifier makes all older work stale at once.
    """

    opened = Signal(object)  # Listing
    looked = Signal(object)  # Looked, while a list is being made; None when that is over
    pictured = Signal(int, object)  # index, (h, w, 3) uint8
    scored = Signal(object, object, object)  # (N,) indices, (N,) classes, (N,) confidences
    refused = Signal(int, object)  # index, Problem
    judged = Signal(object, str)  # Classifier, what speaks against it
    scoring_changed = Signal(int, int)  # done, total of those asked for; 0, 0 when that is over
    failed = Signal(object)  # Problem: nothing could be opened, or no more be scored

    def __init__(
        self,
        lanes: Lanes,
        parent: QObject | None = None,
        *,
        openings: Lanes | Detached | None = None,
    ) -> None:
        """openings: where folders are listed, which may take long or hang on a stalled drive."""
        super().__init__(parent)
        self.listing: Listing = Entries()
        self.dataset: Dataset | None = None  # of the list; None where it was put together here
        self.start = 0  # index of the tile to open first
        self._lanes, self._openings = lanes, openings or lanes
        self._jobs: dict[str, Job] = {}  # what is under way, by what it is for
        self._classifier: Classifier | None = None
        self._wished: tuple[int, ...] = ()
        self._scored = np.zeros(0, bool)
        self._pictured: dict[int, None] = {}  # newest last
        self._wanted = np.zeros(0, np.intp)  # to be scored although out of sight
        self._total, self._told = 0, 0.0

    @property
    def files(self) -> tuple[InFile, ...]:
        """Entries that lie in files of their own; all are made, so it is not for long lists."""
        entries = (self.listing[index] for index in range(len(self.listing)))
        return tuple(entry for entry in entries if isinstance(entry, InFile))

    def labelled(self, most: int) -> list[Path]:
        """Files of labelled tiles, evenly from all of the list."""
        known = [index for index, label in enumerate(self.listing.labels) if label is not None]
        entries = (self.listing[index] for index in known[:: max(1, -(-len(known) // most))])
        return [entry.path for entry in entries if isinstance(entry, InFile)]

    @property
    def scoring(self) -> bool:
        """Tiles are being scored that were asked for."""
        return self._total > 0

    @property
    def busy(self) -> bool:
        """Something on screen is still being fetched."""
        return any(not self._complete(i) for i in self._wished if i < len(self.listing))

    # ------------------------------------------------------------------ which tiles
    def open(self, paths: Sequence[Path], *, first: str = "") -> None:
        """Replace the list, once the new one is known to hold something.

        first: name of the tile to begin with; the first of the list when there is none such.
        """
        paths = tuple(paths)
        self._begin("opening", lambda: _list(paths), partial(self._listed, first))

    def show(self, listing: Listing, start: int = 0, dataset: Dataset | None = None) -> None:
        """Put a list in place of the present one.

        start: index of the tile to open first.  dataset: whose tiles these are.
        """
        self.stop_opening()
        self.listing, self.start, self.dataset = listing, start, dataset
        self._wished, self._wanted, self._total = (), np.zeros(0, np.intp), 0
        self._scored = np.zeros(len(listing), bool)
        self._pictured.clear()
        self._end("fetching")
        self._end("scoring")
        self.scoring_changed.emit(0, 0)
        self.opened.emit(listing)
        self._judge()

    def stop_opening(self) -> None:
        """Keep the list there is."""
        if "opening" in self._jobs:
            self._end("opening")
            self.looked.emit(None)

    def set_classifier(self, classifier: "Classifier | None") -> None:
        """Answers of the earlier classifier are stale from now on."""
        self._classifier = classifier
        self._scored[:] = False
        self.stop_scoring()
        self._fetch()
        self._judge()

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        for purpose in tuple(self._jobs):
            self._end(purpose)

    def _listed(self, first: str, event: Listed | Looked) -> None:
        if isinstance(event, Looked):
            self.looked.emit(event)
            return
        names = event.dataset.entries.names if first else ()
        start = next((index for index, name in enumerate(names) if name == first), 0)
        self.show(event.dataset.entries, start, event.dataset)

    # ------------------------------------------------------------------ what is on screen
    def look_at(self, indices: Sequence[int]) -> None:
        """These rows are on screen: fetch what they lack."""
        self._wished = tuple(indices)
        self._fetch()

    def _fetch(self) -> None:
        lacking = [i for i in self._wished if i < len(self.listing) and not self._complete(i)]
        self._end("fetching")
        if not lacking:
            return
        pictures = [(i, self.listing[i]) for i in lacking if i not in self._pictured]
        unscored = [i for i in lacking if not self._scored[i]]
        classifier = self._classifier
        asked = [] if classifier is None else [(i, self.listing[i].read) for i in unscored]
        self._begin("fetching", lambda: _fetch(pictures, asked, classifier), self._fetched)
        self._score_on(besides=frozenset(unscored))  # behind what is on screen

    def _complete(self, index: int) -> bool:
        known = self._classifier is None or bool(self._scored[index])
        return index in self._pictured and known

    def _note_picture(self, index: int) -> None:
        """The gallery forgets old thumbnails too, so the oldest here may be fetched again."""
        self._pictured[index] = None
        if len(self._pictured) > REMEMBERED:
            del self._pictured[next(iter(self._pictured))]

    def _fetched(self, event: Pictured | Scored | Refused | Waited) -> None:
        match event:
            case Pictured(index=index, rgb=rgb):
                self._note_picture(index)
                self.pictured.emit(index, rgb)
            case Scored():
                self._scored[event.keys] = True
                self.scored.emit(event.keys, event.answers, event.confidences)
            case Refused(index=index, problem=problem):
                self._note_picture(index)
                self._scored[index] = True
                self.refused.emit(index, problem)

    # ------------------------------------------------------------------ what is asked for
    def score(self, indices: Sequence[int]) -> None:
        """Ask the classifier about these too, in this order; needs one."""
        if self._classifier is None:
            return
        wanted = np.asarray(indices, np.intp)
        self._wanted = wanted[~self._scored[wanted]]
        self._total = len(self._wanted)
        self._score_on()

    def stop_scoring(self) -> None:
        """Keep what was answered."""
        self._end("scoring")
        self._wanted, self._total = np.zeros(0, np.intp), 0
        self.scoring_changed.emit(0, 0)

    def _score_on(self, besides: frozenset[int] = frozenset()) -> None:
        """With what of it is left. besides: tiles that are being asked about anyway."""
        self._end("scoring")
        classifier, listing = self._classifier, self.listing
        left = self._wanted = self._wanted[~self._scored[self._wanted]]
        if classifier is None or not len(left):
            if self.scoring:  # the last of it was answered on screen
                self.stop_scoring()
            return
        readings = (
            (index, partial(_read, listing, index))
            for index in map(int, left)
            if index not in besides
        )
        self._begin("scoring", lambda: scoring(classifier, readings), self._asked)
        self._tell_scoring()

    def _asked(self, event: Scored | Refused | Waited) -> None:
        self._fetched(event)
        if time.monotonic() - self._told > _TELLING:
            self._tell_scoring()

    def _tell_scoring(self) -> None:
        self._told = time.monotonic()
        left = int(np.count_nonzero(~self._scored[self._wanted]))
        self.scoring_changed.emit(self._total - left, self._total)

    # ------------------------------------------------------------------ how good it is
    def _judge(self) -> None:
        """Is the classifier any better than chance on tiles whose labels are known?"""
        self._end("judging")
        classifier = self._classifier
        if classifier is None:
            return
        listing = self.listing
        self._begin("judging", lambda: _judge(listing, classifier), self._judged)

    def _judged(self, event: Judged | Waited) -> None:
        if isinstance(event, Judged):
            self.judged.emit(event.classifier, event.doubt)

    # ------------------------------------------------------------------ jobs
    def _begin(
        self, purpose: str, work: Callable[[], Generator[Any]], hear: Callable[[Any], None]
    ) -> None:
        """What was under way for that purpose is stale from now on."""
        self._end(purpose)
        job = self._jobs[purpose] = Job(work)
        current = partial(self._is_current, purpose, job)
        job.happened.connect(lambda event: hear(event) if current() else None)
        job.failed.connect(lambda why: self.failed.emit(why) if current() else None)
        job.finished.connect(lambda: self._over(purpose) if current() else None)
        (self._openings if purpose == "opening" else self._lanes).add(job)

    def _is_current(self, purpose: str, job: Job) -> bool:
        return self._jobs.get(purpose) is job

    def _over(self, purpose: str) -> None:
        match purpose:
            case "opening":
                self.stop_opening()
            case "scoring":
                self.stop_scoring()
            case _:
                self._end(purpose)

    def _end(self, purpose: str) -> None:
        job = self._jobs.pop(purpose, None)
        if job is not None:
            job.stop()


def _list(paths: Sequence[Path]) -> Generator[Looked | Listed]:
    from onepixel_gui.tiles.datasets import looking  # with its readers, when it is needed

    dataset = yield from looking(paths)
    yield Listed(dataset)


def _read(listing: Listing, index: int) -> Any:
    return listing[index].read()


def _fetch(
    pictures: Sequence[tuple[int, Entry]],
    asked: Sequence[tuple[int, Reading]],
    classifier: "Classifier | None",
) -> Generator[Any]:
    """First every missing thumbnail, which is quick, then the answers."""
    for index, entry in pictures:
        try:
            yield Pictured(index, entry.thumbnail(EDGE))
        except Problem as problem:
            yield Refused(index, problem)
    if classifier is None:
        return
    told: set[int] = set()
    try:
        for event in scoring(classifier, asked):
            told |= {event.index} if isinstance(event, Refused) else set()
            told |= set(event.keys.tolist()) if isinstance(event, Scored) else set()
            yield event
    except Problem as problem:
        for index, _ in asked:
            if index not in told:
                yield Refused(index, problem)


def sample(labels: Sequence[str | None], classes: Sequence[str]) -> list[int]:
    """A few of each class, evenly from the list; none unless two classes are there."""
    of: dict[str | None, list[int]] = {name: [] for name in classes}
    for index, label in enumerate(labels):  # once: there may be a thousand classes
        if label in of:
            of[label].append(index)
    kinds = [kind for kind in of.values() if kind]
    if len(kinds) < 2:
        return []
    each = max(1, JUDGED // len(kinds))
    return [index for kind in kinds for index in kind[:: -(-len(kind) // each)]][: 2 * JUDGED]


def _judge(listing: Listing, classifier: "Classifier") -> Generator[Judged | Waited]:
    answered, hits, classes = [], 0, classifier.card.classes
    for index in sample(listing.labels, classes):
        label = listing.labels[index]
        try:
            question = classifier.probe(listing[index].read()).question
        except Problem:  # told in the gallery
            continue
        answered.append(label or "")
        hits += question.answer == label
        yield Waited()
    if len(set(answered)) > 1 and (sentence := doubt(answered, hits)):
        yield Judged(classifier, sentence)

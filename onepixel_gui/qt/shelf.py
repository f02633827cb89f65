"""The tiles that lie ready: names, thumbnails and clean answers, fetched in the background."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from onepixel_gui.classifier.chance import doubt
from onepixel_gui.problems import Problem
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.tiles.files import TileFile, find, read, thumbnail

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

REMEMBERED = 1000  # thumbnails; fewer than the gallery keeps
JUDGED = 24  # labelled tiles, evenly from the list, that tell whether a classifier is of any use
EDGE = 112  # pixels: twice the gallery's size, for screens at 200 %


@dataclass(frozen=True, slots=True)
class Listed:
    droppable: ClassVar[bool] = False
    files: tuple[TileFile, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    droppable: ClassVar[bool] = False
    index: int
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scored:
    droppable: ClassVar[bool] = False
    index: int
    answer: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Refused:
    droppable: ClassVar[bool] = False
    index: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class Waited:
    """Nothing to tell yet; whoever stops asking here loses nothing."""

    droppable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Judged:
    """doubt: what a classifier's answers to labelled tiles say against it."""

    droppable: ClassVar[bool] = False
    classifier: "Classifier"
    doubt: str


class Shelf(QObject):
    """Opens lists of tiles and asks the classifier about those that are looked at.

    Only what is on screen is fetched, newest wish first; a new list or classifier makes all older
    work stale at once.
    """

    opened = Signal(object)  # tuple of TileFile
    pictured = Signal(int, object)  # index, (h, w, 3) uint8
    scored = Signal(int, str, float)  # index, answer, confidence in the subject
    refused = Signal(int, object)  # index, Problem
    judged = Signal(object, str)  # Classifier, what speaks against it
    failed = Signal(object)  # Problem: nothing could be opened

    def __init__(self, lanes: Lanes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.files: tuple[TileFile, ...] = ()
        self.start = 0  # index of the tile to open first
        self._lanes = lanes
        self._opening: Job | None = None
        self._fetching: Job | None = None
        self._judging: Job | None = None
        self._classifier: Classifier | None = None
        self._wished: tuple[int, ...] = ()
        self._scored: set[int] = set()
        self._pictured: dict[int, None] = {}  # newest last

    @property
    def busy(self) -> bool:
        """Something on screen is still being fetched."""
        return any(not self._complete(i) for i in self._wished if i < len(self.files))

    def open(self, paths: Sequence[Path], *, first: str = "") -> None:
        """Replace the list, once the new one is known to hold something.

        first: name of the tile to begin with; the first of the list when there is none such.
        """
        if self._opening is not None:
            self._opening.stop()
        job = self._opening = Job(lambda: _list(paths))
        job.happened.connect(lambda event: self._listed(job, event, first))
        job.failed.connect(lambda why: self.failed.emit(why) if job is self._opening else None)
        self._lanes.add(job)

    def set_classifier(self, classifier: "Classifier | None") -> None:
        """Answers of the earlier classifier are stale from now on."""
        self._classifier = classifier
        self._scored.clear()
        self._fetch()
        self._judge()

    def look_at(self, indices: Sequence[int]) -> None:
        """These rows are on screen: fetch what they lack."""
        self._wished = tuple(indices)
        self._fetch()

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        for job in (self._opening, self._fetching, self._judging):
            if job is not None:
                job.stop()
        self._opening = self._fetching = self._judging = None

    def _listed(self, job: Job, event: Listed, first: str) -> None:
        if job is self._opening:
            self.files = event.files
            names = (index for index, file in enumerate(event.files) if file.name == first)
            self.start = next(names, 0)
            self._wished = ()
            self._scored.clear()
            self._pictured.clear()
            if self._fetching is not None:
                self._fetching.stop()
                self._fetching = None
            self.opened.emit(self.files)
            self._judge()

    def _judged(self, job: Job, event: Judged | Waited) -> None:
        if job is self._judging and isinstance(event, Judged):
            self.judged.emit(event.classifier, event.doubt)

    def _judge(self) -> None:
        """Is the classifier any better than chance on tiles whose labels are known?"""
        if self._judging is not None:
            self._judging.stop()
            self._judging = None
        classifier = self._classifier
        files = [] if classifier is None else _sample(self.files, classifier.card.classes)
        if classifier is None or not files:
            return
        job = self._judging = Job(lambda: _judge(files, classifier))
        job.happened.connect(lambda event: self._judged(job, event))
        job.failed.connect(lambda why: self.failed.emit(why) if job is self._judging else None)
        self._lanes.add(job)

    def _fetch(self) -> None:
        lacking = [i for i in self._wished if i < len(self.files) and not self._complete(i)]
        if self._fetching is not None:
            self._fetching.stop()
            self._fetching = None
        if not lacking:
            return
        files = [(i, self.files[i], i in self._pictured) for i in lacking]
        classifier = self._classifier
        job = self._fetching = Job(lambda: _fetch(files, classifier))
        job.happened.connect(lambda event: self._fetched(job, event))
        job.failed.connect(lambda why: self.failed.emit(why) if job is self._fetching else None)
        self._lanes.add(job)

    def _complete(self, index: int) -> bool:
        return index in self._pictured and (self._classifier is None or index in self._scored)

    def _note_picture(self, index: int) -> None:
        """The gallery forgets old thumbnails too, so the oldest here may be fetched again."""
        self._pictured[index] = None
        if len(self._pictured) > REMEMBERED:
            del self._pictured[next(iter(self._pictured))]

    def _fetched(self, job: Job, event: Pictured | Scored | Refused) -> None:
        if job is not self._fetching:
            return
        match event:
            case Pictured(index=index, rgb=rgb):
                self._note_picture(index)
                self.pictured.emit(index, rgb)
            case Scored(index=index, answer=answer, confidence=confidence):
                self._scored.add(index)
                self.scored.emit(index, answer, confidence)
            case Refused(index=index, problem=problem):
                self._note_picture(index)
                self._scored.add(index)
                self.refused.emit(index, problem)


def _list(paths: Sequence[Path]) -> Generator[Listed]:
    yield Listed(tuple(find(paths)))


def _fetch(
    files: Sequence[tuple[int, TileFile, bool]], classifier: "Classifier | None"
) -> Generator[Any]:
    """First every missing thumbnail, which is quick, then the answers."""
    for index, file, pictured in files:
        if not pictured:
            try:
                yield Pictured(index, thumbnail(file.path, EDGE))
            except Problem as problem:
                yield Refused(index, problem)
    if classifier is None:
        return
    for index, file, _ in files:
        try:
            question = classifier.probe(read(file.path, label=file.label)).question
            yield Scored(index, question.answer, question.clean)
        except Problem as problem:
            yield Refused(index, problem)


def _sample(files: Sequence[TileFile], classes: Sequence[str]) -> list[TileFile]:
    """A few of each class, evenly from the list; none unless two classes are there."""
    of: dict[str | None, list[TileFile]] = {name: [] for name in classes}
    for file in files:  # once: there may be a thousand classes
        if file.label in of:
            of[file.label].append(file)
    kinds = [kind for kind in of.values() if kind]
    if len(kinds) < 2:
        return []
    each = max(1, JUDGED // len(kinds))
    return [file for kind in kinds for file in kind[:: -(-len(kind) // each)]][: 2 * JUDGED]


def _judge(files: Sequence[TileFile], classifier: "Classifier") -> Generator[Judged | Waited]:
    labels, hits = [], 0
    for file in files:
        try:
            question = classifier.probe(read(file.path, label=file.label)).question
        except Problem:  # told in the gallery
            continue
        labels.append(file.label or "")
        hits += question.answer == file.label
        yield Waited()
    if len(set(labels)) > 1 and (sentence := doubt(labels, hits)):
        yield Judged(classifier, sentence)

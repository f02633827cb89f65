"""Two classifiers on the tile of the bench: asked, swept one after the other, and compared."""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PySide6.QtCore import QObject, Signal

from onepixel_gui.analysis.comparison import Compared, check_pair, compare
from onepixel_gui.analysis.sensitivity import Sensitivity, sensitivity
from onepixel_gui.attack.probe import Event, Painted, Probe, Question, SweepBegan, Swept
from onepixel_gui.attack.sweep import PALETTES, Palette, sweep
from onepixel_gui.problems import Problem
from onepixel_gui.qt.jobs import Job, Lanes, Work
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Progress
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.card import Card
    from onepixel_gui.classifier.classifier import Classifier

Side = Literal["A", "B"]
SIDES: tuple[Side, Side] = ("A", "B")

_REMEMBERED = 16  # finished sweeps kept at hand


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What a worker says about one side."""

    side: Side
    what: Event | Question | Sensitivity

    @property
    def droppable(self) -> bool:
        return bool(getattr(self.what, "droppable", False))


class Comparison(QObject):
    """Classifiers A and B, one tile, and what is known of both.

    Both are swept over every position of what they see with the same palette: equal budgets for
    equal windows.  What was finished is kept, so that a run asks only for what is missing.
    """

    pair_changed = Signal(object, object)  # Classifier or None: A, B
    tile_changed = Signal(object)  # Tile or None; nothing is known of it yet
    questioned = Signal(str, object)  # side, Question: what it says of the untouched tile
    happened = Signal(str, object)  # side, attack.Event of its sweep
    examined = Signal(str, object)  # side, Sensitivity
    compared = Signal(object)  # Compared
    progressed = Signal(str, object)  # side, Progress
    busy_changed = Signal(bool)
    failed = Signal(object)  # Problem

    def __init__(self, lanes: Lanes, parent: QObject | None = None) -> None:
        """lanes: of one thread, for nothing else: a probe serves one thread."""
        super().__init__(parent)
        self._lanes = lanes
        self.a: Classifier | None = None
        self.b: Classifier | None = None
        self.tile: Tile | None = None
        self.subject = ""
        self.questions: dict[Side, Question] = {}
        self.compared_last: Compared | None = None
        self._known: OrderedDict[tuple[str, Card, str], Sensitivity] = OrderedDict()
        self._jobs: dict[str, Job] = {}
        self._started = 0.0

    # -------------------------------------------------------------- what is compared
    def set_pair(self, a: "Classifier | None", b: "Classifier | None") -> bool:
        """Compare these; False, and told why, where their confidences are of different things.

        A refused B leaves the one that was there, unless that does not go with this A either.
        """
        refused = _refusal(a, b)
        if refused is not None:
            b = None if self.b is b or _refusal(a, self.b) else self.b
        if (a, b) != (self.a, self.b):
            self.stop()
            self.a, self.b = a, b
            self.pair_changed.emit(a, b)
            self._ask()
        if refused is not None:
            self.failed.emit(refused)
        return refused is None

    def swap(self) -> None:
        """A becomes B and B becomes A; what is known of each goes with it."""
        if self.a is not None and self.b is not None:
            self.set_pair(self.b, self.a)

    def set_tile(self, tile: Tile | None) -> None:
        if tile is not self.tile:
            self.stop()
            self.tile = tile
            self._ask()

    def set_subject(self, subject: str) -> None:
        """Of three and more classes the one in question; "" for the one that A answers."""
        if subject != self.subject:
            self.stop()
            self.subject = subject
            self._ask()

    def _ask(self) -> None:
        """What do both say of the untouched tile?"""
        self._forget("question")
        self.questions, self.compared_last = {}, None
        self.tile_changed.emit(self.tile)
        tile, pair, subject = self.tile, self._pair(), self.subject
        if tile is None or not pair:
            return

        def work() -> Generator[_Told]:
            wanted = subject
            for side, classifier in pair:
                question = _probe(classifier, tile, wanted).question
                wanted = question.subject
                yield _Told(side, question)

        self._start("question", work, self._asked, done=self._replay)

    def _pair(self) -> "list[tuple[Side, Classifier]]":
        return [(s, c) for s, c in zip(SIDES, (self.a, self.b), strict=True) if c is not None]

    def _asked(self, told: _Told) -> None:
        assert isinstance(told.what, Question)
        self.questions[told.side] = told.what
        self.questioned.emit(told.side, told.what)

    def _replay(self) -> None:
        """Show again what was finished earlier of this tile, as if it ended just now."""
        for side in SIDES:
            known = self.finished(side)
            if known is not None:
                self.examined.emit(side, known)
        self._compare()

    def finished(self, side: Side) -> Sensitivity | None:
        """The finished sweep of a side, of this tile."""
        return self._known.get(self._key(side)) if side in self.questions else None

    # -------------------------------------------------------------- runs
    @property
    def ready(self) -> bool:
        """Both have answered about the untouched tile, so that they can be swept."""
        return len(self.questions) == len(SIDES)

    @property
    def busy(self) -> bool:
        return "run" in self._jobs

    def run(self, preferences: Preferences) -> None:
        """Sweep A, then B, with one palette; what was finished with that palette stays."""
        tile, palette = self.tile, PALETTES[preferences.palette]
        if tile is None or not self.ready:
            return
        self.stop()
        missing = [(side, c) for side, c in self._pair() if not self._has(side, palette)]
        subject = self.questions["A"].subject
        if not missing:
            self._replay()
            return

        def work() -> Generator[_Told]:
            for side, classifier in missing:
                yield from _swept(side, _probe(classifier, tile, subject), palette)

        self._start("run", work, self._heard, done=self._ended)
        self.busy_changed.emit(True)

    def _has(self, side: Side, palette: Palette) -> bool:
        known = self.finished(side)
        return known is not None and np.array_equal(known.swept.palette, palette)

    def stop(self) -> None:
        """End the run now; a sweep that is complete stays."""
        if self.busy:
            self._forget("run")
            self.busy_changed.emit(False)

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self.stop()
        self._forget("question")

    def _heard(self, told: _Told) -> None:
        side, what = told.side, told.what
        match what:
            case Sensitivity():
                self._remember(side, what)
                self.examined.emit(side, what)
                return
            case Painted(done=done, total=total):
                self._tell_progress(side, done, total, previewing=True)
            case SweepBegan(total=total):
                self._tell_progress(side, 0, total, previewing=False)
        self.happened.emit(side, what)

    def _ended(self) -> None:
        self._compare()
        self.busy_changed.emit(False)

    def _compare(self) -> None:
        a, b = self.finished("A"), self.finished("B")
        if a is None or b is None or not np.array_equal(a.swept.palette, b.swept.palette):
            return
        self.compared_last = compare(a, b)
        self.compared.emit(self.compared_last)

    def _tell_progress(self, side: Side, done: int, total: int, *, previewing: bool) -> None:
        """Time left is told from the first query on: previews come before it."""
        now = time.monotonic()
        self._started = self._started if done else now
        spent = now - self._started
        left = spent * (total - done) / done if done and spent > 0.5 else None
        self.progressed.emit(side, Progress("sweep", done, total, left, previewing and not done))

    def _key(self, side: Side) -> "tuple[str, Card, str]":
        classifier = self.a if side == "A" else self.b
        assert self.tile is not None
        assert classifier is not None
        return self.tile.sha256, classifier.card, self.questions[side].subject

    def _remember(self, side: Side, found: Sensitivity) -> None:
        self._known[self._key(side)] = found
        self._known.move_to_end(self._key(side))
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    # -------------------------------------------------------------- jobs
    def _start(
        self, kind: str, work: Work, heard: Callable[[Any], None], done: Callable[[], None]
    ) -> None:
        self._forget(kind)
        job = self._jobs[kind] = Job(work)

        def current() -> bool:
            return self._jobs.get(kind) is job

        def finished() -> None:
            if current():
                del self._jobs[kind]
                done()

        job.happened.connect(lambda told: heard(told) if current() else None)
        job.failed.connect(lambda problem: self.failed.emit(problem) if current() else None)
        job.finished.connect(finished)
        self._lanes.add(job)

    def _forget(self, kind: str) -> None:
        job = self._jobs.pop(kind, None)
        if job is not None:
            job.stop()


def _refusal(a: "Classifier | None", b: "Classifier | None") -> Problem | None:
    if a is None or b is None:
        return None
    try:
        check_pair(a.card, b.card)
    except Problem as refused:
        return Problem(refused.what, refused.remedy)  # without frames that hold the classifiers
    return None


def _probe(classifier: "Classifier", tile: Tile, subject: str) -> Probe:
    return classifier.probe(tile, subject=subject)


def _swept(side: Side, probe: Probe, palette: Palette) -> Generator[_Told]:
    """A sweep of one side, and what follows from it once it is finished."""
    for event in sweep(probe, palette):
        yield _Told(side, event)
        if isinstance(event, Swept):
            yield _Told(side, sensitivity(event))

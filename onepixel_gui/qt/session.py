"""What is on the bench now. The one mutable object of the desktop; all it hands out is frozen."""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import QObject, Signal

from onepixel_gui.analysis.sensitivity import Sensitivity, examined
from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Perturbation,
    Pixel,
    Probe,
    Question,
    SweepBegan,
    Swept,
)
from onepixel_gui.attack.response import respond
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import PALETTES, sweep
from onepixel_gui.classifier.card import Card
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Job, Lanes, Work
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.view import Activity, Cursor, Findings, Progress
from onepixel_gui.tiles.entries import Entry
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_REMEMBERED = 200  # tiles whose results are kept at hand


@dataclass(frozen=True, slots=True)
class Loaded:
    """Something was read, asked or written."""

    droppable: ClassVar[bool] = False
    what: Any


class Session(QObject):
    """Tile, classifier, cursor and the run in progress.

    At most one search or sweep at a time; a glance (one pixel, one colour) has a lane and a probe
    of its own, so that it is answered while a run goes on, and so have errands: writing a file.
    Events of what was stopped or replaced are nobody's business any more and are dropped by
    identity.
    """

    tile_changed = Signal(object)  # Tile or None
    classifier_changed = Signal(object)  # Classifier or None
    question_changed = Signal(object)  # Question or None: this classifier looking at this tile
    happened = Signal(object)  # attack.Event
    examined = Signal(object)  # Sensitivity
    findings_changed = Signal(object)  # Findings
    progressed = Signal(object)  # Progress
    busy_changed = Signal(object)  # Activity or None
    cursor_changed = Signal(object)  # Cursor or None
    failed = Signal(object)  # Problem

    def __init__(
        self,
        lanes: Lanes,
        glances: Lanes,
        errands: Lanes,
        parent: QObject | None = None,
        *,
        readings: Detached | None = None,
    ) -> None:
        """readings: where tiles are read, which may hang on a stalled drive."""
        super().__init__(parent)
        self._lanes, self._glances, self._errands = lanes, glances, errands
        self._readings = readings or glances
        self.tile: Tile | None = None
        self.entry: Entry | None = None  # of the tile
        self.classifier: Classifier | None = None
        self.checkpoint: Path | None = None  # of the classifier
        self.subject = ""  # of many classes the one in question; "" for the one answered
        self.question: Question | None = None
        self._probe: Probe | None = None  # of the glances: their lane is one thread
        self.cursor: Cursor | None = None
        self.activity: Activity | None = None
        self.findings = Findings()
        self._known: OrderedDict[tuple[str, Card, str], Findings] = OrderedDict()
        self._jobs: dict[str, Job] = {}
        self._exports = 0
        self._started = 0.0

    # -------------------------------------------------------------- what lies on the bench
    def open_tile(self, entry: Entry) -> None:
        """Read a tile and put it on the bench; what cannot be read leaves the bench as it was."""

        def work() -> Generator[Loaded]:
            yield Loaded(entry.read())

        self._start("tile", work, lambda event: self.set_tile(event.what, entry), self._readings)

    def set_tile(self, tile: Tile | None, entry: Entry | None = None) -> None:
        """entry: what the tile was read from."""
        self.stop()
        self.tile, self.entry = tile, entry
        self.tile_changed.emit(tile)
        self.set_cursor(None)
        self._ask()

    def set_classifier(
        self, classifier: "Classifier | None", checkpoint: Path | None = None
    ) -> None:
        """checkpoint: the file it came from."""
        self.stop()
        self.classifier, self.checkpoint = classifier, checkpoint
        if classifier is None or self.subject not in classifier.card.classes:
            self.subject = ""
        self.classifier_changed.emit(classifier)
        self._ask()

    def doubt(self, classifier: "Classifier", doubt: str) -> None:
        """What was found to speak against a classifier after it was loaded; kept with results."""
        if classifier is self.classifier and doubt not in classifier.card.doubts:
            classifier.card = replace(classifier.card, doubts=(doubt, *classifier.card.doubts))
            self.findings_changed.emit(self.findings)

    def set_subject(self, subject: str) -> None:
        """Of three and more classes put this one in question; "" for the one answered."""
        if subject != self.subject:
            self.stop()
            self.subject = subject
            self._ask()

    def _ask(self) -> None:
        """What does this classifier say of this untouched tile?"""
        for kind in ("question", "renewal", "glance"):
            self._forget(kind)
        self._probe, self.question, self.findings = None, None, Findings()
        self.question_changed.emit(None)
        tile, classifier, subject = self.tile, self.classifier, self.subject
        if tile is None or classifier is None:
            return

        def work() -> Generator[Loaded]:
            yield Loaded(classifier.probe(tile, subject=subject))

        self._start("question", work, lambda event: self._asked(event.what), self._glances)

    def renew(self, quicker: object) -> None:
        """A new probe for glances, if it is the classifier in use that has become quicker."""
        tile, classifier, subject = self.tile, self.classifier, self.subject
        if tile is None or classifier is not quicker or classifier is None or not self.question:
            return

        def work() -> Generator[Loaded]:
            yield Loaded(classifier.probe(tile, subject=subject))

        self._start("renewal", work, lambda event: self._renewed(event.what), self._glances)

    def _renewed(self, probe: Probe) -> None:
        self._probe = probe

    def _asked(self, probe: Probe) -> None:
        self._probe, self.question = probe, probe.question
        self.question_changed.emit(probe.question)
        self.findings = self._known.get(self._key(), Findings())
        self._replay(self.findings)
        self.findings_changed.emit(self.findings)

    def _replay(self, known: Findings) -> None:
        """Show an earlier result again, as if it ended just now."""
        if known.painted is not None:
            self.happened.emit(known.painted)
        if known.sensitivity is not None:
            self.happened.emit(known.sensitivity.swept)
            self.examined.emit(known.sensitivity)
            self._point_at(_extreme(known.sensitivity.swept))
        if known.began is not None:
            self.happened.emit(known.began)
            last = known.ended or known.stopped
            if last is not None:
                self.happened.emit(last)
                self._point_at_first(last.best)

    def recall(self, findings: Findings) -> None:
        """Show results of this tile and classifier that were found elsewhere or earlier."""
        self._remember(findings)
        self._replay(findings)
        self.findings_changed.emit(findings)

    # -------------------------------------------------------------- runs
    def search(self, preferences: Preferences) -> None:
        """Look for the pixel that flips the answer of this tile, black-box."""
        self._run("search", lambda probe: search(probe, preferences.settings))

    def guide(self, preferences: Preferences) -> None:
        """Look for that pixel white-box: gradients of the network order the candidates."""
        self._run("guided", lambda probe: guided(probe, preferences.guidance))

    def sweep(self, preferences: Preferences) -> None:
        """Map the confidence at every position of this tile."""
        palette = PALETTES[preferences.palette]
        self._run("sweep", lambda probe: examined(sweep(probe, palette)))

    def stop(self) -> None:
        """End the run now; what it found stays."""
        if self.activity is None:
            return
        activity, found = self.activity, self.findings
        self._forget("run")
        if (found.sensitivity if activity == "sweep" else found.ended) is None:
            self._remember(replace(found, latest=activity))
        self._rest()

    def _run(self, activity: Activity, attack: Callable[[Probe], Generator[Any]]) -> None:
        tile, classifier, subject = self.tile, self.classifier, self.subject
        if tile is None or classifier is None or self.question is None:
            return
        self.stop()
        if activity == "sweep":
            self.findings = replace(self.findings, painted=None, sensitivity=None)
        else:
            self.findings = replace(self.findings, began=None, ended=None, stopped=None)
        self.activity, self._started = activity, time.monotonic()
        self.busy_changed.emit(activity)

        def work() -> Generator[Any]:
            return attack(classifier.probe(tile, subject=subject))

        self._start("run", work, self._heard, self._lanes, done=self._rest)

    def _rest(self) -> None:
        if self.activity is not None:
            self.activity = None
            self.busy_changed.emit(None)
            self.findings_changed.emit(self.findings)

    def _heard(self, event: Event | Sensitivity) -> None:
        match event:
            case Sensitivity():
                found = replace(self.findings, painted=None, sensitivity=event, latest="sweep")
                self._remember(found)
                self.examined.emit(event)
                self._point_at(_extreme(event.swept))
                return
            case Began():
                self.findings = replace(self.findings, began=event)
            case Advanced():
                self.findings = replace(self.findings, stopped=event)
                began = self.findings.began
                self._tell_progress(event.queries, began.budget if began else 0)
            case Ended():
                latest: Activity = "guided" if self.findings.guided else "search"
                self._remember(replace(self.findings, ended=event, stopped=None, latest=latest))
            case Painted():
                self.findings = replace(self.findings, painted=event)
                self._tell_progress(event.done, event.total)
            case SweepBegan(total=total):
                self._tell_progress(0, total, previewing=False)
        self.happened.emit(event)
        if isinstance(event, Ended):
            self._point_at_first(event.best)

    def _tell_progress(self, done: int, total: int, *, previewing: bool = True) -> None:
        """previewing: what `done` 0 means.  Time left is told from the first query on."""
        if self.activity is None:
            return
        now = time.monotonic()
        self._started = self._started if done else now
        spent = now - self._started
        left = spent * (total - done) / done if done and spent > 0.5 else None
        self.progressed.emit(Progress(self.activity, done, total, left, previewing and not done))

    def _key(self) -> tuple[str, Card, str]:
        """Of the tile, and of the classifier as it is asked: an edited card begins afresh."""
        assert self.tile is not None
        assert self.classifier is not None
        card = replace(self.classifier.card, name="", file="", doubts=())
        return self.tile.sha256, card, self.subject

    def _remember(self, findings: Findings) -> None:
        self.findings = findings
        self._known[self._key()] = findings
        self._known.move_to_end(self._key())
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    # -------------------------------------------------------------- the cursor and its glances
    def set_cursor(self, cursor: Cursor | None) -> None:
        """Hovering does not move a pinned cursor; a click or a wish for None does."""
        if cursor is not None:
            if self.tile is None or not self._inside(cursor):
                return
            if not cursor.pinned and self.cursor is not None and self.cursor.pinned:
                return
        if cursor != self.cursor:
            self.cursor = cursor
            self.cursor_changed.emit(cursor)

    def pin(self, cursor: Cursor) -> None:
        """Hold the cursor there, and glance at that position in the colour that moves it most."""
        self.set_cursor(replace(cursor, pinned=True))
        if self.cursor is not None and self.cursor.pinned:
            self.glance(Pixel(self.cursor.row, self.cursor.column, self._colour_at(self.cursor)))

    def _point_at(self, pixel: Pixel) -> None:
        self.set_cursor(Cursor(pixel.row, pixel.column, pinned=True))
        self.glance(pixel)

    def _point_at_first(self, found: Perturbation) -> None:
        if found:
            self._point_at(found[0])

    def _colour_at(self, cursor: Cursor) -> tuple[int, int, int]:
        """The sweep's extreme colour there, else the colour found elsewhere, else the tile's."""
        found, question = self.findings, self.question
        assert self.tile is not None
        rgb = self.tile.rgb[cursor.row, cursor.column]
        if found.sensitivity is not None and question is not None:
            condensed = found.sensitivity.map
            index = condensed.lowest_colour if question.downward else condensed.highest_colour
            row, column = cursor.row - question.window.row, cursor.column - question.window.column
            rgb = found.sensitivity.swept.palette[index[row, column]]
        elif (last := found.ended or found.stopped) is not None and last.best:
            return last.best[0].rgb
        red, green, blue = rgb.tolist()
        return red, green, blue

    def _inside(self, cursor: Cursor) -> bool:
        if self.question is not None:
            return self.question.window.holds(cursor.row, cursor.column)
        assert self.tile is not None
        height, width = self.tile.shape
        return 0 <= cursor.row < height and 0 <= cursor.column < width

    def glance(self, pixel: Pixel) -> None:
        """Ask what the classifier says with this pixel set; answered within a tenth of a second."""
        probe = self._probe
        if probe is not None:
            self._start("glance", lambda: respond(probe, pixel), self.happened.emit, self._glances)

    # -------------------------------------------------------------- jobs
    def export(self, work: Work, done: Callable[[Any], None]) -> None:
        """Write a result in the background; `done` hears what was written.

        Nothing replaces an export: each is written, or its failure told, even while closing.
        """
        self._exports += 1
        self._start(f"export {self._exports}", work, done, self._errands, promised=True)

    def close(self) -> None:
        """From now on nothing that is under way changes the bench; exports go on."""
        self.stop()
        self._probe = None
        for kind in [kind for kind, job in self._jobs.items() if not job.promised]:
            self._forget(kind)

    def _start(
        self,
        kind: str,
        work: Work,
        heard: Callable[[Any], None],
        lanes: Lanes | Detached,
        done: Callable[[], None] | None = None,
        promised: bool = False,
    ) -> None:
        self._forget(kind)
        job = self._jobs[kind] = Job(work, promised=promised)

        def current() -> bool:
            return self._jobs.get(kind) is job

        def finished() -> None:
            if current():
                del self._jobs[kind]
                if done is not None:
                    done()

        job.happened.connect(lambda event: heard(event) if current() else None)
        job.failed.connect(lambda problem: self.failed.emit(problem) if current() else None)
        job.finished.connect(finished)
        lanes.add(job)

    def _forget(self, kind: str) -> None:
        job = self._jobs.pop(kind, None)
        if job is not None:
            job.stop()


def _extreme(swept: Swept) -> Pixel:
    """The pixel that moves the confidence furthest towards a flip."""
    return swept.lowest if swept.question.downward else swept.highest

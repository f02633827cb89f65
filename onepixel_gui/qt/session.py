"""What is on the bench now. The one mutable object of the desktop; all it hands out is frozen."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import QObject, Signal

from onepixel_gui.analysis.sensitivity import Sensitivity, examined
from onepixel_gui.attack.attacks import carried_out
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
from onepixel_gui.classifier.card import Card
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Lanes, Precedence, Work
from onepixel_gui.qt.preferences import Preferences
from onepixel_gui.qt.runs import Known, Running, attack_wished
from onepixel_gui.qt.view import Activity, Cursor, Findings, Progress, extreme, telling_colour
from onepixel_gui.tiles.entries import Entry
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier


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
    ran = Signal(object)  # Run: it ended, or was stopped
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
        self._known = Known()
        self._agenda = Agenda(self.failed.emit)
        self._running: Running | None = None
        self._precedence = Precedence()  # of a glance over the run
        self._exports = 0
        self._started = 0.0

    # -------------------------------------------------------------- what lies on the bench
    def open_tile(self, entry: Entry) -> None:
        """Read a tile and put it on the bench; what cannot be read leaves the bench as it was."""

        def work() -> Generator[Loaded]:
            yield Loaded(entry.read())

        def heard(event: Loaded) -> None:
            self.set_tile(event.what, entry)

        self._agenda.begin("tile", work, heard, self._readings)

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
            self._agenda.end(kind)
        self._probe, self.question, self.findings = None, None, Findings()
        self.question_changed.emit(None)
        tile, classifier, subject = self.tile, self.classifier, self.subject
        if tile is None or classifier is None:
            return

        work = partial(_probed, tile, classifier, subject)
        self._agenda.begin("question", work, lambda event: self._asked(event.what), self._glances)

    def renew(self, quicker: object) -> None:
        """A new probe for glances, if it is the classifier in use that has become quicker."""
        tile, classifier, subject = self.tile, self.classifier, self.subject
        if tile is None or classifier is not quicker or classifier is None or not self.question:
            return
        work = partial(_probed, tile, classifier, subject)
        self._agenda.begin("renewal", work, lambda event: self._renewed(event.what), self._glances)

    def _renewed(self, probe: Probe) -> None:
        self._probe = probe

    def _asked(self, probe: Probe) -> None:
        self._probe, self.question = probe, probe.question
        self.question_changed.emit(probe.question)
        self.findings = self._known.of(*self._asked_about())
        self._replay(self.findings)
        self.findings_changed.emit(self.findings)

    def _replay(self, known: Findings) -> None:
        """Show an earlier result again, as if it ended just now."""
        if known.painted is not None:
            self.happened.emit(known.painted)
        if known.sensitivity is not None:
            self.happened.emit(known.sensitivity.swept)
            self.examined.emit(known.sensitivity)
            self._point_at(extreme(known.sensitivity.swept))
        if known.began is not None:
            self.happened.emit(known.began)
            last = known.ended or known.stopped
            if last is not None:
                self.happened.emit(last)
                self._point_at_first(last.best)

    def expect(self, findings: Findings) -> None:
        """What was found earlier of what lies on the bench; shown with the clean answer."""
        self._known.keep(*self._asked_about(), findings)

    def start_afresh(self) -> None:
        """End what goes on, and know nothing of any tile."""
        self.stop()
        self._known.forget()
        self._ask()

    def recall(self, findings: Findings) -> None:
        """Show results of this tile and classifier that were found elsewhere or earlier."""
        self._remember(findings)
        self._replay(findings)
        self.findings_changed.emit(findings)

    # -------------------------------------------------------------- runs
    def search(self, preferences: Preferences) -> None:
        """Look for the pixel that flips the answer of this tile, black-box."""
        self._run("search", preferences)

    def guide(self, preferences: Preferences) -> None:
        """Look for that pixel white-box: gradients of the network order the candidates."""
        self._run("guided", preferences)

    def sweep(self, preferences: Preferences) -> None:
        """Map the confidence at every position of this tile."""
        self._run("sweep", preferences)

    def stop(self) -> None:
        """End the run now; what it found stays."""
        if self.activity is None:
            return
        activity, found = self.activity, self.findings
        self._agenda.end("run")
        if (found.sensitivity if activity == "sweep" else found.ended) is None:
            self._remember(replace(found, latest=activity))
        self._tell_run(found.painted if activity == "sweep" else found.stopped)
        self._rest()

    def _run(self, activity: Activity, preferences: Preferences) -> None:
        tile, classifier, subject = self.tile, self.classifier, self.subject
        if tile is None or classifier is None or self.question is None:
            return
        self.stop()
        if activity == "sweep":
            self.findings = replace(self.findings, painted=None, sensitivity=None)
        else:
            self.findings = replace(self.findings, began=None, ended=None, stopped=None)
        attack = attack_wished(activity, preferences)
        running = self._running = Running(tile, classifier, subject, attack)
        self.activity, self._started = activity, time.monotonic()
        self.busy_changed.emit(activity)

        def work() -> Generator[Any]:
            events = running.watched(carried_out(classifier.probe(tile, subject=subject), attack))
            return self._precedence.second(examined(events) if activity == "sweep" else events)

        self._agenda.begin("run", work, self._heard, self._lanes, done=self._rest)

    def _tell_run(self, result: Ended | Swept | Advanced | Painted | None) -> None:
        """The run is over. result: None where nothing was found."""
        running, self._running = self._running, None
        run = None if running is None else running.over(result)
        if run is not None:
            self.ran.emit(run)

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
                self._point_at(extreme(event.swept))
                self._tell_run(event.swept)
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
            self._tell_run(event)

    def _tell_progress(self, done: int, total: int, *, previewing: bool = True) -> None:
        """previewing: what `done` 0 means.  Time left is told from the first query on."""
        if self.activity is None:
            return
        now = time.monotonic()
        self._started = self._started if done else now
        spent = now - self._started
        left = spent * (total - done) / done if done and spent > 0.5 else None
        self.progressed.emit(Progress(self.activity, done, total, left, previewing and not done))

    def _asked_about(self) -> tuple[Tile, Card, str]:
        assert self.tile is not None
        assert self.classifier is not None
        return self.tile, self.classifier.card, self.subject

    def _remember(self, findings: Findings) -> None:
        self.findings = findings
        self._known.keep(*self._asked_about(), findings)

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
        assert self.tile is not None
        return telling_colour(self.tile, self.question, self.findings, cursor)

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

            def work() -> Generator[Event]:
                return self._precedence.first(respond(probe, pixel))

            self._agenda.begin("glance", work, self.happened.emit, self._glances)

    # -------------------------------------------------------------- jobs
    def export(self, work: Work, done: Callable[[Any], None]) -> None:
        """Write a result in the background; `done` hears what was written.

        Nothing replaces an export: each is written, or its failure told, even while closing.
        """
        self._exports += 1
        purpose = f"export {self._exports}"
        self._agenda.begin(purpose, work, done, self._errands, promised=True)

    def close(self) -> None:
        """From now on nothing that is under way changes the bench; exports go on."""
        self.stop()
        self._probe = None
        self._agenda.end_all()


def _probed(tile: Tile, classifier: "Classifier", subject: str) -> Generator[Loaded]:
    yield Loaded(classifier.probe(tile, subject=subject))

"""Runs of the study, back on the bench: with their tile and classifier, and without asking anew."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QObject, Signal

from onepixel_gui.analysis.sensitivity import sensitivity
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Advanced, Began, Ended, Painted, Question, Swept
from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import Problem
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.preferences import Memory
from onepixel_gui.qt.runs import as_asked
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.study.replay import Story
from onepixel_gui.qt.study.stored_tile import StoredTile
from onepixel_gui.qt.view import Activity, Findings
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier


@dataclass(frozen=True, slots=True, eq=False)
class Recalled:
    """What is known of one tile under one classifier. run: number of the latest of them."""

    droppable: ClassVar[bool] = False
    findings: Findings
    story: Story | None
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A run on its way to the bench.

    path:   where its checkpoint lies, as far as anybody knows.
    tried:  it was opened with the card that the study has of it.
    """

    droppable: ClassVar[bool] = False
    number: int
    record: Record
    recalled: Recalled
    path: Path | None = None
    tried: bool = False


class Recall(QObject):
    """Looks into the study whenever a classifier looks at a tile, and when a run is wished for."""

    recalled = Signal(object)  # Recalled, or None: nothing is known of what lies on the bench
    tile_wished = Signal(object)  # StoredTile: to be put on the bench
    failed = Signal(object)  # Problem

    def __init__(self, commands: Commands, session: Session, memory: Memory, lanes: Lanes) -> None:
        """lanes: one job wide, for reading."""
        super().__init__(commands)
        self._commands, self._session, self._memory, self._lanes = commands, session, memory, lanes
        self._study: Study | None = None
        self._wanted: Wanted | None = None
        self._agenda = Agenda(self.failed.emit)
        session.tile_changed.connect(self._follow_tile)
        session.classifier_changed.connect(self._follow_classifier)
        session.question_changed.connect(self._look)

    def set_study(self, study: Study | None) -> None:
        """Another study: what it holds of the bench is shown where nothing else is known."""
        self._agenda.end_all()
        self._study, self._wanted = study, None
        self._look(self._session.question)

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self._agenda.end_all()
        self._study = None

    # -------------------------------------------------------------- what lies on the bench
    def _look(self, question: Question | None) -> None:
        self._agenda.end("looking")
        study, session = self._study, self._session
        tile, classifier = session.tile, session.classifier
        if question is None or study is None or tile is None or classifier is None:
            self.recalled.emit(None)
            return
        if self._wanted is not None and self._matches(self._wanted):
            self._show_wanted()
            return
        card, subject = classifier.card, question.subject
        work = partial(_looked, study, tile.sha256, card, subject)
        self._agenda.begin("looking", work, partial(self._found, question), self._lanes)

    def _found(self, question: Question, event: Recalled) -> None:
        session = self._session
        if session.question is not question:
            return
        self.recalled.emit(event)
        if session.activity is None and session.findings.latest is None:
            session.recall(event.findings)

    # -------------------------------------------------------------- what is wished for
    def fetch(self, run: int) -> None:
        """Put the tile of that run on the bench, with its classifier and what was found."""
        study = self._study
        if study is not None:
            self._agenda.begin("fetching", partial(_fetched, study, run), self._take, self._lanes)

    def _take(self, wanted: Wanted) -> None:
        card = wanted.record.card
        self._wanted = wanted = replace(wanted, path=self._path_of(card))
        if not self._serves(wanted) and wanted.path is None:
            self._tell_missing(card)
        elif not self._serves(wanted) and wanted.path is not None:
            self._commands.use_checkpoint(wanted.path)
        self._choose_subject(wanted)
        self.tile_wished.emit(StoredTile(wanted.record.tile))

    def _follow_tile(self, tile: Tile | None) -> None:
        """The reader went elsewhere: the run is wished for no longer."""
        wanted = self._wanted
        if wanted is not None and (tile is None or tile.sha256 != wanted.record.tile.sha256):
            self._wanted = None

    def _follow_classifier(self, classifier: "Classifier | None") -> None:
        checkpoint, wanted = self._session.checkpoint, self._wanted
        if classifier is not None and checkpoint is not None:
            self._memory.keep_checkpoint(classifier.card.sha256, checkpoint)
        if wanted is None or classifier is None:
            return
        if self._serves(wanted):
            self._choose_subject(wanted)
            return
        card = wanted.record.card
        if classifier.card.sha256 == card.sha256 and not wanted.tried:
            self._wanted = replace(wanted, tried=True)
            self._commands.arrivals.again(card)  # the same weights, asked as they were then

    def _choose_subject(self, wanted: Wanted) -> None:
        """Of many classes the one put in question then; a classifier that has it is in use."""
        question = wanted.record.question
        if self._serves(wanted):
            chosen = question.top and question.subject != question.answer
            self._session.set_subject(question.subject if chosen else "")

    def _show_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        assert wanted is not None
        self.recalled.emit(wanted.recalled)
        self._session.expect(wanted.recalled.findings)

    def _matches(self, wanted: Wanted) -> bool:
        """It is what the bench shows now."""
        tile, question = self._session.tile, self._session.question
        if tile is None or question is None or not self._serves(wanted):
            return False
        same = tile.sha256 == wanted.record.tile.sha256
        return same and question.subject == wanted.record.question.subject

    def _serves(self, wanted: Wanted) -> bool:
        """The classifier in use is that of the run."""
        classifier = self._session.classifier
        card = wanted.record.card
        return classifier is not None and as_asked(classifier.card) == as_asked(card)

    def _path_of(self, card: Card) -> Path | None:
        session = self._session
        if session.classifier is not None and session.classifier.card.sha256 == card.sha256:
            return session.checkpoint
        known = self._memory.checkpoints().get(card.sha256)
        if known is None:
            of_recent = (each.path for each in self._memory.recent() if each.sha256 == card.sha256)
            known = next(of_recent, None)
        return None if known is None else Path(known)

    def _tell_missing(self, card: Card) -> None:
        self.failed.emit(
            Problem(
                f"The classifier of this run, {card.name}, is not open, and nobody remembers where "
                "its checkpoint lies.",
                f"Drop the checkpoint whose SHA-256 begins with {card.sha256[:12]} on the window.",
            )
        )


# ------------------------------------------------------------------ the worker's side
def _looked(study: Study, sha256: str, card: Card, subject: str) -> Generator[Recalled]:
    """The latest search and the latest sweep of this tile by this classifier."""
    found: Recalled | None = None
    for number in reversed(study.runs_of(sha256)):
        record = study.run(number)
        if as_asked(record.card) != as_asked(card) or record.question.subject != subject:
            continue
        more = recalled(number, record)
        found = more if found is None else _both(found, more)
        if found.findings.began is not None and found.findings.sensitivity is not None:
            break
    if found is not None:
        yield found


def _fetched(study: Study, run: int) -> Generator[Wanted]:
    record = study.run(run)
    yield Wanted(run, record, recalled(run, record))


def recalled(number: int, record: Record) -> Recalled:
    """What the bench showed when that run had ended."""
    attack, result = record.attack, record.result
    if isinstance(result, Painted):
        return Recalled(Findings(painted=result, latest="sweep"), None, number)
    if isinstance(attack, Exhaustive) or isinstance(result, Swept):
        assert isinstance(result, Swept)
        return Recalled(Findings(sensitivity=sensitivity(result), latest="sweep"), None, number)
    began = Began(record.question, attack)
    ended = result if isinstance(result, Ended) else None
    stopped = result if isinstance(result, Advanced) else None
    latest: Activity = "guided" if attack.access == "white-box" else "search"
    findings = Findings(began=began, ended=ended, stopped=stopped, latest=latest)
    return Recalled(findings, Story(began, record.trail, ended), number)


def _both(later: Recalled, earlier: Recalled) -> Recalled:
    """A search beside a sweep; of two of a kind the later one, a whole sweep before a stopped."""
    ours, more = later.findings, earlier.findings
    if ours.began is None and more.began is not None:
        ours = replace(ours, began=more.began, ended=more.ended, stopped=more.stopped)
    if ours.sensitivity is None:
        ours = replace(ours, sensitivity=more.sensitivity, painted=ours.painted or more.painted)
    if ours.sensitivity is not None:
        ours = replace(ours, painted=None)
    return Recalled(ours, later.story or earlier.story, later.run)

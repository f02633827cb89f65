"""Where the study is opened, kept and left, and where its runs come back to the bench."""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import chain, count
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from onepixel_gui.problems import Problem
from onepixel_gui.qt.agenda import Agenda
from onepixel_gui.qt.commands import Commands
from onepixel_gui.qt.detached import Detached
from onepixel_gui.qt.jobs import Lanes
from onepixel_gui.qt.preferences import Memory, Opened
from onepixel_gui.qt.recent import RecentStudies, is_there
from onepixel_gui.qt.runs import Run
from onepixel_gui.qt.session import Session
from onepixel_gui.qt.study import errands
from onepixel_gui.qt.study.errands import Arrived, Glanced, Offer
from onepixel_gui.qt.study.recall import Recall, Recalled
from onepixel_gui.qt.study.recorder import Outcome, Recorder
from onepixel_gui.qt.study.replay import Replay, Story
from onepixel_gui.study.store import SUFFIX, Study, StudyHeld

_CLOSING = 5000  # ms that closing waits for a study to be left tidy
_log = logging.getLogger(__name__)


class StudyDesk(QObject):
    """At most one study is open. Whoever reads it asks `study` anew after each `changed`.

    All that is done on the bench is recorded in it, without being asked to.  A window begins with a
    study of its own, which needs no name before the reader gives it one.
    """

    changed = Signal(object)  # Study or None: another one from now on
    recorded = Signal(int)  # number of a run by hand that is in the study now
    state_changed = Signal()  # its name, its runs, or what cannot be written
    offered = Signal(object)  # Offer, or None: no longer
    noted = Signal(str)  # a short word of success
    failed = Signal(object)  # Problem

    def __init__(
        self,
        commands: Commands,
        session: Session,
        memory: Memory,
        lanes: tuple[Lanes, Lanes],
        openings: Detached,
    ) -> None:
        """lanes: one job wide each, for what is written, in order, and for what is read.

        openings: where studies are opened, which may hang on a stalled drive.
        """
        super().__init__(commands)
        self._commands, self._session, self._memory = commands, session, memory
        self._writing, self._openings = lanes[0], openings
        self._folder = Path(os.path.realpath(memory.folder))
        self._study: Study | None = None
        self._opening = 0  # the wish that counts
        self._begun = False  # before that nothing is recorded
        self._fresh = True  # nothing was shown of an earlier study
        self._warned, self.moved = False, False  # moved: all of the one before is in this one
        self.engaged: Callable[[], bool] = lambda: False  # a campaign writes to it
        self.runs, self.bench_run = 0, -1  # in the study; number of the one on the bench
        self.recents = RecentStudies(memory, openings, self)
        self.recorder = Recorder(lanes[0], self)
        self.recall = Recall(commands, session, memory, lanes[1])
        self.replay = Replay(self)
        self._agenda = Agenda(self.failed.emit)
        self._wire()

    def _wire(self) -> None:
        self._session.ran.connect(self._record)
        self._session.busy_changed.connect(self._quieten)
        self.recorder.recorded.connect(self._note_recorded)
        self.recorder.waiting_changed.connect(lambda _: self.state_changed.emit())
        self.recorder.failed.connect(self.failed)
        self.recall.failed.connect(self.failed)
        self.recall.recalled.connect(self._note_recalled)
        self.recents.healed.connect(lambda found: self.noted.emit(f"Found {found.name} again"))

    # -------------------------------------------------------------- what is open
    @property
    def study(self) -> Study | None:
        """The open one; None until it is open, and where none could be."""
        return self._study

    @property
    def path(self) -> Path | None:
        return None if self._study is None else self._study.path

    @property
    def untitled(self) -> bool:
        """It lies where no reader put it, until it is kept elsewhere."""
        return self._study is not None and self._own(self._study.path)

    @property
    def writable(self) -> bool:
        return self._study is not None and self._study.writable

    def _own(self, path: Path) -> bool:
        return path.parent == self._folder

    # -------------------------------------------------------------- opening
    def begin(self, path: Path | None = None) -> None:
        """With this study, or else with a new one; the last one is offered."""
        self._begun = True
        left = self._memory.left_open()
        if path is not None:
            self.open(path)
            return
        self.open_untitled()
        if self.recents.entries or left:
            last = Path(left or self.recents.entries[0].path)
            work = partial(errands.glanced, last)
            self._agenda.begin(
                "offer",
                work,
                partial(self._offer_last, abandoned=bool(left)),
                self._openings,
                failed=lambda problem: _log.info("nothing to offer: %s", problem.what),
            )

    def open_untitled(self) -> None:
        """A new one that needs no name."""
        stem = f"Untitled {datetime.now().astimezone():%Y-%m-%d %H.%M.%S}"
        names = chain([stem], (f"{stem} {number}" for number in count(2)))
        paths = (self._folder / f"{name}{SUFFIX}" for name in names)
        # A window that is closed and opened again within a second must not continue unasked.
        self.open(next(path for path in paths if not is_there(path)), make=True)

    def open(self, path: Path, *, make: bool = False, reading: bool = False) -> None:
        """In the background; the one before stays open until then. make: where there is none."""
        self._begun = True
        if self._refuse_while_engaged() or self._is_open(path, reading=reading):
            return
        self._opening += 1
        work = partial(errands.opened, path, make=make, reading=reading)
        heard = partial(self._hear_opened, self._opening)
        failed = partial(self._refused, path)
        # None takes the place of an earlier one: what has been opened has to be closed again.
        purpose = f"opening {self._opening}"
        self._agenda.begin(purpose, work, heard, self._openings, failed=failed)
        self.offered.emit(None)

    def _hear_opened(self, opening: int, event: Arrived) -> None:
        if opening == self._opening:
            self._take(event)
        else:  # another one was wished for meanwhile
            self._leave(event.study)

    def open_recent(self, known: Opened) -> None:
        self.open(Path(known.path))

    def locate(self, lost: Opened, path: Path) -> None:
        """The reader says that this is the lost one."""
        self.recents.seek(lost, path)
        self.open(path)

    def keep_as(self, path: Path) -> None:
        """A copy there, in which the work goes on."""
        study = self._study
        if study is None or self._refuse_while_engaged() or path == study.path:
            return
        work = partial(errands.copied, study, path)
        self._agenda.begin("keeping", work, self._take_copy, self._writing, promised=True)

    def _is_open(self, path: Path, *, reading: bool) -> bool:
        study = self._study
        return study is not None and study.path == path and (study.writable or reading)

    def _refuse_while_engaged(self) -> bool:
        if not self.engaged():
            return False
        what = "A campaign is running, and it writes to the study that is open."
        self.failed.emit(Problem(what, "Stop it first; it can be continued later."))
        return True

    def _refused(self, path: Path, problem: Problem) -> None:
        if isinstance(problem, StudyHeld):
            self.offered.emit(Offer(problem.what, "Open for reading", path, reading=True))
        else:
            self.failed.emit(problem)
        if self._study is None and not self._own(path):
            self.open_untitled()

    def _take_copy(self, event: Arrived) -> None:
        self._fresh = True  # what the bench shows is in the copy too
        self._take(event, moved=True)
        self.noted.emit(f"Kept as {event.study.path.name}; the work goes on there")

    def _take(self, event: Arrived, *, moved: bool = False) -> None:
        """moved: all of the one before is in this one."""
        before, study, self.moved = self._study, event.study, moved
        if not self._fresh:
            self._session.start_afresh()
        self._study, self.runs, self._fresh, self._warned = study, event.runs, False, False
        self._memory.keep_open(str(study.path) if study.writable else "")
        if before is not None:
            self._leave(before, spare=not moved)
        if event.runs or not self._own(study.path):
            self._note_recent()
        self.recorder.set_study(study)
        self.recall.set_study(study)
        self.changed.emit(study)
        self.state_changed.emit()
        if study.notes:
            self.failed.emit(Problem(study.notes[0], "Read it, or keep it as a study of its own."))

    def _leave(self, study: Study, *, spare: bool = True) -> None:
        """Close it behind what is still being written. spare: not even an own one goes."""
        own = self._own(study.path)
        work = partial(errands.left, study, remove_empty=own, remove=own and not spare)
        self._agenda.begin(
            f"leaving {study.path}",
            work,
            lambda _event: self.recents.drop(study.path),
            self._writing,
            promised=True,
        )

    def _offer_last(self, event: Glanced, *, abandoned: bool) -> None:
        if event.held or not event.runs or self.runs or event.path == self.path:
            return
        what = f"The last study, {event.path.stem}, holds {errands.counted(event.runs)}."
        if abandoned:
            what = f"{what} The window was ended while it was open; nothing recorded was lost."
        self.offered.emit(Offer(what, "Continue it", event.path))

    # -------------------------------------------------------------- recording
    def _record(self, run: Run) -> None:
        self._note_story(run)
        if not self._begun or (self._study is not None and not self._study.writable):
            return
        sweep = run.attack.strategy == "sweep"
        self.recorder.add(Outcome(run, self._commands.command_line(sweep=sweep)))

    def _note_recorded(self, number: int, run: Run) -> None:
        session = self._session
        if run.tile is session.tile and run.classifier is session.classifier:
            self.bench_run = number
        if self.runs == 0:
            self.offered.emit(None)
        self.add_runs(1)
        self.recorded.emit(number)

    def add_runs(self, count: int) -> None:
        """So many more are in the study."""
        first, self.runs = self.runs == 0, self.runs + count
        if first:
            self._note_recent()
        self.state_changed.emit()

    def _note_recent(self) -> None:
        if self._study is not None:
            self.recents.note(self._study.path, errands.counted(self.runs))

    def note(self, words: str, run: int = -1) -> None:
        """Keep a remark, of a run or of the whole study."""
        study = self._study
        if study is None or not study.writable or not words.strip():
            return
        work = partial(errands.noted, study, words.strip(), run)
        told = "Noted" if run < 0 else f"Noted with run {run}"
        self._agenda.begin("note", work, lambda _: self.noted.emit(told), self._writing)

    def read_remarks(self, run: int, heard: Callable[[tuple[str, ...]], None]) -> None:
        """What was remarked of a run, or of the whole study, before."""
        study = self._study
        if study is not None:
            work = partial(errands.remarks, study, run)
            self._agenda.begin("remarks", work, lambda event: heard(event.words), self._writing)

    # -------------------------------------------------------------- back on the bench
    def put_on_bench(self, run: int) -> None:
        """The tile of that run as the study keeps it, its classifier, and what was found."""
        self.recall.fetch(run)

    def _note_recalled(self, recalled: Recalled | None) -> None:
        self.bench_run = -1 if recalled is None else recalled.run
        self.replay.set_story(None if recalled is None else recalled.story)
        self.state_changed.emit()

    def _note_story(self, run: Run) -> None:
        began = self._session.findings.began
        if began is not None and run.trail:
            ended = self._session.findings.ended
            self.replay.set_story(Story(began, run.trail, ended))
            self.state_changed.emit()

    def _quieten(self, activity: object) -> None:
        if activity is not None:
            self.replay.stop()

    # -------------------------------------------------------------- the end
    def may_close(self) -> bool:
        """False, once, where runs could not be written: the reader is told, and may close again."""
        waiting = self.recorder.waiting
        stuck = self.recorder.failing or (waiting > 0 and self._study is None)
        if not waiting or not stuck or self._warned:
            return True
        self._warned = True
        self.failed.emit(
            Problem(
                f"{errands.counted(waiting).capitalize()} could not be written yet.",
                "Free some space, or begin a new study on another disk; close again to give up.",
            )
        )
        return False

    def close(self) -> None:
        """Write what waits, and close the study; nobody else may still write to it."""
        self._agenda.end_all()
        self.replay.set_story(None)
        for part in (self.recall, self.recents, self.recorder):
            part.close()
        study, self._study = self._study, None
        if study is not None:
            if self.runs:
                self.recents.note(study.path, errands.counted(self.runs))
            self._leave(study)
        tidy = self._writing.close(_CLOSING)
        try:
            rescued = self.recorder.rescue(self._folder)
            if rescued is not None:
                self.recents.note(rescued, "rescued")
        except Problem as lost:
            _log.error("runs were lost: %s %s", lost.what, lost.detail)
        if tidy:
            self._memory.keep_open("")

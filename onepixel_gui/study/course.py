"""One session of a campaign: gives orders, takes replies, writes what is done."""

import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from onepixel_gui.attack.attacks import seeded, tile_seed
from onepixel_gui.attack.probe import Ended, Swept
from onepixel_gui.problems import Problem, Unexpected, UnusableDataset
from onepixel_gui.study.ahead import Ahead
from onepixel_gui.study.counting import Ran, RunningCount
from onepixel_gui.study.crew import Crew, WorkersFail
from onepixel_gui.study.flips import part_titles
from onepixel_gui.study.orders import Job, Model, Reply, Trouble
from onepixel_gui.study.plan import (
    CampaignBegan,
    CampaignEnded,
    CampaignEvent,
    Plan,
    RunKept,
    TileRefused,
)
from onepixel_gui.study.record import Record
from onepixel_gui.study.store import Study, UnusableStudy
from onepixel_gui.study.witness import Witness
from onepixel_gui.tiles.datasets.dataset import Dataset
from onepixel_gui.tiles.tile import Tile

_BREATH = 0.15  # seconds between two events at most, about
_SOON = 0.01  # seconds between two looks for tiles while somebody has nothing to do
_LATE = 0.2  # seconds that a run may wait to be written
_BATCH = 32  # runs that are written together at most
_LOSSES = 3  # workers lost one after the other until it is no fault of the tiles

Part = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Begun:
    """A campaign of the study. names: of its tasks.  places: of their tiles in the list.

    note: what there is to say of it, one sentence, or "".
    """

    number: int
    names: tuple[str, ...]
    places: tuple[int | None, ...]
    note: str = ""


@dataclass(slots=True)
class _Open:
    """A task under way with one model. left: parts that were not answered yet.

    unusable: how many of them cannot be had, and why.
    """

    left: set[Part] = field(default_factory=set)
    unusable: int = 0
    why: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Refused:
    """A tile that no model can use (-1), or one of them. runs: that are not done for that."""

    task: int
    model: int
    why: Problem
    runs: int


class Course:
    """One session of a campaign: gives orders, takes replies, writes what is done."""

    def __init__(self, study: Study, plan: Plan, dataset: Dataset, begun: Begun) -> None:
        self._study, self._plan, self._dataset, self._begun = study, plan, dataset, begun
        done = study.finished(begun.number)
        self._missing = {
            task: missing
            for task in range(len(begun.names))
            if (missing := [part for part in plan.parts if (task, *part) not in done])
        }
        total = len(begun.names) * len(plan.parts)
        left = sum(map(len, self._missing.values()))
        kept = next(each for each in study.campaigns() if each.number == begun.number)
        before, titles = study.ran(begun.number), part_titles(kept.plan)
        self.count = RunningCount(total, total - left, kept.refused, before, titles)
        self._open: dict[tuple[int, int], _Open] = {}  # by task and model
        self._jobs: deque[Job] = deque()
        self._witness = Witness()
        self._fresh: list[tuple[Record, int, Part, bool]] = []
        self._refused: deque[_Refused] = deque()
        self._noted: set[str] | None = None  # remarks of the study, once they are asked for
        self._unusable: set[int] = {task for task, *_ in study.refusals(begun.number)}
        self._lost: list[tuple[Job, Trouble]] = []
        self._in_flight = 0
        self._written = time.monotonic()

    @property
    def over(self) -> bool:
        return self.count.done >= self.count.total

    def began(self, workers: int, way: str) -> CampaignBegan:
        count = self.count
        return CampaignBegan(
            self._begun.number,
            count.total,
            count.done,
            count.flipped,
            count.refused,
            workers,
            f"{way} {self._begun.note}".rstrip(),
        )

    def ended(self) -> CampaignEnded:
        count = self.count
        return CampaignEnded(
            self._begun.number,
            count.done,
            count.flipped,
            count.refused,
            count.queries,
            count.seconds,
            count.again,
        )

    def run(self, crew: Crew, models: Sequence[Model]) -> Generator[CampaignEvent]:
        wanted = [(task, self._begun.places[task]) for task in self._missing]
        ahead = Ahead(self._dataset.entries, wanted, (crew.abreast + 1) * crew.size + 2)
        self.count.begin()
        told = 0.0
        try:
            while not self.over:
                idle = self._feed(crew, ahead, models)
                for order, reply in crew.replies(_SOON if idle else _BREATH):
                    assert isinstance(order, Job)
                    self._hear(order, reply)
                if not self._in_flight and not self._jobs and not ahead.left:
                    self._settle_lost()
                yield from self._kept()
                if time.monotonic() - told >= _BREATH:
                    doing = "Attacking" if self._in_flight else "Reading tiles"
                    yield self.count.advance(doing, tuple({task for task, _ in self._open}))
                    told = time.monotonic()
        except UnusableStudy:
            raise
        except (GeneratorExit, KeyboardInterrupt, Problem):
            self._write()  # what is done need not be done again
            raise
        finally:
            ahead.close()

    # -------------------------------------------------------------- orders
    def _feed(self, crew: Crew, ahead: Ahead, models: Sequence[Model]) -> bool:
        """Give what there is room for; whether somebody waits for a tile."""
        while crew.room(last=ahead.left == 0 and len(self._jobs) < crew.size * crew.abreast):
            if not self._jobs:
                told = ahead.next()
                if told is None:
                    return ahead.left > 0
                self._take(*told, models)
                continue
            job = self._jobs.popleft()
            self._in_flight += 1
            crew.give(job)
        return False

    def _take(self, task: int, read: Tile | Problem, models: Sequence[Model]) -> None:
        """A tile was read, or not."""
        for part in self._missing[task]:
            self._open.setdefault((task, part[0]), _Open()).left.add(part)
        if isinstance(read, Unexpected):
            raise read
        if isinstance(read, Problem):
            self._expect_dataset()
            for model in {part[0] for part in self._missing[task]}:
                del self._open[task, model]
            self._refused.append(_Refused(task, -1, read, len(self._missing[task])))
            return
        for part in self._missing[task]:
            job = self._job(task, part, read, models)
            match self._witness.ask(job):
                case None:
                    self._jobs.append(job)
                case int() as run:
                    self._fresh.append((self._study.run(run), task, part, True))
                case Problem() as why:
                    self._answered(task, part, why)
                case _:
                    pass  # it is under way for another tile

    def _job(self, task: int, part: Part, tile: Tile, models: Sequence[Model]) -> Job:
        model, attack, seed = part
        asked, drawn = self._plan.attacks[attack], self._plan.seeds[seed]
        own = seeded(asked, tile_seed(drawn, tile.sha256, asked))
        return Job(
            task,
            part,
            tile,
            models[model],
            own,
            drawn,
            self._plan.subject,
            self._plan.aftermath,
            models[model].company_for(asked).tiles,
        )

    def _expect_dataset(self) -> None:
        """Raises UnusableDataset: a drive that is gone is no fault of a tile."""
        if not self._dataset.root.exists():
            raise UnusableDataset(
                "The data set cannot be reached any more.",
                "Connect its drive again, then continue the campaign.",
            )

    # -------------------------------------------------------------- replies
    def _hear(self, job: Job, reply: Reply) -> None:
        self._in_flight -= 1
        match reply:
            case Record():
                self._settle_lost()
                for task in self._witness.answered(job):
                    again = task != job.task
                    self._fresh.append((reply, task, job.part, again))
            case Trouble(lost=True):
                self._lost.append((job, reply))
                if len(self._lost) >= _LOSSES:
                    raise WorkersFail(
                        "Worker processes end one after the other.",
                        "Choose fewer workers or close other programs, then continue.",
                        detail=reply.detail,
                    )
            case Trouble(ends=True):
                raise reply.problem
            case Trouble():
                self._refuse(job, reply.problem)
            case _:
                raise TypeError(f"no reply to a job: {reply!r}")

    def _settle_lost(self) -> None:
        """Others live: it was the tile's fault."""
        lost, self._lost = self._lost, []
        for job, trouble in lost:
            self._refuse(job, trouble.problem)

    def _refuse(self, job: Job, why: Problem) -> None:
        for task in self._witness.refused(job, why):
            self._answered(task, job.part, why)

    def _answered(self, task: int, part: Part, why: Problem | None = None) -> None:
        """One part of a task is through: kept, or the reason why it cannot be.

        A tile is refused to a model when nothing of both is under way any more: what was kept of
        it does not depend on which worker was first.
        """
        opened = self._open[task, part[0]]
        opened.left.discard(part)
        if why is not None:
            opened.why, opened.unusable = opened.why or why, opened.unusable + 1
        if opened.left:
            return
        del self._open[task, part[0]]
        if opened.why is not None:
            self._refused.append(_Refused(task, part[0], opened.why, opened.unusable))

    # -------------------------------------------------------------- writing
    def _kept(self) -> Generator[CampaignEvent]:
        """Write what is due, and tell it."""
        due = time.monotonic() - self._written >= _LATE or not self._in_flight
        if len(self._fresh) >= _BATCH or due:
            yield from self._written_down()
        while self._refused:
            refused = self._refused.popleft()
            task, why = refused.task, refused.why
            self._study.refuse(self._begun.number, task, why, refused.model)
            first = task not in self._unusable
            self._unusable.add(task)
            self.count.refuse(refused.runs, tiles=int(first))
            if first:
                yield TileRefused(task, self._begun.names[task], why)

    def _write(self) -> list[int]:
        """Everything that is done; the numbers of the runs."""
        number = self._begun.number
        runs = self._study.add_all(
            [(record, number, task, part) for record, task, part, _ in self._fresh]
        )
        self._written = time.monotonic()
        return runs

    def _written_down(self) -> Generator[RunKept]:
        runs = self._write()
        fresh, self._fresh = self._fresh, []
        told = []
        for run, (record, task, part, again) in zip(runs, fresh, strict=True):
            self._witness.kept(record.tile.sha256, part, run)
            if again:
                self.count.stand_in()
                self._note_labels(run, record, task)
            else:
                ran = Ran(part[0], part[1], record.tile.sha256, record.flipped)
                self.count.run(record.result.queries, ran)
            self._answered(task, part)
            told.append(self._told(run, record, task, part, again))
        yield from told

    def _note_labels(self, run: int, record: Record, task: int) -> None:
        """A run counts under one label: whoever gave its pixels two of them is to know which."""
        place, known = self._begun.places[task], record.tile.label
        label = None if place is None else self._dataset.entries[place].label
        if label == known or label is None or known is None:
            return
        words = (
            f"{self._begun.names[task]} has the same pixels as {record.tile.name}, but is labelled "
            f"{label}: the run of both counts under {known}."
        )
        if self._noted is None:
            self._noted = {each.words for each in self._study.remarks()}
        if words not in self._noted:
            self._noted.add(words)
            self._study.note(words, run)

    def _told(self, run: int, record: Record, task: int, part: Part, again: bool) -> RunKept:
        place = self._begun.places[task]
        entry = None if place is None else self._dataset.entries[place]
        result = record.result
        return RunKept(
            run,
            task,
            self._begun.names[task],
            record.tile.label if entry is None else entry.label,
            record.tile.case if entry is None else entry.case,
            *part,
            record.question.answer,
            answer_after(record),
            record.flipped,
            record.question.clean,
            record.confidence,
            result.queries,
            result.seconds if isinstance(result, Ended | Swept) else 0.0,
            again,
        )


def answer_after(record: Record) -> str:
    """The answer with the best perturbation."""
    if isinstance(record.result, Ended):
        return record.result.answer
    question = record.question
    positive = record.confidence >= question.threshold
    return question.goal if positive != question.downward else question.answer

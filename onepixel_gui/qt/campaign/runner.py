"""A campaign or a dry run on its way: begun, held, ended, always on a lane of its own."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from threading import Event as Gate
from typing import Any, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal

from onepixel_gui.qt.campaign.ledger import Ledger
from onepixel_gui.qt.campaign.reading import Read, reading
from onepixel_gui.qt.campaign.view import Draft, Estimated, Phase, Standing
from onepixel_gui.qt.jobs import Job, Lanes
from onepixel_gui.study.plan import (
    Advance,
    CampaignBegan,
    CampaignEnded,
    CampaignEvent,
    Estimate,
    Plan,
    RunKept,
    TileRefused,
)
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets import Dataset, Looked

_NEWS = 250  # ms between two looks at the table and the map
_HELD = 0.1  # seconds between two words while it is held


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be done. plan, dataset: where known; else `found` makes them, on the lane.

    number: of a campaign to continue, None for what the plan says.
    """

    found: Callable[[], Generator[Looked, None, tuple[Plan, Dataset]]]
    workers: int | None = None
    scheduler: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """It has begun, and this is what was done of it before."""

    droppable: ClassVar[bool] = False
    began: CampaignBegan
    read: Read


@dataclass(frozen=True, slots=True)
class Told:
    """How far it is: not to be dropped, although a run was told a moment before."""

    droppable: ClassVar[bool] = False
    advance: Advance


@dataclass(frozen=True, slots=True)
class Held:
    """The reader paused it."""

    droppable: ClassVar[bool] = True


Carrying = Callable[..., Generator[CampaignEvent]]
Estimating = Callable[..., Generator[Advance, None, Estimate]]


@dataclass(frozen=True, slots=True)
class Engine:
    """Who does it; tests put stand-ins in."""

    campaign: Carrying
    estimated: Estimating


def engine() -> Engine:
    from onepixel_gui.study.campaign import campaign, estimated  # with torch behind it

    return Engine(campaign, estimated)


class Runner(QObject):
    """At most one campaign or dry run at a time; what was stopped is told no more.

    News of runs are collected and told at most four times a second: a table lays itself out anew
    at each of them.
    """

    standing_changed = Signal(object)  # Standing
    opened = Signal(object)  # Read: the campaign that goes on now, and the others
    ledger_changed = Signal(object)  # Ledger: another campaign's
    joined = Signal(object)  # tuple of RunKept and TileRefused, in the ledger now
    estimated = Signal(object)  # Estimated
    over = Signal(int)  # number of a campaign that ended, was stopped, or failed; -1 unknown
    failed = Signal(object)  # Problem

    def __init__(
        self,
        lanes: Lanes,
        parent: QObject | None = None,
        *,
        make: Callable[[], Engine] = engine,
    ) -> None:
        super().__init__(parent)
        self._lanes, self._make = lanes, make
        self.standing, self.ledger = Standing(), Ledger()
        self._job: Job | None = None
        self._gate = Gate()
        self._before, self._dry = Standing(), False
        self._news: list[RunKept | TileRefused] = []
        self._timer = QTimer(self, interval=_NEWS)
        self._timer.timeout.connect(self.tell_news)

    @property
    def busy(self) -> bool:
        return self.standing.phase != "idle"

    # ------------------------------------------------------------------ beginning, ending
    def estimate(self, errand: Errand, draft: Draft) -> None:
        """A dry run."""
        if not self.busy:
            self._start("estimating", partial(_estimating, self._make, errand, draft), Gate())

    def carry_out(self, study: Study, errand: Errand) -> None:
        """Begin a campaign, or go on with one."""
        if not self.busy:
            gate = Gate()
            gate.set()
            self._start("running", partial(_carrying, self._make, study, errand, gate), gate)
            self._timer.start()

    def _start(self, phase: Phase, work: Callable[[], Generator[Any]], gate: Gate) -> None:
        self._dry = phase == "estimating"
        self._gate, self._news, self._before = gate, [], self.standing
        job = self._job = Job(work)
        job.happened.connect(lambda event: self._hear(event) if job is self._job else None)
        job.failed.connect(lambda why: self.failed.emit(why) if job is self._job else None)
        job.finished.connect(lambda: self._end() if job is self._job else None)
        self._stand(Standing(phase, "Beginning"))
        self._lanes.add(job)

    def pause(self) -> None:
        """Ask for no more; the workers finish what they have."""
        if self.standing.phase == "running":
            self._gate.clear()
            self._stand(replace(self.standing, phase="paused"))

    def go_on(self) -> None:
        if self.standing.phase == "paused":
            self._gate.set()
            self._stand(replace(self.standing, phase="running"))

    def stop(self) -> None:
        """End it for now. It is over when the workers are gone, within seconds."""
        if self._job is not None and self.standing.phase != "stopping":
            self._job.stop()
            self._gate.set()
            self._stand(replace(self.standing, phase="stopping"))

    def look_at(self, ledger: Ledger, standing: Standing) -> None:
        """A campaign of the study, as far as it came."""
        if not self.busy:
            self.ledger = ledger
            self._stand(standing)
            self.ledger_changed.emit(ledger)

    def close(self) -> None:
        """From now on nothing is told."""
        job, self._job = self._job, None
        self._timer.stop()
        if job is not None:
            job.stop()
            self._gate.set()

    # ------------------------------------------------------------------ hearing
    def _hear(self, event: Any) -> None:
        match event:
            case Opened(began=began, read=read):
                self.ledger = read.ledger
                self._stand(replace(self.standing, began=began, doing=""))
                self.opened.emit(read)
                self.ledger_changed.emit(read.ledger)
            case RunKept() | TileRefused():
                self._news.append(event)
            case Told(advance=advance):
                self._stand(replace(self.standing, advance=advance, doing=""))
            case Looked(seen=seen, where=where):
                self._stand(replace(self.standing, doing=f"{seen:,} files · {where}"))
            case Estimated():
                self.estimated.emit(event)
            case CampaignEnded():
                self._stand(replace(self.standing, ended=event))
            case _:
                pass

    def tell_news(self) -> None:
        """What has come since."""
        if self._news:
            news, self._news = tuple(self._news), []
            self.ledger.add(news)
            self.joined.emit(news)

    def _end(self) -> None:
        self._job = None
        self._timer.stop()
        self.tell_news()
        if self._dry:  # what is known of a campaign stays
            self._stand(self._before)
            return
        number = -1 if self.standing.began is None else self.standing.began.number
        self._stand(replace(self.standing, phase="idle", doing=""))
        self.over.emit(number)

    def _stand(self, standing: Standing) -> None:
        self.standing = standing
        self.standing_changed.emit(standing)


# ------------------------------------------------------------------ on the lane
def _estimating(
    make: Callable[[], Engine], errand: Errand, draft: Draft
) -> Generator[Looked | Told | Estimated]:
    plan, dataset = yield from errand.found()
    steps = make().estimated(plan, dataset, errand.workers)
    try:
        while True:
            yield Told(next(steps))
    except StopIteration as end:
        yield Estimated(end.value, draft)
    finally:
        steps.close()


def _carrying(
    make: Callable[[], Engine], study: Study, errand: Errand, gate: Gate
) -> Generator[Looked | CampaignEvent | Opened | Told | Held]:
    plan, dataset = yield from errand.found()
    events = make().campaign(
        study,
        plan,
        dataset,
        number=errand.number,
        workers=errand.workers,
        scheduler=errand.scheduler,
    )
    try:
        for event in events:
            match event:
                case CampaignBegan(number=number):
                    for read in reading(study, number):
                        yield Opened(event, read)
                case Advance():
                    yield Told(event)
                case _:
                    yield event
            while not gate.is_set():
                gate.wait(_HELD)
                yield Held()
    finally:
        events.close()

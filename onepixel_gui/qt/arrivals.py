"""A checkpoint on its way to the bench: looked at, loaded, and only then taken or sent away."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar, assert_never

from PySide6.QtCore import QObject, Signal

from onepixel_gui.problems import DeviceFull, Problem
from onepixel_gui.qt.jobs import Job, Lanes, Work
from onepixel_gui.qt.view import Arrival

if TYPE_CHECKING:
    from onepixel_gui.classifier.card import Card, Inspection
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.opening import Step

Place = Literal["first", "second"]

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Stepped:
    """droppable: it only counts on what the step before said."""

    step: "Step"
    droppable: bool


@dataclass(frozen=True, slots=True)
class Inspected:
    droppable: ClassVar[bool] = False
    inspection: "Inspection"


@dataclass(frozen=True, slots=True)
class Opened:
    """doubt: why it is not on the device that was wished for, "" where it is."""

    droppable: ClassVar[bool] = False
    classifier: "Classifier"
    doubt: str


@dataclass(frozen=True, slots=True)
class Prepared:
    droppable: ClassVar[bool] = False
    classifier: "Classifier"


class Arrivals(QObject):
    """At most one checkpoint is on its way; a new one replaces it.

    Nothing on the bench changes before `ready`: a refused or dismissed checkpoint leaves no trace,
    and a run goes on.  What a replaced one still says is dropped by identity.  What was loaded can
    be used at once; what makes it quicker is prepared meanwhile, as long as it is on its way or on
    the bench.
    """

    changed = Signal(object)  # Arrival or None
    ready = Signal(object, object)  # Classifier, Inspection: taken, to be used from now on
    second_ready = Signal(object, object)  # the same, beside the classifier in use
    failed = Signal(object)  # Problem
    moved = Signal(object)  # Problem that was got over: another device than wished serves
    prepared = Signal(object)  # Classifier: probes made from now on are quicker

    def __init__(
        self,
        previews: Lanes,
        errands: Lanes,
        parent: QObject | None = None,
        *,
        preparations: Lanes | None = None,
    ) -> None:
        """previews: a lane for files, so that no preview waits for the loading of a network.

        preparations: a lane whose jobs take half a minute; without one they are errands.
        """
        super().__init__(parent)
        self._previews, self._errands = previews, errands
        self._lane = preparations or errands
        self.arrival: Arrival | None = None
        self.used: Inspection | None = None  # of what was taken last
        self._device = self._device_used = "auto"
        self._doubt = ""
        self._job: Job | None = None
        self._bench: dict[Place, Classifier | None] = {}
        self._preparations: dict[Classifier, Job] = {}

    def bring(self, path: Path, device: str, *, at_once: bool = False) -> None:
        """Look at a checkpoint and load it; the bench stays as it is until `take`.

        at_once: take it as soon as it is ready, without a preview.
        """
        self._device = device
        self._inspect(Arrival(path, place="first" if at_once else None, at_once=at_once))

    def take(self, *, as_second: bool = False) -> None:
        """Use it now, or as soon as it is ready. as_second: beside the classifier in use."""
        arrival = self.arrival
        if arrival is None or arrival.problem is not None:
            return
        self._show(replace(arrival, place="second" if as_second else "first"))
        if arrival.classifier is not None:
            self._hand_over()

    def dismiss(self) -> None:
        """Drop it and all that was done for it."""
        if self.arrival is not None:
            self._drop_job()
            self._show(None)
            self._follow_device()

    def choose(self, architecture: str) -> None:
        """Take the file for another of the networks that its weights fit."""
        if self.arrival is not None:
            self._inspect(self.arrival, architecture)

    def again(self, card: "Card") -> None:
        """The same file, asked as this card says; without an arrival the classifier in use."""
        arrival = self._latest()
        if arrival is not None and arrival.inspection is not None:
            self._load(replace(arrival, inspection=replace(arrival.inspection, card=card)))

    def move(self, device: str) -> None:
        """What is on its way, or else the classifier in use, to another device."""
        self._device = device
        arrival = self._latest()
        if arrival is not None:
            self._inspect(arrival) if arrival.inspection is None else self._load(arrival)

    def keep(self, first: "Classifier | None", second: "Classifier | None" = None) -> None:
        """These are on the bench now: any other, but for the one arriving, needs no preparation."""
        self._bench = {"first": first, "second": second}
        self._attend()

    def close(self) -> None:
        """From now on nothing that is under way is told."""
        self._drop_job()
        self.arrival = None
        self.keep(None)

    def _latest(self) -> Arrival | None:
        if self.arrival is not None or self.used is None:
            return self.arrival
        return Arrival(self.used.path, inspection=self.used, place="first", at_once=True)

    # -------------------------------------------------------------- on the way
    def _inspect(self, arrival: Arrival, architecture: str = "") -> None:
        self._start(arrival, partial(_inspected, arrival.path, architecture), self._previews)

    def _load(self, arrival: Arrival) -> None:
        assert arrival.inspection is not None
        self._start(arrival, partial(_opened, arrival.inspection, self._device), self._errands)

    def _start(self, arrival: Arrival, work: Work, lanes: Lanes) -> None:
        self._drop_job()
        job = self._job = Job(work)
        job.happened.connect(lambda event: self._heard(event) if job is self._job else None)
        job.failed.connect(lambda problem: self._refused(problem) if job is self._job else None)
        self._show(replace(arrival, step=None, classifier=None, problem=None))
        lanes.add(job)

    def _drop_job(self) -> None:
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _show(self, arrival: Arrival | None) -> None:
        self.arrival = arrival
        self._attend()
        self.changed.emit(arrival)

    # -------------------------------------------------------------- preparations
    def _attend(self) -> None:
        """Begin what lacks preparation, and end what nobody needs."""
        arriving = None if self.arrival is None else self.arrival.classifier
        wanted = [one for one in (arriving, *self._bench.values()) if one is not None]
        for classifier in [one for one in self._preparations if one not in wanted]:
            self._preparations.pop(classifier).stop()
        for classifier in wanted:
            if not classifier.prepared and classifier not in self._preparations:
                self._prepare(classifier)

    def _prepare(self, classifier: "Classifier") -> None:
        job = self._preparations[classifier] = Job(partial(_prepared, classifier))
        job.happened.connect(lambda event: self._advanced(job, event))
        job.failed.connect(lambda problem: self._unprepared(job, problem))
        self._lane.add(job)

    def _advanced(self, job: Job, event: Stepped | Prepared) -> None:
        if isinstance(event, Prepared) and job is self._preparations.get(event.classifier):
            del self._preparations[event.classifier]
            if self.arrival is not None and self.arrival.classifier is event.classifier:
                self._show(replace(self.arrival))
            self.prepared.emit(event.classifier)

    def _unprepared(self, job: Job, problem: Problem) -> None:
        """It stays in use as it is, and is not tried again."""
        if job in self._preparations.values():
            self.failed.emit(problem)

    def _heard(self, event: Stepped | Inspected | Opened) -> None:
        arrival = self.arrival
        assert arrival is not None
        match event:
            case Stepped(step=step):
                self._show(replace(arrival, step=step))
            case Inspected(inspection=inspection):
                self._load(replace(arrival, inspection=inspection))
            case Opened(classifier=classifier, doubt=doubt):
                self._job, self._doubt = None, doubt
                self._show(replace(arrival, step=None, classifier=classifier))
                if arrival.place is not None:
                    self._hand_over()
            case _:
                assert_never(event)

    def _refused(self, problem: Problem) -> None:
        """A file that was understood stays, for its network or its card may be put right."""
        arrival, self._job = self.arrival, None
        assert arrival is not None
        lasting = arrival.inspection is not None and not arrival.at_once
        refused = replace(arrival, step=None, place=None, problem=problem)
        self._show(refused if lasting else None)
        self.failed.emit(problem)

    def _hand_over(self) -> None:
        arrival, doubt = self.arrival, self._doubt
        assert arrival is not None
        assert arrival.place is not None
        self._bench[arrival.place] = arrival.classifier
        self._show(None)
        if arrival.place == "first":
            self.used, self._device_used = arrival.inspection, self._device
            self.ready.emit(arrival.classifier, arrival.inspection)
        else:
            self.second_ready.emit(arrival.classifier, arrival.inspection)
            self._follow_device()
        if doubt:
            self.moved.emit(Problem(doubt, "Choose another device in Settings."))

    def _follow_device(self) -> None:
        """A change of the device while something was looked at holds for what is in use too."""
        if self._device != self._device_used and self.used is not None:
            self.move(self._device)


# ------------------------------------------------------------------ the workers' side
def _inspected(path: Path, architecture: str) -> Generator[Stepped | Inspected]:
    from onepixel_gui.classifier.opening import inspecting

    inspection = yield from _stepped(inspecting(path, architecture=architecture))
    yield Inspected(inspection)


def _opened(inspection: "Inspection", device: str) -> Generator[Stepped | Opened]:
    from onepixel_gui.classifier.opening import Step

    yield Stepped(Step("Getting ready to load"), droppable=False)
    from onepixel_gui.classifier.library import load_beside

    load_beside()
    from onepixel_gui.classifier import devices  # torch: seconds, the first time
    from onepixel_gui.classifier.classifier import Classifier

    places = devices.in_order(device)
    there = device == "auto" or device in (places[0], places[0].split(":")[0])
    why = "" if there else f"This machine has no device named {device}."
    for place in places:
        try:
            classifier = yield from _stepped(Classifier.opening(inspection, place))
            break
        except DeviceFull as full:
            if place == places[-1]:
                raise
            why = full.what
    doubt = f"{why} It runs on {classifier.serving.device} instead." if why else ""
    if doubt:
        card = classifier.card
        classifier.card = replace(card, doubts=(doubt, *card.doubts))
    yield Opened(classifier, doubt)
    for slow in ("scipy.signal", "skimage.color"):
        import_module(slow)  # here, not when the first result waits for it


def _prepared(classifier: "Classifier") -> Generator[Stepped | Prepared]:
    with closing(classifier.preparing()) as steps:
        for step in steps:
            yield Stepped(step, droppable=True)
    yield Prepared(classifier)


def _stepped(steps: "Generator[Step, None, _Made]") -> Generator[Stepped, None, _Made]:
    """The same steps; those that begin something are always told."""
    words = ""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                made: _Made = end.value
                return made
            yield Stepped(step, droppable=step.words == words)
            words = step.words

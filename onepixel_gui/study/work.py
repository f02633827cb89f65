"""A worker, in whatever process: holds classifiers, and does what it is asked."""

import json
import platform
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, assert_never

from onepixel_gui.attack.probe import Settings
from onepixel_gui.classifier.manner import UnfitManner, as_values, of_values
from onepixel_gui.problems import DeviceFull, Problem, Unexpected, UnusableCheckpoint
from onepixel_gui.study.attacking import Attempt, attacked, software, tried
from onepixel_gui.study.orders import (
    Job,
    Model,
    Order,
    Reply,
    Settled,
    Settling,
    Survey,
    Surveyed,
    Trial,
    Trouble,
)

if TYPE_CHECKING:
    from onepixel_gui.attack.lockstep import SideBySide
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.probe import TileProbe

More = Callable[[Model], tuple[int, Job] | None]


class Worker:
    """Holds the classifiers it was asked about. One order at a time, or searches side by side."""

    def __init__(self, device: str = "") -> None:
        """device: of this worker's own, where several share a machine; "" for what orders say."""
        self._device = device
        self._held: dict[tuple[Path, str, str], _Held] = {}
        self._turn = Lock()
        self._crowded: set[Path] = set()  # models whose searches failed side by side

    def carry_out(self, number: int, order: Order, more: More) -> Iterator[tuple[int, Reply]]:
        """What comes of an order, and of those that are done beside it, each when it is over.

        more: the next order, if it is a job for that model which may be done beside others.
        """
        if not isinstance(order, Job) or order.abreast == 1 or order.model.path in self._crowded:
            yield number, self.do(order)
            return
        beside = _Beside(self._held_for, number, order, more)
        while beside.busy:
            failed: list[tuple[int, Job]] = []
            try:
                with self._turn:
                    beside.go_on()
            except Exception as fault:  # noqa: BLE001 - who is at fault tells it when tried alone
                if isinstance(fault, DeviceFull):
                    self._crowded.add(order.model.path)
                failed = beside.given_up()
            yield from beside.told()
            for each, job in failed:
                yield each, self.do(job)

    def do(self, order: Order) -> Reply:
        """Nothing is raised: an exception would lose its words between processes."""
        try:
            with self._turn:
                return self._done(order)
        except Problem as problem:
            return Trouble.of(problem, ends=True)
        except Exception as bug:  # noqa: BLE001 - the edge of a process: told whole to the other
            return Trouble.of(Unexpected(bug, detail=traceback.format_exc()), ends=True)

    def _done(self, order: Order) -> Reply:
        from onepixel_gui.classifier import devices

        devices.keep_to(1)  # each thread of a process has a number of its own
        match order:
            case Survey():
                return Surveyed(devices.available(), software())
            case Settling():
                return self._settled(order)
            case Job() | Trial():
                return self._attacked(order)
            case _:
                assert_never(order)

    def _settled(self, order: Settling) -> Settled:
        from onepixel_gui.classifier.company import company

        model = order.model
        if model.manner is None:
            measured = _loaded(model, self._device or model.device, _mark_of(model.path))
            manner = as_values(measured.classifier.manner)
            if not order.populations:
                return Settled(manner)
            model = replace(model, manner=manner)
        classifier = self._held_for(model).classifier
        return Settled(
            as_values(classifier.manner),
            classifier.faithful,
            {population: company(classifier, population) for population in order.populations},
        )

    def _attacked(self, order: Job | Trial) -> Reply:
        job = order.job if isinstance(order, Trial) else order
        held = self._held_for(job.model)
        try:
            if isinstance(order, Trial):
                return tried(held.classifier, order, held.strides)
            return attacked(held.classifier, job, held.strides)
        except DeviceFull:
            raise
        except Problem as refused:
            return Trouble.of(refused)

    def _held_for(self, model: Model) -> "_Held":
        """The classifier of a model, loaded when it is first asked for.

        Raises UnusableCheckpoint, also when the file is no longer what it was; NoSuchDevice,
        DeviceFull, UnfitManner.
        """
        key = (model.path, model.card.sha256, json.dumps(model.manner, sort_keys=True))
        mark, held = _mark_of(model.path), self._held.get(key)
        if held is None or held.mark != mark:
            held = self._held[key] = _loaded(model, self._device or model.device, mark)
        return held


class _Beside:
    """Searches of one worker that share their batches; others join when there is room."""

    def __init__(
        self, held_for: "Callable[[Model], _Held]", number: int, job: Job, more: More
    ) -> None:
        self._held_for, self._more = held_for, more
        self._most, self._model = job.abreast, job.model
        self._waiting: tuple[int, Job] | None = (number, job)
        self._under_way: dict[int, Attempt] = {}
        self._over: list[tuple[int, Reply]] = []
        self._searches: SideBySide[int, TileProbe] | None = None

    @property
    def busy(self) -> bool:
        return bool(self._under_way) or self._waiting is not None

    def told(self) -> list[tuple[int, Reply]]:
        """What is over and was not told yet."""
        over, self._over = self._over, []
        return over

    def go_on(self) -> None:
        """Ask one batch. Raises whatever goes wrong, but for tiles that do not fit."""
        from onepixel_gui.attack.lockstep import SideBySide
        from onepixel_gui.classifier import devices

        devices.keep_to(1)
        held = self._held_for(self._model)
        if self._searches is None:
            self._searches = SideBySide(held.classifier.chorus)
        self._let_in(held, self._searches)
        if len(self._searches):
            for number, event in self._searches.go_on():
                self._under_way[number].take(event)
        for number in [each for each, attempt in self._under_way.items() if attempt.over]:
            self._over.append((number, self._recorded(number)))
            del self._under_way[number]

    def _let_in(self, held: "_Held", searches: "SideBySide[int, TileProbe]") -> None:
        """As many as there is room for; what cannot be attacked is over at once."""
        while len(self._under_way) < self._most:
            if self._waiting is None:
                self._waiting = self._more(self._model)
            if self._waiting is None:
                break
            number, job = self._waiting
            try:
                attempt = Attempt(held.classifier, job, held.strides)
            except DeviceFull:
                raise
            except Problem as why:
                self._over.append((number, Trouble.of(why)))
            else:
                assert isinstance(job.attack, Settings)
                attempt.take(searches.begin(number, attempt.probe, job.attack))
                self._under_way[number] = attempt
            self._waiting = None

    def _recorded(self, number: int) -> Reply:
        try:
            record = self._under_way[number].record
        except DeviceFull:
            raise
        except Problem as why:
            return Trouble.of(why)
        assert record is not None
        return record

    def given_up(self) -> list[tuple[int, Job]]:
        """What is not over, to be done otherwise."""
        left = [(number, attempt.job) for number, attempt in self._under_way.items()]
        left += [] if self._waiting is None else [self._waiting]
        self._under_way, self._waiting = {}, None
        return left


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """mark: of the file when it was read."""

    classifier: "Classifier"
    strides: tuple[int, ...]
    mark: tuple[int, int]


def _mark_of(path: Path) -> tuple[int, int]:
    """(bytes, time of the last change): another one, and the file is read again."""
    try:
        found = path.stat()
    except OSError as gone:
        raise UnusableCheckpoint(
            f"{path.name} cannot be reached any more.",
            "Put the checkpoint back where it was, then continue the campaign.",
            detail=str(gone),
        ) from gone
    return found.st_size, found.st_mtime_ns


def _loaded(model: Model, device: str, mark: tuple[int, int]) -> _Held:
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.opening import inspect
    from onepixel_gui.classifier.propagation import strides

    inspected = inspect(model.path, architecture=model.card.architecture)
    if inspected.card.sha256 != model.card.sha256:
        raise UnusableCheckpoint(
            f"{model.path.name} is not the file that this campaign was begun with.",
            "Put that file back, then continue; or begin a new campaign.",
        )
    manner = None if model.manner is None else of_values(model.manner)
    classifier = Classifier.of(replace(inspected, card=model.card), device, manner=manner)
    if model.strict and not classifier.faithful:
        raise UnfitManner(
            "A worker's processor rounds otherwise than the one this campaign was begun on.",
            "Choose workers of one kind, or begin a new campaign on these.",
            detail=f"{platform.node()}: {classifier.serving.device_name}",
        )
    return _Held(classifier, strides(classifier), mark)


@cache
def worker_here() -> Worker:
    """The one worker of a process that somebody else started."""
    return Worker()


def do_here(order: Order) -> Reply:
    return worker_here().do(order)

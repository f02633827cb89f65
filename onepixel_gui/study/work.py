"""What one worker does, in whatever process: one attack of one classifier on one tile."""

import json
import math
import platform
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from onepixel_gui import __version__
from onepixel_gui.attack.attacks import Attack, carried_out, tile_seed
from onepixel_gui.attack.locality import moved
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Painted,
    Probe,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.manner import UnfitManner, as_values, of_values
from onepixel_gui.problems import DeviceFull, Problem, Unexpected, UnusableCheckpoint
from onepixel_gui.study.record import Record
from onepixel_gui.study.repeating import repeated
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_TRAIL = 60  # events of a search that are kept at most, besides its last
_PACKAGES = ("torch", "numpy", "scipy", "scikit-image")


# ------------------------------------------------------------------ what is asked of a worker
@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint as every worker finds it.

    manner: JSON-ready, None while it is not settled.  strict: a worker whose processor rounds
    otherwise than the one it was settled on is not to work.
    """

    path: Path
    card: Card
    device: str
    manner: Mapping[str, Any] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """Which devices are there?"""


@dataclass(frozen=True, slots=True)
class Settling:
    """In which manner is this model best asked?"""

    model: Model


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """part: (model, attack, seed) indices of the plan.  attack: with the seed of this tile.

    seed: the study's.  aftermath: of a flip by one pixel.
    """

    task: int
    part: tuple[int, int, int]
    tile: Tile
    model: Model
    attack: Attack
    seed: int
    subject: str = ""
    aftermath: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The same to see how long it takes, and no longer than so many seconds."""

    job: Job
    patience: float


Order = Survey | Settling | Job | Trial


# ------------------------------------------------------------------ what it answers
@dataclass(frozen=True, slots=True)
class Surveyed:
    """Names of the devices, best first; versions of what the results rest on."""

    devices: tuple[str, ...]
    software: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """faithful: with a manner that was given, this worker tells the very same bits."""

    manner: Mapping[str, Any]
    faithful: bool = True


@dataclass(frozen=True, slots=True)
class Trouble:
    """A Problem on its way to another process; its class is kept where it can be.

    ends: no other tile would fare better, so that the campaign ends here.
    lost: the worker ended over it.
    """

    kind: type[Problem]
    what: str
    remedy: str
    detail: str = ""
    ends: bool = False
    lost: bool = False

    @classmethod
    def of(cls, problem: Problem, *, ends: bool = False) -> "Trouble":
        return cls(type(problem), problem.what, problem.remedy, problem.detail, ends)

    @property
    def problem(self) -> Problem:
        made = self.kind.__new__(self.kind, self.what)
        Problem.__init__(made, self.what, self.remedy, detail=self.detail)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """queries, seconds: spent.  most: queries of this attack on a tile like this.

    over: before patience was at its end.  record: that of a search given up holds what it found
    so far; None for a sweep given up, which found nothing yet.
    """

    queries: int
    seconds: float
    most: int
    over: bool
    record: Record | None


Reply = Surveyed | Settled | Record | Tried | Trouble


class Worker:
    """Holds the classifiers it was asked about. One order at a time."""

    def __init__(self, device: str = "") -> None:
        """device: of this worker's own, where several share a machine; "" for what orders say."""
        self._device = device
        self._held: dict[tuple[Path, str, str], _Held] = {}
        self._turn = Lock()

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
            case Settling(model=model) if model.manner is None:
                asked = _loaded(model, self._device or model.device, _mark_of(model.path))
                return Settled(as_values(asked.classifier.manner))
            case Settling(model=model):
                classifier = self._held_for(model).classifier
                return Settled(as_values(classifier.manner), classifier.faithful)
            case Job() | Trial():
                return self._attacked(order)
            case _:
                assert_never(order)

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


# ------------------------------------------------------------------ one attack
class _Trail:
    """Of many events some, evenly spaced, the first and the last among them."""

    def __init__(self) -> None:
        self._kept: list[Advanced] = []
        self._last: Advanced | None = None
        self._seen, self._stride = 0, 1

    def take(self, event: Advanced) -> None:
        if self._seen % self._stride == 0:
            self._kept.append(event)
            if len(self._kept) > _TRAIL:
                self._kept, self._stride = self._kept[::2], 2 * self._stride
        self._seen, self._last = self._seen + 1, event

    @property
    def kept(self) -> tuple[Advanced, ...]:
        last = self._last
        if last is None or self._kept[-1] is last:
            return tuple(self._kept)
        return (*self._kept, last)


def attacked(classifier: "Classifier", job: Job, strides: tuple[int, ...] = ()) -> Record:
    """Carry out one job. Raises TileTooSmall, WrongSize, DeviceFull, and Problem for NaN."""
    found = tried(classifier, Trial(job, math.inf), strides).record
    assert found is not None
    return found


def tried(classifier: "Classifier", trial: Trial, strides: tuple[int, ...]) -> Tried:
    """The same, given up when patience is at its end. Raises as `attacked`."""
    started, job = time.perf_counter(), trial.job
    begun = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    probe = classifier.probe(job.tile, subject=job.subject)
    trail, queries, most = _Trail(), 0, 0
    result: Ended | Swept | Advanced | None = None
    over = False
    for event in carried_out(probe, job.attack):
        match event:
            case Began(budget=most) | SweepBegan(total=most):
                pass
            case Advanced(queries=queries):
                result = event
                trail.take(event)
            case Painted(done=queries):
                pass
            case Ended(queries=queries) | Swept(queries=queries):
                result, over = event, True
            case Responded():
                pass
            case _:
                assert_never(event)
        if not over and time.perf_counter() - started > trial.patience:
            break
    if result is None:
        return Tried(queries, time.perf_counter() - started, most, over, None)
    record = Record(
        tile=job.tile,
        card=classifier.card,
        serving=classifier.serving,
        attack=job.attack,
        question=probe.question,
        result=result,
        trail=trail.kept,
        software=software(),
        begun=begun,
        seed=job.seed,
        command=repeated(job.tile, classifier.card, job.attack, job.subject),
        strides=strides,
    )
    if over and job.aftermath:
        record = _followed(classifier, probe, record)
    return Tried(queries, time.perf_counter() - started, most, over, record)


def _followed(classifier: "Classifier", probe: Probe, record: Record) -> Record:
    """With what is asked after a flip by one pixel; the same where there was none."""
    from onepixel_gui.classifier.propagation import propagation

    best = record.best
    if not record.flipped or len(best) != 1:
        return record
    pixel = best[0]
    candidate = np.array([[[pixel.row, pixel.column, *pixel.rgb]]], np.int16)
    if not bool(probe.confirm(candidate).flipped[0]):  # of a sweep, another pixel than the extreme
        return record
    seed = tile_seed(record.seed or 0, record.tile.sha256, record.attack)
    return replace(
        record,
        moved=moved(probe, best, seed),
        propagation=propagation(classifier, record.tile, best),
    )


# ------------------------------------------------------------------ provenance
@cache
def software() -> Mapping[str, str]:
    """Package -> version of what a result rests on."""
    found = {"onepixel_gui": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package.replace("-", "_")] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package.replace("-", "_")] = "unknown"
    found["os"] = f"{platform.system()} {platform.release()} {platform.machine()}".strip()
    return found

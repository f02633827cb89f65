"""One attack on one tile, from its first question to its record."""

import math
import platform
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, assert_never

import numpy as np

from onepixel_gui import __version__
from onepixel_gui.attack.attacks import carried_out, tile_seed
from onepixel_gui.attack.locality import moved
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.study.orders import Job, Trial, Tried
from onepixel_gui.study.record import Record, Trail
from onepixel_gui.study.repeating import repeated

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_PACKAGES = ("torch", "numpy", "scipy", "scikit-image")


class Attempt:
    """One job under way: hears the events of its attack, and makes the record of it.

    over: the attack came to its end.
    """

    def __init__(self, classifier: "Classifier", job: Job, strides: tuple[int, ...]) -> None:
        """Raises TileTooSmall, WrongSize, DeviceFull, and Problem for NaN."""
        self.job, self.over = job, False
        self.probe = classifier.probe(job.tile, subject=job.subject)
        self.queries = self.most = 0
        self._classifier, self._strides = classifier, strides
        self._begun = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._trail = Trail()
        self._result: Ended | Swept | Advanced | None = None

    def take(self, event: Event) -> None:
        match event:
            case Began(budget=most) | SweepBegan(total=most):
                self.most = most
            case Advanced():
                self._result, self.queries = event, event.queries
                self._trail.take(event)
            case Painted(done=done):
                self.queries = done
            case Ended() | Swept():
                self._result, self.queries, self.over = event, event.queries, True
            case Responded():
                pass
            case _:
                assert_never(event)

    @property
    def record(self) -> Record | None:
        """None for a sweep that is not over: it found nothing yet. Raises as asking does."""
        if self._result is None:
            return None
        job, classifier = self.job, self._classifier
        record = Record(
            tile=job.tile,
            card=classifier.card,
            serving=classifier.serving,
            attack=job.attack,
            question=self.probe.question,
            result=self._result,
            trail=self._trail.kept,
            software=software(),
            begun=self._begun,
            seed=job.seed,
            command=repeated(job.tile, classifier.card, job.attack, job.subject),
            strides=self._strides,
        )
        return self._followed(record) if self.over and job.aftermath else record

    def _followed(self, record: Record) -> Record:
        """With what is asked after a flip by one pixel; the same where there was none."""
        from onepixel_gui.classifier.propagation import propagation

        best = record.best
        if not record.flipped or len(best) != 1:
            return record
        pixel = best[0]
        candidate = np.array([[[pixel.row, pixel.column, *pixel.rgb]]], np.int16)
        if not bool(self.probe.confirm(candidate).flipped[0]):
            return record  # of a sweep, where another pixel than the extreme flips
        seed = tile_seed(record.seed or 0, record.tile.sha256, record.attack)
        return replace(
            record,
            moved=moved(self.probe, best, seed),
            propagation=propagation(self._classifier, record.tile, best),
        )


def attacked(classifier: "Classifier", job: Job, strides: tuple[int, ...] = ()) -> Record:
    """Carry out one job. Raises TileTooSmall, WrongSize, DeviceFull, and Problem for NaN."""
    found = tried(classifier, Trial(job, math.inf), strides).record
    assert found is not None
    return found


def tried(classifier: "Classifier", trial: Trial, strides: tuple[int, ...]) -> Tried:
    """The same, given up when patience is at its end. Raises as `attacked`."""
    started = time.perf_counter()
    attempt = Attempt(classifier, trial.job, strides)
    for event in carried_out(attempt.probe, trial.job.attack):
        attempt.take(event)
        if not attempt.over and time.perf_counter() - started > trial.patience:
            break
    record = attempt.record
    spent = time.perf_counter() - started
    return Tried(attempt.queries, spent, attempt.most, attempt.over, record)


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

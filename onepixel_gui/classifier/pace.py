"""How many candidates a network is asked at once, found by trying."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from onepixel_gui.classifier.lanes import lanes
from onepixel_gui.problems import DeviceFull, Problem

# Small batches stay in cache and answer Stop within 0.2 s; a graphics card wants more at once.
BATCHES = {"cpu": (16, 32, 64, 128), "cuda": (64, 256, 1024), "mps": (32, 128, 512)}
_PATIENCE = 0.15  # seconds that one batch may take: Stop is heard between two
_LONGEST = 0.2  # seconds, about, that a pass of a large network may take
_BREATH = 0.06  # seconds of work between two events
_GLANCE = 2  # candidates by which a network is judged before it is given many
_WORTH = 0.97  # times as quick a larger batch may be: once learned, it gains the most
_SLOW = 0.1  # seconds; a pass that takes longer is not tried a third time

Work = Callable[[], object]
Clock = Callable[[], float]  # seconds

Made = TypeVar("Made")
Trial = Generator[None, None, Made]  # pauses after about every pass, so that it can be given up


@dataclass
class Pace:
    """batch: candidates per pass.  seconds: that a pass takes.  lanes: passes side by side.

    fixed: every pass is filled up to the batch, and none is ever smaller, so that what is told of a
           candidate does not depend on how many others are asked about.
    """

    batch: int
    seconds: float
    lanes: int = 1
    fixed: bool = False

    @property
    def each(self) -> float:
        """Seconds per candidate."""
        return self.seconds / (self.batch * self.lanes)

    @property
    def chunk(self) -> int:
        """Candidates that take about 0.06 s, in whole batches for every lane."""
        return self.batch * self.lanes * max(1, round(_BREATH / self.seconds))

    @classmethod
    def steady(cls, batch: int, lanes: int, chunk: int) -> "Pace":
        """Fixed, with that chunk, a multiple of batch * lanes."""
        return cls(batch, _BREATH * batch * lanes / chunk, lanes, fixed=True)


def in_lanes(device: torch.device, work: Work, pace: Pace) -> Trial[None]:
    """Go on in lanes if that is quicker. work: one pass at this pace."""
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1:
        return
    beside = lanes(threads)

    def once() -> float:
        (seconds,) = beside.map(lambda _: timed(device, work), [0])
        return seconds

    alone = yield from _best_of(once)
    if alone < _PATIENCE and alone / beside.count < pace.seconds:
        pace.seconds, pace.lanes = alone, beside.count


def best_pace(
    device: torch.device, prepared: Callable[[int], Work], sizes: Sequence[int]
) -> Trial[Pace]:
    """The fastest batch within our patience, and never more than there is room for.

    prepared: makes ready to ask so many at once.  Raises DeviceFull.
    """
    glance = yield from roomiest(device, prepared, min(sizes[0], _GLANCE))
    if glance.each * sizes[0] > 4 * _PATIENCE:
        if _fewer(glance) == glance.batch:
            return glance
        return (yield from roomiest(device, prepared, _fewer(glance)))
    best = yield from roomiest(device, prepared, sizes[0])
    if best.seconds > _PATIENCE:
        return (yield from roomiest(device, prepared, _fewer(best)))
    if best.batch < sizes[0]:
        return best
    for size in sizes[1:]:
        try:
            tried = Pace(size, (yield from quickest(device, prepared(size))))
        except torch.OutOfMemoryError:
            break
        if tried.seconds > _PATIENCE:
            break
        if best.each > _WORTH * tried.each:
            best = tried
    return best


def _fewer(slow: Pace) -> int:
    """So many of a large network that Stop is heard.

    A power of two, because a sweep asks in eights and a half-empty batch costs as much.
    """
    return int(2 ** max(0, np.floor(np.log2(_LONGEST / slow.each) + 0.25)))


def roomiest(device: torch.device, prepared: Callable[[int], Work], size: int) -> Trial[Pace]:
    """`size` halved until it has room. Raises DeviceFull when not even one has."""
    while True:
        try:
            return Pace(size, (yield from quickest(device, prepared(size))))
        except torch.OutOfMemoryError as full:
            if size == 1:
                raise device_full(device) from full
        size //= 2
        torch.cuda.empty_cache()


def quickest(device: torch.device, work: Work) -> Trial[float]:
    """Seconds: the best of a few, because other programs can only slow one down."""
    return (yield from _best_of(lambda: timed(device, work)))


def _best_of(once: Clock) -> Trial[float]:
    """once: does the work and tells its seconds."""
    once()  # the first pass plans and allocates
    yield
    best = once()
    if best < _SLOW:
        yield
        best = min(best, once())
    return best


def laps(parts: Iterator[object], clock: Clock) -> Iterator[float]:
    """Seconds that each part took to come."""
    start = clock()
    for _ in parts:
        yield clock() - start
        start = clock()


def finished(work: Generator[Any, None, Made]) -> Made:
    """What it makes, without a pause."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: Made = end.value
            return made


def timed(device: torch.device, work: Work) -> float:
    start = now(device)
    work()
    return now(device) - start


def now(device: torch.device) -> float:
    """Seconds on a clock that waits until the device has done what it was asked.

    On a processor the time that this thread worked, where the system tells it finely enough: its
    share of the work, whatever other programs do beside it.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return _working() if device.type == "cpu" else time.perf_counter()


_FINE = time.get_clock_info("thread_time").resolution <= 1e-6
_working = time.thread_time if _FINE else time.perf_counter


def device_full(device: torch.device) -> Problem:
    return DeviceFull(
        f"There is no memory left on {device}.",
        "Close other programs, or choose the CPU in Settings.",
    )

"""Fair timing on a machine that others use too: everybody gets a short slice of every round."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Work = Callable[[], int]  # does one batch, and tells how many evaluations that were

_STAT = Path("/proc/stat")
_DISTURBED = 0.15  # of one core, taken by other programs


@dataclass(frozen=True)
class Plan:
    """What to spend on one network; everything a process of its own needs to know.

    rounds, seconds:  slices of each engine, and the length of one.  patience: see Clock.
    threads:          of every engine; 0 takes what torch takes.  seeds: searches of each kind.
    budget:           evaluations that a black-box search may spend.
    batches:          sizes that a dense engine is tried with.
    """

    rounds: int = 7
    seconds: float = 0.4
    patience: float = 30.0
    threads: int = 0
    seeds: int = 5
    budget: int = 20_000
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128)

    def clock(self) -> "Clock":
        """For what is reported."""
        return Clock(self.seconds, self.patience, processor=self.threads == 1)

    def tuning(self) -> "Clock":
        """For choosing a batch size."""
        return Clock(self.seconds * 0.4, self.patience / 6, processor=self.threads == 1)


@dataclass
class Clock:
    """Takes slices, and takes one again, after a pause, in which other programs were busy.

    Two threads that wait for each other are slowed down tenfold where a third wants their core, and
    a thread pool that steals work is not: such a slice compares nothing.  With one thread only its
    processor seconds count, and nobody can disturb them.

    seconds:    length of a slice; one batch at least.  patience: seconds that may go into slices
    thrown away and pauses, all in all.  disturbed: slices that had to be kept all the same.
    """

    seconds: float
    patience: float = 0.0
    processor: bool = False
    disturbed: int = 0

    def now(self) -> float:
        return time.process_time() if self.processor else time.perf_counter()

    def rate(self, work: Work) -> float:
        """Evaluations per second."""
        while True:
            began, others = time.perf_counter(), _busy_elsewhere()
            done, spent = self._slice(work)
            passed = time.perf_counter() - began
            quiet = self.processor or (_busy_elsewhere() - others) / passed < _DISTURBED
            if quiet or self.patience <= 0:
                self.disturbed += not quiet
                return done / spent
            time.sleep(0.5)
            self.patience -= passed + 0.5

    def _slice(self, work: Work) -> tuple[int, float]:
        done, started = 0, self.now()
        while True:
            done += work()
            spent = self.now() - started
            if spent >= self.seconds:
                return done, spent


def _busy_elsewhere() -> float:
    """Processor seconds that other programs took since the start; 0 where that is not told."""
    if not _STAT.is_file():
        return 0.0
    user, nice, system, _idle, _wait, *rest = map(int, _STAT.read_text().split("\n")[0].split()[1:])
    return sum((user, nice, system, *rest[:2])) / os.sysconf("SC_CLK_TCK") - time.process_time()


def best_batch(
    at: Callable[[int], Work], sizes: Sequence[int], clock: Clock, longest: float = 2.0
) -> int:
    """The batch size with the highest rate: larger ones are tried while they may still win.

    The search ends after two sizes in a row that are a tenth slower than the best, and before a
    size whose one pass would take longer than `longest` seconds.
    """
    rates: dict[int, float] = {}
    for size in sizes:
        if rates and size / max(rates.values()) > longest:
            break
        work = at(size)
        work()  # the first pass plans and allocates
        short = not rates or size / max(rates.values()) < clock.seconds
        rates[size] = max(clock.rate(work) for _ in range(2 if short else 1))
        last_two = list(rates.values())[-2:]
        if len(rates) > 2 and max(last_two) < 0.9 * max(rates.values()):
            break
    return max(rates, key=rates.__getitem__)


def contest(works: Mapping[str, Work], rounds: int, clock: Clock) -> dict[str, list[float]]:
    """Per second, in each round; the order turns round from one to the next."""
    for work in works.values():
        work()
    rates: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds):
        order = list(works) if turn % 2 == 0 else list(reversed(works))
        for name in order:
            rates[name].append(clock.rate(works[name]))
    return rates


def over(rates: Mapping[str, Sequence[float]], base: str) -> dict[str, list[float]]:
    """Each round's rates over that round's rate of `base`."""
    return {
        name: [one / other for one, other in zip(each, rates[base], strict=True)]
        for name, each in rates.items()
    }


def summary(values: Sequence[float]) -> dict[str, object]:
    """Median and spread, and every value, so that a reader can judge the spread."""
    return {
        "median": _short(median(values)),
        "lowest": _short(min(values)),
        "highest": _short(max(values)),
        "all": [_short(value) for value in values],
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")

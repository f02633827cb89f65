"""Workers on this machine: processes of their own, each asked over a pipe of its own.

A pool of the standard library ends as a whole when one of its processes dies, and does not tell
over which order.  Here each process is known by what it was given: the others go on, a new one
takes its place, what it was at is tried again one by one, and who dies over one order alone names
the culprit.
"""

import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

import psutil

from onepixel_gui.problems import Problem
from onepixel_gui.study.orders import Job, Model, Order, Reply, Trouble
from onepixel_gui.study.work import Worker

_STILLBORN = 3  # workers that may die before their first word
_MODEST = 5  # steps of priority below the windows of the same desk
_SLACK = 1 << 30  # bytes beside three times the checkpoint that a worker needs


class WorkersFail(Problem):
    """Worker processes that do not start, or do not live."""


class Crew(Protocol):
    """Whoever carries out orders elsewhere. For one thread."""

    @property
    def size(self) -> int:
        """Workers."""
        ...

    @property
    def abreast(self) -> int:
        """Orders that one worker does side by side."""
        ...

    def room(self, *, last: bool = False) -> bool:
        """Whether another order can be given. last: few are left, so none should wait in line."""
        ...

    def give(self, order: Order) -> None: ...

    def replies(self, seconds: float) -> list[tuple[Order, Reply]]:
        """What was answered, waiting at most so long. Raises Problem when nobody works any more."""
        ...

    def close(self) -> None:
        """Nobody works after this; what was under way is lost."""
        ...


# ------------------------------------------------------------------ how many
def cores() -> int:
    """Of the processor, as far as this program may use them; two threads of one core are one."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    real = psutil.cpu_count(logical=False) or allowed
    return max(1, min(allowed, real, _quota()))


def _quota() -> int:
    """What the group of processes that this one belongs to may use, as containers limit it."""
    try:
        most, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, round(int(most) / int(period)))
    except (OSError, ValueError):  # no such group, or "max"
        return sys.maxsize


def affordable(checkpoints: Sequence[int]) -> int:
    """How many workers the free memory allows, each with these files loaded; at least one."""
    each = 3 * sum(checkpoints) + _SLACK
    return max(1, int(psutil.virtual_memory().available) // each)


# ------------------------------------------------------------------ the other process
def _serve(pipe: Connection, device: str) -> None:
    """The whole life of a worker. It ends when the pipe does, also in the midst of an order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the one who gives orders
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is there
    if hasattr(os, "nice"):
        os.nice(_MODEST)
    worker = Worker(device)
    with contextlib.suppress(OSError):  # nobody listens any more
        pipe.send(None)
        inbox = _Inbox(pipe)  # not before: an order may end this process as soon as it is read
        while True:
            for told in worker.carry_out(*inbox.next(), inbox.more):
                pipe.send(told)


class _Inbox:
    """The orders of one worker, in the order in which they come."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._came: SimpleQueue[tuple[int, Order]] = SimpleQueue()
        self._first: tuple[int, Order] | None = None  # taken out of the queue, and not yet given
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._came.put(self._pipe.recv())
            except (EOFError, OSError):
                os._exit(0)  # who gave the orders is gone; nothing here is worth keeping

    def next(self) -> tuple[int, Order]:
        """Waits for one."""
        told, self._first = self._first or self._came.get(), None
        return told

    def more(self, model: Model) -> tuple[int, Job] | None:
        """The next one if it is there, and a job for that model to be done beside others."""
        if self._first is None:
            with contextlib.suppress(Empty):
                self._first = self._came.get_nowait()
        if self._first is None:
            return None
        number, order = self._first
        if not isinstance(order, Job) or order.abreast == 1 or order.model != model:
            return None
        self._first = None
        return number, order


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """What is started inside never hears Ctrl+C, not even before its first line."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# ------------------------------------------------------------------ this process
@dataclass(eq=False)
class _Hand:
    """One worker, and the orders it was given, in order. alive: it said its first word."""

    process: BaseProcess
    pipe: Connection
    device: str
    orders: deque[int] = field(default_factory=deque)
    alive: bool = False


class LocalCrew:
    """Worker processes of this machine.

    abreast: jobs that each does side by side, where the jobs say so too.
    """

    def __init__(self, devices: Sequence[str]) -> None:
        """devices: one worker each; "" for what the orders say."""
        self.abreast = 1
        self._hands: list[_Hand] = []
        self._orders: dict[int, Order] = {}
        self._suspects: set[int] = set()  # a worker died over it, or over one beside it
        self._waiting: deque[int] = deque()  # orders of workers that died
        self._given = self._stillborn = 0
        self.grow(devices)

    def grow(self, devices: Sequence[str]) -> None:
        self._hands += [self._started(device) for device in devices]

    def _started(self, device: str) -> _Hand:
        """Raises WorkersFail."""
        context = get_context("spawn")  # a fork would share torch's threads and the study's file
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, device), daemon=True)
        try:
            with _undisturbed():
                process.start()
        except OSError as refused:
            raise WorkersFail(
                "No worker process can be started.",
                "Close other programs, or choose fewer workers.",
                detail=str(refused),
            ) from refused
        finally:
            theirs.close()
        return _Hand(process, mine, device)

    @property
    def size(self) -> int:
        return len(self._hands)

    def room(self, *, last: bool = False) -> bool:
        most = self.abreast if last else self.abreast + 1  # one to go on with
        return any(len(hand.orders) < most for hand in self._hands)

    def give(self, order: Order) -> None:
        self._given += 1
        self._orders[self._given] = order
        self._send(self._given)

    def _send(self, number: int) -> None:
        hand = min(self._hands, key=lambda each: len(each.orders))
        hand.orders.append(number)
        with contextlib.suppress(OSError):  # it died; `replies` finds out
            hand.pipe.send((number, self._order(number)))

    def _order(self, number: int) -> Order:
        """A suspect is given to be done alone."""
        order = self._orders[number]
        if isinstance(order, Job) and number in self._suspects:
            return replace(order, abreast=1)
        return order

    def replies(self, seconds: float) -> list[tuple[Order, Reply]]:
        heard: list[tuple[Order, Reply]] = []
        by_pipe = {hand.pipe: hand for hand in self._hands}
        for ready in wait(list(by_pipe), seconds):
            assert isinstance(ready, Connection)
            hand = by_pipe[ready]
            try:
                while ready.poll():
                    self._hear(hand, ready.recv(), heard)
            except (EOFError, OSError):
                self._replace(hand, heard)
        while self._waiting and self.room():
            self._send(self._waiting.popleft())
        return heard

    def _hear(
        self, hand: _Hand, told: tuple[int, Reply] | None, heard: list[tuple[Order, Reply]]
    ) -> None:
        if told is None:
            hand.alive, self._stillborn = True, 0
            return
        number, reply = told
        hand.orders.remove(number)
        self._suspects.discard(number)
        heard.append((self._orders.pop(number), reply))

    def _replace(self, hand: _Hand, heard: list[tuple[Order, Reply]]) -> None:
        """Put a new worker in the place of a dead one. Raises WorkersFail."""
        _end([hand])
        if hand.alive and hand.orders:
            first = hand.orders[0]
            if first in self._suspects:  # and so it was alone
                hand.orders.popleft()
                self._suspects.discard(first)
                heard.append((self._orders.pop(first), lost(hand.process.exitcode)))
            else:
                self._suspects |= set(islice(hand.orders, self.abreast))
        if not hand.alive:
            self._stillborn += 1
        if self._stillborn >= _STILLBORN:
            raise WorkersFail(
                "Worker processes end before they begin to work.",
                "Free some memory, then continue the campaign; `demo` tells whether torch loads.",
                detail=f"exit code {hand.process.exitcode}",
            )
        self._waiting.extendleft(reversed(hand.orders))
        self._hands[self._hands.index(hand)] = self._started(hand.device)

    def close(self) -> None:
        _end(self._hands)
        self._hands = []


def lost(code: int | None) -> Trouble:
    return Trouble(
        WorkersFail,
        "The worker process ended over this tile, twice.",
        "Try the tile alone in the window; if memory is short, choose fewer workers.",
        f"exit code {code}",
        lost=True,
    )


def _end(hands: Sequence[_Hand]) -> None:
    """At once: what a worker has not sent is done again some day."""
    for hand in hands:
        hand.process.kill()
    until = time.monotonic() + 5.0
    for hand in hands:
        hand.process.join(max(0.1, until - time.monotonic()))
        hand.pipe.close()

"""Batches side by side, each on one thread: the small layers of a window do not fill two.

A library that splits each layer among threads wakes them hundreds of times in a batch; a lane keeps
its thread busy from the first layer to the last.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

_MOST = 8  # lanes: Python itself runs in one at a time

Part = TypeVar("Part")
Result = TypeVar("Result")


class Lanes:
    """Threads that are there as long as the program, `count` of them."""

    def __init__(self, threads: int) -> None:
        """threads: of the processor, to be shared among the lanes."""
        self.count = max(1, min(threads, _MOST))
        self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="lane")
        met = Barrier(self.count)  # so that each thread of the pool settles itself once

        def settle(_: int) -> None:
            torch.get_num_threads()  # settles a new thread, which would undo what is set before
            torch.set_num_threads(max(1, threads // self.count))
            met.wait()

        list(self._pool.map(settle, range(self.count)))
        torch.set_num_threads(threads)  # the setting that threads to come will find

    def map(self, work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
        """The results in the order of the parts; raises the first failure."""
        return list(self._pool.map(work, parts))


@cache
def lanes(threads: int) -> Lanes:
    """The lanes of this process."""
    return Lanes(threads)

"""Workers on other machines: the same orders, carried out by a Dask cluster.

Only here is `distributed` imported.
"""

import contextlib
import logging
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

from onepixel_gui import __version__
from onepixel_gui.problems import Problem
from onepixel_gui.study.crew import lost
from onepixel_gui.study.orders import Order, Reply, Trouble
from onepixel_gui.study.work import do_here

_PATIENCE = 10  # seconds for a scheduler to answer
_DEPTH = 2  # orders for each worker
_EVERY = 2.0  # seconds between two counts of the workers


class UnusableCluster(Problem):
    """A Dask cluster that cannot be reached, or that cannot do this work."""


class DaskCrew:
    """The workers of one scheduler, however many there are at the time."""

    abreast = 1  # its workers take single orders

    def __init__(self, address: str) -> None:
        """Raises UnusableCluster."""
        self.address = address
        self._client = _connected(address)  # carries no types
        self._answered: SimpleQueue[Any] = SimpleQueue()
        self._orders: dict[str, Order] = {}
        self._futures: dict[str, Any] = {}
        self._enough = Event()
        try:
            self._expect_alike()
            self._count = self._counted()
        except BaseException:
            self.close()
            raise
        Thread(target=self._watch, name="workers of a cluster", daemon=True).start()

    def _expect_alike(self) -> None:
        try:
            self._client.get_versions(check=True)
            theirs = self._client.run(_version)
        except (ValueError, ImportError, OSError, RuntimeError, AttributeError) as odd:
            raise UnusableCluster(
                "The workers of this cluster do not have the same software.",
                f"Install onepixel_gui {__version__} and the same distributed on all of them.",
                detail=str(odd),
            ) from odd
        others = sorted({version for version in theirs.values() if version != __version__})
        if others:
            raise UnusableCluster(
                f"Workers of this cluster run onepixel_gui {', '.join(others)}, not {__version__}.",
                "Install the same version on all of them.",
            )

    @property
    def size(self) -> int:
        """Processes: of a worker with several threads one works at a time."""
        return self._count

    def _watch(self) -> None:
        """Workers come and go; asking may take as long as a network is slow."""
        while not self._enough.wait(_EVERY):
            with contextlib.suppress(OSError, RuntimeError, ValueError, KeyError):
                self._count = self._counted()

    def _counted(self) -> int:
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def room(self, *, last: bool = False) -> bool:
        return len(self._orders) < (1 if last else _DEPTH) * max(1, self.size)

    def give(self, order: Order) -> None:
        self._expect_scheduler()
        future = self._client.submit(do_here, order, pure=False)
        self._orders[future.key], self._futures[future.key] = order, future
        future.add_done_callback(self._answered.put)

    def replies(self, seconds: float) -> list[tuple[Order, Reply]]:
        heard: list[tuple[Order, Reply]] = []
        self._expect_scheduler()
        with contextlib.suppress(Empty):
            future = self._answered.get(timeout=seconds)
            while True:
                self._hear(future, heard)
                future = self._answered.get_nowait()
        return heard

    def _hear(self, future: Any, heard: list[tuple[Order, Reply]]) -> None:
        order = self._orders.pop(future.key, None)
        self._futures.pop(future.key, None)
        if order is None:
            return
        if future.status == "finished":
            heard.append((order, future.result()))
        elif future.status == "error":
            heard.append((order, _explained(future.exception())))
        else:  # cancelled or lost with its scheduler
            self._expect_scheduler()
            self.give(order)

    def _expect_scheduler(self) -> None:
        if self._client.status != "running":
            raise UnusableCluster(
                f"The scheduler {self.address} is gone.",
                "Start the cluster again, then continue the campaign.",
            )

    def close(self) -> None:
        self._enough.set()
        with contextlib.suppress(OSError, TimeoutError):
            self._client.cancel(list(self._futures.values()), force=True)
        self._futures, self._orders = {}, {}
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close(timeout=2)


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as missing:
        raise UnusableCluster(
            "Dask is not installed here, so no cluster can be asked.",
            "Install it with: pip install 'onepixel-gui[cluster]'",
            detail=str(missing),
        ) from missing
    # What it logs about a cluster that is gone is told here in our own words, once.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        make: Any = Client  # carries no types
        words = {"timeout": _PATIENCE, "set_as_default": False, "name": "onepixel-gui"}
        try:
            return make(address, **words)
        except AssertionError:  # it takes up the loop of a client that is just being closed
            return make(address, **words)
    except (OSError, ValueError, TypeError) as refused:
        raise UnusableCluster(
            f"No Dask scheduler answers at {address}.",
            "Check the address, as in tcp://HOST:8786, and that the scheduler runs.",
            detail=f"{type(refused).__name__}: {refused}",
        ) from refused


def _version() -> str:
    """Asked on each worker."""
    return __version__


def _explained(fault: BaseException | None) -> Trouble:
    from distributed.scheduler import KilledWorker

    if isinstance(fault, KilledWorker):
        return lost(None)
    return Trouble.of(
        UnusableCluster(
            "The workers of this cluster cannot do this work.",
            "Check that onepixel_gui can be imported there and that they share your files.",
            detail=repr(fault),
        ),
        ends=True,
    )

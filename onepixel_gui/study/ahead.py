"""Tiles read a little ahead of those who work on them, on a thread of its own.

A drive may hang: whoever asks here is never kept waiting, and nobody waits for the thread.
"""

from collections.abc import Sequence
from queue import Empty, Full, Queue
from threading import Event, Thread

from onepixel_gui.problems import Problem, Unexpected, UnreadableTile
from onepixel_gui.tiles.entries import Listing
from onepixel_gui.tiles.tile import Tile

_PAUSE = 0.2  # seconds between two looks whether anybody still wants tiles

Told = tuple[int, Tile | Problem]  # task, and what came of reading its tile


class Ahead:
    """Reads the tiles of tasks in their order, at most so many ahead."""

    def __init__(
        self, listing: Listing, wanted: Sequence[tuple[int, int | None]], ahead: int
    ) -> None:
        """wanted: task, and its index in the list, None where the list has it no longer."""
        self.left = len(wanted)
        self._read: Queue[Told] = Queue(ahead)
        self._enough = Event()
        Thread(
            target=self._run, args=(listing, wanted), name="tiles of a campaign", daemon=True
        ).start()

    def next(self) -> Told | None:
        """None while none is ready."""
        try:
            told = self._read.get_nowait()
        except Empty:
            return None
        self.left -= 1
        return told

    def close(self) -> None:
        self._enough.set()

    def _run(self, listing: Listing, wanted: Sequence[tuple[int, int | None]]) -> None:
        for task, index in wanted:
            told = task, _read(listing, index)
            while not self._enough.is_set():
                try:
                    self._read.put(told, timeout=_PAUSE)
                    break
                except Full:
                    pass
            if self._enough.is_set():
                return


def _read(listing: Listing, index: int | None) -> Tile | Problem:
    if index is None:
        return UnreadableTile(
            "The data set has this tile no longer.", "Put its file back and begin a new campaign."
        )
    try:
        tile = listing[index].read()
        tile.sha256  # noqa: B018 - reckoned on this thread, and kept with the tile
    except Problem as problem:
        return problem
    except Exception as bug:  # noqa: BLE001 - the edge of a thread: raised again by who listens
        return Unexpected(bug)
    return tile

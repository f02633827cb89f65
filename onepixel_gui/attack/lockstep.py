"""Searches over several tiles of one classifier side by side, so that its batches are full."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Candidates,
    Chorus,
    Ended,
    Probe,
    Readings,
    Settings,
)
from onepixel_gui.attack.search import Run

Key = TypeVar("Key")
Door = TypeVar("Door", bound=Probe)


@dataclass(slots=True, eq=False)
class _Side(Generic[Key, Door]):
    """One search among others. place: of its tile in the chorus.  seconds: its share so far."""

    key: Key
    probe: Door
    run: Run
    place: int = -1
    seconds: float = 0.0


class SideBySide(Generic[Key, Door]):
    """Several searches that share each batch, each at its own generation.

    A batch holds candidates of as many tiles as fit.  What a tile is asked, and so its outcome, is
    what `search` alone would ask and find.  A search that ends makes room for the others; another
    may begin at any time.
    """

    def __init__(self, join: Callable[[Sequence[Door]], Chorus]) -> None:
        """join: makes one door of several."""
        self._join = join
        self._chorus: Chorus | None = None  # None: somebody came since it was made
        self._turns: list[_Side[Key, Door]] = []

    def __len__(self) -> int:
        """Searches under way."""
        return len(self._turns)

    def begin(self, key: Key, probe: Door, settings: Settings) -> Began:
        """One more. key: by which it is told from the others."""
        self._turns.append(_Side(key, probe, Run(probe, settings)))
        self._chorus = None
        return Began(probe.question, settings)

    def go_on(self) -> list[tuple[Key, Advanced | Ended]]:
        """Ask one batch; what is told of whom, `Advanced` at the end of each generation.

        `Ended.seconds` are a search's share of the batches that it was in.
        """
        started = time.perf_counter()
        chorus = self._joined()
        shares = self._shares(chorus.chunk)
        answers = _asked(chorus, shares)
        spent = (time.perf_counter() - started) / sum(len(part) for _, part in shares)
        told: list[tuple[Key, Advanced | Ended]] = []
        for (side, part), readings in zip(shares, answers, strict=True):
            side.run.take(readings)
            side.seconds += spent * len(part)
            if side.run.between or side.run.over:
                told.append((side.key, side.run.advanced()))
            if side.run.over:
                told.append((side.key, side.run.ended(side.seconds)))
        self._take_turns(len(shares))
        return told

    def _joined(self) -> Chorus:
        if self._chorus is None:
            self._chorus = self._join([side.probe for side in self._turns])
            for place, side in enumerate(self._turns):
                side.place = place
        return self._chorus

    def _shares(self, room: int) -> list[tuple[_Side[Key, Door], Candidates]]:
        """Candidates of each in turn until the batch is full; the last may be cut short."""
        shares: list[tuple[_Side[Key, Door], Candidates]] = []
        for side in self._turns:
            if room <= 0:
                break
            part = side.run.ask(room)
            shares.append((side, part))
            room -= len(part)
        return shares

    def _take_turns(self, asked: int) -> None:
        """Whose generation was cut short goes on first; whose is complete waits behind others."""
        running = [side for side in self._turns[:asked] if not side.run.over]
        midway = [side for side in running if not side.run.between]
        through = [side for side in running if side.run.between]
        self._turns = [*midway, *self._turns[asked:], *through]


def _asked(chorus: Chorus, shares: Sequence[tuple[_Side[Key, Door], Candidates]]) -> list[Readings]:
    """Ask for all shares at once; the readings of each."""
    sizes = [len(part) for _, part in shares]
    which = np.repeat([side.place for side, _ in shares], sizes)
    readings = chorus(which, np.concatenate([part for _, part in shares]))
    ends = np.cumsum(sizes)[:-1]
    split = zip(np.split(readings.logits, ends), np.split(readings.flipped, ends), strict=True)
    return [Readings(logits, flipped) for logits, flipped in split]

"""Searches over many tiles of one classifier side by side, so that small networks fill a batch."""

import time
from collections.abc import Generator, Sequence

import numpy as np

from onepixel_gui.attack.probe import Began, Candidates, Chorus, Event, Readings, Settings
from onepixel_gui.attack.search import Run


def search_all(chorus: Chorus, settings: Settings) -> Generator[tuple[int, Event]]:
    """Search every tile of the chorus; events come with the index of the tile they are about.

    A batch holds candidates of as many tiles as fit, each tile at its own generation.  What a tile
    is asked, and so its outcome, is what `search` alone would ask and find; only `seconds`, from
    the start of all, is not its own.  A tile that ends makes room for the others.
    """
    started = time.perf_counter()
    runs = [Run(probe, settings) for probe in chorus.probes]
    for index, probe in enumerate(chorus.probes):
        yield index, Began(probe.question, settings)
    turns = list(range(len(runs)))
    while turns:
        shares = _shares(runs, turns, chorus.chunk)
        answers = _asked(chorus, shares)
        for (index, _), readings in zip(shares, answers, strict=True):
            runs[index].take(readings)
            yield index, runs[index].advanced()
            if runs[index].over:
                yield index, runs[index].ended(time.perf_counter() - started)
        turns = _next_turns(runs, turns, len(shares))


def _shares(runs: Sequence[Run], turns: Sequence[int], room: int) -> list[tuple[int, Candidates]]:
    """(tile, its next candidates) in turn until the batch is full; the last may be cut short."""
    shares: list[tuple[int, Candidates]] = []
    for index in turns:
        if room <= 0:
            break
        part = runs[index].ask(room)
        shares.append((index, part))
        room -= len(part)
    return shares


def _asked(chorus: Chorus, shares: Sequence[tuple[int, Candidates]]) -> list[Readings]:
    """Ask for all shares at once; the readings of each."""
    sizes = [len(part) for _, part in shares]
    which = np.repeat([index for index, _ in shares], sizes)
    readings = chorus(which, np.concatenate([part for _, part in shares]))
    ends = np.cumsum(sizes)[:-1]
    split = zip(np.split(readings.logits, ends), np.split(readings.flipped, ends), strict=True)
    return [Readings(logits, flipped) for logits, flipped in split]


def _next_turns(runs: Sequence[Run], turns: Sequence[int], asked: int) -> list[int]:
    """Whose generation was cut short goes on first; whose is complete waits behind the others."""
    running = [index for index in turns[:asked] if not runs[index].over]
    midway = [index for index in running if not runs[index].between]
    return [*midway, *turns[asked:], *(index for index in running if runs[index].between)]

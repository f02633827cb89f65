"""The search for one or a few pixels that change the answer, told as a stream of events."""

import time
from collections.abc import Generator

import numpy as np

from onepixel_gui.attack.evolution import Doubles, Evolution
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Candidates,
    Ended,
    Event,
    Probe,
    Readings,
    Settings,
)
from onepixel_gui.attack.tally import Curve, Tally
from onepixel_gui.tiles.tile import Window


def search(probe: Probe, settings: Settings) -> Generator[Event]:
    """Look for the perturbation that flips the answer; an event after each chunk of candidates.

    `queries` and the outcome do not depend on the chunk.  There is no cancel flag: whoever
    iterates may simply stop.
    """
    started = time.perf_counter()
    yield Began(probe.question, settings)
    run = Run(probe, settings)
    while not run.over:
        run.take(probe(run.ask(probe.chunk)))
        yield run.advanced()
    yield run.ended(time.perf_counter() - started)


class Run:
    """One search between two events: hands out candidates, takes what was read of them."""

    def __init__(self, probe: Probe, settings: Settings) -> None:
        self._settings = settings
        self._tally = Tally(probe, settings.to_the_end)
        rng = np.random.default_rng(settings.seed)
        low, high = _bounds(probe.question.window, settings.pixels)
        founders = _founders(rng, settings, low, high)
        self._evolution = Evolution(founders, low, high, settings.weight, rng)
        self._generation = 0
        self._curve: Curve = []
        self._breed()

    def _breed(self) -> None:
        self._vectors = self._evolution.ask()
        self._candidates = as_candidates(self._vectors)
        self._cloud = self._candidates[:, :, :2].reshape(-1, 2)
        self._cloud.setflags(write=False)
        self._fitness = np.empty(len(self._candidates))
        self._read = 0  # candidates of this generation whose readings were taken

    @property
    def between(self) -> bool:
        """All of one generation was read and nothing of the next was asked."""
        return self._read == len(self._candidates)

    @property
    def over(self) -> bool:
        last = self._generation + 1 == self._settings.generations
        return self._tally.over or (last and self.between)

    def ask(self, most: int) -> Candidates:
        """The next candidates: at most that many, at least one, all of one generation."""
        if self.between:
            self._evolution.tell(self._vectors, self._fitness)
            self._curve.append((self._tally.queries, self._tally.confidence))
            self._generation += 1
            self._breed()
        return self._candidates[self._read : self._read + most]

    def take(self, readings: Readings) -> None:
        """What was read of the candidates asked last."""
        part = slice(self._read, self._read + len(readings.logits))
        self._fitness[part] = self._tally.fitness(readings.logits)
        self._tally.take(self._candidates[part], readings)
        self._read = part.stop

    def advanced(self) -> Advanced:
        tally = self._tally
        return Advanced(
            tally.queries,
            self._generation,
            tally.best,
            tally.confidence,
            self._cloud,
            whole=self.between,
        )

    def ended(self, seconds: float) -> Ended:
        """The outcome, by an ordinary forward pass of the whole tile."""
        return self._tally.ended(seconds, self._curve)


def as_candidates(vectors: Doubles) -> Candidates:
    """(N, 5k) real vectors -> (N, k, 5) whole pixels: positions floored, colours rounded."""
    whole = vectors.reshape(len(vectors), -1, 5).copy()
    whole[..., :2] = np.floor(whole[..., :2])
    whole[..., 2:] = np.rint(whole[..., 2:])
    return whole.astype(np.int16)


def _bounds(window: Window, pixels: int) -> tuple[Doubles, Doubles]:
    """Inclusive bounds of a vector; the last position is just inside the window's far edge."""
    bottom = np.nextafter(window.row + window.height, 0.0)
    right = np.nextafter(window.column + window.width, 0.0)
    low = [window.row, window.column, 0.0, 0.0, 0.0]
    high = [bottom, right, 255.0, 255.0, 255.0]
    return np.tile(np.array(low, np.float64), pixels), np.tile(np.array(high), pixels)


def _founders(rng: np.random.Generator, settings: Settings, low: Doubles, high: Doubles) -> Doubles:
    """Positions uniform over the window, colours N(128, 127) (Su et al., section 4.2)."""
    founders = rng.uniform(low, high, size=(settings.population, len(low)))
    colours = founders.reshape(settings.population, -1, 5)[..., 2:]
    colours[...] = rng.normal(128.0, 127.0, size=colours.shape)
    return founders

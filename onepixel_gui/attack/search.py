"""The search for one or a few pixels that change the answer, told as a stream of events."""

import time
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.evolution import Doubles, Evolution
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Candidates,
    Ended,
    Event,
    Perturbation,
    Pixel,
    Probe,
    Settings,
    confidence,
)
from onepixel_gui.tiles.tile import Window


def search(probe: Probe, settings: Settings) -> Generator[Event]:
    """Look for the perturbation that flips the answer; an event after each chunk of candidates.

    Downward (the answer is the subject) the confidence is minimised, upward maximised; fitness is
    its log-odds, which orders like the probability and does not saturate.  Candidates count one by
    one in the order asked, so `queries` and the outcome do not depend on the chunk.  There is no
    cancel flag: whoever iterates may simply stop.
    """
    started = time.perf_counter()
    yield Began(probe.question, settings)
    run = _Run(probe, settings)
    for _ in range(settings.generations):
        yield from run.generation()
        if run.flip is not None and not settings.to_the_end:
            break
    yield run.ended(time.perf_counter() - started)


class _Run:
    """The state of one search between two events."""

    def __init__(self, probe: Probe, settings: Settings) -> None:
        self._probe, self._settings = probe, settings
        self._sign = 1.0 if probe.question.downward else -1.0
        rng = np.random.default_rng(settings.seed)
        low, high = _bounds(probe.question.window, settings.pixels)
        founders = _founders(rng, settings, low, high)
        self._evolution = Evolution(founders, low, high, settings.weight, rng)
        self._generation, self._queries = 0, 0
        self._curve: list[tuple[int, float]] = []
        self._lead: tuple[float, NDArray[np.int16]] | None = None  # fittest so far, fitness first
        self.flip: tuple[int, NDArray[np.int16], float] | None = None  # queries, candidate, logit

    def generation(self) -> Generator[Event]:
        """Ask one generation in chunks; stops inside it at the first confirmed flip if so set."""
        vectors = self._evolution.ask()
        candidates = as_candidates(vectors)
        fitness = np.empty(len(candidates))
        for start in range(0, len(candidates), self._probe.chunk):
            part = candidates[start : start + self._probe.chunk]
            readings = self._probe(part)
            fitness[start : start + len(part)] = self._sign * readings.logits
            flip = self._first_flip(part, readings.flipped)
            seen = len(part) if flip is None or self._settings.to_the_end else flip + 1
            self._follow(part[:seen], fitness[start : start + seen])
            self._queries += seen
            yield self._advanced(vectors)
            if seen < len(part) or (self.flip is not None and not self._settings.to_the_end):
                return
        self._evolution.tell(vectors, fitness)
        self._generation += 1
        self._curve.append((self._queries, self._leading()))

    def _first_flip(self, part: Candidates, flipped: NDArray[np.bool_]) -> int | None:
        """Index of the first candidate that an ordinary forward pass confirms as a flip."""
        if self.flip is not None or not flipped.any():
            return None
        suspects = np.flatnonzero(flipped)
        readings = self._probe.confirm(part[suspects])
        sure = np.flatnonzero(readings.flipped)
        if not len(sure):
            return None
        index = int(suspects[sure[0]])
        logit = float(readings.logits[sure[0]])
        self.flip = (self._queries + index + 1, part[index], logit)
        return index

    def _follow(self, part: Candidates, fitness: Doubles) -> None:
        best = int(fitness.argmin())
        if self._lead is None or fitness[best] < self._lead[0]:
            self._lead = (float(fitness[best]), part[best])

    def _leading(self) -> float:
        assert self._lead is not None
        return _confidence(self._sign * self._lead[0])

    def _advanced(self, vectors: Doubles) -> Advanced:
        assert self._lead is not None
        cloud = as_candidates(vectors)[:, :, :2].reshape(-1, 2)
        cloud.setflags(write=False)
        return Advanced(
            self._queries, self._generation, perturbation(self._lead[1]), self._leading(), cloud
        )

    def ended(self, seconds: float) -> Ended:
        """The outcome, by an ordinary forward pass of the whole tile."""
        assert self._lead is not None
        best = self._lead[1]
        if self.flip is not None and not self._settings.to_the_end:
            best = self.flip[1]
        readings = self._probe.confirm(best[None])
        if self.flip is not None and not readings.flipped[0]:  # the fittest need not be a flip
            best = self.flip[1]
            readings = self._probe.confirm(best[None])
        flipped = bool(readings.flipped[0])
        final = float(readings.confidences[0])
        question = self._probe.question
        stopped_early = flipped and not self._settings.to_the_end
        return Ended(
            reason="flipped" if stopped_early else "budget spent",
            flipped=flipped,
            queries=self._queries,
            first_flip=None if self.flip is None else self.flip[0],
            best=perturbation(best),
            confidence=final,
            answer=question.goal if flipped else question.answer,
            curve=(*(at for at in self._curve if at[0] < self._queries), (self._queries, final)),
            seconds=seconds,
        )


def as_candidates(vectors: Doubles) -> Candidates:
    """(N, 5k) real vectors -> (N, k, 5) whole pixels: positions floored, colours rounded."""
    whole = vectors.reshape(len(vectors), -1, 5).copy()
    whole[..., :2] = np.floor(whole[..., :2])
    whole[..., 2:] = np.rint(whole[..., 2:])
    return whole.astype(np.int16)


def perturbation(candidate: NDArray[np.int16]) -> Perturbation:
    """(k, 5) -> the pixels of one candidate."""
    return tuple(
        Pixel(row, column, (red, green, blue))
        for row, column, red, green, blue in candidate.tolist()
    )


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


def _confidence(logit: float) -> float:
    return float(confidence(np.array(logit, np.float32)))

"""What one search has spent and found, however its candidates were chosen."""

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.evolution import Doubles
from onepixel_gui.attack.probe import (
    Bools,
    Candidates,
    Ended,
    Floats,
    Perturbation,
    Pixel,
    Probe,
    Readings,
    confidence,
)

Candidate = NDArray[np.int16]  # (k, 5)
Curve = list[tuple[int, float]]  # (queries, best confidence so far)


class Tally:
    """The queries, the fittest candidate and the first flip of one search.

    Downward (the answer is the subject) the confidence is minimised, upward maximised; fitness is
    its log-odds, which orders like the probability and does not saturate; lower is fitter.
    Candidates count one by one in the order asked, so nothing here depends on the chunk.

    records: a point whenever a candidate was fitter than all before it.
    """

    def __init__(self, probe: Probe, to_the_end: bool) -> None:
        self._probe, self._to_the_end = probe, to_the_end
        self._sign = 1.0 if probe.question.downward else -1.0
        self._lead: tuple[float, Candidate] | None = None  # fittest so far, fitness first
        self._flip: tuple[int, Candidate] | None = None  # queries until then
        self.queries = 0
        self.records: Curve = []

    @property
    def over(self) -> bool:
        """The answer flipped, and nobody asked to go on."""
        return self._flip is not None and not self._to_the_end

    @property
    def fittest(self) -> Candidate:
        """(k, 5), k = 0 before the first query."""
        return np.empty((0, 5), np.int16) if self._lead is None else self._lead[1]

    @property
    def best(self) -> Perturbation:
        return perturbation(self.fittest)

    @property
    def confidence(self) -> float:
        """The best so far; that of the untouched tile before the first query."""
        question = self._probe.question
        logit = question.clean_logit if self._lead is None else self._sign * self._lead[0]
        return float(confidence(np.array(logit, np.float32)))

    def fitness(self, logits: Floats) -> Doubles:
        """(N,) logits of the subject -> (N,), lower is fitter."""
        return (self._sign * logits).astype(np.float64)

    def take(self, part: Candidates, readings: Readings) -> None:
        """Count candidates just asked: all, or those up to the flip that ends the search."""
        flip = self._first_flip(part, readings.flipped)
        seen = len(part) if flip is None or self._to_the_end else flip + 1
        self._follow(part[:seen], self.fitness(readings.logits[:seen]))
        self.queries += seen

    def _first_flip(self, part: Candidates, flipped: Bools) -> int | None:
        """Index of the first candidate that an ordinary forward pass confirms as a flip."""
        if self._flip is not None or not flipped.any():
            return None
        suspects = np.flatnonzero(flipped)
        sure = np.flatnonzero(self._probe.confirm(part[suspects]).flipped)
        if not len(sure):
            return None
        index = int(suspects[sure[0]])
        self._flip = (self.queries + index + 1, part[index])
        return index

    def _follow(self, part: Candidates, fitness: Doubles) -> None:
        so_far = np.inf if self._lead is None else self._lead[0]
        before = np.minimum.accumulate(np.concatenate([[so_far], fitness[:-1]]))
        for index in np.flatnonzero(fitness < before).tolist():
            self._lead = (float(fitness[index]), part[index])
            self.records.append((self.queries + index + 1, self.confidence))

    def ended(self, seconds: float, curve: Curve, previews: int = 0) -> Ended:
        """The outcome, by an ordinary forward pass of the whole tile."""
        assert self._lead is not None
        best = self._flip[1] if self._flip is not None and self.over else self._lead[1]
        readings = self._probe.confirm(best[None])
        if self._flip is not None and not readings.flipped[0]:  # the fittest need not be a flip
            best = self._flip[1]
            readings = self._probe.confirm(best[None])
        flipped = bool(readings.flipped[0])
        final = float(readings.confidences[0])
        question = self._probe.question
        return Ended(
            reason="flipped" if flipped and not self._to_the_end else "budget spent",
            flipped=flipped,
            queries=self.queries,
            first_flip=None if self._flip is None else self._flip[0],
            best=perturbation(best),
            confidence=final,
            answer=question.goal if flipped else question.answer,
            curve=(*(at for at in curve if at[0] < self.queries), (self.queries, final)),
            seconds=seconds,
            previews=previews,
        )


def perturbation(candidate: Candidate) -> Perturbation:
    """(k, 5) -> the pixels of one candidate."""
    return tuple(
        Pixel(row, column, (red, green, blue))
        for row, column, red, green, blue in candidate.tolist()
    )

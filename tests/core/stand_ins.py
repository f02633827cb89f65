"""Classifiers of a few lines that stand behind the Probe door: the search needs no network."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.lockstep import SideBySide
from onepixel_gui.attack.probe import Candidates, Floats, Question, Readings, confidence
from onepixel_gui.tiles.tile import Window

SQUARE = Window(0, 0, 16, 16)
Law = Callable[[Candidates], Floats]  # (N, k, 5) -> (N,) logits of the subject


@dataclass
class StandIn:
    """A probe whose answer follows a law, and which writes down what it was asked.

    denies: the ordinary pass contradicts every flip that the fast one proposes.
    guess:  the law of the preview; None where there is none.
    """

    law: Law
    clean_logit: float = 2.0
    window: Window = SQUARE
    chunk: int = 64
    threshold: float = 0.5
    denies: bool = False
    guess: Law | None = None
    glimpses: int = 256
    asked: list[Candidates] = field(default_factory=list)
    confirmed: list[Candidates] = field(default_factory=list)
    previewed: list[Candidates] = field(default_factory=list)

    @property
    def question(self) -> Question:
        clean = float(confidence(np.array(self.clean_logit)))
        answer = "mitosis" if self._positive(np.array(self.clean_logit)) else "normal"
        return Question(
            "mitosis", "normal", answer, clean, self.clean_logit, self.threshold, self.window
        )

    def __call__(self, candidates: Candidates) -> Readings:
        self.asked.append(candidates.copy())
        return self._read(self.law(candidates))

    def confirm(self, candidates: Candidates) -> Readings:
        self.confirmed.append(candidates.copy())
        if self.denies:
            return self._read(np.full(len(candidates), self.clean_logit, np.float32))
        return self._read(self.law(candidates))

    @property
    def preview_chunk(self) -> int:
        return self.glimpses if self.guess else 0

    def preview(self, candidates: Candidates) -> Floats:
        assert self.guess is not None, "asked for a preview where there is none"
        self.previewed.append(candidates.copy())
        return self.guess(candidates)

    @property
    def queries(self) -> Candidates:
        """Everything asked, in order."""
        return np.concatenate(self.asked)

    def _positive(self, logits):
        return logits >= np.log(self.threshold / (1 - self.threshold))

    def _read(self, logits) -> Readings:
        flipped = self._positive(logits) != self._positive(np.array(self.clean_logit))
        return Readings(logits.astype(np.float32), flipped)


@dataclass
class StandInChorus:
    """Several stand-ins behind one door; writes down how many candidates came in each call."""

    probes: list[StandIn]
    chunk: int = 64
    sizes: list[int] = field(default_factory=list)

    def __call__(self, which: NDArray[np.intp], candidates: Candidates) -> Readings:
        self.sizes.append(len(candidates))
        logits = np.empty(len(candidates), np.float32)
        flipped = np.empty(len(candidates), np.bool_)
        for index in np.unique(which):
            of_it = which == index
            readings = self.probes[index](candidates[of_it])
            logits[of_it], flipped[of_it] = readings.logits, readings.flipped
        return Readings(logits, flipped)


def search_all(chorus, probes, settings):
    """Every event of searches side by side, with the index of the probe that it is about."""
    searches = SideBySide(lambda _probes: chorus)
    for index, probe in enumerate(probes):
        yield index, searches.begin(index, probe, settings)
    while len(searches):
        yield from searches.go_on()


def one_spot(row=3, column=5, *, depth=4.0, reach=3.0, sign=-1.0, start=2.0) -> Law:
    """A dent around one position that is deepest for pure yellow, so that a search can follow it.

    sign: -1 pulls the logit down from `start`, +1 pushes it up.
    """

    def law(candidates: Candidates) -> Floats:
        pixels = candidates[:, 0].astype(np.float64)
        far = np.hypot(pixels[:, 0] - row, pixels[:, 1] - column) / reach
        off = np.abs(pixels[:, 2:] - np.array([255, 255, 0])).sum(axis=1) / 765
        return (start + sign * depth * np.exp(-(far**2)) * (1 - off)).astype(np.float32)

    return law


def flat(value=2.0) -> Law:
    """Nothing that a pixel does makes a difference."""
    return lambda candidates: np.full(len(candidates), value, np.float32)


def hashed(start=2.0, spread=2.5) -> Law:
    """Every candidate has its own value, without any order: only bookkeeping can find it again."""

    def law(candidates: Candidates) -> Floats:
        mixed = candidates.reshape(len(candidates), -1).astype(np.uint64)
        mixed = (mixed * np.array([2654435761 + 97 * i for i in range(mixed.shape[1])], "u8")).sum(
            axis=1
        )
        return (start + spread * np.sin(mixed.astype(np.float64) % 6283.0)).astype(np.float32)

    return law

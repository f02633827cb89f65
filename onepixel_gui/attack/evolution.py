"""Differential evolution by ask and tell; knows vectors and scores, nothing of images."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class Evolution:
    """DE/rand/1 without crossover: a child replaces the member of its own index if fitter.

    Su et al., arXiv 1710.08864, section 4.2: x_i(g+1) = x_r1 + F (x_r2 - x_r3), r1, r2, r3 all
    different.  The paper does not say what becomes of a child outside the bounds; we clip it.
    """

    def __init__(
        self,
        founders: Doubles,
        low: Doubles,
        high: Doubles,
        weight: float,
        rng: np.random.Generator,
    ) -> None:
        """founders: (N, D), N at least 3.  low, high: (D,) inclusive bounds.  weight: F."""
        if len(founders) < 3:
            raise ValueError("three different parents need a population of at least 3")
        self._low, self._high, self._weight, self._rng = low, high, weight, rng
        self.members = np.clip(founders, low, high)
        self.scores = np.full(len(founders), np.inf)

    def ask(self) -> Doubles:
        """The (N, D) vectors to score next; the first time, the founders themselves."""
        if np.isinf(self.scores).all():
            return self.members
        first, second, third = self._parents()
        child = self.members[first] + self._weight * (self.members[second] - self.members[third])
        return np.clip(child, self._low, self._high)

    def tell(self, trials: Doubles, scores: Doubles) -> None:
        """scores: (N,) of the trials, lower is fitter."""
        fitter = scores < self.scores
        self.members = np.where(fitter[:, None], trials, self.members)
        self.scores = np.where(fitter, scores, self.scores)

    def _parents(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Three index vectors, different from each other in each place, without rejection.

        Drawing from ever fewer values and stepping over those taken keeps it one pass.
        """
        size = len(self.members)
        first, second, third = (self._rng.integers(size - taken, size=size) for taken in range(3))
        second = second + (second >= first)
        lower, upper = np.minimum(first, second), np.maximum(first, second)
        third = third + (third >= lower)
        third = third + (third >= upper)
        return first, second, third

"""A share of tiles or flips, with its interval; where what is counted comes in groups, too."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Share:
    """hits of n.

    value:      hits / n, or the mean over groups where that is said; None of none.
    low, high:  95 % interval, 0-1; None where it cannot be told.
    interval:   "Wilson", or "Wilson, clustered": at the effective number that the spread between
                groups leaves, with Student's quantile (Korn and Graubard 1998; our choice).
    """

    hits: int
    n: int
    value: float | None
    low: float | None
    high: float | None
    interval: Literal["Wilson", "Wilson, clustered"] = "Wilson"


def wilson(hits: int, n: int) -> Share:
    """The 95 % score interval of Wilson (1927)."""
    raise NotImplementedError


def clustered(hits: Doubles, counts: Doubles) -> Share:
    """(G,) hits of (G,) counts in G groups, whose members are not independent.

    Without spread between the groups it is Wilson's interval of G; of one group there is none.
    """
    raise NotImplementedError

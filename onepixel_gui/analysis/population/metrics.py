"""The four metrics of Su et al. (arXiv 1710.08864, section 4), their costs, and ANVP."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread, spread
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.rates import Rate, rate
from onepixel_gui.analysis.population.shares import wilson
from onepixel_gui.analysis.population.units import one_per_tile


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """From-to counts of tiles, over the classes that occur.

    counts:  (C, C) tiles answered `classes[row]` that reached `classes[column]` with any seed.
    tried:   (C,) tiles answered so.  as_origin: (C,) of these that flipped.
    as_target:  (C,) tiles that reached this class.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    tried: NDArray[np.int64]
    as_origin: NDArray[np.int64]
    as_target: NDArray[np.int64]

    def rate(self, origin: int, target: int) -> Rate:
        """With its Wilson interval; n = 0 where no tile was answered so."""
        reached, n = int(self.counts[origin, target]), int(self.tried[origin])
        title = f"{self.classes[origin]} to {self.classes[target]}"
        return Rate(title, reached, n, wilson(reached, n))


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The unit is the tile: over its seeds, costs are averaged and successes joined.

    success:          derived from ours: untargeted, any seed.
    confidence:       in the class reached, of tiles that flipped (mean over their flips); None
                      where nothing flipped or `confidence_note` says why it is not known.
    reached:          (K,) tiles by the number of different classes reached, 0 to K - 1.
    queries, first_flip:  of all tiles; of those that flipped, until first seen.
    distortion, channels:  mean |change| per channel over flipped tiles, 0-255: averaged over
                      the three channels as Su et al. do, and each; None where nothing flipped.
    vulnerable:       flipping positions per tile (ANVP is its mean); None of searches.
    vulnerable_share: ANVP / positions of the window, 0-1.
    """

    success: Rate
    confidence: Spread | None
    confidence_note: str
    reached: NDArray[np.int64]
    matrix: Matrix
    queries: Spread | None
    first_flip: Spread | None
    distortion: Spread | None
    channels: tuple[float, float, float] | None
    vulnerable: Spread | None
    vulnerable_share: float | None


def metrics(outcomes: Outcomes) -> Metrics:
    """Of one classifier and attack."""
    tiles, flips = one_per_tile(outcomes), outcomes.some(outcomes.flipped)
    confidence, note = _confidence(flips)
    change = np.abs(flips.colour_after.astype(np.float64) - flips.colour_before)
    seen = flips.first_flip >= 0
    swept = outcomes.flipping_positions >= 0
    vulnerable = spread(_by_tile(outcomes.flipping_positions[swept], outcomes.tile[swept]))
    height, width = outcomes.window
    per_channel = [_by_tile(change[:, index], flips.tile) for index in range(3)]
    return Metrics(
        rate("all", tiles.flipped, tiles.case),
        confidence,
        note,
        _reached(tiles, flips),
        _matrix(tiles, flips),
        spread(_by_tile(outcomes.queries, outcomes.tile)),
        spread(_by_tile(flips.first_flip[seen], flips.tile[seen])),
        spread(np.mean(per_channel, axis=0)),
        _means(per_channel) if len(flips) else None,
        vulnerable,
        vulnerable.mean / (height * width) if vulnerable else None,
    )


def _by_tile(values: NDArray[np.number], tile: Integers) -> Floats:
    """(tiles,) the mean of each tile's values."""
    _, index, count = np.unique(tile, return_inverse=True, return_counts=True)
    means: Floats = np.bincount(index, values, minlength=len(count)) / count
    return means


def _means(channels: list[Floats]) -> tuple[float, float, float]:
    red, green, blue = (float(each.mean()) for each in channels)
    return red, green, blue


def _confidence(flips: Outcomes) -> tuple[Spread | None, str]:
    """In the class reached; the confidence that is kept is that in the subject."""
    reached_subject = flips.after == flips.subject
    if len(flips.classes) > 2 and not reached_subject.all():
        return None, (
            "Among more than two classes, an untargeted attack keeps the confidence in the class "
            "it left, not in the one it reached."
        )
    reached = np.where(reached_subject, flips.confidence, 1 - flips.confidence)
    return spread(_by_tile(reached, flips.tile)), ""


def _reached(tiles: Outcomes, flips: Outcomes) -> NDArray[np.int64]:
    """(K,) tiles that reached 0, 1, ... K - 1 other classes."""
    pairs = np.unique(np.stack([flips.tile, flips.after], 1), axis=0)
    _, classes = np.unique(pairs[:, 0], return_counts=True)
    counts = np.bincount(classes, minlength=max(len(tiles.classes), 1)).astype(np.int64)
    counts[0] = len(tiles) - len(classes)
    return counts


def _matrix(tiles: Outcomes, flips: Outcomes) -> Matrix:
    occurring = np.unique(np.concatenate([tiles.answer, flips.after]))
    classes, n = tuple(tiles.classes[each] for each in occurring), len(occurring)
    triples = np.unique(np.stack([flips.tile, flips.answer, flips.after], 1), axis=0)
    origin, target = np.searchsorted(occurring, triples[:, 1:]).T
    counts = np.bincount(origin * n + target, minlength=n * n).reshape(n, n)
    answers = np.searchsorted(occurring, tiles.answer)
    return Matrix(
        classes,
        counts,
        np.bincount(answers, minlength=n),
        _count(answers, tiles.flipped, n),
        counts.sum(axis=0),
    )


def _count(answers: Integers, flipped: Bools, n: int) -> NDArray[np.int64]:
    return np.bincount(answers[flipped], minlength=n)

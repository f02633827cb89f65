"""What the panels of a population show, counted: the same arrays for figures and table."""

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.report.population.examined import Directed

Doubles = NDArray[np.float64]

EUCLIDEAN = np.linspace(0, 450, 31)  # of RGB lengths, 0 to 441.67
SEEN = np.linspace(0, 120, 31)  # of CIEDE2000


def colour_changes(led: Directed) -> tuple[Doubles, Doubles, Doubles]:
    """(B + 1,) edges of RGB lengths, (B,) flipped, (B,) held tiles."""
    return EUCLIDEAN, *_split(led.chromatic.differences.euclidean, led, EUCLIDEAN)


def seen_changes(led: Directed) -> tuple[Doubles, Doubles, Doubles]:
    """The same of CIEDE2000."""
    return SEEN, *_split(led.chromatic.differences.ciede2000, led, SEEN)


def _split(values: Doubles, led: Directed, edges: Doubles) -> tuple[Doubles, Doubles]:
    flips = led.chromatic.flipped
    inside = np.clip(values, edges[0], edges[-1])
    return _counts(inside[flips], edges), _counts(inside[~flips], edges)


def _counts(values: Doubles, edges: Doubles) -> Doubles:
    return np.histogram(values, edges)[0].astype(np.float64)


def rings(led: Directed) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Edges in px, the share that chance gives each ring, and (B,) flipped and held tiles."""
    whole, flipped, held = led.places.centred
    expected = whole.expected_counts
    return (
        whole.edges,
        expected / max(float(expected.sum()), 1e-12),
        flipped.counts.astype(np.float64),
        held.counts.astype(np.float64),
    )


def confidences(values: Doubles) -> tuple[Doubles, Doubles]:
    """20 equal steps of 0-1."""
    edges = np.linspace(0, 1, 21)
    return edges, _counts(values, edges)


def percentiles(led: Directed) -> tuple[Doubles, Doubles, Doubles]:
    """Of distances to dark areas among the pixels of the same tile: edges, flipped, held."""
    edges = np.linspace(0, 1, 11)
    seen = led.darkness
    if seen is None:
        return edges, np.zeros(10), np.zeros(10)
    return (
        edges,
        _counts(seen.percentiles[seen.flipped], edges),
        _counts(seen.percentiles[~seen.flipped], edges),
    )


def spent(outcomes: Outcomes) -> Doubles:
    """(F,) queries until the first flip of each tile that flips, over its seeds averaged, "
    "sorted."""
    flips = outcomes.first_flip >= 0
    tiles, of = np.unique(outcomes.tile[flips], return_inverse=True)
    totals = np.bincount(of, outcomes.first_flip[flips], minlength=len(tiles))
    return np.sort(totals / np.maximum(np.bincount(of, minlength=len(tiles)), 1))


def plane(led: Directed, first: int, second: int, *, after: bool) -> tuple[Doubles, ...]:
    """Colours of one plane of RGB in 16 x 16 squares.

    Of each square that holds any: (S, 2) mean channels `first` and `second`, (S,) how many tiles,
    (S, 3) their mean colour in 0-1.
    """
    colours = (led.chromatic.after if after else led.chromatic.before).astype(np.float64)
    if led.flipped:
        colours = colours[led.chromatic.flipped]
    square = (colours[:, first] // 16) * 16 + colours[:, second] // 16
    _, of, counts = np.unique(square, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(of, colours[:, each]) for each in range(3)], 1)
    means = sums / counts[:, None]
    return means[:, [first, second]], counts.astype(np.float64), means / 255


def against_change(led: Directed) -> tuple[Doubles, Doubles, Doubles]:
    """Colour change and |change of confidence|: (X, Y) tiles in squares, with both edges."""
    values = led.chromatic.differences.euclidean
    runs = dict(zip(led.outcomes.run.tolist(), range(len(led.outcomes)), strict=True))
    rows = np.array([runs[int(run)] for run in led.chromatic.runs], np.intp)
    moved = np.abs(led.outcomes.confidence - led.outcomes.clean)[rows]
    top = float(moved.max()) if len(moved) else 1.0
    edges = np.linspace(0, 450, 31), np.linspace(0, top * 1.02 or 1.0, 25)
    counts = np.histogram2d(np.minimum(values, 450), moved, bins=edges)[0]
    return counts, *edges

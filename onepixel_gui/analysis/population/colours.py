"""How much colour changes: per channel, as a length in RGB and as seen by eye."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread, spread
from onepixel_gui.analysis.population.comparing import Compared, Correlated, compare, correlate
from onepixel_gui.analysis.population.outcomes import Bools, Floats, Integers, Outcomes
from onepixel_gui.analysis.population.units import PARTS, clusters, one_per_tile, part_of

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """change: (N, 3) after minus before, -255..255.  euclidean: (N,) 0..441.67.

    ciede2000:  (N,) CIE 142-2001, sRGB under D65.
    """

    change: NDArray[np.int16]
    euclidean: Floats
    ciede2000: Floats


def differences(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Differences:
    """before, after: (N, 3) sRGB."""
    from skimage.color import deltaE_ciede2000, rgb2lab  # 0.3 s to import: only when asked

    change = after.astype(np.int16) - before
    euclidean = np.sqrt(np.square(change.astype(np.float64)).sum(axis=1))
    difference: Any = deltaE_ciede2000
    lab = rgb2lab(np.concatenate([before, after]))
    seen: Floats = np.asarray(difference(lab[: len(before)], lab[len(before) :]))
    return Differences(change, euclidean, seen)


@dataclass(frozen=True, slots=True, eq=False)
class Chromatic:
    """One run per tile; arrays have a row for each, in the same order.

    runs:        (N,) numbers of the runs.  flipped: (N,).
    before, after:  (N, 3) colours, for a scatter.
    channels:    of `change` per channel: (all, flipped, held) spreads; None for n = 0.
    compared:    flipped against held: Euclidean, CIEDE2000, then each channel (signed).
    correlated:  Euclidean and CIEDE2000 with the size of the change of confidence, and of logit.
    """

    runs: Integers
    flipped: Bools
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    differences: Differences
    channels: tuple[tuple[Spread | None, Spread | None, Spread | None], ...]
    compared: tuple[Compared, ...]
    correlated: tuple[Correlated, ...]


def chromatic(outcomes: Outcomes) -> Chromatic:
    """Of all tiles; for one direction hand in `outcomes.some(direction.which)`."""
    tiles = one_per_tile(outcomes)
    cases, _ = clusters(tiles.case)
    changed = differences(tiles.colour_before, tiles.colour_after)
    seen = (("Euclidean RGB difference", "", changed.euclidean),
            ("CIEDE2000", "", changed.ciede2000))  # fmt: skip
    single = tuple(
        (f"change of {channel}", "", changed.change[:, index].astype(np.float64))
        for index, channel in enumerate(CHANNELS)
    )
    parts = [part_of(tiles, part) for part in PARTS]
    return Chromatic(
        tiles.run,
        tiles.flipped,
        tiles.colour_before,
        tiles.colour_after,
        changed,
        tuple((spread(v[parts[0]]), spread(v[parts[1]]), spread(v[parts[2]])) for *_, v in single),
        tuple(
            compare(name, unit, values, tiles.flipped, cases)
            for name, unit, values in seen + single
        ),
        tuple(
            correlate(name, against, values, moved, cases)
            for name, _, values in seen
            for against, moved in _moved(tiles)
        ),
    )


def _moved(tiles: Outcomes) -> tuple[tuple[str, Floats], ...]:
    """Size of the change of confidence, and of its logit: NaN where both are without bound."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logit = np.log(tiles.confidence) - np.log1p(-tiles.confidence)
        change = np.abs(logit - tiles.clean_logit)
    return (
        ("size of the change of confidence", np.abs(tiles.confidence - tiles.clean)),
        ("size of the change of logit", change),
    )

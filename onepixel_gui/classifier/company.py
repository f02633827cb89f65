"""How many searches one classifier best carries out side by side."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from onepixel_gui.classifier.manner import ALONE, Company
from onepixel_gui.classifier.pace import now
from onepixel_gui.classifier.pinning import everywhere, painted
from onepixel_gui.problems import DeviceFull

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier

_MOST = 32  # tiles: each is remembered
_WORTH = 1.05  # times as quick: below that it is left alone
_ROUNDS = 3


def company(classifier: "Classifier", population: int) -> Company:
    """Measured in 8 passes of a pinned classifier, or none: its passes are always full.

    A search fills its last pass of each generation with nothing, several fill it with one another.
    population: candidates of a generation, of one pixel each.
    """
    if classifier.card.fitting == "resize" or not classifier.manner.alike_in_company:
        return ALONE
    pace = (classifier.ways.shortcut or classifier).pace
    full = pace.batch * pace.lanes
    passes = math.ceil(population / full)  # of a generation, alone
    if passes * full < _WORTH * population:
        return ALONE
    tiles = min(_MOST, math.ceil(pace.chunk / population) + 1)
    try:
        alone, together = _seconds(classifier, tiles, full)
    except DeviceFull:
        return ALONE
    gain = (passes * alone) / (population / full * together)
    return Company(tiles, gain) if gain >= _WORTH else ALONE


def _seconds(classifier: "Classifier", tiles: int, full: int) -> tuple[float, float]:
    """Of a pass about one tile, and about several; in turns, the best of each."""
    probes = [classifier.probe(tile) for tile in painted(classifier, tiles)]
    chorus = classifier.chorus(probes)
    asked, which = everywhere(classifier, full, 0), np.sort(np.arange(full) % tiles)

    def seconds(work: Callable[[], object]) -> float:
        started = now(classifier.device)
        work()
        return now(classifier.device) - started

    taken = [
        (seconds(lambda: probes[0](asked)), seconds(lambda: chorus(which, asked)))
        for _ in range(_ROUNDS + 1)  # the first pass allocates
    ]
    return min(alone for alone, _ in taken), min(together for _, together in taken)

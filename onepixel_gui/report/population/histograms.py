"""Histograms of tiles in one frame, as shares of each its own n, so that they compare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from onepixel_gui.analysis.population.units import FEWEST
from onepixel_gui.report.population.panels import FLIPPED, HELD, LEGEND, ticked
from onepixel_gui.report.sheet import NULL

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Heap:
    """One histogram. counts: (B,) of (B + 1,) edges. filled, or a line only.

    null: what chance alone gives, in grey.
    """

    words: str
    edges: Doubles
    counts: Doubles
    colour: str = NULL
    filled: bool = False
    dashed: bool = False
    null: bool = False

    @property
    def heights(self) -> Doubles:
        """(B,) shares."""
        total = float(self.counts.sum())
        return self.counts / total if total else self.counts


def heaps(axes: Axes, shown: Sequence[Heap]) -> None:
    for heap in shown:
        if heap.null or heap.filled:
            _fill(axes, heap)
        if heap.null:
            continue
        axes.stairs(
            heap.heights,
            heap.edges,
            color=heap.colour,
            linewidth=0.9,
            linestyle=(0, (3, 1)) if heap.dashed else "-",
            label="" if heap.filled else heap.words,
            zorder=3,
        )
    edges = shown[0].edges
    left, right = (max(float(half.max()) for half in halves) for halves in _halves(shown))
    top = max(left, right)
    above = 1.22 if len(shown) < 3 else 1.34  # room for the legend
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, (top or 1.0) * above))
    axes.set_ylabel("share of tiles")
    ticked(axes, 0, (top or 1.0) * 1.2)
    if len(shown) > 1 or shown[0].null or shown[0].dashed:  # held ones alone
        axes.legend(loc="upper left" if left < right else "upper right", **LEGEND)


def _fill(axes: Axes, heap: Heap) -> None:
    axes.stairs(
        heap.heights,
        heap.edges,
        fill=True,
        color=heap.colour,
        linewidth=0,
        label=heap.words,
        zorder=1,
        alpha=1 if heap.null else 0.35,
    )


def _halves(shown: Sequence[Heap]) -> tuple[tuple[Doubles, ...], ...]:
    """All left halves, all right ones."""
    return tuple(zip(*(np.array_split(heap.heights, 2) for heap in shown), strict=True))


def sides(edges: Doubles, flipped: Doubles, held: Doubles, *, filled: bool = False) -> list[Heap]:
    """Both of them, of `FEWEST` tiles and more: shares of two tiles would outgrow all others.

    Where both are small, the larger one.
    """
    both = (
        Heap("flipped", edges, flipped, FLIPPED, filled=filled),
        Heap("held", edges, held, HELD, dashed=True),
    )
    most = max(float(heap.counts.sum()) for heap in both)
    return [heap for heap in both if 0 < heap.counts.sum() >= min(most, FEWEST)]

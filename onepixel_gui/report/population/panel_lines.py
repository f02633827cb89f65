"""The lines that one panel adds to the table of numbers."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.before_after import Spread
from onepixel_gui.analysis.population.comparing import Compared, Correlated
from onepixel_gui.analysis.population.rates import Rate
from onepixel_gui.analysis.population.shares import Share
from onepixel_gui.analysis.population.units import Interval, Tested
from onepixel_gui.report.population.contents import letter
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.numbers import Number

Lines = Iterator[Number]
_KINDS = (
    "maximum",
    "mean",
    "median",
    "standard deviation",
    "minimum",
    "lower quartile",
    "upper quartile",
    "lower whisker",
    "upper whisker",
    "beyond the whiskers",
)


class PanelLines:
    """key: of the panel, "" for what the caption alone says.

    direction: "" for the one that the figure is about.
    """

    def __init__(self, exhibit: PopulationExhibit, key: str, direction: str = "") -> None:
        self._figure, self._panel = exhibit.template, letter(exhibit, key)
        self._direction = direction or exhibit.title

    def line(
        self,
        quantity: str,
        value: float | None,
        n: int | None,
        *,
        interval: Interval | None = None,
        test: Tested | None = None,
        unit: str = "1",
    ) -> Number:
        return Number(
            self._figure,
            self._panel,
            quantity,
            None if value is None else float(value),
            n,
            self._direction,
            None if interval is None else interval.low,
            None if interval is None else interval.high,
            "" if interval is None else f"95 %, {interval.kind}",
            "" if test is None else test.name,
            None if test is None else test.p,
            unit,
            "" if test is None else _note(test),
        )

    def rate(self, found: Rate, quantity: str = "success rate") -> Lines:
        n = found.n
        yield self.line(f"{quantity}, tiles flipped", found.flipped, n, unit="tiles")
        yield self.line(quantity, found.share, n, interval=found.wilson)
        clustered = f"{quantity}, clustered"
        if found.clustered is not None:
            yield self.line(clustered, found.share, n, interval=found.clustered)
        elif found.why_not:
            yield replace(self.line(clustered, None, n), note=found.why_not)

    def share(self, quantity: str, found: Share) -> Lines:
        yield self.line(f"{quantity}, hits", found.hits, found.n)
        yield self.line(quantity, found.value, found.n, interval=found.interval)

    def spread(self, quantity: str, found: Spread | None, unit: str = "1") -> Lines:
        if found is None:
            return
        values = (
            found.maximum,
            found.mean,
            found.median,
            found.deviation,
            found.minimum,
            *found.quartiles,
            *found.whiskers,
            found.beyond,
        )
        for kind, value in zip(_KINDS, values, strict=True):
            yield self.line(f"{quantity}, {kind}", value, found.n, unit=unit)

    def compared(self, found: Compared) -> Lines:
        n, what = found.flipped + found.held, found.quantity
        for side, median, count in (
            ("flipped", found.median_flipped, found.flipped),
            ("held", found.median_held, found.held),
        ):
            yield self.line(f"{what}, median {side}", median, count, unit=found.unit)
        delta = f"{what}, Cliff's delta"
        yield self.line(
            f"{delta} of flipped and held", found.delta, n, interval=found.interval, test=found.test
        )
        if found.by_case is not None:
            yield self.line(f"{delta}, by case", found.delta, n, test=found.by_case)

    def correlated(self, found: Correlated) -> Lines:
        quantity = f"Spearman's rho, {found.quantity} with {found.against}"
        n = sum(found.test.n)
        yield self.line(quantity, found.rho, n, interval=found.interval, test=found.test)
        if found.by_case is not None:
            yield self.line(f"{quantity}, by case", found.rho, n, test=found.by_case)

    def bins(
        self,
        quantity: str,
        edges: NDArray[np.float64],
        counts: NDArray[np.float64],
        unit: str = "tiles",
    ) -> Lines:
        """One line a bar; its ends are told in words."""
        total = round(float(counts.sum())) if unit == "tiles" else None
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
            words = f"{quantity}, {low:.6g} to {high:.6g}"
            yield self.line(words, float(count), total, unit=unit)


def _note(test: Tested) -> str:
    parts = [f"n = {' and '.join(str(each) for each in test.n)}"]
    if test.cases:
        parts.append(f"{test.cases} cases")
    if test.draws:
        parts.append(f"{test.draws} draws, seed {test.seed}")
    if test.note:
        parts.append(test.note)
    return "; ".join(parts)

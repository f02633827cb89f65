"""The parts of the view: which panes stand together. Each is made when it is first looked at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from onepixel_gui.qt.population.cases import CasesPane
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.panes import (
    ClassesPane,
    ColourPane,
    ColoursPane,
    ConfidencePane,
    DistancePane,
    PhasesPane,
    PositionsPane,
)
from onepixel_gui.qt.population.propagation_pane import PropagationPane
from onepixel_gui.qt.population.runs_pane import RunsPane
from onepixel_gui.qt.population.static import (
    FindingsPane,
    LocalityPane,
    MeanMapPane,
    SpectrumPane,
    UniversalPane,
)
from onepixel_gui.qt.population.steps import QueriesPane


@dataclass(frozen=True, slots=True)
class Placed:
    """A pane and its cell; rows: how many it is high."""

    pane: LinkedPane
    row: int = 0
    column: int = 0
    rows: int = 1


Placing = Iterator[Placed]


@dataclass(frozen=True, slots=True)
class Part:
    """shape: its rows and columns of equal size.  make: its panes, each when it is asked for."""

    title: str
    shape: tuple[int, int]
    make: Callable[[], Placing]


def _overview() -> Placing:
    kinds: tuple[tuple[Callable[[], LinkedPane], ...], ...] = (
        (PositionsPane, DistancePane, ColourPane),
        (ConfidencePane, QueriesPane, CasesPane),
    )
    for row, some in enumerate(kinds):
        for column, kind in enumerate(some):
            yield Placed(kind(), row, column)


def _colours() -> Placing:
    before = ColoursPane("before")
    yield Placed(before)
    after = ColoursPane("after")
    chooser = after.add_chooser()
    for pane in (before, after):
        chooser.currentTextChanged.connect(pane.set_channels)
    yield Placed(after, column=1)


def _periods() -> Placing:
    for row, axis in enumerate(("row", "column")):
        yield Placed(PhasesPane(axis), row)
        yield Placed(SpectrumPane(axis), row, 1)
    yield Placed(MeanMapPane(), column=2, rows=2)


def _locality() -> Placing:
    yield Placed(LocalityPane())
    yield Placed(PropagationPane(), column=1)


def _alone(title: str, kind: Callable[[], LinkedPane]) -> Part:
    return Part(title, (1, 1), lambda: (Placed(make()) for make in (kind,)))


PARTS: tuple[Part, ...] = (
    Part("Overview", (2, 3), _overview),
    Part("Colours", (1, 2), _colours),
    Part("Periods", (2, 3), _periods),
    Part("Locality", (1, 2), _locality),
    _alone("Universal", UniversalPane),
    _alone("Classes", ClassesPane),
    _alone("Runs", RunsPane),
    _alone("Findings", FindingsPane),
)

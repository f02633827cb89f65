"""The parts of the view: which panes stand together. Each is made when it is first looked at."""

from collections.abc import Callable, Sequence
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
class Part:
    """rows: of panes of equal size.  beside: right of them, as high as all together."""

    rows: Sequence[Sequence[LinkedPane]]
    beside: LinkedPane | None = None

    @property
    def panes(self) -> tuple[LinkedPane, ...]:
        found = tuple(pane for row in self.rows for pane in row)
        return found if self.beside is None else (*found, self.beside)


def _overview() -> Part:
    return Part(
        (
            (PositionsPane(), DistancePane(), ColourPane()),
            (ConfidencePane(), QueriesPane(), CasesPane()),
        )
    )


def _colours() -> Part:
    before, after = ColoursPane("before"), ColoursPane("after")
    chooser = after.add_chooser()
    for pane in (before, after):
        chooser.currentTextChanged.connect(pane.set_channels)
    return Part(((before, after),))


def _periods() -> Part:
    rows, columns = PhasesPane("row"), PhasesPane("column")
    spectra = SpectrumPane("row"), SpectrumPane("column")
    return Part(((rows, spectra[0]), (columns, spectra[1])), MeanMapPane())


PARTS: tuple[tuple[str, Callable[[], Part]], ...] = (
    ("Overview", _overview),
    ("Colours", _colours),
    ("Periods", _periods),
    ("Locality", lambda: Part(((LocalityPane(), PropagationPane()),))),
    ("Universal", lambda: Part(((UniversalPane(),),))),
    ("Classes", lambda: Part(((ClassesPane(),),))),
    ("Runs", lambda: Part(((RunsPane(),),))),
    ("Findings", lambda: Part(((FindingsPane(),),))),
)

"""What a figure shows: finished results with everything that their caption has to say."""

from dataclasses import dataclass
from typing import Literal

from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Began, Ended, Question
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.provenance import method_of_search, method_of_sweep, provenance
from onepixel_gui.report.wording import Quantity
from onepixel_gui.tiles.tile import Tile


@dataclass(frozen=True, slots=True)
class Style:
    """width_mm: one or two columns of a journal. dpi: of PNG and TIFF; line art needs 600."""

    width_mm: Literal[89, 183] = 183
    dpi: Literal[300, 600] = 300


@dataclass(frozen=True, slots=True, eq=False)
class AttackExhibit:
    """One finished search, for the "single attack" figure.

    command:  the command line that repeats it, "" when there is none.
    """

    tile: Tile
    question: Question
    card: Card
    serving: Serving
    began: Began
    ended: Ended
    command: str = ""

    @property
    def provenance(self) -> dict[str, object]:
        method = method_of_search(self.began, self.ended)
        return _provenance(self, method)


@dataclass(frozen=True, slots=True, eq=False)
class SweepExhibit:
    """One finished sweep, for the "sensitivity" figure.

    quantity:  which map is shown: lowest or highest confidence, or the signed logit change.
    """

    tile: Tile
    question: Question
    card: Card
    serving: Serving
    sensitivity: Sensitivity
    quantity: Quantity = "lowest"
    command: str = ""

    @property
    def provenance(self) -> dict[str, object]:
        return _provenance(self, method_of_sweep(self.sensitivity.swept))


Exhibit = AttackExhibit | SweepExhibit | PopulationExhibit


def _provenance(
    exhibit: AttackExhibit | SweepExhibit, method: dict[str, object]
) -> dict[str, object]:
    return provenance(
        exhibit.tile,
        exhibit.question,
        exhibit.card,
        exhibit.serving,
        method,
        command=exhibit.command,
    )

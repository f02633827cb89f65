"""What a figure shows: finished results with everything that their caption has to say."""

from dataclasses import dataclass
from typing import Literal

from onepixel_gui.analysis.comparison import Compared
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


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonExhibit:
    """Two finished sweeps of one tile with one palette, for the "comparison" figure.

    cards, servings:  of A and B.   found: what both sweeps say.
    commands:  that repeat the sweep of A and of B, "" when there is none.
    """

    tile: Tile
    cards: tuple[Card, Card]
    servings: tuple[Serving, Serving]
    found: Compared
    quantity: Quantity = "lowest"
    commands: tuple[str, str] = ("", "")

    @property
    def provenance(self) -> dict[str, object]:
        """That of A, and beside it what is otherwise with B, and what compares."""
        found = self.found
        first, second = (
            provenance(
                self.tile,
                one.swept.question,
                card,
                serving,
                method_of_sweep(one.swept),
                command=command,
            )
            for one, card, serving, command in zip(
                (found.a, found.b), self.cards, self.servings, self.commands, strict=True
            )
        )
        parts = ("classifier", "environment", "tile", "question", "attack", "command")
        window = found.window
        compared = {
            "window": [window.row, window.column, *window.shape],
            "flip_both": found.both,
            "flip_a_only": found.only_a,
            "flip_b_only": found.only_b,
            "overlap": found.overlap,
            "correlation": found.correlation,
        }
        return first | {f"second_{part}": second[part] for part in parts} | {"compared": compared}


Exhibit = AttackExhibit | SweepExhibit | ComparisonExhibit | PopulationExhibit


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

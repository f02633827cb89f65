"""One figure of a population, ready to be drawn; and which there are of what was examined."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from onepixel_gui.report.population.provenance import provenance
from onepixel_gui.report.wording import counted

if TYPE_CHECKING:  # so that a window may know of figures before it needs the analyses
    from onepixel_gui.analysis.population.universal import Universal
    from onepixel_gui.report.population.examined import Directed, Examined

Template = Literal[
    "population",
    "before and after",
    "colours",
    "places",
    "periods",
    "locality",
    "universal pixels",
    "per-class matrix",
]
TEMPLATES: tuple[Template, ...] = get_args(Template)

_BY_DIRECTION: tuple[Template, ...] = ("colours", "places", "universal pixels")
_FEWEST = 5  # tiles of a distribution, as in `units`; our choice


@dataclass(frozen=True, slots=True, eq=False)
class PopulationExhibit:
    """direction: number of the `Directed` it is about; of the rest 0.

    command:  the command line that repeats it, "" when there is none.
    tiles:    name of a file beside the figure that lists the sha256 of every tile; "" where the
              sidecar is to hold the list itself.
    """

    template: Template
    examined: "Examined"
    direction: int = 0
    command: str = ""
    tiles: str = ""

    @property
    def directed(self) -> "Directed":
        return self.examined.directed[self.direction]

    @property
    def title(self) -> str:
        """The direction that its numbers are about: of the first where it shows several."""
        if self.template in (*_BY_DIRECTION, "population"):
            return self.directed.title
        return "all"

    @property
    def universal(self) -> "Universal | None":
        """Of this direction, or of the commonest where all are together."""
        found = self.examined.universal
        if len(found) > 1 and len(self.examined.directed) == 1:
            return found[0]
        return next((each for each in found if each.title == self.directed.title), None)

    @property
    def stem(self) -> str:
        """For a file's name, "colours-mitosis-to-normal"."""
        words = [str(self.template)]
        if self.template in _BY_DIRECTION:
            words.append(self.directed.title)
        return plain_name(" ".join(words))

    @property
    def provenance(self) -> dict[str, object]:
        return provenance(self.examined, self.command, self.tiles)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A figure that is not drawn. why: a plain sentence."""

    template: Template
    direction: str
    why: str


def exhibits(
    examined: "Examined", command: str = "", *, tiles: str = ""
) -> tuple[tuple[PopulationExhibit, ...], tuple[Lacking, ...]]:
    """What can be drawn, and what cannot, in the order of `TEMPLATES`.

    command, tiles:  as of `PopulationExhibit`.
    """
    drawn, lacking = [], []
    for template in TEMPLATES:
        several = len(examined.directed) if template in _BY_DIRECTION else 1
        for direction in range(several):
            exhibit = PopulationExhibit(template, examined, direction, command, tiles)
            why = _why_not(exhibit)
            if why:
                title = exhibit.directed.title if template in _BY_DIRECTION else "all"
                lacking.append(Lacking(template, title, why))
            else:
                drawn.append(exhibit)
    return tuple(drawn), tuple(lacking)


def _why_not(exhibit: PopulationExhibit) -> str:
    """ "" where it can be drawn."""
    examined, directed = exhibit.examined, exhibit.directed
    match exhibit.template:
        case "population" | "before and after" | "per-class matrix":
            return _too_few(examined.tiles)
        case "colours" | "places":
            return _too_few(directed.tiles)
        case "periods":
            flips = max((each.n for each in examined.flips), default=0)
            if examined.periods is not None or flips >= _FEWEST:
                return ""
            few = counted(flips, "flip", "flips")
            return f"There are no sweeps, and the pixels of {few} are too few for phases."
        case "locality":
            asked = examined.locality is not None and examined.locality.flips
            if asked or examined.propagated:
                return ""
            return "Nothing was asked after the flips, or nothing flipped."
        case "universal pixels":
            return _no_universal(exhibit)


def _too_few(tiles: int) -> str:
    return "" if tiles >= _FEWEST else f"There are too few tiles (n = {tiles}, fewest {_FEWEST})."


def _no_universal(exhibit: PopulationExhibit) -> str:
    if not exhibit.examined.universal:
        return "There are no sweeps."
    found = exhibit.universal
    if found is None or not found.best:
        return "No single pixel flips any of the swept tiles."
    return _too_few(found.tiles)


def plain_name(words: str) -> str:
    """In letters, digits and hyphens: any class may be part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")

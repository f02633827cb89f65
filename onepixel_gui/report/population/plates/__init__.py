"""The figures of a population: which panels, drawn how. Loads matplotlib."""

from collections.abc import Callable, Mapping

from onepixel_gui.report.exhibit import Style
from onepixel_gui.report.population.contents import contents
from onepixel_gui.report.population.exhibit import PopulationExhibit, Template
from onepixel_gui.report.population.page import Panel, page
from onepixel_gui.report.population.plates import (
    classes,
    colours,
    confidences,
    overview,
    periods,
    places,
    reach,
    universal,
)
from onepixel_gui.report.sheet import Sheet
from onepixel_gui.report.wording import counted

Panels = Callable[[PopulationExhibit], Mapping[str, Panel]]

_PANELS: dict[Template, Panels] = {
    "population": overview.panels,
    "before and after": confidences.panels,
    "colours": colours.panels,
    "places": places.panels,
    "periods": periods.panels,
    "locality": reach.panels,
    "universal pixels": universal.panels,
    "per-class matrix": classes.panels,
}


def draw(exhibit: PopulationExhibit, style: Style) -> Sheet:
    """Call it inside `sheet.drawing()`."""
    found = _PANELS[exhibit.template](exhibit)
    return page(style, [found[key] for key in contents(exhibit)], _footer(exhibit))


def _footer(exhibit: PopulationExhibit) -> str:
    """Enough to find the runs again when the caption is lost."""
    examined = exhibit.examined
    settings = examined.group.settings
    tiles = counted(len(examined.hashes), "tile", "tiles")
    return (
        f"classifier {examined.group.card.sha256[:8]} · {tiles} "
        f"{examined.digest[:8]} · {settings.strategy}, {settings.access}"
    )

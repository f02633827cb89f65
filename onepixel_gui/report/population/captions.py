"""Captions of population figures: all that a reader needs who sees nothing but the figure."""

import re

from onepixel_gui import __version__
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.report.population import fragments, fragments_maps, phrases
from onepixel_gui.report.population.contents import contents, letter
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.fragments import Fragment
from onepixel_gui.report.wording import COORDINATES, RESEARCH_ONLY, counted

TOLD_P = re.compile(r"\bp [=<]")  # as `phrases.chance` tells it
_FRAGMENTS: dict[str, dict[str, Fragment]] = {
    "population": fragments.POPULATION,
    "colours": fragments.COLOURS,
    "places": fragments.PLACES,
    "periods": fragments_maps.PERIODS,
    "locality": fragments_maps.LOCALITY,
    "universal pixels": fragments_maps.UNIVERSAL,
    "per-class matrix": fragments.CLASSES,
}


def title(exhibit: PopulationExhibit) -> str:
    """One line for the file's own title."""
    examined = exhibit.examined
    first = phrases.attacks(examined.group.settings)
    attacks = phrases.lowered(first)
    what = {
        "population": f"{first} over a population",
        "before and after": f"Confidence before and after {attacks}",
        "colours": f"Colours of {attacks}, {exhibit.directed.title}",
        "places": f"Places of {attacks}, {exhibit.directed.title}",
        "periods": "Periods of sensitivity over a population",
        "locality": f"Locality and propagation of {attacks}",
        "universal pixels": f"Universal pixels, {exhibit.directed.title}",
        "per-class matrix": f"{first} from class to class",
    }[exhibit.template]
    return f"{what} ({examined.group.settings.access}, {phrases.sample(examined.tiles)})"


def caption(exhibit: PopulationExhibit) -> str:
    """What each panel shows with its numbers, then how it was done and what is our choice."""
    panels = [
        f"{letter(exhibit, key)}, {words}"
        for key in contents(exhibit)
        if (words := _fragment(exhibit, key))
    ]
    tested = (phrases.SINGLY,) if any(TOLD_P.search(words) for words in panels) else ()
    return " ".join((f"{title(exhibit)}.", *panels, *tested, _ending(exhibit)))


def _fragment(exhibit: PopulationExhibit, key: str) -> str:
    name, _, index = key.rpartition(" ")
    if index.isdigit():
        return fragments.BEFORE_AFTER[name](exhibit, int(index))
    return _FRAGMENTS[exhibit.template][key](exhibit)


def _ending(exhibit: PopulationExhibit) -> str:
    examined = exhibit.examined
    card, rates = examined.group.card, examined.rates
    parts = [
        *_stopping(exhibit),
        *filter(None, [phrases.first_of_several(examined.group.settings)]),
        f"Attack: {attack(examined.group.settings)}.",
        f"{counted(len(examined.outcomes), 'run', 'runs')} of "
        f"{counted(examined.tiles, 'tile', 'tiles')}; a tile counts once, as flipped if any of "
        f"its seeds flipped it (at most {counted(rates.most_seeds, 'seed', 'seeds')} of a tile; "
        "our choice).",
        f"Classifier {card.name} ({card.file}, sha256 {card.sha256[:8]}); sha256 of the tiles "
        f"{examined.digest[:8]}.",
        COORDINATES.replace("tile", "classifier's window"),
        f"onepixel_gui {__version__}. {RESEARCH_ONLY}",
    ]
    return " ".join(parts)


def _stopping(exhibit: PopulationExhibit) -> list[str]:
    """Wherever flipped tiles stand beside held ones."""
    told = phrases.stopping(exhibit.examined.group.settings)
    overall = exhibit.examined.rates.overall
    beside = exhibit.template in ("population", "before and after", "colours", "places")
    return [told] if told and beside and 0 < overall.flipped < overall.n else []


def attack(settings: Settings | Guidance | Exhaustive) -> str:
    """ "differential evolution (black-box; ...)"."""
    match settings:
        case Settings():
            return (
                "differential evolution (black-box; rand/1, no crossover; Su et al. 2019), "
                f"F {settings.weight:g}, population {settings.population:,}, at most "
                f"{settings.generations:,} generations, "
                f"{counted(settings.pixels, 'pixel', 'pixels')}{_to_the_end(settings)}"
            )
        case Guidance():
            return (
                "guided search (white-box; a choice of this program; not comparable with a "
                f"black-box search), at most {settings.budget:,} queries, "
                f"{counted(settings.pixels, 'pixel', 'pixels')}{_to_the_end(settings)}"
            )
        case Exhaustive():
            return f"exhaustive sweep (black-box), palette {settings.palette}"


def _to_the_end(settings: Settings | Guidance) -> str:
    return ", going on after the first flip" if settings.to_the_end else ""

"""Which panels a figure has, in order: a key for each, and the letter that the key gets."""

from onepixel_gui.report.population.exhibit import PopulationExhibit

LETTERS = "abcdefghijklmnop"


def contents(exhibit: PopulationExhibit) -> tuple[str, ...]:
    """The keys of its panels, from a on."""
    match exhibit.template:
        case "population":
            return _population(exhibit)
        case "before and after":
            shown = range(len(exhibit.examined.directed))
            kinds = ("boxes", "histogram", "five numbers")
            return tuple(f"{kind} {index}" for index in shown for kind in kinds)
        case "colours":
            planes = ("red-green", "green-blue", "red-blue")
            return (*planes, "channels", "ciede2000", "correlation")
        case "places":
            return _places(exhibit)
        case "periods":
            return _periods(exhibit)
        case "locality":
            return _locality(exhibit)
        case "universal pixels":
            return ("counts", "best", "left out")
        case "per-class matrix":
            return ("matrix", "reached", "metrics")


def letter(exhibit: PopulationExhibit, key: str) -> str:
    """ "" for a panel that this figure lacks."""
    keys = contents(exhibit)
    return LETTERS[keys.index(key)] if key in keys else ""


def _population(exhibit: PopulationExhibit) -> tuple[str, ...]:
    keys = ["positions", "colour", "distance", "directions"]
    if exhibit.directed.rates.cases:
        keys.append("cases")
    if exhibit.examined.metrics.first_flip is not None:
        keys.append("queries")
    return tuple(keys)


def _places(exhibit: PopulationExhibit) -> tuple[str, ...]:
    keys = ["all", "flipped", "held", "distance"]
    if exhibit.directed.darkness is not None:
        keys += ["dark", "whereabouts"]
    if exhibit.examined.map_of(exhibit.directed.title) is not None:
        keys.append("mean map")
    return tuple(keys)


def _periods(exhibit: PopulationExhibit) -> tuple[str, ...]:
    examined, keys = exhibit.examined, []
    for axis in ("row", "column") if examined.periods is not None else ():
        keys += [f"{axis} {kind}" for kind in ("profile", "spectrum", "classes")]
    if any(each.n for each in examined.flips):
        keys += ["row phases", "column phases"]
    return tuple(keys)


def _locality(exhibit: PopulationExhibit) -> tuple[str, ...]:
    examined, keys = exhibit.examined, []
    if examined.locality is not None and examined.locality.flips:
        keys += ["offsets", "shifts"]
    if examined.propagated:
        keys += ["peaks", "strip"]
    return tuple(keys)

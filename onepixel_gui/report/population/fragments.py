"""What captions say of each panel: rates, confidences, colours, places and classes."""

from collections.abc import Callable

from onepixel_gui.analysis.population.units import FEWEST
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.wording import TIMES, counted

Fragment = Callable[[PopulationExhibit], str]


# ------------------------------------------------------------------ population
def _positions(exhibit: PopulationExhibit) -> str:
    overall = phrases.rate(exhibit.examined.rates.overall)
    return f"Tiles by position of the pixel that flips them: {overall}."


def _undrawn(exhibit: PopulationExhibit) -> str:
    """Which side of a histogram is left out."""
    led = exhibit.directed
    held = led.tiles - led.flipped
    few = [name for name, n in (("flipped", led.flipped), ("held", held)) if 0 < n < FEWEST]
    if len(few) != 1:
        return ""
    return f" The {few[0]} tiles are fewer than {FEWEST} and not drawn (our choice)."


def _colour(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    return (
        f"Length of the colour change in RGB (0 to 441.67), {led.title}: "
        f"{phrases.compared(led.chromatic.compared[0])}.{_undrawn(exhibit)}"
    )


def _distance(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    part = led.places.centred[1 if led.flipped else 0]
    who = "flipping pixels" if led.flipped else "best pixels"
    if part.ratio is None:
        return f"Distance from the window's centre, {led.title}."
    by_case = f"; {phrases.tested(part.by_case)}" if part.by_case is not None else ""
    return (
        f"Distance from the window's centre, {led.title}; grey, a uniformly drawn position. Mean "
        f"of {who} {phrases.number(part.mean)} px, {phrases.number(part.ratio)} {TIMES} the "
        f"{phrases.number(part.expected)} px expected{phrases.ends(part.interval)} "
        f"({phrases.tested(part.test)}{by_case}; {phrases.tested(part.kolmogorov)})."
        f"{_undrawn(exhibit)}"
    )


def _directions(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.rates
    told = [f"{each.title}: {phrases.rate(each)}" for each in found.directions]
    bars = "95 % Wilson intervals"
    if any(each.clustered for each in (found.overall, *found.directions)):
        bars = "95 % intervals clustered by case where these are told, else Wilson's"
    return f"Success rates; bars, {bars}. {'; '.join(told)}."


def _cases(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    if len(led.rates.cases) > phrases.LINES:
        shown = f"Number of cases by their success rate, {led.title}"
    else:
        shown = f"Success rate of each case with its 95 % Wilson interval, {led.title}"
    return f"{shown}; dashed, all together: {phrases.rate(led.rates.overall)}."


def _queries(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.metrics
    if found.first_flip is None:
        return ""
    return (
        f"Share of all tiles that had flipped after so many queries; median until the first flip "
        f"{phrases.number(found.first_flip.median, 4)} (n = {found.first_flip.n:,})."
    )


# ------------------------------------------------------------------ before and after
def _boxes(exhibit: PopulationExhibit, index: int) -> str:
    found = exhibit.examined.before_after[3 * index]
    return (
        f"Boxes of the {found.subject} confidence, {found.title} (n = {found.n:,}): quartiles, "
        "median, mean (diamond), whiskers to the last value within 1.5 interquartile ranges."
    )


def _histogram(exhibit: PopulationExhibit, index: int) -> str:
    found = exhibit.examined.before_after[3 * index]
    if found.before is None or found.after is None:
        return f"The same as shares, {found.title}."
    return (
        f"The same as shares of all {counted(found.n, 'tile', 'tiles')}; median "
        f"{phrases.number(found.before.median)} before, {phrases.number(found.after.median)} after."
    )


def _five(exhibit: PopulationExhibit, index: int) -> str:
    found = exhibit.examined.before_after[3 * index]
    return f"The numbers of {found.title}; sd, standard deviation."


BEFORE_AFTER: dict[str, Callable[[PopulationExhibit, int], str]] = {
    "boxes": _boxes,
    "histogram": _histogram,
    "five numbers": _five,
}


# ------------------------------------------------------------------ colours
def _plane(exhibit: PopulationExhibit) -> str:
    which = "tiles that flip" if exhibit.directed.flipped else "tiles that hold, for none flips"
    return (
        f"Colours before (circles) and with the pixel (squares) of {which}, "
        f"{exhibit.directed.title}, in squares of 16 values a side; each mark has the mean "
        "colour, and is the larger the more lie there."
    )


def _again(_exhibit: PopulationExhibit) -> str:
    return "The same."


def _channels(exhibit: PopulationExhibit) -> str:
    told = "; ".join(
        f"{each.quantity}: {phrases.compared(each)}"
        for each in exhibit.directed.chromatic.compared[2:]
    )
    how = "boxes, quartiles and Tukey's whiskers"
    return f"Change of each channel, after minus before; {how}. {told}."


def _seen(exhibit: PopulationExhibit) -> str:
    found = exhibit.directed.chromatic.compared[1]
    told = f"{phrases.compared(found)}.{_undrawn(exhibit)}"
    return f"Colour difference as seen by eye, CIEDE2000 (sRGB, D65): {told}"


def _correlation(exhibit: PopulationExhibit) -> str:
    told = "; ".join(phrases.correlated(each) for each in exhibit.directed.chromatic.correlated)
    return (
        f"Colour change against the size of the change of confidence; darker, more tiles. {told}."
    )


# ------------------------------------------------------------------ places
def _all(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    return f"Best pixel of each tile, {led.title} (n = {led.tiles:,})."


def _flipped(exhibit: PopulationExhibit) -> str:
    return f"Those of the {counted(exhibit.directed.flipped, 'tile', 'tiles')} that flip."


def _held(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    return f"Those of the {counted(led.tiles - led.flipped, 'tile', 'tiles')} that hold."


def _dark(exhibit: PopulationExhibit) -> str:
    seen = exhibit.directed.darkness
    if seen is None:
        return ""
    part = seen.parts[1] if seen.parts[1].n else seen.parts[0]
    who = "flipping" if seen.parts[1].n else "all"
    sampled = (
        ""
        if seen.sampled >= seen.tiles
        else f" (a random sample of {seen.tiles:,}, seed {seen.seed})"
    )
    by_case = f"; {phrases.tested(part.by_case)}" if part.by_case is not None else ""
    return (
        "Signed distance to dark areas as a rank among all pixels of the same tile, 0 deepest in "
        "the dark; grey, random pixels. Dark: haematoxylin by colour deconvolution above Otsu's "
        f"threshold of each tile (our choice), {counted(seen.sampled, 'tile', 'tiles')}{sampled}. "
        f"Mean rank of {who} pixels among pixels as far from the centre "
        f"{phrases.number(part.ring)}, 0.5 expected ({phrases.tested(part.ring_test)}); among all "
        f"{phrases.number(part.percentile)}{phrases.ends(part.interval)} "
        f"({phrases.tested(part.test)}{by_case}), which nearness to the centre explains as well "
        "where tiles are cut around nuclei."
    )


def _whereabouts(exhibit: PopulationExhibit) -> str:
    seen = exhibit.directed.darkness
    if seen is None:
        return ""
    part = seen.parts[1] if seen.parts[1].n else seen.parts[0]
    told = ", ".join(
        f"{each.title} {phrases.percents(each.share)} ({phrases.percents(each.expected)} expected)"
        for each in part.where
    )
    return f"Shares inside, at the edge and outside of dark areas; grey, random pixels: {told}."


def _mean_map(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.map_of(exhibit.directed.title)
    if found is None:
        return ""
    return (
        f"Mean over {counted(found.tiles, 'sweep', 'sweeps')} of the extreme confidence at each "
        f"position; untouched {phrases.number(found.clean)} on average."
    )


# ------------------------------------------------------------------ classes
def _matrix(_exhibit: PopulationExhibit) -> str:
    return (
        "Tiles by answer before and with the pixel: flipped of those answered so, their rate and "
        "its 95 % Wilson interval."
    )


def _reached(exhibit: PopulationExhibit) -> str:
    tiles = counted(exhibit.examined.metrics.success.n, "tile", "tiles")
    return f"How many other classes each of {tiles} reached with any of its seeds."


def _metrics(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.metrics
    note = f" {found.confidence_note}" if found.confidence_note else ""
    return (
        f"The metrics of Su et al.; success is derived from ours: {phrases.rate(found.success)}. "
        f"Middle column: interval of the rate, quartiles of the rest.{note}"
    )


POPULATION: dict[str, Fragment] = {
    "positions": _positions,
    "colour": _colour,
    "distance": _distance,
    "directions": _directions,
    "cases": _cases,
    "queries": _queries,
}
COLOURS: dict[str, Fragment] = {
    "red-green": _plane,
    "green-blue": _again,
    "red-blue": _again,
    "channels": _channels,
    "ciede2000": _seen,
    "correlation": _correlation,
}
PLACES: dict[str, Fragment] = {
    "all": _all,
    "flipped": _flipped,
    "held": _held,
    "distance": _distance,
    "dark": _dark,
    "whereabouts": _whereabouts,
    "mean map": _mean_map,
}
CLASSES: dict[str, Fragment] = {"matrix": _matrix, "reached": _reached, "metrics": _metrics}

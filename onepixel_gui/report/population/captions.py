"""Captions of population figures: all that a reader needs who sees nothing but the figure."""

from collections.abc import Callable

from onepixel_gui import __version__
from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.locality import ShiftShare
from onepixel_gui.analysis.population.periods import Phases, PopulationSpectrum
from onepixel_gui.attack.attacks import Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.contents import contents, letter
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.wording import COORDINATES, RESEARCH_ONLY, TIMES, counted

Fragment = Callable[[PopulationExhibit], str]


def title(exhibit: PopulationExhibit) -> str:
    """One line for the file's own title."""
    examined = exhibit.examined
    what = {
        "population": "One-pixel attacks over a population",
        "before and after": "Confidence before and after one-pixel attacks",
        "colours": f"Colours of one-pixel attacks, {exhibit.directed.title}",
        "places": f"Places of one-pixel attacks, {exhibit.directed.title}",
        "periods": "Periods of sensitivity over a population",
        "locality": "Locality and propagation of one-pixel attacks",
        "universal pixels": f"Universal pixels, {exhibit.directed.title}",
        "per-class matrix": "One-pixel attacks from class to class",
    }[exhibit.template]
    return f"{what} ({examined.group.settings.access}, n = {examined.tiles:,} tiles)"


def caption(exhibit: PopulationExhibit) -> str:
    """What each panel shows with its numbers, then how it was done and what is our choice."""
    panels = [
        f"{letter(exhibit, key)}, {words}"
        for key in contents(exhibit)
        if (words := _fragment(exhibit, key))
    ]
    return " ".join((f"{title(exhibit)}.", *panels, _ending(exhibit)))


def _fragment(exhibit: PopulationExhibit, key: str) -> str:
    name, _, index = key.rpartition(" ")
    if index.isdigit():
        return _BEFORE_AFTER[name](exhibit, int(index))
    return _FRAGMENTS[exhibit.template][key](exhibit)


def _ending(exhibit: PopulationExhibit) -> str:
    examined = exhibit.examined
    card, rates = examined.group.card, examined.rates
    parts = [
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


def attack(settings: Settings | Guidance | Exhaustive) -> str:
    """ "differential evolution (black-box; ...)"."""
    match settings:
        case Settings():
            return (
                "differential evolution (black-box; rand/1, no crossover; Su et al. 2019), "
                f"F {settings.weight:g}, population {settings.population:,}, at most "
                f"{settings.generations:,} generations, {counted(settings.pixels, 'pixel', 'pixels')}"
            )
        case Guidance():
            return (
                "guided search (white-box; a choice of this program; not comparable with a "
                f"black-box search), at most {settings.budget:,} queries"
            )
        case Exhaustive():
            return f"exhaustive sweep (black-box), palette {settings.palette}"


# ------------------------------------------------------------------ population
def _positions(exhibit: PopulationExhibit) -> str:
    return f"Tiles by position of the pixel that flips them: {phrases.rate(exhibit.examined.rates.overall)}."


def _colour(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    return (
        f"Length of the colour change in RGB (0 to 441.67), {led.title}: "
        f"{phrases.compared(led.chromatic.compared[0])}."
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
    )


def _directions(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.rates
    told = [f"{each.title}: {phrases.rate(each)}" for each in found.directions]
    first = found.overall.interval
    kind = "no interval" if first is None else first.kind
    return f"Success rates; bars, {kind}. {'; '.join(told)}."


def _cases(exhibit: PopulationExhibit) -> str:
    led = exhibit.directed
    return (
        f"Success rate of each case with its 95 % Wilson interval, {led.title}; dashed, all "
        f"together: {phrases.rate(led.rates.overall)}."
    )


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


_BEFORE_AFTER: dict[str, Callable[[PopulationExhibit, int], str]] = {
    "boxes": _boxes,
    "histogram": _histogram,
    "five numbers": _five,
}


# ------------------------------------------------------------------ colours
def _plane(exhibit: PopulationExhibit) -> str:
    which = "tiles that flip" if exhibit.directed.flipped else "tiles that hold, for none flips"
    return (
        f"Colours before (circles) and with the pixel (squares) of {which}, {exhibit.directed.title}, "
        "in squares of 16 values a side; each mark has the mean colour, and an area with the square "
        "root of how many lie there."
    )


def _again(exhibit: PopulationExhibit) -> str:
    return "The same."


def _channels(exhibit: PopulationExhibit) -> str:
    told = "; ".join(
        f"{each.quantity}: {phrases.compared(each)}"
        for each in exhibit.directed.chromatic.compared[2:]
    )
    return f"Change of each channel, after minus before; boxes as quartiles and Tukey's whiskers. {told}."


def _seen(exhibit: PopulationExhibit) -> str:
    found = exhibit.directed.chromatic.compared[1]
    return f"Colour difference as seen by eye, CIEDE2000 (sRGB, D65): {phrases.compared(found)}."


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
        "Signed distance to dark areas as a rank among all pixels of the same tile, 0 deepest in the "
        "dark; grey, random pixels. Dark: haematoxylin by colour deconvolution above Otsu's threshold "
        f"of each tile (our choice), {counted(seen.sampled, 'tile', 'tiles')}{sampled}. Mean rank of "
        f"{who} pixels {phrases.number(part.percentile)}{phrases.ends(part.interval)}, 0.5 expected "
        f"({phrases.tested(part.test)}{by_case})."
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


# ------------------------------------------------------------------ periods
def _line(exhibit: PopulationExhibit, axis: str) -> PopulationSpectrum | None:
    found = exhibit.examined.periods
    if found is None:
        return None
    return found.row if axis == "row" else found.column


def _profile(axis: str) -> Fragment:
    def words(exhibit: PopulationExhibit) -> str:
        found = exhibit.examined.periods
        n = counted(found.tiles, "sweep", "sweeps") if found is not None else ""
        return f"Mean over {n} of the largest |logit change|, by {axis}; filled, even; open, odd."

    return words


def _spectrum(axis: str) -> Fragment:
    def words(exhibit: PopulationExhibit) -> str:
        line, found = _line(exhibit, axis), exhibit.examined.periods
        if line is None or found is None:
            return ""
        told = "no period of 8 px or shorter fits"
        if line.strongest is not None:
            told = f"of periods up to 8 px the most locked is {phrases.number(line.strongest)} px"
        if line.p is not None:
            told += (
                f" (random shifts of each tile, {found.shifts:,}, seed {found.seed}, "
                f"n = {found.tiles:,}, {phrases.chance(line.p)})"
            )
        explained = [
            f"stride {each.stride} explains {phrases.percents(each.share)} of its variance "
            f"({phrases.percents(each.null)} is the 95th percentile of {found.shuffles:,} shuffles, "
            f"n = {found.tiles:,}, {phrases.chance(each.p)})"
            for each in line.explained
        ]
        strides = f"; {'; '.join(explained)}" if explained else ""
        return (
            f"Power of the {axis} profile by period; grey, up to the 95th percentile of shuffled "
            f"positions; triangles, the classifier's strides; {told}{strides}."
        )

    return words


def _classes(axis: str) -> Fragment:
    def words(exhibit: PopulationExhibit) -> str:
        line = _line(exhibit, axis)
        if line is None:
            return ""
        found = exhibit.examined.periods
        by = "cases" if found is not None and found.cases else "tiles"
        even = line.classes[0] if line.classes else None
        told = ""
        if even is not None and even.modulus == 2:
            told = (
                f": even {axis}s {phrases.number(float(even.relative[0]))}, "
                f"odd {phrases.number(float(even.relative[1]))}"
            )
        return (
            f"Mean sensitivity of {axis}s of equal remainder, relative to the tile's own mean, with "
            f"95 % t intervals over {by}{told}."
        )

    return words


def _phases(axis: str) -> Fragment:
    def words(exhibit: PopulationExhibit) -> str:
        found = [each for each in exhibit.examined.flips if each.axis == axis]
        told = "; ".join(f"modulo {each.modulus}: {_phase(each)}" for each in found)
        return (
            f"{axis.capitalize()}s of pixels that flip, by remainder; lines, evenly spread. {told}."
        )

    return words


def _phase(found: Phases) -> str:
    if found.p is None:
        return f"n = {found.n}"
    return f"{found.test} {phrases.number(found.statistic)}, n = {found.n:,}, {phrases.chance(found.p)}"


# ------------------------------------------------------------------ locality
def _offsets(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.locality
    n = found.flips if found is not None else 0
    return (
        f"Share of {counted(n, 'flip', 'flips')} whose colour still flips when it is moved so far, "
        "in per cent."
    )


def _shifts(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.locality
    if found is None:
        return ""
    shares = "; ".join(_shift(each) for each in found.shares if each.share.value is not None)
    tests = "; ".join(
        f"{each.first} less {each.second} {phrases.number(each.difference)} ({each.test}, "
        f"n = {each.n:,}" + (f", {phrases.chance(each.p)})" if each.p is not None else ")")
        for each in found.contrasts
        if each.difference is not None
    )
    return f"The same by kind of place, each flip counted once: {shares}. {tests}."


def _shift(found: ShiftShare) -> str:
    ends = found.share.interval
    told = "" if ends is None else f" (95 % interval {phrases.between(ends)}, {ends.kind})"
    return f"{found.shift}: {phrases.percents(found.share.value)} of {found.flips:,} flips{told}"


def _peaks(exhibit: PopulationExhibit) -> str:
    told = "; ".join(
        f"{each.title}, n = {each.flips:,}: {phrases.number(float(each.peak[0]))} in the first and "
        f"{phrases.number(float(each.peak[-1]))} in the last of {len(each.layers):,} layers"
        for each in exhibit.examined.propagated[:2]
    )
    return (
        "Largest change of each layer by its largest value on the clean tile, mean with one standard "
        f"deviation. {told}."
    )


def _strip(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.propagated[0]
    return (
        f"Mean over {counted(found.flips, 'flip', 'flips')} ({found.title}) of the largest change over "
        "the channels at each place, each map from 0 to its own maximum (Vargas and Su)."
    )


# ------------------------------------------------------------------ universal pixels
def _counts(exhibit: PopulationExhibit) -> str:
    found = exhibit.universal
    if found is None:
        return ""
    best = found.best[0]
    return (
        f"Tiles that {hexadecimal(best.pixel.rgb)} flips at each position, {found.title}; ticks, the "
        f"best: row {best.pixel.row}, column {best.pixel.column}, {phrases.share(best.share)}."
    )


def _best(exhibit: PopulationExhibit) -> str:
    return (
        "The pixels that flip the most, in their colours, with 95 % intervals; they were chosen from "
        "these tiles, so their shares are too high."
    )


def _left_out(exhibit: PopulationExhibit) -> str:
    found = exhibit.universal
    if found is None:
        return ""
    told = "no tiles could be left out"
    if found.left_out is not None:
        out = found.left_out
        told = (
            f"on tiles left out of the choice {phrases.share(out.share)}; {out.parts} parts split by "
            f"{out.by}, seed {out.seed}; {out.agreeing} of them choose the same pixel"
        )
    return (
        f"What this promises for other tiles: {told}. Any of the palette's pixels flips "
        f"{found.flippable:,} of {counted(found.tiles, 'tile', 'tiles')}; a pixel of the palette taken "
        f"at random, {phrases.percents(found.anywhere)}."
    )


# ------------------------------------------------------------------ classes
def _matrix(exhibit: PopulationExhibit) -> str:
    return (
        "Tiles by answer before and with the pixel: flipped of those answered so, their rate and its "
        "95 % Wilson interval."
    )


def _reached(exhibit: PopulationExhibit) -> str:
    n = exhibit.examined.metrics.success.n
    return f"How many other classes each of {counted(n, 'tile', 'tiles')} reached with any of its seeds."


def _metrics(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.metrics
    note = f" {found.confidence_note}" if found.confidence_note else ""
    return (
        f"The metrics of Su et al.; success is derived from ours: {phrases.rate(found.success)}. Middle "
        f"column: interval of the rate, quartiles of the rest.{note}"
    )


_FRAGMENTS: dict[str, dict[str, Fragment]] = {
    "population": {
        "positions": _positions,
        "colour": _colour,
        "distance": _distance,
        "directions": _directions,
        "cases": _cases,
        "queries": _queries,
    },
    "colours": {
        "red-green": _plane,
        "green-blue": _again,
        "red-blue": _again,
        "channels": _channels,
        "ciede2000": _seen,
        "correlation": _correlation,
    },
    "places": {
        "all": _all,
        "flipped": _flipped,
        "held": _held,
        "distance": _distance,
        "dark": _dark,
        "whereabouts": _whereabouts,
        "mean map": _mean_map,
    },
    "periods": {
        f"{axis} {kind}": make(axis)
        for axis in ("row", "column")
        for kind, make in (
            ("profile", _profile),
            ("spectrum", _spectrum),
            ("classes", _classes),
            ("phases", _phases),
        )
    },
    "locality": {"offsets": _offsets, "shifts": _shifts, "peaks": _peaks, "strip": _strip},
    "universal pixels": {"counts": _counts, "best": _best, "left out": _left_out},
    "per-class matrix": {"matrix": _matrix, "reached": _reached, "metrics": _metrics},
}

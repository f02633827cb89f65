"""The main findings of a group in plain sentences; none ranks, none promises."""

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.periods import PopulationSpectrum
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.captions import attack
from onepixel_gui.report.population.examined import Directed, Examined
from onepixel_gui.report.population.exhibit import Lacking
from onepixel_gui.report.wording import RESEARCH_ONLY, TIMES, counted


def title(examined: Examined) -> str:
    """ "demonstration, differential evolution (black-box; ...)"."""
    card = examined.group.card
    return f"{card.name} ({card.file}, sha256 {card.sha256[:8]}); {attack(examined.group.settings)}"


def findings(examined: Examined) -> tuple[str, ...]:
    """What was counted, then what was found, a sentence each."""
    rates, metrics = examined.rates, examined.metrics
    told = [
        f"{counted(rates.runs, 'run', 'runs')} of {counted(examined.tiles, 'tile', 'tiles')} are "
        f"counted ({examined.group.settings.access}); a tile counts once.",
        f"One pixel changed the answer of {phrases.rate(rates.overall)}.",
    ]
    if len(rates.directions) > 1:
        told += [f"From {each.title}: {phrases.rate(each)}." for each in rates.directions]
    if rates.overall.why_not:
        told.append(f"No interval clustered by case: {phrases.lowered(rates.overall.why_not)}.")
    if rates.overall.flipped < rates.overall.n and examined.group.settings.strategy != "sweep":
        told.append(
            "A search that held is no proof that no such pixel exists; it spent its budget "
            f"({examined.group.settings.budget:,} queries) on some of all pixels and colours."
        )
    if metrics.first_flip is not None:
        told.append(
            f"Until the first flip it took {phrases.number(metrics.first_flip.median)} queries in "
            f"the median (n = {metrics.first_flip.n:,})."
        )
    if metrics.vulnerable is not None:
        told.append(
            f"{phrases.number(metrics.vulnerable.mean)} positions of a tile flip it on average "
            f"(ANVP, n = {metrics.vulnerable.n:,})."
        )
    for led in examined.directed:
        told += _of(led)
    return (*told, *_periods(examined), *_locality(examined), *_universal(examined), RESEARCH_ONLY)


def lines(examined: Examined, lacking: tuple[Lacking, ...], name: str) -> list[str]:
    """The findings, and why figures are missing."""
    missing = [
        f"Not drawn: {each.template}{'' if each.direction == 'all' else f' ({each.direction})'}. "
        f"{each.why}"
        for each in lacking
    ]
    return [f"{name}: {title(examined)}", *findings(examined), *missing]


def _of(led: Directed) -> list[str]:
    """Of one direction, what is more than chance and what is not."""
    told, chromatic = [], led.chromatic
    first, seen = chromatic.compared[0], chromatic.compared[1]
    for name, found in (("colour change in RGB", first), ("CIEDE2000", seen)):
        if found.delta is not None:
            told.append(
                f"{led.title}, {name} of flipped against held tiles: {phrases.compared(found)}."
            )
    part = led.places.centred[1]
    if part.ratio is not None and part.test.p is not None:
        told.append(
            f"{led.title}, flipping pixels lie {phrases.number(part.mean)} px from the centre on "
            f"average, {phrases.number(part.ratio)} {TIMES} the mean of uniform positions "
            f"({phrases.tested(part.test)})."
        )
    if led.darkness is not None:
        dark = led.darkness.parts[1]
        if dark.percentile is not None and dark.test.p is not None:
            told.append(
                f"{led.title}, their rank towards dark areas is {phrases.number(dark.percentile)} "
                f"on average, 0.5 by chance, 0 darkest ({phrases.tested(dark.test)}); among "
                f"pixels as far from the centre {phrases.number(dark.ring)} "
                f"({phrases.tested(dark.ring_test)})."
            )
    return told


def _periods(examined: Examined) -> list[str]:
    found = examined.periods
    if found is None:
        return []
    return [_period(each, found.tiles) for each in (found.row, found.column) if each.p is not None]


def _period(found: PopulationSpectrum, tiles: int) -> str:
    p = "" if found.p is None else f", {phrases.chance(found.p)}"
    verb = "is more" if found.beyond_null else "is not more"
    return (
        f"The most locked {found.axis} period up to 8 px, {phrases.number(found.strongest)} px, "
        f"{verb} than chance at 5 % (random shifts of each tile, n = {tiles:,}{p})."
    )


def _locality(examined: Examined) -> list[str]:
    found = examined.locality
    if found is None or not found.flips:
        return []
    shares = ", ".join(
        f"{each.shift} {phrases.percents(each.share.value)}"
        for each in found.shares
        if each.share.value is not None
    )
    return [
        f"Moved elsewhere, the colours of {counted(found.flips, 'flip', 'flips')} still flip: "
        f"{shares}."
    ]


def _universal(examined: Examined) -> list[str]:
    told = []
    for found in examined.universal:
        if not found.best:
            told.append(
                f"{found.title}: no pixel of the palette flips any of {found.tiles:,} tiles."
            )
            continue
        best = found.best[0]
        words = (
            f"{found.title}: the pixel at row {best.pixel.row}, column {best.pixel.column} with "
            f"{hexadecimal(best.pixel.rgb)} flips {phrases.share(best.share)} it was chosen from"
        )
        if found.left_out is not None:
            words += f"; on tiles left out of the choice {phrases.share(found.left_out.share)}"
        told.append(f"{words}.")
    return told

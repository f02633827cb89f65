"""The main findings of a group in plain sentences; none ranks, none promises."""

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.periods import PopulationSpectrum
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.captions import TOLD_P, attack
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
        f"counted ({examined.group.settings.access}); {_unit(examined)}.",
        *phrases.not_counted(examined.group.stopped),
        f"{_changed(examined)} changed the answer of {phrases.rate(rates.overall)}.",
        *filter(None, [phrases.first_of_several(examined.group.settings)]),
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
        told += _of(led, phrases.stopping(examined.group.settings))
    told += (*_periods(examined), *_locality(examined), *_universal(examined))
    return (*told, phrases.SINGLY, RESEARCH_ONLY) if _tested(told) else (*told, RESEARCH_ONLY)


def _tested(told: list[str]) -> bool:
    """Whether any p is told."""
    return any(TOLD_P.search(words) for words in told)


def _changed(examined: Examined) -> str:
    many = phrases.together(examined.group.settings)
    return "One pixel" if many == 1 else f"{many} pixels together"


def _unit(examined: Examined) -> str:
    if examined.rates.most_seeds <= 1:
        return "a tile counts once"
    return (
        "a tile counts as flipped if any of its seeds flipped it; of several seeds the first that "
        "flipped stands for the tile"
    )


def lines(examined: Examined, lacking: tuple[Lacking, ...], name: str) -> list[str]:
    """The findings, and why figures are missing."""
    missing = [
        f"Not drawn: {each.template}{'' if each.direction == 'all' else f' ({each.direction})'}. "
        f"{each.why}"
        for each in lacking
    ]
    return [f"{name}: {title(examined)}", *findings(examined), *missing]


def _of(led: Directed, stopping: str) -> list[str]:
    """Of one direction, what is more than chance and what is not.

    stopping: what to keep in mind wherever flipped tiles are compared with held ones.
    """
    told, chromatic = [], led.chromatic
    first, seen = chromatic.compared[0], chromatic.compared[1]
    for name, found in (("colour change in RGB", first), ("CIEDE2000", seen)):
        if found.delta is not None:
            told.append(
                f"{led.title}, {name} of flipped against held tiles: {phrases.compared(found)}."
            )
    if told and stopping:
        told.append(stopping)
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
                f"{led.title}, among pixels as far from the centre the rank of flipping pixels "
                f"towards dark areas is {phrases.number(dark.ring)} on average, 0.5 by chance, 0 "
                f"darkest ({phrases.tested(dark.ring_test)}). Among all pixels of the tile it is "
                f"{phrases.number(dark.percentile)} ({phrases.tested(dark.test)}), which nearness "
                "to the centre explains as well where tiles are cut around nuclei."
            )
    return told


def _periods(examined: Examined) -> list[str]:
    found = examined.periods
    if found is None:
        return []
    return [
        words
        for each in (found.row, found.column)
        if each.p is not None
        for words in (_period(each, found.tiles), *_strides(each, found.tiles))
    ]


def _strides(found: PopulationSpectrum, tiles: int) -> list[str]:
    """By the test that decides; that shuffled positions are exceeded is no evidence."""
    told = [
        f"{phrases.percents(each.short)} at stride {each.stride} (n = {tiles:,}, "
        f"{phrases.chance(each.locked_p)})"
        for each in found.explained
        if each.short is not None and each.locked_p is not None
    ]
    if not told:
        return []
    return [
        f"Of the power of {found.axis} periods up to 8 px there lie at the classifier's strides "
        f"and their parts, with p of random shifts of each tile: {'; '.join(told)}."
    ]


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
        f"{phrases.MOVED[each.shift]} {phrases.percents(each.share.value)}"
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

"""What captions say of each panel: periods, locality, propagation and universal pixels."""

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.locality import ShiftShare
from onepixel_gui.analysis.population.periods import (
    Explained,
    Phases,
    PopulationPeriods,
    PopulationSpectrum,
)
from onepixel_gui.report.population import phrases
from onepixel_gui.report.population.exhibit import PopulationExhibit
from onepixel_gui.report.population.fragments import Fragment
from onepixel_gui.report.wording import counted


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
        told = "No period of 8 px or shorter fits"
        if line.strongest is not None:
            told = (
                f"Of periods up to 8 px the tiles agree most on {phrases.number(line.strongest)} px"
            )
        if line.p is not None:
            told += (
                f", {'more' if line.beyond_null else 'not more'} than chance at 5 % (random "
                f"shifts of each tile, {found.shifts:,}, seed {found.seed}, "
                f"n = {found.tiles:,}, {phrases.chance(line.p)})"
            )
        else:
            told += f"; too few tiles for a test (n = {found.tiles:,})"
        strides = "".join(f" {_stride(each, found)}." for each in line.explained)
        shuffles = f" {SHUFFLES}" if line.explained else ""
        return (
            f"Power of the {axis} profile by period; grey, up to the 95th percentile of shuffled "
            f"positions, beyond which whatever is a few pixels wide lies; triangles, the "
            f"classifier's strides. {told}.{strides}{shuffles}"
        )

    return words


SHUFFLES = "Shuffled positions alone are no evidence of a period."


def _stride(each: Explained, found: PopulationPeriods) -> str:
    """What random shifts say of it first, then what its phase explains."""
    told = f"Stride {each.stride}:"
    if each.short is not None:
        shifted = ""
        if each.locked_p is not None:
            chance = phrases.chance(each.locked_p)
            shifted = f" (random shifts of each tile, n = {found.tiles:,}, {chance})"
        told += f" {phrases.percents(each.short)} of the power up to 8 px lies at it{shifted};"
    return (
        f"{told} its phase explains {phrases.percents(each.share)} of the profile's variance "
        f"({phrases.percents(each.null)} is the 95th percentile of {found.shuffles:,} shuffles, "
        f"n = {found.tiles:,}, {phrases.chance(each.p)})"
    )


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
            f"Mean sensitivity of {axis}s of equal remainder, relative to the tile's own mean, "
            f"with 95 % t intervals over {by}{told}."
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
    statistic = phrases.number(found.statistic)
    return f"{found.test} {statistic}, n = {found.n:,}, {phrases.chance(found.p)}"


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
        f"{phrases.less(each)} {phrases.number(each.difference)} ({each.test}, "
        f"n = {each.n:,}" + (f", {phrases.chance(each.p)})" if each.p is not None else ")")
        for each in found.contrasts
        if each.difference is not None
    )
    return f"The same by kind of place, each flip counted once: {shares}. {tests}."


def _shift(found: ShiftShare) -> str:
    ends = found.share.interval
    told = "" if ends is None else f" (95 % interval {phrases.between(ends)}, {ends.kind})"
    share = phrases.percents(found.share.value)
    return f"{phrases.MOVED[found.shift]}: {share} of {found.flips:,} flips{told}"


def _peaks(exhibit: PopulationExhibit) -> str:
    told = "; ".join(
        f"{each.title}, n = {each.flips:,}: {phrases.number(float(each.peak[0]))} in the first and "
        f"{phrases.number(float(each.peak[-1]))} in the last of {len(each.layers):,} layers"
        for each in exhibit.examined.propagated[:2]
    )
    return (
        "Largest change of each layer by its largest value on the clean tile, mean with one "
        f"standard deviation. {told}."
    )


def _strip(exhibit: PopulationExhibit) -> str:
    found = exhibit.examined.propagated[0]
    return (
        f"Mean over {counted(found.flips, 'flip', 'flips')} ({found.title}) of the largest change "
        "over the channels at each place, each map from 0 to its own maximum (Vargas and Su)."
    )


# ------------------------------------------------------------------ universal pixels
def _counts(exhibit: PopulationExhibit) -> str:
    found = exhibit.universal
    if found is None:
        return ""
    best = found.best[0]
    return (
        f"Tiles that {hexadecimal(best.pixel.rgb)} flips at each position, {found.title}; ticks, "
        f"the best: row {best.pixel.row}, column {best.pixel.column}, {phrases.share(best.share)}."
    )


def _best(_exhibit: PopulationExhibit) -> str:
    return (
        "The pixels that flip the most, in their colours, with 95 % intervals; they were chosen "
        "from these tiles, so their shares are too high."
    )


def _left_out(exhibit: PopulationExhibit) -> str:
    found = exhibit.universal
    if found is None:
        return ""
    told = "no tiles could be left out"
    if found.left_out is not None:
        out = found.left_out
        told = (
            f"on tiles left out of the choice {phrases.share(out.share)}; {out.parts} parts split "
            f"by {out.by}, seed {out.seed}; {out.agreeing} of them choose the same pixel"
        )
    return (
        f"What this promises for other tiles: {told}. Any of the palette's pixels flips "
        f"{found.flippable:,} of {counted(found.tiles, 'tile', 'tiles')}; a pixel of the palette "
        f"taken at random, {phrases.percents(found.anywhere)}."
    )


PERIODS: dict[str, Fragment] = {
    f"{axis} {kind}": make(axis)
    for axis in ("row", "column")
    for kind, make in (
        ("profile", _profile),
        ("spectrum", _spectrum),
        ("classes", _classes),
        ("phases", _phases),
    )
}
LOCALITY: dict[str, Fragment] = {
    "offsets": _offsets,
    "shifts": _shifts,
    "peaks": _peaks,
    "strip": _strip,
}
UNIVERSAL: dict[str, Fragment] = {"counts": _counts, "best": _best, "left out": _left_out}

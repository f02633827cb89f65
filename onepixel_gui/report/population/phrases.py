"""Numbers in words: shares, intervals, tests. A p value never goes without its test and n."""

from collections.abc import Mapping

from onepixel_gui.analysis.population.comparing import Compared, Correlated
from onepixel_gui.analysis.population.locality import Contrast
from onepixel_gui.analysis.population.rates import Rate
from onepixel_gui.analysis.population.shares import Share
from onepixel_gui.analysis.population.units import Interval, Tested
from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.report.wording import counted, scientific

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"

SINGLY = "Each p is of one test by itself; none is corrected for how many tests there are."

# Where the colour of a flip was tried again.
MOVED: Mapping[str, str] = {
    "neighbour": "1 px away",
    "same parity": "2 px away",
    "random": "random",
}

LINES = 60  # cases whose intervals stay apart in a figure; more are counted by rate


def less(found: Contrast) -> str:
    """Which share is taken from which."""
    return f"{MOVED[found.first]} less {MOVED[found.second]}"


def percents(share: float | None) -> str:
    """ "21.1 %"; "0 %" and "100 %" only where it is exactly that."""
    if share is None:
        return "not known"
    value = 100 * share
    if share in (0, 1):
        return f"{value:.0f} %"
    if value < 0.05:
        return f"{value:.2g} %"
    if value > 99.9995:
        return "over 99.999 %"
    return f"{value:.3f} %" if value > 99.95 else f"{value:.1f} %"


def between(ends: Interval | None) -> str:
    """ "17.4 % to 25.3 %"."""
    if ends is None:
        return "no interval"
    return f"{percents(ends.low)} to {percents(ends.high)}"


def rate(found: Rate) -> str:
    """ "87 of 412 tiles (21.1 %; 95 % Wilson interval 17.4 % to 25.3 %)"."""
    tiles = f"{found.flipped:,} of {counted(found.n, 'tile', 'tiles')}"
    if found.share is None:
        return tiles
    words = f"{tiles} ({percents(found.share)}; 95 % Wilson interval {between(found.wilson)}"
    if found.clustered is not None:
        words += f"; {between(found.clustered)} clustered by {found.cases} cases"
    return f"{words})"


def share(found: Share) -> str:
    """ "31 of 40 tiles (77.5 %; 95 % interval 62.5 % to 87.7 %, Wilson)"."""
    tiles = f"{found.hits:,} of {counted(found.n, 'tile', 'tiles')}"
    if found.value is None:
        return tiles
    words = f"{tiles} ({percents(found.value)}"
    if found.interval is not None:
        words += f"; 95 % interval {between(found.interval)}, {found.interval.kind}"
    return f"{words})"


def number(value: float | None, digits: int = 3) -> str:
    """Three digits, with a true minus sign."""
    if value is None:
        return "not known"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", MINUS)
    if value and abs(value) < 1e-3:
        sign = MINUS if value < 0 else ""
        return sign + scientific(abs(value))
    return f"{value:,.{digits}g}".replace("-", MINUS)


def ends(found: Interval | None) -> str:
    """ " (95 % interval 0.21 to 0.43)", nothing where there is none."""
    if found is None:
        return ""
    return f" (95 % interval {number(found.low)} to {number(found.high)})"


def chance(p: float) -> str:
    """ "p = 0.012", "p < 0.001": so far out neither a normal approximation nor shuffles tell more.

    The table of numbers keeps what was computed.
    """
    return "p < 0.001" if p < 1e-3 else f"p = {p:.2g}"


def tested(test: Tested | None) -> str:
    """ "Mann-Whitney U, n = 87 and 325, p = 0.012", or why there is no p."""
    if test is None:
        return ""
    sides = " and ".join(f"{each:,}" for each in test.n)
    over = f" in {test.cases:,} cases" if test.cases else ""
    start = f"{test.name}, n = {sides}{over}"
    if test.p is None:
        return f"{start}: {lowered(test.note)}" if test.note else f"{start}: no p"
    return f"{start}, {chance(test.p)}"


def stopping(settings: Attack) -> str:
    """What a comparison of flipped with held tiles owes to when searches stop; "" to nothing."""
    if isinstance(settings, Exhaustive) or settings.to_the_end:
        return ""
    return (
        "A search stops at its first flip, while one that holds spends its whole budget on ever "
        "more extreme pixels; so colours, distances and confidences of flipped and held tiles "
        "differ also because of when their searches stop."
    )


def together(settings: Attack) -> int:
    """How many pixels a run changes at once."""
    return 1 if isinstance(settings, Exhaustive) else settings.pixels


def attacks(settings: Attack) -> str:
    """ "One-pixel attacks", "3-pixel attacks"."""
    many = together(settings)
    return f"{'One' if many == 1 else many}-pixel attacks"


def first_of_several(settings: Attack) -> str:
    """What numbers of colours and places leave out where several pixels change; "" of one."""
    many = together(settings)
    if many == 1:
        return ""
    return (
        f"Each run changes {many} pixels together; colours, distances and places are those of the "
        "first in its list alone (our choice), and say nothing of the others."
    )


def compared(found: Compared) -> str:
    """ "Cliff's delta 0.31 (95 % interval 0.2 to 0.42; Mann-Whitney U, n = 87 and 325, ...)"."""
    if found.delta is None:
        return f"flipped and held tiles are not compared ({tested(found.test)})"
    by_case = f"; {tested(found.by_case)}" if found.by_case is not None else ""
    return (
        f"Cliff's delta {number(found.delta)}{ends(found.interval)}, median "
        f"{number(found.median_flipped)} flipped and {number(found.median_held)} held "
        f"({tested(found.test)}{by_case})"
    )


def correlated(found: Correlated) -> str:
    """ "Spearman's rho 0.4 of Euclidean ... with ... (Spearman, n = 40, p = 0.01)"."""
    pair = f"{lowered(found.quantity)} with {lowered(found.against)}"
    if found.rho is None:
        return f"no correlation of {pair} ({tested(found.test)})"
    return f"Spearman's rho {number(found.rho)} of {pair} ({tested(found.test)})"


def lowered(words: str) -> str:
    """As a part of a sentence: without its full stop, and small unless it is a name or sign."""
    words = words.rstrip(".")
    first, rest = words[:1], words[1:]
    return first.lower() + rest if rest[:1].islower() and words.split()[0] not in _NAMES else words


_NAMES = ("Euclidean", "Spearman", "Wilson", "Otsu's")


def sample(count: int, what: str = "tile") -> str:
    """ "n = 412 tiles", "n = 1 flip"."""
    return f"n = {counted(count, what, f'{what}s')}"


def of_all(part: int, whole: int) -> str:
    """ "n = 87 of 412 tiles"."""
    return f"n = {part:,} of {counted(whole, 'tile', 'tiles')}"


def not_counted(stopped: int) -> tuple[str, ...]:
    """How many runs are left out because they came to no end, as a sentence; none of 0."""
    told = f"{counted(stopped, 'run', 'runs')} that {'was' if stopped == 1 else 'were'} stopped"
    return (f"{told} {'is' if stopped == 1 else 'are'} not counted.",) if stopped else ()

"""How a campaign is told: durations, amounts, what a dry run says, how many flipped."""

from math import prod

from onepixel_gui.qt.campaign.view import Draft, Standing
from onepixel_gui.qt.panes.verdict import time_left
from onepixel_gui.report.wording import TIMES, counted
from onepixel_gui.study.plan import Advance, Estimate, Flipping

_SPACE = "\N{NO-BREAK SPACE}"
_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def duration(seconds: float) -> str:
    """Rough on purpose: 40 s, 41 min, 2 h 10 min, 3 days 4 h."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{counted(days, 'day', 'days')} {hours} h"


def amount(count: float) -> str:
    """In three digits: 950, 12.5 k, 12.5 M."""
    for size, letter in _STEPS:
        if count >= size:
            value = count / size
            return (
                f"{value:.3g}{_SPACE}{letter}" if value < 999.5 else f"{value:,.0f}{_SPACE}{letter}"
            )
    return f"{count:.0f}"


def room(bytes_: float) -> str:
    """Of a disk: 550 kB, 55 MB."""
    return f"{amount(max(bytes_, 1000))}B"


def estimate_words(estimate: Estimate, draft: Draft) -> str:
    """What a dry run says, in one sentence, and how it was measured in another."""
    factors = [
        (estimate.tiles, "tile", "tiles"),
        (len(draft.models), "classifier", "classifiers"),
        (len(draft.attacks), "attack", "attacks"),
        (len(draft.seeds), "seed", "seeds"),
    ]
    told = [counted(*each) for each in factors[:3]]
    told += [counted(*factors[3])] if len(draft.seeds) > 1 else []
    whole = prod(each[0] for each in factors) == estimate.runs  # some attacks draw nothing
    product = f" {TIMES} ".join(told) if whole else ", ".join(told)
    runs = f"{product} {'=' if whole else '–'} {counted(estimate.runs, 'run', 'runs')}"
    parts = [
        f"About {runs}",
        f"at most {amount(estimate.queries)} queries",
        f"about {duration(estimate.seconds)} on {counted(estimate.workers, 'worker', 'workers')}",
        room(estimate.bytes),
    ]
    measured = f"Measured on {counted(estimate.measured, 'tile', 'tiles')}"
    if estimate.refused:
        measured += f", of which {estimate.refused:,} cannot be used"
    return f"{', '.join(parts)}. {measured}."


def flips_words(advance: Advance) -> str:
    """How many flipped, of how many, and how sure that share is.

    Of several classifiers and attacks `shares_words` tells each: black-box and white-box runs, or
    two classifiers, make no share together.
    """
    count = advance.attacked
    if len(advance.shares) > 1:
        return f"{counted(count, 'run', 'runs')} in {len(advance.shares):,} groups"
    words = f"{advance.flipped:,} of {counted(count, 'run', 'runs')} flipped"
    if count <= 0:
        return words
    words += f": {100 * advance.flipped / count:.1f} %"
    if not advance.shares:
        return words
    between = _between(advance.shares[0])
    return f"{words} (95 % interval {between})" if between else words


def shares_words(advance: Advance) -> tuple[str, ...]:
    """The same of each classifier and attack, where there are several."""
    if len(advance.shares) < 2:
        return ()
    return tuple(
        f"{each.title}: {100 * each.flipped / each.runs:.1f} %"
        + (f" ({between})" if (between := _between(each)) else "")
        for each in advance.shares
    )


def _between(share: Flipping) -> str:
    """ "15.0 to 42.0 %, n = 38"; where runs are no tiles, n says of which it is."""
    if share.interval is None:
        return ""
    low, high = (100 * end for end in share.interval)
    of = "" if share.tiles == share.runs else " tiles"
    return f"{low:.1f} to {high:.1f} %, n = {share.tiles:,}{of}"


def pace_words(standing: Standing) -> str:
    """What is being done, how quickly, and for how long yet."""
    advance = standing.advance
    match standing.phase:
        case "paused":
            return "Paused. The workers finish what they have; nothing is lost."
        case "stopping":
            return "Stopping"
        case "idle":
            return _left(standing) if standing.ended is None else _ended(standing)
        case _:
            pass
    if advance is None:
        return standing.doing
    parts = [standing.doing or advance.doing]
    if advance.rate > 0:
        parts.append(f"{advance.rate:,.0f} queries/s")
    if advance.seconds_left is not None:
        parts.append(time_left(advance.seconds_left))
    return " · ".join(parts)


def _left(standing: Standing) -> str:
    left = 0 if standing.advance is None else standing.advance.total - standing.advance.done
    return f"{counted(left, 'run is', 'runs are')} left; Continue does them" if left > 0 else ""


def _ended(standing: Standing) -> str:
    ended = standing.ended
    assert ended is not None
    again = f" · {counted(ended.again, 'run', 'runs')} shared by equal tiles" if ended.again else ""
    return f"Done in {duration(ended.seconds)} · {amount(ended.queries)} queries{again}"

"""How a campaign is told on a terminal, and how it hears that it is to end."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

from onepixel_gui.outbox import printable

if TYPE_CHECKING:
    from onepixel_gui.study.plan import Advance, Flipping

Tell = Callable[["Advance"], None]

_EVERY = 10.0  # seconds between two lines where there is no terminal
_MOST_SHARES = 2  # that a bar has room for


class Ended(KeyboardInterrupt):
    """Somebody asked the program to end.

    A class of its own: Python notes down a plain KeyboardInterrupt that passes through the source
    of a named tuple or the like, as in an import, and kills the program for it when it ends, even
    where it was heard.
    """


@contextmanager
def ended_tidily() -> Iterator[None]:
    """Whoever asks the program to end is heard as Ctrl+C is: what was done is kept, locks go."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Ended

    if current_thread() is not main_thread():  # only that one hears signals
        yield
        return
    heard = [signal.SIGTERM]
    hung_up = getattr(signal, "SIGHUP", None)  # the terminal is gone; Windows has none
    if hung_up is not None and signal.getsignal(hung_up) == signal.SIG_DFL:  # nohup ignores it
        heard.append(hung_up)
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:  # a shell may ignore it
        heard.append(signal.SIGINT)
    before = {each: signal.signal(each, stop) for each in heard}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def progress() -> Iterator[tuple[Tell, Callable[[str], None]]]:
    """How to tell what goes on, and how to say a line: a bar on a terminal, else lines."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    if not console.is_terminal:
        last = time.monotonic()

        def tell_line(advance: "Advance") -> None:
            nonlocal last
            if time.monotonic() - last >= _EVERY:
                last = time.monotonic()
                say(_told(advance))

        yield tell_line, say
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("Beginning", total=None, left="")
        yield (
            lambda advance: bar.update(
                task,
                description=doing(advance),
                completed=advance.done,
                total=advance.total or None,
                left=_left(advance),
            ),
            say,
        )


def doing(advance: "Advance", most: int = _MOST_SHARES) -> str:
    """most: classifiers and attacks up to which each is told; of more, the lowest and highest."""
    if advance.doing != "Attacking":
        return advance.doing
    from onepixel_gui.report.wording import counted

    done = f"{advance.done:,} of {counted(advance.total, 'run', 'runs')}"
    shares = _shares(advance.shares, most)
    if len(advance.shares) > 1:  # black-box and white-box flips are no number together
        return f"{done} ({shares})"
    flipped = counted(advance.flipped, "flip", "flips")
    return f"{done}, {flipped} ({shares})" if shares else f"{done}, {flipped}"


def _shares(shares: "Sequence[Flipping]", most: int) -> str:
    """Of one classifier and one attack only how sure it is: the rest is said beside it."""
    if len(shares) == 1:
        return _between(shares[0])
    if len(shares) > most:
        each = [share.flipped / share.runs for share in shares]
        low, high = _percent(min(each)), _percent(max(each))
        return f"{low} to {high} % by classifier and attack"
    return "; ".join(_named(share) for share in shares)


def _named(share: "Flipping") -> str:
    between = _between(share)
    told = f"{printable(share.title)} {_percent(share.flipped / share.runs)} %"
    return f"{told}, {between}" if between else told


def _between(share: "Flipping") -> str:
    """ "15.0-42.0 %", 95 %; where runs are no tiles, of how many tiles."""
    if share.interval is None:
        return ""
    low, high = map(_percent, share.interval)
    of = "" if share.tiles == share.runs else f" over {share.tiles:,} tiles"
    return f"{low}-{high} %{of}"


def _told(advance: "Advance") -> str:
    return ", ".join(filter(None, (doing(advance, len(advance.shares)), _left(advance))))


def _left(advance: "Advance") -> str:
    """Nothing before anything was asked."""
    left = "" if advance.seconds_left is None else f"{rough_time(advance.seconds_left)} left"
    rate = f"{advance.rate:,.0f} queries/s" if advance.rate > 0 else ""
    return ", ".join(filter(None, (rate, left)))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def rough_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"

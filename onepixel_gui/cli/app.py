"""The same events as lines of text.

Exit codes: 0 done, 1 the attack held, 2 a problem, 130 stopped by Ctrl+C.  The engine is imported
by the command that needs it, so that help and mistakes are answered at once.
"""

import io
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from onepixel_gui import __version__
from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem, Unexpected
from onepixel_gui.terminal import NAME, Stopped

DONE, HELD, TROUBLE, STOPPED = 0, 1, 2, 130

Demo = Callable[[Path, Callable[[str], None]], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """words: as typed.  demo: makes the demonstration; it needs Qt, which is not ours to import."""

    words: tuple[str, ...]
    demo: Demo | None


app = typer.Typer(
    name=NAME,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which single pixel changes a tile classifier's answer, where is it sensitive, and why? "
    "Without a command the window opens. Research use only, not for diagnosis.",
    epilog="Exit codes: 0 done, 1 the attack held, 2 a problem, 130 stopped by Ctrl+C.",
)


def run(words: Sequence[str], demo: Demo | None = None) -> int:
    """Do what the words say and return the exit code; nothing is raised.

    demo: how to make the demonstration in a folder; the caller may import Qt, this module not.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without µ must not end the work
            stream.reconfigure(errors="replace")
    try:
        call = _Call(tuple(words), demo)
        typer.main.get_command(app).main(args=list(words), prog_name=NAME, obj=call)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else TROUBLE
        if code == STOPPED:
            print("Stopped before the end.", file=sys.stderr)
        return code
    except Stopped as stop:
        print(stop, file=sys.stderr)
        return STOPPED
    except Problem as problem:
        _say(problem)
    except Exception as bug:  # noqa: BLE001 - the outermost edge: a bug is logged whole, told short
        _say(_logged(bug))
    return TROUBLE


def _say(problem: Problem) -> None:
    print(problem.what, problem.remedy, sep="\n", file=sys.stderr)


def _logged(bug: Exception) -> Problem:
    """The bug as a Problem that tells where its details lie."""
    from platformdirs import user_log_path

    log = user_log_path("onepixel_gui", appauthor=False) / "command-line.log"
    problem = Unexpected(bug)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, {NAME} {__version__}\n")
            file.write("".join(traceback.format_exception(bug)))
    except OSError:
        problem.remedy = f"Report it with this line: {printable(str(bug))}"
    else:
        problem.remedy = f"Report it with the details in {log}"
    return problem


# ------------------------------------------------------------------ commands
def _version(wanted: bool) -> None:
    if wanted:
        print(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    call: typer.Context,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where window.png and the figures go.")
    ] = Path("onepixel-demo"),
) -> None:
    """Open the demonstration without a screen: attack a tile, sweep it, and draw both."""
    make = call.obj.demo
    if make is None:
        raise Problem(
            "The demonstration is not made from here.", f"Start it with `{NAME} demo` in a shell."
        )
    make(out, lambda line: print(line, flush=True))

"""The same events as lines of text.

Exit codes: 0 done, 1 the attack held, 2 a problem, 130 stopped by Ctrl+C.  The engine is imported
by the command that needs it, so that help and mistakes are answered at once.
"""

import io
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onepixel_gui import RESOURCES, __version__
from onepixel_gui.outbox import printable, try_out, write_whole
from onepixel_gui.problems import NotWritten, Problem, Unexpected, UnusableCheckpoint

if TYPE_CHECKING:
    from onepixel_gui.attack.probe import Event, Probe
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.tiles.tile import Tile

NAME = "onepixel-gui"
DONE, HELD, TROUBLE, STOPPED = 0, 1, 2, 130
DEMO_CHECKPOINT = RESOURCES / "demo" / "mitosis_demo.safetensors"

Demo = Callable[[Path, Callable[[str], None]], None]


@dataclass(frozen=True, slots=True)
class _Call:
    """words: as typed.  demo: makes the demonstration; it needs Qt, which is not ours to import."""

    words: tuple[str, ...]
    demo: Demo | None


class _Stopped(Exception):
    """Ctrl+C during a run; says what was found so far."""


app = typer.Typer(
    name=NAME,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which single pixel changes a tile classifier's answer, where is it sensitive, and why? "
    "Without a command the window opens. Research use only, not for diagnosis.",
    epilog="Exit codes: 0 done, 1 the attack held, 2 a problem, 130 stopped by Ctrl+C.",
)

TileWord = Annotated[Path, typer.Argument(metavar="TILE", help="A PNG, JPEG, TIFF or NPY file.")]
Model = Annotated[
    Path | None,
    typer.Option(
        metavar="CHECKPOINT", help="The classifier. Without it, the demonstration's is used."
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="OUT.json", help="Write the result as JSON.")
]
Figure = Annotated[
    Path | None,
    typer.Option(metavar="OUT.pdf", help="Draw a figure: .png, .pdf, .svg or .tiff."),
]


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
    except _Stopped as stop:
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
def attack(
    call: typer.Context,
    tile: TileWord,
    model: Model = None,
    population: Annotated[int, typer.Option(min=3, help="Candidates per generation.")] = 400,
    generations: Annotated[int, typer.Option(min=1, help="Most generations.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same search.")] = 0,
    device: Device = "auto",
    strategy: Annotated[
        Literal["evolution", "guided"],
        typer.Option(
            help="evolution: black-box, the protocol of the literature. guided: white-box, faster, "
            "uses the network's gradients and no seed; never compare the two."
        ),
    ] = "evolution",
    to_the_end: Annotated[
        bool, typer.Option("--to-the-end", help="Go on after the first flip.")
    ] = False,
    json: Json = None,
    figure: Figure = None,
) -> None:
    """Search for the one pixel that changes the answer."""
    from onepixel_gui import narration
    from onepixel_gui.attack.guided import guided
    from onepixel_gui.attack.probe import Began, Ended, Guidance, Settings
    from onepixel_gui.attack.search import search
    from onepixel_gui.report.exhibit import AttackExhibit

    _expect_room(given=(tile, model), json=json, figure=figure)
    if strategy == "guided":
        _expect_unset(call, "population", "generations", "seed")
        guidance = Guidance(to_the_end=to_the_end)
        read, classifier, events = _watch(tile, model, device, lambda p: guided(p, guidance))
    else:
        settings = Settings(population, generations, seed=seed, to_the_end=to_the_end)
        read, classifier, events = _watch(tile, model, device, lambda p: search(p, settings))
    began, ended = events[0], events[-1]
    assert isinstance(began, Began)
    assert isinstance(ended, Ended)
    card, serving = classifier.card, classifier.serving
    command = _command(call, tile, model, json, figure)
    shown = AttackExhibit(read, began.question, card, serving, began, ended, command)
    print(*narration.attack_lines(shown), sep="\n")
    if json is not None:
        write_whole(json, narration.as_json(narration.attack_json(shown)))
    if figure is not None:
        from onepixel_gui.report.figure import export

        export(shown, figure)
    raise typer.Exit(DONE if ended.flipped else HELD)


@app.command("map")
def map_(
    call: typer.Context,
    tile: TileWord,
    model: Model = None,
    palette: Annotated[
        Literal["corners", "27"],
        typer.Option(help="The 8 corners of the RGB cube, or a 3 x 3 x 3 grid of it."),
    ] = "corners",
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option(metavar="MAP.npz", help="Write the confidences as arrays.")
    ] = None,
    json: Json = None,
    figure: Figure = None,
) -> None:
    """Try every position with every colour of a palette, and map the confidence."""
    from onepixel_gui import narration
    from onepixel_gui.analysis.sensitivity import sensitivity
    from onepixel_gui.attack.probe import Swept
    from onepixel_gui.attack.sweep import PALETTES, sweep
    from onepixel_gui.report.exhibit import SweepExhibit

    _expect_room(given=(tile, model), json=json, figure=figure, out=out)
    read, classifier, events = _watch(tile, model, device, lambda p: sweep(p, PALETTES[palette]))
    swept = events[-1]
    assert isinstance(swept, Swept)
    command = _command(call, tile, model, json, figure, out)
    asked, found = swept.question, sensitivity(swept)
    side: Literal["lowest", "highest"] = "lowest" if asked.downward else "highest"
    shown = SweepExhibit(read, asked, classifier.card, classifier.serving, found, side, command)
    print(*narration.map_lines(shown), sep="\n")
    if out is not None:
        write_whole(out, narration.map_npz(found))
    if json is not None:
        write_whole(json, narration.as_json(narration.map_json(shown)))
    if figure is not None:
        from onepixel_gui.report.figure import export

        export(shown, figure)


@app.command()
def score(
    tile: Annotated[
        list[Path], typer.Argument(metavar="TILE...", help="Picture files, and folders of them.")
    ],
    model: Model = None,
    device: Device = "auto",
    json: Json = None,
) -> None:
    """Ask the classifier about each tile as it is: its answer and how sure it is."""
    from onepixel_gui import narration
    from onepixel_gui.tiles import files

    _expect_room(given=(*tile, model), json=json)
    found = files.find(tile)
    classifier = _classifier(model, device)
    scores, trouble = [], False
    for file in found:
        try:
            read = files.read(file.path, label=file.label)
            question = classifier.probe(read).question
        except Problem as problem:
            trouble = True
            print(f"{problem.what} {problem.remedy}", file=sys.stderr)
            continue
        name = _name(file.path, tile)
        scores.append(narration.score_json(name, read, question))
        print(narration.score_line(name, read, question), flush=True)
    for line in narration.doubt_lines(classifier.card.doubts):
        print(line)
    if json is not None:
        write_whole(json, narration.as_json(scores))
    raise typer.Exit(TROUBLE if trouble else DONE)


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


# ------------------------------------------------------------------ parts of commands
def _watch(
    path: Path, model: Path | None, device: str, start: "Callable[[Probe], Generator[Event]]"
) -> "tuple[Tile, Classifier, tuple[Event, Event]]":
    """Run an attack on a tile; its first and last event."""
    from onepixel_gui.narration import Narrator, meter

    tile = _read(path)
    with meter() as tell:
        narrator = Narrator(tell)
        try:
            classifier = _classifier(model, device)
            with closing(start(classifier.probe(tile))) as events:
                first = last = next(events)
                narrator.take(first)
                for last in events:
                    narrator.take(last)
        except KeyboardInterrupt:
            raise _Stopped(narrator.stopped()) from None
    return tile, classifier, (first, last)


def _read(path: Path) -> "Tile":
    from onepixel_gui.tiles import files

    # `find` knows the label of a file from its folder; a folder itself is refused by `read`.
    labels = [] if path.is_dir() else [file.label for file in files.find([path])]
    return files.read(path, label=labels[0] if labels else None)


def _classifier(model: Path | None, device: str) -> "Classifier":
    if model is None and not DEMO_CHECKPOINT.is_file():
        raise UnusableCheckpoint(
            "The demonstration's classifier is missing from this copy.",
            "Name a checkpoint with --model, or make it with packaging/make_demo.py.",
        )
    from onepixel_gui.classifier.classifier import Classifier

    return Classifier.open(model or DEMO_CHECKPOINT, device)


def _name(path: Path, opened: Sequence[Path]) -> str:
    """What the reader calls a tile: its file name, below the folder that was named."""
    for folder in opened:
        if path != folder and path.is_relative_to(folder):
            return printable(path.relative_to(folder).as_posix())
    return printable(path.name)


def _command(call: typer.Context, *paths: Path | None) -> str:
    """The command as typed, with each file cut down to its name."""
    names = {str(path): path.name for path in paths if path is not None}

    def short(word: str) -> str:
        option, is_, value = word.partition("=")
        if option.startswith("--") and is_:
            return f"{option}={short(value)}"
        return names.get(str(Path(word)), word) if word else word

    return shlex.join([NAME, *map(short, call.obj.words)])


def _expect_unset(call: typer.Context, *options: str) -> None:
    """Refuse what was typed and would have no effect."""
    for option in options:
        source = call.get_parameter_source(option)
        if source is not None and source.name != "DEFAULT":
            raise typer.BadParameter(
                "It belongs to --strategy evolution.", param_hint=f"--{option}"
            )


def _expect_room(given: Sequence[Path | None], **wanted: Path | None) -> None:
    """Find out before the minutes of work, not after, that a result could not be written."""
    targets = [path for path in wanted.values() if path is not None]
    figure = wanted.get("figure")
    if figure is not None:
        from onepixel_gui.report.figure import SUFFIXES

        if figure.suffix.lower() not in SUFFIXES:
            raise NotWritten(
                f"{printable(figure.name)} does not end like a figure that can be drawn.",
                f"Choose a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.",
            )
        targets.append(figure.with_suffix(figure.suffix + ".json"))  # the figure's own sidecar
    taken = {_place(path) for path in given if path is not None}
    for target in targets:
        if _place(target) in taken:
            raise NotWritten(
                f"{printable(target.name)} would overwrite another file of this command.",
                "Choose another name for it.",
            )
        taken.add(_place(target))
        try_out(target)


def _place(path: Path) -> str:
    return os.path.realpath(path)

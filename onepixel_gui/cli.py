"""The same events as lines of text.

Exit codes: 0 done, 1 the attack held, 2 a problem, 130 stopped by Ctrl+C.  The engine is imported
by the command that needs it, so that help and mistakes are answered at once.
"""

import io
import sys
import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onepixel_gui import __version__
from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.problems import Problem, Unexpected
from onepixel_gui.terminal import (
    NAME,
    CardFile,
    Device,
    Figure,
    Json,
    Model,
    PlaceWord,
    RegionWord,
    Stopped,
    Subject,
    TileWord,
    Which,
    command,
    draw,
    expect_room,
    expect_unset,
    look,
    name_of,
    region_of,
    watch,
    watch_scan,
)

if TYPE_CHECKING:
    from onepixel_gui.attack.probe import Event, Guidance, Probe, Settings

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
def attack(
    call: typer.Context,
    tile: TileWord,
    at: PlaceWord = "",
    model: Model = None,
    card: CardFile = None,
    subject: Subject = "",
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
    from onepixel_gui.attack.probe import Began, Ended, Guidance, Settings
    from onepixel_gui.report.exhibit import AttackExhibit

    which = Which(model, card, device, subject)
    expect_room(given=(tile, *which.files), json=json, figure=figure)
    settings: Settings | Guidance = Settings(
        population, generations, seed=seed, to_the_end=to_the_end
    )
    if strategy == "guided":
        expect_unset(call, "population", "generations", "seed")
        settings = Guidance(to_the_end=to_the_end)
    read, classifier, (began, ended) = watch(tile, at, which, _search(settings))
    assert isinstance(began, Began)
    assert isinstance(ended, Ended)
    words = command(call, tile, *which.files, json, figure)
    served = classifier.card, classifier.serving
    shown = AttackExhibit(read, began.question, *served, began, ended, words)
    print(*narration.attack_lines(shown), sep="\n")
    if json is not None:
        write_whole(json, narration.as_json(narration.attack_json(shown)))
    draw(shown, figure)
    raise typer.Exit(DONE if ended.flipped else HELD)


def _search(settings: "Settings | Guidance") -> "Callable[[Probe], Generator[Event]]":
    """The attack that these settings are of."""
    from onepixel_gui.attack.guided import guided
    from onepixel_gui.attack.probe import Guidance
    from onepixel_gui.attack.search import search

    if isinstance(settings, Guidance):
        return lambda probe: guided(probe, settings)
    return lambda probe: search(probe, settings)


@app.command("map")
def map_(
    call: typer.Context,
    tile: TileWord,
    at: PlaceWord = "",
    model: Model = None,
    card: CardFile = None,
    subject: Subject = "",
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

    which = Which(model, card, device, subject)
    expect_room(given=(tile, *which.files), json=json, figure=figure, out=out)
    read, classifier, events = watch(tile, at, which, lambda p: sweep(p, PALETTES[palette]))
    swept = events[-1]
    assert isinstance(swept, Swept)
    words = command(call, tile, *which.files, json, figure, out)
    asked, found = swept.question, sensitivity(swept)
    side: Literal["lowest", "highest"] = "lowest" if asked.downward else "highest"
    shown = SweepExhibit(read, asked, classifier.card, classifier.serving, found, side, words)
    print(*narration.map_lines(shown), sep="\n")
    if out is not None:
        write_whole(out, narration.map_npz(found))
    if json is not None:
        write_whole(json, narration.as_json(narration.map_json(shown)))
    draw(shown, figure)


@app.command()
def score(
    tile: Annotated[
        list[Path], typer.Argument(metavar="TILE...", help="Picture files, and folders of them.")
    ],
    model: Model = None,
    card: CardFile = None,
    device: Device = "auto",
    json: Json = None,
) -> None:
    """Ask the classifier about each tile as it is: its answer and how sure it is."""
    from onepixel_gui import narration
    from onepixel_gui.tiles import files

    which = Which(model, card, device)
    expect_room(given=(*tile, *which.files), json=json)
    found = files.find(tile)
    classifier = which.open()
    scores, trouble = [], False
    for file in found:
        try:
            read = files.read(file.path, label=file.label)
            question = classifier.probe(read).question
        except Problem as problem:
            trouble = True
            print(f"{problem.what} {problem.remedy}", file=sys.stderr)
            continue
        name = name_of(file.path, tile)
        scores.append(narration.score_json(name, read, question))
        print(narration.score_line(name, read, question), flush=True)
    for line in narration.doubt_lines(classifier.card.doubts):
        print(line)
    if json is not None:
        write_whole(json, narration.as_json(scores))
    raise typer.Exit(TROUBLE if trouble else DONE)


@app.command()
def inspect(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="Any checkpoint.")],
    card: CardFile = None,
    device: Device = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Look at the file only; do not load the network.")
    ] = False,
) -> None:
    """Say what was understood of a checkpoint, and what is doubtful about it."""
    from onepixel_gui import narration
    from onepixel_gui.report import cards

    which = Which(checkpoint, card, device)
    inspected = which.inspect()
    classifier = None if quick else which.open(inspected)
    asked = inspected.card if classifier is None else classifier.card
    if json:
        saved = "" if classifier is None else classifier.serving.shortcut
        told = cards.as_values(inspected, asked) | {"shortcut": saved}
        print(narration.as_json(told).decode(), end="")
        return
    known = () if classifier is None else cards.served(classifier.serving)
    facts = (*cards.facts(inspected, asked), *known, *cards.others(inspected))
    for line in narration.card_lines(cards.title(asked), facts, inspected.notes):
        print(line)
    for line in narration.doubt_lines(asked.doubts):
        print(printable(line))


@app.command()
def dataset(
    folder: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="A data set: folders, or one table or archive."),
    ],
    size: Annotated[
        int, typer.Option(min=8, max=4096, help="Edge of the tiles that are cut.")
    ] = 64,
    mpp: Annotated[
        float | None, typer.Option(min=0.05, max=20, help="Their um per pixel; as stored without.")
    ] = None,
    normals: Annotated[int, typer.Option(min=0, max=1000, help="Normal tiles per mitosis.")] = 1,
    distance: Annotated[
        int, typer.Option(min=0, max=10_000, help="Least px from a normal tile to any mitosis.")
    ] = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same tiles.")] = 0,
    sampled: Annotated[
        bool, typer.Option("--sampled", help="Sample normal tiles though look-alikes are marked.")
    ] = False,
    locate: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where missing images are sought too.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Say which data set a folder is: tiles of each class, images, and what is missing."""
    from onepixel_gui import narration
    from onepixel_gui.report import datasets
    from onepixel_gui.tiles.datasets import Sampling

    sampling = Sampling((size, size), mpp, normals, distance, seed, not sampled)
    found = look(folder, sampling, locate)
    if json:
        print(narration.as_json(datasets.as_values(found)).decode(), end="")
        return
    print(*narration.card_lines(found.title, datasets.facts(found), found.notes), sep="\n")


@app.command()
def scan(
    call: typer.Context,
    slide: Annotated[Path, typer.Argument(metavar="SLIDE", help="A slide, or a large picture.")],
    model: Model = None,
    card: CardFile = None,
    subject: Subject = "",
    device: Device = "auto",
    stride: Annotated[
        int, typer.Option(min=0, help="Tile pixels between tiles; 0: half a tile.")
    ] = 0,
    region: RegionWord = "",
    all_: Annotated[bool, typer.Option("--all", help="Ask about empty glass too.")] = False,
    best: Annotated[int, typer.Option(min=1, max=100_000, help="Most candidates.")] = 500,
    json: Json = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="OUT.csv", help="Write a table of candidates.")
    ] = None,
) -> None:
    """Carry the classifier over a slide and list where it is surest, best first."""
    from onepixel_gui.classifier.scan import ScanSettings
    from onepixel_gui.narration import as_json
    from onepixel_gui.report import scans

    which = Which(model, card, device, subject)
    settings = ScanSettings(region_of(region), stride, not all_, best=best, subject=subject)
    expect_room(given=(slide, *which.files), json=json, csv=csv)
    words = command(call, slide, *which.files, json, csv)
    found = watch_scan(slide, which, settings, words)
    print(*scans.lines(found), sep="\n")
    if json is not None:
        write_whole(json, as_json(scans.as_values(found)))
    if csv is not None:
        write_whole(csv, scans.table(found, csv.parent))


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

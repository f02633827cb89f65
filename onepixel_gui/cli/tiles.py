"""Commands about single tiles: attack, map, score."""

import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onepixel_gui.cli.app import DONE, HELD, TROUBLE, app
from onepixel_gui.outbox import write_whole
from onepixel_gui.problems import Problem
from onepixel_gui.terminal import (
    CardFile,
    Device,
    Figure,
    Json,
    Model,
    PlaceWord,
    Subject,
    TileWord,
    Which,
    command,
    draw,
    expect_room,
    expect_unset,
    name_of,
    watch,
)

if TYPE_CHECKING:
    from onepixel_gui.attack.probe import Event, Guidance, Probe, Settings


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

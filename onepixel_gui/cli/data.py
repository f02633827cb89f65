"""Commands about what is opened: checkpoints, data sets and slides."""

from pathlib import Path
from typing import Annotated

import typer

from onepixel_gui.cli.app import app
from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.terminal import (
    CardFile,
    Device,
    Distance,
    Json,
    Locate,
    Model,
    Normals,
    RegionWord,
    Resolution,
    Sampled,
    Size,
    Subject,
    Which,
    command,
    expect_room,
    look,
    region_of,
    watch_scan,
)


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
    size: Size = 64,
    mpp: Resolution = None,
    normals: Normals = 1,
    distance: Distance = 60,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same tiles.")] = 0,
    sampled: Sampled = False,
    locate: Locate = None,
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

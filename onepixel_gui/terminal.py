"""What the commands of the terminal have in common: which classifier, one run, room for results."""

import os
import shlex
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from onepixel_gui import RESOURCES
from onepixel_gui.outbox import printable, try_out
from onepixel_gui.problems import NotWritten, UnreadableTile, UnusableCheckpoint

if TYPE_CHECKING:
    from onepixel_gui.attack.probe import Event, Probe
    from onepixel_gui.classifier.card import Card, Inspection
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.scan import ScanSettings
    from onepixel_gui.report.exhibit import AttackExhibit, SweepExhibit
    from onepixel_gui.report.scans import ScanExhibit
    from onepixel_gui.tiles.datasets import Dataset, Sampling
    from onepixel_gui.tiles.slides import Slide
    from onepixel_gui.tiles.tile import Tile, Window

NAME = "onepixel-gui"
DEMO_CHECKPOINT = RESOURCES / "demo" / "mitosis_demo.safetensors"


TileWord = Annotated[
    Path,
    typer.Argument(metavar="TILE", help="A PNG, JPEG, TIFF or NPY file; with --at, a slide."),
]
PlaceWord = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="ROW,COLUMN",
        help="The tile of a slide whose top-left pixel lies there, in level-0 pixels; it is cut "
        "as the classifier wants it.",
    ),
]
Model = Annotated[
    Path | None,
    typer.Option(
        metavar="CHECKPOINT", help="The classifier. Without it, the demonstration's is used."
    ),
]
CardFile = Annotated[
    Path | None,
    typer.Option(
        "--card",
        metavar="CARD.toml",
        help="What the checkpoint does not say; overrides the card beside it.",
    ),
]
Subject = Annotated[
    str,
    typer.Option(
        metavar="CLASS",
        help="Of three and more classes the one in question; without it, the one answered.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps.")]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="OUT.json", help="Write the result as JSON.")
]
RegionWord = Annotated[
    str,
    typer.Option(
        "--region",
        metavar="ROW,COLUMN,HEIGHT,WIDTH",
        help="The part of the slide, in level-0 pixels; without it, all.",
    ),
]
Figure = Annotated[
    Path | None,
    typer.Option(metavar="OUT.pdf", help="Draw a figure: .png, .pdf, .svg or .tiff."),
]

# How tiles are cut from the slides of a data set, and which.
Size = Annotated[int, typer.Option(min=8, max=4096, help="Edge of tiles that are cut.")]
Resolution = Annotated[
    float | None,
    typer.Option("--mpp", min=0.05, max=20, help="Their um per pixel; as stored without."),
]
Normals = Annotated[int, typer.Option(min=0, max=1000, help="Normal tiles per mitosis.")]
Distance = Annotated[
    int, typer.Option(min=0, max=10_000, help="Least px from a normal tile to any mitosis.")
]
Sampled = Annotated[
    bool, typer.Option("--sampled", help="Sample normal tiles though look-alikes are marked.")
]
Locate = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where missing images are sought too.")
]


class Stopped(Exception):
    """Ctrl+C during a run; says what was found so far."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which classifier is meant, and how it is asked: the words of one command.

    model:   a checkpoint, None for the demonstration's.  card: a .card.toml to go by.
    subject: of three and more classes the one in question, "" for the one that is answered.
    """

    model: Path | None = None
    card: Path | None = None
    device: str = "auto"
    subject: str = ""

    @property
    def files(self) -> tuple[Path | None, ...]:
        return self.model, self.card

    def inspect(self) -> "Inspection":
        """Raises UnusableCheckpoint, UnusableCard."""
        from onepixel_gui.classifier.opening import inspect

        if self.model is None and not DEMO_CHECKPOINT.is_file():
            raise UnusableCheckpoint(
                "The demonstration's classifier is missing from this copy.",
                "Name a checkpoint with --model, or make it with packaging/make_demo.py.",
            )
        return inspect(self.model or DEMO_CHECKPOINT, card=self.card)

    def open(self, inspected: "Inspection | None" = None) -> "Classifier":
        """Raises UnusableCheckpoint, UnusableCard, NoSuchDevice, DeviceFull."""
        from onepixel_gui.classifier.classifier import Classifier

        classifier = Classifier.of(inspected or self.inspect(), self.device)
        if self.subject and self.subject not in classifier.card.classes:
            raise typer.BadParameter(
                f"The classes are {', '.join(classifier.card.classes[:20])}.",
                param_hint="--subject",
            )
        return classifier


def watch(
    path: Path, at: str, which: Which, start: "Callable[[Probe], Generator[Event]]"
) -> "tuple[Tile, Classifier, tuple[Event, Event]]":
    """Run an attack on a tile; its first and last event.

    at: the place on a slide as it was typed, "" where `path` is a picture.
    """
    from onepixel_gui.narration import Narrator, meter

    with _cutting(path, at) as cut, meter() as tell:
        narrator = Narrator(tell)
        try:
            classifier = which.open()
            tile = cut(classifier.card)
            with closing(start(classifier.probe(tile, subject=which.subject))) as events:
                first = last = next(events)
                narrator.take(first)
                for last in events:
                    narrator.take(last)
        except KeyboardInterrupt:
            raise Stopped(narrator.stopped()) from None
    return tile, classifier, (first, last)


def watch_scan(path: Path, which: Which, settings: "ScanSettings", command: str) -> "ScanExhibit":
    """Run a scan of a slide. Raises UnreadableSlide, NothingToScan, and as `Which.open`."""
    from onepixel_gui.classifier.scan import (
        Awaited,
        Refined,
        ScanBegan,
        ScanEnded,
        Scanned,
        scan,
    )
    from onepixel_gui.narration import meter
    from onepixel_gui.report.scans import ScanExhibit
    from onepixel_gui.tiles.slides import open_slide

    seen = "Stopped before anything was found."
    with closing(open_slide(path)) as slide, meter() as tell:
        try:
            classifier = which.open()
            with closing(scan(classifier, slide, settings)) as events:
                for event in events:
                    match event:
                        case ScanBegan():
                            began = event
                        case Scanned(done=done, total=total):
                            tell("Scanning", done, total)
                            seen = f"Stopped after {done:,} of {total:,} tiles."
                        case Refined():
                            tell("Centring candidates", began.total, began.total)
                        case ScanEnded():
                            ended = event
                        case Awaited():
                            pass
                        case _:
                            assert_never(event)
        except KeyboardInterrupt:
            raise Stopped(seen) from None
        return ScanExhibit(slide, classifier.card, classifier.serving, began, ended, command)


@contextmanager
def _cutting(path: Path, at: str) -> "Iterator[Callable[[Card], Tile]]":
    """How the tile that is meant is had; a file that cannot be read is told before any work.

    Raises UnreadableTile, UnreadableSlide.
    """
    from onepixel_gui.tiles.slides import is_slide, open_slide

    if not at:
        try:
            tile = read(path)
        except UnreadableTile as cause:
            if is_slide(path):
                cause.remedy = "Name the tile by its place on the slide, with --at ROW,COLUMN."
            raise
        yield lambda _card: tile
        return
    row, column = _numbers(at, 2, "It is two whole numbers: row, column.", "--at")
    with closing(open_slide(path)) as slide:
        yield lambda card: _cut(slide, row, column, card)


def _cut(slide: "Slide", row: int, column: int, card: "Card") -> "Tile":
    """The tile there, of the size and resolution that the classifier takes."""
    from onepixel_gui.tiles.cutting import pixels_per_pixel

    (height, width), (down, across) = card.input_size, slide.shape
    ratio = pixels_per_pixel(slide.mpp, card.mpp)
    if not (-height * ratio < row < down and -width * ratio < column < across):
        raise typer.BadParameter(
            f"A tile there shows nothing of {printable(slide.name)}, which is {down:,} px high and "
            f"{across:,} px wide.",
            param_hint="--at",
        )
    return slide.tile(row, column, card.input_size, mpp=card.mpp)


def _numbers(words: str, count: int, remedy: str, option: str) -> tuple[int, ...]:
    """The whole numbers between the commas."""
    try:
        numbers = tuple(int(word) for word in words.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise typer.BadParameter(remedy, param_hint=option)
    return numbers


def region_of(words: str) -> "Window | None":
    """The rectangle that was typed, None for nothing."""
    from onepixel_gui.tiles.tile import Window

    if not words:
        return None
    remedy = "It is four whole numbers: row, column, height, width."
    row, column, height, width = _numbers(words, 4, remedy, "--region")
    if height < 1 or width < 1:
        raise typer.BadParameter(remedy, param_hint="--region")
    return Window(row, column, height, width)


def read(path: Path) -> "Tile":
    """A tile with the label that its folder gives it. Raises UnreadableTile."""
    from onepixel_gui.tiles import files

    # `find` knows the label of a file from its folder; a folder itself is refused by `read`.
    labels = [] if path.is_dir() else [file.label for file in files.find([path])]
    return files.read(path, label=labels[0] if labels else None)


def look(paths: Sequence[Path], sampling: "Sampling", instead: Path | None) -> "Dataset":
    """The data set that these paths are; a terminal shows how far the search has come.

    Raises UnusableDataset, UnreadableTile.
    """
    from rich.console import Console
    from rich.text import Text

    from onepixel_gui.tiles.datasets import looking

    console, seen = Console(stderr=True), 0
    work = looking(paths, sampling, instead=instead)
    try:
        with closing(work), console.status("Looking") as shown:
            while True:
                looked = next(work)
                seen = looked.seen
                shown.update(Text(f"Looking: {seen:,} seen, now {looked.where}"))
    except StopIteration as end:
        found: Dataset = end.value
        alone = len(found.entries) == 1 and not found.fields
        if found.kind == "tiles" and alone:  # whatever it is, so far
            found.entries[0].read()
        return found
    except KeyboardInterrupt:
        raise Stopped(f"Stopped after {seen:,} files and folders.") from None


def name_of(path: Path, opened: Sequence[Path]) -> str:
    """What the reader calls a tile: its file name, below the folder that was named."""
    for folder in opened:
        if path != folder and path.is_relative_to(folder):
            return printable(path.relative_to(folder).as_posix())
    return printable(path.name)


def command(call: typer.Context, *paths: Path | None) -> str:
    """The command as typed, with each file cut down to its name."""
    names = {str(path): path.name for path in paths if path is not None}

    def short(word: str) -> str:
        option, is_, value = word.partition("=")
        if option.startswith("--") and is_:
            return f"{option}={short(value)}"
        return names.get(str(Path(word)), word) if word else word

    return shlex.join([NAME, *map(short, call.obj.words)])


def expect_unset(call: typer.Context, *options: str) -> None:
    """Refuse what was typed and would have no effect."""
    for option in options:
        source = call.get_parameter_source(option)
        if source is not None and source.name != "DEFAULT":
            raise typer.BadParameter(
                "It belongs to --strategy evolution.", param_hint=f"--{option}"
            )


def expect_room(given: Sequence[Path | None], **wanted: Path | None) -> None:
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


def draw(shown: "AttackExhibit | SweepExhibit", figure: Path | None) -> None:
    """Where one was asked for. Raises NotWritten."""
    if figure is not None:
        from onepixel_gui.report.figure import export

        export(shown, figure)


def _place(path: Path) -> str:
    return os.path.realpath(path)

"""The command about a study as a whole: analyse."""

import gc
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onepixel_gui.cli.app import app
from onepixel_gui.outbox import printable
from onepixel_gui.terminal import Stopped, command

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Examining
    from onepixel_gui.report.population.folder import Written


@app.command()
def analyse(
    call: typer.Context,
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="A .onepixel file.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where figures and tables go.")
    ] = Path("analysis"),
    group: Annotated[
        int | None,
        typer.Option(min=1, help="Only this group of runs, 1 for the largest; else each."),
    ] = None,
    format_: Annotated[
        Literal["png", "pdf", "svg", "tiff"], typer.Option("--format", help="Of the figures.")
    ] = "png",
    width: Annotated[
        Literal["89", "183"], typer.Option(help="Of the figures in mm: one journal column or two.")
    ] = "183",
    dpi: Annotated[Literal["300", "600"], typer.Option(help="Of PNG and TIFF.")] = "300",
    dark: Annotated[
        int,
        typer.Option(
            min=0, max=100_000, help="Tiles of each direction to look at for dark areas; 0: none."
        ),
    ] = 300,
    groups: Annotated[
        bool, typer.Option("--groups", help="List the groups of runs, and do nothing else.")
    ] = False,
) -> None:
    """Draw all figures of a study, and write a table of every number in them.

    Runs are counted together where classifier, attack and window are the same; black-box and
    white-box runs never are.
    """
    from onepixel_gui.report.exhibit import Style
    from onepixel_gui.report.population import folder
    from onepixel_gui.study.store import Study

    with closing(Study.open(study, reading=True)) as opened:
        found = opened.groups()
        if groups:
            print(*(folder.listed(found) or ["There are no finished runs."]), sep="\n")
            return
        style = Style(183 if width == "183" else 89, 300 if dpi == "300" else 600)
        work = folder.write(
            opened,
            folder.chosen(found, group),
            out,
            study=printable(study.name),
            identity=opened.identity,
            suffix=f".{format_}",
            style=style,
            command=command(call, study, out),
            dark=dark,
        )
        written = _watched(work)
    print(*(printable(line) for line in (*opened.notes, *written.told)), sep="\n")
    print(f"{len(written.files):,} files in {printable(out.name)}.")


def _watched(work: "Generator[Examining, None, Written]") -> "Written":
    """What the work returns; a terminal shows what it is doing."""
    from rich.console import Console

    console, doing = Console(stderr=True), "Starting"
    try:
        with closing(work), console.status(doing) as shown:
            while True:
                told = next(work)
                if told.doing == "Drawing" and not told.done:
                    gc.freeze()  # else each panel's many small objects have all runs looked through
                of = f" of {told.total:,}" if told.total else ""
                doing = told.doing + (f" ({told.done:,}{of})" if told.done else "")
                shown.update(doing)
    except StopIteration as end:
        found: Written = end.value
        return found
    except KeyboardInterrupt:
        raise Stopped(f"Stopped while {doing[:1].lower()}{doing[1:]}.") from None

"""Commands that carry runs out of a study, and into one."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onepixel_gui.cli.app import app
from onepixel_gui.cli.studies import filled
from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.problems import UnreadableTile
from onepixel_gui.terminal import Json, expect_room

if TYPE_CHECKING:
    from onepixel_gui.study.importing import Arrays, Picture
    from onepixel_gui.study.store import Study

_StudyWord = Annotated[Path, typer.Argument(metavar="STUDY.onepixel", help="The file of a study.")]


@app.command()
def export(
    study: _StudyWord,
    csv: Annotated[
        Path | None, typer.Option(metavar="OUT.csv", help="A table with one line for each run.")
    ] = None,
    json: Json = None,
    parquet: Annotated[
        Path | None,
        typer.Option(metavar="OUT.parquet", help="The same table; needs the extra `parquet`."),
    ] = None,
    maps: Annotated[
        Path | None, typer.Option(metavar="OUT.npz", help="The confidence maps of all sweeps.")
    ] = None,
    copy: Annotated[
        Path | None, typer.Option(metavar="COPY.onepixel", help="The whole study.")
    ] = None,
) -> None:
    """Write the runs of a study for other programs."""
    from onepixel_gui.study import exporting
    from onepixel_gui.study.store import Study

    targets = {"csv": csv, "json": json, "parquet": parquet, "maps": maps, "copy": copy}
    if not any(targets.values()):
        options = " / ".join(f"--{name}" for name in targets)
        raise typer.BadParameter("Say what to write.", param_hint=options)
    if parquet is not None:
        exporting.expect_parquet()
    expect_room(given=(study,), **targets)
    with contextlib.closing(Study.open(study, reading=True)) as opened:
        for note in opened.notes:
            print(f"Note: {note}")
        if csv or json or parquet:
            table = opened.table()
            if csv is not None:
                _write(csv, exporting.as_csv(table))
            if json is not None:
                _write(json, exporting.as_json(opened, table))
            if parquet is not None:
                _write(parquet, exporting.as_parquet(table))
        if maps is not None:
            _write(maps, exporting.as_npz(opened))
        if copy is not None:
            opened.save_copy(copy)
            print(f"{printable(copy.name)}: the whole study")


def _write(path: Path, data: bytes) -> None:
    write_whole(path, data)
    print(f"{printable(path.name)}: {len(data):,} bytes")


@app.command("import")
def import_(
    study: _StudyWord,
    file: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Other studies, even damaged ones; results of `attack --json` and `map --json`, "
            "with the NPZ file of a map and the picture of each tile the study does not hold.",
        ),
    ],
) -> None:
    """Bring other studies and results of the command line into a study; it is made if need be."""
    from onepixel_gui.study.store import SUFFIX

    given = _Given(file)
    if not (given.studies or given.results):
        raise typer.BadParameter(f"Name at least one {SUFFIX} or .json file.", param_hint="FILE...")
    for path in given.studies:
        if path.resolve() == study.resolve():
            raise typer.BadParameter(
                f"{printable(path.name)} cannot be brought into itself.", param_hint="FILE..."
            )
    with filled(study, "an import") as opened:
        for path in given.studies:
            print(f"{printable(path.name)}: {_merged(opened, path)}")
        for path in given.results:
            print(f"{printable(path.name)}: {_kept(opened, path, given)}")


class _Given:
    """Files by what they are. pictures: by the sha256 of their pixels, read when asked for."""

    def __init__(self, files: Sequence[Path]) -> None:
        from onepixel_gui.study.store import SUFFIX

        kinds: dict[str, list[Path]] = {}
        for path in files:
            kinds.setdefault(path.suffix.lower(), []).append(path)
        self.studies, self.results = kinds.pop(SUFFIX, []), kinds.pop(".json", [])
        self._maps, self._others = kinds.pop(".npz", []), [p for ps in kinds.values() for p in ps]
        self._arrays: list[Arrays] | None = None
        self._pictures: dict[str, Picture] | None = None

    @property
    def arrays(self) -> "list[Arrays]":
        from onepixel_gui.study.importing import arrays_in

        if self._arrays is None:
            self._arrays = [arrays_in(path) for path in self._maps]
        return self._arrays

    def picture(self, sha256: str, beside: Path) -> "Picture | None":
        """The pixels of that tile, from the files that were named or the one beside the result."""
        from onepixel_gui.tiles import files

        if self._pictures is None:
            tiles = [files.read(path) for path in self._others]
            self._pictures = {tile.sha256: tile.rgb for tile in tiles}
        if sha256 not in self._pictures and beside.is_file():
            with contextlib.suppress(UnreadableTile):
                tile = files.read(beside)
                self._pictures[tile.sha256] = tile.rgb
        return self._pictures.get(sha256)


def _merged(into: "Study", path: Path) -> str:
    from rich.console import Console

    from onepixel_gui.study.copying import Merged, merge

    shown = Console(stderr=True).status("Reading the study")
    with contextlib.closing(_to_read(path)) as source, shown:
        work = merge(into, source)
        while True:
            try:
                step = next(work)
            except StopIteration as end:
                found: Merged = end.value
                break
            shown.update(f"{step.done:,} of {step.total:,} runs")
    same = f", {found.same:,} were here before" if found.same else ""
    lost = f", {found.lost:,} parts cannot be read any more" if found.lost else ""
    return f"{found.runs:,} {'run' if found.runs == 1 else 'runs'} kept{same}{lost}"


def _to_read(path: Path) -> "Study":
    """Raises UnusableStudy, whose remedy is not the command that was just tried."""
    from onepixel_gui.study.store import Study, UnusableStudy
    from onepixel_gui.study.trouble import SALVAGE

    try:
        return Study.open(path, reading=True)
    except UnusableStudy as found:
        if found.remedy == SALVAGE.format(name=printable(path.name)):
            found.remedy = "Use a backup: nothing of this file can be rescued."
        raise


def _kept(into: "Study", path: Path, given: _Given) -> str:
    from onepixel_gui.study import importing

    told = importing.result_in(path)
    name, sha256 = importing.wanted_tile(told)
    number = into.tile_of(sha256)
    # A name from a file of somebody else leads no further than its own folder.
    beside = path.with_name(Path(name).name or "tile")
    rgb = into.picture(number) if number is not None else given.picture(sha256, beside)
    if rgb is None:
        raise importing.UnusableResult(
            f"The picture of {printable(name) or 'the tile'} is needed for {printable(path.name)}, "
            "which does not hold it.",
            "Name the tile's file too, or put it beside the result.",
        )
    record = importing.record_from(path, told, rgb, given.arrays)
    before = max(into.numbers(), default=0)
    run = into.add_all([(record, -1, -1)], once=True)[0]
    if run <= before:
        return "was here before"
    if importing.recomputed(record):
        into.note(importing.RECOMPUTED, run)
    return f"kept as run {run:,}"

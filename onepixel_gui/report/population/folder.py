"""A whole analysis on disk: every figure of every group, the table of numbers, the findings."""

import errno
import io
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onepixel_gui.outbox import printable, try_out, write_whole
from onepixel_gui.problems import NotWritten, Problem
from onepixel_gui.report.exhibit import Style
from onepixel_gui.report.population.captions import attack
from onepixel_gui.report.population.examined import DARK, Examined, Examining, Source, examine
from onepixel_gui.report.population.exhibit import PopulationExhibit, exhibits, plain_name
from onepixel_gui.report.population.numbers import Number, table
from onepixel_gui.report.population.summary import lines
from onepixel_gui.report.population.tabulated_maps import numbers
from onepixel_gui.report.wording import TIMES, counted
from onepixel_gui.study.store import Group

NUMBERS, SUMMARY, MAPS, TILES = "numbers.csv", "summary.txt", "maps.npz", "tiles.txt"


_REASONS = {
    errno.EACCES: "{name} does not allow it",
    errno.EPERM: "{name} does not allow it",
    errno.EROFS: "{name} is on a disk that only allows reading",
    errno.ENOTDIR: "{name} is a file",
    errno.EEXIST: "{name} is a file",
    errno.ENOSPC: "the disk or your quota is full",
    getattr(errno, "EDQUOT", errno.ENOSPC): "the disk or your quota is full",
    errno.ENAMETOOLONG: "this disk does not accept that name",
    errno.EINVAL: "this disk does not accept that name",
    errno.EILSEQ: "this disk does not accept that name",
}


class NothingToAnalyse(Problem):
    """A study without finished runs, or without the group that was asked for."""


@dataclass(frozen=True, slots=True)
class Written:
    """files: in the order they were written.  told: the lines of the summary."""

    files: tuple[Path, ...]
    told: tuple[str, ...]


def chosen(groups: Sequence[Group], number: int | None) -> tuple[tuple[str, Group], ...]:
    """(name, group) of each, or of one: 1 is the largest. Raises NothingToAnalyse."""
    if not groups:
        raise NothingToAnalyse(
            "The study has no finished runs.", "Run an attack or a campaign first, then analyse."
        )
    named = tuple((_name(each, index), each) for index, each in enumerate(groups, 1))
    if number is None:
        return named
    if not 1 <= number <= len(named):
        raise NothingToAnalyse(
            f"The study has no group {number}; it has {len(named)}.",
            f"Choose a number from 1 to {len(named)}, or leave it out for all.",
        )
    return (named[number - 1],)


def _name(group: Group, number: int) -> str:
    """ "1-demonstration-evolution": for a folder, the same for the same study."""
    return f"{number}-{plain_name(group.card.name) or 'classifier'}-{group.settings.strategy}"


def listed(groups: Sequence[Group]) -> list[str]:
    """What there is to choose from."""
    return [
        f"{number}  {_classifier(each, groups)}  {attack(each.settings)}  "
        f"{counted(each.runs, 'run', 'runs')}"
        for number, each in enumerate(groups, 1)
    ]


def _classifier(group: Group, groups: Sequence[Group]) -> str:
    """Its name, and as much more as tells it from its namesakes."""
    card = group.card
    namesakes = [each for each in groups if each.card.name == card.name]
    more = []
    if len({each.classifier for each in namesakes}) > 1:
        more += [printable(card.file), f"sha256 {card.sha256[:8]}"]
    if len({(each.classifier, each.card.sha256) for each in namesakes}) > len(
        {each.card.sha256 for each in namesakes}
    ):
        more.append(f"classifier {group.classifier} of the study")
    if len({each.window for each in namesakes}) > 1:
        more.append(f"window {group.window[0]} {TIMES} {group.window[1]} px")
    return printable(card.name) + (f" ({', '.join(more)})" if more else "")


def write(
    source: Source,
    groups: Sequence[tuple[str, Group]],
    folder: Path,
    *,
    study: str,
    identity: str = "",
    suffix: str = ".png",
    style: Style | None = None,
    command: str = "",
    dark: int = DARK,
) -> Generator[Examining, None, Written]:
    """One folder a group with its figures, maps and the sha256 of its tiles, a line each; beside
    them the table and the summary.

    suffix:  of the figures.  dark: as of `examine`.   What lies there under these names is
    replaced; nothing else is touched.   Raises NotWritten, and what reading the study raises.
    """
    files: list[Path] = []
    told: list[str] = []
    rows: list[tuple[str, tuple[Number, ...]]] = []
    _make(folder)
    for each in (NUMBERS, SUMMARY):
        try_out(folder / each)  # before the minutes of work, not after
    for name, group in groups:
        examined = yield from examine(source, group, study=study, identity=identity, dark=dark)
        drawn, lacking = exhibits(examined, command, tiles=TILES)
        files += yield from _written(examined, drawn, folder / name, suffix, style)
        rows.append((name, tuple(row for exhibit in drawn for row in numbers(exhibit))))
        told += [*lines(examined, lacking, name), ""]
    write_whole(folder / NUMBERS, table(rows))
    write_whole(folder / SUMMARY, "\n".join(told).encode())
    return Written((*files, folder / NUMBERS, folder / SUMMARY), tuple(told))


def _written(
    examined: Examined,
    drawn: Sequence[PopulationExhibit],
    folder: Path,
    suffix: str,
    style: Style | None,
) -> Generator[Examining, None, list[Path]]:
    """One group."""
    _make(folder)
    write_whole(folder / TILES, examined.hash_lines)
    files = [folder / TILES]
    for done, exhibit in enumerate(drawn):
        yield Examining("Drawing", done, len(drawn))
        from onepixel_gui.report.figure import export

        files += export(exhibit, folder / f"{exhibit.stem}{suffix}", style)
    write_whole(folder / MAPS, maps(examined))
    return [*files, folder / MAPS]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the name
        raise NotWritten(
            f"The folder {printable(folder.name)} {_why_not(folder, cause)}.",
            "Choose another folder, one that may be written.",
            detail=f"{type(cause).__name__}: {printable(str(cause))}",
        ) from cause


def _why_not(folder: Path, cause: OSError | ValueError) -> str:
    """ "cannot be made because ..."."""
    above = next((each for each in (folder, *folder.parents) if os.path.lexists(each)), folder)
    name = printable(above.name) or "the disk"
    if above == folder and not isinstance(cause, PermissionError):
        return "is a file"
    code = cause.errno if isinstance(cause, OSError) else errno.EINVAL
    why = _REASONS.get(code or 0, "the disk reported an error")
    return f"cannot be made because {why.format(name=name)}"


def maps(examined: Examined) -> bytes:
    """All that the figures show position by position, as NPZ; the same bytes for the same runs.

    counts_all, counts_flipped, counts_held: (D, H, W) tiles by direction, in the order of
    `directions`; of sweeps besides mean_lowest, mean_highest, mean_change (M, H, W) with
    `map_directions`, and universal_N (H, W, K) tiles flipped with palette_N (K, 3).
    """
    directed = examined.directed
    arrays: dict[str, np.ndarray] = {
        "directions": np.array([each.title for each in directed]),
        "counts_all": np.stack([each.places.all for each in directed]),
        "counts_flipped": np.stack([each.places.flipped for each in directed]),
        "counts_held": np.stack([each.places.held for each in directed]),
    }
    if examined.maps:
        arrays["map_directions"] = np.array([each.title for each in examined.maps])
        for name in ("lowest", "highest", "change"):
            arrays[f"mean_{name}"] = np.stack([getattr(each, name) for each in examined.maps])
    for number, found in enumerate(examined.universal):
        arrays[f"universal_{number}"] = found.counts
        arrays[f"palette_{number}"] = found.palette
    for number, mean in enumerate(examined.propagated):
        for layer, values in enumerate(mean.maps):
            arrays[f"propagation_{number}_{layer}"] = values
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()

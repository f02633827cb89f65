"""A whole analysis on disk: every figure of every group, the table of numbers, the findings."""

import io
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onepixel_gui.outbox import printable, try_out, write_whole
from onepixel_gui.problems import NotWritten, Problem
from onepixel_gui.report.exhibit import Style
from onepixel_gui.report.population.captions import attack
from onepixel_gui.report.population.examined import DARK, Examined, Examining, Source, examine
from onepixel_gui.report.population.exhibit import exhibits, plain_name
from onepixel_gui.report.population.numbers import Number, table
from onepixel_gui.report.population.summary import lines
from onepixel_gui.report.population.tabulated_maps import numbers
from onepixel_gui.study.store import Group

NUMBERS, SUMMARY, MAPS = "numbers.csv", "summary.txt", "maps.npz"


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
        f"{number}  {printable(each.card.name)}  {attack(each.settings)}  {each.runs:,} runs"
        for number, each in enumerate(groups, 1)
    ]


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
    """One folder a group with its figures and maps; beside them the table and the summary.

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
        drawn, lacking = exhibits(examined, command)
        found: list[Number] = []
        _make(folder / name)
        for done, exhibit in enumerate(drawn):
            yield Examining("Drawing", done, len(drawn))
            from onepixel_gui.report.figure import export

            files += export(exhibit, folder / name / f"{exhibit.stem}{suffix}", style)
            found += numbers(exhibit)
        write_whole(folder / name / MAPS, maps(examined))
        files.append(folder / name / MAPS)
        rows.append((name, tuple(found)))
        told += [*lines(examined, lacking, name), ""]
    write_whole(folder / NUMBERS, table(rows))
    write_whole(folder / SUMMARY, "\n".join(told).encode())
    return Written((*files, folder / NUMBERS, folder / SUMMARY), tuple(told))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the name
        name = printable(folder.name)
        what = "is a file" if folder.is_file() else "cannot be made"
        raise NotWritten(
            f"The folder {name} {what}.",
            "Choose another folder, one that may be written.",
            detail=f"{type(cause).__name__}: {printable(str(cause))}",
        ) from cause


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

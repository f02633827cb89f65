"""Labelled tiles for the live check, read in the background and thinned to what it can take."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, overload

from onepixel_gui.problems import Problem
from onepixel_gui.tiles.files import find, read
from onepixel_gui.tiles.tile import Tile

MOST = 100  # tiles: what is answered about as fast as one edits
_ROOM = 256 << 20  # bytes of them
_TURN = (5**0.5 - 1) / 2  # the golden section spreads any number of first steps evenly


@dataclass(frozen=True, slots=True)
class Reading:
    droppable: ClassVar[bool] = True
    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """found: how many there were.  troubles: why some could not be read."""

    droppable: ClassVar[bool] = False
    tiles: tuple[Tile, ...]
    found: int
    troubles: tuple[str, ...]


class _NotWanted(Problem):
    """The card was edited again meanwhile."""


class Asked(Sequence[Tile]):
    """Tiles under the classes that their labels stand for; a slice of it is one too.

    It gives none any more once nobody waits for the answer: what asks for them then ends.
    """

    def __init__(
        self, tiles: Sequence[Tile], meant: Mapping[str, str], whole: "Asked | None" = None
    ) -> None:
        self._tiles, self._meant, self._whole = tiles, meant, whole
        self._wanted = True

    def drop(self) -> None:
        """Nobody waits any more."""
        self._wanted = False

    @property
    def wanted(self) -> bool:
        return self._wanted if self._whole is None else self._whole.wanted

    def __len__(self) -> int:
        return len(self._tiles)

    @overload
    def __getitem__(self, at: int) -> Tile: ...
    @overload
    def __getitem__(self, at: slice) -> "Asked": ...
    def __getitem__(self, at: int | slice) -> "Tile | Asked":
        if isinstance(at, slice):
            return Asked(self._tiles[at], self._meant, self._whole or self)
        if not self.wanted:
            raise _NotWanted("The card was edited meanwhile.", "Wait for the next check.")
        tile = self._tiles[at]
        meant = self._meant.get(tile.label or "")
        return tile if meant is None else replace(tile, label=meant)


def note(opened: Opened) -> str:
    """What the reader should know of tiles that did not come; "" for nothing."""
    parts = []
    left = opened.found - len(opened.tiles) - len(opened.troubles)
    if left > 0:
        parts.append(f"{left:,} more left out, {MOST} are the most")
    if opened.troubles:
        parts.append(f"{len(opened.troubles)} not readable: {opened.troubles[0]}")
    return " · ".join(parts)


def reading(
    paths: Sequence[Path], classes: Sequence[str], room: int
) -> Generator[Reading | Opened]:
    """Tiles under the folders and files of `paths`, `room` of them at most.

    Every so manyth is taken, so mixed that the first few share classes as the whole does.
    classes: names that a folder may bear to be a label.  Raises UnreadableTile where none is found.
    """
    files = _labelled(paths, classes)
    taken = [files[place * len(files) // room] for place in range(room)]
    taken = files if len(files) <= room else taken
    taken = [taken[place] for place in sorted(range(len(taken)), key=lambda at: at * _TURN % 1)]
    tiles: list[Tile] = []
    troubles: list[str] = []
    size = 0
    for path, label in taken:
        yield Reading(len(tiles), len(taken))
        try:
            tile = read(path, label=label)
        except Problem as problem:
            troubles.append(problem.what)
            continue
        size += tile.rgb.nbytes
        if size > _ROOM:
            break
        tiles.append(tile)
    yield Opened(tuple(tiles), len(files), tuple(troubles))


def _labelled(paths: Sequence[Path], classes: Sequence[str]) -> list[tuple[Path, str | None]]:
    """As `find` does; and folders dropped side by side, or named like a class, are labels too."""
    known = {name.casefold() for name in classes}
    folders = sum(path.is_dir() for path in paths)
    found: list[tuple[Path, str | None]] = []
    for path in paths:
        folder = path if path.is_dir() else path.parent
        meant = folder.name.casefold() in known or (path.is_dir() and folders > 1)
        named = folder.name if meant else None
        found += [(file.path, file.label or named) for file in find([path])]
    return list(dict(found).items())

"""Lists of tiles of which nothing has been read yet, wherever they lie: files, slides, archives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.tile import Tile

Text = TypeVar("Text", str, str | None)


class Entry(Protocol):
    """One tile of a list, not read yet. Made when it is asked for; costs nothing to throw away."""

    @property
    def name(self) -> str:
        """What the reader calls it, the same every time; never a full path."""

    @property
    def label(self) -> str | None:
        """Ground truth, None when nobody said."""

    @property
    def case(self) -> str:
        """Patient, case or slide that it shares with other tiles, "" when unknown."""

    def read(self) -> Tile:
        """Raises UnreadableTile or UnreadableSlide; may wait for a disk."""

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3), at most `edge` pixels on its long side; small pictures are not enlarged.

        Raises as `read` does.
        """


class Listing(Protocol):
    """A sequence of entries, and what a gallery shows of all of them at once.

    With 200,000 entries the columns are all that is held; entries are made one by one.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Entry:
        """Raises IndexError, so that a listing can be iterated."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def labels(self) -> Sequence[str | None]: ...

    @property
    def cases(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Entries:
    """A Listing of entries that are held one by one."""

    held: tuple[Entry, ...] = ()

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, index: int, /) -> Entry:
        return self.held[index]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.held)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.held)

    @cached_property
    def labels(self) -> tuple[str | None, ...]:
        return tuple(entry.label for entry in self.held)

    @cached_property
    def cases(self) -> tuple[str, ...]:
        return tuple(entry.case for entry in self.held)


@dataclass(frozen=True)
class Part:
    """A Listing of some entries of another. which: their indices there, in order."""

    whole: Listing
    which: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, index: int, /) -> Entry:
        return self.whole[self.which[index]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return _some(self.whole.names, self.which)

    @cached_property
    def labels(self) -> tuple[str | None, ...]:
        return _some(self.whole.labels, self.which)

    @cached_property
    def cases(self) -> tuple[str, ...]:
        return _some(self.whole.cases, self.which)


def _some(column: Sequence[Text], which: Sequence[int]) -> tuple[Text, ...]:
    return tuple(column[index] for index in which)

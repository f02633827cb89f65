"""Listings held as columns: with 200,000 tiles, numbers and names are all that is kept."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.entries import Entry

T = TypeVar("T")
Codes = NDArray[np.int32]


class Derived(Sequence[T]):
    """A sequence whose items are made when they are asked for."""

    __slots__ = ("_count", "_made")

    def __init__(self, count: int, made: Callable[[int], T]) -> None:
        self._count, self._made = count, made

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice, /) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self._made(each) for each in range(*index.indices(self._count))]
        return self._made(range(self._count)[index])

    def __iter__(self) -> Iterator[T]:
        return map(self._made, range(self._count))


@dataclass(frozen=True, eq=False)
class Coded(Sequence[T], Generic[T]):
    """A column of few different words: a number for each row."""

    codes: Codes
    words: tuple[T, ...]

    @classmethod
    def of(cls, items: Sequence[T]) -> "Coded[T]":
        known: dict[T, int] = {}
        codes = np.fromiter(
            (known.setdefault(item, len(known)) for item in items), np.int32, len(items)
        )
        return cls(codes, tuple(known))

    @classmethod
    def always(cls, word: T, count: int) -> "Coded[T]":
        return cls(np.zeros(count, np.int32), (word,))

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice, /) -> T | Sequence[T]:
        if isinstance(index, slice):
            return [self.words[code] for code in self.codes[index]]
        return self.words[int(self.codes[index])]

    def __iter__(self) -> Iterator[T]:
        return map(self.words.__getitem__, self.codes.tolist())

    @cached_property
    def counts(self) -> dict[T, int]:
        """Rows per word, in order of first appearance."""
        found = Counter(self.codes.tolist())
        return {self.words[code]: rows for code, rows in found.items()}


@dataclass(frozen=True, eq=False)
class Columns:
    """A Listing of which entry `i` is `made(i)`."""

    names: Sequence[str]
    labels: Coded[str | None]
    cases: Coded[str]
    made: Callable[[int], Entry]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int, /) -> Entry:
        return self.made(range(len(self))[index])

    def __iter__(self) -> Iterator[Entry]:
        return map(self.made, range(len(self)))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Tiles per label, "" for those without."""
        return {label or "": rows for label, rows in self.labels.counts.items()}

"""Text tables as they are found: any separator, a byte order mark, a header or none, odd rows."""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnusableDataset
from onepixel_gui.tiles.datasets.dataset import Mark, refusal

_LONGEST = 1 << 22  # characters of a line; the polygon of a large mitosis has 30,000
_LARGEST = 1 << 30  # bytes
_MOST_FIELDS = 1 << 20
_FARTHEST = 10_000_000  # pixels; beyond that no slide reaches
_SEPARATORS = ",;\t|"
_ACROSS = frozenset(["x", "col", "column", "cx", "center_x", "centre_x"])
_DOWN = frozenset(["y", "row", "cy", "center_y", "centre_y"])
_BLANKS = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The rows of numbers of a table.

    rows:    at least two finite numbers each.
    header:  the words of its first line where that holds no number, in lower case.
    bad:     how many lines are no row of numbers.   first_bad: the first of them, from 1.
    """

    rows: tuple[tuple[float, ...], ...] = ()
    header: tuple[str, ...] = ()
    bad: int = 0
    first_bad: int = 0


def opened(path: Path) -> TextIO:
    """A table as text, whatever its encoding; names in other encodings survive as they are.

    Raises UnusableDataset when it cannot be read or is too large.
    """
    name = printable(path.name)
    try:
        if not path.is_file():
            raise FileNotFoundError(str(path))
        if path.stat().st_size > _LARGEST:
            remedy = "Split it into smaller tables, then open those."
            raise refusal(f"The table {name} is larger than 1 GB.", remedy)
        with path.open("rb") as file:
            head = file.read(512)
        encoding = _encoding(head)
        errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
        return path.open(encoding=encoding, errors=errors, newline=None)
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the name
        remedy = "Check that it is there and that you may read it."
        raise refusal(f"The table {name} could not be read.", remedy, repr(cause)) from cause


def lines(path: Path) -> Iterator[str]:
    """The lines of a table, without their ends. Raises UnusableDataset."""
    name = printable(path.name)
    with opened(path) as file:
        try:
            while line := file.readline(_LONGEST):
                if len(line) == _LONGEST:
                    remedy = "Check that it is a table of one row per line."
                    raise refusal(f"The table {name} holds a line that never ends.", remedy)
                yield line.rstrip("\r\n")
        except OSError as cause:
            remedy = "Check that its disk or network folder is connected, then open it again."
            raise refusal(f"The table {name} could not be read.", remedy, repr(cause)) from cause


def rows(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line number from 1 and the fields of each row that is not empty. Raises UnusableDataset.

    A quoted field ends with its line; null bytes are dropped.
    """
    for number, line in enumerate(lines(path), 1):
        clean = line.replace("\0", "")
        if not clean.strip(_SEPARATORS + " "):
            continue
        if '"' not in clean:
            yield number, [field.strip() for field in clean.split(separator, _MOST_FIELDS)]
            continue
        try:
            fields = next(csv.reader([clean], delimiter=separator, skipinitialspace=True), [])
        except csv.Error:  # a field too long to be one
            fields = []
        yield number, [field.strip() for field in fields]


def separator_of(line: str) -> str:
    """What parts the fields of a line: the most frequent of comma, semicolon, tab and bar."""
    return max(_SEPARATORS, key=line.count)


def numbers(path: Path) -> Numbers:
    """The rows of numbers of a table without words. Raises UnusableDataset."""
    found: list[tuple[float, ...]] = []
    header: tuple[str, ...] = ()
    bad = first_bad = 0
    for at, line in enumerate(lines(path), 1):
        words = [word for word in _words(line) if word]
        if not words:
            continue
        row = _row(words)
        if row is not None:
            found.append(row)
        elif (
            not found and not bad and not header and all(_number_of(word) is None for word in words)
        ):
            header = tuple(word.strip('"').casefold() for word in words)
        else:
            bad, first_bad = bad + 1, first_bad or at
    return Numbers(tuple(found), header, bad, first_bad)


class Reader:
    """Reads tables, and remembers what was wrong with them."""

    def __init__(self) -> None:
        self._bad = 0
        self._first = ""
        self._broken: list[str] = []

    def read(self, path: Path) -> Numbers:
        name = "/".join(map(printable, path.parts[-2:]))
        try:
            table = numbers(path)
        except UnusableDataset:
            self._broken.append(name)
            return Numbers()
        if table.bad:
            self._bad += table.bad
            self._first = self._first or f"line {table.first_bad} of {name}"
        return table

    def notes(self) -> list[str]:
        notes = []
        if self._bad:
            lines = "1 line" if self._bad == 1 else f"{self._bad:,} lines"
            are = "is" if self._bad == 1 else "are"
            notes.append(f"{lines} of the tables {are} no coordinates; the first is {self._first}.")
        if self._broken:
            tables = "1 table" if len(self._broken) == 1 else f"{len(self._broken):,} tables"
            notes.append(f"{tables} could not be read; the first is {self._broken[0]}.")
        return notes


def centres(table: Numbers, label: str, *, column_first: bool) -> tuple[Mark, ...]:
    """The first two numbers of each row; a header that names them says which is which."""
    if table.header and table.header[0] in _ACROSS:
        column_first = True
    elif table.header and table.header[0] in _DOWN:
        column_first = False
    down, right = (1, 0) if column_first else (0, 1)
    return tuple(Mark(round(row[down]), round(row[right]), label) for row in table.rows)


def whole(text: str) -> int | None:
    """A pixel coordinate, None for what is none."""
    number = _number_of(text)
    return None if number is None or abs(number) > _FARTHEST else round(number)


def _words(line: str) -> list[str]:
    if ";" in line and "," in line:  # decimal commas
        line = line.replace(",", ".")
    return _BLANKS.split(line.replace("\0", "").replace('"', ""))


def _row(words: list[str]) -> tuple[float, ...] | None:
    found = [_number_of(word) for word in words[:_MOST_FIELDS]]
    row = tuple(number for number in found if number is not None)
    if len(row) < max(2, len(found)) or max(map(abs, row)) > _FARTHEST:
        return None
    return row


def _number_of(text: str) -> float | None:
    if len(text) > 40:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _encoding(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    # Text of Latin letters in UTF-16 without its mark: every other byte is zero.
    if len(head) > 3 and head[1:40:2].count(0) > len(head[1:40:2]) // 2 and head[0]:
        return "utf-16-le"
    return "utf-8"

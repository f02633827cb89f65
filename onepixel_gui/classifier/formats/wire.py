"""Protobuf's wire format, read strictly and lazily; no generated code, no recursion of its own."""

import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

FIELDS = 300_000  # of one file, all that is looked at; large vision transformers have a tenth
LARGEST = (2 << 30) - 1  # bytes
DEPTH = 40  # messages inside each other

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_WIDTHS = {FIXED64: 8, FIXED32: 4}

Wire = tuple[int, int | memoryview]  # wire type, value


class Message:
    """The fields of one message by number. A message inside it is not read until asked for.

    What is not there has protobuf's default.  Every method raises ValueError for bytes that are
    not of the kind asked for, and where FIELDS or DEPTH are passed.
    """

    __slots__ = ("_budget", "_depth", "_fields")

    def __init__(
        self, data: bytes | memoryview, *, _budget: "list[int] | None" = None, _depth: int = 0
    ) -> None:
        if _depth > DEPTH:
            raise ValueError(f"messages lie more than {DEPTH} deep")
        self._budget = [FIELDS] if _budget is None else _budget
        self._depth = _depth
        self._fields: dict[int, list[Wire]] = {}
        view, place = memoryview(data), 0
        while place < len(view):
            number, wire, value, place = field_at(view, place)
            self._pay(1)
            self._fields.setdefault(number, []).append((wire, value))

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def count(self, number: int) -> int:
        """How often the field stands there."""
        return len(self._fields.get(number, []))

    def integers(self, number: int) -> list[int]:
        """Signed 64-bit integers, packed or not."""
        found: list[int] = []
        for wire, value in self._fields.get(number, []):
            if wire == VARINT and isinstance(value, int):
                found.append(_signed(value))
            elif wire == LENGTH and isinstance(value, memoryview):
                found += self._unpacked(value)
            else:
                raise ValueError(f"field {number} is no integer")
        return found

    def integer(self, number: int, default: int = 0) -> int:
        """The last one counts, as everywhere in protobuf."""
        return (self.integers(number) or [default])[-1]

    def floats(self, number: int) -> NDArray[np.float32]:
        """(N,) packed or not; a packed list is not copied."""
        return self._numbers(number, np.dtype("<f4"), FIXED32)

    def doubles(self, number: int) -> NDArray[np.float64]:
        """(N,) packed or not; a packed list is not copied."""
        return self._numbers(number, np.dtype("<f8"), FIXED64)

    def real(self, number: int, default: float = 0.0) -> float:
        """One float32."""
        views = [value for wire, value in self._fields.get(number, []) if wire == FIXED32]
        return float(struct.unpack("<f", views[-1])[0]) if views else default  # type: ignore[arg-type]

    def views(self, number: int) -> list[memoryview]:
        """The bytes of strings, of messages and of packed lists; not copied."""
        found = []
        for wire, value in self._fields.get(number, []):
            if wire != LENGTH or not isinstance(value, memoryview):
                raise ValueError(f"field {number} has no length")
            found.append(value)
        return found

    def texts(self, number: int) -> list[str]:
        """Strings; bytes that are no UTF-8 are replaced."""
        return [str(view, "utf-8", "replace") for view in self.views(number)]

    def text(self, number: int, default: str = "") -> str:
        return (self.texts(number) or [default])[-1]

    def messages(self, number: int) -> list["Message"]:
        return [
            Message(view, _budget=self._budget, _depth=self._depth + 1)
            for view in self.views(number)
        ]

    def message(self, number: int) -> "Message":
        """An empty one where there is none."""
        views = self.views(number)
        return Message(views[-1] if views else b"", _budget=self._budget, _depth=self._depth + 1)

    def _numbers(self, number: int, kind: np.dtype[Any], single: int) -> NDArray[Any]:
        parts = []
        for wire, value in self._fields.get(number, []):
            if wire not in (single, LENGTH) or isinstance(value, int):
                raise ValueError(f"field {number} is no list of numbers")
            parts.append(np.frombuffer(value, kind))
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.empty(0, kind)])

    def _unpacked(self, view: memoryview) -> list[int]:
        found, place = [], 0
        while place < len(view):
            value, place = varint_at(view, place)
            self._pay(1)
            found.append(_signed(value))
        return found

    def _pay(self, count: int) -> None:
        self._budget[0] -= count
        if self._budget[0] < 0:
            raise ValueError(f"more than {FIELDS:,} fields")


def whole(file: BinaryIO) -> bytes:
    """The bytes of an open file, if protobuf allows that many. Raises ValueError before reading."""
    size = file.seek(0, 2)
    if size > LARGEST:
        raise ValueError(f"{size:,} bytes are more than any protobuf message has")
    file.seek(0)
    return file.read()


def field_at(view: memoryview, place: int) -> tuple[int, int, int | memoryview, int]:
    """Field number, wire type, value and the place after it. Raises ValueError."""
    key, place = varint_at(view, place)
    number, wire = key >> 3, key & 7
    if not 0 < number < 1 << 29:
        raise ValueError(f"no field has the number {number}")
    if wire == VARINT:
        value, place = varint_at(view, place)
        return number, wire, value, place
    if wire == LENGTH:
        size, place = varint_at(view, place)
    elif wire in _WIDTHS:
        size = _WIDTHS[wire]
    else:
        raise ValueError(f"wire type {wire} is not used any more, or never was")
    if size > len(view) - place:
        raise ValueError("a field reaches beyond its message")
    return number, wire, view[place : place + size], place + size


def varint_at(view: memoryview, place: int) -> tuple[int, int]:
    """An unsigned integer of at most 64 bits and the place after it. Raises ValueError."""
    value = shift = 0
    for at in range(place, min(place + 10, len(view))):
        byte = view[at]
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 64:
                raise ValueError("an integer of more than 64 bits")
            return value, at + 1
        shift += 7
    raise ValueError("an integer without an end")


def looks_like(head: bytes, kinds: dict[int, int], *, first: tuple[int, ...]) -> bool:
    """Whether `head`, the start of a file, can be the start of a message with such fields.

    kinds: number -> wire type of every field there is.  first: the numbers that may come first.
    At least one whole field must lie in `head`, or a length that reaches beyond it.
    """
    view, place, seen = memoryview(head), 0, 0
    while place < len(view):
        try:
            key, after = varint_at(view, place)
        except ValueError:
            return seen > 0 and len(view) - place < 10
        number, wire = key >> 3, key & 7
        if kinds.get(number) != wire or (seen == 0 and number not in first):
            return False
        seen += 1
        try:
            *_, place = field_at(view, place)
        except ValueError:  # it goes on beyond the head
            return _goes_on(view, after, wire)
    return seen > 1


def shown(text: str, most: int) -> str:
    """A name from a stranger's file as a reader may see it: on one line, and not too long."""
    return "".join(one if one.isprintable() else "?" for one in text[:most])


def _goes_on(view: memoryview, place: int, wire: int) -> bool:
    if wire != LENGTH:
        return len(view) - place < 10
    try:
        return varint_at(view, place)[0] < 1 << 31
    except ValueError:
        return len(view) - place < 10


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value

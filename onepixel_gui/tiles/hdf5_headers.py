"""What the HDF5 library must not be asked before it was looked at, because it is C and cannot be
interrupted: headers that lead in circles, and strings that claim a length that no memory holds.

Only what Keras' files and data sets consist of is understood: addresses of 8 bytes, attributes
inside the header of their object, strings in the heap that all objects share.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

EXTERNAL, LAYOUT, _ATTRIBUTE, _CONTINUED = 0x07, 0x08, 0x0C, 0x10
_LARGEST_BLOCK = 16 << 20  # bytes of one header, or of one heap; strings of a file together
_STEPS = 1_000_000  # entries of headers and heaps
_REFERENCE = 16  # bytes: length (4), address of the heap (8), index in it (4)

Message = tuple[int, bytes]


class Headers:
    """Reads object headers of a HDF5 file. `file` is open and binary; its position is moved.

    All methods raise ValueError for what is not sound or not understood.
    """

    def __init__(self, file: Any) -> None:
        self._file: BinaryIO = file
        self._left = self._steps = _LARGEST_BLOCK * 4
        self._steps = _STEPS
        self._heaps: dict[int, dict[int, bytes]] = {}

    def messages(self, address: int) -> list[Message]:
        """(kind, contents) of all messages in the header of the object at an address."""
        return list(self._messages(address))

    def strings(self, address: int, name: str, count: int) -> list[str]:
        """An attribute of `count` strings of any length, of the object at an address."""
        for kind, data in self._messages(address):
            if kind == _ATTRIBUTE and (found := _values(data, name)) is not None:
                if len(found) < count * _REFERENCE:
                    break
                return [self._string(found[at * _REFERENCE :]) for at in range(count)]
        raise ValueError(f"the attribute {name[:40]} is not where it should be")

    def _messages(self, address: int) -> Iterator[Message]:
        head = self._read(address, 64)
        if head[:4] == b"OHDR":
            flags, width = head[5], 1 << (head[5] & 3)
            start = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            blocks = [(address + start + width, _whole(head[start : start + width]))]
            entry = 6 if flags & 0x04 else 4
        elif head[0] == 1:
            blocks, entry = [(address + 16, _whole(head[8:12]))], 8
        else:
            raise ValueError(f"no object at {address}")
        seen = set()
        for at, size in blocks:  # grows while it is walked
            if at in seen:
                raise ValueError(f"a header at {address} that leads in circles")
            seen.add(at)
            for kind, data in self._entries(self._read(at, size), entry):
                if kind == _CONTINUED:
                    where, length = _whole(data[:8]), _whole(data[8:16])
                    newer = entry != 8  # its blocks have a signature and a checksum
                    blocks.append((where + 4, length - 8) if newer else (where, length))
                yield kind, data

    def _entries(self, block: bytes, entry: int) -> Iterator[Message]:
        at = 0
        while at + entry <= len(block):
            self._step()
            if entry == 8:
                kind, size = _whole(block[at : at + 2]), _whole(block[at + 2 : at + 4])
            else:
                kind, size = block[at], _whole(block[at + 1 : at + 3])
            at += entry
            yield kind, block[at : at + size]
            at += size

    def _string(self, reference: bytes) -> str:
        length, heap, index = (_whole(reference[a:b]) for a, b in ((0, 4), (4, 12), (12, 16)))
        if length == 0:
            return ""
        if heap not in self._heaps:
            self._heaps[heap] = dict(self._objects(heap))
        value = self._heaps[heap][index]
        if length > len(value):
            raise ValueError("a string that claims to be longer than it is")
        self._spend(length)
        return value[:length].rstrip(b"\0").decode("utf-8")

    def _objects(self, address: int) -> Iterator[tuple[int, bytes]]:
        head = self._read(address, 16)
        if head[:5] != b"GCOL\x01":
            raise ValueError(f"no heap at {address}")
        block = self._read(address, _whole(head[8:16]))
        at = 16
        while at + 16 <= len(block):
            self._step()
            index, size = _whole(block[at : at + 2]), _whole(block[at + 8 : at + 16])
            if index == 0:  # what is left is free
                return
            yield index, block[at + 16 : at + 16 + size]
            at += 16 + (size + 7) // 8 * 8

    def _read(self, address: int, size: int) -> bytes:
        if not 0 <= size <= _LARGEST_BLOCK or address >= 1 << 62:
            raise ValueError(f"{size} bytes at {address} of a header")
        self._spend(size)
        self._file.seek(address)
        return self._file.read(size)

    def _step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise ValueError("more headers than any network needs")

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError("more words than any network needs")


def _values(message: bytes, name: str) -> bytes | None:
    """The raw values of an attribute, None if it has another name."""
    version = message[0]
    if version not in (1, 2, 3):
        raise ValueError(f"an attribute of version {version}")
    sizes = [_whole(message[at : at + 2]) for at in (2, 4, 6)]
    at = 9 if version == 3 else 8
    if message[at : at + sizes[0]].rstrip(b"\0") != name.encode():
        return None
    return message[at + sum((size + 7) // 8 * 8 if version == 1 else size for size in sizes) :]


def _whole(data: bytes) -> int:
    return int.from_bytes(data, "little")

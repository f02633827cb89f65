"""How large a picture is, from a few bytes of its file: no decoder, no pixel."""

import struct
from pathlib import Path
from typing import BinaryIO

_MOST_TAGS = 4096
_MOST_SEGMENTS = 512
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # JPEG markers that tell the size
_WHOLE = {3: "H", 4: "I", 16: "Q"}  # types of a TIFF tag


def shape_of(path: Path) -> tuple[int, int] | None:
    """(H, W) as PNG, JPEG, BMP or the first page of a TIFF says; None where it cannot be told."""
    try:
        if not path.is_file():  # reading a pipe could wait for ever
            return None
        with path.open("rb") as file:
            shape = _shape(file)
    except (OSError, ValueError, struct.error):  # ValueError: a null byte in the name
        return None
    return shape if shape is not None and min(shape) > 0 else None


def _shape(file: BinaryIO) -> tuple[int, int] | None:
    head = file.read(32)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack(">II", head[16:24])
        return height, width
    if head.startswith(b"BM"):
        width, height = struct.unpack("<ii", head[18:26])
        return abs(height), width
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(file)
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _tiff(file, head)
    return None


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        mark, kind, length = struct.unpack(">BBH", file.read(4))
        if mark != 0xFF:
            return None
        if kind in _FRAMES:
            _, height, width = struct.unpack(">BHH", file.read(5))
            return height, width
        at += 1 if kind == 0xFF else 2 + length  # padding may stand before a marker
    return None


def _tiff(file: BinaryIO, head: bytes) -> tuple[int, int] | None:
    order = "<" if head[:2] == b"II" else ">"
    big = 43 in head[2:4]
    start, count, entry = ("8xQ", "Q", 20) if big else ("4xI", "H", 12)
    (at,) = struct.unpack_from(order + start, head)
    file.seek(at)
    (tags,) = struct.unpack(order + count, file.read(struct.calcsize(order + count)))
    edges: dict[int, int] = {}
    block = file.read(entry * min(tags, _MOST_TAGS))
    for place in range(0, len(block) - entry + 1, entry):
        tag, kind = struct.unpack_from(order + "HH", block, place)
        if tag in (256, 257) and kind in _WHOLE:
            (edges[tag],) = struct.unpack_from(
                order + _WHOLE[kind], block, place + (12 if big else 8)
            )
    return (edges[257], edges[256]) if len(edges) == 2 else None

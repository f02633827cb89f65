"""Arrays as few bytes: byte planes and differences under zlib. Exact, and checked when read."""

import json
import math
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Advanced, Pixel
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.study.trouble import Damaged

Array = NDArray[Any]
Pixels = tuple[Pixel, ...]
PixelValues = list[list[int]]

# Codes are kept in files: append, never reorder.
_TYPES = ("?", "|u1", "|i1", "<i2", "<u2", "<i4", "<i8", "<f2", "<f4", "<f8", "<u4", "<u8")
_LEVEL = 1  # of zlib: the differences do most of the work, and a search must not wait for it
_MOST = 1 << 31  # bytes of one array: larger is no array of ours


def packed(array: Array) -> bytes:
    """Any array of plain numbers. The planes of its bytes are compressed one after the other."""
    code = _TYPES.index("?" if array.dtype.kind == "b" else array.dtype.newbyteorder("<").str)
    head = struct.pack(f"<BB{array.ndim}I", code, array.ndim, *array.shape)
    plain = np.ascontiguousarray(array, _TYPES[code])
    if code == 0:
        body = np.packbits(plain).tobytes()
    else:
        body = plain.reshape(-1, 1).view(np.uint8).T.tobytes()
    # zlib tells a damaged body by a sum of its own; the head needs one.
    return head + struct.pack("<I", zlib.crc32(head)) + zlib.compress(body, _LEVEL)


def unpacked(data: bytes) -> Array:
    """What `packed` was given, read-only. Raises Damaged, zlib.error."""
    kind, shape, begin = _head(data)
    size = math.prod(shape)
    if kind.kind == "b":
        bits = _inflated(data[begin:], (size + 7) // 8)
        array: Array = np.unpackbits(bits, count=size).astype(np.bool_).reshape(shape)
    else:
        planes = _inflated(data[begin:], size * kind.itemsize).reshape(kind.itemsize, size)
        array = np.ascontiguousarray(planes.T).view(kind).reshape(shape)
    array.setflags(write=False)
    return array


def _head(data: bytes) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Type and shape of an array, and where its body begins."""
    try:
        code, axes = struct.unpack_from("<BB", data)
        end = 2 + 4 * axes
        (check,) = struct.unpack_from("<I", data, end)
        shape = struct.unpack_from(f"<{axes}I", data, 2)
    except struct.error as cause:
        raise Damaged(str(cause)) from cause
    if check != zlib.crc32(data[:end]) or code >= len(_TYPES):
        raise Damaged("the head of an array is not what was written")
    return np.dtype(_TYPES[code]), shape, end + 4


def _inflated(data: bytes, wanted: int) -> NDArray[np.uint8]:
    if wanted > _MOST:
        raise Damaged(f"an array of {wanted} bytes")
    worker = zlib.decompressobj()
    body = worker.decompress(data, wanted + 1)
    if len(body) != wanted or not worker.eof or worker.unused_data:
        raise Damaged(f"{len(body)} bytes instead of {wanted}")
    return np.frombuffer(body, np.uint8)


def together(parts: Sequence[bytes]) -> bytes:
    """Several as one."""
    return struct.pack(f"<I{len(parts)}I", len(parts), *map(len, parts)) + b"".join(parts)


def apart(data: bytes) -> list[bytes]:
    """What `together` was given. Raises Damaged."""
    try:
        (count,) = struct.unpack_from("<I", data)
        if count > len(data) // 4:
            raise Damaged("no list of arrays")
        lengths = struct.unpack_from(f"<{count}I", data, 4)
    except struct.error as cause:
        raise Damaged(str(cause)) from cause
    ends = np.cumsum([4 + 4 * count, *lengths], dtype=np.int64)
    if ends[-1] != len(data):
        raise Damaged("a list of arrays is cut short")
    return [data[start:end] for start, end in pairwise(ends.tolist())]


# ------------------------------------------------------------------ pictures
def packed_picture(rgb: NDArray[np.uint8]) -> bytes:
    """(H, W, 3): per channel the difference from the pixel to the left, which tissue repeats."""
    first = np.zeros_like(rgb[:, :1])
    return packed(np.diff(rgb, axis=1, prepend=first).transpose(2, 0, 1))


def unpacked_picture(data: bytes) -> NDArray[np.uint8]:
    planes = unpacked(data)
    if planes.dtype != np.uint8 or planes.ndim != 3 or planes.shape[0] != 3:
        raise Damaged(f"no picture: {planes.shape} {planes.dtype}")
    rgb = np.cumsum(planes, axis=2, dtype=np.uint8).transpose(1, 2, 0)
    rgb = np.ascontiguousarray(rgb)
    rgb.setflags(write=False)
    return rgb


# ------------------------------------------------------------------ searches
def pixel_values(pixels: Pixels) -> PixelValues:
    """JSON-ready: rows of row, column, red, green, blue."""
    return [[each.row, each.column, *each.rgb] for each in pixels]


def pixels_of(values: PixelValues) -> Pixels:
    return tuple(Pixel(row, column, (r, g, b)) for row, column, r, g, b in values)


def packed_curve(curve: Sequence[tuple[int, float]]) -> bytes:
    queries = np.array([point[0] for point in curve], np.int64)
    return together([packed(queries), packed(np.array([point[1] for point in curve], np.float64))])


def unpacked_curve(data: bytes) -> tuple[tuple[int, float], ...]:
    queries, confidences = map(unpacked, apart(data))
    return tuple(zip(queries.tolist(), confidences.tolist(), strict=True))


def packed_trail(trail: Sequence[Advanced]) -> bytes:
    """Populations differ little from one to the next: what is kept is by how much."""
    numbers = [(each.queries, each.generation, each.previews, len(each.best)) for each in trail]
    bests = [row for each in trail for row in pixel_values(each.best)]
    clouds: list[Array] = []
    before: Array | None = None
    for each in trail:
        now = np.asarray(each.cloud, np.int16)
        alike = before is not None and before.shape == now.shape
        clouds.append(now - before if before is not None and alike else now)
        before = now
    lots = [  # runs of clouds of one shape go under one compression
        packed(np.stack(clouds[start:end])) for start, end in _alike(clouds)
    ]
    return together(
        [
            packed(np.array(numbers, np.int64).reshape(-1, 4)),
            packed(np.array([each.confidence for each in trail], np.float64)),
            packed(np.array(bests, np.int64).reshape(-1, 5)),
            *lots,
        ]
    )


def _alike(clouds: Sequence[Array]) -> list[tuple[int, int]]:
    """Where stretches of one shape begin and end."""
    shapes = [cloud.shape for cloud in clouds]
    breaks = [i for i in range(1, len(shapes)) if shapes[i] != shapes[i - 1]]
    edges = [0, *breaks, len(shapes)] if shapes else []
    return list(pairwise(edges))


def unpacked_trail(data: bytes) -> tuple[Advanced, ...]:
    numbers, confidences, bests, *lots = map(unpacked, apart(data))
    clouds = [cloud for lot in lots for cloud in _summed(lot)]
    pixels, trail, at = bests.tolist(), [], 0
    for (queries, generation, previews, count), confidence, cloud in zip(
        numbers.tolist(), confidences.tolist(), clouds, strict=True
    ):
        best = pixels_of(pixels[at : at + count])
        at += count
        trail.append(Advanced(queries, generation, best, confidence, cloud, previews))
    return tuple(trail)


def _summed(lot: Array) -> list[NDArray[np.int16]]:
    clouds = np.cumsum(lot, axis=0, dtype=lot.dtype)
    clouds.setflags(write=False)
    return list(clouds)


# ------------------------------------------------------------------ after a flip
def packed_moved(moved: Moved) -> bytes:
    return together(
        [packed(each) for each in (moved.shift, moved.position, moved.confidence, moved.flipped)]
    )


def unpacked_moved(data: bytes) -> Moved:
    shift, position, confidence, flipped = map(unpacked, apart(data))
    return Moved(shift, position, confidence, flipped)


def packed_propagation(found: Propagation) -> bytes:
    names = np.frombuffer(json.dumps(found.layers).encode(), np.uint8)
    arrays: tuple[Array, ...] = (
        names,
        found.strides,
        found.shapes,
        found.peak,
        found.extent,
        *found.maps,
    )
    return together([packed(each) for each in arrays])


def unpacked_propagation(data: bytes) -> Propagation:
    names, strides, shapes, peak, extent, *maps = map(unpacked, apart(data))
    layers = tuple(json.loads(names.tobytes()))
    return Propagation(layers, strides, shapes, tuple(maps), peak, extent)

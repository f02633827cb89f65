"""Checksums over rows and texts: a digit that changed on the disk is noticed when it is read."""

import hashlib
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NONE = -(1 << 63)  # stands for a number that is not there
_MASK = (1 << 64) - 1
_FACTOR = 0x9E3779B97F4A7C15  # odd, its bits well mixed: 2**64 by the golden ratio
_SHIFT = 29

Value = int | float | str | None
Column = NDArray[np.int64] | NDArray[np.float64] | Sequence[str | None]


def seal(values: Sequence[Value]) -> int:
    """Of one row, in the order of its columns."""
    sum_ = 0
    for value in values:
        sum_ = ((sum_ ^ _bits(value)) * _FACTOR) & _MASK
        sum_ ^= sum_ >> _SHIFT
    return sum_ - (1 << 64) if sum_ >> 63 else sum_


def _bits(value: Value) -> int:
    if value is None or value != value:  # SQLite keeps nothing for NaN
        return NONE & _MASK
    if isinstance(value, str):
        return zlib.crc32(value.encode())
    if isinstance(value, float):
        return int(struct.unpack("<Q", struct.pack("<d", value + 0.0))[0])
    return value & _MASK


def seals(columns: Sequence[Column]) -> NDArray[np.int64]:
    """(N,) the same of N rows by their columns. Numbers that are not there: NONE, NaN."""
    sums = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        sums ^= _all_bits(column)
        sums *= np.uint64(_FACTOR)
        sums ^= sums >> np.uint64(_SHIFT)
    return sums.view(np.int64)


def _all_bits(column: Column) -> NDArray[np.uint64]:
    if isinstance(column, np.ndarray):
        if column.dtype == np.float64:
            empty = np.isnan(column)
            return np.where(empty, np.int64(NONE), (column + 0.0).view(np.int64)).view(np.uint64)
        return column.view(np.uint64)
    known = {word: _bits(word) for word in set(column)}
    return np.fromiter(map(known.__getitem__, column), np.uint64, len(column))


def digest(text: str) -> bytes:
    """What a text is found by, and known to be whole."""
    return hashlib.sha256(text.encode()).digest()[:16]

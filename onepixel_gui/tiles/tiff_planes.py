"""Pages of TIFF files, read by strips or tiles, never as a whole where they are large."""

import itertools
import math
import os
import threading
import weakref
from collections import OrderedDict
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles.foreign import damaged, door
from onepixel_gui.tiles.levels import steps

PIECES_BYTES = 96 * 2**20  # decoded pieces of all flat pictures together
JPEG = 7
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6

_RAW_BYTES = 2**20  # uncompressed rows that are cheap to read at once


def piece_shape(page: tifffile.TiffPage) -> tuple[int, int]:
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    rows = min(int(page.rowsperstrip) or page.imagelength, page.imagelength)
    return int(rows), int(page.imagewidth)


def grid(page: tifffile.TiffPage) -> tuple[int, int]:
    height, width = piece_shape(page)
    return math.ceil(page.imagelength / height), math.ceil(page.imagewidth / width)


def is_raw(page: tifffile.TiffPage) -> bool:
    """Its bytes are the pixels, row after row."""
    plain = page.compression == 1 and page.predictor == 1 and page.fillorder == 1
    plain = plain and page.bitspersample == 8
    return bool(plain and page.planarconfig == 1 and not page.is_tiled)


class TiffPlane:
    """One page. Pieces are decoded when a region needs them, and the latest are kept a while."""

    def __init__(self, page: tifffile.TiffPage, source: "FileBytes") -> None:
        self.shape = int(page.imagelength), int(page.imagewidth)
        self.grain = piece_shape(page)
        self._page, self._source = page, source
        self._columns = grid(page)[1]
        self._colours = _Colours(page)
        self._separate = int(page.samplesperpixel) if page.planarconfig == 2 else 1
        self._tables = page.jpegtables
        self._decode = page.decode
        self._key = next(_keys)

    def read(self, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        out = np.empty((height, width, 3), np.uint8)
        down, across = self.grain
        rows = range(row // down, (row + height - 1) // down + 1)
        columns = range(column // across, (column + width - 1) // across + 1)
        for i, j in itertools.product(rows, columns):
            piece = self._piece(i, j)
            top, left = i * down, j * across
            first = max(row, top), max(column, left)
            last = min(row + height, top + down), min(column + width, left + across)
            out[first[0] - row : last[0] - row, first[1] - column : last[1] - column] = piece[
                first[0] - top : last[0] - top, first[1] - left : last[1] - left
            ]
        return out

    def _piece(self, i: int, j: int) -> NDArray[np.uint8]:
        key = self._key, i, j
        piece = _pieces.get(key)
        if piece is None:
            with door(self._source.name, f"piece {i}, {j}"):
                piece = self._made(i, j)
            wanted = tuple(
                min(grain, edge - place * grain)
                for grain, edge, place in zip(self.grain, self.shape, (i, j), strict=True)
            )
            if piece.shape[0] < wanted[0] or piece.shape[1] < wanted[1]:
                raise damaged(self._source.name, f"piece {i}, {j} is {piece.shape}, not {wanted}")
            _pieces.put(key, piece)
        return piece

    def _made(self, i: int, j: int) -> NDArray[np.uint8]:
        """(h, w, 3): read and decoded; the last ones may be cut at the border of the picture."""
        return self._colours.rgb(
            [self._samples(i * self._columns + j, each) for each in range(self._separate)]
        )

    def _samples(self, index: int, each: int) -> NDArray[np.uint8]:
        """(h, w, n) of one piece of one sample plane."""
        page = self._page
        index += each * len(page.dataoffsets) // self._separate
        offset, count = page.dataoffsets[index], page.databytecounts[index]
        data = self._source.read(offset, count) if count else None
        if data is not None:
            self._check_header(data)
        values, _, shape = self._decode(data, index, jpegtables=self._tables)
        if values is None:  # a piece that was never written
            return np.full(shape[1:], page.nodata, np.uint8)
        return np.asarray(values[0], np.uint8)

    def _check_header(self, data: bytes) -> None:
        # A decoder takes the memory that its own header asks for, before comparing.
        if self._page.compression != JPEG:
            return
        height, width = _jpeg_shape(data)
        if height * width > 4 * max(self.grain[0] * self.grain[1], 2**20):
            raise damaged(
                self._source.name, f"a JPEG of {height} x {width} in a piece of {self.grain}"
            )


class RawPlane:
    """An uncompressed page: any part of its rows can be read, however large its strips are."""

    def __init__(self, page: tifffile.TiffPage, source: "FileBytes") -> None:
        self.shape = int(page.imagelength), int(page.imagewidth)
        self._page, self._source = page, source
        self._strip, self._samples = piece_shape(page)[0], int(page.samplesperpixel)
        self._row_bytes = self.shape[1] * self._samples
        self.grain = min(self._strip, max(1, _RAW_BYTES // self._row_bytes)), self.shape[1]
        self._colours = _Colours(page)

    def read(self, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        out = np.empty((height, width, 3), np.uint8)
        with door(self._source.name, f"rows from {row}"):
            for first, last in steps(row, row + height, self._strip):
                out[first - row : last - row] = self._rows(first, last, column, width)
        return out

    def _rows(self, first: int, last: int, column: int, width: int) -> NDArray[np.uint8]:
        """Rows first to last, all of one strip."""
        strip = first // self._strip
        offset, count = self._page.dataoffsets[strip], self._page.databytecounts[strip]
        if not count:  # a strip that was never written
            blank = np.full((last - first, width, self._samples), self._page.nodata, np.uint8)
            return self._colours.rgb([blank])
        if (last - strip * self._strip) * self._row_bytes > count:
            raise damaged(self._source.name, f"strip {strip} holds {count:,} bytes")
        start = offset + (first - strip * self._strip) * self._row_bytes
        if 4 * width >= self.shape[1]:
            data = self._source.read(start, (last - first) * self._row_bytes)
        else:
            start, wanted = start + column * self._samples, width * self._samples
            data = b"".join(
                self._source.read(start + each * self._row_bytes, wanted)
                for each in range(last - first)
            )
        values = np.frombuffer(data, np.uint8).reshape(last - first, -1, self._samples)
        left = column if values.shape[1] > width else 0
        return self._colours.rgb([values[:, left : left + width]])


def _jpeg_shape(data: bytes) -> tuple[int, int]:
    """(H, W) that a JPEG stream announces, (0, 0) where it announces none."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            return int.from_bytes(height, "big"), int.from_bytes(width, "big")
        place += 1 if marker == 0xFF else 2 + length
    return 0, 0


class _Colours:
    """What a page's samples mean as RGB."""

    def __init__(self, page: tifffile.TiffPage) -> None:
        self._kind = int(page.photometric)
        self._step = 255 // (2 ** int(page.bitspersample) - 1)  # 1, 17, 85 or 255 of 255
        self._palette: NDArray[np.uint8] | None = None
        if self._kind == PALETTE:
            table = np.asarray(page.colormap)  # (3, 256) uint16
            self._palette = (table >> 8 if table.max() > 255 else table).astype(np.uint8).T

    def rgb(self, samples: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        whole = samples[0] if len(samples) == 1 else np.concatenate(samples[:3], axis=2)
        if self._kind in (RGB, YCBCR):
            return whole[..., :3]
        value = whole[..., 0]
        if self._palette is not None:
            return self._palette[value]
        value = value * np.uint8(self._step)
        if self._kind == WHITE_IS_ZERO:
            value = 255 - value
        return np.repeat(value[..., np.newaxis], 3, axis=2)


class FileBytes:
    """The bytes of one open file, for as many threads as like."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file = path.open("rb")
        weakref.finalize(self, self._file.close)  # as OpenSlide does, for whoever forgets to
        self._lock = threading.Lock()

    def read(self, offset: int, count: int) -> bytes:
        """Raises UnreadableSlide where the file ends before."""
        with self._lock:
            if self._file.closed:
                raise UnreadableSlide(f"{self.name} was closed.", "Open it again.")
            left = os.fstat(self._file.fileno()).st_size - offset
            if offset < 0 or count > left:
                raise damaged(self.name, f"{count} bytes at {offset}, {left} are left")
            self._file.seek(offset)
            data = self._file.read(count)
        if len(data) < count:
            raise damaged(self.name, f"{count} bytes at {offset}, {len(data)} could be read")
        return data

    def close(self) -> None:
        with self._lock:
            self._file.close()


class _Pieces:
    """The latest decoded pieces of all planes, by bytes; a single larger one is held alone."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._held: OrderedDict[tuple[int, int, int], NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[int, int, int]) -> NDArray[np.uint8] | None:
        with self._lock:
            piece = self._held.get(key)
            if piece is not None:
                self._held.move_to_end(key)
            return piece

    def put(self, key: tuple[int, int, int], piece: NDArray[np.uint8]) -> None:
        with self._lock:
            if key in self._held:
                return
            self._held[key] = piece
            self._bytes += piece.nbytes
            while self._bytes > self._most and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


_pieces = _Pieces(PIECES_BYTES)
_keys = itertools.count()

"""Flat and OME TIFFs, read by strips or tiles, never as a whole where they are large."""

import contextlib
import itertools
import logging
import math
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem, UnreadableSlide
from onepixel_gui.tiles import resolution
from onepixel_gui.tiles.levels import Plane, steps
from onepixel_gui.tiles.pyramid import Found

PIECES_BYTES = 96 * 2**20  # decoded pieces of all flat pictures together
MOST_PIECE_BYTES = 2**30  # the largest piece that is decoded at all
LOSSY = frozenset({6, 7, 33003, 33005, 34712, 50001})  # JPEG, JPEG 2000 and WebP inside TIFF

CONVERT = "Convert it to a tiled TIFF with 8-bit RGB colours, then open that file."
COPY_AGAIN = "Copy the file again from where it came, then open it once more."

_RAW_BYTES = 2**20  # uncompressed rows that are read at once
_RAW, _JPEG = 1, 7
# Uncompressed, CCITT, LZW, JPEG, deflate, PackBits, JPEG 2000, LZMA, Zstandard, WebP.
_COMPRESSIONS = frozenset(
    [1, 2, 3, 4, 5, 7, 8, 32773, 32946, 33003, 33005, 34712, 34925, 50000, 50001]
)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_IMAGEJ_MICRONS = re.compile(r"^unit=(micron|um|µm|\\u00B5m)\s*$", re.M)

# It speaks about metadata, to programmers.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)


class Unsuited(Exception):
    """A TIFF that holds something else than 8-bit pieces known to tifffile; Pillow may know it."""


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What a TIFF says of its first picture, without decoding it. shape: (H, W)."""

    shape: tuple[int, int]
    compression: int
    bits: int
    is_float: bool
    is_tiled: bool
    orientation: int
    another: bool

    @property
    def lossy(self) -> bool:
        return self.compression in LOSSY


def first_page(path: Path, name: str) -> FirstPage:
    """Costs a few milliseconds, whatever the file's size. Raises UnreadableSlide."""
    with door(name), tifffile.TiffFile(path, _multifile=False) as file:
        page = file.pages.first
        return FirstPage(
            shape=(int(page.imagelength), int(page.imagewidth)),
            compression=int(page.compression),
            bits=int(np.max(page.bitspersample)),
            is_float=3 in np.atleast_1d(page.sampleformat),
            is_tiled=bool(page.is_tiled),
            orientation=int(page.tags.valueof(274, 1)),
            another=bool(file.pages.is_multipage),
        )


def found(path: Path, name: str) -> Found:
    """What a TIFF holds. Raises UnreadableSlide, and Unsuited where Pillow should try."""
    with door(name), tifffile.TiffFile(path, _multifile=False) as file:
        pages, notes = _levels(file)
        first = pages[0]
        _check(first, name)
        mpp, note = _resolution(file)
        source = _Bytes(path, name)
        planes: list[Plane] = []
        for page in pages:
            if page is first or _alike(page, first):
                kind = _RawPlane if _is_raw(page) else TiffPlane
                planes.append(kind(page, source))
            else:
                notes.append("A level that stores its colours in another way was left out.")
        said = "OME-TIFF" if file.is_ome else "TIFF"
        return Found(
            format=f"{'Tiled' if first.is_tiled else 'Flat'} {said}",
            hash="",
            mpp=mpp,
            lossy=int(first.compression) in LOSSY,
            notes=tuple(dict.fromkeys([*([note] if note else []), *_remarks(first), *notes])),
            planes=tuple(planes),
            close=source.close,
        )


@contextlib.contextmanager
def door(name: str) -> Iterator[None]:
    """Foreign bytes meet foreign decoders in here: whatever is raised is about the file."""
    try:
        yield
    except (Problem, Unsuited, MemoryError):
        raise
    except OSError as cause:
        remedy = "Check that its disk or network folder is connected, then open it again."
        raise UnreadableSlide(
            f"{name} could not be read from its disk.", remedy, detail=repr(cause)
        ) from cause
    except Exception as cause:  # tifffile and its decoders raise nearly anything
        detail = f"{type(cause).__name__}: {printable(str(cause))}"
        what = f"{name} is damaged or stored in a way that cannot be read."
        raise UnreadableSlide(what, COPY_AGAIN, detail=detail) from cause


def _levels(file: tifffile.TiffFile) -> tuple[list[tifffile.TiffPage], list[str]]:
    """The pages of the first picture, finest first, and what was passed over."""
    first = file.pages.first
    if not (file.pages.is_multipage or file.is_ome or first.subifds):
        return [first], []
    series = file.series
    pages = [page.aspage() for level in series[0].levels if (page := level.pages[0]) is not None]
    if not pages or pages[0].index != first.index:
        pages = [first]
    notes = []
    others = len(series[0].pages) - 1 + len(series) - 1
    if others > 0:
        more = "1 other picture" if others == 1 else f"{others:,} other pictures"
        notes.append(f"The file holds {more} beside the first, which is the one shown.")
    return pages, notes


def _check(page: tifffile.TiffPage, name: str) -> None:
    """Refuse what has no one right answer as 8-bit RGB. Raises Unsuited where Pillow may know."""
    compression, bits = int(page.compression), int(np.max(page.bitspersample))
    detail = f"compression {compression}, photometric {page.photometric}, {bits} bits"
    if not page.imagelength or not page.imagewidth:
        raise UnreadableSlide(f"{name} holds no picture.", COPY_AGAIN, detail=detail)
    if 3 in np.atleast_1d(page.sampleformat):
        what = f"{name} stores floating-point numbers instead of colours from 0 to 255."
        raise UnreadableSlide(what, CONVERT, detail=detail)
    if bits > 8:
        what = f"{name} stores {bits} bits per colour; tiles have 8."
        remedy = "Export it as 8-bit RGB, choosing the brightness range, then open that file."
        raise UnreadableSlide(what, remedy, detail=detail)
    if compression not in _COMPRESSIONS:
        what = f"{name} is compressed in a way that cannot be read (number {compression})."
        raise UnreadableSlide(what, CONVERT, detail=detail)
    known = page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE) or (
        page.photometric == _YCBCR and compression == _JPEG
    )
    colours = 3 if page.photometric in (_RGB, _YCBCR) else 1
    plain = page.dtype in (np.uint8, np.bool_) and page.imagedepth == 1
    plain = plain and (bits == 8 or (colours == 1 and bits in (1, 2, 4)))
    if not (known and plain and page.samplesperpixel >= colours):
        raise Unsuited(detail)
    _check_pieces(page, name, detail)


def _check_pieces(page: tifffile.TiffPage, name: str, detail: str) -> None:
    height, width = _piece_shape(page)
    pieces = math.prod(_grid(page)) * (page.samplesperpixel if page.planarconfig == 2 else 1)
    if len(page.dataoffsets) != pieces or len(page.databytecounts) != pieces:
        what = f"{name} is damaged: it lists {len(page.dataoffsets):,} of its {pieces:,} pieces."
        raise UnreadableSlide(what, COPY_AGAIN, detail=detail)
    size = height * width * page.samplesperpixel
    if size > MOST_PIECE_BYTES and not _is_raw(page):
        what = f"{name} is stored in pieces of {size / 1e9:,.1f} GB, too large to be read in parts."
        raise UnreadableSlide(what, CONVERT, detail=detail)


def _is_raw(page: tifffile.TiffPage) -> bool:
    """Its bytes are the pixels, row after row."""
    plain = page.compression == _RAW and page.predictor == 1 and page.fillorder == 1
    plain = plain and page.bitspersample == 8
    return bool(plain and page.planarconfig == 1 and not page.is_tiled)


def _alike(page: tifffile.TiffPage, first: tifffile.TiffPage) -> bool:
    facts = ("photometric", "samplesperpixel", "planarconfig", "bitspersample")
    same = all(getattr(page, fact) == getattr(first, fact) for fact in facts)
    try:
        _check(page, "")
    except (UnreadableSlide, Unsuited):
        return False
    return same


def _remarks(page: tifffile.TiffPage) -> list[str]:
    """What was converted on the way to RGB, or was not done although the file asks for it."""
    colours = 3 if page.photometric in (_RGB, _YCBCR) else 1
    remarks = []
    if page.photometric == _PALETTE:
        remarks.append("The picture uses a palette: its colours were looked up and stored as RGB.")
    elif colours == 1:
        remarks.append("The picture is grey: each value was copied to red, green and blue.")
    if page.samplesperpixel > colours:
        remarks.append("The picture has an alpha channel or others beside its colours; dropped.")
    if page.tags.valueof(274, 1) != 1:
        remarks.append("The file asks to be turned or mirrored; it is shown as it is stored.")
    profile = page.tags.valueof(34675)
    if isinstance(profile, bytes) and b"sRGB" not in profile.replace(b"\0", b""):
        remarks.append("The file names a colour profile other than sRGB; its values were kept.")
    return remarks


def _resolution(file: tifffile.TiffFile) -> tuple[float | None, str]:
    page = file.pages.first
    if file.is_ome and isinstance(page.description, str):
        return resolution.of_ome(page.description)
    unit = int(page.tags.valueof(296, 2))
    across, down = page.tags.valueof(282), page.tags.valueof(283)
    if unit == 1 and _IMAGEJ_MICRONS.search(str(page.description)):
        return resolution.of_microns(across, down)
    return resolution.of_tags(unit, across, down)


def _piece_shape(page: tifffile.TiffPage) -> tuple[int, int]:
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    rows = min(int(page.rowsperstrip) or page.imagelength, page.imagelength)
    return int(rows), int(page.imagewidth)


def _grid(page: tifffile.TiffPage) -> tuple[int, int]:
    height, width = _piece_shape(page)
    return math.ceil(page.imagelength / height), math.ceil(page.imagewidth / width)


class TiffPlane:
    """One page. Pieces are decoded when a region needs them, and the latest are kept a while."""

    def __init__(self, page: tifffile.TiffPage, source: "_Bytes") -> None:
        self.shape = int(page.imagelength), int(page.imagewidth)
        self.grain = _piece_shape(page)
        self._page, self._source = page, source
        self._columns = _grid(page)[1]
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
            with door(self._source.name):
                piece = self._made(i, j)
            wanted = tuple(
                min(grain, edge - place * grain)
                for grain, edge, place in zip(self.grain, self.shape, (i, j), strict=True)
            )
            if piece.shape[0] < wanted[0] or piece.shape[1] < wanted[1]:
                raise self._source.damaged(f"piece {i}, {j} is {piece.shape}, not {wanted}")
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
        if self._page.compression != _JPEG:
            return
        height, width = _jpeg_shape(data)
        if height * width > 4 * max(self.grain[0] * self.grain[1], 2**20):
            raise self._source.damaged(f"a JPEG of {height} x {width} in a piece of {self.grain}")


class _RawPlane:
    """An uncompressed page: any part of its rows can be read, however large its strips are."""

    def __init__(self, page: tifffile.TiffPage, source: "_Bytes") -> None:
        self.shape = int(page.imagelength), int(page.imagewidth)
        self._page, self._source = page, source
        self._strip, self._samples = _piece_shape(page)[0], int(page.samplesperpixel)
        self._row_bytes = self.shape[1] * self._samples
        self.grain = min(self._strip, max(1, _RAW_BYTES // self._row_bytes)), self.shape[1]
        self._colours = _Colours(page)

    def read(self, row: int, column: int, height: int, width: int) -> NDArray[np.uint8]:
        out = np.empty((height, width, 3), np.uint8)
        with door(self._source.name):
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
            raise self._source.damaged(f"strip {strip} holds {count:,} bytes")
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
        if self._kind == _PALETTE:
            table = np.asarray(page.colormap)  # (3, 256) uint16
            self._palette = (table >> 8 if table.max() > 255 else table).astype(np.uint8).T

    def rgb(self, samples: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        whole = samples[0] if len(samples) == 1 else np.concatenate(samples[:3], axis=2)
        if self._kind in (_RGB, _YCBCR):
            return whole[..., :3]
        value = whole[..., 0]
        if self._palette is not None:
            return self._palette[value]
        value = value * np.uint8(self._step)
        if self._kind == _WHITE_IS_ZERO:
            value = 255 - value
        return np.repeat(value[..., np.newaxis], 3, axis=2)


class _Bytes:
    """The bytes of one open file, for as many threads as like."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file = path.open("rb")
        self._lock = threading.Lock()

    def read(self, offset: int, count: int) -> bytes:
        """Raises UnreadableSlide where the file ends before."""
        with self._lock:
            if self._file.closed:
                raise UnreadableSlide(f"{self.name} was closed.", "Open it again.")
            left = os.fstat(self._file.fileno()).st_size - offset
            if offset < 0 or count > left:
                raise self.damaged(f"{count} bytes at {offset}, {left} are left")
            self._file.seek(offset)
            data = self._file.read(count)
        if len(data) < count:
            raise self.damaged(f"{count} bytes at {offset}, {len(data)} could be read")
        return data

    def damaged(self, detail: str) -> UnreadableSlide:
        what = f"A part of {self.name} is damaged or missing and cannot be shown."
        remedy = "Copy the file again from where it came, or work on its other parts."
        return UnreadableSlide(what, remedy, detail=detail)

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

"""Flat and OME TIFFs, read by strips or tiles, never as a whole where they are large."""

import logging
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles import resolution
from onepixel_gui.tiles.foreign import COPY_AGAIN, Unsuited, door
from onepixel_gui.tiles.levels import Plane
from onepixel_gui.tiles.pyramid import Found
from onepixel_gui.tiles.tiff_planes import (
    BLACK_IS_ZERO,
    JPEG,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
    FileBytes,
    RawPlane,
    TiffPlane,
    grid,
    is_raw,
    piece_shape,
)

MOST_PIECE_BYTES = 2**30  # the largest piece that is decoded at all
LOSSY = frozenset({6, 7, 33003, 33005, 34712, 50001})  # JPEG, JPEG 2000 and WebP inside TIFF

CONVERT = "Convert it to a tiled TIFF with 8-bit RGB colours, then open that file."

# Uncompressed, CCITT, LZW, JPEG, deflate, PackBits, JPEG 2000, LZMA, Zstandard, WebP.
_COMPRESSIONS = frozenset(
    [1, 2, 3, 4, 5, 7, 8, 32773, 32946, 33003, 33005, 34712, 34925, 50000, 50001]
)
_IMAGEJ_MICRONS = re.compile(r"^unit=(micron|um|µm|\\u00B5m)\s*$", re.M)
_APERIO_MICRONS = re.compile(r"^Aperio .*\|MPP = ([0-9]{1,3}(?:\.[0-9]{1,9})?)(?:\||$)", re.S)

# It speaks about metadata, to programmers.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What a TIFF says of its first picture, without decoding it.

    shape:    (H, W).  piece: (h, w) of its strips or tiles.
    another:  there are more pages.
    """

    shape: tuple[int, int]
    compression: int
    bits: int
    is_float: bool
    is_tiled: bool
    orientation: int
    is_ome: bool
    another: bool
    piece: tuple[int, int]

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
            piece=piece_shape(page),
            is_ome=bool(page.is_ome),
            another=bool(file.pages.is_multipage),
        )


def found(path: Path, name: str) -> Found:
    """What a TIFF holds. Raises UnreadableSlide, and Unsuited where Pillow should try."""
    with door(name), tifffile.TiffFile(path, _multifile=False) as file:
        pages, notes = _levels(file)
        first = pages[0]
        _check(first, name)
        mpp, note = _resolution(file)
        source = FileBytes(path, name)
        planes: list[Plane] = []
        for page in pages:
            if page is first or _alike(page, first):
                kind = RawPlane if is_raw(page) else TiffPlane
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
    known = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE) or (
        page.photometric == YCBCR and compression == JPEG
    )
    colours = 3 if page.photometric in (RGB, YCBCR) else 1
    plain = page.dtype in (np.uint8, np.bool_) and page.imagedepth == 1
    plain = plain and (bits == 8 or (colours == 1 and bits in (1, 2, 4)))
    if not (known and plain and page.samplesperpixel >= colours):
        raise Unsuited(detail)
    _check_pieces(page, name, detail)


def _check_pieces(page: tifffile.TiffPage, name: str, detail: str) -> None:
    height, width = piece_shape(page)
    pieces = math.prod(grid(page)) * (page.samplesperpixel if page.planarconfig == 2 else 1)
    if len(page.dataoffsets) != pieces or len(page.databytecounts) != pieces:
        what = f"{name} is damaged: the list of its strips or tiles does not fit its size."
        listed = f"{len(page.dataoffsets)} places, {len(page.databytecounts)} lengths"
        raise UnreadableSlide(what, COPY_AGAIN, detail=f"{listed} of {pieces}; {detail}")
    size = height * width * page.samplesperpixel
    if size > MOST_PIECE_BYTES and not is_raw(page):
        what = f"{name} is stored in pieces of {size / 1e9:,.1f} GB, too large to be read in parts."
        raise UnreadableSlide(what, CONVERT, detail=detail)


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
    colours = 3 if page.photometric in (RGB, YCBCR) else 1
    remarks = []
    if page.photometric == PALETTE:
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
    aperio = _APERIO_MICRONS.search(str(page.description))
    if aperio is not None:
        return resolution.judged(float(aperio[1]), float(aperio[1]))
    unit = int(page.tags.valueof(296, 2))
    across, down = page.tags.valueof(282), page.tags.valueof(283)
    if unit == 1 and _IMAGEJ_MICRONS.search(str(page.description)):
        return resolution.of_microns(across, down)
    return resolution.of_tags(unit, across, down)

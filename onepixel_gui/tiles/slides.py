"""Whole slides: levels, regions, thumbnails, and tiles cut from them at any resolution.

What OpenSlide opens is read by OpenSlide; what it refuses (flat and OME TIFFs, PNG and JPEG fields)
is read by tifffile and Pillow, never as a whole where it is large.
"""

import hashlib
import stat
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onepixel_gui.outbox import printable
from onepixel_gui.problems import UnreadableSlide
from onepixel_gui.tiles import fields, openslides, tiffs
from onepixel_gui.tiles.files import MOST_BYTES
from onepixel_gui.tiles.foreign import COPY_AGAIN, Unsuited, door
from onepixel_gui.tiles.levels import Built, Level
from onepixel_gui.tiles.pyramid import Found, Pyramid
from onepixel_gui.tiles.shelf import Shelf
from onepixel_gui.tiles.tile import Tile

__all__ = ["SUFFIXES", "Built", "Level", "Slide", "SlideTile", "borrowed", "is_slide", "open_slide"]

# What scanners write.
_SCANNED = frozenset(
    [".bif", ".czi", ".dcm", ".mrxs", ".ndpi", ".scn", ".svs", ".svslide", ".vms", ".vmu"]
)
_PICTURES = frozenset([".tif", ".tiff", ".png", ".jpg", ".jpeg"])
SUFFIXES = _SCANNED | _PICTURES
LONG_SIDE = 1024  # a picture is a slide when its long side exceeds this, and a tile otherwise
OPEN_AT_ONCE = 8

_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEAD = 2**16


class Slide(Protocol):
    """An open slide. All methods may be called from several threads at once.

    name:    the file's, never its path.   format: what a reader calls it, "Aperio SVS".
    hash:    tells this slide from others without reading all of it: "quickhash-1:..." of OpenSlide,
             or ours of size, dimensions and first and last bytes.
    mpp:     micrometres per pixel of level 0, None when the file does not say.
    levels:  finest first; level 0 is the picture itself.
    lossy:   the file is compressed with loss.
    notes:   what the reader should know, one plain sentence each (odd resolution, levels that
             disagree, missing parts).
    """

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def mpp(self) -> float | None: ...
    @property
    def levels(self) -> tuple[Level, ...]: ...
    @property
    def lossy(self) -> bool: ...
    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of level 0."""

    def region(
        self, level: int, row: int, column: int, height: int, width: int
    ) -> NDArray[np.uint8]:
        """(height, width, 3) of a level; row, column, height, width in pixels of that level.

        All of it lies inside the level. Byte for byte what the library under it reads; where a
        scanner stored nothing, the slide's own background colour, or white.
        Raises UnreadableSlide where that part is damaged; other parts go on to be readable.
        """

    def tile(
        self,
        row: int,
        column: int,
        shape: tuple[int, int],
        *,
        mpp: float | None = None,
        label: str | None = None,
        case: str = "",
    ) -> Tile:
        """The tile whose top-left pixel lies at level-0 (row, column).

        shape:  (H, W) of the tile in its own pixels.
        mpp:    resolution wanted; where the slide's differs by more than 2 % it is resampled, and
                the tile's notes say so.  None, or a slide without one: level-0 pixels as they are.
        Beyond the borders it is padded by reflection, as CODAIT does (METHODS 1.4).
        Raises UnreadableSlide.
        """

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3) of the whole slide, at most `edge` on its long side. Raises UnreadableSlide.

        Of a large picture without coarse levels it does all of `building` first.
        """

    def building(self) -> Generator[Built]:
        """Make the coarse levels of a flat picture, in steps; nothing to do for a pyramid.

        Damaged pieces are white in them and counted.  To stop asking is to cancel.
        """

    def close(self) -> None: ...


def open_slide(path: Path) -> Slide:
    """The slide in `path`, whatever its suffix says. Raises UnreadableSlide, and nothing else."""
    name = printable(path.name or str(path))
    try:
        head, tail = _ends(path, name)
        _refuse_strangers(head, path, name)
        found = _found(path, name, head)
        shape = found.planes[0].shape
        if min(shape) < 1:
            raise UnreadableSlide(f"{name} holds no picture: its size is 0.", COPY_AGAIN)
        if not found.hash:
            digest = hashlib.sha256(f"{path.stat().st_size} {shape}:".encode() + head + tail)
            found = replace(found, hash=f"ends-1:{digest.hexdigest()}")
        return Pyramid(path, name, found)
    except MemoryError as cause:
        remedy = "Close other programs, or convert it to a tiled TIFF, then open it again."
        raise UnreadableSlide(f"There is not enough memory to open {name}.", remedy) from cause
    except OSError as cause:
        raise _unread(name, cause, path) from cause


def is_slide(path: Path) -> bool:
    """Whether a file is for the slide viewer rather than the bench, from its header alone.

    True for what scanners write, for pictures whose long side exceeds LONG_SIDE, and for tiled
    TIFFs of several levels.  False for whatever cannot be judged.
    """
    suffix, name = path.suffix.lower(), printable(path.name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False
        if suffix in _SCANNED:
            return True
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if head.startswith(_TIFFS):
            if status.st_size > MOST_BYTES:  # no tile, and its header alone is long to read
                return True
            page = tiffs.first_page(path, name)
            return max(page.shape) > LONG_SIDE or (page.is_tiled and page.another)
    except (OSError, ValueError, UnreadableSlide):
        return False
    return max(fields.size(head) or (0,)) > LONG_SIDE


@dataclass(frozen=True, slots=True)
class SlideTile:
    """A tile of a slide, as an Entry: nothing has been read yet.

    row, column:  of its top-left pixel, in level-0 pixels; may lie beyond a border.
    shape:        (H, W) in its own pixels.
    mpp:          resolution wanted, None for that of the slide.
    """

    path: Path
    row: int
    column: int
    shape: tuple[int, int]
    mpp: float | None = None
    label: str | None = None
    case: str = ""

    @property
    def name(self) -> str:
        """What the reader calls it; never a full path."""
        return f"{printable(self.path.stem)} r{self.row} c{self.column}"

    def read(self) -> Tile:
        """Raises UnreadableSlide; may wait for a disk."""
        with borrowed(self.path) as slide:
            return slide.tile(
                self.row,
                self.column,
                self.shape,
                mpp=self.mpp,
                label=self.label,
                case=self.case,
            )

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        """(h, w, 3), at most `edge` on its long side. Raises UnreadableSlide."""
        picture = Image.fromarray(self.read().rgb)
        picture.thumbnail((edge, edge), Image.Resampling.BOX, reducing_gap=None)
        return np.asarray(picture)


_shelf: Shelf[Slide] = Shelf(open_slide, OPEN_AT_ONCE)


def borrowed(path: Path) -> AbstractContextManager[Slide]:
    """`with borrowed(path) as slide`: an open slide, shared with whoever else reads it.

    The latest few stay open; a file that has changed is opened anew. Raises UnreadableSlide.
    """
    return _shelf.borrowed(path)


def _found(path: Path, name: str, head: bytes) -> Found:
    """What the first reader that knows the file sees in it."""
    page = tiffs.first_page(path, name) if head.startswith(_TIFFS) else None
    maker = openslides.vendor(path)
    refused: UnreadableSlide | None = None
    if maker is not None and (page is None or _suits_openslide(page, maker)):
        try:
            with door(name):
                return openslides.found(path, name, maker, page)
        except UnreadableSlide as cause:
            refused = cause
    if page is not None:
        try:
            found = tiffs.found(path, name)
        except Unsuited:
            found = fields.found(path, name)
        if refused is not None:
            reason = refused.detail.replace(str(path), name)
            why = f"OpenSlide refuses this file ({reason}), so it was read as a plain TIFF."
            found = replace(found, notes=(why, *found.notes))
        return found
    if refused is not None:
        raise refused
    if not fields.recognises(head):
        what = f"{name} is no slide that can be read: no scanner's file, TIFF, PNG or JPEG."
        remedy = "Export it as a tiled TIFF with 8-bit RGB colours, then open that file."
        raise UnreadableSlide(what, remedy, detail=f"first bytes: {head[:16].hex(' ')}")
    return fields.found(path, name)


def _suits_openslide(page: tiffs.FirstPage, maker: str) -> bool:
    """OpenSlide cuts 16 bits down unasked, sees neither size nor levels of an OME-TIFF, and ends

    the program where there is no memory for a tile."""
    if page.is_ome and maker == "generic-tiff":
        return False
    small = 4 * page.piece[0] * page.piece[1] <= tiffs.MOST_PIECE_BYTES
    return page.bits <= 8 and not page.is_float and small


def _ends(path: Path, name: str) -> tuple[bytes, bytes]:
    """The first and the last bytes of a file that can be a slide."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(status.st_mode):  # reading a pipe could wait for ever
            raise UnreadableSlide(f"{name} is a device or a pipe, not a file.", "Choose a slide.")
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, status.st_size - _HEAD))
            tail = file.read(_HEAD)
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the name
        raise _unread(name, cause, path) from cause
    if not head:
        raise UnreadableSlide(f"{name} is empty (0 bytes).", COPY_AGAIN)
    return head, tail


def _refuse_strangers(head: bytes, path: Path, name: str) -> None:
    """Refuse what is known not to be a slide before any library looks at it."""
    if head.startswith(b"version https://git-lfs"):
        what = f"{name} is a git-LFS pointer: a short text that stands for the slide."
        raise UnreadableSlide(what, "Run 'git lfs pull' in its folder, then open it again.")
    if path.suffix.lower() == ".mrxs" and not path.with_suffix("").is_dir():
        what = f"{name} is only the cover of a slide: the folder {printable(path.stem)} is missing."
        remedy = "Copy the folder of the same name to where the file is, then open it again."
        raise UnreadableSlide(what, remedy)


def _unread(name: str, cause: Exception, path: Path) -> UnreadableSlide:
    """Words for what a file system answers."""
    detail = repr(cause)
    if isinstance(cause, IsADirectoryError):
        what, remedy = f"{name} is a folder.", "Open a slide that lies in it."
        cover = path.parent / f"{path.name}.mrxs"
        if cover.is_file():
            remedy = f"Open {printable(cover.name)} beside it."
    elif isinstance(cause, FileNotFoundError):
        what = f"{name} does not exist."
        remedy = "Check that it was not moved or renamed and that its disk is connected."
    elif isinstance(cause, PermissionError):
        what = f"You are not allowed to read {name}."
        remedy = "Ask for the right to read it, or copy it to a folder of your own."
    else:
        what = f"{name} could not be read from its disk."
        remedy = "Check that its disk or network folder is connected, then open it again."
    return UnreadableSlide(what, remedy, detail=detail)

"""Fields of view in PNG, JPEG and BMP, and small TIFFs of rare kinds: decoded at once and held."""

import io
import os
from pathlib import Path

from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from onepixel_gui.problems import UnreadableSlide, UnreadableTile
from onepixel_gui.tiles import resolution
from onepixel_gui.tiles.decoding import MOST_PIXELS, decode
from onepixel_gui.tiles.levels import HeldPlane
from onepixel_gui.tiles.pyramid import Found

HELD_PIXELS = 2**30 // 3  # 1 GB of RGB
_CONVERT = "Convert it to a tiled TIFF, which is read in parts, then open that file."
_STARTS: dict[bytes, type[PngImageFile | JpegImageFile | BmpImageFile]] = {
    b"\x89PNG\r\n\x1a\n": PngImageFile,
    b"\xff\xd8\xff": JpegImageFile,
    b"BM": BmpImageFile,
}


def recognises(head: bytes) -> bool:
    """Whether a file begins as a PNG, JPEG or BMP does."""
    return head.startswith(tuple(_STARTS))


def size(head: bytes) -> tuple[int, int] | None:
    """(H, W) that the beginning of such a file announces, None for what is neither."""
    for start, opener in _STARTS.items():
        if head.startswith(start):
            try:
                image = opener(io.BytesIO(head))
            except (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError):
                return None  # the header ends beyond the head, or is damaged
            return image.height, image.width
    return None


def found(path: Path, name: str) -> Found:
    """The picture in a file, whole. Raises UnreadableSlide."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > 4 * HELD_PIXELS:
                raise UnreadableSlide(f"{name} is too large to be held in memory.", _CONVERT)
            data = file.read()
        most = MOST_PIXELS if data[:2] in (b"II", b"MM") else HELD_PIXELS
        picture = decode(data, name, most_pixels=most, bitmaps=True)
    except UnreadableTile as refused:
        # A tile's way out may be this very door.
        remedy = _CONVERT if "as a slide" in refused.remedy else refused.remedy
        what = refused.what.replace("too many for a tile", "too many to be held in memory")
        raise UnreadableSlide(what, remedy, detail=refused.detail) from refused
    except OSError as cause:
        remedy = "Check that its disk or network folder is connected, then open it again."
        raise UnreadableSlide(
            f"{name} could not be read from its disk.", remedy, detail=repr(cause)
        ) from cause
    notes = picture.notes if picture.mpp else (resolution.UNKNOWN, *picture.notes)
    return Found(
        format=f"{picture.kind} picture",
        hash="",
        mpp=picture.mpp,
        lossy=picture.lossy,
        notes=notes,
        planes=(HeldPlane(picture.rgb),),
        close=lambda: None,
    )

"""What a picture file's bytes mean: PNG, JPEG, TIFF and NPY become plain RGB, or are refused.

The content decides what a file is, never its suffix; the header is judged before anything is
decoded; what has no one right answer as 8-bit RGB is refused rather than guessed.
"""

import contextlib
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from onepixel_gui.hushing import hush
from onepixel_gui.outbox import printable
from onepixel_gui.problems import Problem, UnreadableTile

Kind = Literal["PNG", "JPEG", "TIFF", "NPY", "BMP"]

MOST_PIXELS = 64 * 2**20  # 8,192 x 8,192; beyond that a picture is a slide, not a tile

EXPORT = "Export it as an 8-bit RGB PNG or TIFF, then open that file."
COPY_AGAIN = "Copy the file again from where it came, then open it once more."
CUT_OUT = (
    "Cut out the region you need and save it as a PNG or TIFF of its own, or open it as a slide."
)

_MPP = (0.05, 20.0)  # um per pixel: microscopes and scanners; 72 to 1,200 dpi lie outside
_TIFF_LOSSY = frozenset({6, 7, 33003, 33005, 34712, 50001})  # JPEG, JPEG 2000 and WebP inside TIFF
_OPENERS: dict[Kind, type[PngImageFile | JpegImageFile | TiffImageFile | BmpImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
}
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\x93NUMPY", "NPY"),
)
_STRANGERS = (
    (re.compile(rb"GIF8"), "a GIF picture"),
    (re.compile(rb"BM.{12}[\x0c(l8|@]\0\0\0", re.S), "a BMP picture"),
    (re.compile(rb"RIFF.{4}WEBP", re.S), "a WebP picture"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000 picture"),
    (re.compile(rb".{4}ftyp", re.S), "a HEIC or AVIF picture"),
    (re.compile(rb"8BPS"), "a Photoshop document"),
    (re.compile(rb"%PDF"), "a PDF document"),
    (re.compile(rb".{128}DICM", re.S), "a DICOM file"),
    (re.compile(rb"\x89HDF"), "an HDF5 file"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
)
_MODES = {"L": "grey", "LA": "grey", "La": "grey", "P": "palette", "PA": "palette", "1": "1-bit"}
_WORDS = {
    "grey": "The picture is grey: each value was copied to red, green and blue.",
    "palette": "The picture uses a palette: its colours were looked up and stored as RGB.",
    "1-bit": "The picture is black and white only: it was stored as RGB with 0 and 255.",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded file.

    kind:   what the file is, whatever its suffix says.
    rgb:    (H, W, 3) uint8.
    notes:  what was converted, one plain sentence each.
    mpp:    micrometres per pixel, None when the file does not say.
    lossy:  the file was compressed with loss.
    """

    kind: Kind
    rgb: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    mpp: float | None = None
    lossy: bool = False


def decode(
    data: bytes, name: str, *, most_pixels: int = MOST_PIXELS, bitmaps: bool = False
) -> Picture:
    """The one picture in a file's bytes; `name` is what the reader calls the file.

    most_pixels: height x width beyond which it is refused, before anything is decoded.
    bitmaps: BMP is read too; fields of view come as such, tiles do not.
    Raises UnreadableTile for whatever the bytes may be, and MemoryError.
    """
    kind: Kind = "BMP" if bitmaps and data.startswith(b"BM") else _kind(data[:1024], name)
    with _foreign(name):
        if kind == "NPY":
            return _array(data, name)
        return _decoded(kind, data, name, most_pixels)


def refusal(what: str, remedy: str, detail: str = "") -> UnreadableTile:
    return UnreadableTile(what, remedy, detail=detail)


def _kind(head: bytes, name: str) -> Kind:
    """PNG, JPEG, TIFF or NPY, from the first bytes; everything else is refused by what it is."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    detail = f"first bytes: {head[:16].hex(' ')}"
    if head.startswith(b"version https://git-lfs"):
        what = f"{name} is a git-LFS pointer: a short text that stands for the picture."
        raise refusal(what, "Run 'git lfs pull' in its folder, then open it again.", detail)
    for pattern, stranger in _STRANGERS:
        if pattern.match(head):
            what = f"{name} is {stranger}; tiles are read from PNG, JPEG, TIFF and NPY files."
            raise refusal(what, EXPORT, detail)
    if _is_text(head):
        remedy = "Open it in a text editor to see what was saved, then fetch the picture itself."
        raise refusal(f"{name} is a text file, not a picture.", remedy, detail)
    what = f"{name} does not begin like a PNG, JPEG, TIFF or NPY file."
    raise refusal(what, "Copy it again from where it came, or export it as PNG or TIFF.", detail)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as cause:
        if len(head) - cause.start > 3:  # more than a letter that the cut went through
            return False
        text = head[: cause.start].decode("utf-8")
    return all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in text)


@contextlib.contextmanager
def _foreign(name: str) -> Iterator[None]:
    """Foreign bytes meet foreign decoders in here: whatever is raised is about the file."""
    hush(module=r"PIL\b")  # about metadata
    try:
        yield
    except (Problem, MemoryError):
        raise
    except Exception as cause:  # Pillow raises nearly anything on broken files
        detail = f"{type(cause).__name__}: {printable(str(cause))}"
        if "truncated" in str(cause).lower():
            what = f"{name} is cut short: the end of the picture is missing."
            raise refusal(what, COPY_AGAIN, detail) from cause
        what = f"{name} is damaged or stored in a way that cannot be read."
        remedy = "Copy it again from where it came, or export it as an 8-bit RGB PNG or TIFF."
        raise refusal(what, remedy, detail) from cause


def _check_size(height: int, width: int, name: str, most: int = MOST_PIXELS) -> None:
    # From the header alone: nothing has been decoded, and no memory taken, when this refuses.
    if height * width > most:
        size = f"{width:,} x {height:,} pixels"
        raise refusal(f"{name} says it holds {size}, too many for a tile.", CUT_OUT)


def _decoded(kind: Kind, data: bytes, name: str, most: int) -> Picture:
    """A PNG, JPEG or TIFF through Pillow, header first."""
    if kind == "PNG":
        PngImageFile(io.BytesIO(data)).verify()  # decoding alone passes over wrong checksums
    # Not Image.open: it warns about large pictures, by a limit that all of the process shares.
    image = _OPENERS[kind](io.BytesIO(data))
    _check_size(image.height, image.width, name, most)
    _check_plain(image, kind, data, name)
    mpp, lossy, profile = _mpp(image), _is_lossy(image), image.info.get("icc_profile")
    turned = image.getexif().get(274, 1)
    image.load()
    # A TIFF has turned itself while loading and has forgotten why.
    upright = image if kind == "TIFF" else ImageOps.exif_transpose(image)
    rgb, notes = _as_rgb(upright, name)
    if turned in range(2, 9):
        notes.append(f"The picture was turned upright, as its orientation mark ({turned}) asks.")
    if isinstance(profile, bytes) and b"sRGB" not in profile.replace(b"\0", b""):
        notes.append("The file names a colour profile other than sRGB; its values were kept.")
    return Picture(kind, rgb, tuple(notes), mpp, lossy)


def _check_plain(image: Image.Image, kind: str, data: bytes, name: str) -> None:
    """Refuse what has no one right answer as 8-bit RGB, before decoding it."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    detail = f"{kind}, mode {image.mode}"
    if getattr(image, "is_animated", False):
        image.seek(1)  # raises when the second page is only a damaged pointer
        remedy = "Save the page you mean as its own PNG or TIFF, or open the file as a slide."
        raise refusal(f"{name} holds more than one page.", remedy, detail)
    if image.mode == "CMYK":
        what = f"{name} stores printing inks (CMYK), which have no exact RGB values."
        raise refusal(what, EXPORT, detail)
    if image.mode == "F" or 3 in np.atleast_1d(tags.get(339, 1)):
        what = f"{name} stores floating-point numbers instead of colours from 0 to 255."
        raise refusal(what, EXPORT, detail)
    bits = data[24] if kind == "PNG" else max(np.atleast_1d(tags.get(258, 1)))
    if bits > 8 or image.mode.startswith("I"):
        what = f"{name} stores {max(bits, 16)} bits per colour; tiles have 8."
        remedy = "Export it as 8-bit RGB, choosing the brightness range, then open that file."
        raise refusal(what, remedy, detail)
    if image.mode not in ("RGB", "RGBA", "RGBa", "RGBX", *_MODES):
        raise refusal(f"{name} stores its colours as {image.mode}, not RGB.", EXPORT, detail)


def _as_rgb(image: Image.Image, name: str) -> tuple[NDArray[np.uint8], list[str]]:
    notes = [_WORDS[_MODES[image.mode]]] if image.mode in _MODES else []
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            what = f"{name} is partly transparent, so its colours depend on what lies behind it."
            remedy = "Flatten it onto the background you mean, save it as RGB, then open that."
            raise refusal(what, remedy, f"alpha from {image.getchannel('A').getextrema()}")
        notes.append("The picture has an alpha channel that hides nothing; it was dropped.")
    elif image.mode == "RGBX":
        notes.append("The picture has a fourth channel without meaning; it was dropped.")
    return np.asarray(image.convert("RGB")), notes


def _is_lossy(image: Image.Image) -> bool:
    if isinstance(image, TiffImageFile):
        return image.tag_v2.get(259, 1) in _TIFF_LOSSY
    return isinstance(image, JpegImageFile)


def _mpp(image: Image.Image) -> float | None:
    """Um per pixel, when both directions agree on a value that a microscope can have."""
    if isinstance(image, TiffImageFile):
        unit = {2: 25_400.0, 3: 10_000.0}.get(image.tag_v2.get(296, 2))
        found: Any = (image.tag_v2.get(282), image.tag_v2.get(283))
    else:
        unit, found = 25_400.0, image.info.get("dpi") if isinstance(image, PngImageFile) else None
    # A text chunk named "dpi" puts a string here, a damaged tag a nan, a zero or a tuple.
    if unit is None or not isinstance(found, tuple):
        return None
    try:
        across, down = (unit / float(each) for each in found)
    except (TypeError, ValueError, ArithmeticError):
        return None
    plausible = _MPP[0] <= across <= _MPP[1] and math.isclose(across, down, rel_tol=0.01)
    return round(across, 6) if plausible else None


_HEADER = re.compile(
    rb"\{(?=.*'descr': *'([|<>=]?[biufc][0-9]+)')(?=.*'fortran_order': *(True|False))"
    rb"(?=.*'shape': *\(([0-9, ]{0,60})\))[^{}]*\} *\n?$"
)


def _array(data: bytes, name: str) -> Picture:
    """An NPY file, header first."""
    # np.load would evaluate the header and reserve whatever it claims before looking further.
    wide = 4 if data[6] > 1 else 2
    start = 8 + wide + int.from_bytes(data[8 : 8 + wide], "little")
    header = _HEADER.match(data[8 + wide : min(start, 4096)])
    if header is None:
        what = f"{name} is an NPY file that holds no plain array of numbers."
        raise refusal(what, "Save the tile as an array of height x width x 3 uint8 values.")
    shape = tuple(int(each) for each in header[3].split(b",") if each.strip())
    _check_array(header[1].decode("latin-1"), shape, name)
    count = math.prod(shape)
    there = max(0, len(data) - start)
    if there != count:
        what = f"{name} is damaged: it should hold {count:,} values and holds {there:,}."
        raise refusal(what, COPY_AGAIN)
    values = np.frombuffer(data, np.uint8, count, start)
    values = values.reshape(shape, order="F" if header[2] == b"True" else "C")
    if values.ndim == 2 or shape[2] == 1:
        grey = values.reshape(shape[0], shape[1], 1)
        return Picture("NPY", np.repeat(grey, 3, axis=2), (_WORDS["grey"],))
    rgb, notes = _as_rgb(Image.fromarray(np.ascontiguousarray(values)), name)
    return Picture("NPY", rgb, tuple(notes))


def _check_array(kind: str, shape: tuple[int, ...], name: str) -> None:
    detail = f"NPY of {kind}, shape {shape}"
    said = " x ".join(map(str, shape)) or "a single number"
    if kind.lstrip("|<>=") != "u1":
        remedy = "Scale the values to 0-255, convert them with .astype('uint8') and save again."
        raise refusal(f"{name} holds values of type {kind}, not uint8.", remedy, detail)
    if len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4):
        what = f"{name} has its colours on the first axis ({said}); tiles have them on the last."
        raise refusal(what, "Save it again after np.transpose(array, (1, 2, 0)).", detail)
    if len(shape) == 4:
        what = f"{name} holds a stack of pictures ({said}); a tile is one."
        raise refusal(what, "Save each picture as a file of its own.", detail)
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))) or 0 in shape:
        what = f"{name} is no picture: its shape is {said}."
        raise refusal(what, "Save an array of height x width x 3 uint8 values.", detail)
    _check_size(shape[0], shape[1], name)

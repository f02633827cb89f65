"""Picture files in and out, one at a time or as the folders they lie in.

Every file becomes a Tile or an UnreadableTile with a remedy.  What the bytes mean is decided in
`decoding`; here are paths, labels, and what a file system may answer.
"""

import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from onepixel_gui.outbox import printable, write_whole
from onepixel_gui.problems import NotWritten, UnreadableTile
from onepixel_gui.tiles.decoding import COPY_AGAIN, CUT_OUT, MOST_PIXELS, decode, refusal
from onepixel_gui.tiles.folders import finished, scanning, suffix_of
from onepixel_gui.tiles.labels import label_of, labels_of
from onepixel_gui.tiles.tile import Tile

_SUFFIXES_OF = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "TIFF": (".tif", ".tiff"),
    "NPY": (".npy",),
}
SUFFIXES = frozenset(suffix for group in _SUFFIXES_OF.values() for suffix in group)
_DEEPEST = 2  # folders below the opened one
MOST_BYTES = 4 * MOST_PIXELS + 2**20  # the largest such picture, uncompressed, with its header


@dataclass(frozen=True, slots=True)
class TileFile:
    """A file that may be a tile; nothing has been read yet.

    label:  the class that its folder names, None when nobody said.
    case:   patient, case or slide that it shares with other tiles, "" when unknown.
    """

    path: Path
    label: str | None = None
    case: str = ""

    @property
    def name(self) -> str:
        """What the reader calls it; never a full path."""
        return printable(self.path.name)

    def read(self) -> Tile:
        return replace(read(self.path, label=self.label), case=self.case)

    def thumbnail(self, edge: int) -> NDArray[np.uint8]:
        return thumbnail(self.path, edge)


def read(path: Path, *, label: str | None = None) -> Tile:
    """The picture in `path` as a Tile, with the notes that say what was converted.

    Raises UnreadableTile, and nothing else, for whatever the file may be.
    """
    name = printable(path.name or str(path))
    try:
        data = _bytes(path, name)
        picture = decode(data, name)
        notes = picture.notes
        if path.suffix.lower() not in _SUFFIXES_OF[picture.kind]:
            ending = f"ends in {printable(path.suffix)}" if path.suffix else "has no suffix"
            notes = (f"The file is a {picture.kind} file although its name {ending}.", *notes)
        return Tile(
            name=name,
            rgb=picture.rgb,
            label=label,
            mpp=picture.mpp,
            source_sha256=hashlib.sha256(data).hexdigest(),
            lossy=picture.lossy,
            notes=notes,
        )
    except MemoryError as cause:
        remedy = "Close other programs or cut out the region you need, then open it again."
        raise refusal(f"There is not enough memory to open {name}.", remedy) from cause


def thumbnail(path: Path, edge: int) -> NDArray[np.uint8]:
    """The picture in `path`, (h, w, 3) uint8, at most `edge` pixels on its long side.

    Each pixel is the mean of those it stands for; small pictures are not enlarged.
    Raises UnreadableTile as `read` does.
    """
    picture = Image.fromarray(read(path).rgb)
    picture.thumbnail((edge, edge), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(picture)


def save(rgb: NDArray[np.uint8], path: Path, *, text: Mapping[str, str] | None = None) -> None:
    """Write (H, W, 3) uint8 without loss as PNG or TIFF, whole or not at all.

    text: what to say about the picture: PNG text chunks, or JSON in TIFF's ImageDescription.
    Raises NotWritten, also for a suffix that means another format.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"expected (H, W, 3) uint8, got {rgb.shape} {rgb.dtype}")
    picture, whole, suffix = Image.fromarray(rgb), io.BytesIO(), path.suffix.lower()
    if suffix == ".png":
        chunks = PngInfo()
        for key, value in (text or {}).items():
            chunks.add_text(key, value)
        picture.save(whole, "PNG", pnginfo=chunks)
    elif suffix in (".tif", ".tiff"):
        tags = ImageFileDirectory_v2()
        if text:
            tags[270] = json.dumps(dict(text))  # TIFF text is ASCII; JSON keeps the rest in escapes
        picture.save(whole, "TIFF", compression="tiff_adobe_deflate", tiffinfo=tags)
    else:
        why = (
            "a one-pixel change does not survive JPEG"
            if suffix in (".jpg", ".jpeg")
            else ("only PNG and TIFF keep each pixel as it is here")
        )
        raise NotWritten(
            f"{printable(path.name)} was not written because {why}.",
            "Choose a name that ends in .png or .tif, then save again.",
        )
    write_whole(path, whole.getvalue())


def _bytes(path: Path, name: str) -> bytes:
    """The whole file, read once, so that its hash and its pixels cannot disagree."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(status.st_mode):  # reading a pipe could wait for ever
            raise refusal(f"{name} is a device or a pipe, not a file.", "Choose a picture file.")
        if status.st_size <= MOST_BYTES:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        if status.st_size > MOST_BYTES or len(data) > MOST_BYTES:
            size = f"{max(status.st_size, MOST_BYTES) / 1e9:,.1f} GB"
            raise refusal(f"{name} is too large for a tile ({size}).", CUT_OUT)
    except IsADirectoryError as cause:
        raise refusal(f"{name} is a folder.", "Open it as a folder of tiles.") from cause
    except FileNotFoundError as cause:
        remedy = "Check that it was not moved or renamed and that its disk is connected."
        raise refusal(f"{name} does not exist.", remedy, repr(cause)) from cause
    except PermissionError as cause:
        remedy = "Ask for the right to read it, or copy it to a folder of your own."
        raise refusal(f"You are not allowed to read {name}.", remedy, repr(cause)) from cause
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the name
        remedy = "Check that its disk or network folder is connected, then open it again."
        raise refusal(f"{name} could not be read from its disk.", remedy, repr(cause)) from cause
    if not data:
        raise refusal(f"{name} is empty (0 bytes).", COPY_AGAIN)
    return data


def find(paths: Sequence[Path]) -> list[TileFile]:
    """The tiles that a user opened or dropped, each file once; nothing is read.

    What was named keeps the order it was named in; inside a folder the order is natural.

    A file counts whatever it is, so that `read` can say what is wrong with it.  A folder counts
    with the pictures in it and up to two levels below, hidden ones left out; folders that cannot
    be listed are passed over.  Labels are the names of class folders, as they are spelled.
    Raises UnreadableTile when something was asked for and no file came of it.
    """
    found: list[TileFile] = []
    trouble: OSError | None = None
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where this says no
            found.append(TileFile(path, label_of(path.parent)))
            continue
        try:
            found += _in_folder(path)
        except OSError as cause:
            trouble = trouble or cause
    if paths and not found:
        raise _nothing_in(paths[0], trouble)
    # One folder never names a file twice; paths are slow to compare.
    return found if len(paths) == 1 else list({tile.path: tile for tile in found}.values())


def is_picture(name: str) -> bool:
    """It ends like a file that can be read as a tile."""
    return suffix_of(name) in SUFFIXES


def _in_folder(folder: Path) -> Iterator[TileFile]:
    """Raises OSError when `folder` cannot be listed."""
    tree = finished(scanning(folder, deepest=_DEEPEST))
    held = [
        (branch, [name for name in branch.names if is_picture(name)]) for branch in tree.branches
    ]
    held = [(branch, names) for branch, names in held if names]
    labels = labels_of(folder, [branch.below for branch, _ in held])
    for (branch, names), (label, case) in zip(held, labels, strict=True):
        parent = Path(branch.path)
        yield from (TileFile(parent / name, label, case) for name in names)


def _nothing_in(folder: Path, trouble: OSError | None) -> UnreadableTile:
    name = printable(folder.name or str(folder))
    if trouble is not None:
        remedy = "Check that you may open this folder and that its disk is connected."
        return refusal(f"The folder {name} could not be listed.", remedy, repr(trouble))
    what = f"The folder {name} holds no PNG, JPEG, TIFF or NPY files."
    return refusal(what, "Choose the folder that holds the tiles, or one above its class folders.")

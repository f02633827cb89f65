"""Miniature slides of many kinds, written as scanners and other programs write them."""

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

MPP = 0.25


def field(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth colours that differ everywhere: (height, width, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3)).astype(np.float32)
    smooth = ndimage.zoom(coarse, (16, 16, 1), order=1)[:height, :width]
    return (smooth + rng.integers(-8, 9, smooth.shape)).clip(0, 255).astype(np.uint8)


def halved(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    even = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2].astype(np.uint16)
    total = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return ((total + 2) // 4).astype(np.uint8)


def per_cm(mpp: float) -> dict[str, object]:
    return {"resolution": (1e4 / mpp, 1e4 / mpp), "resolutionunit": "CENTIMETER"}


def flat(path: Path, rgb: NDArray[np.uint8], **options: object) -> Path:
    """One page in strips, or tiles where options say so."""
    options = {"photometric": "rgb", "metadata": None, "rowsperstrip": 16} | options
    if "tile" in options:
        del options["rowsperstrip"]
    tifffile.imwrite(path, rgb, **options)
    return path


def tiled(
    path: Path,
    levels: list[NDArray[np.uint8]],
    *,
    mpp: float | None = MPP,
    compression: str | None = "jpeg",
    description: str | None = None,
    bigtiff: bool = False,
    **options: object,
) -> Path:
    """A generic tiled TIFF: a pyramid in pages of their own, as vips and QuPath write it."""
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for number, level in enumerate(levels):
            file.write(
                level,
                tile=(64, 64),
                photometric="rgb",
                compression=compression,
                subfiletype=1 if number else 0,
                metadata=None,
                description=description if number == 0 else None,
                **(per_cm(mpp) if mpp and not number else {}),
                **options,
            )
    return path


def aperio(path: Path, rgb: NDArray[np.uint8], *, mpp: float = MPP) -> Path:
    """An SVS: level 0, a thumbnail in strips, a quarter-size level, all said in the description."""
    height, width = rgb.shape[:2]
    small = halved(halved(rgb))
    said = (
        f"Aperio Image Library v12.0.0\n{width}x{height} [0,0 {width}x{height}] (64x64) "
        f"JPEG/RGB Q=90|AppMag = 40|MPP = {mpp}"
    )
    with tifffile.TiffWriter(path) as file:
        page = {"photometric": "rgb", "compression": "jpeg", "metadata": None}
        file.write(rgb, tile=(64, 64), description=said, **page)
        file.write(halved(small), rowsperstrip=16, description="Aperio thumbnail", **page)
        file.write(small, tile=(64, 64), description=said, **page)
    return path


def ome(path: Path, levels: list[NDArray[np.uint8]], **options: object) -> Path:
    """An OME-TIFF whose coarse levels lie in SubIFDs, as QuPath and Bio-Formats write it."""
    metadata = {
        "axes": "YXS",
        "PhysicalSizeX": MPP * 1000,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": MPP,
        "PhysicalSizeYUnit": "µm",
    }
    with tifffile.TiffWriter(path, ome=True) as file:
        common = {"photometric": "rgb", "tile": (64, 64), "compression": "lzw"} | options
        file.write(levels[0], subifds=len(levels) - 1, metadata=metadata, **common)
        for level in levels[1:]:
            file.write(level, subfiletype=1, metadata=None, **common)
    return path


def ome_separate(path: Path, rgb: NDArray[np.uint8]) -> Path:
    """An OME-TIFF whose red, green and blue lie one after the other."""
    tifffile.imwrite(
        path,
        np.moveaxis(rgb, 2, 0),
        ome=True,
        photometric="rgb",
        planarconfig="separate",
        compression="lzw",
        rowsperstrip=16,
        metadata={"axes": "SYX", "PhysicalSizeX": MPP, "PhysicalSizeY": MPP},
    )
    return path


def piece(path: Path, index: int, page: int = 0) -> tuple[int, int]:
    """(offset, bytes) of a strip or tile."""
    with tifffile.TiffFile(path) as file:
        found = file.pages[page]
        return found.dataoffsets[index], found.databytecounts[index]


def overwritten(path: Path, index: int, page: int = 0) -> Path:
    """The same file with one strip or tile turned into nonsense."""
    offset, count = piece(path, index, page)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff\x00" * (count // 2))
    return path


def never_written(path: Path, index: int) -> Path:
    """The same file with one strip or tile declared empty, as scanners do where there is glass."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        names = (
            ("TileOffsets", "TileByteCounts")
            if page.is_tiled
            else ("StripOffsets", "StripByteCounts")
        )
        tags = [page.tags[name] for name in names]
        places = [(tag.valueoffset, tag.dtype.name) for tag in tags]
    with path.open("r+b") as file:
        for start, kind in places:
            size = {"SHORT": 2, "LONG": 4, "LONG8": 8}[kind]
            file.seek(start + index * size)
            file.write(bytes(size))
    return path


def cut(path: Path, index: int, page: int = 0) -> Path:
    """The same file, ending in the middle of one strip or tile, its directory before the data."""
    offset, count = piece(path, index, page)
    os.truncate(path, offset + count // 2)
    return path


def directory_first(path: Path, rgb: NDArray[np.uint8], edge: int = 64) -> Path:
    """An uncompressed tiled TIFF whose directory lies before its tiles, as in streams."""
    height, width = rgb.shape[:2]
    down, across = -(-height // edge), -(-width // edge)
    count, size = down * across, edge * edge * 3
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 0), (259, 3, 1, 1), (262, 3, 1, 2)]
    tags += [(277, 3, 1, 3), (284, 3, 1, 1), (322, 3, 1, edge), (323, 3, 1, edge)]
    tags += [(324, 4, count, 0), (325, 4, count, 0)]
    after = 8 + 2 + 12 * len(tags) + 4
    bits, offsets, counts, data = after, after + 6, after + 6 + 4 * count, after + 6 + 8 * count
    at = {258: bits, 324: offsets, 325: counts}
    head = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags))
    for tag, kind, number, value in tags:
        head += struct.pack("<HHII", tag, kind, number, at.get(tag, value))
    head += bytes(4) + struct.pack("<3H", 8, 8, 8)
    head += struct.pack(f"<{count}I", *(data + size * each for each in range(count)))
    head += struct.pack(f"<{count}I", *[size] * count)
    whole = np.zeros((down * edge, across * edge, 3), np.uint8)
    whole[:height, :width] = rgb
    tiles = whole.reshape(down, edge, across, edge, 3).swapaxes(1, 2)
    path.write_bytes(head + tiles.tobytes())
    return path


def dressed(path: Path, target: Path) -> Path:
    """A copy under another name."""
    return Path(shutil.copy(path, target))

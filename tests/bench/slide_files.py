"""A slide as large as those of a scanner, written in a minute: few tiles, repeated many times."""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from onepixel_gui.tiles.tissue import KINDS, UM_PER_PIXEL, paint

TILE = 256
DISTINCT = 64  # different tiles of each level
QUALITY = 90


def make_large(path: Path, gigabytes: float = 10.0) -> Path:
    """A tiled pyramid of JPEG tiles with painted tissue, some 10^9 bytes per gigabyte.

    OpenSlide opens it as a generic tiled TIFF of 0.25 um per pixel.  Tiles differ from their
    neighbours, so that no cache answers for them; between tiles the tissue has seams.
    """
    levels = [_encoded(scale) for scale in (1, 4, 16, 64)]
    size = float(np.mean([len(each) for each in levels[0]]))
    across = max(4, round((gigabytes * 1e9 / size / (1 + 1 / 16 + 1 / 256)) ** 0.5))
    edge = across * TILE
    per_cm = 1e4 / UM_PER_PIXEL
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for number, tiles in enumerate(levels):
            height = width = ceil(edge / 4**number)
            if number and max(height, width) < TILE:
                break
            count = ceil(height / TILE) * ceil(width / TILE)
            file.write(
                _spread(tiles, count),
                shape=(height, width, 3),
                dtype=np.uint8,
                tile=(TILE, TILE),
                photometric="ycbcr",
                subsampling=(1, 1),
                compression="jpeg",
                subfiletype=1 if number else 0,
                resolution=(per_cm / 4**number, per_cm / 4**number),
                resolutionunit="CENTIMETER",
                metadata=None,
            )
    return path


def _spread(tiles: list[bytes], count: int) -> Iterator[bytes]:
    for index in np.random.default_rng(count).integers(len(tiles), size=count):
        yield tiles[index]


def _encoded(scale: int) -> list[bytes]:
    """JPEG tiles of painted tissue, averaged over scale x scale pixels."""
    rng = np.random.default_rng(scale)
    fields = [field(seed) for seed in range(16)]
    tiles = []
    for _ in range(DISTINCT):
        picked = fields[rng.integers(len(fields))]
        picked = np.roll(picked, rng.integers(0, TILE, 2), axis=(0, 1))
        if scale > 1:
            coarse = picked.reshape(TILE // scale, scale, TILE // scale, scale, 3).mean((1, 3))
            picked = np.tile(coarse.astype(np.uint8), (scale, scale, 1))
        tiles.append(
            imagecodecs.jpeg8_encode(
                picked, level=QUALITY, colorspace="RGB", outcolorspace="YCBCR", subsampling="444"
            )
        )
    return tiles


@lru_cache
def field(seed: int) -> NDArray[np.uint8]:
    """(TILE, TILE, 3): four painted tiles."""
    half = TILE // 2
    parts = [paint(KINDS[(4 * seed + each) % len(KINDS)], seed, half) for each in range(4)]
    return np.concatenate(
        [np.concatenate(parts[:2], axis=1), np.concatenate(parts[2:], axis=1)], axis=0
    )

"""The demonstration's slide: painted, written as scanners do, and looked at by its classifier.

`make_demo.py` calls this.  JPEG loses a little: what the file holds is the slide, and measured.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from onepixel_gui.tiles.tissue import MITOSES, UM_PER_PIXEL
from onepixel_gui.tiles.tissue.slide import Mark, PaintedSlide, paint_slide

FOLDER, SLIDE, MARKS = "slide", "painted_slide.tiff", "painted_slide.csv"
SEED = 2
EDGE = 256  # pixels of a stored tile
QUALITIES = {1: 75, 2: 60, 4: 60, 8: 60}  # JPEG's, by how many times the level is reduced
PIXELS_PER_CM = round(10_000 / UM_PER_PIXEL)
TILE, STRIDE = 64, 32  # what the classifier is shown
NEAR = 48  # pixels; a tile whose centre is further from each mitosis shows none
GLASS = 215  # a tile is glass where the darkest channel is brighter on average

Confidences = Callable[[NDArray[np.uint8]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Extent:
    """Pixels of the slide, and how many marked cells it holds."""

    height: int
    width: int
    mitoses: int
    lookalikes: int


FULL = Extent(1792, 2304, mitoses=14, lookalikes=40)
QUICK = Extent(320, 384, mitoses=1, lookalikes=2)


def make(out: Path, extent: Extent, confidences: Confidences) -> dict[str, Any]:
    """Slide and list, written into `out`; returns what demo.json says of them."""
    out.mkdir(parents=True, exist_ok=True)
    slide = paint_slide(
        SEED,
        extent.height,
        extent.width,
        mitoses=extent.mitoses,
        lookalikes=extent.lookalikes,
    )
    write_pyramid(out / SLIDE, slide.rgb)
    write_marks(out / MARKS, slide)
    facts = {
        "file": f"{out.name}/{SLIDE}",
        "list": f"{out.name}/{MARKS}",
        "sha256": hashlib.sha256((out / SLIDE).read_bytes()).hexdigest(),
        "seed": SEED,
        "height": extent.height,
        "width": extent.width,
        "stored": "JPEG, which is lossy; every number here is of the pixels that the file holds",
    }
    return facts | measured(tifffile.imread(out / SLIDE, key=0), slide.marks, confidences)


def measured(
    rgb: NDArray[np.uint8], marks: tuple[Mark, ...], confidences: Confidences
) -> dict[str, Any]:
    """How the classifier answers around each mark, and how often it is wrong in a scan."""
    half = TILE // 2
    around = [rgb[m.row - half : m.row + half, m.column - half : m.column + half] for m in marks]
    told = confidences(np.stack(around))
    mitosis = np.array([mark.kind in MITOSES for mark in marks])
    tops = [
        (row, column)
        for row in range(0, rgb.shape[0] - TILE + 1, STRIDE)
        for column in range(0, rgb.shape[1] - TILE + 1, STRIDE)
        if rgb[row : row + TILE, column : column + TILE].min(axis=2).mean() < GLASS
    ]
    scanned = confidences(np.stack([rgb[r : r + TILE, c : c + TILE] for r, c in tops]))
    places = np.array([(mark.row, mark.column) for mark in marks])[mitosis]
    away = np.linalg.norm(np.array(tops)[:, None] + half - places[None], axis=2).min(axis=1)
    return {
        "mitoses": int(mitosis.sum()),
        "mitoses_found": int((told[mitosis] > 0.5).sum()),
        "lookalikes": int((~mitosis).sum()),
        "lookalikes_mistaken": int((told[~mitosis] > 0.5).sum()),
        "scan": {
            "stride": STRIDE,
            "tiles_of_tissue": len(tops),
            "tiles_without_mitosis": int((away > NEAR).sum()),
            "of_these_mistaken": int((scanned[away > NEAR] > 0.5).sum()),
        },
        "marks": [
            {
                "row": mark.row,
                "column": mark.column,
                "kind": mark.kind,
                "confidence": round(float(confidence), 6),
            }
            for mark, confidence in zip(marks, told, strict=True)
        ],
    }


def label(kind: str) -> str:
    return "mitosis" if kind in MITOSES else "normal"


def write_marks(path: Path, slide: PaintedSlide) -> None:
    """The centre of each mitosis and each look-alike, in pixels of level 0, and its class."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["slide", "centre_row", "centre_column", "label"])
        for mark in slide.marks:
            lines.writerow([SLIDE, mark.row, mark.column, label(mark.kind)])


def write_pyramid(path: Path, rgb: NDArray[np.uint8]) -> None:
    """A tiled JPEG TIFF with reduced levels, each the mean of what it stands for."""
    with tifffile.TiffWriter(path) as file:
        for level, quality in QUALITIES.items():
            file.write(
                reduced(rgb, level),
                photometric="rgb",
                tile=(EDGE, EDGE),
                compression="jpeg",
                compressionargs={"level": quality, "optimize": True},
                subsampling=(2, 2),
                subfiletype=int(level > 1),
                resolution=(PIXELS_PER_CM / level, PIXELS_PER_CM / level),
                resolutionunit="CENTIMETER",
                description="Painted tissue; research use only." if level == 1 else None,
                software="onepixel_gui" if level == 1 else False,
                metadata=None,
            )


def reduced(rgb: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    height, width = (side // level for side in rgb.shape[:2])
    blocks = rgb[: height * level, : width * level].reshape(height, level, width, level, 3)
    smaller: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return np.rint(smaller).astype(np.uint8)

"""Slides beside the libraries under them: `python -m tests.bench.slides [--gigabytes 1]`."""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import openslide
import tifffile

from onepixel_gui.tiles.slides import Slide, open_slide
from tests.bench.slide_files import field, make_large
from tests.bench.tables import number, table

ROUNDS = 7
READS = 150  # random regions in each round
EDGE = 256
FLAT_EDGE = 8192  # 200 MB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of the tiled slide")
    size = parser.parse_args().gigabytes
    with tempfile.TemporaryDirectory() as folder:
        rows = [*_tiled(Path(folder), size), *_flat(Path(folder))]
    print(table(("", "ours", "the library", "ratio"), rows))


def _tiled(folder: Path, gigabytes: float) -> list[tuple[str, ...]]:
    started = perf_counter()
    path = make_large(folder / "large.tif", gigabytes)
    print(f"{path.stat().st_size / 1e9:.2f} GB written in {perf_counter() - started:.1f} s\n")
    opening = _paired(lambda: open_slide(path).close(), lambda: openslide.OpenSlide(path).close())
    slide, direct = open_slide(path), openslide.OpenSlide(path)
    rng = np.random.default_rng(0)

    def places() -> list[tuple[int, int]]:
        edges = (slide.shape[0] - EDGE, slide.shape[1] - EDGE)
        return [(int(a), int(b)) for a, b in rng.integers(0, edges, (READS, 2))]

    def ours() -> None:
        for row, column in places():
            slide.region(0, row, column, EDGE, EDGE)

    def theirs() -> None:
        for row, column in places():
            np.asarray(direct.read_region((column, row), 0, (EDGE, EDGE)).convert("RGB"))

    reading = _paired(ours, theirs)
    direct.close()
    return [
        _row("opening, ms", *(1e3 * each for each in opening)),
        _row(f"random {EDGE} x {EDGE} regions per second", *(READS / each for each in reading)),
    ]


def _flat(folder: Path) -> list[tuple[str, ...]]:
    rgb = np.tile(field(0), (FLAT_EDGE // EDGE, FLAT_EDGE // EDGE, 1))
    rows = []
    for compression in (None, "lzw", "jpeg"):
        path = folder / f"flat_{compression}.tif"
        tifffile.imwrite(path, rgb, photometric="rgb", compression=compression, rowsperstrip=16)
        building = _paired(lambda path=path: _built(open_slide(path)), lambda p=path: _whole(p))
        name = f"making levels of a flat TIFF ({compression or 'uncompressed'}), MB/s"
        rows.append(_row(name, *(rgb.nbytes / 1e6 / each for each in building)))
    return rows


def _built(slide: Slide) -> None:
    for _ in slide.building():
        pass
    slide.close()


def _whole(path: Path) -> None:
    tifffile.imread(path, maxworkers=1)


def _paired(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float]:
    """Median seconds of both, taken in turn so that a busy machine slows both alike."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, into in zip((ours, theirs), taken, strict=True):
            started = perf_counter()
            work()
            into.append(perf_counter() - started)
    return median(taken[0]), median(taken[1])


def _row(name: str, ours: float, theirs: float) -> tuple[str, ...]:
    return name, number(ours), number(theirs), f"{ours / theirs:.2f}"


if __name__ == "__main__":
    main()

"""How much of the bare network's speed a scan of a slide keeps, with reading and all.

    python -m tests.bench.scan [--real FOLDER] [--rounds 7] [--json OUT.json]

All in one process.  In each round a whole scan runs, from the file on disk to the last tile of the
map and on to the confirmed candidates, and then the bare network on as many tiles as the map has;
a ratio is the median over the rounds.  Bare means the network as loaded, eager, float32, on scaled
tiles that lie in memory, at the batch size that is best for it.
"""

import argparse
import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
import torch

from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.scan import ScanBegan, ScanEnded, Scanned, ScanSettings, scan
from onepixel_gui.terminal import DEMO_CHECKPOINT
from onepixel_gui.tiles.slides import open_slide
from onepixel_gui.tiles.tissue import paint

BATCHES = (8, 16, 32, 64, 128, 256)


def painted(folder: Path, across: int = 12) -> Path:
    """A tiled JPEG TIFF of painted tissue, `across` x `across` tiles of 128 pixels."""
    rows = [
        np.concatenate([_tissue(row * across + column) for column in range(across)], axis=1)
        for row in range(across)
    ]
    path = folder / "painted.tiff"
    resolution = (40_000, 40_000)  # pixels per centimetre: 0.25 um each
    tifffile.imwrite(
        path, np.concatenate(rows), tile=(256, 256), compression="jpeg", photometric="rgb",
        resolution=resolution, resolutionunit="CENTIMETER", compressionargs={"level": 90},
    )  # fmt: skip
    return path


def _tissue(seed: int) -> np.ndarray:
    return paint("metaphase" if seed % 5 == 0 else "stroma", seed, 128)


def one_scan(classifier: Classifier, path: Path) -> tuple[int, float, int, float]:
    """(tiles of the map, seconds until it was there, all queries, seconds until the end)."""
    slide = open_slide(path)
    start = time.perf_counter()
    tiles, mapped = 0, 0.0
    for event in scan(classifier, slide, ScanSettings(best=20)):
        match event:
            case ScanBegan(total=total):
                tiles = total
            case Scanned():
                mapped = time.perf_counter() - start
            case ScanEnded(queries=queries):
                slide.close()
                return tiles, mapped, queries, time.perf_counter() - start
    raise AssertionError("a scan ends with ScanEnded")


def bare(classifier: Classifier, ready: torch.Tensor, batch: int, tiles: int) -> float:
    """Seconds of the network as it was loaded."""
    part = ready.repeat(-(-batch // len(ready)), 1, 1, 1)[:batch].contiguous()
    start = time.perf_counter()
    with torch.inference_mode():
        for _ in range(-(-tiles // batch)):
            classifier.ordinary(part).sum().item()
    return (time.perf_counter() - start) * tiles / (-(-tiles // batch) * batch)


def measured(classifier: Classifier, path: Path, rounds: int) -> dict[str, object]:
    """Tiles per second of the bare network, of the map and of the whole scan; and ratios."""
    slide = open_slide(path)
    cuts = [slide.tile(64 * i, 64 * i, classifier.card.input_size).rgb for i in range(8)]
    ready = classifier.colours.scaled(torch.from_numpy(np.stack(cuts)))
    slide.close()
    tried = {size: [bare(classifier, ready, size, 256) for _ in range(4)] for size in BATCHES}
    best = min(tried, key=lambda size: min(tried[size][1:]))
    rates: dict[str, list[float]] = {"bare": [], "map": [], "whole": []}
    for turn in range(rounds + 1):
        tiles, mapped, queries, seconds = one_scan(classifier, path)
        beside = tiles / bare(classifier, ready, best, tiles)
        if turn:  # the first round plans and allocates
            rates["bare"].append(beside)
            rates["map"].append(tiles / mapped)
            rates["whole"].append(queries / seconds)
    ratios = {
        name: [rate / beside for rate, beside in zip(rates[name], rates["bare"], strict=True)]
        for name in ("map", "whole")
    }
    return {
        "tiles": tiles,
        "queries": queries,
        "bare_batch": best,
        "scan_batch": classifier.serving.batch,
        "per_second": {name: round(median(each), 1) for name, each in rates.items()},
        "ratio": {name: round(median(each), 3) for name, each in ratios.items()},
        "ratios": {name: [round(each, 3) for each in values] for name, values in ratios.items()},
    }


def subjects(real: Path | None, folder: Path) -> Iterator[tuple[str, Classifier, Path]]:
    yield "demonstration", Classifier.open(DEMO_CHECKPOINT, "cpu"), painted(folder)
    if real is not None:
        published = Classifier.open(real / "ibm_max" / "deep_histopath_model.hdf5", "cpu")
        yield "published", published, real / "icpr12" / "A00_v2" / "A00_01.jpg"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--real", type=Path, metavar="FOLDER")
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--json", type=Path, metavar="OUT.json")
    told = words.parse_args()
    found: dict[str, object] = {"machine": platform.machine(), "threads": torch.get_num_threads()}
    with TemporaryDirectory() as folder:
        for name, classifier, path in subjects(told.real, Path(folder)):
            found[name] = measured(classifier, path, told.rounds)
            print(name, json.dumps(found[name]), flush=True)
    if told.json is not None:
        told.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

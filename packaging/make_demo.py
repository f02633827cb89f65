"""Paint the demonstration's tiles, train its classifier, and find out which tiles one pixel flips.

    python packaging/make_demo.py                   into resources/demo: minutes on two cores
    python packaging/make_demo.py --slide           only the slide, for the classifier that is there
    python packaging/make_demo.py --quick --out X   the same steps, tiny, in seconds; for the tests

The same machine and torch give the same bytes. Nothing is downloaded: all of it is painted.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import make_slide
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save
from torch import Tensor, nn

from onepixel_gui.attack.sweep import CORNERS
from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.tiles.tissue import KINDS, MITOSES, NORMALS, UM_PER_PIXEL, Kind, paint

OUT = Path(__file__).resolve().parent.parent / "resources" / "demo"
CHECKPOINT, CLAIMS = "mitosis_demo.safetensors", "demo.json"

# Seeds never meet: what is shipped and what is measured was not trained on.
TRAINING, MEASURING, SHIPPING = 0, 1_000_000, 2_000_000
# Trained to be this unsure, the network stays within reach of small changes, as real ones are.
DOUBT = 0.01
DOTS_PER_INCH = 25_400 / UM_PER_PIXEL


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything. tiles, measured: half of each class; pool: per kind."""

    tiles: int
    epochs: int
    measured: int
    pool: int
    rows: slice  # of the positions swept; all of them unless quick
    slide: make_slide.Extent


FULL = Scale(6000, epochs=8, measured=2000, pool=80, rows=slice(None), slide=make_slide.FULL)
QUICK = Scale(96, epochs=1, measured=20, pool=5, rows=slice(32, 33), slide=make_slide.QUICK)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("--out", type=Path, default=OUT)
    words.add_argument("--quick", action="store_true", help="tiny; says nothing about tissue")
    words.add_argument("--slide", action="store_true", help="only the slide")
    told = words.parse_args()
    settle()
    if told.slide:
        add_slide(told.out, (QUICK if told.quick else FULL).slide)
        return
    with ProcessPoolExecutor(2, get_context("spawn"), settle) as workers:
        make(told.out, QUICK if told.quick else FULL, workers)


def settle() -> None:
    """Same sums each time, on one thread; and keep freed memory, which doubles the speed here."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    with contextlib.suppress(OSError, AttributeError, TypeError):  # not glibc
        libc = ctypes.CDLL(None)
        for trim_or_map, size in ((-1, 512 << 20), (-3, 32 << 20)):
            libc.mallopt(trim_or_map, size)


def make(out: Path, scale: Scale, workers: ProcessPoolExecutor) -> None:
    """Every file of the demonstration, into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    tiles, answers = painted(workers, TRAINING, scale.tiles)
    print(f"painted {len(tiles)} tiles, {len(tiles) / (time.perf_counter() - started):.0f}/s")
    started = time.perf_counter()
    network = trained(tiles, answers, scale.epochs)
    seconds = time.perf_counter() - started
    facts = measured(workers, network, scale) | {
        "training_tiles": scale.tiles,
        "training_seeds": [TRAINING, TRAINING + scale.tiles // 2 - 1],
        "training_seconds": round(seconds, 1),
        "shipped_from_seed": SHIPPING,
        "torch": torch.__version__.split("+")[0],
    }
    print(f"trained in {seconds:.0f} s; {facts['accuracy']:.2%} of {facts['measured_tiles']} right")
    write_checkpoint(out / CHECKPOINT, network, facts)
    shipped, suspects = chosen(workers, network, out / CHECKPOINT, scale.pool)
    for tile in shipped:
        write_tile(out, tile)
    jobs = [(out / CHECKPOINT, tile, scale.rows) for tile in suspects]
    swept = []
    for line in workers.map(_swept, jobs):
        swept.append(line)
        print(line, flush=True)
    write_claims(out, facts, shipped, swept)
    add_slide(out, scale.slide)


def add_slide(out: Path, extent: make_slide.Extent) -> None:
    """Paint it, let the classifier in `out` look at it, and add to demo.json what came of it."""
    started = time.perf_counter()
    answers = partial(confidences, _loaded(out / CHECKPOINT))
    facts = make_slide.make(out / make_slide.FOLDER, extent, answers)
    claims = json.loads((out / CLAIMS).read_text(encoding="utf-8"))
    write_json(out / CLAIMS, claims | {"slide": facts})
    print(f"painted a slide in {time.perf_counter() - started:.0f} s", facts["scan"], flush=True)


# Painting.


def painted(workers: ProcessPoolExecutor, first: int, count: int) -> tuple[NDArray[np.uint8], Any]:
    """(count, 64, 64, 3) tiles, mitoses and normals by turns, and 1.0 or 0.0 for each."""
    jobs = [(kind, first + n // 2) for n, kind in enumerate(in_turn(count))]
    tiles = np.stack(list(workers.map(_paint, jobs, chunksize=20)))
    return tiles, torch.tensor([float(kind in MITOSES) for kind, _ in jobs])[:, None]


def in_turn(count: int) -> list[Kind]:
    """A mitosis, a normal, the next mitosis and so on."""
    return [(MITOSES, NORMALS)[n % 2][n // 2 % 5] for n in range(count)]


def _paint(job: tuple[Kind, int]) -> NDArray[np.uint8]:
    return paint(*job)


# Training.


def scaled(tiles: NDArray[np.uint8]) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) in -1..1, channels last in memory: faster here."""
    x = torch.from_numpy(np.ascontiguousarray(tiles)).permute(0, 3, 1, 2)
    return ((x.float() / 255 - 0.5) * 2).contiguous(memory_format=torch.channels_last)


def trained(tiles: NDArray[np.uint8], answers: Tensor, epochs: int, batch: int = 32) -> nn.Module:
    """The network after that many passes, each batch turned and mirrored at random."""
    torch.manual_seed(7)
    order = np.random.default_rng(7)
    network = CodaitMitosis()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(network.parameters(), weight_decay=1e-5)
    aims = answers * (1 - 2 * DOUBT) + DOUBT
    steps = epochs * (len(tiles) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, steps, pct_start=0.25)
    for epoch in range(epochs):
        total = 0.0
        shuffled = order.permutation(len(tiles))
        for start in range(0, len(tiles) - batch + 1, batch):
            taken = shuffled[start : start + batch]
            seen = np.rot90(tiles[taken], int(order.integers(4)), (1, 2))
            seen = seen[:, :: int(order.choice([1, -1]))]
            logits = network(scaled(seen))
            loss = nn.functional.binary_cross_entropy_with_logits(logits, aims[taken])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * batch
        print(f"  epoch {epoch + 1} of {epochs}: loss {total / len(tiles):.3f}", flush=True)
    return network.eval()


def confidences(network: nn.Module, tiles: NDArray[np.uint8], batch: int = 32) -> NDArray[Any]:
    """(N,) probability of mitosis."""
    with torch.inference_mode():
        parts = [
            torch.sigmoid(network(scaled(tiles[i : i + batch])))[:, 0]
            for i in range(0, len(tiles), batch)
        ]
    return torch.cat(parts).numpy()


def measured(workers: ProcessPoolExecutor, network: nn.Module, scale: Scale) -> dict[str, Any]:
    """How often it is right on tiles nobody trained on, in all and by kind."""
    tiles, answers = painted(workers, MEASURING, scale.measured)
    right = (confidences(network, tiles) > 0.5) == (answers[:, 0].numpy() > 0.5)
    kinds = in_turn(scale.measured)
    return {
        "accuracy": round(float(right.mean()), 4),
        "accuracy_by_kind": {
            kind: round(float(right[[other == kind for other in kinds]].mean()), 4)
            for kind in KINDS
        },
        "measured_tiles": len(tiles),
        "measured_seeds": [MEASURING, MEASURING + scale.measured // 2 - 1],
    }


# Choosing.


@dataclass(frozen=True, slots=True)
class Shipped:
    """One tile of the demonstration; its seed is SHIPPING + number."""

    kind: Kind
    number: int
    confidence: float

    @property
    def label(self) -> str:
        return "mitosis" if self.kind in MITOSES else "normal"

    @property
    def file(self) -> str:
        return f"{self.label}/{self.kind}_{self.number:02d}.png"

    @property
    def right(self) -> bool:
        return (self.confidence > 0.5) == (self.label == "mitosis")

    @property
    def margin(self) -> float:
        """How far the logit is from the threshold."""
        p = min(max(self.confidence, 1e-7), 1 - 1e-7)
        return abs(float(np.log(p / (1 - p))))

    @property
    def rgb(self) -> NDArray[np.uint8]:
        return paint(self.kind, SHIPPING + self.number)


def chosen(
    workers: ProcessPoolExecutor, network: nn.Module, checkpoint: Path, pool: int
) -> tuple[list[Shipped], list[Shipped]]:
    """Five tiles of each kind to ship, and those among them to sweep.

    Three as they come. Then two that are right, preferring those that a coarse look says one pixel
    can flip, and of these the surest. Swept are the first such of each kind, and a few sure ones.
    """
    shipped: list[Shipped] = []
    swept: list[Shipped] = []
    for kind in KINDS:
        jobs = [(kind, SHIPPING + n) for n in range(pool)]
        tiles = np.stack(list(workers.map(_paint, jobs, chunksize=10)))
        found = [
            Shipped(kind, n, round(float(p), 6)) for n, p in enumerate(confidences(network, tiles))
        ]
        near = sorted((t for t in found[3:] if t.margin > 0.7 and t.right), key=lambda t: t.margin)
        looks = list(workers.map(_coarse_look, [(checkpoint, tile) for tile in near[:10]]))
        flipping = [tile for tile, flips in zip(near, looks, strict=False) if flips]
        holding = [tile for tile in near if tile not in flipping]
        picked = (flipping[::-1] + holding)[:2]
        shipped += found[:3] + picked
        swept += picked[:1] if kind not in ("interphase", "stroma") else []
        if kind in ("metaphase", "anaphase", "lymphocyte"):
            swept += [tile for tile in found[:3] if tile.right][:1]
    return shipped, swept


def _loaded(checkpoint: Path) -> nn.Module:
    network = CodaitMitosis()
    network.load_state_dict(load_file(checkpoint), strict=False)
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _coarse_look(job: tuple[Path, Shipped]) -> bool:
    """Does yellow, white or black flip it at one of 256 places around the centre?"""
    checkpoint, tile = job
    network, clean = _loaded(checkpoint), tile.rgb
    changed = np.repeat(clean[None], 768, axis=0)
    place, colour = np.divmod(np.arange(768), 3)
    changed[np.arange(768), 16 + 2 * (place // 16), 16 + 2 * (place % 16)] = CORNERS[[6, 7, 0]][
        colour
    ]
    return bool(((confidences(network, changed) > 0.5) != (tile.confidence > 0.5)).any())


def _swept(job: tuple[Path, Shipped, slice]) -> dict[str, Any]:
    """Every position with every corner of the RGB cube: what moves the answer furthest."""
    checkpoint, tile, rows = job
    network, clean = _loaded(checkpoint), tile.rgb
    sign = -1 if tile.confidence > 0.5 else 1
    best, at = -np.inf, (0, 0, 0)
    for row in range(64)[rows]:
        changed = np.repeat(clean[None], 64 * len(CORNERS), axis=0)
        columns, colours = np.divmod(np.arange(len(changed)), len(CORNERS))
        changed[np.arange(len(changed)), row, columns] = CORNERS[colours]
        moved = sign * confidences(network, changed)
        if moved.max() > best:
            worst = int(moved.argmax())
            best, at = float(moved[worst]), (row, int(columns[worst]), int(colours[worst]))
    row, column, colour = at
    final = clean.copy()
    final[row, column] = CORNERS[colour]
    extreme = float(confidences(network, final[None])[0])  # confirmed on its own
    return {
        "file": tile.file,
        "label": tile.label,
        "confidence": tile.confidence,
        "flipped": (extreme > 0.5) != (tile.confidence > 0.5),
        "extreme_confidence": round(extreme, 6),
        "row": row,
        "column": column,
        "rgb": CORNERS[colour].tolist(),
    }


# Writing.


def write_checkpoint(path: Path, network: nn.Module, facts: dict[str, Any]) -> None:
    first, last = facts["training_seeds"]
    card = {
        "name": "Demonstration mitosis classifier",
        "classes": ["normal", "mitosis"],
        "subject": "mitosis",
        "input": [64, 64],
        "scaling": "minus-one-to-one",
        "threshold": 0.5,
        "trained_on": f"painted tissue, seeds {first}-{last}",
        "accuracy": facts["accuracy"],
        "accuracy_on": f"{facts['measured_tiles']} unseen painted tiles",
        "use": "research use only",
    }
    weights = {
        name: value.detach().float().contiguous()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {"architecture": "codait_mitosis", "card": json.dumps(card, sort_keys=True)}
    path.write_bytes(save(weights, metadata))


def write_tile(out: Path, tile: Shipped) -> None:
    """A PNG that also says 0.25 um per pixel."""
    path = out / tile.file
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(tile.rgb).save(path, dpi=(DOTS_PER_INCH, DOTS_PER_INCH), optimize=True)


def write_claims(
    out: Path, facts: dict[str, Any], shipped: Iterable[Shipped], swept: Sequence[dict[str, Any]]
) -> None:
    checkpoint = (out / CHECKPOINT).read_bytes()
    told = {
        "about": "Painted tissue; research use only. Confidence is the probability of mitosis.",
        "pixels": "row and column are zero-based from the top left; 0.25 um per pixel",
        "palette": CORNERS.tolist(),
        "checkpoint": {"file": CHECKPOINT, "sha256": hashlib.sha256(checkpoint).hexdigest()},
        "training": facts,
        "tiles": [
            {"file": tile.file, "label": tile.label, "confidence": tile.confidence}
            for tile in shipped
        ],
        "swept": list(swept),
    }
    write_json(out / CLAIMS, told)


def write_json(path: Path, told: dict[str, Any]) -> None:
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

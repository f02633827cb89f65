"""How much of the bare network's speed a search and a sweep keep.

    python -m tests.bench.throughput [--json OUT.json] [--rounds 9] [--seconds 1.5]

All in one process and by turns: bare network, search, bare network, sweep, and again.  Bare means
the network as loaded, eager, on a ready batch of the same tile, at its best batch size.  A ratio
is the median over the rounds of each run against the bare run just before it.  Run it on a quiet
machine: the load average is among the facts that are printed.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn

from onepixel_gui.attack.probe import Advanced, Painted, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.classifier.architectures import CodaitMitosis, torchvision_models
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.tiles.files import read
from onepixel_gui.tiles.tile import Tile

BATCHES = (8, 16, 32, 64, 128, 256)
GENERATIONS = 100_000  # more than anybody waits for: the clock ends a run


@dataclass(frozen=True)
class Effort:
    """rounds: of each kind of run.  seconds: each run lasts.  batches: tried for the bare one."""

    rounds: int
    seconds: float
    batches: tuple[int, ...]


def networks() -> Iterator[tuple[str, nn.Module, tuple[str, ...], str]]:
    """(name, network, classes, scaling); weights are random, which costs the same time."""
    torch.manual_seed(0)
    yield "ibm", CodaitMitosis().eval(), ("normal", "mitosis"), "minus-one-to-one"
    resnet = torchvision_models().resnet50(weights=None, num_classes=2)
    yield "resnet50", resnet.eval(), ("normal", "mitosis"), "imagenet"


def a_tile() -> Tile:
    """The mitosis sample of the IBM service where it is at hand, otherwise noise."""
    real = Path(__file__).parents[2].parent / "shared" / "data" / "ibm_max" / "true.png"
    if real.is_file():
        return read(real)
    return Tile("noise", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


def measured(classifier: Classifier, tile: Tile, effort: Effort) -> dict[str, object]:
    """Evaluations per second: bare, searching, sweeping; and the two ratios."""
    probe = classifier.probe(tile)
    ready = classifier.scaled(torch.from_numpy(tile.rgb.copy())[None])
    batch = max(effort.batches, key=lambda size: bare(classifier, ready, size, effort.seconds / 4))
    settings = Settings(generations=GENERATIONS, to_the_end=True)
    runs: dict[str, Callable[[], float]] = {
        "search": lambda: told(search(probe, settings), effort.seconds),
        "sweep": lambda: told(sweep(probe), effort.seconds),
    }
    for run in runs.values():
        run()  # the first time plans and allocates
    rates: dict[str, list[float]] = {"bare": [], "search": [], "sweep": []}
    ratios: dict[str, list[float]] = {"search": [], "sweep": []}
    for _ in range(effort.rounds):
        for name, run in runs.items():
            beside = bare(classifier, ready, batch, effort.seconds)
            rate = run()
            rates["bare"].append(beside)
            rates[name].append(rate)
            ratios[name].append(rate / beside)
    return {
        "bare_batch": batch,
        "probe_batch": classifier.serving.batch,
        "chunk": probe.chunk,
        "per_second": {name: round(median(each), 1) for name, each in rates.items()},
        "ratio": {name: round(median(each), 3) for name, each in ratios.items()},
        "ratios": {name: [round(value, 3) for value in each] for name, each in ratios.items()},
    }


def bare(classifier: Classifier, ready: torch.Tensor, size: int, seconds: float) -> float:
    """Tiles per second through the network as it was loaded."""
    tiles = ready.repeat(size, 1, 1, 1)
    with torch.inference_mode():
        classifier.ordinary(tiles)
        done, started = 0, time.perf_counter()
        while (spent := time.perf_counter() - started) < seconds or not done:
            classifier.ordinary(tiles).sum().item()
            done += size
    return done / spent


def told(events, seconds: float) -> float:
    """Evaluations per second of a run that is stopped after some time."""
    started, done, spent = time.perf_counter(), 0, 0.0
    with closing(events):
        for event in events:
            spent = time.perf_counter() - started
            match event:
                case Advanced():
                    done = event.queries
                case Painted():
                    done = event.done
            if done and spent > seconds:
                break
    return done / spent


def machine(device: str) -> dict[str, object]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": device,
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", ""),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def measure(effort: Effort, device: str) -> dict[str, object]:
    tile, found = a_tile(), {}
    for name, network, classes, scaling in networks():
        card = Card(name, "", "", name, 0, classes, classes[-1], (64, 64), scaling)
        found[name] = measured(Classifier(card, network, device), tile, effort)
    return {"machine": machine(device), "effort": vars(effort), "networks": found}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--json", type=Path)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--seconds", type=float, default=1.5)
    words.add_argument("--device", default="cpu")
    asked = words.parse_args()
    result = measure(Effort(asked.rounds, asked.seconds, BATCHES), asked.device)
    text = json.dumps(result, indent=2)
    print(text)
    if asked.json is not None:
        asked.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

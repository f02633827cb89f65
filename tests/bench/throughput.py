"""How much of the bare network's speed a search and a sweep keep.

    python -m tests.bench.throughput [--json OUT.json] [--rounds 9] [--seconds 2]

All in one process.  In each round a search runs by turns of a fifth of a second with the bare
network, then a sweep does, so that a machine that other programs slow down slows both alike; a
ratio is the median over the rounds.  Bare means the network as loaded, eager, on a ready batch of
the same tile, at the batch size that is best for it.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn

from onepixel_gui.attack.probe import Advanced, Event, Painted, Settings
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.classifier.architectures import CodaitMitosis, torchvision_models
from onepixel_gui.classifier.card import Card
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.tiles.files import read
from onepixel_gui.tiles.tile import Tile

BATCHES = (8, 16, 32, 64, 128, 256)
SLICE = 0.2  # seconds that search or sweep and the bare network take turns
GENERATIONS = 100_000  # more than anybody waits for: the clock ends a run


@dataclass(frozen=True)
class Effort:
    """rounds, and seconds of search or sweep in each; batches to try with the bare network."""

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
    ready = classifier.colours.scaled(torch.from_numpy(tile.rgb.copy())[None])
    batch = best_batch(classifier, ready, effort)
    settings = Settings(generations=GENERATIONS, to_the_end=True)
    runs: dict[str, Callable[[], Generator[Event]]] = {
        "search": lambda: search(probe, settings),
        "sweep": lambda: sweep(probe),
    }
    rates: dict[str, list[float]] = {"bare": [], "search": [], "sweep": []}
    ratios: dict[str, list[float]] = {"search": [], "sweep": []}
    for turn in range(effort.rounds + 1):
        for name, start in runs.items():
            rate, beside = by_turns(start(), bare(classifier, ready, batch), effort.seconds)
            if turn:  # the first round plans and allocates
                rates["bare"].append(beside)
                rates[name].append(rate)
                ratios[name].append(rate / beside)
    return {
        "bare_batch": batch,
        "probe_batch": classifier.serving.batch,
        "chunk": probe.chunk,
        "layout": str(classifier.layout).removeprefix("torch."),
        "per_second": {name: round(median(each), 1) for name, each in rates.items()},
        "ratio": {name: round(median(each), 3) for name, each in ratios.items()},
        "ratios": {name: [round(value, 3) for value in each] for name, each in ratios.items()},
    }


def best_batch(classifier: Classifier, ready: torch.Tensor, effort: Effort) -> int:
    """The batch size at which the bare network is quickest, by the median over the rounds."""
    tried: dict[int, list[float]] = {size: [] for size in effort.batches}
    for _ in range(effort.rounds):
        for size, rates in tried.items():
            rates.append(rate([next(timed(bare(classifier, ready, size), SLICE / 2))]))
    return max(tried, key=lambda size: median(tried[size]))


def bare(classifier: Classifier, ready: torch.Tensor, size: int) -> Iterator[int]:
    """Tiles done so far by the network as it was loaded, one batch after the other."""
    tiles = ready.repeat(size, 1, 1, 1)
    with torch.inference_mode():
        classifier.ordinary(tiles)
    for turn in count(1):
        with torch.inference_mode():
            classifier.ordinary(tiles).sum().item()
        yield turn * size


def evaluations(events: Iterable[Event]) -> Iterator[int]:
    """Evaluations done so far, at each event of a run that says so."""
    for event in events:
        match event:
            case Advanced():
                yield event.queries
            case Painted():
                yield event.done


def timed(work: Iterator[int], seconds: float) -> Iterator[tuple[int, float]]:
    """(done, seconds) of slices of at least that long; what happens between them is not counted."""
    before, started = 0, time.perf_counter()
    for done in work:
        spent = time.perf_counter() - started
        if spent >= seconds and done > before:
            yield done - before, spent
            before, started = done, time.perf_counter()


def by_turns(
    events: Generator[Event], beside: Iterator[int], seconds: float
) -> tuple[float, float]:
    """Per second: a run, and the bare network in the pauses of it."""
    edge = min(SLICE, seconds)
    with closing(events):
        run = islice(timed(evaluations(events), edge), max(1, round(seconds / edge)))
        pairs = list(zip(run, timed(beside, edge), strict=False))
    ours, theirs = zip(*pairs, strict=True)
    return rate(ours), rate(theirs)


def rate(slices: Iterable[tuple[int, float]]) -> float:
    done, spent = zip(*slices, strict=True)
    return sum(done) / sum(spent)


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
    words.add_argument("--seconds", type=float, default=2.0)
    words.add_argument("--device", default="cpu")
    asked = words.parse_args()
    result = measure(Effort(asked.rounds, asked.seconds, BATCHES), asked.device)
    text = json.dumps(result, indent=2)
    print(text)
    if asked.json is not None:
        asked.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Evaluations per second: the strongest dense engines, and ours dense, incremental, previewing."""

from collections.abc import Callable
from functools import partial
from itertools import cycle
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Candidates
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.probe import TileProbe
from onepixel_gui.tiles.tile import Tile, Window
from tests.bench.engines import Engine, Floats, eager, engines
from tests.bench.rounds import Plan, Work, best_batch, contest, over, summary
from tests.bench.subjects import SEED, subject

_CHUNKS = 8  # of candidates, asked in turn


def speed(name: str, plan: Plan) -> dict[str, Any]:
    """One network: rates and ratios to bare eager dense, each with all its rounds."""
    one = subject(name)
    started = perf_counter()
    classifier = Classifier(one.card, one.network, "cpu")
    loading = perf_counter() - started
    ready = scaled(classifier, one.tile)
    clock, works, batches = plan.clock(), {}, {}
    for engine, prepared in engines(classifier.ordinary, one.edge).items():
        at = partial(repeated, prepared, ready)
        batches[engine] = best_batch(at, plan.batches, plan.tuning())
        works[engine] = at(batches[engine])
    ours, chunks = our_works(classifier, one.tile)
    rates = contest(works | ours, plan.rounds, clock)
    ratios = over(rates, "eager")
    best = max(works, key=lambda engine: median(rates[engine]))
    best_ratios = over(rates, best)
    return {
        "title": one.title,
        "weights": one.weights,
        "loading_seconds": round(loading, 2),
        "batches": batches | chunks,
        "disturbed_slices": clock.disturbed,
        "arithmetic": arithmetic(classifier),
        "shortcut": classifier.serving.shortcut,
        "largest_difference": differences(classifier, one.tile),
        "per_second": {engine: summary(each) for engine, each in rates.items()},
        "over_eager": {engine: summary(each) for engine, each in ratios.items()},
        "best_dense": best,
        "over_best_dense": {engine: summary(best_ratios[engine]) for engine in ours},
        "dense_over_channels_last": summary(over(rates, "channels-last")["our dense"]),
    }


def centre(tile: Tile, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3): what the classifier sees."""
    window = tile.centre(*size)
    bottom, right = window.row + size[0], window.column + size[1]
    return np.array(tile.rgb[window.row : bottom, window.column : right])


def scaled(classifier: Classifier, tile: Tile) -> Floats:
    """(1, 3, H, W): what the network gets."""
    seen = torch.from_numpy(centre(tile, classifier.card.input_size)[None])
    return classifier.colours.scaled(seen).numpy()


def repeated(prepared: Engine, ready: Floats, size: int) -> Work:
    """An engine on a ready batch of that size."""
    ask = prepared(np.repeat(ready, size, axis=0))
    return lambda: len(ask())


def eager_work(classifier: Classifier, tile: Tile, plan: Plan) -> tuple[Work, int]:
    """Bare eager dense, what everything is compared with, at its best batch size."""
    at = partial(repeated, eager(classifier.ordinary), scaled(classifier, tile))
    batch = best_batch(at, plan.batches, plan.tuning())
    return at(batch), batch


PATHS = {"our dense": True, "our incremental": False}


def probes(classifier: Classifier, tile: Tile) -> dict[str, TileProbe]:
    """Ours, dense and incremental."""
    return {path: classifier.probe(tile, dense=dense) for path, dense in PATHS.items()}


def our_works(classifier: Classifier, tile: Tile) -> tuple[dict[str, Work], dict[str, int]]:
    """(what to time, candidates at once) of each of our paths."""
    ours = probes(classifier, tile)
    works = {
        name: _asking(probe, probe.question.window, probe.chunk) for name, probe in ours.items()
    }
    chunks = {name: probe.chunk for name, probe in ours.items()}
    probe = ours["our incremental"]
    if probe.preview_chunk:
        chunks["our preview"] = probe.preview_chunk
        works["our preview"] = _asking(probe.preview, probe.question.window, probe.preview_chunk)
    return works, chunks


def _asking(ask: Callable[[Candidates], object], window: Window, chunk: int) -> Work:
    turn = cycle(np.split(candidates(window, chunk * _CHUNKS), _CHUNKS))

    def work() -> int:
        ask(next(turn))
        return chunk

    return work


def candidates(window: Window, count: int, pixels: int = 1) -> Candidates:
    """(count, pixels, 5) seeded positions and colours, uniform."""
    low = [window.row, window.column, 0, 0, 0]
    high = [window.row + window.height, window.column + window.width, 256, 256, 256]
    rng = np.random.default_rng(SEED)
    return rng.integers(low, high, (count, pixels, 5)).astype(np.int16)


def arithmetic(classifier: Classifier) -> dict[str, Any]:
    """Multiply-adds of one candidate, by the graph."""
    told = classifier.arithmetic
    if told is None:
        return {}
    return {"dense": told.dense, "windowed": told.windowed, "bound": round(told.bound, 3)}


def differences(classifier: Classifier, tile: Tile) -> dict[str, float]:
    """Largest difference in logit between each of our paths and an ordinary forward pass."""
    ours = probes(classifier, tile)
    first = ours["our dense"]
    asked = candidates(first.question.window, 16)
    true = first.confirm(asked).logits
    return {name: float(np.abs(probe(asked).logits - true).max()) for name, probe in ours.items()}

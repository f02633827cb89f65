"""Searches of ours beside those of others, and what a whole map and a guided search take."""

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from onepixel_gui.attack.guided import guided
from onepixel_gui.attack.probe import (
    Advanced,
    Ended,
    Event,
    Guidance,
    Painted,
    Probe,
    Settings,
    Swept,
)
from onepixel_gui.attack.search import search
from onepixel_gui.attack.sweep import sweep
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.tiles.files import read
from onepixel_gui.tiles.tile import Tile
from tests.bench.engines import Engine, engines
from tests.bench.peers import POPULATION, Hunt, Hunter, Scene, peers
from tests.bench.rounds import Clock, Plan, Work, best_batch, summary
from tests.bench.speed import eager_work, repeated, scaled
from tests.bench.subjects import DATA, Subject, subject

_ENDS = 3  # seeds of the searches that go on to the optimum


# -- black-box ----------------------------------------------------------------------------------


def searches(name: str, plan: Plan) -> dict[str, Any]:
    """Time and evaluations to the first flip, and to the exhaustive optimum, of each search."""
    one = subject(name)
    classifier, clock = Classifier(one.card, one.network, "cpu"), plan.clock()
    scene = Scene(classifier, one.tile, clock)
    optimum = _optimum(_last(sweep(classifier.probe(one.tile))), scene.downward)
    bare, batch = eager_work(classifier, one.tile, plan)
    hunters = {"our search": our_search(classifier, one.tile, scene)}
    hunters |= peers(scene, batch, *_on_onnx(one, classifier, plan))
    rounds: dict[str, list[Hunt]] = {name: [] for name in hunters}
    rates: list[float] = []
    for seed in range(plan.seeds):
        rates.append(clock.rate(bare))
        for name, hunter in hunters.items():
            rounds[name].append(hunter(seed, plan.budget, None))
    ends = {name: _to_the_end(hunters[name], plan, optimum) for name in hunters if _goes_on(name)}
    return {
        "title": one.title,
        "tile": one.tile.name,
        "optimum_logit": optimum,
        "eager_per_second": summary(rates),
        "black_box": {name: _told(each, rates) for name, each in rounds.items()},
        "black_box_to_the_optimum": ends,
        "white_box": _guided_rounds(classifier, one.tile, plan, optimum),
    }


def our_search(classifier: Classifier, tile: Tile, scene: Scene) -> Hunter:
    """Differential evolution; making the probe counts."""

    def hunt(seed: int, budget: int, goal: float | None) -> Hunt:
        started = scene.clock.now()
        settings = Settings(
            POPULATION, budget // POPULATION, seed=seed, to_the_end=goal is not None
        )
        last, reached = _followed(search(classifier.probe(tile), settings), scene, goal)
        seconds = scene.clock.now() - started
        flipped, seen = (last.flipped, last.first_flip) if isinstance(last, Ended) else (True, None)
        return Hunt(last.queries, seconds, flipped, seen, reached if goal is not None else None)

    return hunt


def _followed(
    events: Generator[Event], scene: Scene, goal: float | None
) -> tuple[Advanced | Ended, bool]:
    """The last event, and whether the best became as good as `goal`; the run ends there."""
    last: Advanced | Ended | None = None
    for event in events:
        if isinstance(event, Advanced | Ended):
            last = event
            if goal is not None and scene.better(logit(event.confidence), goal):
                events.close()
                return event, True
    assert last is not None
    return last, False


def logit(confidence: float) -> float:
    tiny = float(np.finfo(np.float32).tiny)
    return float(np.log(max(confidence, tiny)) - np.log(max(1.0 - confidence, tiny)))


def _goes_on(name: str) -> bool:
    """Both libraries stop at their first flip, and nothing tells them not to."""
    return name.startswith(("our", "SciPy"))


def _to_the_end(hunter: Hunter, plan: Plan, optimum: float) -> dict[str, Any]:
    hunts = [hunter(seed, plan.budget, optimum) for seed in range(min(_ENDS, plan.seeds))]
    return {
        "reached": [hunt.reached for hunt in hunts],
        "seconds": summary([hunt.seconds for hunt in hunts]),
        "evaluations": summary([hunt.evaluations for hunt in hunts]),
    }


def _told(hunts: Sequence[Hunt], rates: Sequence[float]) -> dict[str, Any]:
    speeds = [hunt.evaluations / hunt.seconds for hunt in hunts]
    seen = [hunt.seen for hunt in hunts]
    return {
        "flipped": sum(hunt.flipped for hunt in hunts),
        "seen": seen,
        "of": len(hunts),
        "seconds": summary([hunt.seconds for hunt in hunts]),
        "evaluations": summary([hunt.evaluations for hunt in hunts]),
        "per_second": summary(speeds),
        "over_eager": summary([one / bare for one, bare in zip(speeds, rates, strict=True)]),
    }


def _on_onnx(one: Subject, classifier: Classifier, plan: Plan) -> tuple[Engine | None, int]:
    """ONNX Runtime at its best batch, where it is installed."""
    engine = engines(classifier.ordinary, one.edge).get("onnxruntime")
    if engine is None:
        return None, 1
    at = partial(repeated, engine, scaled(classifier, one.tile))
    return engine, best_batch(at, plan.batches, plan.tuning())


# -- white-box ----------------------------------------------------------------------------------


def _guided_rounds(
    classifier: Classifier, tile: Tile, plan: Plan, optimum: float
) -> dict[str, Any]:
    """To the first flip, and to the optimum; never in one table with the black-box searches."""
    if not _with_preview(classifier, tile):
        return {}
    clock = plan.clock()
    scene = Scene(classifier, tile, clock)
    first, ends = [], []
    for _ in range(plan.seeds):
        for goal, found in ((None, first), (optimum, ends)):
            started = clock.now()
            events = guided(classifier.probe(tile), Guidance(to_the_end=goal is not None))
            last, reached = _followed(events, scene, goal)
            found.append((clock.now() - started, last, reached))
    return {
        "flipped": bool(getattr(first[0][1], "flipped", False)),
        "evaluations": first[0][1].queries,
        "previews": first[0][1].previews,
        "seconds": summary([seconds for seconds, _, _ in first]),
        "optimum_reached": ends[0][2],
        "optimum_evaluations": ends[0][1].queries,
        "optimum_seconds": summary([seconds for seconds, _, _ in ends]),
    }


def _with_preview(classifier: Classifier, tile: Tile) -> bool:
    return classifier.probe(tile).preview_chunk > 0


# -- a whole map --------------------------------------------------------------------------------


def whole_map(name: str, plan: Plan) -> dict[str, Any]:
    """Sweep, preview and guided search as shares of the time of a bare eager dense sweep."""
    one = subject(name)
    classifier = Classifier(one.card, one.network, "cpu")
    return {tile.name: _mapped(classifier, tile, plan) for tile in _samples(one)}


def _samples(one: Subject) -> list[Tile]:
    """Both samples of the IBM service where they are at hand."""
    other = DATA / "ibm_max" / "false.png"
    return [one.tile, read(other)] if one.name == "ibm" and other.is_file() else [one.tile]


def _mapped(classifier: Classifier, tile: Tile, plan: Plan) -> dict[str, Any]:
    bare, _ = eager_work(classifier, tile, plan)
    shares: dict[str, list[float]] = {"map": [], "preview": [], "guided": []}
    seconds: dict[str, list[float]] = {"map": [], "preview": [], "guided": [], "dense": []}
    reached: list[bool] = []
    preview = _with_preview(classifier, tile)
    for _ in range(max(1, plan.seeds - 2)):
        turns = Turns(bare, plan)
        spent = turns.sweep(classifier.probe(tile))
        optimum = _optimum(turns.swept, classifier.probe(tile).question.downward)
        if preview:
            scene = Scene(classifier, tile, turns.clock)
            spent["guided"], found = turns.guided(scene, tile, optimum)
            reached.append(found)
        dense = turns.swept.queries / median(turns.rates)
        seconds["dense"].append(dense)
        for what, took in spent.items():
            seconds[what].append(took)
            shares[what].append(took / dense)
    return {
        "candidates": turns.swept.queries,
        "guided_reached_optimum": reached,
        "seconds": {what: summary(each) for what, each in seconds.items() if each},
        "share_of_dense": {what: summary(each) for what, each in shares.items() if each},
    }


class Turns:
    """A run by turns with the bare network, so that a slow machine slows both."""

    def __init__(self, bare: Work, plan: Plan) -> None:
        self._bare, self._edge = bare, plan.seconds
        self.clock = Clock(plan.seconds / 2, processor=plan.threads == 1)
        self.rates = [self.clock.rate(bare)]
        self.swept: Swept

    def _timed(self, events: Generator[Event]) -> Iterator[tuple[Event, float]]:
        """Each event, and the seconds that the run itself had taken until then."""
        spent = since = 0.0
        while True:
            started = self.clock.now()
            event = next(events, None)
            spent += self.clock.now() - started
            if event is None:
                return
            yield event, spent
            if spent - since > self._edge:
                self.rates.append(self.clock.rate(self._bare))
                since = spent

    def sweep(self, probe: Probe) -> dict[str, float]:
        """Seconds of the whole map, and of its preview where there is one."""
        spent: dict[str, float] = {}
        for event, seconds in self._timed(sweep(probe)):
            if isinstance(event, Painted) and event.done == 0:
                spent["preview"] = seconds
            elif isinstance(event, Swept):
                self.swept, spent["map"] = event, seconds
        return spent

    def guided(self, scene: Scene, tile: Tile, optimum: float) -> tuple[float, bool]:
        """Seconds until the best is as good as the optimum, or until the end; whether it is."""
        started = self.clock.now()
        events = guided(scene.classifier.probe(tile), Guidance(to_the_end=True))
        making = self.clock.now() - started
        for event, seconds in self._timed(events):
            if isinstance(event, Advanced | Ended):
                spent = making + seconds
                if scene.better(logit(event.confidence), optimum):
                    return spent, True
        return spent, False


def _last(events: Generator[Event]) -> Swept:
    *_, swept = events
    assert isinstance(swept, Swept)
    return swept


def _optimum(swept: Swept, downward: bool) -> float:
    return float(swept.logits.min() if downward else swept.logits.max())


# -- many tiles ---------------------------------------------------------------------------------


def many_tiles(name: str, count: int, plan: Plan) -> dict[str, Any]:  # noqa: ARG001 -- as the rest
    """How often a guided search finds the exhaustive optimum, and by how much it falls short."""
    one = subject(name)
    classifier = Classifier(one.card, one.network, "cpu")
    short = {}
    for file in _spread([*DATA.glob("tupac_prlab/*/*"), *DATA.glob("amibr128/*/*")], count):
        tile = read(file)
        probe = classifier.probe(tile)
        optimum = _optimum(_last(sweep(probe)), probe.question.downward)
        *_, ended = guided(classifier.probe(tile), Guidance(to_the_end=True))
        assert isinstance(ended, Ended)
        gap = logit(ended.confidence) - optimum
        short[f"{file.parent.name}/{file.name}"] = gap if probe.question.downward else -gap
    found = sum(gap <= 1e-3 for gap in short.values())
    missed = {tile: round(gap, 4) for tile, gap in short.items() if gap > 1e-3}
    return {"tiles": len(short), "found": found, "shortfall_in_logit": missed}


def _spread(files: Sequence[Any], count: int) -> list[Any]:
    """`count` of the files, evenly spaced in the order of their names."""
    ordered = sorted(file for file in files if file.suffix in (".jpg", ".jpeg", ".png"))
    return [ordered[index] for index in np.linspace(0, len(ordered) - 1, count).astype(int)]

"""A study and an engine of campaigns of a few lines, for the tests of the campaign view."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from threading import Event as Gate
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from onepixel_gui.problems import Problem, UnreadableTile
from onepixel_gui.qt.campaign.ledger import Ledger
from onepixel_gui.qt.campaign.runner import Engine
from onepixel_gui.study.counting import Ran
from onepixel_gui.study.plan import (
    Advance,
    CampaignBegan,
    CampaignEnded,
    Estimate,
    Flipping,
    Plan,
    RunKept,
    TileRefused,
    plan_values,
)
from onepixel_gui.study.store import Campaigned, Rows
from onepixel_gui.tiles.datasets import Dataset

_LONGEST = 20  # seconds that a closed gate holds a worker
UNREADABLE = UnreadableTile("It is no picture.", "Choose another.")


def kept(
    task: int, *, flipped: bool | None = None, run: int | None = None, **other: Any
) -> RunKept:
    """The run of a tile; every third flips."""
    flips = task % 3 == 0 if flipped is None else flipped
    mitosis = task % 2 == 1
    answer, goal = ("mitosis", "normal") if mitosis else ("normal", "mitosis")
    clean = 0.51 + (task * 37 % 100) / 205
    told: dict[str, Any] = {
        "run": task if run is None else run,
        "task": task,
        "name": f"tile_{task}.png",
        "label": answer if task % 5 else goal,
        "case": f"p{task % 4}",
        "model": 0,
        "attack": 0,
        "seed": 0,
        "answer": answer,
        "after": goal if flips else answer,
        "flipped": flips,
        "clean": clean if mitosis else 1 - clean,
        "confidence": (0.2 if mitosis else 0.8) if flips else (clean if mitosis else 1 - clean),
        "queries": 400 * (1 + task * 13 % 100),
        "seconds": 0.1,
    }
    return RunKept(**(told | other))


def refused(task: int, problem: Problem = UNREADABLE) -> TileRefused:
    return TileRefused(task, f"tile_{task}.png", problem)


def ledger(
    tiles: int, done: int | None = None, *, unusable: Sequence[int] = (), total: int | None = None
) -> Ledger:
    """Of a campaign over that many tiles, of which the first were done."""
    made = Ledger([f"tile_{task}.png" for task in range(tiles)], total or tiles, ("net",), ("a",))
    tasks = range(tiles if done is None else done)
    made.add([refused(task) if task in unusable else kept(task) for task in tasks])
    return made


def large_ledger(runs: int) -> Ledger:
    """Made as a whole, as one of 100,000 runs is read."""
    made = Ledger([f"tile_{task}.png" for task in range(runs)], runs)
    rng = np.random.default_rng(0)
    columns = {
        "task": np.arange(runs),
        "run": np.arange(runs),
        "label": rng.integers(0, 2, runs),
        "case": rng.integers(0, 40, runs),
        "answer": rng.integers(0, 2, runs),
        "after": rng.integers(0, 2, runs),
        "clean": rng.random(runs),
        "confidence": rng.random(runs),
        "queries": rng.integers(1, 40_000, runs),
        "result": (rng.random(runs) > 0.2).astype(np.int8),
        "classifier": np.zeros(runs, int),
        "attack": np.zeros(runs, int),
    }
    classes = ["normal", "mitosis"]
    words: dict[str, Sequence[str]] = dict.fromkeys(("label", "answer", "after"), classes)
    words |= {"case": [f"case {n}" for n in range(40)], "classifier": ["net"], "attack": ["a"]}
    made.take(columns, words)
    return made


@dataclass
class StandInStudy:
    """Keeps what an engine below tells it."""

    writable: bool = True
    plans: list[dict[str, Any]] = field(default_factory=list)
    names: list[tuple[str, ...]] = field(default_factory=list)
    told: list[list[RunKept | TileRefused]] = field(default_factory=list)
    broken: Problem | None = None

    def begin(self, plan: Plan, names: Sequence[str]) -> int:
        values = plan_values(plan)
        if values in self.plans:
            return self.plans.index(values)
        self.plans.append(values)
        self.names.append(tuple(names))
        self.told.append([])
        return len(self.plans) - 1

    def campaigns(self) -> tuple[Campaigned, ...]:
        if self.broken is not None:
            raise self.broken
        return tuple(map(self._campaigned, range(len(self.plans))))

    def _campaigned(self, number: int) -> Campaigned:
        told = self.told[number]
        flips = sum(isinstance(event, RunKept) and event.flipped for event in told)
        refusals = sum(isinstance(event, TileRefused) for event in told)
        return Campaigned(
            number,
            self.plans[number],
            "2026-11-21T14:03:00",
            len(self.names[number]),
            len(told),
            flips,
            refusals,
        )

    def tasks(self, campaign: int) -> tuple[str, ...]:
        return self.names[campaign]

    def ran(self, campaign: int) -> tuple[Ran, ...]:
        told = (event for event in self.told[campaign] if isinstance(event, RunKept))
        runs = {each.run: each for each in told}.values()
        return tuple(Ran(0, 0, str(each.run), each.flipped) for each in runs)

    def marks(self, campaign: int) -> list[tuple[int, int, tuple[int, int, int]]]:
        runs = (event for event in self.told[campaign] if isinstance(event, RunKept))
        return [(each.run, each.task, (0, 0, 0)) for each in runs]

    def refusals(self, campaign: int) -> list[tuple[int, int, Problem]]:
        odd = (event for event in self.told[campaign] if isinstance(event, TileRefused))
        return [(each.task, -1, each.problem) for each in odd]

    def rows(self, campaign: int) -> Rows:
        """Equal tiles share a run, which has one row."""
        told = (event for event in self.told[campaign] if isinstance(event, RunKept))
        runs = list({each.run: each for each in told}.values())
        return Rows(
            run=np.array([each.run for each in runs], np.int64),
            campaign=np.full(len(runs), campaign, np.int64),
            tile=np.array([each.task for each in runs], np.int64),
            names=[each.name for each in runs],
            labels=[each.label for each in runs],
            cases=[each.case for each in runs],
            classifiers=["net"] * len(runs),
            attacks=["search"] * len(runs),
            results=["flipped" if each.flipped else "held" for each in runs],
            answers=[each.answer for each in runs],
            afters=[each.after for each in runs],
            clean=np.array([each.clean for each in runs]),
            confidence=np.array([each.confidence for each in runs]),
            queries=np.array([each.queries for each in runs], np.int64),
            task=np.array([each.task for each in runs], np.int64),
        )


class StandInStudies(QObject):
    """The study's desk."""

    changed = Signal(object)

    def __init__(self, study: Any = None) -> None:
        super().__init__()
        self.study = study


class StandInEngine:
    """Attacks nothing; a gate holds it before each tile.

    refuses: tasks.  fails: after so many runs of a session.
    """

    def __init__(self, *, open_: bool = True) -> None:
        self.gate, self.calls = Gate(), list[dict[str, Any]]()
        self.refuses: set[int] = set()
        self.fails: tuple[int, Problem] | None = None
        self.closed, self.pace = 0, 0.0  # seconds for each tile
        if open_:
            self.gate.set()

    @property
    def engine(self) -> Engine:
        return Engine(self.campaign, self.estimated)

    def estimated(
        self, plan: Plan, dataset: Dataset, workers: int | None = None
    ) -> Generator[Advance, None, Estimate]:
        self.calls.append({"plan": plan, "dataset": dataset, "workers": workers})
        tiles = len(dataset.entries)
        for done in range(3):
            yield _advance("Measuring", done, 3, 0)
            self._wait()
        runs = tiles * len(plan.models) * len(plan.attacks) * len(plan.seeds)
        return Estimate(tiles, runs, 40_000 * runs, 2.0 * runs, 90_000 * runs, 3, 0, workers or 2)

    def campaign(self, study: Any, plan: Plan, dataset: Dataset, **how: Any) -> Generator[Any]:
        self.calls.append({"plan": plan, "dataset": dataset, **how})
        names, number = dataset.entries.names, how["number"]
        if number is None:
            number = study.begin(plan, names)
        told, total = study.told[number], len(study.names[number])
        flips = sum(isinstance(event, RunKept) and event.flipped for event in told)
        yield CampaignBegan(number, total, len(told), flips, 0, 2, "2 worker processes")
        try:
            for spent, task in enumerate(range(len(told), total)):
                self._wait()
                if self.fails is not None and spent >= self.fails[0]:
                    raise self.fails[1]
                event = refused(task) if task in self.refuses else kept(task)
                told.append(event)
                flips += isinstance(event, RunKept) and event.flipped
                yield event
                yield _advance("Attacking", len(told), total, flips)
            yield CampaignEnded(number, total, flips, len(self.refuses), 400 * total, 3.0)
        finally:
            self.closed += 1

    def _wait(self) -> None:
        assert self.gate.wait(_LONGEST), "the gate was never opened"
        time.sleep(self.pace)  # in a worker


def _advance(doing: str, done: int, total: int, flipped: int) -> Advance:
    return Advance(
        doing=doing,
        done=done,
        total=total,
        flipped=flipped,
        refused=0,
        queries=400 * done,
        rate=1240.0,
        seconds_left=42.0,
        attacked=done,
        shares=(Flipping("", flipped, done, done, (0.2, 0.5)),) if done else (),
    )

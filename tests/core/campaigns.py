"""Small campaigns for tests: tiles of 8 x 8, a classifier of one pixel, and what a study tells."""

import sqlite3
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from onepixel_gui.attack.attacks import as_values
from onepixel_gui.attack.probe import Settings
from onepixel_gui.study import footing
from onepixel_gui.study.campaign import Plan, campaign
from onepixel_gui.study.crew import LocalCrew, WorkersFail
from onepixel_gui.study.orders import Trouble
from onepixel_gui.study.store import Study
from onepixel_gui.study.work import Worker
from onepixel_gui.tiles.datasets.looking import recognise
from tests.core.networks import Corner, noise, save_script

TOLD = {
    "input": [8, 8],
    "scaling": "zero-to-one",
    "outputs": "logits",
    "classes": ["normal", "mitosis"],
}
SMALL = Settings(population=20, generations=6)
OF_THE_DAY = {"seconds", "begun"}  # what may differ from run to run


class Here(LocalCrew):
    """The same orders, carried out in this process."""

    loses: tuple[int, ...] = ()  # tasks over which a worker would end

    def __init__(self, devices):
        self.workers, self.line, self.worker = len(devices), [], Worker()

    def grow(self, devices):
        self.workers += len(devices)

    @property
    def size(self):
        return self.workers

    def room(self, *, last=False):
        return len(self.line) < (1 if last else 2) * self.workers

    def give(self, order):
        self.line.append(order)

    def replies(self, seconds):  # noqa: ARG002 - as the door has it
        if not self.line:
            return []
        order = self.line.pop()  # the youngest first: nobody may rely on the order
        if getattr(order, "task", None) in self.loses:
            return [(order, Trouble(WorkersFail, "It ended.", "Try.", lost=True))]
        return [(order, self.worker.do(order))]

    def close(self):
        self.line = []


@contextmanager
def all_here():
    """Nobody starts a process: workers of this machine are this one."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(footing, "LocalCrew", Here)
        yield
    torch.set_num_threads(threads)
    Here.loses = ()


def make_tiles(folder: Path, count: int) -> Path:
    """Half of each class; about half of them flip. Names like `mitosis/0003.png`."""
    for number, rgb in enumerate(noise(count)):
        place = folder / ("mitosis" if number % 2 else "normal") / f"{number:04}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        rgb[1, 2, 0] = 10 if number % 3 else 140
        Image.fromarray(rgb).save(place)
    return folder


def make_corner(folder: Path) -> Path:
    """The confidence falls with the red of row 1, column 2."""
    return save_script(Corner(), folder / "corner.pt", TOLD)


def plan_over(folder: Path, *models: Path, attacks=(SMALL,), **words) -> Plan:
    return Plan((folder,), tuple(models), tuple(attacks), **words)


def carried(path: Path, plan: Plan, **words):
    """All events of a campaign in one go."""
    dataset = recognise(plan.paths)
    with closing(Study.open(path, make=True)) as study:
        return list(campaign(study, plan, dataset, **words))


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def told(path: Path, number: int = 1):
    """Everything the study says of a campaign that does not depend on the day, to the last bit."""
    with closing(Study.open(path, reading=True)) as study:
        rows = study.rows(number)
        runs = {}
        for run in rows.run[rows.run >= 0].tolist():
            record = study.run(run)
            key = (record.tile.sha256, record.card.sha256, repr(as_values(record.attack)))
            assert key not in runs, "a run was kept twice"
            runs[key] = plain(record)
        refused = {(task, model, why.what) for task, model, why in study.refusals(number)}
        return runs, study.finished(number), refused, study.tasks(number)


def plain(value):
    """Nested tuples that compare to the bit."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value) if each.name not in OF_THE_DAY]
        return type(value).__name__, tuple((name, plain(getattr(value, name))) for name in names)
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, dict):
        return tuple(sorted((key, plain(each)) for key, each in value.items()))
    if isinstance(value, tuple | list):
        return tuple(plain(each) for each in value)
    return repr(value)


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as study:
        return study.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def done_twice(path: Path):
    """Runs of the same tile, classifier, attack and seed."""
    with closing(Study.open(path, reading=True)) as study:
        rows = study.rows()
        records = [study.run(run) for run in rows.run[rows.run >= 0].tolist()]
    keys = [(r.tile.sha256, r.card.sha256, repr(as_values(r.attack))) for r in records]
    return [key for key, count in Counter(keys).items() if count > 1]

"""A dry run: how many queries, how long and how much disk, measured on three tiles."""

import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from onepixel_gui.attack.attacks import seeded, tile_seed
from onepixel_gui.problems import Problem, Unexpected
from onepixel_gui.study.ahead import Ahead
from onepixel_gui.study.choosing import chosen
from onepixel_gui.study.crew import Crew
from onepixel_gui.study.footing import opened_models, raised, settled
from onepixel_gui.study.orders import Job, Model, Trial, Tried, Trouble
from onepixel_gui.study.plan import Advance, Estimate, Plan, preparing
from onepixel_gui.study.store import SUFFIX, Study
from onepixel_gui.tiles.datasets.dataset import Dataset
from onepixel_gui.tiles.tile import Tile

_TILES = 3
_PATIENCE = 4.0  # seconds for one run: one that holds would spend its whole budget
_BREATH = 0.15  # seconds between two events
_COPIES = 8
_PAGE = 20_000  # bytes of a run beside its map


@dataclass
class _Found:
    """What trials of one attack by one model told."""

    trials: list[Tried] = field(default_factory=list)

    @property
    def most(self) -> int:
        """Queries of one run."""
        return max((each.most for each in self.trials), default=0)

    @property
    def seconds(self) -> float:
        """Of one run: those that were given up are reckoned with their whole budget."""
        if not self.trials:
            return 0.0
        rate = sum(each.queries for each in self.trials) / sum(each.seconds for each in self.trials)
        spent = [each.seconds if each.over else each.most / max(rate, 1e-9) for each in self.trials]
        return sum(spent) / len(spent)


def estimated(
    plan: Plan, dataset: Dataset, workers: int | None = None, study: Study | None = None
) -> Generator[Advance, None, Estimate]:
    """A dry run: measured on 3 tiles, nothing is kept but the manner of asking.

    study: whose runs a filter by `result` is about.
    Raises as `chosen` does, and Problem where a classifier cannot be loaded.
    """
    models = yield from opened_models(plan)
    places = yield from chosen(plan, dataset.entries, study)
    middles = [len(places) * (2 * turn + 1) // (2 * _TILES) for turn in range(_TILES)]
    sample = sorted({places[middle] for middle in middles})
    found = {part: _Found() for part in plan.parts}
    refused = 0
    yield preparing("Starting workers")
    with closing(raised("")) as crew:
        footing = yield from settled(crew, plan, models, None, workers)
        ahead = Ahead(dataset.entries, [*enumerate(sample)], _TILES)
        with closing(ahead):
            while ahead.left:
                told = ahead.next()
                if told is None:
                    time.sleep(_BREATH / 10)
                    yield preparing("Reading tiles")
                    continue
                refused += yield from _tile(plan, footing.models, crew, told[1], found)
        size = crew.size
    yield preparing("Reckoning")
    alone = sum(each.seconds / _gain(plan, footing.models, part) for part, each in found.items())
    return Estimate(
        tiles=len(places),
        runs=len(places) * len(plan.parts),
        queries=len(places) * sum(each.most for each in found.values()),
        seconds=len(places) * alone / size,
        bytes=len(places) * sum(_bytes(each) for each in found.values()),
        measured=len(sample),
        refused=refused,
        workers=size,
    )


def _gain(plan: Plan, models: Sequence[Model], part: tuple[int, int, int]) -> float:
    """Times as quick as it was tried, for a trial is alone in its batch."""
    model, attack, _ = part
    return models[model].company_for(plan.attacks[attack]).gain


def _tile(
    plan: Plan,
    models: Sequence[Model],
    crew: Crew,
    read: Tile | Problem,
    found: dict[tuple[int, int, int], _Found],
) -> Generator[Advance, None, bool]:
    """Try every part of the plan on one tile; whether it cannot be used."""
    if isinstance(read, Unexpected):
        raise read
    if isinstance(read, Problem):
        return True
    refused = False
    for part in plan.parts:
        model, attack, seed = part
        asked, drawn = plan.attacks[attack], plan.seeds[seed]
        own = seeded(asked, tile_seed(drawn, read.sha256, asked))
        job = Job(0, part, read, models[model], own, drawn, plan.subject, plan.aftermath)
        crew.give(Trial(job, _PATIENCE))
        heard = crew.replies(_BREATH)
        while not heard:
            yield preparing("Measuring")
            heard = crew.replies(_BREATH)
        reply = heard[0][1]
        if isinstance(reply, Tried):
            found[part].trials.append(reply)
        elif isinstance(reply, Trouble) and reply.ends:
            raise reply.problem
        else:
            refused = True
    return refused


def _bytes(found: _Found) -> int:
    """What one run takes in a study, about."""
    records = [each.record for each in found.trials if each.record is not None]
    if not records:  # of a sweep that took too long: mostly its logits
        return 4 * found.most + _PAGE
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for copies in (1, 1 + _COPIES):  # the pages of an empty study hold some for nothing
            path = Path(folder) / f"{copies}{SUFFIX}"
            study = Study.open(path, make=True)
            study.add_all([(record, -1, -1) for record in copies * records])
            study.close()
            sizes.append(path.stat().st_size)
    pictures = sum(record.tile.rgb.nbytes for record in records)  # which the copies share
    return ((sizes[1] - sizes[0]) // _COPIES + pictures) // len(records)

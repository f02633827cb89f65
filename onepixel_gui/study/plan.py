"""What a campaign is to do, as a value that can be kept and compared; and what it tells."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from onepixel_gui.attack.attacks import Attack, as_values, attack_of, draws
from onepixel_gui.problems import Problem
from onepixel_gui.tiles.datasets.dataset import DEFAULT, Sampling


class UnusablePlan(Problem):
    """A campaign that cannot be begun, or not be continued, as it was planned."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign is to do: every tile x every model x every attack x every seed.

    paths:     of the data set, as it was opened.  sampling: how tiles are cut from its slides.
    where:     a filter line, "" for all tiles.  `agreement = agrees` asks the first model first.
    limit:     at most so many tiles, drawn at random from those that pass by the first seed;
               None for all.
    models:    checkpoints, each with its own card beside it.
    subject:   of three and more classes the one in question, "" for the one answered.
    attacks:   without seeds; `seeds`: of the study, each tile's own follows from them.
    device:    "auto", "cpu", "cuda", "cuda:1", "mps".
    aftermath: ask after each flip by one pixel where else its colour flips, and how it propagates.
    picked:    names of tiles that were chosen one by one, () for all; it is for whoever opens the
               data set to hand over these alone.
    """

    paths: tuple[Path, ...]
    models: tuple[Path, ...]
    attacks: tuple[Attack, ...]
    seeds: tuple[int, ...] = (0,)
    where: str = ""
    limit: int | None = None
    sampling: Sampling = DEFAULT
    subject: str = ""
    device: str = "auto"
    aftermath: bool = True
    picked: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[tuple[int, int, int], ...]:
        """(model, attack, seed) indices of what is done to each tile.

        An attack that draws nothing at random is carried out for the first seed only.
        """
        return tuple(
            (model, attack, seed)
            for model in range(len(self.models))
            for attack, each in enumerate(self.attacks)
            for seed in range(len(self.seeds) if draws(each) else 1)
        )


def plan_values(plan: Plan) -> dict[str, Any]:
    """JSON-ready; two plans are the same if these are. Paths are made absolute."""
    return {
        "paths": [os.path.abspath(path) for path in plan.paths],  # noqa: PTH100 - links stay links
        "models": [os.path.abspath(path) for path in plan.models],  # noqa: PTH100
        "attacks": [as_values(attack) for attack in plan.attacks],
        "seeds": list(plan.seeds),
        "where": plan.where.strip(),
        "limit": plan.limit,
        "sampling": asdict(plan.sampling) | {"shape": list(plan.sampling.shape)},
        "subject": plan.subject,
        "device": plan.device,
        "aftermath": plan.aftermath,
        "picked": list(plan.picked),
    }


def plan_of(values: Mapping[str, Any]) -> Plan:
    """What `plan_values` told; more keys do no harm. Raises UnusablePlan."""
    try:
        sampling = dict(values["sampling"])
        return Plan(
            paths=tuple(map(Path, values["paths"])),
            models=tuple(map(Path, values["models"])),
            attacks=tuple(map(attack_of, values["attacks"])),
            seeds=tuple(map(int, values["seeds"])),
            where=str(values["where"]),
            limit=None if values["limit"] is None else int(values["limit"]),
            sampling=Sampling(**sampling | {"shape": tuple(sampling["shape"])}),
            subject=str(values["subject"]),
            device=str(values["device"]),
            aftermath=bool(values["aftermath"]),
            picked=tuple(map(str, values.get("picked", ()))),
        )
    except (KeyError, TypeError, ValueError) as odd:
        raise UnusablePlan(
            "This campaign was planned in a way that this version does not know.",
            "Continue it with the version that began it, or begin a new one.",
            detail=repr(odd),
        ) from odd


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a dry run says. measured: tiles it was measured on.

    runs, queries (most), seconds (about, at the workers planned), bytes (of the study, about).
    refused: of the measured tiles, how many cannot be used.
    """

    tiles: int
    runs: int
    queries: int
    seconds: float
    bytes: int
    measured: int
    refused: int
    workers: int


# ------------------------------------------------------------------ events
@dataclass(frozen=True, slots=True)
class CampaignBegan:
    """total runs, of which `done` were done before. way: how the work is shared, in sentences."""

    droppable: ClassVar[bool] = False
    number: int
    total: int
    done: int
    flipped: int
    refused: int
    workers: int
    way: str


@dataclass(frozen=True, slots=True)
class RunKept:
    """A run is in the study. answer, after: before and with the best perturbation.

    again: another tile of the campaign has the same pixels, and its run stands for this one too.
    """

    droppable: ClassVar[bool] = False
    run: int
    task: int
    name: str
    label: str | None
    case: str
    model: int
    attack: int
    seed: int
    answer: str
    after: str
    flipped: bool
    clean: float
    confidence: float
    queries: int
    seconds: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class TileRefused:
    """A tile that cannot be used is recorded, and the campaign goes on."""

    droppable: ClassVar[bool] = False
    task: int
    name: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Flipping:
    """How many runs of one classifier by one attack flipped, so far.

    title:    what tells it from the others of its campaign, "" where there is no other.
    tiles:    of those runs, each once.
    interval: 95 %, of flipped / runs. Tiles are what is independent: it is Wilson's where each
              has one run, else runs of a tile are taken together (`shares.over_groups`; never
              narrower than Wilson's of all runs). None of too few tiles.
    """

    title: str
    flipped: int
    runs: int
    tiles: int
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Advance:
    """Told at least five times a second while work goes on.

    rate: queries per second of late; seconds_left None until it can be told.
    doing: one short word group: "Reading tiles", "Starting workers", "Attacking".
    attacked: runs that were really carried out, of which `flipped` flipped.
    under_way: tasks handed out and not done.
    shares: by classifier and attack, in the order of the plan; those that have any runs.
    """

    droppable: ClassVar[bool] = True
    doing: str
    done: int
    total: int
    flipped: int
    refused: int
    queries: int
    rate: float
    seconds_left: float | None
    attacked: int = 0
    under_way: tuple[int, ...] = ()
    shares: tuple[Flipping, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignEnded:
    """seconds: of this session.   again: runs that another tile of the same pixels stands for."""

    droppable: ClassVar[bool] = False
    number: int
    done: int
    flipped: int
    refused: int
    queries: int
    seconds: float
    again: int = 0


CampaignEvent = CampaignBegan | RunKept | TileRefused | Advance | CampaignEnded


def preparing(doing: str, done: int = 0, total: int = 0) -> Advance:
    """Before anything was attacked."""
    return Advance(doing, done, total, 0, 0, 0, 0.0, None)

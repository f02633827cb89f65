"""One attack over many tiles: a generator that can be stopped, killed and continued."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from onepixel_gui.attack.attacks import Attack
from onepixel_gui.problems import Problem
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets.dataset import DEFAULT, Dataset, Sampling
from onepixel_gui.tiles.entries import Listing


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
    """total runs, of which `done` were done before. way: how the work is shared, one sentence."""

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
    """A run is in the study. answer, after: before and with the best perturbation."""

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


@dataclass(frozen=True, slots=True)
class TileRefused:
    """A tile that cannot be used is recorded, and the campaign goes on."""

    droppable: ClassVar[bool] = False
    task: int
    name: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Advance:
    """Told at least five times a second while work goes on.

    interval: 95 % Wilson interval of the share that flipped, in this campaign.
    rate: queries per second of late; seconds_left None until it can be told.
    doing: one short word group: "Reading tiles", "Starting workers", "Attacking".
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
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class CampaignEnded:
    droppable: ClassVar[bool] = False
    number: int
    done: int
    flipped: int
    refused: int
    queries: int
    seconds: float


CampaignEvent = CampaignBegan | RunKept | TileRefused | Advance | CampaignEnded


def chosen(plan: Plan, listing: Listing) -> Generator[Advance, None, tuple[int, ...]]:
    """Indices of the tiles that the plan's filter and limit leave, in list order.

    Raises Problem for an unclear filter and for an empty selection.
    """
    raise NotImplementedError


def estimated(
    plan: Plan, dataset: Dataset, workers: int | None = None
) -> Generator[Advance, None, Estimate]:
    """A dry run: measured on 3 tiles, nothing is kept."""
    raise NotImplementedError


def campaign(
    study: Study,
    plan: Plan,
    dataset: Dataset,
    *,
    number: int | None = None,
    workers: int | None = None,
    scheduler: str = "",
) -> Generator[CampaignEvent]:
    """Carry out what of the plan is not done yet; to stop is to stop asking.

    number: of a campaign of this study to continue; None begins one, or continues the one with the
    same plan.  workers: processes on this machine, None for what is quickest.
    scheduler: address of a Dask cluster, "" for this machine.
    Raises Problem when the classifier fails, or the study can no longer be written.
    """
    raise NotImplementedError

"""One attack over many tiles: a generator that can be stopped, killed and continued."""

from collections.abc import Generator

from onepixel_gui.study.plan import (
    Advance,
    CampaignBegan,
    CampaignEnded,
    CampaignEvent,
    Estimate,
    Plan,
    RunKept,
    TileRefused,
    UnusablePlan,
    plan_of,
    plan_values,
)
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.datasets.dataset import Dataset
from onepixel_gui.tiles.entries import Listing

__all__ = [
    "Advance",
    "CampaignBegan",
    "CampaignEnded",
    "CampaignEvent",
    "Estimate",
    "Plan",
    "RunKept",
    "TileRefused",
    "UnusablePlan",
    "campaign",
    "chosen",
    "estimated",
    "plan_of",
    "plan_values",
]


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

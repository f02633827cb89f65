"""What a campaign is about: a draft, or a plan that is kept, becomes a plan and its data set."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from onepixel_gui.problems import Problem
from onepixel_gui.qt.campaign.view import Draft
from onepixel_gui.study.plan import Plan
from onepixel_gui.tiles.datasets import Dataset, Looked, looking
from onepixel_gui.tiles.datasets.dataset import DEFAULT
from onepixel_gui.tiles.entries import Listing, Part

_LIST = "list"  # the kind of what was put together in the window


class TilesGone(Problem):
    """The tiles of a campaign that were put together by hand are not in the list."""


def of_list(listing: Listing, dataset: Dataset | None) -> Dataset:
    """The list of tiles as a data set. dataset: whose tiles they are, None for nobody's."""
    if dataset is not None and dataset.entries is listing:
        return dataset
    return Dataset(_LIST, "Tiles of the list", Path(), entries=listing)


def drafted(
    draft: Draft, listed: Dataset, mine: Sequence[int], subject: str, device: str
) -> Generator[Looked, None, tuple[Plan, Dataset]]:
    """listed: the list of tiles.  mine: which of them are on the reader's own list."""
    dataset, picked = listed, tuple[str, ...]()
    if draft.source == "elsewhere":
        dataset = yield from looking(draft.elsewhere, listed.sampling or DEFAULT)
    elif draft.source == "mine":
        dataset = replace(listed, entries=Part(listed.entries, tuple(mine)))
    if draft.source == "mine" or not dataset.paths:
        picked = tuple(dataset.entries.names)
    plan = Plan(
        paths=dataset.paths,
        models=draft.models,
        attacks=draft.attacks,
        seeds=draft.seeds,
        where=draft.where,
        limit=draft.limit,
        sampling=dataset.sampling or DEFAULT,
        subject=subject,
        device=device,
        aftermath=draft.aftermath,
        picked=picked,
    )
    return plan, dataset


def kept(
    plan: Plan, tasks: Sequence[str], listed: Dataset
) -> Generator[Looked, None, tuple[Plan, Dataset]]:
    """Of a campaign that is to be continued. tasks: names of its tiles.

    listed: the list of tiles, in which those are sought that lie in no data set.
    Raises TilesGone, and as `looking` does.
    """
    if plan.paths:
        dataset = yield from looking(plan.paths, plan.sampling)
        return plan, dataset
    lost = set(tasks) - set(listed.entries.names)
    if lost:
        raise TilesGone(
            f"The tiles of this campaign were put together by hand, and {len(lost):,} of them are "
            "not in the list now.",
            "Put them into the list again, then continue.",
            detail="\n".join(sorted(lost)[:50]),
        )
    return plan, listed

"""One attack over many tiles: a generator that can be stopped, killed and continued."""

import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from onepixel_gui.study.choosing import chosen, located, occurrences
from onepixel_gui.study.course import Begun, Course
from onepixel_gui.study.estimating import estimated
from onepixel_gui.study.footing import opened_models, raised, settled
from onepixel_gui.study.orders import Model
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
    preparing,
)
from onepixel_gui.study.store import Campaigned, Study
from onepixel_gui.tiles.datasets.dataset import Dataset

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
    models = yield from opened_models(plan)
    begun = yield from _begun(study, plan, models, dataset, number)
    course = Course(study, plan, dataset, begun)
    if course.over:
        yield course.began(0, "All of it was done before.")
        yield course.ended()
        return
    yield preparing("Starting workers", course.count.done, course.count.total)
    with closing(raised(scheduler)) as crew:
        footing = yield from settled(crew, plan, models, study, workers)
        yield course.began(crew.size, footing.way)
        yield from course.run(crew, footing.models)
    yield course.ended()


# ------------------------------------------------------------------ beginning, continuing
def _begun(
    study: Study, plan: Plan, models: Sequence[Model], dataset: Dataset, number: int | None
) -> Generator[Advance, None, Begun]:
    """Begin it, or find it begun. Raises Problem."""
    values = {**plan_values(plan), "classifiers": [_identity(model) for model in models]}
    found = _found(study, values, number)
    listing = dataset.entries
    if found is not None:
        names = study.tasks(found.number)
        before = found.plan.get("occurrences", {})
        return Begun(found.number, names, located(names, before, listing.names))
    places = yield from chosen(plan, listing, study)
    names = tuple(listing.names[place] for place in places)
    values["occurrences"] = occurrences(listing.names, places)
    note = _alike(study, values)
    return Begun(study.begin(values, names), names, places, note)


def _alike(study: Study, values: dict[str, Any]) -> str:
    """One sentence where the study holds the same plan with other classifiers of those names."""
    apart = ("classifiers", "occurrences")
    plan = {key: value for key, value in _as_kept(values).items() if key not in apart}
    for begun in study.campaigns():
        if all(begun.plan.get(key) == value for key, value in plan.items()):
            return (
                f"Campaign {begun.number} of this study has the same plan, but the checkpoint or "
                "its card was another one: its runs are left as they are, and counted apart."
            )
    return ""


def _as_kept(values: dict[str, Any]) -> dict[str, Any]:
    """Tuples become lists."""
    kept: dict[str, Any] = json.loads(json.dumps(values))
    return kept


def _identity(model: Model) -> dict[str, Any]:
    """JSON-ready: another file, or another card beside it, makes another campaign."""
    card = asdict(model.card)
    return {key: card[key] for key in sorted(card) if key not in ("sources", "doubts")}


def _found(study: Study, values: dict[str, Any], number: int | None) -> Campaigned | None:
    """The campaign with that number, or with that plan. Raises UnusablePlan."""
    wanted = _as_kept(values)
    for begun in study.campaigns():
        same = {key: begun.plan.get(key) for key in wanted} == wanted
        if number is None and same:
            return begun
        if number == begun.number:
            if same:
                return begun
            raise UnusablePlan(
                "The classifier, its card or the plan is not what this campaign was begun with.",
                "Put back what was changed, or begin a new campaign.",
            )
    if number is not None:
        raise UnusablePlan(f"This study has no campaign {number}.", "Begin a new campaign.")
    return None

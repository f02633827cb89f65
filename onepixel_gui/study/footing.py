"""On what a campaign stands before its first run: checkpoints, workers, the manner of asking."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.classifier.manner import UnfitManner
from onepixel_gui.classifier.opening import inspecting
from onepixel_gui.problems import Problem
from onepixel_gui.study.cluster import DaskCrew
from onepixel_gui.study.crew import Crew, LocalCrew, affordable, cores
from onepixel_gui.study.manners import Values, keep_manner, manner_here, manner_in
from onepixel_gui.study.orders import (
    Model,
    Order,
    Reply,
    Settled,
    Settling,
    Survey,
    Surveyed,
    Trouble,
)
from onepixel_gui.study.plan import Advance, Plan, UnusablePlan, preparing
from onepixel_gui.study.store import Study

_BREATH = 0.15  # seconds between two events
_OTHERWISE = (
    " This processor rounds otherwise than the one it was begun on: the last digits, and with them "
    "a search, may differ."
)


@dataclass(frozen=True, slots=True)
class Footing:
    """models: with their manner.  way: how the work is shared, one sentence."""

    models: tuple[Model, ...]
    way: str


def opened_models(plan: Plan) -> Generator[Advance, None, tuple[Model, ...]]:
    """The checkpoints as they are now. Raises UnusablePlan, UnusableCheckpoint, UnusableCard."""
    if not plan.models or not plan.attacks or not plan.seeds:
        raise UnusablePlan(
            "There is nothing to do: a campaign needs a classifier, an attack and a seed.",
            "Choose at least one of each.",
        )
    models: list[Model] = []
    for path in plan.models:
        inspecting_ = inspecting(path.absolute())
        while True:
            try:
                step = next(inspecting_)
            except StopIteration as end:
                models.append(Model(path.absolute(), end.value.card, plan.device))
                break
            yield preparing(step.words)
    _expect_subject(plan, models)
    return tuple(models)


def _expect_subject(plan: Plan, models: Sequence[Model]) -> None:
    for model in models:
        classes = model.card.classes
        if plan.subject and plan.subject not in classes:
            raise UnusablePlan(
                f"{model.card.name} has no class {plan.subject}.",
                f"Choose one of: {', '.join(classes[:20])}.",
            )


def raised(scheduler: str) -> LocalCrew | DaskCrew:
    """Whoever works: of this machine one worker at first. Raises WorkersFail, UnusableCluster."""
    return DaskCrew(scheduler) if scheduler else LocalCrew([""])


def settled(
    crew: LocalCrew | DaskCrew,
    plan: Plan,
    models: Sequence[Model],
    study: Study | None,
    workers: int | None,
) -> Generator[Advance, None, Footing]:
    """Enough workers, and one manner of asking each model for all of them.

    Raises Problem where a classifier cannot be loaded, or is not one for the attacks.
    """
    surveyed = yield from _answer(crew, Survey(), "Starting workers")
    assert isinstance(surveyed, Surveyed)
    device = _device(models[0].device, surveyed.devices)
    way = _shared(crew, device, surveyed.devices, models, workers)
    ready: list[Model] = []
    alone = isinstance(crew, DaskCrew)
    populations = () if alone else _populations(plan)
    for each in models:
        model = replace(each, device=device, strict=alone)
        told, same = yield from _manner(crew, model, study, surveyed.software, populations)
        if told.manner["preview"] is None and any(isinstance(a, Guidance) for a in plan.attacks):
            raise UnusablePlan(
                f"{model.card.name} has no preview, so that a guided search cannot ask it: its "
                "layers are hidden, or their gradients too weak.",
                "Leave the guided search out, or choose another classifier.",
            )
        ready.append(replace(model, manner=told.manner, company=told.company))
        way += "" if same else _OTHERWISE
    if isinstance(crew, LocalCrew):
        crew.abreast = max(m.company_for(a).tiles for m in ready for a in plan.attacks)
        if crew.abreast > 1:
            way += f" Each takes up to {crew.abreast} searches side by side."
    return Footing(tuple(ready), way)


def _populations(plan: Plan) -> tuple[int, ...]:
    return tuple(sorted({each.population for each in plan.attacks if isinstance(each, Settings)}))


def _manner(
    crew: Crew,
    model: Model,
    study: Study | None,
    software: Mapping[str, str],
    populations: tuple[int, ...],
) -> Generator[Advance, None, tuple[Settled, bool]]:
    """In which manner a model is asked, and whether this processor tells the same bits then."""

    def settling(manner: Values | None) -> Generator[Advance, None, Settled]:
        order = Settling(replace(model, manner=manner), populations)
        told = yield from _answer(crew, order, f"Loading {model.card.name}")
        assert isinstance(told, Settled)
        return told

    manner = manner_in(study, model)
    if manner is not None:
        told = yield from settling(manner)
        return told, told.faithful
    manner = manner_here(model, software)
    try:
        told = yield from settling(manner)
    except UnfitManner:
        told = yield from settling(None)
    else:
        if not told.faithful and manner is not None:
            told = yield from settling(None)
    keep_manner(study, model, software, told.manner)
    return told, True


def _device(wanted: str, there: Sequence[str]) -> str:
    """ "auto" by name; what is wanted and not there is told by whoever loads the classifier."""
    best = there[0].split(":")[0]
    return best if wanted == "auto" else wanted


def _shared(
    crew: LocalCrew | DaskCrew,
    device: str,
    there: Sequence[str],
    models: Sequence[Model],
    workers: int | None,
) -> str:
    """Let the crew grow to what is quickest; how the work is shared, one sentence."""
    match crew:
        case DaskCrew():
            return f"{_many(crew.size, 'worker')} of the Dask cluster at {crew.address}."
        case LocalCrew():
            cards = [name for name in there if name.startswith("cuda")]
            if device == "cuda" and len(cards) > 1:
                wanted = min(workers or len(cards), len(cards))
                crew.grow(cards[1:wanted])
                return f"{_many(wanted, 'worker process')}, each with a graphics card of its own."
            wanted = workers or (_for_processor(models) if device == "cpu" else 1)
            crew.grow([""] * (wanted - 1))
            where = "one core each" if device == "cpu" else f"on {device}"
            return f"{_many(wanted, 'worker process')} on this machine, {where}."
        case _:
            assert_never(crew)


def _for_processor(models: Sequence[Model]) -> int:
    return min(cores(), affordable([model.path.stat().st_size for model in models]))


def _many(count: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count} {noun if count == 1 else plural}"


def _answer(crew: Crew, order: Order, doing: str) -> Generator[Advance, None, Reply]:
    """What one worker says; told as time passes. Raises Problem."""
    crew.give(order)
    while True:
        for _, reply in crew.replies(_BREATH):
            if isinstance(reply, Trouble):
                raise _why(reply)
            return reply
        yield preparing(doing)


def _why(trouble: Trouble) -> Problem:
    problem = trouble.problem
    if trouble.lost:
        problem.what = "The worker process ended over the classifier, twice."
        problem.remedy = "Free some memory, or try the checkpoint in the window first."
    return problem

"""Which tiles of a data set a campaign is about: those that pass a filter, or some of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

import numpy as np

from onepixel_gui.analysis.filtering import Expression, UnclearFilter, parse
from onepixel_gui.analysis.selection import Facts, looks_at, passing
from onepixel_gui.problems import Problem
from onepixel_gui.study.plan import Advance, Plan, preparing
from onepixel_gui.study.store import Study
from onepixel_gui.tiles.entries import Listing
from onepixel_gui.tiles.tile import Tile

_OF_ANSWERS = frozenset({"answer", "confidence", "agreement", "words"})


class NothingChosen(Problem):
    """A filter that no tile passes, or a data set without tiles."""


def chosen(
    plan: Plan, listing: Listing, study: Study | None = None
) -> Generator[Advance, None, tuple[int, ...]]:
    """Indices of the tiles that the plan's filter and limit leave, in list order.

    study: whose runs `result` is about.
    Raises UnclearFilter, NothingChosen, and as classifiers do where the filter is about answers.
    """
    expression = parsed(plan.where)
    if not len(listing):
        raise NothingChosen(
            "This data set has no tiles.", "Open a folder of tiles, or slides with marks."
        )
    facts = Facts(listing.names, listing.labels, listing.cases)
    yield preparing("Choosing tiles")
    wanted = looks_at(expression) if expression is not None else frozenset()
    if wanted & {"result", "words"} and study is not None:
        _note_results(study, facts)
    if wanted & _OF_ANSWERS:
        yield from _answered(plan, listing, facts)
    found = np.flatnonzero(passing(expression, facts))
    if not len(found):
        raise NothingChosen(
            f"No tile passes the filter {plan.where.strip()}.",
            f"Change the filter, or leave it out for all {len(listing):,} tiles.",
        )
    if plan.limit is not None and plan.limit < len(found):
        drawn = np.random.default_rng(plan.seeds[0]).choice(len(found), plan.limit, replace=False)
        found = found[np.sort(drawn)]
    return tuple(found.tolist())


def parsed(where: str) -> Expression | None:
    """None for all tiles. Raises UnclearFilter, with the place in its words."""
    try:
        return parse(where)
    except UnclearFilter as unclear:
        unclear.detail = unclear.detail or f"character {unclear.at + 1} of: {where}"
        raise


def _note_results(study: Study, facts: Facts) -> None:
    """What the study knows of tiles of these names."""
    rows = study.rows()
    known = dict(zip(rows.names, rows.results, strict=True))
    for tile, name in enumerate(facts.names):
        match known.get(name):
            case "refused":
                facts.set_unusable(tile)
            case None:
                pass
            case result:
                facts.set_result(tile, result)


def _answered(plan: Plan, listing: Listing, facts: Facts) -> Iterator[Advance]:
    """Ask the first model about every tile."""
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.opening import inspect
    from onepixel_gui.classifier.scoring import Refused, Scored, scoring

    yield preparing("Loading the classifier")
    opening = Classifier.opening(inspect(plan.models[0]), plan.device)
    while True:
        try:
            next(opening)
        except StopIteration as end:
            classifier: Classifier = end.value
            break
        yield preparing("Loading the classifier")
    facts.forget(classifier.card.classes)
    done, total = 0, len(listing)
    for event in scoring(classifier, ((key, _reading(listing, key)) for key in range(total))):
        match event:
            case Scored(keys=keys, answers=answers, confidences=confidences):
                facts.set_answers(keys, answers, confidences)
                done += len(keys)
            case Refused(index=index):
                facts.set_unusable(index)
                done += 1
            case _:
                pass
        yield preparing("Asking about each tile", done, total)


def _reading(listing: Listing, key: int) -> Callable[[], Tile]:
    return lambda: listing[key].read()


# ------------------------------------------------------------------ found again
def occurrences(names: Sequence[str], indices: Sequence[int]) -> dict[str, int]:
    """task -> how many tiles of that name come before it in the list, where any does.

    names: of the whole list.  JSON-ready: keys are texts.
    """
    repeated = {name for name, count in Counter(names).items() if count > 1}
    if not repeated:
        return {}
    seen: Counter[str] = Counter()
    number: dict[int, int] = {}
    for index, name in enumerate(names):
        if name in repeated:
            number[index] = seen[name]
            seen[name] += 1
    return {str(task): number[i] for task, i in enumerate(indices) if number.get(i)}


def located(
    tasks: Sequence[str], before: Mapping[str, int], names: Sequence[str]
) -> tuple[int | None, ...]:
    """Index in a list of each task, by its name and how many of that name come before it.

    None where the list has it no longer.  Raises NothingChosen where it has none of them.
    """
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        places[name].append(index)
    found: list[int | None] = []
    for task, name in enumerate(tasks):
        mine, number = places.get(name, []), before.get(str(task), 0)
        found.append(mine[number] if number < len(mine) else None)
    if tasks and all(index is None for index in found):
        raise NothingChosen(
            "This data set has none of the tiles that the campaign was begun with.",
            "Open the data set that it was begun with, then continue.",
        )
    return tuple(found)

"""What a study knows of a campaign, made into columns for the view."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from onepixel_gui.analysis.selection import RESULTS
from onepixel_gui.qt.campaign.ledger import Ledger
from onepixel_gui.qt.campaign.view import Listed, Standing
from onepixel_gui.report.wording import counted
from onepixel_gui.study.counting import Tallies
from onepixel_gui.study.flips import part_titles
from onepixel_gui.study.plan import Advance, Flipping, Plan, TileRefused, UnusablePlan, plan_of
from onepixel_gui.study.store import Campaigned, Rows, Study
from onepixel_gui.study.tables import attack_title


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Campaigns of a study, and one of them in full; None where there is none."""

    droppable: ClassVar[bool] = False
    campaigns: tuple[Campaigned, ...]
    number: int
    ledger: Ledger
    shares: tuple[Flipping, ...] = ()

    @property
    def standing(self) -> Standing:
        """As far as it came."""
        known = next((each for each in self.campaigns if each.number == self.number), None)
        if known is None:
            return Standing()
        attacked = sum(each.runs for each in self.shares)
        flipped = sum(each.flipped for each in self.shares)
        counts = known.done, known.total, flipped, known.refused
        return Standing(advance=Advance("", *counts, 0, 0.0, None, attacked, shares=self.shares))


def reading(study: Study, number: int | None) -> Generator[Read]:
    """number: of the campaign to read; None for the newest that is unfinished, else the newest."""
    campaigns = study.campaigns()
    numbers = [each.number for each in campaigns]
    if number not in numbers:
        number = max([each.number for each in campaigns if unfinished(each)] or numbers, default=-1)
    assert number is not None
    known = next((each for each in campaigns if each.number == number), None)
    if known is None:
        yield Read(campaigns, number, Ledger())
        return
    tallies = Tallies(part_titles(known.plan))
    for ran in study.ran(number):
        tallies.add(ran)
    yield Read(campaigns, number, ledger_of(study, number, known.total), tallies.shares)


def unfinished(campaign: Campaigned) -> bool:
    """done counts runs of tiles, and those of refused tiles with them."""
    return campaign.done < campaign.total


def listed(campaign: Campaigned, *, going: bool = False) -> Listed:
    """ "2 · 2026-11-21 14:03 · tiles · search 400 × 100 · unfinished, 240 of 624 runs".

    going: it is being carried out now, and how far it is stands elsewhere.
    """
    parts = [f"{campaign.number}", _moment(campaign.begun), *_planned(campaign.plan)]
    if unfinished(campaign) and not going:
        parts.append(f"unfinished, {campaign.done:,} of {campaign.total:,} runs")
    else:
        parts.append(counted(campaign.total, "run", "runs"))
    return Listed(campaign.number, " · ".join(filter(None, parts)), unfinished(campaign))


def _moment(begun: str) -> str:
    """ISO 8601 to "2026-11-21 14:03"; the day and the minute are enough."""
    return begun.replace("T", " ")[:16]


def _planned(values: Mapping[str, Any]) -> list[str]:
    try:
        plan = plan_of(values)
    except UnusablePlan:
        return []
    where = plan.where if len(plan.where) <= 30 else f"{plan.where[:29]}…"
    folder = plan.paths[0].name if plan.paths else ""
    more = f" and {len(plan.paths) - 1:,} more" if len(plan.paths) > 1 else ""
    return [f"{folder}{more}", where, " + ".join(attack_title(attack) for attack in plan.attacks)]


def ledger_of(study: Study, number: int, total: int) -> Ledger:
    """Every run of a campaign that is in the study; made ready to be sorted by name.

    A run that stands for several tiles of the same pixels has a row for each of them.
    """
    campaign = next((each for each in study.campaigns() if each.number == number), None)
    classifiers, attacks = ((), ()) if campaign is None else _called(campaign.plan)
    ledger = Ledger(study.tasks(number), total, classifiers, attacks)
    ledger.prepare()
    _add_runs(ledger, study, study.rows(number), number)
    ledger.add(
        [
            TileRefused(task, ledger.tasks[task], problem)
            for task, problem in {task: why for task, _, why in study.refusals(number)}.items()
        ]
    )
    return ledger


def _add_runs(ledger: Ledger, study: Study, rows: Rows, number: int) -> None:
    marks = np.array([(task, run) for run, task, _ in study.marks(number)], np.int64).reshape(-1, 2)
    finished = np.flatnonzero(rows.run >= 0)
    order = finished[np.argsort(rows.run[finished])]
    if not len(order) or not len(marks):
        return
    at = np.minimum(np.searchsorted(rows.run[order], marks[:, 1]), len(order) - 1)
    known = rows.run[order][at] == marks[:, 1]
    marks, at = marks[known], order[at[known]]
    came = np.argsort(marks[:, 1], kind="stable")  # runs are numbered as they came
    marks, at = marks[came], at[came]
    results = {word: code for code, word in enumerate(RESULTS)}
    result = np.array([results.get(word, 0) for word in rows.results], np.int8)
    columns: dict[str, Any] = {
        "task": marks[:, 0],
        "run": marks[:, 1],
        "clean": rows.clean[at],
        "confidence": rows.confidence[at],
        "queries": rows.queries[at],
        "result": result[at],
    }
    words: dict[str, Sequence[str]] = {}
    texts = {
        "label": rows.labels,
        "case": rows.cases,
        "answer": rows.answers,
        "after": rows.afters,
        "classifier": rows.classifiers,
        "attack": rows.attacks,
    }
    for name, column in texts.items():
        known_words: dict[str, int] = {}
        codes = [known_words.setdefault(word or "", len(known_words)) for word in column]
        columns[name], words[name] = np.array(codes, np.int32)[at], list(known_words)
    ledger.take(columns, words)


def _called(values: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the classifiers and attacks of a plan are called in a table."""
    try:
        plan: Plan = plan_of(values)
    except UnusablePlan:
        return (), ()
    kept = values.get("classifiers")
    cards = kept if isinstance(kept, list) else []
    named = [str(card["name"]) for card in cards if isinstance(card, dict) and "name" in card]
    paths = [Path(path).stem for path in plan.models]
    names = named if len(named) == len(paths) else paths
    return tuple(names), tuple(attack_title(attack) for attack in plan.attacks)

"""Campaigns as they are kept: what is planned, and what of it is done."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onepixel_gui.attack.attacks import attack_of, draws
from onepixel_gui.study import retrieving
from onepixel_gui.study.counting import Ran
from onepixel_gui.study.keeping import Part
from onepixel_gui.study.layout import attack_words
from onepixel_gui.study.record import Record
from onepixel_gui.study.tables import done_rows


@dataclass(frozen=True, slots=True)
class Campaigned:
    """A campaign as it is kept. plan: JSON-ready values that `study.campaign.Plan` makes.

    total:    runs planned: each tile by each part of the plan.
    done:     of these, also those of tiles that were refused.  refused: tiles.
    flipped:  of the runs that are done.
    """

    number: int
    plan: Mapping[str, Any]
    begun: str
    total: int
    done: int
    flipped: int
    refused: int


def parts_of(plan: Mapping[str, Any]) -> tuple[Part, ...]:
    """(model, attack, seed) indices of what a plan does to each tile.

    An attack that draws nothing at random is carried out for the first seed only.
    """
    seeds = len(plan.get("seeds", ())) or 1
    return tuple(
        (model, attack, seed)
        for model in range(len(plan.get("models", ())))
        for attack, values in enumerate(plan.get("attacks", ()))
        for seed in range(seeds if draws(attack_of(values)) else 1)
    )


def place_in(plan: Mapping[str, Any], record: Record) -> Part:
    """Which part of a plan that record is, where nobody said: its model is found by its file.

    Raises LookupError for one that is no part of it.
    """
    models = [str(path).replace("\\", "/").rpartition("/")[2] for path in plan.get("models", ())]
    model = models.index(record.card.file) if record.card.file in models else 0
    said = [attack_words(attack_of(values)) for values in plan.get("attacks", ())]
    attack = said.index(attack_words(record.attack))
    seeds = list(plan.get("seeds", ()))
    drawn = draws(record.attack) and record.seed is not None
    return model, attack, seeds.index(record.seed) if drawn else 0


def campaigns(connection: sqlite3.Connection) -> tuple[Campaigned, ...]:
    """In the order in which they were begun. Raises Damaged."""
    found = []
    for number, plan, begun, total in retrieving.campaign_rows(connection):
        done = finished(connection, number)
        flipped = connection.execute(
            "SELECT count(*) FROM done JOIN run ON run.number = done.run "
            "WHERE done.campaign = ? AND run.result = 'flipped'",
            (number,),
        ).fetchone()[0]
        refused = len({task for task, _ in retrieving.refused(connection, number)})
        found.append(Campaigned(number, plan, begun, total, len(done), flipped, refused))
    return tuple(found)


def finished(connection: sqlite3.Connection, campaign: int) -> set[tuple[int, int, int, int]]:
    """(task, model, attack, seed) of what is done or refused. Raises Damaged."""
    rows = done_rows(connection, campaign)
    done = set(map(tuple, rows[:, :4].tolist()))
    parts = parts_of(retrieving.plan(connection, campaign))
    for task, model in retrieving.refused(connection, campaign):
        done |= {(task, *part) for part in parts if model in (-1, part[0])}
    return done


def ran(connection: sqlite3.Connection, campaign: int) -> tuple[Ran, ...]:
    """Each run of a campaign once, however many of its tiles it stands for."""
    rows = connection.execute(
        "SELECT DISTINCT done.model, done.attack, done.seed, tile.sha256, run.result "
        "FROM done JOIN run ON run.number = done.run JOIN tile ON tile.number = run.tile "
        "WHERE done.campaign = ? ORDER BY run.number, done.model, done.attack",
        (campaign,),
    )
    return tuple(
        Ran(model, attack, sha256, result == "flipped") for model, attack, _, sha256, result in rows
    )

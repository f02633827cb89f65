"""How many tiles of a campaign flip: by classifier, attack and answer, each tile counted once."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onepixel_gui.analysis.population.rates import Rate, rate
from onepixel_gui.attack.attacks import attack_of
from onepixel_gui.study.store import Study
from onepixel_gui.study.tables import attack_title

_DIGITS = 8  # of a hash, to tell files apart


@dataclass(frozen=True, slots=True)
class Flips:
    """Of one classifier by one attack, from one answer.

    classifier: told apart from others of the campaign.  sha256: of its checkpoint.
    seeds: most runs of one tile.
    """

    classifier: str
    sha256: str
    attack: str
    answer: str
    rate: Rate
    seeds: int


def flips(study: Study, number: int) -> tuple[Flips, ...]:
    """Of that campaign: in the order of its plan, then by answer.

    A tile counts as flipped if any of its seeds flipped it, as in `rates`. Tiles of the same pixels
    are one.
    """
    plan = next(each.plan for each in study.campaigns() if each.number == number)
    names = classifier_names(plan)
    attacks = _titles(plan)
    rows = study.rows(number)
    at = {run: row for row, run in enumerate(rows.run.tolist()) if run >= 0}
    known: dict[tuple[int, int, str], dict[int, list[int]]] = {}  # rows of each tile
    for run, (model, attack, _) in dict.fromkeys(
        (run, part) for run, _, part in study.marks(number)
    ):
        row = at[run]
        if rows.results[row] in ("flipped", "held"):
            tiles = known.setdefault((model, attack, rows.answers[row]), {})
            tiles.setdefault(int(rows.tile[row]), []).append(row)
    found = []
    for (model, attack, answer), tiles in sorted(known.items()):
        flipped = [any(rows.results[row] == "flipped" for row in each) for each in tiles.values()]
        cases = _numbered([rows.cases[each[0]] for each in tiles.values()])
        counted = rate(f"from {answer}", np.array(flipped, bool), np.array(cases, np.int64))
        name, sha256 = names[model]
        seeds = max(len(set(each)) for each in tiles.values())
        found.append(Flips(name, sha256, attacks[attack], answer, counted, seeds))
    return tuple(found)


def _numbered(cases: Sequence[str]) -> list[int]:
    """-1 where nobody said."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(case, len(numbers)) if case else -1 for case in cases]


def classifier_names(plan: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(name, sha256) of each model of a plan as it is kept.

    Where models share a name it tells the file too, and of files that share that, the hash.
    """
    cards = [
        (str(card.get("name", "")), str(card.get("file", "")), str(card.get("sha256", "")))
        for card in plan.get("classifiers", ())
    ] or [(str(path).replace("\\", "/").rpartition("/")[2], "", "") for path in plan["models"]]
    names = Counter(name for name, _, _ in cards)
    files = Counter((name, file) for name, file, _ in cards)
    told = []
    for name, file, sha256 in cards:
        more = ""
        if names[name] > 1:
            more = f" ({file})" if files[name, file] == 1 else f" ({file}, {sha256[:_DIGITS]})"
        told.append((name + more, sha256))
    return tuple(told)


def part_titles(plan: Mapping[str, Any]) -> dict[tuple[int, int], str]:
    """(model, attack) of a plan as it is kept -> what tells it from the others; "" for the only."""
    names, attacks = [name for name, _ in classifier_names(plan)], _titles(plan)
    return {
        (model, attack): ", ".join(
            ([name] if len(names) > 1 else []) + ([title] if len(attacks) > 1 else [])
        )
        for model, name in enumerate(names)
        for attack, title in enumerate(attacks)
    }


def _titles(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Of each attack; where two read alike, with what else there is to them."""
    attacks = [attack_of(values) for values in plan["attacks"]]
    titles = [attack_title(attack) for attack in attacks]
    return tuple(
        title if titles.count(title) == 1 else f"{title} {json.dumps(values, sort_keys=True)}"
        for title, values in zip(titles, plan["attacks"], strict=True)
    )

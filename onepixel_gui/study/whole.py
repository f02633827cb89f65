"""Everything of every run in one table, for other programs to read."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onepixel_gui.study import retrieving, tables
from onepixel_gui.study.layout import REST, attack_from
from onepixel_gui.study.seal import NONE, seal
from onepixel_gui.study.trouble import Damaged

# Column -> what it means; positions are zero-based rows and columns from the top left.
COLUMNS: dict[str, str] = {
    "run": "number of the run in the study; empty for a tile that was refused",
    "campaign": "number of the campaign it was first done for; empty for a run by hand",
    "tile": "name of the tile",
    "same_pixels": "names of other tiles with these pixels, which the run stands for, as JSON",
    "tile_sha256": "of the shape and pixels of the tile",
    "label": "ground truth, where known",
    "case": "patient, case or slide that tiles share, where known",
    "slide": "slide the tile was cut from",
    "slide_row": "of the tile's top-left pixel, in level-0 pixels of the slide",
    "slide_column": "the same, column",
    "classifier": "name of the classifier",
    "classifier_sha256": "of the checkpoint's bytes",
    "strategy": "evolution, guided or sweep",
    "access": "black-box or white-box: not to be counted together",
    "attack": "the attack in a few words",
    "study_seed": "from which the seed of each tile follows; empty for a run by hand",
    "attack_seed": "as decimal text; empty where nothing is drawn at random",
    "subject": "class whose confidence is told",
    "answer": "of the untouched tile",
    "after": "with the best perturbation",
    "result": "flipped, held, stopped or refused",
    "clean": "confidence in the subject of the untouched tile, 0-1",
    "clean_logit": "the same as log-odds",
    "threshold": "confidence that parts two answers",
    "confidence": "confidence in the subject with the best perturbation, 0-1",
    "row": "of the first pixel of the best perturbation, in the tile",
    "column": "the same, column",
    "window_row": "the same row in what the classifier sees",
    "window_column": "the same, column",
    "red_before": "colour of that pixel in the tile, 0-255",
    "green_before": "the same, green",
    "blue_before": "the same, blue",
    "red": "its colour in the best perturbation, 0-255",
    "green": "the same, green",
    "blue": "the same, blue",
    "pixels": "all of the best perturbation as JSON: rows of row, column, red, green, blue",
    "queries": "candidates the classifier was asked about",
    "previews": "candidates whose logit was only estimated, which are no queries",
    "first_flip": "queries when the first flip was seen",
    "flipping_positions": "of a sweep: positions with at least one colour that flips",
    "seconds": "that the attack took",
    "begun": "UTC",
    "device": "that the classifier ran on",
    "command": "that repeats the run",
    "refused_because": "why the tile could not be used",
}

INTEGERS = (
    *("run", "campaign", "slide_row", "slide_column", "study_seed"),
    *("row", "column", "window_row", "window_column"),
    *("red_before", "green_before", "blue_before", "red", "green", "blue"),
    *("queries", "previews", "first_flip", "flipping_positions"),
)
FLOATS = ("clean", "clean_logit", "threshold", "confidence", "seconds")

Table = Mapping[str, Sequence[Any]]


def table(connection: sqlite3.Connection) -> Table:
    """`COLUMNS` with None for what is not known, and the numbers of classifier and attack.

    Tiles that were refused come last.  Raises Damaged.
    """
    found = tables.columns(connection)
    rest = _rest(connection)
    tiles = _of_tiles(connection, found)
    made: dict[str, list[Any]] = {
        "run": found["number"].tolist(),
        "campaign": _numbers(found["campaign"]),
        "study_seed": _numbers(found["seed"]),
        "attack_seed": [drawn or None for drawn in found["draw"]],
        **{name: list(found[name]) for name in ("subject", "answer", "result")},
        "after": [word or None for word in found["after"]],
        **{name: found[name].tolist() for name in ("clean", "clean_logit", "confidence")},
        **_pixels(found, rest),
        "queries": found["queries"].tolist(),
        "first_flip": _numbers(found["first_flip"]),
        "flipping_positions": _numbers(found["flipping_positions"], -1),
        **{name: rest[name] for name in ("threshold", "seconds", "previews")},
        "pixels": rest["best"],
        "begun": [word or None for word in rest["begun"]],
        "command": [word or None for word in rest["command"]],
        "classifier_number": found["classifier"].tolist(),
        "attack_number": found["attack"].tolist(),
        "refused_because": [None] * len(found["number"]),
        **tiles,
        "same_pixels": _same_pixels(connection, found["number"].tolist(), tiles["tile"]),
        **_of_shared(connection, found, rest),
    }
    return _with_refused(connection, made)


def _rest(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    rows = connection.execute(
        f"SELECT {', '.join((*REST, 'seal_of_rest'))} FROM run ORDER BY number"
    ).fetchall()
    if any(seal(row[:-1]) != row[-1] for row in rows):
        raise Damaged("a run is not what was written")
    values = zip(*rows, strict=True) if rows else ((),) * len(REST)
    return {name: list(column) for name, column in zip(REST, values, strict=False)}


def _numbers(column: Any, none: int = NONE) -> list[int | None]:
    return [None if value == none else value for value in column.tolist()]


def _pixels(found: Mapping[str, Any], rest: Mapping[str, list[int]]) -> dict[str, list[Any]]:
    """Where the first pixel lies, in window and tile, and its colours."""
    none = found["colour_after"] < 0
    made: dict[str, list[Any]] = {}
    for axis in ("row", "column"):
        place = found[f"{axis}_found"]
        in_tile = place + np.array(rest[f"window_{axis}"], np.int64)
        made[f"window_{axis}"] = _numbers(np.where(none, NONE, place))
        made[axis] = _numbers(np.where(none, NONE, in_tile))
    for suffix, column in (("_before", found["colour_before"]), ("", found["colour_after"])):
        for name, shift in (("red", 16), ("green", 8), ("blue", 0)):
            made[name + suffix] = _numbers(np.where(none, NONE, column >> shift & 255))
    return made


def _of_tiles(connection: sqlite3.Connection, found: Mapping[str, Any]) -> dict[str, list[Any]]:
    known = tables.origins(connection)
    at = tables.place(known.number, found["origin"])
    told = retrieving.origins_told(connection)
    places = [told[number] for number in found["origin"].tolist()]
    on_slide = [values["origin"] if values["slide"] else (None, None) for values in places]
    sha256 = retrieving.tile_hashes(connection)
    return {
        "tile": known.names[at].tolist(),
        "label": known.labels[at].tolist(),
        "case": [word or None for word in known.cases[at]],
        "slide": [values["slide"] or None for values in places],
        "slide_row": [row for row, _ in on_slide],
        "slide_column": [column for _, column in on_slide],
        "tile_sha256": [sha256[number] for number in found["tile"].tolist()],
    }


def _same_pixels(
    connection: sqlite3.Connection, runs: Sequence[int], names: Sequence[str]
) -> list[str | None]:
    """names: of the tile of each run. Of several campaigns the one with most such tiles."""
    shared: dict[int, list[str]] = {}
    for campaign, *_ in retrieving.campaign_rows(connection):
        pairs = np.unique(tables.done_rows(connection, campaign)[:, [4, 0]], axis=0)
        found, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
        if not (count > 1).any():
            continue
        tasks = retrieving.tasks(connection, campaign)
        for at in np.flatnonzero(count > 1).tolist():
            alike = [tasks[task] for task in pairs[first[at] : first[at] + count[at], 1].tolist()]
            run = int(found[at])
            shared[run] = max(shared.get(run, []), alike, key=len)
    told: list[str | None] = [None] * len(runs)
    for at, (run, name) in enumerate(zip(runs, names, strict=True)):
        if run in shared:
            told[at] = json.dumps(_others(shared[run], name), ensure_ascii=False)
    return told


def _others(names: Sequence[str], own: str) -> list[str]:
    """Without the tile that was attacked itself: of its name in its folder, else the first."""
    at = next((at for at, name in enumerate(names) if f"/{name}".endswith(f"/{own}")), 0)
    return [*names[:at], *names[at + 1 :]]


def _of_shared(
    connection: sqlite3.Connection, found: Mapping[str, Any], rest: Mapping[str, list[int]]
) -> dict[str, list[Any]]:
    def texts(table: str, numbers: Sequence[int]) -> dict[int, Any]:
        wanted = dict.fromkeys(numbers)
        return {n: json.loads(tables.shared_text(connection, table, n)) for n in wanted}

    classifiers, attacks = found["classifier"].tolist(), found["attack"].tolist()
    cards, networks = texts("card", rest["card"]), texts("classifier", classifiers)
    devices = texts("serving", rest["serving"])
    kinds = {n: attack_from(json.dumps(t), "") for n, t in texts("attack", attacks).items()}
    titles = {number: tables.attack_title(attack) for number, attack in kinds.items()}
    return {
        "classifier": [cards[number]["name"] for number in rest["card"]],
        "classifier_sha256": [networks[number]["sha256"] for number in classifiers],
        "strategy": [kinds[number].strategy for number in attacks],
        "access": [kinds[number].access for number in attacks],
        "attack": [titles[number] for number in attacks],
        "device": [devices[number]["device"] for number in rest["serving"]],
    }


def _with_refused(connection: sqlite3.Connection, made: dict[str, list[Any]]) -> Table:
    for campaign, task, name in tables.refused_tiles(connection, None):
        why = next(
            problem.what
            for at, _, problem in retrieving.refusals(connection, campaign)
            if at == task
        )
        told = {"campaign": campaign, "tile": name, "result": "refused", "refused_because": why}
        for column, values in made.items():
            values.append(told.get(column))
    return made

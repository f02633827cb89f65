"""Many runs at once, as columns: for tables, and for what a population says."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.analysis.population.outcomes import Outcomes
from onepixel_gui.attack.attacks import Attack, Exhaustive
from onepixel_gui.attack.probe import Guidance, Settings
from onepixel_gui.classifier.card import Card
from onepixel_gui.study.layout import NARROW, attack_from, card_of, strides_of
from onepixel_gui.study.seal import NONE, Column, digest, seals
from onepixel_gui.study.trouble import Damaged

Result = Literal["flipped", "held", "stopped", "refused"]

_FLOATS = frozenset({"clean", "clean_logit", "confidence"})
_TEXTS = frozenset({"draw", "result", "subject", "answer", "after"})
_EMPTY = frozenset({"campaign", "seed", "first_flip"})  # numbers that may not be there
_AT_ONCE = 20_000  # rows


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that may be counted together. classifier, attack: numbers in the study.

    settings:  of the attack without its seed.  runs: finished ones, repeated ones once.
    window:    (H, W) of what the classifier sees: positions of other windows mean other things.
    strides:   of the classifier, in tile pixels; () unknown.
    stopped:   runs that were stopped before their end, and are not counted.
    """

    classifier: int
    attack: int
    card: Card
    settings: Attack
    runs: int
    window: tuple[int, int] = (0, 0)
    strides: tuple[int, ...] = ()
    stopped: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All finished, stopped and refused runs as columns for a table: cheap with 100,000.

    run:       (N,) number of the run, -1 for a tile that was refused; those come last.
    campaign:  (N,) the campaign that it was done for first, -1 for a run by hand.
    tile:      (N,) number of the tile, -1 for one that was refused.
    task:      (N,) of the one campaign that was asked for, the first tile of it that the run
               stands for; -1 else.
    clean, confidence:  (N,) before and after, NaN for a tile that was refused.
    """

    run: NDArray[np.int64]
    campaign: NDArray[np.int64]
    tile: NDArray[np.int64]
    names: Sequence[str]
    labels: Sequence[str | None]
    cases: Sequence[str]
    classifiers: Sequence[str]
    attacks: Sequence[str]
    results: Sequence[Result]
    answers: Sequence[str]
    afters: Sequence[str]
    clean: NDArray[np.float64]
    confidence: NDArray[np.float64]
    queries: NDArray[np.int64]
    task: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.run)


@dataclass(frozen=True, slots=True, eq=False)
class Origins:
    """number: (N,) ascending; the texts beside."""

    number: NDArray[np.int64]
    names: NDArray[np.object_]
    labels: NDArray[np.object_]
    cases: NDArray[np.object_]


def attack_title(attack: Attack) -> str:
    """Short, for a cell of a table."""
    match attack:
        case Settings():
            size, more = f"search {attack.population} x {attack.generations}", attack.pixels
        case Guidance():
            size, more = f"guided search {attack.budget // attack.pixels}", attack.pixels
        case Exhaustive():
            return f"sweep, palette {attack.palette}"
        case _:
            assert_never(attack)
    more_words = f", {more} pixels" if more > 1 else ""
    return size + more_words + (", to the end" if attack.to_the_end else "")


# ------------------------------------------------------------------ reading
def columns(
    connection: sqlite3.Connection, where: str = "", given: Sequence[int] = ()
) -> dict[str, Any]:
    """Every run's own columns, by name, and `number`; texts as lists. Raises Damaged."""
    names = ("number", *NARROW, "seal")
    cursor = connection.execute(
        f"SELECT {', '.join(names)} FROM run {where} ORDER BY number", given
    )
    parts: dict[str, list[Any]] = {name: [] for name in names}
    known: dict[str, str] = {}
    while chunk := cursor.fetchmany(_AT_ONCE):
        for name, values in zip(names, zip(*chunk, strict=True), strict=True):
            parts[name].append(_column(name, values, known))
    whole = {name: _joined(name, pieces) for name, pieces in parts.items()}
    check_seals([whole[name] for name in NARROW], whole["seal"])
    if (np.diff(whole["number"]) <= 0).any():
        raise Damaged("runs are not in order")
    return whole


def _column(name: str, values: Sequence[Any], known: dict[str, str]) -> Any:
    if name in _TEXTS:  # each word is held once
        return list(map(known.setdefault, values, values))
    if name in _FLOATS:
        return np.array(values, np.float64)
    if name in _EMPTY:
        return np.array([NONE if value is None else value for value in values], np.int64)
    return np.array(values, np.int64)


def _joined(name: str, pieces: Sequence[Any]) -> Any:
    if name in _TEXTS:
        return [word for piece in pieces for word in piece]
    if not pieces:
        return np.empty(0, np.float64 if name in _FLOATS else np.int64)
    return np.concatenate(pieces)


def check_seals(sealed: Sequence[Column], seal: NDArray[np.int64]) -> None:
    """Raises Damaged when any row is not what was written."""
    if (seals(sealed) != seal).any():
        raise Damaged("a row is not what was written")


def origins(connection: sqlite3.Connection) -> Origins:
    """Names, labels and cases of all tiles. Raises Damaged."""
    rows = connection.execute(
        'SELECT number, tile, name, label, "case", seal FROM origin ORDER BY number'
    ).fetchall()
    if not rows:
        none = np.empty(0, object)
        return Origins(np.empty(0, np.int64), none, none, none)
    number, tile, names, labels, cases, seal = zip(*rows, strict=True)
    numbers = np.array(number, np.int64)
    check_seals([numbers, np.array(tile, np.int64), names, labels, cases], np.array(seal, np.int64))
    known: dict[str | None, str | None] = {}
    shared = [[known.setdefault(word, word) for word in words] for words in (labels, cases)]
    return Origins(
        numbers,
        np.array(names, object),
        np.array(shared[0], object),
        np.array(shared[1], object),
    )


def shared_text(connection: sqlite3.Connection, table: str, number: int) -> str:
    """A text that many runs share. Raises Damaged."""
    row = connection.execute(
        f"SELECT digest, told FROM {table} WHERE number = ?", (number,)
    ).fetchone()
    if row is None or digest(row[1]) != row[0]:
        raise Damaged(f"{table} {number} is not what was written")
    return str(row[1])


def first_card(connection: sqlite3.Connection, classifier: int) -> tuple[Card, tuple[int, ...]]:
    """How a classifier was called first, and its strides, if any run told them."""
    words = shared_text(connection, "classifier", classifier)
    cards = connection.execute(
        "SELECT card FROM run WHERE classifier = ? GROUP BY card ORDER BY min(number)",
        (classifier,),
    ).fetchall()
    texts = [shared_text(connection, "card", number) for (number,) in cards]
    strides = next((found for found in map(strides_of, texts) if found), ())
    return card_of(words, texts[0]), strides


def place(numbers: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.intp]:
    """(N,) where each of the wanted stands among the ascending numbers. Raises Damaged."""
    if not len(wanted):
        return np.empty(0, np.intp)
    at = np.searchsorted(numbers, wanted)
    if not len(numbers) or (numbers[np.minimum(at, len(numbers) - 1)] != wanted).any():
        raise Damaged("a run belongs to a tile that is not there")
    return at


# ------------------------------------------------------------------ a table
def rows(connection: sqlite3.Connection, campaign: int | None) -> Rows:
    """None: of the whole study. Raises Damaged."""
    found = columns(connection)
    tasks = np.full(len(found["number"]), -1, np.int64)
    if campaign is not None:
        found, tasks = _of_campaign(connection, found, campaign)
    known = origins(connection)
    at = place(known.number, found["origin"])
    refused = refused_tiles(connection, campaign)
    none, count = np.full(len(refused), -1, np.int64), len(refused)
    nan = np.full(count, np.nan)
    refusals: list[Result] = ["refused"] * count
    belongs = np.where(found["campaign"] == NONE, -1, found["campaign"])
    return Rows(
        run=np.concatenate([found["number"], none]),
        campaign=np.concatenate([belongs, np.array([row[0] for row in refused], np.int64)]),
        tile=np.concatenate([found["tile"], none]),
        names=[*known.names[at], *(str(row[2]) for row in refused)],
        labels=[*known.labels[at], *[None] * count],
        cases=[*known.cases[at], *[""] * count],
        classifiers=[*_classifier_names(connection, found["classifier"]), *[""] * count],
        attacks=[*_attack_titles(connection, found["attack"]), *[""] * count],
        results=[*found["result"], *refusals],
        answers=[*found["answer"], *[""] * count],
        afters=[*found["after"], *[""] * count],
        clean=np.concatenate([found["clean"], nan]),
        confidence=np.concatenate([found["confidence"], nan]),
        queries=np.concatenate([found["queries"], np.zeros(count, np.int64)]),
        task=np.concatenate([tasks, np.array([row[1] for row in refused], np.int64)])
        if campaign is not None
        else np.full(len(tasks) + count, -1, np.int64),
    )


def _of_campaign(
    connection: sqlite3.Connection, found: dict[str, Any], campaign: int
) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Its runs, also those that another campaign did first, and the task of each."""
    done = done_rows(connection, campaign)
    runs, first = np.unique(done[:, 4], return_index=True)
    stopped = (found["campaign"] == campaign) & ~np.isin(found["number"], runs)
    which = np.flatnonzero(np.isin(found["number"], runs) | stopped)
    chosen = _some(found, which)
    chosen["campaign"] = np.full(len(which), campaign, np.int64)
    tasks = np.full(len(which), -1, np.int64)
    tasks[np.isin(chosen["number"], runs)] = done[first, 0]
    return chosen, tasks


def _some(found: Mapping[str, Any], which: NDArray[np.intp]) -> dict[str, Any]:
    """Those rows, in that order."""
    return {
        name: list(map(column.__getitem__, which.tolist())) if name in _TEXTS else column[which]
        for name, column in found.items()
    }


def done_rows(connection: sqlite3.Connection, campaign: int) -> NDArray[np.int64]:
    """(N, 5) task, model, attack, seed, run; by task. Raises Damaged."""
    found = connection.execute(
        "SELECT task, model, attack, seed, run, seal FROM done WHERE campaign = ? "
        "ORDER BY task, model, attack, seed",
        (campaign,),
    ).fetchall()
    values = np.array(found, np.int64).reshape(-1, 6)
    held = np.full(len(values), campaign, np.int64)
    check_seals([held, *np.ascontiguousarray(values[:, :5].T)], values[:, 5])
    return values[:, :5]


def refused_tiles(
    connection: sqlite3.Connection, campaign: int | None
) -> list[tuple[int, int, str | None]]:
    """(campaign, task, name) of those that could not be used."""
    return connection.execute(
        "SELECT DISTINCT refusal.campaign, refusal.task, task.name FROM refusal "
        "LEFT JOIN task ON task.campaign = refusal.campaign AND task.number = refusal.task "
        "WHERE ?1 IS NULL OR refusal.campaign = ?1 ORDER BY 1, 2",
        (campaign,),
    ).fetchall()


def _classifier_names(connection: sqlite3.Connection, numbers: NDArray[np.int64]) -> Iterator[str]:
    names = {int(n): first_card(connection, int(n))[0].name for n in np.unique(numbers)}
    return (names[number] for number in numbers.tolist())


def _attack_titles(connection: sqlite3.Connection, numbers: NDArray[np.int64]) -> Iterator[str]:
    titles = {
        int(n): attack_title(attack_from(shared_text(connection, "attack", int(n)), ""))
        for n in np.unique(numbers)
    }
    return (titles[number] for number in numbers.tolist())


# ------------------------------------------------------------------ what can be counted together
def groups(connection: sqlite3.Connection) -> tuple[Group, ...]:
    """Largest first. Raises Damaged."""
    found = columns(connection)
    names = ("classifier", "attack", "window_height", "window_width")
    keys = np.stack([found[name] for name in names], 1)
    ended = np.array([word != "stopped" for word in found["result"]], np.bool_)
    made = []
    for key in np.unique(keys[ended], axis=0):
        here = (keys == key).all(1)
        which, stopped = np.flatnonzero(here & ended), int((here & ~ended).sum())
        classifier, attack, height, width = map(int, key)
        card, strides = first_card(connection, classifier)
        settings = attack_from(shared_text(connection, "attack", attack), "")
        count = len(_firsts(found, which))
        window = height, width
        made.append(Group(classifier, attack, card, settings, count, window, strides, stopped))
    return tuple(sorted(made, key=lambda group: -group.runs))


def _firsts(found: Mapping[str, Any], which: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the runs that repeat another the first only: each tile counts once per seed of study."""
    for names in (("tile", "subject", "seed"), ("tile", "subject", "draw")):
        parts = []
        for name in names:
            column = found[name]
            if name in _TEXTS:
                words = {word: code for code, word in enumerate(dict.fromkeys(column))}
                column = np.fromiter(map(words.__getitem__, column), np.int64, len(column))
            parts.append(column[which])
        _, first = np.unique(np.stack(parts, 1), axis=0, return_index=True)
        which = which[np.sort(first)]
    return which


def outcomes(connection: sqlite3.Connection, group: Group) -> Outcomes:
    """Raises Damaged."""
    found = columns(
        connection,
        "WHERE classifier = ? AND attack = ? AND window_height = ? AND window_width = ? "
        "AND result <> 'stopped'",
        (group.classifier, group.attack, *group.window),
    )
    which = _firsts(found, np.arange(len(found["number"])))
    take = _some(found, which)
    known = origins(connection)
    at = place(known.number, take["origin"])
    cases = sorted({case for case in known.cases[at] if case})
    asked = (*group.card.classes,)
    others = [
        word for word in dict.fromkeys((*take["answer"], *take["after"])) if word not in asked
    ]
    classes = (*asked, *others)  # "another class", where nobody asked which
    return Outcomes(
        run=take["number"],
        tile=take["tile"],
        case=_coded(known.cases[at].tolist(), cases),
        label=_coded(known.labels[at].tolist(), asked),
        answer=_coded(take["answer"], classes),
        after=_coded(take["after"], classes),
        subject=_coded(take["subject"], classes),
        clean=take["clean"],
        confidence=take["confidence"],
        clean_logit=take["clean_logit"],
        flipped=np.array([word == "flipped" for word in take["result"]], np.bool_),
        position=np.stack([take["row_found"], take["column_found"]], 1),
        colour_before=_colours(take["colour_before"]),
        colour_after=_colours(take["colour_after"]),
        queries=take["queries"],
        first_flip=np.where(take["first_flip"] == NONE, -1, take["first_flip"]),
        flipping_positions=take["flipping_positions"],
        seed=np.where(take["seed"] == NONE, -1, take["seed"]),
        classes=classes,
        cases=tuple(cases),
        window=group.window,
        classifier=group.card.name,
        sha256=group.card.sha256,
        strategy=group.settings.strategy,
        access=group.settings.access,
        settings=attack_title(group.settings),
    )


def _coded(words: Sequence[str | None], known: Sequence[str]) -> NDArray[np.int64]:
    codes: dict[str | None, int] = dict.fromkeys(words, -1)
    codes |= {word: code for code, word in enumerate(known)}
    return np.fromiter(map(codes.__getitem__, words), np.int64, len(words))


def _colours(packed: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(N,) 0xRRGGBB -> (N, 3)."""
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], 1).astype(np.uint8)


def plan_values(text: str) -> Mapping[str, Any]:
    values: Mapping[str, Any] = json.loads(text)
    return values

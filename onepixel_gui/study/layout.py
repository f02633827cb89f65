"""A record as rows of the study's tables, and back; texts that many runs share as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from onepixel_gui.attack.attacks import Attack, as_values, attack_of, draws, seeded
from onepixel_gui.attack.probe import Advanced, Ended, Painted, Question, Settings, Swept
from onepixel_gui.attack.sweep import largest_of
from onepixel_gui.classifier.card import Card, Serving
from onepixel_gui.outbox import printable
from onepixel_gui.study.packing import (
    packed,
    packed_curve,
    packed_moved,
    packed_propagation,
    packed_trail,
    pixel_values,
    pixels_of,
    unpacked,
    unpacked_curve,
    unpacked_moved,
    unpacked_propagation,
    unpacked_trail,
)
from onepixel_gui.study.record import Record
from onepixel_gui.study.seal import Value, seal
from onepixel_gui.study.trouble import Damaged
from onepixel_gui.tiles.tile import Tile, Window

# What a table or a count needs of a run, in the order of the schema.
NARROW = (
    *("tile", "origin", "classifier", "attack", "draw", "campaign", "seed", "result"),
    *("subject", "answer", "after", "clean", "clean_logit", "confidence"),
    *("row_found", "column_found", "colour_before", "colour_after"),
    *("window_height", "window_width", "queries", "first_flip", "flipping_positions"),
)
REST = (
    *("card", "serving", "software", "threshold", "seconds", "previews", "confirmations"),
    *("window_row", "window_column", "begun", "command", "rival", "reason", "top", "best"),
)
COLUMNS = (*NARROW, "seal", *REST, "seal_of_rest")
SHARED = ("classifier", "card", "attack", "serving", "software")

# What of a card decides its answers; the rest is told with each run and parts no two of them.
_TOLD = ("name", "file", "doubts", "sources")
_ORIGIN = tuple(each.name for each in fields(Tile) if each.name != "rgb")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """A record, taken apart before anything is locked.

    shared: table -> text.  row: of `run`, without the numbers of other tables.
    blobs:  table -> values behind the number of the run.
    """

    tile: Tile
    origin: str
    shared: Mapping[str, str]
    row: Mapping[str, Value]
    curve: bytes | None
    trail: bytes | None
    map: tuple[bytes, bytes, bytes, str] | None
    unfinished: tuple[bytes, bytes, bytes, int, int] | None
    aftermath: tuple[bytes | None, bytes | None] | None


def words(values: object) -> str:
    """JSON with ordered keys: the same values are the same text."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def plain(text: str) -> str:
    """What can be stored: odd bytes of a file's name, which are no text, are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def taken_apart(record: Record) -> Parts:
    result = record.result
    steps = (*record.trail, result) if isinstance(result, Advanced) else record.trail
    asked = record.moved is not None or record.propagation is not None
    return Parts(
        tile=record.tile,
        origin=words({name: getattr(record.tile, name) for name in _ORIGIN}),
        shared={
            "classifier": classifier_words(record.card),
            "card": words(
                {name: _plain_value(getattr(record.card, name)) for name in _TOLD}
                | {"strides": list(record.strides)}
            ),
            "attack": attack_words(record.attack),
            "serving": words(asdict(record.serving)),
            "software": words(dict(record.software)),
        },
        row=_row(record),
        curve=packed_curve(result.curve) if isinstance(result, Ended) else None,
        trail=packed_trail(steps) if steps else None,
        map=_map(result) if isinstance(result, Swept) else None,
        unfinished=_unfinished(result) if isinstance(result, Painted) else None,
        aftermath=_aftermath(record) if asked else None,
    )


def classifier_words(card: Card) -> str:
    """Two cards of the same words give the same answers."""
    told = {each.name: _plain_value(getattr(card, each.name)) for each in fields(card)}
    return words({name: value for name, value in told.items() if name not in _TOLD})


def attack_words(attack: Attack) -> str:
    """Without the seed."""
    return words({k: v for k, v in as_values(attack).items() if k != "seed"})


def draw(attack: Attack) -> str:
    """The seed of an attack as text, which holds any; "" where none is drawn."""
    return str(attack.seed) if isinstance(attack, Settings) and draws(attack) else ""


def _plain_value(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def _row(record: Record) -> dict[str, Value]:
    question, result, window = record.question, record.result, record.question.window
    sweep = result if isinstance(result, Swept) else None
    search = None if isinstance(result, Swept | Painted) else result
    ended = result if isinstance(result, Ended) else None
    return {
        "draw": draw(record.attack),
        "seed": record.seed,
        "result": "stopped" if record.stopped else "flipped" if record.flipped else "held",
        "subject": plain(question.subject),
        "answer": plain(question.answer),
        "after": plain(_after(record)),
        "clean": float(question.clean),
        "clean_logit": float(question.clean_logit),
        "confidence": float(record.confidence),
        **_first_pixel(record),
        "window_height": window.height,
        "window_width": window.width,
        "queries": int(result.queries),
        "first_flip": ended.first_flip if ended else None,
        "flipping_positions": int(sweep.flipped.any(axis=2).sum()) if sweep else -1,
        "threshold": float(question.threshold),
        "seconds": 0.0 if isinstance(result, Advanced | Painted) else float(result.seconds),
        "previews": int(search.previews) if search else 0,
        "confirmations": int(sweep.confirmations) if sweep else 0,
        "window_row": window.row,
        "window_column": window.column,
        "begun": plain(record.begun),
        "command": plain(record.command),
        "rival": plain(question.rival),
        "reason": ended.reason if ended else "",
        "top": words(question.top),
        "best": words(pixel_values(record.best)),
    }


def _after(record: Record) -> str:
    """What is answered with the best perturbation; of a stopped search nobody confirmed it."""
    match record.result:
        case Ended(answer=answer):
            return answer
        case Swept():
            return record.question.goal if record.flipped else record.question.answer
        case _:
            return ""


def _first_pixel(record: Record) -> dict[str, Value]:
    """Where it lies in the window, -1 for none, and its colours as 0xRRGGBB."""
    if not record.best:
        names = ("row_found", "column_found", "colour_before", "colour_after")
        return dict.fromkeys(names, -1)
    pixel, window = record.best[0], record.question.window
    return {
        "row_found": int(pixel.row) - window.row,
        "column_found": int(pixel.column) - window.column,
        "colour_before": _as_number(record.tile.rgb[pixel.row, pixel.column].tolist()),
        "colour_after": _as_number(pixel.rgb),
    }


def _as_number(rgb: "tuple[int, int, int] | list[int]") -> int:
    red, green, blue = map(int, rgb)
    return red << 16 | green << 8 | blue


def _map(swept: Swept) -> tuple[bytes, bytes, bytes, str]:
    extremes = [
        *pixel_values((swept.lowest, swept.highest)),
        float(swept.lowest_confidence),
        float(swept.highest_confidence),
    ]
    return packed(swept.palette), packed(swept.logits), packed(swept.flipped), words(extremes)


def _unfinished(painted: Painted) -> tuple[bytes, bytes, bytes, int, int]:
    known = [packed(each[painted.exact]) for each in (painted.lowest, painted.highest)]
    return packed(painted.exact), known[0], known[1], painted.stride, painted.total


def _aftermath(record: Record) -> tuple[bytes | None, bytes | None]:
    return (
        None if record.moved is None else packed_moved(record.moved),
        None if record.propagation is None else packed_propagation(record.propagation),
    )


# ------------------------------------------------------------------ back
def check(row: Row) -> None:
    """Raises Damaged when a run is not what was written."""
    whole = seal([row[name] for name in NARROW]) == row["seal"]
    if not whole or seal([row[name] for name in REST]) != row["seal_of_rest"]:
        raise Damaged(f"run {row.get('number')} is not what was written")


def card_of(classifier: str, told: str) -> Card:
    values = json.loads(classifier) | json.loads(told)
    known = {each.name for each in fields(Card)}
    tuples = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Card(**{name: value for name, value in (values | tuples).items() if name in known})


def strides_of(told: str) -> tuple[int, ...]:
    return tuple(json.loads(told)["strides"])


def attack_from(text: str, drawn: str) -> Attack:
    attack = attack_of(json.loads(text))
    return seeded(attack, int(drawn)) if drawn else attack


def tile_of(origin: str, rgb: Any) -> Tile:
    values = json.loads(origin)
    values["origin"], values["notes"] = tuple(values["origin"]), tuple(values["notes"])
    return Tile(rgb=rgb, **{name: value for name, value in values.items() if name in _ORIGIN})


def serving_of(text: str) -> Serving:
    known = {each.name for each in fields(Serving)}
    return Serving(**{k: v for k, v in json.loads(text).items() if k in known})


def question_of(row: Row) -> Question:
    window = Window(
        row["window_row"], row["window_column"], row["window_height"], row["window_width"]
    )
    return Question(
        row["subject"],
        row["rival"],
        row["answer"],
        number(row["clean"]),
        number(row["clean_logit"]),
        number(row["threshold"]),
        window,
        tuple((str(name), float(chance)) for name, chance in json.loads(row["top"])),
    )


def number(value: float | None) -> float:
    """SQLite has no NaN, and keeps nothing for it."""
    return float("nan") if value is None else value


def swept_of(row: Row, kept: Row) -> Swept:
    """kept: its row of `map`. Raises Damaged, ValueError."""
    if seal([row["number"], kept["extremes"]]) != kept["seal"]:
        raise Damaged(f"the map of run {row['number']} is not what was written")
    lowest, highest, lowest_confidence, highest_confidence = json.loads(kept["extremes"])
    low, high = pixels_of([lowest, highest])
    return Swept(
        question_of(row),
        unpacked(kept["palette"]),
        unpacked(kept["logits"]),
        unpacked(kept["flips"]),
        low,
        lowest_confidence,
        high,
        highest_confidence,
        row["queries"],
        row["confirmations"],
        number(row["seconds"]),
    )


def painted_of(row: Row, kept: Row) -> Painted:
    """kept: its row of `unfinished`. Raises Damaged, ValueError."""
    if seal([row["number"], kept["stride"], kept["total"]]) != kept["seal"]:
        raise Damaged(f"what is known of run {row['number']} is not what was written")
    asked = unpacked(kept["asked"])
    if asked.dtype != np.bool_ or asked.shape != (row["window_height"], row["window_width"]):
        raise Damaged(f"run {row['number']} was asked elsewhere")
    lowest, highest = np.full((2, *asked.shape), np.nan, np.float32)
    lowest[asked], highest[asked] = unpacked(kept["lowest"]), unpacked(kept["highest"])
    change = largest_of(lowest, highest, np.float32(number(row["clean_logit"])))
    for each in (lowest, highest, change):
        each.setflags(write=False)
    done, total, stride = row["queries"], kept["total"], kept["stride"]
    return Painted(done, total, stride, lowest, highest, change, asked)


def ended_of(row: Row, curve: bytes) -> Ended:
    return Ended(
        row["reason"],
        row["result"] == "flipped",
        row["queries"],
        row["first_flip"],
        pixels_of(json.loads(row["best"])),
        number(row["confidence"]),
        row["after"],
        unpacked_curve(curve),
        number(row["seconds"]),
        row["previews"],
    )


def record_of(
    row: Row,
    tile: Tile,
    shared: Mapping[str, str],
    curve: bytes | None,
    trail: bytes | None,
    kept_map: Row | None,
    unfinished: Row | None,
    aftermath: tuple[bytes | None, bytes | None],
) -> Record:
    """What `taken_apart` was given. Raises Damaged, ValueError, LookupError, TypeError."""
    steps = () if trail is None else unpacked_trail(trail)
    result: Ended | Swept | Advanced | Painted
    if kept_map is not None:
        result = swept_of(row, kept_map)
    elif unfinished is not None:
        result = painted_of(row, unfinished)
    elif row["result"] == "stopped":
        *before, result = steps
        steps = tuple(before)
    elif curve is None:
        raise Damaged(f"run {row['number']} has lost its curve")
    else:
        result = ended_of(row, curve)
    moved, propagation = aftermath
    return Record(
        tile=tile,
        card=card_of(shared["classifier"], shared["card"]),
        serving=serving_of(shared["serving"]),
        attack=attack_from(shared["attack"], row["draw"]),
        question=question_of(row),
        result=result,
        trail=steps,
        software=json.loads(shared["software"]),
        begun=row["begun"],
        seed=row["seed"],
        command=row["command"],
        moved=None if moved is None else unpacked_moved(moved),
        propagation=None if propagation is None else unpacked_propagation(propagation),
        strides=strides_of(shared["card"]),
    )


def shown_name(tile: Tile) -> str:
    return plain(printable(tile.name))

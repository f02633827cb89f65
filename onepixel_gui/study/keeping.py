"""Writing: a record becomes rows, each tile and each shared text once."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from onepixel_gui.study.layout import (
    COLUMNS,
    NARROW,
    REST,
    SHARED,
    Parts,
    plain,
    shown_name,
)
from onepixel_gui.study.packing import packed_picture
from onepixel_gui.study.seal import Value, digest, seal

_INSERT = f"INSERT INTO run ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

_ONCE = ("tile", "classifier", "attack", "subject", "draw")
_BY_HAND = (*_ONCE, "result", "confidence", "queries", "begun", "seconds", "command")

Part = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Task:
    """What of a campaign a run is. part: (model, attack, seed) indices of its plan."""

    campaign: int
    number: int
    part: Part


class Numbers:
    """Of texts that are kept already, so that they are not sought again for each run."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], int] = {}

    def forget(self) -> None:
        """What was written last has been undone."""
        self._known.clear()

    def of(self, connection: sqlite3.Connection, table: str, told: str) -> int:
        """Of that text, which is kept now if it was not."""
        key = (table, digest(told))
        if key not in self._known:
            found = connection.execute(
                f"SELECT number FROM {table} WHERE digest = ?", (key[1],)
            ).fetchone()
            self._known[key] = (
                found[0]
                if found
                else _inserted(
                    connection, f"INSERT INTO {table} (digest, told) VALUES (?, ?)", (key[1], told)
                )
            )
        return self._known[key]


def keep(
    connection: sqlite3.Connection,
    numbers: Numbers,
    parts: Parts,
    campaign: int | None,
    once: bool,
) -> int:
    """The number of the run: a new one, or that of the same run of a campaign.

    once: also of the same run by hand, begun in the same second with the same end.
    """
    tile = _tile(connection, parts)
    known: dict[str, Value] = {
        "tile": tile,
        "campaign": campaign,
        **{table: numbers.of(connection, table, parts.shared[table]) for table in SHARED},
        **parts.row,
    }
    same = _same(connection, known, once)
    if same is not None:
        return same
    known["origin"] = _origin(connection, tile, parts)
    known["seal"] = seal([known[name] for name in NARROW])
    known["seal_of_rest"] = seal([known[name] for name in REST])
    run = _inserted(connection, _INSERT, [known[name] for name in COLUMNS])
    _keep_blobs(connection, run, parts)
    return run


def _same(connection: sqlite3.Connection, known: dict[str, Value], once: bool) -> int | None:
    """The run that was there before, if any."""
    names: tuple[str, ...]
    if known["campaign"] is not None and known["result"] != "stopped":
        names, also = _ONCE, "campaign IS NOT NULL AND result <> 'stopped'"
    elif once:
        names, also = _BY_HAND, "(campaign IS NULL OR result = 'stopped')"
    else:
        return None
    alike = " AND ".join(f"{name} IS ?" for name in names)
    found = connection.execute(
        f"SELECT number FROM run WHERE {alike} AND {also}", [known[name] for name in names]
    ).fetchone()
    return None if found is None else int(found[0])


def _tile(connection: sqlite3.Connection, parts: Parts) -> int:
    found = connection.execute(
        "SELECT number FROM tile WHERE sha256 = ?", (parts.tile.sha256,)
    ).fetchone()
    if found:
        return int(found[0])
    tile = _inserted(
        connection,
        "INSERT INTO tile (sha256, height, width) VALUES (?, ?, ?)",
        (parts.tile.sha256, *parts.tile.shape),
    )
    connection.execute(
        "INSERT INTO picture (tile, rgb) VALUES (?, ?)", (tile, packed_picture(parts.tile.rgb))
    )
    return tile


def _origin(connection: sqlite3.Connection, tile: int, parts: Parts) -> int:
    key = digest(parts.origin)
    found = connection.execute(
        "SELECT number FROM origin WHERE tile = ? AND digest = ?", (tile, key)
    ).fetchone()
    if found:
        return int(found[0])
    (last,) = connection.execute("SELECT ifnull(max(number), 0) FROM origin").fetchone()
    label = None if parts.tile.label is None else plain(parts.tile.label)
    shown = (shown_name(parts.tile), label, plain(parts.tile.case))
    return _inserted(
        connection,
        'INSERT INTO origin (number, tile, digest, told, name, label, "case", seal) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (last + 1, tile, key, parts.origin, *shown, seal([last + 1, tile, *shown])),
    )


def _keep_blobs(connection: sqlite3.Connection, run: int, parts: Parts) -> None:
    if parts.curve is not None:
        connection.execute("INSERT INTO curve VALUES (?, ?)", (run, parts.curve))
    if parts.trail is not None:
        connection.execute("INSERT INTO trail VALUES (?, ?)", (run, parts.trail))
    if parts.map is not None:
        sum_ = seal([run, parts.map[-1]])
        connection.execute("INSERT INTO map VALUES (?, ?, ?, ?, ?, ?)", (run, *parts.map, sum_))
    if parts.unfinished is not None:
        sum_ = seal([run, *parts.unfinished[-2:]])
        connection.execute(
            "INSERT INTO unfinished VALUES (?, ?, ?, ?, ?, ?, ?)", (run, *parts.unfinished, sum_)
        )
    if parts.aftermath is not None:
        connection.execute("INSERT INTO aftermath VALUES (?, ?, ?)", (run, *parts.aftermath))


def mark_done(connection: sqlite3.Connection, task: Task, run: int) -> None:
    """Again is no harm; the first run stays."""
    values = (task.campaign, task.number, *task.part, run)
    connection.execute(
        "INSERT OR IGNORE INTO done VALUES (?, ?, ?, ?, ?, ?, ?)", (*values, seal(values))
    )


def begin(
    connection: sqlite3.Connection, plan: str, begun: str, total: int, tasks: Sequence[str]
) -> int:
    """A new campaign; its number."""
    campaign = _inserted(
        connection,
        "INSERT INTO campaign (plan, begun, total, seal) VALUES (?, ?, ?, ?)",
        (plan, begun, total, seal([plan, begun, total])),
    )
    rows = ((campaign, number, plain(name)) for number, name in enumerate(tasks))
    connection.executemany(
        "INSERT INTO task VALUES (?, ?, ?, ?)", ((*row, seal(row)) for row in rows)
    )
    return campaign


def _inserted(connection: sqlite3.Connection, statement: str, values: Sequence[object]) -> int:
    number = connection.execute(statement, tuple(values)).lastrowid
    assert number is not None, "an INSERT has a row"
    return number

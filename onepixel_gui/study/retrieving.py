"""Reading one thing at a time: a run, a map, a picture, a plan. All raise Absent, Damaged."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.locality import Moved
from onepixel_gui.attack.probe import Swept
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.problems import Problem
from onepixel_gui.study import layout
from onepixel_gui.study.layout import COLUMNS, SHARED
from onepixel_gui.study.packing import unpacked_moved, unpacked_picture, unpacked_propagation
from onepixel_gui.study.record import Record
from onepixel_gui.study.seal import digest, seal
from onepixel_gui.study.tables import columns, shared_text
from onepixel_gui.study.trouble import Absent, Damaged
from onepixel_gui.tiles.tile import Tile

_RUN = ("number", *COLUMNS)
_OTHER_NUMBERS = (  # where the numbers of runs stand besides
    "SELECT number FROM run INDEXED BY run_of_tile",
    "SELECT run FROM curve",
    "SELECT run FROM map",
)
_MOST = 100_000_000  # runs; a damaged number may be any
_MAP = ("palette", "logits", "flips", "extremes", "seal")
_UNFINISHED = ("asked", "lowest", "highest", "stride", "total", "seal")


def run(connection: sqlite3.Connection, number: int) -> Record:
    """Everything about one run."""
    row = _row(connection, number)
    trail = _blob(connection, "SELECT steps FROM trail WHERE run = ?", number)
    # Only then it is a sweep; older studies have none, and no table for it.
    stopped_sweep = row["result"] == "stopped" and trail is None
    return layout.record_of(
        row,
        tile(connection, row["tile"], row["origin"]),
        {table: shared_text(connection, table, row[table]) for table in SHARED},
        _blob(connection, "SELECT points FROM curve WHERE run = ?", number),
        trail,
        _named(connection, "map", _MAP, number),
        _named(connection, "unfinished", _UNFINISHED, number) if stopped_sweep else None,
        _aftermath(connection, number),
    )


def numbers(connection: sqlite3.Connection) -> list[int]:
    """Of all runs; in a damaged file also of those that may be lost."""
    table = "SELECT number FROM run NOT INDEXED ORDER BY number"
    found: set[int] = set()
    try:
        found.update(row[0] for row in connection.execute(table))
        return sorted(found)
    except sqlite3.DatabaseError:  # up to there
        pass
    for other in (f"{table} DESC", *_OTHER_NUMBERS):
        with contextlib.suppress(sqlite3.DatabaseError):
            found.update(row[0] for row in connection.execute(other))
    return [*range(1, min(max(found, default=0), _MOST) + 1)]


def campaign_of(connection: sqlite3.Connection, number: int) -> int:
    """The campaign that a run was done for first, -1 for a run by hand."""
    belongs = _row(connection, number)["campaign"]
    return -1 if belongs is None else int(belongs)


def _row(connection: sqlite3.Connection, number: int) -> dict[str, Any]:
    found = connection.execute(
        f"SELECT {', '.join(_RUN)} FROM run WHERE number = ?", (number,)
    ).fetchone()
    if found is None:
        raise Absent(f"run {number}")
    row = dict(zip(_RUN, found, strict=True))
    layout.check(row)
    return row


def _blob(connection: sqlite3.Connection, statement: str, number: int) -> bytes | None:
    found = connection.execute(statement, (number,)).fetchone()
    return None if found is None else bytes(found[0])


def _named(
    connection: sqlite3.Connection, table: str, names: Sequence[str], number: int
) -> dict[str, Any] | None:
    """The row of that run in a table of blobs, by name."""
    found = connection.execute(
        f"SELECT {', '.join(names)} FROM {table} WHERE run = ?", (number,)
    ).fetchone()
    return None if found is None else dict(zip(names, found, strict=True))


def _aftermath(connection: sqlite3.Connection, number: int) -> tuple[bytes | None, bytes | None]:
    found = connection.execute(
        "SELECT moved, propagation FROM aftermath WHERE run = ?", (number,)
    ).fetchone()
    return (None, None) if found is None else (found[0], found[1])


def swept(connection: sqlite3.Connection, number: int) -> Swept:
    """The map of a run."""
    kept = _named(connection, "map", _MAP, number)
    if kept is None:
        raise Damaged(f"run {number} has no map")
    return layout.swept_of(_row(connection, number), kept)


def aftermath(
    connection: sqlite3.Connection, number: int
) -> tuple[Moved | None, Propagation | None]:
    """What was asked after the flip of a run."""
    moved, propagation = _aftermath(connection, number)
    return (
        None if moved is None else unpacked_moved(moved),
        None if propagation is None else unpacked_propagation(propagation),
    )


def tile(connection: sqlite3.Connection, number: int, origin: int) -> Tile:
    """As it came from that place."""
    found = connection.execute(
        "SELECT digest, told FROM origin WHERE number = ? AND tile = ?", (origin, number)
    ).fetchone()
    if found is None or digest(found[1]) != found[0]:
        raise Damaged(f"where tile {number} came from is not what was written")
    made = layout.tile_of(found[1], picture(connection, number))
    (sha256,) = connection.execute("SELECT sha256 FROM tile WHERE number = ?", (number,)).fetchone()
    if made.sha256 != sha256:
        raise Damaged(f"the pixels of tile {number} are not what was written")
    return made


def picture(connection: sqlite3.Connection, number: int) -> NDArray[np.uint8]:
    """(H, W, 3)."""
    data = _blob(connection, "SELECT rgb FROM picture WHERE tile = ?", number)
    if data is None:
        raise Absent(f"picture of tile {number}")
    return unpacked_picture(data)


def count(connection: sqlite3.Connection) -> int:
    """Of all runs."""
    return int(connection.execute("SELECT count(*) FROM run").fetchone()[0])


def tiles(connection: sqlite3.Connection) -> dict[int, str]:
    """number -> sha256."""
    return dict(connection.execute("SELECT number, sha256 FROM tile ORDER BY number"))


def runs_of(connection: sqlite3.Connection, sha256: str) -> tuple[int, ...]:
    """Numbers of the runs on that tile, ascending."""
    found = connection.execute(
        "SELECT run.number FROM run JOIN tile ON tile.number = run.tile "
        "WHERE tile.sha256 = ? ORDER BY run.number",
        (sha256,),
    )
    return tuple(row[0] for row in found)


def hashes(connection: sqlite3.Connection, tiles: NDArray[np.int64]) -> tuple[str, ...]:
    """Of those tiles, once each, sorted."""
    wanted = {int(number) for number in np.unique(tiles)}
    found = connection.execute("SELECT number, sha256 FROM tile")
    return tuple(sorted(sha256 for number, sha256 in found if number in wanted))


def origins_told(connection: sqlite3.Connection) -> dict[int, dict[str, Any]]:
    """Number of an origin -> every word about it."""
    rows = connection.execute("SELECT number, digest, told FROM origin").fetchall()
    if any(digest(told) != sum_ for _, sum_, told in rows):
        raise Damaged("where a tile came from is not what was written")
    return {number: json.loads(told) for number, _, told in rows}


def tile_of(connection: sqlite3.Connection, sha256: str) -> int | None:
    """The number of the tile with these pixels, if there is one."""
    found = connection.execute("SELECT number FROM tile WHERE sha256 = ?", (sha256,)).fetchone()
    return None if found is None else int(found[0])


def tile_hashes(connection: sqlite3.Connection) -> dict[int, str]:
    """Number of a tile -> sha256 of its shape and pixels."""
    return dict(connection.execute("SELECT number, sha256 FROM tile").fetchall())


def shared(connection: sqlite3.Connection, table: str) -> dict[int, str]:
    """Number -> each text of that table."""
    numbers = connection.execute(f"SELECT number FROM {table} ORDER BY number").fetchall()
    return {number: shared_text(connection, table, number) for (number,) in numbers}


# ------------------------------------------------------------------ campaigns
def campaign_rows(
    connection: sqlite3.Connection,
) -> Iterator[tuple[int, Mapping[str, Any], str, int]]:
    """(number, plan, begun, total)."""
    rows = connection.execute(
        "SELECT number, plan, begun, total, seal FROM campaign ORDER BY number"
    ).fetchall()
    for number, text, begun, total, sum_ in rows:
        if seal([text, begun, total]) != sum_:
            raise Damaged(f"campaign {number} is not what was written")
        yield number, json.loads(text), begun, total


def plan(connection: sqlite3.Connection, campaign: int) -> Mapping[str, Any]:
    """Of a campaign."""
    for number, values, _, _ in campaign_rows(connection):
        if number == campaign:
            return values
    raise Absent(f"campaign {campaign}")


def tasks(connection: sqlite3.Connection, campaign: int) -> tuple[str, ...]:
    """The names of its tiles in order."""
    rows = connection.execute(
        "SELECT number, name, seal FROM task WHERE campaign = ? ORDER BY number", (campaign,)
    ).fetchall()
    for position, (number, name, sum_) in enumerate(rows):
        if number != position or seal([campaign, number, name]) != sum_:
            raise Damaged(f"task {position} of campaign {campaign} is not what was written")
    return tuple(name for _, name, _ in rows)


def refused(connection: sqlite3.Connection, campaign: int) -> list[tuple[int, int]]:
    """(task, model) of tiles that could not be used; model -1 for any."""
    return [(row[1], row[2]) for row in _refusals(connection, campaign)]


def refusals(connection: sqlite3.Connection, campaign: int) -> list[tuple[int, int, Problem]]:
    """(task, model, why); model -1 for any."""
    rows = _refusals(connection, campaign)
    return [(row[1], row[2], Problem(row[3], row[4], detail=row[5])) for row in rows]


def _refusals(connection: sqlite3.Connection, campaign: int) -> list[tuple[Any, ...]]:
    rows = connection.execute(
        "SELECT campaign, task, model, what, remedy, detail, seal FROM refusal "
        "WHERE campaign = ? ORDER BY task, model",
        (campaign,),
    ).fetchall()
    if any(seal(row[:-1]) != row[-1] for row in rows):
        raise Damaged("a tile that was refused is not what was written")
    return rows


# ------------------------------------------------------------------ remarks and the rest
def notes(connection: sqlite3.Connection) -> Iterator[tuple[str, int, str]]:
    """(words, run, written), oldest first."""
    rows = connection.execute("SELECT run, written, words, seal FROM note ORDER BY number")
    for number, written, text, sum_ in rows.fetchall():
        if seal([number, written, text]) != sum_:
            raise Damaged("a note is not what was written")
        yield text, -1 if number is None else number, written


def kept(connection: sqlite3.Connection, key: str) -> Any:
    """None for what was never kept."""
    found = connection.execute("SELECT value, seal FROM kept WHERE key = ?", (key,)).fetchone()
    if found is None:
        return None
    if seal([key, found[0]]) != found[1]:
        raise Damaged(f"what was kept as {key} is not what was written")
    return json.loads(found[0])


def keys(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Under which something is kept."""
    return tuple(row[0] for row in connection.execute("SELECT key FROM kept ORDER BY key"))


def complaints(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What SQLite finds damaged, and whether each run is what was written."""
    found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    found = [] if found == ["ok"] else found
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        found.append(f"row {row} of {table} has lost its {parent}")
    if not found:
        columns(connection)
    return tuple(found)

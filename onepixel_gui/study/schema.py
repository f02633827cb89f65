"""How a study is laid out, and how older ones are brought forward."""

import sqlite3
from contextlib import closing
from functools import cache

# "1PxS": what `file` and other programs know a study by.
APPLICATION = 0x31507853
VERSION = 3
READABLE = 2  # the oldest of which everything can be read as it is
SUFFIX = ".onepixel"

# What a run is by itself comes first, for tables and counts.  Texts that many runs share (`told`,
# JSON) are kept once, found by their digest.  A seal is a checksum over the columns before it:
# SQLite notices a damaged page, not a changed digit.
_FIRST = """
CREATE TABLE tile (
    number INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    height INTEGER NOT NULL,
    width INTEGER NOT NULL
) STRICT;
CREATE TABLE picture (
    tile INTEGER PRIMARY KEY REFERENCES tile,
    rgb BLOB NOT NULL
) STRICT;
CREATE TABLE origin (
    number INTEGER PRIMARY KEY,
    tile INTEGER NOT NULL REFERENCES tile,
    digest BLOB NOT NULL,
    told TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT,
    "case" TEXT NOT NULL,
    seal INTEGER NOT NULL,
    UNIQUE (tile, digest)
) STRICT;
CREATE TABLE classifier (
    number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, told TEXT NOT NULL
) STRICT;
CREATE TABLE card (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, told TEXT NOT NULL)
    STRICT;
CREATE TABLE attack (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, told TEXT NOT NULL)
    STRICT;
CREATE TABLE serving (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, told TEXT NOT NULL)
    STRICT;
CREATE TABLE software (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, told TEXT NOT NULL)
    STRICT;
CREATE TABLE campaign (
    number INTEGER PRIMARY KEY,
    plan TEXT NOT NULL,
    begun TEXT NOT NULL,
    total INTEGER NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
CREATE TABLE task (
    campaign INTEGER NOT NULL REFERENCES campaign,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    seal INTEGER NOT NULL,
    PRIMARY KEY (campaign, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    tile INTEGER NOT NULL REFERENCES tile,
    origin INTEGER NOT NULL REFERENCES origin,
    classifier INTEGER NOT NULL REFERENCES classifier,
    attack INTEGER NOT NULL REFERENCES attack,
    draw TEXT NOT NULL,
    campaign INTEGER REFERENCES campaign,
    seed INTEGER,
    result TEXT NOT NULL CHECK (result IN ('flipped', 'held', 'stopped')),
    subject TEXT NOT NULL,
    answer TEXT NOT NULL,
    after TEXT NOT NULL,
    clean REAL,
    clean_logit REAL,
    confidence REAL,
    row_found INTEGER NOT NULL,
    column_found INTEGER NOT NULL,
    colour_before INTEGER NOT NULL,
    colour_after INTEGER NOT NULL,
    window_height INTEGER NOT NULL,
    window_width INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    first_flip INTEGER,
    flipping_positions INTEGER NOT NULL,
    seal INTEGER NOT NULL,
    card INTEGER NOT NULL REFERENCES card,
    serving INTEGER NOT NULL REFERENCES serving,
    software INTEGER NOT NULL REFERENCES software,
    threshold REAL,
    seconds REAL,
    previews INTEGER NOT NULL,
    confirmations INTEGER NOT NULL,
    window_row INTEGER NOT NULL,
    window_column INTEGER NOT NULL,
    begun TEXT NOT NULL,
    command TEXT NOT NULL,
    rival TEXT NOT NULL,
    reason TEXT NOT NULL,
    top TEXT NOT NULL,
    best TEXT NOT NULL,
    seal_of_rest INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX run_once ON run (tile, classifier, attack, subject, draw)
    WHERE campaign IS NOT NULL AND result <> 'stopped';
CREATE INDEX run_of_tile ON run (tile);
CREATE TABLE curve (run INTEGER PRIMARY KEY REFERENCES run, points BLOB NOT NULL) STRICT;
CREATE TABLE trail (run INTEGER PRIMARY KEY REFERENCES run, steps BLOB NOT NULL) STRICT;
CREATE TABLE map (
    run INTEGER PRIMARY KEY REFERENCES run,
    palette BLOB NOT NULL,
    logits BLOB NOT NULL,
    flips BLOB NOT NULL,
    extremes TEXT NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
CREATE TABLE done (
    campaign INTEGER NOT NULL REFERENCES campaign,
    task INTEGER NOT NULL,
    model INTEGER NOT NULL,
    attack INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    run INTEGER NOT NULL REFERENCES run,
    seal INTEGER NOT NULL,
    PRIMARY KEY (campaign, task, model, attack, seed)
) STRICT, WITHOUT ROWID;
CREATE TABLE refusal (
    campaign INTEGER NOT NULL REFERENCES campaign,
    task INTEGER NOT NULL,
    model INTEGER NOT NULL,
    what TEXT NOT NULL,
    remedy TEXT NOT NULL,
    detail TEXT NOT NULL,
    seal INTEGER NOT NULL,
    PRIMARY KEY (campaign, task, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE kept (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
"""

# What was asked after a flip, and remarks.
_SECOND = """
CREATE TABLE aftermath (
    run INTEGER PRIMARY KEY REFERENCES run,
    moved BLOB,
    propagation BLOB
) STRICT;
CREATE TABLE note (
    number INTEGER PRIMARY KEY,
    run INTEGER REFERENCES run,
    written TEXT NOT NULL,
    words TEXT NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
"""

# What is known of a sweep that was stopped: asked (H, W), and of each of these its extremes.
_THIRD = """
CREATE TABLE unfinished (
    run INTEGER PRIMARY KEY REFERENCES run,
    asked BLOB NOT NULL,
    lowest BLOB NOT NULL,
    highest BLOB NOT NULL,
    stride INTEGER NOT NULL,
    total INTEGER NOT NULL,
    seal INTEGER NOT NULL
) STRICT;
"""

_STEPS = (_FIRST, _SECOND, _THIRD)
_Objects = frozenset[tuple[str, str, str]]


def bring_forward(connection: sqlite3.Connection, version: int) -> None:
    """From that version to the newest; 0 is an empty file. Inside a transaction of the caller."""
    for step in _STEPS[version:]:
        for statement in step.split(";\n"):
            if statement.strip():
                connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def well_laid(connection: sqlite3.Connection, version: int) -> bool:
    """Whether all tables are as that version made them, and nothing in the file acts by itself."""
    found = _objects(connection)
    acting = any(kind in ("trigger", "view") for kind, _, _ in found)
    return not acting and (version > VERSION or _expected(version) <= found)


def _objects(connection: sqlite3.Connection) -> _Objects:
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return frozenset(tuple(row) for row in rows)


@cache
def _expected(version: int) -> _Objects:
    with closing(sqlite3.connect(":memory:")) as model:
        for step in _STEPS[:version]:
            model.executescript(step)
        return _objects(model)

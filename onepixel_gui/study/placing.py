"""Where on their slides the tiles of a study lie, and what runs on them ended with."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from onepixel_gui.classifier.card import Card
from onepixel_gui.study.seal import digest
from onepixel_gui.study.tables import Result, columns, first_card
from onepixel_gui.study.trouble import Damaged
from onepixel_gui.tiles.tile import Window

OnSlides = Mapping[str, Mapping[Window, Result]]

_STRENGTH: dict[Result, int] = {"flipped": 2, "held": 1, "stopped": 0}
# Tiles of no slide are told so in these letters, and need not be looked at any closer.
_OF_NO_SLIDE = '"slide_hash":""'


def on_slides(connection: sqlite3.Connection, wanted: Callable[[Card], bool]) -> OnSlides:
    """By hash of slide and by what a tile covers of it, in level-0 px: a flip, where there is one.

    A run that held goes before one that was stopped.  wanted: classifiers whose runs count.
    Raises Damaged.
    """
    places = _places(connection)
    asked = connection.execute("SELECT DISTINCT classifier FROM run").fetchall() if places else ()
    found: dict[str, dict[Window, Result]] = {}
    for (number,) in asked:
        if not wanted(first_card(connection, number)[0]):
            continue
        runs = columns(connection, "WHERE classifier = ?", (number,))
        for origin, result in zip(runs["origin"].tolist(), runs["result"], strict=True):
            if origin in places:
                slide, window = places[origin]
                here = found.setdefault(slide, {})
                if window not in here or _STRENGTH[result] > _STRENGTH[here[window]]:
                    here[window] = result
    return found


def _places(connection: sqlite3.Connection) -> dict[int, tuple[str, Window]]:
    """Number of an origin -> hash of its slide, and what its tile covers."""
    rows = connection.execute(
        "SELECT origin.number, origin.digest, origin.told, tile.height, tile.width "
        "FROM origin JOIN tile ON tile.number = origin.tile WHERE instr(origin.told, ?) = 0",
        (_OF_NO_SLIDE,),
    )
    places = {}
    for number, sum_, told, height, width in rows:
        if digest(told) != sum_:
            raise Damaged("where a tile came from is not what was written")
        values: Mapping[str, Any] = json.loads(told)
        if values["slide_hash"]:
            down, across = (round(edge * values["downsample"]) for edge in (height, width))
            row, column = map(int, values["origin"])
            places[number] = values["slide_hash"], Window(row, column, down, across)
    return places

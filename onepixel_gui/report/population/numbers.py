"""Every number that a figure or its caption states, one a line."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from onepixel_gui.outbox import printable


@dataclass(frozen=True, slots=True)
class Number:
    """One number of one panel.

    figure, panel:  where it is shown; panel "" for one of the caption alone.
    quantity:       what it is, in words.   direction: from which answer to which, "all" for all.
    value:          None where there was too little to tell it; `note` says so.
    low, high:      ends of its interval, of that kind ("95 % Wilson"); None without one.
    n:              of how many.   test, p: of a test; never the one without the other.
    unit:           "1" for a share or a count of nothing in particular.
    """

    figure: str
    panel: str
    quantity: str
    value: float | None
    n: int | None = None
    direction: str = "all"
    low: float | None = None
    high: float | None = None
    interval: str = ""
    test: str = ""
    p: float | None = None
    unit: str = "1"
    note: str = ""


COLUMNS = (
    "group",
    "figure",
    "panel",
    "quantity",
    "direction",
    "value",
    "low",
    "high",
    "interval",
    "n",
    "test",
    "p",
    "unit",
    "note",
)


def table(groups: Sequence[tuple[str, Iterable[Number]]]) -> bytes:
    """CSV in UTF-8 of (name of the group, its numbers), with a line of `COLUMNS` first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for group, numbers in groups:
        for number in numbers:
            values = {field.name: getattr(number, field.name) for field in fields(number)}
            writer.writerow([_cell(group if name == "group" else values[name]) for name in COLUMNS])
    return text.getvalue().encode()


def _cell(value: float | str | None) -> str:
    """As a spreadsheet reads it; words that it would take for a formula get an apostrophe."""
    if isinstance(value, str):
        words = printable(value)
        return f"'{words}" if words.startswith(("=", "+", "-", "@")) else words
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:.12g}"

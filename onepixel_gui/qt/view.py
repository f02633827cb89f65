"""Small frozen values that travel between session and panes."""

from dataclasses import dataclass
from typing import Literal

Quantity = Literal["lowest", "highest", "change"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The one cursor of the window. row, column: tile pixels from the top left."""

    row: int
    column: int
    pinned: bool = False

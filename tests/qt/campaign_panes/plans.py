"""What the panes of the campaign view are given, and what they tell."""

from pathlib import Path
from typing import Any

from onepixel_gui.analysis.selection import Facts
from onepixel_gui.qt.campaign.builder import BuilderPane
from onepixel_gui.qt.campaign.run_rows import COLUMNS
from onepixel_gui.qt.campaign.view import TilesKnown

FIELDS = [field for field, *_ in COLUMNS]
NET, OTHER = Path("net.safetensors"), Path("other.pt")


def heard(signal: Any) -> list[Any]:
    told: list[Any] = []
    signal.connect(lambda *what: told.append(what[0] if what else None))
    return told


def facts() -> Facts:
    labels = ["mitosis" if n % 2 else "normal" for n in range(20)]
    return Facts([f"tile_{n}.png" for n in range(20)], labels, [f"p{n % 4}" for n in range(20)])


def filled(pane: BuilderPane) -> BuilderPane:
    pane.show_tiles(TilesKnown("set", listed=20, passing=6, mine=3, filter="case = p1"))
    pane.show_models([(NET, "in use"), (OTHER, "second")])
    return pane


def source(pane: BuilderPane, words: str) -> None:
    box = pane.tiles.chooser
    at = next(i for i in range(box.count()) if words in box.itemText(i))
    box.setCurrentIndex(at)
    box.activated.emit(at)

"""The heading of the window: which tile lies on the bench, and what is known of it."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from onepixel_gui.qt.theme import Line
from onepixel_gui.report.wording import on_slide
from onepixel_gui.tiles.tile import Tile

_NAME = "onepixel_gui"
_LEAST = 180  # pixels, whatever the buttons beside it say


class Heading(QWidget):
    """The tile's name, and below it a line of facts, or a short word of success."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._facts = Line(_NAME), Line()
        self._said, self._standing = "", ""
        self._title.setStyleSheet("font-size: 16px; font-weight: 600;")
        self._facts.setObjectName("faint")
        self.setMinimumWidth(_LEAST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._title)
        column.addWidget(self._facts)

    @property
    def facts(self) -> str:
        return self._said

    def show_tile(self, tile: Tile | None) -> None:
        self._title.setText(_NAME if tile is None else tile.name)
        if tile is not None:
            self.note(_facts_of(tile))

    def note(self, words: str) -> None:
        """In place of the facts, until the next tile."""
        self._said = words
        self._tell()

    def show_standing(self, words: str) -> None:
        """What stays true whatever lies on the bench: nothing is recorded; "" for nothing."""
        self._standing = words
        self._tell()

    def _tell(self) -> None:
        self._facts.setText(" · ".join(part for part in (self._standing, self._said) if part))


def _facts_of(tile: Tile) -> str:
    height, width = tile.shape
    facts = ["no label" if tile.label is None else f"labelled {tile.label}"]
    facts.append(f"{height} × {width} px")
    facts.append("µm per pixel unknown" if tile.mpp is None else f"{tile.mpp:.3g} µm/px")
    if tile.slide:
        facts.append(on_slide(tile))
    if tile.case:
        facts.append(f"case {tile.case}")
    return " · ".join(facts)

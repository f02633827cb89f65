"""The tile, before and after."""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.attack.probe import (
    Advanced,
    Began,
    Ended,
    Event,
    Painted,
    Perturbation,
    Responded,
    SweepBegan,
    Swept,
)
from onepixel_gui.qt.panes.controls import Readout, Segments, Swatch
from onepixel_gui.qt.panes.marks import size_text
from onepixel_gui.qt.panes.tile_canvas import TileCanvas
from onepixel_gui.qt.theme import Card, Theme
from onepixel_gui.qt.view import Cursor
from onepixel_gui.tiles.tile import Tile, Window


class TilePane(Card):
    """The whole tile in whole pixels, before and after the perturbation that was told last.

    `cursor_moved` wishes for a Cursor: hovering unpinned, a click or Enter pinned.
    """

    cursor_moved = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Tile", parent)
        self.canvas = TileCanvas()
        self._tile: Tile | None = None
        self._after = False
        self._found: Perturbation = ()
        self._tried: Perturbation = ()
        self._cursor: Cursor | None = None
        self._choice = Segments(
            "Before or after",
            {
                "before": ("Before", "The tile as it is (Space)"),
                "after": ("After", "The tile with the perturbation that was found (Space)"),
            },
        )
        self._readout = Readout("Pixel under the cursor")
        line = QHBoxLayout()
        line.addWidget(self._choice)
        line.addWidget(self._readout, 1)
        self.body.addLayout(line)
        self.body.addWidget(self.canvas, 1)
        self._choice.chosen.connect(self._choose)
        self.canvas.pointed.connect(self.cursor_moved)
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        for part in (self.canvas, self._choice, self._readout):
            part.set_theme(theme)

    def show_tile(self, tile: Tile | None, window: Window | None) -> None:
        """A new tile clears everything that was found in the last one."""
        self._tile, self._after, self._cursor = tile, False, None
        self._found = self._tried = ()
        self.canvas.show_tile(tile, window)
        self._refresh()

    def take(self, event: Event) -> None:
        match event:
            case Began():
                self.canvas.show_cloud(None)
                self._offer((), after=False)
            case SweepBegan():  # what a search found before stays in view
                self.canvas.show_cloud(None)
            case Advanced(best=best, cloud=cloud):
                self.canvas.show_cloud(cloud)
                self._offer(best, after=self._after)
            case Ended(best=best):
                self.canvas.show_cloud(None)
                self._offer(best, after=True)
            case Painted():
                pass
            case Swept(question=question):
                self._offer((event.lowest if question.downward else event.highest,), after=True)
            case Responded(pixel=pixel):
                self._tried = (pixel,)
                self._after = True
                self._refresh()
            case _:
                assert_never(event)

    def run_over(self) -> None:
        """No search is under way, perhaps stopped: the population goes, what was found stays."""
        self.canvas.show_cloud(None)

    def set_cursor(self, cursor: Cursor | None) -> None:
        self._cursor = cursor
        self.canvas.set_cursor(cursor)
        left = self._tried and not (cursor and cursor.pinned and _at(self._tried, cursor))
        if left:
            self._tried = ()
            self._refresh()
        self._read_out()

    def set_after(self, after: bool) -> None:
        """Show the tile with (True) or without the perturbation; True needs one."""
        self._after = after and bool(self.perturbation)
        self._refresh()

    def toggle_after(self) -> None:
        self.set_after(not self._after)

    @property
    def after(self) -> bool:
        """Whether the perturbed tile is shown."""
        return self._after

    @property
    def perturbation(self) -> Perturbation:
        """What "after" shows: the colour tried at the pinned pixel, else what a run found."""
        return self._tried or self._found

    def _choose(self, key: str) -> None:
        self.set_after(key == "after")

    def _offer(self, found: Perturbation, *, after: bool) -> None:
        self._found, self._tried = found, ()
        self._after = after and bool(found)
        self._refresh()

    def _shown(self) -> NDArray[np.uint8] | None:
        if self._tile is None or not (self._after and self.perturbation):
            return None if self._tile is None else self._tile.rgb
        rgb = self._tile.rgb.copy()
        for pixel in self.perturbation:
            rgb[pixel.row, pixel.column] = pixel.rgb
        return rgb

    def _refresh(self) -> None:
        self._after = self._after and bool(self.perturbation)
        shown = self._shown()
        if shown is not None:
            self.canvas.show_pixels(shown, self.perturbation)
        self._choice.setEnabled(bool(self.perturbation))
        self._choice.choose("after" if self._after else "before")
        suffix = (" · after" if self._after else " · before") if self.perturbation else ""
        self.set_title(f"Tile{suffix}")
        self.set_state(_size(self._tile) if self._tile else "")
        self._read_out()

    def _read_out(self) -> None:
        shown, cursor = self._shown(), self._cursor
        if shown is None or cursor is None:
            self._readout.say()
            return
        red, green, blue = (int(v) for v in shown[cursor.row, cursor.column])
        colour = hexadecimal((red, green, blue))
        where = f"row {cursor.row}, column {cursor.column}"
        swatch = Swatch(colour)
        brief = f"{cursor.row}, {cursor.column}"
        self._readout.say((where, swatch, colour), (brief, swatch, colour), (brief, swatch))


def _at(perturbation: Perturbation, cursor: Cursor) -> bool:
    return any((p.row, p.column) == (cursor.row, cursor.column) for p in perturbation)


def _size(tile: Tile) -> str:
    scale = "unknown µm/px" if tile.mpp is None else f"{tile.mpp:g} µm/px"
    return f"{size_text(*tile.shape)} · {scale}"

"""A whole slide: where the reader looks for tiles."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from onepixel_gui.qt.slides.canvas import EMPTY, SlideCanvas
from onepixel_gui.qt.slides.heat import ScanPicture
from onepixel_gui.qt.slides.overlays import Grid, Overlays, ScanOverlay
from onepixel_gui.qt.slides.parts import Broken, Part, SlideFacts
from onepixel_gui.qt.slides.signs import Results, kinds_of_marks
from onepixel_gui.qt.theme import Card, Line, Theme
from onepixel_gui.qt.view import legible
from onepixel_gui.tiles.datasets import Mark
from onepixel_gui.tiles.tile import Window

_OPACITY_STEP = 0.1
_SOON_MS = 700
_OBJECTIVE = 10.0  # um: a scan at so many um per px, divided by, has the scanner's magnification


class SlidePane(Card):
    """A slide with the tile grid, ground truth, results and a scan over it.

    It reads nothing: it wishes for parts, and draws what it is given.
    """

    parts_wished = Signal(object)  # a Wish; replaces earlier ones
    tile_wished = Signal(int, int)  # level-0 (row, column) of the top-left pixel of a grid tile
    run_wished = Signal()
    region_drawn = Signal(object)  # a Window in level-0 px, None when cleared
    cancel_wished = Signal()  # of a slide that is being opened
    again_wished = Signal()  # parts that could not be read can perhaps be read now; wishes follow
    settled = Signal()  # all in sight is as sharp as it gets

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Slide", parent)
        self.canvas = SlideCanvas()
        self._facts: SlideFacts | None = None
        self._overlays = Overlays()
        self._scan: ScanPicture | None = None
        self._cursor: tuple[int, int] | None = None
        self._since = QElapsedTimer()
        self._name = Line()
        self._cancel = QPushButton("Cancel")
        self._cancel.setToolTip("Stop opening this slide")
        self._cancel.clicked.connect(self.cancel_wished)
        self._cancel.hide()
        self._again = QPushButton("Try again")
        self._again.setToolTip("Read the hatched parts once more")
        self._again.clicked.connect(self._try_again)
        self._again.hide()
        self._region = _button("Region", "Drag a rectangle to scan; Enter takes all in sight (B)")
        self._region.setCheckable(True)
        self._shown = _button("Overlays", "Show or hide what is drawn over the slide (O)")
        self._shown.setCheckable(True)
        self._shown.setChecked(True)
        line = QHBoxLayout()
        line.addWidget(self._name, 1)
        line.addWidget(self._cancel)
        line.addWidget(self._again)
        self._tools = (*self._zoom_buttons(), self._region, self._shown)
        for button in self._tools:
            line.addWidget(button)
        self.body.addLayout(line)
        self._notes = Line()
        self._notes.setObjectName("doubt")
        self.body.addWidget(self._notes)
        self.body.addWidget(self.canvas, 1)
        self._connect()
        self.show_slide(None)

    def _zoom_buttons(self) -> tuple[QToolButton, ...]:
        farther = _button("−", "Farther (−, or the wheel)", "Zoom out")
        nearer = _button("+", "Nearer (+, or the wheel)", "Zoom in")
        whole = _button("Fit", "The whole slide (0)")
        farther.clicked.connect(lambda: self.canvas.zoom(-1))
        nearer.clicked.connect(lambda: self.canvas.zoom(1))
        whole.clicked.connect(self.canvas.fit)
        return farther, nearer, whole

    def _connect(self) -> None:
        canvas = self.canvas
        canvas.parts_wished.connect(self.parts_wished)
        canvas.settled.connect(self.settled)
        canvas.looked.connect(self._tell_state)
        canvas.looked.connect(self._offer_again)
        canvas.hovered.connect(self._hover)
        canvas.clicked.connect(self._choose)
        canvas.walked.connect(self._walk)
        canvas.banded.connect(self._draw_region)
        canvas.told.connect(self._obey)
        self._region.toggled.connect(canvas.set_banding)
        self._shown.toggled.connect(self._show_overlays)

    # ------------------------------------------------------------ values come down
    def show_slide(self, facts: SlideFacts | None) -> None:
        """Another slide: nothing of the last one stays. None for none."""
        self._facts, self._cursor, self._scan = facts, None, None
        self._since.start()
        self._overlays = Overlays(shown=self._overlays.shown, opacity=self._overlays.opacity)
        self._name.setText(facts.name if facts else "")
        self._notes.setText(" ".join(facts.notes) if facts else "")
        self._notes.setVisible(bool(facts and facts.notes))
        self._region.setChecked(False)
        for button in self._tools:
            button.setEnabled(facts is not None)
        self.show_opening("")
        self.canvas.set_overlays(self._overlays)
        self.canvas.set_notice("")
        self.canvas.show_slide(facts)
        self._offer_again()
        self._tell_state()

    def show_levels(self, facts: SlideFacts) -> None:
        """The same slide, of which more levels can be read now."""
        if self._facts is not None:
            self._facts = facts
            self.canvas.show_levels(facts)
            if all(level.ready for level in facts.levels):
                self.canvas.set_notice("")

    def show_opening(self, name: str) -> None:
        """A slide that is being opened, which may take long; "" when that is over.

        What was shown before stays until then.
        """
        self._cancel.setVisible(bool(name))
        self.canvas.set_hint(f"Opening {name}…" if name else EMPTY)
        if name:
            self._name.setText(f"Opening {name}…")
        elif self._facts is not None:
            self._name.setText(self._facts.name)
        else:
            self._name.setText("")

    def show_building(self, done: int, total: int) -> None:
        """How far the coarse levels of a flat picture are; done == total when they are ready."""
        if done >= total or self._since.elapsed() < _SOON_MS:  # what is over at once is not told
            self.canvas.set_notice("")
            return
        share = f"{done / total:.0%}".replace("%", " %")
        self.canvas.set_notice(f"Preparing the overview: {share}")

    def set_thumbnail(self, image: QImage) -> None:
        """The whole slide, small."""
        self.canvas.set_thumbnail(image)

    def take_part(self, part: Part, image: QImage | Broken) -> None:
        """What was wished for; a part that nobody wishes for any more is not kept."""
        self.canvas.take_part(part, image)
        self._offer_again()

    def set_grid(self, grid: Grid | None) -> None:
        """Drawn where a tile is large enough to be seen; a click chooses a tile of it."""
        self._show(replace(self._overlays, grid=grid))

    def set_current(self, window: Window | None) -> None:
        """The tile on the bench; brought into sight where it is not."""
        self._show(replace(self._overlays, current=window))
        if window is not None and self._facts is not None:
            middle = window.row + window.height / 2, window.column + window.width / 2
            if not self.canvas.sight.holds(*middle):
                self.canvas.look(self.canvas.sight.centred(*middle))

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Ground truth."""
        self._show(replace(self._overlays, marks=kinds_of_marks(marks)))

    def set_outcomes(self, outcomes: Mapping[Window, str]) -> None:
        """What runs ended with: "flipped", "held" or "stopped" by tile."""
        self._show(replace(self._overlays, results=Results.of(outcomes)))

    def set_region(self, region: Window | None) -> None:
        """The outline of the region; nothing is told."""
        self._show(replace(self._overlays, region=region))

    def set_scan(self, scan: ScanOverlay | None) -> None:
        self._scan = None if scan is None else ScanPicture(scan)
        self.canvas.set_scan(self._scan)

    def paint_scan(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], values: NDArray[np.float32]
    ) -> None:
        """(N,) confidences that have come in, at their rows and columns of the scan's grid."""
        if self._scan is not None:
            self._scan.paint_values(rows, columns, values)
            self.canvas.update()

    def set_theme(self, theme: Theme) -> None:
        self.canvas.set_theme(theme)
        for passing in (self._cancel, self._again):  # as high as the others: nothing jumps
            passing.setStyleSheet("padding: 2px 9px; font-size: 12px;")
        for button in self._tools:
            button.setStyleSheet(f"""
                QToolButton {{ background: transparent; border-color: {theme.edge};
                    color: {theme.text}; padding: 2px 9px; font-size: 12px; }}
                QToolButton:checked {{ background: {theme.selected}; }}
                QToolButton:!checked {{ color: {theme.faint}; }}
                QToolButton:hover {{ color: {theme.text}; }}
                QToolButton:focus {{ border: 1px solid {theme.accent}; }}
            """)

    # ------------------------------------------------------------ state
    @property
    def region(self) -> Window | None:
        """What is drawn around, in level-0 px."""
        return self._overlays.region

    @property
    def outcomes(self) -> Mapping[Window, str]:
        """By what their tiles cover, in level-0 px."""
        return self._overlays.results.by_window

    @property
    def overlays_shown(self) -> bool:
        return self._overlays.shown

    @property
    def overlay_opacity(self) -> float:
        """0-1."""
        return self._overlays.opacity

    def _show(self, overlays: Overlays) -> None:
        self._overlays = overlays
        self.canvas.set_overlays(overlays)

    def _show_overlays(self, shown: bool) -> None:
        self._show(replace(self._overlays, shown=shown))

    def _hover(self, at: tuple[int, int] | None) -> None:
        self._cursor = at
        self._tell_state()

    def _tell_state(self) -> None:
        facts = self._facts
        if facts is None:
            self.set_state("")
            return
        words = [magnification(facts.mpp, self.canvas.sight.scale)]
        if self._cursor is not None:
            row, column = self._cursor
            words.append(f"row {row:,}, column {column:,}")
            value = None if self._scan is None else self._scan.value_at(row, column)
            if self._scan is not None and value is not None:
                words.append(f"{self._scan.scale.label} {legible(value)}")
        self.set_state(" · ".join(words), "Of level 0, whose pixels are the slide's own")

    def _offer_again(self) -> None:
        self._again.setVisible(self.canvas.broken)

    # ------------------------------------------------------------ wishes go up
    def _try_again(self) -> None:
        """A drive that was gone may be there by now."""
        self.canvas.setFocus()  # the button goes
        self.again_wished.emit()
        self.canvas.try_again()
        self._offer_again()

    def _choose(self, row: float, column: float) -> None:
        grid, facts = self._overlays.grid, self._facts
        if grid is not None and facts is not None:
            cell = grid.within(grid.cell(row, column), facts.shape)
            self.tile_wished.emit(*grid.corner(*cell))

    def _walk(self, down: int, across: int) -> None:
        """One tile on from the tile on the bench, or to the middle of what is in sight."""
        grid, facts, current = self._overlays.grid, self._facts, self._overlays.current
        if grid is None or facts is None:
            return
        if current is None:
            self._choose(self.canvas.sight.row, self.canvas.sight.column)
            return
        middle = current.row + grid.step_rows / 2, current.column + grid.step_columns / 2
        here = grid.within(grid.cell(*middle), facts.shape)
        there = grid.within((here[0] + down, here[1] + across), facts.shape)
        if there != here or grid.corner(*here) != (current.row, current.column):
            self.tile_wished.emit(*grid.corner(*there))

    def _draw_region(self, region: Window | None) -> None:
        self._region.setChecked(False)
        self.set_region(region)
        self.region_drawn.emit(region)

    def _obey(self, word: str) -> None:
        """A key."""
        match word:
            case "overlays":
                self._shown.toggle()
            case "fainter" | "stronger":
                step = _OPACITY_STEP if word == "stronger" else -_OPACITY_STEP
                self._show(
                    replace(
                        self._overlays,
                        opacity=round(min(max(self.overlay_opacity + step, 0.1), 1.0), 2),
                    )
                )
            case "region":
                self._region.toggle()
            case "clear":
                if self._region.isChecked():
                    self._region.setChecked(False)
                else:
                    self._draw_region(None)
            case "enter" if self._region.isChecked():
                self._draw_region(self.canvas.sight.window)
            case "enter":
                self.run_wished.emit()


def magnification(mpp: float | None, scale: float) -> str:
    """How large it is drawn. scale: screen px per level-0 px.

    A scan at 0.25 um per px counts as 40 times, as scanners' makers count.
    """
    if mpp is None:
        times = (
            f"{scale:.3g} screen px per px" if scale >= 1 else f"{1 / scale:.3g} px per screen px"
        )
        return f"{times} · µm per px unknown"
    per_screen = mpp / scale
    return f"{_OBJECTIVE / per_screen:.3g}× · {per_screen:.3g} µm per screen px"


def _button(text: str, hint: str, name: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(hint)
    button.setAccessibleName(name or text)
    return button

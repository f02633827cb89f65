"""Two quantities against each other, counted in squares: places, confidences, colours, classes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QWidget

from onepixel_gui.analysis.population.outcomes import Floats, Integers
from onepixel_gui.qt.panes.marks import next_round
from onepixel_gui.qt.population.brushing import FLIPPED, Brush, Range
from onepixel_gui.qt.population.columns import bins, counts
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.plot import Plot, rgb

Ink = Literal["cividis", "grey", "colours"]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """How two quantities are cut into squares: x and y with (X + 1,) and (Y + 1,) edges.

    downwards: y grows downwards, as rows do.  whole: both are whole numbers.
    names:     of the squares along both axes, () for numbers.  line: a threshold on both axes.
    square:    one step of x is as long as one of y.
    """

    x: str
    y: str
    x_edges: Floats
    y_edges: Floats
    labels: tuple[str, str]
    downwards: bool = False
    whole: bool = False
    names: tuple[str, ...] = ()
    line: float | None = None
    square: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.y_edges) - 1, len(self.x_edges) - 1


class PlanePane(LinkedPane):
    """One square for each pair of bins; a drag selects a rectangle of whole squares.

    ink: how squares are coloured: by their number, or by the mean of `colours` in them.
    """

    def __init__(
        self, title: str, key: str, ink: Ink = "cividis", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, key, parent)
        self.grid: Grid | None = None
        self._ink: Ink = ink
        self._bins: Integers = np.empty(0, np.int64)
        self._all: Floats = np.empty(0)
        self._means: NDArray[np.float64] | None = None
        self.colours: NDArray[np.uint8] | None = None  # (N, 3) for the ink "colours"
        self.only_flips = False
        self.plot = Plot(title, ("", ""))
        self.body.addWidget(self.plot, 1)
        self.plot.dragged.connect(self._drag)
        self.plot.clicked.connect(self._click)

    def set_grid(self, grid: Grid | None) -> None:
        """Other quantities, or cut otherwise."""
        self.grid = grid
        self.arrange()
        self.draw()

    def dress(self) -> None:
        self.plot.dress(self.theme)

    def arrange(self) -> None:
        columns, grid = self.columns, self.grid
        if columns is None or grid is None:
            return
        x = bins(columns.values(grid.x), grid.x_edges)
        y = bins(columns.values(grid.y), grid.y_edges)
        self._bins = np.where((x >= 0) & (y >= 0), y * grid.shape[1] + x, -1)
        if self.only_flips:
            self._bins = np.where(columns.flipped, self._bins, -1)
        self._all = counts(self._bins, grid.shape[0] * grid.shape[1])
        if self._ink == "colours" and self.colours is not None:
            size = grid.shape[0] * grid.shape[1]
            inside = self._bins >= 0
            of, n = self._bins[inside], np.maximum(self._all, 1)
            sums = [np.bincount(of, each, size) / n for each in self.colours[inside].T]
            self._means = np.stack(sums, 1)

    def mark(self, brush: Brush | None) -> None:
        rect = None
        ranges = () if brush is None else brush.ranges
        grid = self.grid
        if grid is not None and [each.quantity for each in ranges[:2]] == [grid.x, grid.y]:
            x, y = ranges[:2]
            rect = QRectF(QPointF(x.low, y.low), QPointF(x.high, y.high))
        self.plot.show_band(rect)

    # -------------------------------------------------------------- drawing
    def draw(self) -> None:
        columns, grid = self.columns, self.grid
        shown, band = self.plot.band.isVisible(), self.plot.band.rect()
        if columns is None or grid is None or not self._all.any():
            self.plot.say("None flipped" if self.only_flips and columns else "No tiles yet")
            return
        self.plot.begin()
        self._frame(grid)
        height, width = grid.shape
        painted = self._painted(height * width).reshape(height, width, 4)
        image = pg.ImageItem(painted, autoLevels=False)  # else its colours are stretched
        place = QRectF(
            QPointF(grid.x_edges[0], grid.y_edges[0]), QPointF(grid.x_edges[-1], grid.y_edges[-1])
        )
        image.setRect(place)
        image.setZValue(-10)
        self.plot.addItem(image)
        if grid.line is not None:
            pen = pg.mkPen(self.theme.faint, width=1, style=Qt.PenStyle.DashLine)
            self.plot.addItem(pg.InfiniteLine(grid.line, 0, pen=pen))
            self.plot.addItem(pg.InfiniteLine(grid.line, 90, pen=pen))
        if grid.names:
            self._write_counts(grid)
        if shown:
            self.plot.show_band(band)

    def _painted(self, size: int) -> NDArray[np.uint8]:
        """(size, 4) RGBA of each square."""
        all_ = self._all
        painted = np.zeros((size, 4))
        some = all_ > 0
        if self._ink == "cividis":  # the whole window, so that its empty places are seen
            painted[:, :3], painted[:, 3] = _cividis(np.zeros(1)), 255
        painted[some, :3] = self._inked(all_)[some]
        painted[some, 3] = 255
        if self.which is not None:
            chosen = counts(self._bins, size, self.which)
            if self._ink == "cividis":
                painted[:, :3] = rgb(self.theme.field)
            hit = chosen > 0
            level = 0.15 + 0.3 * _relative(all_)
            grey = _mixed(self.theme.card, self.theme.faint, level)

            painted[some, :3] = grey[some]
            strong = 0.45 + 0.55 * _relative(chosen)
            accent = _mixed(self.theme.card, self.theme.accent, strong)
            kept = self._inked(all_) if self._ink == "colours" else accent
            painted[hit, :3] = kept[hit]
        return painted.astype(np.uint8)

    def _inked(self, all_: Floats) -> NDArray[np.float64]:
        if self._ink == "colours" and self._means is not None:
            return self._means
        if self._ink == "cividis":
            return _cividis(0.3 + 0.7 * all_ / max(float(all_.max()), 1.0))
        return _mixed(self.theme.card, self.theme.text, 0.25 + 0.75 * _relative(all_))

    def _frame(self, grid: Grid) -> None:
        self.plot.box.invertY(grid.downwards)
        self.plot.box.setAspectLocked(grid.square)
        self.plot.span((grid.x_edges[0], grid.x_edges[-1]), (grid.y_edges[0], grid.y_edges[-1]))
        self.plot.label(grid.labels[1], grid.labels[0])
        for side, edges in (("bottom", grid.x_edges), ("left", grid.y_edges)):
            axis = self.plot.getAxis(side)
            if grid.names:
                axis.setTicks([[(at + 0.5, _short(name)) for at, name in enumerate(grid.names)]])
            elif grid.whole:
                step = next_round(max(1.0, (edges[-1] - edges[0]) / 6))
                at = np.arange(edges[0], edges[-1], step)
                axis.setTicks([[(float(x) + 0.5, f"{x:.0f}") for x in at]])
            else:
                self.plot.tick(side, edges[0], edges[-1])

    def _write_counts(self, grid: Grid) -> None:
        height, width = grid.shape
        if height > 8:
            return
        all_ = self._all.reshape(height, width)
        for row, column in zip(*np.nonzero(all_), strict=True):
            dark = all_[row, column] > 0.5 * all_.max()
            colour = self.theme.card if dark and self.which is None else self.theme.text
            text = pg.TextItem(f"{all_[row, column]:,.0f}", color=colour, anchor=(0.5, 0.5))
            text.setPos(column + 0.5, row + 0.5)
            self.plot.addItem(text)

    # -------------------------------------------------------------- brushing
    def _drag(self, start: QPointF, now: QPointF, adding: bool) -> None:
        grid = self.grid
        if grid is None or self.columns is None:
            return
        ranges: tuple[Range, ...] = (
            _range(grid.x, grid.x_edges, start.x(), now.x(), grid),
            _range(grid.y, grid.y_edges, start.y(), now.y(), grid),
        )
        if self.only_flips:
            ranges = (*ranges, FLIPPED)  # what is seen is what is selected
        self.brushed.emit(Brush(self.key, ranges), adding)

    def _click(self, at: QPointF, adding: bool) -> None:
        """The run nearest to it, within its square or the eight around it; else nothing."""
        grid, columns = self.grid, self.columns
        if grid is None or columns is None:
            return
        if grid.names:
            self._drag(at, at, adding)
            return
        steps = grid.x_edges[1] - grid.x_edges[0], grid.y_edges[1] - grid.y_edges[0]
        middle = 0.5 if grid.whole else 0.0
        x = (columns.values(grid.x) + middle - at.x()) / steps[0]
        y = (columns.values(grid.y) + middle - at.y()) / steps[1]
        off = np.where(self._bins >= 0, np.hypot(x, y), np.inf)
        if self.which is not None:
            off = np.where(self.which, off, off + 1)  # a selected one comes first
        nearest = int(np.nanargmin(off))
        if off[nearest] < 2:
            self.run_wished.emit(int(columns.outcomes.run[nearest]))
        else:
            self.brushed.emit(Brush(self.key), adding)


def _range(quantity: str, edges: Floats, start: float, end: float, grid: Grid) -> Range:
    ends = np.clip(np.searchsorted(edges, sorted((start, end)), "right") - 1, 0, len(edges) - 2)
    first, last = int(ends[0]), int(ends[1])
    name = ""
    if grid.names:
        inside = " or ".join(grid.names[first : last + 1])
        name = f"{'answered' if quantity == 'answer' else 'then'} {inside}"
    closed = last == len(edges) - 2 and not grid.whole
    return Range(quantity, float(edges[first]), float(edges[last + 1]), closed, grid.whole, name)


def _mixed(ground: str, ink: str, level: Floats) -> NDArray[np.float64]:
    """(N, 3) between two colours of the theme. level: (N,) 0-1."""
    return np.asarray(rgb(ground) * (1 - level[:, None]) + rgb(ink) * level[:, None])


def _cividis(level: Floats) -> NDArray[np.float64]:
    """(N, 3) of (N,) 0-1."""
    table = pg.colormap.get("cividis").getLookupTable(nPts=256)[:, :3]
    return np.asarray(table[np.clip(level * 255, 0, 255).astype(np.intp)], np.float64)


def _relative(values: Floats) -> Floats:
    """0-1, by the square root: single tiles stay visible."""
    return np.asarray(np.sqrt(values / max(float(values.max()), 1.0)))


def _short(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"

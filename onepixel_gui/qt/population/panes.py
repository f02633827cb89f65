"""The panes of the view over tiles: what each shows, and how it is cut into bars and squares."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from onepixel_gui.analysis.population.outcomes import Floats
from onepixel_gui.analysis.population.places import centre_distances
from onepixel_gui.qt.choice import Choice, choice_sheet
from onepixel_gui.qt.population.bars import BarsPane, Scale, legend
from onepixel_gui.qt.population.columns import MODULI, Columns
from onepixel_gui.qt.population.planes import Grid, PlanePane
from onepixel_gui.qt.theme import Line
from onepixel_gui.report.population import phrases
from onepixel_gui.report.wording import counted

if TYPE_CHECKING:
    from onepixel_gui.report.population.examined import Directed, Examined

_MOST = 64  # squares along an edge
_EUCLIDEAN, _SEEN = np.linspace(0, 450, 31), np.linspace(0, 120, 31)
_CHANNELS = {"red, green": ("red", "green"), "green, blue": ("green", "blue"),
             "red, blue": ("red", "blue")}  # fmt: skip


class PositionsPane(PlanePane):
    """How many tiles have their best pixel at each place of the window."""

    def __init__(self) -> None:
        super().__init__("Positions", "position")

    def show_columns(self, columns: Columns | None) -> None:
        if columns is not None:
            self.only_flips = bool(columns.flipped.any())
            height, width = columns.outcomes.window
            step = max(1, -(-max(height, width) // _MOST))
            n = int(columns.flipped.sum()) if self.only_flips else len(columns)
            who = (
                ("tile that flips", "tiles that flip")
                if self.only_flips
                else ("tile, held", "tiles, none flips")
            )
            each = "" if step == 1 else f" · squares of {step} px"
            self.set_state(
                f"n = {counted(n, *who)}{each}",
                "Brighter: more tiles. The first pixel of each tile.",
            )
            self.grid = Grid(
                "column", "row",
                np.arange(0.0, width + step, step), np.arange(0.0, height + step, step),
                ("column, px", "row, px"), downwards=True, whole=True, square=True,
            )  # fmt: skip
        super().show_columns(columns)


class ConfidencePane(PlanePane):
    """Each tile's confidence before against after."""

    def __init__(self) -> None:
        super().__init__("Confidence before and after", "confidence", "grey")
        self.threshold: float | None = None

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        del directed
        if examined is None or self.grid is None:
            return
        card = examined.group.card
        self.threshold = card.threshold if len(card.classes) == 2 else None
        if self.grid.line != self.threshold:
            self.grid = replace(self.grid, line=self.threshold)
            self.draw()

    def show_columns(self, columns: Columns | None) -> None:
        if columns is not None:
            subjects = np.unique(columns.outcomes.subject)
            whose = columns.outcomes.classes[subjects[0]] if len(subjects) == 1 else "subject"
            change = columns.outcomes.confidence - columns.outcomes.clean
            middle = float(np.median(change)) if len(change) else 0.0
            self.set_state(
                f"median change {phrases.number(middle, 2)} · n = {len(columns):,}",
                f"Confidence in {whose}; dashed, the threshold.",
            )
            self.grid = Grid(
                "clean", "confidence", _cut(columns.outcomes.clean),
                _cut(columns.outcomes.confidence), (f"P({whose}) before", f"P({whose}) after"),
                line=self.threshold,
            )  # fmt: skip
        super().show_columns(columns)


class ClassesPane(PlanePane):
    """What was answered before and with the pixel."""

    def __init__(self) -> None:
        super().__init__("From class to class", "classes", "grey")

    def show_columns(self, columns: Columns | None) -> None:
        if columns is not None:
            names = columns.outcomes.classes
            edges = np.arange(0.0, len(names) + 1)
            self.set_state(phrases.sample(len(columns)))
            self.grid = Grid(
                "after", "answer", edges, edges, ("answer with the pixel", "before"),
                downwards=True, whole=True, names=names,
            )  # fmt: skip
        super().show_columns(columns)


class ColoursPane(PlanePane):
    """One plane of RGB in squares of 8 values, each in the mean colour of its tiles."""

    def __init__(self, when: str) -> None:
        """when: "before" or "after"."""
        title = "Colours before" if when == "before" else "Colours of the pixel"
        super().__init__(title, f"colours {when}", "colours")
        self.when, self.channels = when, "red, green"
        self._choice: Choice | None = None

    def add_chooser(self) -> Choice:
        """Of the two channels, for this pane and whoever listens."""
        choice = self._choice = Choice()
        choice.addItems(list(_CHANNELS))
        choice.setAccessibleName("Plane of RGB")
        self.header.addWidget(choice)
        return choice

    def dress(self) -> None:
        super().dress()
        if self._choice is not None:
            self._choice.setStyleSheet(choice_sheet(self.theme))

    def set_channels(self, channels: str) -> None:
        """One of "red, green", "green, blue", "red, blue"."""
        self.channels = channels
        which = self.which
        self.plot.show_band(None)  # it stays brushed in the other plane
        self.show_columns(self.columns)
        self.which = which
        self.draw()

    def show_columns(self, columns: Columns | None) -> None:
        if columns is not None:
            found = columns.outcomes
            self.only_flips = bool(columns.flipped.any())
            self.colours = found.colour_before if self.when == "before" else found.colour_after
            first, second = _CHANNELS[self.channels]
            edges = np.linspace(0, 256, 33)
            n = int(columns.flipped.sum()) if self.only_flips else len(columns)
            self.set_state(
                f"n = {counted(n, *(('flip', 'flips') if self.only_flips else ('tile', 'tiles')))}",
                "Squares of 8 values a side, in the mean colour of their tiles.",
            )
            self.grid = Grid(
                f"{first} {self.when}", f"{second} {self.when}", edges, edges,
                (f"{first}, 0-255", f"{second}, 0-255"), whole=False, square=True,
            )  # fmt: skip
        super().show_columns(columns)


class DistancePane(BarsPane):
    """How far from the window's centre, against places drawn evenly."""

    def __init__(self) -> None:
        super().__init__("Distance from the centre", "distance")

    def show_columns(self, columns: Columns | None) -> None:
        if columns is not None:
            null = centre_distances(columns.outcomes.window)
            edges = np.linspace(0, float(null.max()) or 1.0, 25)
            chance: Floats = np.histogram(null, edges)[0] / null.size
            self.scale = Scale("distance", edges, "px (dashed: even places)", chance)
        super().show_columns(columns)

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        if directed is None:
            self.set_state("…" if self.columns is not None else "")
            return
        part = directed.places.centred[1 if directed.flipped else 0]
        ratio = "" if part.ratio is None else f"mean {part.ratio:.2f} × expected"
        p = "" if part.test.p is None else phrases.chance(part.test.p)
        against = phrases.compared(directed.places.compared)
        told = f"{phrases.tested(part.test)}\nFlipped against held: {against}"
        told += _stopping(examined)
        self.set_state(legend((ratio, p, f"n = {part.n:,}")), told)


class ColourPane(BarsPane):
    """How much the pixel's colour changes, as a length in RGB or as seen by eye."""

    def __init__(self) -> None:
        super().__init__("Colour change", "colour")
        self._examined: Examined | None = None
        self._directed: Directed | None = None
        self._doubt = Line()
        self._doubt.setObjectName("state")
        self._doubt.setText("Searches stop at their first flip; those that hold go on")
        self._doubt.hide()
        self.body.addWidget(self._doubt)
        self.measure = Choice()
        self.measure.addItem("RGB", "euclidean")
        self.measure.addItem("CIEDE2000", "ciede2000")
        self.measure.setMinimumContentsLength(5)
        self.measure.setAccessibleName("Measure of colour change")
        self.measure.currentIndexChanged.connect(self._change)
        self.header.addWidget(self.measure)
        self._change()

    def dress(self) -> None:
        super().dress()
        self.measure.setStyleSheet(choice_sheet(self.theme))

    def _change(self, _index: int = 0) -> None:
        if self.measure.currentData() == "euclidean":
            scale = Scale("euclidean", _EUCLIDEAN, "length in RGB, 0-442")
        else:
            scale = Scale("ciede2000", _SEEN, "CIEDE2000")
        self.plot.show_band(None)
        self.set_scale(scale)
        self.show_examined(self._examined, self._directed)

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        self._examined, self._directed = examined, directed
        if directed is None:
            self._doubt.hide()
            self.set_state("…" if self.columns is not None else "")
            return
        found = directed.chromatic.compared[self.measure.currentIndex()]
        delta = "" if found.delta is None else f"Cliff's δ {phrases.number(found.delta, 2)}"
        p = "" if found.test.p is None else phrases.chance(found.test.p)
        stopping = _stopping(examined)
        self.set_state(
            legend((delta, p, f"n = {found.flipped:,} + {found.held:,}")),
            f"Flipped against held tiles: {phrases.compared(found)}{stopping}",
        )
        self._doubt.setVisible(bool(stopping and found.flipped and found.held))
        self._doubt.setToolTip(stopping.strip())


class PhasesPane(BarsPane):
    """Rows or columns of the pixels that flip, modulo a stride, against even places."""

    def __init__(self, axis: str) -> None:
        super().__init__(f"{axis} phases", f"phase {axis}")
        self.axis = axis
        self.flips_only = True
        self._examined: Examined | None = None
        self.modulus = Choice()
        for each in MODULI:
            self.modulus.addItem(f"mod {each}", each)
        self.modulus.setAccessibleName(f"Modulus of the {axis}s")
        self.modulus.currentIndexChanged.connect(self._change)
        self.header.addWidget(self.modulus)

    def dress(self) -> None:
        super().dress()
        self.modulus.setStyleSheet(choice_sheet(self.theme))

    def show_columns(self, columns: Columns | None) -> None:
        self.columns = columns
        self.which = None
        self._change()

    def _change(self, _index: int = 0) -> None:
        columns, m = self.columns, int(self.modulus.currentData())
        if columns is not None:
            length = columns.outcomes.window[0 if self.axis == "row" else 1]
            even: Floats = np.bincount(np.arange(length) % m, minlength=m) / max(length, 1)
            self.plot.show_band(None)
            edges, label = np.arange(m + 1.0), f"{self.axis} modulo {m} (dashed: even places)"
            self.set_scale(Scale(f"{self.axis} mod {m}", edges, label, even, whole=True))
        else:
            self.draw()
        self.show_examined(self._examined, None)

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        del directed
        self._examined = examined
        if examined is None:
            self.set_state("…" if self.columns is not None else "")
            return
        m = int(self.modulus.currentData())
        found = next(
            (each for each in examined.flips if each.axis == self.axis and each.modulus == m), None
        )
        if found is None or found.p is None:
            self.set_state("too few flips for a test")
            return
        self.set_state(
            f"χ² {found.statistic:.3g} · {phrases.chance(found.p)} · n = {found.n:,}",
            f"{found.test} of all directions together, against even places",
        )


def _stopping(examined: "Examined | None") -> str:
    """What such a comparison owes to when searches stop, as a line of a tooltip."""
    told = "" if examined is None else phrases.stopping(examined.group.settings)
    return f"\n{told}" if told else ""


def _cut(values: Floats) -> Floats:
    """Edges of 40 steps over the tenths of 0-1 that hold them all."""
    if not len(values):
        return np.linspace(0, 1, 41)
    low = np.floor(10 * float(values.min()) - 0.5) / 10  # none lies in a corner
    high = np.ceil(10 * float(values.max()) + 0.5) / 10
    return np.linspace(max(low, 0.0), min(high, 1.0), 41)

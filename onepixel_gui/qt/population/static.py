"""Panes of what was added up over sweeps and aftermaths: looked at, not brushed."""

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit

from onepixel_gui.analysis.chromatic import hexadecimal
from onepixel_gui.analysis.population.outcomes import Bools, Floats
from onepixel_gui.qt.population.brushing import Brush
from onepixel_gui.qt.population.pane import LinkedPane
from onepixel_gui.qt.population.plot import Plot
from onepixel_gui.report.population import phrases
from onepixel_gui.report.wording import counted

if TYPE_CHECKING:
    from onepixel_gui.analysis.population.periods import PopulationSpectrum
    from onepixel_gui.analysis.population.universal import Universal
    from onepixel_gui.report.population.examined import Directed, Examined

NO_SWEEPS = "These runs are no sweeps.\nRun a campaign with Sweep to see this."
_SHORT, _LONGEST = (2, 3, 4, 8, 16), 16.0  # px, periods that are ticked; shown up to


class StaticPane(LinkedPane):
    """Shows what was examined of a whole group; a selection changes nothing here."""

    def __init__(self, title: str, name: str, labels: tuple[str, str]) -> None:
        super().__init__(title, f"static {name}")
        self.examined: Examined | None = None
        self.directed: Directed | None = None
        self.plot = Plot(title, labels)
        self.body.addWidget(self.plot, 1)

    def dress(self) -> None:
        self.plot.dress(self.theme)

    def show_examined(self, examined: "Examined | None", directed: "Directed | None") -> None:
        self.examined, self.directed = examined, directed
        self.draw()

    def select(self, which: Bools | None, brush: Brush | None) -> None:
        del brush
        self.which = which

    def fall_silent(self, why: str) -> None:
        """There is nothing to draw."""
        self.set_state("")
        waiting = self.examined is None and self.columns is not None
        self.plot.say("…" if waiting else why)

    def paint(self, values: Floats, *, low: float = 0.0) -> None:
        """(H, W) in cividis from `low` to the largest, row 0 above."""
        self.plot.begin()
        height, width = values.shape
        table = pg.colormap.get("cividis").getLookupTable(nPts=256)
        image = pg.ImageItem(np.ascontiguousarray(values), lut=table)
        image.setLevels((low, max(float(values.max()), low + 1e-12)))
        image.setZValue(-10)
        self.plot.addItem(image)
        self.plot.box.invertY(True)
        self.plot.box.setAspectLocked(True)
        self.plot.span((0, width), (0, height))
        self.plot.tick("bottom", 0, width)
        self.plot.tick("left", 0, height)


class MeanMapPane(StaticPane):
    """Where a pixel matters on average, whatever the tile."""

    def __init__(self) -> None:
        super().__init__("Mean sensitivity", "map", ("row, px", "column, px"))

    def draw(self) -> None:
        found = None
        if self.examined is not None and self.directed is not None:
            found = self.examined.map_of(self.directed.title)
            if found is None and self.examined.maps and len(self.examined.directed) == 1:
                found = self.examined.maps[0]
        if found is None:
            self.fall_silent(NO_SWEEPS)
            return
        low, high = float(found.change.min()), float(found.change.max())
        self.paint(found.change, low=low)
        self.set_state(
            f"{phrases.number(low)} to {phrases.number(high)} logit · n = {found.tiles:,} sweeps",
            f"{found.title}: mean over tiles of the largest |logit change| of any colour",
        )


class SpectrumPane(StaticPane):
    """How far tiles agree on a period: against each of them shifted at random."""

    def __init__(self, axis: str) -> None:
        super().__init__(f"{axis} periods of sweeps", axis, ("agreement, × chance", "period, px"))
        self.axis = axis

    def draw(self) -> None:
        found: PopulationSpectrum | None = None
        periods = None if self.examined is None else self.examined.periods
        if periods is not None:
            found = periods.row if self.axis == "row" else periods.column
        if found is None or periods is None or not (found.period <= _LONGEST).any():
            self.fall_silent(NO_SWEEPS)
            return
        self.plot.begin()
        shown = found.period <= _LONGEST
        at, locked = 1 / found.period[shown], found.locked[shown]
        step = float(np.diff(at).min()) if len(at) > 1 else 0.05
        colour = self.theme.row if self.axis == "row" else self.theme.column
        bars = pg.BarGraphItem(
            x=at, height=locked, width=step * 0.7, brush=pg.mkBrush(colour), pen=pg.mkPen(None)
        )
        self.plot.addItem(bars)
        null = found.locked_null[shown]
        top = float(locked.max())
        if np.isfinite(null).all():
            dashes = pg.mkPen(self.theme.text, width=1.3, style=Qt.PenStyle.DashLine)
            self.plot.addItem(pg.PlotCurveItem(at, null, pen=dashes))
            top = max(top, float(null.max()))
        self.plot.span((1 / _LONGEST - step, 0.5 + step), (0, top * 1.1))
        self.plot.getAxis("bottom").setTicks([[(1 / each, str(each)) for each in _SHORT]])
        self.plot.tick("left", 0, top * 1.1)
        strongest = "" if found.strongest is None else f"{found.strongest:.3g} px strongest"
        p = "too few tiles for a test" if found.p is None else phrases.chance(found.p)
        strides = ", ".join(str(each) for each in self.examined.strides) if self.examined else ""
        tested = "".join(
            f"\nStride {each.stride}: {phrases.percents(each.short)} of the power up to 8 px "
            f"(random shifts, n = {periods.tiles:,}, {phrases.chance(each.locked_p)})"
            for each in found.explained
            if each.short is not None and each.locked_p is not None
        )
        self.set_state(
            f"{strongest} · {p} · n = {periods.tiles:,}",
            "p: of random shifts of each tile; dashed, their 95th percentile. "
            f"Strides of the classifier: {strides or 'not known'} px.{tested}",
        )


class UniversalPane(StaticPane):
    """How many tiles each position flips with its best colour; the best pixels in words."""

    def __init__(self) -> None:
        super().__init__("Universal pixels", "universal", ("row, px", "column, px"))
        self._best = QLabel()
        self._best.setWordWrap(True)
        self._best.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.body.addWidget(self._best)

    def _found(self) -> "Universal | None":
        examined, directed = self.examined, self.directed
        if examined is None or directed is None or not examined.universal:
            return None
        named = [each for each in examined.universal if each.title == directed.title]
        if named:
            return named[0]
        return examined.universal[0] if len(examined.directed) == 1 else None

    def draw(self) -> None:
        found = self._found()
        if found is None or not found.best:
            none = "No single pixel of the palette flips any of these tiles"
            self.fall_silent(NO_SWEEPS if found is None else none)
            self._best.setText("")
            return
        most = found.counts.max(axis=2)
        self.paint(most.astype(np.float64))
        best = found.best[0]
        place = QRectF(best.pixel.column - 0.5, best.pixel.row - 0.5, 2, 2)
        self.plot.show_band(place)
        self.set_state(
            f"best: {best.share.hits:,} of {counted(best.share.n, 'tile', 'tiles')}",
            "Brighter: flips more tiles",
        )
        colour = hexadecimal(best.pixel.rgb)
        told = [
            f"Row {best.pixel.row}, column {best.pixel.column} with {colour} flips "
            f"{phrases.share(best.share)} it was chosen from."
        ]
        if found.left_out is not None:
            told.append(f"On tiles left out of the choice: {phrases.share(found.left_out.share)}.")
        told.append(
            f"{found.flippable:,} of {counted(found.tiles, 'tile', 'tiles')} are flipped by any."
        )
        self._best.setText(" ".join(told))


class LocalityPane(StaticPane):
    """What is left of flips when their colour is put elsewhere."""

    def __init__(self) -> None:
        super().__init__("Locality of flips", "locality", ("still flips, %", "put elsewhere"))

    def draw(self) -> None:
        found = None if self.examined is None else self.examined.locality
        if found is None or not found.flips:
            self.fall_silent("Nothing was asked after the flips of these runs")
            return
        self.plot.begin()
        told = [each for each in found.shares if each.share.value is not None]
        x = np.arange(len(told), dtype=np.float64)
        share = np.array([100 * (each.share.value or 0.0) for each in told])
        bars = pg.BarGraphItem(
            x=x, height=share, width=0.5, brush=pg.mkBrush(self.theme.accent), pen=pg.mkPen(None)
        )
        self.plot.addItem(bars)
        top = float(share.max(initial=1.0))
        for at, each in zip(x, told, strict=True):
            ends = each.share.interval
            if ends is not None:
                pen = pg.mkPen(self.theme.text, width=1.5)
                ys = np.array([100 * ends.low, 100 * ends.high])
                self.plot.addItem(pg.PlotCurveItem(np.array([at, at]), ys, pen=pen))
                top = max(top, 100 * ends.high)
        self.plot.span((-0.6, len(told) - 0.4), (0, top * 1.1))
        self.plot.tick("left", 0, top * 1.1)
        names = [(float(at), phrases.MOVED[each.shift]) for at, each in zip(x, told, strict=True)]
        self.plot.getAxis("bottom").setTicks([names])
        contrasts = "\n".join(
            f"{phrases.less(each)}: {phrases.number(each.difference)}"
            f"{'' if each.p is None else f', {each.test}, {phrases.chance(each.p)}'} (n = {each.n})"
            for each in found.contrasts
        )
        self.set_state(f"95 % intervals · n = {counted(found.flips, 'flip', 'flips')}", contrasts)


class FindingsPane(StaticPane):
    """The findings in plain sentences, as the report has them."""

    def __init__(self) -> None:
        super().__init__("Findings", "findings", ("", ""))
        self.plot.hide()
        self._words = QPlainTextEdit()
        self._words.setReadOnly(True)
        self._words.setAccessibleName("Findings")
        self._words.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.body.addWidget(self._words, 1)

    def draw(self) -> None:
        if self.examined is None:
            self._words.setPlainText("" if self.columns is None else "…")
            return
        from onepixel_gui.report.population.summary import findings, title

        self.set_state(title(self.examined))
        self._words.setPlainText("\n\n".join(findings(self.examined)))

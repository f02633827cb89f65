"""A classifier's confidence over a slide as a heat overlay, painted while it arrives."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from onepixel_gui.qt.panes.map_legend import ColourScale, confidence_scale
from onepixel_gui.qt.slides.overlays import Floats32, ScanOverlay
from onepixel_gui.qt.slides.sight import Sight

Places = NDArray[np.intp]

_FAINTEST = 0.15  # opacity where the confidence is 0: the tissue is seen, and that it was asked
_MANY = 8  # of so many places one is new: then to paint them one by one takes longer


class ScanPicture:
    """The overlay and coarser ones, in which each place shows the highest of those it stands for.

    So a single hot tile stays visible when the whole slide is in sight.
    """

    def __init__(self, overlay: ScanOverlay) -> None:
        self.overlay = overlay
        self.scale: ColourScale = confidence_scale(overlay.subject, overlay.threshold)
        self._lut = np.zeros((256, 4), np.uint8)  # blue, green, red, alpha
        alpha = np.linspace(_FAINTEST, 1, 256, dtype=np.float32)[:, None]
        self._lut[:, :3], self._lut[:, 3:] = self.scale.lut[:, ::-1] * alpha, 255 * alpha
        self._steps: list[tuple[Floats32, NDArray[np.uint8], QImage]] = []
        values = np.array(overlay.values, np.float32)
        while not self._steps or max(values.shape) > 1:
            if self._steps:
                values = _halved(values)
            colours = self._coloured(values)
            self._steps.append((values, colours, _image(colours)))

    def _coloured(self, values: Floats32) -> NDArray[np.uint8]:
        """(...) confidences -> (..., 4) premultiplied; transparent where NaN."""
        known = ~np.isnan(values)
        if not known.any():  # as a large scan begins
            return np.zeros((*values.shape, 4), np.uint8)
        index = np.clip(np.where(known, values, 0) * 256, 0, 255).astype(np.intp)
        colours: NDArray[np.uint8] = self._lut[index] * known[..., None].astype(np.uint8)
        return colours

    def paint_values(self, rows: Places, columns: Places, values: Floats32) -> None:
        """(N,) confidences that have come in, each at its place of the grid."""
        if _MANY * len(values) > self._steps[0][0].size:
            self._steps[0][0][rows, columns] = values
            self._paint_afresh()
            return
        for step, (kept, colours, _) in enumerate(self._steps):
            at = rows >> step, columns >> step
            if step == 0:
                kept[at] = values
            else:
                np.fmax.at(kept, at, values)
            colours[at] = self._coloured(kept[at])

    def _paint_afresh(self) -> None:
        """All coarser steps from the finest: a scan that is known already comes at once."""
        finer: Floats32 | None = None
        for kept, colours, _ in self._steps:
            if finer is not None:
                kept[:] = _halved(finer)
            colours[:] = self._coloured(kept)
            finer = kept

    def paint(self, painter: QPainter, sight: Sight, opacity: float) -> None:
        """painter: in device px."""
        step = self._step_for(sight)
        values, _, image = self._steps[step]
        down, across = (
            edge * 2**step for edge in (self.overlay.step_rows, self.overlay.step_columns)
        )
        first = self._first(sight.rows[0], self.overlay.row0, down, values.shape[0])
        last = self._first(sight.rows[1], self.overlay.row0, down, values.shape[0] - 1) + 1
        left = self._first(sight.columns[0], self.overlay.column0, across, values.shape[1])
        right = self._first(sight.columns[1], self.overlay.column0, across, values.shape[1] - 1) + 1
        if last <= first or right <= left:
            return
        box = sight.box(
            self.overlay.row0 + first * down,
            self.overlay.column0 + left * across,
            self.overlay.row0 + last * down,
            self.overlay.column0 + right * across,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setOpacity(opacity)
        painter.drawImage(QRectF(box), image, QRectF(left, first, right - left, last - first))
        painter.setOpacity(1.0)

    def _step_for(self, sight: Sight) -> int:
        """The finest whose places are at least a device px large."""
        edge = min(self.overlay.step_rows, self.overlay.step_columns) * sight.scale
        step = 0
        while edge * 2**step < 1 and step + 1 < len(self._steps):
            step += 1
        return step

    @staticmethod
    def _first(at: float, start: float, edge: float, most: int) -> int:
        return int(min(max((at - start) // edge, 0), most))

    def value_at(self, row: float, column: float) -> float | None:
        """The confidence at a level-0 place, None where nothing was asked."""
        values = self._steps[0][0]
        down = int((row - self.overlay.row0) // self.overlay.step_rows)
        across = int((column - self.overlay.column0) // self.overlay.step_columns)
        if not (0 <= down < values.shape[0] and 0 <= across < values.shape[1]):
            return None
        value = float(values[down, across])
        return None if np.isnan(value) else value


def _halved(values: Floats32) -> Floats32:
    """The highest of each 2 x 2, NaN only where all are."""
    height, width = values.shape
    padded = np.pad(values, ((0, height % 2), (0, width % 2)), constant_values=np.nan)
    halved: Floats32 = np.fmax(
        np.fmax(padded[::2, ::2], padded[1::2, ::2]), np.fmax(padded[::2, 1::2], padded[1::2, 1::2])
    )
    return halved


def _image(colours: NDArray[np.uint8]) -> QImage:
    """Over the same bytes, so that what is painted into them is seen; they must outlive it."""
    height, width = colours.shape[:2]
    kind = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(colours.data, width, height, 4 * width, kind)

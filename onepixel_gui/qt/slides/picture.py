"""The pixels of a slide on a canvas: the sharpest parts at hand, coarser ones where they lack."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, floor

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QRegion, QTransform

from onepixel_gui.qt.slides.parts import PART, Broken, Part, Rung, Wish, aim
from onepixel_gui.qt.slides.sight import Sight
from onepixel_gui.qt.theme import LIGHT, Theme

_DOUBT = QColor(LIGHT.doubt)  # in both themes, for slides stay what they are
_FADE = 0.12  # seconds in which a part takes the place of a coarser one
_STEPPING = 2  # rungs coarser than the one wanted that are read first, and finer ones kept
_MOST_AHEAD = 120  # parts in sight, up to which their neighbours are read ahead


@dataclass(slots=True)
class _Layer:
    """Images of one rung with their boxes and opacities, drawn inside a region only."""

    within: QRegion
    rung: Rung
    images: list[tuple[QRect, QImage, float]] = field(default_factory=list)


class SlidePicture:
    """Holds what a sight of a slide is drawn from, and nothing else of the slide."""

    def __init__(self) -> None:
        self.ladder: tuple[Rung, ...] = ()
        self._images: dict[Part, QImage] = {}
        self._broken: dict[Part, Broken] = {}
        self._born: dict[Part, float] = {}
        self._thumbnail: QImage | None = None
        self._news: set[Part] | None = None  # since it was last drawn; None for everything

    # ------------------------------------------------------------ values come down
    def show(self, ladder: tuple[Rung, ...], *, afresh: bool) -> None:
        """afresh: of another slide, so that nothing is kept."""
        self.ladder, self._news = ladder, None
        if afresh:
            for known in (self._images, self._broken, self._born):
                known.clear()
            self._thumbnail = None

    def set_thumbnail(self, image: QImage) -> None:
        self._thumbnail, self._news = image, None

    def take(self, part: Part, image: QImage | Broken, *, fading: bool) -> None:
        if self._news is not None:
            self._news.add(part)
        if isinstance(image, Broken):
            self._broken[part] = image
            return
        self._broken.pop(part, None)
        if fading and part not in self._images:
            self._born[part] = time.monotonic()
        self._images[part] = image

    def knows(self, part: Part) -> bool:
        """Whether it holds the part, or that it is broken."""
        return part in self._images or part in self._broken

    def forget_broken(self) -> None:
        """So that it is wished for again."""
        self._broken.clear()
        self._news = None

    @property
    def fading(self) -> bool:
        """Whether it looks different a moment later; tidies up what has faded in."""
        now = time.monotonic()
        for part in [part for part, born in self._born.items() if now - born >= _FADE]:
            del self._born[part]
            if self._news is not None:
                self._news.add(part)
        return bool(self._born)

    def broken_in(self, sight: Sight) -> list[Broken]:
        """Parts in sight that could not be read."""
        target = aim(self.ladder, sight.scale)
        if target is None or not self._broken:
            return []
        parts = self.ladder[target].parts(sight.rows, sight.columns)
        return [self._broken[part] for part in parts if part in self._broken]

    # ------------------------------------------------------------ wishes go up
    def wish(self, sight: Sight) -> Wish:
        """What it lacks, coarse before fine and from the middle outwards; lets go of the rest."""
        target = aim(self.ladder, sight.scale)
        ready = [n for n, rung in enumerate(self.ladder) if rung.ready]
        rows, columns = sight.rows, sight.columns
        wanted: dict[Part, None] = {}
        if target is not None:
            steps = sorted({min(target + _STEPPING, ready[-1]), target} & set(ready), reverse=True)
            for n in steps:
                parts = self.ladder[n].parts(rows, columns)
                wanted.update(dict.fromkeys(_from_middle(self.ladder[n], parts, sight)))
            rung = self.ladder[target]
            if len(wanted) <= _MOST_AHEAD:
                ahead = rung.parts(rows, columns, margin=1)
                wanted.update(dict.fromkeys(_from_middle(rung, ahead, sight)))
        missing = tuple(
            part for part in wanted if part not in self._images and part not in self._broken
        )
        shown = tuple(part for part in self._images if part in wanted or self._serves(part, sight))
        self._keep(shown)
        return Wish(missing, shown)

    def _serves(self, part: Part, sight: Sight) -> bool:
        """Coarser parts in sight, and somewhat finer ones until they are replaced."""
        target = aim(self.ladder, sight.scale) or 0
        n = _place_of(self.ladder, part)
        if n is None or n < target - _STEPPING:
            return False
        box = _box(self.ladder[n], part, sight)
        seen = box.intersects(QRect(0, 0, sight.width, sight.height))
        return seen and (n >= target or not self._complete(target, sight))

    def _complete(self, target: int, sight: Sight) -> bool:
        parts = self.ladder[target].parts(sight.rows, sight.columns)
        return all(part in self._images or part in self._broken for part in parts)

    def complete(self, sight: Sight) -> bool:
        """Whether all in sight is as sharp as it gets."""
        target = aim(self.ladder, sight.scale)
        return target is not None and self._complete(target, sight)

    def _keep(self, shown: Iterable[Part]) -> None:
        self._images = {part: self._images[part] for part in shown}
        self._born = {part: born for part, born in self._born.items() if part in self._images}

    # ------------------------------------------------------------ drawing
    def changed(self, sight: Sight) -> QRegion | None:
        """What looks otherwise than when it was last asked, in device px; None for everything."""
        news, self._news = self._news, set(self._born)
        if news is None:
            return None
        region = QRegion()
        for part in news:
            n = _place_of(self.ladder, part)
            if n is not None:
                region = region.united(_box(self.ladder[n], part, sight))
        return region

    def paint(self, painter: QPainter, sight: Sight, theme: Theme, within: QRegion) -> None:
        """painter: in device px.  within: what to draw of the canvas."""
        slide = sight.box(0, 0, *sight.shape) & QRect(0, 0, sight.width, sight.height)
        layers, holes = self._layers(sight, within.intersected(slide))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        _paint_around(painter, within, sight, theme)
        if not holes.isEmpty():
            painter.setClipRegion(holes)
            painter.fillRect(slide, QColor(theme.field))
            self._paint_thumbnail(painter, sight, slide)
        for layer in reversed(layers):
            painter.setClipRegion(layer.within)
            _paint_layer(painter, layer, sight)
        painter.setOpacity(1.0)
        painter.setClipRegion(within)
        self._paint_broken(painter, sight)

    def _layers(self, sight: Sight, holes: QRegion) -> tuple[list[_Layer], QRegion]:
        """What to draw, finest last to be painted, and what is then still uncovered."""
        layers: list[_Layer] = []
        for n in self._order(sight):
            if holes.isEmpty():
                break
            layer, covered = _Layer(holes, self.ladder[n]), QRegion()
            for part, image in self._held(n):
                box = _box(layer.rung, part, sight)
                if holes.intersects(box):
                    opacity = self._opacity(part)
                    layer.images.append((box, image, opacity))
                    covered = covered.united(box) if opacity >= 1 else covered
            layers.append(layer)
            holes = holes.subtracted(covered)
        return layers, holes

    def _order(self, sight: Sight) -> Iterator[int]:
        """Rungs by how well they serve: the right one, finer ones, then coarser and coarser."""
        target = aim(self.ladder, sight.scale)
        if target is None:
            yield from range(len(self.ladder))
            return
        yield target
        yield from range(target - 1, max(-1, target - 1 - _STEPPING), -1)
        yield from range(target + 1, len(self.ladder))

    def _held(self, n: int) -> Iterator[tuple[Part, QImage]]:
        rung = self.ladder[n]
        for part, image in self._images.items():
            if part.level == rung.level and part.factor == rung.factor:
                yield part, image

    def _opacity(self, part: Part) -> float:
        born = self._born.get(part)
        return 1.0 if born is None else min(1.0, (time.monotonic() - born) / _FADE)

    def _paint_thumbnail(self, painter: QPainter, sight: Sight, slide: QRect) -> None:
        if self._thumbnail is None or slide.isEmpty():
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        down = self._thumbnail.height() / sight.shape[0] / sight.scale
        across = self._thumbnail.width() / sight.shape[1] / sight.scale
        source = QRectF(
            (slide.x() + sight.left) * across,
            (slide.y() + sight.top) * down,
            slide.width() * across,
            slide.height() * down,
        )
        painter.drawImage(QRectF(slide), self._thumbnail, source)

    def _paint_broken(self, painter: QPainter, sight: Sight) -> None:
        target = aim(self.ladder, sight.scale)
        if target is None or not self._broken:
            return
        brush = QBrush(_DOUBT, Qt.BrushStyle.BDiagPattern)
        brush.setTransform(QTransform.fromScale(sight.ratio, sight.ratio))
        for part in self.ladder[target].parts(sight.rows, sight.columns):
            if part in self._broken:
                box = _box(self.ladder[target], part, sight)
                painter.setPen(QPen(_DOUBT, sight.ratio))
                painter.setBrush(brush)
                painter.drawRect(box.adjusted(0, 0, -1, -1))


def _paint_around(painter: QPainter, within: QRegion, sight: Sight, theme: Theme) -> None:
    """What lies beside the slide, and a line along its edge."""
    canvas = QRect(0, 0, sight.width, sight.height)
    slide = sight.box(0, 0, *sight.shape) & canvas.adjusted(-2, -2, 2, 2)
    beside = within.subtracted(slide)
    if beside.isEmpty():
        return
    painter.setClipRegion(beside)
    painter.fillRect(canvas, QColor(theme.ground))
    painter.setPen(QPen(QColor(theme.edge), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(slide.adjusted(-1, -1, 0, 0))


def _place_of(ladder: tuple[Rung, ...], part: Part) -> int | None:
    for n, rung in enumerate(ladder):
        if rung.level == part.level and rung.factor == part.factor:
            return n
    return None


def _box(rung: Rung, part: Part, sight: Sight) -> QRect:
    """Where a part lies, in device px."""
    box, scale = rung.box(part), rung.downsample
    return sight.box(
        box.row * scale,
        box.column * scale,
        (box.row + box.height) * scale,
        (box.column + box.width) * scale,
    )


def _from_middle(rung: Rung, parts: list[Part], sight: Sight) -> list[Part]:
    edge = rung.downsample * PART
    row, column = sight.row / edge - 0.5, sight.column / edge - 0.5
    return sorted(parts, key=lambda part: (part.row - row) ** 2 + (part.column - column) ** 2)


def _paint_layer(painter: QPainter, layer: _Layer, sight: Sight) -> None:
    canvas = QRect(0, 0, sight.width, sight.height)
    plain = layer.rung.downsample == 1 and sight.scale >= 1  # pixels as they are
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not plain)
    for box, image, opacity in layer.images:
        painter.setOpacity(opacity)
        if box.width() <= 2 * canvas.width() and box.height() <= 2 * canvas.height():
            painter.drawImage(box, image)
        else:
            target, source = _cut(box, image, canvas)
            painter.drawImage(target, image, source)


def _cut(box: QRect, image: QImage, canvas: QRect) -> tuple[QRectF, QRectF]:
    """What is in sight of an image that is drawn far larger than the canvas, in whole pixels."""
    down, across = box.height() / image.height(), box.width() / image.width()
    top = max(0, floor((canvas.top() - box.y()) / down))
    left = max(0, floor((canvas.left() - box.x()) / across))
    bottom = min(image.height(), ceil((canvas.bottom() + 1 - box.y()) / down))
    right = min(image.width(), ceil((canvas.right() + 1 - box.x()) / across))
    source = QRectF(left, top, right - left, bottom - top)
    target = QRectF(
        box.x() + left * across,
        box.y() + top * down,
        source.width() * across,
        source.height() * down,
    )
    return target, source

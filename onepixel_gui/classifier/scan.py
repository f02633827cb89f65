"""A classifier carried over a slide: where in it the confidence in a class is high."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.tiles.tile import Window

if TYPE_CHECKING:
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.tiles.slides import Slide

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """What is scanned, and how closely.

    region:  level-0 rectangle, None for all of the slide.
    stride:  tile pixels from one tile to the next; 0 for half of the input's shorter edge.
    tissue:  leave out tiles with next to no tissue.
    least:   share of a tile that is tissue, 0-1, below which it is left out; our choice.
    best:    most candidates that are listed.
    subject: of three and more classes the one looked for, "" for the card's.
    """

    region: Window | None = None
    stride: int = 0
    tissue: bool = True
    least: float = 0.05
    best: int = 500
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells that cover a region, and one tile centred on each.

    row, column:    level-0 place of the first cell's upper left corner; the cells stand out
                    alike on opposite sides of the region, by less than half a step.
    step:           edge of a cell in level-0 pixels, no whole number where tiles are resampled.
    rows, columns:  cells.
    height, width:  what a tile covers, in level-0 pixels.
    shape:          (H, W) of a tile in its own pixels.
    mpp:            resolution that the tiles are asked at, None for level 0 as it is.
    downsample:     level-0 pixels per tile pixel.
    """

    row: float
    column: float
    step: float
    rows: int
    columns: int
    height: int
    width: int
    shape: tuple[int, int]
    mpp: float | None = None
    downsample: float = 1.0

    def corners(self, rows: Places, columns: Places) -> tuple[Places, Places]:
        """Level-0 (rows, columns) of the upper left pixels of the tiles on these cells.

        At the slide's border they may be negative: the tile is padded there by reflection.
        """
        tops = self.row + (rows + 0.5) * self.step - self.height / 2
        lefts = self.column + (columns + 0.5) * self.step - self.width / 2
        return _whole(tops), _whole(lefts)


@dataclass(frozen=True, slots=True)
class ScanBegan:
    """total: tiles that will be asked; skipped: left out as background.

    subject: the class whose confidence is mapped.  notes: what the reader should know of how the
    slide is read, one plain sentence each ("resampled from 0.50 to 0.25 um/px").
    """

    droppable: ClassVar[bool] = False
    grid: Grid
    total: int
    skipped: int
    subject: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scanned:
    """What is new on the map, in place of what was there before.

    done, total:    tiles asked so far, and to be asked; begins anew where the quick form of a
                    network turns out to say something else than the network.
    rows, columns:  (N,) cells of the grid.
    confidence:     (N,) float32 in 0-1; NaN where the slide is damaged.
    """

    droppable: ClassVar[bool] = False
    done: int
    total: int
    rows: Places
    columns: Places
    confidence: Floats


@dataclass(frozen=True, slots=True)
class Awaited:
    """Nothing is new: the disk is waited for. May come before ScanBegan, too."""

    droppable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Refined:
    """All tiles were asked, and the most confident of them are being centred.

    queries: tiles asked so far, in all.
    """

    droppable: ClassVar[bool] = True
    queries: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tile that the classifier may take for the subject.

    row, column:  level-0 place of its upper left pixel; negative where padded at the border.
    confidence:   in the subject, 0-1, by an ordinary forward pass.  answer: the class given.
    """

    row: int
    column: int
    confidence: float
    answer: str


@dataclass(frozen=True, slots=True, eq=False)
class ScanEnded:
    """What a scan found.

    confidence:  (rows, columns) float32 of the grid, NaN where not asked or damaged.
    candidates:  best first, no two closer than half a tile.
    queries:     tiles asked, of the grid and to centre candidates, and again to confirm.
    damaged:     tiles that the slide could not give.
    notes:       what happened on the way, one plain sentence each.
    """

    droppable: ClassVar[bool] = False
    grid: Grid
    settings: ScanSettings
    confidence: Floats
    candidates: tuple[Candidate, ...]
    queries: int
    damaged: int = 0
    notes: tuple[str, ...] = ()


ScanEvent = ScanBegan | Awaited | Scanned | Refined | ScanEnded


def scan(
    classifier: "Classifier", slide: "Slide", settings: ScanSettings | None = None
) -> Generator[ScanEvent]:
    """Ask the classifier about tiles all over a slide; to cancel is to stop asking.

    First a map of the grid, then the candidates, centred where the confidence is highest.  What a
    network's quick form said counts only as long as it agrees with the ordinary one to 1e-5; all
    candidates are asked of the ordinary one.  Damaged parts of the slide are left out and counted.
    Raises NothingToScan, DeviceFull, and Problem where no tile is answered with a number.
    """
    from onepixel_gui.classifier.scanning.run import Run

    yield from Run.of(classifier, slide, settings or ScanSettings()).events()


def _whole(places: NDArray[np.floating]) -> Places:
    whole: Places = np.floor(places + 0.5).astype(np.int64)
    return whole

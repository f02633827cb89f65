"""Small frozen values that travel between session and panes, and how a confidence is written."""

from dataclasses import dataclass
from math import ceil, log10
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtWidgets import QWidget

from onepixel_gui.analysis.sensitivity import Sensitivity
from onepixel_gui.attack.probe import Advanced, Began, Ended, Painted, Pixel, Question, Swept
from onepixel_gui.problems import Problem
from onepixel_gui.report.wording import TIMES, power_of_ten
from onepixel_gui.tiles.tile import Tile

if TYPE_CHECKING:
    from onepixel_gui.classifier.card import Card, Inspection
    from onepixel_gui.classifier.classifier import Classifier
    from onepixel_gui.classifier.opening import Step

Quantity = Literal["lowest", "highest", "change"]
Activity = Literal["search", "guided", "sweep"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The one cursor of the window. row, column: tile pixels from the top left."""

    row: int
    column: int
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """done of total queries; seconds_left None until it can be told.

    previewing: estimates come first, and nothing was asked yet.
    """

    activity: Activity
    done: int
    total: int
    seconds_left: float | None
    previewing: bool = False


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """Of a scan: done of total tiles; seconds_left None until it can be told.

    centring: all tiles are asked, and the best are being centred; done counts those asked in all.
    """

    done: int
    total: int
    seconds_left: float | None
    centring: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A checkpoint on its way to the bench; swapped whole, never edited.

    step:       what is being done with it now; None before and after.
    inspection: what is known of it, classifier: its network; None until then.
    place:      where the reader wants it as soon as it is ready; None while he only looks.
    at_once:    he asked for it without a preview.
    problem:    why it cannot be used like this.
    """

    path: Path
    step: "Step | None" = None
    inspection: "Inspection | None" = None
    classifier: "Classifier | None" = None
    place: Literal["first", "second"] | None = None
    at_once: bool = False
    problem: Problem | None = None

    @property
    def card(self) -> "Card | None":
        """The best that is known: what the network itself said completes it."""
        if self.classifier is not None:
            return self.classifier.card
        return None if self.inspection is None else self.inspection.card


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What is known of one tile under one classifier; swapped whole, never edited.

    began, ended, stopped: of the search that ran last, black-box or guided.
    stopped, painted: the last word of a search, of a sweep, that the reader ended.
    """

    began: Began | None = None
    ended: Ended | None = None
    stopped: Advanced | None = None
    painted: Painted | None = None
    sensitivity: Sensitivity | None = None
    latest: Activity | None = None

    @property
    def guided(self) -> bool:
        """Whether the search that ran last saw gradients of the network."""
        return self.began is not None and is_guided(self.began)


def extreme(swept: Swept) -> Pixel:
    """The pixel that moves the confidence furthest towards a flip."""
    return swept.lowest if swept.question.downward else swept.highest


def telling_colour(
    tile: Tile, question: Question | None, found: Findings, cursor: Cursor
) -> tuple[int, int, int]:
    """The sweep's extreme colour there, else the colour found elsewhere, else the tile's."""
    rgb = tile.rgb[cursor.row, cursor.column]
    if found.sensitivity is not None and question is not None:
        condensed = found.sensitivity.map
        index = condensed.lowest_colour if question.downward else condensed.highest_colour
        row, column = cursor.row - question.window.row, cursor.column - question.window.column
        rgb = found.sensitivity.swept.palette[index[row, column]]
    elif (last := found.ended or found.stopped) is not None and last.best:
        return last.best[0].rgb
    red, green, blue = rgb.tolist()
    return red, green, blue


def is_guided(began: Began) -> bool:
    """White-box, so that its number of queries compares with no black-box search's."""
    return began.settings.access == "white-box"


def spent(queries: int, previews: int) -> str:
    """ "2,816 queries", and apart from them "+ 32,768 previews"."""
    asked = f"{queries:,} {'query' if queries == 1 else 'queries'}"
    return f"{asked} + {previews:,} previews" if previews else asked


def legible(confidence: float, digits: int = 3) -> str:
    """A confidence that stays told apart near 0 and near 1: 0.160, 0.99995, 5.09 x 10⁻⁵."""
    if confidence <= 0 or confidence >= 1 or 1e-3 <= confidence <= 0.999:
        small = 0 < confidence < 10.0**-digits
        return f"{confidence:.{3 if small else digits}f}"
    if confidence > 0.999:
        return f"{confidence:.{min(7, ceil(-log10(1 - confidence)))}f}"
    mantissa, power = f"{confidence:.{digits - 1}e}".split("e")
    return f"{mantissa}{TIMES}{power_of_ten(int(power))}"


def picture_of(widget: QWidget) -> bytes:
    """What the widget shows now, as the bytes of a PNG, at the screen's own resolution."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    return bytes(buffer.data().data())

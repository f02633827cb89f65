"""A page of equal panels in two columns (89 mm) or three (183 mm)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from onepixel_gui import __version__
from onepixel_gui.report.exhibit import Style
from onepixel_gui.report.population.contents import LETTERS
from onepixel_gui.report.sheet import FAINT, SMALL, Sheet
from onepixel_gui.report.wording import RESEARCH_ONLY

HEAD = 7.4  # mm, from the top of a panel's letter to the top of what it shows
GAP = 6.5
FOOT = 6.0
UNDER = 3.0  # mm below a panel
TALLEST = 168.0  # mm; a journal's page holds 170
MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Cell:
    """The room of one panel below its heading, mm from the top left of the sheet."""

    sheet: Sheet
    left: float
    top: float
    width: float
    height: float

    @property
    def narrow(self) -> bool:
        """On a page of one journal column."""
        return self.sheet.width < 100

    def axes(
        self, left: float = 9.0, bottom: float = 7.0, right: float = 1.5, top: float = 0.5
    ) -> Axes:
        """Axes that leave so many mm around them for labels."""
        return self.sheet.axes(
            self.left + left,
            self.top + top,
            self.width - left - right,
            self.height - top - bottom,
        )

    def part(self, left: float, top: float, width: float, height: float) -> "Cell":
        """A rectangle of it, in shares of its width and height."""
        return Cell(
            self.sheet,
            self.left + left * self.width,
            self.top + top * self.height,
            width * self.width,
            height * self.height,
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """title: what it shows.   counted: its n, below the title.   draw: into its cell.

    spans:  columns it takes on a page of three and on one of two.
    tall:   mm, where it needs less or more than the others.
    """

    title: str
    counted: str
    draw: Callable[[Cell], None]
    spans: tuple[int, int] = (1, 1)
    tall: float | None = None


def page(style: Style, panels: Sequence[Panel], footer: str) -> Sheet:
    """Panels a, b, c ... from left to right and from top to bottom."""
    columns = 3 if style.width_mm == 183 else 2
    column = (style.width_mm - 2 * MARGIN - (columns - 1) * GAP) / columns
    spans = [panel.spans[0 if columns == 3 else 1] for panel in panels]
    places = _placed(spans, columns)
    rooms = _rooms(panels, places, 42.0 if columns == 3 else 33.0)
    tops = [sum(HEAD + room + UNDER for room in rooms[:row]) for row in range(len(rooms) + 1)]
    sheet = Sheet(style.width_mm, tops[-1] + FOOT, style.dpi)
    for key, panel, span, (row, place) in zip(LETTERS, panels, spans, places, strict=False):
        left, top = MARGIN + place * (column + GAP), tops[row]
        sheet.heading(left, top, key, panel.title)
        sheet.text(left, top + 5.6, panel.counted, fontsize=SMALL, color=FAINT, va="baseline")
        width = span * column + (span - 1) * GAP
        panel.draw(Cell(sheet, left, top + HEAD, width, rooms[row]))
    _footer(sheet, footer)
    return sheet


def _placed(spans: Sequence[int], columns: int) -> list[tuple[int, int]]:
    """(row, column) of each."""
    places, row, column = [], 0, 0
    for span in spans:
        if column + span > columns:
            row, column = row + 1, 0
        places.append((row, column))
        column += span
    return places


def _rooms(panels: Sequence[Panel], places: Sequence[tuple[int, int]], usual: float) -> list[float]:
    """mm of each row below its headings; less of all where the page would be too long."""
    rows = 1 + max(row for row, _ in places)
    rooms = [
        max(panel.tall or usual for panel, (at, _) in zip(panels, places, strict=True) if at == row)
        for row in range(rows)
    ]
    left = TALLEST - FOOT - rows * (HEAD + UNDER)
    scale = min(1.0, left / sum(rooms))
    return [room * scale for room in rooms]


def _footer(sheet: Sheet, words: str) -> None:
    """Enough to find the result again when the caption is lost."""
    told, warning = f"onepixel_gui {__version__} · {words}", RESEARCH_ONLY.rstrip(".").lower()
    bottom = sheet.height - 1.0
    looks: dict[str, Any] = {"fontsize": SMALL, "color": FAINT, "va": "bottom"}
    if sheet.width > 100:
        sheet.text(MARGIN, bottom, told, **looks)
        sheet.text(sheet.width - MARGIN, bottom, warning, ha="right", **looks)
    else:
        sheet.text(MARGIN, bottom - 2.3, told, **looks)
        sheet.text(MARGIN, bottom, warning, **looks)


def bare(cell: Cell) -> Axes:
    """Axes without ink, counted in mm from the top left of the cell."""
    axes = cell.sheet.axes(cell.left, cell.top, cell.width, cell.height)
    axes.set(xlim=(0, cell.width), ylim=(cell.height, 0))
    axes.set_axis_off()
    return axes

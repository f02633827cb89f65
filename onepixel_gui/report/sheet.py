"""White paper measured in millimetres, and how a picture of whole pixels is laid on it.

Everything sits on a grid of 300 dots per inch, so that a tile pixel is a whole number of dots
and panels that belong together meet exactly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from onepixel_gui import RESOURCES
from onepixel_gui.hushing import hush
from onepixel_gui.report.wording import TIMES

DOTS = 300  # per inch
MM = DOTS / 25.4

BOLD = "Inter SemiBold"
INK, FAINT, NULL = "#1A1A1A", "#595959", "#D4D4D4"
BLUE, GREEN, VERMILION = "#0072B2", "#009E73", "#D55E00"  # Okabe and Ito
HEADING, TEXT, SMALL = 7.0, 6.0, 5.0  # pt

_RULES: dict[str, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelpad": 2.0,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": ["Inter", "DejaVu Sans"],
    "font.size": TEXT,
    "image.composite_image": False,
    "image.interpolation": "none",
    "legend.fontsize": TEXT,
    "lines.linewidth": 0.9,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "onepixel_gui",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "xtick.labelsize": TEXT,
    "xtick.major.pad": 1.5,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.5,
    "ytick.color": INK,
    "ytick.labelsize": TEXT,
    "ytick.major.pad": 1.5,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.5,
}

_DRAWING = Lock()  # matplotlib's settings belong to the process, and exports run in threads


def _register_fonts() -> None:
    for name in ("Inter-Regular.ttf", "Inter-SemiBold.ttf"):
        fontManager.addfont(RESOURCES / "fonts" / name)
        # First in the list: ours wins over another version that the machine may have.
        fontManager.ttflist.insert(0, fontManager.ttflist.pop())


_register_fonts()


@contextmanager
def drawing() -> Iterator[None]:
    """One thread at a time draws, under our settings only, whatever a matplotlibrc says."""
    hush(message="Glyph")  # a class name in a script no font here has
    with _DRAWING, style.context(["default", _RULES]):
        yield


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture of (H, W) pixels fills a place on the sheet.

    factor:         dots per pixel at 300 dpi; whole where there is room for it.
    height, width:  of the picture on the sheet, in mm.
    """

    factor: float
    height: float
    width: float

    @property
    def whole(self) -> bool:
        return self.factor >= 1 and self.factor == int(self.factor)

    @property
    def told(self) -> str:
        """For the caption."""
        if self.whole:
            return f"enlarged {self.factor:.0f} {TIMES} by nearest neighbour (at {DOTS} dpi)"
        if self.factor > 1:
            return f"enlarged {self.factor:.2f} {TIMES} by nearest neighbour (at {DOTS} dpi)"
        return f"reduced to {self.factor:.2f} of its size (at {DOTS} dpi)"


def fit(shape: tuple[int, int], height: float, width: float) -> Fit:
    """The largest whole factor with which `shape` fits into height x width mm.

    A picture so large that a whole factor would leave more than a third empty fills the place.
    """
    most = min(round(height * MM) / shape[0], round(width * MM) / shape[1])
    factor = float(int(most)) if int(most) >= most * 2 / 3 else most
    return Fit(factor, factor * shape[0] / MM, factor * shape[1] / MM)


class Sheet:
    """One figure. Positions are mm from the top left of the sheet."""

    def __init__(self, width: float, height: float, dpi: Literal[300, 600]) -> None:
        self.width, self.height, self.dpi = width, height, dpi
        self._dots = (round(width * MM), round(height * MM))
        self.figure = Figure(
            figsize=(self._dots[0] / DOTS, self._dots[1] / DOTS), dpi=dpi, facecolor="white"
        )

    @property
    def pixels(self) -> tuple[int, int]:
        """(width, height) of the sheet when drawn as PNG or TIFF."""
        return self._dots[0] * self.dpi // DOTS, self._dots[1] * self.dpi // DOTS

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes of exactly that box; labels lie outside of it."""
        x, y, w, h = (round(side * MM) for side in (left, top, width, height))
        across, down = self._dots
        return self.figure.add_axes((x / across, 1 - (y + h) / down, w / across, h / down))

    def text(self, left: float, top: float, words: str, **looks: Any) -> None:
        """Words whose top left is at that place, unless `looks` aligns them otherwise."""
        across, down = self.place(left, top)
        chosen: dict[str, Any] = {"ha": "left", "va": "top", **looks}
        self.figure.text(across, down, words, **chosen)

    def place(self, left: float, top: float) -> tuple[float, float]:
        """As fractions of the figure from the bottom left, which matplotlib wants."""
        return left * MM / self._dots[0], 1 - top * MM / self._dots[1]

    def heading(self, left: float, top: float, letter: str, words: str) -> None:
        """A panel's bold letter and what it shows, on one baseline."""
        self.text(left, top + 2.8, letter, fontfamily=BOLD, fontsize=8, va="baseline")
        self.text(left + 3.6, top + 2.8, words, fontsize=HEADING, va="baseline")

    def picture(
        self,
        left: float,
        top: float,
        rgb: NDArray[np.uint8],
        size: Fit,
        corner: tuple[int, int] = (0, 0),
    ) -> Axes:
        """Whole pixels, axes counted in tile pixels; `corner` is (row, column) of the first."""
        axes = self.axes(left, top, size.width, size.height)
        height, width = rgb.shape[:2]
        row, column = corner
        repeats = int(size.factor) * self.dpi // DOTS if size.whole else 1
        shown = rgb.repeat(repeats, axis=0).repeat(repeats, axis=1)
        smooth = "antialiased" if size.factor < 1 else "none"
        limits = (column - 0.5, column + width - 0.5, row + height - 0.5, row - 0.5)
        axes.imshow(shown, extent=limits, aspect="auto", interpolation=smooth)
        axes.set(xticks=[], yticks=[], xlim=limits[:2], ylim=limits[2:])
        axes.spines[:].set(visible=True, linewidth=0.4)
        return axes

    def scale_bar(self, left: float, top: float, size: Fit, pixels: int, mpp: float | None) -> str:
        """A bar of a round length under the right end of a picture; returns the length in words.

        pixels:  width of the picture in tile pixels.  The bar never touches pixel data.
        """
        length, words = round_length(pixels, mpp)
        share = length / pixels * size.width
        right = left + size.width
        (start, down), (end, _) = self.place(right - share, top + 1.2), self.place(right, top)
        bar = Line2D([start, end], [down, down], color=INK, linewidth=1.6)
        bar.set(solid_capstyle="butt", gid="scale-bar", transform=self.figure.transFigure)
        self.figure.add_artist(bar)
        self.text(right - share - 1.0, top + 1.2, words, ha="right", va="center_baseline")
        return words


def round_length(pixels: int, mpp: float | None) -> tuple[float, str]:
    """The longest of 1, 2, 5, 10, ... um (px when unknown) within a third of the picture.

    Returns its length in pixels, and in words.
    """
    unit = mpp or 1.0
    room = pixels * unit / 3
    power = 10.0 ** np.floor(np.log10(room))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= room * (1 + 1e-9)))
    return length / unit, f"{length:g} {'µm' if mpp else 'px'}"

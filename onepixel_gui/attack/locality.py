"""Is it the pixel or its surroundings? A found colour, moved to other places (Vargas & Su)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.attack.probe import Bools, Floats, Perturbation, Probe
from onepixel_gui.tiles.tile import Window

Shift = Literal["neighbour", "same parity", "random"]
SHIFTS: tuple[Shift, ...] = ("neighbour", "same parity", "random")

RANDOM = 16  # places of the window

Place = tuple[int, int]
_AROUND: tuple[Place, ...] = (
    (-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """The colour of a flip at M other places, each by an ordinary forward pass.

    shift:       (M,) int8 index into SHIFTS: one of the 8 neighbours, a place 2 px away (which a
                 stride of 2 reads alike), any place of the window.
    position:    (M, 2) int16 row, column in the tile.
    confidence:  (M,) in the subject, 0-1.  flipped: (M,).
    """

    shift: NDArray[np.int8]
    position: NDArray[np.int16]
    confidence: Floats
    flipped: Bools

    @property
    def origin(self) -> Place:
        """Row, column of the flip itself: the one place that its neighbours leave out.

        Raises ValueError where there are too few: of windows narrower than 2 px.
        """
        near = self.position[self.shift == SHIFTS.index("neighbour")].tolist()
        rows, columns = {row for row, _ in near}, {column for _, column in near}
        around = {(row, column) for row in rows for column in columns}
        (origin,) = around.difference(map(tuple, near))
        return origin


def moved(probe: Probe, best: Perturbation, seed: int) -> Moved:
    """best: one pixel that flips.  seed: of the random places.

    What is asked here is not counted as queries of the attack. Random places may be near ones,
    and are never the pixel's own; in a small window there are fewer than RANDOM.
    Raises ValueError for several pixels, and for one outside the window.
    """
    if len(best) != 1:
        raise ValueError(f"one pixel can be moved, not {len(best)}")
    (pixel,) = best
    window, place = probe.question.window, (pixel.row, pixel.column)
    if not window.holds(*place):
        raise ValueError(f"{place} lies outside the window")
    kinds = (
        _inside(window, place, _AROUND),
        _inside(window, place, ((2 * down, 2 * right) for down, right in _AROUND)),
        _elsewhere(window, place, seed),
    )
    position = np.concatenate(kinds).astype(np.int16)
    shift = np.repeat(np.arange(len(SHIFTS), dtype=np.int8), [len(kind) for kind in kinds])
    colour = np.broadcast_to(np.array(pixel.rgb, np.int16), (len(position), 3))
    readings = probe.confirm(np.concatenate([position, colour], axis=1)[:, None])
    columns = (shift, position, readings.confidences, readings.flipped)
    for column in columns:
        column.setflags(write=False)
    return Moved(*columns)


def _inside(window: Window, place: Place, offsets: Iterable[Place]) -> NDArray[np.int64]:
    """(M, 2) the places so far away that lie in the window."""
    places = [(place[0] + down, place[1] + right) for down, right in offsets]
    return np.array([each for each in places if window.holds(*each)], np.int64).reshape(-1, 2)


def _elsewhere(window: Window, place: Place, seed: int) -> NDArray[np.int64]:
    """(M, 2) different places of the window at random, not the place itself."""
    others = window.height * window.width - 1
    own = (place[0] - window.row) * window.width + place[1] - window.column
    drawn = np.random.default_rng(seed).choice(others, min(RANDOM, others), replace=False)
    drawn += drawn >= own
    corner = np.array([window.row, window.column])
    places: NDArray[np.int64] = np.stack(np.divmod(drawn, window.width), axis=1) + corner
    return places

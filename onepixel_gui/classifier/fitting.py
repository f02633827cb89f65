"""What a classifier sees of a tile of another size than its own, by the word of its card."""

import numpy as np
from numpy.typing import NDArray

from onepixel_gui.classifier.card import Card
from onepixel_gui.problems import TileTooSmall, WrongSize
from onepixel_gui.tiles.tile import Tile, Window


def window(card: Card, tile: Tile) -> Window:
    """Its centre, or the whole tile where it is resized inside the classifier.

    Raises TileTooSmall, and WrongSize where the card refuses tiles of another size.
    """
    height, width = card.input_size
    if card.fitting == "resize":
        return tile.centre(*tile.shape)
    sizes = (
        f"{tile.name} is {tile.shape[0]} x {tile.shape[1]} px; "
        f"{card.name} looks at {height} x {width} px."
    )
    if card.fitting == "refuse" and tile.shape != (height, width):
        raise WrongSize(
            sizes, "Choose a tile of that size, or let the card cut or resize what differs."
        )
    try:
        return tile.centre(height, width)
    except ValueError as small:
        raise TileTooSmall(
            sizes, "Choose a larger tile, or let the card of the classifier resize it."
        ) from small


def cut(tile: Tile, window: Window) -> NDArray[np.uint8]:
    """(H, W, 3): a copy of what lies in the window."""
    rows = slice(window.row, window.row + window.height)
    return np.array(tile.rgb[rows, window.column : window.column + window.width])

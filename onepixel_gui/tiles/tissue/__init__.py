"""Painted H&E tissue: the tiles and the slide of the built-in demonstration, from a seed alone.

Everything is laid down as two stain densities (haematoxylin, eosin) on a grid twice as fine as
the picture, turned into light by Beer-Lambert, and then taken through a scanner: focus, sampling,
sharpening, noise and an 8 x 8 block transform.  Lengths are in pixels of 0.25 um.
"""

from onepixel_gui.tiles.tissue.cells import KINDS, MITOSES, NORMALS, Kind, Mitosis, Normal
from onepixel_gui.tiles.tissue.painting import UM_PER_PIXEL, paint

__all__ = ["KINDS", "MITOSES", "NORMALS", "UM_PER_PIXEL", "Kind", "Mitosis", "Normal", "paint"]

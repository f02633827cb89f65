"""Data sets: what lies in a folder or table, as labelled tiles of which none has been read."""

from onepixel_gui.tiles.datasets.dataset import Dataset, Field, Mark, Sampling
from onepixel_gui.tiles.datasets.looking import looking, recognise
from onepixel_gui.tiles.folders import Looked

__all__ = ["Dataset", "Field", "Looked", "Mark", "Sampling", "looking", "recognise"]

"""Six tiles of a list, and those of them that pass."""

import numpy as np

from onepixel_gui.analysis.filtering import parse
from onepixel_gui.analysis.selection import Facts, passing

NAMES = ["tile_10.png", "tile_9.png", "ÄRGER 1.png", "b.png", "c.png", "d.png"]
LABELS = ["mitosis", "normal", None, "mitosis", "normal", "Atypical"]
CASES = ["p2", "p10", "p10", "", "p2", "p1"]


def shown(facts: Facts, line: str) -> list[int]:
    return np.flatnonzero(passing(parse(line), facts)).tolist()

"""What is known of six tiles."""

import numpy as np
import pytest

from onepixel_gui.analysis.selection import Facts
from tests.core.selection.listed import CASES, LABELS, NAMES


@pytest.fixture
def facts() -> Facts:
    """0 and 4 agree, 1 and 3 do not; 2 was refused, 5 is not scored."""
    made = Facts(NAMES, LABELS, CASES)
    made.forget(("normal", "mitosis"))
    tiles = np.array([0, 1, 3, 4])
    made.set_answers(tiles, np.array([1, 1, 0, 0]), np.array([0.94, 0.9, 0.2, 0.3], np.float32))
    made.set_unusable(2)
    made.set_result(0, "flipped")
    made.set_result(1, "held", guided=True)
    made.listed[[1, 5]] = True
    return made

"""The map of a scan, painted bit by bit or at once."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from onepixel_gui.qt.slides.heat import ScanPicture
from onepixel_gui.qt.slides.overlays import ScanOverlay
from onepixel_gui.qt.slides.sight import Sight


def seen(picture: ScanPicture, edge: int) -> bytes:
    """What is painted of it on a canvas of that edge, in px, that all of the map fits."""
    image = QImage(edge, edge, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    picture.paint(painter, Sight.fitted((470, 330), edge, edge, 1.0), 1.0)
    painter.end()
    return bytes(image.constBits())


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("edge", [500, 30, 7])
def test_a_map_that_comes_at_once_looks_as_it_did_when_it_came_bit_by_bit(
    edge: int,
) -> None:
    rng = np.random.default_rng(3)
    values = rng.random((47, 33), np.float32)
    values[rng.random(values.shape) < 0.4] = np.nan
    rows, columns = np.nonzero(~np.isnan(values))
    at_once, by_bits = (
        ScanPicture(ScanOverlay(np.full_like(values, np.nan), 0, 0, 10, 10)) for _ in "ab"
    )
    empty = seen(at_once, edge)
    at_once.paint_values(rows, columns, values[rows, columns])
    for part in np.array_split(rng.permutation(len(rows)), len(rows) // 20):
        by_bits.paint_values(rows[part], columns[part], values[rows[part], columns[part]])
    assert seen(at_once, edge) == seen(by_bits, edge) != empty
    assert at_once.value_at(rows[0] * 10, columns[0] * 10) == values[rows[0], columns[0]]

"""Slides of known pixels for tests, and what is refused."""

import numpy as np
import openslide

from tests.core import slide_files as written

RGB = written.field(300, 420)
LEVELS = [RGB, written.halved(RGB), written.halved(written.halved(RGB))]


def by_openslide(path, level, row, column, height, width):
    with openslide.OpenSlide(path) as slide:
        down = slide.level_downsamples[level]
        place = round(column * down), round(row * down)
        return np.asarray(slide.read_region(place, level, (width, height)).convert("RGB"))

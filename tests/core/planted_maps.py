"""Sweeps, moved colours and propagations of many tiles with an effect that is known."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from onepixel_gui.attack.locality import SHIFTS, Moved
from onepixel_gui.attack.probe import Pixel, Question, Swept, confidence
from onepixel_gui.attack.sweep import CORNERS
from onepixel_gui.classifier.propagation import Propagation
from onepixel_gui.tiles.tile import Window


def swept(logits, *, clean_logit=2.0, palette=None, flipped=None, corner=(0, 0)) -> Swept:
    """logits: (H, W, K). Flips are where the logit changes its sign, unless they are told."""
    logits = np.asarray(logits, np.float32)
    answer = "mitosis" if clean_logit >= 0 else "normal"
    question = Question(
        "mitosis",
        "normal",
        answer,
        float(confidence(np.array(clean_logit))),
        clean_logit,
        0.5,
        Window(*corner, *logits.shape[:2]),
    )
    if flipped is None:
        flipped = (logits >= 0) != (clean_logit >= 0)
    nowhere = Pixel(0, 0, (0, 0, 0))
    palette = CORNERS[-logits.shape[2] :] if palette is None else palette
    return Swept(
        question, palette, logits, flipped, nowhere, 0.1, nowhere, 0.9, logits.size, 2, 1.0
    )


def sensitive(rng, shape=(32, 32), *, period=0, effect=0.0, bump=2.0) -> Swept:
    """A nucleus in the middle, correlated noise of deviation 1; rows of `period` are stronger.

    effect: how much, in deviations of the noise. The tile's own maps have structure of 2-8 px.
    """
    height, width = shape
    rows, columns = np.indices(shape)
    far = np.hypot(rows - height / 2 + rng.normal(), columns - width / 2 + rng.normal())
    noise = gaussian_filter(rng.standard_normal(shape), 1.0, mode="wrap")
    size = 4 + bump * np.exp(-((far / 6) ** 2)) + noise / noise.std()
    if period:
        size += effect * (rows % period == 0)
    return swept((2 - np.abs(size))[..., None])


def vulnerable(rng, shape=(12, 14, 2), *, planted=None, chance=0.0, strewn=6, up=False) -> Swept:
    """`strewn` flips anywhere; with `chance` also the planted (row, column, colour)."""
    flipped = np.zeros(shape, bool)
    flipped.ravel()[rng.choice(flipped.size, strewn, replace=False)] = True
    if planted is not None:
        flipped[planted] = rng.random() < chance
    sign = -1 if up else 1
    logits = np.where(flipped, -sign, sign) + 0.1 * rng.standard_normal(shape)
    return swept(logits, clean_logit=2.0 * sign, flipped=flipped)


def moved_to(rng, chances, *, place=(20, 30), places=(8, 8, 16)) -> Moved:
    """chances: that a place of each kind of shift flips."""
    around = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    near = np.array(around[: places[0]]) + place
    parity = 2 * np.array(around[: places[1]]).reshape(-1, 2) + place
    position = np.concatenate([near, parity, rng.integers(0, 64, (places[2], 2))])
    shift = np.repeat(np.arange(len(SHIFTS), dtype=np.int8), places)
    flips = rng.random(len(shift)) < np.array(chances)[shift]
    values = np.where(flips, 0.2, 0.8).astype(np.float32)
    return Moved(shift, position.astype(np.int16), values, flips)


def spread(rng, *, scale=1.0, shapes=((8, 8), (4, 4), (1, 1))) -> Propagation:
    """Three layers whose maps are noise of that scale."""
    maps = tuple((scale * rng.random(shape)).astype(np.float16) for shape in shapes)
    return Propagation(
        ("first", "second", "last"),
        np.array([1, 2, 8], np.float32),
        np.array(shapes, np.int32),
        maps,
        np.array([each.max() for each in maps], np.float32),
        np.array([(each > 0.5).mean() for each in maps], np.float32),
    )


def elsewhere(swept_: Swept, **changes) -> Swept:
    """The same sweep with other values."""
    return replace(swept_, **changes)

"""Outcomes of N tiles with a known effect planted in them, or none."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit, logit

from onepixel_gui.analysis.population.outcomes import Outcomes

CLASSES = ("normal", "mitosis")
WINDOW = (64, 64)


@dataclass(frozen=True)
class Effects:
    """What flipped tiles differ in, or all tiles from chance; the defaults plant nothing.

    centre:     share of tiles whose pixel lies at random within a quarter of the window's side
                from its centre; the others anywhere.
    colour:     of flipped tiles: the new colour goes this share of the way to the far corner of
                the RGB cube, on top of a random colour.
    case_flips, case_colours:  spread between cases of the chance to flip (in logits), and of the
                way to the far corner (0-1), independent of each other.
    """

    share: float = 0.5
    centre: float = 0.0
    colour: float = 0.0
    case_flips: float = 0.0
    case_colours: float = 0.0


def planted(tiles=200, effects=None, *, cases=0, seeds=1, classes=CLASSES, seed=0):
    """Outcomes with `tiles` x `seeds` runs; of every tile all seeds follow one another."""
    effects, rng = effects or Effects(), np.random.default_rng(seed)
    n = tiles * seeds
    tile = np.repeat(np.arange(tiles), seeds)
    case = rng.integers(cases, size=tiles)[tile] if cases else np.full(n, -1)
    of_case = rng.normal(size=(2, max(cases, 1)))
    chance = expit(logit(effects.share) + effects.case_flips * of_case[0, case])
    flipped = rng.random(n) < chance
    before = rng.integers(0, 256, (n, 3))
    after = rng.integers(0, 256, (n, 3))
    way = np.clip(effects.colour * flipped + effects.case_colours * of_case[1, case], 0, 1)
    far = np.where(before < 128, 255, 0)
    after = np.rint(after + (far - after) * way[:, None])
    answer = rng.integers(len(classes), size=tiles)[tile]
    other = (answer + 1 + rng.integers(len(classes) - 1, size=n)) % len(classes)
    clean = np.where(
        answer == 1, rng.uniform(0.5, 1, tiles)[tile], rng.uniform(0, 0.5, tiles)[tile]
    )
    confidence = np.where(flipped, 1 - clean, 0.5 + (clean - 0.5) * rng.random(n))
    queries = rng.integers(400, 40_000, n)
    return Outcomes(
        run=np.arange(n) + 1,
        tile=tile + 10,
        case=case,
        label=answer.copy(),
        answer=answer,
        after=np.where(flipped, other, answer),
        subject=np.ones(n, np.int64),
        clean=clean,
        confidence=confidence,
        clean_logit=np.log(clean) - np.log1p(-clean),
        flipped=flipped,
        position=_positions(n, effects.centre, rng),
        colour_before=before.astype(np.uint8),
        colour_after=after.astype(np.uint8),
        queries=queries,
        first_flip=np.where(flipped, queries // 2, -1),
        flipping_positions=np.full(n, -1),
        seed=np.tile(np.arange(seeds), tiles),
        classes=classes,
        cases=tuple(f"case {index:02}" for index in range(cases)),
        window=WINDOW,
    )


def _positions(n, centre, rng):
    height, width = WINDOW
    anywhere = rng.integers(0, (height, width), (n, 2))
    angle, radius = rng.uniform(0, 2 * np.pi, n), height / 4 * np.sqrt(rng.random(n))
    near = np.stack([height / 2 + radius * np.sin(angle), width / 2 + radius * np.cos(angle)], 1)
    return np.where((rng.random(n) < centre)[:, None], near.astype(np.int64), anywhere)


def changed(outcomes, **columns):
    """The same with these columns."""
    parts = {each.name: getattr(outcomes, each.name) for each in fields(outcomes)}
    return Outcomes(**(parts | columns))


def nuclei(seed=0, size=64):
    """(size, size, 3) uint8: pink, with a handful of dark violet discs, and noise."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:size, :size]
    dark = np.zeros((size, size), bool)
    for centre in rng.uniform(0, size, (6, 2)):
        dark |= np.hypot(row - centre[0], column - centre[1]) < rng.uniform(4, 9)
    colours = np.where(dark[..., None], (88, 56, 130), (225, 165, 200))
    return np.clip(colours + rng.normal(0, 12, (size, size, 3)), 0, 255).astype(np.uint8)

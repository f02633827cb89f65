"""What lies in the centre of a tile: nuclei at rest, dying and dividing."""

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import numpy as np

from onepixel_gui.tiles.tissue.canvas import Canvas, Field, blob, inside, rim, rod

Mitosis = Literal["prometaphase", "metaphase", "ring", "anaphase", "telophase"]
Normal = Literal["interphase", "hyperchromatic", "pyknotic", "lymphocyte", "stroma"]
Kind: TypeAlias = Mitosis | Normal
MITOSES: tuple[Mitosis, ...] = get_args(Mitosis)
NORMALS: tuple[Normal, ...] = get_args(Normal)
KINDS: tuple[Kind, ...] = (*MITOSES, *NORMALS)


def _cleft(canvas: Canvas, edge: Field, at: float, width: float) -> None:
    """Glass along part of an outline, where the section shrank away from its surroundings."""
    lobed = canvas.along * np.float32(canvas.rng.normal(0, 0.12)) + canvas.across * np.float32(0.06)
    part = np.clip(0.3 + lobed + 0.6 * canvas.clouds, 0, 1)
    canvas.lay(0.92 * part * rim(edge + 0.4 * canvas.clumps, at, width), 0.03, 0.04)


def nucleus(canvas: Canvas, radius: float, aspect: float, depth: float) -> None:
    """A vesicular nucleus: membrane, chromatin threads and clumps, one to three nucleoli."""
    rng = canvas.rng
    edge = blob(canvas, radius, aspect, 0.13) + 0.4 * canvas.clumps
    if rng.random() < 0.3:
        _cleft(canvas, edge, 2.5, 1.5)
    clumped = np.maximum(canvas.clumps + 0.6 * canvas.grit, -1.4)
    chromatin = depth * (0.66 + 0.26 * clumped + 0.2 * canvas.clouds)
    chromatin += depth * rng.uniform(0.4, 1.1) * rim(edge, -0.8, 1.2)
    plasm = rng.uniform(0.45, 0.85) + 0.14 * canvas.grit + 0.1 * canvas.clumps
    canvas.lay(0.96 * inside(edge, 0.8), np.maximum(chromatin, 0.08), np.maximum(plasm, 0.05))
    for _ in range(int(rng.integers(0, 4))):
        row, column = rng.normal(0, radius / 3, 2)
        spot = np.hypot(canvas.along - np.float32(row), canvas.across - np.float32(column))
        spot += 0.5 * canvas.clumps - np.float32(rng.uniform(1.0, 2.8))
        canvas.lay(0.8 * inside(spot, 0.9), 1.2 * depth + 0.3, 0.75)


def dark_nucleus(canvas: Canvas, radius: float, aspect: float, depth: float) -> None:
    """A hyperchromatic or crushed nucleus: dense, smudged, its edge smooth but not even."""
    rng = canvas.rng
    edge = blob(canvas, radius, aspect, 0.28) + 0.5 * canvas.clouds
    if rng.random() < 0.4:
        _cleft(canvas, edge, 2.8, 1.8)
    slope = np.float32(rng.normal(0, 0.25) / radius) * canvas.along
    body = depth * (0.95 + 0.14 * canvas.clumps + 0.16 * canvas.clouds + slope)
    body += depth * rng.uniform(0, 0.25) * rim(edge, -1, 1.5)
    canvas.lay(inside(edge, rng.uniform(0.7, 2.2)), np.maximum(body, 0.3), rng.uniform(0.6, 0.9))


def _cell(canvas: Canvas, radius: float, aspect: float) -> None:
    """The rounded, cleared cytoplasm of a dividing cell, with its border and sometimes a cleft."""
    rng = canvas.rng
    edge = blob(canvas, radius, aspect, 0.14) + 0.7 * canvas.clouds
    if rng.random() < 0.45:
        _cleft(canvas, edge, 2.0, rng.uniform(1.0, 2.4))
    pale = rng.uniform(0.45, 0.8) + 0.17 * canvas.grit + 0.14 * canvas.clumps
    blue = rng.uniform(0.18, 0.44) + 0.08 * canvas.clumps + 0.05 * canvas.clouds
    cover = rng.uniform(0.4, 0.95) * inside(edge, 1.8)
    canvas.lay(cover, np.maximum(blue, 0.02), np.maximum(pale, 0.05))
    canvas.eosin += rng.uniform(0.0, 0.4) * rim(edge, 0.0, 0.8)


def _chromosomes(canvas: Canvas, edge: Field, ragged: float, depth: float) -> None:
    """Condensed chromatin within that outline: very dark, its edge knobby and hairy."""
    hairy = edge + np.float32(ragged) * (0.8 * canvas.clumps + 0.4 * canvas.grit)
    canvas.haematoxylin += 0.25 * rim(edge, 1.2, 1.8)
    body = depth * (0.95 + 0.13 * canvas.clumps + 0.08 * canvas.grit)
    canvas.lay(inside(hairy, 0.8), body, 0.85)


def _prometaphase(canvas: Canvas) -> None:
    rng = canvas.rng
    _cell(canvas, rng.uniform(20, 29), rng.uniform(1, 1.3))
    edge = blob(canvas, rng.uniform(8, 13), rng.uniform(1, 1.6), 0.24)
    holes = np.maximum(canvas.clumps - rng.uniform(0.6, 1.6), 0) * 2.5
    _chromosomes(canvas, edge + holes, rng.uniform(1.2, 2.4), rng.uniform(1.6, 2.6))


def _metaphase(canvas: Canvas) -> None:
    rng = canvas.rng
    _cell(canvas, rng.uniform(20, 30), rng.uniform(0.8, 1.25))
    edge = rod(canvas, rng.uniform(10, 17), rng.uniform(4.0, 7.0), rng.uniform(-3, 3))
    _chromosomes(canvas, edge, rng.uniform(0.8, 2.0), rng.uniform(1.7, 2.8))


def _ring(canvas: Canvas) -> None:
    """A metaphase plate seen from a pole: a ring, often thinner on one side."""
    rng = canvas.rng
    _cell(canvas, rng.uniform(20, 28), rng.uniform(1, 1.2))
    radius, thick = rng.uniform(7.5, 10.5), rng.uniform(3.2, 4.8)
    edge = np.abs(blob(canvas, radius, rng.uniform(1, 1.35), 0.2)) - np.float32(thick)
    edge += np.float32(rng.uniform(0, 0.3)) * canvas.along + 0.7 * canvas.clouds
    _chromosomes(canvas, edge, rng.uniform(1.0, 2.2), rng.uniform(1.5, 2.4))


def _anaphase(canvas: Canvas) -> None:
    rng = canvas.rng
    _cell(canvas, rng.uniform(21, 29), rng.uniform(0.7, 0.9))
    apart, half, bend = rng.uniform(6.5, 13), rng.uniform(8.5, 14), rng.uniform(0.3, 3.0)
    for side in (-1, 1):
        thick = rng.uniform(3.0, 5.0)
        edge = rod(canvas, half * rng.uniform(0.8, 1.1), thick, -side * bend, side * apart)
        _chromosomes(canvas, edge, rng.uniform(0.8, 1.9), rng.uniform(1.6, 2.6))


def _telophase(canvas: Canvas) -> None:
    rng = canvas.rng
    apart, angle = rng.uniform(12, 17), rng.uniform(0, np.pi)
    row, column = rng.normal(0, 1.5, 2)
    for side in (-1, 1):
        middle = row + side * apart * np.cos(angle), column - side * apart * np.sin(angle)
        canvas.move(*middle, angle + rng.normal(0, 0.2))
        _cell(canvas, rng.uniform(14, 18), rng.uniform(1.1, 1.4))
        edge = rod(canvas, rng.uniform(7, 11), rng.uniform(3, 4.8), -side * rng.uniform(0, 2))
        _chromosomes(canvas, edge, rng.uniform(0.7, 1.6), rng.uniform(1.5, 2.4))


def _interphase(canvas: Canvas) -> None:
    rng = canvas.rng
    nucleus(canvas, rng.uniform(12, 20), rng.uniform(1, 1.6), rng.uniform(0.8, 1.6))


def _hyperchromatic(canvas: Canvas) -> None:
    rng = canvas.rng
    dark_nucleus(canvas, rng.uniform(7.5, 16), rng.uniform(1, 2.8), rng.uniform(1.2, 2.3))


def _pyknotic(canvas: Canvas) -> None:
    """A dying cell: shrunken, more or less pink, with round, smooth, very dark remains."""
    rng = canvas.rng
    edge = blob(canvas, rng.uniform(11, 19), rng.uniform(1, 1.6), 0.2) + 0.8 * canvas.clouds
    if rng.random() < 0.7:
        _cleft(canvas, edge, 2.4, rng.uniform(1.4, 3.0))
    pink = rng.uniform(0.6, 1.15) + 0.12 * canvas.clumps + 0.1 * canvas.grit
    canvas.lay(0.9 * inside(edge, 1.2), rng.uniform(0.15, 0.5) + 0.1 * canvas.clumps, pink)
    depth = rng.uniform(1.6, 2.7)
    for radius in (rng.uniform(4, 9), *rng.uniform(1, 3.5, rng.integers(0, 5))):
        away = rng.normal(0, 1 if radius > 3.5 else 5, 2).astype(np.float32)
        spot = np.hypot(canvas.along - away[0], 1.15 * canvas.across - away[1])
        edge = spot + 0.8 * canvas.clouds + 0.3 * canvas.clumps - np.float32(radius)
        canvas.lay(inside(edge, 0.9), depth * (0.97 + 0.07 * canvas.clumps), 0.85)


def _lymphocyte(canvas: Canvas) -> None:
    rng = canvas.rng
    edge = blob(canvas, rng.uniform(7.5, 11), rng.uniform(1, 1.25), 0.1) + 0.3 * canvas.clumps
    if rng.random() < 0.6:
        _cleft(canvas, edge, 2.4, 1.6)
    body = rng.uniform(1.1, 1.9) * (0.9 + 0.3 * canvas.clumps + 0.2 * rim(edge, -1, 1.5))
    canvas.lay(inside(edge, 0.9), np.maximum(body, 0.4), 0.65)


def _stroma(canvas: Canvas) -> None:
    """Fibres; more often than not with the thin nucleus of a fibroblast among them."""
    if (rng := canvas.rng).random() < 0.7:
        dark_nucleus(canvas, rng.uniform(5, 9), rng.uniform(2.5, 5), rng.uniform(0.9, 1.9))


PAINTERS: dict[Kind, Callable[[Canvas], None]] = {
    "prometaphase": _prometaphase,
    "metaphase": _metaphase,
    "ring": _ring,
    "anaphase": _anaphase,
    "telophase": _telophase,
    "interphase": _interphase,
    "hyperchromatic": _hyperchromatic,
    "pyknotic": _pyknotic,
    "lymphocyte": _lymphocyte,
    "stroma": _stroma,
}

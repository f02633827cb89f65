"""Painted H&E tissue: the tiles of the built-in demonstration, drawn from a seed alone.

Everything is laid down as two stain densities (haematoxylin, eosin) on a grid twice as fine as
the tile, turned into light by Beer-Lambert, and then taken through a scanner: focus, sampling,
sharpening, noise and an 8 x 8 block transform.  Lengths are in tile pixels of 0.25 um.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Mitosis = Literal["prometaphase", "metaphase", "ring", "anaphase", "telophase"]
Normal = Literal["interphase", "hyperchromatic", "pyknotic", "lymphocyte", "stroma"]
Kind: TypeAlias = Mitosis | Normal
MITOSES: tuple[Mitosis, ...] = get_args(Mitosis)
NORMALS: tuple[Normal, ...] = get_args(Normal)
KINDS: tuple[Kind, ...] = (*MITOSES, *NORMALS)

UM_PER_PIXEL = 0.25
Field: TypeAlias = NDArray[np.floating]  # float32 wherever a whole grid is meant

_FINER = 2  # painted samples per tile pixel and axis
# Optical density of haematoxylin and of eosin in red, green, blue, at two laboratories.
_STAINS = np.array(
    [[[0.62, 0.69, 0.41], [0.28, 0.80, 0.58]], [[0.56, 0.75, 0.34], [0.32, 0.87, 0.38]]]
)
_QUANTA = np.array([16, 11, 12, 15, 21, 32, 50, 66])  # JPEG's luminance table, by frequency


def paint(kind: Kind, seed: int, size: int = 64) -> NDArray[np.uint8]:
    """One tile with that object near its centre: (size, size, 3) RGB, 0.25 um per pixel.

    The same kind, seed (zero or more) and size give the same bytes.
    """
    if size < 8:
        raise ValueError(f"a tile is at least 8 pixels wide, not {size}")
    canvas = _Canvas(np.random.default_rng([KINDS.index(kind), seed]), size)
    _tissue(canvas, fibrous=kind == "stroma")
    _neighbours(canvas, 24.0 if kind in ("stroma", "pyknotic", "lymphocyte") else 30.0)
    row, column = canvas.rng.normal(0, 1.6, 2)
    canvas.move(row, column, canvas.rng.uniform(0, np.pi))
    _PAINTERS[kind](canvas)
    return _scan(canvas)


class _Canvas:
    """Two stain densities on the fine grid, and where on it the brush stands."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng, self.size = rng, size
        places = (np.arange(size * _FINER, dtype=np.float32) + 0.5) / _FINER - size / 2
        self._rows, self._columns = np.meshgrid(places, places, indexing="ij")
        self.haematoxylin = np.zeros_like(self._rows)
        self.eosin = np.zeros_like(self._rows)
        self.fine, self.medium, self.coarse = (self.noise(grain) for grain in (0.8, 2.0, 6.0))
        self.move(0.0, 0.0, 0.0)

    def noise(self, grain: float, stretch: float = 1.0, angle: float = 0.0) -> Field:
        """A random field of mean 0 and deviation 1; grain and grain * stretch are its lengths."""
        side = len(self._rows)
        damping = _damping(side, grain) if stretch == 1 else _damp(side, grain, stretch, angle)
        parts = self.rng.standard_normal((2, *damping.shape), dtype=np.float32)
        field = fft.irfft2((parts[0] + 1j * parts[1]) * damping, s=(side, side))
        return np.asarray(field / (np.sqrt(np.vdot(field, field) / field.size) + 1e-9), np.float32)

    def move(self, row: float, column: float, angle: float) -> None:
        """Put the brush there (tile pixels from the centre), its first axis at that angle."""
        y, x = self._rows - np.float32(row), self._columns - np.float32(column)
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        self.along, self.across = x * cosine + y * sine, y * cosine - x * sine
        shift = tuple(int(n) for n in self.rng.integers(0, len(y), 2))
        self.grit = np.roll(self.fine, shift, (0, 1))
        self.clumps = np.roll(self.medium, shift, (0, 1))
        self.clouds = np.roll(self.coarse, shift, (0, 1))

    def lay(self, cover: Field, haematoxylin: Field | float, eosin: Field | float) -> None:
        """Replace what is there by these densities, as far as cover (0-1) reaches."""
        self.haematoxylin += cover * (haematoxylin - self.haematoxylin)
        self.eosin += cover * (eosin - self.eosin)


def _damp(side: int, grain: float, stretch: float, angle: float) -> Field:
    """How much of each frequency of a real transform stays: a Gaussian, and none of the mean."""
    rows = fft.fftfreq(side, 1 / _FINER).astype(np.float32)[:, None]
    columns = fft.rfftfreq(side, 1 / _FINER).astype(np.float32)[None, :]
    along = np.float32(stretch) * (
        columns * np.float32(np.cos(angle)) + rows * np.float32(np.sin(angle))
    )
    across = rows * np.float32(np.cos(angle)) - columns * np.float32(np.sin(angle))
    damping: Field = np.exp(np.float32(-0.5 * (2 * np.pi * grain) ** 2) * (across**2 + along**2))
    damping[0, 0] = 0
    return damping


@lru_cache(maxsize=8)
def _damping(side: int, grain: float) -> Field:
    return _damp(side, grain, 1.0, 0.0)


# Shapes: signed distance from an outline in tile pixels, negative inside.


def _blob(canvas: _Canvas, radius: float, aspect: float, wobble: float) -> Field:
    """A rounded outline; aspect is length over width, wobble 0 (smooth) to about 0.3 (angular)."""
    long, wide = radius * np.sqrt(aspect), radius / np.sqrt(aspect)
    x, y = canvas.along / np.float32(long), canvas.across / np.float32(wide)
    reach, angle = np.hypot(x, y), np.arctan2(y, x)
    outline = np.ones_like(reach)
    for lobes in (2, 3, 4, 5):
        size = canvas.rng.normal(0, wobble / lobes)
        outline += np.float32(size) * np.cos(lobes * angle + np.float32(canvas.rng.uniform(0, 6.3)))
    return (reach - outline) * np.float32(wide)


def _rod(canvas: _Canvas, half: float, thick: float, bend: float, at: float = 0.0) -> Field:
    """A plate seen from its side, `at` pixels across the axis, its ends bent by that many."""
    y = canvas.across - np.float32(at) - np.float32(bend) * (canvas.along / np.float32(half)) ** 2
    straight = max(half - thick, 0.1)
    return np.hypot(np.maximum(np.abs(canvas.along) - straight, 0), y) - np.float32(thick)


def _inside(distance: Field, soft: float = 0.6) -> Field:
    """Cover 0-1 of an outline whose edge is about `soft` pixels wide."""
    cover: Field = np.clip(np.float32(0.5) - distance / np.float32(2 * soft), 0, 1)
    return cover


def _rim(distance: Field, at: float, width: float) -> Field:
    """1 on the line `at` pixels from the outline, falling off over `width`."""
    line: Field = np.exp(-(((distance - np.float32(at)) / np.float32(width)) ** 2))
    return line


# What lies around.


def _tissue(canvas: _Canvas, fibrous: bool) -> None:
    """Cytoplasm and collagen, seamed by cell borders and opened by gaps."""
    rng = canvas.rng
    angle = rng.uniform(0, np.pi)
    strands = canvas.noise(0.8, rng.uniform(6, 16), angle)
    bands = canvas.noise(rng.uniform(2, 3.5), rng.uniform(3, 6), angle)
    where, cells = canvas.noise(10.0), canvas.noise(7.0)
    fibres = _inside(-where + (-1.2 if fibrous else rng.normal(1.0, 0.7)), 0.5)
    net = 1 - np.minimum(np.abs(canvas.medium) / 0.5, 1)  # thin lines between vacuoles
    seams = 1 - np.minimum(np.abs(cells) / 0.12, 1)
    specks = np.minimum(0, 1.1 - canvas.clumps)  # small holes, bright once the scanner sharpens
    granular = 0.16 * canvas.fine + 0.18 * canvas.clumps + 0.16 * canvas.clouds + 0.18 * net
    granular += 0.3 * seams + rng.uniform(0, 0.9) * specks
    strung = _warped(0.22 * strands + 0.26 * bands, 3.5 * where)
    texture = granular + fibres * (strung - granular)
    canvas.eosin += rng.uniform(0.7, 1.1) * np.maximum(0.62 + 0.1 * fibres + 0.9 * texture, 0.04)
    basophilic = rng.uniform(0.24, 0.5) * (1 - 0.45 * fibres)
    canvas.haematoxylin += np.maximum(basophilic + 0.32 * texture + 0.08 * canvas.clouds, 0.02)
    _gaps(canvas, where + 0.5 * strung)


def _warped(field: Field, bend: Field) -> Field:
    """The field with its samples fetched from `bend` tile pixels further down and right."""
    side = len(field)
    step = np.rint(_FINER * bend).astype(np.intp)
    places = np.arange(side)
    return np.asarray(field[(places[:, None] + step) % side, (places[None, :] - step) % side])


def _gaps(canvas: _Canvas, field: Field) -> None:
    """Lumina and clefts: bare glass with a slightly darker shore."""
    level = float(max(canvas.rng.normal(1.7, 0.5), 0.9))
    shore = (level - np.abs(field)) * 9
    canvas.eosin += 0.3 * _rim(shore, 1.2, 1.2)
    canvas.haematoxylin += 0.12 * _rim(shore, 1.2, 1.2)
    canvas.lay(0.97 * _inside(shore, 1.2), 0.03 + 0.02 * canvas.fine, 0.02 + 0.02 * canvas.fine)


def _neighbours(canvas: _Canvas, keep: float) -> None:
    """Nuclei of other cells, at least `keep` pixels from the centre, some cut by the edge."""
    rng = canvas.rng
    reach = canvas.size / 2 + 9
    placed: list[tuple[float, float]] = []
    for _ in range(int(rng.integers(3, 11) * (canvas.size / 64) ** 2) + 1):
        row, column = rng.uniform(-reach, reach, 2)
        apart = min((np.hypot(row - r, column - c) for r, c in placed), default=99.0)
        if np.hypot(row, column) < keep or apart < 25:
            continue
        placed.append((row, column))
        canvas.move(row, column, rng.uniform(0, np.pi))
        if rng.random() < 0.75:
            _nucleus(canvas, rng.uniform(9, 14.5), rng.uniform(1, 1.7), rng.uniform(0.65, 1.3))
        else:
            _dark_nucleus(canvas, rng.uniform(6, 10), rng.uniform(1, 3), rng.uniform(1.1, 1.8))


# What lies in the centre.


def _cleft(canvas: _Canvas, edge: Field, at: float, width: float) -> None:
    """Glass along part of an outline, where the section shrank away from its surroundings."""
    lobed = canvas.along * np.float32(canvas.rng.normal(0, 0.12)) + canvas.across * np.float32(0.06)
    part = np.clip(0.3 + lobed + 0.6 * canvas.clouds, 0, 1)
    canvas.lay(0.92 * part * _rim(edge + 0.4 * canvas.clumps, at, width), 0.03, 0.04)


def _nucleus(canvas: _Canvas, radius: float, aspect: float, depth: float) -> None:
    """A vesicular nucleus: membrane, chromatin threads and clumps, one to three nucleoli."""
    rng = canvas.rng
    edge = _blob(canvas, radius, aspect, 0.13) + 0.4 * canvas.clumps
    if rng.random() < 0.3:
        _cleft(canvas, edge, 2.5, 1.5)
    clumped = np.maximum(canvas.clumps + 0.6 * canvas.grit, -1.4)
    chromatin = depth * (0.66 + 0.26 * clumped + 0.2 * canvas.clouds)
    chromatin += depth * rng.uniform(0.4, 1.1) * _rim(edge, -0.8, 1.2)
    plasm = rng.uniform(0.45, 0.85) + 0.14 * canvas.grit + 0.1 * canvas.clumps
    canvas.lay(0.96 * _inside(edge, 0.8), np.maximum(chromatin, 0.08), np.maximum(plasm, 0.05))
    for _ in range(int(rng.integers(0, 4))):
        row, column = rng.normal(0, radius / 3, 2)
        spot = np.hypot(canvas.along - np.float32(row), canvas.across - np.float32(column))
        spot += 0.5 * canvas.clumps - np.float32(rng.uniform(1.0, 2.8))
        canvas.lay(0.8 * _inside(spot, 0.9), 1.2 * depth + 0.3, 0.75)


def _dark_nucleus(canvas: _Canvas, radius: float, aspect: float, depth: float) -> None:
    """A hyperchromatic or crushed nucleus: dense, smudged, its edge smooth but not even."""
    rng = canvas.rng
    edge = _blob(canvas, radius, aspect, 0.28) + 0.5 * canvas.clouds
    if rng.random() < 0.4:
        _cleft(canvas, edge, 2.8, 1.8)
    slope = np.float32(rng.normal(0, 0.25) / radius) * canvas.along
    body = depth * (0.95 + 0.14 * canvas.clumps + 0.16 * canvas.clouds + slope)
    body += depth * rng.uniform(0, 0.25) * _rim(edge, -1, 1.5)
    canvas.lay(_inside(edge, rng.uniform(0.7, 2.2)), np.maximum(body, 0.3), rng.uniform(0.6, 0.9))


def _cell(canvas: _Canvas, radius: float, aspect: float) -> None:
    """The rounded, cleared cytoplasm of a dividing cell, with its border and sometimes a cleft."""
    rng = canvas.rng
    edge = _blob(canvas, radius, aspect, 0.14) + 0.7 * canvas.clouds
    if rng.random() < 0.45:
        _cleft(canvas, edge, 2.0, rng.uniform(1.0, 2.4))
    pale = rng.uniform(0.45, 0.8) + 0.17 * canvas.grit + 0.14 * canvas.clumps
    blue = rng.uniform(0.18, 0.44) + 0.08 * canvas.clumps + 0.05 * canvas.clouds
    cover = rng.uniform(0.4, 0.95) * _inside(edge, 1.8)
    canvas.lay(cover, np.maximum(blue, 0.02), np.maximum(pale, 0.05))
    canvas.eosin += rng.uniform(0.0, 0.4) * _rim(edge, 0.0, 0.8)


def _chromosomes(canvas: _Canvas, edge: Field, ragged: float, depth: float) -> None:
    """Condensed chromatin within that outline: very dark, its edge knobby and hairy."""
    hairy = edge + np.float32(ragged) * (0.8 * canvas.clumps + 0.4 * canvas.grit)
    canvas.haematoxylin += 0.25 * _rim(edge, 1.2, 1.8)
    body = depth * (0.95 + 0.13 * canvas.clumps + 0.08 * canvas.grit)
    canvas.lay(_inside(hairy, 0.8), body, 0.85)


def _prometaphase(canvas: _Canvas) -> None:
    rng = canvas.rng
    _cell(canvas, rng.uniform(20, 29), rng.uniform(1, 1.3))
    edge = _blob(canvas, rng.uniform(8, 13), rng.uniform(1, 1.6), 0.24)
    holes = np.maximum(canvas.clumps - rng.uniform(0.6, 1.6), 0) * 2.5
    _chromosomes(canvas, edge + holes, rng.uniform(1.2, 2.4), rng.uniform(1.6, 2.6))


def _metaphase(canvas: _Canvas) -> None:
    rng = canvas.rng
    _cell(canvas, rng.uniform(20, 30), rng.uniform(0.8, 1.25))
    edge = _rod(canvas, rng.uniform(10, 17), rng.uniform(4.0, 7.0), rng.uniform(-3, 3))
    _chromosomes(canvas, edge, rng.uniform(0.8, 2.0), rng.uniform(1.7, 2.8))


def _ring(canvas: _Canvas) -> None:
    """A metaphase plate seen from a pole: a ring, often thinner on one side."""
    rng = canvas.rng
    _cell(canvas, rng.uniform(20, 28), rng.uniform(1, 1.2))
    radius, thick = rng.uniform(7.5, 10.5), rng.uniform(3.2, 4.8)
    edge = np.abs(_blob(canvas, radius, rng.uniform(1, 1.35), 0.2)) - np.float32(thick)
    edge += np.float32(rng.uniform(0, 0.3)) * canvas.along + 0.7 * canvas.clouds
    _chromosomes(canvas, edge, rng.uniform(1.0, 2.2), rng.uniform(1.5, 2.4))


def _anaphase(canvas: _Canvas) -> None:
    rng = canvas.rng
    _cell(canvas, rng.uniform(21, 29), rng.uniform(0.7, 0.9))
    apart, half, bend = rng.uniform(6.5, 13), rng.uniform(8.5, 14), rng.uniform(0.3, 3.0)
    for side in (-1, 1):
        thick = rng.uniform(3.0, 5.0)
        edge = _rod(canvas, half * rng.uniform(0.8, 1.1), thick, -side * bend, side * apart)
        _chromosomes(canvas, edge, rng.uniform(0.8, 1.9), rng.uniform(1.6, 2.6))


def _telophase(canvas: _Canvas) -> None:
    rng = canvas.rng
    apart, angle = rng.uniform(12, 17), rng.uniform(0, np.pi)
    row, column = rng.normal(0, 1.5, 2)
    for side in (-1, 1):
        middle = row + side * apart * np.cos(angle), column - side * apart * np.sin(angle)
        canvas.move(*middle, angle + rng.normal(0, 0.2))
        _cell(canvas, rng.uniform(14, 18), rng.uniform(1.1, 1.4))
        edge = _rod(canvas, rng.uniform(7, 11), rng.uniform(3, 4.8), -side * rng.uniform(0, 2))
        _chromosomes(canvas, edge, rng.uniform(0.7, 1.6), rng.uniform(1.5, 2.4))


def _interphase(canvas: _Canvas) -> None:
    rng = canvas.rng
    _nucleus(canvas, rng.uniform(12, 20), rng.uniform(1, 1.6), rng.uniform(0.8, 1.6))


def _hyperchromatic(canvas: _Canvas) -> None:
    rng = canvas.rng
    _dark_nucleus(canvas, rng.uniform(7.5, 16), rng.uniform(1, 2.8), rng.uniform(1.2, 2.3))


def _pyknotic(canvas: _Canvas) -> None:
    """A dying cell: shrunken, more or less pink, with round, smooth, very dark remains."""
    rng = canvas.rng
    edge = _blob(canvas, rng.uniform(11, 19), rng.uniform(1, 1.6), 0.2) + 0.8 * canvas.clouds
    if rng.random() < 0.7:
        _cleft(canvas, edge, 2.4, rng.uniform(1.4, 3.0))
    pink = rng.uniform(0.6, 1.15) + 0.12 * canvas.clumps + 0.1 * canvas.grit
    canvas.lay(0.9 * _inside(edge, 1.2), rng.uniform(0.15, 0.5) + 0.1 * canvas.clumps, pink)
    depth = rng.uniform(1.6, 2.7)
    for radius in (rng.uniform(4, 9), *rng.uniform(1, 3.5, rng.integers(0, 5))):
        away = rng.normal(0, 1 if radius > 3.5 else 5, 2).astype(np.float32)
        spot = np.hypot(canvas.along - away[0], 1.15 * canvas.across - away[1])
        edge = spot + 0.8 * canvas.clouds + 0.3 * canvas.clumps - np.float32(radius)
        canvas.lay(_inside(edge, 0.9), depth * (0.97 + 0.07 * canvas.clumps), 0.85)


def _lymphocyte(canvas: _Canvas) -> None:
    rng = canvas.rng
    edge = _blob(canvas, rng.uniform(7.5, 11), rng.uniform(1, 1.25), 0.1) + 0.3 * canvas.clumps
    if rng.random() < 0.6:
        _cleft(canvas, edge, 2.4, 1.6)
    body = rng.uniform(1.1, 1.9) * (0.9 + 0.3 * canvas.clumps + 0.2 * _rim(edge, -1, 1.5))
    canvas.lay(_inside(edge, 0.9), np.maximum(body, 0.4), 0.65)


def _stroma(canvas: _Canvas) -> None:
    """Fibres; more often than not with the thin nucleus of a fibroblast among them."""
    if (rng := canvas.rng).random() < 0.7:
        _dark_nucleus(canvas, rng.uniform(5, 9), rng.uniform(2.5, 5), rng.uniform(0.9, 1.9))


_PAINTERS: dict[Kind, Callable[[_Canvas], None]] = {
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


# The scanner.


def _light(canvas: _Canvas) -> Field:
    """What reaches the lens on the fine grid, 0-255 a channel."""
    rng = canvas.rng
    tan, violet = _STAINS
    stains = tan + rng.beta(0.6, 2.0) * (violet - tan) + rng.normal(0, 0.03, (2, 3))
    stains *= rng.normal(1, 0.1, (2, 1))
    lamp = rng.normal([247, 240, 245], [4, 4, 4]).astype(np.float32)
    densities = np.stack([canvas.haematoxylin, canvas.eosin], axis=-1)
    light: Field = lamp * np.exp(-np.maximum(densities, 0) @ stains.astype(np.float32))
    if (channel := int(rng.integers(0, 3))) != 1:  # the lens bends red or blue a little further
        light[1:, :, channel] = light[:-1, :, channel].copy()
    return light


def _scan(canvas: _Canvas) -> NDArray[np.uint8]:
    """Through lens, sensor, sharpening and file to what a tile holds."""
    rng, size = canvas.rng, canvas.size
    focus = np.clip(rng.normal(0.68, 0.2), 0.4, 1.2) * _FINER
    light = ndimage.gaussian_filter(_light(canvas), (focus, focus, 0), truncate=2.5)
    sampled = light.reshape(size, _FINER, size, _FINER, 3).mean(axis=(1, 3))
    blurred = ndimage.gaussian_filter(sampled, (1.3, 1.3, 0), truncate=2.5)
    sharp = sampled + np.float32(rng.uniform(0.3, 1.3)) * (sampled - blurred)
    noisy = sharp + rng.normal(0, rng.uniform(0.8, 2.5), sharp.shape)
    stored = _compress(noisy, rng.uniform(0.15, 0.8))
    return np.clip(np.rint(stored), 0, 255).astype(np.uint8)


def _compress(rgb: NDArray[np.float64], coarseness: float) -> NDArray[np.float64]:
    """Lose what JPEG loses: 8 x 8 blocks, frequencies rounded to multiples of coarseness."""
    size = rgb.shape[0]
    spare = -size % 8
    whole = np.pad(rgb, ((0, spare), (0, spare), (0, 0)), mode="edge")
    blocks = whole.reshape(whole.shape[0] // 8, 8, -1, 8, 3)
    table = np.maximum(_QUANTA[:, None, None, None], _QUANTA[:, None]) * coarseness
    waves = np.rint(fft.dctn(blocks, axes=(1, 3), norm="ortho") / table) * table
    stored: NDArray[np.float64] = fft.idctn(waves, axes=(1, 3), norm="ortho")
    return stored.reshape(whole.shape)[:size, :size]

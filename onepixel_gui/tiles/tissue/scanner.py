"""From stain to what a file holds: lamp, lens, sensor, sharpening and an 8 x 8 block transform."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from onepixel_gui.tiles.tissue.canvas import FINER, Field

# Optical density of haematoxylin and of eosin in red, green, blue, at two laboratories.
_STAINS = np.array(
    [[[0.62, 0.69, 0.41], [0.28, 0.80, 0.58]], [[0.56, 0.75, 0.34], [0.32, 0.87, 0.38]]]
)
_QUANTA = np.array([16, 11, 12, 15, 21, 32, 50, 66])  # JPEG's luminance table, by frequency


@dataclass(frozen=True, slots=True, eq=False)
class Scanner:
    """One laboratory and one scanner.

    stains:   (2, 3) optical densities of haematoxylin and eosin.   lamp: (3,) 0-255.
    bent:     the channel the lens bends a little further; 1 stands for none.
    focus:    deviation of the blur in pixels.                      sharpening: 0 is none.
    grain:    deviation of the noise, 0-255.
    """

    stains: Field
    lamp: Field
    bent: int
    focus: float
    sharpening: float
    grain: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Scanner":
        focus = float(np.clip(rng.normal(0.68, 0.2), 0.4, 1.2))
        tan, violet = _STAINS
        stains = tan + rng.beta(0.6, 2.0) * (violet - tan) + rng.normal(0, 0.03, (2, 3))
        stains *= rng.normal(1, 0.1, (2, 1))
        return cls(
            stains=stains.astype(np.float32),
            lamp=rng.normal([247, 240, 245], [4, 4, 4]).astype(np.float32),
            bent=int(rng.integers(0, 3)),
            focus=focus,
            sharpening=rng.uniform(0.3, 1.3),
            grain=rng.uniform(0.8, 2.5),
        )

    def seen(
        self, rng: np.random.Generator, haematoxylin: Field, eosin: Field
    ) -> NDArray[np.float64]:
        """(H, W, 3) about 0-255, from densities on the fine grid."""
        densities = np.stack([haematoxylin, eosin], axis=-1)
        light: Field = self.lamp * np.exp(-np.maximum(densities, 0) @ self.stains)
        if self.bent != 1:
            light[1:, :, self.bent] = light[:-1, :, self.bent].copy()
        blur = self.focus * FINER
        light = ndimage.gaussian_filter(light, (blur, blur, 0), truncate=2.5)
        height, width = (side // FINER for side in haematoxylin.shape)
        sampled = light.reshape(height, FINER, width, FINER, 3).mean(axis=(1, 3))
        blurred = ndimage.gaussian_filter(sampled, (1.3, 1.3, 0), truncate=2.5)
        sharp = sampled + np.float32(self.sharpening) * (sampled - blurred)
        return np.asarray(sharp + rng.normal(0, self.grain, sharp.shape))


def stored(rgb: NDArray[np.float64], coarseness: float) -> NDArray[np.uint8]:
    """Lose what JPEG loses: 8 x 8 blocks, frequencies rounded to multiples of coarseness."""
    height, width = rgb.shape[:2]
    whole = np.pad(rgb, ((0, -height % 8), (0, -width % 8), (0, 0)), mode="edge")
    blocks = whole.reshape(whole.shape[0] // 8, 8, -1, 8, 3)
    table = np.maximum(_QUANTA[:, None, None, None], _QUANTA[:, None]) * coarseness
    waves = np.rint(fft.dctn(blocks, axes=(1, 3), norm="ortho") / table) * table
    restored: NDArray[np.float64] = fft.idctn(waves, axes=(1, 3), norm="ortho")
    cut = restored.reshape(whole.shape)[:height, :width]
    return np.clip(np.rint(cut), 0, 255).astype(np.uint8)

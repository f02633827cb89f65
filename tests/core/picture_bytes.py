"""Pictures as bytes of every format, and what is refused of them."""

import io

import numpy as np
from PIL import Image

RGB = np.random.default_rng(7).integers(0, 256, (12, 9, 3), dtype=np.uint8)


def encoded(picture, kind, **options):
    whole = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(whole, kind, **options)
    return whole.getvalue()


def npy(array, **options):
    whole = io.BytesIO()
    np.save(whole, array, **options)
    return whole.getvalue()


def put(folder, name, data):
    (folder / name).write_bytes(data)
    return folder / name


def dpi_of(mpp):
    return (25_400 / mpp, 25_400 / mpp)

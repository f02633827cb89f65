"""Keras as the judge of what is read from its files."""

import os

import numpy as np
import pytest
import torch

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.keras import file as keras_file

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras")
L = keras.layers
FORMATS = (".h5", ".keras")


def shaken(model, seed=0):
    """Statistics and biases as if trained: nothing is left at nought or one."""
    chance = np.random.default_rng(seed)
    for weight in model.weights:
        noise = chance.normal(0, 0.1, weight.shape)
        if weight.name == "moving_variance" or weight.name == "variance":
            weight.assign(chance.random(weight.shape) + 0.5)
        elif weight.name not in ("kernel", "count", "seed_generator_state"):
            weight.assign(weight.value.detach().numpy() + noise)
    return model


def opened(path):
    """(contents, network) as the product reads them."""
    with path.open("rb") as file:
        contents = keras_file.peek(file, path.name)
    source = Source(path, path.read_bytes(), "0" * 64)
    return contents, keras_file.network(source, contents)


def saved(model, folder, ending):
    path = folder / f"model{ending}"
    model.save(path)
    return path


def agrees(model, path, size, count=2):
    """The contents of a file whose network gives what Keras' gives, on noise in -1..1."""
    tiles = np.random.default_rng(1).uniform(-1, 1, (count, *size, 3)).astype(np.float32)
    with torch.no_grad():
        wanted = model(torch.from_numpy(tiles), training=False).numpy()
    contents, network = opened(path)
    assert not network.training
    with torch.inference_mode():
        given = network(torch.from_numpy(tiles).permute(0, 3, 1, 2)).numpy()
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(given, wanted, rtol=0, atol=1e-4 * scale)
    assert np.abs(wanted).max() > 0
    return contents, network


def told(contents, *names):
    return tuple(contents.told.get(name) for name in names)


def nested(x):
    inner = keras.Sequential([L.Conv2D(4, 3), L.BatchNormalization(), L.Flatten(), L.Dense(5)])
    outer_input = keras.Input((6, 5, 3))
    y = keras.Sequential([inner, L.ReLU()], name="wrapped")(outer_input)
    outer = keras.Model(outer_input, L.Dense(4)(y), name="outer")
    return outer(L.Cropping2D(((1, 2), (1, 2)))(x))

"""Files as Keras saves them, made by hand."""

import io
import json
import resource
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.keras import file as keras_file
from onepixel_gui.problems import UnusableCheckpoint

# What a damaged file may make a reader raise; the door makes a Problem of each.
EXPECTED = (
    UnusableCheckpoint, OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError,
    MemoryError, RecursionError, OverflowError,
)  # fmt: skip


def peeked(data, name="net.h5"):
    return keras_file.peek(io.BytesIO(data), name)


def read(data, name="net.h5"):
    """(contents, network) of a file's bytes."""
    contents = peeked(data, name)
    return contents, keras_file.network(Source(Path(name), data, "0" * 64), contents)


def refused(data, name="net.h5"):
    """The problem that reading ends in, within 5 s of work and 1 GB."""
    before, start = memory(), time.thread_time()
    with pytest.raises(UnusableCheckpoint) as caught:
        read(data, name)
    assert time.thread_time() - start < 5
    assert memory() - before < 1 << 30
    assert name in caught.value.what
    assert caught.value.remedy[0].isupper()
    assert caught.value.remedy.endswith(".")
    return caught.value


def harmless(data, name="net.h5"):
    """Reading ends, well or in something that the door expects, within 5 s of work and 1 GB."""
    before, start = memory(), time.thread_time()
    try:
        read(data, name)
    except EXPECTED as end:
        return end
    finally:
        assert time.thread_time() - start < 5
        assert memory() - before < 1 << 30
    return None


def memory():
    """The most bytes this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def layer(kind, name, config=None, reads=None, **more):
    spec = {"class_name": kind, "config": {"name": name, "trainable": True, **(config or {})}}
    if reads is not None:
        spec |= {
            "name": name,
            "inbound_nodes": [[[one, 0, 0, {}] for one in reads]] if reads else [],
        }
    return spec | more


CONV = {"filters": 2, "kernel_size": [3, 3], "padding": "same", "use_bias": True}
SHAPES = {"conv": ((3, 3, 3, 2), (2,)), "dense": ((32, 2), (2,))}


def sequence(*middle, **first):
    """The layers of a network that takes 4 x 4 tiles; `middle` stands before the last."""
    conv = layer("Conv2D", "conv", CONV | {"batch_input_shape": [None, 4, 4, 3], **first})
    return [conv, *middle, layer("Flatten", "flat"), layer("Dense", "dense", {"units": 2})]


def model(layers):
    return {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}


def hdf5(config, weights=None, *, change=None, version="2.4.0", **creating):
    """The bytes of a whole-model file as tf.keras writes them."""
    weights = drawn() if weights is None else weights
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps(config) if isinstance(config, dict) else config
        group = file.create_group("model_weights")
        for name, arrays in weights.items():
            top = group.create_group(name)
            names = [f"{name}/{part}:0" for part in ("kernel", "bias")[: len(arrays)]]
            top.attrs["weight_names"] = np.array(names, "S")
            for one, array in zip(names, arrays, strict=True):
                top.create_dataset(one, data=array, **creating)
        if change:
            change(file)
    return held.getvalue()


def drawn():
    chance = np.random.default_rng(0)
    return {
        name: [chance.normal(size=shape).astype(np.float32) for shape in shapes]
        for name, shapes in SHAPES.items()
    }


def archive(config, *, method=zipfile.ZIP_STORED, weights=None):
    """The bytes of a .keras file."""
    inner, held = io.BytesIO(), io.BytesIO()
    with h5py.File(inner, "w") as file:
        for kind, name in (("conv2d", "conv"), ("dense", "dense")):
            for index, array in enumerate(drawn()[name]):
                file.create_dataset(f"layers/{kind}/vars/{index}", data=array)
    with zipfile.ZipFile(held, "w", method) as entries:
        entries.writestr("metadata.json", json.dumps({"keras_version": "3.1.0"}))
        entries.writestr("config.json", json.dumps(config))
        entries.writestr("model.weights.h5", weights or inner.getvalue())
    return held.getvalue()


WHOLE = hdf5(model(sequence()))


def patched(data, place, value):
    return data[:place] + value + data[place + len(value) :]

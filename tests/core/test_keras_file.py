"""What Keras saved is recognised and read, without Keras and without running anything."""

import io
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier.architectures import CodaitMitosis
from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.keras import file as keras_file
from tests.core.keras_files import (
    CONV,
    WHOLE,
    archive,
    drawn,
    harmless,
    hdf5,
    layer,
    model,
    patched,
    peeked,
    read,
    refused,
    sequence,
)

from .networks import codait_weights


# ------------------------------------------------------------------ files made by hand
def answer(network, edge=4):
    tile = torch.linspace(-1, 1, 3 * edge * edge).reshape(1, 3, edge, edge)
    with torch.inference_mode():
        return network(tile).numpy()


def by_hand():
    """What the network of `sequence()` says of that tile, from Keras' definitions."""
    weights, tile = drawn(), np.linspace(-1, 1, 48, dtype=np.float32).reshape(3, 4, 4)
    padded = np.pad(tile.transpose(1, 2, 0), ((1, 1), (1, 1), (0, 0)))
    kernel, bias = weights["conv"]
    places = [padded[r : r + 3, c : c + 3] for r in range(4) for c in range(4)]
    flat = np.array([np.tensordot(one, kernel, 3) + bias for one in places]).reshape(1, -1)
    return flat @ weights["dense"][0] + weights["dense"][1]


# ------------------------------------------------------------------ what is read
def test_a_file_is_recognised_by_its_first_bytes():
    assert keras_file.recognises(WHOLE[:8])
    assert not keras_file.recognises(b"PK\x03\x04rest")
    assert not keras_file.recognises(b"")


@pytest.mark.parametrize("creating", [{}, {"compression": "gzip", "shuffle": True}])
def test_a_file_of_tensorflow_answers_as_its_layers_say(creating):
    contents, network = read(hdf5(model(sequence()), **creating))
    np.testing.assert_allclose(answer(network), by_hand(), atol=1e-5)
    assert (contents.format, contents.architecture) == ("Keras HDF5", "Keras network")
    assert contents.stored == 56 + 66
    assert dict(contents.told) == {"outputs": "logits", "input_size": (4, 4)}
    assert contents.white_box


def test_an_archive_answers_as_its_layers_say():
    contents, network = read(archive(model(sequence())), "net.keras")
    np.testing.assert_allclose(answer(network), by_hand(), atol=1e-5)
    assert contents.format == "Keras 3 archive"


def test_a_graph_of_named_layers_answers_as_its_layers_say():
    layers = [
        layer("InputLayer", "entry", {"batch_input_shape": [None, 4, 4, 3]}, []),
        layer("Conv2D", "conv", CONV, ["entry"]),
        layer("Flatten", "flat", {}, ["conv"]),
        layer("Dense", "dense", {"units": 2}, ["flat"]),
    ]
    ends = {"input_layers": [["entry", 0, 0]], "output_layers": [["dense", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "net", "layers": layers, **ends}}
    np.testing.assert_allclose(answer(read(hdf5(config))[1]), by_hand(), atol=1e-5)


def test_a_file_of_the_first_keras_is_read_in_its_own_words():
    old = {"nb_filter": 2, "nb_row": 3, "nb_col": 3, "border_mode": "same", "bias": True}
    old |= {"dim_ordering": "tf", "batch_input_shape": [None, 4, 4, 3]}
    layers = [layer("Convolution2D", "conv", old), *sequence()[1:2]]
    layers.append(layer("Dense", "dense", {"output_dim": 2}))
    config = {"class_name": "Sequential", "config": layers}
    np.testing.assert_allclose(answer(read(hdf5(config, version="1.2.2"))[1]), by_hand(), atol=1e-5)


def test_names_that_tensorflow_numbered_are_read_in_order():
    """A model made twice in a session: its weights are called conv_1 where its layer is conv.

    What is trained stands before what is not, over the whole of the model.
    """
    norm = layer("BatchNormalization", "norm", {"epsilon": 1e-3})
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": sequence(norm)}}
    one, still = np.ones(2, np.float32), np.full(2, 0.999, np.float32)
    weights = drawn()
    held = {
        **dict(zip(("conv_1/kernel:0", "conv_1/bias:0"), weights["conv"], strict=True)),
        "norm_1/gamma:0": one,
        "norm_1/beta:0": one * 0,
        **dict(zip(("dense_1/kernel:0", "dense_1/bias:0"), weights["dense"], strict=True)),
        "norm_1/moving_mean:0": one * 0,
        "norm_1/moving_variance:0": still,
    }

    def moved(file):
        group = file.create_group("model_weights/inner")
        group.attrs["weight_names"] = np.array([*held], "S")
        for name, array in held.items():
            group.create_dataset(name, data=array)

    last = layer("Activation", "last", {"activation": "linear"})
    data = hdf5(model([inner, last]), {}, change=moved)
    np.testing.assert_allclose(answer(read(data)[1]), by_hand(), atol=1e-5)


@pytest.mark.parametrize(("version", "wanted"), [("2.4.0", 0.7), ("3.1.0", 2 / 3)])
def test_a_hard_sigmoid_is_the_one_of_its_version(version, wanted):
    squashed = layer("Activation", "squash", {"activation": "hard_sigmoid"})
    weights = drawn() | {"dense": [np.zeros((32, 2), np.float32), np.ones(2, np.float32)]}
    data = hdf5(model([*sequence(), squashed]), weights, version=version)
    np.testing.assert_allclose(answer(read(data)[1]), wanted, atol=1e-6)


def test_a_layer_kept_in_training_mode_is_refused():
    layers = [
        layer("InputLayer", "entry", {"batch_input_shape": [None, 4, 4, 3]}, []),
        layer("Dropout", "doubt", {"rate": 0.5}, ["entry"]),
    ]
    layers[1]["inbound_nodes"][0][0][3] = {"training": True}
    ends = {"input_layers": [["entry", 0, 0]], "output_layers": [["doubt", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "net", "layers": layers, **ends}}
    assert "doubt in training mode" in refused(hdf5(config)).what


# ------------------------------------------------------------------ the IBM network
def ibm(layers=38, config=None):
    """A file of the IBM layout with random weights, as many convolutions as asked for."""
    weights, chance = codait_weights(1), np.random.default_rng(0)
    names = ["stem"]
    for block in range(9):
        names += [f"blocks.{block}.{part}" for part in ("conv1", "conv2", "conv3", "shortcut")]
    names += ["head"]
    norms = [f"blocks.{b}.norm{n}" for b in range(9) for n in (1, 2, 3)] + ["norm"]
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        group = file.create_group("model_weights")
        for number, name in enumerate(names[:layers], 1):
            kernel = weights[f"{name}.weight"].numpy().transpose(2, 3, 1, 0)
            _put(group, f"conv2d_{number}", [kernel, weights[f"{name}.bias"].numpy()])
        for number, name in enumerate(norms, 1):
            arrays = chance.random((4, len(weights[f"{name}.weight"])), np.float32) + 0.5
            _put(group, f"batch_normalization_{number}", list(arrays))
        if config:
            file.attrs["model_config"] = json.dumps(config)
    return held.getvalue()


def _put(group, name, arrays):
    top = group.create_group(name)
    top.attrs["weight_names"] = [f"{name}/{index}".encode() for index in range(len(arrays))]
    for index, array in enumerate(arrays):
        top.create_dataset(f"{name}/{index}", data=array)


def test_the_weights_of_the_ibm_network_get_our_names():
    data = ibm()
    contents = peeked(data)
    assert contents.architecture == "codait_mitosis"
    assert contents.stored == 112_585
    assert contents.told["scaling"] == "minus-one-to-one"
    found = keras_file.weights(Source(Path("net.h5"), data, ""), contents)
    assert {key: tuple(value.shape) for key, value in found.items()} == dict(contents.shapes)
    wanted = codait_weights(1)
    assert found.keys() == wanted.keys()
    for name in ("stem.weight", "blocks.4.shortcut.weight", "blocks.8.conv3.bias", "head.weight"):
        assert torch.equal(found[name], wanted[name])
    CodaitMitosis().load_state_dict(found, strict=False)


def test_one_convolution_less_is_another_network():
    assert "without the network" in refused(ibm(37)).what


# ------------------------------------------------------------------ damage anywhere
@pytest.mark.parametrize("data", [WHOLE, archive(model(sequence()))], ids=["h5", "keras"])
def test_a_file_cut_anywhere_ends_as_the_door_expects(data):
    for cut in np.linspace(0, len(data) - 1, 20).astype(int):
        assert harmless(data[:cut]) is not None


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.floats(0, 1),
    value=st.binary(min_size=1, max_size=16),
    packed=st.booleans(),
)
def test_a_damaged_file_is_read_or_ends_as_the_door_expects(place, value, packed):
    data = archive(model(sequence())) if packed else WHOLE
    harmless(patched(data, int(place**2 * len(data)), value)[: len(data)])


@settings(max_examples=60, deadline=None)
@given(rest=st.binary(max_size=400), start=st.sampled_from([b"", WHOLE[:8], b"PK\x03\x04"]))
def test_random_bytes_end_as_the_door_expects(rest, start):
    assert harmless(start + rest) is not None

"""Keras files made by hand, whole, damaged and hostile; Keras itself is not needed."""

import io
import json
import resource
import struct
import sys
import time
import zipfile
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
from onepixel_gui.problems import UnusableCheckpoint

from .networks import codait_weights

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
    """The problem that reading ends in, within 5 s and 1 GB."""
    before, start = memory(), time.monotonic()
    with pytest.raises(UnusableCheckpoint) as caught:
        read(data, name)
    assert time.monotonic() - start < 5
    assert memory() - before < 1 << 30
    assert name in caught.value.what
    assert caught.value.remedy[0].isupper()
    assert caught.value.remedy.endswith(".")
    return caught.value


def harmless(data, name="net.h5"):
    """Reading ends, well or in something that the door expects, within 5 s and 1 GB."""
    before, start = memory(), time.monotonic()
    try:
        read(data, name)
    except EXPECTED as end:
        return end
    finally:
        assert time.monotonic() - start < 5
        assert memory() - before < 1 << 30
    return None


def memory():
    """The most bytes this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


# ------------------------------------------------------------------ files made by hand
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


WHOLE = hdf5(model(sequence()))


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


# ------------------------------------------------------------------ hostile HDF5
def replaced(name, link):
    def change(file):
        del file[name]
        file[name] = link

    return change


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("model_weights/conv/conv/kernel:0", h5py.ExternalLink("other.h5", "/x")),
        ("model_weights/conv", h5py.ExternalLink("other.h5", "/x")),
        ("model_weights", h5py.ExternalLink("other.h5", "/x")),
        ("model_weights/conv/conv/kernel:0", h5py.SoftLink("/model_weights/conv/conv/kernel:0")),
        ("model_weights/conv", h5py.SoftLink("/nowhere")),
    ],
)
def test_links_out_of_the_file_or_to_nothing_are_not_followed(tmp_path, monkeypatch, name, link):
    monkeypatch.chdir(tmp_path)
    with h5py.File("other.h5", "w") as other:
        other.create_group("x").attrs["weight_names"] = np.array([b"a"])
    refused(hdf5(model(sequence()), change=replaced(name, link)))


def test_groups_that_contain_themselves_are_not_walked():
    def change(file):
        file["model_weights/loop"] = file["model_weights"]
        file["model_weights/conv/up"] = file["/"]

    assert read(hdf5(model(sequence()), change=change))[0].stored == 122


def outside(file):
    del file["model_weights/conv/conv/kernel:0"]
    file["model_weights/conv"].create_dataset(
        "conv/kernel:0", (3, 3, 3, 2), "f4", external=[("/etc/hostname", 0, 216)]
    )


def virtual(file):
    del file["model_weights/conv/conv/kernel:0"]
    layout = h5py.VirtualLayout((3, 3, 3, 2), "f4")
    layout[...] = h5py.VirtualSource("other.h5", "x", (3, 3, 3, 2))
    file["model_weights/conv"].create_virtual_dataset("conv/kernel:0", layout)


@pytest.mark.parametrize("change", [outside, virtual])
def test_numbers_kept_in_other_files_are_not_read(change):
    assert "other files" in refused(hdf5(model(sequence()), change=change)).what


def claiming(**creating):
    def change(file):
        del file["model_weights/dense/dense/kernel:0"]
        file["model_weights/dense"].create_dataset("dense/kernel:0", dtype="f4", **creating)

    return change


@pytest.mark.parametrize(
    "creating",
    [
        {"shape": (10**6, 10**6), "chunks": (1000, 1000), "compression": "gzip"},
        {"shape": (10**6, 10**6)},
        {"shape": (30_000, 3000)},  # 360 MB that the file does not hold
        {"shape": (32, 2), "maxshape": (None, None), "chunks": (30_000, 30_000)},
    ],
)
def test_weights_that_claim_more_than_the_file_can_hold_are_refused(creating):
    assert "room for" in refused(hdf5(model(sequence()), change=claiming(**creating))).what


def test_one_array_given_to_many_layers_is_read_within_bounds(monkeypatch):
    wide = {"units": 300, "use_bias": False, "batch_input_shape": [None, 1, 1, 3]}
    names = [f"d{index}" for index in range(40)]

    def change(file):
        first = file["model_weights"].create_group("d0")
        first.attrs["weight_names"] = np.array([b"k"])
        first.create_dataset("k", data=np.zeros((300, 300), np.float32))
        for name in names[1:]:
            file[f"model_weights/{name}"] = first

    entry = layer("Dense", "dense", {"units": 300, "batch_input_shape": [None, 1, 1, 3]})
    weights = {"dense": [np.zeros((3, 300), np.float32), np.zeros(300, np.float32)]}
    layers = [entry, layer("Flatten", "flat"), *(layer("Dense", name, wide) for name in names)]
    data = hdf5(model(layers), weights, change=change)
    assert harmless(data) is None
    monkeypatch.setattr(keras_file, "SPARE", 10 << 20)
    assert "room for" in refused(data).what


@pytest.mark.parametrize("dtype", ["S8", h5py.string_dtype(), h5py.ref_dtype, "c8"])
def test_weights_that_are_no_numbers_are_refused(dtype):
    def change(file):
        del file["model_weights/dense/dense/bias:0"]
        file["model_weights/dense"].create_dataset("dense/bias:0", (2,), dtype)

    assert "no ordinary numbers" in refused(hdf5(model(sequence()), change=change)).what


def patched(data, place, value):
    return data[:place] + value + data[place + len(value) :]


def test_a_string_that_claims_4_gb_is_refused_before_the_library_makes_room_for_it():
    heap = WHOLE.index(b"GCOL")
    place = WHOLE.index(struct.pack("<IQ", len(json.dumps(model(sequence()))), heap))
    with pytest.raises(ValueError, match="longer than it is"):
        read(patched(WHOLE, place, b"\xff\xff\xff\xff"))
    harmless(patched(WHOLE, place, b"\xff" * 16))


def test_a_heap_of_strings_without_an_end_does_not_hang():
    heap = WHOLE.index(b"GCOL")
    wide = patched(WHOLE + bytes(1 << 16), heap + 8, struct.pack("<Q", len(WHOLE) - heap + 9000))
    harmless(wide)  # the library itself would walk on the spot for ever
    harmless(patched(wide, heap + 24, b"\xff" * 8))


def test_a_header_that_leads_in_circles_does_not_hang():
    def change(file):  # so many attributes that the header goes on elsewhere
        for number in range(6):
            file["model_weights/conv"].attrs[f"more{number}"] = np.zeros(64)

    data = hdf5(model(sequence()), change=change)
    assert harmless(data) is None
    with h5py.File(io.BytesIO(data), "r") as file:
        header = h5py.h5o.get_info(file["model_weights/conv"].id).addr
    place = data.index(b"\x10\x00\x10\x00", header) + 8
    size = struct.pack("<Q", 64)
    assert harmless(patched(data, place, struct.pack("<Q", place - 8) + size)) is not None


# ------------------------------------------------------------------ hostile configurations
def deep(levels):
    inner = sequence()
    for level in range(levels):
        inner = [{"class_name": "Sequential", "config": {"name": f"n{level}", "layers": inner}}]
    return model(inner)


def branching(levels):
    """Each model uses the one inside it three times: 3 ** levels layers in a few kilobytes."""
    entry = layer("InputLayer", "in", {"batch_input_shape": [None, 4, 4, 3]}, [])
    inner = layer("ReLU", "f", {}, ["in"])
    for _ in range(levels):
        reads = (["in", 0, 0, {}], ["f", 0, 0, {}], ["f", 1, 0, {}])
        inner |= {"name": "f", "inbound_nodes": [[one] for one in reads]}
        ends = {"input_layers": [["in", 0, 0]], "output_layers": [["f", 2, 0]]}
        config = {"name": "f", "layers": [entry, inner], **ends}
        inner = {"class_name": "Model", "config": config}
    return inner


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (model([layer("ReLU", f"r{at}") for at in range(100_000)]), "claims 100,000 layers"),
        (deep(40), "too deeply"),
        (branching(10), "more than 10,000 layers"),
        (branching(30), "too deeply"),
        (model(sequence(layer("Lambda", "trap", {"function": "x"}))), "trap (Lambda)"),
        (model(sequence(layer("Mine", "own"))), "own (Mine)"),
        (model(sequence(layer("ReLU", "own", registered_name="a>ReLU"))), "own (ReLU)"),
        (model(sequence(layer("ReLU", "own", module="mine.layers"))), "own (ReLU)"),
        ({"class_name": "Mine", "config": {}}, "class of its own"),
        (model(sequence(data_format="channels_first")), "channels first"),
        (model(sequence(batch_input_shape=[None, 48])), "does not take pictures"),
        (model(sequence(batch_input_shape=[None, 3, 4, 4])), "three colours"),
        (model(sequence()[:1]), "one row of numbers"),
    ],
)
def test_a_network_that_cannot_be_rebuilt_says_why(config, words):
    assert words in refused(hdf5(config)).what


@pytest.mark.parametrize(
    "config",
    [
        "{" * 100_000,
        "[" * 1_000_000,
        "not json",
        "[]",
        '{"class_name": "Sequential"}',
        model(sequence(filters=-2)),
        model(sequence(filters=10**12)),
        model(sequence(filters="many")),
        model(sequence(kernel_size=[0, 3])),
        model(sequence(strides=[0, 0])),
        model(sequence(strides=[10**30, 1])),
        model(sequence(padding="sideways")),
        model(sequence(activation="dance")),
        model(sequence(activation={"class_name": "function", "config": "f", "module": "mine"})),
        model(sequence(batch_input_shape=[None, 10**9, 10**9, 3])),
        model(sequence(batch_input_shape=[None, -4, 4, 3])),
        model(sequence(layer("ZeroPadding2D", "pad", {"padding": 10**9}))),
        model(sequence(layer("ZeroPadding2D", "pad", {"padding": -1}))),
        model(sequence(layer("UpSampling2D", "up", {"size": [10**6, 10**6]}))),
        model(sequence(layer("Reshape", "shape", {"target_shape": [-1, -1]}))),
        model(sequence(layer("MaxPooling2D", "pool", {"pool_size": 9}))),
        model(sequence(layer("BatchNormalization", "norm", {"axis": 1}))),
        model([*sequence(), *sequence()]),
    ],
)
def test_a_configuration_that_makes_no_sense_is_never_a_bug(config):
    assert harmless(hdf5(config)) is not None


def test_layers_that_feed_each_other_in_a_circle_are_refused():
    layers = [
        layer("InputLayer", "in", {"batch_input_shape": [None, 4, 4, 3]}, []),
        layer("Add", "one", {}, ["in", "two"]),
        layer("ReLU", "two", {}, ["one"]),
    ]
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [["two", 0, 0]]}
    config = {"class_name": "Model", "config": {"name": "net", "layers": layers, **ends}}
    assert harmless(hdf5(config)) is not None


def test_a_hdf5_file_of_something_else_says_so():
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        file["x"] = np.zeros((4, 96, 96, 3))
    assert "holds no Keras model" in refused(held.getvalue()).what


# ------------------------------------------------------------------ hostile archives
def test_a_bomb_in_an_archive_is_not_unpacked():
    bomb = archive(model(sequence()), method=zipfile.ZIP_DEFLATED, weights=bytes(100 << 20))
    assert "unpack" in refused(bomb, "net.keras").what
    words = model(sequence()) | {"more": " " * (10 << 20)}
    assert "unpack" in refused(archive(words, method=zipfile.ZIP_DEFLATED), "net.keras").what


def test_an_archive_whose_weights_are_no_hdf5_is_never_a_bug():
    assert harmless(archive(model(sequence()), weights=b"words" * 1000), "net.keras") is not None


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

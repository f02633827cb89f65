"""Hostile HDF5, configurations and archives of Keras are refused with words, and never run."""

import io
import json
import struct
import zipfile

import h5py
import numpy as np
import pytest

from onepixel_gui.classifier.formats.keras import file as keras_file
from tests.core.keras_files import (
    WHOLE,
    archive,
    harmless,
    hdf5,
    layer,
    model,
    patched,
    read,
    refused,
    sequence,
)


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

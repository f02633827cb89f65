"""Whatever a data set's files hold, it is read or refused with a remedy; nothing is executed."""

import contextlib
import io
import json
import os
import pickle
import struct
import time

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from onepixel_gui.problems import Problem, UnreadableTile, UnusableDataset
from onepixel_gui.tiles.datasets import midog, pickled, recognise
from onepixel_gui.tiles.datasets.sizes import shape_of
from onepixel_gui.tiles.datasets.tables import numbers
from onepixel_gui.tiles.folders import finished
from tests.core import dataset_files as sets

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def refused(path, what):
    began = time.thread_time()
    with pytest.raises(UnusableDataset, match=what) as caught:
        recognise([path])
    assert time.thread_time() - began < 5
    assert caught.value.remedy[0].isupper()
    assert str(path.parent) not in caught.value.what


# ---- JSON

WHOLE = json.dumps(sets.MIDOG)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "cut short"),
        (WHOLE[: len(WHOLE) // 2], "cut short"),
        (WHOLE[:-1], "cut short"),
        ("[" * 200_000, "nested too deeply"),
        ('{"images": [], "annotations": ' + "9" * 5000 + "}", "no valid JSON"),
        ("[1, 2]", "no list of images"),
        ('{"images": {}, "annotations": []}', "no list of images"),
        ('{"images": null, "annotations": null}', "no list of images"),
        (b"\xff\xfe\x00\xd8", "no valid JSON"),
    ],
)
def test_a_broken_json_is_a_problem_that_names_it(tmp_path, text, what):
    path = sets.write(tmp_path / "MIDOG.json", text)
    refused(path, what)
    refused(tmp_path, "MIDOG.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_that_is_named_like_a_json_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "MIDOG.json")
    refused(tmp_path / "MIDOG.json", "could not be read")


def test_a_json_too_large_to_be_one_is_not_read(tmp_path):
    path = tmp_path / "MIDOG.json"
    with path.open("wb") as file:
        file.truncate(500 << 20)
    refused(path, "larger than 64 MB")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@QUICK
@given(
    images=st.lists(JSON, max_size=4), boxes=st.lists(JSON, max_size=4), categories=JSON, info=JSON
)
def test_any_json_of_images_and_annotations_is_read_or_refused(
    tmp_path, images, boxes, categories, info
):
    told = {"images": images, "annotations": boxes, "categories": categories, "info": info}
    told["images"] = [*images, {"file_name": "a.tiff", "id": boxes[:1]}]
    odd = {"bbox": boxes, "image_id": images, "category_id": categories}
    told["annotations"] = [*boxes, odd]
    path = sets.write(tmp_path / "MIDOG.json", json.dumps(told))
    assert len(recognise([path]).entries) == 0
    assert midog.parsed(path)["images"]


# ---- pickles


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


def batch(data: bytes):
    return finished(pickled.reading(data, "x"))


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Evil()),
        pickle.dumps({"data": Evil(), "labels": [1]}, 2),
        b"cos\nsystem\n(S'touch executed'\ntR.",
        b"\x80\x02cos\nsystem\nU\x0etouch executed\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0etouch executed\x85R.",
        b"\x80\x02c__builtin__\neval\nU\x011\x85R.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x02(lp0\ng0\na.",
        b"\x80\x02]q\x00h\x00a.",
        b"\x80\x02}q\x00.",
        b"\x80\x02}q\x00h\x00h\x00s.",
        b"\x80\x02" + b"(" * 100_000 + b".",
        b"\x80\x02]" + b"]" * 100_000 + b"a" * 100_000 + b".",
        b"\x80\x02T" + struct.pack("<i", 2**31 - 1) + b"x.",
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",
        b"\x80\x02I" + b"9" * 10_000 + b"\n.",
        b"\x80\x02K\x01K\x02\x87.",
        b"t.",
        b"e.",
        b".",
        b"",
        b"\x80\x02Pabc\n.",
        b"\x80\x02}(U\x04dataNU\x04dataNu.",
    ],
)
def test_no_pickle_is_ever_executed(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    began = time.thread_time()
    try:
        held = batch(data)
    except pickled.Strange:
        held = {}
    assert set(held) <= {"data"}
    assert time.thread_time() - began < 5
    assert not (tmp_path / "executed").exists()


def test_a_batch_that_does_more_than_hold_pixels_is_a_problem(tmp_path):
    for name in ("data_batch_1", "batches.meta"):
        sets.cifar_python(tmp_path)
        path = tmp_path / "cifar-10-batches-py" / name
        path.write_bytes(pickle.dumps({"data": Evil(), "labels": [1]}, 2))
        refused(tmp_path, f"{name} is damaged or no batch of CIFAR: nothing of it was executed")


GOOD = sets.old_pickle({"data": sets.planes(2), "labels": [1, 2]})


@pytest.mark.parametrize("at", [0, 1, 5, 20, 100, 150, 200, 3000, len(GOOD) - 20, len(GOOD) - 1])
def test_a_batch_cut_short_anywhere_is_a_problem(tmp_path, at):
    sets.write(tmp_path / "data_batch_1", GOOD[:at])
    refused(tmp_path, "damaged or no batch")


@QUICK
@given(st.integers(0, 220), st.integers(0, 255))
@example(0, 0x81)
def test_a_batch_with_one_wrong_byte_is_read_or_refused(at, byte):
    data = bytearray(GOOD)
    data[at] = byte
    with contextlib.suppress(pickled.Strange):
        batch(bytes(data))


@QUICK
@given(st.binary(max_size=200))
def test_random_bytes_are_no_batch_or_an_empty_one(data):
    with pytest.raises(pickled.Strange):
        batch(b"\x80\x02" + data + b"\xff")


def test_a_batch_whose_labels_do_not_fit_its_pixels_is_a_problem(tmp_path):
    odd = [[1], [1, 2, 3], [1, "2"], [1, -2], [1, 2**31 - 1]]
    for labels in odd[:3]:
        data = sets.old_pickle({"data": sets.planes(2), "labels": labels})
        sets.write(tmp_path / "data_batch_1", data)
        refused(tmp_path, "damaged or no batch")


def test_a_binary_batch_that_ends_within_a_picture_is_a_problem(tmp_path):
    sets.cifar_binary(tmp_path)
    path = tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin"
    path.write_bytes(path.read_bytes()[:-1])
    refused(tmp_path, "data_batch_1.bin is cut short")


def test_a_batch_that_was_replaced_while_in_use_gives_a_problem_not_a_picture(tmp_path):
    sets.cifar_binary(tmp_path)
    entries = recognise([tmp_path]).entries
    for path in tmp_path.rglob("*.bin"):
        path.write_bytes(b"short")
    with pytest.raises(UnreadableTile, match="cut short"):
        entries[0].read()


# ---- HDF5

X, Y = "camelyonpatch_level_2_split_valid_x.h5", "camelyonpatch_level_2_split_valid_y.h5"


def test_hdf5_that_is_cut_short_anywhere_gives_problems_only(tmp_path):
    sets.pcam(tmp_path, 3)
    whole = (tmp_path / X).read_bytes()
    for part in range(20):
        (tmp_path / X).write_bytes(whole[: len(whole) * part // 20])
        refused(tmp_path, X)


def test_hdf5_that_keeps_its_pictures_elsewhere_is_refused(tmp_path):
    secret = sets.write(tmp_path / "secret", bytes(3 * 96 * 96 * 3))
    shape = (3, 96, 96, 3)
    folder = tmp_path / "set"
    folder.mkdir()
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("x", data=np.zeros(shape, np.uint8))

    def external(file):
        file.create_dataset("x", shape, np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])

    def linked(file):
        file["x"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")

    def soft(file):
        file["y"] = np.zeros(shape, np.uint8)
        file["x"] = h5py.SoftLink("/y")

    def virtual(file):
        layout = h5py.VirtualLayout(shape, np.uint8)
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", shape)
        file.create_virtual_dataset("x", layout)

    for make in (external, linked, soft, virtual):
        with h5py.File(folder / X, "w") as file:
            make(file)
        refused(folder, "keeps its values in other files|holds no dataset called x")


@pytest.mark.parametrize(
    ("shape", "options", "what"),
    [
        ((10**9, 96, 96, 3), {"chunks": (1, 96, 96, 3)}, "claims 1,000,000,000 pictures"),
        ((4, 40_000, 40_000, 3), {"chunks": (1, 8, 8, 3)}, "holds no stack of RGB pictures"),
        ((10**6, 96, 96, 3), {"chunks": (20_000, 96, 96, 3)}, "too large to unpack"),
        ((5, 96, 96), {}, "holds no stack"),
        ((5, 96, 96, 4), {}, "holds no stack"),
    ],
)
def test_hdf5_that_claims_what_no_memory_holds_is_refused(tmp_path, shape, options, what):
    with h5py.File(tmp_path / X, "w") as file:
        data = None if options else np.zeros(shape, np.uint8)
        file.create_dataset("x", shape, np.uint8, data, **options)
    refused(tmp_path, what)


def test_hdf5_of_other_types_is_refused(tmp_path):
    for kind in ("f4", "S5", h5py.string_dtype()):
        with h5py.File(tmp_path / X, "w") as file:
            file.create_dataset("x", (2, 8, 8, 3), kind)
        refused(tmp_path, "not whole numbers|cut short")
    with h5py.File(tmp_path / X, "w") as file:
        file.create_group("x")
    refused(tmp_path, "a group called x|cut short or damaged")


def test_labels_that_do_not_fit_the_pictures_are_refused(tmp_path):
    sets.pcam(tmp_path, 6)
    for values in (np.zeros(5, np.uint8), np.full(6, 7, np.uint8)):
        with h5py.File(tmp_path / Y, "w") as file:
            file.create_dataset("y", data=values)
        refused(tmp_path, "does not label the 6 tiles")


def test_a_damaged_piece_spoils_its_own_tiles_only(tmp_path):
    rgb = sets.pcam(tmp_path, 8, chunks=(2, 96, 96, 3))
    with h5py.File(tmp_path / X) as file:
        place = file["x"].id.get_chunk_info(1)
    with (tmp_path / X).open("r+b") as raw:
        raw.seek(place.byte_offset)
        raw.write(b"\0" * place.size)
    entries = recognise([tmp_path]).entries
    with pytest.raises(UnreadableTile, match="Picture 2 of"):
        entries[2].read()
    assert np.array_equal(entries[4].read().rgb, rgb[4])


# ---- tables and headers


@QUICK
@given(st.binary(max_size=300))
@example(b"1,2\n3,4,5\n")
@example(b"\xff\xfe")
@example(b"1e400,2\n-0,nan\n")
def test_any_bytes_as_a_table_of_coordinates_give_finite_rows_or_a_problem(tmp_path, data):
    path = sets.write(tmp_path / "x.csv", data)
    try:
        found = numbers(path)
    except Problem:
        return
    assert all(len(row) >= 2 and np.isfinite(row).all() for row in found.rows)
    assert (found.bad > 0) == (found.first_bad > 0)


@QUICK
@given(st.sampled_from(["PNG", "JPEG", "TIFF", "BMP"]), st.integers(1, 70), st.integers(1, 70))
def test_a_size_is_told_from_the_header_of_each_format(tmp_path, kind, height, width):
    from PIL import Image

    path = tmp_path / "x"
    Image.fromarray(sets.noise(height, width)).save(path, kind)
    assert shape_of(path) == (height, width)


@QUICK
@given(st.sampled_from(["PNG", "JPEG", "TIFF", "BMP"]), st.data())
def test_a_damaged_header_gives_a_size_or_none(tmp_path, kind, data):
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(sets.noise(9, 7)).save(held, kind)
    raw = bytearray(held.getvalue())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    shape = shape_of(sets.write(tmp_path / "x", bytes(raw[: data.draw(st.integers(0, len(raw)))])))
    assert shape is None or min(shape) > 0


def test_no_size_is_told_of_folders_pipes_and_what_is_not_there(tmp_path):
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "gone", tmp_path / "a\0b"):
        assert shape_of(path) is None


@QUICK
@given(st.lists(st.tuples(st.integers(0, 5999), st.integers(0, 255)), min_size=1, max_size=8))
def test_hdf5_with_wrong_bytes_is_read_or_refused(tmp_path, wrong):
    sets.pcam(tmp_path, 2, chunks=(1, 96, 96, 3))
    data = bytearray((tmp_path / X).read_bytes())
    for at, byte in wrong:
        data[at] = byte
    (tmp_path / X).write_bytes(bytes(data))
    with contextlib.suppress(UnusableDataset, UnreadableTile):
        assert recognise([tmp_path]).entries[0].read().rgb.shape[2] == 3

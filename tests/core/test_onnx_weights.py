"""Weights in other files and numbers that are not there."""

import copy
import sys

import pytest
import torch
from onnx import TensorProto, helper

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.onnx import file as onnx_file
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.onnx_files import (
    BODY,
    FLOAT,
    INT64,
    WEIGHTS,
    expected,
    integers,
    model,
    peeked,
    read,
    refused,
    tiles,
    tiny,
)


# ------------------------------------------------------------------ weights in other files
def outside(location, *, offset=None, length=None, dims=(4, 3, 3, 3)):
    """The tiny network, with the weights of its convolution elsewhere."""
    weight = TensorProto(name="w", data_type=FLOAT, dims=dims, data_location=1)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            weight.external_data.add(key=key, value=str(value))
    return model(BODY, [weight, *WEIGHTS[1:]])


RAW = WEIGHTS[0].raw_data


@pytest.mark.parametrize(("offset", "length"), [(None, None), (64, len(RAW))])
def test_weights_beside_the_file_are_read(tmp_path, offset, length):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "w.bin").write_bytes(bytes(offset or 0) + RAW)
    made = outside("deep/w.bin", offset=offset, length=length)
    contents, network = read(made, tmp_path)
    x = tiles(2)
    torch.testing.assert_close(network(x), expected(x))
    assert "Its weights lie in deep/w.bin, which its sha256 does not cover." in contents.notes


@pytest.mark.parametrize(
    "location",
    ["../w.bin", "deep/../../w.bin", "/etc/passwd", "C:\\w.bin", "\\\\host\\w.bin", "",
     "*/_ORT_MEM_ADDR_/*", "..\\w.bin", "w\0.bin"],
)  # fmt: skip
def test_weights_outside_the_folder_are_refused_before_anything_is_opened(location):
    assert "outside its own folder" in refused(outside(location)).what


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
@pytest.mark.parametrize("known", [True, False])
def test_weights_behind_a_link_out_of_the_folder_are_refused(tmp_path, known):
    (tmp_path / "elsewhere.bin").write_bytes(RAW)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "elsewhere.bin")
    made = outside("w.bin")
    if known:
        assert "outside its own folder" in refused(made, folder).what
        return
    data = made.SerializeToString()
    contents = peeked(data)
    with pytest.raises(UnusableCheckpoint, match="outside its own folder"):
        onnx_file.network(Source(folder / "net.onnx", data, ""), contents)


def test_weights_that_are_not_there_or_too_few_are_refused(tmp_path):
    assert "which is not beside it" in refused(outside("w.bin"), tmp_path).what
    (tmp_path / "w.bin").write_bytes(RAW[:-1])
    assert "more weights than w.bin holds" in refused(outside("w.bin"), tmp_path).what
    (tmp_path / "folder.bin").mkdir()
    assert "which is not beside it" in refused(outside("folder.bin"), tmp_path).what
    refused(outside("w.bin", length=3), tmp_path)
    refused(outside("w.bin", offset=-4), tmp_path)


# ------------------------------------------------------------------ numbers that are not there
@pytest.mark.parametrize(
    "dims", [(-4, 3, 3, 3), (-4, -3, 3, 3), (10**12,), (10**12, 10**12), (4, 3, 3, 4), (5,), (0,)]
)
def test_a_shape_that_its_numbers_do_not_have_is_refused(dims):
    weight = copy.deepcopy(WEIGHTS[0])
    weight.ClearField("dims")
    weight.dims.extend(dims)
    problem = refused(model(BODY, [weight, *WEIGHTS[1:]]))
    assert "promises a tensor 'w' of shape" in problem.what
    constant = helper.make_node("Constant", [], ["w"], value=weight)
    assert "promises a tensor" in refused(model([constant, *BODY], WEIGHTS[1:])).what


def test_lists_of_numbers_are_counted_in_every_way_of_writing_them():
    typed = [helper.make_tensor("w", FLOAT, (4, 3, 3, 3), [0.5] * 108), *WEIGHTS[1:]]
    assert peeked(model(BODY, typed)).stored == 122
    for wrong in (5, -4, 10**12):
        typed[0].dims[0] = wrong
        assert "promises" in refused(model(BODY, typed)).what
    shape = helper.make_tensor("s", INT64, (2,), [0, -1])
    assert peeked(model(BODY, [shape, *WEIGHTS])).stored == 122
    shape.dims[0] = 10**9
    assert "promises" in refused(model(BODY, [shape, *WEIGHTS])).what


def test_weights_that_are_sparse_or_text_are_refused():
    made = tiny()
    text = helper.make_tensor("t", TensorProto.STRING, (1,), [b"word"])
    made.graph.initializer.append(text)
    assert "text" in refused(made).what
    made, huge = tiny(), (10**6, 10**6)
    one = helper.make_tensor("s", FLOAT, (1,), [1.0])
    sparse = helper.make_sparse_tensor(one, integers("i", 0), huge)
    made.graph.sparse_initializer.append(sparse)
    assert "sparse" in refused(made).what
    constant = helper.make_node("Constant", [], ["s"], sparse_value=sparse)
    assert "sparse" in refused(model([constant, *BODY], WEIGHTS)).what

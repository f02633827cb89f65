"""ONNX files as torch exports them, and such as are made by hand."""

import io

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.onnx import file as onnx_file
from onepixel_gui.problems import UnusableCheckpoint

RNG = np.random.default_rng(1)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def floats(name, *shape):
    return numpy_helper.from_array(RNG.standard_normal(shape).astype(np.float32), name)


def integers(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def info(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, weights, *, x=("n", 3, 8, 8), y=("n", 2), kind=FLOAT, outs=None, ins=None, **more):
    graph = helper.make_graph(
        nodes, "g", ins or [info("x", x, kind)], outs or [info("y", y, kind)], weights
    )
    opsets = [helper.make_opsetid("", more.pop("opset", 17))]
    made = helper.make_model(graph, opset_imports=opsets, **more)
    made.ir_version = 9
    return made


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


WEIGHTS = [floats("w", 4, 3, 3, 3), floats("b", 4), floats("w2", 2, 4), floats("b2", 2)]
BODY = [
    node("Conv", "x w b", "c", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    node("Relu", "c", "r"),
    node("GlobalAveragePool", "r", "p"),
    node("Flatten", "p", "f"),
    node("Gemm", "f w2 b2", "y", transB=1),
]


def expected(x):
    values = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in WEIGHTS}
    maps = torch.relu(nn.functional.conv2d(x, values["w"], values["b"], padding=1))
    return maps.mean((2, 3)) @ values["w2"].T + values["b2"]


def tiny(**more):
    return model(BODY, WEIGHTS, **more)


def read(made, tmp_path, name="net.onnx"):
    data = made if isinstance(made, bytes) else made.SerializeToString()
    path = tmp_path / name
    path.write_bytes(data)
    with path.open("rb") as file:
        contents = onnx_file.peek(file, name)
    return contents, onnx_file.network(Source(path, data, "0" * 64), contents)


def peeked(made, name="net.onnx"):
    data = made if isinstance(made, bytes) else made.SerializeToString()
    return onnx_file.peek(io.BytesIO(data), name)


def refused(made, tmp_path=None):
    with pytest.raises(UnusableCheckpoint) as caught:
        peeked(made) if tmp_path is None else read(made, tmp_path)
    assert "net.onnx" in caught.value.what
    assert caught.value.remedy.endswith(".")
    return caught.value


def tiles(count, shape=(3, 8, 8)):
    return torch.from_numpy(RNG.random((count, *shape), np.float32))

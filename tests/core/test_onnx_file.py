"""ONNX networks answer as what they were exported from; hostile ones end as Problems."""

import copy
import io
import platform
import subprocess
import sys
import time
import warnings

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from onepixel_gui.classifier.architectures import torchvision_models
from onepixel_gui.classifier.formats.caffe import file as caffe
from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.classifier.formats.onnx import file as onnx_file
from onepixel_gui.classifier.formats.onnx import graph as onnx_graph
from onepixel_gui.classifier.formats.onnx import trial as onnx_trial
from onepixel_gui.problems import UnusableCheckpoint

DAMAGED = (
    OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError,
    RecursionError, OverflowError,
)  # fmt: skip
RNG = np.random.default_rng(1)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


# ------------------------------------------------------------------ files made by hand
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


def beneath(extra, tail, weights):
    """The tiny network, with the largest of `tail` added to what it returns."""
    end = [node("ReduceMax", tail, "top", keepdims=0), node("Add", "q top", "y")]
    body = [*BODY[:-1], node("Gemm", "f w2 b2", "q", transB=1)]
    return model([*extra, *body, *end], [*WEIGHTS, *weights])


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


# ------------------------------------------------------------------ what torch exports
def built(name):
    torch.manual_seed(4)
    models = torchvision_models()
    if name == "vit":
        network = models.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=2)
    else:
        network = models.get_model(name, weights=None, num_classes=2)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.5, 1.5)
            part.weight.data.uniform_(0.5, 1.5)
        if isinstance(part, nn.Linear) and not part.weight.any():
            part.weight.data.normal_()
    return network.eval()


def exported(network, path, *, batch, opset, dynamo=False):
    """batch: tiles at once, 0 for any number."""
    x = torch.zeros(batch or 2, 3, 64, 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            shapes = None if batch else ({0: torch.export.Dim("n")},)
            torch.onnx.export(
                network, (x,), path, opset_version=opset, dynamo=True, dynamic_shapes=shapes,
                external_data=True, verbose=False,
            )  # fmt: skip
        else:
            names = {"input_names": ["x"], "output_names": ["y"]}
            axes = {} if batch else {"dynamic_axes": {"x": {0: "n"}, "y": {0: "n"}}}
            torch.onnx.export(
                network, (x,), path, opset_version=opset, dynamo=False, **names, **axes
            )
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "batch", "opset", "dynamo"),
    [
        ("resnet18", 0, 17, False),
        ("mobilenet_v2", 1, 11, False),
        ("squeezenet1_1", 2, 9, False),
        ("squeezenet1_1", 0, 18, True),
        ("vit", 0, 17, False),
    ],
)
def test_an_exported_network_answers_as_it_does_in_torch(tmp_path, name, batch, opset, dynamo):
    network = built(name)
    path = tmp_path / "exported.onnx"
    data = exported(network, path, batch=batch, opset=opset, dynamo=dynamo)
    contents, found = read(data, tmp_path, path.name)
    x = tiles(5, (3, 64, 64))
    torch.testing.assert_close(found(x), network(x).detach(), atol=1e-4, rtol=1e-4)
    assert found.batch == batch
    told = {"input_size": (64, 64), "count": 2, "outputs": "logits"}
    assert contents.told == told
    assert contents.stored == pytest.approx(sum(p.numel() for p in network.parameters()), rel=0.02)
    assert contents.notes[0].startswith("Exported by pytorch")
    assert any("does not cover" in note for note in contents.notes) == dynamo


# ------------------------------------------------------------------ how it is fed
@pytest.mark.parametrize("batch", ["n", 1, 3, 4])
def test_any_number_of_tiles_may_be_asked_whatever_batch_was_fixed(tmp_path, batch):
    _, network = read(tiny(x=(batch, 3, 8, 8), y=(batch, 2)), tmp_path)
    for count in (1, 3, 7):
        x = tiles(count)
        torch.testing.assert_close(network(x), expected(x))
    assert network(tiles(0)).shape == (0, 2)


def test_a_batch_that_is_only_said_to_be_open_is_asked_tile_by_tile(tmp_path):
    body = [*BODY[:3], node("Reshape", "p one", "f"), BODY[4]]
    made = model(body, [*WEIGHTS, integers("one", 1, 4)])
    _, network = read(made, tmp_path)
    x = tiles(3)
    torch.testing.assert_close(network(x), expected(x))


def test_tiles_that_change_each_other_in_a_batch_are_asked_one_by_one(tmp_path):
    mixed = [*BODY[:-1], node("Gemm", "f w2 b2", "q", transB=1)]
    mixed += [node("ReduceMean", "q", "m", axes=[0], keepdims=1), node("Sub", "q m", "y")]
    _, network = read(model(mixed, WEIGHTS), tmp_path)
    assert torch.equal(network(tiles(3)), torch.zeros(3, 2))


def test_a_network_of_channels_last_is_turned(tmp_path):
    body = [node("Transpose", "z", "x", perm=[0, 3, 1, 2]), *BODY]
    made = model(body, WEIGHTS, ins=[info("z", ("n", 9, 7, 3))])
    contents, network = read(made, tmp_path)
    x = tiles(2, (3, 9, 7))
    torch.testing.assert_close(network(x), expected(x))
    assert contents.told["input_size"] == (9, 7)
    assert "It takes channels last; tiles are turned for it." in contents.notes


@pytest.mark.parametrize("kind", ["FLOAT16", "DOUBLE", "UINT8"])
def test_tiles_are_cast_to_what_the_network_takes(tmp_path, kind):
    number = getattr(TensorProto, kind)
    body = [node("Cast", "z", "x", to=FLOAT), *BODY]
    made = model(body, WEIGHTS, ins=[info("z", ("n", 3, 8, 8), number)])
    _, network = read(made, tmp_path)
    x = (tiles(2) * 255).round()
    # A colour that resizing left between two values is rounded, not cut off.
    found = network(x.double() - 0.3 if kind == "UINT8" else x.double())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected(x), rtol=1e-4, atol=1e-3)


def test_of_several_outputs_the_first_row_of_numbers_is_used(tmp_path):
    outs = [info("c", ("n", 4, 8, 8)), info("y", ("n", 2)), info("f", ("n", 4))]
    contents, network = read(tiny(outs=outs), tmp_path)
    x = tiles(2)
    torch.testing.assert_close(network(x), expected(x))
    assert "Of its 3 outputs y is used." in contents.notes


def test_a_row_of_numbers_may_have_a_height_and_a_width_of_one(tmp_path):
    made = model(BODY[:3], WEIGHTS, outs=[info("p", ("n", 4, 1, 1))])
    contents, network = read(made, tmp_path)
    assert contents.told["count"] == 4
    assert network(tiles(3)).shape == (3, 4)


def test_an_input_size_that_is_left_open_is_not_told(tmp_path):
    contents, network = read(tiny(x=("n", 3, "h", "w")), tmp_path)
    assert "input_size" not in contents.told
    assert "The file leaves the input size open." in contents.notes
    for shape in ((3, 8, 8), (3, 30, 20)):
        x = tiles(2, shape)
        torch.testing.assert_close(network(x), expected(x))


@pytest.mark.parametrize(
    ("last", "outputs"),
    [
        ([node("Softmax", "q", "y")], "softmax"),
        ([node("LogSoftmax", "q", "y")], "log-softmax"),
        ([node("Sigmoid", "q", "y")], "sigmoid"),
        ([node("Softmax", "q", "s"), node("Log", "s", "y")], "log-softmax"),
        ([node("Softmax", "q", "s"), node("Identity", "s", "y")], "softmax"),
        ([node("Softmax", "q", "s"), node("Neg", "s", "y")], "logits"),
        ([node("Identity", "q", "y")], "logits"),
    ],
)
def test_the_last_operation_tells_what_is_returned(last, outputs):
    body = [*BODY[:-1], node("Gemm", "f w2 b2", "q", transB=1)]
    contents = peeked(model([*body, *last], WEIGHTS))
    assert contents.told["outputs"] == outputs
    assert contents.sources["outputs"] == "its last operation"


def test_a_black_box_is_one_to_everybody_who_asks(tmp_path):
    contents, network = read(tiny(), tmp_path)
    assert not contents.white_box
    assert not network.white_box
    assert copy.deepcopy(network) is network
    assert network.to("cpu").eval() is network
    assert not network(tiles(1).requires_grad_()).requires_grad
    with pytest.raises(TypeError, match="cannot be traced"):
        torch.fx.symbolic_trace(network)


def test_tiles_of_a_size_that_it_does_not_take_are_a_problem(tmp_path):
    _, network = read(tiny(), tmp_path)
    with pytest.raises(UnusableCheckpoint, match=r"net\.onnx cannot be run on tiles of 9 x 10"):
        network(tiles(1, (3, 9, 10)))


def test_branches_are_run(tmp_path):
    def branch(name, kind):
        end = helper.make_node(kind, ["q"], [name])
        return helper.make_graph([end], name, [], [info(name, ("n", 2))])

    choice = helper.make_node(
        "If", ["yes"], ["y"], then_branch=branch("t", "Neg"), else_branch=branch("e", "Identity")
    )
    yes = numpy_helper.from_array(np.array(True), "yes")
    body = [*BODY[:-1], node("Gemm", "f w2 b2", "q", transB=1), choice]
    _, network = read(model(body, [*WEIGHTS, yes]), tmp_path)
    x = tiles(2)
    torch.testing.assert_close(network(x), -expected(x))


def test_without_onnxruntime_the_remedy_is_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "find_spec", lambda _: None)
    problem = refused(tiny(), tmp_path)
    assert problem.remedy == "Install it with: pip install onnxruntime."
    assert "onepixel-gui[onnx]" in problem.detail


def test_a_file_is_looked_at_without_torch_and_without_onnxruntime(tmp_path):
    path = tmp_path / "n.onnx"
    path.write_bytes(tiny().SerializeToString())
    words = (
        "import sys; from onepixel_gui.classifier.formats.onnx import file as onnx_file;"
        f"print(onnx_file.peek(open({str(path)!r}, 'rb'), 'n').stored,"
        "{'torch', 'onnxruntime', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["122", "set()"]


@pytest.mark.parametrize("size", [16, 100, 4096])
def test_a_file_is_recognised_by_its_first_bytes(size):
    data = tiny(producer_name="somebody").SerializeToString()[:size]
    assert onnx_file.recognises(data)
    assert not caffe.recognises(data)
    for other in (b"", b"\x08", b"\x08\x01\x01", b"\x80\x02}q\x00.", b"PK\x03\x04", b"\x89HDF\r\n"):
        assert not onnx_file.recognises(other + bytes(64))


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


# ------------------------------------------------------------------ operations
def loop():
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [info("i", (), INT64), info("go", (), TensorProto.BOOL)],
        [info("on", (), TensorProto.BOOL)],
    )
    return helper.make_node("Loop", ["", "yes"], [], body=body)


def with_function():
    made = tiny()
    opsets = [helper.make_opsetid("", 17)]
    relu = helper.make_node("Relu", ["a"], ["b"])
    made.functions.append(helper.make_function("mine", "twice", ["a"], ["b"], [relu], opsets))
    return made


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: model([loop(), *BODY], WEIGHTS), "loop (Loop)"),
        (lambda: model([node("Scan", "x", "s"), *BODY], WEIGHTS), "loop (Scan)"),
        (lambda: model([node("SequenceMap", "x", "s"), *BODY], WEIGHTS), "loop (SequenceMap)"),
        (lambda: model([node("Run", "x", "s", domain="a.stranger"), *BODY], WEIGHTS), "a.stranger"),
        (lambda: model([node("EPContext", "x", "s", domain="com.microsoft"), *BODY], WEIGHTS),
         "EPContext of com.microsoft"),
        (with_function, "functions of its own"),
        (lambda: model([node("Relu", "x", f"r{i}") for i in range(onnx_graph.NODES)] + BODY,
                       WEIGHTS), "operations"),
    ],
)  # fmt: skip
def test_operations_that_may_never_end_or_belong_to_others_are_refused(made, words):
    assert words in refused(made()).what


def test_a_loop_inside_a_branch_is_refused():
    branch = helper.make_graph([loop()], "t", [], [])
    choice = helper.make_node("If", ["yes"], [], then_branch=branch, else_branch=branch)
    assert "loop (Loop)" in refused(model([choice, *BODY], WEIGHTS)).what


def test_operations_that_onnxruntimes_own_optimiser_fuses_are_run(tmp_path):
    fused = helper.make_node(
        "FusedConv", ["x", "w", "b"], ["r"], domain="com.microsoft", activation="Relu",
        kernel_shape=[3, 3], pads=[1, 1, 1, 1],
    )  # fmt: skip
    made = model([fused, *BODY[2:]], WEIGHTS)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    x = tiles(2)
    torch.testing.assert_close(read(made, tmp_path)[1](x), expected(x))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ins": [info("x", ("n", 3, 8, 8)), info("age", ("n", 1))]}, "2 inputs (x, age)"),
        ({"ins": [info("w", (4, 3, 3, 3))]}, "0 inputs"),
        ({"x": ("n", 1, 8, 8)}, "three channels"),
        ({"x": ("n", 192)}, "rows and columns"),
        ({"kind": INT64}, "rows and columns"),
        ({"x": (1, 3, 1 << 40, 8)}, "more than can be handled"),
        ({"x": (10**9, 3, 8, 8)}, "more than can be handled"),
        ({"outs": [info("r", ("n", 4, 8, 8))]}, "one row of numbers"),
        ({"outs": [info("y", ("n",))]}, "one row of numbers"),
    ],
)
def test_what_is_no_tile_classifier_is_refused(more, words):
    assert words in refused(tiny(**more)).what


def test_a_row_that_turns_out_to_be_none_is_refused(tmp_path):
    made = model([*BODY[:-1], node("ReduceMax", "f", "y", keepdims=0)], WEIGHTS)
    made.graph.output[0].type.tensor_type.ClearField("shape")
    assert "one row of numbers" in refused(made, tmp_path).what


# ------------------------------------------------------------------ bombs
FULL, NOT_RUN = "needs more memory", "is not accepted by onnxruntime"
BOMBS = {
    "zeros": (FULL, [node("ConstantOfShape", "big", "z")], [integers("big", 10**5, 10**5)]),
    "beyond": (NOT_RUN, [node("ConstantOfShape", "big", "z")], [integers("big", 1 << 40, 1 << 40)]),
    "spread": (FULL, [node("Expand", "one big", "z")], [integers("big", 10**10), floats("one", 1)]),
    "outer": (
        FULL,
        [node("ConstantOfShape", "k", "col"), node("ConstantOfShape", "l", "row"),
         node("Add", "col row", "z")],
        [integers("k", 10**5, 1), integers("l", 1, 10**5)],
    ),
    "product": (
        FULL,
        [node("ConstantOfShape", "k", "m"), node("MatMul", "m m", "z")],
        [integers("k", 12000, 12000)],
    ),
    "picture": (
        FULL,
        [helper.make_node("Resize", ["x", "", "", "big"], ["z"])],
        [integers("big", 1, 3, 10**5, 10**5)],
    ),
    "by zero": (
        NOT_RUN,
        [node("Div", "k l", "d"), node("Cast", "d", "z", to=FLOAT)],
        [integers("k", 5), integers("l", 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_constants_that_grow_beyond_memory_end_as_a_problem(tmp_path, name):
    words, extra, weights = BOMBS[name]
    start, before = time.monotonic(), _largest_child()
    assert words in refused(beneath(extra, "z", weights), tmp_path).what
    assert time.monotonic() - start < 5
    assert _largest_child() <= max(before, 1 << 30)


def _largest_child() -> int:
    """Bytes that any process of these tests held so far; 0 where that is not told."""
    if sys.platform != "linux":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def test_a_network_that_crashes_onnxruntime_crashes_another_process(tmp_path, monkeypatch):
    script = tmp_path / "crash.py"
    script.write_text("import os; os.abort()")
    monkeypatch.setattr(onnx_trial, "__file__", str(script))
    problem = refused(tiny(), tmp_path)
    assert "makes onnxruntime crash" in problem.what
    assert "exit code" in problem.detail


@pytest.mark.skipif(
    sys.platform != "linux" or "x86" not in platform.machine(),
    reason="only some processors stop at this division",
)
def test_a_division_that_stops_the_process_stops_another_one(tmp_path):
    extra = [node("Div", "k l", "d"), node("Cast", "d", "z", to=FLOAT)]
    made = beneath(extra, "z", [integers("k", -(1 << 63)), integers("l", -1)])
    assert "makes onnxruntime crash" in refused(made, tmp_path).what


def test_a_network_that_does_not_come_to_an_end_is_not_waited_for(tmp_path, monkeypatch):
    script = tmp_path / "endless.py"
    script.write_text("while True: pass")
    monkeypatch.setattr(onnx_trial, "__file__", str(script))
    monkeypatch.setattr(onnx_file, "_PATIENCE", 0.1)
    assert "takes longer than" in refused(tiny(), tmp_path).what


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of processor time")
def test_a_network_that_computes_for_minutes_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "_PATIENCE", 0.5)
    monkeypatch.setattr(onnx_file, "_BUSY", 100)
    extra = [node("ConstantOfShape", "k", "m0")]
    extra += [node("MatMul", f"m{i} m{i}", f"m{i + 1}") for i in range(400)]
    made = beneath(extra, "m400", [integers("k", 4000, 4000)])
    problem = refused(made, tmp_path)
    assert "takes longer than" in problem.what
    assert problem.__cause__ is None  # by its own limit, not because somebody lost patience


def test_an_installed_program_without_an_interpreter_tries_the_first_tile_itself(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("started"))
    _, network = read(tiny(), tmp_path)
    x = tiles(2)
    torch.testing.assert_close(network(x), expected(x))
    words, extra, weights = BOMBS["by zero"]
    assert words in refused(beneath(extra, "z", weights), tmp_path).what


# ------------------------------------------------------------------ damage
WHOLE = tiny().SerializeToString()


def test_a_file_that_was_cut_short_is_refused_or_damaged(tmp_path):
    for share in range(20):
        with pytest.raises((UnusableCheckpoint, *DAMAGED)):
            read(WHOLE[: len(WHOLE) * share // 20], tmp_path)


def test_a_file_larger_than_any_message_is_not_read(tmp_path):
    path = tmp_path / "sparse.onnx"
    with path.open("wb") as file:
        file.write(WHOLE)
        file.truncate(4 << 30)
    with path.open("rb") as file, pytest.raises(ValueError, match="more than any protobuf"):
        onnx_file.peek(file, path.name)


@settings(max_examples=250, deadline=5000)
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=12), cut=st.booleans())
def test_a_damaged_file_is_told_of_refused_or_damaged_but_never_a_bug(place, value, cut):
    file = bytearray(WHOLE)
    start = int(place * len(file))
    file[start : start + len(value)] = value
    try:
        peeked(bytes(file[: start + 20] if cut else file))
    except (UnusableCheckpoint, *DAMAGED):
        return


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
def test_a_turned_bit_is_run_refused_or_damaged_but_never_a_bug(tmp_path, place, bit):
    file = bytearray(WHOLE)
    file[place] ^= 1 << bit
    try:
        _, network = read(bytes(file), tmp_path)
        network(tiles(2))
    except (UnusableCheckpoint, *DAMAGED):
        return


@settings(max_examples=150, deadline=5000)
@given(st.binary(max_size=100))
def test_random_bytes_are_never_a_bug(junk):
    for data in (
        junk,
        b"\x08\x08" + junk,
        onnx.ModelProto(ir_version=8, doc_string=junk.hex()).SerializeToString() + junk,
    ):
        try:
            peeked(data)
        except (UnusableCheckpoint, *DAMAGED):
            continue

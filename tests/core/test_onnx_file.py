"""Networks in ONNX files answer here as they do where they come from."""

import copy
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from onepixel_gui.classifier.architectures import torchvision_models
from onepixel_gui.classifier.formats.caffe import file as caffe
from onepixel_gui.classifier.formats.onnx import file as onnx_file
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.onnx_files import (
    BODY,
    FLOAT,
    WEIGHTS,
    expected,
    info,
    integers,
    model,
    node,
    peeked,
    read,
    refused,
    tiles,
    tiny,
)


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

"""Caffe's networks answer as Caffe computes, and what is none is refused."""

import io
import math
import sys
import time

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onepixel_gui.classifier.formats.caffe import file as caffe
from onepixel_gui.classifier.formats.contents import Source
from onepixel_gui.problems import UnusableCheckpoint
from tests.core.protobuf import blob, field, layer, message, net

RNG = np.random.default_rng(3)
DAMAGED = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError)


def random(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


# ------------------------------------------------------------------ Caffe's own arithmetic, slowly
def convolved(x, weight, bias, stride, pad, dilation, group):
    """By Caffe's definition, one output after another. x: (C, H, W)."""
    count, inside, kernel, _ = weight.shape
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    reach = dilation * (kernel - 1) + 1
    height, width = ((size + 2 * pad - reach) // stride + 1 for size in x.shape[1:])
    out = np.empty((count, height, width))
    for o in range(count):
        first = o // (count // group) * inside
        for r in range(height):
            for c in range(width):
                rows = slice(r * stride, r * stride + reach, dilation)
                columns = slice(c * stride, c * stride + reach, dilation)
                seen = padded[first : first + inside, rows, columns]
                out[o, r, c] = (seen * weight[o]).sum() + bias[o]
    return out


def pooled(x, how, kernel, stride, pad):
    """As in Caffe's pooling_layer.cpp: sizes are rounded up, averages count the padding."""
    _, height, width = x.shape
    sizes = []
    for size in (height, width):
        count = math.ceil((size + 2 * pad - kernel) / stride) + 1
        if pad and (count - 1) * stride >= size + pad:
            count -= 1
        sizes.append(count)
    out = np.empty((len(x), *sizes))
    for r in range(sizes[0]):
        for c in range(sizes[1]):
            top, left = r * stride - pad, c * stride - pad
            bottom, right = min(top + kernel, height + pad), min(left + kernel, width + pad)
            area = (bottom - top) * (right - left)
            seen = x[:, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
            out[:, r, c] = seen.max((1, 2)) if how == 0 else seen.sum((1, 2)) / area
    return out


def normalised(x, size, alpha, beta, k):
    half = size // 2
    squares = np.pad(x**2, ((half, half), (0, 0), (0, 0)))
    near = sum(squares[i : i + len(x)] for i in range(size))
    return x * (k + alpha / size * near) ** -beta


# ------------------------------------------------------------------ files
def data(old=False, **more):
    return layer("Data", "data", (), ("data", "label"), old=old, more=more.get("more"))


def rows(bottom, weight, name="ip", old=False, blobs=None):
    options = {1: len(weight)}
    blobs = (weight, np.zeros(len(weight), np.float32)) if blobs is None else blobs
    return layer("InnerProduct", name, bottom, name, options, blobs, old=old)


def read(bytes_, tmp_path, name="net.caffemodel"):
    path = tmp_path / name
    path.write_bytes(bytes_)
    with path.open("rb") as file:
        contents = caffe.peek(file, name)
    return contents, caffe.network(Source(path, bytes_, "0" * 64), contents)


def refused(bytes_):
    with pytest.raises(UnusableCheckpoint) as caught:
        caffe.peek(io.BytesIO(bytes_), "net.caffemodel")
    assert "net.caffemodel" in caught.value.what
    assert caught.value.remedy.endswith(".")
    return caught.value


def small(old=False, edge=6, tail=(), **more):
    """A convolution, a ReLU and a linear layer over 3 x edge x edge."""
    parts = (random(2, 3, 3, 3), random(2))
    conv = layer("Convolution", "conv", "data", "conv", {1: 2, 3: 1, 4: 3}, parts, old=old)
    relu = layer("ReLU", "relu", "conv", "conv", old=old)
    head = rows("conv", random(3, 2 * edge * edge), old=old)
    return net([data(old, **more), conv, relu, head, *tail], old=old)


# ------------------------------------------------------------------ the same numbers
@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("stride", "pad", "dilation", "group"), [(1, 2, 1, 1), (2, 1, 1, 1), (2, 0, 2, 1), (1, 1, 1, 3)]
)
def test_a_convolution_answers_as_caffes(tmp_path, old, stride, pad, dilation, group):
    weight, bias = random(6, 3 // group, 3, 3), random(6)
    options = {1: 6, 3: pad, 4: 3, 6: stride, 5: group, 18: dilation}
    conv = layer("Convolution", "c", "data", "c", options, (weight, bias), old=old)
    x = random(3, 11, 9)
    wanted = convolved(x, weight, bias, stride, pad, dilation, group)
    _, network = read(net([data(old), conv], old=old), tmp_path)
    found = network(torch.from_numpy(x)[None])
    np.testing.assert_allclose(found[0].detach().numpy(), wanted.reshape(-1), atol=1e-4)


@pytest.mark.parametrize("how", [0, 1])
@pytest.mark.parametrize(
    ("edge", "kernel", "stride", "pad"),
    [(8, 3, 2, 0), (7, 3, 2, 0), (8, 3, 2, 1), (6, 2, 2, 1), (9, 4, 3, 2), (32, 3, 2, 0)],
)
def test_a_pooling_rounds_up_and_counts_the_padding_as_caffes(
    tmp_path, how, edge, kernel, stride, pad
):
    x = random(3, edge, edge)
    wanted = pooled(x, how, kernel, stride, pad).reshape(-1)
    pool = layer("Pooling", "p", "data", "p", {1: how, 2: kernel, 3: stride, 4: pad})
    weight = np.eye(wanted.size, dtype=np.float32)
    _, network = read(net([data(), pool, rows("p", weight)], more=sized(edge)), tmp_path)
    np.testing.assert_allclose(
        network(torch.from_numpy(x)[None])[0].detach().numpy(), wanted, atol=1e-5
    )


def sized(edge):
    return {3: "data", 8: message({1: [1, 3, edge, edge]})}


def test_a_local_response_norm_answers_as_caffes(tmp_path):
    x = random(3, 4, 4)
    norm = layer("LRN", "n", "data", "n", {1: 3, 2: 0.7, 3: 0.6, 5: 2.0})
    head = rows("n", np.eye(48, dtype=np.float32))
    _, network = read(net([data(), norm, head], more=sized(4)), tmp_path)
    wanted = normalised(x, 3, 0.7, 0.6, 2.0).reshape(-1)
    np.testing.assert_allclose(
        network(torch.from_numpy(x)[None])[0].detach().numpy(), wanted, atol=1e-5
    )


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("times", [1.0, 999.5])
def test_a_batch_norm_divides_its_sums_and_takes_the_scale_that_follows(tmp_path, scaled, times):
    x, mean, variance = random(3, 4, 4), random(3), RNG.random(3).astype(np.float32) + 0.5
    gamma, beta = random(3), random(3)
    stored = (mean * np.float32(times), variance * np.float32(times), np.float32([times]))
    chain = [data(), layer("BatchNorm", "bn", "data", "bn", {3: 1e-3}, stored)]
    if scaled:
        chain.append(layer("Scale", "s", "bn", "s", {4: 1}, (gamma, beta)))
    head = rows("s" if scaled else "bn", np.eye(48, dtype=np.float32))
    _, network = read(net([*chain, head], more=sized(4)), tmp_path)
    wanted = (x - mean[:, None, None]) / np.sqrt(variance[:, None, None] + 1e-3)
    if scaled:
        wanted = wanted * gamma[:, None, None] + beta[:, None, None]
    found = network(torch.from_numpy(x)[None])[0].detach().numpy()
    np.testing.assert_allclose(found, wanted.reshape(-1), atol=1e-4)


def test_a_scale_of_its_own_multiplies_and_adds(tmp_path):
    x, gamma, beta = random(3, 4, 4), random(3), random(3)
    scale = layer("Scale", "s", "data", "s", {4: 1}, (gamma, beta))
    head = rows("s", np.eye(48, dtype=np.float32))
    _, network = read(net([data(), scale, head], more=sized(4)), tmp_path)
    found = network(torch.from_numpy(x)[None])[0].detach().numpy()
    wanted = x * gamma[:, None, None] + beta[:, None, None]
    np.testing.assert_allclose(found, wanted.reshape(-1), atol=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_a_linear_layer_may_be_stored_turned(tmp_path, turned):
    x, weight = random(3, 2, 2), random(5, 12)
    stored = np.ascontiguousarray(weight.T) if turned else weight
    head = layer("InnerProduct", "ip", "data", "ip", {1: 5, 2: 0, 6: int(turned)}, (stored,))
    _, network = read(net([data(), head], more=sized(2)), tmp_path)
    found = network(torch.from_numpy(x)[None])[0].detach().numpy()
    np.testing.assert_allclose(found, weight @ x.reshape(-1), atol=1e-5)


def test_a_leaky_relu_keeps_its_slope(tmp_path):
    relu = layer("ReLU", "r", "data", "data", {1: 0.25})
    file = net([data(), relu, rows("data", np.eye(12, dtype=np.float32))], more=sized(2))
    _, network = read(file, tmp_path)
    assert network(torch.full((1, 3, 2, 2), -4.0))[0].tolist() == [-1.0] * 12


def test_both_ways_of_writing_a_file_make_the_same_network(tmp_path):
    global RNG
    x, answers = torch.from_numpy(random(2, 3, 6, 6)), []
    for old in (False, True):
        RNG = np.random.default_rng(7)
        answers.append(read(small(old), tmp_path)[1](x))
    assert torch.equal(*answers)


# ------------------------------------------------------------------ what is told
def test_a_file_says_how_caffe_feeds_its_networks(tmp_path):
    contents, network = read(small(), tmp_path)
    assert contents.told == {
        "order": "BGR", "scaling": "zero-to-255", "fitting": "resize", "outputs": "logits",
        "count": 3, "input_size": (6, 6),
    }  # fmt: skip
    assert contents.stored == 2 * 27 + 2 + 3 * 72 + 3
    assert contents.stored == sum(part.numel() for part in network.parameters())
    assert contents.notes == (
        "The file calls its network tiny.",
        "No mean image was found beside the file, so none is subtracted.",
    )
    assert contents.white_box


@pytest.mark.parametrize(
    ("kind", "outputs"),
    [
        ("Softmax", "softmax"),
        ("Sigmoid", "sigmoid"),
        ("SigmoidCrossEntropyLoss", "sigmoid"),
        ("SoftmaxWithLoss", "logits"),
        ("Accuracy", "logits"),
    ],
)
def test_the_last_layer_tells_what_is_returned(tmp_path, kind, outputs):
    tail = layer(kind, "end", ("ip", "label"), "end")
    contents, network = read(small(tail=[tail]), tmp_path)
    assert contents.told["outputs"] == outputs
    rows = network(torch.from_numpy(random(4, 3, 6, 6)))
    if outputs == "softmax":
        assert torch.allclose(rows.sum(1), torch.ones(4))
    assert ((rows >= 0) & (rows <= 1)).all() == (outputs != "logits")


def test_layers_of_training_alone_change_nothing(tmp_path):
    split = layer("Split", "fork", "ip", ("one", "two"))
    tail = [split, layer("SoftmaxWithLoss", "loss", ("one", "label"), "loss")]
    tail.append(layer("Accuracy", "right", ("two", "label"), "right"))
    tail.append(layer("Dropout", "drop", "two", "two"))
    _, network = read(small(tail=tail), tmp_path)
    assert [type(part).__name__ for part in network] == ["Conv2d", "ReLU", "Flatten", "Linear"]


@pytest.mark.parametrize("way", ["crop", "shape", "dims", "layer", "mean", "solved"])
def test_the_input_size_is_found_where_it_stands(tmp_path, way):
    first, more, edge = data(), {}, 10
    if way == "crop":
        first = data(more={100: message({3: edge})})
    if way == "shape":
        more = sized(edge)
    if way == "dims":
        more = {3: "data", 4: (1, 3, edge, edge)}
    if way == "layer":
        shape = message({1: [1, 3, edge, edge]})
        first = layer("Input", "data", (), "data", {1: shape})
    if way == "mean":
        (tmp_path / "mean.binaryproto").write_bytes(blob(random(1, 3, edge, edge), four=True))
    conv = layer(
        "Convolution", "c", "data", "c", {1: 2, 3: 1, 4: 3}, (random(2, 3, 3, 3), random(2))
    )
    file = net([first, conv, rows("c", random(2, 2 * edge**2))], more=more)
    contents, network = read(file, tmp_path)
    assert contents.told["input_size"] == (edge, edge)
    words = {"crop": "crop size", "mean": "mean image", "solved": "layers fit"}.get(way, "stated")
    assert words in contents.sources["input_size"]
    assert network(torch.zeros(1, 3, edge, edge)).shape == (1, 2)


def test_a_network_that_pools_over_everything_leaves_the_size_open(tmp_path):
    pool = layer("Pooling", "p", "c", "p", {1: 1, 12: 1})
    conv = layer("Convolution", "c", "data", "c", {1: 2, 4: 3}, (random(2, 3, 3, 3), random(2)))
    contents, network = read(net([data(), conv, pool]), tmp_path)
    assert "input_size" not in contents.told
    assert contents.told["count"] == 2
    assert network(torch.zeros(3, 3, 50, 40)).shape == (3, 2)


# ------------------------------------------------------------------ the mean
def test_the_mean_image_beside_the_file_is_subtracted(tmp_path):
    mean = random(3, 6, 6)
    (tmp_path / "any.binaryproto").write_bytes(blob(mean, four=True))
    contents, network = read(small(), tmp_path)
    assert "The mean image any.binaryproto beside the file is subtracted." in contents.notes
    assert torch.equal(network(torch.from_numpy(mean)[None]), network[1:](torch.zeros(1, 3, 6, 6)))
    traced = torch.fx.symbolic_trace(network)
    x = torch.from_numpy(random(2, 3, 6, 6))
    assert torch.equal(traced(x), network(x))


def test_of_several_mean_images_the_one_that_the_file_names_is_taken(tmp_path):
    mean = random(3, 6, 6)
    for name, values in (("a", random(3, 6, 6)), ("b", mean), ("c", random(3, 6, 6))):
        (tmp_path / f"{name}.binaryproto").write_bytes(blob(values))
    named = {100: message({4: "/somebody/else/b.binaryproto"})}
    contents, network = read(small(more=named), tmp_path)
    assert torch.equal(network.mean.mean[0], torch.from_numpy(mean))
    contents, _ = read(small(), tmp_path, "other.caffemodel")
    assert "No mean image was found" in contents.notes[1]


def test_a_larger_mean_image_is_cropped_to_its_centre(tmp_path):
    mean = random(3, 10, 8)
    (tmp_path / "m.binaryproto").write_bytes(blob(mean, four=True))
    _, network = read(small(more={100: message({3: 6})}), tmp_path)
    assert torch.equal(network.mean.mean[0], torch.from_numpy(mean[:, 2:8, 1:7]))


def test_of_a_mean_image_that_does_not_fit_the_colour_is_used(tmp_path):
    mean = random(3, 5, 5)
    (tmp_path / "m.binaryproto").write_bytes(blob(mean, four=True))
    contents, network = read(small(), tmp_path)
    assert contents.notes[-1] == "The mean image is of another size; its colour is used."
    np.testing.assert_allclose(network.mean.mean[0, :, 0, 0], mean.mean((1, 2)), rtol=1e-5)


def test_a_mean_colour_and_a_scale_are_taken_from_the_file(tmp_path):
    told = message({1: 0.5, 5: (104.0, 117.0, 123.0)})
    contents, network = read(small(more={100: told}), tmp_path)
    assert "The mean colour that the file states is subtracted." in contents.notes
    x = torch.tensor([104.0, 117.0, 125.0]).view(1, 3, 1, 1).expand(1, 3, 6, 6)
    wanted = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 6, 6)
    assert torch.equal(network.mean(x), wanted)


@pytest.mark.parametrize("bad", [b"no message at all", blob(random(2, 6, 6)), b""])
def test_a_broken_mean_image_is_left_aside_with_a_note(tmp_path, bad):
    (tmp_path / "m.binaryproto").write_bytes(bad)
    contents, _ = read(small(), tmp_path)
    assert "m.binaryproto is not a mean image of three channels; it is not used." in contents.notes


# ------------------------------------------------------------------ refusals
def conv(options=None, blobs=None, name="conv9"):
    blobs = (random(2, 3, 3, 3), random(2)) if blobs is None else blobs
    return layer("Convolution", name, "data", name, {1: 2, 4: 3} | (options or {}), blobs)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([data(), layer("Concat", "join9", "data", "j")], "'join9' (Concat) that is not known"),
        ([data(), layer("Python", "code9", "data", "j")], "'code9' (Python) that is not known"),
        ([data(), conv(), rows("data", random(2, 12), name="side9")], "'side9'"),
        ([data(), conv({4: 0})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({6: 0})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({3: 1 << 40})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({18: -1})], "'conv9' (Convolution) with sizes that make no sense"),
        ([data(), conv({5: 0})], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), conv({1: 5})], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), conv({1: 0})], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), conv(blobs=())], "'conv9' (Convolution) whose weights do not fit it"),
        ([data(), layer("Pooling", "p9", "data", "p", {1: 2, 2: 2})], "'p9' (Pooling) that pools"),
        ([data(), layer("Pooling", "p9", "data", "p", {2: 2, 4: 2})], "more than half"),
        ([data(), layer("LRN", "n9", "data", "n", {4: 1})], "'n9' (LRN)"),
        ([data(), layer("ReLU", "r", "data", "r")], "holds no weights"),
        ([data(), conv(blobs=(random(2, 4, 3, 3), random(2)))], "three channels"),
        ([data(), rows("data", random(2, 7))], "three channels"),
        ([data(), *[layer("ReLU", "r", "data", "data")] * 500], "501 layers"),
    ],
)
def test_what_cannot_be_rebuilt_is_refused_by_name(layers, words):
    assert words in refused(net(layers)).what


def test_a_layer_of_the_old_kind_that_is_not_known_is_refused_by_name():
    odd = layer("Concat", "join9", "data", "j", old=True)
    assert "'join9' (kind 3) that is not known" in refused(net([data(True), odd], old=True)).what


@pytest.mark.parametrize("shape", [[-1, 3], [1 << 40, 1], [10**12], [0], [5], []])
def test_a_shape_that_its_numbers_do_not_have_is_damage(shape):
    weight = message({7: message({1: shape}), 5: random(6)})
    head = message(
        {1: "ip", 2: "InnerProduct", 3: "data", 4: "ip", 7: weight, 117: message({1: 2})}
    )
    with pytest.raises(ValueError, match="numbers for the shape"):
        caffe.peek(io.BytesIO(net([data(), head])), "net.caffemodel")


def test_a_network_that_would_compute_for_minutes_is_refused():
    wide = conv({1: 40, 3: 300, 4: 301}, (random(40, 3, 301, 301), random(40)))
    start = time.monotonic()
    refused(net([data(more={100: message({3: 1024})}), wide]))
    assert time.monotonic() - start < 5


def test_a_file_is_read_without_torch(tmp_path):
    import subprocess

    path = tmp_path / "n.caffemodel"
    path.write_bytes(small())
    words = (
        "import sys; from onepixel_gui.classifier.formats.caffe import file as caffe;"
        f"print(caffe.peek(open({str(path)!r}, 'rb'), 'n').stored, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["275", "False"]


@pytest.mark.parametrize("old", [False, True])
def test_a_file_is_recognised_by_its_first_bytes(old):
    file = small(old)
    assert caffe.recognises(file[:4096])
    assert caffe.recognises(file[:64])
    for other in (b"", b"\x80\x02}q\x00.", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\n\nhello world"):
        assert not caffe.recognises(other + bytes(64))


@pytest.mark.parametrize("old", [False, True])
def test_a_file_that_was_cut_short_is_refused_or_damaged(tmp_path, old):
    file = small(old)
    for share in range(20):
        with pytest.raises((UnusableCheckpoint, *DAMAGED)):
            read(file[: len(file) * share // 20], tmp_path)


WHOLE = small()


@settings(
    max_examples=200, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1), value=st.binary(min_size=1, max_size=12), cut=st.booleans())
def test_a_damaged_file_is_read_refused_or_damaged_but_never_a_bug(tmp_path, place, value, cut):
    file = bytearray(WHOLE)
    start = int(place**2 * len(file))
    file[start : start + len(value)] = value
    try:
        read(bytes(file[: start + 20] if cut else file), tmp_path)
    except (UnusableCheckpoint, *DAMAGED):
        return


@settings(max_examples=100, deadline=5000)
@given(st.binary(max_size=80))
def test_random_layers_are_never_a_bug(junk):
    try:
        caffe.peek(io.BytesIO(field(100, junk)), "net.caffemodel")
    except (UnusableCheckpoint, *DAMAGED):
        return

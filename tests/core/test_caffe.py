"""Caffe networks answer here as they do by Caffe's own arithmetic, and say what they are."""

import math

import numpy as np
import pytest
import torch

from tests.core import caffe_files
from tests.core.caffe_files import RNG, data, random, read, rows, small
from tests.core.protobuf import blob, layer, message, net


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


def test_both_ways_of_writing_a_file_make_the_same_network(tmp_path, monkeypatch):
    x, answers = torch.from_numpy(random(2, 3, 6, 6)), []
    for old in (False, True):
        monkeypatch.setattr(caffe_files, "RNG", np.random.default_rng(7))
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

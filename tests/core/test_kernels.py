"""Every way of running a convolution gives what the plain one gives."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from onepixel_gui.classifier.kernels import Convolution, learning, learnt

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")


def wanted(layer, tiles, padded):
    """In float64. Without padding, a kernel of 1 reads every place, for the patch is sparse."""
    conv = layer.conv
    stride, padding = conv.stride, conv.padding
    if not padded:
        stride = [1 if k == 1 else s for k, s in zip(conv.kernel_size, conv.stride, strict=True)]
        padding = 0
    bias = None if conv.bias is None else conv.bias.double()
    answer = functional.conv2d(
        tiles.double(), conv.weight.double(), bias, stride, padding, conv.dilation, conv.groups
    )
    return (answer.relu() if layer.relu else answer).float()


def same(told, true):
    torch.testing.assert_close(told, true, rtol=1e-5, atol=1e-5 * max(1.0, float(true.abs().max())))


@st.composite
def layers(draw):
    """(convolution, map of one tile that it fits)."""
    kernel, stride = (draw(st.tuples(*[st.integers(1, top)] * 2)) for top in (4, 3))
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (1, 1), (2, 1)]))
    pads = draw(st.one_of(st.tuples(*[st.integers(0, 2)] * 2), st.sampled_from(["same", "valid"])))
    stride = (1, 1) if pads == "same" else stride
    groups = draw(st.sampled_from([1, 1, 1, 2]))
    widths = draw(st.tuples(*[st.integers(1, 4)] * 2))
    conv = nn.Conv2d(
        widths[0] * groups, widths[1] * groups, kernel, stride, pads, dilation, groups,
        bias=draw(st.booleans()),
    )  # fmt: skip
    least = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [low + draw(st.integers(0, 4)) for low in least]
    return Convolution(conv, draw(st.booleans())).requires_grad_(False), size


@settings(max_examples=60, deadline=None)
@given(drawn=layers(), batch=st.integers(1, 5), padded=st.booleans(), channels_last=st.booleans())
def test_each_way_agrees_with_the_plain_one_at_any_batch(drawn, batch, padded, channels_last):
    layer, size = drawn
    layout = torch.channels_last if channels_last else torch.contiguous_format
    layer.to(memory_format=layout)
    tiles = {
        count: torch.randn(count, layer.conv.in_channels, *size).contiguous(memory_format=layout)
        for count in (batch, 1, 7)
    }
    for build in layer._builders(tiles[batch], padded):
        way = build()
        for given_ in tiles.values():
            before = given_.clone()
            same(way(given_), wanted(layer, given_, padded))
            assert torch.equal(given_, before)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_one_channel_alone_is_read_right(layout):
    # A torch of our days reads past the end of such weights where the batch is not 1.
    layer = Convolution(nn.Conv2d(1, 2, (2, 4), (1, 3)), False).requires_grad_(False)
    layer.to(memory_format=layout)
    alone, seven = (torch.randn(n, 1, 3, 4).contiguous(memory_format=layout) for n in (1, 7))
    for padded in (True, False):
        for build in layer._builders(alone, padded):
            same(build()(seven), wanted(layer, seven, padded))


def test_a_map_of_one_channel_is_read_right_however_its_strides_are_told():
    layer = Convolution(nn.Conv2d(1, 1, 3, (1, 2)), relu=False).requires_grad_(False)
    plain = torch.randn(9, 1, 6, 3)
    tiles = torch.empty_strided((9, 1, 6, 3), (18, 1, 3, 1)).copy_(plain)
    for padded in (True, False):
        for build in layer._builders(tiles, padded):
            same(build()(tiles), wanted(layer, plain, padded))


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_a_map_of_one_channel_that_is_padded_by_itself_is_read_right(mode):
    conv = nn.Conv2d(1, 1, (1, 3), (1, 2), padding=(2, 0), padding_mode=mode)
    conv.requires_grad_(False)
    plain = torch.randn(7, 1, 3, 4)
    expected = conv.double()(plain.double()).float()
    conv.float().to(memory_format=torch.channels_last)
    conv.weight.data = conv.weight.data.as_strided(conv.weight.shape, (3, 1, 3, 1))
    layer = Convolution(conv, relu=False)
    for tiles in (plain, torch.empty_strided(plain.shape, (12, 1, 4, 1)).copy_(plain)):
        for build in layer._builders(tiles, True):
            same(build()(tiles), expected)


def test_a_layer_that_is_told_what_another_learned_runs_the_same_way():
    layers = [Convolution(nn.Conv2d(8, 8, 3, padding=1), relu=True) for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    tiles = torch.randn(16, 8, 5, 5).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        for size in (1, 2, 5):
            part = tiles[:, :, :size, :size]
            with learning():
                layers[0](part)
                if size > 2:
                    layers[0].on_patch(part)
        for known in layers[0].known:
            layers[1].keep_to(known)
        assert layers[1].known == layers[0].known
        assert torch.equal(layers[0](tiles), layers[1](tiles))
    with pytest.raises(LookupError):
        layers[1].keep_to((5, 5, True, 16, "no such way"))


@pytest.mark.parametrize(
    ("kernel", "size", "padding", "least"), [(1, 4, 0, 1), (3, 2, 1, 2), (3, 9, 1, 1), (5, 3, 0, 0)]
)
def test_products_of_matrices_are_among_the_ways(kernel, size, padding, least):
    layer = Convolution(nn.Conv2d(6, 5, kernel, padding=padding or kernel // 2), relu=True)
    tiles = torch.randn(2, 6, size, size)
    names = [build.func.__name__ for build in layer._builders(tiles, padded=True)]
    assert names[0] == "_plain"
    assert names.count("_product") >= least
    grouped = Convolution(nn.Conv2d(6, 6, kernel, padding=kernel // 2, groups=2), relu=True)
    assert "_product" not in [b.func.__name__ for b in grouped._builders(tiles, padded=True)]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("kernel", [1, 3])
def test_what_was_learned_agrees_with_the_plain_way(padded, kernel):
    torch.manual_seed(0)
    layer = Convolution(nn.Conv2d(8, 6, kernel, 2, padding=kernel // 2), relu=True)
    layer.requires_grad_(requires_grad=False)
    run = layer if padded else layer.on_patch
    tiles = torch.randn(9, 8, 3, 5)
    with torch.inference_mode():
        same(run(tiles), wanted(layer, tiles, padded))
        assert not layer._ways
        with learning():
            same(run(tiles), wanted(layer, tiles, padded))
        assert len(layer._ways) == 1
        for count in (9, 1, 4, 20):
            some = torch.randn(count, 8, 3, 5)
            same(run(some), wanted(layer, some, padded))
        assert len(layer._ways) == 1
        wider = torch.randn(2, 8, 6, 6)  # a map of a size that was never met
        same(run(wider), wanted(layer, wider, padded))


def test_layers_that_differ_in_their_weights_alone_learn_once():
    tiles = torch.randn(3, 4, 5, 5)
    with torch.inference_mode(), learning() as learned:
        for _ in range(3):
            layer = Convolution(nn.Conv2d(4, 4, 3), relu=False)
            same(layer(tiles), wanted(layer, tiles, padded=True))
        assert len(learned) == 1


def ignorant(layer, tiles):
    """Whether a call of it leaves it as it was."""
    before = dict(layer._ways)
    layer(tiles)
    return layer._ways == before


def test_learning_ends_also_when_it_fails():
    with pytest.raises(ZeroDivisionError), learning():
        raise ZeroDivisionError
    assert ignorant(Convolution(nn.Conv2d(4, 4, 3), relu=False), torch.randn(3, 4, 5, 5))


def test_what_other_threads_ask_while_one_learns_teaches_nothing():
    layer, tiles = Convolution(nn.Conv2d(4, 4, 3), relu=False), torch.randn(3, 4, 5, 5)
    layer.requires_grad_(requires_grad=False)
    with ThreadPoolExecutor(1) as other, learning():
        assert other.submit(ignorant, layer, tiles).result()
        assert not ignorant(layer, tiles)


def test_between_the_parts_of_what_is_learnt_nothing_is_learned():
    one, other = (Convolution(nn.Conv2d(4, 4, 3), relu=False) for _ in range(2))
    tiles = torch.randn(3, 4, 5, 5)
    with torch.inference_mode():
        for _ in learnt(layer(tiles) for layer in (one, other)):
            assert ignorant(Convolution(nn.Conv2d(4, 4, 3), relu=False), tiles)
    assert len(one._ways) == len(other._ways) == 1


@pytest.mark.parametrize("relu", [True, False])
def test_gradients_flow_through_a_convolution_that_learned(relu):
    layer = Convolution(nn.Conv2d(4, 4, 3, padding=1), relu).requires_grad_(requires_grad=False)
    tiles = torch.randn(3, 4, 5, 5)
    with torch.inference_mode(), learning():
        layer(tiles)
        layer.on_patch(tiles)
    for padded, run in ((True, layer), (False, layer.on_patch)):
        leaf = tiles.clone().requires_grad_()
        (run(leaf) ** 2).sum().backward()
        other = tiles.clone().requires_grad_()
        (wanted(layer, other, padded) ** 2).sum().backward()
        torch.testing.assert_close(leaf.grad, other.grad, rtol=1e-4, atol=1e-4)

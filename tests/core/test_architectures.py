"""Networks are rebuilt from shapes alone and answer as those the weights came from."""

import gzip
import json
import time
from threading import Thread

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import fx, nn

from onepixel_gui.classifier import recognition
from onepixel_gui.classifier.architectures import (
    OWN,
    CodaitMitosis,
    IdcAlexNet32,
    build,
    made,
    torchvision_models,
)
from onepixel_gui.classifier.cifar import CifarResNet, PaddedShortcut

MODELS = torchvision_models()
CIFAR = [name for name in OWN if name not in ("codait_mitosis", "idc_alexnet32")]


def ours(name, classes=10):
    torch.manual_seed(1)
    return OWN[name](classes=classes).eval()


def shapes_of(network):
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def rebuilt(name, network):
    """The same network, made of nothing but its state dict."""
    state = network.state_dict()
    copy = build(name, shapes_of(network))
    assert copy.load_state_dict(state, strict=True, assign=True).missing_keys == []
    return copy


def pictures(edge, count=2):
    return torch.rand(count, 3, edge, edge, generator=torch.Generator().manual_seed(0))


def shaken(network):
    """Norms that have seen something, so that a lost or exchanged statistic shows."""
    generator = torch.Generator().manual_seed(2)
    for name, value in network.state_dict().items():
        if value.is_floating_point() and ("running" in name or value.ndim == 1):
            value.copy_(torch.rand(value.shape, generator=generator) * 0.5 + 0.5)
    return network.eval()


# ------------------------------------------------------------------ CIFAR
@pytest.mark.parametrize("name", CIFAR)
@torch.inference_mode()
def test_a_cifar_network_turns_pictures_of_32_pixels_into_a_logit_for_each_class(name):
    answers = ours(name, 7)(pictures(32))
    assert answers.shape == (2, 7)
    assert torch.isfinite(answers).all()


# Weights as the papers and the repositories state them, in thousands.
@pytest.mark.parametrize(
    ("name", "thousands"),
    [
        ("cifar_resnet20", 270),
        ("cifar_resnet32", 464),
        ("cifar_resnet44", 659),
        ("cifar_resnet56", 853),
        ("cifar_resnet110", 1_728),
        ("cifar_resnet18", 11_174),
        ("cifar_resnet34", 21_282),
        ("cifar_resnet50", 23_521),
        ("cifar_vgg16", 14_720),
        ("cifar_vgg16_bn", 14_728),
        ("allconv", 1_370),
        ("nin", 967),
    ],
)
def test_a_cifar_network_has_as_many_weights_as_was_published(name, thousands):
    count = sum(weight.numel() for weight in ours(name).parameters())
    assert round(count / 1000) == thousands


def test_a_shortcut_of_option_a_takes_every_second_place_and_adds_empty_channels():
    x = torch.arange(2 * 4 * 4).reshape(1, 2, 4, 4).float()
    y = PaddedShortcut(1)(x)
    assert y.shape == (1, 4, 2, 2)
    assert torch.equal(y[:, 1:3], x[:, :, ::2, ::2])
    assert not y[:, 0].any()
    assert not y[:, 3].any()


@torch.inference_mode()
def test_a_cifar_resnet_of_option_a_answers_as_he_et_al_write_it():
    network = shaken(CifarResNet(4, (2, 2)))
    state = network.state_dict()

    def norm(x, name):
        parts = [state[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *parts)

    def block(x, name, stride):
        y = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
        y = F.conv2d(F.relu(norm(y, f"{name}.bn1")), state[f"{name}.conv2.weight"], padding=1)
        if stride == 2:
            empty = torch.zeros(len(x), 8, x.shape[2] // 2, x.shape[3] // 2)
            x = torch.cat([empty, x[:, :, ::2, ::2], empty], 1)
        return F.relu(norm(y, f"{name}.bn2") + x)

    x = pictures(32)
    y = F.relu(norm(F.conv2d(x, state["conv1.weight"], padding=1), "bn1"))
    for name, stride in (("layer1.0", 1), ("layer1.1", 1), ("layer2.0", 2), ("layer2.1", 1)):
        y = block(y, name, stride)
    expected = F.linear(y.mean((2, 3)), state["linear.weight"], state["linear.bias"])
    torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-5)


def test_all_conv_and_nin_see_the_places_that_their_papers_tables_give():
    for name, edges in (("allconv", {32, 16, 8}), ("nin", {32, 16, 8})):
        network, seen = ours(name), []
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(lambda _, __, y: seen.append(y.shape[-1]))  # noqa: B023
        with torch.inference_mode():
            network(pictures(32))
        assert len(seen) == 9
        assert set(seen) == edges
        assert seen[-1] == 8


# ------------------------------------------------------------------ ours
def test_the_published_idc_network_answers_as_its_layers_are_described():
    torch.manual_seed(3)
    network = IdcAlexNet32().eval()
    state = network.state_dict()
    state["mean_bgr"].copy_(torch.rand(3, 32, 32) * 200)

    def conv(x, name):
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=2)

    x = pictures(32) * 255
    y = F.relu(F.max_pool2d(conv(x - state["mean_bgr"], "conv1"), 3, 2, ceil_mode=True))
    y = F.avg_pool2d(F.relu(conv(y, "conv2")), 3, 2, ceil_mode=True)
    y = F.avg_pool2d(F.relu(conv(y, "conv3")), 3, 2, ceil_mode=True).flatten(1)
    y = F.linear(y, state["ip1.weight"], state["ip1.bias"])
    with torch.inference_mode():
        expected = F.linear(y, state["ip2.weight"], state["ip2.bias"])
        torch.testing.assert_close(network(x), expected)


@torch.inference_mode()
def test_the_mitosis_network_is_rebuilt_from_its_shapes():
    torch.manual_seed(4)
    network = shaken(CodaitMitosis())
    x = pictures(64)
    assert torch.equal(rebuilt("codait_mitosis", network)(x), network(x))


# ------------------------------------------------------------------ built of nothing
@pytest.mark.parametrize(
    ("name", "edge"),
    [("shufflenet_v2_x0_5", 64), ("swin_v2_t", 64), ("squeezenet1_1", 64), ("googlenet", 64)],
)
@torch.inference_mode()
def test_a_rebuilt_torchvision_network_answers_as_torchvisions_own(name, edge):
    torch.manual_seed(5)
    facts = {"init_weights": False} if name == "googlenet" else {}
    network = shaken(MODELS.get_model(name, num_classes=3, **facts))
    x = pictures(edge)
    answers = rebuilt(name, network)(x)
    assert torch.equal(answers, network(x))
    assert answers.shape == (2, 3)


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize(("name", "edge"), [("googlenet", 64), ("inception_v3", 96)])
def test_heads_for_training_are_built_where_they_are_stored_and_never_answer(name, edge, auxiliary):
    torch.manual_seed(6)
    facts = {"aux_logits": auxiliary, "init_weights": False, "num_classes": 2}
    network = MODELS.get_model(name, **facts).eval()
    copy = rebuilt(name, network)
    with torch.inference_mode():
        answers = copy(pictures(edge))
    assert isinstance(answers, torch.Tensor)
    assert answers.shape == (2, 2)
    assert not copy.transform_input


def test_a_vit_is_built_for_the_picture_that_its_places_belong_to():
    shapes = indexed("vit_b_32", places=1 + 3**2)
    assert build("vit_b_32", shapes).image_size == 96


def indexed(name, **sizes):
    """Shapes of a network of the index, its free sizes filled in."""
    told = {"classes": 2, "places": 197, "hidden": 512} | sizes
    stored = json.loads(gzip.decompress(recognition.INDEX.read_bytes()))["networks"]
    lines = next(entry["weights"] for entry in stored if entry["key"] == name)
    words = [line.split(" ") for line in lines]
    return {key: tuple(int(told.get(n, n)) for n in size.split(",")) for key, size in words}


@pytest.mark.parametrize("name", ["regnet_y_128gf", "vit_h_14", "swin_v2_b", "maxvit_t"])
def test_building_takes_no_memory_for_weights_and_draws_none(name):
    drawn = torch.get_rng_state()
    begun = time.process_time()
    network = build(name, indexed(name))
    assert time.process_time() - begun < 5
    assert torch.equal(torch.get_rng_state(), drawn)
    real = [w for w in network.state_dict().values() if not w.is_meta]
    assert sum(value.nbytes for value in real) < 5 << 20
    assert not network.training


@pytest.mark.parametrize("name", ["swin_t", "swin_v2_t", "maxvit_t", "resnet18", "cifar_resnet20"])
def test_after_loading_nothing_of_a_network_is_left_without_numbers(name):
    shapes = indexed(name)
    network = build(name, shapes)
    state = {key: torch.zeros(shape) for key, shape in shapes.items()}
    assert network.load_state_dict(state, strict=False, assign=True).unexpected_keys == []
    left = [*network.named_parameters(), *network.named_buffers()]
    assert [key for key, value in left if value.is_meta] == []


@pytest.mark.parametrize("name", [*OWN, "resnet18", "vgg11", "mobilenet_v2", "densenet121"])
def test_rebuilt_networks_can_be_traced(name):
    graph = fx.symbolic_trace(build(name, indexed(name)))
    assert len(list(graph.graph.nodes)) > 5


def test_a_network_that_another_thread_makes_meanwhile_keeps_its_weights(monkeypatch):
    emptied = {}

    def builder():
        thread = Thread(target=lambda: emptied.update(there=nn.Linear(2, 2).weight.is_meta))
        thread.start()
        thread.join()
        network = nn.Linear(2, 2)
        emptied["here"] = network.weight.is_meta
        return network

    monkeypatch.setitem(OWN, "meanwhile", builder)
    made("meanwhile", {})
    assert emptied == {"here": True, "there": False}


def test_what_is_unknown_or_does_not_fit_is_not_built():
    with pytest.raises(LookupError):
        build("resnet9000", {"fc.weight": (2, 2)})
    with pytest.raises(ValueError, match="resnet18"):
        build("resnet18", {"fc.weight": (2, 2)})

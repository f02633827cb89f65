"""Windows answer as the dense network does, on each family of networks that people use."""

import numpy as np
import pytest
import torch
from torch import nn

from onepixel_gui.classifier.architectures import CodaitMitosis, torchvision_models
from onepixel_gui.classifier.classifier import Classifier
from onepixel_gui.classifier.fast import fast_form
from onepixel_gui.classifier.incremental import arithmetic
from onepixel_gui.classifier.windows import Trace, Windowed
from onepixel_gui.tiles.tile import Tile
from tests.core.networks import card, noise
from tests.core.random_networks import Forced, everywhere, together

_CHANGE = 0.1  # of the logit by the pixel that changes it most


def built(name, **options):
    """A network of two classes, with weights that pass pixels on."""
    models = torchvision_models()
    if name.startswith("vgg"):  # its hundred million weights behind the maps take seconds
        with torch.device("meta"):
            network = getattr(models, name)(num_classes=2)
        network.classifier = nn.Sequential(nn.Linear(512 * 49, 32), nn.ReLU(), nn.Linear(32, 2))
        network = network.to_empty(device="cpu")
        for module in network.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
    elif name in THIN:
        network = THIN[name](models)
    else:
        network = getattr(models, name)(num_classes=2, **options)
    for name, weight in network.named_parameters():
        if name.endswith("layer_scale"):  # of a millionth, which would hide what a block does
            weight.data.fill_(0.5)
        if name.startswith("heads.head."):  # of zeros
            weight.data.normal_()
    return network


def thin_resnext(models):
    depths = [1, 2, 1, 1]
    return models.resnet.ResNet(models.resnet.Bottleneck, depths, 2, groups=8, width_per_group=4)


def thin_densenet(models):
    return models.DenseNet(8, (2, 3, 2, 2), 16, num_classes=2)


def thin_convnext(models):
    widths = [16, 32, 48, 64]
    stages = [
        models.convnext.CNBlockConfig(width, after, 2)
        for width, after in zip(widths, [*widths[1:], None], strict=True)
    ]
    return models.ConvNeXt(stages, num_classes=2)


def thin_transformer(models):
    return models.VisionTransformer(64, 32, 2, 4, 64, 128, num_classes=2)


# The same layers as the family's, but fewer: these take a second and not ten.
THIN = {
    "resnext": thin_resnext,
    "densenet": thin_densenet,
    "convnext": thin_convnext,
    "vit": thin_transformer,
}


def seen(network, size):
    """(12,): what these pixels of the tile below change in the logit."""
    clean = torch.from_numpy(TILES[size].rgb / 255).float().permute(2, 0, 1)
    dotted = clean.repeat(13, 1, 1, 1)
    pixels = torch.from_numpy(everywhere(size, 12)[:, 0]).long()
    dotted[range(1, 13), :, pixels[:, 0], pixels[:, 1]] = pixels[:, 2:] / 255
    logits = network(dotted).diff(dim=1)[:, 0]
    return logits[1:] - logits[0]


def family(name, size, **options):
    """With batch statistics of noise, and a last layer that makes one pixel visible."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        network = built(name, **options)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        network.train()(torch.rand(4, 3, *size))
        network.eval()
        *_, last = (one for one in network.modules() if isinstance(one, (nn.Conv2d, nn.Linear)))
        last.weight *= _CHANGE / seen(network, size).abs().max()
        return network


FAMILIES = {
    "resnet18": ((64, 72), {}),
    "resnext": ((64, 64), {}),
    "densenet": ((64, 64), {}),
    "vgg11_bn": ((64, 64), {}),
    "mobilenet_v2": ((72, 64), {}),
    "mobilenet_v3_small": ((64, 64), {}),
    "efficientnet_b0": ((64, 64), {}),
    "convnext": ((64, 64), {}),
    "inception_v3": ((96, 96), {"aux_logits": False, "init_weights": False}),
    "squeezenet1_1": ((64, 80), {}),
    "shufflenet_v2_x0_5": ((64, 64), {}),
    "regnet_y_400mf": ((64, 64), {}),
}


TILES = {size: Tile("t.png", noise(1, size, seed=6)[0]) for size, _ in FAMILIES.values()}


@pytest.mark.parametrize("name", FAMILIES)
def test_windows_answer_as_the_dense_network(name):
    size, options = FAMILIES[name]
    classifier = Forced(family(name, size, **options), size)
    tile = TILES[size]
    single, several = everywhere(size, 12), [together(size, 3, 4), together(size, 5, 4)]
    splits = classifier.splits()
    least = min(splits, key=lambda count: arithmetic(classifier.windowed, count).windowed)
    for count in {least, splits[len(splits) // 3], splits[-1]}:
        classifier.use(count)
        agree(classifier, tile, single, visible=0.05)
    classifier.use(least)
    for asked in several:
        agree(classifier, tile, asked)


def agree(classifier, tile, asked, visible=0.005):
    probe = classifier.probe(tile)
    told, true = probe(asked).logits, probe.confirm(asked).logits
    assert np.abs(true - probe.question.clean_logit).max() > visible
    near = 1e-4 * max(1.0, np.abs(true).max() / 10)
    np.testing.assert_allclose(told, true, atol=near, rtol=0)


def test_a_transformer_is_asked_densely_and_says_why():
    size = 64, 64
    classifier = Classifier(card(input_size=size), family("vit", size), "cpu")
    assert classifier.ways.shortcut is None
    assert classifier.serving.shortcut == "Asked densely: a map is given another shape."
    probe = classifier.probe(TILES[size])
    asked = everywhere(size, 12)
    np.testing.assert_allclose(probe(asked).logits, probe.confirm(asked).logits, atol=1e-4)


# ------------------------------------------------------------------ what can be saved
def counted(network, edge):
    with torch.inference_mode():
        sample = torch.rand(1, 3, edge, edge)
        windowed = Windowed(Trace(fast_form(network.eval(), sample), sample))
    return windowed, arithmetic(windowed, 0)


def test_the_arithmetic_of_the_mitosis_network_is_counted():
    windowed, dense = counted(CodaitMitosis(), 64)
    assert dense.dense == pytest.approx(16.0e6, rel=0.01)
    assert dense.bound == pytest.approx(2.8, abs=0.05)
    assert (dense.windowed, dense.saved) == (dense.dense, 0.0)
    last = arithmetic(windowed, len(windowed.steps))
    assert last.least <= last.windowed < last.dense
    assert last.saved == pytest.approx(1 - last.windowed / last.dense)


@pytest.mark.parametrize(
    ("name", "edge", "giga", "bound"), [("resnet50", 64, 0.33, 1.28), ("vgg16_bn", 224, 15.4, 9.3)]
)
def test_the_bound_of_arithmetic_is_that_of_the_notes(name, edge, giga, bound):
    # The notes have 8.8 for the VGG with the hundred million weights behind its maps.
    with torch.random.fork_rng():
        _, counts = counted(built(name), edge)
    assert counts.dense == pytest.approx(giga * 1e9, rel=0.05)
    assert counts.bound == pytest.approx(bound, rel=0.03)

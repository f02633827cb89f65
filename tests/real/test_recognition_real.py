"""Published checkpoints are recognised from their weights and answer as their authors say."""

import numpy as np
import pytest
import torch
from PIL import Image

from onepixel_gui.classifier import recognition
from onepixel_gui.classifier.architectures import build

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def rebuilt(weights):
    """The network that these weights are recognised as, filled with them."""
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    fit = recognition.recognise(shapes)[0]
    network = build(fit.architecture, shapes)
    names = recognition.renaming(fit.architecture, shapes)
    state = {names[name]: value.float() for name, value in weights.items()}
    network.load_state_dict(state, strict=False, assign=True)
    return fit, network


@pytest.fixture(scope="module")
def resnet20(shared_data):
    path = shared_data / "checkpoints" / "resnet20-12fca82f.th"
    stored = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return rebuilt({name.removeprefix("module."): value for name, value in stored.items()})


def right(network, paths, labels):
    """How many pictures are told aright, with ImageNet's mean and spread."""
    values = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
    inputs = ((torch.from_numpy(values) / 255 - MEAN) / STD).permute(0, 3, 1, 2)
    with torch.inference_mode():
        answers = network(inputs).argmax(1)
    return int((answers == torch.tensor(labels)).sum())


def test_the_published_resnet20_is_recognised_with_its_classes_and_scaling(resnet20):
    fit, _ = resnet20
    assert (fit.architecture, fit.classes, fit.exact) == ("cifar_resnet20", 10, True)
    told = recognition.conventions(fit.architecture, fit.classes)
    assert (told["scaling"], told["input_size"]) == ("imagenet", (32, 32))
    assert told["classes"][3] == "cat"


def test_the_published_resnet20_tells_all_lossless_pictures_aright(resnet20, shared_data):
    paths = sorted((shared_data / "cifar10_png").glob("*.png"))
    labels = [int(path.stem.rpartition("_")[2]) for path in paths]
    assert len(paths) == 20
    assert right(resnet20[1], paths, labels) == 20


def test_the_published_resnet20_loses_ten_points_to_jpeg(resnet20, shared_data):
    names = recognition.conventions("cifar_resnet20", 10)["classes"]
    paths = sorted((shared_data / "cifar10_jpeg").glob("*/*.jp*g"))
    labels = [names.index(path.parent.name) for path in paths]
    assert len(paths) == 500
    assert right(resnet20[1], paths, labels) == 399


def test_the_published_idc_network_is_recognised_and_takes_its_mean_picture_off(shared_data):
    path = shared_data / "checkpoints" / "idc_caffe" / "converted" / "idc_alexnet32_resize.pt"
    weights = torch.load(path, map_location="cpu", weights_only=True)
    fit, network = rebuilt(weights)
    assert (fit.architecture, fit.classes, fit.exact) == ("idc_alexnet32", 2, True)
    assert torch.equal(network.mean_bgr, weights["mean_bgr"])
    told = recognition.conventions(fit.architecture, fit.classes)
    assert (told["order"], told["scaling"]) == ("BGR", "zero-to-255")

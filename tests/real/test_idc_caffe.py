"""The published IDC network, straight from its Caffe file, on the tiles it was made for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from onepixel_gui.classifier.formats.caffe import file as caffe
from onepixel_gui.classifier.formats.contents import Source


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "checkpoints" / "idc_caffe"


@pytest.fixture(scope="module")
def checkpoint(folder):
    return folder / "models" / "1_caffenet_train_w32_iter_600000.caffemodel"


@pytest.fixture(scope="module")
def contents(checkpoint):
    with checkpoint.open("rb") as file:
        return caffe.peek(file, checkpoint.name)


@pytest.fixture(scope="module")
def network(checkpoint, contents):
    return caffe.network(Source(checkpoint, checkpoint.read_bytes(), ""), contents)


@pytest.fixture(scope="module")
def tiles(shared_data):
    """(N, 3, 32, 32) blue first, 0-255; labels; whether the patient was held out."""
    held = (shared_data / "checkpoints" / "idc_caffe" / "cases_val.txt").read_text("utf-8").split()
    paths = sorted((shared_data / "idc50").glob("[01]/*.png"))
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().flip(1)
    x = functional.interpolate(x, (32, 32), mode="bilinear", antialias=True, align_corners=False)
    labels = np.array([int(path.parent.name) for path in paths])
    return x, labels, np.array([_patient(path) in held for path in paths])


def _patient(path: Path) -> str:
    return path.name.split("_")[0]


def converted(folder, x):
    """The conversion that is published beside it, layer by layer as its notes say."""
    state = torch.load(folder / "converted" / "idc_alexnet32_resize.pt", weights_only=True)

    def conv(x, name):
        return functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=2)

    x = conv(x - state["mean_bgr"], "conv1")
    x = torch.relu(functional.max_pool2d(x, 3, 2, ceil_mode=True))
    x = functional.avg_pool2d(torch.relu(conv(x, "conv2")), 3, 2, ceil_mode=True)
    x = functional.avg_pool2d(torch.relu(conv(x, "conv3")), 3, 2, ceil_mode=True)
    x = functional.linear(x.flatten(1), state["ip1.weight"], state["ip1.bias"])
    return functional.linear(x, state["ip2.weight"], state["ip2.bias"])


def test_the_file_says_what_it_is(contents):
    assert contents.stored == 145_058
    assert contents.told["input_size"] == (32, 32)
    assert (contents.told["order"], contents.told["outputs"]) == ("BGR", "logits")
    assert contents.told["count"] == 2
    assert any("DB_train_w32.binaryproto" in note for note in contents.notes)


@torch.inference_mode()
def test_the_caffe_file_is_the_network_that_was_converted_from_it(folder, network, tiles):
    x, *_ = tiles
    assert torch.allclose(network(x), converted(folder, x), atol=1e-4)


@torch.inference_mode()
def test_tiles_of_patients_it_has_not_seen_are_told_apart(network, tiles):
    x, labels, held = tiles
    right = network(x).argmax(1).numpy() == labels
    assert (len(right), held.sum()) == (1200, 190)
    assert right.mean() == pytest.approx(0.8333, abs=0.002)
    assert right[held].mean() == pytest.approx(0.8684, abs=0.006)


@torch.inference_mode()
def test_red_and_blue_exchanged_would_be_noticed(network, tiles):
    x, labels, held = tiles
    answers = network(x[torch.from_numpy(held)].flip(1)).argmax(1).numpy()
    shares = [(answers[labels[held] == label] == label).mean() for label in (0, 1)]
    assert np.mean(shares) < 0.65

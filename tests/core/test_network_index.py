"""What is known of networks: their conventions, and the index of their weights."""

import gzip
import json

import pytest

from onepixel_gui.classifier import recognition
from onepixel_gui.classifier.architectures import OWN
from tests.core.network_shapes import BUILDERS


# ------------------------------------------------------------------ conventions
def test_torchvisions_conventions_are_those_of_its_own_weights():
    told = recognition.conventions("efficientnet_b3", 2)
    assert told == {
        "input_size": (300, 300),
        "scaling": "imagenet",
        "order": "RGB",
        "outputs": "logits",
        "fitting": "resize",
    }
    assert recognition.conventions("efficientnet_v2_l", 2)["scaling"] == "minus-one-to-one"
    names = recognition.conventions("resnet50", 1000)["classes"]
    assert (len(names), names[0], names[-1]) == (1000, "tench", "toilet tissue")
    assert recognition.source("resnet50") == "what torchvision's weights were trained with"


@pytest.mark.parametrize("name", ["inception_v3", "googlenet"])
def test_networks_that_rescale_inside_torchvision_are_fed_what_they_make_of_it(name):
    assert recognition.conventions(name, 2)["scaling"] == "minus-one-to-one"


def test_cifars_conventions_name_its_ten_classes_and_its_scaling():
    told = recognition.conventions("cifar_resnet56", 10)
    assert (told["input_size"], told["scaling"]) == ((32, 32), "imagenet")
    assert told["classes"][2:4] == ("bird", "cat")
    assert "classes" not in recognition.conventions("cifar_resnet56", 2)
    other = recognition.conventions("cifar_resnet18", 10)
    assert (other["scaling"], other["mean"][0], other["std"][0]) == ("custom", 0.4914, 0.2023)


def test_the_mitosis_networks_conventions_are_its_publishers():
    told = recognition.conventions("codait_mitosis", 1)
    assert (told["input_size"], told["scaling"]) == ((64, 64), "minus-one-to-one")
    assert told["classes"] == ("normal", "mitosis")
    assert told["mpp"] == 0.25


def test_each_known_network_has_conventions_and_a_source():
    for name in [*OWN, *BUILDERS]:
        assert recognition.conventions(name, 2)["input_size"][0] >= 32
        assert recognition.source(name)
    assert recognition.conventions("resnet9000", 2) == {}
    assert recognition.source("resnet9000") == ""


# ------------------------------------------------------------------ the index
SAMPLE = (
    *("alexnet", "densenet121", "googlenet", "inception_v3", "mnasnet0_5", "regnet_x_400mf"),
    *("swin_v2_t", "vgg11_bn", "vit_b_32", "codait_mitosis", "cifar_resnet20", "cifar_vgg16_fc"),
)


def same_as_stored(make_index, names):
    stored = json.loads(gzip.decompress(recognition.INDEX.read_bytes()))
    made_now = json.loads(json.dumps(list(make_index.entries(names))))
    return made_now == [entry for entry in stored["networks"] if entry["key"] in names]


def test_the_index_says_what_torchvision_and_our_builders_make(make_index):
    in_order = sorted(SAMPLE, key=[*OWN, *sorted(BUILDERS)].index)
    assert same_as_stored(make_index, in_order)


@pytest.mark.slow
@pytest.mark.skipif("'slow' not in config.getoption('-m')", reason="all networks; ask with -m slow")
def test_the_whole_index_says_what_torchvision_and_our_builders_make(make_index):
    assert same_as_stored(make_index, [*OWN, *sorted(BUILDERS)])


def test_the_index_is_small_and_made_of_the_same_bytes_each_time(make_index):
    data = recognition.INDEX.read_bytes()
    assert len(data) < 300_000
    assert make_index.packed({"a": [1]}) == make_index.packed({"a": [1]})
    assert data[4:8] == bytes(4)  # no time of making

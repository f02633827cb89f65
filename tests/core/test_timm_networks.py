"""timm's networks are recognised and rebuilt where timm is installed, and do no harm without it."""

import gzip
import json
import time

import numpy as np
import pytest
import torch

from onepixel_gui.classifier import recognition, timm_networks
from tests.core.network_shapes import HOSTILE, RESNET18
from tests.core.test_architectures import pictures, rebuilt, shaken


@pytest.fixture
def timm():
    try:
        return timm_networks.timm()
    except LookupError:
        pytest.skip("timm is not installed: `pip install timm`")


def timm_shapes(name, classes, edge=0):
    sizes = {"classes": classes} | ({"edge": edge} if edge else {})
    state = timm_networks.build(f"timm:{name}", sizes).state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


@pytest.mark.parametrize(
    "name",
    [
        "resnet26d",
        "vit_tiny_patch16_224",
        "levit_128s",
        "mobilenetv3_small_050",
        "vit_tiny_r_s16_p8_224",
    ],
)
@pytest.mark.usefixtures("timm")
def test_networks_of_timm_are_recognised_where_nothing_else_fits(name):
    shapes = timm_shapes(name, 2)
    assert recognition.recognise(shapes) == ()
    fits = recognition.recognise_timm(shapes)
    assert f"timm:{name}" in [fit.architecture for fit in fits]
    assert all(fit.exact and fit.classes == 2 for fit in fits)
    assert recognition.sizes(f"timm:{name}", shapes) == {"classes": 2}


@pytest.mark.usefixtures("timm")
def test_the_network_that_a_file_names_comes_first_of_timms():
    shapes = timm_shapes("deit_tiny_patch16_224", 2)
    fits = recognition.recognise_timm(shapes, "timm/deit_tiny_patch16_224.fb_in1k")
    assert fits[0].architecture == "timm:deit_tiny_patch16_224"
    assert fits[0].reason.startswith("The file names it.")
    assert len(fits) > 1


@pytest.mark.usefixtures("timm")
def test_the_size_of_a_timm_vits_picture_follows_from_its_places():
    shapes = timm_shapes("vit_tiny_patch16_224", 2, 96)
    key = recognition.recognise_timm(shapes)[0].architecture
    assert recognition.sizes(key, shapes) == {"classes": 2, "edge": 96}
    assert recognition.conventions(key, 2, shapes)["input_size"] == (96, 96)


@pytest.mark.usefixtures("timm")
def test_timms_conventions_are_those_of_its_own_weights():
    told = recognition.conventions("timm:vit_tiny_patch16_224", 2)
    assert (told["input_size"], told["scaling"]) == ((224, 224), "minus-one-to-one")
    assert "timm" in recognition.source("timm:vit_tiny_patch16_224")
    counted = {"bn.running_mean": (2,), "bn.num_batches_tracked": (), "num_batches_tracked": ()}
    assert list(recognition.renaming("timm:resnet26d", counted)) == list(counted)[:2]
    assert recognition.conventions("timm:resnet26d", 1000)["classes"][0] == "tench"


@pytest.mark.usefixtures("timm")
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_shapes_are_no_network_of_timm_either(kind):
    begun = time.process_time()
    assert recognition.recognise_timm(HOSTILE[kind], "resnet26d") == ()
    assert time.process_time() - begun < 5


@pytest.mark.usefixtures("timm")
def test_the_index_of_timm_says_what_timm_makes(make_index):
    stored = json.loads(gzip.decompress(timm_networks.INDEX.read_bytes()))["networks"]
    names = ["convnext_atto", "levit_128s", "resnet26d", "test_vit", "test_efficientnet"]
    for mark, found in make_index.fingerprints(names)["networks"].items():
        assert set(found) <= set(stored[mark])


def test_without_timm_none_of_its_networks_fits(monkeypatch):
    monkeypatch.setattr(timm_networks, "find_spec", lambda _: None)
    timm_networks.timm.cache_clear()
    assert recognition.recognise_timm(RESNET18, "resnet18") == ()
    with pytest.raises(LookupError, match="not installed"):
        recognition.sizes("timm:resnet18", RESNET18)


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("resnet10t", 64),
        ("levit_128s", 224),
        ("test_vit_relpos", 160),
        ("swin_s3_tiny_224", 224),
        ("swinv2_cr_tiny_224", 224),
        ("densenetblur121d", 64),
        ("vit_tiny_r_s16_p8_224", 224),
    ],
)
def test_a_rebuilt_network_of_timm_answers_as_timms_own(timm, name, edge):
    torch.manual_seed(7)
    network = shaken(timm.create_model(name, num_classes=3))
    x = pictures(edge)
    with torch.inference_mode():
        np.testing.assert_allclose(rebuilt(f"timm:{name}", network)(x), network(x), atol=1e-5)
